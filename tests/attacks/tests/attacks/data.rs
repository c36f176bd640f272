//! Datasets: votes that are fresh, moved, bribed or not cast; duplicates; spam.

use lyceum_testing::anyhow::Result;
use lyceum_testing::api::datasets::{
    self, AuditReport, DatasetManifest, ExecuteMsg, PowerResponse, QueryMsg, Shard, Source, Status, Tier,
};
use lyceum_testing::api::nodes::{self, Role, gpu_id};
use lyceum_testing::cosmwasm_std::{Addr, Timestamp};
use lyceum_testing::{LYC, Network};

use crate::arena::{Arena, refused, shard};

/// The deposit of a proposal.
const DEPOSIT: u128 = 100 * LYC;

fn tell(arena: &mut Arena, sender: &Addr, msg: &ExecuteMsg) -> Result<()> {
    let contract = arena.network.at.datasets.clone();
    arena.network.execute(sender, &contract, msg, 0)?;
    Ok(())
}

/// A dataset of one shard with its vote open, audited as given.
fn voting(arena: &mut Arena, name: &str, report: &AuditReport) -> Result<u64> {
    let proposer = arena.network.account("proposer");
    let id = arena.network.propose_dataset(&proposer, name, &[shard(name)])?;
    arena.network.audit_dataset(id, report)?;
    Ok(id)
}

fn close(arena: &mut Arena, dataset: u64) -> Result<Status> {
    let Status::Voting { until, .. } = arena.network.dataset(dataset)?.status else { panic!("no vote") };
    arena.network.travel_to(Timestamp::from_seconds(until.seconds() + 1));
    let anyone = arena.network.account("anyone");
    tell(arena, &anyone, &ExecuteMsg::CloseVote { dataset })?;
    Ok(arena.network.dataset(dataset)?.status)
}

#[test]
fn stake_and_gpus_that_come_after_a_proposal_do_not_vote_on_it() -> Result<()> {
    let mut arena = Arena::new()?;
    let id = voting(&mut arena, "contested", &Network::clean_audit())?;
    let total = arena.network.dataset(id)?.total_power;
    for i in 0..10 {
        let fresh = arena.network.bond_node(&format!("fresh {i}"), 5_000 * LYC, &[Role::Storage])?;
        arena.network.bind_gpus(&fresh, 5)?;
        assert!(arena.network.node(&fresh)?.vote_power > 0);
        refused(tell(&mut arena, &fresh, &ExecuteMsg::Vote { dataset: id, yes: true }), "had no power");
    }
    let info = arena.network.dataset(id)?;
    assert_eq!((info.yes, info.total_power), (0, total));
    Ok(())
}

#[test]
fn delegated_stake_votes_no_more_than_its_node_worked() -> Result<()> {
    let mut arena = Arena::new()?;
    // GPUs enough for more power, and a bond that carries a vote of one.
    let owner = arena.network.bond_node("owner", 1_999 * LYC, &[Role::Storage])?;
    arena.network.bind_gpus(&owner, 5)?;
    let id = voting(&mut arena, "contested", &Network::clean_audit())?;
    let whale = arena.network.account("whale");
    arena.network.delegate(&whale, &owner, 40_000_000 * LYC)?;
    tell(&mut arena, &owner, &ExecuteMsg::Vote { dataset: id, yes: true })?;
    assert_eq!(arena.network.dataset(id)?.yes, 1);
    assert_eq!(arena.network.node(&owner)?.vote_power, 1);
    Ok(())
}

#[test]
fn a_gpu_that_moves_votes_once() -> Result<()> {
    let mut arena = Arena::new()?;
    let config: nodes::ConfigResponse =
        arena.network.query(&arena.network.at.nodes, &nodes::QueryMsg::Config {})?;
    let gpu = gpu_id(&config.gpu_salt, "the one GPU");
    let (first, second) = (
        arena.network.bond_node("first", 2_000 * LYC, &[Role::Storage])?,
        arena.network.bond_node("second", 2_000 * LYC, &[Role::Storage])?,
    );
    arena.tell_nodes(&first, &nodes::ExecuteMsg::BindGpu { gpu })?;
    let id = voting(&mut arena, "contested", &Network::clean_audit())?;
    tell(&mut arena, &first, &ExecuteMsg::Vote { dataset: id, yes: true })?;
    let yes = arena.network.dataset(id)?.yes;
    arena.tell_nodes(&first, &nodes::ExecuteMsg::UnbindGpu { gpu })?;
    arena.tell_nodes(&second, &nodes::ExecuteMsg::BindGpu { gpu })?;
    refused(tell(&mut arena, &second, &ExecuteMsg::Vote { dataset: id, yes: true }), "had no power");
    refused(tell(&mut arena, &first, &ExecuteMsg::Vote { dataset: id, yes: true }), "has voted so already");
    assert_eq!((yes, arena.network.dataset(id)?.yes), (1, 1));
    // For the next proposal the power is the second's alone.
    let power = |arena: &Arena, node: &Addr| -> Result<u64> {
        let query = QueryMsg::Power { node: node.to_string(), height: None };
        let power: PowerResponse = arena.network.query(&arena.network.at.datasets, &query)?;
        Ok(power.power)
    };
    assert_eq!((power(&arena, &first)?, power(&arena, &second)?), (0, 1));
    Ok(())
}

#[test]
fn a_bribed_vote_lifts_nothing_above_what_its_audit_measured() -> Result<()> {
    let mut arena = Arena::new()?;
    // Trained on, it makes a model worse: experimental at best, though all vote for gold.
    let useless = AuditReport { gain: -500_000, ..Network::clean_audit() };
    let id = voting(&mut arena, "useless", &useless)?;
    arena.network.vote_dataset(id, true)?;
    assert_eq!(arena.network.dataset(id)?.status, Status::Approved { tier: Tier::Experimental });
    Ok(())
}

#[test]
fn a_vote_without_turnout_approves_nothing() -> Result<()> {
    let mut arena = Arena::new()?;
    // Two owners more, so that one vote of eleven or more is no tenth.
    for i in 0..8 {
        let owner = arena.network.bond_node(&format!("more {i}"), 2_000 * LYC, &[Role::Storage])?;
        arena.network.bind_gpus(&owner, 1)?;
    }
    arena.network.next_height();
    let id = voting(&mut arena, "unnoticed", &Network::clean_audit())?;
    let owner = arena.crew.owners[0].clone();
    tell(&mut arena, &owner, &ExecuteMsg::Vote { dataset: id, yes: true })?;
    let info = arena.network.dataset(id)?;
    assert!(info.yes * 10 < info.total_power, "{} of {}", info.yes, info.total_power);
    assert!(matches!(close(&mut arena, id)?, Status::Voting { extended: true, .. }));
    let over = close(&mut arena, id)?;
    assert_eq!(over, Status::Rejected { reason: "vote_quorum".to_owned() });
    // That others stayed away is not its proposer's fault.
    assert_eq!(arena.network.balance(&arena.network.account("proposer"))?, DEPOSIT);
    Ok(())
}

#[test]
fn a_dataset_stuffed_with_duplicates_costs_its_deposit() -> Result<()> {
    let mut arena = Arena::new()?;
    let stuffed = AuditReport { duplicates_ppm: 960_000, ..Network::clean_audit() };
    let treasury = arena.network.balance(&arena.network.at.rewards)?;
    let id = voting(&mut arena, "stuffed", &stuffed)?;
    let rejected = Status::Rejected { reason: "audit_duplicates".to_owned() };
    assert_eq!(arena.network.dataset(id)?.status, rejected);
    assert_eq!(arena.network.balance(&arena.network.account("proposer"))?, 0);
    assert_eq!(arena.network.balance(&arena.network.at.rewards)?, treasury + DEPOSIT);
    Ok(())
}

#[test]
fn the_same_bytes_are_proposed_once_whoever_names_them() -> Result<()> {
    let mut arena = Arena::new()?;
    let thief = arena.network.account("thief");
    let known = [shard("new"), shard("shard 3")];
    refused(arena.network.propose_dataset(&thief, "mine", &known), "belongs to dataset");
    refused(arena.network.propose_dataset(&thief, "mine", &[shard("a"), shard("a")]), "listed twice");
    let empty = Shard { bytes: 0, ..shard("b") };
    refused(arena.network.propose_dataset(&thief, "mine", &[empty]), "has 0 bytes");
    Ok(())
}

#[test]
fn a_minority_of_auditors_neither_damns_nor_whitewashes_a_dataset() -> Result<()> {
    use lyceum_testing::api::Hash32;
    use lyceum_testing::api::canonical::{Canonical, commitment};
    use lyceum_testing::api::datasets::{AUDIT_COMMIT, AuditsResponse};
    let mut arena = Arena::new()?;
    let proposer = arena.network.account("proposer");
    let id = arena.network.propose_dataset(&proposer, "toxic", &[shard("toxic")])?;
    let Status::Proposed { round } = arena.network.dataset(id)?.status else { panic!("not proposed") };
    arena.network.post_round(round)?;
    let anyone = arena.network.account("anyone");
    tell(&mut arena, &anyone, &ExecuteMsg::DrawAuditors { dataset: id })?;
    let audits: AuditsResponse =
        arena.network.query(&arena.network.at.datasets, &QueryMsg::Audits { dataset: id })?;
    let bad = AuditReport { toxicity_ppm: 300_000, ..Network::clean_audit() };
    let chain = arena.network.app.block_info().chain_id;
    let at = arena.network.at.datasets.to_string();
    let salt = [3; 16];
    let said = |i: usize| if i < 2 { Network::clean_audit() } else { bad.clone() };
    for (i, seat) in audits.seats.iter().enumerate() {
        let hash: Hash32 = said(i).hash();
        let commit = commitment(AUDIT_COMMIT, &chain, &at, id, seat.node.as_str(), &hash, &salt);
        tell(&mut arena, &seat.node, &ExecuteMsg::CommitAudit { dataset: id, commit })?;
    }
    // A copied audit does not fit the copier's own account.
    let reveal =
        |i: usize| ExecuteMsg::RevealAudit { dataset: id, report: said(i), salt: salt.to_vec().into() };
    refused(tell(&mut arena, &audits.seats[3].node, &reveal(0)), "expected the commitment");
    for (i, seat) in audits.seats.iter().enumerate() {
        tell(&mut arena, &seat.node, &reveal(i))?;
    }
    tell(&mut arena, &anyone, &ExecuteMsg::CloseAudit { dataset: id })?;
    let rejected = Status::Rejected { reason: "audit_toxicity".to_owned() };
    assert_eq!(arena.network.dataset(id)?.status, rejected);
    for (i, seat) in audits.seats.iter().enumerate() {
        let reputation = arena.network.node(&seat.node)?.reputation;
        assert_eq!(reputation < -1_000_000, i < 2, "seat {i} has {reputation}");
    }
    Ok(())
}

#[test]
fn spam_of_proposals_costs_a_deposit_each_and_none_comes_without() -> Result<()> {
    let mut arena = Arena::new()?;
    let spammer = arena.network.account("spammer");
    let contract = arena.network.at.datasets.clone();
    let manifest = |name: &str| DatasetManifest {
        name: name.to_owned(),
        licence: "MIT".to_owned(),
        source: Source::Scraped,
        shards: vec![shard(name)],
    };
    arena.network.fund(&spammer, 10 * DEPOSIT)?;
    for (i, funds) in [0, 1, DEPOSIT - 1, DEPOSIT + 1].into_iter().enumerate() {
        let propose = ExecuteMsg::Propose { manifest: manifest(&format!("cheap {i}")) };
        assert!(arena.network.execute(&spammer, &contract, &propose, funds).is_err(), "{funds} ulyc");
    }
    for i in 0..10 {
        let propose = ExecuteMsg::Propose { manifest: manifest(&format!("spam {i}")) };
        arena.network.execute(&spammer, &contract, &propose, DEPOSIT)?;
    }
    assert_eq!(arena.network.balance(&spammer)?, 0);
    let propose = ExecuteMsg::Propose { manifest: manifest("one more") };
    assert!(arena.network.execute(&spammer, &contract, &propose, DEPOSIT).is_err());
    let unlicensed = DatasetManifest { licence: "all rights reserved".to_owned(), ..manifest("stolen") };
    arena.network.fund(&spammer, DEPOSIT)?;
    let propose = ExecuteMsg::Propose { manifest: unlicensed };
    refused(arena.network.execute(&spammer, &contract, &propose, DEPOSIT), "is not accepted");
    let config: datasets::ConfigResponse = arena.network.query(&contract, &QueryMsg::Config {})?;
    assert_eq!(config.params.deposit.u128(), DEPOSIT);
    Ok(())
}

#[test]
fn spam_of_tasks_takes_a_bonded_coordinator_and_ties_up_deposit_and_fees() -> Result<()> {
    use lyceum_testing::api::tasks::ExecuteMsg as Tasks;
    let mut arena = Arena::new()?;
    let stranger = arena.network.account("stranger");
    let mut task = arena.new_task(1, 0);
    let unsealed = arena.network.time() + task.commit_seconds + 300;
    task.benchmark.round = arena.network.beacon.first_round_from(unsealed);
    let funds = 25 * LYC; // a deposit of 10 and three fees of 5
    arena.network.fund(&stranger, funds)?;
    assert!(arena.send(&stranger, &Tasks::OpenTask { task: task.clone() }, funds).is_err());
    let spammer = arena.network.bond_node("spammer", 1_000 * LYC, &[Role::Coordinator])?;
    arena.network.fund(&spammer, 20 * funds)?;
    refused(arena.send(&spammer, &Tasks::OpenTask { task: task.clone() }, funds - 1), "are required");
    for _ in 0..20 {
        arena.send(&spammer, &Tasks::OpenTask { task: task.clone() }, funds)?;
    }
    assert_eq!(arena.network.balance(&spammer)?, 0);
    assert!(arena.send(&spammer, &Tasks::OpenTask { task }, funds).is_err());
    Ok(())
}
