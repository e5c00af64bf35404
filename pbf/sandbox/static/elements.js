// Building and updating the elements of the control page.

export const byId = (id) => document.getElementById(id);

export function create(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

export function createRow(texts, className) {
  const row = create("tr", undefined, className);
  row.append(...texts.map((text) => create("td", text)));
  return row;
}

const drawn = new Map();

// Replaces the children of an element if its data changed; the focus stays on the same control.
export function draw(id, data, build) {
  const json = JSON.stringify(data);
  if (drawn.get(id) === json) return;
  drawn.set(id, json);
  const element = byId(id);
  const label = element.contains(document.activeElement)
    ? document.activeElement.getAttribute("aria-label") : null;
  element.replaceChildren(...build());
  if (label) element.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
}

export function drawList(id, items, build, emptyText) {
  draw(id, items, () => (items.length ? items.map(build) : [create("li", emptyText, "none")]));
}

export function setUnlessFocused(id, value) {
  const select = byId(id);
  if (document.activeElement === select) return;
  if (![...select.options].some((option) => option.value === value)) {
    select.append(new Option(`${value} times as fast`, value));
  }
  select.value = value;
}
