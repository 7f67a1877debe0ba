//! Addresses of the programs that are not part of the runtime, and which of them are alike.

use heddle_types::Pubkey;

/// The token program.
pub(crate) const TOKEN: Pubkey = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// Token-2022.
pub(crate) const TOKEN_2022: Pubkey = Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
/// Makes token accounts at addresses that follow from owner and mint.
pub(crate) const ASSOCIATED_TOKEN: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
const MEMO_V1: Pubkey = Pubkey::from_str_const("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");
const MEMO_V3: Pubkey = Pubkey::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const MEMO_V4: Pubkey = Pubkey::from_str_const("Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH");
/// The first key of a config account that holds what a validator says about itself.
pub(crate) const VALIDATOR_INFO: Pubkey = Pubkey::from_str_const("Va1idator1nfo111111111111111111111111111111");

/// Whether a program is one of the two token programs, whose accounts and instructions are alike.
pub fn is_token_program(program: &Pubkey) -> bool {
    [TOKEN, TOKEN_2022].contains(program)
}

/// Whether a program is a memo program (version 1, 3 or 4): the memos of a transaction are their data.
pub fn is_memo_program(program: &Pubkey) -> bool {
    [MEMO_V1, MEMO_V3, MEMO_V4].contains(program)
}
