// The page for other occasions: inside another page, and before an audience.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
/** The link to a run with a crashed payment. */
let hash = "";
before(async () => {
  lab = await start();
  const page = await lab.open();
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await page.locator(".property.broken").first().waitFor();
  await page.waitForFunction(() => location.hash.includes("&d="));
  hash = new URL(page.url()).hash;
  await page.context().close();
});
after(() => lab?.close());

/** Nothing wider than the window, and nothing of the listed parts cut off by it. */
async function assertInside(page, selectors) {
  const { width, height } = page.viewportSize();
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, "no sideways scrolling");
  for (const selector of selectors) {
    const box = await page.locator(selector).first().boundingBox();
    assert.ok(box && box.x >= -1 && box.x + box.width <= width + 1, `${selector} within the width`);
    assert.ok(box.y >= -1 && box.y + box.height <= height + 1, `${selector} within the height`);
  }
}

for (const scheme of ["light", "dark"]) {
  for (const [width, height] of [[800, 450], [640, 480], [390, 600], [320, 480]]) {
    test(`inside another page, ${width} by ${height}, ${scheme}`, async () => {
      const page = await lab.open({ query: "?embed=1", hash, width, height, scheme });
      await page.locator(".caption").filter({ hasText: "payments crashed" }).waitFor();
      await assertInside(page, [".embed-head", ".heads", ".stage", ".bar", ".caption", ".play"]);
      assert.equal(await page.locator(".left, .dock, .runs:visible, .scenario-menu").count(), 0, "panels stay away");
      const out = page.getByRole("link", { name: /Open in Interleave/ });
      const href = await out.evaluate((link) => link.href);
      assert.ok(!href.includes("embed"), href);
      assert.ok(href.includes("#1."), "the link holds the run");
      await page.locator(".property.broken").first().click();
      await page.locator(".right .reason").first().waitFor();
      await page.locator(".right .grip").click();
      await page.locator(".right .reason").first().waitFor({ state: "hidden" });
      await page.keyboard.press("Home");
      await page.locator(".caption").filter({ hasText: /started|up/ }).waitFor();
      assert.deepEqual(await accessibilityProblems(page), []);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }
}

test("what the way out opens is the same run in a page of its own", async () => {
  const page = await lab.open({ query: "?embed=1", hash, width: 800, height: 450 });
  const [whole] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("link", { name: /Open in Interleave/ }).click(),
  ]);
  await whole.locator(".left").waitFor();
  const digest = (address) => new URLSearchParams(new URL(address).hash.slice(1)).get("d");
  await whole.waitForFunction(() => location.hash.includes("&d="));
  assert.equal(digest(whole.url()), digest(lab.address + hash));
  await page.context().close();
});

for (const [width, height] of [[1920, 1080], [1280, 720]]) {
  test(`before an audience, ${width} by ${height}`, async () => {
    const page = await lab.open({ query: "?present=1", hash, width, height });
    await page.locator(".caption").filter({ hasText: "payments crashed" }).waitFor();
    await assertInside(page, [".top", ".heads", ".stage", ".caption", ".bar", ".play", ".scrubber"]);
    const zoomed = await page.locator(".caption").evaluate((element) => {
      return parseFloat(getComputedStyle(element).fontSize) * (element.currentCSSZoom ?? 1);
    });
    assert.ok(zoomed >= 20, `the sentence has ${zoomed} pixels`);
    // A remote control sends these keys: from event to event of the transaction.
    const before = await page.locator(".caption").innerText();
    await page.keyboard.press("PageUp");
    await page.waitForFunction((text) => document.querySelector(".caption").innerText !== text, before);
    await page.keyboard.press("PageDown");
    await page.waitForFunction((text) => document.querySelector(".caption").innerText === text, before);
    // What is pressed is what lies under the pointer, although everything is drawn larger.
    await page.locator('g.node [role=button][aria-label^="stock"]').click();
    const menu = await page.locator(".menu-popup").boundingBox();
    assert.ok(menu.x >= 0 && menu.x + menu.width <= width && menu.y + 40 <= height, "the menu is on screen");
    await page.keyboard.press("Escape");
    const track = await page.locator(".scrubber").boundingBox();
    await page.mouse.click(track.x + track.width / 2, track.y + track.height / 2);
    const share = await page.locator(".scrubber").evaluate((element) => {
      return element.getAttribute("aria-valuenow") / element.getAttribute("aria-valuemax");
    });
    assert.ok(Math.abs(share - 0.5) < 0.03, `the moment is where the scrubber was pressed: ${share}`);
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}
