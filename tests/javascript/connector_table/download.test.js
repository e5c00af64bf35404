import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { csv, csvField } from "../../../pbf/components/connector_table/download.js";

// The same cases as the server's.
const FORMULAS = JSON.parse(readFileSync(new URL("../../support/formulas.json", import.meta.url)));

for (const { id, text, field } of FORMULAS) {
  test(`no field begins like a formula: ${id}`, () => {
    assert.equal(csvField(text), `"${field.replaceAll('"', '""')}"`);
  });
}

test("nothing is an empty field", () => {
  assert.equal(csvField(undefined), '""');
  assert.equal(csvField(null), '""');
});

test("a file has a header and a line for each row, ended as RFC 4180 says", () => {
  const row = {
    ...{ name: 'A "B"', schema: "a_b", serviceName: "Box, Inc.", status: "Failing", reason: "=1\n2", frequency: "Hourly" },
    ...{ id: "c1", last: Date.UTC(2026, 10, 23), due: null, dueWords: "On request" },
  };

  assert.equal(
    csv([row, { ...row, last: null, due: Date.UTC(2026, 10, 24) }]),
    '"Name","Permanent name","Service","Status","Reason","Last success","Next sync","Frequency","Id"\r\n'
      + '"A ""B""","a_b","Box, Inc.","Failing","\'=1\n2","2026-11-23T00:00:00.000Z","On request","Hourly","c1"\r\n'
      + '"A ""B""","a_b","Box, Inc.","Failing","\'=1\n2","","2026-11-24T00:00:00.000Z","Hourly","c1"\r\n',
  );
});
