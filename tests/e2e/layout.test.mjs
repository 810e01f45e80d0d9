// Every view at every width: no text too small to be read, nothing wider than the window, no label of
// the graph over another, and a transaction's colour the same wherever it is.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "./harness/browser.mjs";
import { SIZES, VIEWS } from "../screenshots/views.mjs";

let lab;
before(async () => (lab = await start()));
after(() => lab.close());

/** The sizes of the sheet of screenshots, and the narrowest window that the page is made for. */
const WIDTHS = [...SIZES, [320, 640]];

/** What is wrong with the layout on screen, one line each; and the colours of the transactions. Runs in the page. */
function look() {
  const TEXT_MIN = 12;
  const problems = [];
  const seen = (element) => {
    if (element.closest(".seen-by-readers, [aria-hidden='true']")) return false;
    return element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  const shorten = (text) => text.trim().slice(0, 40);

  // Text: its computed size, times the scale of the drawing that it stands in.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const element = text.parentElement;
    if (!text.data.trim() || !element || /^(SCRIPT|STYLE|NOSCRIPT|OPTION)$/.test(element.tagName) || !seen(element)) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 1.5 || box.height < 1.5) continue;
    const scale = element instanceof SVGElement ? (element.getScreenCTM?.()?.a ?? 1) : 1;
    const size = parseFloat(getComputedStyle(element).fontSize) * scale;
    if (size < TEXT_MIN - 0.01) problems.push(`text of ${size.toFixed(1)} px: "${shorten(text.data)}"`);
  }

  // Width: nothing makes the page scroll sideways.
  const wide = document.scrollingElement.scrollWidth - innerWidth;
  if (wide > 0) {
    const scrolls = (it) => it.parentElement?.closest("*") && getComputedStyle(it).overflowX !== "visible";
    const contained = (it) => { for (let up = it.parentElement; up; up = up.parentElement) if (up !== document.body && up !== document.documentElement && scrolls(up)) return true; return false; };
    const widest = [...document.body.querySelectorAll("*")].find((it) => it.getBoundingClientRect().right > innerWidth + 0.5 && seen(it) && !contained(it));
    problems.push(`${wide} px too wide: ${widest?.tagName} .${widest?.getAttribute("class")} "${shorten(widest?.textContent ?? "")}"`);
  }

  // Labels of the graph: those of what stands. What moves passes over other things by its nature.
  const labels = [...document.querySelectorAll(".drawing > svg text")].filter((it) => it.textContent.trim() && !it.closest(".flight") && seen(it));
  const boxes = labels.map((it) => it.getBoundingClientRect());
  for (let a = 0; a < labels.length; a++) {
    for (let b = a + 1; b < labels.length; b++) {
      const over = Math.min(boxes[a].right, boxes[b].right) - Math.max(boxes[a].left, boxes[b].left);
      const high = Math.min(boxes[a].bottom, boxes[b].bottom) - Math.max(boxes[a].top, boxes[b].top);
      // The boxes of two lines below each other meet: ascenders and descenders have room of their own.
      if (over > 1 && high > 5) problems.push(`"${shorten(labels[a].textContent)}" over "${shorten(labels[b].textContent)}"`);
    }
  }

  // Colours: what the fill of a transaction is, wherever one is shown.
  const colours = {};
  for (const element of document.querySelectorAll("[class*=' t'], [class^='t']")) {
    const name = [...element.classList].find((it) => /^t\d$/.test(it));
    if (!name) continue;
    (colours[name] ??= new Set()).add(getComputedStyle(element).getPropertyValue("--t").trim());
    const filled = element.matches(".chip, .swatch") ? [element] : [...element.querySelectorAll(":scope > .token")];
    for (const it of filled) {
      const style = getComputedStyle(it);
      const paint = it instanceof SVGElement ? style.fill : style.backgroundColor;
      if (seen(it)) (colours[`${name} painted`] ??= new Set()).add(paint);
    }
  }
  return { problems, colours: Object.fromEntries(Object.entries(colours).map(([name, values]) => [name, [...values]])) };
}

const settle = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))));

/** Of each theme, of each transaction's class: every colour it had in any view. */
const colours = { light: new Map(), dark: new Map() };

for (const view of VIEWS.filter((view) => !view.name.startsWith("card-"))) {
  test(`${view.name}: readable, within the window, nothing over anything`, async () => {
    const page = await lab.open({ query: view.query, reducedMotion: "reduce", scheme: "light" });
    await view.go(page);
    const found = [];
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      await settle(page);
      for (const scheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await settle(page);
        const { problems, colours: here } = await page.evaluate(look);
        found.push(...problems.map((problem) => `${width} px, ${scheme}: ${problem}`));
        for (const [name, values] of Object.entries(here)) {
          const known = colours[scheme].get(name) ?? new Set();
          values.forEach((value) => known.add(value));
          colours[scheme].set(name, known);
        }
      }
    }
    assert.deepEqual([...new Set(found)], []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a transaction has one colour in every view", () => {
  for (const [scheme, names] of Object.entries(colours)) {
    assert.ok([...names.keys()].some((name) => name.endsWith("painted")), "some transaction was painted");
    for (const [name, values] of names) assert.equal(values.size, 1, `${scheme}, ${name}: ${[...values].join(" and ")}`);
  }
});
