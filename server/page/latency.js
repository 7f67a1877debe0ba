// How long a transaction waits, runs and needs to become durable, on one logarithmic axis; and four figures beside it:
// mempool, block fill, workers, the longest chain.

import { byId, drawnToWidth, h, keyed, s, setText } from "./dom.js";
import { compact, compactRound, count, micros, percent } from "./format.js";
import { mean } from "./samples.js";

/** A block's compute units at most, where the node does not tell. */
const BLOCK_UNITS = 50_000_000;
const FILL_BLOCKS = 20;
const HIGH_SHARE = 0.8;
const ROW = 24;
const VALUES = 128;

const ROWS = [["queued", "waits"], ["executed", "runs"], ["committed", "to disk"]];

let latency = null;
let width = 0;

/** Powers of ten around all values, in microseconds. */
function range(rows) {
  const values = rows.flatMap(([name]) => (latency[name] ? [latency[name].p50, latency[name].p99] : [])).filter((value) => value > 0);
  if (!values.length) return [2, 6];
  const low = Math.floor(Math.log10(Math.min(...values)));
  return [low, Math.max(low + 2, Math.ceil(Math.log10(Math.max(...values))))];
}

function row([name, title], index, x) {
  const y = index * ROW + ROW / 2;
  const value = latency[name];
  const said = value ? `${micros(value.p50)} · ${micros(value.p99)}` : "nothing yet";
  const parts = [
    s("text", { class: "latency-name", x: 0, y: y + 4 }, title),
    s("text", { class: "latency-value", x: width, y: y + 4, "text-anchor": "end" }, said),
  ];
  if (!value) return parts;
  const [half, most] = [x(value.p50), x(value.p99)];
  return [
    ...parts, s("line", { class: "latency-span", x1: half, x2: most, y1: y, y2: y }),
    s("line", { class: "latency-most", x1: most, x2: most, y1: y - 6, y2: y + 6 }), s("circle", { class: "latency-half", cx: half, cy: y, r: 5.5 }),
  ];
}

function draw() {
  if (!width || !latency) return;
  const [low, high] = range(ROWS);
  const [left, right] = [62, width - VALUES - 14];
  const x = (value) => left + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (right - left);
  const bottom = ROWS.length * ROW;
  const axis = [];
  for (let power = low; power <= high; power += 1) {
    const at = Math.round(x(10 ** power)) + 0.5;
    axis.push(s("line", { class: "axis", x1: at, x2: at, y1: 0, y2: bottom }));
    axis.push(s("text", { class: "tick", x: at, y: bottom + 13, "text-anchor": "middle" }, tick(power)));
  }
  const height = bottom + 16;
  const picture = s("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" }, axis, ROWS.map((each, index) => row(each, index, x)));
  const chart = byId("latency-chart");
  chart.replaceChildren(picture);
  const told = ROWS.map(([name, title]) => (latency[name] ? `${title} ${micros(latency[name].p50)}, at most ${micros(latency[name].p99)} for 99 of 100` : `${title}: nothing yet`));
  chart.setAttribute("aria-label", `A transaction ${told.join("; ")}.`);
}

const tick = (power) => (power < 3 ? `${10 ** power} µs` : power < 6 ? `${10 ** (power - 3)} ms` : `${10 ** (power - 6)} s`);

/** Makes the chart follow its width. */
export function start() {
  drawnToWidth(byId("latency-chart"), (next) => {
    width = next;
    draw();
  });
}

/** Compute units that a block may use. */
export const blockUnits = (stats) => stats.limits?.blockComputeUnits ?? BLOCK_UNITS;

function tiles(stats, contention, busy) {
  const { waiting, capacity, intake } = stats.mempool;
  const newest = (stats.blocks ?? []).slice(0, FILL_BLOCKS);
  const fill = newest.length ? mean(newest.map((block) => block.computeUnits)) / blockUnits(stats) : 0;
  const shares = busy.filter((share) => share !== null);
  return [
    { name: "Mempool", value: compact(waiting), share: waiting / capacity, note: `of ${compactRound(capacity)} · ${compact(intake)} in` },
    { name: "Block fill", value: percent(fill), share: fill, note: `of ${compactRound(blockUnits(stats))} CU, mean` },
    { name: "Workers busy", value: shares.length ? percent(mean(shares)) : "–", share: shares.length ? mean(shares) : 0, note: `${stats.workers} threads` },
    { name: "Longest chain", value: contention ? count(contention.waves) : "–", share: null, note: "one after another" },
  ];
}

export function update(stats, contention, busy) {
  latency = stats.latencyMicros ?? {};
  draw();
  keyed(byId("tiles"), tiles(stats, contention, busy), {
    key: ({ name }) => name,
    create: ({ name, share }) => h("div", null, h("dt", null, name), h("dd", null, h("span"), share === null ? null : meter(), h("small"))),
    update(element, { value, share, note }) {
      const [text] = element.lastChild.children;
      setText(text, value);
      setText(element.querySelector("small"), note);
      if (share !== null) setMeter(element.querySelector(".meter"), share);
    },
  });
}

/** A thin bar for a share of one. */
export const meter = () => h("span", { class: "meter", "aria-hidden": "true" }, h("span"));

export function setMeter(element, share) {
  const within = Math.min(1, Math.max(0, share || 0));
  element.firstChild.style.width = `${(within * 100).toFixed(1)}%`;
  element.toggleAttribute("data-high", within >= HIGH_SHARE);
}
