//! Where things lie in a store's folder.

use std::path::{Path, PathBuf};

use lyceum_tensorblock::Root;

pub(crate) const BLOB: &str = "tblock";
pub(crate) const SIDECAR: &str = "obao4";

/// The paths of one store.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub dir: PathBuf,
}

impl Layout {
    pub(crate) fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }
    pub(crate) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }
    pub(crate) fn blobs(&self) -> PathBuf {
        self.dir.join("blobs")
    }
    pub(crate) fn partials(&self) -> PathBuf {
        self.dir.join("partial")
    }
    pub(crate) fn pins(&self) -> PathBuf {
        self.dir.join("pins")
    }
    pub(crate) fn pin(&self, root: &Root) -> PathBuf {
        self.pins().join(hex(root))
    }
    /// A blob that is being fetched, and its sidecar.
    pub(crate) fn partial(&self, root: &Root) -> [PathBuf; 2] {
        [BLOB, SIDECAR].map(|kind| self.partials().join(format!("{}.{kind}", hex(root))))
    }
    /// The folder of a root: its first byte, so that no folder gets too full.
    pub(crate) fn shelf(&self, root: &Root) -> PathBuf {
        self.blobs().join(&hex(root)[..2])
    }
    pub(crate) fn blob(&self, root: &Root) -> PathBuf {
        self.shelf(root).join(format!("{}.{BLOB}", hex(root)))
    }
    pub(crate) fn sidecar(&self, root: &Root) -> PathBuf {
        self.shelf(root).join(format!("{}.{SIDECAR}", hex(root)))
    }
}

/// A root as 64 lower-case hexadecimal digits.
pub(crate) fn hex(root: &Root) -> String {
    blake3::Hash::from_bytes(*root).to_hex().to_string()
}

/// The root that a file of this store is named after, and its extension; `None` for a foreign name.
pub(crate) fn parse(path: &Path) -> Option<(Root, &str)> {
    let root = root_of_name(path)?;
    let shelf = path.parent()?.file_name()?.to_str()?;
    (shelf == &hex(&root)[..2]).then_some((root, path.extension()?.to_str()?))
}

/// The root that a file is named after, wherever it lies.
pub(crate) fn root_of_name(path: &Path) -> Option<Root> {
    let root = parse_hex(path.file_stem()?.to_str()?)?;
    let kind = path.extension()?.to_str()?;
    (kind == BLOB || kind == SIDECAR).then_some(root)
}

/// The root of 64 lower-case hexadecimal digits.
pub(crate) fn parse_hex(digits: &str) -> Option<Root> {
    let root = *blake3::Hash::from_hex(digits).ok()?.as_bytes();
    (hex(&root) == digits).then_some(root)
}
