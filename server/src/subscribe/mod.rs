//! Subscriptions: who wants to hear what, and one thread that tells them.
//!
//! ```text
//!  notices of the chain ──▶ notifier thread ──▶ registry: who wants it? ──▶ outbox of each connection (bounded)
//!                                                                              │ full: the connection is cut off
//! ```

mod notifier;
mod registry;
mod request;

pub use notifier::start as start_notifier;
pub use registry::{Outbox, Registry};
pub use request::{is_subscription_method, subscribe, unsubscribe};
