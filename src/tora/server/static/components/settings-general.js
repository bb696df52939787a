// What the reader can choose, and what server this is.
import { getHealth } from "../api.js";
import { html } from "../lib.js";
import { choice, chooseTheme } from "../state/theme.js";
import { useLoaded } from "./loaded.js";
import { Problem } from "./parts.js";

const THEMES = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function General() {
  return html`<fieldset class="themes">
      <legend>Theme</legend>
      ${THEMES.map(
        ([value, label]) => html`<label key=${value}>
          <input type="radio" name="theme" checked=${choice.value === value} onChange=${() => chooseTheme(value)} />
          ${label}
        </label>`,
      )}
    </fieldset>
    <${Server} />`;
}

function Server() {
  const { data: health, error } = useLoaded(getHealth);
  return html`<section class="server">
    <h2>Server</h2>
    <${Problem} error=${error} />
    <dl class="facts">
      <div><dt>Address</dt><dd>${location.host}</dd></div>
      <div><dt>Version</dt><dd>${health?.version ?? "…"}</dd></div>
      <div><dt>Protocol</dt><dd>${health?.protocol ?? "…"}</dd></div>
      <div><dt>Mode</dt><dd>${health?.mode ?? "…"}</dd></div>
    </dl>
  </section>`;
}
