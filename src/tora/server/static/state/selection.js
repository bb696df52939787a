// What is ticked in a list; it outlasts a change of search, so that finds of several can be compared.
import { batch, computed, signal } from "../lib.js";
import { refreshed, toggled, withRange } from "../selection.js";

/** Make the selection of a list; `items` answers the experiments as they are now. */
export function createSelection(list) {
  const ticked = signal(new Map());
  const gathering = signal(null); // the call of `all` that still loads, if any
  let anchor = null;

  const items = computed(() => [...refreshed(ticked.value, list.items.value ?? []).values()]);

  const toggle = (item) => {
    anchor = item.id;
    ticked.value = toggled(ticked.peek(), item);
  };

  /** Tick all from the one that was clicked last to this one, or take the ticks away where this one has its own. */
  const extendTo = (item) => {
    const isOn = !ticked.peek().has(item.id);
    ticked.value = withRange(ticked.peek(), list.items.peek(), anchor ?? item.id, item.id, isOn);
    anchor = item.id;
  };

  /** Tick all that the list finds, those not loaded yet included; `clear` takes it back meanwhile. */
  const all = async () => {
    const call = {};
    gathering.value = call;
    // The list may just be asking anew: all that it finds then is meant.
    while (!(await list.ensure(Infinity)));
    if (gathering.peek() !== call) return;
    batch(() => {
      gathering.value = null;
      ticked.value = new Map([...ticked.peek(), ...list.items.peek().map((item) => [item.id, item])]);
    });
  };

  const clear = () => {
    anchor = null;
    batch(() => {
      gathering.value = null;
      ticked.value = new Map();
    });
  };

  return { ticked, gathering, items, toggle, extendTo, all, clear };
}
