// A reader's browser: serves the built page of examples/live-tally, opens it in Chromium, and does what its standard input
// says, a line a step. Each step is answered with a line.

import { createReadStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";

// The packages are those of `.ci/package.json`, wherever this file is.
const require = createRequire(new URL("../../.ci/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [built, executablePath] = process.argv.slice(2);
const PATIENCE = 60_000;

const types = { ".html": "text/html", ".js": "text/javascript" };
const files = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://page");
  const file = join(built, pathname === "/" ? "index.html" : pathname);
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": types[extname(file)] });
  createReadStream(file).pipe(response);
});
await new Promise((resolve) => files.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${files.address().port}`;

const profile = mkdtempSync(join(tmpdir(), "rollcall-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  viewport: { width: 1280, height: 720 },
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const page = context.pages()[0];
page.setDefaultTimeout(PATIENCE);
const problems = [];
page.on("pageerror", (problem) => problems.push(String(problem)));

// Every revision that the page has shown, in its order, with its counts.
await page.addInitScript(() => {
  window.shown = [];
  addEventListener("DOMContentLoaded", () => {
    const board = document.getElementById("board");
    const cells = () => [...board.querySelectorAll("#counts [data-choice]")];
    const counts = () => cells().map((cell) => [cell.dataset.choice, Number(cell.querySelector("dd").textContent)]);
    const note = () => window.shown.push([Number(board.dataset.revision), Object.fromEntries(counts())]);
    new MutationObserver(note).observe(board, { attributes: true, attributeFilter: ["data-revision"] });
  });
});

const steps = {
  // Opens the page with a query.
  open: async (query) => void (await page.goto(`${origin}/${query}`)),
  // Waits until an element says something.
  see: async (selector, text) => {
    const found = page.locator(selector);
    try {
      await found.filter({ hasText: text, visible: true }).first().waitFor();
    } catch {
      throw new Error(`${selector} does not say ${text}, but: ${await found.allInnerTexts()}`);
    }
  },
  shown: () => page.evaluate(() => window.shown),
  problems: () => problems,
};

console.log(origin);
for await (const line of createInterface({ input: process.stdin })) {
  const [step, ...words] = JSON.parse(line);
  let answer;
  try {
    answer = await steps[step](...words);
  } catch (problem) {
    answer = { failed: String(problem) };
  }
  console.log(JSON.stringify(answer ?? null));
}
await context.close();
rmSync(profile, { recursive: true, force: true });
files.close();
