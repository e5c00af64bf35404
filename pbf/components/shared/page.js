// The page around a component: its scroller, keyboard and focus.

import { isPlainClick } from "./links.js";

const RESTORE_FRAMES = 60;

export const whenIdle = globalThis.requestIdleCallback ?? ((task) => setTimeout(task, 30));
export const cancelIdle = globalThis.cancelIdleCallback ?? clearTimeout;

export function scroller() {
  return document.querySelector("[data-testid=stMain]") ?? document.scrollingElement;
}

// Tries for several frames, because the page above may still be growing.
export function restoreScroll(top, frames = RESTORE_FRAMES) {
  const main = scroller();
  if (!top || !main || !frames) return;
  main.scrollTop = top;
  if (Math.abs(main.scrollTop - top) > 1) {
    requestAnimationFrame(() => restoreScroll(top, frames - 1));
  }
}

function isTyping(event) {
  const target = event.composedPath()[0];
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName ?? "");
}

export function focused(root) {
  return root.getRootNode().activeElement;
}

// Streamlit's header covers the top of the scroller; sticky elements must stay below it.
export function placeBelowHeader(root) {
  const header = document.querySelector("[data-testid=stHeader]");
  const main = scroller();
  if (!header || !main || scrollBox(root) !== main) return;
  const covered = header.getBoundingClientRect().bottom - main.getBoundingClientRect().top;
  root.style.setProperty("--covered", `${Math.max(0, Math.round(covered))}px`);
}

// Returns the nearest element that scrolls; a container of a fixed height is one.
function scrollBox(root) {
  let element = root.getRootNode().host ?? root;
  while (element.parentElement && !/auto|scroll/.test(getComputedStyle(element).overflowY)) {
    element = element.parentElement;
  }
  return element;
}

// Adds the listeners of a page with a search field; returns the function that removes them.
export function followPage(search, address, onHistory) {
  const main = scroller();
  const onSlash = (event) => {
    if (event.key !== "/" || !isPlainClick(event) || isTyping(event)) return;
    event.preventDefault();
    search.focus();
  };
  const onPopState = () => address.isOwn() && onHistory();
  const onPageHide = () => address.flush();
  const onScroll = () => address.write({});
  document.addEventListener("keydown", onSlash);
  window.addEventListener("popstate", onPopState);
  window.addEventListener("pagehide", onPageHide);
  main?.addEventListener("scroll", onScroll, { passive: true });
  return () => {
    address.close();
    document.removeEventListener("keydown", onSlash);
    window.removeEventListener("popstate", onPopState);
    window.removeEventListener("pagehide", onPageHide);
    main?.removeEventListener("scroll", onScroll);
  };
}
