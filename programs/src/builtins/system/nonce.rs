//! Durable nonce instructions. All act on account 0.
//!
//! Those that move a nonce on name the recent-blockhashes sysvar among their accounts; only its presence counts, the
//! value comes from the block ([`heddle_vm::BlockEnvironment::blockhash`]).

use heddle_types::Pubkey;
use heddle_vm::{DurableNonce, InvokeContext, NonceData, NonceState, NonceVersion, log_line};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::{system_program, sysvar};

use super::SystemError;

pub(super) fn advance(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.check_account_count(1)?;
    if is_recent_blockhashes_empty(context, 1)? {
        log_line!(context, "Advance nonce account: recent blockhash list is empty");
        return Err(SystemError::NonceNoRecentBlockhashes.into());
    }
    check_writable(context, "Advance")?;
    let Some(data) = read_state(context)?.data else { return state_is_invalid(context, "Advance") };
    if !context.is_signer_key(&data.authority) {
        log_line!(context, "Advance nonce account: Account {} must be a signer", data.authority);
        return Err(InstructionError::MissingRequiredSignature);
    }
    let next = next_data(context, data.authority);
    if data.durable_nonce == next.durable_nonce {
        log_line!(context, "Advance nonce account: nonce can only advance once per slot");
        return Err(SystemError::NonceBlockhashNotExpired.into());
    }
    write_state(context, NonceVersion::Current, Some(next))
}

pub(super) fn withdraw(context: &mut InvokeContext, lamports: u64) -> Result<(), InstructionError> {
    context.check_account_count(2)?;
    is_recent_blockhashes_empty(context, 2)?;
    context.check_account_key(3, &sysvar::rent::ID)?;
    check_writable(context, "Withdraw")?;
    match read_state(context)?.data {
        None => {
            check_withdrawal_funds(context, lamports)?;
            let key = *context.account_key(0)?;
            check_withdrawal_signer(context, &key)?;
        }
        Some(data) if lamports == context.account(0)?.lamports() => close(context, &data)?,
        Some(data) => {
            let size_bytes = context.account(0)?.data().len();
            let kept = context.block().sysvars.rent.minimum_balance(size_bytes);
            let needed = lamports.checked_add(kept).ok_or(InstructionError::InsufficientFunds)?;
            check_withdrawal_funds(context, needed)?;
            check_withdrawal_signer(context, &data.authority)?;
        }
    }
    context.account(0)?.checked_sub_lamports(lamports)?;
    context.account(1)?.checked_add_lamports(lamports)
}

/// The last lamport may leave only once the nonce has moved on, or a transaction could be replayed.
fn close(context: &mut InvokeContext, data: &NonceData) -> Result<(), InstructionError> {
    if data.durable_nonce == DurableNonce::from_blockhash(&context.block().blockhash) {
        log_line!(context, "Withdraw nonce account: nonce can only advance once per slot");
        return Err(SystemError::NonceBlockhashNotExpired.into());
    }
    check_withdrawal_signer(context, &data.authority)?;
    write_state(context, NonceVersion::Current, None)
}

fn check_withdrawal_funds(context: &mut InvokeContext, needed: u64) -> Result<(), InstructionError> {
    let balance = context.account(0)?.lamports();
    if needed > balance {
        log_line!(context, "Withdraw nonce account: insufficient lamports {}, need {}", balance, needed);
        return Err(InstructionError::InsufficientFunds);
    }
    Ok(())
}

fn check_withdrawal_signer(context: &mut InvokeContext, signer: &Pubkey) -> Result<(), InstructionError> {
    if !context.is_signer_key(signer) {
        log_line!(context, "Withdraw nonce account: Account {} must sign", signer);
        return Err(InstructionError::MissingRequiredSignature);
    }
    Ok(())
}

pub(super) fn initialize(context: &mut InvokeContext, authority: &Pubkey) -> Result<(), InstructionError> {
    context.check_account_count(1)?;
    if is_recent_blockhashes_empty(context, 1)? {
        log_line!(context, "Initialize nonce account: recent blockhash list is empty");
        return Err(SystemError::NonceNoRecentBlockhashes.into());
    }
    context.check_account_key(2, &sysvar::rent::ID)?;
    check_writable(context, "Initialize")?;
    if read_state(context)?.data.is_some() {
        return state_is_invalid(context, "Initialize");
    }
    let account = context.account(0)?;
    let (balance, size_bytes) = (account.lamports(), account.data().len());
    let needed = context.block().sysvars.rent.minimum_balance(size_bytes);
    if balance < needed {
        log_line!(context, "Initialize nonce account: insufficient lamports {}, need {}", balance, needed);
        return Err(InstructionError::InsufficientFunds);
    }
    let data = next_data(context, *authority);
    write_state(context, NonceVersion::Current, Some(data))
}

pub(super) fn authorize(context: &mut InvokeContext, authority: &Pubkey) -> Result<(), InstructionError> {
    context.check_account_count(1)?;
    check_writable(context, "Authorize")?;
    let state = read_state(context)?;
    let Some(data) = state.data else { return state_is_invalid(context, "Authorize") };
    if !context.is_signer_key(&data.authority) {
        log_line!(context, "Authorize nonce account: Account {} must sign", data.authority);
        return Err(InstructionError::MissingRequiredSignature);
    }
    write_state(context, state.version, Some(NonceData { authority: *authority, ..data }))
}

/// Moves a legacy nonce out of the domain of blockhashes.
pub(super) fn upgrade(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.check_account_count(1)?;
    let account = context.account(0)?;
    if *account.owner() != system_program::ID {
        return Err(InstructionError::InvalidAccountOwner);
    }
    if !account.is_writable() {
        return Err(InstructionError::InvalidArgument);
    }
    match read_state(context)? {
        NonceState { version: NonceVersion::Legacy, data: Some(data) } => {
            let durable_nonce = DurableNonce::from_blockhash(&data.durable_nonce.0);
            write_state(context, NonceVersion::Current, Some(NonceData { durable_nonce, ..data }))
        }
        _ => Err(InstructionError::InvalidArgument),
    }
}

fn check_writable(context: &mut InvokeContext, what: &str) -> Result<(), InstructionError> {
    let account = context.account(0)?;
    if !account.is_writable() {
        let key = *account.key();
        log_line!(context, "{} nonce account: Account {} must be writeable", what, key);
        return Err(InstructionError::InvalidArgument);
    }
    Ok(())
}

fn state_is_invalid(context: &mut InvokeContext, what: &str) -> Result<(), InstructionError> {
    let key = *context.account_key(0)?;
    log_line!(context, "{} nonce account: Account {} state is invalid", what, key);
    Err(InstructionError::InvalidAccountData)
}

/// Whether the recent-blockhashes sysvar, which must be the account at `index`, has no entries.
fn is_recent_blockhashes_empty(context: &InvokeContext, index: usize) -> Result<bool, InstructionError> {
    context.check_account_key(index, &sysvar::recent_blockhashes::ID)?;
    let data = context.block().sysvars.data(&sysvar::recent_blockhashes::ID);
    let entry_count = data.and_then(|bytes| bytes.first_chunk()).ok_or(InstructionError::UnsupportedSysvar)?;
    Ok(u64::from_le_bytes(*entry_count) == 0)
}

/// What a nonce of `authority` holds after this block moved it on.
fn next_data(context: &InvokeContext, authority: Pubkey) -> NonceData {
    let block = context.block();
    NonceData {
        authority,
        durable_nonce: DurableNonce::from_blockhash(&block.blockhash),
        lamports_per_signature: block.lamports_per_signature,
    }
}

fn read_state(context: &mut InvokeContext) -> Result<NonceState, InstructionError> {
    NonceState::from_bytes(context.account(0)?.data()).ok_or(InstructionError::InvalidAccountData)
}

fn write_state(
    context: &mut InvokeContext,
    version: NonceVersion,
    data: Option<NonceData>,
) -> Result<(), InstructionError> {
    let mut account = context.account(0)?;
    let is_written = NonceState { version, data }.write_to(account.data_mut()?);
    if is_written { Ok(()) } else { Err(InstructionError::AccountDataTooSmall) }
}
