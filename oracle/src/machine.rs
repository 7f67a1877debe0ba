//! The call machine: one program that runs a script found in its instruction data, so that a scenario needs no code of its own.
//!
//! ```text
//! instruction data:  step, step, ..., payload        a step is 48 bytes:
//!                                                    operation u8, flags u8, kind u8 × 5, 0, argument u64 LE × 5
//! ```
//!
//! Each step resolves its five arguments, then does a syscall or one of the few other [`Operation`]s; what that gave is
//! the *result*. Empty instruction data is success. Registers and memory outside the top 16 bytes of the first frame are
//! the script's own; the zeroed heap is where scripts build what a syscall reads.

use crate::program::{Version, assemble};
use std::fmt::Write;

/// Where program text, or read-only data in v3, begins.
pub const TEXT: u64 = 0x1_0000_0000;
/// Where the stack begins; frames of 4 KiB, each followed by a gap of 4 KiB in v0.
pub const STACK: u64 = 0x2_0000_0000;
/// Where the heap begins, 32 KiB unless more is asked for.
pub const HEAP: u64 = 0x3_0000_0000;
/// Where the serialised input begins.
pub const INPUT: u64 = 0x4_0000_0000;
/// Bytes that an account may grow by in one instruction, kept free behind its data.
pub const GROWTH_BYTES: u64 = 10_240;
/// Bytes of a step.
pub const STEP_BYTES: u64 = 48;

/// Syscalls in the order of their operation codes, which start at [`FIRST_SYSCALL`].
const SYSCALLS: [&str; 38] = [
    "abort",
    "sol_panic_",
    "sol_log_",
    "sol_log_64_",
    "sol_log_pubkey",
    "sol_log_compute_units_",
    "sol_log_data",
    "sol_create_program_address",
    "sol_try_find_program_address",
    "sol_sha256",
    "sol_keccak256",
    "sol_secp256k1_recover",
    "sol_curve_validate_point",
    "sol_curve_group_op",
    "sol_curve_multiscalar_mul",
    "sol_curve_decompress",
    "sol_curve_pairing_map",
    "sol_alt_bn128_group_op",
    "sol_alt_bn128_compression",
    "sol_poseidon",
    "sol_get_clock_sysvar",
    "sol_get_epoch_schedule_sysvar",
    "sol_get_rent_sysvar",
    "sol_get_last_restart_slot",
    "sol_get_epoch_rewards_sysvar",
    "sol_get_sysvar",
    "sol_get_epoch_stake",
    "sol_memcpy_",
    "sol_memmove_",
    "sol_memset_",
    "sol_memcmp_",
    "sol_set_return_data",
    "sol_get_return_data",
    "sol_get_processed_sibling_instruction",
    "sol_get_stack_height",
    "sol_alloc_free_",
    "sol_invoke_signed_c",
    "sol_invoke_signed_rust",
];

const EXIT: u8 = 0;
const GOTO: u8 = 1;
const LOAD: u8 = 2;
const STORE: u8 = 6;
const SKIP_IF_RESULT_IS: u8 = 10;
const FIRST_SYSCALL: u8 = 11;

/// Flag: log the result with `sol_log_64_(result, operation, 0, 0, 0)`.
const LOG_RESULT: u8 = 1;

/// Instructions from the return of a syscall whose result is not logged to the end of a program whose next step is
/// [`exit`]`(0)`.
pub const UNITS_AFTER_LAST_SYSCALL: u64 = 26;

/// One of a step's five arguments.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// As it is.
    Value(u64),
    /// An offset into the instruction data, made an address.
    Here(u64),
    /// Added to the result of the step before.
    FromResult(u64),
    /// The u64 at this address.
    At(u64),
}

use Argument::{At, FromResult, Here, Value};

/// One step of a script.
#[derive(Clone, Debug)]
pub struct Step {
    operation: u8,
    flags: u8,
    pub arguments: [Argument; 5],
}

impl Step {
    fn new(operation: u8, arguments: &[Argument]) -> Self {
        let mut all = [Value(0); 5];
        all[..arguments.len()].copy_from_slice(arguments);
        Self { operation, flags: 0, arguments: all }
    }

    /// Logs the result.
    pub fn logged(mut self) -> Self {
        self.flags = LOG_RESULT;
        self
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.operation, self.flags];
        let mut words = Vec::new();
        for argument in self.arguments {
            let (kind, word) = match argument {
                Value(value) => (0, value),
                Here(offset) => (1, offset),
                FromResult(value) => (2, value),
                At(address) => (3, address),
            };
            bytes.push(kind);
            words.extend(word.to_le_bytes());
        }
        bytes.push(0);
        bytes.extend(words);
        bytes
    }
}

/// Calls the syscall of this name.
pub fn call(syscall: &str, arguments: &[Argument]) -> Step {
    let index = SYSCALLS.iter().position(|name| *name == syscall);
    let index = index.unwrap_or_else(|| panic!("{syscall} is not a syscall of the machine"));
    Step::new(FIRST_SYSCALL + index as u8, arguments)
}

/// Ends the program with this code.
pub fn exit(code: Argument) -> Step {
    Step::new(EXIT, &[code])
}

/// Goes on with the step at this address.
pub fn goto(address: Argument) -> Step {
    Step::new(GOTO, &[address])
}

/// Loads 2^`log_size` bytes.
pub fn load(log_size: u8, address: Argument) -> Step {
    Step::new(LOAD + log_size, &[address])
}

/// Stores the low 2^`log_size` bytes of `value`.
pub fn store(log_size: u8, address: Argument, value: Argument) -> Step {
    Step::new(STORE + log_size, &[address, value])
}

/// Leaves `steps` steps out if the result so far is `value`.
pub fn skip_if_result_is(value: u64, steps: u64) -> Step {
    Step::new(SKIP_IF_RESULT_IS, &[Value(value), Value(steps * STEP_BYTES)])
}

/// Copies `length` bytes at `from` to `to`, by syscall.
pub fn copy(to: u64, from: Argument, length: usize) -> Step {
    call("sol_memcpy_", &[Value(to), from, Value(length as u64)])
}

/// Makes `length` bytes at `address` the return data.
pub fn give(address: u64, length: u64) -> Step {
    call("sol_set_return_data", &[Value(address), Value(length)])
}

/// Instruction data: a jump over `payload`, `payload`, then the steps. `Here` is relative to the payload.
pub fn script(steps: &[Step], payload: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    payload.resize(payload.len().next_multiple_of(8), 0);
    let mut bytes = Vec::new();
    if !payload.is_empty() {
        bytes = goto(Here(STEP_BYTES + payload.len() as u64)).to_bytes();
        bytes.extend(&payload);
    }
    let payload_offset = if payload.is_empty() { 0 } else { STEP_BYTES };
    for step in steps {
        let arguments = step.arguments.map(|argument| match argument {
            Here(offset) => Here(offset.wrapping_add(payload_offset)),
            other => other,
        });
        bytes.extend(Step { arguments, ..step.clone() }.to_bytes());
    }
    bytes
}

/// Bytes that will lie at a known address, with pointers among them.
#[derive(Clone, Debug)]
pub struct Image {
    base: u64,
    pub bytes: Vec<u8>,
}

impl Image {
    /// An empty image at `base`.
    pub fn new(base: u64) -> Self {
        Self { base, bytes: Vec::new() }
    }

    /// An image that will be a script's payload, where the instruction has no accounts.
    pub fn payload() -> Self {
        Self::new(Layout::of(&[]).instruction_data() + STEP_BYTES)
    }

    /// Adds bytes, aligned to 8, and says where they are.
    pub fn put(&mut self, bytes: impl AsRef<[u8]>) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = self.base + self.bytes.len() as u64;
        self.bytes.extend(bytes.as_ref());
        address
    }

    /// Adds u64s.
    pub fn put_words(&mut self, words: &[u64]) -> u64 {
        self.put(words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// Adds byte strings and the table of their (address, length), whose address it gives.
    pub fn put_slices<T: AsRef<[u8]>>(&mut self, parts: &[T]) -> u64 {
        let mut table = Vec::new();
        for part in parts {
            table.push(self.put(part));
            table.push(part.as_ref().len() as u64);
        }
        self.put_words(&table)
    }
}

/// Addresses of an aligned input (loaders v2 and v3), from the accounts of the instruction.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Of each account, the address of its first byte: the duplicate marker.
    accounts: Vec<u64>,
    data_lengths: Vec<u64>,
    instruction_data: u64,
}

/// An account as an input holds it.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    /// The first mention, with this many bytes of data.
    Account(u64),
    /// Another mention of the account at this index.
    Duplicate(usize),
}

impl Layout {
    /// The layout of an input with these accounts.
    pub fn new(slots: &[Slot]) -> Self {
        let mut at = INPUT + 8;
        let mut layout = Self { accounts: Vec::new(), data_lengths: Vec::new(), instruction_data: 0 };
        for slot in slots {
            match slot {
                Slot::Account(length) => {
                    layout.accounts.push(at);
                    layout.data_lengths.push(*length);
                    at += 88 + (length + GROWTH_BYTES).next_multiple_of(8) + 8;
                }
                Slot::Duplicate(index) => {
                    layout.accounts.push(layout.accounts[*index]);
                    layout.data_lengths.push(layout.data_lengths[*index]);
                    at += 8;
                }
            }
        }
        layout.instruction_data = at + 8;
        layout
    }

    /// Accounts with these lengths of data, none twice.
    pub fn of(lengths: &[u64]) -> Self {
        let slots: Vec<Slot> = lengths.iter().map(|length| Slot::Account(*length)).collect();
        Self::new(&slots)
    }

    pub fn signer(&self, index: usize) -> u64 {
        self.accounts[index] + 1
    }

    pub fn writable(&self, index: usize) -> u64 {
        self.accounts[index] + 2
    }

    pub fn executable(&self, index: usize) -> u64 {
        self.accounts[index] + 3
    }

    pub fn key(&self, index: usize) -> u64 {
        self.accounts[index] + 8
    }

    pub fn owner(&self, index: usize) -> u64 {
        self.accounts[index] + 40
    }

    pub fn lamports(&self, index: usize) -> u64 {
        self.accounts[index] + 72
    }

    pub fn data_length(&self, index: usize) -> u64 {
        self.accounts[index] + 80
    }

    pub fn data(&self, index: usize) -> u64 {
        self.accounts[index] + 88
    }

    pub fn rent_epoch(&self, index: usize) -> u64 {
        self.data(index) + (self.data_lengths[index] + GROWTH_BYTES).next_multiple_of(8)
    }

    /// Bytes of data of the account at `index`.
    pub fn space(&self, index: usize) -> u64 {
        self.data_lengths[index]
    }

    pub fn instruction_data(&self) -> u64 {
        self.instruction_data
    }
}

/// The machine's ELF.
pub fn elf(version: Version) -> Vec<u8> {
    assemble(version, &source())
}

fn source() -> String {
    // r6: the next step; r8: the instruction data; r9: the operation. r1 to r5: the arguments.
    let mut text = String::from(
        ".globl entrypoint\nentrypoint:\n mov64 r6, r2\n mov64 r8, r2\n mov64 r0, 0\n stxdw [r10-16], r0\n \
         ldxdw r1, [r2-8]\n jne r1, 0, next\n exit\nnext:\n",
    );
    for argument in 1..=5 {
        let (word, kind) = (argument * 8, argument + 1);
        let _ = writeln!(
            text,
            " ldxdw r{argument}, [r6+{word}]\n ldxb r0, [r6+{kind}]\n jeq r0, 0, done_{argument}\n \
             jeq r0, 1, here_{argument}\n jeq r0, 3, at_{argument}\n ldxdw r0, [r10-16]\n \
             add64 r{argument}, r0\n ja done_{argument}\nat_{argument}:\n \
             ldxdw r{argument}, [r{argument}+0]\n ja done_{argument}\nhere_{argument}:\n \
             add64 r{argument}, r8\ndone_{argument}:"
        );
    }
    text += " ldxb r9, [r6+0]\n ldxb r0, [r6+1]\n stxb [r10-8], r0\n add64 r6, 48\n";
    for operation in 0..FIRST_SYSCALL + SYSCALLS.len() as u8 {
        let _ = writeln!(text, " jeq r9, {operation}, do_{operation}");
    }
    text += " lddw r0, 0xdead\n exit\n";
    let _ = writeln!(text, "do_{EXIT}:\n mov64 r0, r1\n exit\ndo_{GOTO}:\n mov64 r6, r1\n ja next");
    for (log_size, suffix) in ["b", "h", "w", "dw"].into_iter().enumerate() {
        let (load, store) = (LOAD as usize + log_size, STORE as usize + log_size);
        let _ = writeln!(text, "do_{load}:\n ldx{suffix} r0, [r1+0]\n ja after");
        let _ = writeln!(text, "do_{store}:\n stx{suffix} [r1+0], r2\n mov64 r0, 0\n ja after");
    }
    let _ = writeln!(text, "do_{SKIP_IF_RESULT_IS}:\n ldxdw r0, [r10-16]\n jne r0, r1, next\n add64 r6, r2\n ja next");
    for (index, syscall) in SYSCALLS.iter().enumerate() {
        let _ = writeln!(text, "do_{}:\n call {syscall}\n ja after", index + usize::from(FIRST_SYSCALL));
    }
    text += "after:\n stxdw [r10-16], r0\n ldxb r1, [r10-8]\n jeq r1, 0, next\n mov64 r1, r0\n mov64 r2, r9\n \
             mov64 r3, 0\n mov64 r4, 0\n mov64 r5, 0\n call sol_log_64_\n ja next\n";
    text
}
