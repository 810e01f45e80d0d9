// The keyboard alone: from the first screen over crash, coupling, check and by hand, never touching the mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

/** What the keyboard is on: its name as a person reads it, and whether it is in sight. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const rect = element.getBoundingClientRect();
    const seen = rect.bottom > 0 && rect.right > 0 && rect.top < innerHeight && rect.left < innerWidth;
    const name = element.getAttribute("aria-label") ?? element.innerText ?? "";
    return { name: name.trim(), seen, id: element.id, body: element === document.body };
  });

/** Presses Tab until the keyboard is on what has this name; everything on the way is in sight. */
async function tabTo(page, name, { key = "Tab", most = 200 } = {}) {
  const passed = [];
  for (let press = 0; press < most; press += 1) {
    await page.keyboard.press(key);
    const here = await focused(page);
    passed.push(here.name || `#${here.id}`);
    if (!here.body) assert.ok(here.seen, `the keyboard is out of sight on “${here.name}”`);
    if (name.test(here.name)) return here;
  }
  throw new Error(`Tab never came to ${name}; it passed ${passed.join(" | ")}`);
}

const runs = (page, count) => page.waitForFunction((count) => document.querySelectorAll(".runs li").length === count, count);
const made = (page, count) =>
  page.locator("aside.hand").getByText(new RegExp(`^${count} choices? made`)).waitFor();

for (const [scheme, width, height] of [["dark", 1440, 900], ["light", 390, 844]]) {
  test(`a first visit, a crash, another coupling and a schedule of one's own (${scheme}, ${width})`, async () => {
    const page = await lab.open({ scheme, width, height });
    await tabTo(page, /^Crash payments after it charges$/);
    await page.keyboard.press("Enter");
    await runs(page, 2);
    await page.locator(".property.broken").first().waitFor();

    // The transport.
    await page.keyboard.press("Home");
    const begin = await page.locator(".moment b").innerText();
    await tabTo(page, /^Play$/);
    await page.keyboard.press("Enter");
    await page.waitForFunction((begin) => document.querySelector(".moment b").innerText !== begin, begin);
    await page.keyboard.press("End");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();

    // By hand, and after each choice the keyboard is on the next one.
    await tabTo(page, /^By hand$/);
    await page.keyboard.press("Enter");
    await made(page, 0);
    // The panel stands before the bar in the page.
    for (let press = 0; press < 60 && (await focused(page)).id !== "hand-next"; press += 1) await page.keyboard.press("Shift+Tab");
    assert.equal((await focused(page)).id, "hand-next");
    for (let step = 1; step <= 4; step += 1) {
      await page.keyboard.press("Enter");
      await made(page, step);
      await page.waitForFunction(() => document.activeElement.id === "hand-next");
    }
    // What was chosen can be taken back from there by keys, by the button and to any choice.
    await page.keyboard.press("Control+z");
    await made(page, 3);
    await page.keyboard.press("Control+y");
    await made(page, 4);
    await tabTo(page, /^Undo: ./);
    await page.keyboard.press("Enter");
    await made(page, 3);
    await page.waitForFunction(() => document.activeElement.id === "hand-undo");
    await tabTo(page, /^What you have chosen$/);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await made(page, 1);
    await tabTo(page, /^Redo: ./, { key: "Shift+Tab" });
    await page.keyboard.press("Enter");
    await made(page, 2);
    await tabTo(page, /^Leave$/, { key: "Shift+Tab" });
    await page.keyboard.press("Enter");
    await page.locator("aside.hand").waitFor({ state: "detached" });
    await runs(page, 3);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a check is asked for, read and its counterexample opened", async () => {
  const page = await lab.open();
  await tabTo(page, /^or watch it succeed$/);
  await page.keyboard.press("Enter");
  await tabTo(page, /^Find what breaks it$/);
  await page.keyboard.press("Enter");
  const show = page.getByRole("button", { name: "Show me" }).first();
  await show.waitFor({ timeout: 120_000 });
  const name = (await show.getAttribute("aria-label")) ?? (await show.innerText());
  await tabTo(page, new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`));
  await page.keyboard.press("Enter");
  await page.locator(".bar").waitFor();
  await page.locator(".property.broken").first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a dialog keeps the keyboard inside and gives it back", async () => {
  const page = await lab.open();
  await tabTo(page, /^or watch it succeed$/);
  await page.keyboard.press("Enter");
  await tabTo(page, /^Play$|^Pause$/);
  const from = (await focused(page)).name;
  await page.keyboard.press("?");
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  for (let press = 0; press < 6; press += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null));
  }
  // Keys of the page do nothing behind it.
  const before = await page.locator(".moment b").innerText();
  await page.keyboard.press("Home");
  assert.equal(await page.locator(".moment b").innerText(), before);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.match((await focused(page)).name, /^Play$|^Pause$/, from);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
