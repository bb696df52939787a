// Who is signed in, and what this server lets them do; null until it is known.
import { getSession, signOut as endSession } from "../account-api.js";
import { ApiError } from "../api.js";
import { computed, signal } from "../lib.js";
import { endAll } from "./toasts.js";

export const session = signal(null);

/** Why it is not known who is signed in; null where it is. */
export const sessionError = signal(null);

export const user = computed(() => session.value?.user ?? null);

/** Whether this is one person's own server, on which nobody needs to know who somebody is. */
export const isLocal = computed(() => session.value?.mode === "local");

/** Whether anything may be changed at all; taken for granted until it is known. */
export const mayWrite = computed(() => session.value === null || ["write", "full"].includes(session.value.scope));

/** Whether links, keys and members may be made: that takes a person. */
export const mayShare = computed(() => user.value !== null && session.value.scope === "full" && !isLocal.value);

export async function loadSession() {
  try {
    session.value = await getSession();
    sessionError.value = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sessionError.value = error;
  }
}

const KEPT = new Set(["tora.theme"]);

/** Sign out, and load the page anew: nothing of what one person saw or wrote stays in this browser for the next. */
export async function signOut() {
  // What can still be undone happens now, while the server knows who asks.
  await endAll();
  await endSession();
  try {
    Object.keys(localStorage)
      .filter((key) => key.startsWith("tora.") && !KEPT.has(key))
      .forEach((key) => localStorage.removeItem(key));
  } catch {
    // Storage is switched off: nothing was kept.
  }
  location.replace("/login");
}
