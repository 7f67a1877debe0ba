// The page of one account: what it holds, who waits for it, its tokens and its newest transactions; and the faucet.

import { NodeDown, batch, call } from "./rpc.js";
import { h, setText } from "./dom.js";
import { bytes, count, dateTime, micros, short, sol, words } from "./format.js";
import { heatOf } from "./contention.js";
import { errorText } from "./logs.js";
import { accountLink, blockLink, contentionHref, knownName, transactionLink } from "./names.js";
import { card, facts, hexDump, table, title, tree } from "./parts.js";

const SYSTEM = "11111111111111111111111111111111";
const TOKEN_PROGRAMS = ["TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"];
const HISTORY = 20;
const DUMP_BYTES = 256;
const AIRDROP_SOL = 1;
const LAMPORTS_PER_SOL = 1e9;
const AIRDROP_TRIES = 30;
const AIRDROP_WAIT_MS = 500;

/** Asks for what the page shows; it changes as the account does. */
export async function load(address) {
  const commitment = "confirmed";
  const parsed = { encoding: "jsonParsed", commitment };
  const [info, history, ...tokens] = await batch([
    ["getAccountInfo", [address, parsed]], ["getSignaturesForAddress", [address, { limit: HISTORY, commitment }]],
    ...TOKEN_PROGRAMS.map((programId) => ["getTokenAccountsByOwner", [address, { programId }, parsed]]),
  ]);
  if (info.error) throw info.error;
  return {
    account: info.result.value, history: history.result ?? [], historyError: history.error?.message ?? null,
    tokens: tokens.flatMap(({ result }) => result?.value ?? []), heat: heatOf(address), done: false,
  };
}

/** Elements of the page; `context.faucet` tells whether the node gives SOL away. */
export function render(address, data, context) {
  const { account, heat } = data;
  const name = knownName(address);
  return [
    title("Account", address, name ? h("span", { class: "badge" }, name) : null, heat ? waits(address, heat) : null),
    h("div", { class: "halves" },
      card("Holds", account ? holdings(account) : h("p", { class: "empty" }, "There is no account at this address: nothing was ever sent here, or it was closed.")),
      context.faucet ? card("Faucet", faucet(address)) : null),
    account ? dataCard(account) : null, data.tokens.length ? card("Tokens it owns", tokenTable(data.tokens)) : null, historyCard(data),
  ];
}

const waits = (address, heat) =>
  h("a", { class: "badge wait", href: contentionHref(address) }, `${count(heat.waited)} transactions waited for it, ${micros(heat.waitedMicros)} together`);

function holdings(account) {
  return facts([
    ["balance", `${sol(account.lamports)} SOL`], ["lamports", count(account.lamports)], ["owner", accountLink(account.owner, 6)],
    ["program", account.executable ? "yes, it can be called" : "no"], ["data", account.space ? bytes(account.space) : "none"],
  ]);
}

function dataCard({ data, space, owner }) {
  if (Array.isArray(data)) {
    if (!space) return null;
    const shown = Math.min(space, DUMP_BYTES);
    return card(`Data: ${shown < space ? `first ${shown} of ${count(space)}` : count(space)} bytes`, hexDump(data[0], DUMP_BYTES));
  }
  const kind = data.parsed?.type ? `${knownName(owner) ?? data.program} ${words(data.parsed.type)}` : data.program;
  return card(`Data: ${kind}`, tree(data.parsed?.info ?? data.parsed));
}

function tokenTable(tokens) {
  const rows = tokens.map(({ pubkey, account }) => {
    const info = account.data?.parsed?.info ?? {};
    return [accountLink(pubkey, 6), info.mint ? accountLink(info.mint, 6) : "–", info.tokenAmount?.uiAmountString ?? "–"];
  });
  return table([["Token account"], ["Mint"], ["Amount", true]], rows);
}

function historyCard({ history, historyError }) {
  if (historyError) return card("Transactions", h("p", { class: "empty" }, `The node does not list them: ${historyError}.`));
  if (!history.length) return card("Transactions", h("p", { class: "empty" }, "No durable transaction named this address so far."));
  const rows = history.map(({ signature, slot, err, blockTime }) => [
    transactionLink(signature, 8), h("span", { class: err ? "result failed" : "result ok" }, err ? errorText(err) : "ok"), dateTime(blockTime), blockLink(slot),
  ]);
  return card("Transactions", table([["Signature"], ["Result"], ["Time"], ["Slot", true]], rows));
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until the node has processed `signature` and says what came of it. */
async function outcome(signature) {
  for (let tries = 0; tries < AIRDROP_TRIES; tries += 1) {
    const { value } = await call("getSignatureStatuses", [[signature]]);
    if (value[0]) return value[0].err ? "Failed: " : "Arrived: ";
    await pause(AIRDROP_WAIT_MS);
  }
  return "Not there yet: ";
}

// Made once per address and kept while the page is drawn anew, so that what is typed and said stays.
const faucets = new Map();

function faucet(address) {
  if (!faucets.has(address)) {
    faucets.clear();
    faucets.set(address, makeFaucet(address));
  }
  return faucets.get(address);
}

function makeFaucet(address) {
  const amount = h("input", { id: "faucet-amount", type: "number", min: "0.000000001", step: "any", value: String(AIRDROP_SOL), required: true });
  const button = h("button", { type: "submit" }, "Send SOL here");
  const said = h("p", { class: "faucet-said", role: "status" });
  const form = h("form", { class: "faucet" }, h("label", { for: "faucet-amount" }, "SOL"), amount, button, said);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    setText(said, "Asking the faucet…");
    try {
      const signature = await call("requestAirdrop", [address, Math.round(Number(amount.value) * LAMPORTS_PER_SOL)]);
      said.replaceChildren("On its way: ", transactionLink(signature));
      said.replaceChildren(await outcome(signature), transactionLink(signature));
    } catch (error) {
      setText(said, error instanceof NodeDown ? `The node ${error.message}.` : `Refused: ${error.message}.`);
    }
    button.disabled = false;
  });
  return form;
}

export const tabTitle = (address) => `${knownName(address) ?? short(address)} · account`;
