// The chart of transactions per second: a bar for each whole second of the last two minutes, failed ones at its foot.

import { byId, drawnToWidth, h, keyed, s, setText } from "./dom.js";
import { clockTime, compact, compactRound, count, percent } from "./format.js";
import { mean } from "./samples.js";

const SECONDS = 120;
const HEIGHT = 170;
const LEFT = 34;
const FOOT = 18;
const TICKS_MAX = 4;

let seconds = [];
let width = 0;
let pointed = null;

/** Whole seconds without gaps, oldest first; what the node left out was quiet. */
export function withoutGaps(history) {
  if (!history.length) return [];
  const byTime = new Map(history.map((entry) => [entry.second, entry]));
  const last = history[history.length - 1].second;
  const quiet = (second) => ({ second, processed: 0, failed: 0, computeUnits: 0, blocks: 0 });
  return Array.from({ length: SECONDS }, (_, index) => {
    const second = last - SECONDS + 1 + index;
    return byTime.get(second) ?? quiet(second);
  });
}

/** A round step of an axis so that it has at most TICKS_MAX steps up to `largest`. */
export function step(largest) {
  const rough = Math.max(1, largest / TICKS_MAX);
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough && (size >= 1 && Number.isInteger(size)));
}

function bars(top) {
  const plot = HEIGHT - FOOT - 6;
  const pitch = (width - LEFT) / SECONDS;
  const thick = Math.max(1, pitch - (pitch > 3 ? 1.25 : 0.5));
  const rectangle = (index, from, to) => {
    const y = (value) => 6 + plot - (value / top) * plot;
    return `M${(LEFT + index * pitch).toFixed(2)} ${y(from).toFixed(2)}V${y(to).toFixed(2)}h${thick.toFixed(2)}V${y(from).toFixed(2)}z`;
  };
  const ok = seconds.map(({ processed, failed }, index) => (processed > failed ? rectangle(index, failed, processed) : ""));
  const bad = seconds.map(({ failed }, index) => (failed > 0 ? rectangle(index, 0, failed) : ""));
  return { ok: ok.join(""), bad: bad.join(""), pitch, plot };
}

function draw() {
  if (!width) return;
  const largest = Math.max(4, ...seconds.map(({ processed }) => processed));
  const size = step(largest);
  const half = Math.max(1, size / 2);
  const top = Math.ceil(largest / half) * half;
  const { ok, bad, pitch, plot } = bars(top);
  const lines = [];
  for (let value = 0; value <= top; value += size) {
    const y = Math.round(6 + plot - (value / top) * plot) + 0.5;
    lines.push(s("line", { class: value === 0 ? "axis zero" : "axis", x1: LEFT, x2: width, y1: y, y2: y }));
    lines.push(s("text", { class: "tick", x: LEFT - 7, y: y + 4, "text-anchor": "end" }, compactRound(value)));
  }
  for (const [ago, anchor] of [[120, "start"], [60, "middle"], [0, "end"]]) {
    const x = width - ago * pitch;
    lines.push(s("text", { class: "tick", x, y: HEIGHT - 3, "text-anchor": anchor }, ago ? `${ago} s ago` : "now"));
  }
  const cursor = pointed === null ? null
    : s("rect", { class: "cursor", x: LEFT + pointed * pitch - 1, y: 4, width: pitch + 1, height: plot + 2 });
  const picture = s("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, "aria-hidden": "true" },
    lines, cursor, s("path", { class: "bar-ok", d: ok }), s("path", { class: "bar-failed", d: bad }));
  byId("throughput-chart").replaceChildren(picture);
}

function readout() {
  const entry = pointed === null ? null : seconds[pointed];
  const text = entry
    ? `${clockTime(entry.second)} · ${count(entry.processed)} tx · ${count(entry.failed)} failed · ${compact(entry.computeUnits)} CU · ${entry.blocks} blocks`
    : "each bar a second, failed in red";
  setText(byId("throughput-readout"), text);
}

function point(index) {
  pointed = index === null ? null : Math.min(SECONDS - 1, Math.max(0, index));
  readout();
  draw();
}

/** Makes the chart follow its width, the pointer and the arrow keys. */
export function start() {
  const chart = byId("throughput-chart");
  drawnToWidth(chart, (next) => {
    width = next;
    draw();
  });
  chart.addEventListener("pointermove", (event) => {
    const { left } = chart.getBoundingClientRect();
    point(Math.floor((event.clientX - left - LEFT) / ((width - LEFT) / SECONDS)));
  });
  chart.addEventListener("pointerleave", () => point(null));
  chart.addEventListener("blur", () => point(null));
  chart.addEventListener("focus", () => byId("throughput-readout").setAttribute("aria-live", "polite"));
  chart.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    point((pointed ?? SECONDS) + move);
  });
}

export function update({ history }) {
  seconds = withoutGaps(history ?? []);
  const processed = seconds.map((entry) => entry.processed);
  const minute = seconds.slice(-60);
  const all = minute.reduce((sum, entry) => sum + entry.processed, 0);
  const failed = minute.reduce((sum, entry) => sum + entry.failed, 0);
  const now = processed[processed.length - 1] ?? 0;
  setText(byId("tps"), count(now));
  byId("tps").toggleAttribute("data-long", now >= 100_000);
  const pairs = [
    ["mean of 60 s", count(mean(minute.map((entry) => entry.processed)))],
    ["most in 120 s", count(Math.max(0, ...processed))],
    ["failed", all ? percent(failed / all) : "–", failed > all / 2],
  ];
  showPairs(byId("throughput-pairs"), pairs);
  const chart = byId("throughput-chart");
  chart.setAttribute("aria-label", `Transactions per second over two minutes: ${count(now)} now. Arrow keys read single seconds.`);
  readout();
  draw();
}

/** Fills a description list with `[name, value, bad, mark]`. */
export function showPairs(list, pairs) {
  keyed(list, pairs, {
    key: ([name]) => name,
    create: ([name, , , mark]) => h("div", null, h("dt", null, mark ? h("i", { class: mark }) : null, name), h("dd")),
    update(element, [, value, bad]) {
      setText(element.lastChild, value);
      element.lastChild.classList.toggle("bad", Boolean(bad));
    },
  });
}
