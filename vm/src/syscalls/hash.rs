//! Hashes over slices of guest memory.

use heddle_types::Gates;
use sha2::{Digest, Sha256, Sha512};
use sha3::Keccak256;
use solana_sbpf::program::BuiltinProgram;

use super::{GuestSlices, SUCCESS, add, syscall};
use crate::{InvokeContext, SyscallError, VmError, budget::costs, log_line};

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>, gates: &Gates) {
    add::<HashSha256>(loader, "sol_sha256");
    add::<HashKeccak256>(loader, "sol_keccak256");
    if gates.blake3_syscall_enabled {
        add::<HashBlake3>(loader, "sol_blake3");
    }
    if gates.enable_sha512_syscall {
        add::<HashSha512>(loader, "sol_sha512");
    }
}

syscall!(
    /// SHA-256: (slices, count, result).
    HashSha256,
    |context, slices, count, result, _d, _e| hash::<Sha256>(context, slices, count, result)
);

syscall!(
    /// Keccak-256: (slices, count, result).
    HashKeccak256,
    |context, slices, count, result, _d, _e| hash::<Keccak256>(context, slices, count, result)
);

syscall!(
    /// BLAKE3: (slices, count, result).
    HashBlake3,
    |context, slices, count, result, _d, _e| hash::<blake3::Hasher>(context, slices, count, result)
);

syscall!(
    /// SHA-512: (slices, count, result).
    HashSha512,
    |context, slices, count, result, _d, _e| hash::<Sha512>(context, slices, count, result)
);

/// A hash function that takes its input piece by piece.
trait HashFunction: Default {
    /// What the log calls it.
    const NAME: &'static str;
    type Output: AsRef<[u8]>;

    fn append(&mut self, bytes: &[u8]);

    fn finish(self) -> Self::Output;
}

macro_rules! hash_function {
    ($function:ident, $name:literal) => {
        impl HashFunction for $function {
            const NAME: &'static str = $name;
            type Output = sha2::digest::Output<Self>;

            fn append(&mut self, bytes: &[u8]) {
                self.update(bytes);
            }

            fn finish(self) -> Self::Output {
                self.finalize()
            }
        }
    };
}

hash_function!(Sha256, "Sha256");
hash_function!(Keccak256, "Keccak256");
hash_function!(Sha512, "Sha512");

impl HashFunction for blake3::Hasher {
    const NAME: &'static str = "Blake3";
    type Output = [u8; 32];

    fn append(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }

    fn finish(self) -> [u8; 32] {
        self.finalize().into()
    }
}

fn hash<H: HashFunction>(context: &mut InvokeContext, slices: u64, count: u64, result: u64) -> Result<u64, VmError> {
    let limit = costs::HASH_SLICES_MAX;
    if count > limit {
        log_line!(context, "{} Hashing {count} sequences in one syscall is over the limit {limit}", H::NAME);
        return Err(SyscallError::TooManySlices.into());
    }
    context.consume(costs::SHA256_BASE)?;
    let result = context.guest_mut(result, size_of::<H::Output>() as u64)?;
    let slices = GuestSlices::translate(context, slices, count)?;
    let mut function = H::default();
    for index in 0..slices.count() {
        let (address, size_bytes) = slices.get(context, index);
        let slice = context.guest(address, size_bytes)?;
        context.consume(costs::MEMORY_OPERATION_BASE.max(costs::SHA256_BYTE * (size_bytes / 2)))?;
        function.append(context.bytes(&slice));
    }
    context.bytes_mut(&result).copy_from_slice(function.finish().as_ref());
    Ok(SUCCESS)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256, Sha512};
    use sha3::Keccak256;
    use solana_instruction_error::InstructionError;

    use crate::syscalls::test_guest::{Guest, OUTPUT, PAYLOAD, call, gates_with, slices};

    #[test]
    fn hashes_the_concatenation_of_all_slices() {
        let long = [b'x'; 101];
        let payload = slices(&[b"ab", b"", &long]);
        let whole = [b"ab".as_slice(), &long].concat();
        let expected: [(&str, [u8; 32]); 2] =
            [("sol_sha256", Sha256::digest(&whole).into()), ("sol_keccak256", Keccak256::digest(&whole).into())];
        for (syscall, expected) in expected {
            let outcome = call(syscall, [PAYLOAD, 3, OUTPUT, 0, 0], &payload);
            assert_eq!((outcome.returned(), outcome.output()), (0, expected), "{syscall}");
            // Half a unit a byte, but at least a memory operation for each slice.
            assert_eq!(outcome.syscall_units(), 85 + 10 + 10 + 50, "{syscall}");
        }
    }

    #[test]
    fn hashes_by_functions_that_are_behind_gates() {
        let payload = slices(&[b"ab", b"c"]);
        let gates = gates_with(|gates| (gates.blake3_syscall_enabled, gates.enable_sha512_syscall) = (true, true));
        let call = |syscall: &str, count: u64, result: u64| {
            Guest::calling(syscall, [PAYLOAD, count, result, 0, 0], &payload).gates(gates).run()
        };
        let outcome = call("sol_blake3", 2, OUTPUT);
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 85 + 10 + 10));
        assert_eq!(outcome.output::<33>(), [blake3::hash(b"abc").as_bytes().as_slice(), &[0]].concat()[..]);
        let outcome = call("sol_sha512", 2, OUTPUT);
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 85 + 10 + 10));
        assert_eq!(outcome.output::<64>(), <[u8; 64]>::from(Sha512::digest(b"abc")));
        for (syscall, name, size_bytes) in [("sol_blake3", "Blake3", 32), ("sol_sha512", "Sha512", 64)] {
            let outcome = call(syscall, 20_001, OUTPUT);
            let line = format!("{name} Hashing 20001 sequences in one syscall is over the limit 20000");
            assert!(outcome.logs.contains(&line), "{:#?}", outcome.logs);
            call(syscall, 0, 5 << 32).assert_aborted(&format!(
                "Access violation writing {size_bytes} bytes at address 0x500000000 (in unallocated region)"
            ));
        }
    }

    #[test]
    fn hashes_nothing_without_looking_at_the_slices() {
        let outcome = call("sol_sha256", [u64::MAX, 0, OUTPUT, 0, 0], b"");
        assert_eq!((outcome.output(), outcome.syscall_units()), (Sha256::digest(b"").into(), 85));
    }

    #[test]
    fn refuses_more_than_twenty_thousand_slices_free_of_charge() {
        for count in [20_001, u64::MAX] {
            let outcome = call("sol_keccak256", [PAYLOAD, count, OUTPUT, 0, 0], b"");
            outcome.assert_aborted("Hashing too many sequences");
            let line = format!("Keccak256 Hashing {count} sequences in one syscall is over the limit 20000");
            assert!(outcome.logs.contains(&line), "{:#?}", outcome.logs);
            assert_eq!(outcome.units, 7, "only the instructions up to the call");
        }
        let empty_slices = vec![0; 20_000 * 16];
        let outcome = call("sol_sha256", [PAYLOAD, 20_000, OUTPUT, 0, 0], &empty_slices);
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 85 + 20_000 * 10));
    }

    #[test]
    fn refuses_hostile_addresses_and_lengths() {
        call("sol_sha256", [PAYLOAD, 0, 5 << 32, 0, 0], b"")
            .assert_aborted("Access violation writing 32 bytes at address 0x500000000 (in unallocated region)");
        call("sol_sha256", [PAYLOAD + 1, 1, OUTPUT, 0, 0], &[0; 64]).assert_aborted("Unaligned pointer");
        let mut payload = slices(&[b"ab"]);
        payload[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        call("sol_sha256", [PAYLOAD, 1, OUTPUT, 0, 0], &payload).assert_aborted("InvalidLength");
        payload[8..16].copy_from_slice(&(i64::MAX as u64).to_le_bytes());
        let outcome = call("sol_sha256", [PAYLOAD, 1, OUTPUT, 0, 0], &payload);
        assert_eq!(outcome.result, Err(InstructionError::ProgramFailedToComplete));
    }
}
