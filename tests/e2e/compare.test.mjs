// Compare: a question that ships answers with a table, a crossover and a record; the sweep can be stopped, is in
// the link, and mistakes in it are named; by keyboard, on a phone, in both themes.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => (lab = await start()));
after(() => lab.close());

const PATIENCE = { timeout: 120_000 };

async function open(options) {
  const page = await lab.open(options);
  await page.getByRole("button", { name: "or watch it succeed" }).click();
  await page.getByRole("navigation", { name: "Modes" }).getByRole("button", { name: "Compare" }).click();
  await page.getByRole("main", { name: "Compare" }).waitFor();
  return page;
}

const sidewise = (page) => page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);

for (const [scheme, width, height] of [["light", 1440, 900], ["dark", 390, 844]]) {
  test(`"Saga or two-phase commit?" answers with a table, a crossover and a record, ${scheme}, ${width} px`, async () => {
    const page = await open({ scheme, width, height });
    await page.getByRole("button", { name: "Saga or two-phase commit?" }).click();
    const record = page.locator(".record-text");
    await record.waitFor(PATIENCE);
    assert.equal(await page.locator(".questions .btn[aria-pressed=true]").innerText(), "Saga or two-phase commit?");

    // What stands on screen stands in the record: each crossing and each figure of the sweep.
    const text = (await record.innerText()).replaceAll("`", "");
    assert.match(text, /^# Decision record: Saga or two-phase commit/);
    const sweep = page.getByRole("region", { name: "Figures of the sweep" });
    const figures = await sweep.locator("td").evaluateAll((cells) => cells.map((cell) => cell.firstChild.textContent));
    assert.equal(figures.length, 14, "seven values under two couplings");
    for (const figure of figures) assert.ok(text.includes(figure), `${figure} is not in the record`);
    const crossing = await page.locator(".crossings li").innerText();
    const decided = crossing.match(/between [\d.]+ and [\d.]+/)?.[0];
    assert.ok(decided && text.includes(decided), crossing);
    const table = page.getByRole("region", { name: "Figures of each coupling" });
    const measured = await table.locator("td").evaluateAll((cells) => cells.map((cell) => cell.firstChild.textContent).filter((cell) => cell.includes("±")));
    const shown = measured.filter((figure) => text.includes(figure)).length;
    assert.ok(shown >= measured.length / 2, `${shown} of ${measured.length} figures of the table are in the record`);
    assert.match(text, /interleave compare same-flow --patterns two-phase-commit,saga-orchestration .*--sweep round-trip=10,20/);

    assert.ok((await sidewise(page)) <= 0);
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a sweep of one's own is in the link, and comes back from it", async () => {
  const page = await open();
  const sweep = page.getByRole("region", { name: "Where does one overtake the other?" });
  await sweep.getByLabel("Vary").selectOption({ label: "services in the flow" });
  await sweep.getByLabel("From..to:values").fill("4..6:2");
  await sweep.getByLabel("From..to:values").press("Tab");
  await page.getByRole("spinbutton", { name: "Seeds" }).fill("3");
  await page.getByRole("spinbutton", { name: "Seeds" }).press("Tab");
  await sweep.getByRole("button", { name: "Sweep", exact: true }).press("Enter");
  await page.getByText("12 of 12 runs").waitFor(PATIENCE);
  await page.waitForFunction(() => location.hash.includes("participants:4..6:2"));
  const set = new URLSearchParams(new URL(page.url()).hash.split("&").slice(1).join("&"));
  assert.match(set.get("compare"), /\/3\/participants:4\.\.6:2\/end_us\.p50$/);

  const other = await lab.open({ hash: new URL(page.url()).hash });
  await other.getByRole("main", { name: "Compare" }).waitFor();
  assert.equal(await other.getByLabel("From..to:values").inputValue(), "4..6:2");
  assert.equal(await other.getByLabel("Vary").inputValue(), "participants");
  assert.equal(await other.getByRole("spinbutton", { name: "Seeds" }).inputValue(), "3");
  assert.deepEqual(other.complaints, []);
  assert.deepEqual(page.complaints, []);
  await other.context().close();
  await page.context().close();
});

test("values that make no sense are named, and a sweep can be stopped", async () => {
  const page = await open();
  const sweep = page.getByRole("region", { name: "Where does one overtake the other?" });
  const values = sweep.getByLabel("From..to:values");
  const go = sweep.getByRole("button", { name: "Sweep", exact: true });
  for (const [text, said] of [["", "round-trip"], ["many", "round-trip"], ["5..1:3", "do not rise"], ["1..9:900", "from..to:count"]]) {
    await values.fill(text);
    await values.press("Tab");
    await go.click();
    await page.locator(".banner", { hasText: said }).waitFor();
    assert.equal(await page.locator(".sweep-chart").count(), 0);
  }
  await page.getByRole("spinbutton", { name: "Seeds" }).fill("200");
  await page.getByRole("spinbutton", { name: "Seeds" }).press("Tab");
  await values.fill("2..26:7");
  await values.press("Tab");
  await go.click();
  await sweep.getByRole("button", { name: "Stop" }).click();
  await sweep.getByText("Stopped: what is said is of the runs that are done.").waitFor();
  await go.waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
