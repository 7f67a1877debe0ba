//! `transfer`: small lamport transfers between two accounts.

use super::{Action, Draw};

pub(super) fn action(draw: &mut Draw<'_>) -> Action {
    let (source, destination) = draw.pair();
    Action::Transfer { source, destination, lamports: draw.amount() }
}

/// A transfer of more than exists: it runs, fails and is charged.
pub(super) fn failing_action(draw: &mut Draw<'_>) -> Action {
    let (source, destination) = draw.pair();
    Action::Transfer { source, destination, lamports: draw.unaffordable_amount() }
}
