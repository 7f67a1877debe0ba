//! The stake program: every instruction, in success and in each way to fail.
//!
//! Stake and vote accounts, stake history and epoch rewards are written here byte by byte, so that each state is one that
//! a scenario names and no instruction has to bring about.

mod authorities;
mod delegation;
mod instructions;
mod lamports;
mod state;

use crate::{
    case::{Case, SOL},
    environment::Environment,
};
use solana_sdk_ids::sysvar::stake_history;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = authorities::cases(environment);
    cases.extend(delegation::cases(environment));
    cases.extend(lamports::cases(environment));
    cases
}

/// A case whose stake history says that whatever was delegated or deactivated in an earlier epoch is so in full. (Where
/// history lacks the last epoch, the program panics.)
fn new_case(environment: &Environment, name: impl Into<String>) -> Case {
    let entries: Vec<_> = (0..state::EPOCH).rev().map(|epoch| (epoch, 1_000_000 * SOL, 10 * SOL, 10 * SOL)).collect();
    Case::new(environment, name).account(stake_history::ID, state::history(environment, &entries))
}
