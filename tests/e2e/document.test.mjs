// The document: the scenario as a text, its mistakes in place, files, what is saved in the browser, and the controls.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const field = (page) => page.getByRole("textbox", { name: "The scenario as JSON" });
const run = (page) => page.getByRole("button", { name: "Run it" });
const says = (page) => page.locator("#desk-says");
const runs = (page) => page.locator(".runs li").count();

/** The page with the desk open over the checkout. */
async function atDesk(options = {}) {
  const page = await lab.open({ hash: "#scenario=checkout", ...options });
  await page.waitForSelector(".runs li");
  await page.locator(".scenario-menu > button").click();
  await page.locator(".popup").getByRole("button", { name: "Edit as text" }).click();
  await field(page).waitFor();
  return page;
}

async function change(page, from, to) {
  const text = await field(page).inputValue();
  assert.ok(text.includes(from), from);
  await field(page).fill(text.replace(from, to));
}

/** Drops a file on the page, as a browser does. */
async function drop(page, name, content) {
  await page.evaluate(
    ([name, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([typeof content === "string" ? content : new Uint8Array(content)], name));
      for (const kind of ["dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector("main, .app").dispatchEvent(event);
      }
    },
    [name, content],
  );
}

async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

test("mistakes are marked where they stand while one types, and the list leads there", async () => {
  const page = await atDesk();
  assert.equal(await says(page).innerText(), "The run on screen is made of this text.");
  await change(page, '"service": "payments"', '"service": "paymnets"');
  const mistake = page.locator(".mistake").first();
  await mistake.waitFor();
  const text = await field(page).inputValue();
  const line = text.slice(0, text.indexOf("paymnets")).split("\n").length;
  assert.match(await mistake.innerText(), new RegExp(`line ${line}\\b`));
  assert.match(await mistake.innerText(), /steps\[1\]\.service/);
  assert.match(await mistake.innerText(), /did you mean `payments`/);
  assert.ok(await run(page).isDisabled());
  assert.ok((await page.locator("g.node").count()) > 0, "the run before is still drawn");
  // The mark lies under the words that it is about: as far from the left as the field draws them.
  assert.equal(await page.locator(".marks mark").innerText(), '"service": "paymnets"');
  await mistake.click();
  const caret = await field(page).evaluate((it) => [document.activeElement === it, it.selectionStart]);
  assert.deepEqual(caret, [true, text.indexOf('"service": "paymnets"')]);
  assert.equal(await page.locator(".numbers .bad").innerText(), `✕ ${line}`);
  const mark = await page.locator(".marks mark").boundingBox();
  const paper = await page.locator(".paper").boundingBox();
  assert.ok(mark.y >= paper.y && mark.y + mark.height <= paper.y + paper.height, "the marked line is in sight");
  // Typing goes on where the caret is: the mistake is mended by hand and the keyboard is never taken away.
  await page.keyboard.press("Escape");
  await field(page).evaluate((it) => {
    const at = it.value.indexOf("paymnets");
    it.setSelectionRange(at, at + "paymnets".length);
  });
  await page.keyboard.type("payments");
  await page.locator(".problems").waitFor({ state: "detached" });
  assert.ok(await field(page).evaluate((it) => document.activeElement === it));
  assert.ok(await run(page).isEnabled());
  await done(page);
});

test("broken JSON is marked at its line, and what is run is one run more", async () => {
  const page = await atDesk();
  const before = await runs(page);
  await change(page, '"title": ', '"title" ');
  await page.locator(".mistake").waitFor();
  assert.match(await page.locator(".mistake").innerText(), /line 3\b.*expected `:`/s);
  await change(page, '"title" ', '"title": "Mine: ü", "about": ');
  await page.locator(".mistake").waitFor();
  assert.match(await page.locator(".mistake").innerText(), /about.*twice/s);
  await page.getByRole("button", { name: "Take the run's text" }).click();
  await page.locator(".problems").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Bring my text back" }).click();
  await page.locator(".mistake").waitFor();
  assert.ok((await field(page).inputValue()).includes("Mine: ü"), "what was written is never lost");
  await page.getByRole("button", { name: "Take the run's text" }).click();
  await page.locator(".problems").waitFor({ state: "detached" });
  await change(page, '"seed": ', '"seed": 4');
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction((n) => document.querySelectorAll(".runs li").length === n, before + 1);
  assert.equal(await says(page).innerText(), "The run on screen is made of this text.");
  assert.ok(await field(page).evaluate((it) => document.activeElement === it), "the keyboard stays in the text");
  await done(page);
});

test("from blank, and from a shipped one", async () => {
  const page = await atDesk();
  await page.getByRole("button", { name: "Begin blank" }).click();
  assert.match(await field(page).inputValue(), /A scenario of my own/);
  await run(page).click();
  await page.locator(".scenario-menu > button", { hasText: "A scenario of my own" }).waitFor();
  assert.equal(await page.locator(".property.broken").count(), 0);
  await page.locator(".scenario-menu > button").click();
  await page.locator(".popup .item", { hasText: "Two opposite transfers" }).first().click();
  await page.waitForFunction(() => document.querySelector("#desk-text").value.includes("Two opposite transfers"));
  await done(page);
});

test("a file is opened by dropping it, and what is no scenario says why", async () => {
  const page = await lab.open({ hash: "#scenario=checkout" });
  await page.waitForSelector(".runs li");
  const banner = page.locator(".banner");
  for (const [name, content, message] of [
    ["big.json", " ".repeat(262_145), /big\.json is 256 KiB; a scenario may have 256 KiB/],
    ["picture.png", [0x89, 0x50, 0x4e, 0x47, 0xff], /picture\.png is no text in UTF-8/],
    ["notes.txt", "to do: write", /notes\.txt is no JSON object.*“t”/],
    ["old.json", [0xff, 0xfe, 0x7b, 0x00], /old\.json is written in UTF-16/],
    ["empty.json", "", /empty\.json is empty/],
  ]) {
    await drop(page, name, content);
    await page.waitForFunction((name) => document.querySelector(".banner")?.innerText.includes(name), name);
    assert.match(await banner.innerText(), message);
    assert.ok((await page.locator("g.node").count()) > 0, "the run stays");
  }
  await drop(page, "wrong.json", '{ "interleave": 1, "title": "Mine" }');
  await field(page).waitFor();
  assert.match(await page.locator(".problems").innerText(), /`services` is missing/);
  assert.equal(await banner.count(), 0);
  await page.getByRole("button", { name: "Begin blank" }).click();
  const text = (await field(page).inputValue()).replace("A scenario of my own", "From a file");
  await drop(page, "mine.json", "\ufeff" + text.replaceAll("\n", "\r\n"));
  await page.locator(".scenario-menu > button", { hasText: "From a file" }).waitFor();
  assert.equal(await field(page).inputValue(), text);
  await done(page);
});

test("saved, opened, renamed, deleted and brought back", async () => {
  const page = await atDesk();
  const name = page.getByRole("textbox", { name: "Name", exact: true });
  const saved = page.locator(".desk-saved li");
  await name.fill("Mine");
  await name.press("Enter");
  await saved.filter({ hasText: "Mine" }).waitFor();
  await change(page, '"seed": ', '"seed": 5');
  await page.locator(".desk-save", { hasText: "“Mine” was changed since it was saved" }).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator(".desk-save", { hasText: "“Mine” is saved" }).waitFor();
  const text = await field(page).inputValue();
  await page.getByRole("button", { name: "Rename: Mine" }).click();
  const other = page.getByRole("textbox", { name: "Another name for Mine" });
  await other.fill("Yours");
  await other.press("Enter");
  await saved.filter({ hasText: "Yours" }).waitFor();
  assert.equal(await saved.count(), 1);
  await page.getByRole("button", { name: "Delete: Yours" }).click();
  await saved.waitFor({ state: "detached" });
  assert.ok(await page.evaluate(() => document.activeElement.id === "desk-undelete"), "one key brings it back");
  await page.keyboard.press("Enter");
  await saved.filter({ hasText: "Yours" }).waitFor();
  await page.getByRole("button", { name: "Begin blank" }).click();
  await page.getByRole("button", { name: "Open: Yours" }).click();
  await page.waitForFunction((text) => document.querySelector("#desk-text").value === text, text);
  // After a reload it is still there, in a page that knows nothing else of it.
  await page.reload();
  await page.waitForSelector(".runs li");
  await page.locator(".scenario-menu > button").click();
  await page.locator(".popup").getByRole("button", { name: "Edit as text" }).click();
  await saved.filter({ hasText: "Yours" }).waitFor();
  await done(page);
});

test("an entry that cannot be read is shown as such and can be kept as a file", async () => {
  const page = await atDesk({
    before: () => localStorage.setItem("interleave.document.Broken", "interleave-document 1 revision=1 at=1 bytes=9\n{}"),
  });
  const entry = page.locator(".desk-saved li", { hasText: "Broken" });
  assert.match(await entry.innerText(), /cannot be read: it is not whole/);
  assert.equal(await entry.getByRole("button", { name: /^Open/ }).count(), 0);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "As a file: Broken" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "broken.json");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Broken");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  assert.match(await page.locator(".turn[role=alert]").innerText(), /Broken.*is not whole.*left as it is/s);
  await done(page);
});

test("the menu is grouped by pattern, searched by words and walked by keys", async () => {
  const page = await lab.open({ hash: "#scenario=checkout" });
  await page.waitForSelector(".runs li");
  await page.locator("#scenario-open").focus();
  await page.keyboard.press("Enter");
  const found = page.locator(".scenario-menu .found");
  await found.waitFor();
  const groups = await found.locator("h3").allInnerTexts();
  assert.ok(groups.length > 5 && new Set(groups).size === groups.length, String(groups));
  const all = await found.locator(".item").count();
  assert.ok(all > 25);
  assert.deepEqual(await accessibilityProblems(page), []);
  await page.keyboard.type("opposite");
  await page.waitForFunction(() => document.querySelectorAll(".scenario-menu .found .item").length < 4);
  await page.keyboard.press("ArrowDown");
  assert.match(await page.evaluate(() => document.activeElement.innerText), /Two opposite transfers/);
  await page.keyboard.press("Enter");
  await page.locator("#scenario-open", { hasText: "Two opposite transfers" }).waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.id === "scenario-open"), "the keyboard comes back");
  await page.keyboard.press("Enter");
  await page.keyboard.type("no such words at all");
  await found.getByText("No shipped scenario has these words.").waitFor();
  await page.keyboard.press("Escape");
  await found.waitFor({ state: "detached" });
  assert.ok(await page.evaluate(() => document.activeElement.id === "scenario-open"));
  await done(page);
});

test("the controls change the text, and the text the controls", async () => {
  const page = await atDesk();
  const steps = page.locator("details.panel", { hasText: "Steps" });
  await steps.locator("summary").click();
  const names = () => steps.locator("li b").allInnerTexts();
  const before = await names();
  const first = before[0];
  await steps.getByRole("combobox", { name: /^Add a step/ }).selectOption({ label: "writes a row of its own" });
  await page.waitForFunction(() => document.querySelector("#desk-text").value.includes('"note:$txn"'));
  assert.equal(await says(page).innerText(), "The run on screen is made of this text.");
  assert.deepEqual(await names(), [...before, "note"]);
  await steps.getByRole("button", { name: "Remove note" }).click();
  await page.waitForFunction(() => !document.querySelector("#desk-text").value.includes('"note:$txn"'));
  // The other way round: what is typed is in the controls before a run is made of it.
  await change(page, `"name": "${first}"`, '"name": "begin-order"');
  await steps.locator("li b", { hasText: "begin-order" }).waitFor();
  await steps.getByRole("button", { name: "Move begin-order down" }).click();
  await page.waitForFunction((second) => {
    const scenario = JSON.parse(document.querySelector("#desk-text").value);
    return scenario.transactions[0].steps[0].name === second && scenario.transactions[0].steps[1].name === "begin-order";
  }, before[1]);
  const network = page.locator("details.panel", { hasText: "Network" });
  await network.locator("summary").click();
  const delay = network.getByRole("spinbutton");
  await delay.fill("7");
  await delay.press("Tab");
  await page.waitForFunction(() => JSON.parse(document.querySelector("#desk-text").value).network.delay_us.constant === 7000);
  await page.getByRole("complementary", { name: "The document" }).getByRole("button", { name: "Close" }).click();
  await page.getByRole("complementary", { name: "The scenario" }).locator("summary", { hasText: "Network" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "desk-open", "the keyboard comes back");
  await done(page);
});

for (const scheme of ["light", "dark"]) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    test(`axe finds nothing at the desk, ${scheme}, ${width} wide`, async () => {
      const page = await atDesk({ scheme, width, height });
      await change(page, '"service": "payments"', '"service": "paymnets"');
      await page.locator(".mistake").waitFor();
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.locator(".desk-saved li").waitFor();
      assert.deepEqual(await accessibilityProblems(page), []);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, "no sideways scrolling");
      await done(page);
    });
  }
}

test("a document of 256 KiB: each key is served, and nothing of it is lost", async () => {
  const page = await atDesk();
  const text = await field(page).inputValue();
  const most = 262_144 - 200;
  const row = (n) => `        "account:n${n}": ${n % 900},\n`;
  let rows = "";
  for (let n = 0; text.length + rows.length + 40 < most; n += 1) rows += row(n);
  const at = text.indexOf('"account:');
  const large = text.slice(0, at) + rows.trimStart() + "        " + text.slice(at);
  await page.evaluate(() => {
    globalThis.long = [];
    new PerformanceObserver((list) => globalThis.long.push(...list.getEntries().map((it) => it.duration))).observe({ type: "longtask" });
  });
  await field(page).evaluate((it, text) => {
    it.value = text;
    it.dispatchEvent(new Event("input", { bubbles: true }));
  }, large);
  await page.locator("#desk-says", { hasText: "not the run on screen yet" }).waitFor({ timeout: 20_000 });
  const reading = await page.evaluate(() => globalThis.long.splice(0));
  await field(page).evaluate((it) => {
    it.focus();
    it.setSelectionRange(it.value.indexOf('"seed": ') + 8, it.value.indexOf('"seed": ') + 8);
  });
  await page.keyboard.type("123456", { delay: 30 });
  const typing = await page.evaluate(() => globalThis.long.splice(0));
  assert.ok((await field(page).inputValue()).includes('"seed": 123456'), "no key is lost");
  await page.locator("#desk-says", { hasText: "not the run on screen yet" }).waitFor({ timeout: 20_000 });
  assert.equal(await page.locator(".numbers span").count() < 80, true, "only the numbers in sight are drawn");
  console.log(`long tasks: reading ${reading.map(Math.round)}, typing ${typing.map(Math.round)} ms`);
  await done(page);
});
