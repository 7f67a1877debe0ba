//! Return data: what a program leaves for its caller, or for the transaction's result.

use heddle_types::limits::RETURN_DATA_BYTES_MAX;
use solana_sbpf::program::BuiltinProgram;

use super::{SUCCESS, add, syscall};
use crate::{GuestSlice, InvokeContext, SyscallError, VmError, budget::costs};

/// Bytes of the program's key that goes with the data.
const KEY_BYTES: u64 = 32;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<SetReturnData>(loader, "sol_set_return_data");
    add::<GetReturnData>(loader, "sol_get_return_data");
}

syscall!(
    /// Sets the return data: (data, length in bytes).
    SetReturnData,
    |context, data, size_bytes, _c, _d, _e| set(context, data, size_bytes)
);

syscall!(
    /// Copies the return data out: (result, its length in bytes, program result). Returns the length of all the data.
    GetReturnData,
    |context, result, size_bytes, program_result, _d, _e| get(context, result, size_bytes, program_result)
);

fn set(context: &mut InvokeContext, data: u64, size_bytes: u64) -> Result<u64, VmError> {
    context.consume(costs::SYSCALL_BASE.saturating_add(size_bytes / costs::CPI_BYTES_PER_UNIT))?;
    let limit = RETURN_DATA_BYTES_MAX as u64;
    if size_bytes > limit {
        return Err(SyscallError::ReturnDataTooLarge(size_bytes, limit).into());
    }
    let slice = context.guest(data, size_bytes)?;
    let program = *context.program_key()?;
    // The context cannot lend guest memory while it is changed: copy once into the vector that is kept.
    let mut kept = std::mem::take(&mut context.transaction.return_data);
    kept.clear();
    kept.extend_from_slice(context.bytes(&slice));
    context.transaction.return_program = program;
    context.transaction.return_data = kept;
    Ok(SUCCESS)
}

fn get(context: &mut InvokeContext, result: u64, size_bytes: u64, program_result: u64) -> Result<u64, VmError> {
    context.consume(costs::SYSCALL_BASE)?;
    let total_bytes = context.transaction.return_data.len() as u64;
    let size_bytes = size_bytes.min(total_bytes);
    if size_bytes == 0 {
        return Ok(total_bytes);
    }
    context.consume(size_bytes.saturating_add(KEY_BYTES) / costs::CPI_BYTES_PER_UNIT)?;
    let result = context.guest_mut(result, size_bytes)?;
    let program_result = context.guest_mut(program_result, KEY_BYTES)?;
    if result.overlaps(&program_result) {
        return Err(SyscallError::CopyOverlapping.into());
    }
    copy_out(context, &result, &program_result);
    Ok(total_bytes)
}

fn copy_out(context: &mut InvokeContext, result: &GuestSlice, program_result: &GuestSlice) {
    let data = std::mem::take(&mut context.transaction.return_data);
    context.bytes_mut(result).copy_from_slice(&data[..result.len()]);
    context.transaction.return_data = data;
    let program = context.transaction.return_program;
    context.bytes_mut(program_result).copy_from_slice(program.as_ref());
}

#[cfg(test)]
mod tests {
    use crate::syscalls::test_guest::{Guest, OUTPUT, Outcome, PAYLOAD, PROGRAM, call};

    /// Sets `data`, gets it back with these arguments and shows what is at the start of the heap.
    fn set_and_get(data: &[u8], [result, size_bytes, program_result]: [u64; 3]) -> Outcome {
        let source = "mov64 r6, r2
            ldxdw r1, [r6+0]
            ldxdw r2, [r6+8]
            syscall sol_set_return_data
            ldxdw r1, [r6+16]
            ldxdw r2, [r6+24]
            ldxdw r3, [r6+32]
            syscall sol_get_return_data
            mov64 r7, 3
            lsh64 r7, 32
            stxdw [r7+0], r0
            mov64 r1, r7
            mov64 r2, 1024
            syscall sol_set_return_data
            mov64 r0, 0
            exit";
        let arguments = [PAYLOAD, data.len() as u64, result, size_bytes, program_result, 0];
        let head = arguments.iter().flat_map(|argument| argument.to_le_bytes());
        Guest::new(source, head.chain(data.iter().copied()).collect()).run()
    }

    #[test]
    fn returns_what_was_set_and_by_whom() {
        let outcome = set_and_get(b"hello", [OUTPUT + 32, 5, OUTPUT]);
        assert_eq!(outcome.returned(), 5);
        let output = outcome.output::<40>();
        assert_eq!((&output[..32], &output[32..]), (PROGRAM.as_ref(), b"hello\0\0\0".as_slice()));
        assert_eq!(outcome.units, 16 + 100 + 100 + (100 + 4));
    }

    #[test]
    fn cuts_what_does_not_fit_but_tells_the_whole_length() {
        let outcome = set_and_get(b"hello", [OUTPUT + 32, 2, OUTPUT]);
        assert_eq!((outcome.returned(), &outcome.output::<36>()[32..]), (5, b"he\0\0".as_slice()));
        // Asking for the length alone touches no memory.
        let outcome = set_and_get(b"hello", [u64::MAX, 0, u64::MAX]);
        assert_eq!((outcome.returned(), outcome.output::<32>()), (5, [0; 32]));
        let outcome = set_and_get(b"", [u64::MAX, u64::MAX, u64::MAX]);
        assert_eq!(outcome.returned(), 0);
        let outcome = set_and_get(&[9; 1000], [OUTPUT, u64::MAX, OUTPUT + 1000]);
        assert_eq!(outcome.returned(), 1000);
        assert_eq!(outcome.units, 16 + (100 + 4) + (100 + 4) + (100 + 4));
    }

    #[test]
    fn shows_the_return_data_in_the_log() {
        let source = "mov64 r1, r2
            mov64 r2, 2
            syscall sol_set_return_data
            mov64 r0, 0
            exit";
        let outcome = Guest::new(source, b"hi".to_vec()).run();
        assert_eq!(outcome.return_data, b"hi");
        assert!(outcome.logs.contains(&format!("Program return: {PROGRAM} aGk=")));
    }

    #[test]
    fn refuses_more_than_a_kibibyte() {
        call("sol_set_return_data", [PAYLOAD, 1025, 0, 0, 0], &[0; 1025])
            .assert_aborted("Return data too large (1025 > 1024)");
        assert_eq!(call("sol_set_return_data", [PAYLOAD, 1024, 0, 0, 0], &[0; 1024]).syscall_units(), 104);
        assert_eq!(call("sol_set_return_data", [u64::MAX, 0, 0, 0, 0], b"").syscall_units(), 100);
    }

    #[test]
    fn refuses_results_that_overlap_or_cannot_be_written() {
        set_and_get(b"hello", [OUTPUT + 31, 5, OUTPUT]).assert_aborted("Overlapping copy");
        set_and_get(b"hello", [OUTPUT, 5, 5 << 32])
            .assert_aborted("Access violation writing 32 bytes at address 0x500000000 (in unallocated region)");
        set_and_get(b"hello", [5 << 32, 5, 5 << 32])
            .assert_aborted("Access violation writing 5 bytes at address 0x500000000 (in unallocated region)");
    }
}
