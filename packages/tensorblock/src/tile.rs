//! Tiles and their proofs: the part of BLAKE3's tree above 16 KiB groups, small enough for a contract.
//!
//! A file of `n` tiles is a binary tree whose left half holds the largest power of two below `n`. A tile's
//! chaining value depends on its place, so a proof binds content and index to the root. It binds the file's
//! length only for the last tile: take the length from a record that is trusted (the chain's), never from
//! whoever sends the proof. Everything here does work bounded by one tile and 34 levels, and panics on nothing.

use alloc::vec::Vec;
use core::ops::Range;

use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

use crate::Root;

/// Bytes of every tile but the last, which may be shorter.
pub const TILE_LEN: u64 = 16 * 1024;
/// Longest file that is proved or transferred, 256 TiB.
pub const MAX_FILE_LEN: u64 = 1 << 48;
/// Most levels above a tile: log₂ of the tiles of the longest file.
pub const MAX_DEPTH: usize = 34;

const PROOF_VERSION: u8 = 1;
const PROOF_TAG: &[u8] = b"tile-proof";
/// Version, tag with its length, index, number of siblings.
const PROOF_HEAD: usize = 1 + 2 + PROOF_TAG.len() + 8 + 4;

/// Proof that a tile belongs to a root: the chaining values beside its path, from the tile upwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileProof {
    /// The tile's place in the file, from 0.
    pub index: u64,
    /// One chaining value per level, lowest first.
    pub siblings: Vec<[u8; 32]>,
}

/// Why a tile or a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// The file is longer than any that is proved.
    #[error("a file of {found} bytes is longer than {max}", max = MAX_FILE_LEN)]
    FileTooLong {
        /// The stated length in bytes.
        found: u64,
    },
    /// The file has no such tile.
    #[error("tile {index} of a file with {count} tiles")]
    NoSuchTile {
        /// The index asked for.
        index: u64,
        /// The file's number of tiles.
        count: u64,
    },
    /// The bytes are not as many as the tile has.
    #[error("tile {index} has {required} bytes, not {found}")]
    TileLength {
        /// The tile.
        index: u64,
        /// Bytes it has.
        required: u64,
        /// Bytes that were given.
        found: u64,
    },
    /// The proof has more or fewer levels than the tile's path.
    #[error("the path of tile {index} has {required} levels, the proof {found}")]
    ProofLength {
        /// The tile.
        index: u64,
        /// Levels of its path.
        required: u64,
        /// Levels of the proof.
        found: u64,
    },
    /// Tile and proof lead to another root.
    #[error("tile {index} does not belong to the root")]
    WrongRoot {
        /// The tile.
        index: u64,
    },
    /// The bytes are no proof in its canonical encoding.
    #[error("not a canonical tile proof of at most {max} levels", max = MAX_DEPTH)]
    ProofEncoding,
}

/// How many tiles a file has; an empty file has one, of no bytes.
pub fn tile_count(file_len: u64) -> u64 {
    file_len.div_ceil(TILE_LEN).max(1)
}

/// The bytes that tile `index` takes in a file of `file_len` bytes.
pub fn tile_range(file_len: u64, index: u64) -> Result<Range<u64>, TileError> {
    if file_len > MAX_FILE_LEN {
        return Err(TileError::FileTooLong { found: file_len });
    }
    let count = tile_count(file_len);
    if index >= count {
        return Err(TileError::NoSuchTile { index, count });
    }
    Ok(index * TILE_LEN..file_len.min((index + 1) * TILE_LEN))
}

/// Checks that `bytes` are tile `proof.index` of the file with this root and length.
pub fn verify(root: &Root, file_len: u64, bytes: &[u8], proof: &TileProof) -> Result<(), TileError> {
    let index = proof.index;
    let range = tile_range(file_len, index)?;
    let (required, found) = (range.end - range.start, bytes.len() as u64);
    if required != found {
        return Err(TileError::TileLength { index, required, found });
    }
    let path = Path::to(tile_count(file_len), index);
    if proof.siblings.len() != path.depth {
        let (required, found) = (path.depth as u64, proof.siblings.len() as u64);
        return Err(TileError::ProofLength { index, required, found });
    }
    let found = match proof.siblings.split_last() {
        None => crate::root_of(bytes),
        Some((last, below)) => {
            let mut value = chaining_value(index, bytes);
            for (sibling, level) in below.iter().zip((1..path.depth).rev()) {
                let (left, right) = path.order(level, value, *sibling);
                value = merge_subtrees_non_root(&left, &right, Mode::Hash);
            }
            let (left, right) = path.order(0, value, *last);
            *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
        }
    };
    if found == *root { Ok(()) } else { Err(TileError::WrongRoot { index }) }
}

/// The proof of tile `index`, from the whole file: it costs about one hash of it. With a sidecar,
/// `Outboard::prove` costs one read per level.
pub fn prove(file: &[u8], index: u64) -> Result<TileProof, TileError> {
    let file_len = file.len() as u64;
    tile_range(file_len, index)?;
    let (mut start, mut count) = (0, tile_count(file_len));
    let mut siblings = Vec::new();
    while count > 1 {
        let left = left_tiles(count);
        let (sibling, next) = if index - start < left {
            ((start + left, count - left), (start, left))
        } else {
            ((start, left), (start + left, count - left))
        };
        let from = sibling.0 * TILE_LEN;
        let to = file_len.min(from + sibling.1 * TILE_LEN);
        siblings.push(chaining_value(sibling.0, &file[from as usize..to as usize]));
        (start, count) = next;
    }
    siblings.reverse();
    Ok(TileProof { index, siblings })
}

impl TileProof {
    /// Its canonical bytes: version 1, tag `tile-proof`, index, siblings; as every hashed value of ours.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PROOF_HEAD + 32 * self.siblings.len());
        out.push(PROOF_VERSION);
        out.extend_from_slice(&(PROOF_TAG.len() as u16).to_le_bytes());
        out.extend_from_slice(PROOF_TAG);
        out.extend_from_slice(&self.index.to_le_bytes());
        out.extend_from_slice(&(self.siblings.len() as u32).to_le_bytes());
        self.siblings.iter().for_each(|sibling| out.extend_from_slice(sibling));
        out
    }

    /// Reads canonical bytes. A proof longer than any file's is refused before anything is allocated.
    pub fn decode(bytes: &[u8]) -> Result<Self, TileError> {
        let (head, rest) = bytes.split_at_checked(PROOF_HEAD).ok_or(TileError::ProofEncoding)?;
        let index = crate::header::read_u64(head, PROOF_HEAD - 12).ok_or(TileError::ProofEncoding)?;
        if rest.len() % 32 != 0 || rest.len() / 32 > MAX_DEPTH {
            return Err(TileError::ProofEncoding);
        }
        let siblings = rest.chunks_exact(32).filter_map(|sibling| sibling.try_into().ok()).collect();
        let proof = Self { index, siblings };
        // One encoding only: whatever else was in the head (version, tag, count) must come out the same.
        if proof.encode() == bytes { Ok(proof) } else { Err(TileError::ProofEncoding) }
    }
}

/// Tiles of the left half of a tree of `count` tiles, which must be 2 or more.
pub(crate) fn left_tiles(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The chaining value of the subtree of `bytes` that begins with tile `first`; not for a whole file.
pub(crate) fn chaining_value(first: u64, bytes: &[u8]) -> ChainingValue {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(first * TILE_LEN);
    hasher.update(bytes);
    hasher.finalize_non_root()
}

/// The way from the root to a tile: bit `level` is set where it goes right.
struct Path {
    turns: u64,
    depth: usize,
}

impl Path {
    fn to(mut count: u64, mut index: u64) -> Self {
        let mut path = Self { turns: 0, depth: 0 };
        while count > 1 {
            let left = left_tiles(count);
            if index < left {
                count = left;
            } else {
                path.turns |= 1 << path.depth;
                index -= left;
                count -= left;
            }
            path.depth += 1;
        }
        path
    }

    /// `value`, which lies on the path, and its sibling as left and right.
    fn order(
        &self,
        level: usize,
        value: ChainingValue,
        sibling: ChainingValue,
    ) -> (ChainingValue, ChainingValue) {
        if self.turns >> level & 1 == 0 { (value, sibling) } else { (sibling, value) }
    }
}
