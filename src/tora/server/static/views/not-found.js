// An address that leads nowhere.
import { Empty } from "../components/parts.js";
import { html } from "../lib.js";

export function NotFound() {
  return html`<${Empty} title="No such page">
    <p>There is nothing at <span class="id">${location.pathname}</span>.</p>
    <p><a href="/">See the experiments</a></p>
  <//>`;
}
