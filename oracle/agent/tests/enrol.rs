//! An account becomes a node by itself, on the contracts.

use std::sync::Arc;

use lyceum_agent::{Directory, Ended, Enrol, Enroller, Hash32, Node, NodeConfig, Roles, Shared};
use lyceum_api::nodes::{NodeResponse, QueryMsg, Role};
use lyceum_chain::Chain;
use lyceum_chain::embedded::{self, LYC, Network, PeerKey};
use lyceum_store::Store;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_registers_bonds_binds_its_gpus_and_has_its_stake_mature() {
    let (handles, ()) = embedded::start(|| {
        let mut network = Network::builder().build()?;
        let newcomer = network.account("newcomer");
        network.fund(&newcomer, 5_000 * LYC)?;
        Ok((network, vec![newcomer], ()))
    })
    .unwrap();
    let chain = handles.into_iter().next().unwrap();
    let (account, nodes) = (chain.account().clone(), chain.contracts().nodes.clone());
    let key = PeerKey::of("newcomer");
    let enrol = Enrol {
        operator: "newcomer & co".to_owned(),
        peer_key: key.public(),
        proof: key.prove(chain.chain_id(), &nodes, &account),
        roles: vec![Role::Trainer],
        classes: vec![],
        addresses: vec!["/ip4/127.0.0.1/udp/4001/quic-v1".to_owned()],
        stake: 4_000 * LYC,
        reserve: 2_000 * LYC,
        gpus: vec!["GPU-1".to_owned(), "GPU-2".to_owned()],
    };
    let dir = tempfile::tempdir().unwrap();
    let config = |enrol: &Enrol| NodeConfig {
        name: "newcomer".to_owned(),
        folder: dir.path().to_path_buf(),
        secret: Hash32([1; 32]),
        roles: Roles { enroller: Some(Enroller::new(enrol.clone())), ..Roles::default() },
        adversary: None,
    };
    let store = Arc::new(Store::open(dir.path().join("store")).unwrap());
    let shared = Shared::new(Directory::new(), 1);
    let mut node = Node::new(config(&enrol), chain, store.clone(), shared.clone()).unwrap();
    assert_eq!(node.run().await.unwrap(), Ended::Idle);
    let standing = node.status().borrow().standing.clone().unwrap();
    assert!(standing.registered && standing.active);
    assert_eq!((standing.stake, standing.matured), (3_000 * LYC, 3_000 * LYC), "2000 LYC stay free");
    assert_eq!((standing.balance, standing.gpus), (2_000 * LYC, 2));
    // The next life is reached elsewhere; nothing else changes.
    let chain = node.into_chain();
    let moved = Enrol { addresses: vec!["/ip4/127.0.0.1/tcp/4001".to_owned()], ..enrol };
    let mut node = Node::new(config(&moved), chain, store, shared).unwrap();
    assert_eq!(node.run().await.unwrap(), Ended::Idle);
    let query = QueryMsg::Node { node: account.to_string() };
    let found: NodeResponse = node.chain().query(&nodes, &query).await.unwrap();
    assert_eq!((found.addresses, found.own.u128()), (moved.addresses, 3_000 * LYC));
}
