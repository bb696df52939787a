// Light or dark: by the system, or by choice, which this browser remembers.
import { computed, effect, signal } from "../lib.js";

const KEY = "tora.theme";
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkSystem.matches);

darkSystem.addEventListener("change", () => {
  systemIsDark.value = darkSystem.matches;
});

/** "system", "light" or "dark". */
export const choice = signal(document.documentElement.dataset.theme ?? "system");

/** "light" or "dark": what is on the screen. */
export const theme = computed(() => {
  if (choice.value !== "system") return choice.value;
  return systemIsDark.value ? "dark" : "light";
});

// Written to the page here and not by a component: charts read their colours when `theme` changes.
effect(() => {
  if (choice.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice.value;
});

export function chooseTheme(wanted) {
  choice.value = wanted;
  try {
    if (wanted === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
}

/** The other theme than the one on the screen. */
export function toggleTheme() {
  chooseTheme(theme.value === "dark" ? "light" : "dark");
}
