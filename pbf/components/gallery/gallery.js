// The wall of services: built once for each version of the catalogue, searched in the browser.

const RECENT = "pbf.recent";
const RECENT_KEPT = 12;
const NO_PLACE = 10000;
const galleries = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gallery");
  if (!galleries.has(root)) galleries.set(root, openGallery(root));
  const gallery = galleries.get(root);
  gallery.show(data);
  return gallery.leave;
}

function openGallery(root) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const view = {
    root,
    search: part("search"),
    sort: part("sort"),
    chips: part("chips"),
    count: part("count"),
    list: part("list"),
    nothing: part("nothing"),
    address: openAddress(["q", "category", "sort"]),
    cards: [],
    drawn: [],
    byElement: new WeakMap(),
    seen: new Set(),
    pause: 0,
    category: "",
    version: undefined,
    isShown: false,
  };
  const release = listen(view, part("clear"));
  placeBelowHeader(root);
  return { show: (parcel) => show(view, parcel), leave: release };
}

async function show(view, parcel) {
  const opened = await openNew(view, parcel);
  if (!opened) return;
  const { body, first } = opened;
  const at = focused(view.root)?.dataset?.id;
  if (first) readAddress(view);
  view.root.hidden = false; // what is typed before there are cards would be lost
  build(view, unpack(body));
  apply(view);
  if (first) return restoreScroll(view.address.noted().top);
  settle(view); // so that the page keeps its height, and with it its place
  if (at) titleOf(view.cards.find((card) => card.id === at))?.focus();
}

function readAddress(view) {
  const wanted = view.address.read();
  view.search.value = wanted.q;
  view.category = wanted.category;
  view.sort.value = wanted.sort === "name" ? "name" : "";
}

// ---------------------------------------------------------------------------------------------
// The catalogue

function build(view, cards) {
  view.cards = cards;
  placeByUse(cards);
  makeCards(view, inOrder(view));
  view.categories = countBy(cards);
  // What the first search needs is made ready while nobody waits.
  idle(() => matching(cards, prepareQuery("a")));
}

// What one has opened or connected comes first, then what most people look for.
function placeByUse(cards) {
  const recent = recentIds();
  const own = (card) => {
    const opened = recent.indexOf(card.id);
    if (opened >= 0) return opened;
    return card.yours ? RECENT_KEPT : NO_PLACE;
  };
  const keys = new Map(cards.map((card) => [card, [own(card), card.popular ?? NO_PLACE]]));
  const first = (a, b) => keys.get(a)[0] - keys.get(b)[0] || keys.get(a)[1] - keys.get(b)[1];
  [...cards]
    .sort((a, b) => first(a, b) || a.placeByName - b.placeByName)
    .forEach((card, index) => (card.placeByUse = index));
}

function inOrder(view) {
  const order = view.sort.value === "name" ? "placeByName" : "placeByUse";
  return [...view.cards].sort((a, b) => a[order] - b[order]);
}

function countBy(cards) {
  const counts = new Map();
  for (const card of cards) counts.set(card.category, (counts.get(card.category) ?? 0) + 1);
  return new Map([...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])));
}

// ---------------------------------------------------------------------------------------------
// Search, category, order

function apply(view) {
  const query = prepareQuery(view.search.value);
  const hits = matching(view.cards, query);
  const order = view.sort.value === "name" ? "placeByName" : "placeByUse";
  const shown = view.category ? hits.filter((hit) => hit.card.category === view.category) : hits;
  shown.sort((a, b) => a.rank - b.rank || a.card[order] - b.card[order]);
  showNothing(view, query, hits.length, shown.length);
  fill(view, shown, query);
  view.count.textContent = `${shown.length} of ${view.cards.length} services`;
  showChips(view, countBy(hits.map((hit) => hit.card)), hits.length);
}

function showChips(view, counts, all) {
  const names = [...view.categories.keys()];
  if (view.category && !view.categories.has(view.category)) names.unshift(view.category);
  const choices = names.map((name) => [name, name, counts.get(name) ?? 0]);
  drawChips(view.chips, [["", "All", all], ...choices], view.category);
}

function showNothing(view, query, hits, shown) {
  view.nothing.hidden = shown > 0;
  view.list.hidden = shown === 0;
  if (shown) return;
  const typed = escapeHtml(view.search.value.trim());
  const what = typed ? `matches \u201c${typed}\u201d` : "is listed here";
  const where = view.category && hits ? ` in ${escapeHtml(view.category)}` : "";
  const near = hits ? [] : closest(view.cards, query, 3);
  const links = near.map((card) => `<a href="${escapeHtml(pageUrl(PAGE, { service: card.id }))}"
    class="open" data-id="${escapeHtml(card.id)}">${escapeHtml(card.name)}</a>`);
  const hint = links.length ? `Did you mean ${links.join(", ")}?` : "Try the name of the product or of its maker.";
  const widen = `<button type="button" class="button" data-do="widen">Show ${hits} in all categories</button>`;
  const clear = '<button type="button" class="button" data-do="clear">Clear search</button>';
  view.nothing.innerHTML = `<p>No service${where} ${what}.</p>
    ${hits ? widen : `<p>${hint}</p>${clear}`}`;
}

function change(view, values) {
  if (values.q !== undefined) view.search.value = values.q;
  if (values.category !== undefined) view.category = values.category;
  apply(view);
  view.address.write({ q: view.search.value.trim(), category: view.category, sort: view.sort.value });
}

// ---------------------------------------------------------------------------------------------
// Events

function listen(view, clear) {
  const { root, search, sort, chips, address } = view;
  const startAgain = (values) => {
    change(view, { q: "", ...values });
    search.focus();
  };
  watchSeen(view);
  search.oninput = () => change(view, {});
  sort.onchange = () => change(view, {});
  clear.onclick = () => startAgain({});
  onChip(chips, (category) => change(view, { category: category === view.category ? "" : category }));
  view.nothing.onclick = (event) => {
    const wanted = event.target.closest("button")?.dataset.do;
    if (wanted === "widen") change(view, { category: "" });
    if (wanted === "clear") startAgain({ category: "" });
  };
  root.onclick = (event) => {
    const link = event.target.closest("a.open");
    if (!link) return;
    remember(link.dataset.id);
    if (!isPlainClick(event)) return; // a new tab is the browser's business
    event.preventDefault();
    address.flush();
    openPage(link.href);
  };
  root.onkeydown = (event) => onKey(view, event);

  return followPage(search, address, () => {
    readAddress(view);
    apply(view);
  });
}

function onKey(view, event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (view.pause && event.key.length > 1) settle(view); // one may move to a card that still waits
  if (event.key === "Escape") return onEscape(view, event);
  const links = [...view.list.querySelectorAll(".open")];
  const at = links.indexOf(event.target);
  if (event.target === view.search) {
    if (event.key === "ArrowDown" || event.key === "Enter") move(event, links[0]);
  } else if (at >= 0) {
    const columns = getComputedStyle(view.list).gridTemplateColumns.split(" ").length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (event.key === "ArrowUp" && at < columns) move(event, view.search);
    else if (event.key in steps) move(event, links[Math.min(at + steps[event.key], links.length - 1)]);
    else if (event.key === "Home") move(event, links[0]);
    else if (event.key === "End") move(event, links.at(-1));
  }
}

function move(event, target) {
  if (!target) return;
  event.preventDefault();
  target.focus();
}

function onEscape(view, event) {
  if (event.target === view.search) change(view, { q: "" });
  move(event, view.search);
}

// ---------------------------------------------------------------------------------------------
// Recently opened

function recentIds() {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT));
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function remember(id) {
  const kept = [id, ...recentIds().filter((each) => each !== id)].slice(0, RECENT_KEPT);
  try {
    localStorage.setItem(RECENT, JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden: nothing is remembered, everything else works.
  }
}
