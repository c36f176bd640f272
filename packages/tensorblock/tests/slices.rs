//! Sidecars and verified ranges.

use std::io::Cursor;

use lyceum_tensorblock::outboard::{OutboardError, sidecar_len};
use lyceum_tensorblock::tile::{self, TILE_LEN, tile_count, tile_range};
use lyceum_tensorblock::verified::{SliceError, decode_range, encode_range, encoded_len};
use lyceum_tensorblock::{Outboard, root_of};
use proptest::prelude::*;

const SIZES: [usize; 12] =
    [0, 1, 1_024, 16_383, 16_384, 16_385, 32_769, 49_153, 81_920, 114_689, 262_144, 300_001];

fn file(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(b"slices").finalize_xof().fill(&mut bytes);
    bytes
}

fn encoded(file: &[u8], range: std::ops::Range<u64>) -> Vec<u8> {
    let mut stream = Vec::new();
    encode_range(file, &Outboard::of(file).unwrap(), range, &mut stream).unwrap();
    stream
}

type Tile = (u64, Vec<u8>);

/// The tiles that arrive, and how it ended.
fn decoded(
    root: &[u8; 32],
    len: u64,
    range: std::ops::Range<u64>,
    stream: &[u8],
) -> (Vec<Tile>, Result<(), SliceError>) {
    let mut tiles = Vec::new();
    let end = decode_range(root, len, range, stream, |index, bytes| {
        tiles.push((index, bytes.to_vec()));
        Ok::<(), SliceError>(())
    });
    (tiles, end)
}

#[test]
fn a_sidecar_has_the_root_and_the_proofs_that_the_whole_file_gives() {
    for size in SIZES {
        let file = file(size);
        let outboard = Outboard::of(&file).unwrap();
        assert_eq!(outboard.root(), root_of(&file));
        assert_eq!(outboard.bytes().len() as u64, sidecar_len(size as u64));
        let again = Outboard::from_bytes(root_of(&file), outboard.bytes()).unwrap();
        for index in 0..tile_count(size as u64) {
            assert_eq!(again.prove(index), tile::prove(&file, index), "{size}, tile {index}");
        }
        assert!(again.prove(tile_count(size as u64)).is_err());
    }
}

#[test]
fn sidecar_and_stream_cost_less_than_one_percent() {
    let len = 64u64 << 20;
    assert!(sidecar_len(len) * 100 < len);
    assert!((encoded_len(len, &(0..len)).unwrap() - len) * 100 < len);
    let window = 1 << 20;
    assert!((encoded_len(len, &(window..2 * window)).unwrap() - window) * 100 < window);
}

#[test]
fn a_sidecar_of_another_file_or_length_is_refused() {
    let (ours, other) = (file(50_000), file(60_000));
    let sidecar = Outboard::of(&ours).unwrap();
    let bytes = sidecar.bytes();
    assert!(matches!(Outboard::from_bytes(root_of(&other), bytes), Err(OutboardError::WrongRoot)));
    let cut = &bytes[..bytes.len() - 1];
    assert!(matches!(Outboard::from_bytes(root_of(&ours), cut), Err(OutboardError::Length { .. })));
    assert!(Outboard::from_bytes(root_of(&ours), &bytes[..7]).is_err());
    let huge = [0xff; 8];
    assert!(Outboard::from_bytes(root_of(&ours), &huge[..]).is_err());
    assert!(matches!(
        encode_range(&other, &sidecar, 0..1, Vec::new()),
        Err(SliceError::DataLength { required: 50_000, found: 60_000 })
    ));
}

#[test]
fn a_bad_tile_is_named_and_nothing_after_it_is_handed_over() {
    let file = file(5 * TILE_LEN as usize + 1);
    let (root, len) = (root_of(&file), file.len() as u64);
    let mut stream = encoded(&file, 0..len);
    // Pre-order: three pairs above tiles 0 and 1, then tile 0, tile 1, the pair above 2 and 3, tile 2.
    let at = 3 * 64 + 2 * TILE_LEN as usize + 64 + 5;
    stream[at] ^= 1;
    let (tiles, end) = decoded(&root, len, 0..len, &stream);
    assert!(matches!(end, Err(SliceError::BadTile { tile: 2 })), "{end:?}");
    assert_eq!(tiles.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1]);
    assert!(tiles.iter().all(|(index, bytes)| file[(index * TILE_LEN) as usize..].starts_with(bytes)));
}

#[test]
fn a_rotten_file_sends_nothing_false() {
    let good = file(200_000);
    let sidecar = Outboard::of(&good).unwrap();
    let mut rotten = good.clone();
    rotten[100_000] ^= 4;
    let mut stream = Vec::new();
    let end = encode_range(&rotten, &sidecar, 0..200_000, &mut stream);
    assert!(matches!(end, Err(SliceError::BadTile { tile: 6 })), "{end:?}");
    let (tiles, _) = decoded(&root_of(&good), 200_000, 0..200_000, &stream);
    assert_eq!(tiles.len(), 6);
}

#[test]
fn bad_ranges_are_refused() {
    let file = file(20_000);
    let sidecar = Outboard::of(&file).unwrap();
    for range in [0..0, 5..5, 0..20_001, 20_000..20_000, u64::MAX - 1..u64::MAX] {
        let sent = encode_range(&file, &sidecar, range.clone(), Vec::new());
        assert!(matches!(sent, Err(SliceError::BadRange { .. })), "{range:?}");
        assert!(matches!(decoded(&root_of(&file), 20_000, range, &[]).1, Err(SliceError::BadRange { .. })));
    }
    assert!(matches!(decoded(&[0; 32], u64::MAX, 0..1, &[]).1, Err(SliceError::Tile(_))));
}

#[test]
fn a_wrong_length_is_found_out() {
    let file = file(100_000);
    let stream = encoded(&file, 0..100_000);
    for wrong in [99_999, 100_001, 114_688, 131_072, 65_536] {
        assert!(decoded(&root_of(&file), wrong, 0..wrong, &stream).1.is_err(), "{wrong}");
    }
}

#[test]
fn an_update_of_touched_tiles_gives_the_tree_of_the_new_file() {
    for size in [1, 16_384, 16_385, 81_921, 300_001] {
        for touched in [vec![0], vec![tile_count(size) - 1], vec![tile_count(size) / 2, 0], vec![]] {
            let mut file = file(size as usize);
            let mut sidecar = Outboard::of(&file).unwrap();
            for &index in &touched {
                file[(index * TILE_LEN) as usize] ^= 0x55;
            }
            let root = sidecar.update(&file, &touched).unwrap();
            let fresh = Outboard::of(&file).unwrap();
            assert_eq!((root, sidecar.bytes()), (root_of(&file), fresh.bytes()), "{size} {touched:?}");
        }
    }
}

#[test]
fn an_update_reads_only_the_touched_tiles() {
    // Changes in tiles that aren't named must not be seen: only then were the tiles not read.
    let old = file(300_001);
    for touched in 0..tile_count(300_001) {
        let mut sidecar = Outboard::of(&old).unwrap();
        let (mut bytes, mut expected) = (old.clone(), old.clone());
        bytes.chunks_mut(TILE_LEN as usize).for_each(|tile| tile[0] ^= 1);
        expected[(touched * TILE_LEN) as usize] ^= 1;
        assert_eq!(sidecar.update(&bytes, &[touched]).unwrap(), root_of(&expected), "tile {touched}");
    }
    let (bytes, mut sidecar) = (&old, Outboard::of(&old).unwrap());
    assert!(sidecar.update(bytes, &[99]).is_err());
    assert!(sidecar.update(&bytes[1..], &[0]).is_err());
}

#[test]
fn bao_tree_reads_the_stream_as_its_own() {
    use bao_tree::io::sync::decode_ranges;
    use bao_tree::{BaoTree, BlockSize, ChunkRanges, io::outboard::PreOrderOutboard};
    let file = file(150_000);
    let stream = encoded(&file, 0..150_000);
    let tree = BaoTree::new(150_000, BlockSize::from_chunk_log(4));
    let mut outboard = PreOrderOutboard { tree, root: root_of(&file).into(), data: Vec::new() };
    let mut copy = Vec::new();
    decode_ranges(Cursor::new(stream), &ChunkRanges::all(), &mut copy, &mut outboard).unwrap();
    assert_eq!(copy, file);
    assert_eq!(outboard.data, Outboard::of(&file).unwrap().bytes()[8..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_range_arrives_as_its_tiles_and_takes_the_stated_length(
        size in prop::sample::select(SIZES.to_vec()), from in any::<prop::sample::Index>(),
        len in any::<prop::sample::Index>(),
    ) {
        let file = file(size);
        let size = size as u64;
        let from = if size == 0 { 0 } else { from.index(file.len()) as u64 };
        let to = if size == 0 { 0 } else { from + 1 + len.index((size - from) as usize) as u64 };
        let stream = encoded(&file, from..to);
        prop_assert_eq!(stream.len() as u64, encoded_len(size, &(from..to)).unwrap());
        let (tiles, end) = decoded(&root_of(&file), size, from..to, &stream);
        prop_assert!(end.is_ok());
        let wanted = from / TILE_LEN..to.div_ceil(TILE_LEN).max(1);
        prop_assert_eq!(tiles.iter().map(|(index, _)| *index).collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
        for (index, bytes) in tiles {
            let range = tile_range(size, index).unwrap();
            prop_assert_eq!(&bytes[..], &file[range.start as usize..range.end as usize]);
        }
    }

    #[test]
    fn a_damaged_stream_never_hands_over_a_false_tile(
        size in prop::sample::select(SIZES.to_vec()), at in any::<prop::sample::Index>(), bit in 0u8..8,
        cut in any::<bool>(),
    ) {
        let file = file(size);
        let size = size as u64;
        let mut stream = encoded(&file, 0..size);
        prop_assume!(!stream.is_empty());
        let at = at.index(stream.len());
        if cut { stream.truncate(at) } else { stream[at] ^= 1 << bit }
        let (tiles, end) = decoded(&root_of(&file), size, 0..size, &stream);
        prop_assert!(end.is_err());
        for (index, bytes) in tiles {
            let range = tile_range(size, index).unwrap();
            prop_assert_eq!(&bytes[..], &file[range.start as usize..range.end as usize]);
        }
    }
}
