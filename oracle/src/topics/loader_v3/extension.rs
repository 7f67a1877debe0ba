//! More room for program data.

use super::*;

/// The cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    vec![
        successes(environment),
        errors(environment),
        data_errors(environment),
        funds(environment),
        sizes(environment),
        bad_elf(environment),
    ]
}

const LEAST: u32 = 10_240;

fn base(environment: &Environment, name: &str) -> Case {
    deployed(environment, name, &elf::succeeds(), 0)
}

fn successes(environment: &Environment) -> Case {
    let case = base(environment, "extend");
    let case = run(case, Expect::Success, &[extend(LEAST)]);
    fails(case, extend(LEAST))
}

fn errors(environment: &Environment) -> Case {
    let mut case = base(environment, "extend_errors")
        .account(address("other"), program(environment, "other"))
        .account(address("foreign"), Account { owner: system_program::ID, ..program(environment, "program") })
        .account(address("fresh"), uninitialized(environment, 100))
        .account(address("nonsense"), owned(environment, vec![9; 60]));
    for bytes in [0, 1, LEAST - 1] {
        case = fails(case, extend(bytes));
    }
    for name in ["other", "foreign", "fresh", "nonsense", "missing"] {
        case = fails(case, with(extend(LEAST), |accounts| accounts[1] = w(address(name))));
        case = fails(case, with(extend(LEAST), |accounts| accounts[0] = w(address(name))));
    }
    let changes: [fn(&mut Vec<AccountMeta>); 8] = [
        |accounts| accounts[0] = r(programdata_address("program")),
        |accounts| accounts[1] = r(address("program")),
        |accounts| accounts[1] = accounts[0].clone(),
        |accounts| accounts[0] = accounts[1].clone(),
        |accounts| accounts.truncate(3),
        |accounts| accounts.truncate(2),
        |accounts| accounts.truncate(1),
        |accounts| accounts.truncate(0),
    ];
    for change in changes {
        case = fails(case, with(extend(LEAST), change));
    }
    case
}

fn data_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "extend_data_errors");
    let elf = elf::succeeds();
    let states = [
        ("now", program_data(environment, SLOT, Some("authority"), &elf, 0)),
        ("final", program_data(environment, 0, None, &elf, 0)),
        ("a buffer", buffer(environment, Some("authority"), &elf)),
        ("nonsense", owned(environment, vec![9; 300])),
    ];
    for (name, data) in states {
        case = case.account(programdata_address(name), data).account(address(name), program(environment, name));
        let change = |accounts: &mut Vec<AccountMeta>| {
            accounts[0] = w(programdata_address(name));
            accounts[1] = w(address(name));
        };
        case = run(case, Expect::Anything, &[with(extend(LEAST), change)]);
    }
    case
}

fn funds(environment: &Environment) -> Case {
    let needed = u64::from(LEAST) * crate::environment::LAMPORTS_PER_BYTE;
    let mut case = base(environment, "extend_funds")
        .lamports("poor", needed - 1)
        .account(address("program data payer"), account(SOL, vec![0; 10], LOADER));
    case = fails(case, with(extend(LEAST), |accounts| accounts[3] = ws(address("poor"))));
    case = fails(case, with(extend(LEAST), |accounts| accounts[3] = w(address("poor"))));
    case = fails(case, with(extend(LEAST), |accounts| accounts[3] = ws(address("program data payer"))));
    // The system program is named third but not looked at; without it in the transaction it cannot be called.
    case = run(case, Expect::Anything, &[with(extend(LEAST), |accounts| accounts[2] = r(sysvar::clock::ID))]);
    let rich = |account: Account| Account { lamports: account.lamports + needed, ..account };
    let data = rich(program_data(environment, 0, Some("authority"), &elf::succeeds(), 0));
    let case = case.account(programdata_address("rich"), data).account(address("rich"), program(environment, "rich"));
    let change = |accounts: &mut Vec<AccountMeta>| {
        accounts[0] = w(programdata_address("rich"));
        accounts[1] = w(address("rich"));
        accounts.truncate(2);
    };
    run(case, Expect::Success, &[with(extend(LEAST), change)])
}

/// Near the largest account.
fn sizes(environment: &Environment) -> Case {
    let room = ACCOUNT_BYTES_MAX - PROGRAM_DATA_HEADER_BYTES - elf::succeeds().len();
    let case = deployed(environment, "extend_sizes", &elf::succeeds(), room - 5_000)
        .account(programdata_address("whole"), program_data(environment, 0, Some("authority"), &elf::succeeds(), room))
        .account(address("whole"), program(environment, "whole"));
    let whole = |accounts: &mut Vec<AccountMeta>| {
        accounts[0] = w(programdata_address("whole"));
        accounts[1] = w(address("whole"));
    };
    let case = fails(case, with(extend(1), whole));
    let case = fails(case, extend(u32::MAX));
    let case = fails(case, extend(5_001));
    let case = fails(case, extend(4_999));
    run(case, Expect::Success, &[extend(5_000)])
}

/// Program data whose program would not be deployed again.
fn bad_elf(environment: &Environment) -> Case {
    let mut case = base(environment, "extend_bad_elf");
    for (name, bytes) in elf::bad() {
        let data = program_data(environment, 0, Some("authority"), &bytes, 0);
        case = case.account(programdata_address(name), data).account(address(name), program(environment, name));
        let change = |accounts: &mut Vec<AccountMeta>| {
            accounts[0] = w(programdata_address(name));
            accounts[1] = w(address(name));
        };
        case = run(case, Expect::Failure, &[with(extend(LEAST), change)]);
    }
    case
}
