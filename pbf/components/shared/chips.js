// Chips: one choice among several, each with its number.

import { escapeHtml } from "./html.js";
import { focused } from "./page.js";

export const NUMBERS = new Intl.NumberFormat("en");

// Draws [value, label, number] as toggle buttons and keeps the focus where it was.
export function drawChips(chips, choices, selected) {
  const html = choices.map(([value, label]) => `<button type="button" class="chip"
    data-value="${escapeHtml(value)}">${escapeHtml(label)} <span class="number"></span></button>`).join("");
  if (chips.html !== html) {
    const value = focused(chips)?.dataset?.value;
    chips.html = html;
    chips.innerHTML = html;
    if (value !== undefined) [...chips.children].find((chip) => chip.dataset.value === value)?.focus();
  }
  choices.forEach(([value, , number], index) => updateChip(chips.children[index], number, value === selected));
}

// Writes only what changed: every write costs a layout.
function updateChip(chip, number, isPressed) {
  const label = chip.lastElementChild;
  const text = NUMBERS.format(number);
  if (label.textContent !== text) label.textContent = text;
  chip.classList.toggle("none", !number);
  if (chip.ariaPressed !== String(isPressed)) chip.ariaPressed = String(isPressed);
}

export function onChip(chips, choose) {
  chips.onclick = (event) => {
    const chip = event.target.closest(".chip");
    if (chip) choose(chip.dataset.value);
  };
}
