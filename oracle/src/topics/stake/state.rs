//! Accounts that the stake program reads: stakes, vote accounts, and the sysvars that say how stake warms up.

use crate::{
    case::{account, address},
    environment::Environment,
};
use solana_account::Account;
use solana_sdk_ids::{stake, sysvar, vote};

/// Bytes of a stake account.
pub const SPACE: usize = 200;
/// The epoch of every case.
pub const EPOCH: u64 = 5;
/// The time of every case.
pub const NOW: i64 = 1_700_000_200;
/// A deactivation that has not been asked for.
pub const NEVER: u64 = u64::MAX;
/// Credits of the vote account `vote`.
pub const CREDITS: u64 = 1_234;

/// Which of its forms a stake account has.
#[derive(Clone, Copy, PartialEq)]
pub enum Form {
    Uninitialized,
    Initialized,
    Delegated,
    RewardsPool,
    /// A tag that there is not.
    Unknown,
}

/// A stake account, by names of keys.
#[derive(Clone, Copy)]
pub struct Stake {
    pub form: Form,
    pub reserve: u64,
    pub staker: &'static str,
    pub withdrawer: &'static str,
    pub locked_until: i64,
    pub locked_epoch: u64,
    pub custodian: &'static str,
    pub voter: &'static str,
    pub amount: u64,
    pub activated: u64,
    pub deactivated: u64,
    pub credits: u64,
    pub flags: u8,
    /// Balance beyond reserve and amount.
    pub extra: u64,
}

impl Stake {
    /// Initialised and not delegated.
    pub fn idle(environment: &Environment) -> Self {
        Self {
            form: Form::Initialized,
            reserve: environment.exempt(SPACE),
            staker: "staker",
            withdrawer: "withdrawer",
            locked_until: 0,
            locked_epoch: 0,
            custodian: "custodian",
            voter: "vote",
            amount: 0,
            activated: 0,
            deactivated: NEVER,
            credits: CREDITS,
            flags: 0,
            extra: 0,
        }
    }

    /// Delegated long ago: all of `amount` is effective.
    pub fn active(environment: &Environment, amount: u64) -> Self {
        Self { form: Form::Delegated, amount, activated: 1, ..Self::idle(environment) }
    }

    /// Delegated in this epoch.
    pub fn activating(environment: &Environment, amount: u64) -> Self {
        Self { activated: EPOCH, ..Self::active(environment, amount) }
    }

    /// Deactivated in this epoch: still effective.
    pub fn deactivating(environment: &Environment, amount: u64) -> Self {
        Self { deactivated: EPOCH, ..Self::active(environment, amount) }
    }

    /// Deactivated in an earlier epoch.
    pub fn inactive(environment: &Environment, amount: u64) -> Self {
        Self { deactivated: 3, ..Self::active(environment, amount) }
    }

    fn to_data(self) -> Vec<u8> {
        let tag: u32 = match self.form {
            Form::Uninitialized => 0,
            Form::Initialized => 1,
            Form::Delegated => 2,
            Form::RewardsPool => 3,
            Form::Unknown => 9,
        };
        let mut data = tag.to_le_bytes().to_vec();
        if matches!(self.form, Form::Initialized | Form::Delegated) {
            data.extend(self.reserve.to_le_bytes());
            data.extend(address(self.staker).to_bytes());
            data.extend(address(self.withdrawer).to_bytes());
            data.extend(self.locked_until.to_le_bytes());
            data.extend(self.locked_epoch.to_le_bytes());
            data.extend(address(self.custodian).to_bytes());
        }
        if self.form == Form::Delegated {
            data.extend(address(self.voter).to_bytes());
            data.extend([self.amount, self.activated, self.deactivated].map(u64::to_le_bytes).concat());
            // Warm-up rate, which nobody reads any more.
            data.extend(0.25f64.to_le_bytes());
            data.extend(self.credits.to_le_bytes());
            data.push(self.flags);
        }
        data.resize(SPACE, 0);
        data
    }

    pub fn to_account(self) -> Account {
        account(self.reserve + self.amount + self.extra, self.to_data(), stake::ID)
    }
}

/// Which layout a vote account has.
#[derive(Clone, Copy, PartialEq)]
pub enum VoteVersion {
    V1_14_11,
    V3,
    V4,
}

/// A vote account of `node` with these (epoch, credits, previous credits).
pub fn vote_account(environment: &Environment, version: VoteVersion, epoch_credits: &[(u64, u64, u64)]) -> Account {
    let tag: u32 = match version {
        VoteVersion::V1_14_11 => 1,
        VoteVersion::V3 => 2,
        VoteVersion::V4 => 3,
    };
    let mut data = tag.to_le_bytes().to_vec();
    data.extend(address("node").to_bytes());
    data.extend(address("vote withdrawer").to_bytes());
    if version == VoteVersion::V4 {
        data.extend(address("inflation collector").to_bytes());
        data.extend(address("revenue collector").to_bytes());
        data.extend([500u16, 10_000].map(u16::to_le_bytes).concat());
        data.extend(0u64.to_le_bytes());
        // No BLS key.
        data.push(0);
    } else {
        data.push(5);
    }
    // No votes, no root.
    data.extend(0u64.to_le_bytes());
    data.push(0);
    data.extend(1u64.to_le_bytes());
    data.extend(EPOCH.to_le_bytes());
    data.extend(address("voter").to_bytes());
    if version != VoteVersion::V4 {
        // 32 prior voters, where the last was written, that there is none.
        data.resize(data.len() + 32 * 48, 0);
        data.extend(31u64.to_le_bytes());
        data.push(1);
    }
    data.extend((epoch_credits.len() as u64).to_le_bytes());
    for (epoch, credits, previous) in epoch_credits {
        data.extend([*epoch, *credits, *previous].map(u64::to_le_bytes).concat());
    }
    data.extend([0; 16]);
    let space = if version == VoteVersion::V1_14_11 { 3_731 } else { 3_762 };
    data.resize(space, 0);
    account(environment.exempt(space), data, vote::ID)
}

/// The vote account that stakes are delegated to.
pub fn vote(environment: &Environment) -> Account {
    vote_account(environment, VoteVersion::V4, &[(4, 1_000, 800), (5, CREDITS, 1_000)])
}

/// The stake-history sysvar with (epoch, effective, activating, deactivating), newest first.
pub fn history(environment: &Environment, entries: &[(u64, u64, u64, u64)]) -> Account {
    let mut data = (entries.len() as u64).to_le_bytes().to_vec();
    for (epoch, effective, activating, deactivating) in entries {
        data.extend([*epoch, *effective, *activating, *deactivating].map(u64::to_le_bytes).concat());
    }
    data.resize(16_392, 0);
    account(environment.exempt(data.len()), data, sysvar::ID)
}

/// The epoch-rewards sysvar while rewards are paid out.
pub fn rewards_active(environment: &Environment) -> Account {
    let mut data = vec![0; 81];
    data[..8].copy_from_slice(&2_160_001u64.to_le_bytes());
    data[80] = 1;
    account(environment.exempt(data.len()), data, sysvar::ID)
}
