// The summaries of metrics as a table: its columns, its order, its text for a spreadsheet. Pure.

/** `{key, label}` of each column; the first one is text, all others are numbers. */
export const COLUMNS = [
  { key: "name", label: "Metric" },
  { key: "last", label: "Last" },
  { key: "min", label: "Min" },
  { key: "max", label: "Max" },
  { key: "firstStep", label: "First step" },
  { key: "lastStep", label: "Last step" },
  { key: "count", label: "Points" },
  { key: "nonFinite", label: "NaN or infinite" },
];

const collator = new Intl.Collator("en", { numeric: true });

/** Return the summaries in the order of a column; those without a number in it come last either way. */
export function sortedBy(summaries, key, descending) {
  const sign = descending ? -1 : 1;
  return [...summaries].sort((a, b) => {
    const [left, right] = [ranked(a, key), ranked(b, key)];
    if ((left === null) !== (right === null)) return left === null ? 1 : -1;
    return sign * compared(left, right) || compared(a.name, b.name);
  });
}

function ranked(summary, key) {
  if (key === "name") return summary.name;
  const value = summary[key] === null || summary[key] === undefined ? Number.NaN : Number(summary[key]);
  return Number.isNaN(value) ? null : value;
}

function compared(a, b) {
  if (typeof a === "string") return collator.compare(a, b);
  return a === b ? 0 : (a ?? 0) - (b ?? 0);
}

/** Return the summaries as CSV with exact values; what a metric does not have is an empty field. */
export function toCsv(summaries) {
  const lines = [COLUMNS.map(({ key }) => key), ...summaries.map((summary) => COLUMNS.map(({ key }) => summary[key]))];
  return `${lines.map((line) => line.map(field).join(",")).join("\r\n")}\r\n`;
}

function field(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
