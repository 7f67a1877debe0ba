//! What a program may do to accounts without calling anyone: lamports, data, length, owner; and rent in the end.

use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, system_account, w},
    environment::{Environment, MACHINE, MACHINE_B, MACHINE_SBPF_V3},
    machine::{Argument::Value, GROWTH_BYTES, INPUT, Layout, Step, call, copy, exit, load, script, store},
    topics::{
        calls::with_all_units,
        fees::{limit, loaded},
        system,
    },
};
use Expect::{Anything, Failure, Success};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_system_interface::instruction::SystemInstruction;

/// Accounts of the instruction: own and other's, writable; own and other's, read-only; a wallet; the machine itself.
const OWN: usize = 0;
const FOREIGN: usize = 1;
const OWN_FIXED: usize = 2;
const FOREIGN_FIXED: usize = 3;
const WALLET: usize = 4;
const PROGRAM: usize = 5;

const SPACE: u64 = 40;

/// The largest account, and the growth that a transaction may have in all.
const ACCOUNT_MAX: u64 = 10 * 1024 * 1024;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for machine in [MACHINE, MACHINE_SBPF_V3] {
        let stage = Stage::new(environment, machine);
        cases.extend(lamports(&stage));
        cases.extend(data(&stage));
        cases.extend(lengths(&stage));
        cases.extend(owners(&stage));
    }
    cases.extend(large(environment));
    cases.extend(rent(environment));
    cases
}

struct Stage<'a> {
    environment: &'a Environment,
    machine: &'static str,
    layout: Layout,
}

impl<'a> Stage<'a> {
    fn new(environment: &'a Environment, machine: &'static str) -> Self {
        let program = solana_account::ReadableAccount::data(&environment.accounts[&address(machine)]).len() as u64;
        Self { environment, machine, layout: Layout::of(&[SPACE, SPACE, SPACE, SPACE, 0, program]) }
    }

    fn metas(&self) -> Vec<AccountMeta> {
        vec![
            w(address("own")),
            w(address("foreign")),
            r(address("own fixed")),
            r(address("foreign fixed")),
            w(address("wallet")),
            r(address(self.machine)),
        ]
    }

    fn instruction(&self, steps: &[Step]) -> Instruction {
        let steps = [steps, &[exit(Value(0))]].concat();
        instruction(address(self.machine), self.metas(), script(&steps, &[]))
    }

    fn case(&self, name: &str) -> Case {
        let owned = |owner: &str| account(SOL, (1..=SPACE as u8).collect(), address(owner));
        Case::bare(self.environment, format!("{}: {name}", self.machine))
            .lamports("payer", SOL)
            .lamports("wallet", SOL)
            .account(address("own"), owned(self.machine))
            .account(address("foreign"), owned(MACHINE_B))
            .account(address("own fixed"), owned(self.machine))
            .account(address("foreign fixed"), owned(MACHINE_B))
    }

    fn play(&self, name: &str, expect: Expect, steps: &[Step]) -> Case {
        self.case(name).legacy(expect, &["payer"], &with_all_units(self.instruction(steps)))
    }
}

fn set(address: u64, value: u64) -> Step {
    store(3, Value(address), Value(value))
}

fn lamports(stage: &Stage) -> Vec<Case> {
    let at = |index| stage.layout.lamports(index);
    let give = |from, to, lamports| [set(at(from), SOL - lamports), set(at(to), SOL + lamports)];
    vec![
        stage.play("lamports_to_wallet", Success, &give(OWN, WALLET, 7)),
        stage.play("lamports_to_foreign", Success, &give(OWN, FOREIGN, 7)),
        stage.play("lamports_from_foreign", Failure, &give(FOREIGN, OWN, 7)),
        stage.play("lamports_from_wallet", Failure, &give(WALLET, OWN, 7)),
        stage.play("lamports_to_fixed", Failure, &give(OWN, OWN_FIXED, 7)),
        stage.play("lamports_from_fixed", Failure, &give(OWN_FIXED, OWN, 7)),
        stage.play("lamports_to_program", Failure, &give(OWN, PROGRAM, 7)),
        stage.play("lamports_made", Failure, &[set(at(OWN), SOL + 1)]),
        stage.play("lamports_lost", Failure, &[set(at(OWN), SOL - 1)]),
        stage.play("lamports_max", Failure, &[set(at(OWN), u64::MAX)]),
        stage.play("lamports_overflow", Failure, &[set(at(OWN), u64::MAX), set(at(FOREIGN), 2 * SOL + 1)]),
        stage.play("lamports_all", Success, &give(OWN, WALLET, SOL)),
        stage.play("lamports_all_but_one", Failure, &give(OWN, WALLET, SOL - 1)),
        stage.play("lamports_same", Success, &[set(at(FOREIGN), SOL)]),
    ]
}

fn data(stage: &Stage) -> Vec<Case> {
    let byte = |index: usize, value| store(0, Value(stage.layout.data(index)), Value(value));
    let index_of_last = SPACE + GROWTH_BYTES - 1;
    let padding = store(0, Value(stage.layout.data(OWN) + index_of_last), Value(1));
    let foreign_padding = store(0, Value(stage.layout.data(FOREIGN) + SPACE), Value(1));
    vec![
        stage.play("data_of_own", Success, &[byte(OWN, 0xaa)]),
        stage.play("data_of_foreign", Failure, &[byte(FOREIGN, 0xaa)]),
        stage.play("data_of_foreign_same", Success, &[byte(FOREIGN, 1)]),
        stage.play("data_of_own_fixed", Failure, &[byte(OWN_FIXED, 0xaa)]),
        stage.play("data_of_own_fixed_same", Success, &[byte(OWN_FIXED, 1)]),
        stage.play("data_of_foreign_fixed", Failure, &[byte(FOREIGN_FIXED, 0xaa)]),
        stage.play("data_of_program", Failure, &[byte(PROGRAM, 0)]),
        stage.play("data_behind_own", Success, &[padding]),
        stage.play("data_behind_foreign", Success, &[foreign_padding]),
        stage.play("data_of_fixed_and_back", Success, &[byte(OWN_FIXED, 0xaa), byte(OWN_FIXED, 1)]),
        stage.play(
            "flags_and_keys",
            Anything,
            &[
                store(0, Value(stage.layout.signer(WALLET)), Value(1)),
                store(0, Value(stage.layout.writable(OWN_FIXED)), Value(1)),
                store(0, Value(stage.layout.executable(OWN)), Value(1)),
                store(0, Value(stage.layout.key(OWN)), Value(1)),
                set(stage.layout.rent_epoch(OWN), 3),
                set(INPUT, 0),
            ],
        ),
    ]
}

fn lengths(stage: &Stage) -> Vec<Case> {
    let mut cases = Vec::new();
    let at = |index| stage.layout.data_length(index);
    for (name, length, expect) in [
        ("by_one", SPACE + 1, Success),
        ("most", SPACE + GROWTH_BYTES, Success),
        ("one_too_many", SPACE + GROWTH_BYTES + 1, Failure),
        ("to_nothing", 0, Success),
        ("by_minus_one", SPACE - 1, Success),
        ("to_4_gib", 1 << 32, Failure),
        ("max", u64::MAX, Failure),
    ] {
        cases.push(stage.play(&format!("length_{name}"), expect, &[set(at(OWN), length)]));
        cases.push(stage.play(&format!("length_{name}_of_foreign"), Failure, &[set(at(FOREIGN), length)]));
        cases.push(stage.play(&format!("length_{name}_of_fixed"), Failure, &[set(at(OWN_FIXED), length)]));
    }
    let last = store(0, Value(stage.layout.data(OWN) + SPACE + 99), Value(0x99));
    cases.push(stage.play("length_and_data", Success, &[set(at(OWN), SPACE + 100), last.clone()]));
    cases.push(stage.play("length_behind_data", Success, &[last, set(at(OWN), SPACE + 99)]));
    let back = [set(at(FOREIGN), 1), set(at(FOREIGN), SPACE)];
    cases.push(stage.play("length_of_foreign_and_back", Success, &back));
    // Each instruction counts from the length it finds.
    let grow = |from: u64| {
        let program = stage.layout.space(PROGRAM);
        let layout = Layout::of(&[from, SPACE, SPACE, SPACE, 0, program]);
        let steps = [set(layout.data_length(OWN), from + GROWTH_BYTES), exit(Value(0))];
        instruction(address(stage.machine), stage.metas(), script(&steps, &[]))
    };
    let twice = [limit(1_000_000), grow(SPACE), grow(SPACE + GROWTH_BYTES), grow(SPACE + 2 * GROWTH_BYTES)];
    cases.push(stage.case("length_three_times").ok(&["payer"], &twice));
    cases
}

fn owners(stage: &Stage) -> Vec<Case> {
    let to = |index: usize, from: u64| copy(stage.layout.owner(index), Value(from), 32);
    let other = stage.layout.owner(FOREIGN);
    let zero = call("sol_memset_", &[Value(stage.layout.data(OWN)), Value(0), Value(SPACE)]);
    vec![
        stage.play("owner_with_data", Failure, &[to(OWN, other)]),
        stage.play("owner_with_zeros", Success, &[zero.clone(), to(OWN, other)]),
        stage.play("owner_without_data", Success, &[set(stage.layout.data_length(OWN), 0), to(OWN, other)]),
        stage.play(
            "owner_then_lamports",
            Anything,
            &[
                zero.clone(),
                to(OWN, other),
                set(stage.layout.lamports(OWN), SOL - 5),
                set(stage.layout.lamports(WALLET), SOL + 5),
            ],
        ),
        stage.play("owner_of_foreign", Failure, &[to(FOREIGN, stage.layout.owner(OWN))]),
        stage.play("owner_of_fixed", Failure, &[to(OWN_FIXED, other)]),
        stage.play("owner_of_wallet", Failure, &[to(WALLET, stage.layout.owner(OWN))]),
        stage.play(
            "owner_to_system",
            Success,
            &[set(stage.layout.data_length(OWN), 0), to(OWN, stage.layout.owner(WALLET))],
        ),
        stage.play("owner_same", Success, &[to(OWN, stage.layout.owner(OWN_FIXED))]),
    ]
}

fn sized(owner: Address, space: u64) -> Account {
    account(100 * SOL, vec![0; space as usize], owner)
}

/// Accounts of 10 MiB, and transactions that grow 20 MiB.
fn large(environment: &Environment) -> Vec<Case> {
    let owner = address(MACHINE);
    let alone = |name: &str, expect, space: u64, length: u64| {
        let layout = Layout::of(&[space]);
        let steps =
            [set(layout.data_length(0), length), load(3, Value(layout.data_length(0))).logged(), exit(Value(0))];
        let run = instruction(owner, vec![w(address("large"))], script(&steps, &[]));
        Case::new(environment, format!("large_{name}")).account(address("large"), sized(owner, space)).legacy(
            expect,
            &["payer"],
            &with_all_units(run),
        )
    };
    let mut cases = vec![
        alone("max", Success, ACCOUNT_MAX, ACCOUNT_MAX),
        alone("max_and_one", Failure, ACCOUNT_MAX, ACCOUNT_MAX + 1),
        alone("to_max", Success, ACCOUNT_MAX - GROWTH_BYTES, ACCOUNT_MAX),
        alone("near_max_and_one_too_many", Failure, ACCOUNT_MAX - 100, ACCOUNT_MAX + 1),
        alone("shrunk", Success, ACCOUNT_MAX, 1),
    ];
    let allocate = |name: &str, space: u64| {
        system::system(&SystemInstruction::Allocate { space }, vec![crate::case::ws(address(name))])
    };
    let signers = ["payer", "first", "second", "third"];
    let layout = Layout::of(&[8]);
    let grow = |by: u64| {
        let steps = [set(layout.data_length(0), 8 + by), exit(Value(0))];
        instruction(owner, vec![w(address("small"))], script(&steps, &[]))
    };
    let base = |name: &str| {
        let case = Case::new(environment, format!("growth_{name}")).account(address("small"), sized(owner, 8));
        signers[1..].iter().fold(case, |case, name| case.account(address(name), system_account(100 * SOL)))
    };
    let two = [limit(1_000_000), allocate("first", ACCOUNT_MAX), allocate("second", ACCOUNT_MAX)];
    cases.extend([
        base("of_20_mib").ok(&signers[..3], &two),
        base("of_20_mib_and_one").fails(&signers, &[two.as_slice(), &[allocate("third", 1)]].concat()),
        base("of_20_mib_and_one_by_program").fails(&signers[..3], &[two.as_slice(), &[grow(1)]].concat()),
        base("of_20_mib_by_program").ok(
            &signers[..3],
            &[limit(1_000_000), allocate("first", ACCOUNT_MAX), allocate("second", ACCOUNT_MAX - 100), grow(100)],
        ),
        base("loaded_is_not_growth").ok(&["payer"], &[loaded(1 << 20), limit(1_000_000), grow(100)]),
    ]);
    cases
}

/// Balances around the minimum after direct changes.
fn rent(environment: &Environment) -> Vec<Case> {
    let minimum = environment.exempt(8);
    let layout = Layout::of(&[8, 0]);
    let mut cases = Vec::new();
    for (name, before, after, length) in [
        ("to_minimum", minimum + 5, minimum, 8),
        ("below_minimum", minimum + 5, minimum - 1, 8),
        ("to_zero", minimum, 0, 8),
        ("stays_below", minimum - 5, minimum - 5, 8),
        ("falls_further_below", minimum - 5, minimum - 6, 8),
        ("rises_below", minimum - 5, minimum - 4, 8),
        ("grows_without_balance", minimum, minimum, 9),
        ("grows_below", minimum - 5, minimum - 5, 9),
        ("shrinks_to_its_balance", minimum - 5_080, minimum - 5_080, 7),
        ("shrinks_below", minimum - 5_081, minimum - 5_081, 7),
    ] {
        let steps = [
            set(layout.lamports(0), after),
            set(layout.lamports(1), SOL + before - after),
            set(layout.data_length(0), length),
            exit(Value(0)),
        ];
        let run = instruction(address(MACHINE), vec![w(address("own")), w(address("purse"))], script(&steps, &[]));
        cases.push(
            Case::new(environment, format!("rent_{name}"))
                .account(address("own"), account(before, vec![1; 8], address(MACHINE)))
                .account(address("purse"), account(SOL, vec![], address(MACHINE)))
                .legacy(Anything, &["payer"], &with_all_units(run)),
        );
    }
    cases
}
