//! The record of use, and what contributors weigh.

use cosmwasm_std::Uint128;
use cw_multi_test::IntoAddr;
use lyceum_api::Hash32;
use lyceum_api::datasets::{DatasetManifest, ExecuteMsg, QueryMsg, Shard, Tier, UsedResponse};
use lyceum_api::rewards::{self, Accrual, Pool};
use lyceum_datasets::ContractError;
use lyceum_economy::gain::data_weight;

use crate::world::{DEPOSIT, VOTERS, World, clean, manifest, refused, ulyc, used};

fn accrued(world: &World) -> Vec<Vec<Accrual>> {
    let heard: Vec<rewards::ExecuteMsg> = world.heard(&world.rewards);
    heard
        .into_iter()
        .map(|msg| match msg {
            rewards::ExecuteMsg::Accrue { learning_block: 9, accruals } => accruals,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn weighed(account: &str, weight: u128) -> Accrual {
    Accrual { pool: Pool::Data, account: account.into_addr().to_string(), weight: weight.into() }
}

#[test]
fn a_shard_counts_once_per_model_and_epoch() {
    let mut world = World::new();
    let id = world.approved("text", &["v-50", "v-30"]);
    let uses = vec![used(id, "text", 600)];
    world.record(1, 1, 2_000_000, uses.clone()).unwrap();
    world.record(1, 1, 2_000_000, uses.clone()).unwrap();
    assert_eq!(accrued(&world), [[weighed("ann", 600 * 2_000_000)]], "the second time nothing is sent");
    world.record(2, 1, 2_000_000, uses.clone()).unwrap();
    world.record(1, 2, 2_000_000, uses).unwrap();
    assert_eq!(accrued(&world).len(), 3);
    let ask = |model, epoch| -> UsedResponse {
        let shards = [b"other".as_slice(), b"text"].map(Hash32::of).to_vec();
        world.ask(&QueryMsg::Used { model, epoch, shards })
    };
    for (model, epoch, found) in [(1, 1, true), (2, 1, true), (1, 2, true), (2, 2, false)] {
        assert_eq!(ask(model, epoch).used, [false, found]);
    }
}

#[test]
fn weights_are_bytes_times_tier_times_improvement_merged_by_contributor() {
    let mut world = World::new();
    let gold = world.approved("gold", &["v-50", "v-30"]);
    let silver = world.approved("silver", &["v-50", "v-15"]);
    let bob = "bob".into_addr();
    let shards = ["b1", "b2"].map(|name| Shard { root: Hash32::of(name.as_bytes()), bytes: 50 }).to_vec();
    let propose = ExecuteMsg::Propose { manifest: DatasetManifest { shards, ..manifest("bobs") } };
    world.send(&bob, &propose, &ulyc(DEPOSIT)).unwrap();
    let bobs = silver + 1;
    world.audit(bobs, &vec![clean(); 5]);
    for (voter, _) in VOTERS {
        world.vote(bobs, voter, voter == "v-50").unwrap();
    }
    world.end_vote(bobs);
    let uses = vec![
        used(gold, "gold", 100),
        used(bobs, "b1", 10),
        used(silver, "silver", 10),
        used(bobs, "b2", 20),
        used(gold, "gold", 100), // twice in one message: the second counts for nothing
    ];
    let response = world.record(1, 1, 3_000_000, uses).unwrap();
    let weight = |bytes, tier: Tier| data_weight(bytes, tier.into(), 3_000_000).unwrap().u128();
    let mut expected = vec![
        weighed("ann", weight(100, Tier::Gold) + weight(10, Tier::Silver)),
        weighed("bob", weight(10, Tier::Experimental) + weight(20, Tier::Experimental)),
    ];
    expected.sort_by(|a, b| a.account.cmp(&b.account));
    assert_eq!(accrued(&world), [expected]);
    let event = response.events.iter().find(|e| e.ty == "wasm-datasets_use_recorded").unwrap();
    let value = |key| event.attributes.iter().find(|a| a.key == key).unwrap().value.as_str();
    assert_eq!((value("first"), value("again")), ("4", "1"));
}

#[test]
fn no_more_bytes_count_than_the_shard_has() {
    let mut world = World::new();
    let id = world.approved("text", &["v-50", "v-30"]);
    world.record(1, 1, 1, vec![used(id, "text", u64::MAX)]).unwrap();
    assert_eq!(accrued(&world), [[weighed("ann", 1_000)]]);
}

#[test]
fn a_loss_records_use_and_earns_nothing() {
    let mut world = World::new();
    let id = world.approved("text", &["v-50", "v-30"]);
    world.record(1, 1, -5, vec![used(id, "text", 10)]).unwrap();
    world.record(1, 1, 5, vec![used(id, "text", 10)]).unwrap();
    assert!(accrued(&world).is_empty());
}

#[test]
fn what_was_not_read_is_not_spent() {
    let mut world = World::new();
    let id = world.approved("text", &["v-50", "v-30"]);
    world.record(1, 1, 5, vec![used(id, "text", 0)]).unwrap();
    world.record(1, 1, 5, vec![]).unwrap();
    assert!(accrued(&world).is_empty());
    world.record(1, 1, 5, vec![used(id, "text", 10)]).unwrap();
    assert_eq!(accrued(&world), [[weighed("ann", 50)]]);
}

#[test]
fn only_shards_of_approved_datasets_are_recorded() {
    let mut world = World::new();
    let id = world.approved("text", &["v-50", "v-30"]);
    let open = world.propose("open");
    let cases = [(open, "open"), (id, "open"), (id, "nowhere"), (77, "text"), (open, "text")];
    for (dataset, name) in cases {
        let shard = Hash32::of(name.as_bytes());
        let uses = vec![used(id, "text", 10), used(dataset, name, 10)];
        refused(world.record(1, 1, 5, uses), &ContractError::NotApproved { dataset, shard });
    }
    let refusal =
        world.audit(open, &vec![lyceum_api::datasets::AuditReport { licence_ok: false, ..clean() }; 5]);
    assert_eq!(refusal.len(), 5);
    let error = ContractError::NotApproved { dataset: open, shard: Hash32::of(b"open") };
    refused(world.record(1, 1, 5, vec![used(open, "open", 10)]), &error);
    // Nothing of the refused messages was kept.
    world.record(1, 1, 5, vec![used(id, "text", 10)]).unwrap();
    assert_eq!(world.heard::<rewards::ExecuteMsg>(&world.rewards).len(), 2, "a deposit and one accrual");
    assert_eq!(Uint128::new(world.balance(&world.rewards)), Uint128::new(DEPOSIT));
}
