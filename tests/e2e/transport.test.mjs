// The transport and the keys: steps of every kind in both directions, speeds, taking back and making again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const runs = (page) => page.locator(".runs li");
const moment = (page) => page.locator(".moment b").innerText();
const said = (page) => page.locator("#now-said").innerText();
const parameter = (page, name) =>
  page.evaluate((name) => new URLSearchParams(location.hash.slice(1).split("&").slice(1).join("&")).get(name), name);

/** The first visit's crash, with its digest in the address. */
async function crashed(options = {}) {
  const page = await lab.open(options);
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 2);
  await page.waitForFunction(() => location.hash.includes("&d="));
  return page;
}

test("steps by event, by message and by violation, in both directions", async () => {
  const page = await crashed();
  await page.keyboard.press("Home");
  const start = await said(page);
  await page.keyboard.press(".");
  await page.waitForFunction((text) => document.querySelector("#now-said").innerText !== text, start);
  const message = await said(page);
  await page.keyboard.press(".");
  await page.waitForFunction((text) => document.querySelector("#now-said").innerText !== text, message);
  await page.keyboard.press(",");
  await page.waitForFunction((text) => document.querySelector("#now-said").innerText === text, message);
  const before = await moment(page);
  await page.keyboard.press("]");
  await page.waitForFunction((text) => document.querySelector(".moment b").innerText !== text, before);
  // The button does the same, and beyond the last one the page says so.
  await page.getByRole("button", { name: "Next violation" }).click();
  await page.locator(".toast.shown", { hasText: "Nothing breaks after this moment" }).waitFor();
  await page.keyboard.press("[");
  await page.locator(".toast.shown", { hasText: "Nothing breaks before this moment" }).waitFor();
  await page.keyboard.press("End");
  const end = await moment(page);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  assert.equal(await moment(page), end);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("as fast as it goes, a run is at its end at once", async () => {
  const page = await crashed();
  await page.keyboard.press("End");
  const end = await moment(page);
  await page.keyboard.press("Home");
  await page.getByLabel("Speed").selectOption({ label: "as fast as it goes" });
  await page.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction((end) => document.querySelector(".moment b").innerText === end, end);
  await page.getByRole("button", { name: "Play" }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("an edit is taken back and made again, by keys and by buttons that name it", async () => {
  const page = await crashed();
  const digest = await parameter(page, "d");
  await page.keyboard.press("Control+z");
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 1);
  await page.locator(".toast.shown", { hasText: "Taken back: + payments crashes" }).waitFor();
  await page.keyboard.press("Control+Shift+z");
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 2);
  await page.waitForFunction((digest) => location.hash.includes(`&d=${digest}`), digest);
  await page.locator(".runs").getByRole("button", { name: "Undo" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 1);
  const redo = page.locator(".runs").getByRole("button", { name: "Redo" });
  assert.match(await redo.getAttribute("title"), /payments crashes/);
  await redo.click();
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 2);
  // Another edit forgets what was taken back.
  await page.keyboard.press("Control+z");
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 1);
  await page.getByLabel("Coupling", { exact: true }).selectOption("two-phase-commit");
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 2);
  assert.equal(await redo.count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("the browser's own way back leads to the run before, and forth again", async () => {
  const page = await crashed();
  await page.getByLabel("Coupling", { exact: true }).selectOption("two-phase-commit");
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 3);
  const third = await page.locator(".runs [aria-current=true] .name").innerText();
  await page.goBack();
  await page.waitForFunction((name) => document.querySelector(".runs [aria-current=true] .name").innerText !== name, third);
  await page.goForward();
  await page.waitForFunction((name) => document.querySelector(".runs [aria-current=true] .name").innerText === name, third);
  assert.equal(await runs(page).count(), 3, "no run was made anew");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

for (const scheme of ["light", "dark"]) {
  test(`letters alone can be switched off and stay off (${scheme})`, async () => {
    const page = await crashed({ scheme });
    await page.keyboard.press("t");
    await page.locator(".twin").waitFor();
    await page.keyboard.press("t");
    await page.locator(".twin").waitFor({ state: "hidden" });
    await page.keyboard.press("?");
    const dialog = page.locator("dialog[open]");
    await dialog.waitFor();
    assert.deepEqual(await accessibilityProblems(page), []);
    await dialog.getByLabel("Letters and signs alone are keys").uncheck();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    for (const key of ["t", "?", "]"]) await page.keyboard.press(key);
    assert.equal(await page.locator(".twin").count(), 0);
    assert.equal(await dialog.count(), 0);
    // Arrows are no letters.
    await page.keyboard.press("Home");
    const start = await moment(page);
    await page.keyboard.press("End");
    assert.notEqual(await moment(page), start);
    await page.reload();
    await page.waitForSelector("main");
    await page.keyboard.press("?");
    assert.equal(await dialog.count(), 0, "it is remembered");
    await page.getByRole("button", { name: "Keys" }).click();
    await dialog.getByLabel("Letters and signs alone are keys").check();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.keyboard.press("?");
    await dialog.waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("two tabs of the page do not disturb each other", async () => {
  const page = await crashed();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.waitForSelector("main");
  await other.waitForFunction(() => location.hash.includes("&d="));
  const there = page.url();
  await other.getByLabel("Coupling", { exact: true }).selectOption("two-phase-commit");
  await other.waitForFunction(() => document.querySelectorAll(".runs li").length === 2);
  assert.equal(page.url(), there);
  assert.equal(await runs(page).count(), 2);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
