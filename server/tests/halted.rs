//! A chain whose block cannot be committed: nothing more is promised, and what is known is still answered.

mod common;

use common::{Node, eventually};
use heddle_storage::Fault;
use serde_json::{Value, json};

const ALICE: &str = "A11111111111111111111111111111111111111111A";
const SOL: u64 = 1_000_000_000;

#[test]
fn a_failed_commit_is_told_and_stops_the_chain() {
    for fault in [Fault::BeforeCommit(1), Fault::AfterCommit(1)] {
        let node = Node::with_fault(fault);
        let kept = node.call("requestAirdrop", json!([ALICE, SOL]));
        node.make_block();
        let lost = node.call("requestAirdrop", json!([ALICE, SOL]));
        node.try_block();
        let halted = |health: &Value| health["error"]["code"] == -32005;
        let health = eventually(|| node.ask("getHealth", json!([])), halted);
        let told = health["error"]["message"].as_str().expect("text");
        assert!(told.contains("unhealthy") && told.contains("commit"), "{told}");
        assert!(node.status("/health").contains("503"));

        // Nothing is taken any more, and nothing is told of what may be lost.
        let refused = node.ask("requestAirdrop", json!([ALICE, SOL]));
        assert!(refused["error"]["message"].is_string(), "{refused}");
        let statuses = node.call("getSignatureStatuses", json!([[kept, lost]]));
        assert_eq!(statuses["value"][0]["confirmationStatus"], "finalized");
        assert_ne!(statuses["value"][1]["confirmationStatus"], "finalized");
        assert_eq!(node.call("getBalance", json!([ALICE]))["context"]["slot"], 1);
        assert!(node.call("heddle_stats", json!([]))["halted"].is_string());
    }
}
