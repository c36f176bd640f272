//! Another process that runs as this node: a copy of its folder, on this or another machine. docs/decisions/twins.md
//! says how it is found and which of the two stops.
//!
//! It is found in two ways. Peers: a process at the node's addresses that has the node's peer key tells when it began.
//! The chain: the memo of every transaction of a node says which life of the node signed it. Both are signed with the
//! node's own keys, so neither a peer nor an endpoint can invent a twin.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use cosmwasm_std::Addr;
use lyceum_api::nodes::{NodeResponse, QueryMsg};
use lyceum_chain::cosmos::{Client, Signed};
use lyceum_net::{Life, Multiaddr, Network};
use tokio::sync::watch;

use crate::failure::{Failure, Refusal};

/// What stands before a life in the mark of a node's transactions.
const MARK: &str = "lyceum-node ";
/// How often the account's transactions are looked at. At every third look, the node's addresses are dialled too.
const LOOK: Duration = Duration::from_secs(20);
const ADDRESSES: u32 = 3;
/// How long the look before the node begins may take: an address that does not answer is no reason to wait.
const FIRST: Duration = Duration::from_secs(10);
/// The account's latest transactions that are looked at.
const LATEST: u64 = 8;
/// Sequences that are remembered as looked at.
const REMEMBERED: usize = 256;
/// Heights by which an earlier life of this node may have been ahead of what this one saw when it began.
const AHEAD: u64 = 20;

/// The mark of a life's transactions.
pub fn mark(life: &Life) -> String {
    format!("{MARK}{life}")
}

/// Where a twin showed itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TwinEvidence {
    /// At an address, with the peer key.
    Peer(String),
    /// By the transaction that took a sequence.
    Transaction(u64),
}

impl fmt::Display for TwinEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(address) => write!(f, "it was met at {address} with this node's peer key"),
            Self::Transaction(sequence) => {
                write!(f, "it signed the account's transaction with sequence {sequence}")
            }
        }
    }
}

/// Another life that is lived at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// It.
    pub life: Life,
    /// How it showed itself.
    pub evidence: TwinEvidence,
}

impl Twin {
    /// What the younger of the two ends with.
    pub fn refusal(&self, own: &Life, account: &Addr) -> Refusal {
        let words = format!(
            "another process runs as this node, account {account}: {}. It began at {} (Unix seconds), this one at {} and \
             ends, as it is the younger. Two processes with one key answer for each other and lose what they bonded. Find \
             out where the other one runs; to go on here, stop it there first; to run both, give this one keys of its own \
             with `lyceum init` and `lyceum keys add`",
            self.evidence, self.life.since, own.since
        );
        Refusal::new(Failure::Twin, "node.twin", words)
    }
}

/// What a transaction of the account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// This life sent it.
    Ours,
    /// An earlier life of this node sent it.
    Earlier,
    /// No node sent it: somebody used the key by hand, or another program did.
    ByHand,
    /// Another life signed it while this one was lived.
    Twin(Life),
}

/// Judges a transaction of the account, for a life that began when the chain was at a height.
fn judge(own: &Life, began_at: u64, signed: &Signed) -> Says {
    let mark = signed.mark();
    match mark.and_then(|(mark, at)| Some((mark.strip_prefix(MARK)?.parse::<Life>().ok()?, at))) {
        None => Says::ByHand,
        Some((life, _)) if life == *own => Says::Ours,
        // An endpoint may show it as new; when it was signed stands in what was signed.
        Some((_, at)) if at <= began_at.saturating_add(AHEAD) => Says::Earlier,
        Some((life, _)) => Says::Twin(life),
    }
}

/// A node that looks for its twin.
#[derive(Debug, Clone)]
pub struct TwinDetector {
    /// The chain, as the node's account.
    pub client: Client,
    /// The contract that has the node's addresses.
    pub nodes: Addr,
    /// The peers, and this life.
    pub network: Network,
    /// Where the node says that it can be reached.
    pub announced: Vec<String>,
    /// The chain's last height when this life began.
    pub began_at: u64,
}

impl TwinDetector {
    /// Looks once before anything is sent. Gives a twin that is older.
    pub async fn first(&self) -> Option<Twin> {
        let looked = tokio::time::timeout(FIRST, self.look_at_addresses()).await;
        let own = self.network.life();
        looked.ok().flatten().filter(|twin| self.hear(twin, &own))
    }

    /// Looks now and then. Ends when there is a twin that is older.
    pub async fn watch(self) -> Twin {
        let own = self.network.life();
        let (mut met, mut known) = (self.network.twin(), BTreeSet::new());
        let mut told: BTreeSet<Life> = BTreeSet::new();
        let (mut turn, mut looked) = (0_u32, false);
        loop {
            let twin = tokio::select! {
                twin = heard(&mut met) => Some(twin),
                twin = async {
                    // What the first look finds was signed before this life.
                    let twin = self.look_at_transactions(&mut known, looked).await;
                    looked = true;
                    let twin = match twin {
                        None if turn % ADDRESSES == ADDRESSES - 1 => self.look_at_addresses().await,
                        twin => twin,
                    };
                    if twin.is_none() {
                        tokio::time::sleep(LOOK).await;
                    }
                    twin
                } => twin,
            };
            turn = turn.wrapping_add(1);
            let Some(twin) = twin else { continue };
            if twin.life.is_older_than(&own) {
                return twin;
            }
            if told.insert(twin.life) {
                self.hear(&twin, &own);
            }
        }
    }

    /// Whether a twin is older. A younger one ends by itself, but the operator should know that it exists.
    fn hear(&self, twin: &Twin, own: &Life) -> bool {
        let older = twin.life.is_older_than(own);
        if !older {
            tracing::error!(
                account = %self.client.account(), began = twin.life.since, met = %twin.evidence,
                "another process runs as this node, from a copy of its folder; it is the younger and should end by \
                 itself: see that it does"
            );
        }
        older
    }

    /// The node's addresses: those that it announces, and those that the chain has, which may be another process's.
    async fn look_at_addresses(&self) -> Option<Twin> {
        let query = QueryMsg::Node { node: self.client.account().to_string() };
        let registered: Result<NodeResponse, _> = self.client.smart(&self.nodes, &query, None).await;
        let registered = registered.map(|node| node.addresses).unwrap_or_default();
        let all: BTreeSet<&String> = self.announced.iter().chain(&registered).collect();
        let key = self.network.key();
        let addresses: Vec<Multiaddr> =
            all.into_iter().filter_map(|a| lyceum_net::check_address(a, Some(&key)).ok()).collect();
        let found = self.network.look_for_twin(addresses).await;
        let found =
            found.inspect_err(|error| tracing::debug!(%error, "no twin can be looked for")).ok()??;
        Some(Twin { life: found.life, evidence: TwinEvidence::Peer(found.address) })
    }

    /// The account's latest transactions.
    pub(super) async fn look_at_transactions(&self, known: &mut BTreeSet<u64>, say: bool) -> Option<Twin> {
        let own = self.network.life();
        let mut found = None;
        for signed in self.client.latest_signed(LATEST, known).await {
            known.insert(signed.sequence);
            match judge(&own, self.began_at, &signed) {
                Says::Ours | Says::Earlier => {}
                Says::Twin(life) => {
                    found = Some(Twin { life, evidence: TwinEvidence::Transaction(signed.sequence) });
                }
                Says::ByHand if say => tracing::warn!(
                    sequence = signed.sequence,
                    messages = signed.messages.join(" "),
                    "a transaction of this node's account was sent by hand or by another program: both wait for each \
                     other now and then; use another key for what the node does not do"
                ),
                Says::ByHand => {}
            }
        }
        while known.len() > REMEMBERED {
            known.pop_first();
        }
        found
    }
}

/// The next twin that a peer turned out to be.
async fn heard(met: &mut watch::Receiver<Option<lyceum_net::Twin>>) -> Twin {
    loop {
        if met.changed().await.is_err() {
            // The network is gone, and the node with it.
            std::future::pending::<()>().await;
        }
        if let Some(twin) = met.borrow_and_update().clone() {
            return Twin { life: twin.life, evidence: TwinEvidence::Peer(twin.address) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Life = Life { since: 1_000, id: 7 };

    fn signed(memo: &str) -> Signed {
        Signed { sequence: 3, memo: memo.to_owned(), messages: vec![] }
    }

    #[test]
    fn only_another_life_that_signed_during_this_one_is_a_twin() {
        let other = Life { since: 900, id: 8 };
        let of = |life: &Life, at: u64| signed(&format!("{} {at}", mark(life)));
        let judged = |signed: &Signed| judge(&OWN, 500, signed);
        assert_eq!(judged(&of(&OWN, 600)), Says::Ours);
        assert_eq!(judged(&of(&other, 600)), Says::Twin(other));
        // An endpoint that shows what an earlier life signed as if it were new shows no twin.
        for at in [0, 400, 500, 500 + AHEAD] {
            assert_eq!(judged(&of(&other, at)), Says::Earlier, "{at}");
        }
        for memo in ["", "thanks", "lyceum-node", "lyceum-node x 600", &format!("{MARK}{other}")] {
            assert_eq!(judged(&signed(memo)), Says::ByHand, "{memo}");
        }
    }

    #[test]
    fn the_younger_is_told_what_to_do_and_ends_as_busy() {
        let older = Twin { life: Life { since: 900, id: 8 }, evidence: TwinEvidence::Transaction(12) };
        let refusal = anyhow::Error::from(older.refusal(&OWN, &Addr::unchecked("wasm1me")));
        assert_eq!(Failure::of(&refusal), Failure::Twin);
        let words = refusal.to_string();
        for said in ["wasm1me", "sequence 12", "900", "1000", "stop it there first"] {
            assert!(words.contains(said), "{said} in {words}");
        }
        let peer = TwinEvidence::Peer("/ip4/192.0.2.7/tcp/26690".to_owned()).to_string();
        assert!(peer.contains("/ip4/192.0.2.7/tcp/26690"), "{peer}");
    }
}
