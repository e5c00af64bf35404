// Which services a search means, and how well. Direct hits first; near misses only without one.

const FUZZY_FROM = 4; // letters a word needs for one typing error
const FUZZY_TWICE_FROM = 8; // and for two
const COMPACT_FROM = 3;
const ALIKE_ENOUGH = 0.35; // of 1, by common pairs of letters
const NEARLY_AS_ALIKE = 0.7; // of the best

const RANK = { exact: 0, start: 1, word: 2, inside: 3, other: 4, near: 5 };

function searchable(card) {
  const name = plainWords(card.name);
  const other = [card.id, card.category, ...(card.also ?? [])].map(plainWords);
  return {
    name,
    compact: name.replaceAll(" ", ""),
    exact: [other[0], ...other.slice(2)],
    other: ` ${other.join(" | ")}`,
    words: [...new Set(`${name} ${other.join(" ")}`.split(" "))],
  };
}

// Made at the first search.
function keysOf(card) {
  card.keys ??= searchable(card);
  return card.keys;
}

function prepareQuery(text) {
  const whole = plainWords(text);
  return { whole, words: whole.split(" ").filter(Boolean), compact: whole.replaceAll(" ", "") };
}

// Returns the rank of a direct hit, or -1.
function directRank(keys, query) {
  const { whole, words, compact } = query;
  if (!whole || keys.name === whole) return RANK.exact;
  if (keys.name.startsWith(whole)) return RANK.start;
  if (keys.name.includes(` ${whole}`) || keys.exact.includes(whole)) return RANK.word;
  if (keys.name.includes(whole)) return RANK.inside;
  if (compact.length >= COMPACT_FROM && keys.compact.includes(compact)) return RANK.inside;
  if (words.every((word) => keys.name.includes(word))) return RANK.inside;
  // Inside an id or another name a word counts from its start only: "x" is not "netsuite erp x".
  const everywhere = ` ${keys.name}${keys.other}`;
  return words.every((word) => everywhere.includes(` ${word}`)) ? RANK.other : -1;
}

function allowedErrors(word) {
  if (word.length >= FUZZY_TWICE_FROM) return 2;
  return word.length >= FUZZY_FROM ? 1 : 0;
}

// Least edits (a swap of neighbours is one) from a typed word to the start of another.
function editsToStart(typed, word) {
  let before = [];
  let last = Array.from({ length: word.length + 1 }, (_, column) => column);
  for (let row = 1; row <= typed.length; row++) {
    const line = [row];
    for (let column = 1; column <= word.length; column++) {
      const same = typed[row - 1] === word[column - 1];
      let least = Math.min(last[column] + 1, line[column - 1] + 1, last[column - 1] + !same);
      const swapped = typed[row - 1] === word[column - 2] && typed[row - 2] === word[column - 1];
      if (row > 1 && column > 1 && swapped) least = Math.min(least, before[column - 2] + 1);
      line.push(least);
    }
    before = last;
    last = line;
  }
  return Math.min(...last.slice(1));
}

// Returns the rank of a near miss, or -1: every word is there, some with a typing error.
function nearRank(keys, query) {
  let edits = 0;
  for (const typed of query.words) {
    if (keys.words.some((word) => word.startsWith(typed))) continue;
    const allowed = allowedErrors(typed);
    const least = Math.min(...keys.words.map((word) =>
      Math.abs(word[0] === typed[0] ? 0 : 1) <= allowed ? editsToStart(typed, word) : Infinity));
    if (!allowed || least > allowed) return -1;
    edits += least;
  }
  return RANK.near + edits;
}

function matching(cards, query) {
  if (!query.whole) return cards.map((card) => ({ card, rank: RANK.exact }));
  const ranked = (rank) =>
    cards.map((card) => ({ card, rank: rank(keysOf(card), query) })).filter((hit) => hit.rank >= 0);
  const direct = ranked(directRank);
  return direct.length || !query.whole ? direct : ranked(nearRank);
}

function pairs(text) {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2)));
}

// The names most alike, for a search that finds nothing.
function closest(cards, query, number) {
  const typed = pairs(query.compact);
  const alike = (card) => {
    const own = pairs(keysOf(card).compact);
    const common = [...typed].filter((pair) => own.has(pair)).length;
    return (2 * common) / (typed.size + own.size || 1);
  };
  const scored = cards.map((card) => ({ card, score: alike(card) }));
  const near = scored.filter((each) => each.score > ALIKE_ENOUGH).sort((a, b) => b.score - a.score);
  const best = near.filter((each) => each.score >= near[0].score * NEARLY_AS_ALIKE);
  return best.slice(0, number).map((each) => each.card);
}

// Returns text in pieces: [text, whether it was searched for].
function pieces(text, query) {
  const folded = fold(text);
  if (!query.words.length || folded.length !== text.length) return [[text, false]];
  const whole = startOf(folded, query.whole);
  const found = whole < 0 ? query.words : [query.whole];
  const spans = found.map((word) => [startOf(folded, word), word.length]);
  const told = [];
  let done = 0;
  for (const [start, length] of spans.filter((span) => span[0] >= 0).sort((a, b) => a[0] - b[0])) {
    if (start < done) continue;
    told.push([text.slice(done, start), false], [text.slice(start, start + length), true]);
    done = start + length;
  }
  return [...told, [text.slice(done), false]].filter(([piece]) => piece);
}

// A hit at the start of a word is the one meant.
function startOf(folded, word) {
  for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(folded[at - 1])) return at;
  }
  return folded.indexOf(word);
}
