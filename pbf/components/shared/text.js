// Text normalised for comparison.

// eslint-disable-next-line no-control-regex -- all of ASCII
const ASCII = /^[\x00-\x7f]*$/;

// Returns lower case without accents, one character for each, so that positions match the text.
export function fold(text) {
  const lower = String(text ?? "").toLowerCase();
  if (ASCII.test(lower)) return lower;
  let folded = "";
  for (const character of lower) {
    const base = character.normalize("NFD")[0];
    folded += base.length === character.length ? base : character;
  }
  return folded;
}

export function plainWords(text) {
  return fold(text).replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}
