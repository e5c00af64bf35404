// The first screen, which came with the page and lies over it until the component is drawn.

import { scroller } from "./page.js";

// Removes it after the next frame, and keeps what the user has typed, focused and scrolled in it.
export function takeOver(root, search) {
  const first = document.getElementById("pbf-first");
  if (!first) return;
  requestAnimationFrame(() => requestAnimationFrame(() => first.isConnected && replace(first, root, search)));
}

function replace(first, root, search) {
  const shadow = first.querySelector(".pbf-first-component").shadowRoot;
  const { activeElement } = shadow;
  const typed = shadow.querySelector("[data-part=search]");
  const { value, selectionStart, selectionEnd } = typed;
  const { scrollTop } = first;
  first.remove();
  if (value) {
    search.value = value;
    search.dispatchEvent(new Event("input"));
  }
  if (activeElement === typed) {
    search.focus({ preventScroll: true });
    search.setSelectionRange(selectionStart, selectionEnd);
  } else if (activeElement?.dataset.id) {
    const id = CSS.escape(activeElement.dataset.id);
    root.querySelector(`.open[data-id="${id}"], [data-id="${id}"] .open`)?.focus({ preventScroll: true });
  }
  if (scrollTop) scroller().scrollTop = scrollTop;
}
