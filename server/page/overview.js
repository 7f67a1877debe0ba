// Header, verdict and health: whether the node runs, how fast, and what is blocked by what, in one sentence.

import { byId, h, keyed, setText } from "./dom.js";
import { clockTime, count, duration, micros, percent, short } from "./format.js";
import { addressText, blockHref, contentionHref } from "./names.js";
import { hottestFirst } from "./contention.js";

const IDLE_SECONDS = 5;

/** Sets health dot, its word and the notice. `kind`: connecting, running, paused, down. */
export function showHealth(kind, text, notice) {
  byId("health").dataset.state = kind;
  setText(byId("health-text"), text);
  document.body.toggleAttribute("data-stale", kind === "down");
  const box = byId("notice");
  box.hidden = !notice;
  if (notice) {
    if (!box.firstChild) box.append(h("p"));
    setText(box.firstChild, notice);
  } else {
    box.replaceChildren();
  }
}

function facts(stats) {
  const { slot, clock } = stats;
  const behind = slot.processed - slot.confirmed;
  const mode = clock.mode === "slots" ? `a slot every ${clock.slotTimeMs} ms` : "a block when something waits";
  const offset = clock.offsetSeconds ? ` (${clock.offsetSeconds > 0 ? "+" : "−"}${duration(Math.abs(clock.offsetSeconds))})` : "";
  return [
    ["cluster", "heddle"],
    ["genesis", short(stats.genesisHash, 5), stats.genesisHash],
    ["up", duration(stats.uptimeSeconds)],
    ["slot", count(slot.processed), null, blockHref(slot.confirmed)],
    ["durable", behind > 0 ? `${count(behind)} behind` : "all", `confirmed slot ${count(slot.confirmed)}`],
    ["block height", count(stats.blockHeight)],
    ["clock", mode],
    ["chain time", clockTime(stats.unixTimestamp) + offset],
    ["paused", clock.paused ? "yes" : "no"],
  ];
}

export function showFacts(stats) {
  setText(byId("version"), stats.version);
  keyed(byId("facts"), facts(stats), {
    key: ([name]) => name,
    create: ([name, , , href]) => h("div", null, h("dt", null, name), h("dd", { class: "number" }, href ? h("a") : null)),
    update(element, [, value, title, href]) {
      const holder = element.querySelector("a") ?? element.lastChild;
      if (href) holder.setAttribute("href", href);
      if (title) element.title = title;
      setText(holder, value);
    },
  });
}

/** Transactions of the newest whole second, and whether nothing came for a while. */
export function pace(stats) {
  const history = stats.history ?? [];
  const lately = history.slice(-IDLE_SECONDS);
  return {
    now: history[history.length - 1]?.processed ?? 0,
    idle: lately.every((second) => second.processed === 0),
    failed: lately.reduce((sum, second) => sum + second.failed, 0),
    processed: lately.reduce((sum, second) => sum + second.processed, 0),
  };
}

const weak = (text) => h("span", { class: "weak" }, text);

function running(stats) {
  const { now, idle, failed, processed } = pace(stats);
  if (stats.clock.paused) return [h("span", { class: "wait" }, `Paused at slot ${count(stats.slot.processed)}.`)];
  if (idle) return ["Running, nothing to do. ", weak("Send a transaction and it shows here.")];
  const said = ["Running ", `${count(now)} transactions a second`];
  if (failed > 0) said.push(weak(", "), h("span", { class: failed > processed / 2 ? "bad" : "weak" }, `${percent(failed / processed)} fail`));
  return [...said, weak(".")];
}

function blocked(contention) {
  const worst = hottestFirst(contention?.accounts).find((account) => account.waited > 0);
  if (!worst) return contention && contention.transactions > 0 ? [weak(" Nothing waits for anything.")] : [];
  const share = worst.waited / Math.max(1, contention.accounts.reduce((sum, account) => sum + account.waited, 0));
  return [
    weak(" Most waiting is behind "), h("a", { href: contentionHref(worst.address) }, addressText(worst.address)),
    weak(`: ${percent(share)} of all waits, ${micros(worst.waitedMicros / worst.waited)} each.`),
  ];
}

let said = "";

/** Says in the sentence's place that the node is gone. */
export function showGone() {
  said = "";
  byId("verdict").replaceChildren(h("span", { class: "bad" }, "No answer."), weak(" Below is what the node told last."));
}

/** The sentence on top of the overview. */
export function showVerdict(stats, contention) {
  const parts = [...running(stats), ...blocked(contention)];
  const text = parts.map((part) => part.textContent ?? part).join("");
  const verdict = byId("verdict");
  if (text === said || verdict.querySelector(":focus-visible")) return;
  said = text;
  verdict.replaceChildren(...parts);
}
