// What is shown as a CSV file (RFC 4180), made in the browser.

const iso = (moment) => (moment === null ? "" : new Date(moment).toISOString());
const FIELDS = [
  ["Name", (row) => row.name],
  ["Permanent name", (row) => row.schema],
  ["Service", (row) => row.serviceName],
  ["Status", (row) => row.status],
  ["Reason", (row) => row.reason],
  ["Last success", (row) => iso(row.last)],
  ["Next sync", (row) => iso(row.due) || row.dueWords],
  ["Frequency", (row) => row.frequency],
  ["Id", (row) => row.id],
];

// The rule of pbf/spreadsheet.py: an apostrophe goes before whatever a spreadsheet takes for a formula,
// also where one that parts fields at a semicolon, a tab or a line break sees a beginning.
const SIGNS = "=+\\-@\\u2212\\ufe62\\ufe63\\ufe66\\ufe6b\\uff0b\\uff0d\\uff1d\\uff20";
const BLANKS = " \\v\\f\\0\"\\u0085\\u00a0\\u2028\\u2029\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff";
const FORMULA = new RegExp(`(?:^|(?<=[;\\t\\r\\n]))(?=[${BLANKS}]*[${SIGNS}])`, "g");

function harmless(value) {
  const safe = String(value ?? "").replace(FORMULA, "'");
  return /^[\t\r\n]/.test(safe) ? `'${safe}` : safe;
}

function csvField(value) {
  return `"${harmless(value).replaceAll('"', '""')}"`;
}

function csv(rows) {
  const lines = [FIELDS.map(([name]) => name), ...rows.map((row) => FIELDS.map(([, tell]) => tell(row)))];
  return lines.map((line) => `${line.map(csvField).join(",")}\r\n`).join("");
}

function download(view) {
  // The mark in front tells spreadsheets that it is UTF-8.
  const url = URL.createObjectURL(new Blob(["\uFEFF", csv(view.shown)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `connectors-${new Date(clock(view)).toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
