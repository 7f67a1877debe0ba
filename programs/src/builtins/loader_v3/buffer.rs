//! Buffers: where a program's bytes are gathered before it is deployed. Account 0 is the buffer, 1 its authority.

use heddle_vm::{InvokeContext, log_line};
use solana_instruction_error::InstructionError;

use super::{read_state, refuse, state::LoaderV3State, write_state};

pub(super) fn initialize(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.check_account_count(2)?;
    if read_state(context, 0)? != LoaderV3State::Uninitialized {
        return refuse(context, "Buffer account already initialized", InstructionError::AccountAlreadyInitialized);
    }
    let authority = *context.account_key(1)?;
    write_state(context, 0, &LoaderV3State::Buffer { authority: Some(authority) })
}

/// Writes `bytes` at `offset` of the program.
pub(super) fn write(context: &mut InvokeContext, offset: u32, bytes: &[u8]) -> Result<(), InstructionError> {
    context.check_account_count(2)?;
    let LoaderV3State::Buffer { authority } = read_state(context, 0)? else {
        return refuse(context, "Invalid Buffer account", InstructionError::InvalidAccountData);
    };
    check_authority(context, authority.as_ref())?;
    let mut account = context.account(0)?;
    let start = LoaderV3State::BUFFER_HEADER_BYTES.saturating_add(offset as usize);
    let end = start.saturating_add(bytes.len());
    let data = account.data_mut()?;
    let size_bytes = data.len();
    let Some(target) = data.get_mut(start..end) else {
        log_line!(context, "Write overflow: {size_bytes} < {end}");
        return Err(InstructionError::AccountDataTooSmall);
    };
    target.copy_from_slice(bytes);
    Ok(())
}

/// Account 1 is the buffer's authority and signed.
pub(super) fn check_authority(
    context: &mut InvokeContext,
    authority: Option<&heddle_types::Pubkey>,
) -> Result<(), InstructionError> {
    let Some(authority) = authority else {
        return refuse(context, "Buffer is immutable", InstructionError::Immutable);
    };
    if authority != context.account_key(1)? {
        return refuse(context, "Incorrect buffer authority provided", InstructionError::IncorrectAuthority);
    }
    if !context.account(1)?.is_signer() {
        return refuse(context, "Buffer authority did not sign", InstructionError::MissingRequiredSignature);
    }
    Ok(())
}
