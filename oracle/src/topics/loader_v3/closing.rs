//! Closing uninitialised accounts, buffers and program data.

use super::*;

/// The cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    vec![
        successes(environment),
        errors(environment),
        program_errors(environment),
        refilled(environment),
        deployed_now(environment),
    ]
}

fn base(environment: &Environment, name: &str) -> Case {
    deployed(environment, name, &elf::succeeds(), 0)
        .lamports("recipient", SOL)
        .account(address("buffer"), buffer(environment, Some("authority"), &[7; 50]))
        .account(address("immutable"), buffer(environment, None, &[7; 50]))
        .account(address("fresh"), uninitialized(environment, 100))
        .account(programdata_address("final"), program_data(environment, 0, None, &elf::succeeds(), 0))
        .account(address("final"), program(environment, "final"))
}

fn without_authority(target: Address) -> Instruction {
    with(close(target), |accounts| accounts.truncate(2))
}

fn successes(environment: &Environment) -> Case {
    let case = base(environment, "close").account(address("exact"), uninitialized(environment, 4));
    let case = run(case, Expect::Success, &[without_authority(address("fresh"))]);
    let case = run(case, Expect::Success, &[without_authority(address("exact"))]);
    let case = run(case, Expect::Success, &[close(address("buffer"))]);
    let case = run(case, Expect::Success, &[close_program()]);
    // What is left of the program.
    fails(case, invoke("program"))
}

fn errors(environment: &Environment) -> Case {
    let mut case = base(environment, "close_errors")
        .account(address("short"), uninitialized(environment, 3))
        .account(address("nonsense"), owned(environment, vec![9; 60]))
        .account(address("full"), system_account(u64::MAX - 1_000));
    for name in ["immutable", "program", "short", "nonsense", "missing", "payer"] {
        case = fails(case, close(address(name)));
    }
    let changes: [fn(&mut Vec<AccountMeta>); 8] = [
        |accounts| accounts[1] = w(address("buffer")),
        |accounts| accounts[0] = r(address("buffer")),
        |accounts| accounts[1] = r(address("recipient")),
        |accounts| accounts[2] = rs(address("other authority")),
        |accounts| accounts[2] = r(address("authority")),
        |accounts| accounts.truncate(2),
        |accounts| accounts.truncate(1),
        |accounts| accounts[1] = w(address("full")),
    ];
    for change in changes {
        case = fails(case, with(close(address("buffer")), change));
    }
    case = fails(case, with(without_authority(address("fresh")), |accounts| accounts[1] = r(address("recipient"))));
    case = fails(case, with(without_authority(address("fresh")), |accounts| accounts[0] = r(address("fresh"))));
    case = fails(case, with(without_authority(address("fresh")), |accounts| accounts[1] = w(address("full"))));
    // The authority may be the recipient.
    run(case, Expect::Success, &[with(close(address("buffer")), |accounts| accounts[1] = ws(address("authority")))])
}

fn program_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "close_program_errors")
        .account(address("foreign program"), Account { owner: system_program::ID, ..program(environment, "program") });
    let changes: [fn(&mut Vec<AccountMeta>); 10] = [
        |accounts| accounts.truncate(3),
        |accounts| accounts[3] = r(address("program")),
        |accounts| accounts[3] = w(address("foreign program")),
        |accounts| accounts[3] = w(address("final")),
        |accounts| accounts[3] = w(address("buffer")),
        |accounts| accounts[3] = w(address("fresh")),
        |accounts| accounts[3] = w(address("missing")),
        |accounts| accounts[2] = rs(address("other authority")),
        |accounts| accounts[2] = r(address("authority")),
        |accounts| accounts[3] = accounts[0].clone(),
    ];
    for change in changes {
        case = fails(case, with(close_program(), change));
    }
    let final_program = |accounts: &mut Vec<AccountMeta>| {
        accounts[0] = w(programdata_address("final"));
        accounts[3] = w(address("final"));
    };
    case = fails(case, with(close_program(), final_program));
    // The lamports of the program data cannot go to the program data; to the program they can.
    run(case, Expect::Success, &[with(close_program(), |accounts| accounts[1] = w(address("program")))])
}

/// A closed account lives again if lamports come back within the transaction.
fn refilled(environment: &Environment) -> Case {
    let case = base(environment, "close_refilled");
    let refill = |target: Address| {
        let data = [&[2, 0, 0, 0], environment.exempt(4).to_le_bytes().as_slice()].concat();
        instruction(system_program::ID, vec![ws(address("payer")), w(target)], data)
    };
    let buffer = address("buffer");
    let case = run(case, Expect::Success, &[close(buffer), refill(buffer)]);
    let case = run(case, Expect::Success, &[without_authority(buffer)]);
    let data = programdata_address("program");
    let case = run(case, Expect::Success, &[close_program(), refill(data)]);
    fails(case, invoke("program"))
}

fn deployed_now(environment: &Environment) -> Case {
    let case = deployed_in(environment, "close_deployed_now", SLOT, Some("authority"));
    let case = fails(case, close_program());
    let case = fails(case, with(close_program(), |accounts| accounts[2] = rs(address("other authority"))));
    fails(case, invoke("program"))
}
