// The page of one transaction: outcome, what ran and what it logged at each depth of invocation, compute units of each
// step, balances before and after.

import { call } from "./rpc.js";
import { h } from "./dom.js";
import { count, dateTime, percent, short, signed, sol, words } from "./format.js";
import { errorText, invocations, joined, ownUnits } from "./logs.js";
import { accountLink, addressText, accountHref, blockLink, knownName } from "./names.js";
import { card, facts, nothing, table, title, tree } from "./parts.js";

const OPTIONS = { encoding: "jsonParsed", commitment: "confirmed", maxSupportedTransactionVersion: 0 };

/** Asks for what the page shows; `done` tells that it will not change any more. */
export async function load(signature) {
  const found = await call("getTransaction", [signature, OPTIONS]);
  if (found) return { found, done: true };
  const statuses = await call("getSignatureStatuses", [[signature], { searchTransactionHistory: true }]);
  return { status: statuses?.value?.[0] ?? null, done: false };
}

/** Elements of the page. */
export function render(signature, { found, status }) {
  if (found) return page(signature, found);
  const text = status
    ? ["It ran in slot ", blockLink(status.slot), status.err ? ` and failed: ${errorText(status.err)}.` : " and succeeded.", " Its block is not durable yet; details follow by themselves."]
    : ["The node does not know this signature. If it was sent just now, it shows here as soon as a block takes it."];
  return nothing("Transaction", signature, text);
}

function page(signature, found) {
  const { meta, transaction } = found;
  const { message } = transaction;
  const root = invocations(meta?.logMessages);
  const nodes = joined(message.instructions ?? [], meta?.innerInstructions, root);
  return [
    title("Transaction", signature, outcome(meta)), card("Outcome", summary(found)),
    card("What ran", whatRan(nodes, root, meta)), card("Balances", balances(message, meta)), tokens(message, meta),
  ];
}

function outcome(meta) {
  if (!meta) return h("span", { class: "badge" }, "no details kept");
  return meta.err ? h("span", { class: "badge failed" }, "failed") : h("span", { class: "badge ok" }, "succeeded");
}

function summary({ slot, blockTime, version, meta, transaction }) {
  const payer = transaction.message.accountKeys?.[0]?.pubkey;
  return facts([
    ["result", meta?.err ? h("span", { class: "bad" }, errorText(meta.err)) : meta ? "success" : "unknown"],
    ["block", blockLink(slot)], ["time", dateTime(blockTime)], ["fee", meta ? `${sol(meta.fee)} SOL` : null],
    ["compute units", meta?.computeUnitsConsumed === undefined ? null : count(meta.computeUnitsConsumed)],
    ["paid by", payer ? accountLink(payer, 6) : null], ["version", String(version ?? "legacy")],
    ["blockhash", h("span", { class: "mono", title: transaction.message.recentBlockhash }, short(transaction.message.recentBlockhash ?? "", 6))],
    ["signatures", count(transaction.signatures?.length)],
  ]);
}

function whatRan(nodes, root, meta) {
  const all = meta?.computeUnitsConsumed || nodes.reduce((sum, node) => sum + (node.made?.units ?? 0), 0);
  const list = h("ol", { class: "steps" }, nodes.map((node, index) => step(node, String(index + 1), all)));
  const loose = root.lines.filter(({ kind }) => kind !== "call");
  const kept = meta?.logMessages ? null : h("p", { class: "empty" }, "The node keeps no logs of this transaction.");
  const told = nodes.reduce((sum, node) => sum + (node.made?.units ?? 0), 0);
  const rest = all > told && told > 0 ? h("p", { class: "rest" }, `${count(all - told)} CU more: builtin programs do not log theirs.`) : null;
  return [list, rest, kept, loose.length ? h("div", { class: "log-lines" }, loose.map(line)) : null];
}

function step(node, number, all) {
  const { instruction, made, children } = node;
  const type = instruction.parsed?.type;
  return h("li", { class: made?.failure ? "step failed" : "step" },
    h("div", { class: "step-head" },
      h("span", { class: "step-number" }, number), h("a", { href: accountHref(instruction.programId), class: "step-program" }, addressText(instruction.programId, 6)),
      type ? h("span", { class: "step-type" }, words(type)) : null, units(made, all)),
    made?.failure ? h("p", { class: "log failed" }, made.failure) : null,
    body(node, number, all), accountsOf(instruction), made === null && children.length === 0 ? h("p", { class: "log soft" }, "no logs") : null);
}

function units(made, all) {
  if (!made || made.units === null) return h("span", { class: "step-units soft" }, "–");
  const own = ownUnits(made);
  const self = made.calls.length ? ` · ${count(own)} itself` : "";
  const bar = h("span", { class: "unit-bar", "aria-hidden": "true" }, h("span", { class: "with-calls" }), h("span", { class: "own" }));
  bar.firstChild.style.width = `${Math.min(100, (made.units / Math.max(1, all)) * 100)}%`;
  bar.lastChild.style.width = `${Math.min(100, (own / Math.max(1, all)) * 100)}%`;
  return h("span", { class: "step-units", title: `${percent(made.units / Math.max(1, all))} of the transaction` }, `${count(made.units)} CU${self}`, bar);
}

/** Log lines and calls in the order in which they happened; calls without logs come last. */
function body(node, number, all) {
  const left = new Map(node.children.map((child, index) => [child, `${number}.${index + 1}`]));
  const parts = (node.made?.lines ?? []).map((entry) => {
    if (entry.kind !== "call") return line(entry);
    const child = node.children.find((each) => each.made === entry.call);
    if (!child) return h("ol", { class: "steps" }, unmatched(entry.call, all));
    const name = left.get(child);
    left.delete(child);
    return h("ol", { class: "steps" }, step(child, name, all));
  });
  return [...parts, ...[...left].map(([child, name]) => h("ol", { class: "steps" }, step(child, name, all)))];
}

/** An invocation that the logs tell of and the inner instructions do not. */
const unmatched = (made, all) => step({ instruction: { programId: made.program }, children: [], made }, "·", all);

const line = ({ kind, text }) => h("p", { class: `log ${kind}` }, kind === "data" || kind === "return" ? h("b", null, kind === "data" ? "data " : "returns ") : null, text);

function accountsOf(instruction) {
  const parts = [];
  if (instruction.parsed !== undefined) parts.push(tree(instruction.parsed?.info ?? instruction.parsed));
  if (instruction.accounts?.length) parts.push(h("p", { class: "account-row" }, instruction.accounts.map((address) => accountLink(address))));
  if (instruction.data) parts.push(h("p", { class: "log mono soft" }, instruction.data));
  if (!parts.length) return null;
  return h("details", null, h("summary", null, instruction.parsed === undefined ? "accounts and data" : "arguments"), parts);
}

function balances({ accountKeys }, meta) {
  const rows = (accountKeys ?? []).map(({ pubkey, signer, writable, source }, index) => {
    const [before, after] = [meta?.preBalances?.[index], meta?.postBalances?.[index]];
    const change = after - before;
    const marks = [signer && "signs", writable ? "writes" : "reads", source === "lookupTable" && "from table"].filter(Boolean).join(", ");
    const shown = change ? h("span", { class: change < 0 ? "bad" : "good" }, signed(sol(change), change)) : h("span", { class: "soft" }, "–");
    return [accountLink(pubkey, 6), h("span", { class: "soft" }, marks), sol(before), shown, sol(after)];
  });
  return table([["Account"], ["Use"], ["Before, SOL", true], ["Change", true], ["After, SOL", true]], rows);
}

function tokens({ accountKeys }, meta) {
  const byIndex = new Map();
  const put = (list, name) => (list ?? []).forEach((entry) => byIndex.set(entry.accountIndex, { ...byIndex.get(entry.accountIndex), [name]: entry }));
  put(meta?.preTokenBalances, "before");
  put(meta?.postTokenBalances, "after");
  if (!byIndex.size) return null;
  const amount = (entry) => entry?.uiTokenAmount?.uiAmountString ?? "0";
  const rows = [...byIndex].map(([index, { before, after }]) => {
    const { mint, owner } = after ?? before;
    return [accountLink(accountKeys[index].pubkey, 6), accountLink(mint, 4), owner ? accountLink(owner, 4) : "–", amount(before), amount(after)];
  });
  return card("Tokens", table([["Account"], ["Mint"], ["Owner"], ["Before", true], ["After", true]], rows));
}

/** Title of the browser's tab. */
export const tabTitle = (signature) => `${knownName(signature) ?? short(signature)} · transaction`;
