// Names made short without losing what tells them apart. Pure.

const ROOM = 24;
const ID_SHOWN = 4;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Return a Map of id to short name; experiments of one name get the beginning of their id. */
export function shortNames(experiments, room = ROOM) {
  const parts = new Map(experiments.map(({ name }) => [name, [...graphemes.segment(name)].map(({ segment }) => segment)]));
  const cut = distinctCuts(parts, room);
  return new Map(experiments.map(({ id, name }) => [id, cut.get(name) + idOf(id, name, experiments)]));
}

/** Names are cut to the room, and where two would look the same, to as much more as tells them apart. */
function distinctCuts(parts, room) {
  const all = [...parts.values()];
  const [head, tail] = [sharedHead(all), sharedTail(all)];
  const longest = Math.max(0, ...all.map(({ length }) => length));
  for (let size = room; size < longest; size += room) {
    const cuts = new Map([...parts].map(([name, letters]) => [name, shortened(letters, head, tail, size)]));
    if (new Set(cuts.values()).size === cuts.size) return cuts;
  }
  return new Map([...parts.keys()].map((name) => [name, name]));
}

function shortened(letters, head, tail, room) {
  if (letters.length <= room) return letters.join("");
  const differing = letters.length - head - tail;
  if (differing >= room || differing <= 0) return ends(letters, room);
  // What all share gives way first, at its far ends.
  const before = Math.min(head, Math.ceil((room - differing) / 2));
  const from = wordStart(letters, head - before, head);
  const to = Math.min(letters.length, from + room);
  return `${from > 0 ? "…" : ""}${letters.slice(from, to).join("")}${to < letters.length ? "…" : ""}`;
}

/** The beginning of the first whole word between two places, the first place where there is none. */
function wordStart(letters, from, until) {
  if (from === 0) return 0;
  const gap = letters.slice(from - 1, until).findIndex((letter) => /[\s_,;:/-]/.test(letter));
  const start = from + gap;
  return gap === -1 || start > until ? from : start + Number(letters[start] === " ");
}

function ends(letters, room) {
  const half = Math.floor((room - 1) / 2);
  return `${letters.slice(0, half).join("")}…${letters.slice(-half).join("")}`;
}

function sharedHead(all) {
  if (all.length < 2) return 0;
  const shortest = Math.min(...all.map(({ length }) => length));
  let length = 0;
  while (length < shortest && all.every((letters) => letters[length] === all[0][length])) length += 1;
  return length;
}

function sharedTail(all) {
  if (all.length < 2) return 0;
  const left = Math.min(...all.map(({ length }) => length)) - sharedHead(all);
  let length = 0;
  while (length < left && all.every((letters) => letters.at(-1 - length) === all[0].at(-1 - length))) length += 1;
  return length;
}

function idOf(id, name, experiments) {
  const namesakes = experiments.filter((each) => each.name === name && each.id !== id);
  if (namesakes.length === 0) return "";
  let size = ID_SHOWN;
  while (size < id.length && namesakes.some((each) => each.id.startsWith(id.slice(0, size)))) size += 1;
  return ` #${id.slice(0, size)}`;
}
