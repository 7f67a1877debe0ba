//! A node that is killed while transactions come in: what it told as confirmed is there when it is started again.

mod support;

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use support::{Node, post};

const SENDERS: usize = 8;
const ROUNDS: usize = 4;
const SOL: u64 = 1_000_000_000;

/// An account of its own for each sender.
fn account(sender: usize) -> String {
    bs58::encode([sender as u8 + 1; 32]).into_string()
}

/// The result of a request to a node that may be gone.
fn try_call(node: &Node, method: &str, params: Value) -> Option<Value> {
    let body = json!({ "id": 1, "method": method, "params": params }).to_string();
    let address = node.rpc;
    let answer = std::panic::catch_unwind(|| post(address, body.as_bytes())).ok()?;
    serde_json::from_str::<Value>(&answer.1).ok()?.get("result").cloned()
}

/// Asks for airdrops until the node is gone, and notes those that it told as durable.
fn send(node: &Node, sender: usize, is_over: &AtomicBool, confirmed: &Mutex<HashSet<String>>) {
    let mut open: Vec<String> = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let signature = try_call(node, "requestAirdrop", json!([account(sender), SOL]));
        open.extend(signature.and_then(|signature| signature.as_str().map(str::to_owned)));
        let Some(statuses) = try_call(node, "getSignatureStatuses", json!([open])) else { continue };
        let is_final = |index: usize| statuses["value"][index]["confirmationStatus"] == "finalized";
        let mut index = 0;
        open.retain(|signature| {
            index += 1;
            if is_final(index - 1) {
                confirmed.lock().expect("no panic").insert(signature.clone());
            }
            !is_final(index - 1)
        });
        open.truncate(100);
    }
}

#[test]
fn confirmed_signatures_outlive_kills() {
    for production in ["transaction", "slots"] {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = ["--block-production", production, "--slot-time", "30"];
        let confirmed: Mutex<HashSet<String>> = Mutex::default();
        std::panic::set_hook(Box::new(|_| {}));
        for round in 0..ROUNDS {
            let node = Node::at(folder.path(), &arguments);
            check(&node, &confirmed);
            let is_over = AtomicBool::new(false);
            let before = confirmed.lock().expect("no panic").len();
            thread::scope(|scope| {
                for sender in 0..SENDERS {
                    let (node, is_over, confirmed) = (&node, &is_over, &confirmed);
                    scope.spawn(move || send(node, sender, is_over, confirmed));
                }
                // Until enough is told as durable; not after a fixed time.
                while confirmed.lock().expect("no panic").len() < before + 50 + 37 * round {
                    thread::sleep(Duration::from_millis(5));
                }
                node.kill_process();
                is_over.store(true, Ordering::Relaxed);
            });
        }
        let _default = std::panic::take_hook();
        let node = Node::at(folder.path(), &arguments);
        check(&node, &confirmed);
        let balances = (0..SENDERS)
            .map(|sender| node.call("getBalance", json!([account(sender)]))["value"].as_u64().expect("a number"));
        let airdrops = balances.sum::<u64>() / SOL;
        let confirmed = confirmed.into_inner().expect("no panic").len() as u64;
        assert!(airdrops >= confirmed && confirmed >= 50 * ROUNDS as u64, "{airdrops} airdrops, {confirmed} confirmed");
        assert_eq!(node.interrupt(), Some(0));
        let verified = std::process::Command::new(env!("CARGO_BIN_EXE_heddle"))
            .args(["verify", "--full-scan", "--db"])
            .arg(folder.path().join("ledger/chain-0"))
            .output()
            .expect("it runs");
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// Every confirmed signature is in the ledger.
fn check(node: &Node, confirmed: &Mutex<HashSet<String>>) {
    for signature in confirmed.lock().expect("no panic").iter() {
        let found = node.call("getTransaction", json!([signature, { "encoding": "base64" }]));
        assert_eq!(found["meta"]["err"], Value::Null, "{signature}: {found}");
        assert!(found["slot"].is_u64(), "{signature} was confirmed and is gone");
    }
}
