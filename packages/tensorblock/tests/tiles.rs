//! Proofs of tiles, as a contract checks them.

use lyceum_tensorblock::tile::{
    MAX_DEPTH, MAX_FILE_LEN, TILE_LEN, TileError, TileProof, prove, tile_count, tile_range, verify,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Bytes without a pattern that tiles could share.
fn file(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(b"tiles").finalize_xof().fill(&mut bytes);
    bytes
}

fn tile(file: &[u8], index: u64) -> &[u8] {
    let range = tile_range(file.len() as u64, index).unwrap();
    &file[range.start as usize..range.end as usize]
}

const SIZES: [usize; 16] = [
    0, 1, 1_023, 1_024, 1_025, 16_383, 16_384, 16_385, 32_768, 32_769, 49_152, 50_000, 65_536, 81_921,
    114_688, 300_001,
];

#[test]
fn every_tile_of_every_size_is_proved_against_the_root_of_blake3() {
    for size in SIZES {
        let file = file(size);
        let root = *blake3::hash(&file).as_bytes();
        for index in 0..tile_count(size as u64) {
            let proof = prove(&file, index).unwrap();
            assert_eq!(
                verify(&root, size as u64, tile(&file, index), &proof),
                Ok(()),
                "{size}, tile {index}"
            );
        }
    }
}

#[test]
fn a_proof_does_not_serve_another_tile_length_or_root() {
    let file = file(5 * TILE_LEN as usize);
    let len = file.len() as u64;
    let root = *blake3::hash(&file).as_bytes();
    let proof = prove(&file, 1).unwrap();
    let moved = TileProof { index: 2, ..proof.clone() };
    assert_eq!(verify(&root, len, tile(&file, 1), &moved), Err(TileError::WrongRoot { index: 2 }));
    assert_eq!(verify(&root, len, tile(&file, 2), &proof), Err(TileError::WrongRoot { index: 1 }));
    assert_eq!(verify(&[0; 32], len, tile(&file, 1), &proof), Err(TileError::WrongRoot { index: 1 }));
    let last = prove(&file, 4).unwrap();
    for wrong in [len - TILE_LEN, len - 1, len + 1, len + TILE_LEN, 2 * len] {
        assert!(verify(&root, wrong, tile(&file, 4), &last).is_err(), "length {wrong}");
    }
}

#[test]
fn hostile_lengths_indexes_and_proofs_are_refused_before_any_work() {
    let none = |index| TileProof { index, siblings: vec![] };
    assert_eq!(verify(&[0; 32], u64::MAX, &[], &none(0)), Err(TileError::FileTooLong { found: u64::MAX }));
    assert_eq!(verify(&[0; 32], 0, &[], &none(1)), Err(TileError::NoSuchTile { index: 1, count: 1 }));
    assert_eq!(
        verify(&[0; 32], TILE_LEN, &[0; 3], &none(0)),
        Err(TileError::TileLength { index: 0, required: TILE_LEN, found: 3 })
    );
    let full = [0; TILE_LEN as usize];
    assert_eq!(
        verify(&[0; 32], MAX_FILE_LEN, &full, &none(7)),
        Err(TileError::ProofLength { index: 7, required: MAX_DEPTH as u64, found: 0 })
    );
    let long = TileProof { index: 7, siblings: vec![[0; 32]; MAX_DEPTH] };
    assert_eq!(verify(&[0; 32], MAX_FILE_LEN, &full, &long), Err(TileError::WrongRoot { index: 7 }));
    assert!(prove(&[], 1).is_err());
}

#[test]
fn the_encoding_of_a_proof_must_not_change() {
    let proof = TileProof { index: 0x0102, siblings: vec![[0xab; 32], [0xcd; 32]] };
    let bytes = proof.encode();
    let head = "010a0074696c652d70726f6f66020100000000000002000000";
    assert_eq!(hex::encode(&bytes), format!("{head}{}{}", "ab".repeat(32), "cd".repeat(32)));
    assert_eq!(TileProof::decode(&bytes), Ok(proof));
    for at in 0..25 {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let index = (13..21).contains(&at);
        assert_eq!(TileProof::decode(&other).is_ok(), index, "byte {at}");
    }
    for len in 0..bytes.len() {
        assert!(TileProof::decode(&bytes[..len]).is_err());
    }
    let long = TileProof { index: 0, siblings: vec![[0; 32]; MAX_DEPTH + 1] };
    assert!(TileProof::decode(&long.encode()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_flipped_bit_is_refused(
        size in prop::sample::select(SIZES.to_vec()),
        index in any::<prop::sample::Index>(),
        part in 0..3,
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let file = file(size);
        let root = *blake3::hash(&file).as_bytes();
        let index = index.index(tile_count(size as u64) as usize) as u64;
        let proof = prove(&file, index).unwrap();
        let bytes = tile(&file, index);
        let (mut root, mut bytes, mut proof) = (root, bytes.to_vec(), proof);
        match part {
            0 if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            1 if !proof.siblings.is_empty() => {
                let at = at.index(32 * proof.siblings.len());
                proof.siblings[at / 32][at % 32] ^= 1 << bit;
            }
            _ => root[at.index(32)] ^= 1 << bit,
        }
        prop_assert_eq!(verify(&root, size as u64, &bytes, &proof), Err(TileError::WrongRoot { index }));
    }

    #[test]
    fn arbitrary_proofs_and_lengths_never_pass_and_never_panic(
        file_len in any::<u64>(), shift in 0u32..64, bytes in vec(any::<u8>(), 0..40), index in 0u64..4,
        proof in vec(any::<u8>(), 0..120),
    ) {
        let siblings = proof.chunks_exact(32).map(|sibling| sibling.try_into().unwrap()).collect();
        let proof_of = TileProof { index, siblings };
        prop_assert!(verify(&[7; 32], file_len >> shift, &bytes, &proof_of).is_err());
        prop_assert!(TileProof::decode(&proof).is_err());
    }
}
