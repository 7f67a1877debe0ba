//! What can be invoked in the slot of a change, and what it counts for; calls of the loader by programs.

use super::*;

/// The cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    vec![
        deployed_then_invoked(environment),
        deployment_undone(environment),
        upgraded_then_invoked(environment),
        extended_then_invoked(environment),
        closed_then_invoked(environment),
        no_programs(environment),
        slots(environment),
        loaded_bytes(environment),
        calls(environment),
        called_programs(environment),
    ]
}

fn new_program(environment: &Environment, name: &str) -> Case {
    Case::new(environment, name)
        .account(address("program"), uninitialized(environment, PROGRAM_BYTES))
        .account(address("buffer"), buffer(environment, Some("authority"), &elf::succeeds_louder()))
        .account(address("forwarder"), elf::forwarder())
        .lamports("spill", SOL)
        .lamports("recipient", SOL)
}

fn old_program(environment: &Environment, name: &str) -> Case {
    new_program(environment, name)
        .account(
            programdata_address("program"),
            program_data(environment, 0, Some("authority"), &elf::succeeds(), 2_000),
        )
        .account(address("program"), program(environment, "program"))
}

/// Invokes the program directly and by another; with and without its program data among the accounts.
fn probes(mut case: Case, expect: Expect) -> Case {
    let data = programdata_address("program");
    let mut named = invoke("program");
    named.accounts.push(r(data));
    let call = elf::forwarded(invoke("program"));
    let mut call_named = call.clone();
    call_named.accounts.push(r(data));
    for one in [invoke("program"), named, call, call_named] {
        case = run(case, expect, &[one]);
    }
    case
}

fn deployed_then_invoked(environment: &Environment) -> Case {
    let room = elf::succeeds_louder().len() + 100;
    let case = new_program(environment, "deploy_then_invoke");
    let case = run(case, Expect::Failure, &[invoke("program")]);
    let case = run(case, Expect::Failure, &[deploy(room), invoke("program")]);
    let case = run(case, Expect::Failure, &[deploy(room), elf::forwarded(invoke("program"))]);
    let case = run(case, Expect::Success, &[deploy(room)]);
    let case = probes(case, Expect::Failure);
    let case = run(case, Expect::Failure, &[upgrade()]);
    run(case, Expect::Failure, &[extend(10_240)])
}

/// The deployment succeeds, what follows in its transaction fails.
fn deployment_undone(environment: &Environment) -> Case {
    let room = elf::succeeds_louder().len();
    let case = new_program(environment, "deploy_undone");
    let case = run(case, Expect::Failure, &[deploy(room), initialize("missing")]);
    let case = probes(case, Expect::Failure);
    let case = run(case, Expect::Failure, &[deploy(room - 1)]);
    let case = probes(case, Expect::Failure);
    let case = old_program_in(environment, case);
    let case = run(case, Expect::Failure, &[upgrade(), initialize("missing")]);
    probes_of_old(case)
}

/// Adds a program that is there all along and can be upgraded from the buffer.
fn old_program_in(environment: &Environment, case: Case) -> Case {
    case.account(programdata_address("old"), program_data(environment, 0, Some("authority"), &elf::succeeds(), 2_000))
        .account(address("old"), program(environment, "old"))
}

fn probes_of_old(case: Case) -> Case {
    let case = run(case, Expect::Success, &[invoke("old")]);
    run(case, Expect::Success, &[elf::forwarded(invoke("old"))])
}

fn upgraded_then_invoked(environment: &Environment) -> Case {
    let case = old_program(environment, "upgrade_then_invoke");
    let case = probes(case, Expect::Success);
    let case = run(case, Expect::Failure, &[invoke("program"), upgrade(), invoke("program")]);
    let case = run(case, Expect::Failure, &[upgrade(), elf::forwarded(invoke("program"))]);
    // Undone by the failure.
    let case = run(case, Expect::Success, &[invoke("program"), invoke("program")]);
    let case = run(case, Expect::Success, &[invoke("program"), upgrade()]);
    let case = probes(case, Expect::Failure);
    let case = run(case, Expect::Failure, &[close_program()]);
    let case = run(case, Expect::Failure, &[extend(10_240)]);
    run(case, Expect::Success, &[set_authority(programdata_address("program"), None)])
}

fn extended_then_invoked(environment: &Environment) -> Case {
    let case = old_program(environment, "extend_then_invoke");
    let case = run(case, Expect::Failure, &[extend(10_240), invoke("program")]);
    let case = run(case, Expect::Success, &[invoke("program"), extend(10_240)]);
    let case = probes(case, Expect::Failure);
    run(case, Expect::Failure, &[upgrade()])
}

fn closed_then_invoked(environment: &Environment) -> Case {
    let case = old_program(environment, "close_then_invoke");
    let case = run(case, Expect::Failure, &[close_program(), invoke("program")]);
    let case = run(case, Expect::Failure, &[close_program(), elf::forwarded(invoke("program"))]);
    let case = run(case, Expect::Success, &[invoke("program"), close_program()]);
    let case = probes(case, Expect::Failure);
    let case = run(case, Expect::Failure, &[close_program()]);
    let case = run(case, Expect::Failure, &[upgrade()]);
    // The address cannot be used again: the program account stays initialised.
    run(case, Expect::Failure, &[deploy(elf::succeeds_louder().len())])
}

/// Accounts of the loader that are not programs, or programs without a sound one behind them.
fn no_programs(environment: &Environment) -> Case {
    let elf = elf::succeeds();
    let mut case = new_program(environment, "invoke_no_program")
        .account(address("a fresh one"), uninitialized(environment, 100))
        .account(address("a buffer"), buffer(environment, Some("authority"), &elf))
        .account(address("program data"), program_data(environment, 0, Some("authority"), &elf, 0))
        .account(address("nonsense"), owned(environment, vec![9; 100]))
        .account(address("empty"), account(SOL, vec![], LOADER))
        .account(address("dangling"), program(environment, "dangling"))
        .account(address("marked buffer"), Account { executable: true, ..buffer(environment, Some("authority"), &elf) })
        .account(programdata_address("unmarked"), program_data(environment, 0, Some("authority"), &elf, 0))
        .account(address("unmarked"), Account { executable: false, ..program(environment, "unmarked") })
        .account(programdata_address("to a buffer"), buffer(environment, Some("authority"), &elf))
        .account(address("to a buffer"), program(environment, "to a buffer"))
        .account(
            programdata_address("to a foreigner"),
            Account { owner: system_program::ID, ..program_data(environment, 0, None, &elf, 0) },
        )
        .account(address("to a foreigner"), program(environment, "to a foreigner"))
        .account(programdata_address("no elf"), program_data(environment, 0, None, &[3; 200], 0))
        .account(address("no elf"), program(environment, "no elf"))
        .account(programdata_address("no bytes"), program_data(environment, 0, None, &[], 0))
        .account(address("no bytes"), program(environment, "no bytes"));
    let names = [
        "a fresh one",
        "a buffer",
        "program data",
        "nonsense",
        "empty",
        "dangling",
        "marked buffer",
        "unmarked",
        "to a buffer",
        "to a foreigner",
        "no elf",
        "no bytes",
    ];
    for name in names {
        case = run(case, Expect::Anything, &[invoke(name)]);
        case = run(case, Expect::Anything, &[elf::forwarded(invoke(name))]);
    }
    // Somebody else's account that becomes the loader's within the transaction.
    let assign = |owner: Address| {
        instruction(system_program::ID, vec![ws(address("poor"))], [&[1, 0, 0, 0], owner.as_ref()].concat())
    };
    let case = case.lamports("poor", SOL);
    let case = run(case, Expect::Failure, &[assign(LOADER), invoke("poor")]);
    let case = run(case, Expect::Failure, &[assign(LOADER), elf::forwarded(invoke("poor"))]);
    run(case, Expect::Failure, &[elf::forwarded(invoke("payer"))])
}

/// Program data with a slot around the present one.
fn slots(environment: &Environment) -> Case {
    let mut case = Case::new(environment, "deployment_slots");
    for (name, slot) in [("before", SLOT - 1), ("now", SLOT)] {
        case = case
            .account(programdata_address(name), program_data(environment, slot, None, &elf::succeeds(), 0))
            .account(address(name), program(environment, name));
        case = run(case, Expect::Anything, &[invoke(name)]);
    }
    case
}

/// Program data counts against the limit of loaded data, whether or not its program can be invoked.
fn loaded_bytes(environment: &Environment) -> Case {
    let limit = |bytes: u32| {
        instruction(solana_sdk_ids::compute_budget::ID, vec![], [&[4], bytes.to_le_bytes().as_slice()].concat())
    };
    let room = elf::succeeds_louder().len() + 50_000;
    let mut case = run(new_program(environment, "loaded_bytes"), Expect::Success, &[deploy(room)]);
    for bytes in [1_000, 40_000, 52_000, 100_000] {
        case = run(case, Expect::Anything, &[limit(bytes), invoke("program")]);
        let mut named = invoke("program");
        named.accounts.push(r(programdata_address("program")));
        case = run(case, Expect::Anything, &[limit(bytes), named]);
    }
    let case = old_program_in(environment, case);
    let mut both = invoke("old");
    both.accounts.push(r(address("program")));
    let case = run(case, Expect::Success, &[both]);
    let close_old = with(close(programdata_address("old")), |accounts| accounts.push(w(address("old"))));
    let case = run(case, Expect::Success, &[close_old]);
    run(case, Expect::Failure, &[invoke("old")])
}

/// The loader called by a program: upgrade, authorities and closing are allowed.
fn calls(environment: &Environment) -> Case {
    let case = old_program(environment, "calls").account(address("fresh"), uninitialized(environment, 100));
    let case = run(case, Expect::Failure, &[elf::forwarded(initialize("fresh"))]);
    let case = run(case, Expect::Failure, &[elf::forwarded(write("buffer", 0, b"x"))]);
    let case = run(case, Expect::Failure, &[elf::forwarded(extend(10_240))]);
    let case = run(case, Expect::Failure, &[elf::forwarded(loader(9, &[], vec![]))]);
    let case = run(case, Expect::Failure, &[elf::forwarded(instruction(LOADER, vec![], vec![]))]);
    let case = run(case, Expect::Failure, &[elf::forwarded(instruction(LOADER, vec![], vec![3]))]);
    let data = programdata_address("program");
    let set = set_authority_checked(address("buffer"), "new authority");
    let case = run(case, Expect::Success, &[elf::forwarded(set)]);
    let set = with(set_authority(address("buffer"), Some("authority")), |accounts| {
        accounts[1] = rs(address("new authority"))
    });
    let case = run(case, Expect::Success, &[elf::forwarded(set)]);
    let case = run(case, Expect::Success, &[elf::forwarded(set_authority(data, Some("new authority")))]);
    let set = with(set_authority(data, Some("authority")), |accounts| accounts[1] = rs(address("new authority")));
    let case = run(case, Expect::Success, &[elf::forwarded(set)]);
    let without_authority = with(close(address("fresh")), |accounts| accounts.truncate(2));
    let case = run(case, Expect::Success, &[elf::forwarded(without_authority)]);
    let case = run(case, Expect::Success, &[invoke("program"), elf::forwarded(upgrade())]);
    let case = probes(case, Expect::Failure);
    let case = run(case, Expect::Failure, &[elf::forwarded(close_program())]);
    let case = case
        .account(address("fresh program"), uninitialized(environment, PROGRAM_BYTES))
        .account(address("another buffer"), buffer(environment, Some("authority"), &elf::succeeds()));
    let deployment = with(deploy(1_000), |accounts| {
        accounts[1] = w(programdata_address("fresh program"));
        accounts[2] = w(address("fresh program"));
        accounts[3] = w(address("another buffer"));
    });
    run(case, Expect::Failure, &[elf::forwarded(deployment)])
}

/// A program upgraded or closed by a call is not visible to the calls after it.
fn called_programs(environment: &Environment) -> Case {
    let case = old_program(environment, "calls_then_invoke");
    let case = run(case, Expect::Failure, &[elf::forwarded(upgrade()), invoke("program")]);
    let case = run(case, Expect::Failure, &[elf::forwarded(close_program()), elf::forwarded(invoke("program"))]);
    let case = run(case, Expect::Success, &[elf::forwarded(close_program())]);
    probes(case, Expect::Failure)
}
