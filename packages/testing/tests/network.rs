//! The whole network, from the outside: everything here needs `lyceum-testing` alone.

use lyceum_testing::api::Hash32;
use lyceum_testing::api::datasets::{Shard, Status, Tier};
use lyceum_testing::api::nodes::Role;
use lyceum_testing::api::tasks::{ClaimStatus, TaskShard};
use lyceum_testing::{LYC, Network, anyhow};

fn shard(text: &str) -> Shard {
    Shard { root: Hash32::of(text.as_bytes()), bytes: 1_000_000 }
}

/// A network with a crew, a model, a domain and a gold dataset; gives domain and dataset.
fn ready() -> anyhow::Result<(Network, lyceum_testing::Crew, u64, u64)> {
    let mut network = Network::new()?;
    let crew = network.staff()?;
    let model = network.register_model("lyceum", 4)?;
    let domain = network.register_domain(Network::new_domain("prose", model, 0))?;
    let dataset = network.pass_dataset("texts", &[shard("one"), shard("two")])?;
    Ok((network, crew, domain, dataset))
}

fn task_of(
    network: &mut Network,
    crew: &lyceum_testing::Crew,
    domain: u64,
    dataset: u64,
) -> anyhow::Result<u64> {
    let shards =
        vec![TaskShard { dataset, root: shard("one").root }, TaskShard { dataset, root: shard("two").root }];
    network.open_task(&crew.coordinator, Network::new_task(domain, 0, shards))
}

#[test]
fn a_network_comes_up_with_its_contracts_at_predicted_addresses_and_a_funded_treasury() -> anyhow::Result<()>
{
    let network = Network::new()?;
    assert_eq!(network.balance(&network.at.rewards)?, 21_000_000 * LYC);
    assert!(network.at.charter.as_str().starts_with("wasm1"));
    Ok(())
}

#[test]
fn a_clean_dataset_passes_to_gold() -> anyhow::Result<()> {
    let (network, _, _, dataset) = ready()?;
    assert_eq!(network.dataset(dataset)?.status, Status::Approved { tier: Tier::Gold });
    Ok(())
}

#[test]
fn an_honest_claim_lives_to_finality_and_a_refusal_keeps_the_contracts_words() -> anyhow::Result<()> {
    let (mut network, crew, domain, dataset) = ready()?;
    let task = task_of(&mut network, &crew, domain, dataset)?;
    let trainer = network.bond_node("trainer", 100_000 * LYC, &[Role::Trainer])?;
    let claim = network.settle_claim(task, &trainer, 3_000_000)?;
    assert_eq!(claim.status, ClaimStatus::Accepted {});
    assert_eq!(claim.gain, Some(3_000_000));
    let again = network.finalize_task(task).unwrap_err();
    assert!(format!("{again:#}").contains("task"), "{again:#}");
    Ok(())
}

#[test]
fn a_lazy_seat_is_found_by_a_dispute_and_the_honest_claim_stands() -> anyhow::Result<()> {
    let (mut network, crew, domain, dataset) = ready()?;
    let task = task_of(&mut network, &crew, domain, dataset)?;
    let trainer = network.bond_node("trainer", 100_000 * LYC, &[Role::Trainer])?;
    let claim = network.take_task(&trainer, task, 3_000_000)?;
    network.commit_claim(&claim)?;
    network.wait_for_commits(task)?;
    network.reveal_claim(&claim)?;
    network.unseal(task)?;
    let panel = network.claim(claim.id)?.panels[0];
    let run = claim.run.clone();
    network.run_panel(&claim, panel, |network, info, seat| {
        let mut said = network.honest_attestation(info, seat, &run)?;
        if info.seats[0].node == seat {
            for seen in &mut said.intervals {
                *seen = run.lazily_seen(seen.interval);
            }
        }
        Ok(said)
    })?;
    let lazy = network.panel(panel)?.seats[0].node.clone();
    let before = network.node(&lazy)?.stake;
    let disputes: Vec<u64> = network.claim(claim.id)?.panels.into_iter().filter(|p| *p != panel).collect();
    assert!(!disputes.is_empty());
    for dispute in disputes {
        network.run_honest_panel(&claim, dispute)?;
    }
    assert!(network.node(&lazy)?.stake < before);
    network.wait_for_disputes(claim.id)?;
    network.finalize_task(task)?;
    assert_eq!(network.claim(claim.id)?.status, ClaimStatus::Accepted {});
    Ok(())
}
