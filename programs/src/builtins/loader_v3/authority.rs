//! Who may write a buffer or upgrade a program. Account 0 is the buffer or program data, 1 the present authority, 2 the
//! next one.

use heddle_types::Pubkey;
use heddle_vm::{InvokeContext, is_old_version, log_line};
use solana_instruction_error::InstructionError;

use super::{buffer, read_state, refuse, state::LoaderV3State, write_state};

/// Sets the authority; without account 2 a program becomes immutable.
pub(super) fn set(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.check_account_count(2)?;
    let next = context.account_key(2).ok().copied();
    match read_state(context, 0)? {
        LoaderV3State::Buffer { authority } => {
            if next.is_none() {
                let reason = "Buffer authority is not optional";
                return refuse(context, reason, InstructionError::IncorrectAuthority);
            }
            buffer::check_authority(context, authority.as_ref())?;
            write_state(context, 0, &LoaderV3State::Buffer { authority: next })?;
        }
        LoaderV3State::ProgramData { slot, authority } => {
            check_upgrade_authority(context, authority.as_ref())?;
            if next.is_none() && is_final_version_barred(context)? {
                return Err(InstructionError::InvalidAccountData);
            }
            write_state(context, 0, &LoaderV3State::ProgramData { slot, authority: next })?;
        }
        _ => return not_supported(context),
    }
    log_line!(context, "New authority {:?}", next.as_ref());
    Ok(())
}

/// Sets the authority; the next one must sign too.
pub(super) fn set_checked(context: &mut InvokeContext) -> Result<(), InstructionError> {
    if !context.gates().enable_bpf_loader_set_authority_checked_ix {
        return Err(InstructionError::InvalidInstructionData);
    }
    context.check_account_count(3)?;
    let next = *context.account_key(2)?;
    match read_state(context, 0)? {
        LoaderV3State::Buffer { authority } => {
            buffer::check_authority(context, authority.as_ref())?;
            check_next_signed(context)?;
            write_state(context, 0, &LoaderV3State::Buffer { authority: Some(next) })?;
        }
        LoaderV3State::ProgramData { slot, authority } => {
            check_upgrade_authority(context, authority.as_ref())?;
            check_next_signed(context)?;
            write_state(context, 0, &LoaderV3State::ProgramData { slot, authority: Some(next) })?;
        }
        _ => return not_supported(context),
    }
    log_line!(context, "New authority {next:?}");
    Ok(())
}

fn check_upgrade_authority(context: &mut InvokeContext, authority: Option<&Pubkey>) -> Result<(), InstructionError> {
    let Some(authority) = authority else {
        return refuse(context, "Program not upgradeable", InstructionError::Immutable);
    };
    if authority != context.account_key(1)? {
        return refuse(context, "Incorrect upgrade authority provided", InstructionError::IncorrectAuthority);
    }
    if !context.account(1)?.is_signer() {
        return refuse(context, "Upgrade authority did not sign", InstructionError::MissingRequiredSignature);
    }
    Ok(())
}

fn check_next_signed(context: &mut InvokeContext) -> Result<(), InstructionError> {
    if !context.account(2)?.is_signer() {
        return refuse(context, "New authority did not sign", InstructionError::MissingRequiredSignature);
    }
    Ok(())
}

/// A program of a version that can no longer be deployed may not become immutable.
fn is_final_version_barred(context: &mut InvokeContext) -> Result<bool, InstructionError> {
    if !context.gates().disable_sbpf_v0_v1_v2_deployment {
        return Ok(false);
    }
    let account = context.account(0)?;
    Ok(account.data().get(LoaderV3State::PROGRAM_DATA_HEADER_BYTES..).is_some_and(is_old_version))
}

fn not_supported(context: &mut InvokeContext) -> Result<(), InstructionError> {
    refuse(context, "Account does not support authorities", InstructionError::InvalidArgument)
}
