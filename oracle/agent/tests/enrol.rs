//! An account becomes a node by itself, on the contracts.

use std::path::Path;
use std::sync::Arc;

use lyceum_agent::{Directory, Ended, Enrol, Enroller, Hash32, Node, NodeConfig, Pace, Roles, Shared};
use lyceum_api::nodes::{NodeResponse, QueryMsg, Role};
use lyceum_chain::Chain;
use lyceum_chain::embedded::{self, LYC, Network, PeerKey};
use lyceum_chain::logical::Handle;
use lyceum_store::Store;

/// The chain of an account with 5000 LYC, and what it should be.
fn newcomer() -> (Handle, Enrol) {
    let (handles, ()) = embedded::start(|| {
        let mut network = Network::builder().build()?;
        let newcomer = network.account("newcomer");
        network.fund(&newcomer, 5_000 * LYC)?;
        Ok((network, vec![newcomer], ()))
    })
    .unwrap();
    let chain = handles.into_iter().next().unwrap();
    let key = PeerKey::of("newcomer");
    let enrol = Enrol {
        operator: "newcomer & co".to_owned(),
        peer_key: key.public(),
        proof: key.prove(chain.chain_id(), &chain.contracts().nodes, chain.account()),
        roles: vec![Role::Trainer],
        classes: vec![],
        addresses: vec!["/ip4/127.0.0.1/udp/4001/quic-v1".to_owned()],
        stake: 4_000 * LYC,
        reserve: 2_000 * LYC,
        gpus: vec!["GPU-1".to_owned(), "GPU-2".to_owned()],
    };
    (chain, enrol)
}

fn config(folder: &Path, enrol: &Enrol) -> NodeConfig {
    NodeConfig {
        name: "newcomer".to_owned(),
        folder: folder.to_path_buf(),
        secret: Hash32([1; 32]),
        roles: Roles { enroller: Some(Enroller::new(enrol.clone())), ..Roles::default() },
        adversary: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_real_chains_time_most_looks_cost_no_view_and_a_node_leaves_when_asked_to() {
    let (chain, enrol) = newcomer();
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path().join("store")).unwrap());
    let shared = Shared { pace: Pace::real(), ..Shared::new(Directory::new(), 1) };
    let drain = shared.drain.clone();
    let mut node = Node::new(config(dir.path(), &enrol), chain, store, shared).unwrap();
    let first = node.chain().head().await.unwrap().height;
    assert_eq!(node.run_until(|v| v.height > first + 50).await.unwrap(), Ended::Enough);
    let status = node.status().borrow().clone();
    let standing = status.standing.unwrap();
    assert_eq!((standing.active, standing.stake, standing.gpus), (true, 3_000 * LYC, 2));
    assert_eq!(status.counts.messages["bond"].done, 1);
    assert!(status.counts.turns > 40 && status.counts.views * 2 < status.counts.turns, "{:?}", status.counts);
    drain.begin(None);
    assert_eq!(node.run().await.unwrap(), Ended::Drained);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_registers_bonds_binds_its_gpus_and_has_its_stake_mature() {
    let (chain, enrol) = newcomer();
    let (account, nodes) = (chain.account().clone(), chain.contracts().nodes.clone());
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path().join("store")).unwrap());
    let shared = Shared::new(Directory::new(), 1);
    let mut node = Node::new(config(dir.path(), &enrol), chain, store.clone(), shared.clone()).unwrap();
    assert_eq!(node.run().await.unwrap(), Ended::Idle);
    let standing = node.status().borrow().standing.clone().unwrap();
    assert!(standing.registered && standing.active);
    assert_eq!((standing.stake, standing.matured), (3_000 * LYC, 3_000 * LYC), "2000 LYC stay free");
    assert_eq!((standing.balance, standing.gpus), (2_000 * LYC, 2));
    // The next life is reached elsewhere; nothing else changes.
    let chain = node.into_chain();
    let moved = Enrol { addresses: vec!["/ip4/127.0.0.1/tcp/4001".to_owned()], ..enrol };
    let mut node = Node::new(config(dir.path(), &moved), chain, store, shared).unwrap();
    assert_eq!(node.run().await.unwrap(), Ended::Idle);
    let query = QueryMsg::Node { node: account.to_string() };
    let found: NodeResponse = node.chain().query(&nodes, &query).await.unwrap();
    assert_eq!((found.addresses, found.own.u128()), (moved.addresses, 3_000 * LYC));
}
