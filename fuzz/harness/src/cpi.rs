//! Cross-program invocations whose arguments are right but for a few words.
//!
//! A well-formed call is laid out in the caller's heap, in the C or in the Rust layout, and then spoilt: that reaches
//! deeper than random bytes, of which nearly all fail at the first pointer.

use std::sync::LazyLock;

use heddle_types::{Account, Pubkey};
use heddle_vm::{
    ComputeBudget,
    solana_sbpf::ebpf::{self, MM_HEAP_START},
};
use solana_sdk_ids::{bpf_loader, bpf_loader_upgradeable, ed25519_program, native_loader, system_program};

use crate::{
    address,
    elf_writer::Program,
    guest::Assembler,
    input::Input,
    input_layout::{AccountPlace, places},
    machine::{self, Entry, Instruction, Programs, Scenario},
};

const CALLER: Pubkey = Pubkey::new_from_array([1; 32]);
const CALLEE: Pubkey = Pubkey::new_from_array([2; 32]);
/// Seed of the address that the caller can sign for.
const SEED: &[u8] = b"seed";
/// The address of that seed, and its bump.
static DERIVED: LazyLock<(Pubkey, u8)> = LazyLock::new(|| Pubkey::find_program_address(&[SEED], &CALLER));
/// Length of what lies at the start of the caller's heap; a call takes less.
const PAYLOAD_BYTES: u64 = 4_096;
/// Accounts of the caller's instruction; each is an index into [`entries`]. The last repeats the first.
const CALLER_ACCOUNTS: [u8; 10] = [2, 3, 4, 5, 6, 1, 0, 7, 8, 2];

/// A program that calls another with hostile memory: no panic, and the same compiled and interpreted.
pub fn cpi(data: &[u8]) {
    let mut input = Input::new(data);
    let entries = entries(&mut input);
    let layout = places(&entries, &CALLER_ACCOUNTS);
    let version = input.pick(&[0, 3]);
    let mut call = Call::build(&entries, &layout, &mut input);
    call.spoil(&mut input);
    let caller = caller_program(version, &call, &layout, &mut input);
    let callee = callee_program(version, &mut input);
    let load = |program: Program| machine::load(&program.to_elf()).expect("a program without errors");
    let programs = Programs([(CALLER, load(caller)), (CALLEE, load(callee))].into());
    let compute_unit_limit = input.pick(&[200_000, 20_000, 5_000]);
    let heap_size_bytes = input.pick(&[32, 64]) * 1024;
    Scenario {
        accounts: entries,
        instructions: vec![Instruction { program: 0, accounts: CALLER_ACCOUNTS.to_vec(), data: call.payload.bytes }],
        budget: ComputeBudget { compute_unit_limit, heap_size_bytes },
        programs,
    }
    .run();
}

/// The transaction's accounts: caller, callee, one of the caller's, a payer, the caller's derived address, one of the
/// callee's, system program, a precompile, loader v3.
fn entries(input: &mut Input<'_>) -> Vec<Entry> {
    let sizes = [input.blob(80).len(), usize::from(input.byte())];
    let program = |loader| Account { executable: true, ..Account::new(1, &[], loader) };
    let (derived, _) = *DERIVED;
    let plain = |n: u8| Pubkey::new_from_array([n; 32]);
    let entry = |key, account, is_signer, is_writable| Entry { key, account, is_signer, is_writable };
    vec![
        entry(CALLER, program(bpf_loader::ID), false, false),
        entry(CALLEE, program(bpf_loader::ID), false, false),
        entry(plain(3), Account::new(1_000, &vec![3; sizes[0]], CALLER), false, true),
        entry(plain(4), Account::new(1_000_000_000, &[], system_program::ID), true, true),
        entry(derived, Account::new(1_000_000, &[], system_program::ID), false, true),
        entry(plain(5), Account::new(5_000, &vec![5; sizes[1]], CALLEE), false, input.flag()),
        entry(system_program::ID, program(native_loader::ID), false, false),
        entry(ed25519_program::ID, program(native_loader::ID), false, false),
        entry(bpf_loader_upgradeable::ID, program(native_loader::ID), false, false),
    ]
}

/// Bytes at the start of the caller's heap.
#[derive(Default)]
struct Payload {
    bytes: Vec<u8>,
}

impl Payload {
    /// Appends, aligned to 8; gives the guest address.
    fn put(&mut self, bytes: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = MM_HEAP_START + self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        address
    }

    fn put_words(&mut self, words: &[u64]) -> u64 {
        self.put(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())
    }
}

/// One call: the syscall, its arguments and what they point to.
struct Call {
    is_rust: bool,
    payload: Payload,
    arguments: [u64; 5],
}

impl Call {
    fn build(entries: &[Entry], layout: &[AccountPlace], input: &mut Input<'_>) -> Self {
        let mut call = Self { is_rust: input.flag(), payload: Payload::default(), arguments: [0; 5] };
        let program = entries[input.pick(&[1, 6, 0, 6, 0, 1, 6, 8, 7, 2])].key;
        // Positions among the caller's accounts: as the caller has them, payer and derived address, or a choice.
        let positions: Vec<usize> = match input.byte() % 4 {
            0 => (0..CALLER_ACCOUNTS.len()).collect(),
            1 => vec![1, 2],
            2 => vec![2, 1],
            _ => (0..input.below(5)).map(|_| input.below(CALLER_ACCOUNTS.len())).collect(),
        };
        let data = call.instruction_data(entries, input);
        let metas: Vec<(Pubkey, u8, u8)> = positions
            .iter()
            .map(|&position| {
                let entry = &entries[usize::from(CALLER_ACCOUNTS[position])];
                let flags = input.byte();
                let (signer, writable) = (u8::from(entry.is_signer), u8::from(entry.is_writable));
                if flags > 250 { (entry.key, flags & 1, flags >> 1 & 1) } else { (entry.key, signer, writable) }
            })
            .collect();
        let instruction = if call.is_rust {
            call.put_instruction_rust(&program, &metas, data)
        } else {
            call.put_instruction_c(&program, &metas, data)
        };
        let extra = if input.flag() { vec![5, 4] } else { vec![] };
        let infos: Vec<AccountPlace> = positions.iter().chain(&extra).map(|&position| layout[position]).collect();
        let infos_address = if call.is_rust { call.put_infos_rust(&infos) } else { call.put_infos_c(&infos) };
        let signers = call.put_signers(input);
        call.arguments = [instruction, infos_address, infos.len() as u64, signers.0, signers.1];
        call.payload.bytes.resize(PAYLOAD_BYTES as usize, 0);
        call
    }

    /// (address, length): the whole payload, so that a caller that calls itself does the same again; an instruction of the system program, or anything.
    fn instruction_data(&mut self, entries: &[Entry], input: &mut Input<'_>) -> (u64, u64) {
        let data = match input.byte() % 4 {
            0 => return (MM_HEAP_START, PAYLOAD_BYTES),
            1 => [&2u32.to_le_bytes()[..], &u64::from(input.u16()).to_le_bytes()].concat(),
            2 => {
                let (lamports, space) = (u64::from(input.u32()), u64::from(input.u16()));
                let owner = entries[input.below(2)].key;
                let tag = u32::from(input.pick(&[0u8, 13, 8]));
                let space_first = [&tag.to_le_bytes()[..], &space.to_le_bytes()].concat();
                let create = [&tag.to_le_bytes(), &lamports.to_le_bytes()[..], &space.to_le_bytes(), owner.as_ref()];
                if tag == 8 { space_first } else { create.concat() }
            }
            _ => input.blob(64).to_vec(),
        };
        (self.payload.put(&data), data.len() as u64)
    }

    fn put_instruction_rust(&mut self, program: &Pubkey, metas: &[(Pubkey, u8, u8)], data: (u64, u64)) -> u64 {
        let bytes = metas.iter().flat_map(|(key, signer, writable)| [key.as_ref(), &[*signer, *writable]].concat());
        let metas_address = self.payload.put(&bytes.collect::<Vec<_>>());
        let count = metas.len() as u64;
        let words = [metas_address, count, count, data.0, data.1, data.1];
        let words = words.iter().flat_map(|word| word.to_le_bytes());
        self.payload.put(&words.chain(program.to_bytes()).collect::<Vec<_>>())
    }

    fn put_instruction_c(&mut self, program: &Pubkey, metas: &[(Pubkey, u8, u8)], data: (u64, u64)) -> u64 {
        let keys: Vec<u64> = metas.iter().map(|(key, ..)| self.payload.put(key.as_ref())).collect();
        let pairs = keys.iter().zip(metas);
        let words =
            pairs.flat_map(|(key, (_, signer, writable))| [*key, u64::from(*writable) | u64::from(*signer) << 8]);
        let metas_address = self.payload.put_words(&words.collect::<Vec<_>>());
        let program = self.payload.put(program.as_ref());
        self.payload.put_words(&[program, metas_address, metas.len() as u64, data.0, data.1])
    }

    fn put_infos_rust(&mut self, infos: &[AccountPlace]) -> u64 {
        let words: Vec<u64> = infos
            .iter()
            .flat_map(|info| {
                let lamports = self.payload.put_words(&[1, 1, 0, info.lamports]);
                let data = self.payload.put_words(&[1, 1, 0, info.data, info.size_bytes]);
                [info.key, lamports, data, info.owner, u64::MAX, 0]
            })
            .collect();
        self.payload.put_words(&words)
    }

    fn put_infos_c(&mut self, infos: &[AccountPlace]) -> u64 {
        let words: Vec<u64> = infos
            .iter()
            .flat_map(|info| [info.key, info.lamports, info.size_bytes, info.data, info.owner, u64::MAX, 0])
            .collect();
        self.payload.put_words(&words)
    }

    /// (address, count) of the seeds of signers: none, the caller's derived address, or other seeds.
    fn put_signers(&mut self, input: &mut Input<'_>) -> (u64, u64) {
        let count = input.pick(&[0, 1, 1, 2, 1, 0, 1, 17]);
        let (_, bump) = *DERIVED;
        let mut signers = Vec::new();
        for _ in 0..count {
            let is_right = input.byte() < 200;
            let bump = if is_right { bump } else { input.byte() };
            let (seed, bump) = (self.payload.put(SEED), self.payload.put(&[bump]));
            let seeds = self.payload.put_words(&[seed, SEED.len() as u64, bump, 1]);
            signers.extend([seeds, if is_right { 2 } else { address::length(input) }]);
        }
        (self.payload.put_words(&signers), count)
    }

    /// Overwrites a few words of the payload or arguments, or moves them a little.
    fn spoil(&mut self, input: &mut Input<'_>) {
        let words = self.payload.bytes.len() / 8;
        for _ in 0..input.pick(&[0, 1, 1, 2, 3, 6]) {
            let near = |word: u64, input: &mut Input<'_>| word.wrapping_add(i64::from(input.byte() as i8) as u64);
            let is_near = input.flag();
            let index = usize::from(input.u16()) % (words + self.arguments.len());
            if let Some(argument) = self.arguments.get_mut(index) {
                *argument = if is_near { near(*argument, input) } else { address::word(input) };
                continue;
            }
            let word = &mut self.payload.bytes[(index - self.arguments.len()) * 8..][..8];
            let old = u64::from_le_bytes(word.try_into().expect("eight bytes"));
            let new = if is_near { near(old, input) } else { address::word(input) };
            word.copy_from_slice(&new.to_le_bytes());
        }
    }
}

/// Copies its instruction data to the heap, changes its accounts, calls, changes them again. Does nothing if it runs deep
/// enough.
fn caller_program(version: u8, call: &Call, layout: &[AccountPlace], input: &mut Input<'_>) -> Program {
    let mut assembler = Assembler::new(version);
    // r2 is where the instruction data lies; its length comes before.
    assembler.copy(6, 2);
    assembler.syscall(b"sol_get_stack_height");
    assembler.put(ebpf::JLT64_IMM, 0, 0, 2, input.pick(&[2, 3, 5, 6, 9]));
    assembler.put(ebpf::MOV64_IMM, 0, 0, 0, 0);
    assembler.exit();
    assembler.copy(2, 6);
    assembler.load(3, 3, 2, -8);
    assembler.constant(1, MM_HEAP_START);
    assembler.syscall(b"sol_memcpy_");
    add_pokes(&mut assembler, layout, input);
    let name: &[u8] = if call.is_rust { b"sol_invoke_signed_rust" } else { b"sol_invoke_signed_c" };
    for _ in 0..=input.below(3) {
        assembler.call_and_log(name, call.arguments);
        // A log of what the call left where the caller looks.
        for place in &layout[..4] {
            assembler.call_and_log(b"sol_log_64_", [place.data, 0, 0, 0, 0]);
            for (register, address) in [(1, place.lamports), (2, place.data - 8), (3, place.owner)] {
                assembler.constant(register, address);
                assembler.load(3, register, register, 0);
            }
            assembler.syscall(b"sol_log_64_");
        }
        add_pokes(&mut assembler, layout, input);
    }
    assembler.finish_returning(0)
}

/// Changes what it finds where its first accounts would lie, and may fail.
fn callee_program(version: u8, input: &mut Input<'_>) -> Program {
    let mut assembler = Assembler::new(version);
    let guess = AccountPlace::first(usize::from(input.byte()) % 100);
    add_pokes(&mut assembler, &[guess; 4], input);
    assembler.call_and_log(b"sol_set_return_data", [guess.key, u64::from(input.byte() % 64), 0, 0, 0]);
    assembler.finish_returning(u64::from(input.byte() == u8::MAX))
}

fn add_pokes(assembler: &mut Assembler, layout: &[AccountPlace], input: &mut Input<'_>) {
    for _ in 0..input.pick(&[0, 0, 1, 2, 4]) {
        let place = layout[input.below(4)];
        let field = input.byte() % 6;
        let address = match field {
            0 => place.lamports,
            1 | 2 => place.data - 8,
            3 => place.owner,
            4 => place.data + u64::from(input.byte()),
            _ => address::address(input),
        };
        let value = match field {
            0 => 1_000 + u64::from(input.byte()) * 100,
            1 => u64::from(input.u16()),
            _ => address::word(input),
        };
        assembler.poke(if field < 3 { 3 } else { input.below(4) }, address, value);
    }
}
