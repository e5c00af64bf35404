// A CSV file (RFC 4180) of the rows shown, made in the browser.

import { serverTime } from "./clock.js";

const isoTime = (moment) => (moment === null ? "" : new Date(moment).toISOString());
const FIELDS = [
  ["Name", (row) => row.name],
  ["Permanent name", (row) => row.schema],
  ["Service", (row) => row.serviceName],
  ["Status", (row) => row.status],
  ["Reason", (row) => row.reason],
  ["Last success", (row) => isoTime(row.last)],
  ["Next sync", (row) => isoTime(row.due) || row.dueWords],
  ["Frequency", (row) => row.frequency],
  ["Id", (row) => row.id],
];

// The rule of pbf/spreadsheet.py: an apostrophe goes before anything that a spreadsheet takes for a
// formula, also after a semicolon, a tab or a line break, where some spreadsheets begin a new field.
const SIGNS = "=+\\-@\\u2212\\ufe62\\ufe63\\ufe66\\ufe6b\\uff0b\\uff0d\\uff1d\\uff20";
const BLANKS = " \\v\\f\\0\"\\u0085\\u00a0\\u2028\\u2029\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff";
const FORMULA = new RegExp(`(?:^|(?<=[;\\t\\r\\n]))(?=[${BLANKS}]*[${SIGNS}])`, "g");

function harmless(value) {
  const text = String(value ?? "").replace(FORMULA, "'");
  return /^[\t\r\n]/.test(text) ? `'${text}` : text;
}

export function csvField(value) {
  return `"${harmless(value).replaceAll('"', '""')}"`;
}

export function csv(rows) {
  const lines = [FIELDS.map(([name]) => name), ...rows.map((row) => FIELDS.map(([, valueOf]) => valueOf(row)))];
  return lines.map((line) => `${line.map(csvField).join(",")}\r\n`).join("");
}

export function download(view) {
  // The byte order mark tells spreadsheets that the file is UTF-8.
  const url = URL.createObjectURL(new Blob(["\uFEFF", csv(view.shown)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `connectors-${isoTime(serverTime(view)).slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
