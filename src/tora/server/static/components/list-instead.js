// What stands in the place of a list's rows: that they are on their way, that there are none, or what was wrong with the question.
import { count } from "../format.js";
import { html } from "../lib.js";
import { conditionsOf, withoutConditions } from "../list-view.js";
import { changeView, resetView } from "../state/view.js";
import { Empty } from "./parts.js";

/** Rows that hold the place, so that nothing jumps when the real ones come. */
export function Waiting() {
  return html`<div class="waiting" aria-hidden="true">${[0, 1, 2, 3, 4, 5].map((row) => html`<span key=${row}></span>`)}</div>`;
}

export function NothingFound({ view }) {
  const conditions = conditionsOf(view);
  const clear = () => changeView(withoutConditions(view));
  return html`<${Empty} title="Nothing found">
    <p>No experiment meets ${conditions.length === 1 ? "this condition" : `these ${count(conditions.length)} conditions together`}:</p>
    <ul class="conditions">
      ${conditions.map(({ name, text }) => html`<li key=${name} class="tag"><bdi>${text}</bdi></li>`)}
    </ul>
    <p><button type="button" onClick=${clear}>Clear the search</button></p>
  <//>`;
}

/** The server did not take what the address asks for; `isFilter` where the expression is to blame, and nothing else need go. */
export function Refused({ error, isFilter }) {
  const clear = () => (isFilter ? changeView({ filter: "" }) : resetView());
  return html`<${Empty} title=${isFilter ? "The filter cannot be read" : "This list cannot be shown"}>
    <p role="alert"><bdi>${error.message}</bdi></p>
    <p><button type="button" onClick=${clear}>${isFilter ? "Clear the filter" : "Show all experiments"}</button></p>
  <//>`;
}
