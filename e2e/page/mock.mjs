// A node made of paper: serves the page's files from server/page and answers its JSON-RPC calls from data.mjs and
// answers.mjs, with the headers of the real node. `node mock.mjs [PORT]` runs it for development.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { METHODS, MethodError } from "./answers.mjs";
import { contention, stats } from "./data.mjs";

const PAGE = new URL("../../server/page/", import.meta.url);
const TYPES = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
const SECURITY = { "content-security-policy": "default-src 'self'", "x-content-type-options": "nosniff" };
const BODY_BYTES_MAX = 1 << 20;

const OURS = {
  heddle_stats: (seconds, _parameters, settings) => stats(seconds, settings.paused),
  heddle_contention: (seconds, [options]) => contention(seconds, options?.top),
};

function answer(call, seconds, settings) {
  const reply = { jsonrpc: "2.0", id: call.id };
  const method = { ...METHODS, ...OURS, ...settings.methods }[call.method];
  if (!method) return { ...reply, error: { code: -32601, message: "Method not found" } };
  try {
    return { ...reply, result: method(seconds, call.params ?? [], settings) };
  } catch (error) {
    if (!(error instanceof MethodError)) throw error;
    return { ...reply, error: { code: error.code, message: error.message } };
  }
}

async function body(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) throw new Error("the request is too large");
  }
  return JSON.parse(text);
}

async function serveFile(path, response) {
  const name = path === "/" ? "index.html" : path.slice(1);
  if (!/^[a-z_]+\.[a-z]+$/.test(name)) return response.writeHead(404).end();
  try {
    const content = await readFile(new URL(name, PAGE));
    const type = TYPES[name.split(".")[1]] ?? "application/octet-stream";
    return response.writeHead(200, { "content-type": `${type}; charset=utf-8`, ...SECURITY }).end(content);
  } catch {
    return response.writeHead(404).end();
  }
}

/**
 * Starts the mock on 127.0.0.1. `settings` may be changed while it runs: `paused`, `methods` (replacements by name).
 * `firstSecond` is how old the made-up chain is at the start.
 */
export async function startMock({ port = 0, firstSecond = 300, settings = {} } = {}) {
  const started = Date.now();
  const seconds = () => firstSecond + (Date.now() - started) / 1000;
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return serveFile(new URL(request.url, "http://mock").pathname, response);
    try {
      const calls = await body(request);
      const now = seconds();
      const result = Array.isArray(calls) ? calls.map((call) => answer(call, now, settings)) : answer(calls, now, settings);
      return response.writeHead(200, { "content-type": "application/json", ...SECURITY }).end(JSON.stringify(result));
    } catch (error) {
      return response.writeHead(500, { "content-type": "text/plain" }).end(String(error));
    }
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  const stop = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}/`, port: server.address().port, settings, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startMock({ port: Number(process.argv[2] ?? 8899) });
  console.log(`mock node: ${url}`);
}
