// The address bar: what is a step of the browser's history, and what only replaces the last one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

/** Notes every change of the address by the page, with its time. */
function note() {
  window.noted = [];
  for (const name of ["pushState", "replaceState"]) {
    const original = history[name].bind(history);
    history[name] = (...all) => {
      window.noted.push({ name, at: performance.now() });
      original(...all);
    };
  }
}

const pushes = (page) => page.evaluate(() => window.noted.filter((it) => it.name === "pushState").length);
const cursor = (page) => page.evaluate(() => Number(new URLSearchParams(location.hash).get("t")));

async function watched(options = {}) {
  const page = await lab.open({ before: note, ...options });
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 2);
  await page.waitForFunction(() => location.hash.includes("&d="));
  return page;
}

test("playing, stepping and scrubbing replace the address, at most twice a second, and pausing writes it", async () => {
  const page = await watched();
  await page.keyboard.press("Home");
  await page.waitForFunction(() => new URLSearchParams(location.hash).get("t") === "0");
  const before = await pushes(page);
  const from = await page.evaluate(() => window.noted.length);
  await page.getByRole("button", { name: "Play", exact: true }).click();
  // Until the address was written three times while it plays, or the run is over.
  await page.waitForFunction(
    (from) => window.noted.length >= from + 3 || document.querySelector(".play").ariaLabel === "Play",
    from,
  );
  const times = await page.evaluate((from) => window.noted.slice(from).map((it) => it.at), from);
  assert.ok(times.length > 0, "the moment reaches the address");
  for (let at = 1; at < times.length - 1; at += 1) {
    assert.ok(times[at] - times[at - 1] >= 450, `${times[at] - times[at - 1]} ms between two`);
  }
  const pause = page.getByRole("button", { name: "Pause", exact: true });
  if (await pause.count()) await pause.click();
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  await page.keyboard.press("End");
  for (let step = 0; step < 10; step += 1) await page.keyboard.press("ArrowLeft");
  // Ten steps are a write or two, and the last of them holds where the moment is.
  await page.keyboard.press("Home");
  await page.waitForFunction(() => new URLSearchParams(location.hash).get("t") === "0");
  assert.equal(await pushes(page), before, "no step of the history");
  assert.equal(await cursor(page), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a coupling, a run, an edit and what is done by hand are steps of the history", async () => {
  const page = await watched();
  const before = await pushes(page);
  await page.getByLabel("Coupling", { exact: true }).selectOption("two-phase-commit");
  await page.waitForFunction(() => document.querySelectorAll(".runs li").length === 3);
  assert.equal(await pushes(page), before + 1);
  await page.locator(".runs li button").first().click();
  await page.waitForFunction(() => document.querySelector(".runs li button").ariaCurrent === "true");
  assert.equal(await pushes(page), before + 2);
  await page.getByRole("button", { name: "By hand" }).click();
  await page.locator("aside.hand").waitFor();
  assert.equal(await pushes(page), before + 3);
  // Back over all three, each to the run that was on screen.
  const chosen = (name) =>
    page.waitForFunction((name) => document.querySelector(".runs [aria-current=true] .name").innerText === name, name);
  const names = await page.locator(".runs .name").allInnerTexts();
  await page.goBack();
  await chosen(names[0]);
  await page.goBack();
  await chosen(names[2]);
  await page.goBack();
  await chosen(names[1]);
  await page.goForward();
  await chosen(names[2]);
  assert.equal(await page.locator(".runs li").count(), names.length, "no run was made anew");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("each stage of a story is a step of the history and a link", async () => {
  const page = await lab.open({ hash: "#story=lost-event.2", before: note });
  await page.locator("#story-say").waitFor();
  const stage = () => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get("story"));
  const first = await page.locator("#story-say").innerText();
  const before = await pushes(page);
  await page.getByRole("button", { name: /Back|Before|Previous/ }).first().click();
  await page.waitForFunction((text) => document.querySelector("#story-say").innerText !== text, first);
  assert.equal(await pushes(page), before + 1);
  assert.match(await stage(), /lost-event\.1/);
  await page.goBack();
  await page.waitForFunction((text) => document.querySelector("#story-say").innerText === text, first);
  assert.match(await stage(), /lost-event\.2/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
