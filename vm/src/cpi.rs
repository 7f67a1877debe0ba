//! Cross-program invocation: what the caller passed is read from its memory, checked, run, and the callee's changes are
//! written back to where the caller looks for them.
//!
//! Rules and order of checks: crate `solana-program-runtime` 4.2, `cpi.rs`, with syscall parameter address restrictions
//! (SIMD-0459) on; limits and charges from before SIMD-0339, which its gate can bring back: the same file before 4.0.
//! The C and the Rust ABI differ only in how instruction and account infos are laid out ([`Abi`]).

use heddle_types::{Gates, Pubkey, limits};
use solana_instruction_error::InstructionError;
use solana_sbpf::ebpf::MM_INPUT_START;
use solana_sdk_ids::{bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, native_loader};

use crate::{
    CpiError, GuestSlice, InstructionAccount, InvokeContext, VmError, budget::costs, log_line,
    serialize::SerializedAccount,
};

const SIGNERS_MAX: u64 = 16;
const SEEDS_MAX: u64 = 16;
const INSTRUCTION_DATA_BYTES_MAX: u64 = 10 * 1024;
/// What one account info counts for in the translation cost (SIMD-0339).
const ACCOUNT_INFO_COST_BYTES: u64 = 80;
/// What one account meta counts for.
const ACCOUNT_META_COST_BYTES: u64 = 34;
/// From an `Rc<RefCell<T>>` pointer to `T`: strong count, weak count, borrow flag.
const RC_REFCELL_VALUE_OFFSET: u64 = 24;

/// Account infos of one CPI: as many as accounts since SIMD-0339, before as many as a transaction may lock.
const fn account_infos_max(gates: &Gates) -> u64 {
    if gates.increase_cpi_account_info_limit {
        255
    } else if gates.increase_tx_account_lock_limit {
        limits::ACCOUNT_LOCK_COUNT_MAX_INCREASED as u64
    } else {
        limits::ACCOUNT_LOCK_COUNT_MAX as u64
    }
}

/// How guest structures are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Abi {
    /// `sol_invoke_signed_c`.
    C,
    /// `sol_invoke_signed_rust`.
    Rust,
}

impl Abi {
    const fn account_info_bytes(self) -> u64 {
        match self {
            Self::C => 56,
            Self::Rust => 48,
        }
    }
}

/// One account as the caller names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountMeta {
    /// Address.
    pub key: Pubkey,
    /// Whether the callee sees it as a signer.
    pub is_signer: bool,
    /// Whether the callee may write it.
    pub is_writable: bool,
}

/// The instruction to invoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Address of the program.
    pub program: Pubkey,
    /// Its accounts, in order; all of them are among the caller's.
    pub accounts: Vec<AccountMeta>,
    /// Its data.
    pub data: Vec<u8>,
}

/// Where the caller keeps one account that it passed.
struct CallerAccount {
    index_in_caller: usize,
    is_writable: bool,
    lamports: GuestSlice,
    owner: GuestSlice,
    size: GuestSlice,
    data: GuestSlice,
    data_address: u64,
    original_size_bytes: usize,
}

/// The syscall behind both ABIs.
pub(crate) fn invoke(
    context: &mut InvokeContext,
    abi: Abi,
    instruction: u64,
    infos: (u64, u64),
    signers: (u64, u64),
) -> Result<u64, VmError> {
    context.consume(costs::INVOKE)?;
    let instruction = match abi {
        Abi::C => read_instruction_c(context, instruction)?,
        Abi::Rust => read_instruction_rust(context, instruction)?,
    };
    let signers = read_signers(context, signers.0, signers.1)?;
    check_program(context, &instruction)?;
    let (program_index, callee_accounts) = resolve_accounts(context, &instruction, &signers)?;
    let accounts = read_accounts(context, abi, infos, &callee_accounts)?;
    for account in &accounts {
        take_from_caller(context, account)?;
    }
    context.process_inner_instruction(program_index, &callee_accounts, &instruction.data)?;
    for account in accounts.iter().filter(|account| account.is_writable) {
        give_to_caller(context, account)?;
    }
    Ok(0)
}

/// The same for a native caller: `signers` are addresses that the current program signs for.
pub(crate) fn invoke_native(
    context: &mut InvokeContext,
    instruction: &Instruction,
    signers: &[Pubkey],
) -> Result<(), InstructionError> {
    let (program_index, callee_accounts) = resolve_accounts(context, instruction, signers)?;
    context.process_inner_instruction(program_index, &callee_accounts, &instruction.data)
}

// ---- reading the caller's structures ------------------------------------------------------------------------------

fn word(bytes: &[u8], index: usize) -> u64 {
    u64::from_le_bytes(bytes[index * 8..index * 8 + 8].try_into().expect("eight bytes"))
}

fn pubkey(bytes: &[u8]) -> Pubkey {
    Pubkey::new_from_array(bytes[..32].try_into().expect("32 bytes"))
}

fn flag(byte: u8) -> Result<bool, VmError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(InstructionError::InvalidArgument.into()),
    }
}

/// Guest layout: accounts (address, capacity, count), data (address, capacity, length), program id; 80 bytes.
fn read_instruction_rust(context: &mut InvokeContext, address: u64) -> Result<Instruction, VmError> {
    let slice = context.guest_array(address, 1, 80, 8)?;
    let bytes = context.bytes(&slice);
    let (metas_address, count) = (word(bytes, 0), word(bytes, 2));
    let (data_address, size_bytes) = (word(bytes, 3), word(bytes, 5));
    let program = pubkey(&bytes[48..]);
    let metas = context.guest_array(metas_address, count, 34, 1)?;
    let data = context.guest(data_address, size_bytes)?;
    charge_instruction(context, count, size_bytes)?;
    let mut accounts = Vec::with_capacity(count as usize);
    for meta in context.bytes(&metas).chunks_exact(34) {
        accounts.push(AccountMeta { key: pubkey(meta), is_signer: flag(meta[32])?, is_writable: flag(meta[33])? });
    }
    Ok(Instruction { program, accounts, data: context.bytes(&data).to_vec() })
}

/// Guest layout: program id address, metas (address, count), data (address, length); 40 bytes. A meta is a key address
/// and two flags (writable, signer), 16 bytes.
fn read_instruction_c(context: &mut InvokeContext, address: u64) -> Result<Instruction, VmError> {
    let slice = context.guest_array(address, 1, 40, 8)?;
    let bytes = context.bytes(&slice);
    let [program, metas_address, count, data_address, size_bytes] = [0, 1, 2, 3, 4].map(|index| word(bytes, index));
    let program = context.read_pubkey(program)?;
    let metas = context.guest_array(metas_address, count, 16, 8)?;
    let data = context.guest(data_address, size_bytes)?;
    charge_instruction(context, count, size_bytes)?;
    let mut accounts = Vec::with_capacity(count as usize);
    for index in 0..count as usize {
        let meta = &context.bytes(&metas)[index * 16..][..16];
        let (key_address, is_writable, is_signer) = (word(meta, 0), flag(meta[8]), flag(meta[9]));
        let (is_signer, is_writable) = (is_signer?, is_writable?);
        accounts.push(AccountMeta { key: context.read_pubkey(key_address)?, is_signer, is_writable });
    }
    Ok(Instruction { program, accounts, data: context.bytes(&data).to_vec() })
}

fn charge_instruction(context: &mut InvokeContext, account_count: u64, size_bytes: u64) -> Result<(), VmError> {
    let max = limits::INSTRUCTION_ACCOUNT_COUNT_MAX as u64;
    if account_count > max {
        return Err(CpiError::TooManyAccounts { count: account_count, max }.into());
    }
    if size_bytes > INSTRUCTION_DATA_BYTES_MAX {
        return Err(CpiError::DataTooLarge { size: size_bytes, max: INSTRUCTION_DATA_BYTES_MAX }.into());
    }
    let charges_metas = context.gates().increase_cpi_account_info_limit;
    let meta_bytes = if charges_metas { account_count * ACCOUNT_META_COST_BYTES } else { 0 };
    Ok(context.consume(size_bytes / costs::CPI_BYTES_PER_UNIT + meta_bytes / costs::CPI_BYTES_PER_UNIT)?)
}

/// Derives the program addresses that the caller signs for.
fn read_signers(context: &mut InvokeContext, address: u64, count: u64) -> Result<Vec<Pubkey>, VmError> {
    let program = *context.program_key()?;
    let signers = context.guest_array(address, count, 16, 8)?;
    if count > SIGNERS_MAX {
        return Err(CpiError::TooManySigners.into());
    }
    (0..count as usize)
        .map(|index| {
            let bytes = &context.bytes(&signers)[index * 16..][..16];
            let (seeds_address, seeds_count) = (word(bytes, 0), word(bytes, 1));
            let seeds = context.guest_array(seeds_address, seeds_count, 16, 8)?;
            if seeds_count > SEEDS_MAX {
                return Err(InstructionError::MaxSeedLengthExceeded.into());
            }
            let mut slices = Vec::with_capacity(seeds_count as usize);
            for index in 0..seeds_count as usize {
                let bytes = &context.bytes(&seeds)[index * 16..][..16];
                let (seed_address, size_bytes) = (word(bytes, 0), word(bytes, 1));
                slices.push(context.guest(seed_address, size_bytes)?);
            }
            let seeds: Vec<&[u8]> = slices.iter().map(|slice| context.bytes(slice)).collect();
            Pubkey::create_program_address(&seeds, &program).map_err(|error| CpiError::BadSeeds(error).into())
        })
        .collect()
}

/// Whether a program may invoke this instruction of loader v3: upgrade, set authority, close, set authority checked.
fn is_loader_v3_invocable(data: &[u8], gates: &Gates) -> bool {
    match data.first() {
        Some(3..=5) => true,
        Some(7) => gates.enable_bpf_loader_set_authority_checked_ix,
        _ => false,
    }
}

fn check_program(context: &InvokeContext, instruction: &Instruction) -> Result<(), VmError> {
    let program = instruction.program;
    if program == native_loader::ID
        || program == bpf_loader::ID
        || program == bpf_loader_deprecated::ID
        || (program == bpf_loader_upgradeable::ID && !is_loader_v3_invocable(&instruction.data, context.gates()))
        || context.runtime().precompile(&program).is_some()
    {
        return Err(CpiError::ProgramNotSupported(program).into());
    }
    Ok(())
}

// ---- privileges ---------------------------------------------------------------------------------------------------

/// Finds the instruction's accounts and program among the transaction's; refuses privileges that nobody gave.
fn resolve_accounts(
    context: &mut InvokeContext,
    instruction: &Instruction,
    signers: &[Pubkey],
) -> Result<(u16, Vec<InstructionAccount>), InstructionError> {
    let mut accounts: Vec<InstructionAccount> = Vec::with_capacity(instruction.accounts.len());
    for meta in &instruction.accounts {
        let Some(index) = context.transaction.index_of_key(&meta.key) else {
            log_line!(context, "Instruction references an unknown account {}", meta.key);
            return Err(InstructionError::MissingAccount);
        };
        let first = accounts.iter().position(|account| usize::from(account.index_in_transaction) == index);
        let position = accounts.len();
        accounts.push(InstructionAccount {
            index_in_transaction: index as u16,
            first_mention: first.unwrap_or(position) as u16,
            is_signer: meta.is_signer,
            is_writable: meta.is_writable,
        });
        if let Some(first) = first {
            accounts[first].is_signer |= meta.is_signer;
            accounts[first].is_writable |= meta.is_writable;
        }
    }
    for position in 0..accounts.len() {
        let first = usize::from(accounts[position].first_mention);
        if first == position {
            check_privileges(context, &accounts[position], signers)?;
        } else {
            let InstructionAccount { is_signer, is_writable, .. } = accounts[first];
            accounts[position].is_signer |= is_signer;
            accounts[position].is_writable |= is_writable;
        }
    }
    let caller = context.transaction.accounts_of(context.transaction.current()?);
    let program_index = context
        .transaction
        .index_of_key(&instruction.program)
        .filter(|&index| caller.iter().any(|account| usize::from(account.index_in_transaction) == index));
    let Some(program_index) = program_index else {
        log_line!(context, "Unknown program {}", instruction.program);
        return Err(InstructionError::MissingAccount);
    };
    Ok((program_index as u16, accounts))
}

fn check_privileges(
    context: &mut InvokeContext,
    account: &InstructionAccount,
    signers: &[Pubkey],
) -> Result<(), InstructionError> {
    let caller = caller_position(context, account)
        .and_then(|position| Ok(context.transaction.accounts_of(context.transaction.current()?)[position]))?;
    let key = context.transaction.keys()[usize::from(account.index_in_transaction)];
    if account.is_writable && !caller.is_writable {
        log_line!(context, "{}'s writable privilege escalated", key);
        return Err(InstructionError::PrivilegeEscalation);
    }
    if account.is_signer && !caller.is_signer && !signers.contains(&key) {
        log_line!(context, "{}'s signer privilege escalated", key);
        return Err(InstructionError::PrivilegeEscalation);
    }
    Ok(())
}

/// Where the current instruction first mentions the same account.
fn caller_position(context: &InvokeContext, account: &InstructionAccount) -> Result<usize, InstructionError> {
    let caller = context.transaction.accounts_of(context.transaction.current()?);
    caller
        .iter()
        .position(|candidate| candidate.index_in_transaction == account.index_in_transaction)
        .ok_or(InstructionError::MissingAccount)
}

// ---- account infos ------------------------------------------------------------------------------------------------

/// Reads the account infos and pairs them with the callee's accounts (each once).
fn read_accounts(
    context: &mut InvokeContext,
    abi: Abi,
    (address, count): (u64, u64),
    callee: &[InstructionAccount],
) -> Result<Vec<CallerAccount>, VmError> {
    let info_bytes = abi.account_info_bytes();
    if address.saturating_add(count.saturating_mul(info_bytes)) >= MM_INPUT_START {
        return Err(CpiError::InvalidPointer.into());
    }
    let infos = context.guest_array(address, count, info_bytes, 8)?;
    let max = account_infos_max(context.gates());
    if count > max {
        return Err(CpiError::TooManyAccountInfos { count, max }.into());
    }
    if context.gates().increase_cpi_account_info_limit {
        context.consume(count * ACCOUNT_INFO_COST_BYTES / costs::CPI_BYTES_PER_UNIT)?;
    }
    let mut keys = Vec::with_capacity(count as usize);
    for index in 0..count as usize {
        let key_address = word(&context.bytes(&infos)[index * info_bytes as usize..], 0);
        keys.push(context.read_pubkey(key_address)?);
    }
    let mut accounts = Vec::with_capacity(callee.len());
    for (position, account) in callee.iter().enumerate() {
        if usize::from(account.first_mention) != position {
            continue;
        }
        let index_in_caller = caller_position(context, account)?;
        let index = usize::from(account.index_in_transaction);
        if context.transaction.account_at(index).executable {
            let size_bytes = context.transaction.account_at(index).data.len() as u64;
            context.consume(size_bytes / costs::CPI_BYTES_PER_UNIT)?;
            continue;
        }
        let key = context.transaction.keys()[index];
        let Some(info_index) = keys.iter().position(|candidate| *candidate == key) else {
            log_line!(context, "Instruction references an unknown account {}", key);
            return Err(InstructionError::MissingAccount.into());
        };
        let place = context.frame().accounts[index_in_caller];
        let info = infos.part(info_index * info_bytes as usize, info_bytes as usize);
        let info_address = address + info_index as u64 * info_bytes;
        let mut caller = match abi {
            Abi::C => read_info_c(context, &info, info_address, &place)?,
            Abi::Rust => read_info_rust(context, &info, &place)?,
        };
        caller.index_in_caller = index_in_caller;
        caller.is_writable = account.is_writable;
        let units = read_size(context, &caller) / costs::CPI_BYTES_PER_UNIT;
        context.consume(units)?;
        accounts.push(caller);
    }
    Ok(accounts)
}

fn read_size(context: &InvokeContext, caller: &CallerAccount) -> u64 {
    word(context.bytes(&caller.size), 0)
}

fn check_pointer(context: &mut InvokeContext, address: u64, expected: u64, field: &str) -> Result<(), VmError> {
    if address == expected {
        return Ok(());
    }
    log_line!(context, "Invalid account info pointer `{}': {:#x} != {:#x}", field, address, expected);
    Err(CpiError::InvalidPointer.into())
}

/// Guest layout: key, lamports, data size, data, owner, rent epoch (8 bytes each), signer, writable, executable.
fn read_info_c(
    context: &mut InvokeContext,
    info: &GuestSlice,
    info_address: u64,
    place: &SerializedAccount,
) -> Result<CallerAccount, VmError> {
    let bytes = context.bytes(info);
    let [key, lamports, _size, data, owner] = [0, 1, 2, 3, 4].map(|index| word(bytes, index));
    check_pointer(context, key, place.key_address, "key")?;
    check_pointer(context, owner, place.owner_address, "owner")?;
    check_pointer(context, lamports, place.lamports_address, "lamports")?;
    check_pointer(context, data, place.data_address, "data")?;
    let lamports = context.guest_array_mut(lamports, 1, 8, 8)?;
    let owner = context.guest_mut(owner, 32)?;
    let size_address = info_address + 16;
    finish_info(context, (lamports, owner), size_address, place)
}

/// Guest layout: key, `Rc<RefCell<&mut u64>>`, `Rc<RefCell<&mut [u8]>>`, owner, rent epoch, three flags.
fn read_info_rust(
    context: &mut InvokeContext,
    info: &GuestSlice,
    place: &SerializedAccount,
) -> Result<CallerAccount, VmError> {
    let bytes = context.bytes(info);
    let [key, lamports_rc, data_rc, owner] = [0, 1, 2, 3].map(|index| word(bytes, index));
    check_pointer(context, key, place.key_address, "key")?;
    check_pointer(context, owner, place.owner_address, "owner")?;
    let lamports_cell = lamports_rc.wrapping_add(RC_REFCELL_VALUE_OFFSET);
    let lamports = context.read_u64(lamports_cell)?;
    if lamports_cell >= MM_INPUT_START {
        return Err(CpiError::InvalidPointer.into());
    }
    check_pointer(context, lamports, place.lamports_address, "lamports")?;
    let lamports = context.guest_array_mut(lamports, 1, 8, 8)?;
    let owner = context.guest_mut(owner, 32)?;
    let data_cell = data_rc.wrapping_add(RC_REFCELL_VALUE_OFFSET);
    if data_cell >= MM_INPUT_START {
        return Err(CpiError::InvalidPointer.into());
    }
    let data = context.guest_array(data_cell, 1, 16, 8)?;
    let data_address = word(context.bytes(&data), 0);
    check_pointer(context, data_address, place.data_address, "data")?;
    finish_info(context, (lamports, owner), data_cell.saturating_add(8), place)
}

/// Translates the length field and the data it announces.
fn finish_info(
    context: &mut InvokeContext,
    (lamports, owner): (GuestSlice, GuestSlice),
    size_address: u64,
    place: &SerializedAccount,
) -> Result<CallerAccount, VmError> {
    if size_address >= MM_INPUT_START {
        return Err(CpiError::InvalidPointer.into());
    }
    let size = context.guest_mut(size_address, 8)?;
    let size_bytes = word(context.bytes(&size), 0);
    if size_bytes > room_bytes(context, place.original_size_bytes) as u64 {
        return Err(InstructionError::InvalidRealloc.into());
    }
    let data = context.guest_mut(place.data_address, size_bytes)?;
    Ok(CallerAccount {
        index_in_caller: 0,
        is_writable: false,
        lamports,
        owner,
        size,
        data,
        data_address: place.data_address,
        original_size_bytes: place.original_size_bytes,
    })
}

/// Address space that the caller has for an account's data.
fn room_bytes(context: &InvokeContext, original_size_bytes: usize) -> usize {
    let growth = if context.is_alignment_checked() { limits::INSTRUCTION_DATA_GROWTH_BYTES_MAX } else { 0 };
    original_size_bytes.saturating_add(growth)
}

// ---- synchronising ------------------------------------------------------------------------------------------------

/// Before the call: what the caller changed in its memory becomes the account's state, if the caller may change it.
fn take_from_caller(context: &mut InvokeContext, caller: &CallerAccount) -> Result<(), VmError> {
    let lamports = word(context.bytes(&caller.lamports), 0);
    let owner = pubkey(context.bytes(&caller.owner));
    let data = context.bytes(&caller.data).to_vec();
    let mut account = context.account(caller.index_in_caller)?;
    if account.lamports() != lamports {
        account.set_lamports(lamports)?;
    }
    match account.can_data_be_resized(data.len()) {
        Ok(()) => account.set_data(&data)?,
        Err(error) if account.data() != data => return Err(error.into()),
        Err(_) => {}
    }
    if *account.owner() != owner {
        account.set_owner(&owner)?;
    }
    Ok(())
}

/// After the call: the callee's changes are written to where the caller reads them.
fn give_to_caller(context: &mut InvokeContext, caller: &CallerAccount) -> Result<(), VmError> {
    let account = context.account(caller.index_in_caller)?;
    let index = account.index_in_transaction();
    let (lamports, owner) = (account.lamports(), *account.owner());
    let state = context.transaction.account_at(index).data.clone();
    context.bytes_mut(&caller.lamports).copy_from_slice(&lamports.to_le_bytes());
    context.bytes_mut(&caller.owner).copy_from_slice(owner.as_ref());

    let size_before = read_size(context, caller) as usize;
    let size_after = state.len();
    let room = room_bytes(context, caller.original_size_bytes);
    if size_after > room {
        let growth = room - caller.original_size_bytes;
        log_line!(context, "Account data size realloc limited to {} in inner instructions", growth);
        return Err(InstructionError::InvalidRealloc.into());
    }
    let mut data = caller.data;
    if size_before != size_after {
        if size_after < size_before {
            let bytes = context.bytes_mut(&data);
            bytes.get_mut(size_after..).ok_or(InstructionError::AccountDataTooSmall)?.fill(0);
        }
        data = context.guest_mut(caller.data_address, size_after as u64)?;
        context.bytes_mut(&caller.size).copy_from_slice(&(size_after as u64).to_le_bytes());
        let serialized_size = context.guest_array_mut(caller.data_address.saturating_sub(8), 1, 8, 8)?;
        context.bytes_mut(&serialized_size).copy_from_slice(&(size_after as u64).to_le_bytes());
    }
    let target = context.bytes_mut(&data);
    if target.len() != state.len() {
        return Err(InstructionError::AccountDataTooSmall.into());
    }
    target.copy_from_slice(&state);
    Ok(())
}

#[cfg(test)]
mod tests {
    use heddle_types::Gates;

    use super::*;
    use crate::syscalls::test_guest::{Guest, Outcome, PROGRAM, gates_with};

    /// A program that invokes itself as often as the first byte of its data says. It passes `meta_count` times its own
    /// account, which needs no account info, and `info_count` account infos with the key of that account. Its memory:
    /// the instruction at the start of the heap, 128 bytes on its data, then metas and infos.
    fn recurse(depth: u8, meta_count: u64, info_count: u64) -> Guest {
        let source = format!(
            "ldxb r6, [r2+0]
            jne r6, 0, invoke
            mov64 r0, 0
            exit
            invoke:
            add64 r6, -1
            mov64 r7, 3
            lsh64 r7, 32
            mov64 r8, 4
            lsh64 r8, 32
            add64 r8, 16
            stxdw [r7+0], r8
            stxb [r7+128], r6
            mov64 r1, r7
            add64 r1, 256
            stxdw [r7+8], r1
            mov64 r2, {meta_count}
            stxdw [r7+16], r2
            mov64 r3, r7
            add64 r3, 128
            stxdw [r7+24], r3
            mov64 r3, 1
            stxdw [r7+32], r3
            metas:
            stxdw [r1+0], r8
            add64 r1, 16
            add64 r2, -1
            jne r2, 0, metas
            mov64 r2, r7
            add64 r2, 8192
            mov64 r9, r2
            mov64 r3, {info_count}
            infos:
            stxdw [r9+0], r8
            add64 r9, 56
            add64 r3, -1
            jsgt r3, 0, infos
            mov64 r1, r7
            mov64 r3, {info_count}
            mov64 r4, 0
            mov64 r5, 0
            syscall sol_invoke_signed_c
            exit"
        );
        Guest::new(source, vec![depth]).seeing_itself()
    }

    fn raised() -> Gates {
        gates_with(|gates| gates.raise_cpi_nesting_limit_to_8 = true)
    }

    #[test]
    fn nests_four_calls_or_eight() {
        for (gates, depth_max) in [(Gates::mainnet(), 4), (raised(), 8)] {
            let deepest = recurse(depth_max, 1, 0).gates(gates).run();
            assert_eq!(deepest.result, Ok(()), "{:#?}", deepest.logs);
            assert_eq!(deepest.stack_heights, (1..=depth_max + 1).collect::<Vec<_>>());
            assert!(deepest.logs.contains(&format!("Program {PROGRAM} invoke [{}]", depth_max + 1)));
            let deeper = recurse(depth_max + 1, 1, 0).gates(gates).run();
            assert_eq!(deeper.result, Err(InstructionError::CallDepth));
            // The call that was too deep is in the trace.
            assert_eq!(deeper.stack_heights.last(), Some(&(depth_max + 2)));
        }
    }

    /// Threads that run transactions have two MiB of stack.
    #[test]
    fn nine_frames_take_little_of_the_stack_of_their_thread() {
        let run = || assert_eq!(recurse(8, 1, 0).gates(raised()).run().result, Ok(()));
        std::thread::Builder::new().stack_size(128 * 1024).spawn(run).unwrap().join().unwrap();
    }

    /// Units of one call with these counts; the instructions that prepare it are counted alike.
    fn call_units(meta_count: u64, info_count: u64, gates: Gates) -> Outcome {
        recurse(1, meta_count, info_count).gates(gates).run()
    }

    #[test]
    fn charges_account_infos_and_metas_since_their_limit_was_raised() {
        let older = gates_with(|gates| gates.increase_cpi_account_info_limit = false);
        for (meta_count, info_count, units) in [(1, 1, 0), (8, 3, 1), (255, 64, 34 + 20), (7, 4, 1), (1, 64, 20)] {
            let [now, before] = [Gates::mainnet(), older].map(|gates| call_units(meta_count, info_count, gates));
            assert_eq!((&now.result, &before.result), (&Ok(()), &Ok(())), "{:#?}", now.logs);
            assert_eq!(now.units - before.units, units, "{meta_count} {info_count}");
        }
    }

    #[test]
    fn takes_64_128_or_255_account_infos() {
        let older = gates_with(|gates| gates.increase_cpi_account_info_limit = false);
        let locks = Gates { increase_tx_account_lock_limit: true, ..older };
        for (gates, max) in [(older, 64), (locks, 128), (Gates::mainnet(), 255)] {
            assert_eq!(call_units(1, max, gates).result, Ok(()));
            let text = format!("Invoked an instruction with too many account info's ({} > {max})", max + 1);
            call_units(1, max + 1, gates).assert_aborted(&text);
        }
        call_units(256, 0, Gates::mainnet())
            .assert_aborted("Invoked an instruction with too many accounts (256 > 255)");
    }

    #[test]
    fn loader_instructions_are_invoked_by_tag() {
        let without = gates_with(|gates| gates.enable_bpf_loader_set_authority_checked_ix = false);
        for tag in 0..=u8::MAX {
            let is_invocable = |gates: &Gates| is_loader_v3_invocable(&[tag, 1], gates);
            assert_eq!(is_invocable(&Gates::mainnet()), [3, 4, 5, 7].contains(&tag));
            assert_eq!(is_invocable(&without), [3, 4, 5].contains(&tag));
        }
        assert!(!is_loader_v3_invocable(&[], &Gates::mainnet()));
    }
}
