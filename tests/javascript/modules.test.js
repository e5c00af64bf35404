import assert from "node:assert/strict";
import { test } from "node:test";

for (const name of ["gallery", "connector_table", "redirect", "copy_field"]) {
  test(`${name} exports a component, and each of its imports exists`, async () => {
    const component = await import(`../../pbf/components/${name}/${name}.js`);

    assert.deepEqual(Object.keys(component), ["default"]);
    assert.equal(typeof component.default, "function");
  });
}
