//! [`Pool`]: several endpoints of one chain, with their health. A call goes to the first healthy one in the order
//! of the settings; one that fails, is of another chain or serves old heights is put behind the others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tendermint_rpc::SimpleRequest;
use tendermint_rpc::dialect::v0_38::Dialect;
use tendermint_rpc::endpoint::{abci_info, status};

use super::http::{Endpoint, MAX_ANSWER, Trouble};
use super::settings::Settings;
use crate::{ChainError, Result};

/// How often all endpoints are tried before a call fails, and the first pause between; each is three times longer.
const PASSES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);
/// How many heights an endpoint may lag before it is put behind the others.
const LAG: u64 = 3;
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

#[derive(Debug, Default)]
struct Health {
    /// Whether it said that it is of the right chain.
    verified: bool,
    /// The chain it is of instead.
    wrong: Option<String>,
    failures: u32,
    rests_until: Option<Instant>,
    height: u64,
    trouble: Option<String>,
}

#[derive(Debug)]
struct Member {
    endpoint: Endpoint,
    health: Mutex<Health>,
}

impl Member {
    fn health(&self) -> MutexGuard<'_, Health> {
        // Nothing panics while it is held; a poisoned one would still be whole.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, reason: &str) {
        let mut health = self.health();
        health.failures = health.failures.saturating_add(1);
        let penalty = Duration::from_millis(200 << health.failures.min(8)).min(MAX_PENALTY);
        health.rests_until = Some(Instant::now() + penalty);
        health.trouble = Some(reason.to_owned());
        tracing::debug!(endpoint = %self.endpoint.name(), reason, "an endpoint fails");
    }

    fn answered(&self) {
        let mut health = self.health();
        health.failures = 0;
        health.rests_until = None;
        health.trouble = None;
    }
}

/// What one pass over the endpoints gave.
struct Failed {
    endpoint: String,
    reasons: Vec<String>,
}

/// Several endpoints of one chain.
#[derive(Debug)]
pub struct Pool {
    members: Vec<Member>,
    chain_id: String,
    /// The highest height that any endpoint has served.
    highest: AtomicU64,
    limit: Duration,
}

impl Pool {
    /// The endpoints of the settings; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self> {
        let member = |url: &String| {
            let endpoint = Endpoint::new(url, settings.request_timeout)?;
            Ok(Member { endpoint, health: Mutex::default() })
        };
        Ok(Self {
            members: settings.rpc.iter().map(member).collect::<Result<_>>()?,
            chain_id: settings.chain_id.clone(),
            highest: AtomicU64::new(0),
            limit: settings.request_timeout * 2,
        })
    }

    /// Asks every endpoint for its chain. One of another chain is an error, and so is none that answers.
    pub async fn connect(&self) -> Result<()> {
        let all = self.members.iter().map(|m| self.verify(m));
        let answers = futures::future::join_all(all).await;
        for member in &self.members {
            self.refuse_wrong(member)?;
        }
        if answers.iter().any(|a| a.is_ok()) {
            return Ok(());
        }
        let reasons = answers.into_iter().filter_map(std::result::Result::err).collect::<Vec<_>>().join("; ");
        let endpoint = self.members.last().map(|m| m.endpoint.name()).unwrap_or_default();
        Err(ChainError::Unreachable { endpoint, reason: reasons })
    }

    /// How each endpoint stands, in the order of the settings.
    pub fn status(&self) -> Vec<EndpointStatus> {
        let status = |member: &Member| {
            let health = member.health();
            let wrong = health.wrong.as_ref().map(|chain| format!("serves the chain {chain}"));
            let lag = self.highest().saturating_sub(health.height);
            let behind = (health.verified && lag > LAG).then(|| format!("{lag} heights behind"));
            let healthy = health.verified && wrong.is_none() && behind.is_none() && health.failures == 0;
            let trouble = wrong.or_else(|| health.trouble.clone()).or(behind);
            EndpointStatus { name: member.endpoint.name(), healthy, height: health.height, trouble }
        };
        self.members.iter().map(status).collect()
    }

    /// The highest height heard of.
    pub fn highest(&self) -> u64 {
        self.highest.load(Ordering::Relaxed)
    }

    /// The websocket of the endpoint that calls go to first.
    pub fn websocket(&self) -> Option<String> {
        self.order().first().map(|m| m.endpoint.websocket())
    }

    /// Asks; endpoints whose answer `elsewhere` gives a reason against are passed over. All of them are tried
    /// again, within limits, before the call fails.
    pub async fn ask<R>(
        &self,
        request: R,
        limit: usize,
        elsewhere: impl Fn(&Answer<R::Output>) -> Option<String> + Send + Sync,
    ) -> Result<Answer<R::Output>>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let deadline = Instant::now() + self.limit;
        let mut pause = PAUSE;
        for pass in 1.. {
            let failed = match self.pass(&request, limit, &elsewhere, &mut false).await? {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if pass == PASSES || Instant::now() + pause > deadline {
                return Err(unreachable(failed));
            }
            tokio::time::sleep(pause).await;
            pause *= 3;
        }
        Err(ChainError::Stopped)
    }

    /// Asks each endpoint at most once. Also gives whether an endpoint that gave no answer may have got the request.
    pub async fn ask_once<R>(&self, request: R) -> (Result<Answer<R::Output>>, bool)
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let mut sent = false;
        let answer = match self.pass(&request, MAX_ANSWER, &|_| None, &mut sent).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failed)) => Err(unreachable(failed)),
            Err(error) => Err(error),
        };
        (answer, sent)
    }

    /// Asks every endpoint of the right chain once, all at the same time, each within its request timeout, and gives
    /// what those answered that did: an endpoint's own error is an answer, one that is down gives none.
    pub async fn each<R>(&self, request: R, limit: usize) -> Vec<Answer<R::Output>>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let all = self.members.iter().map(|member| self.ask_one(member, request.clone(), limit));
        futures::future::join_all(all).await.into_iter().flatten().collect()
    }

    /// One endpoint's answer; none if it is down or of another chain.
    async fn ask_one<R>(&self, member: &Member, request: R, limit: usize) -> Option<Answer<R::Output>>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        if member.health().wrong.is_some() || self.verify(member).await.is_err() {
            return None;
        }
        match member.endpoint.call(request, limit).await {
            Ok(answer) => {
                member.answered();
                Some(Ok(answer))
            }
            Err(Trouble::Said(words)) => {
                member.answered();
                Some(Err(words))
            }
            Err(Trouble::Down { reason, .. }) => {
                member.failed(&reason);
                None
            }
        }
    }

    /// The height whose state can be asked for, from the endpoint that calls go to; it never goes back.
    pub async fn height(&self) -> Result<u64> {
        let highest = self.highest();
        let old = |answer: &Answer<abci_info::Response>| match answer {
            Ok(info) if info.response.last_block_height.value() < highest => {
                Some(format!("serves height {}, {highest} was seen", info.response.last_block_height))
            }
            Ok(_) => None,
            Err(words) => Some(words.clone()),
        };
        let info = self.ask(abci_info::Request {}, MAX_ANSWER, old).await?;
        let height = info.map_or(0, |info| info.response.last_block_height.value());
        self.highest.fetch_max(height, Ordering::Relaxed);
        Ok(self.highest())
    }

    /// Asks every endpoint for its height, so that one that stands still while the others go on is noticed.
    pub async fn survey(&self) {
        let ask = async |member: &Member| {
            if self.verify(member).await.is_err() {
                return;
            }
            match member.endpoint.call(abci_info::Request {}, MAX_ANSWER).await {
                Ok(info) => {
                    let height = info.response.last_block_height.value();
                    self.highest.fetch_max(height, Ordering::Relaxed);
                    member.health().height = height;
                }
                Err(Trouble::Down { reason, .. } | Trouble::Said(reason)) => member.failed(&reason),
            }
        };
        futures::future::join_all(self.members.iter().map(ask)).await;
    }

    /// The endpoints in the order in which they are tried. None of another chain is among them.
    fn order(&self) -> Vec<&Member> {
        let now = Instant::now();
        let highest = self.highest();
        let mut order: Vec<_> = self
            .members
            .iter()
            .filter_map(|member| {
                let health = member.health();
                let rests = health.rests_until.is_some_and(|t| t > now);
                let behind = health.height + LAG < highest;
                health.wrong.is_none().then_some(((rests, behind), member))
            })
            .collect();
        // Stable: the order of the settings decides among equals.
        order.sort_by_key(|(key, _)| *key);
        order.into_iter().map(|(_, member)| member).collect()
    }

    async fn pass<R>(
        &self,
        request: &R,
        limit: usize,
        elsewhere: &(impl Fn(&Answer<R::Output>) -> Option<String> + Send + Sync),
        sent: &mut bool,
    ) -> Result<std::result::Result<Answer<R::Output>, Failed>>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send,
    {
        let mut failed = Failed { endpoint: String::new(), reasons: Vec::new() };
        for member in self.order() {
            failed.endpoint = member.endpoint.name();
            if let Err(reason) = self.verify(member).await {
                failed.reasons.push(reason);
                continue;
            }
            let answer = match member.endpoint.call(request.clone(), limit).await {
                Ok(answer) => Ok(answer),
                Err(Trouble::Said(words)) => Err(words),
                Err(Trouble::Down { reason, sent: may_have_come }) => {
                    *sent |= may_have_come;
                    member.failed(&reason);
                    failed.reasons.push(format!("{}: {reason}", failed.endpoint));
                    continue;
                }
            };
            member.answered();
            match elsewhere(&answer) {
                Some(reason) => failed.reasons.push(format!("{}: {reason}", failed.endpoint)),
                None => return Ok(Ok(answer)),
            }
        }
        if failed.reasons.is_empty() {
            for member in &self.members {
                self.refuse_wrong(member)?;
            }
        }
        Ok(Err(failed))
    }

    /// Whether an endpoint is of the right chain; it is asked once.
    async fn verify(&self, member: &Member) -> std::result::Result<(), String> {
        if member.health().verified {
            return Ok(());
        }
        let name = member.endpoint.name();
        let found = match member.endpoint.call(status::Request, MAX_ANSWER).await {
            Ok(found) => found,
            Err(Trouble::Down { reason, .. } | Trouble::Said(reason)) => {
                member.failed(&reason);
                return Err(format!("{name}: {reason}"));
            }
        };
        let chain = found.node_info.network.as_str();
        let mut health = member.health();
        if chain != self.chain_id {
            health.wrong = Some(chain.to_owned());
            return Err(format!("{name}: serves the chain {chain}"));
        }
        health.verified = true;
        health.height = found.sync_info.latest_block_height.value();
        Ok(())
    }

    fn refuse_wrong(&self, member: &Member) -> Result<()> {
        match &member.health().wrong {
            Some(found) => Err(ChainError::WrongChain {
                endpoint: member.endpoint.name(),
                expected: self.chain_id.clone(),
                found: found.clone(),
            }),
            None => Ok(()),
        }
    }
}

fn unreachable(failed: Failed) -> ChainError {
    ChainError::Unreachable { endpoint: failed.endpoint, reason: failed.reasons.join("; ") }
}
