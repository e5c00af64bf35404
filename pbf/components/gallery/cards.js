// One service as a card, and which cards are on the wall.

const PAGE = "connect";
const MARKS = { Beta: "blue", Preview: "violet", Sunset: "orange", "In Fivetran only": "orange" };
// A card with its gap; where the cards are one below the other they are lower.
const CARD = { width: 278, height: 162, low: 74 };
const FIRST_SEEN = 32;
const PAUSE_MS = 150; // what somebody types past needs neither its icons nor what lies below the window
const TELLS_WHAT_IS_SEEN = "ContentVisibilityAutoStateChangeEvent" in window;

// The cards come by name.
function unpack({ categories, cards }) {
  return cards.map(([id, name, category, description, icon, docs, more], placeByName) =>
    ({ id, name, category: categories[category], description, icon, docs, placeByName, markedFor: "", ...more }));
}

function makeCards(view, cards) {
  view.list.innerHTML = cards.map(cardHtml(pageUrl(PAGE, { service: "" }))).join("");
  let element = view.list.firstElementChild;
  for (const card of cards) {
    card.element = element;
    view.byElement.set(element, card);
    element = element.nextElementSibling;
  }
  view.drawn = cards;
  for (const card of TELLS_WHAT_IS_SEEN ? cards.slice(0, FIRST_SEEN) : cards) drawIcon(card);
}

// As little as there can be of a card, since all are made before the first is seen. An h3 would send
// Chromium's parser down its slow path, which takes three times as long.
function cardHtml(link) {
  return (card) => {
    const name = escapeHtml(card.name);
    const docs = safeUrl(card.docs);
    const href = escapeHtml(link.replace("service=", `service=${encodeURIComponent(card.id)}`));
    const mark = card.mark ? `<span class="badge ${MARKS[card.mark] ?? "blue"}">${escapeHtml(card.mark)}</span>` : "";
    const yours = card.yours ? `<span class="badge yours">${Number(card.yours)} connected</span>` : "";
    const documentation = docs
      ? `<a class="docs" href="${escapeHtml(docs)}" target="_blank" rel="noopener" aria-label="${name} documentation">Docs</a>`
      : "";
    return `<li class="card"><span class="icon"></span>`
      + `<div class="name" role="heading" aria-level="3"><a class="open" href="${href}" data-id="${escapeHtml(card.id)}">${name}</a></div>${mark}`
      + `<p class="description">${escapeHtml(card.description)}</p>`
      + `<div class="foot"><span>${escapeHtml(card.category)}</span>${yours}${documentation}</div></li>`;
  };
}

function titleOf(card) {
  return card?.element.querySelector(".open");
}

// Hundreds of pictures cost the browser more than all else on the page, though it loads none of those
// that are not seen.
function drawIcon(card) {
  if (card.hasIcon) return;
  card.hasIcon = true;
  card.element.querySelector(".icon").outerHTML = iconHtml(card.id, card.name, card.icon);
  watchIcons(card.element);
}

// ---------------------------------------------------------------------------------------------
// The wall

// Draws a screenful at once, and the rest after a pause. Hits are {card, rank}.
function fill(view, hits, query) {
  const isDrawn = hits.length === view.drawn.length && hits.every((hit, index) => hit.card === view.drawn[index]);
  view.drawn = hits.map((hit) => hit.card);
  view.query = query;
  for (const hit of hits) hit.card.rank = hit.rank;
  const first = isDrawn ? view.drawn : view.drawn.slice(0, screenful(view.list));
  for (const card of first) markCard(card, query);
  if (isDrawn) return;
  arrange(view.list, first.map((card) => card.element));
  clearTimeout(view.pause);
  view.pause = setTimeout(() => settle(view), PAUSE_MS);
}

function settle(view) {
  clearTimeout(view.pause);
  view.pause = 0;
  const { length } = view.list.children;
  if (length < view.drawn.length) view.list.append(...view.drawn.slice(length).map((card) => card.element));
  for (const card of TELLS_WHAT_IS_SEEN ? view.seen : view.drawn) dress(view, card);
  view.seen.clear();
}

// The browser says which cards come into view; it leaves out all others when it draws.
function watchSeen(view) {
  view.list.addEventListener("contentvisibilityautostatechange", (event) => {
    const card = view.byElement.get(event.target);
    if (!card || event.skipped) return;
    view.seen.add(card);
    if (!view.pause) settle(view);
  });
}

function dress(view, card) {
  if (!card.element.isConnected) return;
  drawIcon(card);
  markCard(card, view.query);
}

function screenful(list) {
  const { top, width } = list.getBoundingClientRect();
  const columns = Math.max(1, Math.floor(width / CARD.width));
  return columns * Math.ceil((innerHeight - Math.max(0, top)) / (columns > 1 ? CARD.height : CARD.low));
}

// What stays where it is keeps its layout.
function arrange(list, elements) {
  const wanted = new Set(elements);
  const gone = [...list.children].filter((element) => !wanted.has(element));
  if (gone.length === list.children.length) return list.replaceChildren(...elements);
  for (const element of gone) element.remove();
  let after = list.firstElementChild;
  for (const element of elements) {
    if (element === after) after = after.nextElementSibling;
    else list.insertBefore(element, after);
  }
}

function markCard(card, query) {
  if (card.markedFor === query.whole) return;
  card.markedFor = query.whole;
  mark(titleOf(card), pieces(card.name, query));
  const other = card.rank === RANK.word || card.rank === RANK.other ? meant(card, query) : "";
  if (!other && !card.why) return;
  card.why = other;
  const foot = card.element.querySelector(".foot");
  foot.querySelector(".why")?.remove();
  foot.classList.toggle("full", Boolean(other && card.yours));
  if (!other) return;
  const why = Object.assign(document.createElement("span"), { className: "why" });
  mark(why, [["also ", false], ...pieces(other, query)]);
  foot.firstElementChild.after(why);
}

function mark(element, pieces) {
  element.replaceChildren(...pieces.map(([text, isHit]) =>
    isHit ? Object.assign(document.createElement("mark"), { textContent: text }) : text));
}

// The other name that made a card a hit, when its own name did not.
function meant(card, query) {
  if (query.words.every((word) => keysOf(card).name.includes(word))) return "";
  const also = card.also ?? [];
  return also.find((name) => query.words.some((word) => ` ${plainWords(name)}`.includes(` ${word}`))) ?? "";
}
