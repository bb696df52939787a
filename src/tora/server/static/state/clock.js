// The time that relative times are told by; one timer for the whole page.
import { signal } from "../lib.js";

export const now = signal(Date.now());

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 5000);
