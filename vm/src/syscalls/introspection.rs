//! What a program may ask about its transaction and its block: stack height, sibling instructions, stakes.

use solana_sbpf::program::BuiltinProgram;

use super::{add, syscall};
use crate::{
    GuestSlice, InvokeContext, SyscallError, TransactionContext, TransactionInstruction, VmError, budget::costs,
};

/// Bytes of `ProcessedSiblingInstruction`: data length, account count.
const HEADER_BYTES: u64 = 16;
/// Bytes of `AccountMeta`: key, signer, writable.
const ACCOUNT_META_BYTES: u64 = 34;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<GetStackHeight>(loader, "sol_get_stack_height");
    add::<GetProcessedSibling>(loader, "sol_get_processed_sibling_instruction");
    add::<GetEpochStake>(loader, "sol_get_epoch_stake");
}

syscall!(
    /// Height of the instruction stack; 1 at top level.
    GetStackHeight,
    |context, _a, _b, _c, _d, _e| {
        context.consume(costs::SYSCALL_BASE)?;
        Ok(context.transaction.stack_height() as u64)
    }
);

syscall!(
    /// An instruction that the same caller processed before this one: (index, header, program, data, accounts). Index 0
    /// is the latest. Returns whether there is one.
    ///
    /// The caller asks twice: a header that does not hold the right lengths is only corrected.
    GetProcessedSibling,
    |context, index, header, program, data, accounts| {
        get_processed_sibling(context, index, header, &SiblingResult { program, data, accounts })
    }
);

syscall!(
    /// Active stake of a vote account, or of the cluster if the address is null: (vote account).
    GetEpochStake,
    |context, vote, _b, _c, _d, _e| get_epoch_stake(context, vote)
);

/// Guest addresses where a sibling goes.
struct SiblingResult {
    program: u64,
    data: u64,
    accounts: u64,
}

fn get_processed_sibling(
    context: &mut InvokeContext,
    index: u64,
    header_address: u64,
    result: &SiblingResult,
) -> Result<u64, VmError> {
    context.consume(costs::SYSCALL_BASE)?;
    let Some(sibling) = usize::try_from(index).ok().and_then(|index| find_sibling(&context.transaction, index)) else {
        return Ok(false.into());
    };
    let header = context.guest_array_mut(header_address, 1, HEADER_BYTES, 8)?;
    let lengths =
        [context.transaction.data_of(&sibling).len() as u64, context.transaction.accounts_of(&sibling).len() as u64];
    let expected: [u8; HEADER_BYTES as usize] = bytemuck::cast(lengths.map(u64::to_le_bytes));
    if context.bytes(&header) != expected {
        context.bytes_mut(&header).copy_from_slice(&expected);
        return Ok(true.into());
    }
    let program = context.guest_mut(result.program, 32)?;
    let data = context.guest_mut(result.data, lengths[0])?;
    let accounts = context.guest_mut(result.accounts, lengths[1].saturating_mul(ACCOUNT_META_BYTES))?;
    let ranges = [&program, &data, &accounts, &header];
    let overlapping = |(index, range): (usize, &&GuestSlice)| ranges[index + 1..].iter().any(|b| range.overlaps(b));
    if ranges.iter().enumerate().any(overlapping) {
        return Err(SyscallError::CopyOverlapping.into());
    }
    let (key, sibling_data, metas) = encode(&context.transaction, &sibling);
    context.bytes_mut(&program).copy_from_slice(&key);
    context.bytes_mut(&data).copy_from_slice(&sibling_data);
    context.bytes_mut(&accounts).copy_from_slice(&metas);
    Ok(true.into())
}

/// Program key, data and account metas of `instruction`, copied out of the context that the writes need whole.
fn encode(transaction: &TransactionContext, instruction: &TransactionInstruction) -> ([u8; 32], Vec<u8>, Vec<u8>) {
    let keys = transaction.keys();
    let metas = transaction.accounts_of(instruction).iter().flat_map(|account| {
        let flags = [account.is_signer.into(), account.is_writable.into()];
        keys[account.index_in_transaction as usize].to_bytes().into_iter().chain(flags)
    });
    let key = keys[instruction.program_index as usize].to_bytes();
    (key, transaction.data_of(instruction).to_vec(), metas.collect())
}

/// The sibling `index` places before the current instruction.
///
/// The trace holds the top-level instructions first, then the CPIs in the order of invocation, so that what lies between
/// two siblings are descendants of the earlier one, and what lies before the first is at most their caller's height.
fn find_sibling(transaction: &TransactionContext, index: usize) -> Option<TransactionInstruction> {
    let current = transaction.current().ok()?;
    let (top_level, inner) = transaction.trace().split_at(transaction.top_level_count());
    if current.stack_height == 1 {
        let siblings = &top_level[..current.top_level_index as usize];
        return siblings.iter().rev().nth(index).cloned();
    }
    // The current instruction is the last of its height: whatever follows it, it has called.
    let is_of_family = |one: &&TransactionInstruction| {
        one.top_level_index == current.top_level_index && one.stack_height >= current.stack_height
    };
    let mut siblings =
        inner.iter().rev().skip_while(|one| one.stack_height != current.stack_height).take_while(is_of_family);
    siblings.next()?;
    siblings.filter(|one| one.stack_height == current.stack_height).nth(index).cloned()
}

/// DEVIATION: stakes are no input of a Heddle block yet; all of them are zero. Units and checks are those of SIMD-0133.
fn get_epoch_stake(context: &mut InvokeContext, vote: u64) -> Result<u64, VmError> {
    if vote == 0 {
        context.consume(costs::SYSCALL_BASE)?;
        return Ok(0);
    }
    let units = costs::SYSCALL_BASE + 32 / costs::CPI_BYTES_PER_UNIT + costs::MEMORY_OPERATION_BASE;
    context.consume(units)?;
    context.read_pubkey(vote)?;
    Ok(0)
}
