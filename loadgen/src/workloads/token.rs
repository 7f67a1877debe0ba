//! `token`: small transfers between token accounts of one mint.

use super::{Action, Draw};

pub(super) fn action(draw: &mut Draw<'_>) -> Action {
    let (source, destination) = draw.pair();
    Action::Token { source, destination, amount: draw.amount() }
}

/// A transfer of more tokens than exist: the program refuses, the fee is charged.
pub(super) fn failing_action(draw: &mut Draw<'_>) -> Action {
    let (source, destination) = draw.pair();
    Action::Token { source, destination, amount: draw.unaffordable_amount() }
}
