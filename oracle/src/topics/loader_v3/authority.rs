//! Who may write and upgrade, and handing that on.

use super::*;

/// The cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    vec![set(environment), set_errors(environment), checked(environment), checked_errors(environment)]
}

fn base(environment: &Environment, name: &str) -> Case {
    deployed(environment, name, &elf::succeeds(), 0)
        .account(address("buffer"), buffer(environment, Some("authority"), &[7; 50]))
        .account(address("immutable"), buffer(environment, None, &[7; 50]))
        .account(address("fresh"), uninitialized(environment, 100))
        .account(programdata_address("final"), program_data(environment, 0, None, &elf::succeeds(), 0))
        .account(address("final"), program(environment, "final"))
}

fn by(name: &'static str) -> impl FnOnce(&mut Vec<AccountMeta>) {
    move |accounts| accounts[1] = rs(address(name))
}

fn set(environment: &Environment) -> Case {
    let data = programdata_address("program");
    let case = base(environment, "set_authority");
    let case = run(case, Expect::Success, &[set_authority(address("buffer"), Some("new authority"))]);
    let back = with(set_authority(address("buffer"), Some("authority")), by("new authority"));
    let case = run(case, Expect::Success, &[back]);
    let case = run(case, Expect::Success, &[set_authority(address("buffer"), Some("authority"))]);
    let case = run(case, Expect::Success, &[set_authority(data, Some("new authority"))]);
    let case = fails(case, set_authority(data, Some("authority")));
    let case = run(case, Expect::Success, &[invoke("program")]);
    // Final from here on; the old authority's bytes stay.
    let case = run(case, Expect::Success, &[with(set_authority(data, None), by("new authority"))]);
    let case = fails(case, with(set_authority(data, None), by("new authority")));
    let case = run(case, Expect::Success, &[invoke("program")]);
    base_final_v3(environment, case)
}

/// A program of the newest version becomes final too.
fn base_final_v3(environment: &Environment, case: Case) -> Case {
    let data = programdata_address("program of v3");
    let case = case
        .account(data, program_data(environment, 0, Some("authority"), &elf::succeeds_v3(), 0))
        .account(address("program of v3"), program(environment, "program of v3"));
    run(case, Expect::Success, &[set_authority(data, None)])
}

fn errors_of(case: Case, make: impl Fn(Address) -> Instruction) -> Case {
    let targets = ["immutable", "fresh", "program", "missing", "payer"].map(address);
    let mut case = case;
    for target in targets.into_iter().chain([programdata_address("final")]) {
        case = fails(case, make(target));
    }
    for target in [address("buffer"), programdata_address("program")] {
        case = fails(case, with(make(target), by("other authority")));
        case = fails(case, with(make(target), |accounts| accounts[1] = r(address("authority"))));
        case = fails(case, with(make(target), |accounts| accounts[0].is_writable = false));
        case = fails(case, with(make(target), |accounts| accounts.truncate(1)));
    }
    case
}

fn set_errors(environment: &Environment) -> Case {
    let case =
        errors_of(base(environment, "set_authority_errors"), |target| set_authority(target, Some("new authority")));
    fails(case, set_authority(address("buffer"), None))
}

fn checked(environment: &Environment) -> Case {
    let case = base(environment, "set_authority_checked");
    let case = run(case, Expect::Success, &[set_authority_checked(address("buffer"), "new authority")]);
    let data = programdata_address("program");
    let case = run(case, Expect::Success, &[set_authority_checked(data, "new authority")]);
    run(case, Expect::Success, &[with(set_authority_checked(data, "new authority"), by("new authority"))])
}

fn checked_errors(environment: &Environment) -> Case {
    let make = |target| set_authority_checked(target, "new authority");
    let mut case = errors_of(base(environment, "set_authority_checked_errors"), make);
    for target in [address("buffer"), programdata_address("program")] {
        case = fails(case, with(make(target), |accounts| accounts[2] = r(address("new authority"))));
        case = fails(case, with(make(target), |accounts| accounts.truncate(2)));
    }
    case
}
