// One line for each test, with its file and time; below those that failed, why.

import { basename } from "node:path";
import { inspect } from "node:util";

function lineOf({ name, file, details, skip }, verdict) {
  const where = file ? basename(file, ".test.mjs") : "";
  const reason = typeof skip === "string" ? ` (${skip})` : "";
  return `${skip === undefined ? verdict : "skip"} ${where}: ${name}${reason} [${(details.duration_ms / 1000).toFixed(1)} s]\n`;
}

/** Whether this is a file that node runs as a test of its own, and not one of our tests. */
const isFile = ({ name }) => name.endsWith(".mjs");

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === "test:pass" && !isFile(data)) yield lineOf(data, "ok  ");
    if (type === "test:fail" && !(isFile(data) && data.details.error?.failureType === "subtestsFailed")) {
      yield lineOf(data, "FAIL");
      const cause = data.details.error?.cause ?? data.details.error;
      yield `${inspect(cause, { depth: 6 })}\n`.replaceAll(/^(?=.)/gm, "     ");
    }
    if (type === "test:stderr" || type === "test:stdout") yield `     ${data.message}`;
  }
}
