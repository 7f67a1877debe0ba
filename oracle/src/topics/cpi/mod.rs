//! Cross-program invocation through the call machine: both ABIs, every limit and one past it, privileges, what each side
//! sees of the other's changes, and the callees that are refused.

use super::{
    calls::{UNITS_MAX, large, with_all_units},
    fees::limit,
};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, system_account},
    environment::{Environment, MACHINE, MACHINE_B, MACHINE_C},
    machine::{Argument, HEAP, Image, Layout, STEP_BYTES, Step, call, copy, exit, goto, script},
};
use solana_account::ReadableAccount;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::system_program;

mod callees;
mod changes;
mod infos;
mod limits;
mod nesting;
mod privileges;
pub mod random;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = limits::cases(environment);
    cases.extend(nesting::cases(environment));
    cases.extend(privileges::cases(environment));
    cases.extend(callees::cases(environment));
    cases.extend(changes::cases(environment));
    cases
}

/// The cases of topic `cpi_infos`.
pub fn info_cases(environment: &Environment) -> Vec<Case> {
    infos::cases(environment)
}

/// Bytes of data of the accounts that machines own.
const STORE_BYTES: u64 = 64;

/// Accounts of the top-level instruction, by index; [`Stage::metas`] has them in this order.
const PAYER: usize = 0;
/// Writable, system-owned, no signer.
const ALICE: usize = 1;
/// Writable, owned by the first machine.
const STORE: usize = 2;
/// Writable, owned by the second machine.
const STORE_B: usize = 3;
/// Read-only, owned by the first machine.
const FIXED: usize = 4;
/// Writable, system-owned, a program address of the first machine with seed `vault`.
const VAULT: usize = 5;
/// Read-only programs.
const SYSTEM: usize = 6;
const SELF: usize = 7;
const OTHER: usize = 8;
const THIRD: usize = 9;
/// Read-only; holds long scripts. The last, so that its length moves nothing.
const BOOK: usize = 10;

/// The accounts that CPI scenarios play with.
struct Stage<'a> {
    environment: &'a Environment,
    layout: Layout,
}

/// A cross-program invocation before it is laid out in memory.
#[derive(Clone)]
struct Invocation {
    rust: bool,
    program: Address,
    metas: Vec<AccountMeta>,
    data: Vec<u8>,
    /// Indices of the accounts whose infos are given.
    infos: Vec<usize>,
    /// Per signer, its seeds.
    signers: Vec<Vec<Vec<u8>>>,
}

/// Where an invocation's parts are, as the syscall takes them.
#[derive(Clone, Copy, Debug)]
struct Placed {
    instruction: u64,
    infos: u64,
    infos_count: u64,
    signers: u64,
    signers_count: u64,
}

impl Placed {
    fn arguments(self) -> [Argument; 5] {
        [self.instruction, self.infos, self.infos_count, self.signers, self.signers_count].map(Argument::Value)
    }

    fn call(self, rust: bool) -> Step {
        call(if rust { "sol_invoke_signed_rust" } else { "sol_invoke_signed_c" }, &self.arguments())
    }
}

impl Invocation {
    fn new(program: Address, metas: &[AccountMeta], data: impl Into<Vec<u8>>, infos: &[usize]) -> Self {
        Self {
            rust: false,
            program,
            metas: metas.to_vec(),
            data: data.into(),
            infos: infos.to_vec(),
            signers: Vec::new(),
        }
    }

    fn rust(mut self) -> Self {
        self.rust = true;
        self
    }

    fn signed(mut self, seeds: &[&[u8]]) -> Self {
        self.signers.push(seeds.iter().map(|seed| seed.to_vec()).collect());
        self
    }

    /// Lays everything out; the infos are true to `layout`.
    fn place(&self, image: &mut Image, layout: &Layout) -> Placed {
        let instruction = if self.rust { self.place_rust_instruction(image) } else { self.place_c_instruction(image) };
        let infos = if self.rust {
            self.infos.iter().map(|index| rust_info(image, layout, *index)).collect::<Vec<_>>()
        } else {
            self.infos.iter().map(|index| c_info(layout, *index)).collect()
        };
        let infos = image.put(infos.concat());
        let signers: Vec<u64> =
            self.signers.iter().flat_map(|seeds| [image.put_slices(seeds), seeds.len() as u64]).collect();
        let signers = image.put_words(&signers);
        let (infos_count, signers_count) = (self.infos.len() as u64, self.signers.len() as u64);
        Placed { instruction, infos, infos_count, signers, signers_count }
    }

    fn place_c_instruction(&self, image: &mut Image) -> u64 {
        let mut metas = Vec::new();
        for meta in &self.metas {
            metas.extend(image.put(meta.pubkey).to_le_bytes());
            metas.extend([u8::from(meta.is_writable), u8::from(meta.is_signer), 0, 0, 0, 0, 0, 0]);
        }
        let (program, metas, data) = (image.put(self.program), image.put(metas), image.put(&self.data));
        image.put_words(&[program, metas, self.metas.len() as u64, data, self.data.len() as u64])
    }

    fn place_rust_instruction(&self, image: &mut Image) -> u64 {
        let mut metas = Vec::new();
        for meta in &self.metas {
            metas.extend(meta.pubkey.as_ref());
            metas.extend([u8::from(meta.is_signer), u8::from(meta.is_writable)]);
        }
        let (metas, data) = (image.put(metas), image.put(&self.data));
        let (metas_count, data_length) = (self.metas.len() as u64, self.data.len() as u64);
        let words = [metas, metas_count, metas_count, data, data_length, data_length];
        let at = image.put_words(&words);
        image.put(self.program);
        at
    }
}

/// Words of a `SolAccountInfo`: key, lamports, data length, data, owner, rent epoch; then the flags.
fn c_info(layout: &Layout, index: usize) -> Vec<u8> {
    let words = [
        layout.key(index),
        layout.lamports(index),
        layout.space(index),
        layout.data(index),
        layout.owner(index),
        u64::MAX,
        0,
    ];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Words of an `AccountInfo`: key, lamports, data, owner, rent epoch; then the flags. Lamports and data are counted cells
/// (strong, weak, borrows) around a reference.
fn rust_info(image: &mut Image, layout: &Layout, index: usize) -> Vec<u8> {
    let lamports = image.put_words(&[1, 1, 0, layout.lamports(index)]);
    let data = image.put_words(&[1, 1, 0, layout.data(index), layout.space(index)]);
    let words = [layout.key(index), lamports, data, layout.owner(index), u64::MAX, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

impl<'a> Stage<'a> {
    fn new(environment: &'a Environment) -> Self {
        Self::with_book(environment, 0)
    }

    fn with_book(environment: &'a Environment, book_bytes: u64) -> Self {
        let space = |program: Address| environment.accounts[&program].data().len() as u64;
        let layout = Layout::of(&[
            0,
            0,
            STORE_BYTES,
            STORE_BYTES,
            STORE_BYTES,
            0,
            space(system_program::ID),
            space(address(MACHINE)),
            space(address(MACHINE_B)),
            space(address(MACHINE_C)),
            book_bytes,
        ]);
        Self { environment, layout }
    }

    /// The accounts of the top-level instruction.
    fn metas() -> Vec<AccountMeta> {
        use crate::case::{r, w, ws};
        vec![
            ws(address("payer")),
            w(address("alice")),
            w(address("store")),
            w(address("store b")),
            r(address("fixed store")),
            w(vault()),
            r(system_program::ID),
            r(address(MACHINE)),
            r(address(MACHINE_B)),
            r(address(MACHINE_C)),
            r(address("book")),
        ]
    }

    /// The account at `index`, with these privileges.
    fn meta(index: usize, writable: bool, signer: bool) -> AccountMeta {
        AccountMeta { pubkey: Self::metas()[index].pubkey, is_signer: signer, is_writable: writable }
    }

    fn case(&self, name: &str, book: &[u8]) -> Case {
        assert_eq!(book.len() as u64, self.layout.space(BOOK), "{name}: the layout knows the book's length");
        let owned = |owner: &str| account(SOL, (0..STORE_BYTES as u8).collect(), address(owner));
        Case::bare(self.environment, name)
            .lamports("payer", SOL)
            .lamports("alice", SOL)
            .account(address("store"), owned(MACHINE))
            .account(address("store b"), owned(MACHINE_B))
            .account(address("fixed store"), owned(MACHINE))
            .account(vault(), system_account(SOL))
            .account(address("book"), account(SOL, book.to_vec(), address("library")))
    }

    /// One transaction whose only steps are `before`, the invocation, `after`.
    fn play(&self, name: &str, expect: Expect, invocation: &Invocation, before: &[Step], after: &[Step]) -> Case {
        let mut image = Image::new(HEAP);
        let placed = invocation.place(&mut image, &self.layout);
        let steps = [before, &[placed.call(invocation.rust).logged()], after].concat();
        self.play_image(name, expect, &image, &steps)
    }

    /// One transaction that copies `image` to the heap and does `steps`.
    fn play_image(&self, name: &str, expect: Expect, image: &Image, steps: &[Step]) -> Case {
        let run = self.run(image, steps);
        let case = self.case(name, &[]);
        if fits(&run) {
            return case.legacy(expect, &["payer"], &with_all_units(run));
        }
        // Too much for a legacy transaction.
        case.v1(expect, &["payer"], large(UNITS_MAX), &[run])
    }

    fn run(&self, image: &Image, steps: &[Step]) -> Instruction {
        let mut all = vec![copy(HEAP, Argument::Here(0), image.bytes.len())];
        all.extend(steps.iter().cloned());
        all.push(exit(Argument::Value(0)));
        instruction(address(MACHINE), Self::metas(), script(&all, &image.bytes))
    }

    /// One transaction that goes through the book: `steps`, then `image`, which `copy_image` of the steps copies.
    fn play_book(environment: &Environment, name: &str, expect: Expect, image: &Image, steps: &[Step]) -> Case {
        let book = script(steps, &[]);
        let bytes = [book.as_slice(), &image.bytes].concat();
        let stage = Stage::with_book(environment, bytes.len() as u64);
        let run = instruction(address(MACHINE), Self::metas(), stage.opening());
        stage.case(name, &bytes).legacy(expect, &["payer"], &[limit(UNITS_MAX), run])
    }

    /// A script that goes on in the book.
    fn opening(&self) -> Vec<u8> {
        script(&[goto(Argument::Value(self.layout.data(BOOK)))], &[])
    }

    /// The step that copies a book's image to the heap, where `steps` steps precede the image.
    fn copy_image(&self, image: &Image, steps: u64) -> Step {
        copy(HEAP, Argument::Value(self.layout.data(BOOK) + steps * STEP_BYTES), image.bytes.len())
    }
}

/// Whether a legacy transaction of the stage holds the instruction: 13 addresses, a signature and the limit beside it.
fn fits(run: &Instruction) -> bool {
    run.data.len() <= 680
}

/// The address that the first machine signs for with seed `vault`, and its bump.
fn vault_and_bump() -> (Address, u8) {
    Address::find_program_address(&[b"vault"], &address(MACHINE))
}

fn vault() -> Address {
    vault_and_bump().0
}

/// System transfer.
fn transfer_data(lamports: u64) -> Vec<u8> {
    [2u32.to_le_bytes().as_slice(), &lamports.to_le_bytes()].concat()
}

/// The payer pays `alice`, by system program.
fn payment(lamports: u64) -> Invocation {
    let metas = [Stage::meta(PAYER, true, true), Stage::meta(ALICE, true, false)];
    Invocation::new(system_program::ID, &metas, transfer_data(lamports), &[PAYER, ALICE, SYSTEM])
}

/// A callee that ends at once, of the second machine.
fn nothing(metas: &[AccountMeta], infos: &[usize]) -> Invocation {
    Invocation::new(address(MACHINE_B), metas, vec![], infos)
}
