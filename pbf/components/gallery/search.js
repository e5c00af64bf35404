// Which services match a search, and how well. Near matches count only if there is no direct one.

import { fold, plainWords } from "../shared/text.js";

const ONE_EDIT_FROM = 4; // letters a word needs for one typing error
const TWO_EDITS_FROM = 8; // and for two
const COMPACT_FROM = 3;
const MIN_SIMILARITY = 0.35; // of 1, by common pairs of letters
const SHARE_OF_BEST = 0.7;

export const RANK = { exact: 0, start: 1, word: 2, inside: 3, alias: 4, near: 5 };

function searchKeys(card) {
  const name = plainWords(card.name);
  const aliases = [card.id, card.category, ...(card.also ?? [])].map(plainWords);
  return {
    name,
    compact: name.replaceAll(" ", ""),
    exact: [aliases[0], ...aliases.slice(2)],
    aliases: ` ${aliases.join(" | ")}`,
    words: [...new Set(`${name} ${aliases.join(" ")}`.split(" "))],
  };
}

// Computed at the first search and kept on the card.
export function keysOf(card) {
  card.keys ??= searchKeys(card);
  return card.keys;
}

export function prepareQuery(text) {
  const whole = plainWords(text);
  return { whole, words: whole.split(" ").filter(Boolean), compact: whole.replaceAll(" ", "") };
}

// Returns the rank of a direct match, or -1.
function directRank(keys, query) {
  const { whole, words, compact } = query;
  if (!whole || keys.name === whole) return RANK.exact;
  if (keys.name.startsWith(whole)) return RANK.start;
  if (keys.name.includes(` ${whole}`) || keys.exact.includes(whole)) return RANK.word;
  if (keys.name.includes(whole)) return RANK.inside;
  if (compact.length >= COMPACT_FROM && keys.compact.includes(compact)) return RANK.inside;
  if (words.every((word) => keys.name.includes(word))) return RANK.inside;
  // Inside an id or an alias a word matches from its start only: "x" does not match "netsuite".
  const everywhere = ` ${keys.name}${keys.aliases}`;
  return words.every((word) => everywhere.includes(` ${word}`)) ? RANK.alias : -1;
}

function allowedEdits(word) {
  if (word.length >= TWO_EDITS_FROM) return 2;
  return word.length >= ONE_EDIT_FROM ? 1 : 0;
}

// Returns the least edits (a swap of neighbours is one) from a typed word to the start of another.
export function editsToStart(typed, word) {
  let previous = [];
  let last = Array.from({ length: word.length + 1 }, (_, column) => column);
  for (let row = 1; row <= typed.length; row++) {
    const line = [row];
    for (let column = 1; column <= word.length; column++) {
      const isSame = typed[row - 1] === word[column - 1];
      let edits = Math.min(last[column] + 1, line[column - 1] + 1, last[column - 1] + !isSame);
      const isSwapped = typed[row - 1] === word[column - 2] && typed[row - 2] === word[column - 1];
      if (row > 1 && column > 1 && isSwapped) edits = Math.min(edits, previous[column - 2] + 1);
      line.push(edits);
    }
    previous = last;
    last = line;
  }
  return Math.min(...last.slice(1));
}

// Returns the rank of a near match, or -1: every word is there, some with a typing error.
function nearRank(keys, query) {
  let total = 0;
  for (const typed of query.words) {
    if (keys.words.some((word) => word.startsWith(typed))) continue;
    const allowed = allowedEdits(typed);
    const edits = Math.min(...keys.words.map((word) =>
      Math.abs(word[0] === typed[0] ? 0 : 1) <= allowed ? editsToStart(typed, word) : Infinity));
    if (!allowed || edits > allowed) return -1;
    total += edits;
  }
  return RANK.near + total;
}

// Returns the matches as {card, rank}, in the order of the cards.
export function matching(cards, query) {
  if (!query.whole) return cards.map((card) => ({ card, rank: RANK.exact }));
  const ranked = (rank) =>
    cards.map((card) => ({ card, rank: rank(keysOf(card), query) })).filter((match) => match.rank >= 0);
  const direct = ranked(directRank);
  return direct.length ? direct : ranked(nearRank);
}

function letterPairs(text) {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, index) => text.slice(index, index + 2)));
}

// Returns the cards with the most similar names, for a search without matches.
export function closest(cards, query, number) {
  const typed = letterPairs(query.compact);
  const similarity = (card) => {
    const pairs = letterPairs(keysOf(card).compact);
    const common = [...typed].filter((pair) => pairs.has(pair)).length;
    return (2 * common) / (typed.size + pairs.size || 1);
  };
  const scored = cards.map((card) => ({ card, score: similarity(card) }));
  const similar = scored.filter(({ score }) => score > MIN_SIMILARITY).sort((a, b) => b.score - a.score);
  const best = similar.filter(({ score }) => score >= similar[0].score * SHARE_OF_BEST);
  return best.slice(0, number).map(({ card }) => card);
}

// Returns the alias that made a card match, or "" if the card's own name matches.
export function matchedAlias(card, query) {
  if (query.words.every((word) => keysOf(card).name.includes(word))) return "";
  const aliases = card.also ?? [];
  return aliases.find((alias) => query.words.some((word) => ` ${plainWords(alias)}`.includes(` ${word}`))) ?? "";
}

// Returns a text in parts: [text, whether the search matches it].
export function highlighted(text, query) {
  const folded = fold(text);
  if (!query.words.length || folded.length !== text.length) return [[text, false]];
  const words = positionOf(folded, query.whole) < 0 ? query.words : [query.whole];
  const spans = words.map((word) => [positionOf(folded, word), word.length]);
  const parts = [];
  let end = 0;
  for (const [start, length] of spans.filter((span) => span[0] >= 0).sort((a, b) => a[0] - b[0])) {
    if (start < end) continue;
    parts.push([text.slice(end, start), false], [text.slice(start, start + length), true]);
    end = start + length;
  }
  return [...parts, [text.slice(end), false]].filter(([part]) => part);
}

// Prefers a match at the start of a word.
function positionOf(folded, word) {
  for (let position = folded.indexOf(word); position >= 0; position = folded.indexOf(word, position + 1)) {
    if (position === 0 || !/[\p{L}\p{N}]/u.test(folded[position - 1])) return position;
  }
  return folded.indexOf(word);
}
