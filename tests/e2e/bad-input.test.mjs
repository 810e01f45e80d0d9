// Bad input: each gets its named message, the run before stays drawn and playable, the address is kept.
import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { after, before, test } from "node:test";
import { start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const linkOf = (value) => "#1." + base64url(deflateRawSync(Buffer.from(JSON.stringify(value))));

/** A small scenario that is right, to be spoiled. */
const good = () => ({
  interleave: 1,
  title: "Small",
  coupling: "saga-choreography",
  services: [{ name: "one", rows: { "box:a": 1 } }],
  transactions: [{ name: "go", steps: [{ name: "take", service: "one", do: [{ op: "add", key: "box:a", by: -1 }] }] }],
  workload: { arrivals: { "at-us": [0] }, mix: [{ transaction: "go" }] },
});
const spoiled = (change) => {
  const scenario = good();
  change(scenario);
  return linkOf({ s: scenario });
};

const CASES = [
  ["a link from version 9", "#9.abcd", /version 9/],
  ["no base64", "#1.ab%%cd", /base64|character/i],
  ["bytes that do not inflate", "#1." + base64url("this is not deflated"), /inflate|deflate|damaged|compressed/i],
  ["malformed JSON", "#1." + base64url(deflateRawSync(Buffer.from('{"s": {'))), /ends too early/],
  ["50 MB in 65 KB of base64", "#1." + base64url(deflateRawSync(Buffer.alloc(50_000_000, 32), { level: 9 })), /262144 bytes/],
  ["an unknown field", spoiled((s) => (s.servces = [])), /servces/],
  ["a missing service", spoiled((s) => (s.transactions[0].steps[0].service = "two")), /steps\[0\]\.service.*two/s],
  ["a duplicate name", spoiled((s) => s.services.push({ name: "one" })), /one/],
  ["a negative number", spoiled((s) => (s.services[0].workers = -1)), /workers/],
  ["a huge number", spoiled((s) => (s.transactions[0].steps[0].do[0].by = 1e17)), /by/],
  ["10,000 services", spoiled((s) => (s.services = Array.from({ length: 10_000 }, (_, n) => ({ name: `s${n}` })))), /64|262144/],
  ["no such pattern", spoiled((s) => (s.coupling = "magic")), /magic/],
];

for (const [name, hash, message] of CASES) {
  test(`${name}: named, and nothing is lost`, async () => {
    const page = await lab.open();
    await page.getByRole("button", { name: "or watch it succeed" }).click();
    await page.waitForSelector(".runs li");
    const runs = await page.locator(".runs li").count();
    const kept = hash.slice(0, 200);
    await page.evaluate((hash) => (location.hash = hash), hash);
    const banner = page.locator(".banner");
    await banner.waitFor();
    assert.match(await banner.innerText(), message);
    assert.equal(await page.locator(".runs li").count(), runs, "the run before is still there");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(700);
    assert.ok(new URL(page.url()).hash.startsWith(kept), "the address is kept as it was typed");
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a bad link at the start still shows something to work with", async () => {
  const page = await lab.open({ hash: "#9.abcd" });
  await page.locator(".banner", { hasText: "version 9" }).waitFor();
  assert.ok((await page.locator("g.node").count()) > 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("script in every string stays text", async () => {
  const evil = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';
  const scenario = good();
  scenario.title = evil.slice(0, 60);
  scenario.about = evil;
  scenario.services[0].name = evil.slice(0, 60);
  scenario.transactions[0].name = evil.slice(0, 60);
  const step = scenario.transactions[0].steps[0];
  step.service = scenario.services[0].name;
  step.name = evil.slice(0, 60);
  step.say = evil.slice(0, 60);
  step.emits = evil.slice(0, 60);
  scenario.workload.mix[0].transaction = scenario.transactions[0].name;
  const page = await lab.open({ hash: linkOf({ s: scenario }) });
  await page.waitForSelector(".bar");
  assert.equal(await page.locator(".banner").count(), 0, await page.locator(".banner").allInnerTexts().then(String));
  assert.ok((await page.locator("g.node").count()) > 0);
  await page.keyboard.press("End");
  await page.keyboard.press("t");
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  assert.equal(await page.locator("img").count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a scenario that is wrong is marked in the editor, and the run stays", async () => {
  const page = await lab.open();
  await page.getByRole("button", { name: "or watch it succeed" }).click();
  await page.waitForSelector(".runs li");
  await page.locator(".scenario-menu > button").click();
  await page.locator(".popup").getByRole("button", { name: "Edit as text" }).click();
  const editor = page.getByRole("textbox", { name: "The scenario as JSON" });
  const text = await editor.inputValue();
  await editor.fill(text.replace('"service": "payments"', '"service": "paymnets"'));
  const problems = page.locator(".problems");
  await problems.waitFor();
  assert.match(await problems.innerText(), /steps\[1\]\.service/);
  assert.ok(await page.getByRole("button", { name: "Run it" }).isDisabled(), "there is nothing to run");
  assert.match(await page.locator("#desk-says").innerText(), /One mistake/);
  await page.getByRole("complementary", { name: "The document" }).getByRole("button", { name: "Close" }).click();
  assert.equal(await page.locator(".runs li").count(), 1);
  assert.ok((await page.locator("g.node").count()) > 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
