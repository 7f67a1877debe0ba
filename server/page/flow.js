// Draws who waits for an account as streams: programs whose transactions wait, the account, the accounts that those
// transactions would write, and, where there is room, what those hold up in turn. Thick means many transactions.
//
//   programs ──▶ account ──▶ held up ──▶ held up in turn

import { s } from "./dom.js";
import { count, short } from "./format.js";
import { accountHref, contentionHref, knownName } from "./names.js";

const PROGRAMS_MAX = 4;
const BEHIND_MAX = 6;
const TURN_MAX = 6;
const ROW = 38;
const GAP = 8;
const NODE_LEAST = 28;
const HEAD = 24;
const BAR = 6;
const KNOT = 14;
const FOUR_COLUMNS_FROM = 620;

/** What the picture shows of one account's contention; `hot` maps addresses to their contention. */
export function streams(account, hot) {
  const programs = top(account.programs, PROGRAMS_MAX).map((entry) => ({ ...entry, kind: "program" }));
  const behind = top(account.behind, BEHIND_MAX).map((entry) => ({ ...entry, kind: hot.has(entry.address) ? "hot" : "cold" }));
  return { programs, behind, turn: inTurn(account, behind, hot) };
}

const top = (entries, most) => (entries ?? []).filter(({ transactions }) => transactions > 0).slice(0, most);

/** What the accounts behind hold up themselves: `{ address, transactions, from: Map(index in behind → transactions) }`. */
function inTurn(account, behind, hot) {
  const shown = new Set([account.address, ...behind.map(({ address }) => address)]);
  const targets = new Map();
  behind.forEach((entry, index) => {
    for (const { address, transactions } of hot.get(entry.address)?.behind ?? []) {
      if (shown.has(address) || transactions <= 0) continue;
      const target = targets.get(address) ?? { address, transactions: 0, from: new Map(), kind: hot.has(address) ? "hot" : "cold" };
      target.transactions += transactions;
      target.from.set(index, transactions);
      targets.set(address, target);
    }
  });
  return [...targets.values()].sort((a, b) => b.transactions - a.transactions).slice(0, TURN_MAX);
}

/** Gives each node `y` and `height` within `height`, thick ones more. */
function stack(nodes, height) {
  const all = nodes.reduce((sum, node) => sum + node.transactions, 0) || 1;
  const spare = height - nodes.length * NODE_LEAST - (nodes.length - 1) * GAP;
  let y = HEAD;
  for (const node of nodes) {
    node.height = NODE_LEAST + spare * (node.transactions / all);
    node.y = y;
    y += node.height + GAP;
  }
}

/** A stream from (x1; y1 to y1 + h1) to (x2; y2 to y2 + h2). */
function ribbon(kind, [x1, y1, h1], [x2, y2, h2]) {
  const bend = (x2 - x1) * 0.5;
  const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}v${h2}C${x2 - bend} ${y2 + h2} ${x1 + bend} ${y1 + h1} ${x1} ${y1 + h1}z`;
  return s("path", { class: `ribbon ${kind}`, d: path });
}

/** Streams between the knot and a column: the knot's side is shared out as the column is. */
function toKnot(nodes, knot, x, side) {
  const all = nodes.reduce((sum, node) => sum + node.height, 0) || 1;
  let y = knot.y;
  return nodes.map((node) => {
    const share = (node.height / all) * knot.height;
    const at = [side === "left" ? knot.x : knot.x + KNOT, y, share];
    y += share;
    const end = [side === "left" ? x + BAR : x, node.y, node.height];
    return side === "left" ? ribbon(node.kind, end, at) : ribbon(node.kind, at, end);
  });
}

/** Streams from the accounts behind to what they hold up in turn. */
function inTurnStreams(behind, turn, fromX, toX) {
  const out = behind.map((_, index) => turn.reduce((sum, target) => sum + (target.from.get(index) ?? 0), 0));
  const offset = behind.map(() => 0);
  return turn.flatMap((target) => {
    let used = 0;
    return [...target.from].map(([index, transactions]) => {
      const [start, share] = [offset[index], transactions / out[index]];
      offset[index] += share;
      const arrives = transactions / target.transactions;
      const from = [fromX + BAR, behind[index].y + behind[index].height * start, behind[index].height * share];
      const to = [toX, target.y + target.height * used, target.height * arrives];
      used += arrives;
      return ribbon(target.kind, from, to);
    });
  });
}

function node(entry, x, anchor) {
  const name = knownName(entry.address);
  const textX = anchor === "end" ? x - 6 : x + BAR + 6;
  const middle = entry.y + entry.height / 2;
  const href = entry.kind === "hot" ? contentionHref(entry.address) : accountHref(entry.address);
  const told = `${name ?? entry.address}: ${count(entry.transactions)} transactions`;
  return s("a", { href, "aria-label": told },
    s("title", null, told),
    s("rect", { class: `flow-end ${entry.kind}`, x, y: entry.y, width: BAR, height: entry.height, rx: 2 }),
    s("text", { class: name ? "flow-name" : "flow-name mono", x: textX, y: middle - 2, "text-anchor": anchor }, name ?? short(entry.address)),
    s("text", { class: "flow-count", x: textX, y: middle + 11, "text-anchor": anchor }, count(entry.transactions)));
}

const head = (text, x, anchor) => s("text", { class: "flow-head", x, y: 12, "text-anchor": anchor }, text);

/** The picture of `account`, `width` pixels wide. */
export function flow(account, hot, width) {
  const { programs, behind, turn } = streams(account, hot);
  const four = width >= FOUR_COLUMNS_FROM && turn.length > 0;
  const columns = four ? [programs, behind, turn] : [programs, behind];
  const rows = Math.max(2, ...columns.map((column) => column.length));
  const height = rows * ROW + 10;
  for (const column of columns) stack(column, height);
  const knot = { x: Math.round(width * (four ? 0.24 : 0.46)), y: HEAD, height };
  const behindX = four ? Math.round(width * 0.55) : width - BAR;
  const turnX = width - BAR;
  const picture = [
    ...toKnot(programs, knot, 0, "left"), ...toKnot(behind, knot, behindX, "right"), ...(four ? inTurnStreams(behind, turn, behindX, turnX) : []),
    s("rect", { class: "flow-knot", x: knot.x, y: knot.y, width: KNOT, height, rx: 3 }),
    head("from programs", 0, "start"), head("wait for it", knot.x + KNOT / 2, "middle"), head("to write", four ? behindX : width, four ? "start" : "end"),
    ...programs.map((entry) => node(entry, 0, "start")), ...behind.map((entry) => node(entry, behindX, four ? "start" : "end")),
    ...(four ? [head("which hold up", width, "end"), ...turn.map((entry) => node(entry, turnX, "end"))] : []),
  ];
  return s("svg", { viewBox: `0 0 ${width} ${height + HEAD}`, height: height + HEAD, role: "group", "aria-label": "Who waits, and for what" }, picture);
}
