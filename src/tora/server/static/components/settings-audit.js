// Who changed what, the newest first, a page at a time.
import { getAudit } from "../account-api.js";
import { detailsOf } from "../audit-text.js";
import { html, useState } from "../lib.js";
import { useLoaded } from "./loaded.js";
import { Problem, When } from "./parts.js";
import { useTask } from "./task.js";

const TITLES = ["When", "Who", "What", "Of", "Details", "From"];

export function Audit() {
  const { data, error } = useLoaded(() => getAudit(null));
  const [older, setOlder] = useState([]);
  const task = useTask();
  if (data === null) return html`<${Problem} error=${error} />`;
  const { next } = older.at(-1) ?? data;
  const more = () =>
    task.run(async () => {
      const page = await getAudit(next);
      setOlder([...older, page]);
    });
  const items = [data, ...older].flatMap((page) => page.items);
  return html`<section class="panel wide" aria-label="Audit log">
    <h2>Audit log</h2>
    <${Problem} error=${error ?? task.problem} />
    ${items.length === 0
      ? html`<p class="muted">Nothing was changed yet.</p>`
      : html`<div class="scrolled" tabindex="0" role="region" aria-label="Table of changes">
          <table class="audit">
            <thead><tr>${TITLES.map((title) => html`<th key=${title} scope="col">${title}</th>`)}</tr></thead>
            <tbody>${items.map((entry) => html`<${Row} key=${entry.number} entry=${entry} />`)}</tbody>
          </table>
        </div>`}
    ${next !== null && html`<button type="button" onClick=${more}>Show older</button>`}
  </section>`;
}

function Row({ entry: { at, actor, action, target, details, address } }) {
  return html`<tr>
    <td><${When} instant=${at} /></td>
    <td><bdi>${actor.name}</bdi></td>
    <td>${action}</td>
    <td class="id"><bdi title=${target}>${target}</bdi></td>
    <td class="details"><bdi>${detailsOf(details)}</bdi></td>
    <td class="id">${address}</td>
  </tr>`;
}
