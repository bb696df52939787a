// What a reader's text finds among names: a regular expression where it is one, always also the plain text. Pure.

/** Return `{finds, problem}`: `finds(name)` tells whether a name is meant, `problem` why the text is no expression. */
export function searchFor(text) {
  const wanted = text.trim();
  if (wanted === "") return { finds: () => true, problem: null };
  const plain = wanted.toLowerCase();
  const holds = (name) => name.toLowerCase().includes(plain);
  try {
    const pattern = new RegExp(wanted, "i");
    return { finds: (name) => holds(name) || pattern.test(name), problem: null };
  } catch (error) {
    return { finds: holds, problem: reason(error.message) };
  }
}

/** Browsers repeat the whole expression before they say what is wrong with it. */
function reason(message) {
  const colon = message.lastIndexOf(": ");
  return colon < 0 ? message : message.slice(colon + 2);
}
