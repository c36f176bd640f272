//! The sidecar of a file: the chaining values of its tiles' tree, so that proofs, slices and updates
//! don't hash the whole file again. 64 bytes a tile, 0.39 %.
//!
//! On disk: the file's length (u64, little-endian), then the hash pairs in pre-order, as bao-tree's `obao4`.

use std::io;
use std::path::Path;

use bao_tree::io::outboard::PreOrderOutboard;
use bao_tree::io::sync::CreateOutboard;
use bao_tree::{BaoTree, BlockSize};
use blake3::hazmat::{ChainingValue, Mode, merge_subtrees_non_root, merge_subtrees_root};

use crate::error::FileError;
use crate::file::Backing;
use crate::tile::{
    MAX_FILE_LEN, TILE_LEN, TileError, TileProof, chaining_value, left_tiles, tile_count, tile_range,
};
use crate::{Root, root_of};

/// Tiles are groups of 2⁴ BLAKE3 chunks.
pub(crate) const GROUP: BlockSize = BlockSize::from_chunk_log(4);
pub(crate) const PAIR: usize = 64;
/// Bytes before the first pair in a sidecar.
pub(crate) const PREFIX: usize = 8;

/// Why a sidecar doesn't fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboardError {
    /// The sidecar's own length isn't what the file's length needs.
    #[error("a sidecar of {found} bytes where {required} are needed")]
    Length {
        /// Bytes needed; 8 where not even the file's length could be read.
        required: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Its pairs lead to another root.
    #[error("the sidecar belongs to another root")]
    WrongRoot,
    /// The data isn't as long as the sidecar says.
    #[error("the sidecar is of a file of {required} bytes, not {found}")]
    DataLength {
        /// The file's length by the sidecar.
        required: u64,
        /// The length of the data given.
        found: u64,
    },
    /// A tile or length out of range.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The file couldn't be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The tree of a file, from its tiles to its root. `D` holds the sidecar's bytes: memory or a map.
#[derive(Clone, Debug)]
pub struct Outboard<D = Vec<u8>> {
    root: Root,
    len: u64,
    bytes: D,
}

/// Bytes of the sidecar of a file of `file_len` bytes.
pub fn sidecar_len(file_len: u64) -> u64 {
    PREFIX as u64 + (tile_count(file_len) - 1) * PAIR as u64
}

impl Outboard<Vec<u8>> {
    /// Hashes a file into its tree.
    pub fn of(file: &[u8]) -> io::Result<Self> {
        let len = file.len() as u64;
        if len > MAX_FILE_LEN {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, TileError::FileTooLong { found: len }));
        }
        let tree = PreOrderOutboard::<Vec<u8>>::create_sized(file, len, GROUP)?;
        let mut bytes = Vec::with_capacity(PREFIX + tree.data.len());
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&tree.data);
        Ok(Self { root: *tree.root.as_bytes(), len, bytes })
    }

    /// Takes over a change of `file` that left its length alone: only `touched` tiles are hashed, then their
    /// ancestors. Returns the new root. The sidecar must have been the old file's; a tile that changed
    /// without being named makes the root wrong, and `verify` of the new file finds it.
    pub fn update(&mut self, file: &[u8], touched: &[u64]) -> Result<Root, OutboardError> {
        if file.len() as u64 != self.len {
            return Err(OutboardError::DataLength { required: self.len, found: file.len() as u64 });
        }
        let mut touched = touched.to_vec();
        touched.sort_unstable();
        touched.dedup();
        let Some(&last) = touched.last() else { return Ok(self.root) };
        tile_range(self.len, last)?;
        let count = tile_count(self.len);
        self.root = if count == 1 {
            root_of(file)
        } else {
            let (left, right) = rehash_children(file, &mut self.bytes[PREFIX..], 0, count, &touched);
            *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
        };
        Ok(self.root)
    }
}

impl Outboard<Backing> {
    /// Maps the sidecar of the file with this root.
    pub fn open(path: &Path, root: Root) -> Result<Self, OutboardError> {
        Self::from_bytes(root, Backing::map(path)?)
    }
}

impl<D: AsRef<[u8]>> Outboard<D> {
    /// Takes a sidecar's bytes for the file with this root. Lengths and the uppermost pair are checked here;
    /// every further pair is checked when it is used to encode or verify.
    pub fn from_bytes(root: Root, bytes: D) -> Result<Self, OutboardError> {
        let all = bytes.as_ref();
        let found = all.len() as u64;
        let len = crate::header::read_u64(all, 0)
            .ok_or(OutboardError::Length { required: PREFIX as u64, found })?;
        tile_range(len, 0)?;
        let required = sidecar_len(len);
        if found != required {
            return Err(OutboardError::Length { required, found });
        }
        if tile_count(len) > 1 {
            let (left, right) = pair(&all[PREFIX..], 0);
            if merge_subtrees_root(&left, &right, Mode::Hash) != root {
                return Err(OutboardError::WrongRoot);
            }
        }
        Ok(Self { root, len, bytes })
    }

    /// The file's root.
    pub fn root(&self) -> Root {
        self.root
    }

    /// The file's length in bytes.
    pub fn file_len(&self) -> u64 {
        self.len
    }

    /// The sidecar's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The proof of tile `index`, from one pair per level.
    pub fn prove(&self, index: u64) -> Result<TileProof, TileError> {
        tile_range(self.len, index)?;
        let pairs = &self.bytes.as_ref()[PREFIX..];
        let (mut node, mut within, mut count) = (0, index, tile_count(self.len));
        let mut siblings = Vec::new();
        while count > 1 {
            let (left, right) = pair(pairs, node);
            let left_count = left_tiles(count);
            if within < left_count {
                siblings.push(right);
                (node, count) = (node + 1, left_count);
            } else {
                siblings.push(left);
                (node, within, count) = (node + left_count, within - left_count, count - left_count);
            }
        }
        siblings.reverse();
        Ok(TileProof { index, siblings })
    }

    /// The tree as bao-tree takes it.
    pub(crate) fn as_bao(&self) -> PreOrderOutboard<&[u8]> {
        let (root, tree) = (self.root.into(), BaoTree::new(self.len, GROUP));
        PreOrderOutboard { root, tree, data: &self.bytes.as_ref()[PREFIX..] }
    }
}

/// The two chaining values below pre-order node `node`. A subtree of `n` tiles takes `n − 1` nodes, so the
/// left child is the next node and the right child comes after the left subtree's.
fn pair(pairs: &[u8], node: u64) -> (ChainingValue, ChainingValue) {
    let at = node as usize * PAIR;
    let mut values = [[0; 32]; 2];
    for (value, bytes) in values.iter_mut().zip(pairs[at..at + PAIR].chunks_exact(32)) {
        value.copy_from_slice(bytes);
    }
    (values[0], values[1])
}

/// Recomputes the pair of the subtree of `count` ≥ 2 tiles from `first`, whose nodes are `pairs`, as far as
/// `touched` (sorted, not empty, all within) reaches.
fn rehash_children(
    file: &[u8],
    pairs: &mut [u8],
    first: u64,
    count: u64,
    touched: &[u64],
) -> (ChainingValue, ChainingValue) {
    let left_count = left_tiles(count);
    let (mut left, mut right) = pair(pairs, 0);
    let (in_left, in_right) = touched.split_at(touched.partition_point(|&tile| tile < first + left_count));
    let (own, below) = pairs.split_at_mut(PAIR);
    let (left_pairs, right_pairs) = below.split_at_mut((left_count as usize - 1) * PAIR);
    if !in_left.is_empty() {
        left = rehash(file, left_pairs, first, left_count, in_left);
    }
    if !in_right.is_empty() {
        right = rehash(file, right_pairs, first + left_count, count - left_count, in_right);
    }
    own[..32].copy_from_slice(&left);
    own[32..].copy_from_slice(&right);
    (left, right)
}

fn rehash(file: &[u8], pairs: &mut [u8], first: u64, count: u64, touched: &[u64]) -> ChainingValue {
    if count == 1 {
        let from = (first * TILE_LEN) as usize;
        return chaining_value(first, &file[from..file.len().min(from + TILE_LEN as usize)]);
    }
    let (left, right) = rehash_children(file, pairs, first, count, touched);
    merge_subtrees_non_root(&left, &right, Mode::Hash)
}
