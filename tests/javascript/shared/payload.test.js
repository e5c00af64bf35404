import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test } from "node:test";

import { openNew } from "../../../pbf/components/shared/payload.js";

function payload(label, body) {
  return new Uint8Array(Buffer.concat([Buffer.from(`${JSON.stringify(label)}\n`), gzipSync(JSON.stringify(body))]));
}

test("the first payload is opened with its label", async () => {
  const update = await openNew({}, payload({ version: "1", now: "noon" }, { rows: ["\u00e9\n"] }));

  assert.deepEqual(update, { version: "1", now: "noon", body: { rows: ["\u00e9\n"] }, isFirst: true });
});

test("the same version is not opened again, the next one is and is not the first", async () => {
  const view = {};
  await openNew(view, payload({ version: "1" }, []));

  assert.equal(await openNew(view, payload({ version: "1" }, "damaged")), undefined);
  assert.deepEqual(await openNew(view, payload({ version: "2" }, [2])), { version: "2", body: [2], isFirst: false });
});

test("a version is dropped if a newer one arrives while it is decompressed", async () => {
  const view = {};

  const [older, newer] = await Promise.all([
    openNew(view, payload({ version: "1" }, [1])),
    openNew(view, payload({ version: "2" }, [2])),
  ]);

  assert.equal(older, undefined);
  assert.deepEqual(newer.body, [2]);
});
