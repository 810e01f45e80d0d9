// Every view of the page, and how a person comes to it. One line for a new view.

/** Waits until the run on screen has its digest, so that the picture is not of half a run. */
const settled = (page) => page.waitForFunction(() => location.hash.includes("&d="), undefined, { timeout: 60_000 });

/** The first visit's crash. */
async function crash(page) {
  await page.getByRole("button", { name: "Crash payments after it charges" }).click();
  await page.locator(".property.broken").first().waitFor();
  await settled(page);
}

/** The same with the inspector out of the way, where it lies over the page. */
async function crashAndClose(page) {
  await crash(page);
  const grip = page.locator(".right .grip[aria-expanded=true]");
  if (await grip.isVisible()) await grip.click();
}

/** A shipped scenario, by the words of its title. */
async function shipped(page, title) {
  await page.locator(".scenario-menu > button").click();
  await page.locator(".scenario-menu .popup button", { hasText: title }).first().click();
  await settled(page);
}

/** A scenario opened from anywhere but the first visit. */
const opened = (title) => async (page) => {
  await crashAndClose(page);
  await shipped(page, title);
};

const mode = (page, name) => page.getByRole("navigation", { name: "Modes" }).getByRole("button", { name }).click();

/** A view of the dock: its group's tab, and its name where the group has several. */
const dock = (group, name) => async (page) => {
  await crashAndClose(page);
  await page.locator(`#tab-${group}`).click();
  if (name) await page.locator(".choices").getByRole("button", { name }).click();
};

async function checked(page) {
  await crashAndClose(page);
  await page.getByRole("button", { name: "Find what breaks it" }).click();
  await page.locator(".verdict").first().waitFor({ timeout: 120_000 });
}

/** A story with its first question open: what its preview card shows. */
const told = (name) => async (page) => {
  await page.evaluate((name) => (location.hash = `#story=${name}.1`), name);
  await page.locator(".guess").first().waitFor();
  await settled(page);
};

/** The stories, and the pictures of their preview cards in the size that previews have. */
const STORIES = ["lost-event", "in-doubt", "stale-read", "deadlock", "failed-compensation", "rebuild", "last-seat", "redelivered-payment"].flatMap((name) => [
  { name: `story-${name}`, go: told(name) },
  {
    name: `card-${name}`,
    go: told(name),
    query: "?embed=1",
    docs: { file: `stories/${name}.jpg`, scheme: "light", width: 1200, height: 630, quality: 50 },
  },
]);

/**
 * `name`: of the file. `go`: what a person does on a fresh profile. `query`: of the address.
 * `docs`: the file in `docs/` that shows it, with the scheme and the size of that picture.
 */
export const VIEWS = [
  { name: "first-visit", go: async () => {}, docs: { file: "first-visit.png", scheme: "light", width: 1440, height: 900 } },
  { name: "watch-crash", go: crash, docs: { file: "lab.png", scheme: "light", width: 1440, height: 900 } },
  { name: "dock-lanes", go: dock("timeline", "Lanes") },
  { name: "dock-rows", go: dock("state", "Rows") },
  { name: "dock-log", go: dock("state", "Log") },
  { name: "dock-metrics", go: dock("metrics") },
  { name: "table", go: async (page) => { await crashAndClose(page); await page.keyboard.press("t"); } },
  { name: "keys", go: async (page) => { await crashAndClose(page); await page.keyboard.press("?"); } },
  { name: "shared-database", go: opened("Two opposite transfers") },
  { name: "two-phase-commit", go: opened("The coordinator dies") },
  { name: "cqrs", go: opened("A stale balance") },
  { name: "check", go: checked, docs: { file: "check.png", scheme: "dark", width: 1440, height: 900 } },
  { name: "compare", go: async (page) => { await crashAndClose(page); await mode(page, "Compare"); } },
  { name: "learn", go: async (page) => { await crashAndClose(page); await mode(page, "Learn"); } },
  { name: "learn-page", go: async (page) => { await page.evaluate(() => (location.hash = "#page=two-phase-commit")); await page.getByRole("heading", { name: "What breaks it" }).waitFor(); } },
  ...STORIES,
  { name: "embed", go: crash, query: "?embed=1" },
  { name: "present", go: crash, query: "?present=1" },
];

/** The sizes: a laptop, a tablet, a phone. */
export const SIZES = [[1440, 900], [1024, 768], [390, 844]];
