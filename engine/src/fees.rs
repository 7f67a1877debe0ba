//! Who pays what: fees, the fee payer's rules, rent states, and the collector's share.
//!
//! Rules: crate `solana-svm` 4.2 (`account_loader`, `rent_calculator`), SIMD-0392 for rent.

use heddle_types::{Account, Pubkey, TransactionError, ids, limits};
use heddle_vm::{NonceState, Rent};

/// A transaction's fee, in lamports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fee {
    /// Per signature; half of it is burned.
    pub(crate) base: u64,
    /// For priority; all of it goes to the collector.
    pub(crate) priority: u64,
}

impl Fee {
    pub(crate) fn total(self) -> u64 {
        self.base.saturating_add(self.priority)
    }

    /// What the collector gets.
    pub(crate) fn collected(self) -> u64 {
        (self.base - self.base / 2).saturating_add(self.priority)
    }
}

/// Takes the fee from the payer, or says why the transaction cannot be in a block.
pub(crate) fn charge(payer: &mut Account, fee: u64, rent: &Rent) -> Result<(), TransactionError> {
    if !payer.exists() {
        return Err(TransactionError::AccountNotFound);
    }
    let kept = match system_account_kind(payer).ok_or(TransactionError::InvalidAccountForFee)? {
        SystemAccountKind::System => 0,
        SystemAccountKind::Nonce => rent.minimum_balance(NonceState::SIZE_BYTES),
    };
    let before = RentObservation::new(payer);
    if payer.lamports.checked_sub(kept).and_then(|available| available.checked_sub(fee)).is_none() {
        return Err(TransactionError::InsufficientFundsForFee);
    }
    payer.lamports -= fee;
    if before.allows(payer, rent) {
        Ok(())
    } else {
        Err(TransactionError::InsufficientFundsForRent { account_index: 0 })
    }
}

/// What kind of system account can pay a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SystemAccountKind {
    /// No data.
    System,
    /// An initialised nonce account.
    Nonce,
}

/// The kind of a system-owned account; `None` if it is neither.
pub(crate) fn system_account_kind(account: &Account) -> Option<SystemAccountKind> {
    if account.owner != ids::system_program::ID {
        return None;
    }
    if account.data.is_empty() {
        return Some(SystemAccountKind::System);
    }
    let is_nonce = account.data.len() == NonceState::SIZE_BYTES
        && NonceState::from_bytes(&account.data).is_some_and(|state| state.data.is_some());
    is_nonce.then_some(SystemAccountKind::Nonce)
}

/// An account before execution, as far as the rent rule needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RentObservation {
    lamports: u64,
    size_bytes: usize,
    owner: Pubkey,
}

impl RentObservation {
    pub(crate) fn new(account: &Account) -> Self {
        Self { lamports: account.lamports, size_bytes: account.data.len(), owner: account.owner }
    }

    /// Whether the account may stay with another balance and nothing else changed.
    pub(crate) fn allows_balance(&self, lamports: u64, rent: &Rent) -> bool {
        self.suffices(lamports, self.size_bytes, true, rent)
    }

    /// Whether `after` may stay: gone, exempt, or (same owner, not grown) with no less than it had.
    pub(crate) fn allows(&self, after: &Account, rent: &Rent) -> bool {
        let is_no_more = self.size_bytes >= after.data.len() && self.owner == after.owner;
        self.suffices(after.lamports, after.data.len(), is_no_more, rent)
    }

    fn suffices(&self, lamports: u64, size_bytes: usize, is_no_more: bool, rent: &Rent) -> bool {
        if lamports == 0 {
            return true;
        }
        let exempt = rent.minimum_balance(size_bytes);
        let is_relaxed = self.lamports > 0 && is_no_more;
        let needed = if is_relaxed { exempt.min(self.lamports) } else { exempt };
        lamports >= needed
    }
}

/// Gives the block's fees to the collector; they are burned if it cannot hold them: another program's, reserved, or left
/// short of its minimum (SIMD-0232). The incinerator holds anything until the block ends.
///
/// DEVIATION: a vote account is no collector, because the engine does not know which one is the leader's.
pub(crate) fn deposit(key: &Pubkey, collector: &mut Account, lamports: u64, rent: &Rent) {
    let is_foreign = collector.exists() && collector.owner != ids::system_program::ID;
    if lamports == 0 || is_foreign || heddle_programs::is_reserved(key) {
        return;
    }
    let mut after = collector.clone();
    let Some(sum) = after.lamports.checked_add(lamports) else { return };
    after.lamports = sum;
    if *key == ids::incinerator::ID || RentObservation::new(collector).allows(&after, rent) {
        *collector = after;
    }
}

/// Base fee of `signature_count` signatures.
pub(crate) fn base_fee(signature_count: u64) -> u64 {
    signature_count.saturating_mul(limits::LAMPORTS_PER_SIGNATURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rent() -> Rent {
        Rent::default()
    }

    #[test]
    fn half_of_the_base_fee_is_burned() {
        assert_eq!(Fee { base: 5001, priority: 7 }.collected(), 2501 + 7);
        assert_eq!(Fee { base: 5001, priority: 7 }.total(), 5008);
    }

    #[test]
    fn payer_must_exist_be_plain_and_afford_it() {
        let minimum = limits::rent_exempt_minimum(0);
        let pay = |account: &Account, fee| charge(&mut account.clone(), fee, &rent());
        assert_eq!(pay(&Account::default(), 1), Err(TransactionError::AccountNotFound));
        let other = Account::new(10_000_000, &[], ids::stake::ID);
        assert_eq!(pay(&other, 1), Err(TransactionError::InvalidAccountForFee));
        let poor = Account::with_lamports(4999);
        assert_eq!(pay(&poor, 5000), Err(TransactionError::InsufficientFundsForFee));
        assert_eq!(pay(&Account::with_lamports(5000), 5000), Ok(()));
        let short = Account::with_lamports(minimum + 4999);
        assert_eq!(pay(&short, 5000), Err(TransactionError::InsufficientFundsForRent { account_index: 0 }));
        assert_eq!(pay(&Account::with_lamports(minimum + 5000), 5000), Ok(()));
    }

    #[test]
    fn rent_rule_of_simd_392() {
        let minimum = limits::rent_exempt_minimum(0);
        let observed = |lamports| RentObservation::new(&Account::with_lamports(lamports));
        assert!(observed(10).allows(&Account::with_lamports(10), &rent()));
        assert!(observed(10).allows(&Account::with_lamports(11), &rent()));
        assert!(!observed(10).allows(&Account::with_lamports(9), &rent()));
        assert!(!observed(0).allows(&Account::with_lamports(minimum - 1), &rent()));
        assert!(observed(0).allows(&Account::with_lamports(minimum), &rent()));
        let grown = Account::new(minimum, &[0], ids::system_program::ID);
        assert!(!observed(minimum).allows(&grown, &rent()));
    }
}
