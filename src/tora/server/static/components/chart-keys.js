// Keys that go through the charts of a page: next and previous chart, next and previous group, full screen.
import { useKeys } from "../keyboard.js";

/** `place` is a ref of the element that holds the groups. */
export function useChartKeys(place) {
  const step = (selector, by) => () => focusNext([...place.current.querySelectorAll(selector)], by);
  useKeys([
    { keys: "j", label: "Next chart", run: step(".slot", 1) },
    { keys: "k", label: "Previous chart", run: step(".slot", -1) },
    { keys: "]", label: "Next group of charts", run: step(".group > summary", 1) },
    { keys: "[", label: "Previous group of charts", run: step(".group > summary", -1) },
    { keys: "f", label: "The chart in full", run: openFocused },
  ]);
}

function focusNext(elements, by) {
  if (elements.length === 0) return false;
  const next = elements[placeAfter(elements, by)];
  if (!next) return true;
  if (next.tabIndex < 0) next.tabIndex = -1; // makes it take the focus, not the Tab key
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function placeAfter(elements, by) {
  const { activeElement } = document;
  const at = elements.findIndex((element) => element.contains(activeElement));
  if (at >= 0) return at + by;
  // From where the reader is: after the element that has the focus, or else what is on the screen.
  if (activeElement?.closest(".group")) return besideFocus(elements, activeElement, by);
  const first = elements.findIndex((element) => element.getBoundingClientRect().top >= 0);
  return first < 0 ? elements.length - 1 : first;
}

function besideFocus(elements, focused, by) {
  const after = elements.findIndex((element) => focused.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
  const end = after < 0 ? elements.length : after;
  return by > 0 ? end : end - 1;
}

function openFocused() {
  const button = document.activeElement?.closest(".slot")?.querySelector("[data-action=full-screen]");
  button?.click();
  return Boolean(button);
}
