//! The stake program: every instruction, in success and in each way to fail.
//!
//! Stake and vote accounts, stake history and epoch rewards are written here byte by byte, so that each state is one that
//! a scenario names and no instruction has to bring about.

mod authorities;
mod delegation;
mod instructions;
mod lamports;
mod state;

use crate::{case::Case, environment::Environment};

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = authorities::cases(environment);
    cases.extend(delegation::cases(environment));
    cases.extend(lamports::cases(environment));
    cases
}
