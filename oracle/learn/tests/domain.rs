//! The language-model domain does what the committee's code asks of it.

mod common;

use common::{EXPERT, base, shards, spec, text};
use lyceum_api::canonical::Canonical;
use lyceum_learn::data::split;
use lyceum_learn::domain::{Domain, LanguageDomain};
use lyceum_learn::items::Items;
use lyceum_learn::seal::{seal, unseal};
use lyceum_learn::sketch::item_sketch;
use lyceum_learn::{Hash32, LearnError, gain, score};

#[test]
fn a_domain_trains_evaluates_and_makes_items_of_a_seats_own() {
    let parts = split(&text(5, 3000), 256, 8).unwrap();
    let domain: Box<dyn Domain> = Box::new(LanguageDomain::new("code", parts.held_out, 33).unwrap());
    assert_eq!(
        (domain.name(), domain.metric().name, domain.metric().lower_is_better),
        ("code", "bits_per_byte", true)
    );
    let parent = base();
    let (record, block) = domain.train(&parent, &spec(EXPERT), &shards(), &mut ()).unwrap();
    assert_eq!(record.roots.len(), 13);
    let child = parent.compose(&[(1, &block)]).unwrap();
    let mine = domain.synthesize(&Hash32([1; 32]), 20).unwrap();
    assert_ne!(mine, domain.synthesize(&Hash32([2; 32]), 20).unwrap());
    let (before, after) = (domain.evaluate(&parent, &mine).unwrap(), domain.evaluate(&child, &mine).unwrap());
    assert_ne!(before, after);
    assert_eq!(gain(&before, &before).unwrap(), 0);
    gain(&before, &after).unwrap();
}

#[test]
fn two_seats_score_alike_and_their_sketches_of_the_losses_agree() {
    let items = Items::draw(&text(6, 2000), 33, 30, &Hash32([1; 32])).unwrap();
    let seat = || score(&base(), &items).unwrap();
    let (a, b) = (seat(), seat());
    assert_eq!(a, b);
    let key = Hash32([5; 32]);
    assert_eq!(item_sketch(&key, &a.items).unwrap(), item_sketch(&key, &b.items).unwrap());
    assert_ne!(item_sketch(&key, &a.items).unwrap(), item_sketch(&Hash32([6; 32]), &a.items).unwrap());
}

#[test]
fn a_score_is_each_items_own_whatever_stands_beside_it() {
    let model = base();
    let windows: Vec<Vec<u8>> = (0..11).map(|i| text(i, 40)[..20 + i % 3].to_vec()).collect();
    let all = score(&model, &Items::new(windows.clone()).unwrap()).unwrap();
    for (window, together) in windows.into_iter().zip(all.items) {
        let alone = score(&model, &Items::new(vec![window]).unwrap()).unwrap().mean;
        assert!((alone - together).abs() <= 2, "{alone} {together}");
    }
}

#[test]
fn items_longer_than_the_context_are_refused() {
    let items = Items::new(vec![vec![b'x'; 34]]).unwrap();
    assert!(matches!(score(&base(), &items), Err(LearnError::Items(_))));
    assert!(score(&base(), &Items::new(vec![vec![b'x'; 33]]).unwrap()).is_ok());
}

#[test]
fn a_sealed_benchmark_opens_with_its_key_alone() {
    let items = Items::draw(&text(6, 2000), 33, 30, &Hash32([1; 32])).unwrap();
    let (key, other) = (Hash32([7; 32]), Hash32([8; 32]));
    let sealed = seal(&items.to_bytes(), &key);
    assert_eq!(Items::from_bytes(&unseal(&sealed, &key).unwrap()).unwrap(), items);
    assert!(matches!(unseal(&sealed, &other), Err(LearnError::Seal(_))));
}
