// The gallery of services: built once for each version of the catalogue, searched in the browser.

import { openAddress } from "../shared/address.js";
import { drawChips, onChip } from "../shared/chips.js";
import { takeOver } from "../shared/first_screen.js";
import { escapeHtml } from "../shared/html.js";
import { isPlainClick, openPage } from "../shared/links.js";
import { focused, followPage, placeBelowHeader, restoreScroll, whenIdle } from "../shared/page.js";
import { labelOf, openNew } from "../shared/payload.js";
import { linkOf, makeCards, markChosen, titleHtml, titleOf, unpack } from "./cards.js";
import { fill, settle, watchVisibility } from "./grid.js";
import { ASK, askFor } from "./ask.js";
import { onKey } from "./keyboard.js";
import { closest, matching, prepareQuery } from "./search.js";
import { countByCategory, placeByUse, placeKey } from "./order.js";
import { addRecent, recentIds } from "./recent.js";

const PARTS = ["search", "clear", "sort", "chips", "count", "list", "nothing"];
const galleries = new WeakMap();

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery");
  if (!galleries.has(root)) galleries.set(root, openGallery(root));
  const { view, release } = galleries.get(root);
  view.send = setTriggerValue;
  view.keep = setStateValue;
  show(view, data);
  return release;
}

function openGallery(root) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const view = {
    ...Object.fromEntries(PARTS.map((name) => [name, part(name)])),
    root,
    address: openAddress(["q", "category", "sort"]),
    cards: [],
    shown: [],
    byElement: new WeakMap(),
    visible: new Set(),
    pause: 0,
    category: "",
    version: undefined,
    owner: undefined,
    isShown: false,
  };
  const release = listen(view);
  placeBelowHeader(root);
  return { view, release };
}

async function show(view, payload) {
  const update = await openNew(view, payload);
  if (!update) {
    if (view.chooses) markChosen(view, labelOf(payload).chosen);
    return;
  }
  const { body, isFirst, owner, asks, chooses, chosen } = update;
  Object.assign(view, { owner, asks, chooses });
  if (chooses) view.address.release();
  const focusedId = focused(view.root)?.dataset?.id;
  if (isFirst && !chooses) readAddress(view);
  const handOver = takeOver(view.root, view.search);
  view.root.hidden = false; // what is typed before there are cards would be lost
  build(view, unpack(body));
  apply(view);
  markChosen(view, chosen);
  if (isFirst) {
    restoreScroll(view.address.notes().top);
    handOver();
    return;
  }
  settle(view); // so that the page keeps its height and its scroll position
  if (focusedId) titleOf(view.cards.find((card) => card.id === focusedId))?.focus();
}

function readAddress(view) {
  const { q, category, sort } = view.address.read();
  view.search.value = q;
  view.category = category;
  view.sort.value = sort === "name" ? "name" : "";
}

function build(view, cards) {
  view.cards = cards;
  placeByUse(cards, view.chooses ? [] : recentIds(view.owner));
  const place = placeKey(view.sort.value);
  makeCards(view, [...cards].sort((a, b) => a[place] - b[place]));
  view.categories = countByCategory(cards);
  // Computes what the first search needs while nobody waits for it.
  whenIdle(() => matching(cards, prepareQuery("a")));
}

function apply(view) {
  const query = prepareQuery(view.search.value);
  const matches = matching(view.cards, query);
  const place = placeKey(view.sort.value);
  const shown = view.category ? matches.filter(({ card }) => card.category === view.category) : matches;
  shown.sort((a, b) => a.rank - b.rank || a.card[place] - b.card[place]);
  showNothing(view, query, matches.length, shown.length);
  fill(view, shown, query);
  view.count.textContent = `${shown.length} of ${view.cards.length} services`;
  showChips(view, countByCategory(matches.map(({ card }) => card)), matches.length);
}

function showChips(view, counts, total) {
  const names = [...view.categories.keys()];
  if (view.category && !view.categories.has(view.category)) names.unshift(view.category);
  const choices = names.map((name) => [name, name, counts.get(name) ?? 0]);
  drawChips(view.chips, [["", "All", total], ...choices], view.category);
}

function showNothing(view, query, matches, shown) {
  view.nothing.hidden = shown > 0;
  view.list.hidden = shown === 0;
  if (shown) return;
  const typed = escapeHtml(view.search.value.trim());
  const what = typed ? `matches \u201c${typed}\u201d` : "is listed here";
  const where = view.category && matches ? ` in ${escapeHtml(view.category)}` : "";
  const similar = matches ? [] : closest(view.cards, query, 3);
  const links = similar.map((card) => titleHtml(linkOf(view), card));
  const hint = links.length ? `Did you mean ${links.join(", ")}?` : "Try the name of the product or of its maker.";
  const widen = `<button type="button" class="button" data-do="widen">Show ${matches} in all categories</button>`;
  const clear = '<button type="button" class="button" data-do="clear">Clear search</button>';
  view.nothing.innerHTML = `<p>No service${where} ${what}.</p>
    ${matches ? widen : `<p>${hint}</p>${clear}`}${typed && !matches && view.asks ? ASK : ""}`;
}

function change(view, { q = view.search.value, category = view.category }) {
  if (view.search.value !== q) view.search.value = q;
  view.category = category;
  apply(view);
  view.address.write({ q: q.trim(), category, sort: view.sort.value });
}

// Returns the function that removes the listeners of the page.
function listen(view) {
  const { root, search, sort, chips, address } = view;
  const restart = (values) => {
    change(view, { q: "", ...values });
    search.focus();
  };
  watchVisibility(view);
  search.oninput = () => change(view, {});
  sort.onchange = () => change(view, {});
  view.clear.onclick = () => restart({});
  onChip(chips, (category) => change(view, { category: category === view.category ? "" : category }));
  view.nothing.onclick = (event) => {
    const command = event.target.closest("button")?.dataset.do;
    if (command === "widen") change(view, { category: "" });
    if (command === "clear") restart({ category: "" });
    if (command === "ask") askFor(view, view.search.value);
  };
  root.onclick = (event) => onClick(view, event);
  root.onkeydown = (event) => onKey(view, event, () => change(view, { q: "" }));
  return followPage(search, address, () => {
    readAddress(view);
    apply(view);
  });
}

function onClick(view, event) {
  const link = event.target.closest(".open");
  if (!link) return;
  if (view.chooses) {
    choose(view, link.dataset.id);
    return;
  }
  addRecent(link.dataset.id, view.owner);
  if (!isPlainClick(event)) return; // the browser opens the new tab
  event.preventDefault();
  view.address.flush();
  openPage(link.href);
}

// Chooses a service for the app around; a second click takes it back.
function choose(view, id) {
  const isChosen = view.cards.find((card) => card.id === id)?.isChosen;
  const chosen = isChosen ? null : id;
  markChosen(view, chosen);
  view.keep("service", chosen);
}
