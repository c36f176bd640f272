//! Between the chain and the network: who is registered on chain may connect, and what a job needs is fetched from
//! them.

use std::time::{Duration, Instant};

use cosmwasm_std::Addr;
use lyceum_agent::peers::{Peer, Peers, Wanted};
use lyceum_agent::{AgentError, Hash32};
use lyceum_api::nodes::{ConfigResponse, NodeResponse, NodesResponse, QueryMsg};
use lyceum_chain::cosmos::Client;
use lyceum_net::{FetchError, Network, PeerEntry, Want};
use lyceum_store::Store;
use tokio::sync::watch;

use super::fetching::{Line, Teller};

/// How often the registered peers are read from the chain.
const REFRESH: Duration = Duration::from_secs(20);
/// The most peers.
const MOST: usize = 10_000;
/// Nodes a page.
const PAGE: u32 = 30;
/// How long one blob may take in all; what came of it stays and is not fetched again.
const DEADLINE: Duration = Duration::from_secs(3_600);

/// Blobs from registered peers.
#[derive(Debug, Clone)]
pub struct Remote(pub Network);

impl Peers for Remote {
    fn sources(&self, _: &Hash32, _: &Store) -> Vec<Peer> {
        Vec::new()
    }

    fn bring(
        &self,
        wanted: Wanted<'_>,
        _: &Store,
        go_on: &dyn Fn() -> bool,
    ) -> Option<lyceum_agent::Result<()>> {
        let Wanted { what, root, most, first } = wanted;
        let first = first.and_then(|account| self.0.key_of(account.as_str())).into_iter().collect();
        let want = Want { first, deadline: Some(DEADLINE), ..Want::new(*root.as_bytes(), most) };
        let (begun, mut teller) = (Instant::now(), Teller::default());
        let fetched = self.0.fetch_blocking(&want, |progress| {
            if let Some(Line { done, of, sources, rate, seconds }) = teller.hear(begun.elapsed(), progress) {
                tracing::info!("fetching {what} {root} from {sources} peers: {done} of {of} bytes after {seconds} s, {rate} bytes/s");
            }
            go_on()
        });
        if let Some(Line { done, of, rate, seconds, .. }) = teller.end(begun.elapsed(), fetched.is_ok()) {
            let words = if fetched.is_ok() { "fetched" } else { "gave up fetching" };
            tracing::info!("{words} {what} {root}: {done} of {of} bytes after {seconds} s, {rate} bytes/s");
        }
        Some(fetched.map_err(|error| match error {
            FetchError::TooLarge { found, most, .. } => {
                AgentError::TooLarge { what, root: *root, found, most }
            }
            FetchError::Store(error) => AgentError::Store(error),
            FetchError::Cancelled { .. } | FetchError::Stopped => AgentError::Cancelled,
            FetchError::Unavailable { asked, .. } => {
                let last = format!(": {error}");
                AgentError::Unavailable { what, root: *root, sources: asked, last }
            }
            other => AgentError::Unavailable { what, root: *root, sources: 0, last: format!(": {other}") },
        }))
    }
}

/// What is known of the registered peers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// How many there are, this node not counted.
    pub peers: usize,
    /// Why they cannot be read from the chain.
    pub trouble: Option<String>,
}

/// Keeps the network's peers those that the chain registers, until the network is shut down.
pub async fn keep(client: Client, nodes: Addr, network: Network, tell: watch::Sender<Known>) {
    let mut before: Vec<PeerEntry> = Vec::new();
    loop {
        match registered(&client, &nodes).await {
            Ok(found) => {
                let entries: Vec<PeerEntry> =
                    found.iter().filter(|n| n.node != *client.account()).filter_map(entry).collect();
                let peers = entries.len();
                if entries != before {
                    match network.set_peers(entries.clone()).await {
                        Ok(refused) => {
                            for peer in refused {
                                tracing::debug!("{} is of no use as a peer: {}", peer.account, peer.error);
                            }
                        }
                        // The network was shut down: the node ends.
                        Err(_) => return,
                    }
                    tracing::info!("{peers} other nodes are registered");
                    before = entries;
                }
                if tell.send_replace(Known { peers, trouble: None }).trouble.is_some() {
                    tracing::info!("the registered peers can be read again");
                }
            }
            Err(error) => {
                let words = format!("the registered peers cannot be read: {error}");
                if tell.borrow().trouble.is_none() {
                    tracing::warn!("{words}; those known before stay");
                }
                tell.send_modify(|known| known.trouble = Some(words));
            }
        }
        tokio::time::sleep(REFRESH).await;
    }
}

fn entry(node: &NodeResponse) -> Option<PeerEntry> {
    let key = node.peer_key.as_slice().try_into().ok()?;
    Some(PeerEntry { key, account: node.node.to_string(), addresses: node.addresses.clone() })
}

/// The nodes that stand for something: registering costs nothing, so those without a bond of their own and without
/// open claims are passed over.
async fn registered(client: &Client, nodes: &Addr) -> lyceum_chain::Result<Vec<NodeResponse>> {
    let config: ConfigResponse = client.smart(nodes, &QueryMsg::Config {}, None).await?;
    let stands = |node: &NodeResponse| {
        node.own >= config.params.min_stake || node.open_claims > 0 || node.jailed_until.is_some()
    };
    let mut all: Vec<NodeResponse> = Vec::new();
    let mut last: Option<Addr> = None;
    while all.len() < MOST {
        let start_after = last.as_ref().map(Addr::to_string);
        let query = QueryMsg::Nodes { start_after, limit: Some(PAGE) };
        let page: NodesResponse = client.smart(nodes, &query, None).await?;
        let Some(end) = page.nodes.last().map(|n| n.node.clone()) else { break };
        // Nodes come in the order of their accounts; a list that does not go on would be asked for forever.
        if last.is_some_and(|before| end <= before) {
            break;
        }
        last = Some(end);
        all.extend(page.nodes.into_iter().filter(stands));
    }
    Ok(all)
}
