//! Arguments of `heddle node`: those of `solana-test-validator` by the same names, and ours.

use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};
use heddle_engine::{BlockLimits, PackLimits, PoolBounds, WORKERS_MAX};
use heddle_server::{
    Limits,
    live::{ClockMode, LiveOptions},
};
use heddle_types::Pubkey;

use crate::{arguments::parse_address, byte_size::ByteSize, genesis_arguments::GenesisArguments};

/// Ticks of a slot where nobody says otherwise, and how long one is (crate `solana-clock`).
const TICKS_PER_SLOT: u64 = 64;
const TICK_MICROSECONDS: u64 = 6_250;
/// Slots of blocks that are kept.
const LEDGER_SLOTS: u64 = 100_000;
/// Slots that can be taken back.
const HISTORY_SLOTS: u64 = 1_500;
/// The port of subscriptions follows that of requests, as clients expect.
const WEBSOCKET_PORT_OFFSET: u16 = 1;

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BlockProduction {
    /// One each slot time
    Slots,
    /// As soon as a transaction waits; empty ones each slot time
    Transaction,
}

/// Arguments of `heddle node`.
#[derive(Debug, Args)]
pub(crate) struct NodeArguments {
    /// Ledger directory; made if it does not exist, continued if it does
    #[arg(short, long, default_value = "test-ledger", value_name = "DIR")]
    pub(crate) ledger: PathBuf,
    /// Begin a new chain: removes the one in the ledger directory
    #[arg(short, long, conflicts_with = "memory")]
    pub(crate) reset: bool,
    /// Keep everything in memory: nothing outlives the process
    #[arg(long, conflicts_with = "ledger")]
    pub(crate) memory: bool,
    /// Address to listen on; other machines are only served if you say so
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    pub(crate) bind_address: IpAddr,
    /// Port of JSON-RPC and of the page; 0 takes any
    #[arg(long, default_value_t = 8899, value_name = "PORT")]
    pub(crate) rpc_port: u16,
    /// Port of subscriptions (default: the next one)
    #[arg(long, value_name = "PORT")]
    pub(crate) websocket_port: Option<u16>,

    #[command(flatten)]
    pub(crate) production: ProductionArguments,
    #[command(flatten)]
    pub(crate) chain: ChainArguments,
    #[command(flatten)]
    pub(crate) accounts: GenesisArguments,
    #[command(flatten)]
    pub(crate) client_limits: LimitArguments,
    #[command(flatten)]
    pub(crate) ignored: IgnoredArguments,

    /// Workers that execute transactions (default: one per core)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=WORKERS_MAX as i64))]
    pub(crate) workers: Option<u16>,
    /// When blocks are synced to the disk: block (each), interval MS, none. Only what is synced is told as confirmed
    #[arg(long, default_value = "block", value_name = "WHEN", num_args = 1..=2, conflicts_with = "memory")]
    pub(crate) durability: Vec<String>,
    /// Memory for accounts and tables of the database
    #[arg(long, default_value = "512MiB", value_name = "SIZE")]
    pub(crate) cache_bytes: ByteSize,
    /// Keep transactions and results of about the newest N slots
    #[arg(long, default_value_t = LEDGER_SLOTS, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit_ledger_size: u64,
    /// Keep what takes back about the newest N slots, for heddle_revert
    #[arg(long, default_value_t = HISTORY_SLOTS, value_name = "N")]
    pub(crate) history_slots: u64,
    /// Refuse methods that change the chain other than by transactions (heddle_setAccount and its kin). They are always refused
    /// where other machines are served, unless --allow-development says otherwise
    #[arg(long)]
    pub(crate) no_development: bool,
    /// Serve them to other machines too
    #[arg(long, conflicts_with = "no_development")]
    pub(crate) allow_development: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Log what happens to stderr (RUST_LOG chooses in detail)
    #[arg(long)]
    pub(crate) log: bool,
    /// Print one JSON object once the node is ready
    #[arg(long)]
    pub(crate) json: bool,
}

/// How blocks are made.
#[derive(Debug, Args)]
pub(crate) struct ProductionArguments {
    /// Time between two slots in milliseconds (default: 400, or what --ticks-per-slot means)
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    slot_time: Option<u64>,
    /// Ticks of 6.25 ms in a slot
    #[arg(long, value_name = "N", conflicts_with = "slot_time", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    ticks_per_slot: Option<u64>,
    /// When blocks are made
    #[arg(long, value_enum, default_value_t = BlockProduction::Slots, value_name = "WHEN")]
    block_production: BlockProduction,
    /// Transactions that may wait for a block
    #[arg(long, default_value_t = 65_536, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    mempool_size: u64,
    /// Compute units that a block may cost; one account may take two fifths of them (default: mainnet's 50,000,000)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1_400_000..))]
    block_compute_units: Option<u64>,
    /// Begin at this slot, if the chain is not there yet
    #[arg(long, value_name = "SLOT")]
    warp_slot: Option<u64>,
}

/// What a new chain is like. Of an old one only the limits can change.
#[derive(Debug, Args)]
pub(crate) struct ChainArguments {
    /// Account that gets 500,000,000 SOL at genesis (default: that of ~/.config/solana/id.json, if there is one)
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub(crate) mint: Option<Pubkey>,
    /// SOL in the faucet's account, and airdrops from it; 0 for none (default: 1000000 where only this machine is served)
    #[arg(long, value_name = "SOL")]
    pub(crate) faucet_sol: Option<f64>,
    /// Slots of an epoch (default: 432000)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(32..))]
    pub(crate) slots_per_epoch: Option<u64>,
    /// Feature gate to leave off; may be given again
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub(crate) deactivate_feature: Vec<Pubkey>,
    /// Compute units of every transaction, whatever it asks for
    #[arg(long, value_name = "N")]
    pub(crate) compute_unit_limit: Option<u32>,
    /// Accounts that a transaction may lock (default: 64)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) transaction_account_lock_limit: Option<u16>,
}

/// What clients may do.
#[derive(Debug, Args)]
pub(crate) struct LimitArguments {
    /// Longest body of a request
    #[arg(long, default_value = "4MiB", value_name = "SIZE")]
    rpc_max_request_body_size: ByteSize,
    /// Most requests in a batch
    #[arg(long, default_value_t = 1000, value_name = "N")]
    rpc_max_batch: usize,
    /// Most connections, of each kind
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    max_connections: usize,
    /// Most subscriptions of one connection
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    max_subscriptions: usize,
    /// Messages that wait for a slow subscriber before it is cut off
    #[arg(long, default_value_t = 4096, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_unread_messages: u32,
    /// Most requests per second from one address (default: any number)
    #[arg(long, value_name = "N")]
    requests_per_second: Option<NonZeroU32>,
}

/// Arguments of `solana-test-validator` that mean nothing here: this node talks to no other.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accepted and ignored, with a warning")]
pub(crate) struct IgnoredArguments {
    /// There is no gossip
    #[arg(long, value_name = "HOST")]
    gossip_host: Option<String>,
    /// There is no gossip
    #[arg(long, value_name = "PORT")]
    gossip_port: Option<u16>,
    /// No other ports are used
    #[arg(long, value_name = "MIN-MAX")]
    dynamic_port_range: Option<String>,
    /// Airdrops come by JSON-RPC
    #[arg(long, value_name = "PORT")]
    faucet_port: Option<u16>,
}

impl NodeArguments {
    pub(crate) fn websocket_port(&self) -> u16 {
        let next = || if self.rpc_port == 0 { 0 } else { self.rpc_port.saturating_add(WEBSOCKET_PORT_OFFSET) };
        self.websocket_port.unwrap_or_else(next)
    }

    /// Whether there are airdrops: anybody could ask for them, so where others are served only if that is asked for.
    pub(crate) fn has_faucet(&self) -> bool {
        self.chain.faucet_sol.map_or(self.bind_address.is_loopback(), |sol| sol > 0.0)
    }

    pub(crate) fn allows_development(&self) -> bool {
        self.allow_development || (self.bind_address.is_loopback() && !self.no_development)
    }

    pub(crate) fn live_options(&self) -> LiveOptions {
        let ProductionArguments { slot_time, ticks_per_slot, block_production, mempool_size, warp_slot, .. } =
            self.production;
        let ticks = Duration::from_micros(ticks_per_slot.unwrap_or(TICKS_PER_SLOT) * TICK_MICROSECONDS);
        let waiting_max = mempool_size as usize;
        LiveOptions {
            mode: match block_production {
                BlockProduction::Slots => ClockMode::Slots,
                BlockProduction::Transaction => ClockMode::Transaction,
            },
            slot_time: slot_time.map_or(ticks, Duration::from_millis),
            bounds: PoolBounds { waiting_max, waiting_per_account_max: (waiting_max / 4).max(1) },
            limits: self.pack_limits(),
            warp_slot,
            ..LiveOptions::default()
        }
    }

    /// Mainnet's, or more and less in proportion.
    pub(crate) fn block_limits(&self) -> BlockLimits {
        let default = BlockLimits::default();
        let Some(compute_units) = self.production.block_compute_units else { return default };
        BlockLimits { compute_units, account_compute_units: compute_units / 5 * 2, ..default }
    }

    fn pack_limits(&self) -> PackLimits {
        let BlockLimits { compute_units, account_compute_units, allocated_bytes } = self.block_limits();
        PackLimits {
            cost: compute_units,
            account_cost: account_compute_units,
            critical_path_cost: account_compute_units,
            data_bytes: allocated_bytes,
            ..PackLimits::default()
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        let given = &self.client_limits;
        Limits {
            body_bytes_max: given.rpc_max_request_body_size.0,
            batch_max: given.rpc_max_batch,
            connections_max: given.max_connections,
            subscriptions_max: given.max_subscriptions,
            outbox_max: given.max_unread_messages as usize,
            requests_per_second: given.requests_per_second,
            ..Limits::default()
        }
    }

    /// Tells of arguments that have no effect.
    pub(crate) fn warn_of_ignored(&self) {
        let IgnoredArguments { gossip_host, gossip_port, dynamic_port_range, faucet_port } = &self.ignored;
        let given = [
            ("--gossip-host", gossip_host.is_some()),
            ("--gossip-port", gossip_port.is_some()),
            ("--dynamic-port-range", dynamic_port_range.is_some()),
            ("--faucet-port", faucet_port.is_some()),
        ];
        for (name, _) in given.iter().filter(|(_, is_given)| *is_given) {
            eprintln!("heddle: warning: {name} is ignored: this node talks to no other, and airdrops come by JSON-RPC");
        }
    }

    /// Whether something is asked for that only a new chain can have.
    pub(crate) fn describes_first_state(&self) -> bool {
        let ChainArguments { mint, faucet_sol, slots_per_epoch, .. } = &self.chain;
        mint.is_some()
            || faucet_sol.is_some_and(|sol| sol > 0.0)
            || slots_per_epoch.is_some()
            || !self.accounts.is_empty()
    }
}
