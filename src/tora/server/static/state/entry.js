// How a browser gets in: by the token of a printed address, or by way of the page to sign in on.
import { signIn } from "../account-api.js";
import { ApiError, whenUnknown } from "../api.js";
import { readFragment } from "../fragment.js";
import { signal } from "../lib.js";
import { navigate, route } from "../router.js";
import { signInAddress } from "../safe-path.js";
import { loadSession, session, user } from "./session.js";

// Links to these carry tokens for other things.
const OWN_TOKENS = new Set(["welcome", "join", "shared"]);

/** Why the token of the address did not open this server; null where it did, or there was none. */
export const refusal = signal(null);

/** Learn who is there; `ready` runs as soon as the page may ask for anything. */
export async function enter(ready) {
  whenUnknown(leadToSignIn);
  const { token } = readFragment(location.hash);
  if (!token || OWN_TOKENS.has(route.value.view)) {
    ready();
    await loadSession();
    return;
  }
  history.replaceState(null, "", location.pathname + location.search);
  await exchange(token);
  ready();
}

async function exchange(token) {
  try {
    const found = await signIn({ token });
    if ("user" in found) session.value = found;
    else await loadSession();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    await loadSession();
    if (user.value !== null || session.value?.anonymous) return;
    refusal.value = error;
    if (route.value.view !== "login") navigate(signInAddress(location.pathname + location.search), { replace: true });
  }
}

/** Leave for the page to sign in on, from any other that asked for what it may not see. */
function leadToSignIn() {
  if (route.peek().view === "login") return false;
  location.replace(signInAddress(location.pathname + location.search));
  return true;
}
