// The view of a comparison, which lives in the address, and what follows from it for every part of the page.
import { distinctColors } from "../color.js";
import { readComparison, withChanges } from "../comparison.js";
import { dimensionOf } from "../dimensions.js";
import { groupsOf } from "../grouping.js";
import { useMemo } from "../lib.js";
import { axesAtFirst, axesOf, brushed } from "../parallel.js";
import { query, setSearch } from "../router.js";
import { shortNames } from "../short-names.js";

/** The view that the address tells. */
export function useView() {
  const asked = query.value;
  return useMemo(() => readComparison(asked), [asked]);
}

/** Change some values of the address; given a function, it gets the view as it is and answers the changes. */
export function changeView(changes) {
  const now = query.peek();
  setSearch(withChanges(now, typeof changes === "function" ? changes(readComparison(now)) : changes));
}

/**
 * Return `{experiments, shown, names, groups, colorOf, groupColors, axes, selected}`: those not hidden, short names, the
 * groups or null, the custom property of an experiment's or a group's colour, the axes of the parallel plot, and the
 * ids that its brushes let through, null without a brush.
 */
export function usePicture(store, view, experiments) {
  const hidden = [...view.hidden].join();
  const shown = useMemo(() => experiments.filter(({ id }) => !view.hidden.has(id)), [experiments, hidden]);
  const names = useMemo(() => shortNames(experiments), [experiments]);
  const by = groupingOf(view.group);
  const groups = useMemo(() => (by ? groupsOf(shown, by) : null), [shown, by]);
  const own = useMemo(() => distinctColors(experiments.map(({ id }) => id)), [experiments]);
  // By all that are compared: hiding one must not give another group its colour.
  const groupColors = useMemo(() => by && distinctColors(groupsOf(experiments, by).map(({ key }) => String(key))), [experiments, by]);
  const colorOf = useMemo(() => (groups ? groupedColors(groups, groupColors) : own), [groups, groupColors, own]);
  const texts = useMemo(() => view.axes ?? axesAtFirst(experiments), [view.axes?.join("\n"), experiments]);
  const axes = useMemo(() => axesOf(shown, texts), [shown, texts]);
  const dragged = store.dragged.value;
  const selected = useMemo(() => {
    const brushes = dragged ? new Map(view.brushes).set(dragged.text, dragged.bounds) : view.brushes;
    return brushed(shown, axes, brushes);
  }, [shown, axes, view.brushes, dragged]);
  return { experiments, shown, names, groups, colorOf, groupColors, axes, selected };
}

/** What to group by, null where the address says nothing that one can group by. */
function groupingOf(text) {
  if (text === "tag") return text;
  return dimensionOf(text)?.kind === "param" ? text : null;
}

function groupedColors(groups, groupColors) {
  const colors = new Map();
  // An experiment in several groups has the colour of the first.
  for (const { key, members } of groups) {
    members.forEach((id) => colors.has(id) || colors.set(id, groupColors.get(String(key))));
  }
  return colors;
}

/** The ids that stand out now: those pointed at, else those within the brushes; null where none does. */
export function outstanding(store, picture) {
  return store.pointed.value ?? picture.selected;
}
