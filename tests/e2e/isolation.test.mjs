// The isolation laboratory: an experiment, the table, a cell's schedule, its link, and mistakes in place.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const hash = (page) => new URL(page.url()).hash;
const complete = (page) => page.locator(".isolation-said", { hasText: /^Complete/ }).waitFor();
const cell = (page, name) => page.locator("table.levels").getByRole("button", { name, exact: true });

test("a lost update is possible at read committed, and its schedule and its link show it", async () => {
  const page = await lab.open({ hash: "#isolation=write-skew" });
  await complete(page);
  await page.getByLabel("Experiment", { exact: true }).selectOption({ label: "Lost update" });
  await complete(page);
  assert.equal(hash(page), "#isolation=lost-update");
  assert.deepEqual(await accessibilityProblems(page), []);

  await cell(page, "PostgreSQL, serializable: lost update: refused").waitFor();
  await cell(page, "PostgreSQL, read committed: lost update: possible").click();
  const scene = page.locator(".scene");
  await scene.getByRole("heading", { name: "Lost update: PostgreSQL, read committed" }).waitFor();
  assert.equal(await scene.locator("tbody tr").count(), 6);
  const told = await scene.innerText();
  assert.match(told, /reads t 1: value = 10/);
  assert.match(told, /T1 and T2 both read t 1 as it was, and then both wrote it/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "isolation-scene");
  await scene.getByRole("button", { name: "Step on" }).click();
  await scene.getByText("Step 2 of 6").waitFor();
  await page.locator(".scene-frame").focus();
  await page.keyboard.press("ArrowDown");
  await scene.getByText("Step 3 of 6").waitFor();
  assert.deepEqual(await accessibilityProblems(page), []);
  const link = hash(page);
  assert.match(link, /^#isolation=lost-update&at=postgres-read-committed&shows=P4&steps=[12]{6}$/);

  const other = await lab.open({ hash: link, scheme: "light", width: 390, height: 844 });
  await other.locator(".scene").getByText("both wrote it").waitFor();
  await complete(other);
  await other.locator(".scene").getByText("both wrote it").waitFor();
  assert.deepEqual(await accessibilityProblems(other), []);
  assert.deepEqual(other.complaints, []);
  assert.deepEqual(page.complaints, []);
  await other.context().close();
  await page.context().close();
});

test("a text of one's own is corrected in place, runs, and is in the link", async () => {
  const page = await lab.open({ hash: "#isolation=lost-update" });
  await complete(page);
  const text = page.getByLabel("Rows and transactions, a statement on each line");
  const own = "table t (id, v)\n1, 0\ntransaction A\nupdate u set v = v + 1\ntransaction B\nselect * from t where id = 1\nselect * from t where id = 1\n";
  await text.fill(own);
  await page.locator("#isolation-mistakes", { hasText: "line 4, column 8: `u` is no table here; there is `t`" }).waitFor();
  await page.getByText("The table is of the text before").waitFor();
  // The address may hold the mistaken text by now; the corrected one gives another.
  const mistaken = hash(page);
  await text.fill(own.replace("update u", "update t"));
  await page.locator("#isolation-mistakes:empty").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Run every interleaving" }).click();
  await complete(page);
  await cell(page, "PostgreSQL, read committed: fuzzy read: possible").waitFor();
  await page.waitForFunction((old) => location.hash.startsWith("#isolation=~") && location.hash !== old, mistaken);
  const again = await lab.open({ hash: hash(page) });
  await complete(again);
  assert.equal(await again.getByLabel("Rows and transactions, a statement on each line").inputValue(), own.replace("update u", "update t"));
  assert.deepEqual(again.complaints, []);
  assert.deepEqual(page.complaints, []);
  await again.context().close();
  await page.context().close();
});

test("the laboratory is a half of Check, and addresses that lead nowhere say what there is", async () => {
  const page = await lab.open();
  await page.getByRole("button", { name: "Check", exact: true }).first().click();
  await page.getByRole("button", { name: "Isolation laboratory" }).click();
  await complete(page);
  await page.goBack();
  await page.getByRole("heading", { name: "Is there a schedule that breaks it?" }).waitFor();
  await page.evaluate(() => (location.hash = "#isolation=nothing"));
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /no such experiment; there are lost-update/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
