// The workspaces that the reader is in, by name; null until they are known.
import { listWorkspaces } from "../account-api.js";
import { ApiError } from "../api.js";
import { signal } from "../lib.js";
import { mayEdit } from "../roles.js";
import { user } from "./session.js";

export const workspaces = signal(null);

/** Ask for them; whoever has no account has none. */
export async function loadWorkspaces() {
  if (user.peek() === null) return;
  try {
    workspaces.value = await listWorkspaces();
  } catch (error) {
    // Those that are known stay; what needs one says itself what is wrong.
    if (!(error instanceof ApiError)) throw error;
  }
}

/** The workspace of an id as it is known here; undefined where it is not. */
export function workspaceOf(id) {
  return workspaces.value?.find((one) => one.id === id);
}

/** Those that the reader may put experiments into. */
export function editableWorkspaces() {
  return (workspaces.value ?? []).filter(({ role }) => mayEdit(role));
}
