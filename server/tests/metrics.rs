//! `GET /metrics` of a running node: OpenMetrics, line by line, and figures that move.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Node, WORKERS, eventually, faucet_address};
use heddle_types::Pubkey;
use serde_json::{Value, json};

/// The values by name and labels, as they are written.
type Values = BTreeMap<String, f64>;

/// Reads the text strictly: every line is known, every value is of a family that was announced, nothing is told twice.
fn parse(text: &str) -> Values {
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut helped = BTreeSet::new();
    let mut values = Values::new();
    let (body, end) = text.rsplit_once("# EOF\n").expect("the end");
    assert_eq!(end, "");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(helped.insert(name) && !help.is_empty(), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(is_name(name) && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(types.insert(name, kind).is_none(), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = check_series(series);
            let family = types.iter().rfind(|(family, _)| is_of(name, family, types[*family]));
            assert!(family.is_some(), "of no family: {line}");
            assert!(values.insert(series.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
        }
    }
    assert_eq!(helped, types.keys().copied().collect());
    values
}

fn is_name(name: &str) -> bool {
    name.starts_with("heddle_") && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Whether a value of this name may be of the family.
fn is_of(name: &str, family: &str, kind: &str) -> bool {
    name.strip_prefix(family).is_some_and(|suffix| match kind {
        "counter" => suffix == "_total",
        "gauge" => suffix.is_empty(),
        _ => ["_bucket", "_sum", "_count"].contains(&suffix),
    })
}

/// `name` or `name{label="value",…}`; the name.
fn check_series(series: &str) -> &str {
    let (name, labels) = series.split_once('{').map_or((series, None), |(name, labels)| (name, Some(labels)));
    assert!(is_name(name), "{series}");
    if let Some(labels) = labels {
        for label in labels.strip_suffix('}').expect("an end of labels").split(',') {
            let (key, value) = label.split_once('=').expect("a label");
            assert!(!key.is_empty() && value.len() >= 2 && value.starts_with('"') && value.ends_with('"'), "{series}");
        }
    }
    name
}

fn scrape(node: &Node) -> Values {
    let (text, content_type) = node.get("/metrics");
    assert!(content_type.starts_with("application/openmetrics-text"), "{content_type}");
    parse(&text)
}

fn airdrop(node: &Node, n: u8) {
    node.call("requestAirdrop", json!([Pubkey::new_from_array([100 + n; 32]).to_string(), 1_000_000_000]));
}

#[test]
fn counters_move_after_transactions() {
    let node = Node::start(None);
    let before = scrape(&node);
    (0..3).for_each(|n| airdrop(&node, n));
    let waiting = scrape(&node);
    assert_eq!(waiting["heddle_pool_transactions"], 3.0);
    node.make_block();
    let wait = format!("heddle_account_wait_seconds{{account=\"{}\"}}", faucet_address());
    let after = eventually(|| scrape(&node), |values| values.contains_key(&wait));
    let grown = |series: &str| after[series] - before[series];
    assert_eq!(grown("heddle_transactions_received_total"), 3.0);
    assert_eq!(grown("heddle_transactions_total{outcome=\"succeeded\"}"), 3.0);
    let outcomes = ["succeeded", "failed", "dropped", "refused"];
    let outcomes = outcomes.map(|outcome| after[&format!("heddle_transactions_total{{outcome=\"{outcome}\"}}")]);
    let waiting = after["heddle_pool_transactions"] + after["heddle_intake_transactions"];
    assert_eq!(after["heddle_transactions_received_total"], outcomes.iter().sum::<f64>() + waiting);
    assert_eq!(grown("heddle_blocks_total"), 1.0);
    assert_eq!(grown("heddle_slot{commitment=\"processed\"}"), 1.0);
    assert_eq!(grown("heddle_slot{commitment=\"confirmed\"}"), 1.0);
    assert_eq!(grown("heddle_block_height"), 1.0);
    assert_eq!(after["heddle_pool_transactions"], 0.0);
    assert_eq!(after["heddle_longest_chain_transactions"], 3.0);
    for stage in ["schedule", "execute", "hash", "commit"] {
        let series = format!("heddle_stage_seconds_total{{stage=\"{stage}\"}}");
        assert!(grown(&series) > 0.0, "{series}");
    }
    for step in ["queued", "executed", "committed"] {
        let at = |quantile| after[&format!("heddle_latency_seconds{{step=\"{step}\",quantile=\"{quantile}\"}}")];
        assert!(at("0.5") > 0.0 && at("0.5") <= at("0.99"), "{step}");
    }
    assert!(after[&wait] > 0.0);
    assert!(after["heddle_accounts_cached"] > 0.0 && after["heddle_accounts_cached_bytes"] > 0.0);
    assert!(!after.keys().any(|series| series.starts_with("heddle_store")), "a chain in memory has no database");
}

#[test]
fn every_worker_is_told_of_and_was_busy_or_idle() {
    let node = Node::start(None);
    let worker = |values: &Values, n: usize, state: &str| {
        values[&format!("heddle_worker_seconds_total{{worker=\"{n}\",state=\"{state}\"}}")]
    };
    let before = scrape(&node);
    assert!((0..WORKERS).all(|n| worker(&before, n, "busy") == 0.0 && worker(&before, n, "idle") == 0.0));
    airdrop(&node, 0);
    node.make_block();
    let after = scrape(&node);
    assert!((0..WORKERS).any(|n| worker(&after, n, "busy") > 0.0), "{after:?}");
    assert!((0..WORKERS).all(|n| worker(&after, n, "busy") + worker(&after, n, "idle") > 0.0), "{after:?}");
    let stats = node.call("heddle_stats", json!([]));
    let workers = stats["workerMicros"].as_array().unwrap();
    assert_eq!((workers.len(), &stats["workers"]), (WORKERS, &json!(WORKERS)));
}

#[test]
fn what_clients_make_up_is_no_label() {
    let node = Node::start(None);
    for method in ["getSlot", "heddle_madeUp", "a\"b\nc"] {
        node.ask(method, json!([]));
    }
    let values = scrape(&node);
    let methods: BTreeSet<&str> = values
        .keys()
        .filter(|series| series.starts_with("heddle_rpc_request_seconds_count"))
        .map(|series| series.split('"').nth(1).unwrap())
        .collect();
    assert_eq!(methods, BTreeSet::from(["getSlot", "unknown"]));
    assert_eq!(values["heddle_rpc_failures_total{method=\"unknown\"}"], 2.0);
}

#[test]
fn a_database_tells_how_it_keeps_up() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::start(Some(directory.path().join("db")));
    airdrop(&node, 0);
    node.make_block();
    let values = scrape(&node);
    assert!(values["heddle_store_memtable_bytes"] > 0.0);
    assert_eq!(values["heddle_store_stalled_writes"], 0.0);
    assert!(values.contains_key("heddle_store_level_tables{level=\"6\"}"));
    let store = node.call("heddle_stats", json!([]))["store"].take();
    let keys = ["memtableBytes", "tableBytes", "stalledWrites", "compactionPendingBytes", "runningCompactions"];
    assert_eq!(store.as_object().unwrap().keys().collect::<Vec<_>>(), keys);
    assert!(store.as_object().unwrap().values().all(Value::is_u64), "{store}");
}
