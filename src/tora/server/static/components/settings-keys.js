// The reader's API keys: what each is for, a way to make one, which is shown once, and to revoke one.
import { listKeys, revokeKey } from "../account-api.js";
import { exact } from "../format.js";
import { html, useEffect, useState } from "../lib.js";
import { loadWorkspaces, workspaceOf } from "../state/workspaces.js";
import { Confirm } from "./confirm.js";
import { useLoaded } from "./loaded.js";
import { NewKey } from "./new-key.js";
import { Problem, When } from "./parts.js";

export function Keys() {
  const { data: keys, error, reload } = useLoaded(listKeys);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState(null);
  useEffect(() => void loadWorkspaces(), []);
  const revoke = async () => {
    await revokeKey(revoking.id);
    await reload();
  };
  return html`<section class="panel wide" aria-label="API keys">
    <header>
      <h2>API keys</h2>
      <button type="button" class="primary" aria-haspopup="dialog" onClick=${() => setMaking(true)}>New key</button>
    </header>
    <p class="muted">Programs show a key where you would sign in. Run <code>tora login</code> where they run, or set <code>TORA_API_KEY</code>.</p>
    <${Problem} error=${error} />
    ${keys?.length === 0 && html`<p>You have no key yet.</p>`}
    ${keys?.length > 0 && html`<${Table} keys=${keys} onRevoke=${setRevoking} />`}
    ${making && html`<${NewKey} onMade=${reload} onClose=${() => setMaking(false)} />`}
    ${revoking &&
    html`<${Confirm} title="Revoke this key?" action="Revoke" onDo=${revoke} onClose=${() => setRevoking(null)}>
      <p>Programs that use <b><bdi>${revoking.name}</bdi></b> are refused from now on. This cannot be undone.</p>
    <//>`}
  </section>`;
}

function Table({ keys, onRevoke }) {
  return html`<div class="scrolled" tabindex="0" role="region" aria-label="Table of keys">
    <table>
      <thead>
        <tr>${["Name", "Begins with", "Scope", "Workspace", "Created", "Expires", "Last used"].map((title) => html`<th key=${title} scope="col">${title}</th>`)}<th scope="col"><span class="visually-hidden">Revoke</span></th></tr>
      </thead>
      <tbody>${keys.map((key) => html`<${Row} key=${key.id} of=${key} onRevoke=${onRevoke} />`)}</tbody>
    </table>
  </div>`;
}

function Row({ of, onRevoke }) {
  const { name, hint, scope, workspaceId, createdAt, expiresAt, lastUsedAt } = of;
  return html`<tr>
    <th scope="row" title=${name}><bdi>${name}</bdi></th>
    <td><span class="id">${hint}…</span></td>
    <td>${scope}</td>
    <td><bdi>${workspaceId ? (workspaceOf(workspaceId)?.name ?? workspaceId) : "all"}</bdi></td>
    <td><${When} instant=${createdAt} /></td>
    <td><${Expiry} instant=${expiresAt} /></td>
    <td>${lastUsedAt ? html`<${When} instant=${lastUsedAt} />` : "never"}</td>
    <td class="end"><button type="button" aria-haspopup="dialog" aria-label=${`Revoke ${name}`} onClick=${() => onRevoke(of)}>Revoke</button></td>
  </tr>`;
}

function Expiry({ instant }) {
  if (!instant) return "never";
  if (Date.parse(instant) <= Date.now()) return html`<span class="expired">expired</span>`;
  return html`<time datetime=${instant}>${exact(instant)}</time>`;
}
