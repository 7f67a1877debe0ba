//! What each transaction of a workload does: a pure function of the transaction's number and its random numbers.
//! Knows neither keys nor bytes.
//!
//! **Invariant:** within any [`AMOUNT_PERIOD`] consecutive transaction numbers no two actions are equal, so no two
//! transactions under one blockhash are the same transaction.

mod hot;
mod mixed;
mod token;
mod transfer;

use crate::{
    Workload,
    config::{AMOUNT_PERIOD, UNAFFORDABLE_AMOUNT_MIN},
    sampler::{IndexSampler, Random},
};

/// What one transaction does. Accounts are indices; the source's owner signs and pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A system transfer of lamports.
    Transfer { source: u64, destination: u64, lamports: u64 },
    /// A token transfer between the two accounts' token accounts.
    Token { source: u64, destination: u64, amount: u64 },
}

/// One transaction's choices.
pub(crate) struct Draw<'a> {
    sampler: &'a IndexSampler,
    random: Random,
    number: u64,
}

impl<'a> Draw<'a> {
    /// The choices of transaction `number` of the stream that `seed` determines.
    pub(crate) fn new(sampler: &'a IndexSampler, seed: [u8; 32], number: u64) -> Self {
        Self { sampler, random: Random::new(seed, number), number }
    }

    /// What the transaction does.
    pub(crate) fn action(mut self, workload: Workload) -> Action {
        match workload {
            Workload::Transfer => transfer::action(&mut self),
            Workload::Token => token::action(&mut self),
            Workload::Mixed => mixed::action(&mut self),
            Workload::Hot => hot::action(&mut self),
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    fn pair(&mut self) -> (u64, u64) {
        self.sampler.draw_pair(&mut self.random)
    }

    fn other_than(&mut self, index: u64) -> u64 {
        self.sampler.draw_other(&mut self.random, index)
    }

    /// The transaction's own small amount, 1 to [`AMOUNT_PERIOD`].
    fn amount(&self) -> u64 {
        1 + self.number % AMOUNT_PERIOD
    }

    /// The transaction's own amount that nobody can pay.
    fn unaffordable_amount(&self) -> u64 {
        UNAFFORDABLE_AMOUNT_MIN + self.number % AMOUNT_PERIOD
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{hot::HOT_ACCOUNT_INDEX, *};

    fn actions(workload: Workload, accounts: u64, numbers: std::ops::Range<u64>) -> Vec<Action> {
        let sampler = IndexSampler::new(accounts, 0.0);
        numbers.map(|number| Draw::new(&sampler, [5; 32], number).action(workload)).collect()
    }

    fn share(actions: &[Action], holds: impl Fn(&Action) -> bool) -> f64 {
        actions.iter().filter(|action| holds(action)).count() as f64 / actions.len() as f64
    }

    fn check_share(actions: &[Action], expected: f64, holds: impl Fn(&Action) -> bool) {
        let found = share(actions, holds);
        assert!((found - expected).abs() < 0.01, "{found} is not {expected}");
    }

    #[test]
    fn transfer_and_token_do_what_they_say() {
        assert!(actions(Workload::Transfer, 10, 0..1_000).iter().all(|a| matches!(a, Action::Transfer { .. })));
        assert!(actions(Workload::Token, 10, 0..1_000).iter().all(|a| matches!(a, Action::Token { .. })));
    }

    #[test]
    fn mixed_has_its_documented_shares() {
        let actions = actions(Workload::Mixed, 1_000, 0..50_000);
        let fails = |amount: &u64| *amount >= UNAFFORDABLE_AMOUNT_MIN;
        check_share(&actions, 0.60, |a| matches!(a, Action::Transfer { lamports, .. } if !fails(lamports)));
        check_share(&actions, 0.30, |a| matches!(a, Action::Token { amount, .. } if !fails(amount)));
        check_share(&actions, 0.05, |a| matches!(a, Action::Transfer { lamports, .. } if fails(lamports)));
        check_share(&actions, 0.05, |a| matches!(a, Action::Token { amount, .. } if fails(amount)));
    }

    #[test]
    fn hot_has_its_documented_shares() {
        let actions = actions(Workload::Hot, 10_000, 0..200_000);
        check_share(&actions, 0.30, |a| matches!(a, Action::Transfer { destination: HOT_ACCOUNT_INDEX, .. }));
        check_share(&actions, 0.01, |a| matches!(a, Action::Transfer { source: HOT_ACCOUNT_INDEX, .. }));
    }

    #[test]
    fn hot_debits_give_back_what_the_credits_took() {
        let sampler = IndexSampler::new(10_000, 0.0);
        let (mut credits, mut debits) = (0.0, 0.0);
        for number in (0..AMOUNT_PERIOD).step_by(100) {
            match Draw::new(&sampler, [5; 32], number).action(Workload::Hot) {
                Action::Transfer { destination: HOT_ACCOUNT_INDEX, lamports, .. } => credits += lamports as f64,
                Action::Transfer { source: HOT_ACCOUNT_INDEX, lamports, .. } => debits += lamports as f64,
                _ => {}
            }
        }
        assert!((credits / debits - 1.0).abs() < 0.1, "{credits} {debits}");
    }

    #[test]
    fn no_two_actions_are_equal_even_between_two_accounts() {
        for workload in Workload::ALL {
            // Across the point where the amounts start again.
            let actions = actions(workload, 2, AMOUNT_PERIOD - 50_000..AMOUNT_PERIOD + 50_000);
            assert_eq!(actions.iter().collect::<HashSet<_>>().len(), actions.len(), "{workload}");
        }
    }

    #[test]
    fn source_and_destination_differ() {
        for workload in Workload::ALL {
            for action in actions(workload, 2, 0..5_000) {
                let (Action::Transfer { source, destination, .. } | Action::Token { source, destination, .. }) = action;
                assert_ne!(source, destination);
            }
        }
    }
}
