// Watch: the dock's three, what was chosen is shown everywhere, and every violation leads to what it is about.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

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

/** Opens a shipped scenario from the menu, and waits until its run is over. */
async function opened(title, options = {}) {
  const page = await lab.open(options);
  await page.locator(".scenario-menu > button").click();
  await page.locator(".scenario-menu .popup button", { hasText: title }).first().click();
  await page.locator(".dock").waitFor();
  await until("the run to end", async () => page.url().includes("&d="));
  return page;
}

const tab = (page, name) => page.getByRole("tab", { name, exact: true });
const choice = (page, name) => page.locator(".choices").getByRole("button", { name, exact: true });

/** The views that the dock offers for the run on screen, as [tab, choice]. */
async function views(page) {
  const found = [];
  for (const name of ["Timeline", "State", "Metrics"]) {
    await tab(page, name).click();
    const choices = await page.locator(".choices button").allInnerTexts();
    for (const each of choices.length ? choices : [null]) found.push([name, each]);
  }
  return found;
}

async function show(page, [name, each]) {
  await tab(page, name).click();
  if (each) await choice(page, each).click();
}

test("every violation leads to its transaction, a row and a message within two clicks, from every view", async () => {
  const page = await opened("An event is lost");
  const all = await views(page);
  assert.deepEqual(all.map(([name]) => name).filter((name, at, names) => names.indexOf(name) === at), ["Timeline", "State", "Metrics"]);
  const broken = page.locator(".strip [data-property]:not([data-violations='0'])");
  const properties = await broken.evaluateAll((chips) => chips.map((chip) => chip.dataset.property));
  assert.ok(properties.length > 0, "the scenario breaks something");
  for (const view of all) {
    for (const property of properties) {
      const chip = page.locator(`.strip [data-property="${property}"]`);
      const count = Number(await chip.getAttribute("data-violations"));
      for (let place = 0; place < count; place++) {
        await show(page, view);
        // The first click: to the violation.
        await chip.click();
        const evidence = page.locator(".evidence[data-violation]");
        await evidence.waitFor();
        const id = await evidence.getAttribute("data-violation");
        assert.match(id, new RegExp(`^${property}/\\d+$`));
        const message = await evidence.locator("[data-evidence=message]").innerText();
        assert.ok(message.trim().length > 0, `${id} tells of its message`);
        // The second click, each from the violation: its transaction, its row, its message.
        const row = evidence.locator("[data-evidence=row] button");
        assert.equal(await row.count(), 1, `${id} has a row`);
        await row.click();
        await page.locator("table.history").waitFor();
        const again = page.locator(`.evidence[data-violation="${id}"]`);
        for (let turn = 0; turn < count && !(await again.count()); turn++) await chip.click();
        await again.waitFor();
        await again.locator("[data-evidence=transaction] button").click();
        await page.locator(".txn-row.here").first().waitFor();
      }
    }
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a row that is chosen shows its history, and each value leads to its moment", async () => {
  const page = await opened("An event is lost");
  await tab(page, "State").click();
  await choice(page, "Rows").click();
  await page.keyboard.press("End");
  await page.locator(".rows-of .row-name").first().click();
  const history = page.locator("table.history");
  await history.waitFor();
  assert.match(await history.innerText(), /As of/);
  const versions = history.locator("tbody button");
  if (await versions.count()) {
    await versions.first().click();
    await until("the moment of that value", async () => (await history.locator("[aria-current=true]").count()) === 1);
  }
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a deadlock: its locks, who waits for whom, and the victim", async () => {
  for (const scheme of ["dark", "light"]) {
    const page = await opened("Two opposite transfers", { scheme });
    await tab(page, "State").click();
    await choice(page, "Locks").click();
    await page.keyboard.press("Home");
    await page.getByRole("button", { name: "the next wait ▶" }).click();
    await page.locator(".locks .chip.waits").first().waitFor();
    await page.locator(".waits-node").first().waitFor();
    await page.keyboard.press("End");
    await page.getByRole("button", { name: "Go there" }).click();
    assert.match(await page.locator(".deadlock").innerText(), /was the victim and rolled back/);
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test("streams: events with versions, the row as of each, and only where there are any", async () => {
  const page = await opened("An account's balance as of last year");
  await tab(page, "State").click();
  await choice(page, "Streams").click();
  await page.keyboard.press("End");
  const names = page.locator(".streams .row-name");
  await names.first().waitFor();
  await names.first().click();
  await page.locator(".streams caption", { hasText: "version by version" }).waitFor();
  assert.equal(await choice(page, "Locks").count(), 0, "nobody locks anything here");
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("metrics: a click on a chart leads to its moment", async () => {
  const page = await opened("Checkout");
  await page.keyboard.press("Home");
  await tab(page, "Metrics").click();
  const chart = page.locator(".chart-of .chart").first();
  await chart.waitFor();
  const before = await page.locator(".moment b").innerText();
  const box = await chart.boundingBox();
  await chart.click({ position: { x: box.width / 2, y: box.height / 2 } });
  await until("another moment", async () => (await page.locator(".moment b").innerText()) !== before);
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a node that is dragged stays where it was let go, and Fit twice brings it back", async () => {
  const page = await opened("Checkout");
  const place = async () => (await page.locator("g.node[transform]").first().getAttribute("transform"));
  const node = page.locator("g.node[transform] [role=button]").first();
  const before = await place();
  const box = await node.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 30, box.y + box.height / 2 + 20, { steps: 4 });
  await page.mouse.up();
  const after = await place();
  assert.notEqual(after, before);
  assert.equal(await page.getByRole("menu").count(), 0, "a drag is no click");
  await page.keyboard.press("ArrowRight");
  assert.equal(await place(), after, "it stays there while things change");
  await page.getByRole("button", { name: "Fit", exact: true }).click();
  await until("its own place", async () => (await place()) === before);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
