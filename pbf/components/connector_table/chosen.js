// Rows that are chosen, and the bar that acts on them together. Only ids are kept and sent: a row
// that moves stays chosen, a row that goes is no longer, and no other takes its place.

const EMPTIES = new Set(["sync", "pause", "resume"]); // after these nothing is left to ask

function pick(view, id, isChosen) {
  if (isChosen) view.chosen.add(id);
  else view.chosen.delete(id);
}

function onPick(view, box, event) {
  if (box.dataset.pick === "all") {
    for (const row of view.shown) pick(view, row.id, box.checked);
  } else {
    const { id } = box.closest(".row").dataset;
    for (const each of event.shiftKey ? between(view, view.picked, id) : [id]) pick(view, each, box.checked);
    view.picked = id;
  }
  showChosen(view);
}

// The ids from one row to another, as they stand.
function between(view, from, to) {
  const places = [from, to].map((id) => view.shown.findIndex((row) => row.id === id));
  if (places.includes(-1)) return [to];
  return view.shown.slice(Math.min(...places), Math.max(...places) + 1).map((row) => row.id);
}

function forgetGone(view) {
  if (!view.chosen.size) return;
  const there = new Set(view.rows.map((row) => row.id));
  for (const id of view.chosen) if (!there.has(id)) view.chosen.delete(id);
}

function showChosen(view) {
  const { size } = view.chosen;
  const here = size ? view.shown.reduce((sum, row) => sum + view.chosen.has(row.id), 0) : 0;
  const all = view.head.querySelector("[data-pick=all]");
  all.checked = here > 0 && here === view.shown.length;
  all.indeterminate = here > 0 && here < view.shown.length;
  for (const [id, { element }] of view.drawn) markChosen(view, id, element);
  const away = size > here ? `, ${NUMBERS.format(size - here)} not in view` : "";
  view.bar.hidden = !size;
  view.chosenCount.textContent = size ? `${NUMBERS.format(size)} chosen${away}` : "";
}

function markChosen(view, id, element) {
  const isChosen = view.chosen.has(id);
  const box = element.firstElementChild.querySelector("input");
  if (box.checked !== isChosen) box.checked = isChosen;
  element.classList.toggle("chosen", isChosen);
}

function listenChosen(view) {
  view.bar.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.many) act(view, button.dataset.many, [...view.chosen]);
    if (button.dataset.many && !EMPTIES.has(button.dataset.many)) return;
    view.chosen.clear();
    showChosen(view);
    view.head.querySelector("[data-pick=all]").focus({ preventScroll: true });
  };
}
