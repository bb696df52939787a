// The links by which anybody can read an experiment: made here, copied, revoked.
import { listShares, revokeShare, share } from "../account-api.js";
import { html } from "../lib.js";
import { Dialog } from "./dialog.js";
import { Form } from "./form.js";
import { useLoaded } from "./loaded.js";
import { Problem, When } from "./parts.js";
import { Secret } from "./secret.js";
import { useTask } from "./task.js";

export function ShareDialog({ id, onClose }) {
  const { data: links, error, reload } = useLoaded(() => listShares(id), id);
  const task = useTask();
  const make = async () => {
    await share(id);
    await reload();
  };
  const revoke = (link) =>
    task.run(async () => {
      await revokeShare(id, link);
      await reload();
    });
  return html`<${Dialog} title="Share this experiment" class="share" onClose=${onClose}>
    <p class="muted">Whoever has such a link can read this one experiment, without an account, until it is revoked.</p>
    <${Problem} error=${error ?? task.problem} />
    <ul class="lines" aria-label="Links">
      ${(links ?? []).map(
        (one, place) => html`<li key=${one.id}>
          <${Secret} name=${`Link ${place + 1}`} text=${one.link} />
          <span class="muted">made <${When} instant=${one.createdAt} /></span>
          <button type="button" aria-label=${`Revoke link ${place + 1}`} onClick=${() => revoke(one.id)}>Revoke</button>
        </li>`,
      )}
    </ul>
    ${links?.length === 0 && html`<p>It is shared with nobody yet.</p>`}
    <${Form} label="Make a link" send="Make a link" onSend=${make} />
  <//>`;
}
