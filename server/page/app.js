// The page's loop and its routes. Once a second, while somebody looks, it asks the node and hands the answers to the
// parts of the overview, or brings the open page of one account, transaction or block up to date.
//
//   connecting ──▶ running ⇄ paused
//        │            ▲ │
//        └──▶ down ───┘◀┘   asked again every second

import * as account from "./account.js";
import * as block from "./block.js";
import * as contention from "./contention.js";
import * as latency from "./latency.js";
import * as machine from "./machine.js";
import * as recent from "./recent.js";
import * as samples from "./samples.js";
import * as strip from "./strip.js";
import * as throughput from "./throughput.js";
import * as transaction from "./transaction.js";
import { byId, h } from "./dom.js";
import { count, duration } from "./format.js";
import { routeOf } from "./names.js";
import { pace, showFacts, showGone, showHealth, showVerdict } from "./overview.js";
import { NodeDown, RpcError, batch } from "./rpc.js";
import { title } from "./parts.js";

const PERIOD_MS = 1_000;
const MISSES_UNTIL_DOWN = 2;
const TOP = 20;
/** As in style.css: from here down, the picture lies under the list. */
const ONE_COLUMN_UNTIL = 980;
const PAGES = { tx: transaction, account, block };

const state = { stats: null, misses: 0, answeredAt: null, heat: null, heatError: null };
let open = null;
let scrollWanted = false;

const routeNow = () => {
  const [, kind, name = ""] = /^#\/([a-z]+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  return { kind: kind ?? "", name: decoded(name) };
};

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/* ---- asking ---- */

async function ask() {
  const calls = [["heddle_stats"], ["heddle_contention", [{ top: TOP }]]];
  const [stats, heat] = await batch(open && open.kind !== "account" ? calls.slice(0, 1) : calls);
  if (stats.error) throw stats.error;
  answered(stats.result, heat);
}

function answered(stats, heat) {
  state.misses = 0;
  state.answeredAt = performance.now();
  state.stats = stats;
  if (heat) {
    [state.heat, state.heatError] = [heat.result ?? null, heat.error ?? null];
    contention.remember(state.heat);
  }
  samples.add(stats, performance.now());
  const { idle, now } = pace(stats);
  const kind = stats.clock.paused ? "paused" : "running";
  showHealth(kind, stats.clock.paused ? "paused" : idle ? "running, idle" : "running", null);
  showFacts(stats);
  if (open) return;
  document.title = idle ? "heddle" : `${count(now)} tx/s · heddle`;
  showOverview();
}

function showOverview() {
  const { stats, heat, heatError } = state;
  if (!stats) return;
  byId("home").hidden = false;
  const span = samples.span();
  const busy = span ? samples.busyShares(span) : [];
  showVerdict(stats, heat);
  throughput.update(stats);
  latency.update(stats, heat, busy);
  strip.show(stats);
  if (heat || heatError) {
    contention.show(heat, heatError);
    scrollToContention();
  }
  recent.show(stats);
  machine.show(stats, span);
}

function missed(error) {
  state.misses += 1;
  if (state.misses < MISSES_UNTIL_DOWN && state.stats) return;
  samples.forget();
  const since = state.answeredAt === null ? "" : ` It answered last ${duration((performance.now() - state.answeredAt) / 1000)} ago.`;
  const what = error instanceof NodeDown ? `The node ${error.message}.` : `The node refuses to tell about itself: ${error.message}.`;
  if (!open) document.title = "no answer · heddle";
  showGone();
  showHealth("down", "no answer", `${what}${since} Asking again every second; this page goes on by itself.`);
}

async function round() {
  if (document.hidden) return;
  try {
    await ask();
  } catch (error) {
    failed(error);
    if (error instanceof NodeDown) return;
  }
  if (open) await refresh(open).catch(failed);
}

/** What the node did or did not answer is shown; anything else is a mistake of this page. */
function failed(error) {
  if (!(error instanceof NodeDown) && !(error instanceof RpcError)) throw error;
  missed(error);
}

async function loop() {
  const started = performance.now();
  try {
    await round();
  } catch (error) {
    console.error(error);
  }
  setTimeout(loop, Math.max(100, PERIOD_MS - (performance.now() - started)));
}

/* ---- pages of one thing ---- */

/** Asks for what an open page shows and draws it if it changed. Throws `NodeDown`. */
async function refresh(page) {
  if (page.done || page.asking) return;
  page.asking = true;
  try {
    const data = await answerFor(page);
    if (page !== open) return;
    page.done = data.done === true;
    const context = { stats: state.stats, faucet: state.stats?.faucet === true };
    const text = JSON.stringify([data, context.faucet]);
    if (text === page.shown) return;
    page.shown = text;
    draw(page, data, context);
  } finally {
    page.asking = false;
  }
}

async function answerFor(page) {
  try {
    return await page.module.load(page.name);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { error: error.message };
  }
}

function draw(page, data, context) {
  const box = byId("page");
  const first = box.dataset.route !== page.route;
  const opened = [...box.querySelectorAll("details")].map((details) => details.open);
  const parts = data.error ? problem(page, data.error) : page.module.render(page.name, data, context);
  const focused = document.activeElement?.id;
  box.replaceChildren(...parts.flat().filter(Boolean));
  if (first) arrive(box, page);
  else {
    box.querySelectorAll("details").forEach((details, index) => details.toggleAttribute("open", opened[index] === true));
    if (focused && document.activeElement?.id !== focused) byId(focused)?.focus({ preventScroll: true });
  }
}

function arrive(box, page) {
  box.dataset.route = page.route;
  scrollTo(0, 0);
  box.querySelector("h1")?.focus({ preventScroll: true });
}

const problem = (page, message) => [title(page.what, page.name), h("section", { class: "card" }, h("p", { class: "empty" }, `The node answers: ${message}.`))];

function openPage(kind, name, route) {
  open = { kind, name, route, module: PAGES[kind], what: { tx: "Transaction", account: "Account", block: "Block" }[kind], done: false, asking: false, shown: null };
  byId("home").hidden = true;
  const box = byId("page");
  box.hidden = false;
  delete box.dataset.route;
  box.replaceChildren(title(open.what, name), h("section", { class: "card" }, h("p", { class: "empty" }, "Asking the node…")));
  document.title = `${open.module.tabTitle(name)} · heddle`;
  // Before the first answer the loop does it: the page wants to know what the node tells about itself.
  if (state.stats) refresh(open).catch(failed);
}

function openOverview(kind, name) {
  const wasPage = open !== null;
  open = null;
  byId("page").hidden = true;
  byId("page").replaceChildren();
  document.title = "heddle";
  contention.choose(kind === "contention" && name ? name : null);
  scrollWanted = kind === "contention";
  if (wasPage) scrollTo(0, 0);
  showOverview();
}

/** Brings the chosen account's picture into view, once there is one. */
function scrollToContention() {
  if (!scrollWanted) return;
  scrollWanted = false;
  const target = innerWidth <= ONE_COLUMN_UNTIL ? byId("blocked") : byId("contention");
  const { top } = target.getBoundingClientRect();
  if (top < 0 || top > innerHeight * 0.4) target.scrollIntoView({ block: "start" });
}

function follow() {
  const { kind, name } = routeNow();
  if (PAGES[kind] && name) openPage(kind, name, location.hash);
  else openOverview(kind, name);
}

/* ---- start ---- */

function startSearch() {
  const query = byId("query");
  const said = byId("query-error");
  const quiet = () => {
    said.hidden = true;
    query.removeAttribute("aria-invalid");
  };
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const route = routeOf(query.value);
    if (route) {
      quiet();
      query.value = "";
      query.blur();
      location.hash = route;
    } else {
      said.textContent = query.value.trim() ? "That is no address (32 bytes of base58), signature (64 bytes) or slot number." : "Type an address, a signature or a slot.";
      said.hidden = false;
      query.setAttribute("aria-invalid", "true");
    }
  });
  query.addEventListener("input", quiet);
  query.addEventListener("blur", quiet);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input")) return;
    event.preventDefault();
    query.focus();
  });
}

throughput.start();
latency.start();
contention.start();
recent.start();
startSearch();
addEventListener("hashchange", follow);
document.addEventListener("visibilitychange", () => {
  samples.forget();
  if (!document.hidden) round().catch(console.error);
});
follow();
loop();
