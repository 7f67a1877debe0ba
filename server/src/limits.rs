//! What clients may do, and how many of them there are.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde_json::{Value, json};

/// Bounds on what clients may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// Longest message over WebSocket, in bytes.
    pub websocket_message_bytes_max: usize,
    /// Most requests in a batch.
    pub batch_max: usize,
    /// Bytes of answers to one batch after which the rest of it is refused.
    pub batch_answer_bytes_max: usize,
    /// Most connections, of each kind.
    pub connections_max: usize,
    /// Most subscriptions of one connection.
    pub subscriptions_max: usize,
    /// Messages that wait for a slow reader before it is cut off.
    pub outbox_max: usize,
    /// Requests per second and address; `None`: any number.
    pub requests_per_second: Option<NonZeroU32>,
    /// Requests carried out at once; more wait.
    pub concurrent_requests_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 4 << 20,
            websocket_message_bytes_max: 1 << 20,
            batch_max: 1000,
            batch_answer_bytes_max: 64 << 20,
            connections_max: 10_000,
            subscriptions_max: 10_000,
            outbox_max: 4096,
            requests_per_second: None,
            concurrent_requests_max: 256,
        }
    }
}

/// Counts requests of each address.
pub struct RequestRate(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl RequestRate {
    /// Addresses that are remembered before those that were quiet are forgotten.
    const ADDRESSES_MAX: usize = 10_000;

    /// At most so many a second, all of them at once if it must be.
    pub fn new(requests_per_second: Option<NonZeroU32>) -> Self {
        Self(requests_per_second.map(|per_second| RateLimiter::keyed(Quota::per_second(per_second))))
    }

    /// Whether `address` may send `count` requests now.
    pub fn allows(&self, address: IpAddr, count: usize) -> bool {
        let Some(limiter) = &self.0 else { return true };
        if limiter.len() > Self::ADDRESSES_MAX {
            limiter.retain_recent();
        }
        let Some(count) = u32::try_from(count).ok().and_then(NonZeroU32::new) else { return count == 0 };
        limiter.check_key_n(&address, count).is_ok_and(|enough| enough.is_ok())
    }
}

/// Clients that are connected.
#[derive(Debug, Default)]
pub struct Connections {
    http: AtomicUsize,
    websocket: AtomicUsize,
    subscriptions: AtomicUsize,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// A request over HTTP that is being carried out.
    Http,
    /// A WebSocket connection.
    WebSocket,
    /// A subscription.
    Subscription,
}

impl Connections {
    fn counter(&self, what: Counted) -> &AtomicUsize {
        match what {
            Counted::Http => &self.http,
            Counted::WebSocket => &self.websocket,
            Counted::Subscription => &self.subscriptions,
        }
    }

    /// How many there are.
    pub fn count(&self, what: Counted) -> usize {
        self.counter(what).load(Ordering::Relaxed)
    }

    /// Counts one more, unless there are `max`; tells whether it did.
    pub fn enter(&self, what: Counted, max: usize) -> bool {
        let counter = self.counter(what);
        if counter.fetch_add(1, Ordering::Relaxed) < max {
            return true;
        }
        counter.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Counts one less.
    pub fn leave(&self, what: Counted) {
        self.counter(what).fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "http": self.count(Counted::Http),
            "webSocket": self.count(Counted::WebSocket),
            "subscriptions": self.count(Counted::Subscription),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_address() {
        let rate = RequestRate::new(NonZeroU32::new(3));
        let (a, b) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        assert!(rate.allows(a, 2) && rate.allows(a, 1) && !rate.allows(a, 1));
        assert!(rate.allows(b, 3) && !rate.allows(b, 4), "a batch that is never allowed");
        assert!(RequestRate::new(None).allows(a, usize::MAX));
    }

    #[test]
    fn no_more_than_may_be() {
        let connections = Connections::default();
        assert!(connections.enter(Counted::WebSocket, 1) && !connections.enter(Counted::WebSocket, 1));
        connections.leave(Counted::WebSocket);
        assert!(connections.enter(Counted::WebSocket, 1));
    }
}
