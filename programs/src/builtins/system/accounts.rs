//! Instructions that create, allocate, assign and fund accounts.

use heddle_types::{Pubkey, limits};
use heddle_vm::{InvokeContext, log_line};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::system_program;

use super::{SystemError, instruction::Seed};

/// An account's address and, if it is derived with a seed, whose signature stands for it.
///
/// Log lines show it in its debug form, so its name and fields are part of the protocol.
#[derive(Debug)]
pub(super) struct Address {
    address: Pubkey,
    base: Option<Pubkey>,
}

impl Address {
    pub(super) fn plain(address: Pubkey) -> Self {
        Self { address, base: None }
    }

    /// The address of the account at `index`, which must be the one that `base` derives with `seed` for `owner`.
    pub(super) fn derived(
        context: &mut InvokeContext,
        index: usize,
        base: &Pubkey,
        seed: &Seed,
        owner: &Pubkey,
    ) -> Result<Self, InstructionError> {
        let address = *context.account_key(index)?;
        let derived = seed.derive(base, owner)?;
        if address != derived {
            log_line!(context, "Create: address {} does not match derived address {}", address, derived);
            return Err(SystemError::AddressWithSeedMismatch.into());
        }
        Ok(Self { address, base: Some(*base) })
    }

    fn is_signer(&self, context: &InvokeContext) -> bool {
        context.is_signer_key(self.base.as_ref().unwrap_or(&self.address))
    }
}

/// Sizes the account at `index`, which must be the system program's and empty.
pub(super) fn allocate(
    context: &mut InvokeContext,
    index: usize,
    address: &Address,
    space: u64,
) -> Result<(), InstructionError> {
    if !address.is_signer(context) {
        log_line!(context, "Allocate: 'to' account {:?} must sign", address);
        return Err(InstructionError::MissingRequiredSignature);
    }
    let account = context.account(index)?;
    if !account.data().is_empty() || *account.owner() != system_program::ID {
        log_line!(context, "Allocate: account {:?} already in use", address);
        return Err(SystemError::AccountAlreadyInUse.into());
    }
    if space > limits::ACCOUNT_DATA_BYTES_MAX as u64 {
        log_line!(context, "Allocate: requested {}, max allowed {}", space, limits::ACCOUNT_DATA_BYTES_MAX);
        return Err(SystemError::InvalidAccountDataLength.into());
    }
    context.account(index)?.set_data_length(space as usize)
}

/// Gives the account at `index` to `owner`; nothing to sign for if it has it already.
pub(super) fn assign(
    context: &mut InvokeContext,
    index: usize,
    address: &Address,
    owner: &Pubkey,
) -> Result<(), InstructionError> {
    if context.account(index)?.owner() == owner {
        return Ok(());
    }
    if !address.is_signer(context) {
        log_line!(context, "Assign: account {:?} must sign", address);
        return Err(InstructionError::MissingRequiredSignature);
    }
    context.account(index)?.set_owner(owner)
}

pub(super) fn allocate_and_assign(
    context: &mut InvokeContext,
    index: usize,
    address: &Address,
    space: u64,
    owner: &Pubkey,
) -> Result<(), InstructionError> {
    allocate(context, index, address, space)?;
    assign(context, index, address, owner)
}

/// Creates account 1, paid by account 0.
pub(super) fn create(
    context: &mut InvokeContext,
    to: &Address,
    lamports: u64,
    space: u64,
    owner: &Pubkey,
) -> Result<(), InstructionError> {
    if context.account(1)?.lamports() > 0 {
        log_line!(context, "Create Account: account {:?} already in use", to);
        return Err(SystemError::AccountAlreadyInUse.into());
    }
    allocate_and_assign(context, 1, to, space, owner)?;
    transfer(context, 0, 1, lamports)
}

/// Creates account 0, which may hold lamports already; account 1 adds `lamports` if there are any to add.
pub(super) fn create_allow_prefund(
    context: &mut InvokeContext,
    to: &Address,
    lamports: u64,
    space: u64,
    owner: &Pubkey,
) -> Result<(), InstructionError> {
    allocate_and_assign(context, 0, to, space, owner)?;
    if lamports > 0 { transfer(context, 1, 0, lamports) } else { Ok(()) }
}

/// Moves lamports from an account that signed.
#[inline]
pub(super) fn transfer(
    context: &mut InvokeContext,
    from: usize,
    to: usize,
    lamports: u64,
) -> Result<(), InstructionError> {
    if !context.account(from)?.is_signer() {
        let key = *context.account_key(from)?;
        log_line!(context, "Transfer: `from` account {} must sign", key);
        return Err(InstructionError::MissingRequiredSignature);
    }
    transfer_signed(context, from, to, lamports)
}

/// Moves lamports from account 0, which is derived from account 1, to account 2.
pub(super) fn transfer_with_seed(
    context: &mut InvokeContext,
    seed: &Seed,
    owner: &Pubkey,
    lamports: u64,
) -> Result<(), InstructionError> {
    let base = context.account(1)?;
    let base_key = *base.key();
    if !base.is_signer() {
        log_line!(context, "Transfer: 'from' account {:?} must sign", base_key);
        return Err(InstructionError::MissingRequiredSignature);
    }
    let derived = seed.derive(&base_key, owner)?;
    let from = *context.account_key(0)?;
    if from != derived {
        log_line!(context, "Transfer: 'from' address {} does not match derived address {}", from, derived);
        return Err(SystemError::AddressWithSeedMismatch.into());
    }
    transfer_signed(context, 0, 2, lamports)
}

fn transfer_signed(context: &mut InvokeContext, from: usize, to: usize, lamports: u64) -> Result<(), InstructionError> {
    let mut payer = context.account(from)?;
    if !payer.data().is_empty() {
        log_line!(context, "Transfer: `from` must not carry data");
        return Err(InstructionError::InvalidArgument);
    }
    let balance = payer.lamports();
    if lamports > balance {
        log_line!(context, "Transfer: insufficient lamports {}, need {}", balance, lamports);
        return Err(SystemError::ResultWithNegativeLamports.into());
    }
    payer.checked_sub_lamports(lamports)?;
    context.account(to)?.checked_add_lamports(lamports)
}
