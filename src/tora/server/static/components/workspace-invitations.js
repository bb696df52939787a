// The links by which people join a workspace: made by its owners, copied, withdrawn.
import { invite, listInvitations, withdrawInvitation } from "../account-api.js";
import { exact } from "../format.js";
import { html } from "../lib.js";
import { ROLE_TEXTS } from "../roles.js";
import { Choice, Form } from "./form.js";
import { useLoaded } from "./loaded.js";
import { Problem } from "./parts.js";
import { Secret } from "./secret.js";
import { useTask } from "./task.js";

const DAYS = [
  ["1", "One day"],
  ["7", "A week"],
  ["30", "30 days"],
  ["90", "90 days"],
];

export function Invitations({ workspace: { id } }) {
  const { data: invitations, error, reload } = useLoaded(() => listInvitations(id), id);
  const task = useTask();
  const make = async ({ role, days }) => {
    await invite(id, { role, days: Number(days) });
    await reload();
  };
  const withdraw = (invitation) =>
    task.run(async () => {
      await withdrawInvitation(id, invitation);
      await reload();
    });
  return html`<section class="panel" aria-label="Invitations">
    <h2>Invitations</h2>
    <p class="muted">Whoever has such a link can join with it, also several people, until it ends. Send it to those who are meant.</p>
    <${Problem} error=${error ?? task.problem} />
    <ul class="lines">
      ${(invitations ?? []).map(
        (one, place) => html`<li key=${one.id}>
          <${Secret} name=${`Invitation ${place + 1}`} text=${one.link} />
          <span class="muted">${one.role}, until <time datetime=${one.expiresAt}>${exact(one.expiresAt)}</time></span>
          <button type="button" aria-label=${`Withdraw invitation ${place + 1}`} onClick=${() => withdraw(one.id)}>Withdraw</button>
        </li>`,
      )}
    </ul>
    <${Form} label="Invite people" send="Make a link" class="in-line" onSend=${make}>
      <${Choice} label="Role" name="role" options=${ROLE_TEXTS} value="editor" />
      <${Choice} label="Holds for" name="days" options=${DAYS} value="7" />
    <//>
  </section>`;
}
