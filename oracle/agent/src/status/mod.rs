//! [`Status`]: what a node says of itself at any moment, for health checks, metrics and people. The driver and its
//! workers write it; whoever holds a [`StatusWatch`] reads it, and nothing depends on anyone reading.
//!
//! Times here are this machine's, Unix seconds, unless a field says that they are the chain's.

mod board;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub(crate) use board::{Board, Counted};

/// The version of [`Status`] as JSON.
pub const STATUS_VERSION: u32 = 1;

/// What a node says when no waiting helps.
pub(crate) const MISFIT: &str = "the deployment and this program do not fit (give the network's own deployment \
                                 file, or the program's version for it)";

/// Reads a node's status: `borrow()` gives the present one, `changed()` awaits another.
pub type StatusWatch = watch::Receiver<Status>;

/// What a node is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It has not finished a turn yet.
    #[default]
    Starting,
    /// It looks, decides and sends.
    Acting,
    /// It waits for a change, a deadline, or the end of a job.
    Waiting,
    /// Something does not answer; it tries again.
    Retrying,
    /// It has ended.
    Ended,
}

/// Something that fails, and is tried again until it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when.
    pub since: u64,
    /// How often in a row.
    pub times: u32,
    /// The stable code of the last error.
    pub code: String,
    /// Its words.
    pub words: String,
    /// When it is tried again.
    pub next_try: u64,
    /// Whether the contracts and this program do not understand each other, which trying again does not mend.
    #[serde(default)]
    pub misfit: bool,
}

/// The chain as it was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadSeen {
    /// The open height.
    pub height: u64,
    /// Its time, Unix seconds of the chain.
    pub time: u64,
    /// When this height was first seen.
    pub seen_at: u64,
}

/// What one role waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleStatus {
    /// The role, e.g. `trainer`.
    pub role: String,
    /// What it waits for or owes, in words; empty if nothing.
    pub waits_for: Vec<String>,
    /// What keeps it from going on: messages that were refused and when they are sent again.
    pub blocked_by: Vec<String>,
}

/// Work under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobStatus {
    /// What it is, e.g. `train/7`.
    pub key: String,
    /// Since when.
    pub since: u64,
    /// Steps taken and steps in all, if it counts them.
    pub steps: Option<(u64, u64)>,
    /// Tokens a second, if it reads any.
    pub tokens_per_second: Option<f64>,
    /// Seconds until its end, if it can say.
    pub remaining: Option<f64>,
}

/// The journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalStatus {
    /// The height up to which it says what was seen.
    pub cursor: u64,
    /// When it was written last.
    pub written_at: Option<u64>,
    /// What keeps it from being written. Nothing that it would have to hold first is sent meanwhile.
    pub trouble: Option<Trouble>,
}

/// The last thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// When.
    pub at: u64,
    /// Its stable code.
    pub code: String,
    /// Its words.
    pub words: String,
    /// What it was about, e.g. `reveal/7`.
    pub key: Option<String>,
}

/// What became of the messages of a kind, or of the jobs of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCounts {
    /// Messages executed; jobs done.
    pub done: u64,
    /// Messages refused by a contract, or that another node was faster with.
    pub refused: u64,
    /// Messages of which it is not known what became; jobs that failed. Both are tried again.
    pub failed: u64,
}

/// Counts since this process began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Times it looked and decided.
    pub turns: u64,
    /// Views that were asked for anew; the other turns found nothing changed.
    pub views: u64,
    /// Times the chain did not answer.
    pub chain_failures: u64,
    /// Messages by the first word of their key, e.g. `reveal`.
    pub messages: BTreeMap<String, KindCounts>,
    /// Jobs by the first word of their key, e.g. `train`.
    pub jobs: BTreeMap<String, KindCounts>,
}

/// How the node stands on chain, if its role `enroller` looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether it is registered.
    pub registered: bool,
    /// Whether it is active.
    pub active: bool,
    /// Bonded stake, ulyc.
    pub stake: u128,
    /// Stake that counts in draws, ulyc.
    pub matured: u128,
    /// Free balance, ulyc.
    pub balance: u128,
    /// Until when it is jailed, Unix seconds of the chain.
    pub jailed_until: Option<u64>,
    /// GPUs bound.
    pub gpus: u32,
}

/// What a node says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// [`STATUS_VERSION`].
    pub version: u32,
    /// Its name.
    pub name: String,
    /// Its account.
    pub account: String,
    /// Its chain.
    pub chain_id: String,
    /// When this process began.
    pub started_at: u64,
    /// What it is at.
    pub phase: Phase,
    /// Whether it leaves: it takes nothing new and ends once it owes nothing.
    pub draining: bool,
    /// The chain as it was seen last.
    pub head: Option<HeadSeen>,
    /// When it last finished a turn.
    pub last_success: Option<u64>,
    /// What keeps the chain from being asked.
    pub chain_trouble: Option<Trouble>,
    /// Its roles.
    pub roles: Vec<RoleStatus>,
    /// Work under way.
    pub jobs: Vec<JobStatus>,
    /// What it owes before it may leave.
    pub owes: Vec<String>,
    /// Its journal.
    pub journal: JournalStatus,
    /// The last thing that went wrong.
    pub last_error: Option<LastError>,
    /// How it stands on chain.
    pub standing: Option<Standing>,
    /// Counts.
    pub counts: Counts,
}

impl Status {
    /// Why a node is not healthy at a moment (Unix seconds), if no block may be older than `stale` seconds; empty if
    /// it is. A restart may help.
    pub fn unhealthy(&self, now: u64, stale: u64) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.phase == Phase::Ended {
            reasons.push("the node has ended".to_owned());
        }
        let since = self.head.map_or(self.started_at, |h| h.seen_at);
        let old = now.saturating_sub(since);
        if old > stale {
            let height = self.head.map_or(0, |h| h.height);
            reasons.push(format!("no new block for {old} s, the last was height {height}"));
        }
        if let Some(t) = &self.chain_trouble {
            reasons.push(match t.misfit {
                true => t.say(MISFIT, now),
                false => t.say("the chain does not answer", now),
            });
        }
        if let Some(t) = &self.journal.trouble {
            reasons.push(t.say("the journal cannot be written", now));
        }
        reasons
    }

    /// Why a node cannot take its part at a moment (Unix seconds); empty if it can.
    pub fn unready(&self, now: u64, stale: u64) -> Vec<String> {
        let mut reasons = self.unhealthy(now, stale);
        if self.last_success.is_none() {
            reasons.push("it has not seen the chain yet".to_owned());
        }
        if self.draining {
            reasons.push("it is leaving".to_owned());
        }
        if let Some(standing) = self.standing.as_ref().filter(|s| !s.active) {
            reasons.push(match (standing.registered, standing.jailed_until) {
                (false, _) => "the account is not registered as a node".to_owned(),
                (true, Some(until)) => format!("the node is jailed until {until}"),
                (true, None) => format!("the node is not active: its stake is {} ulyc", standing.stake),
            });
        }
        reasons
    }
}

impl Trouble {
    fn say(&self, what: &str, now: u64) -> String {
        let Self { since, times, code, words, .. } = self;
        format!("{what} since {} s, {times} tries: {words} ({code})", now.saturating_sub(*since))
    }

    /// One more failure; `previous` is the trouble so far.
    pub(crate) fn again(previous: Option<&Self>, code: &str, words: String, next_try: u64) -> Self {
        let (since, times) = previous.map_or((unix_now(), 0), |t| (t.since, t.times));
        Self { since, times: times.saturating_add(1), code: code.to_owned(), words, next_try, misfit: false }
    }
}

/// This machine's time, Unix seconds: for people to read, never for a decision.
pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

#[cfg(test)]
mod tests {
    use lyceum_chain::ChainError;

    use super::*;
    use crate::AgentError;

    #[test]
    fn a_node_that_sees_blocks_is_healthy_and_one_that_does_not_says_why() {
        let board = Board::new("n", "account", "chain");
        board.set(|s| {
            s.started_at = 1_000;
            s.head = Some(HeadSeen { height: 7, time: 1_000, seen_at: 1_000 });
            s.last_success = Some(1_000);
        });
        let status = board.watch().borrow().clone();
        assert!(status.unhealthy(1_010, 60).is_empty() && status.unready(1_010, 60).is_empty());
        assert_eq!(status.unhealthy(1_100, 60), ["no new block for 100 s, the last was height 7"]);
        board.set(|s| {
            let mut trouble = Trouble::again(None, "chain.rpc", "connection refused".to_owned(), 1_020);
            trouble = Trouble::again(Some(&trouble), "chain.rpc", "connection refused".to_owned(), 1_020);
            s.chain_trouble = Some(Trouble { since: 1_000, ..trouble });
        });
        let reasons = board.watch().borrow().unhealthy(1_010, 60);
        assert_eq!(
            reasons,
            ["the chain does not answer since 10 s, 2 tries: connection refused (chain.rpc)"]
        );
    }

    #[test]
    fn a_deployment_that_does_not_fit_is_not_taken_for_a_chain_that_does_not_answer() {
        let json = ChainError::Json("wasm1 answers what this program cannot read: no field".to_owned());
        let query = |words: &str| ChainError::Query { contract: "wasm1".to_owned(), words: words.to_owned() };
        let parsing = "Error parsing into type lyceum_api::nodes::QueryMsg: unknown variant `x`";
        for (error, misfit) in [(json, true), (query(parsing), true), (query("NotFound"), false)] {
            let board = Board::new("n", "account", "chain");
            board.trouble(&AgentError::Chain(error), 1_020);
            let reasons = board.watch().borrow().unready(unix_now(), 60).join("; ");
            assert_eq!(reasons.contains("do not fit"), misfit, "{reasons}");
            assert_eq!(reasons.contains("does not answer"), !misfit, "{reasons}");
        }
    }

    #[test]
    fn a_node_that_leaves_or_is_jailed_is_not_ready() {
        let board = Board::new("n", "account", "chain");
        board.set(|s| {
            s.last_success = Some(1);
            s.draining = true;
            s.standing = Some(Standing { registered: true, jailed_until: Some(9), ..Standing::default() });
        });
        let now = board.watch().borrow().started_at;
        let reasons = board.watch().borrow().unready(now, 60);
        assert_eq!(reasons, ["it is leaving", "the node is jailed until 9"]);
    }

    #[test]
    fn a_status_is_json_and_comes_back() {
        let board = Board::new("n", "account", "chain");
        board.job("train/7");
        board.message("reveal/7", Counted::Done);
        board.job_ended("attest/1", Counted::Failed);
        let status = board.watch().borrow().clone();
        let text = serde_json::to_string(&status).unwrap();
        assert_eq!(serde_json::from_str::<Status>(&text).unwrap(), status);
        assert_eq!(status.counts.messages["reveal"].done, 1);
        assert_eq!(status.counts.jobs["attest"].failed, 1);
    }
}
