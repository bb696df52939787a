// What writers are among the others: their labels, and the values by which they can be taken together. Pure.

/** Lines of more values are a carpet, and cost as many series. */
export const MOST_VALUES = 64;

/** Return the labels that some writers have, as `{name, values}` by name; `values` is how many there are, none among them. */
export function labelsOf(writers) {
  const names = [...new Set(writers.flatMap(({ labels }) => Object.keys(labels ?? {})))].sort((a, b) => (a < b ? -1 : 1));
  return names.map((name) => ({ name, values: valuesOf(writers, name).length }));
}

/** Return the values of a label, numbers by what they say and before words; null, for writers without it, comes last. */
export function valuesOf(writers, name) {
  const values = new Set(writers.map(({ labels }) => labels?.[name] ?? null));
  return [...values].sort((a, b) => Number(a === null) - Number(b === null) || compared(a, b));
}

function compared(a, b) {
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

/** Return the label to group by: the chosen one, where some writer has it and its values are not too many; else "". */
export function usable(writers, name) {
  const found = labelsOf(writers).find((label) => label.name === name);
  return found && found.values <= MOST_VALUES ? name : "";
}
