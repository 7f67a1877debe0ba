//! System, stake, loaders, lookup tables, associated token accounts and memos.

use rand_chacha::ChaCha8Rng;
use solana_address_lookup_table_interface::instruction::ProgramInstruction;
use solana_loader_v2_interface::LoaderInstruction;
use solana_loader_v3_interface::instruction::UpgradeableLoaderInstruction;
use solana_pubkey::Pubkey;
use solana_stake_interface::{
    instruction::{
        AuthorizeCheckedWithSeedArgs, AuthorizeWithSeedArgs, LockupArgs, LockupCheckedArgs, StakeInstruction,
    },
    state::{Authorized, Lockup, StakeAuthorize},
};
use solana_system_interface::instruction::SystemInstruction;
use spl_associated_token_account_interface::instruction::AssociatedTokenAccountInstruction;

use crate::{Case, shape};

pub fn cases(random: &mut ChaCha8Rng) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |program: Pubkey, account_count: usize, data: Vec<u8>| {
        cases.push(Case { program, data, account_count, is_variant: false });
    };
    for (count, call) in system(random) {
        add(solana_sdk_ids::system_program::ID, count, bincode::serialize(&call).unwrap());
    }
    for (count, call) in stake(random) {
        add(solana_sdk_ids::stake::ID, count, bincode::serialize(&call).unwrap());
    }
    for (count, call) in [
        (2, LoaderInstruction::Write { offset: 5, bytes: shape::bytes(random, 9) }),
        (2, LoaderInstruction::Write { offset: u32::MAX, bytes: vec![] }),
        (2, LoaderInstruction::Finalize),
    ] {
        add(solana_sdk_ids::bpf_loader::ID, count, bincode::serialize(&call).unwrap());
    }
    for (count, call) in loader_v3(random) {
        add(solana_sdk_ids::bpf_loader_upgradeable::ID, count, bincode::serialize(&call).unwrap());
    }
    for (count, call) in lookup_table(random) {
        add(solana_sdk_ids::address_lookup_table::ID, count, bincode::serialize(&call).unwrap());
    }
    let associated_token = spl_associated_token_account_interface::program::ID;
    add(associated_token, 6, vec![]);
    for call in [
        AssociatedTokenAccountInstruction::Create,
        AssociatedTokenAccountInstruction::CreateIdempotent,
        AssociatedTokenAccountInstruction::RecoverNested,
    ] {
        add(associated_token, 7, borsh::to_vec(&call).unwrap());
    }
    for program in [spl_memo_interface::v1::ID, spl_memo_interface::v3::ID, spl_memo_interface::v4::ID] {
        for text in ["", "memo", "Zürich \"🦀\"\n\0"] {
            add(program, 1, text.as_bytes().to_vec());
        }
    }
    cases
}

fn key(random: &mut ChaCha8Rng) -> Pubkey {
    Pubkey::try_from(shape::bytes(random, 32).as_slice()).unwrap()
}

fn system(random: &mut ChaCha8Rng) -> Vec<(usize, SystemInstruction)> {
    use SystemInstruction as S;
    let [base, owner] = [key(random), key(random)];
    let seed = || "a seed, ünicode".to_owned();
    vec![
        (3, S::CreateAccount { lamports: u64::MAX, space: 165, owner }),
        (2, S::Assign { owner }),
        (3, S::Transfer { lamports: 1_000_000_007 }),
        (3, S::CreateAccountWithSeed { base, seed: seed(), lamports: 1, space: u64::MAX, owner }),
        (3, S::CreateAccountWithSeed { base, seed: String::new(), lamports: 1, space: 0, owner }),
        (3, S::AdvanceNonceAccount),
        (5, S::WithdrawNonceAccount(42)),
        (3, S::InitializeNonceAccount(owner)),
        (2, S::AuthorizeNonceAccount(owner)),
        (1, S::Allocate { space: 10 }),
        (2, S::AllocateWithSeed { base, seed: seed(), space: 7, owner }),
        (2, S::AssignWithSeed { base, seed: seed(), owner }),
        (3, S::TransferWithSeed { lamports: 6, from_seed: seed(), from_owner: owner }),
        (1, S::UpgradeNonceAccount),
        (2, S::CreateAccountAllowPrefund { lamports: 9, space: 8, owner }),
        (2, S::CreateAccountAllowPrefund { lamports: 0, space: 8, owner }),
    ]
}

fn stake(random: &mut ChaCha8Rng) -> Vec<(usize, StakeInstruction)> {
    use StakeInstruction as S;
    let [staker, withdrawer, custodian] = [key(random), key(random), key(random)];
    let seed = || "seed".to_owned();
    #[allow(deprecated)]
    let redelegate = S::Redelegate;
    let with_seed = AuthorizeWithSeedArgs {
        new_authorized_pubkey: staker,
        stake_authorize: StakeAuthorize::Withdrawer,
        authority_seed: seed(),
        authority_owner: custodian,
    };
    let checked_with_seed = AuthorizeCheckedWithSeedArgs {
        stake_authorize: StakeAuthorize::Staker,
        authority_seed: seed(),
        authority_owner: custodian,
    };
    let lockup = Lockup { unix_timestamp: -5, epoch: u64::MAX, custodian };
    let some = LockupArgs { unix_timestamp: Some(1), epoch: Some(2), custodian: Some(custodian) };
    let one = LockupArgs { epoch: Some(3), ..LockupArgs::default() };
    vec![
        (2, S::Initialize(Authorized { staker, withdrawer }, lockup)),
        (4, S::Authorize(staker, StakeAuthorize::Staker)),
        (3, S::Authorize(staker, StakeAuthorize::Withdrawer)),
        (6, S::DelegateStake),
        (3, S::Split(77)),
        (6, S::Withdraw(78)),
        (3, S::Deactivate),
        (2, S::SetLockup(some)),
        (2, S::SetLockup(one)),
        (2, S::SetLockup(LockupArgs::default())),
        (5, S::Merge),
        (4, S::AuthorizeWithSeed(with_seed)),
        (4, S::InitializeChecked),
        (5, S::AuthorizeChecked(StakeAuthorize::Withdrawer)),
        (5, S::AuthorizeCheckedWithSeed(checked_with_seed)),
        (3, S::SetLockupChecked(LockupCheckedArgs { unix_timestamp: Some(i64::MIN), epoch: None })),
        (3, S::SetLockupChecked(LockupCheckedArgs { unix_timestamp: None, epoch: Some(9) })),
        (1, S::GetMinimumDelegation),
        (3, S::DeactivateDelinquent),
        (5, redelegate),
        (3, S::MoveStake(1)),
        (3, S::MoveLamports(2)),
    ]
}

fn loader_v3(random: &mut ChaCha8Rng) -> Vec<(usize, UpgradeableLoaderInstruction)> {
    use UpgradeableLoaderInstruction as L;
    vec![
        (2, L::InitializeBuffer),
        (2, L::Write { offset: 1000, bytes: shape::bytes(random, 20) }),
        (8, L::DeployWithMaxDataLen { max_data_len: 123_456 }),
        (7, L::Upgrade),
        (3, L::SetAuthority),
        (4, L::Close),
        (4, L::ExtendProgram { additional_bytes: 10_240 }),
        (3, L::SetAuthorityChecked),
    ]
}

fn lookup_table(random: &mut ChaCha8Rng) -> Vec<(usize, ProgramInstruction)> {
    use ProgramInstruction as L;
    vec![
        (4, L::CreateLookupTable { recent_slot: 350_000_000, bump_seed: 254 }),
        (2, L::FreezeLookupTable),
        (4, L::ExtendLookupTable { new_addresses: vec![key(random), key(random)] }),
        (4, L::ExtendLookupTable { new_addresses: vec![] }),
        (2, L::DeactivateLookupTable),
        (3, L::CloseLookupTable),
    ]
}
