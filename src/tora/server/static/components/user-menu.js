// Who is signed in, or the way to sign in; nothing on a server that is one person's own.
import { ApiError } from "../api.js";
import { html } from "../lib.js";
import { route } from "../router.js";
import { signInAddress } from "../safe-path.js";
import { isLocal, session, sessionError, signOut, user } from "../state/session.js";
import { say } from "../state/toasts.js";
import { Menu } from "./menu.js";

export function UserMenu() {
  const { view } = route.value;
  const settings = html`<nav aria-label="Pages"><a href="/settings" aria-current=${view === "settings" ? "page" : null}>Settings</a></nav>`;
  if (session.value === null && sessionError.value === null) return null;
  if (session.value === null || isLocal.value) return settings;
  if (user.value === null) return html`${settings}<${SignIn} view=${view} />`;
  const items = [
    { text: "Settings", href: "/settings", current: view === "settings" },
    { text: "API keys", href: "/settings?show=keys" },
    { text: "Sign out", run: leave, apart: true },
  ];
  return html`<${Menu} label="Signed in as" class="user-menu" text=${user.value.name} items=${items} />`;
}

function SignIn({ view }) {
  if (view === "login") return null;
  return html`<a class="sign-in" href=${signInAddress(location.pathname + location.search)}>Sign in</a>`;
}

async function leave() {
  try {
    await signOut();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say(error.message, { problem: true });
  }
}
