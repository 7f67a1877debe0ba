// A memo as kit writes instructions.

export function getAddMemoInstruction(text) {
  return { programAddress: "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", accounts: [], data: new TextEncoder().encode(text) };
}
