// Signing in by name and password; on a person's own server, how to get in instead.
import { signIn } from "../account-api.js";
import { Entry, leaveFor } from "../components/entry-card.js";
import { Field, Form } from "../components/form.js";
import { Problem } from "../components/parts.js";
import { html, useEffect } from "../lib.js";
import { query } from "../router.js";
import { safePath } from "../safe-path.js";
import { refusal } from "../state/entry.js";
import { isLocal, session, sessionError, user } from "../state/session.js";

export function Login() {
  const next = safePath(query.value.get("next"));
  const isIn = user.value !== null;
  useEffect(() => {
    if (isIn) leaveFor(next);
  }, [isIn]);
  if (sessionError.value) return html`<${Problem} error=${sessionError.value} />`;
  if (session.value === null || isIn) return null;
  return isLocal.value ? html`<${OwnServer} />` : html`<${SignIn} next=${next} />`;
}

function SignIn({ next }) {
  const send = async ({ name, password }) => {
    await signIn({ name, password });
    leaveFor(next);
  };
  return html`<${Entry} title="Sign in">
    <${Problem} error=${refusal.value} />
    <${Form} label="Sign in" send="Sign in" onSend=${send}>
      <${Field} label="Name" name="name" autofocus required autocomplete="username" autocapitalize="none" spellcheck="false" />
      <${Field} label="Password" name="password" type="password" required autocomplete="current-password" />
    <//>
    ${session.value.anonymous && html`<p><a href=${next}>Go on without an account</a></p>`}
    <p class="muted">No account yet, or the password is forgotten? An administrator of this server can give you a link.</p>
  <//>`;
}

function OwnServer() {
  return html`<${Entry} title="This server is its user's own">
    <${Problem} error=${refusal.value} />
    <p>It opens for whoever started it. Run this in a terminal of that user; the address that it prints lets your browser in:</p>
    <pre class="command" tabindex="0"><code>tora ui</code></pre>
    <p class="muted">The address that <code>tora.setup()</code> prints does as well. Your browser then remembers it.</p>
  <//>`;
}
