// Whether the window is as narrow as a phone; the width is the one that the style sheets ask for.
import { signal } from "../lib.js";

const phone = matchMedia("(max-width: 760px)");

export const narrow = signal(phone.matches);

phone.addEventListener("change", () => {
  narrow.value = phone.matches;
});
