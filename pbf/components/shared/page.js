// What the gallery and the table share. The files of a component are joined into one module.

const idle = window.requestIdleCallback ?? ((task) => setTimeout(task, 30));
const noIdle = window.cancelIdleCallback ?? clearTimeout;

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const SPECIAL = /[&<>"']/;

function escapeHtml(value) {
  const text = String(value ?? "");
  if (!SPECIAL.test(text)) return text;
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

// Returns "" for whatever is neither http(s) nor a path of this host; the parser drops tabs and
// line breaks, so the host is compared after parsing.
function safeUrl(value) {
  const text = String(value ?? "");
  const path = text.startsWith("/");
  if (!path && !/^https?:\/\//i.test(text)) return "";
  try {
    const parsed = new URL(text, location.origin);
    if (!path) return parsed.href;
    const ours = parsed.origin === location.origin && !parsed.username;
    return ours ? parsed.pathname + parsed.search + parsed.hash : "";
  } catch {
    return "";
  }
}

// ---------------------------------------------------------------------------------------------
// What the server hands over: a line that labels it, then its compressed body, opened only when new

const LINE_BREAK = 10;

function labelOf(parcel) {
  return JSON.parse(new TextDecoder().decode(parcel.subarray(0, parcel.indexOf(LINE_BREAK))));
}

function bodyOf(parcel) {
  const packed = new Blob([parcel.subarray(parcel.indexOf(LINE_BREAK) + 1)]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// Returns the label with its `body`, and whether it is the `first`; nothing where that version is known,
// or a newer one has come meanwhile.
async function openNew(view, parcel) {
  const label = labelOf(parcel);
  if (view.version === label.version) return undefined;
  view.version = label.version;
  const body = await bodyOf(parcel);
  if (view.version !== label.version) return undefined;
  const first = !view.isShown;
  view.isShown = true;
  return { ...label, body, first };
}

// ---------------------------------------------------------------------------------------------
// Texts compared

const PLAIN = /^[\x00-\x7f]*$/;

// Lower case without accents, one character for each, so that positions stay those of the text.
function fold(text) {
  const lower = String(text ?? "").toLowerCase();
  if (PLAIN.test(lower)) return lower;
  let folded = "";
  for (const character of lower) {
    const plain = character.normalize("NFD")[0];
    folded += plain.length === character.length ? plain : character;
  }
  return folded;
}

function plainWords(text) {
  return fold(text).replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

// ---------------------------------------------------------------------------------------------
// Links to other pages of the dashboard

// Embedding is an agreement with the host page and stays on from page to page.
function pageUrl(page, parameters) {
  const url = new URL(page, location.href);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name === "embed" || name === "embed_options") url.searchParams.append(name, value);
  }
  return url.pathname + url.search;
}

function isPlainClick(event) {
  return !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button);
}

// Streamlit changes the page of the running session when the history moves. Moving it ourselves
// costs one history entry; st.switch_page with parameters costs two.
function openPage(href) {
  history.pushState({}, "", href);
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

// ---------------------------------------------------------------------------------------------
// The address: what is typed and chosen stands in it, without a run of the script

const ADDRESS_PAUSE_MS = 150; // browsers refuse more than 100 changes in 30 seconds
const RESTORE_FRAMES = 60;

function scroller() {
  return document.querySelector("[data-testid=stMain]") ?? document.scrollingElement;
}

// The page keeps only its own parameters, and only while the address is still its own: while
// Streamlit leaves, the component is on screen but the address is the next page's.
function openAddress(names) {
  const path = location.pathname;
  let changed = {};
  let note = {};
  let timer = 0;

  const isOurs = () => location.pathname === path;
  const read = () => {
    const parameters = new URLSearchParams(location.search);
    return Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ""]));
  };
  const flush = () => {
    clearTimeout(timer);
    if (!isOurs()) return;
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changed)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    const state = { ...history.state, pbf: { ...note, top: scroller()?.scrollTop ?? 0 } };
    try {
      history.replaceState(state, "", url);
      changed = {};
    } catch {
      later(); // too many changes in too short a time
    }
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(flush, ADDRESS_PAUSE_MS);
  };
  return {
    isOurs,
    read,
    flush,
    write(values, remarks = {}) {
      changed = { ...changed, ...values };
      note = { ...note, ...remarks };
      later();
    },
    noted: () => history.state?.pbf ?? {},
    close: () => clearTimeout(timer),
  };
}

// The page above may still be growing when the component appears, hence several frames.
function restoreScroll(top, frames = RESTORE_FRAMES) {
  const main = scroller();
  if (!top || !main || !frames) return;
  main.scrollTop = top;
  if (Math.abs(main.scrollTop - top) > 1) {
    requestAnimationFrame(() => restoreScroll(top, frames - 1));
  }
}

// ---------------------------------------------------------------------------------------------
// Keyboard and focus

function isTyping(event) {
  const target = event.composedPath()[0];
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName ?? "");
}

function focused(root) {
  return root.getRootNode().activeElement;
}

// Streamlit's header covers the top of the scroller; what sticks must stick below it.
function placeBelowHeader(root) {
  const header = document.querySelector("[data-testid=stHeader]");
  const main = scroller();
  if (!header || !main) return;
  const covered = header.getBoundingClientRect().bottom - main.getBoundingClientRect().top;
  root.style.setProperty("--covered", `${Math.max(0, Math.round(covered))}px`);
}

// What every page with a search listens to; returns what stops it.
function followPage(search, address, onHistory) {
  const main = scroller();
  const onSlash = (event) => {
    if (event.key !== "/" || !isPlainClick(event) || isTyping(event)) return;
    event.preventDefault();
    search.focus();
  };
  const onMove = () => address.isOurs() && onHistory();
  const onScroll = () => address.write({});
  document.addEventListener("keydown", onSlash);
  window.addEventListener("popstate", onMove);
  window.addEventListener("pagehide", address.flush);
  main?.addEventListener("scroll", onScroll, { passive: true });
  return () => {
    address.close();
    document.removeEventListener("keydown", onSlash);
    window.removeEventListener("popstate", onMove);
    window.removeEventListener("pagehide", address.flush);
    main?.removeEventListener("scroll", onScroll);
  };
}

// ---------------------------------------------------------------------------------------------
// Chips: one choice among several, each with its number

const NUMBERS = new Intl.NumberFormat("en");

// Draws [value, label, number] as toggle buttons and keeps the focus where it was.
function drawChips(chips, choices, chosen) {
  const html = choices.map(([value, label]) => `<button type="button" class="chip"
    data-value="${escapeHtml(value)}">${escapeHtml(label)} <span class="number"></span></button>`).join("");
  if (chips.drawn !== html) {
    const at = focused(chips)?.dataset?.value;
    chips.drawn = html;
    chips.innerHTML = html;
    if (at !== undefined) [...chips.children].find((chip) => chip.dataset.value === at)?.focus();
  }
  choices.forEach(([value, , number], index) => tellChip(chips.children[index], number, value === chosen));
}

// What stays the same is not written: every write is a layout.
function tellChip(chip, number, pressed) {
  const told = chip.lastElementChild;
  const text = NUMBERS.format(number);
  if (told.textContent !== text) told.textContent = text;
  chip.classList.toggle("none", !number);
  if (chip.ariaPressed !== String(pressed)) chip.ariaPressed = String(pressed);
}

function onChip(chips, choose) {
  chips.onclick = (event) => {
    const chip = event.target.closest(".chip");
    if (chip) choose(chip.dataset.value);
  };
}

// ---------------------------------------------------------------------------------------------
// Icons

const HUES = ["blue", "green", "violet", "orange", "red", "yellow"];

function hueOf(id) {
  let sum = 0;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return HUES[sum % HUES.length];
}

function monogram(name) {
  const words = String(name ?? "").match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const letters = words.length > 1 ? words[0][0] + words[1][0] : words[0].slice(0, 2);
  return letters.toUpperCase();
}

// Decorative: the name stands beside it.
function iconHtml(id, name, url) {
  const source = safeUrl(url);
  const inside = source
    ? `<img src="${escapeHtml(source)}" alt="" width="40" height="40" loading="lazy" decoding="async">`
    : escapeHtml(monogram(name));
  const kind = source ? "picture" : "monogram";
  return `<span class="icon ${kind} ${hueOf(id)}" aria-hidden="true" data-name="${escapeHtml(name)}">${inside}</span>`;
}

// Errors of images do not bubble, and a card may be out of the document when its icon fails.
function watchIcons(within) {
  for (const picture of within.querySelectorAll(".icon img")) {
    picture.onerror = () => {
      const icon = picture.parentElement;
      if (!icon) return;
      icon.textContent = monogram(icon.dataset.name);
      icon.classList.replace("picture", "monogram");
    };
  }
}
