// What waits for what: the accounts that transactions wait for, and the picture of one of them. Which one is the
// address in the URL, so that links and the back button work; without one it is the hottest.

import { byId, drawnToWidth, h, isAttended, keyed, setText } from "./dom.js";
import { compact, count, micros, percent, plural } from "./format.js";
import { flow } from "./flow.js";
import { accountHref, accountLink, addressText, contentionHref, label } from "./names.js";
import { queues } from "./queue.js";

const ROWS_FEW = 7;

let contention = null;
let chosen = null;
let lastSeen = null;
let drawn = "";
let width = 0;
let all = false;

function row() {
  return h("li", null, h("a", null,
    h("span", { class: "who" }), h("span", { class: "value" }), h("small", { class: "count" }), h("small", { class: "each right" }), h("span", { class: "heat", "aria-hidden": "true" }, h("span"))));
}

function updateRow(element, account, most) {
  const link = element.firstChild;
  const [who, value, times, each, heat] = link.children;
  if (!who.firstChild) {
    who.append(addressText(account.address, 5));
    link.href = contentionHref(account.address);
  }
  setText(value, micros(account.waitedMicros));
  setText(times, `${compact(account.waited)} of ${compact(account.locked)} waited`);
  setText(each, `${compact(account.written)} writes`);
  heat.firstChild.style.width = `${((account.waitedMicros / most) * 100).toFixed(1)}%`;
  if (account.address === shown()?.address) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

/** The account in the picture: the chosen one, as it was last seen if it is no longer among the hottest. */
function shown() {
  const accounts = contention?.accounts ?? [];
  if (!chosen) return accounts[0] ?? null;
  return accounts.find(({ address }) => address === chosen) ?? (lastSeen?.address === chosen ? lastSeen : null);
}

function list() {
  const hot = byId("hot");
  const accounts = contention.accounts ?? [];
  if (!isAttended(hot)) {
    const most = Math.max(1, ...accounts.map(({ waitedMicros }) => waitedMicros));
    keyed(hot, all ? accounts : accounts.slice(0, ROWS_FEW), {
      key: ({ address }) => address, create: row, update: (element, account) => updateRow(element, account, most),
    });
  }
  const more = byId("hot-more");
  more.hidden = accounts.length <= ROWS_FEW;
  setText(more, all ? "Show fewer" : `Show all ${accounts.length}`);
}

const bold = (text) => h("b", null, text);

function story(account) {
  const by = account.programs?.[0];
  const behind = (account.behind ?? []).filter(({ transactions }) => transactions > 0);
  const parts = [
    bold(count(account.waited)), ` of ${count(account.locked)} transactions that lock it had to wait, `,
    bold(micros(account.waitedMicros / Math.max(1, account.waited))), ` each and ${micros(account.waitedMicros)} together. `,
    `${count(account.written)} write it. `,
  ];
  if (by) parts.push(`Most come from ${label(by.address)} (${percent(by.transactions / Math.max(1, account.waited))}). `);
  if (behind.length) parts.push("While they wait, so do their writes of ", bold(plural(behind.length, "other account")), ".");
  return h("p", { class: "story" }, parts);
}

function gone(address) {
  return [
    h("h3", null, addressText(address, 6)),
    h("p", { class: "empty" }, "Nothing of note waited for this account in the last 60 seconds. It shows here as soon as something does. ", accountLink(address, 6)),
  ];
}

function picture(account) {
  const hot = new Map(contention.accounts.map((each) => [each.address, each]));
  const isHot = hot.has(account.address);
  const children = [
    h("h3", null, addressText(account.address, 10), h("a", { href: accountHref(account.address) }, "open account")),
    story(account),
  ];
  if (!isHot) children.push(h("p", { class: "story" }, "It is not among the hottest any more; this is how it was last seen."));
  const company = account.programs?.length || account.behind?.length;
  if (width > 0 && company) children.push(h("div", { class: "flow" }, flow(account, hot, width)));
  if (account.waiting?.length) children.push(h("h4", null, "The newest that queued, each under the one it waited for"), queues(account.waiting));
  return children;
}

function draw() {
  const box = byId("blocked");
  const account = shown();
  if (account) lastSeen = account;
  const now = JSON.stringify([account, chosen, width]);
  if (now === drawn || isAttended(box)) return;
  drawn = now;
  if (account) box.replaceChildren(...picture(account));
  else box.replaceChildren(...(chosen ? gone(chosen) : []));
}

function readout({ blocks, transactions, accounts }) {
  const waited = accounts.reduce((sum, account) => sum + account.waited, 0);
  return `${plural(blocks, "block")}, ${compact(transactions)} transactions in 60 s · ${compact(waited)} waits`;
}

/** Accounts by the time that was waited for them. */
export const hottestFirst = (accounts) => [...(accounts ?? [])].sort((a, b) => b.waitedMicros - a.waitedMicros);

/** Keeps an answer of `heddle_contention` without showing it. */
export function remember(answer) {
  contention = answer ? { ...answer, accounts: hottestFirst(answer.accounts) } : null;
}

/** Shows an answer of `heddle_contention`; `error` says why there is none. */
export function show(answer, error) {
  const quiet = byId("contention-quiet");
  quiet?.remove();
  remember(answer);
  const nothing = !answer?.accounts?.length;
  byId("contention-body").hidden = nothing && !chosen;
  setText(byId("contention-readout"), answer ? readout(answer) : "");
  if (nothing) {
    const why = error ? `This node does not tell: ${error.message}.` : "No transaction waited for another in the last 60 seconds. Where two write the same account, the later one waits, and both show here.";
    byId("contention").append(h("p", { class: "empty", id: "contention-quiet" }, why));
    contention = { accounts: [], blocks: 0, transactions: 0 };
  }
  list();
  draw();
}

/** Chooses an account by address, or the hottest with null. */
export function choose(address) {
  chosen = address;
  drawn = "";
  if (!contention) return;
  const hot = byId("hot");
  for (const element of hot.children) {
    const link = element.firstChild;
    if (element.dataset.key === shown()?.address) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const box = byId("blocked");
  const account = shown();
  box.replaceChildren(...(account ? picture(account) : chosen ? gone(chosen) : []));
}

/** What is known of an address that transactions wait for, or null. */
export const heatOf = (address) => contention?.accounts.find((account) => account.address === address) ?? null;

export function start() {
  drawnToWidth(byId("blocked"), (next) => {
    width = next;
    drawn = "";
    if (contention) draw();
  });
  byId("hot-more").addEventListener("click", () => {
    all = !all;
    if (contention) list();
  });
}
