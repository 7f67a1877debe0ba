//! What a program may ask about its transaction and its block: stack height, units left, sibling instructions, stakes.

use heddle_types::Gates;
use solana_sbpf::program::BuiltinProgram;

use super::{add, syscall};
use crate::{
    GuestSlice, InvokeContext, SyscallError, TransactionContext, TransactionInstruction, VmError, budget::costs,
};

/// Bytes of `ProcessedSiblingInstruction`: data length, account count.
const HEADER_BYTES: u64 = 16;
/// Bytes of `AccountMeta`: key, signer, writable.
const ACCOUNT_META_BYTES: u64 = 34;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>, gates: &Gates) {
    add::<GetStackHeight>(loader, "sol_get_stack_height");
    add::<GetProcessedSibling>(loader, "sol_get_processed_sibling_instruction");
    if gates.remaining_compute_units_syscall_enabled {
        add::<GetRemainingUnits>(loader, "sol_remaining_compute_units");
    }
    if gates.enable_get_epoch_stake_syscall {
        add::<GetEpochStake>(loader, "sol_get_epoch_stake");
    }
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
    /// Compute units left after this call is paid.
    GetRemainingUnits,
    |context, _a, _b, _c, _d, _e| {
        context.consume(costs::SYSCALL_BASE)?;
        Ok(context.remaining_units())
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

/// Units and checks are those of SIMD-0133.
fn get_epoch_stake(context: &mut InvokeContext, vote: u64) -> Result<u64, VmError> {
    if vote == 0 {
        context.consume(costs::SYSCALL_BASE)?;
        return Ok(context.block().epoch_stakes.total());
    }
    let units = costs::SYSCALL_BASE + 32 / costs::CPI_BYTES_PER_UNIT + costs::MEMORY_OPERATION_BASE;
    context.consume(units)?;
    let vote = context.read_pubkey(vote)?;
    Ok(context.block().epoch_stakes.of(&vote))
}

#[cfg(test)]
mod tests {
    use heddle_types::{Account, Pubkey};

    use super::*;
    use crate::{
        EpochStakes,
        syscalls::test_guest::{Guest, OUTPUT, PAYLOAD, PROGRAM, call, gates_with},
    };

    #[test]
    fn tells_the_stack_height() {
        let outcome = call("sol_get_stack_height", [0; 5], b"");
        assert_eq!((outcome.returned(), outcome.syscall_units()), (1, 100));
    }

    #[test]
    fn tells_the_units_left() {
        let gates = gates_with(|gates| gates.remaining_compute_units_syscall_enabled = true);
        let guest = Guest::calling("sol_remaining_compute_units", [0; 5], b"").gates(gates);
        let outcome = guest.unit_limit(10_000).run();
        // Seven instructions lead up to the call and pay for themselves before.
        assert_eq!((outcome.returned(), outcome.syscall_units()), (10_000 - 7 - 100, 100));
    }

    #[test]
    fn tells_the_stakes_of_the_epoch() {
        let [first, second] = [Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32])];
        let stakes = EpochStakes::new([(first, 30), (second, u64::MAX - 40)].into());
        let call = |vote: u64, payload: &[u8]| {
            Guest::calling("sol_get_epoch_stake", [vote, 0, 0, 0, 0], payload).epoch_stakes(stakes.clone()).run()
        };
        let total = call(0, b"");
        assert_eq!((total.returned(), total.syscall_units()), (u64::MAX - 10, 100));
        for (vote, stake) in [([1; 32], 30), ([2; 32], u64::MAX - 40), ([3; 32], 0)] {
            let outcome = call(PAYLOAD, &vote);
            assert_eq!((outcome.returned(), outcome.syscall_units()), (stake, 110));
        }
        call(5 << 32, b"")
            .assert_aborted("Access violation reading 32 bytes at address 0x500000000 (in unallocated region)");
    }

    #[test]
    fn a_block_without_stakes_has_none() {
        for vote in [0, PAYLOAD] {
            assert_eq!(call("sol_get_epoch_stake", [vote, 0, 0, 0, 0], &[1; 32]).returned(), 0);
        }
    }

    const SIBLING: &str = "sol_get_processed_sibling_instruction";

    /// The earlier instruction: no siblings of its own, 48 bytes of data, two accounts.
    fn earlier() -> Guest {
        Guest::calling(SIBLING, [0; 5], b"")
    }

    #[test]
    fn finds_no_sibling_before_the_first_instruction() {
        let outcome = call(SIBLING, [0, u64::MAX, u64::MAX, u64::MAX, u64::MAX], b"");
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 100));
        for index in [1, u64::MAX] {
            let guest = Guest::calling(SIBLING, [index, u64::MAX, u64::MAX, u64::MAX, u64::MAX], b"");
            assert_eq!(guest.after(&earlier()).run().returned(), 0);
        }
    }

    #[test]
    fn corrects_a_header_with_other_lengths() {
        let guest = Guest::calling(SIBLING, [0, OUTPUT, u64::MAX, u64::MAX, u64::MAX], b"");
        let outcome = guest.after(&earlier()).run();
        assert_eq!(outcome.returned(), 1);
        assert_eq!(outcome.output::<16>(), lengths(48, 2));
    }

    #[test]
    fn copies_the_sibling_out_once_the_lengths_are_right() {
        let addresses = [0, PAYLOAD, OUTPUT, OUTPUT + 32, OUTPUT + 32 + 48];
        let outcome = Guest::calling(SIBLING, addresses, &lengths(48, 2)).after(&earlier()).run();
        assert_eq!(outcome.returned(), 1);
        let output = outcome.output::<{ 32 + 48 + 68 }>();
        assert_eq!(&output[..32], PROGRAM.as_ref());
        assert_eq!(output[32..80], [0; 48]);
        let meta = [PROGRAM.as_ref(), &[1, 0]].concat();
        assert_eq!(output[80..], [meta.clone(), meta].concat());
    }

    #[test]
    fn refuses_a_misaligned_header_and_results_that_overlap() {
        let misaligned = Guest::calling(SIBLING, [0, PAYLOAD + 4, 0, 0, 0], &[0; 32]).after(&earlier()).run();
        misaligned.assert_aborted("Unaligned pointer");
        for addresses in [
            [0, PAYLOAD, OUTPUT, OUTPUT + 31, OUTPUT + 200],
            [0, PAYLOAD, OUTPUT, OUTPUT + 32, OUTPUT + 79],
            [0, PAYLOAD, OUTPUT, OUTPUT + 32, PAYLOAD + 15],
        ] {
            let payload = [lengths(48, 2).as_slice(), &[0; 80]].concat();
            let outcome = Guest::calling(SIBLING, addresses, &payload).after(&earlier()).run();
            outcome.assert_aborted("Overlapping copy");
        }
    }

    fn lengths(data_bytes: u64, account_count: u64) -> [u8; 16] {
        bytemuck::cast([data_bytes.to_le_bytes(), account_count.to_le_bytes()])
    }

    const HEIGHT_MAX: usize = costs::INSTRUCTION_STACK_HEIGHT_MAX;

    /// Opens an instruction below the current one, whose data is its name.
    fn open(transaction: &mut TransactionContext, name: u8) {
        transaction.add_inner_instruction(0, &[], &[name]);
        transaction.push(transaction.trace().len() - 1, HEIGHT_MAX).unwrap();
    }

    fn siblings(transaction: &TransactionContext) -> String {
        let found = (0..).map_while(|index| find_sibling(transaction, index));
        found.map(|one| char::from(transaction.data_of(&one)[0])).collect()
    }

    #[test]
    fn siblings_share_their_caller() {
        let mut transaction = TransactionContext::default();
        transaction.add_account(Pubkey::new_unique(), Account::with_lamports(1));
        for name in *b"ABC" {
            transaction.add_instruction(0, &[], &[name], |_| (false, false));
        }
        // A calls a, which calls x; B calls b, which calls x, and c, which calls y and z (which calls w).
        transaction.push(0, HEIGHT_MAX).unwrap();
        assert_eq!(siblings(&transaction), "");
        open(&mut transaction, b'a');
        open(&mut transaction, b'x');
        (0..3).for_each(|_| transaction.pop().unwrap());
        transaction.push(1, HEIGHT_MAX).unwrap();
        assert_eq!(siblings(&transaction), "A");
        open(&mut transaction, b'b');
        assert_eq!(siblings(&transaction), "");
        open(&mut transaction, b'x');
        (0..2).for_each(|_| transaction.pop().unwrap());
        open(&mut transaction, b'c');
        assert_eq!(siblings(&transaction), "b");
        open(&mut transaction, b'y');
        assert_eq!(siblings(&transaction), "");
        transaction.pop().unwrap();
        open(&mut transaction, b'z');
        assert_eq!(siblings(&transaction), "y");
        open(&mut transaction, b'w');
        assert_eq!(siblings(&transaction), "");
        // Back up: the siblings of z, c and B are the same after their calls.
        for expected in ["y", "b", "A"] {
            transaction.pop().unwrap();
            assert_eq!(siblings(&transaction), expected);
        }
        transaction.pop().unwrap();
        transaction.push(2, HEIGHT_MAX).unwrap();
        assert_eq!(siblings(&transaction), "BA");
    }
}
