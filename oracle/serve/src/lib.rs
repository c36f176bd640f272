//! What a node tells over HTTP: whether it lives, whether it is ready and if not why, and its metrics.
//!
//! This crate owns the HTTP server and what it says; it is told everything and asks nobody, so it knows no chain, no
//! store and no tensors. Start reading at [`Board`] (who is well), then [`Metrics`] and [`Server`].
//!
//! ```text
//! GET /healthz   200 while the node's driver goes on, else 503; a supervisor restarts on 503
//! GET /readyz    200 when every check is well, else 503 with the reasons
//! GET /metrics   Prometheus, OpenMetrics text
//! ```

mod health;
mod http;
mod metrics;

pub use health::{Board, Check, Report, State};
pub use http::{ServeError, Server};
pub use metrics::{Chain, Counted, Endpoint, Endpoints, Kind, Metrics, Net, Roles, Store, Training};
