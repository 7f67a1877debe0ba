// Numbers, times and names as people read them. Pure functions of their arguments.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const LAMPORTS_PER_SOL = 1_000_000_000;

export const count = (value) => (Number.isFinite(value) ? whole.format(value) : "–");

/** `compact` without zeros at the end, for what stands still. */
export const compactRound = (value) => compact(value).replace(/\.(\d*?)0+(?=\D|$)/, (_, digits) => (digits ? `.${digits}` : ""));

/** Three significant digits with a unit of thousands: 41.2k, 1.23M. */
export function compact(value) {
  if (!Number.isFinite(value)) return "–";
  const units = ["", "k", "M", "G", "T"];
  let rest = Math.abs(value);
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${value < 0 ? "−" : ""}${rest.toFixed(digits)}${units[unit]}`;
}

export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  if (value === 0 || value >= 9.95) return `${Math.round(value)}%`;
  return value < 0.1 ? "<0.1%" : `${value.toFixed(1)}%`;
}

export function micros(value) {
  if (!Number.isFinite(value)) return "–";
  if (value < 999.5) return `${Math.round(value)} µs`;
  if (value < 999_500) return `${threeDigits(value / 1000)} ms`;
  return value < 60e6 ? `${threeDigits(value / 1e6)} s` : duration(value / 1e6);
}

const threeDigits = (value) => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

export function bytes(value) {
  if (!Number.isFinite(value)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let rest = value;
  let unit = 0;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? rest : threeDigits(rest)} ${units[unit]}`;
}

/** Days, hours, minutes and seconds; the two largest. */
export function duration(seconds) {
  const parts = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
  let rest = Math.max(0, Math.floor(seconds));
  const said = [];
  for (const [size, unit] of parts) {
    const times = Math.floor(rest / size);
    rest -= times * size;
    if (times > 0 || (unit === "s" && said.length === 0)) said.push(`${times} ${unit}`);
  }
  return said.slice(0, 2).join(" ");
}

/** Lamports in SOL, all digits that matter. */
export function sol(lamports) {
  if (!Number.isFinite(lamports)) return "–";
  const sign = lamports < 0 ? "−" : "";
  const size = Math.abs(lamports);
  const fraction = String(size % LAMPORTS_PER_SOL).padStart(9, "0").replace(/0+$/, "");
  return `${sign}${count(Math.floor(size / LAMPORTS_PER_SOL))}${fraction ? `.${fraction}` : ""}`;
}

/** A difference with its sign. */
export const signed = (text, value) => (value > 0 ? `+${text}` : text);

export const clockTime = (unix) => new Date(unix * 1000).toLocaleTimeString("en-GB");

export const dateTime = (unix) =>
  Number.isFinite(unix) ? new Date(unix * 1000).toISOString().replace("T", " ").replace(".000Z", " UTC") : "–";

/** An address or signature cut in the middle. */
export const short = (text, ends = 4) => (text.length <= ends * 2 + 1 ? text : `${text.slice(0, ends)}…${text.slice(-ends)}`);

export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** The words in a camelCase or snake_case name. */
export const words = (name) => name.replace(/_/g, " ").replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
