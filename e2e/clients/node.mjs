// Starts a heddle node of a test's own, on free ports and with a ledger that goes with it.
//
// HEDDLE names the binary; HEDDLE_BLOCK_PRODUCTION says when it makes blocks. The WebSocket port is the one after the
// RPC port, because that is where clients look for it when they are told nothing.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const HEDDLE = process.env.HEDDLE ?? "heddle";
const PRODUCTION = process.env.HEDDLE_BLOCK_PRODUCTION ?? "slots";
const START_TRIES_MAX = 5;

/** Nodes that run. A test that fails may not come to stop its own; they must not outlive it. */
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Whether something could listen there. */
async function isFree(port) {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  const free = await Promise.race([once(server, "listening").then(() => true), once(server, "error").then(() => false)]);
  if (free) await new Promise((done) => server.close(done));
  return free;
}

/** A free port whose next one is free, too; somebody may still take them before we do. */
async function portPair() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

/** One attempt: the child and what it told once it was ready, or what it said instead. */
async function launch(ledger, extra) {
  const port = await portPair();
  const names = ["node", "--ledger", ledger, "--rpc-port", `${port}`, "--block-production", PRODUCTION, "--json"];
  const child = spawn(HEDDLE, [...names, ...extra], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const exited = new Promise((done) => child.once("exit", (code, signal) => done({ code, signal })));
  child.once("error", (error) => (complaints += error));
  const ready = once(createInterface(child.stdout), "line").then(([line]) => JSON.parse(line));
  const facts = await Promise.race([ready, exited.then(() => undefined), once(child, "error").then(() => undefined)]);
  return { child, exited, facts, complaints: () => complaints };
}

/**
 * A node that runs. `ledger` continues what another one left there and is not removed; `args` go to `heddle node`.
 * `stop` ends it as Ctrl-C does and expects that it ends well; `kill` is `kill -9`.
 */
export async function startNode({ ledger, args = [] } = {}) {
  const own = ledger ?? (await mkdtemp(join(tmpdir(), "heddle-e2e-")));
  let tried;
  for (let tries = 0; tries < START_TRIES_MAX && !tried?.facts; tries += 1) tried = await launch(own, args);
  const { child, exited, facts, complaints } = tried;
  if (!facts) throw new Error(`${HEDDLE} does not start: ${complaints()}`);
  const end = async (signal) => {
    child.kill(signal);
    return exited;
  };
  const farewells = [];
  return {
    ...facts,
    complaints,
    /** What clients do before the node is stopped, lest they connect again and again to what is gone. */
    beforeStop: (farewell) => farewells.push(farewell),
    async kill() {
      return end("SIGKILL");
    },
    async stop() {
      for (const farewell of farewells) await farewell();
      const { code, signal } = await end("SIGINT");
      if (ledger === undefined) await rm(own, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the node ended with ${code ?? signal}: ${complaints()}`);
    },
  };
}

/** A directory for a ledger that outlives its node, and how to remove it. */
export async function temporaryLedger() {
  const path = await mkdtemp(join(tmpdir(), "heddle-e2e-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
