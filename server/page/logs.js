// Makes a tree of invocations out of a transaction's log lines. Only lines that the runtime writes open and close an
// invocation; what programs log starts with "Program log:" or "Program data:" and is kept as text, whatever it says.

const INVOKE = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) invoke \[(\d+)\]$/;
const CONSUMED = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) consumed (\d+) of (\d+) compute units$/;
const END = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) (?:success|failed: ([^]*))$/;

const invocation = (program) => ({ program, lines: [], calls: [], units: null, limit: null, failure: null, ended: false });

/** Kind of a line within an invocation, and its text without the prefix. */
function lineOf(text) {
  for (const [prefix, kind] of [["Program log: ", "log"], ["Program data: ", "data"], ["Program return: ", "return"]]) {
    if (text.startsWith(prefix)) return { kind, text: text.slice(prefix.length) };
  }
  return { kind: text === "Log truncated" ? "truncated" : "other", text };
}

/**
 * Invocations of the top level, each `{ program, lines, calls, units, limit, failure, ended }`. `lines` holds texts and,
 * as `{ kind: "call", call }`, the calls, in order.
 */
export function invocations(logs) {
  const root = invocation(null);
  const open = [root];
  for (const text of logs ?? []) {
    const top = open[open.length - 1];
    const invoke = INVOKE.exec(text);
    const consumed = CONSUMED.exec(text);
    const end = END.exec(text);
    if (invoke && Number(invoke[2]) === open.length) {
      const called = invocation(invoke[1]);
      top.calls.push(called);
      top.lines.push({ kind: "call", call: called });
      open.push(called);
    } else if (consumed && consumed[1] === top.program) {
      top.units = Number(consumed[2]);
      top.limit = Number(consumed[3]);
    } else if (end && end[1] === top.program && open.length > 1) {
      top.failure = end[2] ?? null;
      top.ended = true;
      open.pop();
    } else {
      top.lines.push(lineOf(text));
    }
  }
  return root;
}

/** Units an invocation used itself, without those of its calls; null where nothing tells. */
export function ownUnits(made) {
  if (made.units === null) return null;
  return made.units - made.calls.reduce((sum, called) => sum + (called.units ?? 0), 0);
}

/**
 * Joins instructions with the invocations that their logs tell of. An instruction that left no logs (a precompile, or one
 * after the failure) has `made: null`. Inner instructions come flat with a stack height; without heights all are direct.
 */
export function joined(instructions, inner, root) {
  const innerOf = new Map((inner ?? []).map((entry) => [entry.index, entry.instructions]));
  const nodes = instructions.map((instruction, index) => nested(instruction, innerOf.get(index) ?? []));
  attach(nodes, root.calls);
  return nodes;
}

function nested(instruction, flat) {
  const top = { instruction, children: [], made: null };
  const path = [top];
  for (const entry of flat) {
    const depth = Math.max(2, Math.min(entry.stackHeight ?? 2, path.length + 1));
    path.length = depth - 1;
    const node = { instruction: entry, children: [], made: null };
    path[path.length - 1].children.push(node);
    path.push(node);
  }
  return top;
}

function attach(nodes, calls) {
  let next = 0;
  for (const node of nodes) {
    if (calls[next]?.program !== node.instruction.programId) continue;
    node.made = calls[next];
    next += 1;
    attach(node.children, node.made.calls);
  }
}

/** An error of the RPC as a sentence: `{ InstructionError: [1, { Custom: 6001 }] }` and the like. */
export function errorText(error) {
  if (error === null || error === undefined) return "";
  if (typeof error === "string") return spaced(error);
  if (Array.isArray(error.InstructionError)) {
    const [index, reason] = error.InstructionError;
    return `Instruction ${Number(index) + 1} failed: ${reasonText(reason)}`;
  }
  return reasonText(error);
}

const spaced = (name) => name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().replace(/^./, (first) => first.toUpperCase());

function reasonText(reason) {
  if (typeof reason === "string") return spaced(reason).toLowerCase();
  if (typeof reason?.Custom === "number") return `custom error ${reason.Custom} (0x${reason.Custom.toString(16)})`;
  return JSON.stringify(reason);
}
