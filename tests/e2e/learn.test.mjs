// Learn: its list, its pages, the links of the pages into the lab, and the way back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const hash = (page) => new URL(page.url()).hash;

test("a page of a pattern opens from the list, and its links open the run that breaks it", async () => {
  const page = await lab.open();
  await page.getByRole("button", { name: "Learn", exact: true }).click();
  await page.getByRole("heading", { name: "Learn by breaking things" }).waitFor();
  assert.equal(hash(page), "#learn");
  assert.deepEqual(await accessibilityProblems(page), []);

  await page.getByRole("link", { name: /^Two-phase commit/ }).click();
  await page.getByRole("heading", { name: "What breaks it" }).waitFor();
  assert.equal(hash(page), "#page=two-phase-commit");
  assert.equal(await page.evaluate(() => document.activeElement.id), "page-title", "a reader goes on at the title");
  assert.deepEqual(await accessibilityProblems(page), []);

  await page.locator("a.run").first().click();
  await page.locator("g.node").first().waitFor();
  const strip = await page.locator(".strip").innerText();
  assert.match(strip, /in doubt|Progress|Atomicity/i);
  assert.match(hash(page), /^#1\./);

  await page.goBack();
  await page.getByRole("heading", { name: "What breaks it" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Learn by breaking things" }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("short addresses open pages and scenarios, and say what there is where there is none", async () => {
  const page = await lab.open({ hash: "#page=fidelity", scheme: "light" });
  await page.getByRole("heading", { name: "Where each millisecond comes from" }).waitFor();
  assert.deepEqual(await accessibilityProblems(page), []);
  await page.evaluate(() => (location.hash = "#scenario=last-seat"));
  await page.locator("g.node").first().waitFor();
  await page.waitForFunction(() => location.hash.startsWith("#1."));
  await page.evaluate(() => (location.hash = "#page=nothing"));
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /no such page; there are choosing, shared-database/);
  assert.ok(await page.locator("g.node").count(), "what was on screen stays");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

for (const scheme of ["dark", "light"]) {
  test(`the list and a page fit a phone, ${scheme}`, async () => {
    const page = await lab.open({ hash: "#learn", width: 390, height: 844, scheme });
    await page.getByRole("heading", { name: "Learn by breaking things" }).waitFor();
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    assert.ok(await fits());
    assert.deepEqual(await accessibilityProblems(page), []);
    await page.getByRole("link", { name: /^Saga, choreographed/ }).click();
    await page.getByRole("heading", { name: "What it costs" }).waitFor();
    assert.ok(await fits());
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a page that does not come says so and comes when asked again", async () => {
  const page = await lab.open({ hash: "#learn" });
  let refuse = true;
  await page.route("**/pages/words.md", (route) => (refuse ? route.abort() : route.continue()));
  await page.getByRole("link", { name: /^The words/ }).click();
  await page.getByText("This page did not come").waitFor();
  refuse = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "What is there" }).waitFor();
  await page.context().close();
});
