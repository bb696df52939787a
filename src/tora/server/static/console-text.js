// What a program printed, as it is shown: without what steers a terminal, in blocks that are drawn once. Pure.

// Colours and cursor movements, titles and links, single shifts, and every control character but the tab.
const STRINGS = /\u001b[\]PX^_].*?(?:\u0007|\u001b\\|$)/gs;
const SEQUENCES = /\u001b\[[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const BLOCK = 500;

/** Return a line's text alone. */
export function plain(text) {
  return text.replace(STRINGS, "").replace(SEQUENCES, "").replace(CONTROLS, "");
}

/**
 * Return blocks of lines, in each of which consecutive lines of one stream are one piece: `{key, pieces: [{stream, text}]}`.
 * A block that is full stays the same object as more lines come, so that it need not be drawn again.
 */
export function blocksWith(blocks, lines) {
  const found = [...blocks];
  for (let start = 0; start < lines.length; ) {
    const last = found.at(-1);
    const room = last ? BLOCK - last.size : 0;
    if (room > 0) found.pop();
    const base = room > 0 ? last : { key: lines[start].number, size: 0, pieces: [] };
    const some = lines.slice(start, start + (room > 0 ? room : BLOCK));
    found.push({ ...base, size: base.size + some.length, pieces: withLines(base.pieces, some) });
    start += some.length;
  }
  return found;
}

function withLines(pieces, lines) {
  const found = [...pieces];
  for (const { stream, text } of lines) {
    const last = found.at(-1);
    if (last?.stream === stream) found[found.length - 1] = { stream, text: `${last.text}\n${plain(text)}` };
    else found.push({ stream, text: plain(text) });
  }
  return found;
}

/** Return all that is shown as one text. */
export function textOf(blocks) {
  return blocks.flatMap(({ pieces }) => pieces.map(({ text }) => text)).join("\n");
}
