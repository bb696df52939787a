// The people of a server, for its administrators.
import { changeUser, createUser, deleteUser, listUsers, newUserLink } from "../account-api.js";
import { exact } from "../format.js";
import { html, useState } from "../lib.js";
import { user } from "../state/session.js";
import { Confirm } from "./confirm.js";
import { Dialog } from "./dialog.js";
import { Field, Form } from "./form.js";
import { useLoaded } from "./loaded.js";
import { Menu } from "./menu.js";
import { Problem, When } from "./parts.js";
import { Secret } from "./secret.js";
import { useTask } from "./task.js";

// Whoever can read the data folder; no link and no change is for them.
const FOLDERS_OWNER = "owner";

export function Users() {
  const { data: users, error, reload } = useLoaded(listUsers);
  const task = useTask();
  const [making, setMaking] = useState(false);
  const [linked, setLinked] = useState(null);
  const [deleting, setDeleting] = useState(null);
  const doing = (work) =>
    task.run(async () => {
      await work();
      await reload();
    });
  const acts = {
    change: ({ id }, changes) => doing(() => changeUser(id, changes)),
    link: ({ id }) => doing(async () => setLinked(await newUserLink(id))),
    remove: setDeleting,
  };
  const made = (found) => {
    setMaking(false);
    setLinked(found);
    reload();
  };
  const remove = async () => {
    await deleteUser(deleting.id);
    await reload();
  };
  return html`<section class="panel wide" aria-label="Users">
    <header>
      <h2>Users</h2>
      <button type="button" class="primary" aria-haspopup="dialog" onClick=${() => setMaking(true)}>New user</button>
    </header>
    <${Problem} error=${error ?? task.problem} />
    <ul class="lines users">${(users ?? []).map((one) => html`<${Line} key=${one.id} of=${one} acts=${acts} />`)}</ul>
    ${making && html`<${NewUser} onMade=${made} onClose=${() => setMaking(false)} />`}
    ${linked && html`<${Link} of=${linked} onClose=${() => setLinked(null)} />`}
    ${deleting &&
    html`<${Confirm} title="Delete this user?" action="Delete the user" typed=${deleting.name} onDo=${remove} onClose=${() => setDeleting(null)}>
      <p><b><bdi>${deleting.name}</bdi></b> is signed out, and their keys end. Experiments of theirs in no workspace become yours. This cannot be undone; to disable them can.</p>
    <//>`}
  </section>`;
}

function Line({ of, acts }) {
  const { id, name, isAdmin, disabled, hasPassword, createdAt } = of;
  const fixed = id === FOLDERS_OWNER || id === user.value.id;
  return html`<li data-disabled=${disabled ? "" : null}>
    <span class="who">
      <bdi>${name}</bdi>
      ${id === user.value.id && html` <span class="muted">(you)</span>`}
      ${isAdmin && html`<span class="badge">administrator</span>`}
      ${disabled && html`<span class="badge">disabled</span>`}
      ${!hasPassword && id !== FOLDERS_OWNER && html`<span class="badge">no password yet</span>`}
    </span>
    <span class="muted">${id === FOLDERS_OWNER ? "whoever has the data folder's key" : html`since <${When} instant=${createdAt} />`}</span>
    ${!fixed && html`<${Menu} label="Change" text=${name} hidesText items=${itemsOf(of, acts)} />`}
  </li>`;
}

function itemsOf(of, { change, link, remove }) {
  const { isAdmin, disabled } = of;
  return [
    { text: isAdmin ? "Make an ordinary user" : "Make an administrator", run: () => change(of, { isAdmin: !isAdmin }) },
    { text: disabled ? "Enable" : "Disable", run: () => change(of, { disabled: !disabled }) },
    { text: "New link to set a password", run: () => link(of) },
    { text: "Delete…", run: () => remove(of), apart: true },
  ];
}

function NewUser({ onMade, onClose }) {
  const make = async ({ name, isAdmin }) => onMade(await createUser({ name, isAdmin: isAdmin === "on" }));
  return html`<${Dialog} title="New user" onClose=${onClose}>
    <${Form} label="New user" send="Make the user" onSend=${make}>
      <${Field} label="Name" name="name" autofocus required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" hint="Letters, digits and . _ @ + -" />
      <label class="check"><input type="checkbox" name="isAdmin" />Administrator: sees and changes everything here</label>
    <//>
  <//>`;
}

function Link({ of: { name, link, linkExpiresAt }, onClose }) {
  return html`<${Dialog} title="A link to set a password" class="made" onClose=${onClose}>
    <p>Send it to <b><bdi>${name}</bdi></b>. It works once, ends on ${exact(linkExpiresAt)}, and is shown this once.</p>
    <${Secret} name=${`Link for ${name}`} text=${link} />
    <footer><button type="button" class="primary" onClick=${onClose}>Done</button></footer>
  <//>`;
}
