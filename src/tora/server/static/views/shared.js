// The link of a shared experiment: it lets this browser read the experiment, and leads there.
import { signIn } from "../account-api.js";
import { Entry, leaveFor } from "../components/entry-card.js";
import { useLoaded } from "../components/loaded.js";
import { Problem } from "../components/parts.js";
import { readFragment } from "../fragment.js";
import { html } from "../lib.js";
import { safePath } from "../safe-path.js";

export function Shared() {
  const { token, to } = readFragment(location.hash);
  const { error } = useLoaded(async () => {
    await signIn({ token });
    leaveFor(safePath(to));
    return true;
  }, token);
  if (!error) return null;
  return html`<${Entry} title="Nothing is shared by this link">
    <${Problem} error=${error} />
    <p>Ask whoever sent it for another.</p>
  <//>`;
}
