//! Initialising and writing buffers; how instruction data is decoded.

use super::*;

/// The cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    vec![initialization(environment), initialization_errors(environment), writing(environment), decoding(environment)]
}

fn base(environment: &Environment, name: &str) -> Case {
    Case::new(environment, name)
        .lamports("authority", SOL)
        .account(address("fresh"), uninitialized(environment, 100))
        .account(address("buffer"), buffer(environment, Some("authority"), &[7; 50]))
        .account(address("immutable"), buffer(environment, None, &[7; 50]))
        .account(address("program"), program(environment, "program"))
        .account(programdata_address("program"), program_data(environment, 0, Some("authority"), &elf::succeeds(), 0))
}

fn initialization(environment: &Environment) -> Case {
    let case = base(environment, "initialize")
        .account(address("exact"), uninitialized(environment, BUFFER_HEADER_BYTES))
        .account(address("rich in zeros"), uninitialized(environment, 5_000));
    let case = run(case, Expect::Success, &[initialize("fresh")]);
    let case = run(case, Expect::Success, &[initialize("exact")]);
    let case = run(
        case,
        Expect::Success,
        &[with(initialize("rich in zeros"), |accounts| accounts[1] = w(address("rich in zeros")))],
    );
    run(case, Expect::Success, &[write("fresh", 0, b"abc")])
}

fn initialization_errors(environment: &Environment) -> Case {
    let mut case = base(environment, "initialize_errors")
        .account(address("short"), uninitialized(environment, 3))
        .account(address("no room"), uninitialized(environment, BUFFER_HEADER_BYTES - 1))
        .account(address("nonsense"), owned(environment, vec![9; 60]))
        .account(address("bad option"), owned(environment, [&[1, 0, 0, 0, 2], [1; 60].as_slice()].concat()))
        .account(address("foreign"), account(SOL, vec![0; 60], system_program::ID));
    for name in ["buffer", "immutable", "program", "short", "no room", "nonsense", "bad option", "foreign", "missing"] {
        case = fails(case, initialize(name));
    }
    let program_data = |accounts: &mut Vec<AccountMeta>| accounts[0] = w(programdata_address("program"));
    case = fails(case, with(initialize("fresh"), program_data));
    case = fails(case, with(initialize("fresh"), |accounts| accounts[0] = r(address("fresh"))));
    case = fails(case, with(initialize("fresh"), |accounts| accounts.truncate(1)));
    fails(case, with(initialize("fresh"), Vec::clear))
}

fn writing(environment: &Environment) -> Case {
    let mut case =
        base(environment, "write").account(address("header"), buffer(environment, Some("authority"), &[])).account(
            address("foreign"),
            Account { owner: system_program::ID, ..buffer(environment, Some("authority"), &[7; 50]) },
        );
    let written = [
        write("buffer", 0, b"first"),
        write("buffer", 45, b"last!"),
        write("buffer", 50, b""),
        write("header", 0, b""),
    ];
    for one in written {
        case = run(case, Expect::Success, &[one]);
    }
    let refused = [
        write("buffer", 46, b"last!"),
        write("buffer", 51, b""),
        write("buffer", u32::MAX, b"far"),
        write("header", 0, b"x"),
        write("fresh", 0, b"x"),
        write("program", 0, b"x"),
        write("immutable", 0, b"x"),
        write("foreign", 0, b"x"),
        write("missing", 0, b"x"),
        with(write("buffer", 0, b"x"), |accounts| accounts[0] = w(programdata_address("program"))),
        with(write("buffer", 0, b"x"), |accounts| accounts[0] = r(address("buffer"))),
        with(write("buffer", 0, b""), |accounts| accounts[0] = r(address("buffer"))),
        with(write("buffer", 0, b"x"), |accounts| accounts[1] = rs(address("other authority"))),
        with(write("buffer", 0, b"x"), |accounts| accounts[1] = r(address("authority"))),
        with(write("buffer", 0, b"x"), |accounts| accounts.truncate(1)),
        with(write("buffer", 0, b"x"), Vec::clear),
    ];
    for one in refused {
        case = fails(case, one);
    }
    case
}

fn decoding(environment: &Environment) -> Case {
    let mut case = base(environment, "decode");
    let metas = || vec![w(address("buffer")), rs(address("authority"))];
    let long_write = |length: u64, bytes: usize| {
        loader(1, &[&[0; 4], length.to_le_bytes().as_slice(), &vec![3; bytes]].concat(), metas())
    };
    let mut extra = initialize("fresh");
    extra.data.extend([1, 2, 3]);
    case = run(case, Expect::Success, &[extra]);
    case = run(case, Expect::Success, &[long_write(20, 30)]);
    for data in [
        vec![],
        vec![0, 0, 0],
        vec![8, 0, 0, 0],
        vec![255; 4],
        vec![1, 0, 0, 0, 0, 0, 0, 0],
        vec![2, 0, 0, 0, 1],
        vec![6, 0, 0, 0, 1],
    ] {
        case = fails(case, instruction(LOADER, metas(), data));
    }
    case = fails(case, long_write(31, 30));
    case = fails(case, long_write(u64::MAX, 30));
    // Without an allowance for the loader's own cost.
    let limit =
        instruction(solana_sdk_ids::compute_budget::ID, vec![], [&[2u8], 2_519u32.to_le_bytes().as_slice()].concat());
    run(case, Expect::Failure, &[limit, write("buffer", 0, b"x")])
}
