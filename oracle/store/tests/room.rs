//! The quota: what gives way to new blobs, in which order, and what never does.

use std::collections::BTreeSet;

use lyceum_store::{Options, Root, Store, StoreError};
use lyceum_tensorblock::outboard::sidecar_len;

const LEN: usize = 10_000;

fn bytes(seed: u8) -> Vec<u8> {
    (0..LEN).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

/// A store with room for so many blobs.
fn store(dir: &tempfile::TempDir, blobs: u64) -> Store {
    let quota = blobs * (LEN as u64 + sidecar_len(LEN as u64));
    Store::open_with(dir.path(), Options { quota: Some(quota), ..Options::default() }).unwrap()
}

fn put<const N: usize>(store: &Store, seeds: [u8; N]) -> [Root; N] {
    seeds.map(|seed| store.put(&bytes(seed)).unwrap())
}

fn there(store: &Store) -> BTreeSet<Root> {
    store.list().into_iter().map(|(root, _)| root).collect()
}

fn full(store: &Store) {
    assert!(matches!(store.put(&bytes(99)), Err(StoreError::QuotaExceeded { .. })));
    assert_eq!(store.usage().reserved, 0);
}

#[test]
fn nothing_gives_way_before_somebody_said_what_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, 3);
    let all = put(&store, [1, 2, 3]);
    full(&store);
    assert_eq!(there(&store), all.into());
}

#[test]
fn the_least_recently_used_blob_gives_way_first_and_only_as_many_as_must() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, 3);
    let [a, b, c] = put(&store, [1, 2, 3]);
    store.get(&a).unwrap();
    assert_eq!(store.set_needed(BTreeSet::new()).unwrap(), 0, "within the quota nothing is removed");
    let [d] = put(&store, [4]);
    assert_eq!(there(&store), [a, c, d].into(), "b was used the longest ago");
    let [e] = put(&store, [5]);
    assert_eq!(there(&store), [a, d, e].into(), "then c");
    assert!(!store.has(&b));
}

#[test]
fn what_is_needed_or_pinned_never_gives_way_and_then_the_store_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, 3);
    let [a, b, c] = put(&store, [1, 2, 3]);
    store.pin(&b).unwrap();
    store.set_needed([a].into()).unwrap();
    let [d] = put(&store, [4]);
    assert_eq!(there(&store), [a, b, d].into(), "c was neither");
    store.set_needed([a, d].into()).unwrap();
    full(&store);
    assert_eq!(there(&store), [a, b, d].into());
    assert!(store.unpin(&b).unwrap() && !store.unpin(&b).unwrap());
    store.put(&bytes(3)).unwrap();
    assert_eq!(there(&store), [a, c, d].into());
}

#[test]
fn a_blob_that_came_after_somebody_looked_stays_until_it_is_looked_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, 2);
    let [a] = put(&store, [1]);
    let looked = store.moment();
    let [b] = put(&store, [2]);
    store.set_needed_of(looked, BTreeSet::new()).unwrap();
    let [c] = put(&store, [3]);
    assert_eq!(there(&store), [b, c].into(), "a was there and is not needed");
    full(&store);
    store.set_needed(BTreeSet::new()).unwrap();
    let [d] = put(&store, [4]);
    assert_eq!(there(&store), [c, d].into());
    assert!(!store.has(&a));
}

#[test]
fn what_cannot_fit_at_all_drives_nothing_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, 2);
    let all = put(&store, [1, 2]);
    store.set_needed(BTreeSet::new()).unwrap();
    let refused = store.put(&vec![7; 5 * LEN]);
    assert!(matches!(refused, Err(StoreError::QuotaExceeded { .. })));
    assert_eq!(there(&store), all.into());
}

#[test]
fn a_quota_that_was_lowered_takes_effect_when_it_is_next_said_what_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, 4);
    let [_, b, _, d] = put(&store, [1, 2, 3, 4]);
    store.set_quota(store.usage().quota.map(|quota| quota / 2));
    assert_eq!(store.set_needed([b].into()).unwrap(), 2);
    assert_eq!(there(&store), [b, d].into());
}

#[test]
fn pins_are_kept_for_the_next_life_of_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = {
        let store = store(&dir, 2);
        let all = put(&store, [1, 2]);
        store.pin(&all[0]).unwrap();
        store.pin(&all[0]).unwrap();
        all
    };
    std::fs::write(dir.path().join("pins").join("README"), "mine").unwrap();
    let store = store(&dir, 2);
    store.set_needed(BTreeSet::new()).unwrap();
    let [c] = put(&store, [3]);
    assert_eq!(there(&store), [a, c].into());
    assert!(!store.has(&b));
    assert!(dir.path().join("pins").join("README").exists());
}
