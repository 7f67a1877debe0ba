// Starts Debian's Chromium for the tests and collects what a page complains about. Knows nothing of Heddle.

import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--no-first-run",
];

/** Sizes that the page must look good at. */
export const LAPTOP = { width: 1366, height: 768 };
export const PHONE = { width: 390, height: 844 };

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });

/** A new page and its `complaints`: errors in the console, uncaught exceptions, requests to other places. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: LAPTOP, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.stack ?? String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) complaints.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints, close: () => context.close() };
}

const POLL_MS = 50;
const PATIENCE_MS = 10_000;

/** Waits until `probe` answers something true and returns it; fails with `what` after ten seconds. */
export async function until(what, probe) {
  const deadline = Date.now() + PATIENCE_MS;
  let last;
  do {
    last = await probe();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  } while (Date.now() < deadline);
  throw new Error(`did not happen in ${PATIENCE_MS} ms: ${what}`);
}

/** Text of the first element that `selector` finds, as people see it. */
export const textOf = (page, selector) => page.locator(selector).first().innerText();

/** Waits until the text of `selector` matches and returns it. */
export const textMatching = (page, selector, pattern) =>
  until(`${selector} matches ${pattern}`, async () => {
    const found = page.locator(selector).first();
    const text = (await found.count()) ? await found.innerText() : "";
    return pattern.test(text) ? text : null;
  });

/** Pixels by which the page is wider than its window. */
export const overflow = (page) => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));
