//! What grows with the network: the accumulator over all final expert blocks, and the draw of a committee. Storage
//! is cosmwasm's `MockStorage`, so these are costs of computing and not of a chain's disk.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cosmwasm_std::testing::MockStorage;
use cosmwasm_std::{Addr, Order, StdResult, Uint128};
use criterion::{BenchmarkId, Criterion};
use cw_storage_plus::{Item, Map};
use lyceum_benches::{criterion, smoke};
use lyceum_onchain::accumulator::{Accumulator, verify};
use lyceum_onchain::beacon::uniform;
use lyceum_onchain::merkle;
use lyceum_onchain::sortition::Sortition;

const BLOCKS: Accumulator = Accumulator::new("count", "nodes");
/// The accumulator's own count, to set it back.
const COUNT: Item<u64> = Item::new("count");
const THOUSAND: u64 = 1000;
/// Length of the history that is verified again.
const HISTORY: u64 = 1000;

fn leaf(index: u64) -> [u8; 32] {
    let mut leaf = [0; 32];
    leaf[..8].copy_from_slice(&index.to_le_bytes());
    leaf
}

fn grow(storage: &mut MockStorage, to: u64) {
    for index in BLOCKS.count(storage).unwrap()..to {
        BLOCKS.append(storage, &leaf(index)).unwrap();
    }
}

fn accumulator(c: &mut Criterion) {
    let mut group = c.benchmark_group("accumulator");
    // The least anyone can do who has no proof: hash every record of the history into one tree, in memory.
    let history: Vec<[u8; 32]> = (0..HISTORY).map(leaf).collect();
    group.bench_function("history_hashed", |b| b.iter(|| merkle::root(black_box(&history))));
    // And what a contract without one would do: the same from storage and into it.
    group.bench_function("history_replayed", |b| {
        b.iter(|| {
            let mut storage = MockStorage::new();
            grow(&mut storage, HISTORY);
            BLOCKS.root(&storage).unwrap()
        });
    });
    let mut storage = MockStorage::new();
    for count in if smoke() { [10, 100, 1000] } else { [HISTORY, 100_000, 1_000_000] } {
        grow(&mut storage, count);
        let (root, index) = (BLOCKS.root(&storage).unwrap(), count - 1);
        // A parent in the middle, under the largest mountain: the longest path there is.
        for (what, index) in [("newest", index), ("middle", index / 2)] {
            let (leaf, proof) = (leaf(index), BLOCKS.proof(&storage, index).unwrap());
            assert!(verify(&root, count, index, &leaf, &proof));
            group.bench_function(BenchmarkId::new(format!("check_{what}"), count), |b| {
                b.iter(|| verify(black_box(&root), count, index, black_box(&leaf), &proof));
            });
        }
        group.bench_function(BenchmarkId::new("prove", count), |b| {
            b.iter(|| BLOCKS.proof(&storage, index / 2).unwrap());
        });
        // The same thousand appends over and over, so that the count stays what it is said to be.
        group.bench_function(BenchmarkId::new("append", count), |b| {
            b.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                for batch in 0..iterations.div_ceil(THOUSAND) {
                    COUNT.save(&mut storage, &count).unwrap();
                    let begun = Instant::now();
                    for _ in batch * THOUSAND..iterations.min((batch + 1) * THOUSAND) {
                        BLOCKS.append(&mut storage, &leaf(count)).unwrap();
                    }
                    spent += begun.elapsed();
                }
                spent
            });
        });
        COUNT.save(&mut storage, &count).unwrap();
    }
}

const COMMITTEE: Sortition = Sortition::new("sums", "slots", "nodes", "classes");
const WEIGHTS: Map<&str, Uint128> = Map::new("weights");
const CLASS: &str = "fp32";

/// A draw as one would write it first: read every weight, then walk the line for each seat.
fn plain_draw(storage: &MockStorage, seed: &[u8; 32], seats: usize) -> Vec<String> {
    let all = WEIGHTS.range(storage, None, None, Order::Ascending);
    let mut nodes = all.collect::<StdResult<Vec<_>>>().unwrap();
    let mut drawn = Vec::new();
    for counter in 0..seats {
        let total: u128 = nodes.iter().map(|(_, weight)| weight.u128()).sum();
        let mut point = uniform(seed, counter as u64, total);
        let index = nodes.iter().position(|(_, weight)| match point.checked_sub(weight.u128()) {
            Some(rest) => {
                point = rest;
                false
            }
            None => true,
        });
        drawn.push(nodes.remove(index.unwrap()).0);
    }
    drawn
}

fn sortition(c: &mut Criterion) {
    let nodes = if smoke() { 50 } else { 1500 };
    let mut storage = MockStorage::new();
    for i in 0u32..nodes {
        let (node, weight) = (format!("node{i:05}"), Uint128::new(1000 + u128::from(i % 97) * 31));
        COMMITTEE.set_weight(&mut storage, CLASS, &Addr::unchecked(&node), weight, 0).unwrap();
        WEIGHTS.save(&mut storage, &node, &weight).unwrap();
    }
    let operator = |node: &Addr| -> StdResult<Option<String>> { Ok(Some(node.to_string())) };
    let mut group = c.benchmark_group("sortition");
    // A committee, and the wider one of a dispute.
    for seats in [5u32, 11] {
        let mut round = 0u64;
        let mut seed = || {
            round += 1;
            leaf(round)
        };
        group.bench_function(BenchmarkId::new("lyceum", seats), |b| {
            b.iter(|| COMMITTEE.draw(&storage, CLASS, 1, &seed(), seats, &[], operator).unwrap());
        });
        group.bench_function(BenchmarkId::new("all_weights", seats), |b| {
            b.iter(|| plain_draw(&storage, &seed(), seats as usize));
        });
    }
}

fn main() {
    let mut c = criterion();
    accumulator(&mut c);
    sortition(&mut c);
    c.final_summary();
}
