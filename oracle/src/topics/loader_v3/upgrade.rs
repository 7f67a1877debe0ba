//! Upgrades.

use super::*;

/// The cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    vec![
        successes(environment),
        program_errors(environment),
        buffer_errors(environment),
        data_errors(environment),
        account_errors(environment),
        same_accounts(environment),
        bad_elfs(environment),
    ]
}

fn base(environment: &Environment, name: &str) -> Case {
    deployed(environment, name, &elf::succeeds(), 2_000)
        .lamports("spill", SOL)
        .account(address("buffer"), buffer(environment, Some("authority"), &elf::succeeds_louder()))
}

fn successes(environment: &Environment) -> Case {
    let case = base(environment, "upgrade");
    let case = run(case, Expect::Success, &[invoke("program")]);
    let case = run(case, Expect::Success, &[upgrade()]);
    // Once per slot.
    let case = case.account(address("second"), buffer(environment, Some("authority"), &elf::succeeds()));
    fails(case, with(upgrade(), |accounts| accounts[2] = w(address("second"))))
}

fn program_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "upgrade_program_errors")
        .account(address("other"), program(environment, "other"))
        .account(address("foreign"), Account { owner: system_program::ID, ..program(environment, "program") })
        .account(address("fresh"), uninitialized(environment, 100))
        .account(address("nonsense"), owned(environment, vec![9; 60]));
    for name in ["other", "foreign", "fresh", "nonsense", "buffer", "missing"] {
        case = fails(case, with(upgrade(), |accounts| accounts[1] = w(address(name))));
    }
    fails(case, with(upgrade(), |accounts| accounts[1] = r(address("program"))))
}

fn buffer_errors(environment: &Environment) -> Case {
    let elf = elf::succeeds_louder();
    let mut case = base(environment, "upgrade_buffer_errors")
        .account(address("empty"), buffer(environment, Some("authority"), &[]))
        .account(address("without authority"), buffer(environment, None, &elf))
        .account(address("of another"), buffer(environment, Some("other authority"), &elf))
        .account(
            address("foreign"),
            Account { owner: system_program::ID, ..buffer(environment, Some("authority"), &elf) },
        )
        .account(address("large"), buffer(environment, Some("authority"), &[elf.as_slice(), &[0; 3_000]].concat()))
        .account(address("fresh"), uninitialized(environment, 500));
    for name in ["empty", "without authority", "of another", "foreign", "large", "fresh", "missing"] {
        case = fails(case, with(upgrade(), |accounts| accounts[2] = w(address(name))));
    }
    case = fails(case, with(upgrade(), |accounts| accounts[2] = r(address("buffer"))));
    case = fails(case, with(upgrade(), |accounts| accounts[6] = r(address("authority"))));
    fails(case, with(upgrade(), |accounts| accounts[6] = rs(address("other authority"))))
}

/// Program data of other states, and with too few lamports.
fn data_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "upgrade_data_errors");
    let mut add = |name: &'static str, data: Account| {
        let pointer = program(environment, name);
        let before = std::mem::replace(&mut case, Case::bare(environment, ""));
        let of = before
            .account(programdata_address(name), data)
            .account(address(name), pointer)
            .account(address("buffer"), buffer(environment, Some("authority"), &elf::succeeds_louder()));
        let change = |accounts: &mut Vec<AccountMeta>| {
            accounts[0] = w(programdata_address(name));
            accounts[1] = w(address(name));
        };
        case = run(of, Expect::Anything, &[with(upgrade(), change)]);
    };
    let elf = elf::succeeds();
    add("now", program_data(environment, SLOT, Some("authority"), &elf, 2_000));
    add("final", program_data(environment, 0, None, &elf, 2_000));
    add("of another", program_data(environment, 0, Some("other authority"), &elf, 2_000));
    add("nonsense", owned(environment, vec![9; 3_000]));
    add("a buffer", buffer(environment, Some("authority"), &[0; 3_000]));
    add(
        "foreign",
        Account { owner: system_program::ID, ..program_data(environment, 0, Some("authority"), &elf, 2_000) },
    );
    let mut poor = program_data(environment, 0, Some("authority"), &elf, 2_000);
    let lamports = buffer(environment, Some("authority"), &elf::succeeds_louder()).lamports;
    poor.lamports -= lamports + 1;
    add("poor", poor.clone());
    poor.lamports += 1;
    add("just enough", poor);
    case
}

fn account_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "upgrade_account_errors");
    for count in 0..7 {
        case = fails(case, with(upgrade(), |accounts| accounts.truncate(count)));
    }
    let changes: [fn(&mut Vec<AccountMeta>); 6] = [
        |accounts| accounts[4] = r(sysvar::clock::ID),
        |accounts| accounts[5] = r(sysvar::rent::ID),
        |accounts| accounts[0] = r(programdata_address("program")),
        |accounts| accounts[0] = w(programdata_address("other")),
        |accounts| accounts[3] = r(address("spill")),
        |accounts| accounts[3] = r(sysvar::rent::ID),
    ];
    for change in changes {
        case = run(case, Expect::Failure, &[with(upgrade(), change)]);
    }
    case
}

fn same_accounts(environment: &Environment) -> Case {
    let mut case = base(environment, "upgrade_same_accounts");
    for (from, to) in [(0, 3), (2, 3), (2, 0), (2, 1), (0, 1), (0, 2), (1, 2), (6, 3), (1, 3)] {
        let change = |accounts: &mut Vec<AccountMeta>| {
            accounts[to] = AccountMeta { is_writable: true, ..accounts[from].clone() }
        };
        case = run(case, Expect::Anything, &[with(upgrade(), change)]);
    }
    case
}

fn bad_elfs(environment: &Environment) -> Case {
    let mut case = base(environment, "upgrade_bad_elf");
    for (name, bytes) in elf::bad() {
        case = case.account(address(name), buffer(environment, Some("authority"), &bytes));
        case = run(case, Expect::Failure, &[with(upgrade(), |accounts| accounts[2] = w(address(name)))]);
    }
    // The program is as it was.
    let case = run(case, Expect::Success, &[invoke("program")]);
    let case = case.account(address("v3"), buffer(environment, Some("authority"), &elf::succeeds_v3()));
    run(case, Expect::Success, &[with(upgrade(), |accounts| accounts[2] = w(address("v3")))])
}
