//! From one source into the store, every tile verified on arrival.

use std::ops::Range;

use lyceum_tensorblock::verified::encode_range;
use lyceum_tensorblock::{Outboard, Root};

use crate::error::{Damage, StoreError};
use crate::partial::{Begun, begin};
use crate::store::Store;
use crate::window::{Window, check_length, last_tile, window_count, window_range};

/// Where blobs can be fetched from. Nothing it says is believed: its bytes are checked against the root, and the
/// length it states against the proof of the last tile.
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
    /// Copies a blob of any length from `source`; see [`Store::fetch_at_most`].
    ///
    /// # Errors
    /// As there.
    pub fn fetch(&self, root: &Root, source: &(impl Source + ?Sized)) -> Result<(), StoreError> {
        self.fetch_at_most(root, u64::MAX, source)
    }

    /// Copies a blob of at most `most` bytes from `source`. A bad tile ends it with an error that names the tile;
    /// the windows that were good stay, so that another source goes on where this one ended. A blob that is
    /// already here isn't asked for.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] only if it is proved; a source that states a false length sends a bad tile.
    pub fn fetch_at_most(
        &self,
        root: &Root,
        most: u64,
        source: &(impl Source + ?Sized),
    ) -> Result<(), StoreError> {
        let fits = |found| {
            if found <= most { Ok(()) } else { Err(StoreError::TooLarge { root: *root, found, most }) }
        };
        let mut stream = Vec::new();
        let partial = match begin(self, root)? {
            Begun::Whole => return fits(self.len(root)?),
            Begun::Partial(partial) => {
                fits(partial.len())?;
                partial
            }
            Begun::Nothing(vacant) => {
                let len = source.length(root)?;
                if let Err(too_large) = fits(len) {
                    source.slice(root, last_tile(root, len)?, &mut stream)?;
                    check_length(root, len, &stream)?;
                    return Err(too_large);
                }
                // Refuses a length beyond what any blob may have, before a byte is asked for.
                last_tile(root, len)?;
                vacant.begin(&window(root, len, window_count(len) - 1, source, &mut stream)?)?
            }
        };
        for index in partial.missing() {
            partial.add(&window(root, partial.len(), index, source, &mut stream)?)?;
        }
        partial.commit()
    }
}

fn window(
    root: &Root,
    len: u64,
    index: u64,
    source: &(impl Source + ?Sized),
    stream: &mut Vec<u8>,
) -> Result<Window, StoreError> {
    stream.clear();
    source.slice(root, window_range(len, index), stream)?;
    Window::decode(root, len, index, stream)
}
