//! `hot`: one account that many transactions write, so that they must run one after the other.
//!
//! Credits outnumber debits by thirty to one, and a debit moves as much as thirty credits do on average: neither the
//! hot account nor the others are drained, however long the run.

use super::{Action, Draw, transfer};
use crate::config::AMOUNT_PERIOD;

/// The hot account.
pub(super) const HOT_ACCOUNT_INDEX: u64 = 0;

// Shares in thousandths; the rest are transfers between any two accounts.
const CREDIT_PERMILLE: u64 = 300;
const DEBIT_PERMILLE: u64 = 10;
const DEBIT_FROM: u64 = CREDIT_PERMILLE;
const OTHER_FROM: u64 = DEBIT_FROM + DEBIT_PERMILLE;

const CREDITS_PER_DEBIT: u64 = CREDIT_PERMILLE / DEBIT_PERMILLE;
/// Makes up for the other credits; above every plain amount, so a debit never equals a plain transfer.
const DEBIT_EXTRA: u64 = (CREDITS_PER_DEBIT - 1) * AMOUNT_PERIOD / 2;
const _: () = assert!(DEBIT_EXTRA > AMOUNT_PERIOD);

pub(super) fn action(draw: &mut Draw<'_>) -> Action {
    match draw.below(1000) {
        ..DEBIT_FROM => {
            let source = draw.other_than(HOT_ACCOUNT_INDEX);
            Action::Transfer { source, destination: HOT_ACCOUNT_INDEX, lamports: draw.amount() }
        }
        DEBIT_FROM..OTHER_FROM => {
            let destination = draw.other_than(HOT_ACCOUNT_INDEX);
            Action::Transfer { source: HOT_ACCOUNT_INDEX, destination, lamports: DEBIT_EXTRA + draw.amount() }
        }
        OTHER_FROM.. => transfer::action(draw),
    }
}
