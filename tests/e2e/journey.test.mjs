// The whole way: first visit, crash, rewind, switch, check, counterexample, link, second tab.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdir } from "node:fs/promises";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const moment = (page) => page.locator(".moment b").innerText();
const node = (page, name) => page.locator(`g.node [role=button][aria-label^="${name}"]`);
const runs = (page) => page.locator(".runs li");
const chosenRun = (page) => page.locator(".runs [aria-current=true] .name").innerText();
const parameter = (page, name) => new URLSearchParams(new URL(page.url()).hash.split("&").slice(1).join("&")).get(name);

/** Waits until `probe` gives something true, and returns it. */
async function until(what, probe, patience_ms = 60_000) {
  const end = Date.now() + patience_ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** The link in the address bar, once it holds the moment on screen and the run's digest. */
async function settledLink(page) {
  let before = "";
  return until("the address to settle", async () => {
    const now = page.url();
    const same = now === before && now.includes("&t=") && now.includes("&d=");
    before = now;
    await page.waitForTimeout(700);
    return same && page.url() === now ? now : "";
  });
}

/** Opens the first visit and crashes payments after it has charged. */
async function crashed(options = {}) {
  const page = await lab.open(options);
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await until("the second run", async () => (await runs(page).count()) === 2);
  return page;
}

/** Picks a shipped scenario from the menu in the header. */
async function openShipped(page, title) {
  await page.locator(".scenario-menu > button").click();
  await page.locator(".scenario-menu .popup button", { hasText: title }).first().click();
}

test("the first visit shows half an order in one click, and why", async () => {
  const page = await lab.open();
  assert.match(await page.locator(".sentence").innerText(), /payments is about to take her 30/);
  assert.equal(await page.locator("aside").count(), 0, "the panels wait");
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await until("the second run", async () => (await runs(page).count()) === 2);
  assert.match(await chosenRun(page), /payments crashes/);
  const strip = await page.locator(".strip").innerText();
  assert.match(strip, /Atomicity/);
  assert.match(strip, /half done/);
  const why = await page.locator("aside.right").innerText();
  assert.match(why, /crashed before it could publish/);
  assert.match(why, /never told/);
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("play, crash by keyboard, step back, undo", async () => {
  const page = await lab.open();
  await page.getByRole("button", { name: "or watch it succeed" }).click();
  await until("the run to play", async () => (await page.locator(".bar").count()) === 1);
  await page.keyboard.press("Home");
  const begin = await moment(page);
  await page.getByRole("button", { name: "Play" }).click();
  await until("time to pass", async () => (await moment(page)) !== begin);
  const pause = page.getByRole("button", { name: "Pause" });
  if (await pause.count()) await pause.click();

  await page.keyboard.press("Home");
  for (let step = 0; step < 8; step++) await page.keyboard.press("ArrowRight");
  const there = await moment(page);
  const before = await runs(page).count();
  await node(page, "stock").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Crash stock now" }).waitFor();
  await page.keyboard.press("Enter");
  await until("another run", async () => (await runs(page).count()) === before + 1);
  assert.match(await chosenRun(page), /crash stock/);

  await page.keyboard.press("End");
  const last = await moment(page);
  assert.notEqual(last, there);
  // Several events share the last moment: each is a step of its own.
  for (let step = 0; step < 12; step++) await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  await until("an earlier moment", async () => (await moment(page)) !== last);
  await page.keyboard.press("Control+z");
  await until("the run before", async () => !(await chosenRun(page)).includes("crash stock"));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("crash by mouse, switch the pattern, check, open the counterexample, share it", async () => {
  const page = await crashed({ scheme: "light" });
  await page.keyboard.press("Home");
  await node(page, "shipping").click();
  await page.getByRole("menuitem", { name: "Crash shipping now" }).click();
  await until("the third run", async () => (await runs(page).count()) === 3);

  await page.getByLabel("Coupling", { exact: true }).selectOption({ label: "Database per service, uncoordinated" });
  await until("the uncoordinated run", async () => (await chosenRun(page)).includes("Database per service"));
  assert.equal(await page.locator(`g [role=button][aria-label^="broker"]`).count(), 0, "it has no broker");

  await page.getByRole("button", { name: "Find what breaks it" }).click();
  const verdicts = page.locator(".verdicts");
  await until("the check to end", async () => {
    const text = await page.locator(".progress").innerText().catch(() => "");
    return /Complete|Cut|Stopped/.test(text);
  });
  const broken = verdicts.locator("li.broke", { hasText: "Atomicity" });
  assert.match(await broken.innerText(), /broken, in \d+ step/);
  assert.deepEqual(await accessibilityProblems(page), []);
  await broken.getByRole("button", { name: "Show me" }).click();
  await until("the counterexample", async () => (await chosenRun(page)).includes("counterexample"));
  assert.match(await page.locator(".strip").innerText(), /Atomicity/);

  const link = await settledLink(page);
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.locator(".toast", { hasText: "Link copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());

  const second = await page.context().newPage();
  const complaints = [];
  second.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  second.on("pageerror", (error) => complaints.push(error.message));
  await second.goto(link);
  await second.waitForSelector(".bar");
  assert.equal(await settledLink(second), link, "the second tab holds the very same link");
  assert.equal(await moment(second), await moment(page));
  for (const name of ["t", "view", "d", "e"]) assert.equal(parameter(second, name), parameter(page, name), name);
  assert.equal(await second.locator(".banner").count(), 0, "no digest differs");
  assert.deepEqual(complaints, []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a link whose digest differs says so with both", async () => {
  const page = await crashed();
  const link = await settledLink(page);
  const found = parameter(page, "d");
  await page.goto("about:blank");
  await page.goto(link.replace(`&d=${found}`, "&d=0123456789abcdef"));
  const banner = page.locator(".banner");
  await banner.waitFor();
  const text = await banner.innerText();
  assert.match(text, /0123456789abcdef/);
  assert.match(text, new RegExp(found));
  await page.context().close();
});

test("a check can be stopped at once, and the page answers while it runs", async () => {
  const page = await crashed();
  await openShipped(page, "Checkout");
  await until("the run to end", async () => /✓|✕/.test(await page.locator(".runs").innerText()));
  await page.getByRole("button", { name: "Find what breaks it" }).click();
  const states = async () => Number((await page.locator(".progress .big b").innerText().catch(() => "0")).replaceAll(",", ""));
  await until("states to be counted", async () => (await states()) > 0);
  const stop = page.getByRole("button", { name: "Stop" });
  if (await stop.count()) {
    await stop.click();
    await page.locator(".coverage", { hasText: /Stopped|Complete|Cut/ }).waitFor();
  }
  const stopped = await states();
  await page.waitForTimeout(300);
  assert.equal(await states(), stopped, "nothing goes on behind a stopped check");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("couplings are compared side by side, and the comparison can be stopped", async () => {
  for (const scheme of ["light", "dark"]) {
    const page = await crashed({ scheme });
    await openShipped(page, "Checkout");
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    const choices = page.getByRole("main", { name: "Compare" });
    await choices.waitFor();
    await until("the address to say so", async () => parameter(page, "view") === "compare");
    const checked = choices.getByRole("checkbox", { checked: true });
    while (await checked.count()) await checked.first().uncheck();
    const start = choices.getByRole("button", { name: "Compare these" });
    assert.ok(await start.isDisabled(), "one coupling is no comparison");
    await choices.getByLabel("Database per service, uncoordinated").check();
    await choices.getByLabel("Saga, choreographed").check();

    await choices.getByLabel("Seeds").fill("200");
    await start.click();
    const stop = choices.getByRole("button", { name: "Stop" });
    if (await stop.count()) {
      await stop.click();
      await choices.getByText(/Stopped|Every run is done/).waitFor();
    }
    const runs = () => choices.locator(".progress .big b").innerText();
    const stopped = await runs();
    await page.waitForTimeout(300);
    assert.equal(await runs(), stopped, "nothing goes on behind a stopped comparison");

    await choices.getByLabel("Seeds").fill("4");
    await start.click();
    await choices.getByText("Every run is done.").waitFor({ timeout: 60_000 });
    assert.equal(await runs(), "8");
    const table = choices.getByRole("table");
    assert.deepEqual(
      (await table.getByRole("columnheader").allInnerTexts()).map((text) => text.trim()),
      ["Figure", "Database per service, uncoordinated", "Saga, choreographed"],
    );
    const row = (name) => table.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) }).getByRole("cell");
    assert.deepEqual((await row("Transactions started").allInnerTexts()).map((text) => text.trim()), ["40 ±0", "40 ±0"]);
    const [half, none] = await row("Broken: atomicity").allInnerTexts();
    assert.ok(Number.parseFloat(half) > 0, half);
    assert.match(none, /^0 ±0\s*▼/);
    assert.match(await choices.innerText(), /uncoordinated breaks atomicity in 4 of 4 runs, first with seed 7/);
    assert.deepEqual(await accessibilityProblems(page), []);
    await page.setViewportSize({ width: 320, height: 640 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `only the table scrolls sideways (${overflow} px)`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

for (const title of ["Checkout", "Customers and orders", "Trip"]) {
  test(`${title} plays, and axe is content in both themes`, async (t) => {
    for (const scheme of ["light", "dark"]) {
      const page = await crashed({ scheme });
      await openShipped(page, title);
      await until("the run to end", async () => /✓|✕/.test(await page.locator(".runs [aria-current=true]").innerText()));
      await page.evaluate(() => (globalThis.__interleave.frame_ms.length = 0));
      await page.keyboard.press("Home");
      await page.keyboard.press("Space");
      await page.waitForTimeout(1_500);
      await page.keyboard.press("Space");
      const times = await page.evaluate(() => [...globalThis.__interleave.frame_ms].filter(Number.isFinite));
      times.sort((a, b) => a - b);
      const p95 = times[Math.floor(times.length * 0.95)] ?? 0;
      t.diagnostic(`${title}, ${scheme}: script time per frame at the 95th percentile ${p95.toFixed(2)} ms of ${times.length} frames`);
      assert.ok(times.length > 0, "frames were drawn");
      assert.deepEqual(await accessibilityProblems(page), []);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  });
}

test("it works at 320 pixels, and without motion", async () => {
  const page = await crashed({ width: 320, height: 640, reducedMotion: "reduce" });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `nothing is cut off sideways (${overflow} px)`);
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("the picture of the README is this page", async () => {
  const page = await crashed({ scheme: "light" });
  await settledLink(page);
  await page.mouse.move(700, 880);
  const folder = process.env.INTERLEAVE_UPDATE ? "docs" : "target";
  await mkdir(folder, { recursive: true });
  const picture = await page.screenshot({ path: `${folder}/lab.png` });
  assert.ok(picture.length > 20_000, "it shows something");
  await page.context().close();
});
