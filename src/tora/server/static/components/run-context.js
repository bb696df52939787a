// What made the run: its code, its command, its machine and the packages that were installed.
import { ApiError, isAborted } from "../api.js";
import { packagesWith, rowsOf } from "../context-rows.js";
import { counted } from "../format.js";
import { html, useEffect, useState } from "../lib.js";
import { whileVisible } from "../live.js";
import { Copy, Empty, When } from "./parts.js";

const ASK_EVERY = 2000;
const SHORT_COMMIT = 10;

export function RunContext({ store }) {
  const { context, status } = store.experiment.value;
  const isThere = Object.keys(context ?? {}).length > 0;
  // It is told half a second after a run has begun.
  useEffect(() => (isThere || status !== "running" ? undefined : whileVisible(() => store.ask().catch(later), ASK_EVERY)), [isThere, status]);
  if (!isThere) return html`<${Nothing} />`;
  return html`<section class="run" aria-label="What made the run">
    ${context.command && html`<${Command} command=${String(context.command)} />`}
    <table class="panel-table">
      <tbody>
        ${context.git && html`<${Code} git=${context.git} />`}
        ${context.startedAt && html`<tr><th scope="row">Started</th><td><${When} instant=${context.startedAt} /></td></tr>`}
        ${rowsOf(context).map(({ label, value }) => html`<tr key=${label}><th scope="row"><bdi>${label}</bdi></th><td><bdi>${value}</bdi></td></tr>`)}
      </tbody>
    </table>
    ${context.packages && html`<${Packages} context=${context} />`}
  </section>`;
}

/** When the server is away the page says so by itself; what is not known now is asked for again. */
function later(failure) {
  if (!isAborted(failure) && !(failure instanceof ApiError)) throw failure;
}

function Command({ command }) {
  return html`<div class="snippet command">
    <pre tabindex="0" aria-label="Command line"><code>${command}</code></pre>
    <${Copy} text=${command} label="Copy the command line" />
  </div>`;
}

function Code({ git: { commit, branch, dirty, remote } }) {
  return html`${commit &&
    html`<tr>
      <th scope="row">Commit</th>
      <td>
        <span class="id" title=${commit}>${String(commit).slice(0, SHORT_COMMIT)}</span>
        <${Copy} text=${String(commit)} label="Copy the commit" />
        ${branch && html` on <bdi>${branch}</bdi>`}
        ${dirty === true && html`<span class="badge" title="Files that git knows were changed and not committed">with changes</span>`}
      </td>
    </tr>`}
    ${remote && html`<tr><th scope="row">Repository</th><td><bdi>${remote}</bdi></td></tr>`}`;
}

function Packages({ context }) {
  const [text, setText] = useState("");
  const found = packagesWith(context, text);
  return html`<h2>Packages</h2>
    <input class="filter" placeholder="Find among ${Object.keys(context.packages).length}" aria-label="Find a package" value=${text} onInput=${(event) => setText(event.currentTarget.value)} autocomplete="off" spellcheck="false" />
    <p class="visually-hidden" role="status">${text && `${counted(found.length, "package")} found`}</p>
    ${found.length === 0 && html`<p class="muted">No package has “${text}”.</p>`}
    <ul class="packages" aria-label="Packages">
      ${found.map(([name, version]) => html`<li key=${name}><bdi>${name}</bdi> <bdi class="muted">${version}</bdi></li>`)}
    </ul>`;
}

function Nothing() {
  return html`<${Empty} title="Nothing is known of the run">
    <p>Tora's clients tell what made a run: commit, command, machine and packages. Another client made this one, or <code>TORA_CONTEXT=off</code> was set.</p>
  <//>`;
}
