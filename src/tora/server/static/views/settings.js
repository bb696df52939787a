// Settings: what this browser shows, one's account and keys; for administrators the users and the audit log.
import { Account } from "../components/settings-account.js";
import { Audit } from "../components/settings-audit.js";
import { General } from "../components/settings-general.js";
import { Keys } from "../components/settings-keys.js";
import { Users } from "../components/settings-users.js";
import { html } from "../lib.js";
import { query } from "../router.js";
import { isLocal, session, sessionError, user } from "../state/session.js";

export function Settings() {
  // Who is signed in decides what there is.
  if (session.value === null && sessionError.value === null) return html`<div class="account"><h1>Settings</h1></div>`;
  const parts = partsFor(user.value, isLocal.value);
  const wanted = query.value.get("show");
  const [show, , Shown] = parts.find(([part]) => part === wanted) ?? parts[0];
  return html`<div class="account">
    <h1>Settings</h1>
    ${parts.length > 1 &&
    html`<nav class="tabs" aria-label="Parts of the settings">
      ${parts.map(([part, label]) => html`<a key=${part} href=${addressOf(part)} aria-current=${part === show ? "page" : null}>${label}</a>`)}
    </nav>`}
    <${Shown} />
  </div>`;
}

function partsFor(somebody, local) {
  const parts = [["general", "General", General]];
  if (somebody === null) return parts;
  if (!local) parts.push(["account", "Account", Account]);
  parts.push(["keys", "API keys", Keys]);
  if (somebody.isAdmin && !local) parts.push(["users", "Users", Users], ["audit", "Audit log", Audit]);
  return parts;
}

function addressOf(part) {
  return part === "general" ? "/settings" : `/settings?show=${part}`;
}
