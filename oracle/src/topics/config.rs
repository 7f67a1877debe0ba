//! The config program: its one instruction stores keys and data; who has to sign, what fits.

use super::{fees::limit, system::create as create_account};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, rs, w, ws},
    environment::Environment,
};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{config::ID, system_program};

/// Data stored beside the keys.
const VALUE: [u8; 8] = [42, 0, 0, 0, 0, 0, 0, 0];

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = store(environment);
    cases.extend(signers(environment));
    cases.extend(refused(environment));
    cases.extend(malformed(environment));
    cases
}

/// Keys in the form that accounts and instructions share: count (compact-u16), then (key, signs).
fn keys(keys: &[(&str, bool)]) -> Vec<u8> {
    let mut data = compact(keys.len());
    for (name, signs) in keys {
        data.extend(address(name).to_bytes());
        data.push(u8::from(*signs));
    }
    data
}

fn compact(count: usize) -> Vec<u8> {
    if count < 0x80 { vec![count as u8] } else { vec![count as u8 & 0x7f | 0x80, (count >> 7) as u8] }
}

fn data(list: &[(&str, bool)], value: &[u8]) -> Vec<u8> {
    [keys(list), value.to_vec()].concat()
}

/// A config account of `space` bytes that holds `list` and [`VALUE`].
fn holding(environment: &Environment, list: &[(&str, bool)], space: usize) -> Account {
    let mut bytes = data(list, &VALUE);
    bytes.resize(space, 0);
    account(environment.exempt(space), bytes, ID)
}

fn config() -> AccountMeta {
    w(address("config"))
}

fn send(accounts: Vec<AccountMeta>, data: Vec<u8>) -> Instruction {
    instruction(ID, accounts, data)
}

fn store(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, account: Account| {
        Case::new(environment, format!("store_{name}")).account(address("config"), account)
    };
    let empty = |space: usize| account(environment.exempt(space), vec![0; space], ID);
    let own = ["payer", "config"];
    let signed = || vec![ws(address("config"))];
    let a = ("a", true);
    let watcher = ("watcher", false);
    vec![
        case("no_keys", empty(100)).ok(&own, &[send(signed(), data(&[], &VALUE))]),
        case("nothing", empty(100)).ok(&own, &[send(signed(), data(&[], &[]))]),
        case("itself_as_key", empty(100)).ok(&own, &[send(signed(), data(&[("config", true)], &VALUE))]),
        case("watcher", empty(100)).ok(&own, &[send(signed(), data(&[watcher], &VALUE))]),
        case("one_signer", empty(100))
            .ok(&["payer", "config", "a"], &[send(vec![ws(address("config")), rs(address("a"))], data(&[a], &VALUE))]),
        case("two_signers", empty(200)).ok(
            &["payer", "config", "a", "b"],
            &[send(
                vec![ws(address("config")), rs(address("a")), rs(address("b"))],
                data(&[a, watcher, ("b", true)], &VALUE),
            )],
        ),
        case("fits_exactly", empty(9)).ok(&own, &[send(signed(), data(&[], &VALUE))]),
        case("byte_too_long", empty(8)).fails(&own, &[send(signed(), data(&[], &VALUE))]),
        case("leaves_the_rest", holding(environment, &[], 100))
            .ok(&["payer", "config"], &[send(signed(), data(&[], &[7]))]),
        case("account_without_data", empty(0)).fails(&own, &[send(signed(), data(&[], &VALUE))]),
        case("create_and_store", empty(0)).account(address("config"), account(0, vec![], system_program::ID)).ok(
            &own,
            &[
                create_account("payer", "config", environment.exempt(100), 100, ID),
                send(signed(), data(&[watcher], &VALUE)),
            ],
        ),
        case("long_value", empty(900)).ok(&own, &[send(signed(), data(&[], &[5; 800]))]),
        case("compute_exhausted", empty(100)).fails(&own, &[limit(400), send(signed(), data(&[], &VALUE))]),
    ]
}

/// Who must sign once the account holds keys.
fn signers(environment: &Environment) -> Vec<Case> {
    let a = ("a", true);
    let b = ("b", true);
    let watcher = ("watcher", false);
    let case = |name: &str, list: &[(&str, bool)]| {
        Case::new(environment, format!("signers_{name}")).account(address("config"), holding(environment, list, 200))
    };
    let payer_a = ["payer", "a"];
    let payer_ab = ["payer", "a", "b"];
    let by_a = || vec![config(), rs(address("a"))];
    let by_ab = || vec![config(), rs(address("a")), rs(address("b"))];
    let next = [9; 4];
    vec![
        case("same_one", &[a]).ok(&payer_a, &[send(by_a(), data(&[a], &next))]),
        case("same_two", &[a, b]).ok(&payer_ab, &[send(by_ab(), data(&[a, b], &next))]),
        case("other_order", &[a, b]).legacy(
            Expect::Anything,
            &payer_ab,
            &[send(vec![config(), rs(address("b")), rs(address("a"))], data(&[b, a], &next))],
        ),
        case("accounts_in_other_order", &[a, b])
            .fails(&payer_ab, &[send(vec![config(), rs(address("b")), rs(address("a"))], data(&[a, b], &next))]),
        case("one_added", &[a]).fails(&payer_ab, &[send(by_ab(), data(&[a, b], &next))]),
        case("one_removed", &[a, b]).fails(&payer_a, &[send(by_a(), data(&[a], &next))]),
        case("replaced", &[a]).fails(&["payer", "b"], &[send(vec![config(), rs(address("b"))], data(&[b], &next))]),
        case("watcher_kept", &[a, watcher]).ok(&payer_a, &[send(by_a(), data(&[a, watcher], &next))]),
        case("watcher_removed", &[a, watcher]).ok(&payer_a, &[send(by_a(), data(&[a], &next))]),
        case("watcher_becomes_signer", &[a, ("b", false)]).fails(&payer_ab, &[send(by_ab(), data(&[a, b], &next))]),
        case("signer_becomes_watcher", &[a, b]).fails(&payer_a, &[send(by_a(), data(&[a, ("b", false)], &next))]),
        case("only_watchers_config_unsigned", &[watcher])
            .fails(&["payer"], &[send(vec![config()], data(&[watcher], &next))]),
        case("only_watchers_config_signed", &[watcher])
            .ok(&["payer", "config"], &[send(vec![ws(address("config"))], data(&[watcher], &next))]),
        case("config_among_signers", &[("config", true), a]).fails(
            &["payer", "config", "a"],
            &[send(vec![ws(address("config")), rs(address("a"))], data(&[("config", true), a], &next))],
        ),
        // The config's own key counts among the accounts of the signers.
        case("config_among_signers_twice", &[("config", true), a]).legacy(
            Expect::Anything,
            &["payer", "config", "a"],
            &[send(
                vec![ws(address("config")), rs(address("config")), rs(address("a"))],
                data(&[("config", true), a], &next),
            )],
        ),
        case("config_last_among_signers", &[a, ("config", true)]).legacy(
            Expect::Anything,
            &["payer", "config", "a"],
            &[send(vec![ws(address("config")), rs(address("a"))], data(&[a, ("config", true)], &next))],
        ),
        case("config_among_signers_unsigned", &[("config", true), a])
            .fails(&payer_a, &[send(by_a(), data(&[("config", true), a], &next))]),
        case("not_signed", &[a]).fails(&["payer"], &[send(vec![config(), r(address("a"))], data(&[a], &next))]),
        case("account_missing", &[a]).fails(&["payer"], &[send(vec![config()], data(&[a], &next))]),
        case("second_account_missing", &[a, b]).fails(&payer_a, &[send(by_a(), data(&[a, b], &next))]),
        case("wrong_account", &[a])
            .fails(&["payer", "b"], &[send(vec![config(), rs(address("b"))], data(&[a], &next))]),
        case("no_keys_named", &[a]).legacy(Expect::Anything, &payer_a, &[send(by_a(), data(&[], &next))]),
        case("twice_the_same", &[a]).fails(&payer_a, &[send(by_a(), data(&[a, a], &next))]),
        case("twice_the_same_two_accounts", &[a])
            .fails(&payer_a, &[send(vec![config(), rs(address("a")), rs(address("a"))], data(&[a, a], &next))]),
        case("twice_the_same_watcher", &[a]).legacy(
            Expect::Anything,
            &payer_a,
            &[send(by_a(), data(&[a, watcher, watcher], &next))],
        ),
    ]
}

fn refused(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, account: Account| {
        Case::new(environment, format!("refused_{name}")).account(address("config"), account)
    };
    let empty = || account(SOL, vec![0; 100], ID);
    let own = ["payer", "config"];
    let signed = || vec![ws(address("config"))];
    let value = || data(&[], &VALUE);
    vec![
        case("not_signed", empty()).fails(&["payer"], &[send(vec![config()], value())]),
        case("readonly", empty()).fails(&own, &[send(vec![rs(address("config"))], value())]),
        case("foreign", account(SOL, vec![0; 100], address("program"))).fails(&own, &[send(signed(), value())]),
        case("system_owned", account(SOL, vec![], system_program::ID)).fails(&own, &[send(signed(), value())]),
        case("missing", account(0, vec![], system_program::ID)).fails(&own, &[send(signed(), value())]),
        case("no_accounts", empty()).fails(&["payer"], &[send(vec![], value())]),
        case("holds_no_keys", account(SOL, vec![0xff; 100], ID)).fails(&own, &[send(signed(), value())]),
        case("holds_too_many_keys", account(SOL, [vec![3], vec![1; 50]].concat(), ID))
            .fails(&own, &[send(signed(), value())]),
    ]
}

fn malformed(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| {
        Case::new(environment, format!("malformed_{name}")).account(address("config"), account(SOL, vec![0; 1_200], ID))
    };
    let own = ["payer", "config"];
    let raw = |data: &[u8]| send(vec![ws(address("config"))], data.to_vec());
    let mut sign_2 = keys(&[("a", false)]);
    sign_2[33] = 2;
    let many =
        |count: usize| (0..count).flat_map(|index| [[index as u8; 32].as_slice(), &[0]].concat()).collect::<Vec<_>>();
    vec![
        case("empty").fails(&own, &[raw(&[])]),
        case("count_without_keys").fails(&own, &[raw(&[1])]),
        case("key_cut").fails(&own, &[raw(&keys(&[("a", false)])[..33])]),
        case("flag_2").fails(&own, &[raw(&sign_2)]),
        case("count_not_shortest").fails(&own, &[raw(&[0x80, 0x00, 1, 2])]),
        case("count_overflow").fails(&own, &[raw(&[0xff, 0xff, 0x04])]),
        case("count_unfinished").fails(&own, &[raw(&[0x80])]),
        case("many_watchers").ok(&own, &[raw(&[compact(25), many(25)].concat())]),
    ]
}
