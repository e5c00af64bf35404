// The first screen, which came with the page and lies over it until the component draws itself.

import { restoreScroll } from "./page.js";

// Removes it before the component is drawn, in the same frame: what it hides would be laid out twice. Returns
// a function that gives the drawn component what the user has typed, focused and scrolled meanwhile.
export function takeOver(root, search) {
  const first = document.getElementById("pbf-first");
  if (!first) return () => {};
  const shadow = first.querySelector(".pbf-first-component").shadowRoot;
  const { activeElement } = shadow;
  const typed = shadow.querySelector("[data-part=search]");
  const { value, selectionStart, selectionEnd } = typed;
  const { scrollTop } = first;
  first.remove();
  return () => {
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
    restoreScroll(scrollTop);
  };
}
