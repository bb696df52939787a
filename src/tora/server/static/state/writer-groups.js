// How the charts of one experiment take its writers together: by which label, and in which colours.
import { groupColor } from "../color.js";
import { computed } from "../lib.js";
import { labelsOf, usable, valuesOf } from "../writer-labels.js";
import { chartSettings } from "./chart-settings.js";

/**
 * `writers` is a signal of them. `labels` are those to choose from, `settings` how charts are drawn, with the label in `by`, "" for
 * none, and in `groups` `{value, label, color}` of each of its values.
 */
export function createWriterGroups(writers) {
  const labels = computed(() => labelsOf(writers.value));
  const by = computed(() => (chartSettings.value.writers === "across" ? usable(writers.value, chartSettings.value.by) : ""));
  // The writers are asked for every few seconds; the same values are no change.
  const values = computed(() => JSON.stringify(by.value ? valuesOf(writers.value, by.value) : []));
  const groups = computed(() => JSON.parse(values.value).map((value, index) => groupOf(value, index, by.value)));
  const settings = computed(() => ({ ...chartSettings.value, by: by.value, groups: groups.value }));
  return { labels, settings };
}

function groupOf(value, index, by) {
  return { value, label: labelOf(value, by), color: groupColor(index) };
}

/** A number alone says nothing, a name does. */
function labelOf(value, by) {
  if (value === null) return `no ${by}`;
  return /^\d+$/.test(value) ? `${by} ${value}` : value;
}
