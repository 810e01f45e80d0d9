// Stories: each told from its first stage to Compare, by mouse, by keyboard, by hand in the graph, on a phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, start } from "./harness/browser.mjs";

let lab;
before(async () => {
  lab = await start();
});
after(() => lab?.close());

const STORIES = ["lost-event", "in-doubt", "stale-read", "deadlock", "failed-compensation", "rebuild", "last-seat", "redelivered-payment"];
const stage = (page) => new URLSearchParams(new URL(page.url()).hash.split("&").slice(1).join("&")).get("story");
const arrived = (page, text) => page.waitForFunction((text) => location.hash.includes(`&story=${text}&`) || location.hash.endsWith(`&story=${text}`), text);
const revealed = (page) => page.locator(".guess.so").waitFor();
const count = async (page) => Number((await page.locator(".story-top .dim").innerText()).split(" of ")[1]);

/** Tells the stage on screen: a guess, the action, what came of it. */
async function tell(page) {
  await page.locator(".guess").first().click();
  if ((await page.locator(".guess.so").count()) === 0) {
    await page.locator(".doing button").click();
    await revealed(page);
  }
  assert.equal(await page.locator(".guess.so").count(), 1, `${stage(page)}: one answer is so`);
  const why = await page.locator(".outcome").innerText();
  assert.ok(why.length > 40, `${stage(page)}: it says why: ${why}`);
}

for (const [at, name] of STORIES.entries()) {
  const scheme = at % 2 ? "light" : "dark";
  test(`the story ${name} is told by mouse and ends in Compare, ${scheme}`, async () => {
    const page = await lab.open({ hash: "#learn", scheme });
    await page.locator(`a[href="#story=${name}.1"]`).click();
    await page.locator("g.node").first().waitFor();
    const stages = await count(page);
    assert.ok(stages >= 3);
    for (let number = 1; number <= stages; number++) {
      await arrived(page, `${name}.${number}`);
      const said = await page.locator("#story-say").innerText();
      assert.match(said, /^[A-Z].*\.$/s);
      if (number === 1) assert.deepEqual(await accessibilityProblems(page), []);
      await tell(page);
      if (number === 2) assert.deepEqual(await accessibilityProblems(page), []);
      if (number < stages) {
        await page.locator("#story-next").click();
        await page.waitForFunction((said) => document.querySelector("#story-say")?.innerText !== said, said);
        assert.equal(await page.evaluate(() => document.activeElement.id), "story-say");
      }
    }
    await page.locator(".doing button").click();
    await page.getByRole("main", { name: "Compare" }).waitFor();
    const chosen = await page.locator("main input[type=checkbox]:checked").count();
    assert.ok(chosen >= 2, "the story's couplings are chosen");
    await page.locator(".story-back").getByRole("button", { name: "Back to the story" }).waitFor();
    await page.locator(".story-back a").click();
    await page.getByRole("heading", { name: "Learn by breaking things" }).waitFor();
    assert.match(await page.locator(".stories li").nth(at).innerText(), /told/);
    await page.reload();
    assert.match(await page.locator(".stories li").nth(at).innerText(), /told/, "progress is kept");
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("an action is recognised when it is done by hand in the graph", async () => {
  const page = await lab.open({ hash: "#story=lost-event.1" });
  await arrived(page, "lost-event.1");
  await page.locator(".guess").nth(1).click();
  await page.locator(`g.node [role=button][aria-label^="orders"]`).first().click();
  await page.getByRole("menuitem", { name: "Crash orders now" }).click();
  await revealed(page);
  assert.match(await page.locator(".outcome").innerText(), /^Yes\./);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a story is told by keyboard alone", async () => {
  const page = await lab.open({ hash: "#story=deadlock.1", reducedMotion: "reduce" });
  await arrived(page, "deadlock.1");
  /** Tabs until an element that matches has the focus, and presses Enter. */
  const press = async (selector) => {
    for (let tabs = 0; tabs < 60; tabs++) {
      if (await page.evaluate((selector) => document.activeElement.matches(selector), selector)) {
        await page.keyboard.press("Enter");
        return;
      }
      await page.keyboard.press("Tab");
    }
    throw new Error(`no way to ${selector} by keyboard`);
  };
  const stages = await count(page);
  for (let number = 1; number <= stages; number++) {
    await arrived(page, `deadlock.${number}`);
    await page.waitForFunction(() => document.activeElement.id === "story-say");
    await press(".guess");
    if ((await page.locator(".guess.so").count()) === 0) {
      await press(".doing button");
      await revealed(page);
    }
    if (number < stages) await press("#story-next");
  }
  await press(".doing button");
  await page.getByRole("main", { name: "Compare" }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("each stage is a link, and the back button goes to the stage before", async () => {
  const page = await lab.open({ hash: "#story=in-doubt.2" });
  await arrived(page, "in-doubt.2");
  const link = page.url();
  await page.getByRole("button", { name: "Skip" }).click();
  await arrived(page, "in-doubt.3");
  await page.goBack();
  await arrived(page, "in-doubt.2");
  const again = await lab.open({ hash: new URL(link).hash });
  await arrived(again, "in-doubt.2");
  assert.equal(await again.locator("#story-say").innerText(), await page.locator("#story-say").innerText());
  const unknown = await lab.open({ hash: "#story=nothing.1" });
  assert.match(await unknown.getByRole("alert").innerText(), /no such stage of a story; there are lost-event/);
  assert.deepEqual([...page.complaints, ...again.complaints, ...unknown.complaints], []);
  for (const it of [page, again, unknown]) await it.context().close();
});

for (const scheme of ["dark", "light"]) {
  test(`on a phone the sentence, the graph and the guesses are there, ${scheme}`, async () => {
    const page = await lab.open({ hash: "#story=lost-event.1", width: 390, height: 844, scheme });
    await arrived(page, "lost-event.1");
    const inView = (selector) =>
      page.locator(selector).first().evaluate((element) => {
        const box = element.getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight && box.height >= 20;
      });
    assert.ok(await inView("#story-say"), "the sentence is in the first view");
    for (const answer of await page.locator(".guess").all()) {
      const box = await answer.boundingBox();
      assert.ok(box.height >= 44, "large enough for a thumb");
      assert.ok(box.y + box.height <= 844, "the guesses are in the first view");
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await tell(page);
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("where the browser keeps nothing, a story is told all the same", async () => {
  const page = await lab.open({
    hash: "#story=lost-event.1",
    before: () => {
      Object.defineProperty(window, "localStorage", { get() { throw new DOMException("denied", "SecurityError"); } });
    },
  });
  await arrived(page, "lost-event.1");
  await tell(page);
  await page.getByRole("button", { name: "Leave" }).click();
  assert.match(await page.locator(".stories li").first().innerText(), /go on at 2 of 4/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
