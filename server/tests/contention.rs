//! `heddle_contention` of a running node.

mod common;

use common::{Node, eventually, faucet_address};
use heddle_types::{Pubkey, ids};
use serde_json::{Value, json};

fn recipient(n: u8) -> String {
    Pubkey::new_from_array([100 + n; 32]).to_string()
}

#[test]
fn airdrops_of_one_block_wait_for_the_faucet() {
    let node = Node::start(None);
    let quiet = node.call("heddle_contention", json!([]));
    assert_eq!(quiet, json!({ "blocks": 0, "missedBlocks": 0, "transactions": 0, "waves": 0, "accounts": [] }));
    let airdrop = |n| node.call("requestAirdrop", json!([recipient(n), 1_000_000_000]));
    let signatures: Vec<Value> = (0..5).map(airdrop).collect();
    node.make_block();
    let measured = eventually(|| node.call("heddle_contention", json!([{ "top": 5 }])), |answer| answer["blocks"] == 1);
    assert_eq!((&measured["transactions"], &measured["waves"]), (&json!(5), &json!(5)));
    let [faucet] = &measured["accounts"].as_array().unwrap()[..] else { panic!("{measured}") };
    assert_eq!(faucet["address"], json!(faucet_address().to_string()));
    assert_eq!((&faucet["locked"], &faucet["written"], &faucet["waited"]), (&json!(5), &json!(5), &json!(4)));
    assert!(faucet["waitedMicros"].as_u64().unwrap() > 0, "{faucet}");
    let behind = faucet["behind"].as_array().unwrap();
    assert!(behind.len() == 4 && behind.iter().all(|one| one["transactions"] == 1), "{faucet}");
    assert_eq!(faucet["programs"], json!([{ "address": ids::system_program::ID.to_string(), "transactions": 4 }]));
    let waiting = faucet["waiting"].as_array().unwrap();
    assert_eq!(waiting.len(), 4);
    for (newer, older) in waiting.iter().zip(&waiting[1..]) {
        assert_eq!(newer["blockedBy"], older["signature"]);
    }
    assert!(waiting.iter().all(|one| signatures.contains(&one["signature"])), "{faucet}");
}

#[test]
fn blocks_that_were_taken_back_are_forgotten() {
    let node = Node::start(None);
    for n in 0..2 {
        node.call("requestAirdrop", json!([recipient(n), 1_000_000_000]));
    }
    node.make_block();
    eventually(|| node.call("heddle_contention", json!([])), |answer| answer["blocks"] == 1);
    node.call("heddle_reset", json!([]));
    eventually(|| node.call("heddle_contention", json!([])), |answer| answer["blocks"] == 0);
}

#[test]
fn what_may_be_asked_for() {
    let node = Node::start(None);
    for top in [json!(0), json!(101), json!(-1), json!("all")] {
        let answer = node.ask("heddle_contention", json!([{ "top": top }]));
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    node.call("heddle_contention", json!([{ "top": 100 }]));
    node.call("heddle_contention", json!([null]));
}
