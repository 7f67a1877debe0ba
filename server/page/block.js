// The page of one block: header, load and its transactions, a page of them at a time.

import { NodeDown, call } from "./rpc.js";
import { h, setText } from "./dom.js";
import { count, dateTime, micros, percent, short } from "./format.js";
import { errorText } from "./logs.js";
import { blockHref, transactionLink } from "./names.js";
import { card, facts, nothing, table, title } from "./parts.js";

const OPTIONS = { encoding: "json", transactionDetails: "signatures", rewards: false, commitment: "confirmed", maxSupportedTransactionVersion: 0 };
const AT_ONCE = 60;
/** Slot skipped or not there; block not available; cleaned up; the same in long-term storage. */
const ABSENT = new Set([-32001, -32004, -32007, -32009, -32014]);

/** Asks for what the page shows; `done` tells that it will not change any more. */
export async function load(slot) {
  try {
    const block = await call("getBlock", [Number(slot), OPTIONS]);
    if (!block) return { absent: "The node has no block at this slot.", done: false };
    return { block, statuses: await statusesOf(block.signatures ?? [], 0), done: true };
  } catch (error) {
    if (error instanceof NodeDown || !ABSENT.has(error.code)) throw error;
    return { absent: `${error.message}.`, done: false };
  }
}

async function statusesOf(signatures, from) {
  const some = signatures.slice(from, from + AT_ONCE);
  if (!some.length) return [];
  const { value } = await call("getSignatureStatuses", [some, { searchTransactionHistory: true }]);
  return value;
}

const neighbours = (slot) => [
  slot > 0 ? h("a", { class: "badge", href: blockHref(slot - 1) }, `← ${slot - 1}`) : null, h("a", { class: "badge", href: blockHref(slot + 1) }, `${slot + 1} →`),
];

/** Elements of the page; `context.stats` adds what the node remembers of a young block. */
export function render(slot, data, { stats }) {
  if (data.absent) {
    const ahead = Number(slot) > (stats?.slot?.confirmed ?? Infinity) ? " The newest durable slot is " : null;
    const page = nothing("Block", slot, data.absent, ahead, ahead ? `${count(stats.slot.confirmed)}; it shows here when it gets there.` : "");
    page[0].lastChild.append(...neighbours(Number(slot)).filter(Boolean));
    return page;
  }
  const { block, statuses } = data;
  const young = stats?.blocks?.find((each) => each.slot === Number(slot));
  return [title("Block", slot, neighbours(Number(slot))), card("Header", header(block, young)), transactions(block.signatures ?? [], statuses)];
}

function header(block, young) {
  const mono = (text) => h("span", { class: "mono whole" }, text);
  return facts([
    ["time", dateTime(block.blockTime)], ["block height", count(block.blockHeight)], ["transactions", count(block.signatures?.length ?? young?.transactions)],
    ["failed", young ? `${count(young.failed)} (${percent(young.transactions ? young.failed / young.transactions : 0)})` : null],
    ["compute units", young ? count(young.computeUnits) : null], ["executed in", young ? micros(young.executeMicros) : null],
    ["parent", h("a", { href: blockHref(block.parentSlot), class: "number" }, String(block.parentSlot))], ["blockhash", mono(block.blockhash)],
    ["parent's blockhash", h("span", { class: "mono", title: block.previousBlockhash }, short(block.previousBlockhash, 8))],
  ]);
}

const row = (signature, status) => [
  transactionLink(signature, 12), status ? h("span", { class: status.err ? "result failed" : "result ok" }, status.err ? errorText(status.err) : "ok") : h("span", { class: "soft" }, "–"),
];

function transactions(signatures, statuses) {
  const columns = [["Signature"], ["Result"]];
  if (!signatures.length) return card("Transactions", h("p", { class: "empty" }, "The block is empty."));
  const list = table(columns, signatures.slice(0, AT_ONCE).map((signature, index) => row(signature, statuses[index])));
  const rest = () => signatures.length - list.querySelector("tbody").children.length;
  const more = h("button", { type: "button", class: "quiet" }, `Show more of ${count(rest())}`);
  more.addEventListener("click", async () => {
    const from = signatures.length - rest();
    more.disabled = true;
    const next = await statusesOf(signatures, from).catch(() => []);
    const added = table(columns, signatures.slice(from, from + AT_ONCE).map((signature, index) => row(signature, next[index])));
    list.querySelector("tbody").append(...added.querySelector("tbody").children);
    more.disabled = false;
    more.hidden = rest() === 0;
    setText(more, `Show more of ${count(rest())}`);
  });
  return card("Transactions", list, rest() > 0 ? more : null);
}

export const tabTitle = (slot) => `${slot} · block`;
