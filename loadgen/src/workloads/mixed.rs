//! `mixed`: both programs, and a tenth of the transactions fail.

use super::{Action, Draw, token, transfer};

// Shares in percent; the rest are failing token transfers.
const TRANSFER_PERCENT: u64 = 60;
const TOKEN_PERCENT: u64 = 30;
const FAILING_TRANSFER_PERCENT: u64 = 5;

const TOKEN_FROM: u64 = TRANSFER_PERCENT;
const FAILING_TRANSFER_FROM: u64 = TOKEN_FROM + TOKEN_PERCENT;
const FAILING_TOKEN_FROM: u64 = FAILING_TRANSFER_FROM + FAILING_TRANSFER_PERCENT;
const _: () = assert!(FAILING_TOKEN_FROM < 100);

pub(super) fn action(draw: &mut Draw<'_>) -> Action {
    match draw.below(100) {
        ..TOKEN_FROM => transfer::action(draw),
        TOKEN_FROM..FAILING_TRANSFER_FROM => token::action(draw),
        FAILING_TRANSFER_FROM..FAILING_TOKEN_FROM => transfer::failing_action(draw),
        FAILING_TOKEN_FROM.. => token::failing_action(draw),
    }
}
