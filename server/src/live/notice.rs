//! What subscribers hear of: every block, once when it is processed and once when it is durable.

use std::sync::Arc;

use crossbeam::channel::{self, Receiver, Sender};
use heddle_types::BlockHeader;
use parking_lot::Mutex;

use super::OpenBlock;

/// News of the chain, in order.
#[derive(Clone)]
pub enum Notice {
    /// A block was executed.
    Processed(Arc<OpenBlock>),
    /// A block is durable.
    Confirmed(Arc<OpenBlock>),
    /// Blocks were taken back, or the chain was begun anew: this is the newest block now.
    TakenBack(BlockHeader),
}

/// Receives notices. The channel is closed for a receiver that lags by its whole capacity: it must not hold up blocks, and
/// must not miss one without knowing.
pub type NoticeReceiver = Receiver<Notice>;

/// Everybody who listens; `None` once nothing more will come.
pub(crate) struct Notices {
    listeners: Mutex<Option<Vec<Sender<Notice>>>>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { listeners: Mutex::new(Some(Vec::new())) }
    }
}

impl Notices {
    /// A new receiver; closed from the start if nothing more will come.
    pub(crate) fn listen(&self, capacity: usize) -> NoticeReceiver {
        let (sender, receiver) = channel::bounded(capacity);
        if let Some(listeners) = self.listeners.lock().as_mut() {
            listeners.push(sender);
        }
        receiver
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        *self.listeners.lock() = None;
    }

    pub(crate) fn tell(&self, notice: &Notice) {
        if let Some(listeners) = self.listeners.lock().as_mut() {
            listeners.retain(|listener| listener.try_send(notice.clone()).is_ok());
        }
    }
}
