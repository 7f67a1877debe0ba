//! Upgrade of a program from a buffer.

use heddle_types::Pubkey;
use heddle_vm::{Deployable, InvokeContext, log_line};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::{bpf_loader_upgradeable, sysvar};

use super::{check_buffer, check_distinct, copy_program, read_state, refuse, state::LoaderV3State, write_state};

// Accounts.
const PROGRAM_DATA: usize = 0;
const PROGRAM: usize = 1;
const BUFFER: usize = 2;
const SPILL: usize = 3;
const RENT: usize = 4;
const CLOCK: usize = 5;
const AUTHORITY: usize = 6;

pub(super) fn upgrade(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.check_account_count(3)?;
    let program_data = *context.account_key(PROGRAM_DATA)?;
    context.check_account_key(RENT, &sysvar::rent::ID)?;
    context.check_account_key(CLOCK, &sysvar::clock::ID)?;
    context.check_account_count(7)?;
    let authority = *context.account_key(AUTHORITY)?;
    check_program(context, &program_data)?;
    let program = *context.account_key(PROGRAM)?;
    let program_bytes = check_buffer(context, BUFFER, &authority, AUTHORITY)?;
    if program_bytes == 0 {
        return refuse(context, "Buffer account too small", InstructionError::InvalidAccountData);
    }
    let balance = check_program_data(context, program_bytes, &authority)?;

    let bytes = context.account(BUFFER)?.shared_data();
    let elf = bytes.get(LoaderV3State::BUFFER_HEADER_BYTES..).ok_or(InstructionError::AccountDataTooSmall)?;
    context.deploy_program(program, elf, Deployable::NewVersion)?;
    drop(bytes);

    let slot = context.block().sysvars.clock.slot;
    write_state(context, PROGRAM_DATA, &LoaderV3State::ProgramData { slot, authority: Some(authority) })?;
    let end = copy_program(context, BUFFER, PROGRAM_DATA)?;
    let mut account = context.account(PROGRAM_DATA)?;
    account.data_mut()?.get_mut(end..).ok_or(InstructionError::AccountDataTooSmall)?.fill(0);

    settle(context, &balance)?;
    context.account(BUFFER)?.set_data_length(LoaderV3State::BUFFER_HEADER_BYTES)?;
    log_line!(context, "Upgraded program {program:?}");
    Ok(())
}

fn check_program(context: &mut InvokeContext, program_data: &Pubkey) -> Result<(), InstructionError> {
    let program = context.account(PROGRAM)?;
    if !program.is_writable() {
        return refuse(context, "Program account not writeable", InstructionError::InvalidArgument);
    }
    if *program.owner() != bpf_loader_upgradeable::ID {
        return refuse(context, "Program account not owned by loader", InstructionError::IncorrectProgramId);
    }
    let LoaderV3State::Program { programdata } = read_state(context, PROGRAM)? else {
        return refuse(context, "Invalid Program account", InstructionError::InvalidAccountData);
    };
    if programdata != *program_data {
        return refuse(context, "Program and ProgramData account mismatch", InstructionError::InvalidArgument);
    }
    Ok(())
}

/// Lamports of an upgrade.
struct Balance {
    buffer: u64,
    /// What the program data keeps.
    required: u64,
}

fn check_program_data(
    context: &mut InvokeContext,
    program_bytes: usize,
    authority: &Pubkey,
) -> Result<Balance, InstructionError> {
    let buffer = context.account(BUFFER)?.lamports();
    let account = context.account(PROGRAM_DATA)?;
    let (lamports, size_bytes) = (account.lamports(), account.data().len());
    let required = context.block().sysvars.rent.minimum_balance(size_bytes).max(1);
    if size_bytes < LoaderV3State::PROGRAM_DATA_HEADER_BYTES.saturating_add(program_bytes) {
        return refuse(context, "ProgramData account not large enough", InstructionError::AccountDataTooSmall);
    }
    if lamports.saturating_add(buffer) < required {
        return refuse(context, "Buffer account balance too low to fund upgrade", InstructionError::InsufficientFunds);
    }
    let LoaderV3State::ProgramData { slot, authority: current } = read_state(context, PROGRAM_DATA)? else {
        return refuse(context, "Invalid ProgramData account", InstructionError::InvalidAccountData);
    };
    if slot == context.block().sysvars.clock.slot {
        return refuse(context, "Program was deployed in this block already", InstructionError::InvalidArgument);
    }
    let Some(current) = current else {
        return refuse(context, "Program not upgradeable", InstructionError::Immutable);
    };
    if current != *authority {
        return refuse(context, "Incorrect upgrade authority provided", InstructionError::IncorrectAuthority);
    }
    if !context.account(AUTHORITY)?.is_signer() {
        return refuse(context, "Upgrade authority did not sign", InstructionError::MissingRequiredSignature);
    }
    Ok(Balance { buffer, required })
}

/// The program data keeps what it must; the rest goes to the spill account.
fn settle(context: &mut InvokeContext, balance: &Balance) -> Result<(), InstructionError> {
    check_distinct(context, SPILL, PROGRAM_DATA)?;
    check_distinct(context, SPILL, BUFFER)?;
    let lamports = context.account(PROGRAM_DATA)?.lamports();
    let spilled = lamports.saturating_add(balance.buffer).saturating_sub(balance.required);
    context.account(SPILL)?.checked_add_lamports(spilled)?;
    context.account(BUFFER)?.set_lamports(0)?;
    context.account(PROGRAM_DATA)?.set_lamports(balance.required)
}
