// Names of well-known addresses, and which kind of thing a text of base58 or digits is. The table is of addresses that
// are the same on every cluster; anybody can deploy anything elsewhere, so nothing else gets a name.

import { h } from "./dom.js";
import { short } from "./format.js";

const KNOWN = new Map(Object.entries({
  "11111111111111111111111111111111": "System",
  TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA: "Token",
  TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb: "Token-2022",
  ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL: "Associated Token",
  ComputeBudget111111111111111111111111111111: "Compute Budget",
  Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo: "Memo 1",
  MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr: "Memo 3",
  Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH: "Memo 4",
  Vote111111111111111111111111111111111111111: "Vote",
  Stake11111111111111111111111111111111111111: "Stake",
  Config1111111111111111111111111111111111111: "Config",
  Feature111111111111111111111111111111111111: "Feature",
  AddressLookupTab1e1111111111111111111111111: "Address Lookup Table",
  BPFLoader1111111111111111111111111111111111: "Loader v1",
  BPFLoader2111111111111111111111111111111111: "Loader v2",
  BPFLoaderUpgradeab1e11111111111111111111111: "Loader v3",
  LoaderV411111111111111111111111111111111111: "Loader v4",
  NativeLoader1111111111111111111111111111111: "Native Loader",
  Ed25519SigVerify111111111111111111111111111: "Ed25519",
  KeccakSecp256k11111111111111111111111111111: "Secp256k1",
  Secp256r1SigVerify1111111111111111111111111: "Secp256r1",
  ZkE1Gama1Proof11111111111111111111111111111: "ZK ElGamal Proof",
  So11111111111111111111111111111111111111112: "Wrapped SOL",
  SysvarC1ock11111111111111111111111111111111: "Clock sysvar",
  SysvarRent111111111111111111111111111111111: "Rent sysvar",
  Sysvar1nstructions1111111111111111111111111: "Instructions sysvar",
  SysvarRecentB1ockHashes11111111111111111111: "Recent Blockhashes sysvar",
  SysvarS1otHashes111111111111111111111111111: "Slot Hashes sysvar",
  SysvarEpochSchedu1e111111111111111111111111: "Epoch Schedule sysvar",
}));

/** Name of a well-known address, or null. */
export const knownName = (address) => KNOWN.get(address) ?? null;

/** A name where there is one, else the address cut in the middle. */
export const label = (address, ends = 4) => knownName(address) ?? short(address, ends);

/** Like `label`, as text for an element: addresses are set in monospace, names are not. */
export function addressText(address, ends = 4) {
  const name = knownName(address);
  return h("span", { class: name ? "named" : "mono", title: address }, name ?? short(address, ends));
}

export const accountHref = (address) => `#/account/${encodeURIComponent(address)}`;
export const transactionHref = (signature) => `#/tx/${encodeURIComponent(signature)}`;
export const blockHref = (slot) => `#/block/${encodeURIComponent(slot)}`;
export const contentionHref = (address) => `#/contention/${encodeURIComponent(address)}`;

export const accountLink = (address, ends) => h("a", { href: accountHref(address) }, addressText(address, ends));
export const transactionLink = (signature, ends = 6) =>
  h("a", { href: transactionHref(signature), class: "mono", title: signature }, short(signature, ends));
export const blockLink = (slot) => h("a", { href: blockHref(slot), class: "number" }, String(slot));

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const TEXT_LENGTH_MAX = 90;

/** How many bytes base58 `text` stands for, or null if it is not base58. */
export function base58Length(text) {
  if (text.length > TEXT_LENGTH_MAX) return null;
  let number = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    number = number * 58n + BigInt(digit);
  }
  const zeros = text.length - text.replace(/^1+/, "").length;
  return zeros + (number === 0n ? 0 : Math.ceil(number.toString(16).length / 2));
}

/** Route of what somebody typed: a slot, an address or a signature; null if it is none of them. */
export function routeOf(typed) {
  const text = typed.trim();
  if (/^[0-9][0-9,_ ]{0,24}$/.test(text) && base58Length(text) !== 32) return blockHref(text.replace(/[,_ ]/g, ""));
  const length = base58Length(text);
  if (length === 32) return accountHref(text);
  return length === 64 ? transactionHref(text) : null;
}
