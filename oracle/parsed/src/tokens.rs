//! Both token programs: every instruction, and those of the group and metadata interfaces.

use std::mem::size_of;

use rand_chacha::ChaCha8Rng;
use solana_program_option::COption;
use solana_pubkey::Pubkey;
use spl_token_2022_interface::{
    extension::{
        ExtensionType, confidential_mint_burn::instruction as mint_burn,
        confidential_transfer::instruction as transfer, confidential_transfer_fee::instruction as transfer_fee,
        group_pointer::instruction as pointer, interest_bearing_mint::instruction as interest,
        pausable::instruction as pausable, permissioned_burn::instruction as burn,
        scaled_ui_amount::instruction as scaled, transfer_fee::instruction::TransferFeeInstruction,
    },
    instruction::{AuthorityType, TokenInstruction},
};
use spl_token_group_interface::instruction::TokenGroupInstruction;
use spl_token_metadata_interface::{
    instruction::{Emit, Initialize, RemoveKey, TokenMetadataInstruction, UpdateAuthority, UpdateField},
    state::Field,
};

use crate::{Case, shape};

pub fn cases(random: &mut ChaCha8Rng) -> Vec<Case> {
    let mut all = base(random);
    all.extend(switches_and_fees(random));
    all.extend(pods(random));
    all.extend(interfaces(random));
    all.extend(batches(&all));
    let programs = [spl_token_interface::ID, spl_token_2022_interface::ID];
    let mut kinds_before = std::collections::BTreeMap::new();
    let mut cases = Vec::new();
    // Both programs are parsed alike: they take turns.
    for ((account_count, data), program) in all.into_iter().zip(programs.into_iter().cycle()) {
        // Instructions of extensions are told apart by the second byte.
        let has_kinds = matches!(data[0], 26..=28 | 30 | 33 | 34 | 36 | 37 | 39..=44 | 46);
        let kind = if has_kinds { data[..2].to_vec() } else { data[..data.len().min(8)].to_vec() };
        let seen = kinds_before.entry(kind).or_insert(0);
        *seen += 1;
        cases.push(Case { program, data, account_count, is_variant: has_kinds && *seen > 2 });
    }
    cases
}

fn key(random: &mut ChaCha8Rng) -> Pubkey {
    Pubkey::try_from(shape::bytes(random, 32).as_slice()).unwrap()
}

#[allow(deprecated)]
fn base(random: &mut ChaCha8Rng) -> Vec<(usize, Vec<u8>)> {
    use TokenInstruction as T;
    let (mint_authority, some) = (key(random), COption::Some(key(random)));
    let extension_types = (0..29).map(|kind| ExtensionType::try_from(kind).unwrap()).collect::<Vec<_>>();
    let mut calls = vec![
        (2, T::InitializeMint { decimals: 9, mint_authority, freeze_authority: some }),
        (2, T::InitializeMint { decimals: 0, mint_authority, freeze_authority: COption::None }),
        (1, T::InitializeMint2 { decimals: 255, mint_authority, freeze_authority: some }),
        (1, T::InitializeMint2 { decimals: 2, mint_authority, freeze_authority: COption::None }),
        (4, T::InitializeAccount),
        (3, T::InitializeAccount2 { owner: mint_authority }),
        (2, T::InitializeAccount3 { owner: mint_authority }),
        (5, T::InitializeMultisig { m: 2 }),
        (4, T::InitializeMultisig2 { m: 2 }),
        (5, T::Transfer { amount: 1_000_000 }),
        (5, T::Approve { amount: u64::MAX }),
        (4, T::Revoke),
        (5, T::MintTo { amount: 1 }),
        (5, T::Burn { amount: 0 }),
        (5, T::CloseAccount),
        (5, T::FreezeAccount),
        (5, T::ThawAccount),
        (6, T::TransferChecked { amount: 1_500_000, decimals: 6 }),
        (6, T::ApproveChecked { amount: 1, decimals: 9 }),
        (5, T::MintToChecked { amount: u64::MAX, decimals: 20 }),
        (5, T::BurnChecked { amount: 100, decimals: 0 }),
        (1, T::SyncNative),
        (1, T::GetAccountDataSize { extension_types: vec![] }),
        (1, T::GetAccountDataSize { extension_types: extension_types.clone() }),
        (1, T::InitializeImmutableOwner),
        (1, T::AmountToUiAmount { amount: 4242 }),
        (1, T::UiAmountToAmount { ui_amount: "42.42" }),
        (1, T::UiAmountToAmount { ui_amount: "" }),
        (1, T::InitializeMintCloseAuthority { close_authority: some }),
        (1, T::InitializeMintCloseAuthority { close_authority: COption::None }),
        (5, T::Reallocate { extension_types }),
        (5, T::Reallocate { extension_types: vec![] }),
        (3, T::CreateNativeMint),
        (1, T::InitializeNonTransferableMint),
        (1, T::InitializePermanentDelegate { delegate: mint_authority }),
        (5, T::WithdrawExcessLamports),
        (5, T::UnwrapLamports { amount: COption::Some(7) }),
        (5, T::UnwrapLamports { amount: COption::None }),
    ];
    for kind in 0..18 {
        let new_authority = if kind % 3 == 0 { COption::None } else { some };
        calls.push((3, T::SetAuthority { authority_type: AuthorityType::from(kind).unwrap(), new_authority }));
    }
    calls.into_iter().map(|(count, call)| (count, call.pack())).collect()
}

fn switches_and_fees(random: &mut ChaCha8Rng) -> Vec<(usize, Vec<u8>)> {
    use TransferFeeInstruction as F;
    let (some, none) = (COption::Some(key(random)), COption::None);
    let fees = [(some, some, 100, u64::MAX), (none, some, 10_000, 5), (some, none, 0, 0)].map(
        |(transfer_fee_config_authority, withdraw_withheld_authority, transfer_fee_basis_points, maximum_fee)| {
            let call = F::InitializeTransferFeeConfig {
                transfer_fee_config_authority,
                withdraw_withheld_authority,
                transfer_fee_basis_points,
                maximum_fee,
            };
            (1, call)
        },
    );
    let others = [
        (6, F::TransferCheckedWithFee { amount: 1_234_567, decimals: 6, fee: 89 }),
        (5, F::WithdrawWithheldTokensFromMint),
        (7, F::WithdrawWithheldTokensFromAccounts { num_token_accounts: 2 }),
        (4, F::WithdrawWithheldTokensFromAccounts { num_token_accounts: 0 }),
        (3, F::HarvestWithheldTokensToMint),
        (4, F::SetTransferFee { transfer_fee_basis_points: 65_535, maximum_fee: 1 }),
    ];
    let mut calls = Vec::new();
    for (count, call) in fees.into_iter().chain(others) {
        let mut data = vec![26];
        call.pack(&mut data);
        calls.push((count, data));
    }
    for (extension, count) in [(30, 4), (34, 4)] {
        calls.extend([(count, vec![extension, 0]), (count, vec![extension, 1])]);
    }
    for state in 0..3 {
        calls.extend([(1, vec![28, 0, state]), (4, vec![28, 1, state])]);
    }
    calls
}

/// Instructions of extensions: their number, the extension's own, and as many bytes as their arguments have; random, zero,
/// and with zeroes at the end (proofs without offsets, no auditor) or the start (no authority).
fn pods(random: &mut ChaCha8Rng) -> Vec<(usize, Vec<u8>)> {
    let layouts = [
        (27, 0, 1, size_of::<transfer::InitializeMintData>()),
        (27, 1, 2, size_of::<transfer::UpdateMintData>()),
        (27, 2, 6, size_of::<transfer::ConfigureAccountInstructionData>()),
        (27, 3, 3, 0),
        (27, 4, 5, size_of::<transfer::EmptyAccountInstructionData>()),
        (27, 5, 5, size_of::<transfer::DepositInstructionData>()),
        (27, 6, 7, size_of::<transfer::WithdrawInstructionData>()),
        (27, 7, 9, size_of::<transfer::TransferInstructionData>()),
        (27, 8, 4, size_of::<transfer::ApplyPendingBalanceData>()),
        (27, 9, 4, 0),
        (27, 10, 2, 0),
        (27, 11, 3, 0),
        (27, 12, 4, 0),
        (27, 13, 11, size_of::<transfer::TransferWithFeeInstructionData>()),
        (27, 14, 3, 0),
        (33, 0, 1, size_of::<interest::InitializeInstructionData>()),
        (33, 1, 4, 2),
        (36, 0, 1, size_of::<pointer::InitializeInstructionData>()),
        (36, 1, 4, size_of::<pointer::UpdateInstructionData>()),
        (37, 0, 1, size_of::<transfer_fee::InitializeConfidentialTransferFeeConfigData>()),
        (37, 1, 6, size_of::<transfer_fee::WithdrawWithheldTokensFromMintData>()),
        (37, 3, 4, 0),
        (37, 4, 4, 0),
        (37, 5, 4, 0),
        (39, 0, 1, size_of::<pointer::InitializeInstructionData>()),
        (39, 1, 4, size_of::<pointer::UpdateInstructionData>()),
        (40, 0, 1, size_of::<pointer::InitializeInstructionData>()),
        (40, 1, 4, size_of::<pointer::UpdateInstructionData>()),
        (41, 0, 1, size_of::<pointer::InitializeInstructionData>()),
        (41, 1, 4, size_of::<pointer::UpdateInstructionData>()),
        (42, 0, 1, size_of::<mint_burn::InitializeMintData>()),
        (42, 1, 5, size_of::<mint_burn::RotateSupplyElGamalPubkeyData>()),
        (42, 2, 4, size_of::<mint_burn::UpdateDecryptableSupplyData>()),
        (42, 3, 8, size_of::<mint_burn::MintInstructionData>()),
        (42, 4, 8, size_of::<mint_burn::BurnInstructionData>()),
        (42, 5, 4, 0),
        (43, 0, 1, size_of::<scaled::InitializeInstructionData>()),
        (43, 1, 4, size_of::<scaled::UpdateMultiplierInstructionData>()),
        (44, 0, 1, size_of::<pausable::InitializeInstructionData>()),
        (44, 1, 4, 0),
        (44, 2, 4, 0),
        (46, 0, 1, size_of::<burn::InitializeInstructionData>()),
        (46, 1, 6, size_of::<burn::BurnInstructionData>()),
        (46, 2, 6, size_of::<burn::BurnCheckedInstructionData>()),
        (46, 3, 9, size_of::<mint_burn::BurnInstructionData>()),
    ];
    let mut calls = Vec::new();
    for (extension, kind, account_count, size) in layouts {
        for arguments in arguments(random, size) {
            calls.push((account_count, [&[extension, kind], arguments.as_slice()].concat()));
        }
    }
    for source_count in [0, 2] {
        for mut arguments in arguments(random, size_of::<transfer_fee::WithdrawWithheldTokensFromAccountsData>()) {
            arguments[0] = source_count;
            calls.push((5 + usize::from(source_count), [&[37, 2], arguments.as_slice()].concat()));
        }
    }
    calls
}

fn arguments(random: &mut ChaCha8Rng, size: usize) -> Vec<Vec<u8>> {
    if size == 0 {
        return vec![vec![]];
    }
    let mut variants = vec![shape::bytes(random, size), vec![0; size]];
    for zeroes in [1, 2, 3, 32] {
        if zeroes < size {
            let mut tail = shape::bytes(random, size);
            tail[size - zeroes..].fill(0);
            variants.push(tail);
        }
    }
    if size > 32 {
        let mut head = shape::bytes(random, size);
        head[..32].fill(0);
        variants.push(head);
    }
    variants
}

fn interfaces(random: &mut ChaCha8Rng) -> Vec<(usize, Vec<u8>)> {
    use TokenMetadataInstruction as M;
    let authority = key(random);
    let some = || Some(authority).try_into().unwrap();
    let none = || None.try_into().unwrap();
    let value = || "a välue".to_owned();
    let mut calls = [
        M::Initialize(Initialize { name: "Näme".to_owned(), symbol: String::new(), uri: "https://x.y".to_owned() }),
        M::UpdateField(UpdateField { field: Field::Name, value: value() }),
        M::UpdateField(UpdateField { field: Field::Symbol, value: value() }),
        M::UpdateField(UpdateField { field: Field::Uri, value: value() }),
        M::UpdateField(UpdateField { field: Field::Key("own".to_owned()), value: String::new() }),
        M::RemoveKey(RemoveKey { key: "own".to_owned(), idempotent: true }),
        M::RemoveKey(RemoveKey { key: String::new(), idempotent: false }),
        M::UpdateAuthority(UpdateAuthority { new_authority: some() }),
        M::UpdateAuthority(UpdateAuthority { new_authority: none() }),
        M::Emit(Emit { start: None, end: None }),
        M::Emit(Emit { start: Some(1), end: Some(u64::MAX) }),
        M::Emit(Emit { start: None, end: Some(3) }),
    ]
    .map(|call| (4, call.pack()))
    .to_vec();
    let instructions = [
        spl_token_group_interface::instruction::initialize_group(
            &authority,
            &authority,
            &authority,
            &authority,
            Some(authority),
            7,
        ),
        spl_token_group_interface::instruction::initialize_group(
            &authority,
            &authority,
            &authority,
            &authority,
            None,
            u64::MAX,
        ),
        spl_token_group_interface::instruction::update_group_max_size(&authority, &authority, &authority, 9),
        spl_token_group_interface::instruction::update_group_authority(&authority, &authority, &authority, None),
        spl_token_group_interface::instruction::update_group_authority(
            &authority,
            &authority,
            &authority,
            Some(authority),
        ),
    ];
    calls.extend(instructions.map(|instruction| (instruction.accounts.len(), instruction.data)));
    let member = TokenGroupInstruction::InitializeMember(spl_token_group_interface::instruction::InitializeMember);
    calls.push((5, member.pack()));
    calls
}

/// Some of the others together, none, one, and batches of batches.
fn batches(others: &[(usize, Vec<u8>)]) -> Vec<(usize, Vec<u8>)> {
    let pick = |indices: &[usize]| {
        let mut data = vec![255];
        let mut account_count = 0;
        for (count, call) in indices.iter().map(|index| &others[*index]) {
            data.extend([*count as u8, call.len() as u8]);
            data.extend(call);
            account_count += count;
        }
        (account_count, data)
    };
    vec![(1, vec![255]), pick(&[9]), pick(&[9, 17, 14, 22]), pick(&[0, 4, 12]), pick(&[60, 30])]
}
