//! The log: text, numbers, keys and data. Nothing is formatted when nobody listens, but units are charged and arguments
//! checked all the same: whether a node records logs must not change a result.

use base64::{Engine, prelude::BASE64_STANDARD};
use solana_sbpf::program::BuiltinProgram;

use super::{GuestSlices, SUCCESS, add, syscall};
use crate::{GuestSlice, InvokeContext, SyscallError, VmError, budget::costs, log_line};

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<Log>(loader, "sol_log_");
    add::<LogWords>(loader, "sol_log_64_");
    add::<LogPubkey>(loader, "sol_log_pubkey");
    add::<LogComputeUnits>(loader, "sol_log_compute_units_");
    add::<LogData>(loader, "sol_log_data");
}

syscall!(
    /// Logs a UTF-8 text: (text, length in bytes).
    Log,
    |context, text, size_bytes, _c, _d, _e| log_text(context, text, size_bytes)
);

syscall!(
    /// Logs five numbers in hexadecimal.
    LogWords,
    |context, a, b, c, d, e| {
        context.consume(costs::LOG_64)?;
        log_line!(context, "Program log: {a:#x}, {b:#x}, {c:#x}, {d:#x}, {e:#x}");
        Ok(SUCCESS)
    }
);

syscall!(
    /// Logs a key in base 58: (key).
    LogPubkey,
    |context, key, _b, _c, _d, _e| {
        context.consume(costs::LOG_PUBKEY)?;
        let key = context.read_pubkey(key)?;
        log_line!(context, "Program log: {key}");
        Ok(SUCCESS)
    }
);

syscall!(
    /// Logs the compute units left after this call is paid.
    LogComputeUnits,
    |context, _a, _b, _c, _d, _e| {
        context.consume(costs::SYSCALL_BASE)?;
        let units = context.remaining_units();
        log_line!(context, "Program consumption: {units} units remaining");
        Ok(SUCCESS)
    }
);

syscall!(
    /// Logs byte strings in base 64: (slices, count).
    LogData,
    |context, fields, count, _c, _d, _e| log_data(context, fields, count)
);

fn log_text(context: &mut InvokeContext, text: u64, size_bytes: u64) -> Result<u64, VmError> {
    context.consume(costs::SYSCALL_BASE.max(size_bytes))?;
    let slice = context.guest(text, size_bytes)?;
    let bytes = context.bytes(&slice);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(SyscallError::InvalidString(error, bytes.to_vec()).into()),
    };
    if context.is_logging() {
        let text = text.to_owned();
        context.log(format_args!("Program log: {text}"));
    }
    Ok(SUCCESS)
}

fn log_data(context: &mut InvokeContext, fields: u64, count: u64) -> Result<u64, VmError> {
    context.consume(costs::SYSCALL_BASE)?;
    let fields = GuestSlices::translate(context, fields, count)?;
    context.consume(costs::SYSCALL_BASE.saturating_mul(fields.count() as u64))?;
    let size_bytes = (0..fields.count()).fold(0u64, |total, index| total.saturating_add(fields.get(context, index).1));
    context.consume(size_bytes)?;
    let mut line = String::new();
    for index in 0..fields.count() {
        let (address, size_bytes) = fields.get(context, index);
        let field = context.guest(address, size_bytes)?;
        append_base64(context, &mut line, &field, index > 0);
    }
    log_line!(context, "Program data: {line}");
    Ok(SUCCESS)
}

fn append_base64(context: &InvokeContext, line: &mut String, field: &GuestSlice, is_separated: bool) {
    if !context.is_logging() {
        return;
    }
    if is_separated {
        line.push(' ');
    }
    BASE64_STANDARD.encode_string(context.bytes(field), line);
}

#[cfg(test)]
mod tests {
    use solana_instruction_error::InstructionError;

    use crate::syscalls::test_guest::{Guest, OUTPUT, PAYLOAD, PROGRAM, STACK, call, slices};

    #[test]
    fn logs_text_at_one_unit_a_byte_but_at_least_the_base() {
        let short = call("sol_log_", [PAYLOAD, 5, 0, 0, 0], b"hello");
        assert_eq!((short.returned(), short.syscall_units()), (0, 100));
        assert_eq!(short.program_logs(), ["Program log: hello"]);

        let long = call("sol_log_", [PAYLOAD, 150, 0, 0, 0], &[b'x'; 150]);
        assert_eq!(long.syscall_units(), 150);

        let empty = call("sol_log_", [u64::MAX, 0, 0, 0, 0], b"");
        assert_eq!((empty.program_logs(), empty.syscall_units()), (vec!["Program log: "], 100));
    }

    #[test]
    fn refuses_text_that_is_not_utf8_whether_or_not_anybody_listens() {
        let guest = Guest::calling("sol_log_", [PAYLOAD, 2, 0, 0, 0], &[b'a', 0xff]);
        guest.run().assert_aborted("invalid utf-8 sequence of 1 bytes from index 1: [97, 255]");
        assert_eq!(guest.without_logs().run().result, Err(InstructionError::ProgramFailedToComplete));
    }

    #[test]
    fn refuses_text_outside_memory() {
        let outcome = call("sol_log_", [PAYLOAD, 2_000, 0, 0, 0], b"");
        outcome.assert_aborted("Access violation reading 2000 bytes at address 0x400000040 (in input region)");
        call("sol_log_", [5 << 32, 1, 0, 0, 0], b"")
            .assert_aborted("Access violation reading 1 bytes at address 0x500000000 (in unallocated region)");
        let outcome = call("sol_log_", [PAYLOAD, u64::MAX, 0, 0, 0], b"");
        outcome.assert_failed(InstructionError::ComputationalBudgetExceeded, "Computational budget exceeded");
        assert_eq!(outcome.units, 1_400_000);
    }

    #[test]
    fn logs_numbers_keys_and_units() {
        let words = call("sol_log_64_", [1, 16, 255, u64::MAX, 0], b"");
        assert_eq!(words.program_logs(), ["Program log: 0x1, 0x10, 0xff, 0xffffffffffffffff, 0x0"]);
        assert_eq!(words.syscall_units(), 100);

        let key = call("sol_log_pubkey", [PAYLOAD, 0, 0, 0, 0], PROGRAM.as_ref());
        assert_eq!(key.program_logs(), [format!("Program log: {PROGRAM}")]);
        assert_eq!(key.syscall_units(), 100);
        // Keys need no alignment.
        assert_eq!(call("sol_log_pubkey", [PAYLOAD - 1, 0, 0, 0, 0], &[0; 32]).returned(), 0);

        let units = Guest::calling("sol_log_compute_units_", [0; 5], b"").unit_limit(1_000).run();
        assert_eq!(units.program_logs(), ["Program consumption: 893 units remaining"]);
    }

    #[test]
    fn logs_data_for_each_field_and_each_byte() {
        let payload = slices(&[b"ab", b"", b"\xff\xfe\xfd"]);
        let outcome = call("sol_log_data", [PAYLOAD, 3, 0, 0, 0], &payload);
        assert_eq!(outcome.program_logs(), ["Program data: YWI=  //79"]);
        assert_eq!(outcome.syscall_units(), 100 + 3 * 100 + 5);

        let none = call("sol_log_data", [u64::MAX, 0, 0, 0, 0], b"");
        assert_eq!((none.program_logs(), none.syscall_units()), (vec!["Program data: "], 100));
    }

    #[test]
    fn refuses_hostile_data_fields() {
        call("sol_log_data", [PAYLOAD + 4, 1, 0, 0, 0], &[0; 64]).assert_aborted("Unaligned pointer");
        call("sol_log_data", [PAYLOAD, u64::MAX, 0, 0, 0], b"").assert_aborted("InvalidLength");
        let mut payload = slices(&[b"ab"]);
        payload[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        let outcome = call("sol_log_data", [PAYLOAD, 1, 0, 0, 0], &payload);
        outcome.assert_failed(InstructionError::ComputationalBudgetExceeded, "Computational budget exceeded");
        payload[8..16].copy_from_slice(&1_000u64.to_le_bytes());
        let guest = Guest::calling("sol_log_data", [PAYLOAD, 1, 0, 0, 0], &payload);
        guest.run().assert_aborted("Access violation reading 1000 bytes at address 0x400000050 (in input region)");
        assert_eq!(guest.without_logs().run().result, Err(InstructionError::ProgramFailedToComplete));
    }

    #[test]
    fn reads_from_stack_and_heap_beyond_what_is_mapped_at_first() {
        assert_eq!(call("sol_log_", [OUTPUT + 30_000, 100, 0, 0, 0], b"").returned(), 0);
        assert_eq!(call("sol_log_", [STACK + 200_000, 100, 0, 0, 0], b"").returned(), 0);
        assert_eq!(call("sol_log_", [STACK, 262_144, 0, 0, 0], b"").returned(), 0);
        assert!(call("sol_log_", [STACK, 262_145, 0, 0, 0], b"").result.is_err());
        assert!(call("sol_log_", [OUTPUT + 32_000, 1_000, 0, 0, 0], b"").result.is_err());
    }
}
