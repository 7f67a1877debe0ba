// Drives the node's web page in a browser. Without HEDDLE_PAGE_URL it starts the mock; with it, it drives the page that
// is there, and what needs the mock's data is skipped. A real node should have a faucet and some transactions.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { LAPTOP, PHONE, launch, open, overflow, textMatching, textOf, until } from "./browser.mjs";
import { HOSTILE, address, base58Of, blockOf, kindOf, signature, slotAt, stats } from "./data.mjs";
import { startMock } from "./mock.mjs";

const REAL = process.env.HEDDLE_PAGE_URL;
const onlyMock = { skip: REAL ? "needs the mock's data" : false };
const REFUSED = /Failed to load resource: net::ERR_/;
const FIRST_SECOND = 300;

let browser;
let mock;
let url;

before(async () => {
  browser = await launch();
  if (!REAL) mock = await startMock({ firstSecond: FIRST_SECOND });
  url = REAL ?? mock.url;
});

after(async () => {
  await browser?.close();
  await mock?.stop();
});

/** Runs `steps` on a new page at `hash` and expects no complaints. */
async function visit(hash, steps, options) {
  const { page, complaints, close } = await open(browser, url + hash, options);
  try {
    await textMatching(page, "#health", /running|paused/);
    await steps(page);
    assert.deepEqual(complaints, []);
  } finally {
    await close();
  }
}

/** Signature and slot of a durable transaction of the mock of that kind. */
function mocked(kind) {
  const newest = slotAt(FIRST_SECOND);
  for (let slot = newest - 8; slot > newest - 100; slot -= 1) {
    if (!blockOf(slot, newest)) continue;
    for (let index = 0; index < 12; index += 1) if (kindOf(slot, index) === kind) return { slot, name: signature(slot, index) };
  }
  throw new Error(`no ${kind}`);
}

async function lookUp(page, text) {
  await page.locator("#query").fill(text);
  await page.locator("#query").press("Enter");
}

test("says at once whether it runs, and the time moves", async () => {
  await visit("", async (page) => {
    await textMatching(page, "#verdict", /^(Running|Paused)/);
    for (const fact of ["cluster", "genesis", "up", "slot", "block height", "clock", "paused"]) {
      assert.match(await textOf(page, "#facts"), new RegExp(fact));
    }
    const first = await textOf(page, "#facts");
    await until("the facts move", async () => (await textOf(page, "#facts")) !== first);
  });
});

test("throughput, blocks, contention, transactions and machine move", onlyMock, async () => {
  await visit("", async (page) => {
    const parts = ["#tps", "#throughput-chart path.bar-ok", "#latency-chart", "#strip", "#hot", "#recent", "#stages"];
    const markup = (selector) => page.locator(selector).evaluate((element) => element.outerHTML);
    await textMatching(page, "#stages", /verify/);
    const before = await Promise.all(parts.map(markup));
    for (const [index, part] of parts.entries()) await until(`${part} moves`, async () => (await markup(part)) !== before[index]);
    assert.match(await textOf(page, "#verdict"), /transactions a second.*Most waiting is behind/s);
    assert.equal(await page.locator("#workers li").count(), 4);
    assert.match(await textOf(page, "#machine-facts"), /RocksDB/);
  });
});

test("the keys read single seconds of the chart", async () => {
  await visit("", async (page) => {
    await page.locator("#throughput-chart").focus();
    await page.keyboard.press("ArrowLeft");
    await textMatching(page, "#throughput-readout", /^\d\d:\d\d:\d\d · [\d,]+ tx · [\d,]+ failed/);
  });
});

test("a click on an account shows who waits behind it, and back shows the one before", onlyMock, async () => {
  await visit("", async (page) => {
    await textMatching(page, "#blocked h3", /…/);
    const hottest = await textOf(page, "#blocked h3");
    await page.locator("#hot a").nth(2).click();
    const chosen = await until("another account", async () => {
      const text = await textOf(page, "#blocked h3");
      return text === hottest ? null : text;
    });
    assert.match(page.url(), /#\/contention\//);
    assert.ok((await page.locator("#blocked .ribbon").count()) >= 8);
    assert.equal(await page.locator("#blocked .queue").count(), 2);
    assert.equal(await page.locator("#blocked .queue li").count(), 9);
    await page.locator("#blocked svg a[href^='#/contention/']").first().click();
    await until("the chain is followed", async () => (await textOf(page, "#blocked h3")) !== chosen);
    await page.goBack();
    await until("back to the one before", async () => (await textOf(page, "#blocked h3")) === chosen);
    await page.locator("#hot-more").click();
    assert.equal(await page.locator("#hot li").count(), 12);
  });
});

test("an account that nothing waits for says so", onlyMock, async () => {
  await visit(`#/contention/${address("nobody")}`, async (page) => {
    await textMatching(page, "#blocked", /Nothing of note waited/);
  });
});

test("block to transaction to account and all the way back", async (context) => {
  await visit("", async (page) => {
    await textMatching(page, "#facts", /slot/);
    const blocks = page.locator("#strip li:not(.open) a");
    if (REAL && !(await blocks.count())) return context.skip("the node has no durable block yet");
    await until("blocks", () => blocks.count());
    await blocks.first().click();
    await textMatching(page, "#page h1", /Block/);
    await textMatching(page, "#page", /blockhash/);
    const links = page.locator("#page a[href^='#/tx/']");
    if (REAL && !(await links.count())) return context.skip("the block is empty");
    await links.first().click();
    await textMatching(page, "#page h1", /Transaction/);
    await textMatching(page, "#page", /What ran/);
    await page.locator("#page table a[href^='#/account/']").first().click();
    await textMatching(page, "#page h1", /Account/);
    await page.goBack();
    await textMatching(page, "#page h1", /Transaction/);
    await page.goBack();
    await textMatching(page, "#page h1", /Block/);
    await page.goBack();
    await page.locator("#verdict").waitFor();
    return undefined;
  });
});

test("a transaction shows calls, units, tokens and balances", onlyMock, async () => {
  await visit("", async (page) => {
    await lookUp(page, mocked("swap").name);
    await textMatching(page, "#page .badge", /succeeded/);
    assert.equal(await page.locator("#page .step .step").count(), 2);
    const text = await textOf(page, "#page");
    for (const part of ["38,262 CU · 38,052 itself", "transfer checked", "amount_in 1250000", "150 CU more", "from table", "3.75"]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    await page.locator("#page details summary").first().click();
    await lookUp(page, mocked("failing").name);
    await textMatching(page, "#page", /Instruction 2 failed: custom error 6001 \(0x1771\)/);
    await textMatching(page, "#page .step.failed", /custom program error: 0x1771/);
  });
});

test("what programs log is text, whatever it says", onlyMock, async () => {
  await visit(`#/tx/${mocked("memo").name}`, async (page) => {
    await textMatching(page, "#page .log", /onerror/);
    assert.ok((await textOf(page, "#page")).includes(HOSTILE));
    assert.equal(await page.locator("#page img, #page script").count(), 0);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await page.locator("#page .step").count(), 1, "a log line does not open an invocation");
  });
});

test("look-up takes an address, a signature or a slot, and says what is none", async () => {
  await visit("", async (page) => {
    await lookUp(page, "0OIl");
    await textMatching(page, "#query-error", /no address/);
    await page.keyboard.press("Escape");
    await lookUp(page, "11111111111111111111111111111111");
    await textMatching(page, "#page .badge", /System/);
    await lookUp(page, base58Of("nobody sent this", 64));
    await textMatching(page, "#page", /does not know this signature/);
    await lookUp(page, "999,999,999,999");
    await textMatching(page, "#page h1", /Block\s*999999999999/);
    await textMatching(page, "#page .empty", /999999999999|no block|not available/i);
  });
});

test("accounts: parsed data, raw bytes, tokens, history", onlyMock, async () => {
  await visit(`#/account/${address("vault A")}`, async (page) => {
    await textMatching(page, "#page", /Data: Token account/);
    await textMatching(page, "#page", /Instruction 2 failed/);
    await lookUp(page, address("pool"));
    await textMatching(page, "#page .dump", /^0000 {2}([0-9a-f]{2} ){16}/);
    await textMatching(page, "#page .badge.wait", /transactions waited for it/);
    await lookUp(page, address("payer"));
    await textMatching(page, "#page", /Tokens it owns/);
    const balance = await textOf(page, "#page .detail-facts");
    await until("the balance moves", async () => (await textOf(page, "#page .detail-facts")) !== balance);
  });
});

test("the faucet sends SOL to a new account", async (context) => {
  const fresh = base58Of(randomBytes(16).toString("hex"), 32);
  await visit(`#/account/${fresh}`, async (page) => {
    await textMatching(page, "#page", /There is no account/);
    if (REAL && !(await page.locator(".faucet").count())) return context.skip("the node has no faucet");
    await page.locator("#faucet-amount").fill("2.5");
    await page.locator(".faucet button").click();
    await textMatching(page, ".faucet-said", /Arrived/);
    await textMatching(page, "#page .detail-facts", /2\.5 SOL/);
    assert.match(await textOf(page, ".faucet-said"), /Arrived/, "said stays when the page is drawn anew");
    await page.locator(".faucet-said a").click();
    await textMatching(page, "#page h1", /Transaction/);
    return undefined;
  });
});

test("only failed ones, and held while they are read", onlyMock, async () => {
  await visit("", async (page) => {
    await page.locator("#recent-failed").check();
    await until("only failed", async () => (await page.locator("#recent .result.ok").count()) === 0);
    await page.locator("#recent-hold").click();
    const held = await textOf(page, "#recent");
    const tps = await textOf(page, "#tps");
    await until("the rest moves", async () => (await textOf(page, "#tps")) !== tps);
    assert.equal(await textOf(page, "#recent"), held);
  });
});

test("a phone does not scroll sideways", async () => {
  const phone = { viewport: PHONE, isMobile: true, hasTouch: true };
  await visit("", async (page) => {
    await textMatching(page, "#verdict", /^(Running|Paused)/);
    assert.equal(await overflow(page), 0);
    const cut = await page.evaluate(() => [...document.querySelectorAll(".card")].filter((card) => card.scrollWidth > card.clientWidth).map((card) => card.className));
    assert.deepEqual(cut, [], "cards hold what is in them");
    const pages = REAL ? ["11111111111111111111111111111111"] : [mocked("swap").name, mocked("memo").name, address("pool"), String(mocked("swap").slot)];
    for (const name of pages) {
      await lookUp(page, name);
      await until(name, async () => (await page.locator("#page .card").count()) > 0 && !/Asking/.test(await textOf(page, "#page")));
      assert.equal(await overflow(page), 0, name);
    }
  }, phone);
});

/** Contrast of two CSS colours as WCAG counts it. */
function contrast(one, other) {
  const luminance = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

for (const colorScheme of ["light", "dark"]) {
  test(`${colorScheme}: colours are the scheme's and readable`, async () => {
    await visit("", async (page) => {
      const read = (names) => page.evaluate((all) => all.map((name) => {
        const probe = document.body.appendChild(document.createElement("p"));
        probe.style.color = `var(--${name})`;
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      }), names);
      const [paper, card, wait] = await read(["paper", "card", "wait-soft"]);
      assert.equal(contrast(paper, "rgb(255, 255, 255)") < 2, colorScheme === "light");
      for (const name of ["ink", "soft", "link", "ok", "failed", "wait"]) {
        const [colour] = await read([name]);
        for (const ground of [paper, card]) assert.ok(contrast(colour, ground) >= 4.5, `${name} ${colour} on ${ground}`);
      }
      const [ink, waiting] = await read(["ink", "wait"]);
      assert.ok(contrast(ink, wait) >= 4.5 && contrast(waiting, wait) >= 4.5, "on the ground of what waits");
    }, { colorScheme });
  });
}

test("who asked for less motion gets none", async () => {
  await visit("", async (page) => {
    assert.equal(await page.locator(".dot").evaluate((dot) => getComputedStyle(dot).animationName), "none");
  }, { reducedMotion: "reduce" });
});

test("paused is told", onlyMock, async () => {
  mock.settings.paused = true;
  try {
    await visit("", (page) => textMatching(page, "#verdict", /^Paused at slot/));
  } finally {
    mock.settings.paused = false;
  }
});

test("a node without our methods, or with nothing to tell, is no disaster", onlyMock, async () => {
  const idle = { blocks: 0, transactions: 0, waves: 0, accounts: [] };
  mock.settings.methods = { heddle_contention: () => idle };
  try {
    await visit("", (page) => textMatching(page, "#contention", /No transaction waited for another/));
  } finally {
    mock.settings.methods = {};
  }
});

/** What a node tells in its first second, in memory and in transaction mode: hardly anything. */
const young = (stats) => ({
  ...stats, clock: { mode: "transaction", paused: false, offsetSeconds: 0 }, faucet: false, uptimeSeconds: 0, blockHeight: 0,
  slot: { processed: 0, confirmed: 0 }, mempool: { waiting: 0, capacity: 65_536, intake: 0 },
  latencyMicros: { queued: null, executed: null, committed: null }, store: null, accounts: { cached: null, cachedBytes: null },
  workerMicros: [{ busy: 0, idle: 0 }], history: [], blocks: [], recent: [],
});

test("a node that has nothing to tell yet", onlyMock, async () => {
  mock.settings.methods = { heddle_stats: (seconds) => young(stats(seconds)) };
  try {
    await visit("", async (page) => {
      await textMatching(page, "#verdict", /^Running, nothing to do/);
      await textMatching(page, "#machine-facts", /in memory/);
      await textMatching(page, "#recent-empty", /Nothing yet/);
      assert.match(await textOf(page, "#facts"), /a block when something waits/);
      await textMatching(page, "#workers", /1 · –/);
      assert.doesNotMatch(await textOf(page, "main"), /NaN|undefined|null|Infinity/);
    });
  } finally {
    mock.settings.methods = {};
  }
});

test("a large machine: many workers, great numbers, one account without company", onlyMock, async () => {
  const lonely = { address: address("pool"), locked: 9, written: 9, waited: 8, waitedMicros: 70, behind: [], programs: [], waiting: [] };
  const large = (told) => ({
    ...told, workers: 64, workerMicros: Array.from({ length: 64 }, (_, index) => ({ busy: told.uptimeSeconds * index, idle: told.uptimeSeconds * 64 })),
    history: told.history.map((second) => ({ ...second, processed: second.processed * 80 })),
  });
  mock.settings.methods = {
    heddle_stats: (seconds) => large(stats(seconds)), heddle_contention: () => ({ blocks: 1, transactions: 9, waves: 9, accounts: [lonely] }),
  };
  try {
    for (const viewport of [LAPTOP, PHONE]) {
      await visit("", async (page) => {
        await textMatching(page, "#tps", /^\d,\d{3},\d{3}$/);
        await until("64 workers", async () => (await page.locator("#workers li").count()) === 64);
        await textMatching(page, "#blocked .story", /8 of 9 transactions/);
        assert.equal(await overflow(page), 0);
        const [number, chart] = await Promise.all(["#tps", "#throughput-chart"].map((part) => page.locator(part).boundingBox()));
        assert.ok(viewport === PHONE || number.x + number.width <= chart.x, "the number stays beside its chart");
        if (process.env.HEDDLE_PAGE_SHOTS) await page.screenshot({ path: `${process.env.HEDDLE_PAGE_SHOTS}/large-${viewport.width}.png`, fullPage: true });
      }, { viewport });
    }
  } finally {
    mock.settings.methods = {};
  }
});

test("a node that is gone is told calmly, and the page goes on when it is back", async () => {
  const { page, complaints, close } = await open(browser, url);
  await textMatching(page, "#health", /running|paused/);
  const block = (route) => (route.request().method() === "POST" ? route.abort("connectionrefused") : route.continue());
  const port = mock?.port;
  if (REAL) await page.route("**/*", block);
  else await mock.stop();
  await textMatching(page, "#notice", /The node cannot be reached.*Asking again every second/);
  assert.match(await textOf(page, "#health"), /no answer/);
  assert.match(await textOf(page, "#verdict"), /^No answer/);
  if (REAL) await page.unroute("**/*", block);
  else mock = await startMock({ port, firstSecond: FIRST_SECOND });
  await textMatching(page, "#health", /running|paused/);
  await textMatching(page, "#verdict", /^(Running|Paused)/);
  await until("the notice goes", async () => !(await page.locator("#notice").isVisible()));
  assert.deepEqual(complaints.filter((text) => !REFUSED.test(text)), []);
  await close();
});
