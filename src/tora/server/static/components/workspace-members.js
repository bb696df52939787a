// Who is in a workspace: roles are changed and members removed by its owners, and anybody leaves by themselves.
import { listMembers, removeMember, setRole } from "../account-api.js";
import { html, useState } from "../lib.js";
import { navigate } from "../router.js";
import { ROLES } from "../roles.js";
import { user } from "../state/session.js";
import { say } from "../state/toasts.js";
import { loadWorkspaces } from "../state/workspaces.js";
import { Confirm } from "./confirm.js";
import { useLoaded } from "./loaded.js";
import { Problem } from "./parts.js";
import { useTask } from "./task.js";

export function Members({ workspace, canManage, changed }) {
  const { data: members, error, reload } = useLoaded(() => listMembers(workspace.id), workspace.id);
  const task = useTask();
  const [leaving, setLeaving] = useState(null);
  const own = user.value?.id;
  const change = async (member, select) => {
    const done = await task.run(() => setRole(workspace.id, member.id, select.value));
    if (!done) select.value = member.role;
    else if (member.id === own) await changed();
    await reload();
  };
  const remove = async ({ id, name }) => {
    await removeMember(workspace.id, id);
    if (id !== own) return reload();
    await loadWorkspaces();
    say(`You have left “${workspace.name}”.`);
    return navigate("/");
  };
  return html`<section class="panel" aria-label="Members">
    <h2>Members</h2>
    <${Problem} error=${error ?? task.problem} />
    <ul class="lines">
      ${(members ?? []).map((member) => html`<${Member} key=${member.id} ...${{ member, canManage, isOwn: member.id === own, change, onRemove: setLeaving }} />`)}
    </ul>
    ${leaving && html`<${Removal} ...${{ workspace, member: leaving, isOwn: leaving.id === own, remove, onClose: () => setLeaving(null) }} />`}
  </section>`;
}

function Member({ member, canManage, isOwn, change, onRemove }) {
  const { name, role } = member;
  const remove = isOwn ? "Leave" : "Remove";
  return html`<li>
    <span class="who"><bdi>${name}</bdi>${isOwn && html` <span class="muted">(you)</span>`}</span>
    ${canManage
      ? html`<select aria-label=${`Role of ${name}`} value=${role} onChange=${({ currentTarget }) => change(member, currentTarget)}>
          ${ROLES.map((each) => html`<option key=${each} value=${each} selected=${each === role}>${each}</option>`)}
        </select>`
      : html`<span class="muted">${role}</span>`}
    ${(canManage || isOwn) &&
    html`<button type="button" aria-haspopup="dialog" aria-label=${isOwn ? "Leave the workspace" : `Remove ${name}`} onClick=${() => onRemove(member)}>${remove}</button>`}
  </li>`;
}

function Removal({ workspace, member, isOwn, remove, onClose }) {
  const title = isOwn ? "Leave this workspace?" : "Remove this member?";
  return html`<${Confirm} title=${title} action=${isOwn ? "Leave" : "Remove"} onDo=${() => remove(member)} onClose=${onClose}>
    <p>
      ${isOwn ? "You" : html`<b><bdi>${member.name}</bdi></b>`} will not see the experiments of <b><bdi>${workspace.name}</bdi></b> any more. What was
      logged stays in it. An invitation leads back.
    </p>
  <//>`;
}
