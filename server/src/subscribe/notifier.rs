//! The thread that turns notices of the chain into notifications.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    thread::{self, JoinHandle},
};

use heddle_types::{Pubkey, TransactionError};
use serde_json::{Value, json};

use super::{
    registry::{Registry, Subscription},
    request::Topic,
};
use crate::{
    live::{BlockTransaction, Commitment, Notice, NoticeReceiver, OpenBlock, View},
    rpc::{
        Context,
        methods::{encode_account, show_block, show_block_naming},
        transaction_error,
    },
    show::{account::absent, base58},
};

/// Notices that may wait for this thread.
const NOTICES_MAX: usize = 1024;

/// Starts the thread; it runs until the chain has stopped.
///
/// # Errors
/// What the system says.
pub fn start(context: Context, registry: Arc<Registry>) -> std::io::Result<JoinHandle<()>> {
    let mut notices = context.live.listen(NOTICES_MAX);
    let run = move || {
        loop {
            let listening = AssertUnwindSafe(|| listen(&context, &registry, &notices));
            if panic::catch_unwind(listening).is_err() {
                tracing::error!("the thread that tells subscribers panicked; it goes on");
            }
            if context.live.is_stopped() {
                return;
            }
            // Notices were lost, one way or the other: who waits for them must know.
            tracing::warn!("every subscriber is cut off");
            registry.cut_all_off();
            notices = context.live.listen(NOTICES_MAX);
        }
    };
    thread::Builder::new().name("notifier".to_owned()).spawn(run)
}

/// Tells what comes until the channel is closed: the chain has stopped, or [`NOTICES_MAX`] notices were waiting.
fn listen(context: &Context, registry: &Registry, notices: &NoticeReceiver) {
    for notice in notices {
        match notice {
            Notice::Processed(block) => {
                context.prices.note(&block);
                tell_block(context, registry, &block, Commitment::Processed);
            }
            Notice::Confirmed(block) => tell_block(context, registry, &block, Commitment::Finalized),
            Notice::TakenBack(header) => {
                context.prices.forget_after(header.slot);
                registry.take_back(header.slot);
            }
        }
    }
}

fn tell_block(context: &Context, registry: &Registry, block: &OpenBlock, reached: Commitment) {
    if registry.is_empty() {
        return;
    }
    let view = context.live.chain().view(reached);
    for one in &block.transactions {
        for subscription in registry.of_signature(one.signature()) {
            let tells_receipt = matches!(subscription.wanted.topic, Topic::Signature { tells_receipt: true, .. });
            if tells_receipt && reached == Commitment::Processed {
                tell_received(&subscription, block.header.slot);
            }
            // Told whatever its age: the client may have asked too late.
            if is_level(subscription.wanted.commitment, reached) {
                tell_signature(registry, &subscription, block.header.slot, &one.receipt.status);
            }
        }
    }
    tell_accounts(registry, block, &view, reached);
    for subscription in registry.others() {
        let is_step = matches!(subscription.wanted.topic, Topic::SlotsUpdates);
        if is_step || subscription.is_due(block.header.slot, reached) {
            tell_other(context, &subscription, block, &view, reached);
        }
    }
}

/// Whether a block that has `reached` a commitment is what somebody waits for who wants `wanted`.
pub(super) fn is_level(wanted: Commitment, reached: Commitment) -> bool {
    (wanted == Commitment::Processed) == (reached == Commitment::Processed)
}

fn with_context(slot: u64, value: Value) -> Value {
    json!({ "context": { "slot": slot }, "value": value })
}

fn tell_signature(registry: &Registry, subscription: &Subscription, slot: u64, status: &Result<(), TransactionError>) {
    // Removed first: it is told once, whoever comes first.
    if registry.remove(&subscription.outbox, subscription.id) {
        let error = status.as_ref().err().map(transaction_error);
        subscription.tell(with_context(slot, json!({ "err": error })));
    }
}

/// Tells what became of a signature before somebody asked. If the store cannot be read, the chain halts and says so.
pub(crate) fn tell_if_known(context: &Context, registry: &Registry, subscription: &Subscription) {
    let Topic::Signature { signature, tells_receipt } = &subscription.wanted.topic else { return };
    let Ok(Some(found)) = context.live.chain().signature_status(signature) else { return };
    if *tells_receipt {
        tell_received(subscription, found.slot);
    }
    let wants_durable = subscription.wanted.commitment != Commitment::Processed;
    if !wants_durable || found.commitment != Commitment::Processed {
        tell_signature(registry, subscription, found.slot, &found.status);
    }
}

/// Tells that a transaction has come into a block.
fn tell_received(subscription: &Subscription, slot: u64) {
    subscription.tell(with_context(slot, json!("receivedSignature")));
}

fn tell_accounts(registry: &Registry, block: &OpenBlock, view: &View, reached: Commitment) {
    let slot = block.header.slot;
    for (key, account) in &block.accounts {
        for subscription in registry.of_account(key) {
            let Topic::Account { encoding, slice, .. } = subscription.wanted.topic else { continue };
            if subscription.is_due(slot, reached) {
                let account = account.clone().unwrap_or_else(absent);
                // What cannot be written in this encoding cannot be told.
                if let Ok(shown) = encode_account(view, key, &account, encoding, slice) {
                    subscription.tell(with_context(slot, shown));
                }
            }
        }
        let Some(account) = account else { continue };
        for subscription in registry.of_program(&account.owner) {
            let Topic::Program { encoding, slice, filters, .. } = &subscription.wanted.topic else { continue };
            let is_meant = filters.iter().all(|filter| filter.allows(account));
            if is_meant
                && subscription.is_due(slot, reached)
                && let Ok(shown) = encode_account(view, key, account, *encoding, *slice)
            {
                let keyed = json!({ "pubkey": key.to_string(), "account": shown });
                subscription.tell(with_context(slot, keyed));
            }
        }
    }
}

fn tell_other(context: &Context, subscription: &Subscription, block: &OpenBlock, view: &View, reached: Commitment) {
    let header = &block.header;
    match &subscription.wanted.topic {
        Topic::Slot => {
            let root = context.live.chain().slot(Commitment::Finalized);
            subscription.tell(json!({ "slot": header.slot, "parent": header.parent_slot, "root": root }));
        }
        Topic::Root => subscription.tell(json!(header.slot)),
        Topic::SlotsUpdates => tell_slot_updates(subscription, block, reached),
        Topic::Logs { mentions } => {
            for one in &block.transactions {
                if mentions.is_none_or(|key| names(one, &key)) {
                    subscription.tell(with_context(header.slot, logs(one)));
                }
            }
        }
        Topic::Block { mentions, shape } => {
            let chain = context.live.chain();
            let shown = match mentions {
                None => show_block(&chain, view, header, shape),
                Some(key) if block.transactions.iter().any(|one| names(one, key)) => {
                    show_block_naming(&chain, view, header, shape, key)
                }
                Some(_) => return,
            };
            let (shown, error) = match shown {
                Ok(shown) => (shown, Value::Null),
                Err(error) => (Value::Null, json!(error.message)),
            };
            let value = json!({ "slot": header.slot, "err": error, "block": shown });
            subscription.tell(with_context(header.slot, value));
        }
        Topic::Account { .. } | Topic::Program { .. } | Topic::Signature { .. } | Topic::Vote => {}
    }
}

/// The steps of a slot, as far as a chain without shreds and votes has them.
fn tell_slot_updates(subscription: &Subscription, block: &OpenBlock, reached: Commitment) {
    let (slot, parent) = (block.header.slot, block.header.parent_slot);
    let timestamp = block.header.unix_timestamp.saturating_mul(1000);
    if reached != Commitment::Processed {
        for kind in ["optimisticConfirmation", "root"] {
            subscription.tell(json!({ "slot": slot, "timestamp": timestamp, "type": kind }));
        }
        return;
    }
    subscription.tell(json!({ "slot": slot, "timestamp": timestamp, "type": "createdBank", "parent": parent }));
    let failed = block.transactions.iter().filter(|one| one.receipt.status.is_err()).count();
    let stats = json!({
        "numTransactionEntries": u64::from(!block.transactions.is_empty()),
        "numSuccessfulTransactions": block.transactions.len() - failed,
        "numFailedTransactions": failed,
        "maxTransactionsPerEntry": block.transactions.len(),
    });
    subscription.tell(json!({ "slot": slot, "timestamp": timestamp, "type": "frozen", "stats": stats }));
}

fn names(one: &BlockTransaction, key: &Pubkey) -> bool {
    one.keys().any(|named| named == key)
}

fn logs(one: &BlockTransaction) -> Value {
    json!({
        "signature": base58(one.signature()),
        "err": one.receipt.status.as_ref().err().map(transaction_error),
        "logs": one.receipt.details.as_ref().map(|details| &details.logs[..]).unwrap_or_default(),
    })
}
