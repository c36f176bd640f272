//! From one store to another, every tile verified on arrival.

use std::ops::Range;

use lyceum_tensorblock::tile::TILE_LEN;
use lyceum_tensorblock::verified::{decode_range, encode_range, encoded_len};
use lyceum_tensorblock::{Outboard, Root};

use crate::error::{Damage, StoreError};
use crate::store::Store;

/// Bytes asked for at once: 256 tiles. It bounds what a transfer holds in memory.
pub const WINDOW: u64 = 256 * TILE_LEN;

/// Where blobs can be fetched from. Nothing it says is believed: what it sends is checked against the root.
pub trait Source {
    /// The length of a blob in bytes.
    fn length(&self, root: &Root) -> Result<u64, StoreError>;

    /// Appends the verified stream of `range` (see [`lyceum_tensorblock::verified`]) to `out`.
    fn slice(&self, root: &Root, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError>;
}

impl Source for Store {
    fn length(&self, root: &Root) -> Result<u64, StoreError> {
        self.len(root)
    }

    fn slice(&self, root: &Root, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let blob = self.get(root)?;
        let sidecar = Outboard::open(&self.layout.sidecar(root), *root)
            .map_err(|_| StoreError::Damaged { root: *root, damage: Damage::Sidecar })?;
        encode_range(&blob, &sidecar, range, out).map_err(|error| StoreError::slice(*root, error))
    }
}

impl Store {
    /// Copies a blob from `source`. A bad tile ends it with an error that names the tile, and nothing is kept. A blob
    /// that is already here isn't asked for.
    pub fn fetch(&self, root: &Root, source: &impl Source) -> Result<(), StoreError> {
        if self.has(root) {
            return Ok(());
        }
        let len = source.length(root)?;
        let mut writer = self.writer()?;
        let mut stream = Vec::new();
        let mut from = 0;
        loop {
            let range = from..len.min(from + WINDOW);
            // Also refuses a length beyond what any file may have, before a byte is asked for.
            let expected = encoded_len(len, &range).map_err(|error| StoreError::slice(*root, error))?;
            stream.clear();
            source.slice(root, range.clone(), &mut stream)?;
            stream.truncate(usize::try_from(expected).unwrap_or(usize::MAX));
            decode_range(root, len, range.clone(), &stream[..], |_, tile| Ok(writer.append(tile)?))
                .map_err(|error: Fetch| error.named(root))?;
            from = range.end;
            if from == len {
                break;
            }
        }
        writer.commit_as(root)
    }
}

/// Either side of a transfer may fail.
enum Fetch {
    Stream(lyceum_tensorblock::verified::SliceError),
    Store(StoreError),
}

impl Fetch {
    fn named(self, root: &Root) -> StoreError {
        match self {
            Self::Stream(error) => StoreError::slice(*root, error),
            Self::Store(error) => error,
        }
    }
}

impl From<lyceum_tensorblock::verified::SliceError> for Fetch {
    fn from(error: lyceum_tensorblock::verified::SliceError) -> Self {
        Self::Stream(error)
    }
}

impl From<StoreError> for Fetch {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
