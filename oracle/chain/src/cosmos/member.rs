//! [`Member`]: one endpoint of a pool, with what is known of its health.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tendermint_rpc::SimpleRequest;
use tendermint_rpc::dialect::v0_38::Dialect;
use tendermint_rpc::endpoint::status;

use super::belief::{DOUBTED, is_fresh};
use super::http::{Endpoint, MAX_ANSWER, Trouble};
use super::lock;
use crate::Result;

/// The longest time that a failing endpoint is put behind the others.
const MAX_PENALTY: Duration = Duration::from_secs(30);

/// An endpoint's own answer or own error.
pub type Answer<T> = std::result::Result<T, String>;

/// How an endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    /// Its name: scheme, host, port.
    pub name: String,
    /// Whether calls go to it.
    pub healthy: bool,
    /// The last height heard from it.
    pub height: u64,
    /// Its last trouble, if it is in any.
    pub trouble: Option<String>,
}

/// Why an endpoint gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// Why.
    pub reason: String,
    /// Whether the request may have arrived all the same.
    pub sent: bool,
    /// Whether it answered, with what is no answer to the request.
    pub answered: bool,
}

/// An endpoint's own error, where an answer is needed.
pub fn error_of(words: &str) -> String {
    format!("answers with an error: {words}")
}

#[derive(Debug, Default)]
struct Health {
    /// Whether it said that it is of the right chain.
    verified: bool,
    /// The chain it is of instead.
    wrong: Option<String>,
    failures: u32,
    rests_until: Option<Instant>,
    trouble: Option<String>,
    height: u64,
    /// Why the height it says puts it behind the others.
    apart: Option<String>,
    /// Whether it says that it is not yet where the chain is.
    catching_up: bool,
    /// Whether its last block is of this time.
    fresh: bool,
    /// Until when it is doubted, and why.
    doubted: Option<(Instant, String)>,
}

impl Health {
    /// Why it is doubted, as long as it is.
    fn doubted(&self, now: Instant) -> Option<&str> {
        self.doubted.as_ref().filter(|(until, _)| *until > now).map(|(_, why)| why.as_str())
    }
}

/// One endpoint.
#[derive(Debug)]
pub struct Member {
    endpoint: Endpoint,
    health: Mutex<Health>,
}

/// What counts when endpoints are put in order; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    rests: bool,
    doubted: bool,
    apart: bool,
}

impl Member {
    /// An endpoint by its URL; nothing is sent yet.
    pub fn new(url: &str, timeout: Duration) -> Result<Self> {
        Ok(Self { endpoint: Endpoint::new(url, timeout)?, health: Mutex::default() })
    }

    /// Its name in errors and logs.
    pub fn name(&self) -> String {
        self.endpoint.name()
    }

    /// The URL of its websocket.
    pub fn websocket(&self) -> String {
        self.endpoint.websocket()
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        lock(&self.health)
    }

    fn failed(&self, reason: &str) {
        let mut health = self.health();
        let first = health.failures == 0;
        health.failures = health.failures.saturating_add(1);
        let penalty = Duration::from_millis(200 << health.failures.min(8)).min(MAX_PENALTY);
        health.rests_until = Some(Instant::now() + penalty);
        health.trouble = Some(reason.to_owned());
        // One that never answered is told of by whoever connects.
        match first && health.verified {
            true => tracing::info!("endpoint {} does not answer: {reason}", self.name()),
            false => tracing::debug!("endpoint {} still does not answer: {reason}", self.name()),
        }
    }

    /// It gave no answer to a request.
    fn down(&self, trouble: Trouble) -> Down {
        let down = match trouble {
            Trouble::Down { reason, sent } => Down { reason, sent, answered: false },
            Trouble::Unreadable(reason) => Down { reason, sent: true, answered: true },
            Trouble::Said(words) => Down { reason: error_of(&words), sent: true, answered: true },
        };
        self.failed(&down.reason);
        down
    }

    fn answered(&self) {
        let mut health = self.health();
        if health.failures > 0 && health.verified {
            tracing::info!("endpoint {} answers again after {} failures", self.name(), health.failures);
        }
        health.failures = 0;
        health.rests_until = None;
        health.trouble = None;
    }

    /// It says that the chain is at this height, which may speak against it.
    pub fn says(&self, height: u64, against: Option<String>) {
        let mut health = self.health();
        health.height = height;
        health.apart = against;
    }

    /// What it said can't be right.
    pub fn doubt(&self, reason: &str) {
        let mut health = self.health();
        if health.doubted(Instant::now()).is_none() {
            let seconds = DOUBTED.as_secs();
            tracing::warn!("endpoint {} {reason}: asked after all others for {seconds} s", self.name());
        }
        health.doubted = Some((Instant::now() + DOUBTED, reason.to_owned()));
    }

    /// The chain it is of, if that is not the right one.
    pub fn wrong(&self) -> Option<String> {
        self.health().wrong.clone()
    }

    /// Whether it failed just now.
    pub fn rests(&self, now: Instant) -> bool {
        self.health().rests_until.is_some_and(|t| t > now)
    }

    /// Where it stands among the others.
    pub fn rank(&self, now: Instant) -> Rank {
        let health = self.health();
        Rank {
            rests: health.rests_until.is_some_and(|t| t > now),
            doubted: health.doubted(now).is_some(),
            apart: health.apart.is_some(),
        }
    }

    /// Whether it answers and is where the chain is, and nothing speaks against what it says.
    pub fn is_up(&self, now: Instant) -> bool {
        let health = self.health();
        health.verified && !health.catching_up && health.failures == 0 && health.doubted(now).is_none()
    }

    /// Whether its last block is of this time, by its own words.
    pub fn is_fresh(&self) -> bool {
        self.health().fresh
    }

    /// How it stands.
    pub fn status(&self) -> EndpointStatus {
        let now = Instant::now();
        let up = self.is_up(now);
        let health = self.health();
        let wrong = health.wrong.as_ref().map(|chain| format!("serves the chain {chain}"));
        let doubted = health.doubted(now).map(str::to_owned);
        let healthy = up && wrong.is_none() && health.apart.is_none();
        let trouble = wrong.or_else(|| health.trouble.clone()).or(doubted).or_else(|| health.apart.clone());
        EndpointStatus { name: self.name(), healthy, height: health.height, trouble }
    }

    /// Asks it, once it has said that it is of the chain.
    pub async fn ask<R>(
        &self,
        chain_id: &str,
        request: R,
        limit: usize,
    ) -> std::result::Result<Answer<R::Output>, Down>
    where
        R: SimpleRequest<Dialect>,
    {
        let verified = self.health().verified;
        if !verified {
            self.introduce(chain_id).await.map_err(|down| Down { sent: false, ..down })?;
        }
        let answer = match self.endpoint.call(request, limit).await {
            Ok(answer) => Ok(answer),
            Err(Trouble::Said(words)) => Err(words),
            Err(trouble) => return Err(self.down(trouble)),
        };
        self.answered();
        Ok(answer)
    }

    /// Asks it how it stands: which chain, which height, whether it goes on.
    pub async fn introduce(&self, chain_id: &str) -> std::result::Result<(), Down> {
        let found = self.endpoint.call(status::Request, MAX_ANSWER).await.map_err(|t| self.down(t))?;
        let chain = found.node_info.network.as_str();
        if chain != chain_id {
            self.health().wrong = Some(chain.to_owned());
            let reason = format!("serves the chain {chain}");
            return Err(Down { reason, sent: true, answered: true });
        }
        let sync = found.sync_info;
        let block = sync.latest_block_time.unix_timestamp().try_into().unwrap_or(0);
        let mut health = self.health();
        health.verified = true;
        health.wrong = None;
        health.height = sync.latest_block_height.value();
        health.catching_up = sync.catching_up;
        health.fresh = is_fresh(block, clock());
        Ok(())
    }
}

/// This machine's clock, Unix seconds.
pub fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
