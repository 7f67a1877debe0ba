//! Token balances among a transaction's accounts, as Solana records them beside balances of lamports.
//!
//! The rules are those of crate `solana-svm` 4.2 (`transaction_balances.rs`), the layouts those of crate
//! `spl-generic-token` 2.0. Only a transaction that names a token program has any. Programs that it calls hold none.
//!
//! DEVIATION: Agave leaves out a token account whose mint is gone or was never one, wherever the mint is. Here that is
//! asked only of mints that the transaction names: it has no lock on any other, so what it would see there would depend
//! on who runs beside it. For the same reason no decimals are recorded.
//!
//! What else is in these accounts (delegates, extensions, frozen or not) is unknown here.

use std::borrow::Borrow;

use heddle_programs::ids;
use heddle_types::{Account, Pubkey, TokenBalance};

use crate::account_set::AccountSet;

/// Bytes of a mint without extensions.
const MINT_BYTES: usize = 82;
/// Bytes of a token account without extensions. A mint with extensions is padded to it, so that what follows is at the
/// same place in both: one byte that tells them apart, then the extensions.
const TOKEN_ACCOUNT_BYTES: usize = 165;
/// Bytes of a multisig, which has no such byte: no account or mint with extensions is as long.
const MULTISIG_BYTES: usize = 355;
/// Where a token account says whether it is initialised (or frozen).
const TOKEN_ACCOUNT_STATE_OFFSET: usize = 108;
/// Where a mint says whether it is initialised.
const MINT_STATE_OFFSET: usize = 45;
/// The byte that tells them apart, in a mint.
const KIND_MINT: u8 = 1;
/// The same in a token account.
const KIND_TOKEN_ACCOUNT: u8 = 2;

/// Token balances of a transaction with these `keys`, which calls the programs at the positions in `invoked`. Looks at
/// accounts by position, and at none unless a token program is among the keys. O(keys), and for each balance once more.
pub(crate) fn of<A: Borrow<Account>>(
    keys: &[Pubkey],
    invoked: AccountSet,
    account_at: impl Fn(usize) -> A,
) -> Vec<TokenBalance> {
    if !keys.iter().any(is_token_program) {
        return Vec::new();
    }
    let may_hold = |position: &usize| !invoked.contains(*position) && !is_token_program(&keys[*position]);
    let is_valid = |balance: &TokenBalance| match keys.iter().position(|key| *key == balance.mint) {
        Some(position) => is_mint(account_at(position).borrow(), &balance.program),
        None => true,
    };
    let balances = (0..keys.len()).filter(may_hold).filter_map(|at| balance_in(account_at(at).borrow(), at as u8));
    balances.filter(is_valid).collect()
}

fn is_token_program(key: &Pubkey) -> bool {
    [ids::TOKEN, ids::TOKEN_2022].contains(key)
}

/// What the account at `account_index` holds, if it is an initialised token account.
fn balance_in(account: &Account, account_index: u8) -> Option<TokenBalance> {
    let data = &account.data[..];
    let is_token_account = account.exists()
        && is_token_program(&account.owner)
        && has_layout(account, TOKEN_ACCOUNT_BYTES, KIND_TOKEN_ACCOUNT)
        && data.get(TOKEN_ACCOUNT_STATE_OFFSET).is_some_and(|&state| state != 0);
    if !is_token_account {
        return None;
    }
    let (mint, rest) = data.split_first_chunk()?;
    let (owner, rest) = rest.split_first_chunk()?;
    Some(TokenBalance {
        account_index,
        mint: Pubkey::new_from_array(*mint),
        owner: Pubkey::new_from_array(*owner),
        program: account.owner,
        amount: u64::from_le_bytes(*rest.first_chunk()?),
    })
}

/// Whether it is an initialised mint of `program`.
fn is_mint(account: &Account, program: &Pubkey) -> bool {
    account.exists()
        && account.owner == *program
        && has_layout(account, MINT_BYTES, KIND_MINT)
        && account.data.get(MINT_STATE_OFFSET).is_some_and(|&state| state != 0)
}

/// Whether the data is as long as it is without extensions, or is of Token-2022 and says that it is of this `kind`.
fn has_layout(account: &Account, plain_bytes: usize, kind: u8) -> bool {
    let size_bytes = account.data.len();
    let is_extended = account.owner == ids::TOKEN_2022
        && size_bytes != MULTISIG_BYTES
        && account.data.get(TOKEN_ACCOUNT_BYTES) == Some(&kind);
    size_bytes == plain_bytes || is_extended
}

#[cfg(test)]
mod tests {
    use heddle_types::Account;

    use super::*;

    const MINT: Pubkey = Pubkey::new_from_array([7; 32]);
    const OWNER: Pubkey = Pubkey::new_from_array([8; 32]);
    const HOLDER: Pubkey = Pubkey::new_from_array([9; 32]);

    /// A token account of `program` with `size_bytes` of data in all, and `kind` if it is long enough.
    fn holding(program: Pubkey, size_bytes: usize, kind: u8) -> Account {
        let mut data = vec![0; size_bytes.max(TOKEN_ACCOUNT_BYTES + 1)];
        data[..32].copy_from_slice(MINT.as_ref());
        data[32..64].copy_from_slice(OWNER.as_ref());
        data[64..72].copy_from_slice(&5u64.to_le_bytes());
        data[TOKEN_ACCOUNT_STATE_OFFSET] = 1;
        data[TOKEN_ACCOUNT_BYTES] = kind;
        Account::new(1, &data[..size_bytes], program)
    }

    fn mint(program: Pubkey, size_bytes: usize) -> Account {
        let mut data = vec![0; size_bytes];
        data[MINT_STATE_OFFSET] = 1;
        if let Some(kind) = data.get_mut(TOKEN_ACCOUNT_BYTES) {
            *kind = KIND_MINT;
        }
        Account::new(1, &data, program)
    }

    fn with(account: &Account, change: impl FnOnce(&mut Account)) -> Account {
        let mut changed = account.clone();
        change(&mut changed);
        changed
    }

    #[test]
    fn token_accounts_by_their_bytes() {
        let amount = |account: &Account| balance_in(account, 3).map(|balance| balance.amount);
        for program in [ids::TOKEN, ids::TOKEN_2022] {
            let plain = holding(program, 165, 0);
            let expected = TokenBalance { account_index: 3, mint: MINT, owner: OWNER, program, amount: 5 };
            assert_eq!(balance_in(&plain, 3), Some(expected));
            assert_eq!(amount(&with(&plain, |account| account.data.make_mut()[108] = 2)), Some(5), "frozen");
            assert_eq!(amount(&with(&plain, |account| account.data.make_mut()[108] = 0)), None, "uninitialised");
            assert_eq!(amount(&with(&plain, |account| account.lamports = 0)), None, "absent");
            for size_bytes in [0, 71, 82, 109, 164] {
                assert_eq!(amount(&holding(program, size_bytes, 0)), None, "{size_bytes} bytes");
            }
            let is_extendable = program == ids::TOKEN_2022;
            for (size_bytes, kind, is_one) in [(166, 2, true), (170, 2, true), (166, 1, false), (355, 2, false)] {
                let expected = (is_one && is_extendable).then_some(5);
                assert_eq!(amount(&holding(program, size_bytes, kind)), expected, "{size_bytes} bytes, kind {kind}");
            }
        }
        assert_eq!(amount(&holding(MINT, 165, 0)), None, "another program's");
    }

    #[test]
    fn mints_by_their_bytes() {
        for program in [ids::TOKEN, ids::TOKEN_2022] {
            let plain = mint(program, 82);
            assert!(is_mint(&plain, &program));
            assert!(!is_mint(&plain, &MINT), "another program's");
            assert!(!is_mint(&with(&plain, |account| account.data.make_mut()[45] = 0), &program), "uninitialised");
            assert!(!is_mint(&with(&plain, |account| account.lamports = 0), &program), "absent");
            for (size_bytes, is_one) in [(46, false), (83, false), (165, false), (166, true), (355, false)] {
                let expected = is_one && program == ids::TOKEN_2022;
                assert_eq!(is_mint(&mint(program, size_bytes), &program), expected, "{size_bytes} bytes");
            }
        }
    }

    /// Positions with a balance, of a transaction with these accounts and the last of them invoked.
    fn positions(accounts: &[(Pubkey, Account)]) -> Vec<u8> {
        let keys: Vec<Pubkey> = accounts.iter().map(|(key, _)| *key).collect();
        let mut invoked = AccountSet::default();
        invoked.insert(keys.len() - 1);
        of(&keys, invoked, |position| &accounts[position].1).iter().map(|balance| balance.account_index).collect()
    }

    #[test]
    fn only_beside_a_token_program_and_not_in_programs() {
        let token = holding(ids::TOKEN, 165, 0);
        let (payer, program) = ((OWNER, Account::with_lamports(1)), (ids::TOKEN, Account::with_lamports(1)));
        let holder = (HOLDER, token.clone());
        assert_eq!(positions(&[payer.clone(), holder.clone(), program.clone()]), [1]);
        assert_eq!(positions(&[program.clone(), holder.clone(), payer.clone()]), [1], "named, not called");
        assert_eq!(positions(&[payer.clone(), program, holder.clone()]), [0u8; 0], "called");
        assert_eq!(positions(&[payer.clone(), holder.clone(), payer.clone()]), [0u8; 0], "no token program");
        let other = (ids::TOKEN_2022, token);
        assert_eq!(positions(&[payer.clone(), other, holder, payer]), [2], "a token program is no holder");
    }

    #[test]
    fn a_named_mint_must_be_one() {
        let with_mint = |mint: Account| {
            let program = (ids::TOKEN, Account::with_lamports(1));
            positions(&[(HOLDER, holding(ids::TOKEN, 165, 0)), (MINT, mint), program])
        };
        assert_eq!(with_mint(mint(ids::TOKEN, 82)), [0]);
        assert_eq!(with_mint(mint(ids::TOKEN_2022, 82)), [0u8; 0]);
        assert_eq!(with_mint(Account::default()), [0u8; 0]);
    }
}
