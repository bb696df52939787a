// What made a run, as rows of a table. Pure.
import { parameter } from "./format.js";

const GIB = 1024 ** 3;
const SHOWN_ELSEWHERE = new Set(["arguments", "command", "git", "packages", "startedAt"]);

const ROWS = [
  ["Script", ({ script }) => script],
  ["Directory", ({ directory }) => directory],
  ["Python", ({ python }) => python?.version],
  ["Executable", ({ python }) => python?.executable],
  ["Host", ({ host }) => host],
  ["Platform", ({ platform }) => platform],
  ["CPUs", ({ cpus }) => cpus],
  ["Memory", ({ memoryBytes }) => memoryBytes && `${(memoryBytes / GIB).toFixed(1)} GiB`],
  ["GPUs", ({ gpus }) => (Array.isArray(gpus) ? counted(gpus) : gpus)],
];
const KNOWN = new Set(["script", "directory", "python", "host", "platform", "cpus", "memoryBytes", "gpus"]);

/** Return `{label, value}` of what is known, and of whatever else was told. */
export function rowsOf(context) {
  const rows = ROWS.map(([label, read]) => ({ label, value: read(context) }));
  const others = Object.keys(context).filter((key) => !KNOWN.has(key) && !SHOWN_ELSEWHERE.has(key));
  return [...rows, ...others.map((key) => ({ label: key, value: context[key] }))]
    .filter(({ value }) => value !== undefined && value !== null && value !== "")
    .map(({ label, value }) => ({ label, value: parameter(value) }));
}

/** Return the packages whose name or version holds the text, as pairs. */
export function packagesWith(context, text) {
  const wanted = text.trim().toLowerCase();
  return Object.entries(context.packages ?? {})
    .map(([name, version]) => [name, parameter(version)])
    .filter(([name, version]) => `${name} ${version}`.toLowerCase().includes(wanted));
}

/** "2 × NVIDIA A100, NVIDIA T4". */
function counted(names) {
  const kinds = [...new Set(names.map(String))];
  return kinds
    .map((kind) => [names.filter((name) => String(name) === kind).length, kind])
    .map(([many, kind]) => (many > 1 ? `${many} × ${kind}` : kind))
    .join(", ");
}
