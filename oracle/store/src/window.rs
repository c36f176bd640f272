//! What is fetched at once: a window of a blob, proved before anything else sees it.

use std::ops::Range;

use lyceum_tensorblock::Root;
use lyceum_tensorblock::tile::{MAX_FILE_LEN, TILE_LEN, tile_count, tile_range};
use lyceum_tensorblock::verified::{Proved, SliceError, decode_proved, encoded_len};

use crate::error::StoreError;

/// Bytes of every window of a blob but its last: 64 tiles. It bounds what a transfer holds in memory, and makes
/// proofs 0.45 % of a transfer.
pub const WINDOW: u64 = 64 * TILE_LEN;

/// How many windows a blob of `len` bytes has; an empty blob has one, of no bytes.
pub fn window_count(len: u64) -> u64 {
    len.div_ceil(WINDOW).max(1)
}

/// The bytes of window `index`; empty where the blob has no such window.
pub fn window_range(len: u64, index: u64) -> Range<u64> {
    let from = index.saturating_mul(WINDOW).min(len);
    from..len.min(from.saturating_add(WINDOW))
}

/// The bytes of a blob's last tile: its proof is the proof of the blob's length.
///
/// # Errors
/// A length that no blob has.
pub fn last_tile(root: &Root, len: u64) -> Result<Range<u64>, StoreError> {
    let slice = |error| StoreError::slice(*root, SliceError::Tile(error));
    tile_range(len, 0).map_err(slice)?;
    tile_range(len, tile_count(len) - 1).map_err(slice)
}

/// Bytes of a window with the hashes that lead from them to the root. Whoever has one knows that they are the
/// root's: there is no other way to make it than [`Window::decode`].
#[derive(Clone, Debug)]
pub struct Window {
    root: Root,
    len: u64,
    index: u64,
    bytes: Vec<u8>,
    /// Pieces of the sidecar: where each begins, and its bytes.
    pairs: Vec<(u64, Vec<u8>)>,
}

impl Window {
    /// Reads the verified stream of window `index` of the blob with this root and length. If it is the last
    /// window, the length is proved as well: the path to the last tile fits no other.
    ///
    /// # Errors
    /// What isn't the root's, or isn't exactly as long as the stream must be.
    pub fn decode(root: &Root, len: u64, index: u64, stream: &[u8]) -> Result<Self, StoreError> {
        let range = window_range(len, index);
        let mut window = Self { root: *root, len, index, bytes: Vec::new(), pairs: Vec::new() };
        check(root, len, range.clone(), stream, |proved| match proved {
            Proved::Pair { at, hashes } => match window.pairs.last_mut() {
                Some((from, run)) if *from + run.len() as u64 == at => run.extend_from_slice(&hashes),
                _ => window.pairs.push((at, hashes.to_vec())),
            },
            Proved::Tile { bytes, .. } => {
                if window.bytes.is_empty() {
                    window.bytes.reserve_exact((range.end - range.start) as usize);
                }
                window.bytes.extend_from_slice(bytes);
            }
        })?;
        Ok(window)
    }

    /// The blob's root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The length of the blob that it was decoded for. It is proved if [`Window::is_last`].
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the blob has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its place.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Whether no window follows.
    pub fn is_last(&self) -> bool {
        self.index + 1 == window_count(self.len)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Pieces of the sidecar: where each begins, and its bytes.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pairs.iter().map(|(at, bytes)| (*at, &bytes[..]))
    }
}

/// Checks the verified stream of a blob's last tile, and with it the blob's length.
///
/// # Errors
/// What isn't the root's, or another length than the root's blob has.
pub fn check_length(root: &Root, len: u64, stream: &[u8]) -> Result<(), StoreError> {
    check(root, len, last_tile(root, len)?, stream, |_| {})
}

fn check(
    root: &Root,
    len: u64,
    range: Range<u64>,
    stream: &[u8],
    mut take: impl FnMut(Proved<'_>),
) -> Result<(), StoreError> {
    // A blob without bytes is proved by its root alone: there is nothing in the stream to hold against it.
    if len == 0 && lyceum_tensorblock::root_of(&[]) != *root {
        return Err(StoreError::BadTile { root: *root, tile: 0 });
    }
    let slice = |error| StoreError::slice(*root, error);
    let (required, found) = (encoded_len(len, &range).map_err(slice)?, stream.len() as u64);
    if required != found {
        return Err(StoreError::StreamLength { root: *root, required, found });
    }
    debug_assert!(len <= MAX_FILE_LEN);
    decode_proved(root, len, range, stream, |proved| {
        take(proved);
        Ok(())
    })
    .map_err(slice)
}
