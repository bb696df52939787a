// Names of files made from what people call things. Pure.

const LONGEST = 80;

/** Return a name that every system takes: letters, digits, dots and dashes; `otherwise` where nothing is left. */
export function fileName(text, otherwise = "chart") {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  return plain.slice(0, LONGEST) || otherwise;
}
