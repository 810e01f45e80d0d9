// The mode Check: in a worker, without one, stopped, cut, broken, and large.
//
// INTERLEAVE_CHECK_STATES sets how many states the large check visits (300,000 unless told; ten million by hand).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

const STATES = Number(process.env.INTERLEAVE_CHECK_STATES ?? 300_000);

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const check = (page) => page.getByRole("main", { name: "Check" });
const field = (page, name) => check(page).getByRole("textbox", { name, exact: true });
const coverage = (page) => check(page).locator(".coverage");
const states = async (page) =>
  Number((await check(page).locator(".progress .big b").innerText().catch(() => "0")).replaceAll(",", ""));
const over = /Complete|Cut|Stopped|ended early|sample/;

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

/** Opens the mode Check over the first visit's order, or over a shipped scenario. */
async function open(options = {}, shipped = "") {
  const page = await lab.open(options);
  await page.getByRole("button", { name: "or watch it succeed" }).click();
  if (shipped) {
    await page.locator(".scenario-menu > button").click();
    await page.locator(".scenario-menu .popup button", { hasText: shipped }).first().click();
  }
  await page.getByRole("button", { name: "Check", exact: true }).click();
  await check(page).waitFor();
  return page;
}

/** Sets bounds and starts. */
async function search(page, bounds) {
  await page.locator(".more > summary").click();
  for (const [name, value] of Object.entries(bounds)) await field(page, name).fill(String(value));
  await check(page).getByRole("button", { name: "Find what breaks it" }).click();
}

/** Bounds whose space is far larger than any test waits for. */
const HUGE = { Transactions: 3, Crashes: 2, "Messages lost": 2, "Delivered twice": 2, "Early retries": 2, "States at most": 50_000_000, "Memory at most, MB": 3_500 };

test("a check in a worker finds a counterexample, opens it, and copies its link", async () => {
  const page = await open({ scheme: "light" });
  const worker = page.waitForEvent("worker");
  await search(page, { Crashes: 1, "Messages lost": 0, "Delivered twice": 0 });
  await worker;
  await until("the check to end", async () => over.test(await coverage(page).innerText().catch(() => "")));
  assert.match(await coverage(page).innerText(), /^Complete: every state/);
  assert.equal(await check(page).getByText("Searched on the page itself").count(), 0);
  const broken = check(page).locator(".verdict.broke", { hasText: "Atomicity" });
  assert.match(await broken.innerText(), /1 crash.*broken, in \d+ step/s);
  const first = check(page).locator(".verdict").first();
  assert.match(await first.getAttribute("class"), /broke/, "what is broken comes first");
  const held = check(page).locator(".verdict.held").first();
  assert.match(await held.innerText(), /1 crash, any timing: holds, complete, [\d,]+ states/);
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.equal(page.workers().length, 0, "a worker that is done is let go");

  await broken.getByRole("button", { name: "Copy link" }).click();
  await page.locator(".toast", { hasText: "counterexample copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await broken.getByRole("button", { name: "Show me" }).click();
  await until("the counterexample", async () => (await page.locator(".runs [aria-current=true] .name").innerText()).includes("counterexample"));
  assert.match(await page.locator(".strip").innerText(), /Atomicity/);
  const moment = await page.locator(".moment b").innerText();

  const second = await page.context().newPage();
  await second.goto(link);
  await second.waitForSelector(".bar");
  assert.equal(await second.locator(".moment b").innerText(), moment, "the link opens at the same event");
  assert.equal(await second.locator(".banner").count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("why it is broken, what mends it, and applying that", async () => {
  const page = await open({ scheme: "dark" });
  await search(page, { Crashes: 1, "Messages lost": 0, "Delivered twice": 0 });
  const broken = check(page).locator(".verdict", { hasText: "Atomicity" });
  await coverage(page).filter({ hasText: /^Complete/ }).waitFor();
  await broken.getByRole("button", { name: /Why, and what mends it/ }).click();
  const answer = broken.locator(".answer");
  await answer.getByText("What led to it").waitFor();
  await answer.getByText(/^Further checks visited/).waitFor({ timeout: 60_000 });
  assert.match(await answer.innerText(), /With one such fault less: it holds: complete/, "without the crash it holds");
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.equal(page.workers().length, 0, "the worker is let go");
  await page.setViewportSize({ width: 320, height: 720 });
  const wide = await check(page).evaluate((main) => main.scrollWidth - main.clientWidth);
  assert.ok(wide <= 0, `nothing is cut off sideways (${wide} px)`);
  await page.setViewportSize({ width: 1440, height: 900 });

  const runName = () => page.locator(".runs [aria-current=true] .name").innerText();
  const back = () => page.getByRole("button", { name: "Check", exact: true }).click();
  await answer.locator(".story button").last().click();
  await until("the counterexample", async () => (await runName()).startsWith("counterexample: Atomicity"));
  const runs = await page.locator(".runs li").count();
  const only = page.getByRole("button", { name: "Only what led to it" });
  assert.equal(await only.getAttribute("aria-pressed"), "true");
  assert.ok((await page.locator("g.node.aside").count()) > 0, "services that had no part in it stand back");
  await only.click();
  assert.equal(await page.locator("g.node.aside").count(), 0);
  await back();
  await answer.locator(".story button").first().click();
  await until("the counterexample again", async () => (await runName()).startsWith("counterexample: Atomicity"));
  assert.equal(await page.locator(".runs li").count(), runs, "it is the same run");
  await back();
  await answer.getByRole("button", { name: "Open it beside" }).click();
  await until("the run that passes", async () => (await runName()).startsWith("passes: Atomicity"));
  assert.equal(await page.locator(".strip .property.broken", { hasText: "Atomicity" }).count(), 0);
  await back();

  const mends = answer.locator(".finding", { has: page.locator(".good") }).filter({ has: page.getByRole("button", { name: /^Apply/ }) }).first();
  await mends.getByRole("button", { name: /^Apply/ }).click();
  await page.locator(".toast", { hasText: "Applied: " }).waitFor();
  await check(page).getByRole("button", { name: "Check the one on screen" }).click();
  await coverage(page).filter({ hasText: /^Complete/ }).waitFor();
  const mended = check(page).locator(".verdict.held", { hasText: "Atomicity" });
  assert.equal(await mended.count(), 1, "what it said is so");

  await mended.getByRole("button", { name: "Runs that come closest" }).click();
  await mended.locator(".answer").getByText(/drawn at random, /).waitFor({ timeout: 60_000 });
  const close = mended.locator(".answer .findings li");
  assert.ok((await close.count()) >= 1 && (await close.count()) <= 5);
  await close.first().getByRole("button", { name: "Open" }).click();
  await until("a run that comes close", async () => (await runName()).startsWith("comes close: Atomicity"));
  assert.equal(await page.locator(".strip .property.broken", { hasText: "Atomicity" }).count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("without workers the search runs in slices on the page, and says so", async () => {
  const page = await lab.open({ before: () => delete globalThis.Worker });
  await page.getByRole("button", { name: "or watch it succeed" }).click();
  await page.getByRole("button", { name: "Find what breaks it" }).click();
  await check(page).waitFor();
  await check(page).getByText(/Searched on the page itself, in slices: /).waitFor();
  await until("the check to end", async () => over.test(await coverage(page).innerText()));
  assert.ok((await check(page).locator(".verdict.broke").count()) > 0);

  await search(page, HUGE);
  await until("states to be counted", async () => (await states(page)) > 0);
  await check(page).getByRole("button", { name: "Stop" }).click();
  await coverage(page).filter({ hasText: "Stopped" }).waitFor();
  const stopped = await states(page);
  await page.waitForTimeout(300);
  assert.equal(await states(page), stopped, "nothing goes on behind a stopped check");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a worker whose script does not arrive is replaced by slices", async () => {
  const page = await lab.open({ before: () => {
    const Real = globalThis.Worker;
    globalThis.Worker = class extends Real {
      constructor(script, options) { super(new URL("nowhere.js", script), options); }
    };
  } });
  await page.getByRole("button", { name: "or watch it succeed" }).click();
  await page.getByRole("button", { name: "Find what breaks it" }).click();
  await check(page).getByText(/Searched on the page itself, in slices: /).waitFor();
  await until("the check to end", async () => over.test(await coverage(page).innerText()));
  await page.context().close();
});

test("numbers that cannot be are named where they stand, and nothing starts", async () => {
  const page = await open();
  await search(page, { Crashes: 99 });
  const crashes = field(page, "Crashes");
  assert.equal(await crashes.inputValue(), "99", "it is not bent");
  assert.equal(await crashes.getAttribute("aria-invalid"), "true");
  assert.match(await check(page).locator(".bound.wrong").innerText(), /99 is out of bounds.*from 0 to 8/s);
  assert.equal(await page.evaluate(() => document.activeElement.id), "check-crash", "the keyboard is where the mistake is");
  assert.equal(await check(page).locator(".progress").count(), 0);
  await check(page).getByRole("button", { name: "Reset bounds" }).click();
  assert.equal(await check(page).locator(".wrong").count(), 0);

  for (const box of await check(page).locator("#check-properties input").all()) await box.uncheck();
  await check(page).getByRole("button", { name: "Find what breaks it" }).click();
  await check(page).getByText("Choose at least one property.").waitFor();
  assert.equal(await check(page).locator(".progress").count(), 0);
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("each bound ends a search in words", async () => {
  const page = await open();
  await search(page, { ...HUGE, "States at most": 1_000 });
  await coverage(page).filter({ hasText: /^Cut at the 1,000 states allowed: what is not broken is not proved/ }).waitFor();
  await field(page, "States at most").fill("50000000");
  await field(page, "Memory at most, MB").fill("1");
  await check(page).getByRole("button", { name: "Find what breaks it" }).click();
  await coverage(page).filter({ hasText: /^Cut at the memory allowed, 1 MB/ }).waitFor();
  await field(page, "Memory at most, MB").fill("1000");
  await field(page, "Longest schedule").fill("3");
  await check(page).getByRole("button", { name: "Find what breaks it" }).click();
  await coverage(page).filter({ hasText: /^Cut at the longest schedule allowed, 3 choices/ }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a worker that breaks or vanishes leaves the last report, and the page goes on", async () => {
  const page = await open();
  await search(page, HUGE);
  await until("states to be counted", async () => (await states(page)) > 0);
  const before = await states(page);
  // As the browser reports an allocation that it did not grant.
  await page.workers()[0].evaluate(() => {
    setTimeout(() => { throw new Error("RuntimeError: unreachable"); });
  });
  await coverage(page).filter({ hasText: /ended early, at [\d,]+ states: it ran out of memory\. What was found until then is kept/ }).waitFor();
  assert.ok((await states(page)) >= before);
  assert.ok((await check(page).locator(".verdict").count()) > 0, "what was found is kept");

  await check(page).getByRole("button", { name: "Find what breaks it" }).click();
  await until("a new search", async () => /Searching/.test(await coverage(page).innerText()) && page.workers().length === 1);
  await until("states to be counted", async () => (await states(page)) > 0);
  await page.workers()[0].evaluate(() => self.close());
  await check(page).getByRole("button", { name: "Stop" }).click();
  await coverage(page).filter({ hasText: /did not answer within .* and was ended; the last report is kept/ }).waitFor();
  await page.getByRole("button", { name: "Watch", exact: true }).click();
  await page.keyboard.press("End");
  assert.ok((await page.locator("g.node").count()) > 0);
  await page.context().close();
});

test("a new check takes the place of the one that runs; an edit marks what is known as older", async () => {
  const page = await open({ width: 320, height: 720, reducedMotion: "reduce" });
  await search(page, HUGE);
  await until("states to be counted", async () => (await states(page)) > 0);
  await page.getByLabel("Coupling", { exact: true }).selectOption({ label: "Database per service, uncoordinated" });
  await check(page).getByText("Of an older scenario").waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `nothing is cut off sideways (${overflow} px)`);
  assert.deepEqual(await accessibilityProblems(page), []);
  await field(page, "States at most").fill("2000");
  await check(page).getByRole("button", { name: "Check the one on screen" }).click();
  await until("the check to end", async () => over.test(await coverage(page).innerText()));
  assert.equal(await check(page).getByText("Of an older scenario").count(), 0);
  assert.ok(page.workers().length <= 1, "the one before is let go");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test(`a check of ${STATES.toLocaleString("en")} states leaves the page free, and Stop is answered`, async (t) => {
  const page = await open({}, "Checkout");
  await page.evaluate(() => {
    const seen = (globalThis.gaps = { frames: 0, longest: 0 });
    let last = performance.now();
    requestAnimationFrame(function frame() {
      const now = performance.now();
      seen.frames += 1;
      seen.longest = Math.max(seen.longest, now - last);
      last = now;
      requestAnimationFrame(frame);
    });
  });
  await page.locator(".more > summary").click();
  await check(page).getByLabel(/Fewest faults first/).uncheck();
  await page.locator(".more > summary").click();
  await search(page, { ...HUGE, "States at most": STATES });
  const began = Date.now();
  await until("states to be counted", async () => (await states(page)) > 0);
  await page.evaluate(() => Object.assign(globalThis.gaps, { frames: 0, longest: 0 }));
  // The page is used meanwhile: menus open, modes change, runs move.
  let slowest = 0;
  while (!over.test(await coverage(page).innerText())) {
    const asked = Date.now();
    await page.keyboard.press("?");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" }).catch(() => {});
    slowest = Math.max(slowest, Date.now() - asked);
    await page.waitForTimeout(Math.min(1_000, STATES / 1_000));
    if (Date.now() - began > 50 * 60_000) throw new Error("it takes too long");
  }
  const gaps = await page.evaluate(() => globalThis.gaps);
  const figures = await check(page).locator(".figures").innerText();
  t.diagnostic(`${await states(page)} states in ${(Date.now() - began) / 1_000} s; longest frame gap ${gaps.longest.toFixed(0)} ms of ${gaps.frames} frames; a dialog there and back in at most ${slowest} ms`);
  t.diagnostic(figures.replaceAll("\n", " "));
  t.diagnostic(await coverage(page).innerText());
  assert.ok(gaps.frames > 5, "frames go on");
  assert.ok(gaps.longest < 1_000, `the page froze for ${gaps.longest.toFixed(0)} ms`);

  await field(page, "States at most").fill("50000000");
  await check(page).getByRole("button", { name: "Find what breaks it" }).click();
  await until("states to be counted", async () => /Searching/.test(await coverage(page).innerText()) && (await states(page)) > 0);
  await page.waitForTimeout(1_500);
  await check(page).getByRole("button", { name: "Stop" }).click();
  await coverage(page).filter({ hasText: /^Stopped/ }).waitFor();
  t.diagnostic(await coverage(page).innerText());
  const stopped = await states(page);
  await page.waitForTimeout(300);
  assert.equal(await states(page), stopped, "nothing goes on behind a stopped check");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
