//! What travels: a range of a file with the hashes that prove it, in bao's pre-order. The receiver checks
//! every tile as it arrives and hands on nothing that isn't proved.
//!
//! Ranges are widened to whole tiles. The stream carries no length: the receiver knows root and length from
//! a record. A wrong length is found out no later than at the last tile.

use std::io::{self, Read, Write};
use std::ops::Range;

use bao_tree::io::sync::{DecodeResponseIter, encode_ranges_validated};
use bao_tree::io::{BaoContentItem, DecodeError, EncodeError};
use bao_tree::{BaoTree, ChunkNum, ChunkRanges, TreeNode};

use crate::outboard::{GROUP, Outboard, PAIR, PREFIX};
use crate::tile::{TILE_LEN, TileError, left_tiles, tile_count, tile_range};
use crate::{Root, tile};

/// BLAKE3 chunks of a tile.
const CHUNKS: u64 = TILE_LEN / 1024;

/// Why a range could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SliceError {
    /// The bytes of this tile are not the root's: corrupt, or another file's.
    #[error("tile {tile} does not belong to the root")]
    BadTile {
        /// The tile.
        tile: u64,
    },
    /// The hashes above this and following tiles are not the root's.
    #[error("the hashes above tile {tile} do not belong to the root")]
    BadHash {
        /// The first tile below them.
        tile: u64,
    },
    /// The stream ended before this tile was complete.
    #[error("the stream ended before tile {tile}")]
    Truncated {
        /// The tile.
        tile: u64,
    },
    /// The range isn't within the file, or is empty though the file isn't.
    #[error("bytes {from}..{to} of a file of {file_len}")]
    BadRange {
        /// First byte.
        from: u64,
        /// The byte after the last.
        to: u64,
        /// The file's length.
        file_len: u64,
    },
    /// The data isn't as long as its sidecar says.
    #[error("the sidecar is of a file of {required} bytes, not {found}")]
    DataLength {
        /// The file's length by the sidecar.
        required: u64,
        /// The length of the data given.
        found: u64,
    },
    /// The file's length is out of bounds.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The tiles that hold the bytes `range` of a file.
pub fn tiles_of(file_len: u64, range: &Range<u64>) -> Result<Range<u64>, SliceError> {
    tile_range(file_len, 0)?;
    let whole_empty_file = file_len == 0 && *range == (0..0);
    if (range.start < range.end && range.end <= file_len) || whole_empty_file {
        return Ok(range.start / TILE_LEN..range.end.div_ceil(TILE_LEN).max(1));
    }
    Err(SliceError::BadRange { from: range.start, to: range.end, file_len })
}

/// Bytes of the stream for `range`: its tiles and 64 for each pair of hashes above them.
pub fn encoded_len(file_len: u64, range: &Range<u64>) -> Result<u64, SliceError> {
    let tiles = tiles_of(file_len, range)?;
    let data = file_len.min(tiles.end * TILE_LEN) - tiles.start * TILE_LEN;
    Ok(data + 64 * pairs_above(tile_count(file_len), tiles.start, tiles.end))
}

/// Nodes with a tile of `from..to` below them, in a tree of `count` tiles.
fn pairs_above(count: u64, from: u64, to: u64) -> u64 {
    if count == 1 || from >= to {
        return 0;
    }
    if from == 0 && to >= count {
        return count - 1;
    }
    let left = left_tiles(count);
    let in_left = pairs_above(left, from, to.min(left));
    1 + in_left + pairs_above(count - left, from.saturating_sub(left), to.saturating_sub(left))
}

/// Writes the stream for `range` of `file`. What is sent is checked first, so a rotten disk sends nothing
/// false: the error names the tile.
pub fn encode_range<D: AsRef<[u8]>>(
    file: &[u8],
    outboard: &Outboard<D>,
    range: Range<u64>,
    out: impl Write,
) -> Result<(), SliceError> {
    let (required, found) = (outboard.file_len(), file.len() as u64);
    if required != found {
        return Err(SliceError::DataLength { required, found });
    }
    let chunks = chunks_of(&tiles_of(found, &range)?);
    encode_ranges_validated(file, outboard.as_bao(), &chunks, out).map_err(|error| match error {
        EncodeError::LeafHashMismatch(chunk) => SliceError::BadTile { tile: tile_of(chunk) },
        EncodeError::ParentHashMismatch(node) => SliceError::BadHash { tile: first_tile(node) },
        other => SliceError::Io(other.into()),
    })
}

/// What a stream proves, piece by piece.
#[derive(Debug)]
pub enum Proved<'a> {
    /// A pair of hashes, and where its 64 bytes lie in the file's sidecar.
    Pair {
        /// Bytes from the sidecar's start.
        at: u64,
        /// The left and the right hash.
        hashes: [u8; 64],
    },
    /// A tile.
    Tile {
        /// Its index.
        index: u64,
        /// Its bytes.
        bytes: &'a [u8],
    },
}

/// Reads the stream for `range` of the file with this root and length, and hands each tile to `take` (its
/// index, its bytes) once it is proved, in ascending order. Reads [`encoded_len`] bytes and no more; holds one
/// tile at a time. On an error, the tiles handed over before it are good, and no more follow.
pub fn decode_range<E: From<SliceError>>(
    root: &Root,
    file_len: u64,
    range: Range<u64>,
    stream: impl Read,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    decode_proved(root, file_len, range, stream, |proved| match proved {
        Proved::Pair { .. } => Ok(()),
        Proved::Tile { index, bytes } => take(index, bytes),
    })
}

/// [`decode_range`] that also hands over the hashes, so that a receiver can build the sidecar without hashing
/// the file again. Every pair comes before the tiles below it.
pub fn decode_proved<E: From<SliceError>>(
    root: &Root,
    file_len: u64,
    range: Range<u64>,
    stream: impl Read,
    mut take: impl FnMut(Proved<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let chunks = chunks_of(&tiles_of(file_len, &range)?);
    let tree = BaoTree::new(file_len, GROUP);
    for item in DecodeResponseIter::new((*root).into(), tree, stream, &chunks) {
        match item.map_err(decode_error)? {
            BaoContentItem::Parent(parent) => {
                // Only nodes above whole tiles are in a stream, and all of them have a place.
                let Some(place) = tree.pre_order_offset(parent.node) else { continue };
                let mut hashes = [0; PAIR];
                hashes[..32].copy_from_slice(parent.pair.0.as_bytes());
                hashes[32..].copy_from_slice(parent.pair.1.as_bytes());
                take(Proved::Pair { at: PREFIX as u64 + place * PAIR as u64, hashes })?;
            }
            BaoContentItem::Leaf(leaf) => {
                take(Proved::Tile { index: leaf.offset / tile::TILE_LEN, bytes: &leaf.data })?;
            }
        }
    }
    Ok(())
}

fn decode_error(error: DecodeError) -> SliceError {
    match error {
        DecodeError::LeafHashMismatch(chunk) => SliceError::BadTile { tile: tile_of(chunk) },
        DecodeError::ParentHashMismatch(node) => SliceError::BadHash { tile: first_tile(node) },
        DecodeError::LeafNotFound(chunk) => SliceError::Truncated { tile: tile_of(chunk) },
        DecodeError::ParentNotFound(node) => SliceError::Truncated { tile: first_tile(node) },
        DecodeError::Io(error) => SliceError::Io(error),
    }
}

fn chunks_of(tiles: &Range<u64>) -> ChunkRanges {
    ChunkRanges::from(ChunkNum(tiles.start * CHUNKS)..ChunkNum(tiles.end * CHUNKS))
}

fn tile_of(chunk: ChunkNum) -> u64 {
    chunk.0 / CHUNKS
}

fn first_tile(node: TreeNode) -> u64 {
    tile_of(node.chunk_range().start)
}
