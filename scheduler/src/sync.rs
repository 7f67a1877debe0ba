//! The primitives of the concurrent half, from `std` and crossbeam, or from shuttle when a test explores interleavings.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test -p heddle-scheduler --lib` builds the second form. Shuttle schedules
//! sequentially consistent steps: it finds lost wakeups and double releases, not a missing `Acquire`; for those there
//! is the argument in [`crate::countdown`].

pub(crate) use imp::*;

#[cfg(not(all(test, shuttle)))]
mod imp {
    pub(crate) use crossbeam::deque::{Steal, Stealer, Worker as Deque};
    pub(crate) use crossbeam::sync::{Parker, Unparker};
    pub(crate) use crossbeam::utils::Backoff;
    pub(crate) use std::sync::Mutex;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
}

#[cfg(all(test, shuttle))]
mod imp {
    pub(crate) use crossbeam::deque::Steal;
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    pub(crate) use shuttle::sync::{Arc, Condvar, Mutex};
    use std::collections::VecDeque;

    /// The owner's end of a deque: last in, first out.
    pub(crate) struct Deque<T>(Arc<Mutex<VecDeque<T>>>);

    /// The thieves' end of a deque.
    pub(crate) struct Stealer<T>(Arc<Mutex<VecDeque<T>>>);

    impl<T> Deque<T> {
        pub(crate) fn new_lifo() -> Self {
            Self(Arc::new(Mutex::new(VecDeque::new())))
        }

        pub(crate) fn stealer(&self) -> Stealer<T> {
            Stealer(Arc::clone(&self.0))
        }

        pub(crate) fn push(&self, task: T) {
            self.0.lock().unwrap().push_back(task);
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.0.lock().unwrap().pop_back()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().unwrap().len()
        }
    }

    impl<T> Stealer<T> {
        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().unwrap().is_empty()
        }

        pub(crate) fn steal(&self) -> Steal<T> {
            self.0.lock().unwrap().pop_front().map_or(Steal::Empty, Steal::Success)
        }

        pub(crate) fn steal_batch_and_pop(&self, thief: &Deque<T>) -> Steal<T> {
            let mut victim = self.0.lock().unwrap();
            let Some(task) = victim.pop_front() else { return Steal::Empty };
            let half = victim.len() / 2;
            let batch = victim.drain(..half).collect::<Vec<_>>();
            drop(victim);
            thief.0.lock().unwrap().extend(batch);
            Steal::Success(task)
        }
    }

    pub(crate) struct Parker(Unparker);

    #[derive(Clone)]
    pub(crate) struct Unparker(Arc<(Mutex<bool>, Condvar)>);

    impl Parker {
        pub(crate) fn new() -> Self {
            Self(Unparker(Arc::new((Mutex::new(false), Condvar::new()))))
        }

        pub(crate) fn unparker(&self) -> &Unparker {
            &self.0
        }

        pub(crate) fn park(&self) {
            let (token, changed) = &*self.0.0;
            let mut token = token.lock().unwrap();
            while !*token {
                token = changed.wait(token).unwrap();
            }
            *token = false;
        }
    }

    impl Unparker {
        pub(crate) fn unpark(&self) {
            *self.0.0.lock().unwrap() = true;
            self.0.1.notify_one();
        }
    }

    /// One round only, so that exploration reaches the park.
    pub(crate) struct Backoff(std::cell::Cell<bool>);

    impl Backoff {
        pub(crate) fn new() -> Self {
            Self(std::cell::Cell::new(false))
        }

        pub(crate) fn snooze(&self) {
            self.0.set(true);
            shuttle::thread::yield_now();
        }

        pub(crate) fn is_completed(&self) -> bool {
            self.0.get()
        }

        pub(crate) fn reset(&self) {
            self.0.set(false);
        }
    }
}
