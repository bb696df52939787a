// What stands above every page.
import { html } from "../lib.js";
import { theme, toggleTheme } from "../state/theme.js";
import { UserMenu } from "./user-menu.js";
import { WorkspaceSwitcher } from "./workspace-switcher.js";

export function Topbar() {
  return html`<header class="topbar">
    <a class="skip" href="#main">Skip to the content</a>
    <a class="brand" href="/"><img src="/static/favicon.svg" alt="" width="22" height="22" />Tora</a>
    <${WorkspaceSwitcher} />
    <${UserMenu} />
    <${ThemeToggle} />
  </header>`;
}

function ThemeToggle() {
  const other = theme.value === "dark" ? "light" : "dark";
  const label = `Switch to the ${other} theme`;
  return html`<button type="button" class="quiet icon" onClick=${toggleTheme} aria-label=${label} title=${label}>
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="5.500" /><path class="filled" d="M8 2.500a5.500 5.500 0 0 1 0 11z" />
    </svg>
  </button>`;
}
