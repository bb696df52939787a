// Deleting one experiment from its own page: it leaves the lists at once and the server when nobody can undo it any more.
import { ApiError, deleteExperiment } from "../api.js";
import { hide } from "./hidden.js";
import { say } from "./toasts.js";

export function deleteWithUndo({ id, name }) {
  hide([id]);
  say(`“${name}” deleted.`, {
    onUndo: () => hide([id], false),
    onEnd: ({ leaving }) => remove(id, name, leaving),
  });
}

async function remove(id, name, leaving) {
  try {
    await deleteExperiment(id, { leaving });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) return;
    hide([id], false);
    say(`“${name}” could not be deleted: ${error.message}`, { problem: true });
  }
}
