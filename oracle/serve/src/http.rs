//! [`Server`]: the few pages, for whoever may reach the port. Connections are counted and every read has its time,
//! so that nobody can hold the node by holding its port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::{Board, Metrics};

/// Connections at once; those beyond wait.
const CONNECTIONS: usize = 64;
/// A connection's whole life: scrapers come again.
const LIFE: Duration = Duration::from_secs(30);
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(5);

/// Why the server does not come up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process listens there.
    #[error("{address} is in use by another process: stop that one, or choose another address")]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// No process of this machine can listen there, or not this user's.
    #[error("cannot listen on {address}: {reason}")]
    Unusable {
        /// The address.
        address: SocketAddr,
        /// What is wrong, and what to do.
        reason: &'static str,
    },
    /// The operating system refused for another reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What it said.
        source: io::Error,
    },
}

impl ServeError {
    /// The stable code shown in `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "serve.in_use",
            Self::Unusable { .. } => "serve.unusable",
            Self::Listen { .. } => "serve.listen",
        }
    }
}

/// A port that is ours.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

#[derive(Debug, Clone)]
struct Told {
    alive: Board,
    ready: Board,
    metrics: Metrics,
}

impl Server {
    /// Takes an address; port 0 takes any.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse { address },
            io::ErrorKind::AddrNotAvailable => {
                let reason = "this machine has no such address; 0.0.0.0 or [::] listens on all it has";
                ServeError::Unusable { address, reason }
            }
            io::ErrorKind::PermissionDenied => {
                let reason = "permission denied; ports below 1024 need a privilege, take a greater one";
                ServeError::Unusable { address, reason }
            }
            _ => ServeError::Listen { address, source },
        })?;
        let address = listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until dropped: `alive` for /healthz, `ready` for /readyz.
    pub async fn run(self, alive: Board, ready: Board, metrics: Metrics) {
        let router = Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(text))
            .fallback(unknown)
            .with_state(Told { alive, ready, metrics });
        self.answer(router).await;
    }

    /// Answers with other pages until dropped, under the same limits.
    pub async fn answer(self, router: Router) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut failing = false;
        loop {
            // The semaphore is never closed.
            let Ok(permit) = room.clone().acquire_owned().await else { return };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("connections to {} are accepted again", self.address);
                    }
                    stream
                }
                Err(error) => {
                    // Out of files, mostly: they come back when something closes.
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!("connections to {} cannot be accepted: {error}", self.address);
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD)
                    .max_buf_size(16 << 10)
                    .serve_connection(TokioIo::new(stream), service);
                if let Ok(Err(error)) = tokio::time::timeout(LIFE, connection).await {
                    tracing::debug!("a connection ended badly: {error}");
                }
                drop(permit);
            });
        }
    }
}

fn report(board: &Board) -> Response {
    let report = board.report();
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report)).into_response()
}

async fn healthz(State(told): State<Told>) -> Response {
    report(&told.alive)
}

async fn readyz(State(told): State<Told>) -> Response {
    report(&told.ready)
}

async fn text(State(told): State<Told>) -> Response {
    told.metrics.roles.ready.set(i64::from(told.ready.report().ready));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], told.metrics.text()).into_response()
}

async fn unknown() -> Response {
    let pages = ["/healthz", "/readyz", "/metrics"];
    (StatusCode::NOT_FOUND, Json(json!({ "error": "there is no such page", "pages": pages }))).into_response()
}
