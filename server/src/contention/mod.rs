//! Which accounts transactions wait for, and what waits behind them: every block measured after it ran, and the sums of the
//! last minute.
//!
//! **It is a model**: a property of a block's transactions and their order, not of the run. In a run a transaction also waits
//! for workers, and one worker runs a block in order whatever the conflicts are. The model tells what no number of workers
//! can help with, only other accounts.
//!
//! *Locks.* What a transaction locks is what the message names: its own keys and those of lookup tables, writable as declared
//! unless the runtime forbids the write (sysvars, builtins and other reserved keys; programs that it calls, unless the
//! upgradeable loader is among its keys). The engine also locks, for reading, where a program's bytes are; that is left out.
//!
//! *Time.* A transaction takes its share, by compute units, of the time that all workers together spent in the block's
//! transactions; one that used none counts as one unit. It starts when its last predecessor has ended, as if there were
//! workers for all: `start = max(end of each predecessor)`, 0 without one, and `end = start + time`. Through an account a
//! transaction that writes it follows the readers since its last writer, or else that writer; one that reads it follows
//! that writer.
//!
//! *Blame.* A transaction with a predecessor is held up by the account through which its last one came: the *predecessor that
//! ends last*. If several accounts tie, it is the one that the message names first (the fee payer before all others).
//! What it waited for that account is the end of that predecessor less when it could have started without the account, and
//! without those that tie with it: so the time that a transaction lost counts once, and what remains after the account is
//! split is what the next one is blamed for.
//!
//! *An account's figures* are sums over blocks in which it held somebody up: `locked` and `written` count all transactions of
//! those blocks that do, `waited` those it held up. `behind` and `programs` are of those it held up: other accounts that they
//! write, and programs they call (the compute budget program, which tells nothing, left out).
//!
//! *Bounds.* A block keeps its hottest `ACCOUNTS_MAX` accounts, and so does a second; of each account the most frequent
//! entries of its lists. So sums of accounts near the bottom of a very busy minute may lack parts. O(locks) per block, on a
//! thread of its own; a minute takes at most about 20 MiB.

mod analysis;
mod locks;
mod sums;
mod watch;
mod window;

pub use watch::{Contention, start_watch};
pub use window::HotAccount;
