//! The real programs of mainnet, from crate `solana-program-binaries`, as accounts of a genesis.
//!
//! Loader-v3 programs come as a program account and program data of slot 0; loader-v2 programs hold their bytes
//! themselves. Only the balances are ours: rent-exempt at Heddle's rent.

use heddle_types::{Account, Pubkey, limits};
use solana_account::{AccountSharedData, ReadableAccount};
use solana_sdk_ids::{address_lookup_table, bpf_loader_upgradeable, config, feature, stake};

use crate::builtins::loader_v3::state::{LoaderV3State, programdata_address};

/// Addresses of the SPL programs.
pub mod ids {
    use heddle_types::Pubkey;

    /// SPL Token (p-token).
    pub const TOKEN: Pubkey = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
    /// Token-2022.
    pub const TOKEN_2022: Pubkey = Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
    /// The mint of wrapped SOL: an account of [`TOKEN`], which programs know by heart.
    pub const NATIVE_MINT: Pubkey = Pubkey::from_str_const("So11111111111111111111111111111111111111112");
    /// Its decimals.
    pub const NATIVE_MINT_DECIMALS: u8 = 9;
    /// Associated token account.
    pub const ASSOCIATED_TOKEN_ACCOUNT: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    /// Memo 1.0.
    pub const MEMO_1: Pubkey = Pubkey::from_str_const("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");
    /// Memo 3.0.
    pub const MEMO_3: Pubkey = Pubkey::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
    /// Memo 4.0.
    pub const MEMO_4: Pubkey = Pubkey::from_str_const("Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH");
}

/// A program that Heddle ships.
#[derive(Clone, Debug)]
pub struct ShippedProgram {
    /// For people: `token`, `stake`, …
    pub name: &'static str,
    /// Where transactions call it.
    pub key: Pubkey,
    /// The loader that owns it.
    pub loader: Pubkey,
    /// What runs.
    pub elf: Box<[u8]>,
}

const NAMES: [(Pubkey, &str); 10] = [
    (ids::TOKEN, "token"),
    (ids::TOKEN_2022, "token-2022"),
    (ids::ASSOCIATED_TOKEN_ACCOUNT, "associated-token-account"),
    (ids::MEMO_1, "memo-1"),
    (ids::MEMO_3, "memo-3"),
    (ids::MEMO_4, "memo-4"),
    (address_lookup_table::ID, "address-lookup-table"),
    (config::ID, "config"),
    (feature::ID, "feature-gate"),
    (stake::ID, "stake"),
];

/// Every shipped program, copied out of the crate that carries them.
///
/// # Panics
/// If that crate's accounts are not laid out as loader v2 and v3 lay them out.
pub fn shipped_programs() -> Vec<ShippedProgram> {
    let accounts = accounts();
    let find = |key: &Pubkey| accounts.iter().find(|(candidate, _)| candidate == key).map(|(_, account)| account);
    let shipped = |(key, name)| {
        let program: &Account = find(&key).expect("every named program is shipped");
        let elf = if program.owner == bpf_loader_upgradeable::ID {
            let programdata = find(&programdata_address(&key)).expect("a loader-v3 program has program data");
            &programdata.data[LoaderV3State::PROGRAM_DATA_HEADER_BYTES..]
        } else {
            &program.data[..]
        };
        ShippedProgram { name, key, loader: program.owner, elf: elf.into() }
    };
    NAMES.into_iter().map(shipped).collect()
}

/// The accounts of all shipped programs, in no particular order.
pub(crate) fn accounts() -> Vec<(Pubkey, Account)> {
    // The rent passed in sets balances alone, which `convert` replaces.
    let spl = solana_program_binaries::spl_programs(&Default::default());
    let core = solana_program_binaries::core_bpf_programs(&Default::default(), |_| true);
    spl.into_iter().chain(core).map(|(key, account)| (key, convert(&account))).collect()
}

fn convert(account: &AccountSharedData) -> Account {
    Account {
        lamports: limits::rent_exempt_minimum(account.data().len()),
        data: account.data().into(),
        owner: *account.owner(),
        executable: account.executable(),
    }
}
