//! Closing an account of the loader: 0 is closed, 1 gets its lamports, 2 is the authority, 3 the program if program data
//! is closed.

use heddle_types::Pubkey;
use heddle_vm::{InvokeContext, log_line};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::bpf_loader_upgradeable;

use super::{read_state, refuse, state::LoaderV3State, write_state};

/// What is left of a closed account until the transaction ends.
const UNINITIALIZED_BYTES: usize = 4;

pub(super) fn close(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.check_account_count(2)?;
    let recipient = context.account(1)?.index_in_transaction();
    if context.account(0)?.index_in_transaction() == recipient {
        let reason = "Recipient is the same as the account being closed";
        return refuse(context, reason, InstructionError::InvalidArgument);
    }
    let closed = *context.account_key(0)?;
    let state = read_state(context, 0)?;
    context.account(0)?.set_data_length(UNINITIALIZED_BYTES)?;
    match state {
        LoaderV3State::Uninitialized => {
            move_lamports(context)?;
            log_line!(context, "Closed Uninitialized {closed}");
        }
        LoaderV3State::Buffer { authority } => {
            context.check_account_count(3)?;
            close_with_authority(context, authority.as_ref())?;
            log_line!(context, "Closed Buffer {closed}");
        }
        LoaderV3State::ProgramData { slot, authority } => {
            let program = check_program(context, slot, &closed)?;
            close_with_authority(context, authority.as_ref())?;
            context.close_program(program);
            log_line!(context, "Closed Program {program}");
        }
        LoaderV3State::Program { .. } => {
            return refuse(context, "Account does not support closing", InstructionError::InvalidArgument);
        }
    }
    Ok(())
}

/// The program whose program data, deployed in `slot`, is closed.
fn check_program(context: &mut InvokeContext, slot: u64, program_data: &Pubkey) -> Result<Pubkey, InstructionError> {
    context.check_account_count(4)?;
    let account = context.account(3)?;
    let program = *account.key();
    if !account.is_writable() {
        return refuse(context, "Program account is not writable", InstructionError::InvalidArgument);
    }
    if *account.owner() != bpf_loader_upgradeable::ID {
        return refuse(context, "Program account not owned by loader", InstructionError::IncorrectProgramId);
    }
    if slot == context.block().sysvars.clock.slot {
        return refuse(context, "Program was deployed in this block already", InstructionError::InvalidArgument);
    }
    let LoaderV3State::Program { programdata } = read_state(context, 3)? else {
        return refuse(context, "Invalid Program account", InstructionError::InvalidArgument);
    };
    if programdata != *program_data {
        let reason = "ProgramData account does not match ProgramData account";
        return refuse(context, reason, InstructionError::InvalidArgument);
    }
    Ok(program)
}

fn close_with_authority(context: &mut InvokeContext, authority: Option<&Pubkey>) -> Result<(), InstructionError> {
    let Some(authority) = authority else {
        return refuse(context, "Account is immutable", InstructionError::Immutable);
    };
    if authority != context.account_key(2)? {
        return refuse(context, "Incorrect authority provided", InstructionError::IncorrectAuthority);
    }
    if !context.account(2)?.is_signer() {
        return refuse(context, "Authority did not sign", InstructionError::MissingRequiredSignature);
    }
    move_lamports(context)?;
    write_state(context, 0, &LoaderV3State::Uninitialized)
}

fn move_lamports(context: &mut InvokeContext) -> Result<(), InstructionError> {
    let lamports = context.account(0)?.lamports();
    context.account(1)?.checked_add_lamports(lamports)?;
    context.account(0)?.set_lamports(0)
}
