// Transactions that wait one behind the other, as trees: a transaction hangs under the one that it waits for.

import { h } from "./dom.js";
import { transactionLink } from "./names.js";

const DEPTH_MAX = 32;

/** Trees of `{ signature, slot, children }` from `{ signature, slot, blockedBy }`; a root is what nothing here blocks. */
export function trees(waiting) {
  const nodes = new Map();
  const nodeOf = (signature, slot) => {
    if (!nodes.has(signature)) nodes.set(signature, { signature, slot, children: [], waits: false });
    return nodes.get(signature);
  };
  for (const { signature, slot, blockedBy } of waiting ?? []) {
    if (signature === blockedBy) continue;
    const waiter = nodeOf(signature, slot);
    if (waiter.waits) continue;
    waiter.waits = true;
    nodeOf(blockedBy, slot).children.push(waiter);
  }
  return [...nodes.values()].filter((node) => !node.waits);
}

function item(node, depth) {
  const says = depth === 0 ? `first in slot ${node.slot}` : depth === 1 ? "waits for it" : "waits in turn";
  const children = depth < DEPTH_MAX ? node.children.map((child) => item(child, depth + 1)) : [];
  return h("li", null,
    h("span", { class: depth === 0 ? "bead first" : "bead", "aria-hidden": "true" }), transactionLink(node.signature, 4), h("small", null, says),
    children.length ? h("ul", null, children) : null);
}

/** One list per tree. */
export const queues = (waiting) =>
  h("div", { class: "queues" }, trees(waiting).map((root) => h("ul", { class: "queue" }, item(root, 0))));
