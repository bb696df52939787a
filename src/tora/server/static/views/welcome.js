// Setting a password by a one-time link, for somebody who has none or has forgotten it.
import { setPassword } from "../account-api.js";
import { Entry, leaveFor } from "../components/entry-card.js";
import { Form, NewPassword } from "../components/form.js";
import { readFragment } from "../fragment.js";
import { html } from "../lib.js";

export function Welcome() {
  const { token } = readFragment(location.hash);
  if (!token) return html`<${Incomplete} />`;
  const send = async ({ password }) => {
    await setPassword({ token, password });
    leaveFor("/");
  };
  return html`<${Entry} title="Welcome to Tora">
    <p>Choose the password that you will sign in with. This link works once.</p>
    <${Form} label="Choose a password" send="Set the password and sign in" onSend=${send}>
      <${NewPassword} label="Password" />
    <//>
  <//>`;
}

function Incomplete() {
  return html`<${Entry} title="This link is not complete">
    <p>Open it again exactly as you got it, with all that stands behind the <code>#</code>. If it was used already, <a href="/login">sign in</a> or ask an administrator for another.</p>
  <//>`;
}
