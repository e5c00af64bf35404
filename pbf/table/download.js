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

// A spreadsheet takes a text that begins like a formula for one; an apostrophe in front stops it.
function csvField(value) {
  const text = String(value ?? "");
  const safe = /^[\s\u0000]*[=+\-@\uFF0B\uFF0D\uFF1D\uFF20]|^[\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
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
