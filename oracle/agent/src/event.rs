//! [`Event`]: what a node tells whoever watches it. Nothing depends on anyone listening. As JSON an event is one
//! object: `{"node": …, "what": "sent", …}`.

use lyceum_api::datasets::AuditReport;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// Something a node did or learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// The node's name.
    pub node: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A life begins.
    Started {
        /// The height up to which its journal says what was seen; 0 at first.
        cursor: u64,
    },
    /// Work begins; the journal holds everything that led to it.
    Began {
        /// What it is, e.g. `train/7`.
        key: String,
    },
    /// A transaction is about to be sent; the journal holds everything that it depends on.
    Sending {
        /// What it is, e.g. `reveal/7`.
        key: String,
    },
    /// It is not known what became of a transaction; it is looked at again before anything is sent again.
    Unknown {
        /// What it was.
        key: String,
        /// Why it is not known.
        words: String,
    },
    /// The chain or the disk does not answer; the node tries again. The first of a row begins an outage.
    Retrying {
        /// The stable code of the error.
        code: String,
        /// Its words.
        words: String,
        /// Milliseconds until it does.
        after_ms: u64,
        /// Failures in a row, this one included.
        #[serde(default)]
        failures: u32,
    },
    /// What failed works again: the outage that the first [`What::Retrying`] of the row began is over.
    Recovered {
        /// Failures there were in a row.
        failures: u32,
        /// Wall-clock seconds since the first.
        seconds: u64,
    },
    /// It leaves: it takes nothing new.
    Draining {
        /// What it owes before it ends.
        owes: Vec<String>,
    },
    /// A run goes on. Dropped when nobody keeps up.
    Training {
        /// The claim.
        claim: u64,
        /// How far.
        progress: lyceum_learn::Progress,
    },
    /// A run that an earlier life had begun goes on.
    Resumed {
        /// The claim.
        claim: u64,
        /// From this step on.
        step: u64,
        /// Steps in all.
        steps: u64,
    },
    /// A run ended.
    Trained {
        /// The claim.
        claim: u64,
        /// Its task.
        task: u64,
        /// Content root of the block.
        block: lyceum_api::Hash32,
        /// Steps trained.
        steps: u64,
        /// Wall-clock seconds.
        seconds: f64,
        /// The gain it measured itself, percent × 10⁻⁶.
        reported: i64,
        /// For each interval the mean loss, nats × 10⁻⁶.
        losses: Vec<i64>,
    },
    /// A trainer made drawn states ready.
    Served {
        /// The panel.
        panel: u64,
        /// Steps done again to reach them.
        rederived_steps: u64,
        /// Wall-clock seconds.
        seconds: f64,
    },
    /// A seat has its answer.
    Attested {
        /// The panel.
        panel: u64,
        /// The claim, if the panel judges one.
        claim: Option<u64>,
        /// Whether the claim was what it says.
        sound: bool,
        /// Why not.
        fault: Option<String>,
        /// Steps re-executed.
        steps: u64,
        /// The seat's gain, percent × 10⁻⁶, if it scored.
        gain: Option<i64>,
        /// Wall-clock seconds.
        seconds: f64,
    },
    /// An auditor has its report.
    Audited {
        /// The dataset.
        dataset: u64,
        /// What was found.
        report: AuditReport,
        /// Wall-clock seconds.
        seconds: f64,
    },
    /// A transaction was executed.
    Sent {
        /// What it was, e.g. `reveal/7`.
        key: String,
        /// At which height.
        height: u64,
        /// Gas that it used; 0 where gas is not counted.
        #[serde(default)]
        gas: u64,
    },
    /// A transaction was refused; a duplicate of another node's is nothing to worry about.
    Refused {
        /// What it was.
        key: String,
        /// The contract's words.
        words: String,
    },
    /// Work failed and is tried again.
    Failed {
        /// What it was.
        key: String,
        /// Why.
        words: String,
    },
}

/// Where a node's events go.
#[derive(Debug, Clone)]
pub struct Events {
    node: String,
    channel: Option<mpsc::Sender<Event>>,
}

impl Events {
    /// Events of a node; without a channel they are dropped.
    pub fn new(node: &str, channel: Option<mpsc::Sender<Event>>) -> Self {
        Self { node: node.to_owned(), channel }
    }

    /// Tells something from a worker's thread, waiting for room; progress does not wait.
    pub fn tell(&self, what: What) {
        let Some(channel) = &self.channel else { return };
        let droppable = matches!(what, What::Training { .. });
        let event = Event { node: self.node.clone(), what };
        // A listener that is gone is no trouble.
        let _ =
            if droppable { channel.try_send(event).is_ok() } else { channel.blocking_send(event).is_ok() };
    }

    /// Tells something from the driver.
    pub async fn tell_async(&self, what: What) {
        if let Some(channel) = &self.channel {
            let _ = channel.send(Event { node: self.node.clone(), what }).await;
        }
    }
}
