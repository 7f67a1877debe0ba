//! The accounts a workload needs before its first transaction. Programs are not among them: the engine has those.

use heddle_types::{Account, Pubkey, limits::rent_exempt_minimum};

use crate::{
    Generator, keys,
    token_layout::{TOKEN_PROGRAM_ID, mint_data, token_account_data},
};

/// Decimals of the mint, as USDC has.
const MINT_DECIMALS: u8 = 6;

impl Generator {
    /// Every account of the workload, in ascending order of key: the funded system accounts and, if it moves tokens,
    /// the mint and one token account for each. O(n log n) in the accounts; about 100 bytes each, 300 for a token
    /// account.
    pub fn genesis_accounts(&self) -> Vec<(Pubkey, Account)> {
        let config = self.config();
        let mut accounts: Vec<_> =
            self.public_keys().iter().map(|key| (*key, Account::with_lamports(config.genesis_lamports()))).collect();
        if config.workload.uses_tokens() {
            accounts.reserve(self.public_keys().len() + 1);
            self.push_token_accounts(&mut accounts);
        }
        accounts.sort_unstable_by_key(|(key, _)| *key);
        accounts
    }

    fn push_token_accounts(&self, accounts: &mut Vec<(Pubkey, Account)>) {
        let config = self.config();
        let (mint, amount) = (keys::mint_key(config.seed), config.genesis_tokens());
        let program_owned = |data: &[u8]| Account::new(rent_exempt_minimum(data.len()), data, TOKEN_PROGRAM_ID);
        accounts.push((mint, program_owned(&mint_data(amount * config.accounts, MINT_DECIMALS))));
        accounts.extend(self.public_keys().iter().zip(0..).map(|(owner, index)| {
            let data = token_account_data(&mint, owner, amount);
            (keys::token_account_key(config.seed, index), program_owned(&data))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        TOTAL_SUPPLY_MAX, Workload, WorkloadConfig,
        token_layout::{MINT_SIZE_BYTES, TOKEN_ACCOUNT_SIZE_BYTES},
    };

    fn genesis(workload: Workload) -> Vec<(Pubkey, Account)> {
        let config = WorkloadConfig { workload, accounts: 300, ..Default::default() };
        Generator::new(config, 2, &|_| {}).unwrap().genesis_accounts()
    }

    #[test]
    fn only_what_the_workload_needs_is_there() {
        for (workload, expected) in
            [(Workload::Transfer, 300), (Workload::Hot, 300), (Workload::Token, 601), (Workload::Mixed, 601)]
        {
            assert_eq!(genesis(workload).len(), expected, "{workload}");
        }
    }

    #[test]
    fn keys_ascend_without_duplicates() {
        assert!(genesis(Workload::Mixed).is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn every_account_is_rent_exempt_and_the_supply_adds_up() {
        let accounts = genesis(Workload::Token);
        assert!(accounts.iter().all(|(_, account)| account.lamports >= rent_exempt_minimum(account.data.len())));
        assert!(
            accounts.iter().map(|(_, a)| u128::from(a.lamports)).sum::<u128>()
                <= u128::from(TOTAL_SUPPLY_MAX) + 1_000_000_000
        );
        let field = |account: &Account, at: usize| u64::from_le_bytes(account.data[at..at + 8].try_into().unwrap());
        let mints: Vec<_> = accounts.iter().filter(|(_, a)| a.data.len() == MINT_SIZE_BYTES).collect();
        let tokens = accounts.iter().filter(|(_, a)| a.data.len() == TOKEN_ACCOUNT_SIZE_BYTES);
        assert_eq!(mints.len(), 1);
        assert_eq!(mints[0].0, keys::mint_key(1));
        assert_eq!(field(&mints[0].1, 36), tokens.map(|(_, a)| field(a, 64)).sum::<u64>());
    }
}
