// Keeps the last seconds of `heddle_stats` and turns its sums into rates. Starts anew when the node did.

const KEEP_MS = 10_500;

let samples = [];

/** Adds an answer; `now` is a monotonic time in milliseconds. Returns whether the node is another one than before. */
export function add(stats, now) {
  const last = samples[samples.length - 1]?.stats;
  const restarted = Boolean(last) && (stats.uptimeSeconds < last.uptimeSeconds || stats.genesisHash !== last.genesisHash);
  if (restarted) samples = [];
  samples.push({ stats, now });
  while (samples.length > 2 && now - samples[0].now > KEEP_MS) samples.shift();
  return restarted;
}

/** Forgets all, because time passed unseen. */
export const forget = () => {
  samples = [];
};

/** Newest and oldest answer of the last seconds and the seconds between, or null with fewer than two. */
export function span() {
  if (samples.length < 2) return null;
  const [first, last] = [samples[0], samples[samples.length - 1]];
  return { from: first.stats, to: last.stats, seconds: (last.now - first.now) / 1000 };
}

/** Each worker's share of busy time in the span; null for one that reported nothing. */
export function busyShares({ from, to }) {
  return (to.workerMicros ?? []).map((worker, index) => {
    const before = from.workerMicros?.[index] ?? { busy: 0, idle: 0 };
    const busy = worker.busy - before.busy;
    const all = busy + worker.idle - before.idle;
    return all > 0 ? busy / all : null;
  });
}

export const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN);
