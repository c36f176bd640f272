//! Every hashed value has one encoding; these bytes must not change.

use cosmwasm_std::Binary;
use lyceum_api::Hash32;
use lyceum_api::attestation::{
    Attestation, DomainScore, IntervalSeen, ItemSketch, OpenedState, Opening, SKETCH_DIM, STATE_SKETCH,
    Scored, StateSketch, opening_root, sketch_key, synthetic_seed,
};
use lyceum_api::canonical::{Canonical, DecodeError, commitment};
use lyceum_api::claim::{CLAIM_COMMIT, ClaimContent, challenge_content};
use lyceum_api::datasets::AuditReport;
use lyceum_api::manifest::{Manifest, Recipe, ShardUse, Target, salted_state, seed, state_root};
use lyceum_api::nodes::{gpu_id, peer_key_message};
use lyceum_api::tasks::{ServedState, key_commitment};
use proptest::prelude::*;

fn hash(n: u8) -> Hash32 {
    Hash32([n; 32])
}

fn manifest() -> Manifest {
    Manifest {
        task: 7,
        trainer: "wasm1trainer".into(),
        target: Target::Expert { index: 2 },
        base: hash(1),
        parent: hash(2),
        seed: hash(3),
        recipe: Recipe { peak_lr_nano: 4_000_000, warmup_steps: 4, mixture: vec![3, 1] },
        steps_per_interval: 2,
        states: vec![hash(4), hash(5), hash(6)],
        batches: vec![hash(7), hash(8)],
        losses: vec![2_100_000, -1],
        shards: vec![ShardUse { shard: hash(9), bytes: 4_096 }],
        seconds: 16,
        block: hash(10),
    }
}

fn claim() -> ClaimContent {
    ClaimContent {
        block: hash(1),
        block_bytes: 800_000,
        manifest: hash(2),
        states: hash(3),
        reported: -4_500_000,
    }
}

fn sketch(first: i64) -> StateSketch {
    let mut values = [0; STATE_SKETCH];
    values[0] = first;
    StateSketch::new(&values)
}

fn attestation() -> Attestation {
    Attestation {
        sound: true,
        intervals: vec![IntervalSeen { interval: 5, start: sketch(-9), end: sketch(9), end_root: hash(8) }],
        scored: Some(Scored {
            reference: 3_000_000,
            child: 2_900_000,
            gain: 3_333_333,
            synthetic_gain: 1,
            items: ItemSketch::new(&[-2; SKETCH_DIM]),
            guards: vec![DomainScore { domain: 1, score: 2_400_000 }],
        }),
        heads: vec![],
    }
}

fn opening() -> Opening {
    Opening {
        states: vec![OpenedState { state: 10, sketch: sketch(1) }],
        ends: vec![ServedState { state: 10, salt: hash(1), tensors: hash(2), proof: vec![hash(3)] }],
    }
}

fn audit() -> AuditReport {
    AuditReport { licence_ok: true, pii_ppm: 1, toxicity_ppm: 2, duplicates_ppm: 3, gain: -4 }
}

/// The name of each hashed value and its hash.
fn golden() -> Vec<(&'static str, Hash32)> {
    vec![
        ("manifest", manifest().hash()),
        ("claim", claim().hash()),
        ("attestation", attestation().hash()),
        ("opening", opening().hash()),
        ("audit", audit().hash()),
        ("commitment", commitment(CLAIM_COMMIT, "lyceum-1", "wasm1tasks", 7, "wasm1t", &hash(1), &[9; 16])),
        ("challenge", challenge_content(1, 2)),
        ("seed", seed(7, "wasm1trainer", &hash(1))),
        ("state", state_root(4, &hash(1), &hash(2))),
        ("salted state", salted_state(&hash(1), &hash(2))),
        ("opening root", opening_root(&hash(1), &opening())),
        ("sketch key", sketch_key(3, &hash(1))),
        ("synthetic seed", synthetic_seed(3, "wasm1e", &hash(1))),
        ("benchmark key", key_commitment(&hash(1))),
        ("gpu", gpu_id(&hash(1), "GPU-1")),
        ("peer key", Hash32::of(&peer_key_message("lyceum-1", "wasm1nodes", "wasm1n", &[1; 32]))),
    ]
}

#[test]
fn these_hashes_must_not_change() {
    let found: String = golden().iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/hashes.txt");
    if std::env::var_os("LYCEUM_UPDATE").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap());
}

#[test]
fn a_manifest_begins_with_its_version_and_tag() {
    let bytes = manifest().to_bytes();
    assert_eq!(&bytes[..18], b"\x01\x0f\x00lyceum/manifest");
}

#[test]
fn values_survive_their_bytes() {
    assert_eq!(Manifest::from_bytes(&manifest().to_bytes()), Ok(manifest()));
    assert_eq!(ClaimContent::from_bytes(&claim().to_bytes()), Ok(claim()));
    assert_eq!(Attestation::from_bytes(&attestation().to_bytes()), Ok(attestation()));
    assert_eq!(Opening::from_bytes(&opening().to_bytes()), Ok(opening()));
    assert_eq!(AuditReport::from_bytes(&audit().to_bytes()), Ok(audit()));
}

#[test]
fn unknown_versions_other_tags_and_trailing_bytes_are_refused() {
    let mut bytes = claim().to_bytes();
    bytes.push(0);
    assert_eq!(ClaimContent::from_bytes(&bytes), Err(DecodeError::Trailing { left: 1 }));
    bytes.pop();
    bytes[0] = 2;
    let version = DecodeError::Version { tag: "lyceum/claim", expected: 1, found: 2 };
    assert_eq!(ClaimContent::from_bytes(&bytes), Err(version));
    assert_eq!(
        Manifest::from_bytes(&claim().to_bytes()),
        Err(DecodeError::Tag { expected: "lyceum/manifest" })
    );
}

#[test]
fn a_list_longer_than_its_bytes_is_refused_before_it_is_allocated() {
    let mut e = lyceum_api::canonical::Encoder::new("lyceum/opening", 1);
    e.u32(1_000);
    assert!(matches!(Opening::from_bytes(&e.finish()), Err(DecodeError::Short { .. })));
}

#[test]
fn sketches_of_a_wrong_length_or_magnitude_are_refused() {
    assert!(StateSketch(Binary::from(vec![0; 8])).values().is_err());
    assert!(sketch(1 << 55).values().is_err());
    assert!(sketch((1 << 55) - 1).values().is_ok());
    assert!(sketch(i64::MIN).values().is_err());
}

#[test]
fn a_manifest_whose_lists_disagree_is_refused() {
    let mut wrong = manifest();
    wrong.states.pop();
    assert_eq!(Manifest::from_bytes(&wrong.to_bytes()), Err(DecodeError::Field { field: "states" }));
}

#[test]
fn a_commitment_binds_chain_contract_subject_sender_content_and_salt() {
    let salt = [1; 16];
    let base = commitment(CLAIM_COMMIT, "a", "b", 1, "c", &hash(1), &salt);
    let others = [
        commitment("lyceum/other", "a", "b", 1, "c", &hash(1), &salt),
        commitment(CLAIM_COMMIT, "x", "b", 1, "c", &hash(1), &salt),
        commitment(CLAIM_COMMIT, "a", "x", 1, "c", &hash(1), &salt),
        commitment(CLAIM_COMMIT, "a", "b", 2, "c", &hash(1), &salt),
        commitment(CLAIM_COMMIT, "a", "b", 1, "x", &hash(1), &salt),
        commitment(CLAIM_COMMIT, "a", "b", 1, "c", &hash(2), &salt),
        commitment(CLAIM_COMMIT, "a", "b", 1, "c", &hash(1), &[2; 16]),
        commitment(CLAIM_COMMIT, "ab", "", 1, "c", &hash(1), &salt),
    ];
    assert!(others.iter().all(|other| *other != base));
}

proptest! {
    #[test]
    fn mutated_and_truncated_bytes_never_panic_and_decode_to_one_value(
        at in 0usize..400, flip in 1u8.., cut in 0usize..400,
    ) {
        for bytes in [manifest().to_bytes(), attestation().to_bytes()] {
            let mut changed = bytes.clone();
            let at = at % changed.len();
            changed[at] ^= flip;
            changed.truncate(changed.len() - cut % changed.len());
            if let Ok(value) = Manifest::from_bytes(&changed) {
                prop_assert_eq!(value.to_bytes(), changed.clone());
            }
            if let Ok(value) = Attestation::from_bytes(&changed) {
                prop_assert_eq!(value.to_bytes(), changed);
            }
        }
    }
}
