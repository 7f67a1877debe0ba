//! Who wants to hear what.
//!
//! Found by what it is about: an account, a signature, a program; the rest are few and gone through.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use ahash::RandomState;
use hashbrown::{HashMap, HashSet};
use heddle_types::Pubkey;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    notifier,
    request::{Topic, Wanted},
};
use crate::{
    limits::{Connections, Counted},
    live::Commitment,
    rpc::{Context, RpcError},
};

/// Where messages for one connection wait until it reads them.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<OutboxInner>,
}

struct OutboxInner {
    messages: mpsc::Sender<Arc<str>>,
    is_cut_off: AtomicBool,
    subscriptions_max: usize,
    /// Numbers of its subscriptions; `None` once the connection is gone, which takes no more.
    subscriptions: Mutex<Option<HashSet<u64, RandomState>>>,
}

impl Outbox {
    /// An outbox for `capacity` messages, and where they come out.
    pub fn new(capacity: usize, subscriptions_max: usize) -> (Self, mpsc::Receiver<Arc<str>>) {
        let (messages, receiver) = mpsc::channel(capacity);
        let inner = OutboxInner {
            messages,
            is_cut_off: AtomicBool::new(false),
            subscriptions_max,
            subscriptions: Mutex::new(Some(HashSet::default())),
        };
        (Self { inner: Arc::new(inner) }, receiver)
    }

    /// Puts a message in. One that does not fit cuts the connection off: a client that misses one must know.
    pub fn send(&self, message: Arc<str>) {
        if self.inner.messages.try_send(message).is_err() {
            self.inner.is_cut_off.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the client did not keep up.
    pub fn is_cut_off(&self) -> bool {
        self.inner.is_cut_off.load(Ordering::Relaxed)
    }
}

/// One subscription.
#[derive(Clone)]
pub(crate) struct Subscription {
    pub(crate) id: u64,
    pub(crate) wanted: Arc<Wanted>,
    pub(crate) outbox: Outbox,
    /// The newest slot of its commitment when it was made: what is older, the client could have seen.
    since: Arc<AtomicU64>,
}

impl Subscription {
    /// Whether its client wants to hear of a block at `slot` that has `reached` a commitment.
    pub(crate) fn is_due(&self, slot: u64, reached: Commitment) -> bool {
        notifier::is_level(self.wanted.commitment, reached) && slot > self.since.load(Ordering::Relaxed)
    }

    /// Tells its client.
    pub(crate) fn tell(&self, result: Value) {
        let message = json!({
            "jsonrpc": "2.0",
            "method": self.wanted.topic.notification(),
            "params": { "result": result, "subscription": self.id },
        });
        self.outbox.send(message.to_string().into());
    }
}

/// Every subscription.
pub struct Registry {
    connections: Arc<Connections>,
    next: AtomicU64,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    all: HashMap<u64, Subscription, RandomState>,
    accounts: Groups<Pubkey>,
    programs: Groups<Pubkey>,
    signatures: Groups<[u8; 64]>,
    /// Logs, slots, roots, blocks.
    others: HashSet<u64, RandomState>,
}

type Groups<K> = HashMap<K, HashSet<u64, RandomState>, RandomState>;

/// A subscription's place.
enum Place<'a> {
    Account(&'a Pubkey),
    Program(&'a Pubkey),
    Signature(&'a [u8; 64]),
    Other,
}

impl Place<'_> {
    fn of(topic: &Topic) -> Place<'_> {
        match topic {
            Topic::Account { key, .. } => Place::Account(key),
            Topic::Program { key, .. } => Place::Program(key),
            Topic::Signature { signature, .. } => Place::Signature(signature),
            _ => Place::Other,
        }
    }
}

impl Registry {
    /// Without subscriptions; counts them in `connections`.
    pub fn new(connections: Arc<Connections>) -> Self {
        Self { connections, next: AtomicU64::new(1), tables: Mutex::default() }
    }

    /// Adds a subscription. `answer` makes the client's answer of its number, which goes out before the first notification.
    ///
    /// # Errors
    /// If the connection has as many as it may.
    pub(crate) fn add(
        &self,
        context: &Context,
        outbox: &Outbox,
        wanted: Wanted,
        answer: impl FnOnce(u64) -> String,
    ) -> Result<(), RpcError> {
        let max = outbox.inner.subscriptions_max;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let since = Arc::default();
        let subscription = Subscription { id, wanted: Arc::new(wanted), outbox: outbox.clone(), since };
        {
            // Held until it is in the tables: a connection that goes meanwhile takes it along.
            let mut subscriptions = outbox.inner.subscriptions.lock();
            let own = subscriptions.as_mut().ok_or_else(|| RpcError::invalid_request("the connection is gone"))?;
            if own.len() >= max {
                let message = format!("this connection has {max} subscriptions, as many as are allowed");
                return Err(RpcError::invalid_request(message));
            }
            own.insert(id);
            // Held meanwhile, too: the notifier looks here, so nothing is missed after the answer.
            let mut tables = self.tables.lock();
            let newest = context.live.chain().slot(subscription.wanted.commitment);
            subscription.since.store(newest, Ordering::Relaxed);
            outbox.send(answer(id).into());
            self.connections.enter(Counted::Subscription, usize::MAX);
            tables.insert(subscription.clone());
        }
        // After it is registered: what happens from now on is told by the notifier, what happened before is told here.
        if let Topic::Signature { .. } = subscription.wanted.topic {
            notifier::tell_if_known(context, self, &subscription);
        }
        Ok(())
    }

    /// Removes a subscription of this connection; tells whether it had one of this number.
    pub fn remove(&self, outbox: &Outbox, id: u64) -> bool {
        if !outbox.inner.subscriptions.lock().as_mut().is_some_and(|own| own.remove(&id)) {
            return false;
        }
        if self.tables.lock().remove(id) {
            self.connections.leave(Counted::Subscription);
        }
        true
    }

    /// Removes every subscription of a connection that is gone.
    pub fn remove_all(&self, outbox: &Outbox) {
        let ids = outbox.inner.subscriptions.lock().take();
        let mut tables = self.tables.lock();
        for id in ids.into_iter().flatten() {
            if tables.remove(id) {
                self.connections.leave(Counted::Subscription);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tables.lock().all.is_empty()
    }

    pub(crate) fn of_account(&self, key: &Pubkey) -> Vec<Subscription> {
        let tables = self.tables.lock();
        tables.group(tables.accounts.get(key))
    }

    pub(crate) fn of_program(&self, key: &Pubkey) -> Vec<Subscription> {
        let tables = self.tables.lock();
        tables.group(tables.programs.get(key))
    }

    pub(crate) fn of_signature(&self, signature: &[u8; 64]) -> Vec<Subscription> {
        let tables = self.tables.lock();
        tables.group(tables.signatures.get(signature))
    }

    pub(crate) fn others(&self) -> Vec<Subscription> {
        let tables = self.tables.lock();
        tables.group(Some(&tables.others))
    }

    /// Blocks after `slot` were taken back: those that come in their place are news.
    pub(crate) fn take_back(&self, slot: u64) {
        for subscription in self.tables.lock().all.values() {
            subscription.since.fetch_min(slot, Ordering::Relaxed);
        }
    }

    /// Cuts everybody off: notices were lost.
    pub(crate) fn cut_all_off(&self) {
        for subscription in self.tables.lock().all.values() {
            subscription.outbox.inner.is_cut_off.store(true, Ordering::Relaxed);
        }
    }
}

impl Tables {
    fn group(&self, ids: Option<&HashSet<u64, RandomState>>) -> Vec<Subscription> {
        ids.into_iter().flatten().filter_map(|id| self.all.get(id)).cloned().collect()
    }

    fn insert(&mut self, subscription: Subscription) {
        let id = subscription.id;
        match Place::of(&subscription.wanted.topic) {
            Place::Account(key) => self.accounts.entry(*key).or_default().insert(id),
            Place::Program(key) => self.programs.entry(*key).or_default().insert(id),
            Place::Signature(signature) => self.signatures.entry(*signature).or_default().insert(id),
            Place::Other => self.others.insert(id),
        };
        self.all.insert(id, subscription);
    }

    fn remove(&mut self, id: u64) -> bool {
        let Some(subscription) = self.all.remove(&id) else { return false };
        match Place::of(&subscription.wanted.topic) {
            Place::Account(key) => remove_from(&mut self.accounts, key, id),
            Place::Program(key) => remove_from(&mut self.programs, key, id),
            Place::Signature(signature) => remove_from(&mut self.signatures, signature, id),
            Place::Other => {
                self.others.remove(&id);
            }
        }
        true
    }
}

fn remove_from<K: std::hash::Hash + Eq>(groups: &mut Groups<K>, key: &K, id: u64) {
    if let Some(group) = groups.get_mut(key) {
        group.remove(&id);
        if group.is_empty() {
            groups.remove(key);
        }
    }
}
