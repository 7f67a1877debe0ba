// The newest transactions. The list stands still while somebody points at it or has asked it to.

import { byId, h, isAttended, keyed } from "./dom.js";
import { count } from "./format.js";
import { addressText, blockLink, transactionLink } from "./names.js";

const ROWS = 20;

let newest = [];

/** Solana's text counts instructions from 0, this page from 1. */
const reason = (error) => error.replace(/^Error processing Instruction (\d+)/, (_, index) => `Instruction ${Number(index) + 1}`);

function create(row) {
  const result = row.ok
    ? h("span", { class: "result ok" }, "ok")
    : h("div", { class: "result failed reason", title: row.error ?? "" }, row.error ? reason(row.error) : "failed");
  const programs = (row.programs ?? []).map((program) => h("span", null, addressText(program)));
  return h("tr", null,
    h("td", null, transactionLink(row.signature)), h("td", null, result), h("td", { class: "programs wide" }, programs),
    h("td", { class: "right" }, count(row.computeUnits)), h("td", { class: "right wide" }, count(row.fee)), h("td", { class: "right" }, blockLink(row.slot)));
}

function draw() {
  const failedOnly = byId("recent-failed").checked;
  const rows = newest.filter((row) => !failedOnly || !row.ok).slice(0, ROWS);
  byId("recent-empty").hidden = rows.length > 0;
  keyed(byId("recent"), rows, { key: (row) => row.signature, create });
}

export function start() {
  byId("recent-failed").addEventListener("change", draw);
  byId("recent-hold").addEventListener("click", ({ currentTarget }) => {
    const held = currentTarget.getAttribute("aria-pressed") !== "true";
    currentTarget.setAttribute("aria-pressed", String(held));
    currentTarget.textContent = held ? "Held" : "Hold";
  });
}

export function show(stats) {
  const held = byId("recent-hold").getAttribute("aria-pressed") === "true";
  if (held || isAttended(byId("recent"))) return;
  newest = stats.recent ?? [];
  draw();
}
