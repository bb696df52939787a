// What is done to several experiments at once, a few requests at a time, each with a way back.
import { ApiError, changeExperiment, deleteExperiment } from "../api.js";
import { counted } from "../format.js";
import { inPool } from "../pool.js";
import { say } from "./toasts.js";
import { currentView } from "./view.js";

/** Make the actions of a list, of one workspace or of the reader's own. What succeeded stays when others fail, and the failures are told. */
export function createBulk(list, selection, { workspace = null, mine = null } = {}) {
  const isHere = ({ workspaceId }) => (workspace === null || workspaceId === workspace) && !(mine && workspaceId);

  /** Change each by what `changesOf` says of it; returns those that were changed, as they were before. */
  const change = async (items, changesOf) => {
    const { done, failed } = await inPool(items, (item) => changeExperiment(item.id, changesOf(item)));
    list.update(done.map(({ value }) => value), (item) => isListed(item) && isHere(item));
    tell(failed, items, "changed");
    list.refresh();
    return done.map(({ item }) => item);
  };

  const undoable = async (items, { changesOf, said, back }) => {
    const changed = await change(items, changesOf);
    if (changed.length === 0) return;
    say(`${experiments(changed)} ${said}.`, { onUndo: () => change(changed, back) });
  };

  const archive = (items, archived) => {
    selection.clear();
    const changesOf = () => ({ archived });
    const due = items.filter((item) => Boolean(item.archived) !== archived);
    return undoable(due, { changesOf, said: archived ? "archived" : "unarchived", back: () => ({ archived: !archived }) });
  };

  const addTag = (items, tag) => {
    const due = items.filter(({ tags }) => !tags.includes(tag));
    const changesOf = ({ tags }) => ({ tags: [...tags, tag] });
    return undoable(due, { changesOf, said: `tagged “${tag}”`, back: asBefore });
  };

  const removeTag = (items, tag) => {
    const due = items.filter(({ tags }) => tags.includes(tag));
    const changesOf = ({ tags }) => ({ tags: tags.filter((other) => other !== tag) });
    return undoable(due, { changesOf, said: `no longer tagged “${tag}”`, back: asBefore });
  };

  /** Move them to a workspace, or out of theirs where `workspaceId` is null; `name` says where that is. */
  const move = (items, workspaceId, name) => {
    selection.clear();
    const due = items.filter((item) => (item.workspaceId ?? null) !== workspaceId);
    const back = (item) => ({ workspaceId: item.workspaceId ?? null });
    return undoable(due, { changesOf: () => ({ workspaceId }), said: `moved to ${name}`, back });
  };

  /** Take them out of the list now; they are deleted when nobody can undo it any more. */
  const remove = (items) => {
    const ids = items.map(({ id }) => id);
    selection.clear();
    list.hide(ids);
    say(`${experiments(items)} deleted.`, {
      onUndo: () => list.hide(ids, false),
      onEnd: ({ leaving }) => (leaving ? deleteWhileLeaving(ids) : deleteAll(items)),
    });
  };

  const deleteAll = async (items) => {
    const { failed } = await inPool(items, ({ id }) => deleteExperiment(id));
    const left = failed.filter(({ error }) => error.status !== 404);
    list.hide(left.map(({ item }) => item.id), false);
    tell(left, items, "deleted");
    list.refresh();
  };

  return { archive, addTag, removeTag, move, remove };
}

function deleteWhileLeaving(ids) {
  // No pool: what is not asked for before the page has gone is never asked for.
  ids.forEach((id) => deleteExperiment(id, { leaving: true }).catch(() => {}));
}

const asBefore = ({ tags }) => ({ tags });

function isListed({ archived }) {
  const wanted = currentView().archived;
  return wanted === "all" || (wanted === "yes") === Boolean(archived);
}

function tell(failed, items, done) {
  if (failed.length === 0) return;
  const strange = failed.find(({ error }) => !(error instanceof ApiError));
  if (strange) throw strange.error;
  const [{ error }] = failed;
  say(`${failed.length} of ${experiments(items)} could not be ${done}: ${error.message}`, { problem: true });
}

function experiments({ length }) {
  return counted(length, "experiment");
}
