//! Makes a case that shows a difference as small as it can be. Knows neither Agave nor our engine: only whether a smaller
//! case still differs.
//!
//! The results of a shrunk case are still those of the whole one; whoever keeps it records it again.

use crate::format::{AccountRecord, CaseRecord};
use std::collections::BTreeSet;

/// The smallest case that can be had from `case` by leaving out transactions, and then accounts that no transaction names,
/// so that `still_differs` holds all the way. `failing` is the index of the first transaction that differs, if one does.
///
/// Dropping any single transaction or unnamed account of what is returned makes the difference go away. Asks about
/// n log n times for n transactions, n² at worst.
pub fn shrink(
    case: &CaseRecord,
    failing: Option<usize>,
    mut still_differs: impl FnMut(&CaseRecord) -> bool,
) -> CaseRecord {
    let mut smallest = case.clone();
    if let Some(failing) = failing.filter(|failing| failing + 1 < case.transactions.len()) {
        let cut = CaseRecord { transactions: case.transactions[..=failing].to_vec(), ..case.clone() };
        if still_differs(&cut) {
            smallest = cut;
        }
    }
    smallest.transactions = reduce(smallest.transactions.clone(), |transactions| {
        let variant = CaseRecord { transactions: transactions.to_vec(), ..smallest.clone() };
        !transactions.is_empty() && still_differs(&variant)
    });
    let with_accounts = |kept: &[AccountRecord]| {
        let named = named_accounts(&smallest);
        let stays = |account: &&AccountRecord| named.contains(account.pubkey.as_str()) || kept.contains(account);
        CaseRecord { accounts: smallest.accounts.iter().filter(stays).cloned().collect(), ..smallest.clone() }
    };
    let named = named_accounts(&smallest);
    let unnamed = smallest.accounts.iter().filter(|account| !named.contains(account.pubkey.as_str()));
    let needed = reduce(unnamed.cloned().collect(), |kept| still_differs(&with_accounts(kept)));
    with_accounts(&needed)
}

/// What the case's transactions name, looked-up accounts included.
fn named_accounts(case: &CaseRecord) -> BTreeSet<&str> {
    let accounts = case.transactions.iter().flat_map(|transaction| &transaction.result.post_accounts);
    accounts.map(|account| account.pubkey.as_str()).collect()
}

/// Leaves out items, in halves first and one by one at last, as long as what stays is `enough`. `items` themselves are.
fn reduce<T: Clone>(mut items: Vec<T>, mut enough: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut size = items.len().div_ceil(2);
    while !items.is_empty() {
        let count_before = items.len();
        let mut start = 0;
        while start < items.len() {
            let end = items.len().min(start + size);
            let rest = [&items[..start], &items[end..]].concat();
            if enough(&rest) { items = rest } else { start = end }
        }
        if size == 1 && items.len() == count_before {
            break;
        }
        size = (size / 2).max(1);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{ClockRecord, ResultRecord, TransactionRecord};

    fn account(name: &str) -> AccountRecord {
        let (pubkey, owner) = (name.to_owned(), "owner".to_owned());
        AccountRecord { pubkey, lamports: 1, data: String::new(), space: None, owner, executable: false }
    }

    /// Transaction `n` names account `n`; there is an account `x0` that none names for each as well.
    fn case(count: usize) -> CaseRecord {
        let result = |name: &str| ResultRecord {
            processed: true,
            error: None,
            error_json: serde_json::Value::Null,
            compute_units: 0,
            fee: 0,
            loaded_accounts_data_size: 0,
            logs: Vec::new(),
            return_data: None,
            inner_instructions: Vec::new(),
            post_accounts: vec![account(name)],
        };
        let numbers: Vec<String> = (0..count).map(|index| index.to_string()).collect();
        let accounts = numbers.iter().flat_map(|number| [account(number), account(&format!("x{number}"))]).collect();
        let transaction = |number: &String| TransactionRecord { wire: number.clone(), result: result(number) };
        CaseRecord {
            name: "a case".to_owned(),
            clock: ClockRecord {
                slot: 1,
                epoch_start_timestamp: 2,
                epoch: 3,
                leader_schedule_epoch: 4,
                unix_timestamp: 5,
            },
            gates: Vec::new(),
            programs: Vec::new(),
            accounts,
            blockhash: "hash".to_owned(),
            litesvm_note: None,
            transactions: numbers.iter().map(transaction).collect(),
        }
    }

    fn wires(case: &CaseRecord) -> Vec<&str> {
        case.transactions.iter().map(|one| one.wire.as_str()).collect()
    }

    fn keys(case: &CaseRecord) -> Vec<&str> {
        case.accounts.iter().map(|one| one.pubkey.as_str()).collect()
    }

    /// An oracle and a replayer that differ whenever these transactions and accounts come together.
    fn needs<'a>(transactions: &'a [&str], accounts: &'a [&str]) -> impl Fn(&CaseRecord) -> bool + 'a {
        move |case| {
            transactions.iter().all(|one| wires(case).contains(one))
                && accounts.iter().all(|one| keys(case).contains(one))
        }
    }

    #[test]
    fn what_the_difference_needs_stays_in_its_order() {
        for wanted in [&["0"][..], &["19"], &["7"], &["3", "11"], &["0", "1", "18", "19"], &["2", "9", "16"]] {
            let failing = wanted.last().and_then(|last| last.parse().ok());
            let small = shrink(&case(20), failing, needs(wanted, &["x5"]));
            assert_eq!(wires(&small), wanted);
            let stays = |key: &str| key == "x5" || wanted.contains(&key);
            let all = case(20);
            assert_eq!(keys(&small), keys(&all).into_iter().filter(|key| stays(key)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_comes_after_the_failing_transaction_goes_first() {
        let mut asked = Vec::new();
        let small = shrink(&case(64), Some(5), |variant| {
            asked.push(variant.transactions.len());
            needs(&["5"], &[])(variant)
        });
        assert_eq!((asked[0], wires(&small)), (6, vec!["5"]));
        assert!(asked.len() < 20, "{} questions", asked.len());
    }

    #[test]
    fn a_difference_that_needs_a_later_transaction_keeps_it() {
        let small = shrink(&case(8), Some(2), needs(&["2", "6"], &[]));
        assert_eq!(wires(&small), ["2", "6"]);
    }

    #[test]
    fn one_transaction_or_nothing_to_drop() {
        assert_eq!(shrink(&case(1), Some(0), needs(&["0"], &["x0"])), case(1));
        let all: Vec<String> = (0..5).map(|index| index.to_string()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(shrink(&case(5), None, needs(&all, &["x0", "x1", "x2", "x3", "x4"])), case(5));
    }

    #[test]
    fn a_case_is_never_emptied_and_named_accounts_stay() {
        let small = shrink(&case(9), None, |_| true);
        assert_eq!((small.transactions.len(), small.accounts.len()), (1, 1));
        assert_eq!(small.accounts[0].pubkey, small.transactions[0].wire);
    }
}
