//! A benchmark's key from its sealing to the contract, on the real contracts with a real beacon.

use lyceum_agent::Hash32;
use lyceum_api::nodes::Role;
use lyceum_api::tasks::{BeaconResponse, ExecuteMsg, QueryMsg, TaskShard, key_commitment};
use lyceum_chain::embedded::{LYC, Network};
use lyceum_learn::timelock;

#[test]
fn a_benchmark_whose_opener_is_gone_is_unsealed_by_anyone_once_its_round_is_posted() -> anyhow::Result<()> {
    let mut network = Network::new()?;
    network.staff()?;
    let root = Hash32::of(b"a shard");
    let dataset = network.pass_dataset("books", &[lyceum_api::datasets::Shard { root, bytes: 1_000_000 }])?;
    let model = network.register_model("m", 1)?;
    let domain = network.register_domain(Network::new_domain("text", model, 0))?;
    let opener = network.bond_node("opener", 2_000 * LYC, &[Role::Coordinator])?;
    let trainer = network.bond_node("trainer", 20_000 * LYC, &[Role::Trainer])?;

    let key = Hash32([9; 32]);
    let mut task = Network::new_task(domain, 0, vec![TaskShard { dataset, root }]);
    let round = network.beacon.first_round_from(network.time() + task.commit_seconds + 60);
    task.benchmark.key = key_commitment(&key);
    task.benchmark.round = round;
    task.benchmark.sealed_key = timelock::lock(&network.beacon.config().public_key, round, &key)?.into();
    let task = network.open_task(&opener, task)?;
    let claim = network.take_task(&trainer, task, 1_000_000)?;
    network.commit_claim(&claim)?;
    network.wait_for_commits(task)?;
    network.reveal_claim(&claim)?;

    // The chain gives no signature before the round is out, and what others gave opens nothing.
    let contract = network.at.tasks.clone();
    let known: BeaconResponse = network.query(&contract, &QueryMsg::Beacon { round })?;
    assert_eq!(known.signature, None);
    let sealed = network.task(task)?.task.benchmark.sealed_key;
    let earlier = network.claim(claim.id)?.seed_round;
    let known: BeaconResponse = network.query(&contract, &QueryMsg::Beacon { round: earlier })?;
    assert!(timelock::unlock(&known.signature.unwrap_or_default(), &sealed).is_err());

    network.post_round(round)?;
    let known: BeaconResponse = network.query(&contract, &QueryMsg::Beacon { round })?;
    let found = timelock::unlock(&known.signature.unwrap_or_default(), &sealed)?;
    let anyone = network.account("anyone");
    network.execute(&anyone, &contract, &ExecuteMsg::Unseal { task, key: found }, 0)?;
    assert_eq!(network.task(task)?.key, Some(key));
    Ok(())
}
