//! [`Event`]: what a node tells whoever watches it. Nothing depends on anyone listening.

use lyceum_api::datasets::AuditReport;
use tokio::sync::mpsc;

/// Something a node did or learned.
#[derive(Debug, Clone)]
pub struct Event {
    /// The node's name.
    pub node: String,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    /// A run goes on. Dropped when nobody keeps up.
    Training {
        /// The claim.
        claim: u64,
        /// How far.
        progress: lyceum_learn::Progress,
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
