// What an experiment was started with: searchable where there is much of it, to be taken away as JSON.
import { counted, parameter } from "../format.js";
import { html, useState } from "../lib.js";
import { parametersWith, toJson } from "../parameters.js";
import { Copy } from "./parts.js";

const SEARCHABLE_FROM = 12;

export function Hyperparams({ hyperparams }) {
  return html`<section class="panel hyperparams" aria-label="Hyperparameters">
    <header>
      <h2>Hyperparameters</h2>
      ${hyperparams.length > 0 && html`<${Copy} text=${() => toJson(hyperparams)} label="Copy as JSON" name="Copy as JSON" />`}
    </header>
    ${hyperparams.length === 0 ? html`<${None} />` : html`<${Table} hyperparams=${hyperparams} />`}
  </section>`;
}

function None() {
  return html`<p class="muted">None were given. Pass <code>${"hyperparams={…}"}</code> to <code>tora.setup()</code>.</p>`;
}

function Table({ hyperparams }) {
  const [text, setText] = useState("");
  const found = parametersWith(hyperparams, text);
  const onInput = (event) => setText(event.currentTarget.value);
  return html`${hyperparams.length >= SEARCHABLE_FROM &&
    html`<input class="filter" placeholder="Find among ${hyperparams.length}" aria-label="Find a hyperparameter" value=${text} onInput=${onInput} autocomplete="off" spellcheck="false" />
      <p class="visually-hidden" role="status">${text && `${counted(found.length, "hyperparameter")} found`}</p>`}
    ${found.length === 0 && html`<p class="muted">No key or value holds “${text}”.</p>`}
    <table>
      <tbody>
        ${found.map(
          ({ key, value }) => html`<tr key=${key}>
            <th scope="row"><bdi>${key}</bdi></th>
            <td><bdi>${parameter(value)}</bdi></td>
          </tr>`,
        )}
      </tbody>
    </table>`;
}
