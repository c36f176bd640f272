//! The contracts behind the trait: real messages, real refusals, real events.
#![cfg(feature = "embedded")]

use lyceum_api::nodes::{ExecuteMsg, NodeResponse, QueryMsg, Role};
use lyceum_chain::embedded::{LYC, Network, start};
use lyceum_chain::{Chain, ChainError, Msg, Until};

#[tokio::test]
async fn participants_speak_to_the_real_contracts_and_see_their_words_and_events() {
    let (mut chains, beacon) = start(|| {
        let mut network = Network::new()?;
        let alice = network.bond_node("alice", 1_000 * LYC, &[Role::Trainer])?;
        network.fund(&alice, 5 * LYC)?;
        let beacon = network.beacon.clone();
        Ok((network, vec![alice], beacon))
    })
    .unwrap();
    let alice = chains.pop().unwrap();
    let (nodes, account) = (alice.contracts().nodes.clone(), alice.account().clone());
    assert!(beacon.signed_at(1, alice.head().await.unwrap().time).is_some());
    assert_eq!(alice.balance(&account).await.unwrap(), 5 * LYC);

    let bond = |ulyc| {
        let funds = cosmwasm_std::coins(ulyc, lyceum_api::DENOM);
        vec![Msg::new(&nodes, &ExecuteMsg::Bond {}, funds).unwrap()]
    };
    let done = alice.execute(bond(LYC)).await.unwrap();
    assert!(!done.events.is_empty());
    let node: NodeResponse =
        alice.query(&nodes, &QueryMsg::Node { node: account.to_string() }).await.unwrap();
    assert_eq!(node.stake.u128(), 1_001 * LYC);
    let told = alice.events(done.height).await.unwrap();
    assert_eq!(told[0].txs[0].sender, account);
    assert_eq!(told[0].txs[0].events, done.events);

    let refused = alice.execute(vec![Msg::new(&nodes, &ExecuteMsg::Unjail {}, vec![]).unwrap()]).await;
    let Err(ChainError::Refused { words }) = refused else { panic!("{refused:?}") };
    assert!(words.contains("jail") && !words.contains("Error executing"), "{words}");
    // A transaction is whole or nothing: the bond before the refusal is undone.
    let both = [bond(LYC), vec![Msg::new(&nodes, &ExecuteMsg::Unjail {}, vec![]).unwrap()]].concat();
    assert!(alice.execute(both).await.is_err());
    assert_eq!(alice.balance(&account).await.unwrap(), 4 * LYC);

    let head = alice.head().await.unwrap();
    let later = alice.wait(Until::time(head.time + 86_400)).await.unwrap();
    assert_eq!(later.time, head.time + 86_400);
    let unknown: Result<NodeResponse, _> =
        alice.query(&nodes, &QueryMsg::Node { node: "nobody".into() }).await;
    assert!(matches!(unknown, Err(ChainError::Query { .. })), "{unknown:?}");
}

#[test]
fn a_set_up_that_fails_says_why() {
    let failed = start::<()>(broken);
    assert!(matches!(failed, Err(ChainError::Start(why)) if why.contains("no such luck")));
}

fn broken() -> anyhow::Result<(Network, Vec<cosmwasm_std::Addr>, ())> {
    anyhow::bail!("no such luck")
}
