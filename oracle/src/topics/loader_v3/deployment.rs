//! Deployment of new programs.

use super::*;

/// The cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    vec![
        successes(environment),
        from_nothing(environment),
        program_errors(environment),
        buffer_errors(environment),
        account_errors(environment),
        same_accounts(environment),
        funds(environment),
        bad_elfs(environment),
        versions(environment),
        sizes(environment),
    ]
}

fn base(environment: &Environment, name: &str) -> Case {
    Case::new(environment, name)
        .account(address("program"), uninitialized(environment, PROGRAM_BYTES))
        .account(address("buffer"), buffer(environment, Some("authority"), &elf::succeeds()))
}

fn room() -> usize {
    elf::succeeds().len()
}

fn successes(environment: &Environment) -> Case {
    let case = base(environment, "deploy");
    let case = run(case, Expect::Success, &[deploy(room() + 1_000)]);
    // What is deployed cannot be deployed again.
    let case = case.account(address("second"), buffer(environment, Some("authority"), &elf::succeeds()));
    fails(case, with(deploy(room()), |accounts| accounts[3] = w(address("second"))))
}

fn create(name: &str, lamports: u64, space: u64) -> Instruction {
    let data = [&[0; 4], lamports.to_le_bytes().as_slice(), &space.to_le_bytes(), LOADER.as_ref()].concat();
    instruction(system_program::ID, vec![ws(address("payer")), ws(address(name))], data)
}

/// As a client does it, and an exactly sized, v3, larger and lamport-rich program beside it.
fn from_nothing(environment: &Environment) -> Case {
    let elf = elf::succeeds_louder();
    let space = BUFFER_HEADER_BYTES + elf.len();
    let (first, second) = elf.split_at(elf.len() / 2);
    let case = Case::new(environment, "deploy_from_nothing").lamports("authority", SOL);
    let start = [create("buffer", environment.exempt(space), space as u64), initialize("buffer")];
    let case = run(case, Expect::Success, &start);
    let case = run(case, Expect::Success, &[write("buffer", 0, first)]);
    let case = run(case, Expect::Success, &[write("buffer", first.len() as u32, second)]);
    let program_lamports = environment.exempt(PROGRAM_BYTES);
    let finish = [create("program", program_lamports, PROGRAM_BYTES as u64), deploy(elf.len())];
    let case = run(case, Expect::Success, &finish);
    fails(case, invoke("program"))
}

fn program_errors(environment: &Environment) -> Case {
    let mut poor = uninitialized(environment, PROGRAM_BYTES);
    poor.lamports -= 1;
    let mut case = base(environment, "deploy_program_errors")
        .account(address("short"), uninitialized(environment, PROGRAM_BYTES - 1))
        .account(address("tiny"), uninitialized(environment, 3))
        .account(address("poor program"), poor)
        .account(address("a buffer"), buffer(environment, Some("authority"), &[1; 20]))
        .account(address("nonsense"), owned(environment, vec![9; 60]))
        .account(
            address("foreign"),
            Account { owner: system_program::ID, ..uninitialized(environment, PROGRAM_BYTES) },
        );
    for name in ["short", "tiny", "poor program", "a buffer", "nonsense", "foreign", "missing"] {
        let change = |accounts: &mut Vec<AccountMeta>| {
            accounts[2] = w(address(name));
            accounts[1] = w(programdata_address(name));
        };
        case = fails(case, with(deploy(room()), change));
    }
    fails(case, with(deploy(room()), |accounts| accounts[2] = r(address("program"))))
}

fn buffer_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "deploy_buffer_errors")
        .account(address("empty"), buffer(environment, Some("authority"), &[]))
        .account(
            address("headless"),
            owned(environment, buffer(environment, Some("authority"), &[]).data[..36].to_vec()),
        )
        .account(address("without authority"), buffer(environment, None, &elf::succeeds()))
        .account(address("of another"), buffer(environment, Some("other authority"), &elf::succeeds()))
        .account(
            address("foreign"),
            Account { owner: system_program::ID, ..buffer(environment, Some("authority"), &elf::succeeds()) },
        )
        .account(address("fresh"), uninitialized(environment, 500));
    for name in ["empty", "headless", "without authority", "of another", "foreign", "fresh", "missing"] {
        case = fails(case, with(deploy(room()), |accounts| accounts[3] = w(address(name))));
    }
    // The authority of neither: an immutable buffer with no authority key cannot be matched.
    case = fails(case, with(deploy(room()), |accounts| accounts[3] = r(address("buffer"))));
    case = fails(case, with(deploy(room()), |accounts| accounts[7] = rs(address("other authority"))));
    case = fails(case, with(deploy(room()), |accounts| accounts[7] = r(address("authority"))));
    run(case, Expect::Failure, &[deploy(room() - 1)])
}

fn account_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "deploy_account_errors").account(address("foreign"), account(SOL, vec![], LOADER));
    for count in 0..8 {
        case = fails(case, with(deploy(room()), |accounts| accounts.truncate(count)));
    }
    let changes: [fn(&mut Vec<AccountMeta>); 8] = [
        |accounts| accounts[4] = r(sysvar::clock::ID),
        |accounts| accounts[5] = r(sysvar::rent::ID),
        |accounts| accounts[6] = r(sysvar::rent::ID),
        |accounts| accounts[1] = w(programdata_address("other")),
        |accounts| accounts[1] = r(programdata_address("program")),
        |accounts| accounts[0] = w(address("rich")),
        |accounts| accounts[0] = r(address("rich")),
        |accounts| accounts[0] = ws(address("poor")),
    ];
    case = case.lamports("rich", 5 * SOL).lamports("poor", 1_000_000);
    for change in changes {
        case = run(case, Expect::Anything, &[with(deploy(room()), change)]);
    }
    // Program data that somebody has paid for beforehand (`CreateAccountAllowPrefund` is not what the loader uses).
    let case = case
        .account(address("prefunded"), uninitialized(environment, PROGRAM_BYTES))
        .account(programdata_address("prefunded"), system_account(1_000_000));
    let prefunded = |accounts: &mut Vec<AccountMeta>| {
        accounts[1] = w(programdata_address("prefunded"));
        accounts[2] = w(address("prefunded"));
    };
    run(case, Expect::Anything, &[with(deploy(room()), prefunded)])
}

fn same_accounts(environment: &Environment) -> Case {
    let mut case = base(environment, "deploy_same_accounts");
    for (from, to) in [(0, 3), (3, 0), (2, 3), (3, 2), (1, 2), (2, 1), (1, 3), (3, 1), (0, 7), (0, 2), (0, 1), (7, 3)] {
        let change = |accounts: &mut Vec<AccountMeta>| {
            let is_signer = accounts[to].is_signer;
            accounts[to] = AccountMeta { is_signer: is_signer && accounts[from].is_signer, ..accounts[from].clone() };
        };
        case = run(case, Expect::Anything, &[with(deploy(room()), change)]);
    }
    case
}

fn funds(environment: &Environment) -> Case {
    let needed = environment.exempt(PROGRAM_DATA_HEADER_BYTES + room());
    let drained = buffer(environment, Some("authority"), &elf::succeeds()).lamports;
    let by = |name: &'static str| with(deploy(room()), move |accounts| accounts[0] = ws(address(name)));
    let minimum = environment.exempt(0);
    let case = base(environment, "deploy_funds").lamports("poor", needed - drained + minimum - 1);
    let case = run(case, Expect::Anything, &[by("poor")]);
    let case = case.lamports("program data payer", needed - drained - 1);
    let case = fails(case, by("program data payer"));
    // The buffer's lamports, with which the program data costs little.
    let mut rich = buffer(environment, Some("authority"), &elf::succeeds());
    rich.lamports += 3 * SOL;
    let case = case.account(address("rich buffer"), rich);
    run(case, Expect::Anything, &[with(deploy(room()), |accounts| accounts[3] = w(address("rich buffer")))])
}

fn bad_elfs(environment: &Environment) -> Case {
    let mut case = base(environment, "deploy_bad_elf");
    for (name, bytes) in elf::bad() {
        case = case.account(address(name), buffer(environment, Some("authority"), &bytes));
        let change = |accounts: &mut Vec<AccountMeta>| accounts[3] = w(address(name));
        case = run(case, Expect::Failure, &[with(deploy(bytes.len()), change)]);
    }
    // A program that was refused is none.
    fails(case, invoke("program"))
}

/// Each sBPF version that a header can claim, over code of v0; and a program that is of v3.
fn versions(environment: &Environment) -> Case {
    let mut case = Case::new(environment, "deploy_versions");
    let claimed =
        ["v0", "v1", "v2", "v3", "v4"].into_iter().zip(0u8..).map(|(name, version)| (name, elf::version(version)));
    for (name, bytes) in claimed.chain([("v3 indeed", elf::succeeds_v3())]) {
        let program = format!("program {name}");
        case = case
            .account(address(&program), uninitialized(environment, PROGRAM_BYTES))
            .account(address(name), buffer(environment, Some("authority"), &bytes));
        let change = |accounts: &mut Vec<AccountMeta>| {
            accounts[1] = w(programdata_address(&program));
            accounts[2] = w(address(&program));
            accounts[3] = w(address(name));
        };
        case = run(case, Expect::Anything, &[with(deploy(bytes.len()), change)]);
    }
    case
}

fn sizes(environment: &Environment) -> Case {
    let most = ACCOUNT_BYTES_MAX - PROGRAM_DATA_HEADER_BYTES;
    let case = base(environment, "deploy_sizes").lamports("program data payer", 100 * SOL);
    let by = |one| with(one, |accounts: &mut Vec<AccountMeta>| accounts[0] = ws(address("program data payer")));
    let case = fails(case, by(deploy(most + 1)));
    let case = fails(case, by(deploy(usize::MAX)));
    let case = fails(case, by(deploy(usize::MAX - PROGRAM_DATA_HEADER_BYTES)));
    let case = fails(case, deploy(most));
    run(case, Expect::Success, &[by(deploy(most))])
}
