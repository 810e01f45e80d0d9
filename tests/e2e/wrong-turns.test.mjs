// Wrong turns: each says in a sentence what is the matter and has one action that leaves it; the run before stays
// drawn, the keyboard stays where it was, nothing is lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const field = (page) => page.getByRole("textbox", { name: "The scenario as JSON" });
const says = (page) => page.locator("#desk-says");
const turn = (page) => page.locator(".run-turn");

async function openDesk(page) {
  await page.waitForSelector(".runs li");
  await page.locator(".scenario-menu > button").click();
  await page.locator(".popup").getByRole("button", { name: "Edit as text" }).click();
  await field(page).waitFor();
}

/** The page with the desk open; long tasks are counted from here on. */
async function atDesk(options = {}) {
  const page = await lab.open({ hash: "#scenario=checkout", ...options });
  await openDesk(page);
  await page.evaluate(() => {
    globalThis.long = [];
    const note = (list) => globalThis.long.push(...list.getEntries().map((it) => Math.round(it.duration)));
    new PerformanceObserver(note).observe({ type: "longtask" });
  });
  return page;
}

/** Puts a document into the field that is the one there, changed. */
async function write(page, change) {
  const scenario = JSON.parse(await field(page).inputValue());
  change(scenario);
  await field(page).fill(JSON.stringify(scenario, null, 2));
  await page.waitForFunction(() => document.querySelector("#desk-says").innerText !== "Reading …");
}

async function runIt(page) {
  await page.getByRole("button", { name: "Run it" }).click();
  await page.locator("#desk-says", { hasText: "made of this text" }).waitFor();
}

/** What holds at the end of each: the graph is drawn, axe is content, nobody complained. */
async function done(page, name) {
  assert.ok((await page.locator("g.node").count()) > 0, "a run is drawn");
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  const long = await page.evaluate(() => globalThis.long ?? []);
  console.log(`${name}: long tasks of ${long.length ? long.join(", ") : "none"} ms`);
  await page.context().close();
}

for (const [name, change, message] of [
  ["no transactions", (it) => (it.transactions = []), /there is no transaction "checkout"/],
  ["no services", (it) => (it.services = []), /services/],
  ["nothing arrives", (it) => (it.workload.mix = []), /mix/],
]) {
  test(`${name}: named in place, and one press leads back`, async () => {
    const page = await atDesk();
    await write(page, change);
    await page.locator(".mistake").first().waitFor();
    assert.match(await page.locator(".problems").innerText(), message);
    assert.match(await says(page).innerText(), /The run on screen stays as it is/);
    assert.ok(await page.getByRole("button", { name: "Run it" }).isDisabled());
    assert.ok(await field(page).evaluate((it) => it === document.activeElement), "the keyboard stays in the text");
    assert.equal(await page.locator(".controls-of-text:disabled").count(), 1, "the controls wait");
    await page.getByRole("button", { name: "Take the run's text" }).click();
    await page.locator("#desk-says", { hasText: "made of this text" }).waitFor();
    await done(page, name);
  });
}

test("an empty text has a way to a small scenario", async () => {
  const page = await atDesk();
  await field(page).fill("  ");
  const empty = page.locator(".turn", { hasText: "The text is empty" });
  await empty.waitFor();
  await empty.getByRole("button").click();
  await page.locator("#desk-says", { hasText: "not the run on screen yet" }).waitFor();
  await runIt(page);
  await page.locator(".scenario-menu > button", { hasText: "A scenario of my own" }).waitFor();
  await done(page, "empty");
});

test("a hundred transactions at once: one can be followed", async () => {
  const page = await atDesk();
  await write(page, (it) => (it.workload.arrivals = { "at-us": Array(100).fill(0) }) && delete it.workload.count);
  await runIt(page);
  await turn(page).waitFor();
  assert.match(await turn(page).innerText(), /Up to 100 transactions are under way at once/);
  await turn(page).getByRole("button", { name: "Follow one of them" }).click();
  await turn(page).waitFor({ state: "detached" });
  await page.locator(".right h2", { hasText: /^T\d+ checkout/ }).waitFor();
  await done(page, "a hundred at once");
});

test("a stuck saga: the way to where it stopped", async () => {
  const page = await lab.open({ hash: "#scenario=failed-compensation" });
  await turn(page).waitFor();
  assert.match(await turn(page).innerText(), /T\d+ is stuck: it can neither finish nor be undone/);
  await turn(page).getByRole("button", { name: "Show where" }).click();
  await turn(page).waitFor({ state: "detached" });
  await page.locator(".right .reason").first().waitFor();
  await done(page, "stuck");
});

test("a run that its limit cut: it can go on", async () => {
  const page = await atDesk();
  await write(page, (it) => (it.limits = { events: 200 }));
  await runIt(page);
  await turn(page).waitFor();
  assert.match(await turn(page).innerText(), /cut at its limit of 200 events; what would come after is not known/);
  await turn(page).getByRole("button", { name: "Allow ten times as much" }).click();
  await turn(page).waitFor({ state: "detached" });
  assert.match(await field(page).inputValue(), /"events": 2000/, "the text goes with it");
  await done(page, "cut");
});

test("storage denied: said, and a file keeps the text", async () => {
  const page = await atDesk({
    before: () => Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("no", "SecurityError"); } }),
  });
  const obstacle = page.locator(".turn[role=alert]");
  assert.match(await obstacle.innerText(), /keeps nothing for this page/);
  await write(page, (it) => (it.title = "Not to be lost"));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    obstacle.getByRole("button", { name: "Save as a file" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "not-to-be-lost.json");
  await done(page, "denied");
});

test("storage full: said, the text stays, and a file keeps it", async () => {
  const page = await atDesk({
    before: () => {
      const put = Storage.prototype.setItem;
      Storage.prototype.setItem = function (key, value) {
        if (key.startsWith("interleave.document.")) throw new DOMException("full", "QuotaExceededError");
        return put.call(this, key, value);
      };
    },
  });
  await write(page, (it) => (it.title = "Large"));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const obstacle = page.locator(".turn[role=alert]");
  assert.match(await obstacle.innerText(), /full: the text was not saved/);
  assert.ok((await field(page).inputValue()).includes("Large"));
  assert.ok(await page.evaluate(() => document.activeElement.id === "desk-obstacle-way"));
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(download.suggestedFilename(), "large.json");
  await done(page, "full");
});

test("the back button leads to the run before, and the text that is being written stays", async () => {
  const page = await atDesk();
  await write(page, (it) => (it.seed = 11));
  await runIt(page);
  await write(page, (it) => (it.title = "Half-written"));
  await page.goBack();
  await page.locator(".scenario-menu small", { hasText: "seed 7" }).waitFor();
  assert.ok((await field(page).inputValue()).includes("Half-written"), "the text stays");
  assert.match(await says(page).innerText(), /not the run on screen yet/);
  await page.getByRole("button", { name: "Take the run's text" }).click();
  assert.ok((await field(page).inputValue()).includes('"seed": 7'));
  await page.getByRole("button", { name: "Bring my text back" }).click();
  assert.ok((await field(page).inputValue()).includes("Half-written"));
  await done(page, "back");
});

test("two tabs that save under one name: the second is told, and both texts are kept", async () => {
  const one = await atDesk();
  const two = await one.context().newPage();
  two.complaints = [];
  await two.goto(lab.address + "#scenario=checkout");
  const save = (page) => page.getByRole("button", { name: "Save", exact: true }).click();
  await one.getByRole("textbox", { name: "Name", exact: true }).fill("Ours");
  await save(one);
  await openDesk(two);
  await two.getByRole("button", { name: "Open: Ours" }).click();
  await write(one, (it) => (it.about = "of the first tab"));
  await save(one);
  const obstacle = two.locator(".turn[role=alert]");
  await obstacle.waitFor();
  assert.match(await obstacle.innerText(), /“Ours” was saved in another tab meanwhile/, "it is told at once");
  await write(two, (it) => (it.about = "of the second tab"));
  await save(two);
  const stored = (name) => one.evaluate((name) => localStorage.getItem(`interleave.document.${name}`), name);
  assert.match(await stored("Ours"), /of the first tab/, "nothing is written over");
  await obstacle.getByRole("button", { name: "Save under a free name" }).click();
  await two.locator(".desk-saved li", { hasText: "Ours (2)" }).waitFor();
  assert.match(await stored("Ours"), /of the first tab/);
  assert.match(await stored("Ours (2)"), /of the second tab/);
  await one.locator(".desk-saved li", { hasText: "Ours (2)" }).waitFor();
  assert.deepEqual(two.complaints, []);
  await done(one, "two tabs");
});
