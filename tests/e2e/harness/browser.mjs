// One Chromium for a test file, pages that collect every complaint, and axe.
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { serve } from "./server.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** The folder of the built page; `cargo xtask test --only e2e` sets it. */
function pageFolder() {
  const folder = process.env.INTERLEAVE_PAGE ?? "target/page";
  if (!existsSync(`${folder}/index.html`)) {
    throw new Error(`no page in ${folder}; run \`cargo xtask test --only page\` first`);
  }
  return folder;
}

/**
 * Starts a server of the page and a browser.
 * `open(options)` gives a page in a context of its own: `hash` (with its #), `query` (with its ?),
 * `width`, `height`, `scheme` ("dark" or "light"), `reducedMotion` ("reduce" or "no-preference"),
 * `before` (a function that runs in the page before its scripts).
 * The page carries `complaints`: console errors and warnings, uncaught errors, requests that failed.
 */
export async function start() {
  const server = await serve(pageFolder());
  const browser = await chromium.launch({
    executablePath: process.env.INTERLEAVE_CHROMIUM ?? "/usr/bin/chromium",
    // Containers often run as root, where Chromium's sandbox cannot start.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  return {
    address: server.address,
    async open(options = {}) {
      const context = await browser.newContext({
        viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
        colorScheme: options.scheme ?? "dark",
        reducedMotion: options.reducedMotion ?? "no-preference",
        permissions: ["clipboard-read", "clipboard-write"],
      });
      const page = await context.newPage();
      page.complaints = [];
      if (options.before) await page.addInitScript(options.before);
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) page.complaints.push(`console: ${message.text()}`);
      });
      page.on("pageerror", (error) => page.complaints.push(`uncaught: ${error.message}`));
      page.on("requestfailed", (request) => {
        // The browser asks for the icon anew where the address changes, and gives that up where it changes again.
        const givenUp = request.failure()?.errorText === "net::ERR_ABORTED" && /favicon[^/]*\.svg$/.test(request.url());
        if (!givenUp) page.complaints.push(`not loaded: ${request.url()}`);
      });
      page.on("response", (response) => {
        if (response.status() >= 400) page.complaints.push(`${response.status()}: ${response.url()}`);
      });
      await page.goto(server.address + (options.query ?? "") + (options.hash ?? ""));
      await page.waitForSelector("main");
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/**
 * What axe finds of serious or critical impact, one line each.
 * Evaluated through the debugger's protocol, so the page's security policy does not stand in its way.
 */
export async function accessibilityProblems(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
  return violations
    .filter((violation) => ["serious", "critical"].includes(violation.impact))
    .map((violation) => `${violation.id}: ${violation.help} (${violation.nodes.map((node) => node.target).join(", ")})`);
}
