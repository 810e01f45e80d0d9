// A released page works without a network after one visit, from a folder below a host's root, and asks nobody
// but its own folder for anything.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { start } from "./harness/browser.mjs";

let lab;
before(async () => (lab = await start()));
after(() => lab.close());

const folder = process.env.INTERLEAVE_PAGE ?? "target/page";
/** A debug page keeps nothing, so that nobody works on an old one. */
const released = existsSync(`${folder}/offline.js`);

test("after one visit the whole page works without a network", { skip: released ? false : "a debug page" }, async () => {
  const page = await lab.open();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.context().setOffline(true);
  await page.reload();
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await page.locator(".property.broken").first().waitFor();
  // A page of Learn that was never opened before, and a link in an address that the store does not know.
  await page.evaluate(() => (location.hash = "#page=two-phase-commit"));
  await page.getByRole("heading", { name: "What breaks it" }).waitFor();
  await page.goto(`${lab.address}?embed=1#story=lost-event.1`);
  await page.locator(".guess").first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("the store holds the release that runs, once and whole", { skip: released ? false : "a debug page" }, async () => {
  const page = await lab.open();
  await page.evaluate(() => navigator.serviceWorker.ready);
  const names = await page.evaluate(async () => {
    const own = (await caches.keys()).find((name) => name.startsWith("interleave "));
    return { own, files: (await (await caches.open(own)).keys()).map((request) => request.url) };
  });
  assert.ok(names.files.some((url) => url.endsWith("_bg.wasm")) && names.files.some((url) => url.endsWith("/index.html")), "the program and its page");
  assert.equal(new Set(names.files).size, names.files.length);
  const wasm = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name).find((name) => name.endsWith(".wasm")));
  assert.ok(names.files.includes(wasm), "the program that runs is that of the store");
  await page.context().close();
});

test("nothing is asked of anybody but the page's own folder", async () => {
  const page = await lab.open();
  const elsewhere = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(lab.address) && !url.startsWith("data:") && !url.startsWith("blob:")) elsewhere.push(url);
  });
  await page.reload();
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await page.locator(".property.broken").first().waitFor();
  await page.getByRole("button", { name: "Find what breaks it" }).click();
  await page.locator(".verdict").first().waitFor({ timeout: 120_000 });
  for (const mode of ["Compare", "Learn", "Watch"]) {
    await page.getByRole("navigation", { name: "Modes" }).getByRole("button", { name: mode }).click();
  }
  assert.deepEqual(elsewhere, []);
  const policy = await page.locator("meta[http-equiv='Content-Security-Policy']").getAttribute("content");
  assert.match(policy, /^default-src 'none'/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
