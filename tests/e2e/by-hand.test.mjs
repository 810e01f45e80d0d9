// By hand: the person is the scheduler, on the graph, in the list and by the keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

/** One order without an outbox, begun by hand. */
async function byHand(options = {}) {
  const page = await lab.open(options);
  await page.getByRole("button", { name: "or watch it succeed" }).click();
  await page.getByRole("button", { name: "By hand" }).click();
  await page.locator("aside.hand").waitFor();
  return page;
}

const panel = (page) => page.locator("aside.hand");
const choices = (page) => panel(page).locator(".choices:not(:last-child) .choice:not(.harm), .choices .choice:not(.harm)");
const made = async (page) => Number((await panel(page).innerText()).match(/(\d+) choices? made/)[1]);

/** Waits until so many choices are made. */
const madeIs = (page, count) => panel(page).getByText(new RegExp(`^${count} choices? made`)).waitFor();

/** Makes the first choice that needs no fault, until one matches or none is left. */
async function go(page, until) {
  for (let step = 0; step < 40; step += 1) {
    if (await panel(page).getByText(until).count()) return;
    const before = await made(page);
    await choices(page).first().click();
    await page.waitForFunction((count) => !document.querySelector("aside.hand").innerText.includes(`${count} choice`), before);
  }
  throw new Error(`never came to ${until}`);
}

test("a person takes one choice after the other, and everything holds at rest", async () => {
  const page = await byHand();
  assert.equal(await made(page), 0);
  await go(page, "At rest, and everything holds");
  assert.equal(await page.locator(".property.broken").count(), 0);
  assert.ok((await made(page)) > 5);
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

for (const scheme of ["light", "dark"]) {
  test(`a crash between charging and telling breaks it, and the shortest way is known (${scheme})`, async () => {
    const page = await byHand({ scheme });
    // A detour, so that there is a shorter way: a request that is copied.
    await choices(page).first().click();
    await madeIs(page, 1);
    await panel(page).getByRole("button", { name: /What can go wrong while orders handles/ }).click();
    await panel(page).locator(".variants .choice", { hasText: "copied" }).or(panel(page).locator(".variants .choice", { hasText: "twice" })).first().click();
    await madeIs(page, 2);
    await choices(page).first().click();
    await madeIs(page, 3);
    // Now payments, and of all that can go wrong the crash before it tells anybody.
    await panel(page).getByRole("button", { name: /What can go wrong while payments handles/ }).first().click();
    await panel(page).locator(".variants .choice", { hasText: "payments crashed before it could publish" }).first().click();
    await madeIs(page, 4);
    await go(page, /is broken|are broken/);
    await panel(page).getByText(/The shortest way to break .* has \d+ choices/).waitFor({ timeout: 120_000 });
    const [, shortest] = (await panel(page).innerText()).match(/has (\d+) choices/);
    assert.ok(Number(shortest) < (await made(page)));
    assert.deepEqual(await accessibilityProblems(page), []);
    // The strip reacts.
    assert.ok((await page.locator(".property.broken").count()) > 0);
    // Undo and redo give the same again.
    const before = await made(page);
    const digest = () => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get("d"));
    await page.waitForFunction(() => location.hash.includes("&d="));
    const there = await digest();
    await page.keyboard.press("Control+z");
    await madeIs(page, before - 1);
    await page.keyboard.press("Control+y");
    await madeIs(page, before);
    await page.waitForFunction((digest) => location.hash.includes(`&d=${digest}`), there);
    // What was done can be sent.
    const other = await lab.open({ hash: new URL(page.url()).hash });
    await other.locator(".property.broken").first().waitFor();
    assert.deepEqual(other.complaints, []);
    await other.context().close();
    // The shortest is a run of its own beside it.
    await panel(page).getByRole("button", { name: "Show the shortest" }).click();
    await page.locator(".runs [aria-current=true]", { hasText: "shortest" }).waitFor();
    assert.equal(await panel(page).count(), 0, "another run is on screen");
    await page.locator(".runs button", { hasText: "by hand" }).click();
    await madeIs(page, before);
    await panel(page).getByRole("button", { name: "Leave" }).click();
    await page.locator("aside.left:not(.hand)").waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a node of the graph offers what can happen there", async () => {
  const page = await byHand();
  await page.locator('g.node.offers [role=button][aria-label^="clients"]').click();
  await page.locator(".menu-popup .item:not(.harm)").first().click();
  await madeIs(page, 1);
  await page.locator('g.node.offers [role=button][aria-label^="orders"]').click();
  await page.locator(".menu-popup .item", { hasText: "orders handles" }).click();
  await madeIs(page, 2);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("by the keyboard alone", async () => {
  const page = await byHand();
  for (let step = 1; step <= 3; step += 1) {
    await choices(page).first().focus();
    await page.keyboard.press("Enter");
    await madeIs(page, step);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("on a phone", async () => {
  const page = await byHand({ width: 390, height: 844 });
  await choices(page).first().click();
  await madeIs(page, 1);
  const sizes = await panel(page).locator("button:visible").evaluateAll((all) => all.map((it) => it.getBoundingClientRect().height));
  assert.ok(sizes.every((height) => height >= 44 || height === 0), sizes.join());
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
