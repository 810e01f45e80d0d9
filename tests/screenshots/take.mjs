// Takes the pictures of all views into a folder, with a sheet (index.html) of them.
// node take.mjs FOLDER [--docs]; `cargo xtask screenshots` calls it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { start } from "../e2e/harness/browser.mjs";
import { SIZES, VIEWS } from "./views.mjs";

const [folder, flag] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const lab = await start();
const problems = [];
const rows = [];

/** Opens a view on a fresh profile and takes its picture. */
async function take(view, options, path) {
  const page = await lab.open({ ...options, query: view.query, reducedMotion: "reduce" });
  // Whatever is not there by then is hidden by something, and the picture shows by what.
  page.setDefaultTimeout(10_000);
  try {
    await view.go(page);
    // Two frames: state, then what follows from it.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot(options.quality ? { path, quality: options.quality } : { path });
    problems.push(...page.complaints.map((complaint) => `${path}: ${complaint}`));
  } catch (error) {
    problems.push(`${path}: ${error.message}`);
    await page.screenshot({ path }).catch(() => {});
  } finally {
    await page.context().close();
  }
}

for (const view of VIEWS) {
  const cells = [];
  for (const [width, height] of SIZES) {
    for (const scheme of ["light", "dark"]) {
      const file = `${view.name}-${width}-${scheme}.png`;
      await take(view, { width, height, scheme }, join(folder, file));
      cells.push(`<td><a href="${file}"><img src="${file}" width="${Math.round(width / 4)}" alt="${view.name}, ${width}, ${scheme}"></a></td>`);
    }
  }
  console.log(`${view.name}: ${cells.length} pictures`);
  rows.push(`<tr><th>${view.name}</th>${cells.join("")}</tr>`);
  if (flag === "--docs" && view.docs) {
    const { file, ...options } = view.docs;
    await take(view, options, join("docs", file));
  }
}
await writeFile(
  join(folder, "index.html"),
  `<!doctype html><meta charset="utf-8"><title>Every view</title><style>body{font:14px sans-serif}img{border:1px solid #999}td{vertical-align:top}</style><table>${rows.join("\n")}</table>\n`,
);
await lab.close();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
