// The page's query parameters: they hold the search and the filters, without a run of the script.

import { scroller } from "./page.js";

const DELAY_MS = 150; // browsers refuse more than 100 changes in 30 seconds

// Writes only the page's own parameters, and only while the path is still its own: while Streamlit
// changes pages, the component is still on screen but the URL is already the next page's.
class Address {
  #path = location.pathname;
  #names;
  #changes = {};
  #notes = {};
  #timer = 0;

  constructor(names) {
    this.#names = names;
  }

  isOwn() {
    return location.pathname === this.#path;
  }

  // For a page of another app, which has parameters of its own.
  release() {
    this.#path = null;
  }

  read() {
    const parameters = new URLSearchParams(location.search);
    return Object.fromEntries(this.#names.map((name) => [name, parameters.get(name) ?? ""]));
  }

  // Notes go into the history state, beside the scroll position.
  write(values, notes = {}) {
    this.#changes = { ...this.#changes, ...values };
    this.#notes = { ...this.#notes, ...notes };
    this.#schedule();
  }

  notes() {
    return history.state?.pbf ?? {};
  }

  flush() {
    clearTimeout(this.#timer);
    if (!this.isOwn()) return;
    const state = { ...history.state, pbf: { ...this.#notes, top: scroller()?.scrollTop ?? 0 } };
    try {
      history.replaceState(state, "", this.#url());
      this.#changes = {};
    } catch {
      this.#schedule(); // too many changes in too short a time
    }
  }

  close() {
    clearTimeout(this.#timer);
  }

  #url() {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(this.#changes)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    return url;
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), DELAY_MS);
  }
}

export function openAddress(names) {
  return new Address(names);
}
