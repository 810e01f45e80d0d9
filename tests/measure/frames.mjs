// Script time per frame of the released page while a long run plays and is scrubbed, as the page itself
// measures it (from the animation frame's start to after the elements have followed).
// node frames.mjs; `cargo xtask bench` calls it. It prints figures and passes or fails by none.
import { readFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";
import { start } from "../e2e/harness/browser.mjs";

const EVENTS = 200_000;

/** Checkout with so much in flight at once: long ways, no queues, and customers who can pay for all of it. */
async function scenario(tokens) {
  const document = JSON.parse(await readFile("crates/engine/scenarios/checkout.json", "utf8"));
  document.title = `Checkout with about ${tokens} messages in flight`;
  for (const service of document.services) {
    service.service_time_us = { constant: 100 };
    service.workers = 16;
  }
  const [, payments, stock] = document.services;
  payments.rows = { "account:alice": 9_000_000, "account:bob": 9_000_000, "account:carol": 9_000_000, "account:shop": 0 };
  stock.rows = { "item:widget": 9_000_000, "item:gadget": 9_000_000 };
  // A transaction has about one message in flight from its start to its end, ten ways of 200 ms later.
  document.network = { delay_us: { constant: 200_000 } };
  document.workload.arrivals = { "per-second": tokens / 2 };
  document.workload.count = 20_000;
  document.limits = { events: EVENTS };
  return document;
}

const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const ms = (value) => value.toFixed(2).padStart(8);

/** What the page has measured since it was last asked, by percentiles. */
async function frames(page) {
  const values = await page.evaluate(() => {
    const list = globalThis.__interleave.frame_ms;
    const values = list.filter((value) => typeof value === "number");
    // The page goes on writing at its own place in this ring.
    list.fill(null);
    return values;
  });
  return values.length === 0 ? null : { count: values.length, p50: percentile(values, 0.5), p95: percentile(values, 0.95) };
}

const line = (what, of) => console.log(`| ${what.padEnd(38)} | ${String(of?.count ?? 0).padStart(6)} | ${of ? ms(of.p50) : "–"} | ${of ? ms(of.p95) : "–"} |`);

const lab = await start();
console.log("| what                                   | frames |   median |  95th % |");
console.log("|----------------------------------------|-------:|---------:|--------:|");
for (const tokens of [300, 1_000]) {
  const text = JSON.stringify({ s: await scenario(tokens) });
  const page = await lab.open({ hash: `#1.${deflateRawSync(text).toString("base64url")}` });
  page.setDefaultTimeout(180_000);
  // The whole run is made, in slices between frames.
  await page.waitForFunction(() => location.hash.includes("&d="), undefined, { timeout: 180_000 });
  await page.locator(".scrubber").waitFor();
  const seen = await page.evaluate(async (events) => {
    // Somewhere in the middle, where as many are in flight as will be.
    const box = document.querySelector(".scrubber").getBoundingClientRect();
    return { x: box.x, y: box.y, width: box.width, height: box.height, events };
  }, EVENTS);
  const at = (share) => [seen.x + seen.width * share, seen.y + seen.height * 0.8];

  await page.mouse.click(...at(0.5));
  await page.waitForTimeout(500);
  await frames(page);
  await page.keyboard.press(" ");
  await page.waitForTimeout(6_000);
  await page.keyboard.press(" ");
  line(`${tokens} tokens: playing`, await frames(page));

  await page.mouse.move(...at(0.2));
  await page.mouse.down();
  for (let step = 0; step <= 120; step++) await page.mouse.move(...at(0.2 + (0.6 * step) / 120));
  await page.mouse.up();
  await page.waitForTimeout(200);
  line(`${tokens} tokens: scrubbing`, await frames(page));

  for (let seek = 0; seek < 40; seek++) {
    await page.mouse.click(...at(((seek * 37) % 100) / 100));
    await page.waitForTimeout(30);
  }
  line(`${tokens} tokens: seeking anywhere`, await frames(page));
  for (const complaint of page.complaints) console.error(complaint);
  await page.context().close();
}
await lab.close();
