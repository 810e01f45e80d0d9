// The page loads under its security policy, at any path, without a complaint.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

for (const scheme of ["dark", "light"]) {
  test(`the page opens without a complaint (${scheme})`, async () => {
    const page = await lab.open({ scheme });
    assert.equal(await page.locator("#loader").count(), 0, "the loader has gone");
    assert.equal(await page.locator("h1").count(), 1, "there is one main heading");
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("the security policy forbids inline script", async () => {
  const page = await lab.open();
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.inlineScriptRan = true";
    document.body.append(script);
    return globalThis.inlineScriptRan === true;
  });
  assert.equal(ran, false);
  await page.context().close();
});

test("an engine that does not arrive is admitted", async () => {
  const page = await lab.open();
  await page.route("**/*.wasm", (route) => route.abort());
  await page.reload({ waitUntil: "load" });
  const text = page.locator("#loader-text");
  await text.filter({ hasText: "could not start" }).waitFor();
  await page.context().close();
});
