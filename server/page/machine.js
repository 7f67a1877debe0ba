// What the machine does with its time and memory: stages, workers, caches, store, connections.

import { byId, h, keyed, setText } from "./dom.js";
import { bytes, count, micros, percent } from "./format.js";
import { meter, setMeter } from "./latency.js";
import { busyShares } from "./samples.js";
import { showPairs } from "./throughput.js";

const STAGES = ["verify", "schedule", "execute", "collect", "hash", "commit"];

function stages({ from, to, seconds }) {
  const used = STAGES.map((name, index) => ({
    name, mark: `stage-${index + 1}`, micros: Math.max(0, (to.stagesMicros?.[name] ?? 0) - (from.stagesMicros?.[name] ?? 0)) / seconds,
  }));
  const all = used.reduce((sum, stage) => sum + stage.micros, 0);
  const bar = byId("stages-bar");
  keyed(bar, used, {
    key: ({ name }) => name,
    create: ({ mark }) => h("span", { class: mark }),
    update(element, { name, micros: value }) {
      element.style.width = all ? `${((value / all) * 100).toFixed(2)}%` : "0";
      element.title = `${name}: ${percent(all ? value / all : 0)}`;
    },
  });
  bar.setAttribute("aria-label", `Shares of stages: ${used.map(({ name, micros: value }) => `${name} ${percent(all ? value / all : 0)}`).join(", ")}`);
  showPairs(byId("stages"), used.map(({ name, mark, micros: value }) => [name, `${micros(value)} a second`, false, mark]));
}

function workers(span) {
  keyed(byId("workers"), busyShares(span).map((share, index) => ({ share, index })), {
    key: ({ index }) => index,
    create: () => h("li", null, h("span"), meter()),
    update(element, { share, index }) {
      setText(element.firstChild, `${index + 1} · ${share === null ? "–" : percent(share)}`);
      setMeter(element.lastChild, share ?? 0);
    },
  });
}

function facts(stats) {
  const store = stats.store;
  const cached = [
    ["programs compiled", count(stats.programs?.cached)],
    ["accounts in memory", `${count(stats.accounts?.cached)} · ${bytes(stats.accounts?.cachedBytes)}`],
  ];
  if (!store || !Number.isFinite(store.tableBytes)) return [...cached, ["store", "in memory"]];
  const pending = store.compactionPendingBytes > 0 ? bytes(store.compactionPendingBytes) : "nothing";
  return [
    ...cached, ["store", `RocksDB · ${bytes(store.tableBytes)}`], ["memtables", bytes(store.memtableBytes)],
    ["compaction", store.runningCompactions > 0 ? `${count(store.runningCompactions)} running · ${pending} left` : `idle · ${pending} left`],
    ["writes", store.stalledWrites ? "stalled" : "flowing", Boolean(store.stalledWrites)],
  ];
}

function totals({ transactions, connections }) {
  return [
    ["received", count(transactions.received)], ["succeeded", count(transactions.succeeded)], ["failed", count(transactions.failed)],
    ["dropped", count(transactions.dropped)],
    ["connections now", `${count(connections?.http)} http · ${count(connections?.webSocket)} socket`],
    ["subscriptions now", count(connections?.subscriptions)],
  ];
}

/** `span` is null until two answers came. */
export function show(stats, span) {
  if (span) {
    stages(span);
    workers(span);
  }
  showPairs(byId("machine-facts"), facts(stats));
  showPairs(byId("totals"), totals(stats));
}
