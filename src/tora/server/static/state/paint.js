// The colours of the theme as a canvas understands them: it knows neither var() nor light-dark(), but the computed `color` of an
// element is resolved. Each is asked of the browser once a theme, for all charts: asking makes it work out the page's styles.
import { theme } from "./theme.js";

const known = { theme: null, colors: new Map() };

/** Return the colour of a custom property in the theme on the screen. */
export function paint(property) {
  const shown = theme.peek();
  if (known.theme !== shown) Object.assign(known, { theme: shown, colors: new Map() });
  if (!known.colors.has(property)) known.colors.set(property, computedColor(property));
  return known.colors.get(property);
}

function computedColor(property) {
  // Nothing of the head is on the screen, so that no element there gets another style by this.
  const { head } = document;
  head.style.color = `var(${property})`;
  const { color } = getComputedStyle(head);
  head.style.color = "";
  return color;
}
