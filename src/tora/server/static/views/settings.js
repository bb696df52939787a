// What the reader can choose, and what server this is.
import { getHealth } from "../api.js";
import { Problem } from "../components/parts.js";
import { html, useEffect, useState } from "../lib.js";
import { choice, chooseTheme } from "../state/theme.js";

const THEMES = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function Settings() {
  return html`<h1>Settings</h1>
    <fieldset class="themes">
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
  const [health, setHealth] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    getHealth().then(setHealth, setError);
  }, []);
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
