// An invitation to a workspace: what it is for, and joining with an account or a new one.
import { answerInvitation, signIn } from "../account-api.js";
import { Entry, leaveFor } from "../components/entry-card.js";
import { Field, Form, NewPassword } from "../components/form.js";
import { useLoaded } from "../components/loaded.js";
import { Problem } from "../components/parts.js";
import { readFragment } from "../fragment.js";
import { html, useState } from "../lib.js";
import { loadSession, session, user } from "../state/session.js";

export function Join() {
  const { token } = readFragment(location.hash);
  const { data, error } = useLoaded(() => answerInvitation({ token }), token);
  if (error) return html`<${Refused} error=${error} />`;
  if (data === null || session.value === null) return null;
  const { workspace, role } = data;
  const join = async (account = {}) => {
    await answerInvitation({ token, join: true, ...account });
    leaveFor(`/w/${encodeURIComponent(workspace.id)}`);
  };
  return html`<${Entry} title="You are invited">
    <p>To join the workspace <b><bdi>${workspace.name}</bdi></b> as ${role === "viewer" ? "a" : "an"} <b>${role}</b>.</p>
    ${user.value === null ? html`<${WithoutSession} join=${join} />` : html`<${AsWhoOneIs} join=${join} />`}
  <//>`;
}

function AsWhoOneIs({ join }) {
  return html`<p>You are signed in as <b><bdi>${user.value.name}</bdi></b>.</p>
    <${Form} label="Join the workspace" send="Join" onSend=${() => join()} />`;
}

function WithoutSession({ join }) {
  const [known, setKnown] = useState(false);
  const enter = async ({ name, password }) => {
    await signIn({ name, password });
    await loadSession();
  };
  return html`<div class="either" role="group" aria-label="Who you are">
      <button type="button" aria-pressed=${known ? "false" : "true"} onClick=${() => setKnown(false)}>I am new here</button>
      <button type="button" aria-pressed=${known ? "true" : "false"} onClick=${() => setKnown(true)}>I have an account</button>
    </div>
    ${known
      ? html`<${Form} key="known" label="Sign in" send="Sign in" onSend=${enter}>
          <${Field} label="Name" name="name" required autocomplete="username" autocapitalize="none" spellcheck="false" />
          <${Field} label="Password" name="password" type="password" required autocomplete="current-password" />
        <//>`
      : html`<${Form} key="new" label="Make an account" send="Make an account and join" onSend=${({ name, password }) => join({ name, password })}>
          <${Field} label="Name" name="name" required maxlength="64" autocomplete="username" autocapitalize="none" spellcheck="false" hint="Letters, digits and . _ @ + -; what others see, and what you sign in with." />
          <${NewPassword} label="Password" />
        <//>`}`;
}

function Refused({ error }) {
  return html`<${Entry} title="This invitation does not open anything">
    <${Problem} error=${error} />
    <p><a href="/">See the experiments</a></p>
  <//>`;
}
