//! What the node's parts say, turned into checks and metrics. Everything here is a function of what was read; the
//! reading is `life`'s.

use std::time::Duration;

use lyceum_agent::status::{Counts, KindCounts, Phase, Status};
use lyceum_chain::cosmos;
use lyceum_serve::{Board, Check, Counted, Endpoint, Metrics, State};
use lyceum_store::Usage;

use crate::contract_cli::lyc;

/// What is told holds for so long: the teller speaks every few seconds.
const HOLDS: Duration = Duration::from_secs(60);

/// The boards and metrics of one node.
#[derive(Debug)]
pub struct Observability {
    /// What /healthz says.
    pub alive: Board,
    /// What /readyz says.
    pub ready: Board,
    /// What /metrics says.
    pub metrics: Metrics,
    driver: Check,
    chain: Check,
    node: Check,
    store: Check,
    net: Check,
    told: Counts,
    net_told: (u64, u64, u64),
}

/// The store as it was read.
#[derive(Debug, Clone, Copy)]
pub struct StoreSeen {
    /// What it takes.
    pub usage: Usage,
    /// Blobs in it.
    pub blobs: usize,
    /// Blobs known to be damaged.
    pub damaged: usize,
    /// Bytes free on its disk, if the system says.
    pub free: Option<u64>,
}

impl Observability {
    /// A node that has not begun.
    pub fn new(chain_id: &str) -> Self {
        let (alive, ready) = (Board::new(), Board::new());
        let driver = alive.check("driver", Some(HOLDS));
        driver.well("starting");
        let of = |name| ready.check(name, Some(HOLDS));
        let (chain, node, store, net) = (of("chain"), of("node"), of("store"), of("net"));
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), chain_id);
        Self {
            alive,
            ready,
            metrics,
            driver,
            chain,
            node,
            store,
            net,
            told: Counts::default(),
            net_told: (0, 0, 0),
        }
    }

    /// The chain cannot be reached yet.
    pub fn no_chain(&self, reason: &str) {
        self.driver.well("starting");
        self.chain.unwell(reason);
        self.node.unwell("waits for the chain");
        self.metrics.chain.reachable.set(0);
        self.metrics.chain.failures.inc();
    }

    /// The way to the chain.
    pub fn chain(&self, seen: &cosmos::Status, stale: Duration) {
        self.chain.say(chain(seen, stale));
        let up = seen.trouble.is_none() && seen.silence <= stale;
        self.metrics.chain.reachable.set(i64::from(up));
        self.metrics.chain.height.set(signed(seen.head.height.saturating_sub(1)));
        self.metrics.chain.time.set(signed(seen.head.time));
        for one in &seen.endpoints {
            let label = Endpoint { endpoint: one.name.clone() };
            self.metrics.endpoints.healthy.get_or_create(&label).set(i64::from(one.healthy));
            self.metrics.endpoints.height.get_or_create(&label).set(signed(one.height));
        }
    }

    /// The driver and its roles.
    pub fn node(&mut self, seen: &Status, now: u64, stale: u64) {
        self.driver.say(driver(seen, now, stale));
        self.node.say(node(seen, now, stale));
        if let Some(standing) = &seen.standing {
            self.metrics.roles.active.set(i64::from(standing.active));
            self.metrics.roles.jailed.set(i64::from(standing.jailed_until.is_some()));
            // Metrics are floating point; the exact sums are on chain.
            self.metrics.roles.stake.set(standing.stake as f64);
            self.metrics.chain.balance.set(standing.balance as f64);
        }
        self.metrics.roles.owes.set(seen.owes.len() as i64);
        self.count(&seen.counts);
        self.told = seen.counts.clone();
        let training = seen.jobs.iter().find(|j| j.key.starts_with("train/"));
        let (step, steps) = training.and_then(|j| j.steps).unwrap_or_default();
        let claim = training.and_then(|j| j.key.split('/').nth(1)?.parse().ok()).unwrap_or_default();
        let metrics = &self.metrics.training;
        metrics.claim.set(claim);
        metrics.step.set(signed(step));
        metrics.steps.set(signed(steps));
        metrics.tokens_per_second.set(training.and_then(|j| j.tokens_per_second).unwrap_or_default());
    }

    /// Counters only go up, so what is new since the last time is added.
    fn count(&self, counts: &Counts) {
        let before = &self.told;
        self.metrics.roles.turns.inc_by(counts.turns.saturating_sub(before.turns));
        self.metrics.chain.failures.inc_by(counts.chain_failures.saturating_sub(before.chain_failures));
        let families = [
            (&self.metrics.chain.messages, &counts.messages, &before.messages),
            (&self.metrics.roles.jobs, &counts.jobs, &before.jobs),
        ];
        for (family, now, before) in families {
            for (kind, now) in now {
                let KindCounts { done, refused, failed } = before.get(kind).copied().unwrap_or_default();
                let all = [
                    ("done", now.done, done),
                    ("refused", now.refused, refused),
                    ("failed", now.failed, failed),
                ];
                for (outcome, now, before) in all {
                    family
                        .get_or_create(&Counted { kind: kind.clone(), outcome })
                        .inc_by(now.saturating_sub(before));
                }
            }
        }
    }

    /// The store.
    pub fn store(&self, seen: StoreSeen, least_free: u64) {
        self.store.say(store(seen, least_free));
        let metrics = &self.metrics.store;
        metrics.blobs.set(seen.blobs as i64);
        metrics.damaged.set(seen.damaged as i64);
        metrics.bytes.set(signed(seen.usage.stored));
        metrics.reserved.set(signed(seen.usage.reserved));
        metrics.free.set(signed(seen.free.unwrap_or_default()));
    }

    /// The peers.
    pub fn net(&mut self, seen: &lyceum_net::Stats, known: usize, trouble: Option<&str>) {
        self.net.say(match trouble {
            Some(reason) => State::Unwell { reason: reason.to_owned() },
            None => State::Well { note: format!("{} of {known} registered peers are connected", seen.peers) },
        });
        let metrics = &self.metrics.net;
        metrics.connected.set(signed(seen.peers));
        metrics.fetching.set(signed(seen.fetching));
        let (received, sent, bad) = self.net_told;
        metrics.received.inc_by(seen.bytes_in.saturating_sub(received));
        metrics.sent.inc_by(seen.bytes_out.saturating_sub(sent));
        metrics.bad_tiles.inc_by(seen.bad_tiles.saturating_sub(bad));
        self.net_told = (seen.bytes_in, seen.bytes_out, seen.bad_tiles);
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn chain(seen: &cosmos::Status, stale: Duration) -> State {
    let height = seen.head.height.saturating_sub(1);
    if let Some(trouble) = &seen.trouble {
        let reason = format!("{trouble} (the last block seen is {height}){}", unhealthy(seen));
        return State::Unwell { reason };
    }
    if seen.silence > stale {
        let seconds = seen.silence.as_secs();
        return State::Unwell {
            reason: format!(
                "no new block for {seconds} s, the last is {height}: has the chain stopped?{}",
                unhealthy(seen)
            ),
        };
    }
    State::Well { note: format!("block {height}{}", unhealthy(seen)) }
}

/// The endpoints that are not well, in words to be put behind others.
fn unhealthy(seen: &cosmos::Status) -> String {
    let ill: Vec<String> = seen
        .endpoints
        .iter()
        .filter(|one| !one.healthy)
        .map(|one| format!("{}: {}", one.name, one.trouble.as_deref().unwrap_or("has not answered yet")))
        .collect();
    match ill.len() {
        0 => String::new(),
        n => format!("; {n} of {} endpoints are not well: {}", seen.endpoints.len(), ill.join("; ")),
    }
}

/// A restart helps against a driver that has ended, or that stands still while the chain goes on.
fn driver(seen: &Status, now: u64, stale: u64) -> State {
    if seen.phase == Phase::Ended {
        return State::Unwell { reason: "the driver has ended".to_owned() };
    }
    let quiet = now.saturating_sub(seen.last_success.unwrap_or(seen.started_at));
    let excused = seen.chain_trouble.is_some() || seen.journal.trouble.is_some() || !seen.jobs.is_empty();
    if quiet > stale.saturating_mul(30) && !excused {
        return State::Unwell { reason: format!("the driver has not finished a turn for {quiet} s") };
    }
    State::Well { note: format!("{:?}", seen.phase).to_lowercase() }
}

fn node(seen: &Status, now: u64, stale: u64) -> State {
    let mut reasons = seen.unready(now, stale);
    for role in &seen.roles {
        reasons.extend(role.blocked_by.iter().map(|why| format!("{}: {why}", role.role)));
    }
    if !reasons.is_empty() {
        return State::Unwell { reason: reasons.join("; ") };
    }
    let waits: Vec<String> = seen
        .roles
        .iter()
        .filter(|r| !r.waits_for.is_empty())
        .map(|r| format!("{} waits for {}", r.role, r.waits_for.join(", ")))
        .collect();
    let stake = seen.standing.as_ref().map(|s| format!("stake {}", lyc(s.stake)));
    let note = stake.into_iter().chain(waits).collect::<Vec<_>>().join("; ");
    State::Well { note }
}

fn store(seen: StoreSeen, least_free: u64) -> State {
    let mib = |bytes: u64| bytes >> 20;
    if let Some(free) = seen.free.filter(|free| *free < least_free) {
        let reason = format!(
            "{} MiB are free on the store's disk, {} are wanted: make room, or lower store.least_free_mib",
            mib(free),
            mib(least_free)
        );
        return State::Unwell { reason };
    }
    if let Some(quota) =
        seen.usage.quota.filter(|q| seen.usage.stored.saturating_add(seen.usage.reserved) >= *q)
    {
        return State::Unwell {
            reason: format!(
                "the quota of {} MiB is used up by what is needed: raise store.quota_gib",
                mib(quota)
            ),
        };
    }
    let damaged = match seen.damaged {
        0 => String::new(),
        n => format!(", {n} damaged and fetched again when needed"),
    };
    State::Well { note: format!("{} blobs, {} MiB{damaged}", seen.blobs, mib(seen.usage.stored)) }
}

#[cfg(test)]
mod tests {
    use lyceum_agent::status::Standing;
    use lyceum_chain::cosmos::EndpointStatus;
    use lyceum_chain::{ChainError, Head};

    use super::*;

    fn unwell(state: State) -> String {
        match state {
            State::Unwell { reason } => reason,
            State::Well { note } => panic!("well: {note}"),
        }
    }

    #[test]
    fn a_full_disk_and_a_used_quota_are_told_with_what_helps() {
        let usage = Usage { stored: 3 << 20, reserved: 0, quota: None };
        let seen = StoreSeen { usage, blobs: 2, damaged: 0, free: Some(5 << 20) };
        assert!(matches!(store(seen, 1 << 20), State::Well { .. }));
        assert!(unwell(store(seen, 8 << 20)).contains("5 MiB are free"));
        let full = Usage { quota: Some(3 << 20), ..usage };
        assert!(unwell(store(StoreSeen { usage: full, ..seen }, 0)).contains("quota_gib"));
    }

    #[test]
    fn a_chain_that_stands_still_is_told_with_its_last_block() {
        let seen = cosmos::Status {
            endpoints: vec![],
            head: Head { height: 8, time: 1 },
            silence: Duration::from_secs(5),
            awaited: 0,
            websocket: true,
            trouble: None,
        };
        assert!(matches!(chain(&seen, Duration::from_secs(60)), State::Well { .. }));
        let said = unwell(chain(
            &cosmos::Status { silence: Duration::from_secs(99), ..seen },
            Duration::from_secs(60),
        ));
        assert!(said.contains("99 s") && said.contains("the last is 7"), "{said}");
    }

    #[test]
    fn an_endpoint_that_is_not_well_is_told_while_the_node_goes_on_with_another() {
        let endpoint = |port: u64, healthy, trouble: Option<&str>| EndpointStatus {
            name: format!("http://127.0.0.1:{port}"),
            healthy,
            height: 7 + port,
            trouble: trouble.map(str::to_owned),
        };
        let seen = cosmos::Status {
            endpoints: vec![endpoint(1, true, None), endpoint(2, false, Some("4 heights behind"))],
            head: Head { height: 8, time: 1 },
            silence: Duration::ZERO,
            awaited: 0,
            websocket: true,
            trouble: None,
        };
        let observability = Observability::new("c");
        observability.chain(&seen, Duration::from_secs(60));
        let line = &observability.ready.report().checks["chain"];
        let words = "block 7; 1 of 2 endpoints are not well: http://127.0.0.1:2: 4 heights behind";
        assert_eq!((line.ok, line.says.as_str()), (true, words));
        let text = observability.metrics.text();
        for (name, port, value) in [("healthy", 1, 1), ("healthy", 2, 0), ("height", 1, 8), ("height", 2, 9)]
        {
            let line = format!("lyceum_endpoint_{name}{{endpoint=\"http://127.0.0.1:{port}\"}} {value}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        // A trouble that names another endpoint, whose name begins with this one's, hides nothing.
        let reason = "http://127.0.0.1:26657: refused".to_owned();
        let gone = ChainError::Unreachable { endpoint: String::new(), reason };
        let said = unwell(chain(&cosmos::Status { trouble: Some(gone), ..seen }, Duration::from_secs(60)));
        assert!(said.contains("http://127.0.0.1:2: 4 heights behind"), "{said}");
    }

    #[test]
    fn only_what_a_restart_mends_makes_the_node_unhealthy() {
        let fresh = Status { started_at: 1_000, last_success: Some(1_000), ..Status::default() };
        assert!(matches!(driver(&fresh, 1_050, 60), State::Well { .. }));
        unwell(driver(&fresh, 1_000 + 60 * 30 + 1, 60));
        unwell(driver(&Status { phase: Phase::Ended, ..fresh.clone() }, 1_050, 60));
        // A chain that is down is no reason to restart, and one to be not ready.
        let mut observability = Observability::new("c");
        observability.no_chain("http://127.0.0.1:1 does not answer");
        assert!(observability.alive.report().ready && !observability.ready.report().ready);
        let idle = Standing { registered: true, ..Standing::default() };
        observability.node(&Status { standing: Some(idle), ..fresh }, 1_050, 60);
        assert!(observability.ready.report().checks["node"].says.contains("not active"));
    }
}
