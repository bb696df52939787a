// Who is signed in, their password, and the way out.
import { setPassword } from "../account-api.js";
import { html } from "../lib.js";
import { session, signOut, user } from "../state/session.js";
import { say } from "../state/toasts.js";
import { Field, Form, NewPassword } from "./form.js";
import { When } from "./parts.js";

export function Account() {
  const { name, isAdmin, createdAt, hasPassword } = user.value;
  return html`<section class="panel" aria-label="Who you are">
      <h2><bdi>${name}</bdi></h2>
      <dl class="facts">
        <div><dt>Is</dt><dd>${isAdmin ? "administrator" : "user"}</dd></div>
        <div><dt>Since</dt><dd><${When} instant=${createdAt} /></dd></div>
      </dl>
      <${Form} label="Sign out" send="Sign out" onSend=${signOut} />
    </section>
    <section class="panel" aria-label="Password">
      <h2>Password</h2>
      ${hasPassword ? html`<${Password} />` : html`<${NoPassword} />`}
    </section>`;
}

function Password() {
  const change = async ({ current, password }) => {
    session.value = await setPassword({ current, password });
    say("The password is changed. Your other browsers are signed out.");
  };
  return html`<${Form} label="Change the password" send="Change the password" resets onSend=${change}>
    <input type="text" name="user" autocomplete="username" value=${user.value.name} hidden readonly />
    <${Field} label="Current password" name="current" type="password" required autocomplete="current-password" />
    <${NewPassword} />
  <//>`;
}

function NoPassword() {
  if (session.value.isLocalUser) {
    return html`<p class="muted">You are in as the owner of the server's data folder, by its own key. That account has no password.</p>`;
  }
  return html`<p class="muted">You have none: something in front of this server says who you are. An administrator can give you a link to set one.</p>`;
}
