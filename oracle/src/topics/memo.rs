//! The three memo programs: with and without signers, valid and invalid UTF-8, lengths, logs to their limit.

use super::fees::{limit, program};
use crate::{
    case::{Case, Expect, address, instruction, r, rs, w},
    environment::Environment,
};
use solana_instruction::AccountMeta;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    ["spl_memo_1", "spl_memo_3", "spl_memo_4"].into_iter().flat_map(|name| of_program(environment, name)).collect()
}

fn of_program(environment: &Environment, program_name: &str) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("{program_name}_{name}"));
    let memo = |accounts: Vec<AccountMeta>, text: &[u8]| instruction(program(program_name), accounts, text);
    let signer = |name: &str| rs(address(name));
    let one = ["payer"];
    let any = Expect::Anything;
    let long = "0123456789".repeat(100);
    let names = ["a", "b", "c", "d"];
    let crowd = ["payer", "a", "b", "c", "d"];
    vec![
        case("plain").ok(&one, &[memo(vec![], b"hello, world")]),
        case("empty").ok(&one, &[memo(vec![], b"")]),
        case("utf8").ok(&one, &[memo(vec![], "letters: äöü 字 🚀".as_bytes())]),
        case("control_characters").ok(&one, &[memo(vec![], b"tab\t newline\n quote\" backslash\\ nul\0")]),
        case("long").ok(&one, &[limit(1_000_000), memo(vec![], long.as_bytes())]),
        case("long_default_limit").legacy(any, &one, &[memo(vec![], long.as_bytes())]),
        case("long_multibyte").legacy(any, &one, &[limit(1_400_000), memo(vec![], "字".repeat(300).as_bytes())]),
        case("signed").ok(&["payer", "a"], &[memo(vec![signer("a")], b"signed")]),
        case("signed_by_payer").ok(&one, &[memo(vec![signer("payer")], b"signed")]),
        case("signed_by_four").ok(&crowd, &[memo(names.map(signer).to_vec(), b"signed by four")]),
        case("signed_twice_by_one").ok(&["payer", "a"], &[memo(vec![signer("a"), signer("a")], b"signed")]),
        case("not_signed").legacy(any, &one, &[memo(vec![r(address("a"))], b"not signed")]),
        case("one_of_two_signed").legacy(any, &["payer", "a"], &[memo(vec![signer("a"), r(address("b"))], b"half")]),
        case("two_not_signed").legacy(
            any,
            &["payer", "b"],
            &[memo(vec![r(address("a")), signer("b"), w(address("c"))], b"half")],
        ),
        case("not_signed_and_invalid").legacy(any, &one, &[memo(vec![r(address("a"))], &[0xff])]),
        case("invalid_utf8").fails(&one, &[memo(vec![], &[0xf0, 0x9f, 0x98])]),
        case("invalid_utf8_in_the_middle").fails(&one, &[memo(vec![], b"good \xff\xfe bad")]),
        case("invalid_surrogate").fails(&one, &[memo(vec![], &[0xed, 0xa0, 0x80])]),
        case("invalid_overlong").fails(&one, &[memo(vec![], &[0xc0, 0xaf])]),
        case("many").ok(&one, &[memo(vec![], b"1"), memo(vec![], b"2"), memo(vec![], b"3")]),
        case("compute_exhausted").fails(&one, &[limit(200), memo(vec![], long.as_bytes())]),
        case("compute_exhausted_signers").legacy(
            any,
            &crowd,
            &[limit(2_000), memo(names.map(signer).to_vec(), b"four")],
        ),
    ]
    .into_iter()
    .chain([log_limit(case("log_limit"), program_name)])
    .collect()
}

/// Forty memos of a v1 transaction overflow the 10,000 bytes of log that are kept.
fn log_limit(case: Case, program_name: &str) -> Case {
    let text = "x".repeat(80);
    let instructions: Vec<_> = (0..40).map(|_| instruction(program(program_name), vec![], text.as_bytes())).collect();
    let config = solana_message::v1::TransactionConfig {
        compute_unit_limit: Some(1_400_000),
        loaded_accounts_data_size_limit: Some(1 << 20),
        ..Default::default()
    };
    case.v1(Expect::Success, &["payer"], config, &instructions)
}
