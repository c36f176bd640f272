//! The service: drand's HTTP API over a local key. A round is signed when it is out, never before.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use lyceum_onchain::beacon;
use serde_json::json;

use super::{Info, Key, Round};

/// What tells the time, Unix seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

#[derive(Clone)]
struct Beacon {
    key: Arc<Key>,
    info: Arc<Info>,
    clock: Clock,
}

/// The time of this machine.
pub fn machine_time() -> u64 {
    // A clock before 1970 shows no round.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// The pages, with and without the beacon's hash before them, as drand has both.
pub fn router(key: Key, info: Info, clock: Clock) -> Router {
    let hash = hex::encode(&info.hash);
    let pages = || {
        Router::new()
            .route("/info", get(describe))
            .route("/public/latest", get(latest))
            .route("/public/{round}", get(round))
    };
    Router::new()
        .route("/chains", get(chains))
        .route("/health", get(health))
        .merge(pages())
        .nest(&format!("/{hash}"), pages())
        .fallback(unknown)
        .with_state(Beacon { key: Arc::new(key), info: Arc::new(info), clock })
}

impl Beacon {
    /// The latest round that is out; 0 before the genesis.
    fn last(&self) -> u64 {
        beacon::round_at(self.info.genesis_time, self.info.period.into(), (self.clock)())
    }

    fn answer(&self, round: u64) -> Response {
        match round {
            0 => refuse(StatusCode::NOT_FOUND, "rounds begin at 1".to_owned()),
            round if round > self.last() => {
                let out = beacon::round_time(self.info.genesis_time, self.info.period.into(), round);
                refuse(StatusCode::TOO_EARLY, format!("round {round} comes out at {out} (Unix seconds)"))
            }
            round => Json(Round::new(round, self.key.sign(round))).into_response(),
        }
    }
}

fn refuse(status: StatusCode, words: String) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({ "error": words }))).into_response()
}

async fn describe(State(beacon): State<Beacon>) -> Json<Info> {
    Json((*beacon.info).clone())
}

async fn latest(State(beacon): State<Beacon>) -> Response {
    match beacon.last() {
        0 => refuse(StatusCode::TOO_EARLY, "no round is out yet".to_owned()),
        last => beacon.answer(last),
    }
}

async fn round(State(beacon): State<Beacon>, Path(round): Path<String>) -> Response {
    match round.parse() {
        Ok(round) => beacon.answer(round),
        Err(_) => refuse(StatusCode::BAD_REQUEST, "a round is a number".to_owned()),
    }
}

async fn chains(State(beacon): State<Beacon>) -> Json<Vec<String>> {
    Json(vec![hex::encode(&beacon.info.hash)])
}

async fn health(State(beacon): State<Beacon>) -> Response {
    let last = beacon.last();
    Json(json!({ "current": last, "expected": last })).into_response()
}

async fn unknown() -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        "there are /info, /public/latest, /public/ROUND, /chains and /health".to_owned(),
    )
}
