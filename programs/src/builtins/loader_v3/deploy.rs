//! Deployment of a new program from a buffer.

use heddle_types::{Pubkey, limits};
use heddle_vm::{AccountMeta, Deployable, InvokeContext, log_line};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::{bpf_loader_upgradeable, sysvar};

use super::{
    super::system, check_buffer, check_distinct, copy_program, read_state, refuse, state::LoaderV3State, write_state,
};

// Accounts.
const PAYER: usize = 0;
const PROGRAM_DATA: usize = 1;
const PROGRAM: usize = 2;
const BUFFER: usize = 3;
const RENT: usize = 4;
const CLOCK: usize = 5;
const AUTHORITY: usize = 7;

/// Makes the program account executable, with room for `max_data_bytes` of program.
pub(super) fn deploy(context: &mut InvokeContext, max_data_bytes: u64) -> Result<(), InstructionError> {
    context.check_account_count(4)?;
    let payer = *context.account_key(PAYER)?;
    let program_data = *context.account_key(PROGRAM_DATA)?;
    context.check_account_key(RENT, &sysvar::rent::ID)?;
    context.check_account_key(CLOCK, &sysvar::clock::ID)?;
    context.check_account_count(8)?;
    let authority = *context.account_key(AUTHORITY)?;
    check_program(context)?;
    let program = *context.account_key(PROGRAM)?;
    let program_bytes = check_buffer(context, BUFFER, &authority, AUTHORITY)?;
    let program_data_bytes = check_sizes(context, program_bytes, max_data_bytes)?;
    let (derived, _) = Pubkey::find_program_address(&[program.as_ref()], &bpf_loader_upgradeable::ID);
    if derived != program_data {
        return refuse(context, "ProgramData address is not derived", InstructionError::InvalidArgument);
    }

    drain_buffer(context)?;
    let lamports = context.block().sysvars.rent.minimum_balance(program_data_bytes).max(1);
    let buffer = *context.account_key(BUFFER)?;
    let space = program_data_bytes as u64;
    let mut create = system::create_account(payer, program_data, lamports, space, &bpf_loader_upgradeable::ID);
    // Named because its lamports have moved: those of all the callee's accounts must balance.
    create.accounts.push(AccountMeta { key: buffer, is_signer: false, is_writable: true });
    context.invoke_signed(&create, &[program_data])?;

    let bytes = context.account(BUFFER)?.shared_data();
    let elf = bytes.get(LoaderV3State::BUFFER_HEADER_BYTES..).ok_or(InstructionError::AccountDataTooSmall)?;
    context.deploy_program(program, elf, Deployable::NewVersion)?;
    drop(bytes);

    let slot = context.block().sysvars.clock.slot;
    write_state(context, PROGRAM_DATA, &LoaderV3State::ProgramData { slot, authority: Some(authority) })?;
    copy_program(context, BUFFER, PROGRAM_DATA)?;
    context.account(BUFFER)?.set_data_length(LoaderV3State::BUFFER_HEADER_BYTES)?;
    write_state(context, PROGRAM, &LoaderV3State::Program { programdata: program_data })?;
    context.account(PROGRAM)?.set_executable(true)?;
    log_line!(context, "Deployed program {program:?}");
    Ok(())
}

fn check_program(context: &mut InvokeContext) -> Result<(), InstructionError> {
    if read_state(context, PROGRAM)? != LoaderV3State::Uninitialized {
        return refuse(context, "Program account already initialized", InstructionError::AccountAlreadyInitialized);
    }
    let program = context.account(PROGRAM)?;
    let size_bytes = program.data().len();
    if size_bytes < LoaderV3State::PROGRAM_BYTES {
        return refuse(context, "Program account too small", InstructionError::AccountDataTooSmall);
    }
    if !program.is_rent_exempt_at(size_bytes) {
        return refuse(context, "Program account not rent-exempt", InstructionError::ExecutableAccountNotRentExempt);
    }
    Ok(())
}

/// The size of the program-data account.
fn check_sizes(
    context: &mut InvokeContext,
    program_bytes: usize,
    max_data_bytes: u64,
) -> Result<usize, InstructionError> {
    if program_bytes == 0 {
        return refuse(context, "Buffer account too small", InstructionError::InvalidAccountData);
    }
    if max_data_bytes < program_bytes as u64 {
        let reason = "Max data length is too small to hold Buffer data";
        return refuse(context, reason, InstructionError::AccountDataTooSmall);
    }
    let program_data_bytes = max_data_bytes.saturating_add(LoaderV3State::PROGRAM_DATA_HEADER_BYTES as u64);
    if program_data_bytes > limits::ACCOUNT_DATA_BYTES_MAX as u64 {
        return refuse(context, "Max data length is too large", InstructionError::InvalidArgument);
    }
    Ok(program_data_bytes as usize)
}

/// The buffer's lamports help the payer to pay for the program data.
fn drain_buffer(context: &mut InvokeContext) -> Result<(), InstructionError> {
    check_distinct(context, BUFFER, PAYER)?;
    let lamports = context.account(BUFFER)?.lamports();
    context.account(PAYER)?.checked_add_lamports(lamports)?;
    context.account(BUFFER)?.set_lamports(0)
}
