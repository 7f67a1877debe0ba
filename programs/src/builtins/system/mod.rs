//! The system program: creates accounts, moves lamports, keeps durable nonces.
//!
//! Checks, their order, error codes and log lines are those of crate `solana-system-program` 4.2.2.

mod accounts;
mod instruction;
mod nonce;

use accounts::Address;
use heddle_types::{Pubkey, limits};
use heddle_vm::{AccountMeta, Builtin, Instruction, InvokeContext};
pub(in crate::builtins) use instruction::Seed;
use instruction::SystemInstruction;
use solana_instruction_error::InstructionError;
use solana_sdk_ids::system_program;

/// Cost of any instruction.
const COMPUTE_UNITS: u64 = 150;

/// Errors of this program; the instruction fails with `Custom(code)`.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
enum SystemError {
    AccountAlreadyInUse = 0,
    ResultWithNegativeLamports = 1,
    InvalidAccountDataLength = 3,
    AddressWithSeedMismatch = 5,
    NonceNoRecentBlockhashes = 6,
    NonceBlockhashNotExpired = 7,
}

impl From<SystemError> for InstructionError {
    fn from(error: SystemError) -> Self {
        Self::Custom(error as u32)
    }
}

/// See the [module](self).
pub(crate) struct SystemProgram;

impl Builtin for SystemProgram {
    fn process(&self, context: &mut InvokeContext) -> Result<(), InstructionError> {
        process(context)
    }

    fn plain_transfer_units(&self) -> Option<u64> {
        Some(COMPUTE_UNITS)
    }
}

fn process(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(COMPUTE_UNITS)?;
    match SystemInstruction::decode(context.instruction_data())? {
        SystemInstruction::Transfer { lamports } => {
            context.check_account_count(2)?;
            accounts::transfer(context, 0, 1, lamports)
        }
        SystemInstruction::CreateAccount { lamports, space, owner } => {
            context.check_account_count(2)?;
            let to = Address::plain(*context.account_key(1)?);
            accounts::create(context, &to, lamports, space, &owner)
        }
        SystemInstruction::CreateAccountWithSeed { base, seed, lamports, space, owner } => {
            context.check_account_count(2)?;
            let to = Address::derived(context, 1, &base, &seed, &owner)?;
            accounts::create(context, &to, lamports, space, &owner)
        }
        SystemInstruction::CreateAccountAllowPrefund { .. } if !context.gates().create_account_allow_prefund => {
            Err(InstructionError::InvalidInstructionData)
        }
        SystemInstruction::CreateAccountAllowPrefund { lamports, space, owner } => {
            context.check_account_count(if lamports > 0 { 2 } else { 1 })?;
            let to = Address::plain(*context.account_key(0)?);
            accounts::create_allow_prefund(context, &to, lamports, space, &owner)
        }
        SystemInstruction::Assign { owner } => {
            context.check_account_count(1)?;
            let address = Address::plain(*context.account_key(0)?);
            accounts::assign(context, 0, &address, &owner)
        }
        SystemInstruction::AssignWithSeed { base, seed, owner } => {
            context.check_account_count(1)?;
            let address = Address::derived(context, 0, &base, &seed, &owner)?;
            accounts::assign(context, 0, &address, &owner)
        }
        SystemInstruction::Allocate { space } => {
            context.check_account_count(1)?;
            let address = Address::plain(*context.account_key(0)?);
            accounts::allocate(context, 0, &address, space)
        }
        SystemInstruction::AllocateWithSeed { base, seed, space, owner } => {
            context.check_account_count(1)?;
            let address = Address::derived(context, 0, &base, &seed, &owner)?;
            accounts::allocate_and_assign(context, 0, &address, space, &owner)
        }
        SystemInstruction::TransferWithSeed { lamports, seed, owner } => {
            context.check_account_count(3)?;
            accounts::transfer_with_seed(context, &seed, &owner, lamports)
        }
        SystemInstruction::AdvanceNonceAccount => nonce::advance(context),
        SystemInstruction::WithdrawNonceAccount { lamports } => nonce::withdraw(context, lamports),
        SystemInstruction::InitializeNonceAccount { authority } => nonce::initialize(context, &authority),
        SystemInstruction::AuthorizeNonceAccount { authority } => nonce::authorize(context, &authority),
        SystemInstruction::UpgradeNonceAccount => nonce::upgrade(context),
    }
}

/// Account data that an instruction with this data asks for, in bytes; `None` if it can only fail. For the cost model.
pub fn allocated_bytes(data: &[u8], is_prefund_allowed: bool) -> Option<u64> {
    let space = match SystemInstruction::decode(data).ok()? {
        SystemInstruction::CreateAccount { space, .. }
        | SystemInstruction::CreateAccountWithSeed { space, .. }
        | SystemInstruction::Allocate { space }
        | SystemInstruction::AllocateWithSeed { space, .. } => space,
        SystemInstruction::CreateAccountAllowPrefund { space, .. } => is_prefund_allowed.then_some(space)?,
        _ => 0,
    };
    (space <= limits::ACCOUNT_DATA_BYTES_MAX as u64).then_some(space)
}

/// A transfer, for other builtins to invoke.
pub(crate) fn transfer(from: Pubkey, to: Pubkey, lamports: u64) -> Instruction {
    let accounts = vec![
        AccountMeta { key: from, is_signer: true, is_writable: true },
        AccountMeta { key: to, is_signer: false, is_writable: true },
    ];
    Instruction { program: system_program::ID, accounts, data: SystemInstruction::encode_transfer(lamports) }
}

/// The creation of an account, for other builtins to invoke.
pub(crate) fn create_account(from: Pubkey, to: Pubkey, lamports: u64, space: u64, owner: &Pubkey) -> Instruction {
    let accounts = vec![
        AccountMeta { key: from, is_signer: true, is_writable: true },
        AccountMeta { key: to, is_signer: true, is_writable: true },
    ];
    let data = SystemInstruction::encode_create_account(lamports, space, owner);
    Instruction { program: system_program::ID, accounts, data }
}
