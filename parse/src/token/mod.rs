//! What the two token programs keep in their accounts: base states, extensions behind them, and how amounts are shown.

pub(crate) mod amount;
pub(crate) mod extensions;
pub(crate) mod state;
