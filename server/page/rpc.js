// JSON-RPC 2.0 over fetch to the node that served this page. Tells two failures apart: the node did not answer
// (`NodeDown`), and the node answered with an error (`RpcError`). Knows no method by name.

const TIMEOUT_MS = 5_000;

/** No answer, or one that is not JSON-RPC. */
export class NodeDown extends Error {}

/** The node refused; `code` is the JSON-RPC error code. */
export class RpcError extends Error {
  constructor({ code, message }) {
    super(message || `error ${code}`);
    this.code = code;
  }
}

let lastId = 0;
const request = ([method, params = []]) => ({ jsonrpc: "2.0", id: (lastId += 1), method, params });

async function post(body) {
  let response;
  try {
    response = await fetch("/", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new NodeDown(error.name === "TimeoutError" ? `no answer within ${TIMEOUT_MS / 1000} s` : "cannot be reached");
  }
  try {
    return await response.json();
  } catch {
    throw new NodeDown(`answered ${response.status} without JSON`);
  }
}

function outcome(reply) {
  if (reply?.error) return { error: new RpcError(reply.error) };
  return reply && "result" in reply ? { result: reply.result } : { error: new NodeDown("answered without a result") };
}

/** Result of one call; throws `NodeDown` or `RpcError`. */
export async function call(method, params) {
  const { result, error } = outcome(await post(request([method, params])));
  if (error) throw error;
  return result;
}

/** Outcomes `{ result }` or `{ error }` of several calls in one request, in their order; throws `NodeDown`. */
export async function batch(calls) {
  const requests = calls.map(request);
  const replies = await post(requests);
  if (!Array.isArray(replies)) return requests.map(() => outcome(replies));
  const byId = new Map(replies.map((reply) => [reply?.id, reply]));
  return requests.map(({ id }) => outcome(byId.get(id)));
}
