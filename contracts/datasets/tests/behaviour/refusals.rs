//! Everything `datasets` refuses.

use cosmwasm_std::{Addr, Coin, Uint128};
use cw_multi_test::IntoAddr;
use cw_utils::PaymentError;
use lyceum_api::Hash32;
use lyceum_api::datasets::{
    AuditReport, DatasetManifest, ExecuteMsg, MAX_SHARD_BYTES, Params, Shard, Status,
};
use lyceum_datasets::ContractError;
use lyceum_onchain::permission::Unauthorized;

use crate::world::{DEPOSIT, SALT, World, clean, manifest, refused, shard, ulyc, used};

#[test]
fn each_message_is_only_for_its_sender() {
    let mut world = World::new();
    let id = world.propose("text");
    world.draw(id);
    let (charter, tasks, nodes) = (world.charter.clone(), world.tasks.clone(), world.nodes.clone());
    let mallory = "mallory".into_addr();
    let uses = vec![used(id, "text", 1)];
    let cases = [
        (&tasks, ExecuteMsg::SetPower { node: mallory.to_string(), power: 9 }, &nodes),
        (
            &nodes,
            ExecuteMsg::RecordUse { learning_block: 0, model: 1, epoch: 1, improvement: 1, uses },
            &tasks,
        ),
        (&nodes, ExecuteMsg::SetParams { params: Params::default() }, &charter),
        (&mallory, ExecuteMsg::SetPaused { paused: true }, &charter),
    ];
    for (sender, msg, expected) in cases {
        let error = Unauthorized { sender: sender.clone(), expected: expected.to_string() };
        refused(world.send(sender, &msg, &[]), &error.into());
    }
    let error = ContractError::NotAuditor { sender: mallory.clone(), dataset: id };
    refused(world.commit(id, &mallory, &clean()), &error);
    refused(world.reveal(id, &mallory, &clean()), &error);
    assert!(world.send(&nodes, &ExecuteMsg::SetPower { node: "nobody".into(), power: 1 }, &[]).is_err());
}

#[test]
fn the_deposit_is_exact_and_nothing_else_takes_funds() {
    let mut world = World::new();
    let (ann, charter) = (world.ann.clone(), world.charter.clone());
    let propose = ExecuteMsg::Propose { manifest: manifest("text") };
    for found in [DEPOSIT - 1, DEPOSIT + 1] {
        let error = ContractError::Deposit { required: DEPOSIT.into(), found: found.into() };
        refused(world.send(&ann, &propose, &ulyc(found)), &error);
    }
    let foreign = [Coin::new(DEPOSIT, "other")];
    let both = [foreign[0].clone(), ulyc(DEPOSIT)[0].clone()];
    refused(world.send(&ann, &propose, &[]), &PaymentError::NoFunds {}.into());
    refused(world.send(&ann, &propose, &foreign), &PaymentError::MissingDenom("ulyc".into()).into());
    refused(world.send(&ann, &propose, &both), &PaymentError::MultipleDenoms {}.into());
    let (dataset, commit) = (1, Hash32::default());
    for msg in [
        ExecuteMsg::DrawAuditors { dataset },
        ExecuteMsg::CommitAudit { dataset, commit },
        ExecuteMsg::RevealAudit { dataset, report: clean(), salt: SALT.into() },
        ExecuteMsg::CloseAudit { dataset },
        ExecuteMsg::Vote { dataset, yes: true },
        ExecuteMsg::CloseVote { dataset },
        ExecuteMsg::SetPower { node: ann.to_string(), power: 1 },
        ExecuteMsg::RecordUse { learning_block: 0, model: 1, epoch: 1, improvement: 1, uses: vec![] },
        ExecuteMsg::SetParams { params: Params::default() },
        ExecuteMsg::SetPaused { paused: true },
    ] {
        refused(world.send(&charter, &msg, &ulyc(1)), &PaymentError::NonPayable {}.into());
    }
}

#[test]
fn manifests_are_bounded() {
    let mut world = World::new();
    let of = |change: fn(&mut DatasetManifest)| {
        let mut manifest = manifest("text");
        change(&mut manifest);
        manifest
    };
    let many = |count: u32| (0..count).map(|i| shard(&i.to_string())).collect::<Vec<_>>();
    let length = |field, found| ContractError::TextLength { field, found, min: 1, max: 64 };
    let count = |found| ContractError::Count { what: "shards", found, min: 1, max: 64 };
    let root = Hash32::of(b"text");
    let empty = vec![Shard { root, bytes: 0 }];
    let huge = vec![shard("more"), Shard { root, bytes: MAX_SHARD_BYTES + 1 }];
    let size = |found| ContractError::ShardSize { root, found, max: MAX_SHARD_BYTES };
    let cases = [
        (of(|m| m.name.clear()), length("name", 0)),
        (of(|m| m.name = "é".repeat(65)), length("name", 65)),
        (of(|m| m.name = "x".repeat(1_000)), length("name", 1_000)),
        (of(|m| m.name = "a\nb".into()), ContractError::TextContent { field: "name", found: '\n' }),
        (of(|m| m.licence.clear()), length("licence", 0)),
        (of(|m| m.licence = "x".repeat(65)), length("licence", 65)),
        (of(|m| m.shards.clear()), count(0)),
        (DatasetManifest { shards: many(65), ..manifest("text") }, count(65)),
        (
            DatasetManifest { shards: vec![shard("text"); 2], ..manifest("text") },
            ContractError::ShardTwice { root },
        ),
        (DatasetManifest { shards: empty, ..manifest("text") }, size(0)),
        (DatasetManifest { shards: huge, ..manifest("text") }, size(MAX_SHARD_BYTES + 1)),
    ];
    for (manifest, error) in cases {
        refused(world.try_propose(manifest), &error);
    }
    let longest = of(|m| m.name = "é".repeat(64));
    world.try_propose(DatasetManifest { shards: many(64), ..longest }).unwrap();
}

#[test]
fn a_licence_off_the_list_is_refused_with_the_list() {
    let mut world = World::new();
    let allowed = Params::default().licences.join(", ");
    let manifest = DatasetManifest { licence: "GPL-3.0-only".into(), ..manifest("text") };
    let error = ContractError::Licence { found: "GPL-3.0-only".into(), allowed };
    assert!(error.to_string().contains("MIT, Apache-2.0"), "{error}");
    refused(world.try_propose(manifest), &error);
}

#[test]
fn a_shard_belongs_to_one_dataset_while_that_is_not_rejected() {
    let mut world = World::new();
    let open = world.propose("open");
    let approved = world.approved("approved", &["v-50", "v-30"]);
    for (name, dataset) in [("open", open), ("approved", approved)] {
        let shards = vec![shard("fresh"), shard(name)];
        let error = ContractError::ShardTaken { root: shard(name).root, dataset };
        refused(world.try_propose(DatasetManifest { shards, ..manifest("copy") }), &error);
    }
    world.propose("fresh");
}

#[test]
fn each_phase_takes_its_own_messages_only() {
    let mut world = World::new();
    let messages = |dataset| {
        [
            ("proposed", ExecuteMsg::DrawAuditors { dataset }),
            ("auditing", ExecuteMsg::CommitAudit { dataset, commit: Hash32::default() }),
            ("auditing", ExecuteMsg::RevealAudit { dataset, report: clean(), salt: SALT.into() }),
            ("auditing", ExecuteMsg::CloseAudit { dataset }),
            ("voting", ExecuteMsg::Vote { dataset, yes: true }),
            ("voting", ExecuteMsg::CloseVote { dataset }),
        ]
    };
    for (_, msg) in messages(1) {
        refused(world.by("v-50", &msg), &ContractError::UnknownDataset { dataset: 1 });
    }
    let check = |world: &mut World, id, found| {
        for (expected, msg) in messages(id).into_iter().filter(|(expected, _)| *expected != found) {
            refused(world.by("v-50", &msg), &ContractError::WrongPhase { expected, found });
        }
    };
    let id = world.propose("text");
    check(&mut world, id, "proposed");
    world.draw(id);
    check(&mut world, id, "auditing");
    let other = world.propose("other");
    world.audit(other, &vec![clean(); 5]);
    check(&mut world, other, "voting");
    let approved = world.approved("approved", &["v-50"]);
    check(&mut world, approved, "approved");
    let rejected = world.approved("rejected", &[]);
    check(&mut world, rejected, "rejected");
}

#[test]
fn no_draw_comes_before_its_beacon_round() {
    let mut world = World::new();
    let id = world.propose("text");
    let Status::Proposed { round } = world.status(id) else { panic!() };
    refused(world.try_draw(id), &ContractError::RoundUnknown { round });
    world.draw(id);
}

fn first_auditor(world: &mut World) -> (u64, Vec<Addr>) {
    let id = world.propose("text");
    world.draw(id);
    (id, world.auditors(id))
}

#[test]
fn an_audit_keeps_its_order_and_its_windows() {
    let mut world = World::new();
    let (id, nodes) = first_auditor(&mut world);
    let Status::Auditing { commit_until: from, reveal_until: until } = world.status(id) else { panic!() };
    let node = nodes[0].clone();
    refused(world.reveal(id, &node, &clean()), &ContractError::NotCommitted { node: node.clone() });
    world.commit(id, &node, &clean()).unwrap();
    refused(world.commit(id, &node, &clean()), &ContractError::AlreadyCommitted { node: node.clone() });
    refused(world.reveal(id, &node, &clean()), &ContractError::RevealsNotOpen { from, now: world.now() });
    refused(world.close_audit(id), &ContractError::AuditOpen { until, now: world.now() });
    world.commit(id, &nodes[1], &clean()).unwrap();
    world.pass_until(from);
    let late = ContractError::CommitsOver { until: from, now: from };
    refused(world.commit(id, &nodes[2], &clean()), &late);
    world.reveal(id, &node, &clean()).unwrap();
    refused(world.reveal(id, &node, &clean()), &ContractError::AlreadyRevealed { node });
    refused(world.close_audit(id), &ContractError::AuditOpen { until, now: world.now() });
    world.pass_until(until);
    refused(world.reveal(id, &nodes[1], &clean()), &ContractError::RevealsOver { until, now: until });
    world.close_audit(id).unwrap();
}

#[test]
fn a_reveal_is_what_was_committed_by_this_sender_for_this_dataset() {
    let mut world = World::new();
    let (id, nodes) = first_auditor(&mut world);
    let bad = AuditReport { toxicity_ppm: 1_000_001, ..clean() };
    // The second copies the first's commitment; the third's is for another dataset; the fourth's is out of range.
    let copied = world.commitment(id, &nodes[0], &clean());
    let elsewhere = world.commitment(id + 1, &nodes[2], &clean());
    world.commit(id, &nodes[0], &clean()).unwrap();
    for (node, commit) in [(&nodes[1], copied), (&nodes[2], elsewhere)] {
        world.send(node, &ExecuteMsg::CommitAudit { dataset: id, commit }, &[]).unwrap();
    }
    world.commit(id, &nodes[3], &bad).unwrap();
    world.commit(id, &nodes[4], &clean()).unwrap();
    for (node, committed) in [(&nodes[1], copied), (&nodes[2], elsewhere)] {
        let found = world.commitment(id, node, &clean());
        refused(world.reveal(id, node, &clean()), &ContractError::WrongReveal { committed, found });
    }
    let other = AuditReport { gain: 1, ..clean() };
    let found = world.commitment(id, &nodes[0], &other);
    refused(world.reveal(id, &nodes[0], &other), &ContractError::WrongReveal { committed: copied, found });
    let range = ContractError::OutOfRange { name: "toxicity_ppm", found: 1_000_001, min: 0, max: 1_000_000 };
    refused(world.reveal(id, &nodes[3], &bad), &range);
    for length in [0, 15, 65] {
        let salt = vec![7; length].into();
        let reveal = ExecuteMsg::RevealAudit { dataset: id, report: clean(), salt };
        let error = ContractError::Count { what: "bytes of salt", found: length, min: 16, max: 64 };
        refused(world.send(&nodes[0], &reveal, &[]), &error);
    }
    world.reveal(id, &nodes[0], &clean()).unwrap();
}

#[test]
fn votes_have_an_end_and_voters_have_power() {
    let mut world = World::new();
    let id = world.propose("text");
    let height = world.dataset(id).height;
    world.audit(id, &vec![clean(); 5]);
    let Status::Voting { until, .. } = world.status(id) else { panic!() };
    let voter = "stranger".into_addr();
    refused(world.vote(id, "stranger", true), &ContractError::NoPower { voter, height });
    refused(world.close_vote(id), &ContractError::VoteOpen { until, now: world.now() });
    world.pass_until(until);
    refused(world.vote(id, "v-50", true), &ContractError::VoteOver { until, now: until });
    world.close_vote(id).unwrap();
}

#[test]
fn power_beyond_64_bits_in_all_is_refused() {
    let mut world = World::new();
    let error = ContractError::Overflow { what: "the power of all nodes" };
    refused(world.power("giant", u64::MAX - 99), &error);
    world.power("giant", u64::MAX - 100).unwrap();
}

#[test]
fn more_than_64_uses_are_refused() {
    let mut world = World::new();
    let id = world.approved("text", &["v-50"]);
    let error = ContractError::Count { what: "uses", found: 65, min: 0, max: 64 };
    refused(world.record(1, 1, 1, vec![used(id, "text", 1); 65]), &error);
    world.record(1, 1, 1, vec![used(id, "text", 1); 64]).unwrap();
}

#[test]
fn parameters_are_bounded() {
    let mut world = World::new();
    let charter = world.charter.clone();
    let of = |change: fn(&mut Params)| {
        let mut params = Params::default();
        change(&mut params);
        params
    };
    let range = |name, found, min, max| ContractError::OutOfRange { name, found, min, max };
    const TEN_YEARS: u64 = 315_360_000;
    let cases = [
        (of(|p| p.deposit = Uint128::zero()), range("deposit", 0, 1, u64::MAX)),
        (of(|p| p.auditors = 0), range("auditors", 0, 1, 32)),
        (of(|p| p.auditors = 33), range("auditors", 33, 1, 32)),
        (of(|p| p.audit_commit_seconds = 0), range("audit_commit_seconds", 0, 1, TEN_YEARS)),
        (of(|p| p.audit_reveal_seconds = 0), range("audit_reveal_seconds", 0, 1, TEN_YEARS)),
        (of(|p| p.vote_seconds = 0), range("vote_seconds", 0, 1, TEN_YEARS)),
        (of(|p| p.extension_seconds = u64::MAX), range("extension_seconds", u64::MAX, 1, TEN_YEARS)),
        (of(|p| p.licences.clear()), ContractError::Count { what: "licences", found: 0, min: 1, max: 64 }),
        (
            of(|p| p.licences = vec!["MIT".into(); 65]),
            ContractError::Count { what: "licences", found: 65, min: 1, max: 64 },
        ),
        (
            of(|p| p.licences.push(String::new())),
            ContractError::TextLength { field: "licence", found: 0, min: 1, max: 64 },
        ),
        (of(|p| p.class.clear()), ContractError::TextLength { field: "class", found: 0, min: 1, max: 64 }),
    ];
    for (params, error) in cases {
        refused(world.send(&charter, &ExecuteMsg::SetParams { params }, &[]), &error);
    }
}
