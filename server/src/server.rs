//! A running node: the chain, the two ports, and the thread that tells subscribers.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use ed25519_dalek::SigningKey;
use heddle_types::Pubkey;
use tokio::{net::TcpListener, runtime::Runtime, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    contention::{Contention, start_watch},
    faucet::Faucet,
    http::{self, Service},
    limits::{Connections, Limits, RequestRate},
    listener::{BoundedListener, Peer},
    live::{Live, LiveHandle, LiveOptions, OpenEngine, OpenError},
    metrics::Metrics,
    prices::Prices,
    rpc::{Context, NodeFacts},
    subscribe::{Registry, start_notifier},
};

/// Threads that may wait for the disk or a block on behalf of requests.
const BLOCKING_THREADS_MAX: usize = 512;
/// Connections beyond the bound, so that those who come too late can be told.
const CONNECTIONS_SPARE: usize = 64;
/// How often two neighbouring free ports are looked for.
const NEIGHBOURS_TRIES: usize = 32;
/// How long open connections are given when the node stops.
const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(2);

/// How a node is served.
pub struct ServerOptions {
    /// Where JSON-RPC is served; port 0 takes any.
    pub rpc: SocketAddr,
    /// Where subscriptions are served; port 0 takes any, next to that of JSON-RPC if both are 0.
    pub websocket: SocketAddr,
    /// How the chain runs.
    pub live: LiveOptions,
    /// What clients may do.
    pub limits: Limits,
    /// Who makes the blocks.
    pub identity: Pubkey,
    /// Who pays for airdrops; `None`: there are none.
    pub faucet: Option<SigningKey>,
    /// Whether `heddle_*` methods that change the chain are served.
    pub allows_development: bool,
}

/// Why a node could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The chain.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A port.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Threads.
    #[error("cannot start threads: {0}")]
    Threads(#[source] io::Error),
}

/// A node that runs until it is stopped or dropped.
pub struct Server {
    rpc: SocketAddr,
    websocket: SocketAddr,
    live: LiveHandle,
    stop: CancellationToken,
    /// Threads that hear of blocks: they end when the chain has.
    listeners: Vec<JoinHandle<()>>,
    // Stopped in this order: no more requests, then no more blocks.
    runtime: Option<Runtime>,
    chain: Option<Live>,
}

impl Server {
    /// Opens the chain and serves it.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(opener: Arc<dyn OpenEngine>, options: ServerOptions) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("requests")
            .build()
            .map_err(StartError::Threads)?;
        // First the ports: a second node must not touch the chain of the first.
        let ((rpc_listener, rpc), (websocket_listener, websocket)) =
            listen_pair(&runtime, options.rpc, options.websocket)?;
        let chain = Live::start(opener, options.live)?;
        let connections = Arc::new(Connections::default());
        let facts = NodeFacts {
            identity: options.identity,
            rpc_address: rpc.to_string(),
            websocket_address: websocket.to_string(),
            started: Instant::now(),
        };
        let context = Context {
            live: chain.handle(),
            faucet: options.faucet.map(|key| Arc::new(Faucet::new(key))),
            facts: Arc::new(facts),
            prices: Arc::new(Prices::default()),
            contention: Arc::new(Contention::default()),
            connections: connections.clone(),
            allows_development: options.allows_development,
        };
        let registry = Arc::new(Registry::new(connections));
        let notifier = start_notifier(context.clone(), registry.clone()).map_err(StartError::Threads)?;
        let watch = start_watch(chain.handle(), context.contention.clone()).map_err(StartError::Threads)?;
        let service = Service {
            context,
            registry,
            metrics: Arc::new(Metrics::default()),
            limits: options.limits,
            rate: Arc::new(RequestRate::new(options.limits.requests_per_second)),
            slots: Arc::new(Semaphore::new(options.limits.concurrent_requests_max)),
        };
        let stop = CancellationToken::new();
        for listener in [rpc_listener, websocket_listener] {
            let listener = BoundedListener::new(listener, options.limits.connections_max + CONNECTIONS_SPARE);
            let router = http::router(service.clone()).into_make_service_with_connect_info::<Peer>();
            let stopped = stop.clone().cancelled_owned();
            runtime.spawn(async move {
                if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
                    tracing::error!(%error, "a port is not served any more");
                }
            });
        }
        tracing::info!(%rpc, %websocket, slot = chain.handle().chain().engine().tip().slot, "the node is ready");
        let live = chain.handle();
        Ok(Self {
            rpc,
            websocket,
            live,
            stop,
            listeners: vec![notifier, watch],
            runtime: Some(runtime),
            chain: Some(chain),
        })
    }

    /// Where JSON-RPC is served.
    pub fn rpc_address(&self) -> SocketAddr {
        self.rpc
    }

    /// Where subscriptions are served.
    pub fn websocket_address(&self) -> SocketAddr {
        self.websocket
    }

    /// The chain.
    pub fn live(&self) -> &LiveHandle {
        &self.live
    }

    /// Stops: requests first, then the chain, whose executed blocks are committed.
    pub fn stop(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        tracing::info!("the node stops");
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(SHUTDOWN_TIME_MAX);
        }
        drop(self.chain.take());
        for listener in self.listeners.drain(..) {
            let name = listener.thread().name().unwrap_or_default().to_owned();
            if listener.join().is_err() {
                tracing::error!(name, "a thread panicked");
            }
        }
    }
}

type Listening = (TcpListener, SocketAddr);

/// Listens on both ports. Of any two ports it takes neighbours, where clients look for the second one unless told otherwise.
fn listen_pair(
    runtime: &Runtime,
    rpc: SocketAddr,
    websocket: SocketAddr,
) -> Result<(Listening, Listening), StartError> {
    if rpc.port() == 0 && websocket.port() == 0 {
        for _ in 0..NEIGHBOURS_TRIES {
            let first = listen(runtime, rpc)?;
            let next = first.1.port().checked_add(1);
            let neighbour = next.map(|port| listen(runtime, SocketAddr::new(websocket.ip(), port)));
            if let Some(Ok(second)) = neighbour {
                return Ok((first, second));
            }
        }
    }
    Ok((listen(runtime, rpc)?, listen(runtime, websocket)?))
}

fn listen(runtime: &Runtime, address: SocketAddr) -> Result<Listening, StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
