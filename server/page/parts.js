// Pieces that the pages of accounts, transactions and blocks share: title, facts, values of parsed data, calm messages.

import { copyButton, h } from "./dom.js";
import { words } from "./format.js";
import { accountLink, base58Length, transactionLink } from "./names.js";

const DEPTH_MAX = 8;
const ENTRIES_MAX = 64;

/** Title of a page: the kind, the full name, and a button to copy it. */
export const title = (kind, name, ...extra) =>
  h("header", { class: "title" }, h("h1", { tabindex: "-1" }, h("small", null, kind), h("span", { class: "mono whole" }, name)), h("p", null, copyButton(name, kind), extra));

/** A card with a heading. */
export const card = (heading, ...children) => h("section", { class: "card" }, h("header", null, h("h2", null, heading)), children);

/** Name and value pairs; values are texts or elements, null leaves a pair out. */
export const facts = (pairs) =>
  h("dl", { class: "detail-facts" }, pairs.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));

/** A page that has nothing to show, and says why. */
export const nothing = (kind, name, ...text) => [title(kind, name), h("section", { class: "card" }, h("p", { class: "empty" }, text))];

function leaf(value) {
  if (typeof value === "string") {
    const length = value.length >= 32 ? base58Length(value) : null;
    if (length === 32) return accountLink(value, 6);
    if (length === 64) return transactionLink(value);
  }
  return h("span", { class: "value" }, value === null ? "none" : String(value));
}

/** Any JSON value as nested lists, bounded in depth and length; addresses become links. */
export function tree(value, depth = 0) {
  if (value === null || typeof value !== "object") return leaf(value);
  if (depth >= DEPTH_MAX) return h("span", { class: "value mono" }, JSON.stringify(value));
  const entries = Object.entries(value);
  if (!entries.length) return h("span", { class: "value" }, "none");
  const name = (key) => (Array.isArray(value) ? String(Number(key) + 1) : words(key));
  const rows = entries.slice(0, ENTRIES_MAX).map(([key, each]) => h("div", null, h("dt", null, name(key)), h("dd", null, tree(each, depth + 1))));
  const rest = entries.length - ENTRIES_MAX;
  return h("dl", { class: "tree" }, rows, rest > 0 ? h("div", null, h("dt", null, "…"), h("dd", null, `${rest} more`)) : null);
}

const LINE_BYTES = 16;

/** The first bytes of base64 as offset, hex and ASCII. */
export function hexDump(base64, most) {
  const decoded = atob(base64.slice(0, Math.ceil(most / 3) * 4)).slice(0, most);
  const lines = [];
  for (let at = 0; at < decoded.length; at += LINE_BYTES) {
    const part = [...decoded.slice(at, at + LINE_BYTES)].map((character) => character.charCodeAt(0));
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(LINE_BYTES * 3);
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex} ${text}`);
  }
  return h("pre", { class: "dump", tabindex: "0", "aria-label": "Data in hexadecimal" }, lines.join("\n"));
}

/** A table; `columns` are `[heading, isRight]`, cells texts or elements. */
export const table = (columns, rows) =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": columns.map(([name]) => name).join(", ") },
    h("table", { class: "rows" },
      h("thead", null, h("tr", null, columns.map(([name, right]) => h("th", { scope: "col", class: right ? "right" : null }, name)))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map((cell, index) => h("td", { class: columns[index][1] ? "right" : null }, cell)))))));
