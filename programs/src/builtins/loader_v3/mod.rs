//! Loader v3, the upgradeable loader, as a program: buffers, deployment, upgrade, extension, authorities, closing.
//!
//! Checks, their order, error codes and log lines are those of crate `solana-bpf-loader-program` 4.2.2. What it changes is
//! visible to programs from the next slot on ([`heddle_vm::InvokeContext::deploy_program`]).

mod authority;
mod buffer;
mod close;
mod deploy;
mod extend;
mod instruction;
pub mod state;
mod upgrade;

use heddle_types::Pubkey;
use heddle_vm::{InvokeContext, log_line};
use instruction::LoaderV3Instruction;
use solana_instruction_error::InstructionError;
use solana_sdk_ids::bpf_loader_upgradeable;
use state::LoaderV3State;

/// Cost of any instruction.
const COMPUTE_UNITS: u64 = 2_370;

pub(crate) fn process(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(COMPUTE_UNITS)?;
    match LoaderV3Instruction::decode(context.instruction_data())? {
        LoaderV3Instruction::InitializeBuffer => buffer::initialize(context),
        LoaderV3Instruction::Write { offset, bytes } => {
            let bytes = bytes.to_vec();
            buffer::write(context, offset, &bytes)
        }
        LoaderV3Instruction::DeployWithMaxDataLen { max_data_bytes } => deploy::deploy(context, max_data_bytes),
        LoaderV3Instruction::Upgrade => upgrade::upgrade(context),
        LoaderV3Instruction::SetAuthority => authority::set(context),
        LoaderV3Instruction::Close => close::close(context),
        LoaderV3Instruction::ExtendProgram { additional_bytes } => extend::extend(context, additional_bytes),
        LoaderV3Instruction::SetAuthorityChecked => authority::set_checked(context),
    }
}

/// Logs `reason` and is `error`.
fn refuse<T>(context: &mut InvokeContext, reason: &str, error: InstructionError) -> Result<T, InstructionError> {
    log_line!(context, "{reason}");
    Err(error)
}

fn read_state(context: &mut InvokeContext, index: usize) -> Result<LoaderV3State, InstructionError> {
    LoaderV3State::from_bytes(context.account(index)?.data()).ok_or(InstructionError::InvalidAccountData)
}

fn write_state(context: &mut InvokeContext, index: usize, state: &LoaderV3State) -> Result<(), InstructionError> {
    let bytes = state.to_bytes();
    let mut account = context.account(index)?;
    let target = account.data_mut()?.get_mut(..bytes.len()).ok_or(InstructionError::AccountDataTooSmall)?;
    target.copy_from_slice(&bytes);
    Ok(())
}

/// Two accounts that are changed at once may not be the same.
fn check_distinct(context: &mut InvokeContext, first: usize, second: usize) -> Result<(), InstructionError> {
    let first = context.account(first)?.index_in_transaction();
    if context.account(second)?.index_in_transaction() == first {
        return Err(InstructionError::AccountBorrowFailed);
    }
    Ok(())
}

/// The buffer at `index`: `authority` owns it and signed as account `signer`. Its length without the header.
fn check_buffer(
    context: &mut InvokeContext,
    index: usize,
    authority: &Pubkey,
    signer: usize,
) -> Result<usize, InstructionError> {
    let buffer = context.account(index)?;
    if !buffer.is_writable() {
        return refuse(context, "Buffer account not writeable", InstructionError::InvalidArgument);
    }
    if *buffer.owner() != bpf_loader_upgradeable::ID {
        return refuse(context, "Buffer account not owned by loader", InstructionError::IncorrectProgramId);
    }
    let size_bytes = buffer.data().len();
    let LoaderV3State::Buffer { authority: owner } = read_state(context, index)? else {
        return refuse(context, "Invalid Buffer account", InstructionError::InvalidArgument);
    };
    if owner.as_ref() != Some(authority) {
        return refuse(context, "Buffer and upgrade authority don't match", InstructionError::IncorrectAuthority);
    }
    if !context.account(signer)?.is_signer() {
        return refuse(context, "Upgrade authority did not sign", InstructionError::MissingRequiredSignature);
    }
    Ok(size_bytes.saturating_sub(LoaderV3State::BUFFER_HEADER_BYTES))
}

/// Copies the program bytes of the buffer at `buffer` into the program data at `target`; returns their end.
fn copy_program(context: &mut InvokeContext, buffer: usize, target: usize) -> Result<usize, InstructionError> {
    let bytes = context.account(buffer)?.shared_data();
    let program = bytes.get(LoaderV3State::BUFFER_HEADER_BYTES..).ok_or(InstructionError::AccountDataTooSmall)?;
    let start = LoaderV3State::PROGRAM_DATA_HEADER_BYTES;
    let end = start.saturating_add(program.len());
    let mut account = context.account(target)?;
    let target = account.data_mut()?.get_mut(start..end).ok_or(InstructionError::AccountDataTooSmall)?;
    target.copy_from_slice(program);
    Ok(end)
}
