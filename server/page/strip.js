// The newest blocks side by side, oldest left: height is transactions, red what failed, the thin bar compute units.

import { byId, h, isAttended, keyed, setText } from "./dom.js";
import { count, percent } from "./format.js";
import { blockUnits } from "./latency.js";
import { blockHref } from "./names.js";

const BLOCKS = 40;

/** Blocks oldest first, with `{ gap: slots }` where slots stayed empty. */
export function withGaps(blocks) {
  const row = [];
  for (const block of blocks.slice(0, BLOCKS).reverse()) {
    const before = row[row.length - 1];
    const missing = before ? block.slot - before.slot - 1 : 0;
    if (missing > 0) row.push({ gap: missing, slot: block.slot - 1 });
    row.push(block);
  }
  return row;
}

function create(entry) {
  if (entry.gap) return h("li", { class: "gap", title: `${entry.gap} empty` });
  const column = h("span", { class: "column" }, h("i", null, h("b")));
  const fill = h("span", { class: "fill" }, h("span"));
  return h("li", null, h("a", { href: blockHref(entry.slot) }, column, fill, h("small", { "aria-hidden": "true" })));
}

function update(element, entry, largest, units) {
  if (entry.gap) return;
  const share = entry.transactions ? entry.failed / entry.transactions : 0;
  element.classList.toggle("open", !entry.committed);
  element.querySelector("i").style.height = `${((entry.transactions / largest) * 100).toFixed(1)}%`;
  element.querySelector("b").style.height = `${(share * 100).toFixed(1)}%`;
  element.querySelector(".fill span").style.width = `${(Math.min(1, entry.computeUnits / units) * 100).toFixed(1)}%`;
  setText(element.querySelector("small"), String(entry.slot).slice(-3));
  const told = `Block ${entry.slot}: ${count(entry.transactions)} transactions, ${percent(share)} failed, ${count(entry.computeUnits)} CU, ${entry.committed ? "durable" : "not yet durable"}`;
  const link = element.firstChild;
  if (link.title !== told) {
    link.title = told;
    link.setAttribute("aria-label", told);
  }
}

export function show(stats) {
  const strip = byId("strip");
  if (isAttended(strip)) return;
  const row = withGaps(stats.blocks ?? []);
  const largest = Math.max(1, ...row.map((entry) => entry.transactions ?? 0));
  const units = blockUnits(stats);
  keyed(strip, row, {
    key: (entry) => `${entry.gap ? "gap" : "block"} ${entry.slot}`,
    create,
    update: (element, entry) => update(element, entry, largest, units),
  });
}
