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

/// Everybody who listens.
pub(crate) struct Notices {
    /// `None`: nothing more will come.
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
        // Once all is over the sender is dropped here, so that who listens again at the last moment does not wait for ever.
        if let Some(listeners) = &mut *self.listeners.lock() {
            listeners.push(sender);
        }
        receiver
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        *self.listeners.lock() = None;
    }

    pub(crate) fn tell(&self, notice: &Notice) {
        if let Some(listeners) = &mut *self.listeners.lock() {
            listeners.retain(|listener| listener.try_send(notice.clone()).is_ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lags_is_cut_off_and_nobody_waits_when_all_is_over() {
        let notices = Notices::default();
        let (slow, other) = (notices.listen(1), notices.listen(2));
        for _ in 0..2 {
            notices.tell(&Notice::TakenBack(BlockHeader::default()));
        }
        assert_eq!((slow.iter().count(), other.len()), (1, 2));
        notices.close();
        assert_eq!((other.iter().count(), notices.listen(1).iter().count()), (2, 0));
    }
}
