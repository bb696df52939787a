// The dialog that makes an API key and shows it, this once.
import { createKey } from "../account-api.js";
import { html, useState } from "../lib.js";
import { inDays } from "../in-days.js";
import { workspaces } from "../state/workspaces.js";
import { Dialog } from "./dialog.js";
import { Choice, Field, Form } from "./form.js";
import { Secret } from "./secret.js";

const SCOPES = [
  ["write", "Write: log, read, change experiments"],
  ["read", "Read: see experiments and download"],
  ["full", "Full: also manage keys, members and the server"],
];
const DAYS = [
  ["30", "In 30 days"],
  ["90", "In 90 days"],
  ["365", "In a year"],
  ["", "Never"],
];

export function NewKey({ onMade, onClose }) {
  const [made, setMade] = useState(null);
  const make = async ({ name, scope, days, workspaceId }) => {
    const expires = days ? inDays(Number(days), Date.now()) : null;
    setMade(await createKey({ name, scope, expires, workspaceId: workspaceId || null }));
    onMade();
  };
  if (made) return html`<${Made} made=${made} onClose=${onClose} />`;
  const places = [["", "All of mine"], ...(workspaces.value ?? []).map(({ id, name }) => [id, name])];
  return html`<${Dialog} key="ask" title="New API key" onClose=${onClose}>
    <${Form} label="New API key" send="Make the key" onSend=${make}>
      <${Field} label="Name" name="name" autofocus required maxlength="100" autocomplete="off" dir="auto" hint="What it is for, such as the machine that it will be on." />
      <${Choice} label="Scope" name="scope" options=${SCOPES} value="write" />
      <${Choice} label="Workspace" name="workspaceId" options=${places} value="" />
      <${Choice} label="Expires" name="days" options=${DAYS} value="90" />
    <//>
  <//>`;
}

function Made({ made, onClose }) {
  return html`<${Dialog} key="made" title="Your new key" class="made" onClose=${onClose}>
    <p>Copy it now: it is shown this once, and the server keeps only what it takes to know it again.</p>
    <${Secret} name=${`The key ${made.name}`} text=${made.key} />
    <p class="muted">Run <code>tora login --server ${location.origin}</code> where it is to be used, and paste it there.</p>
    <footer><button type="button" class="primary" onClick=${onClose}>Done</button></footer>
  <//>`;
}
