// What an experiment was started with.
import { parameter } from "../format.js";
import { html } from "../lib.js";

export function Hyperparams({ hyperparams }) {
  return html`<section class="hyperparams" aria-label="Hyperparameters">
    <h2>Hyperparameters</h2>
    ${hyperparams.length === 0
      ? html`<p class="muted">None were given. Pass <code>hyperparams={"{"}…{"}"}</code> to <code>tora.setup()</code>.</p>`
      : html`<table>
          <tbody>
            ${hyperparams.map(
              ({ key, value }) => html`<tr key=${key}>
                <th scope="row"><bdi>${key}</bdi></th>
                <td><bdi>${parameter(value)}</bdi></td>
              </tr>`,
            )}
          </tbody>
        </table>`}
  </section>`;
}
