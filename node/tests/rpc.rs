//! A node as a client sees it: transactions, subscriptions, blocks of either kind, and what a developer may do.
//!
//! What Solana's own clients make of it is proven in `e2e/`.

mod support;

use serde_json::{Value, json};
use support::{Node, ask, get, next};
use tungstenite::Message;

const ALICE: &str = "A11111111111111111111111111111111111111111A";
const SYSTEM: &str = "11111111111111111111111111111111";
const SOL: u64 = 1_000_000_000;

#[test]
fn an_airdrop_is_told_in_every_way() {
    let node = Node::start(&["--memory"]);
    let mut socket = node.connect();
    let account =
        ask(&mut socket, "accountSubscribe", json!([ALICE, { "encoding": "base64", "commitment": "confirmed" }]));
    let logs = ask(&mut socket, "logsSubscribe", json!([{ "mentions": [ALICE] }, { "commitment": "processed" }]));
    let signature = node.call("requestAirdrop", json!([ALICE, 3 * SOL]));
    let watched = ask(&mut socket, "signatureSubscribe", json!([signature, { "commitment": "confirmed" }]));
    let (mut told_account, mut told_logs, mut told_signature) = (None, None, None);
    while told_account.is_none() || told_logs.is_none() || told_signature.is_none() {
        let message = next(&mut socket);
        let params = &message["params"];
        let slot = match message["method"].as_str().expect("a notification") {
            "accountNotification" => (&mut told_account, &account),
            "logsNotification" => (&mut told_logs, &logs),
            "signatureNotification" => (&mut told_signature, &watched),
            other => panic!("{other}"),
        };
        assert_eq!(params["subscription"], slot.1["result"]);
        *slot.0 = Some(params["result"]["value"].clone());
    }
    assert_eq!(told_account.expect("told")["lamports"], 3 * SOL);
    assert_eq!(told_signature.expect("told"), json!({ "err": null }));
    let told_logs = told_logs.expect("told");
    assert_eq!((&told_logs["signature"], &told_logs["err"]), (&signature, &Value::Null));
    assert!(
        told_logs["logs"]
            .as_array()
            .expect("lines")
            .iter()
            .any(|line| line == &json!(format!("Program {SYSTEM} success")))
    );
    // Told once, then gone.
    let gone = ask(&mut socket, "signatureUnsubscribe", json!([watched["result"]]));
    assert_eq!(gone["error"]["code"], -32602);
    assert_eq!(ask(&mut socket, "logsUnsubscribe", json!([logs["result"]]))["result"], true);

    node.confirm(&signature);
    let parsed = node
        .call("getTransaction", json!([signature, { "encoding": "jsonParsed", "maxSupportedTransactionVersion": 0 }]));
    let transfer = &parsed["transaction"]["message"]["instructions"][2];
    assert_eq!((&transfer["program"], &transfer["parsed"]["info"]["lamports"]), (&json!("system"), &json!(3 * SOL)));
    assert_eq!(parsed["meta"]["postBalances"][1], 3 * SOL);
    assert_eq!(parsed["version"], "legacy");
    let listed = node.call("getSignaturesForAddress", json!([ALICE]));
    assert_eq!((listed.as_array().expect("a list").len(), &listed[0]["signature"]), (1, &signature));
    let block =
        node.call("getBlock", json!([parsed["slot"], { "transactionDetails": "signatures", "rewards": false }]));
    assert_eq!(block["signatures"], json!([signature]));
    assert_eq!(node.call("getBalance", json!([ALICE]))["value"], 3 * SOL);
    assert_eq!(node.call("getTransactionCount", json!([])), 1);
}

/// Clients drop notifications of a subscription whose number they do not know yet.
#[test]
fn the_answer_comes_before_the_notification() {
    let node = Node::start(&["--memory", "--block-production", "transaction"]);
    let signature = node.airdrop(ALICE, SOL);
    let mut socket = node.connect();
    for config in [json!({ "enableReceivedNotification": true }), json!({ "enableReceivedNotification": null })] {
        let request = json!({ "id": 1, "method": "signatureSubscribe", "params": [signature, config] });
        socket.send(Message::text(request.to_string())).expect("sent");
        let number = next(&mut socket)["result"].clone();
        assert!(number.is_u64(), "{number}");
        if config["enableReceivedNotification"] == true {
            assert_eq!(next(&mut socket)["params"]["result"]["value"], "receivedSignature");
        }
        let told = next(&mut socket);
        assert_eq!(
            (&told["params"]["subscription"], &told["params"]["result"]["value"]["err"]),
            (&number, &Value::Null)
        );
    }
    // A subscription hears of what comes after it.
    ask(&mut socket, "accountSubscribe", json!([ALICE, { "commitment": "confirmed" }]));
    node.airdrop(ALICE, SOL);
    assert_eq!(next(&mut socket)["params"]["result"]["value"]["lamports"], 2 * SOL);
}

#[test]
fn accounts_of_a_program_are_found_as_they_come_and_go() {
    let node = Node::start(&["--memory", "--block-production", "transaction"]);
    let owned = |filters: Value| {
        let found = node.call(
            "getProgramAccounts",
            json!([SYSTEM, { "encoding": "base64", "filters": filters, "commitment": "processed" }]),
        );
        let found = found.as_array().expect("a list").iter();
        found.filter(|one| one["pubkey"] == ALICE).count()
    };
    assert_eq!(owned(json!([])), 0);
    node.airdrop(ALICE, SOL);
    assert_eq!((owned(json!([])), owned(json!([{ "dataSize": 0 }])), owned(json!([{ "dataSize": 1 }]))), (1, 1, 0));
    node.call("heddle_setAccount", json!([ALICE, { "owner": ALICE, "data": "aGVsbG8=" }]));
    assert_eq!(owned(json!([])), 0);
    let filters = json!([{ "memcmp": { "offset": 1, "bytes": "ZWxs", "encoding": "base64" } }, { "dataSize": 5 }]);
    let found = node
        .call("getProgramAccounts", json!([ALICE, { "encoding": "base64", "filters": filters, "withContext": true }]));
    assert_eq!(found["value"][0]["account"]["data"], json!(["aGVsbG8=", "base64"]));
    node.call("heddle_setAccount", json!([ALICE, { "remove": true }]));
    assert_eq!(node.call("getProgramAccounts", json!([ALICE])), json!([]));
    assert_eq!(node.call("getAccountInfo", json!([ALICE]))["value"], Value::Null);
}

#[test]
fn a_blockhash_lives_while_blocks_come_as_fast_as_they_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::at(folder.path(), &["--block-production", "transaction", "--slot-time", "3600000"]);
    let blockhash = || node.call("getLatestBlockhash", json!([]))["value"]["blockhash"].clone();
    let (first, height) = (blockhash(), node.call("getBlockHeight", json!([])));
    for _ in 0..200 {
        node.airdrop(ALICE, SOL);
    }
    assert!(node.call("getSlot", json!([])).as_u64().expect("a slot") >= 200);
    assert_eq!((blockhash(), node.call("getBlockHeight", json!([]))), (first.clone(), height));
    assert_eq!(node.call("isBlockhashValid", json!([first]))["value"], true);
    assert_eq!(node.call("getBalance", json!([ALICE]))["value"], 200 * SOL);
    assert_eq!(node.interrupt(), Some(0));
}

#[test]
fn a_developer_moves_time_writes_accounts_and_goes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::at(folder.path(), &["--slot-time", "20"]);
    node.airdrop(ALICE, SOL);
    let point = node.call("heddle_snapshot", json!([]));
    node.airdrop(ALICE, SOL);
    let set = node.call("heddle_setAccount", json!([ALICE, { "lamports": 77 }]));
    assert!(set["slot"].as_u64() > point["slot"].as_u64());
    assert_eq!(node.call("getBalance", json!([ALICE]))["value"], 77);
    node.call("heddle_revert", json!([point]));
    assert_eq!(node.call("getBalance", json!([ALICE]))["value"], SOL);

    node.call("heddle_pauseClock", json!([]));
    let time = |at: i64| node.call("heddle_timeTravel", json!([{ "absoluteTimestamp": at }]))["unixTimestamp"].clone();
    assert_eq!(time(4_000_000_000), 4_000_000_000i64);
    let slot = node.call("getSlot", json!([{ "commitment": "processed" }]));
    node.airdrop(ALICE, SOL);
    let after = node.call("getSlot", json!([{ "commitment": "processed" }]));
    assert_eq!(
        after.as_u64().expect("a slot"),
        slot.as_u64().expect("a slot") + 1,
        "a block of what waited, and no other"
    );
    assert_eq!(node.call("getBlockTime", json!([after])), 4_000_000_000i64);
    assert!(
        node.refusal("heddle_timeTravel", json!([{ "absoluteTimestamp": 5 }]))["message"]
            .as_str()
            .expect("text")
            .contains("does not go back")
    );
    assert_eq!(node.call("heddle_timeTravel", json!([{ "absoluteSlot": 1_000_000 }]))["slot"], 1_000_000);
    assert_eq!(node.call("getEpochInfo", json!([]))["epoch"], 2);
    node.call("heddle_resumeClock", json!([]));
    node.wait("getSlot", &json!([]), |slot| slot.as_u64() > Some(1_000_000));
    node.call("heddle_setAccount", json!([ALICE, { "lamports": 99 }]));
    assert_eq!(node.interrupt(), Some(0));

    // Replay takes what was set as given and compares everything else.
    let database = folder.path().join("ledger/chain-0");
    let verified = std::process::Command::new(env!("CARGO_BIN_EXE_heddle"))
        .args(["verify", "--json", "--full-scan", "--db"])
        .arg(&database)
        .output()
        .expect("it runs");
    let report: Value = serde_json::from_slice(&verified.stdout).expect("JSON");
    assert_eq!((&report["ok"], &report["overrides"]), (&json!(true), &json!(1)), "{report}");

    let node = Node::at(folder.path(), &[]);
    assert_eq!(node.call("getBalance", json!([ALICE]))["value"], 99);
    let reset = node.call("heddle_reset", json!([]));
    assert_eq!(reset["slot"], 0);
    assert_eq!(node.call("getBalance", json!([ALICE]))["value"], 0);
    node.airdrop(ALICE, SOL);
}

#[test]
fn the_page_and_health_are_served() {
    let node = Node::start(&["--memory"]);
    let (status, page) = get(node.rpc, "/");
    assert!(status == 200 && page.contains("<!doctype html>"));
    for path in ["/health", "/healthz"] {
        assert_eq!(get(node.rpc, path), (200, "ok".to_owned()));
    }
    assert_eq!(get(node.rpc, "/app.js").0, 200);
    assert_eq!(get(node.rpc, "/../Cargo.toml").0, 404);
    let (status, metrics) = get(node.rpc, "/metrics");
    assert!(status == 200 && metrics.ends_with("# EOF\n"), "{metrics}");
}

#[test]
fn flags_that_people_know() {
    let node = Node::start(&[
        "--memory",
        "--slots-per-epoch",
        "64",
        "--warp-slot",
        "130",
        "--ticks-per-slot",
        "8",
        "--mint",
        ALICE,
        "--faucet-sol",
        "5",
        "--gossip-port",
        "8001",
        "--transaction-account-lock-limit",
        "128",
        "--compute-unit-limit",
        "500000",
        "--quiet",
    ]);
    assert_eq!(node.call("getEpochSchedule", json!([]))["slotsPerEpoch"], 64);
    assert_eq!(node.wait("getEpochInfo", &json!([]), |info| info["epoch"].as_u64() >= Some(2))["slotsInEpoch"], 64);
    assert_eq!(node.call("getBalance", json!([ALICE]))["value"], 500_000_000 * SOL);
    let faucet = node.ready["faucet"].clone();
    assert_eq!(node.call("getBalance", json!([faucet]))["value"], 5 * SOL);
}
