// Icons of services: the picture, or a monogram where there is none.

import { escapeHtml, safeUrl } from "./html.js";

const HUES = ["blue", "green", "violet", "orange", "red", "yellow"];

export function hueOf(id) {
  let sum = 0;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return HUES[sum % HUES.length];
}

export function monogram(name) {
  const words = String(name ?? "").match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const letters = words.length > 1 ? words[0][0] + words[1][0] : words[0].slice(0, 2);
  return letters.toUpperCase();
}

// Hidden from screen readers: the name stands beside it.
export function iconHtml(id, name, url) {
  const source = safeUrl(url);
  const content = source
    ? `<img src="${escapeHtml(source)}" alt="" width="40" height="40" loading="lazy" decoding="async">`
    : escapeHtml(monogram(name));
  const kind = source ? "picture" : "monogram";
  return `<span class="icon ${kind} ${hueOf(id)}" aria-hidden="true" data-name="${escapeHtml(name)}">${content}</span>`;
}

// Sets a handler on each picture: error events do not bubble, and the card may be detached when one fires.
export function watchIcons(root) {
  for (const picture of root.querySelectorAll(".icon img")) {
    picture.onerror = () => {
      const icon = picture.parentElement;
      if (!icon) return;
      icon.textContent = monogram(icon.dataset.name);
      icon.classList.replace("picture", "monogram");
    };
  }
}
