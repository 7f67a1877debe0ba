//! More room for a program's bytes. Its slot of deployment moves on, so that it cannot be invoked before the next slot.

use heddle_types::{Pubkey, limits};
use heddle_vm::{Deployable, InvokeContext, log_line};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::bpf_loader_upgradeable;

use super::{super::system, check_distinct, read_state, refuse, state::LoaderV3State, write_state};

// Accounts; 2 would be the system program and is not looked at.
const PROGRAM_DATA: usize = 0;
const PROGRAM: usize = 1;
const PAYER: usize = 3;

/// Least extension (SIMD-0431), unless less than that is left.
const ADDITIONAL_BYTES_MIN: u32 = 10_240;

pub(super) fn extend(context: &mut InvokeContext, additional_bytes: u32) -> Result<(), InstructionError> {
    if additional_bytes == 0 {
        let reason = "Additional bytes must be greater than 0";
        return refuse(context, reason, InstructionError::InvalidInstructionData);
    }
    let program_data = check_program_data(context)?;
    let program = check_program(context, &program_data)?;
    let size_bytes = check_size(context, additional_bytes)?;
    let authority = check_state(context)?;
    fund(context, program_data, size_bytes)?;
    context.account(PROGRAM_DATA)?.set_data_length(size_bytes)?;

    let bytes = context.account(PROGRAM_DATA)?.shared_data();
    let elf = bytes.get(LoaderV3State::PROGRAM_DATA_HEADER_BYTES..).ok_or(InstructionError::AccountDataTooSmall)?;
    context.deploy_program(program, elf, Deployable::AnyVersion)?;
    drop(bytes);

    let slot = context.block().sysvars.clock.slot;
    write_state(context, PROGRAM_DATA, &LoaderV3State::ProgramData { slot, authority: Some(authority) })?;
    log_line!(context, "Extended ProgramData account by {additional_bytes} bytes");
    Ok(())
}

fn check_program_data(context: &mut InvokeContext) -> Result<Pubkey, InstructionError> {
    let account = context.account(PROGRAM_DATA)?;
    if *account.owner() != bpf_loader_upgradeable::ID {
        return refuse(context, "ProgramData owner is invalid", InstructionError::InvalidAccountOwner);
    }
    if !account.is_writable() {
        return refuse(context, "ProgramData is not writable", InstructionError::InvalidArgument);
    }
    Ok(*account.key())
}

fn check_program(context: &mut InvokeContext, program_data: &Pubkey) -> Result<Pubkey, InstructionError> {
    check_distinct(context, PROGRAM_DATA, PROGRAM)?;
    let account = context.account(PROGRAM)?;
    let program = *account.key();
    if !account.is_writable() {
        return refuse(context, "Program account is not writable", InstructionError::InvalidArgument);
    }
    if *account.owner() != bpf_loader_upgradeable::ID {
        return refuse(context, "Program account not owned by loader", InstructionError::InvalidAccountOwner);
    }
    let LoaderV3State::Program { programdata } = read_state(context, PROGRAM)? else {
        return refuse(context, "Invalid Program account", InstructionError::InvalidAccountData);
    };
    if programdata != *program_data {
        let reason = "Program account does not match ProgramData account";
        return refuse(context, reason, InstructionError::InvalidArgument);
    }
    Ok(program)
}

/// The size after the extension.
fn check_size(context: &mut InvokeContext, additional_bytes: u32) -> Result<usize, InstructionError> {
    let size_before = context.account(PROGRAM_DATA)?.data().len();
    let size_bytes = size_before.saturating_add(additional_bytes as usize);
    let max = limits::ACCOUNT_DATA_BYTES_MAX;
    if size_bytes > max {
        log_line!(
            context,
            "Extended ProgramData length of {size_bytes} bytes exceeds max account data length of {max} bytes"
        );
        return Err(InstructionError::InvalidRealloc);
    }
    let is_enough = additional_bytes >= ADDITIONAL_BYTES_MIN || size_bytes == max;
    if context.gates().loader_v3_minimum_extend_program_size && !is_enough {
        log_line!(
            context,
            "ExtendProgram requires a minimum of {ADDITIONAL_BYTES_MIN} additional bytes or to extend to maximum size, \
             but only {additional_bytes} were requested"
        );
        return Err(InstructionError::InvalidArgument);
    }
    Ok(size_bytes)
}

/// The authority, which must exist but need not sign.
fn check_state(context: &mut InvokeContext) -> Result<Pubkey, InstructionError> {
    let LoaderV3State::ProgramData { slot, authority } = read_state(context, PROGRAM_DATA)? else {
        return refuse(context, "ProgramData state is invalid", InstructionError::InvalidAccountData);
    };
    if slot == context.block().sysvars.clock.slot {
        return refuse(context, "Program was extended in this block already", InstructionError::InvalidArgument);
    }
    let Some(authority) = authority else {
        let reason = "Cannot extend ProgramData accounts that are not upgradeable";
        return refuse(context, reason, InstructionError::Immutable);
    };
    Ok(authority)
}

/// The payer pays what the larger account lacks to be rent-exempt.
fn fund(context: &mut InvokeContext, program_data: Pubkey, size_bytes: usize) -> Result<(), InstructionError> {
    let required = context.block().sysvars.rent.minimum_balance(size_bytes).max(1);
    let payment = required.saturating_sub(context.account(PROGRAM_DATA)?.lamports());
    if payment == 0 {
        return Ok(());
    }
    let payer = *context.account_key(PAYER)?;
    context.invoke_signed(&system::transfer(payer, program_data, payment), &[])
}
