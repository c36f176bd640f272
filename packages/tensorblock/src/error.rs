//! What can be wrong with a tensor block, with the values that were found and expected.

use crate::{MAX_NAME_LEN, MAX_RANK, MAX_TENSORS};

/// Why bytes are not a tensor block, or tensors can't become one. `entry` counts from 0 in the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Shorter than a header.
    #[error("{found} bytes are too few for a tensor block's header of {required}")]
    TooShort {
        /// Bytes there are.
        found: u64,
        /// Bytes a header takes.
        required: u64,
    },
    /// Does not begin with the magic.
    #[error("not a tensor block: it begins with {found:02x?}")]
    BadMagic {
        /// The first eight bytes.
        found: [u8; 8],
    },
    /// A version this code doesn't know.
    #[error("tensor block version {found} is unknown, {supported} is supported")]
    UnknownVersion {
        /// The header's version.
        found: u32,
        /// The version this code reads.
        supported: u32,
    },
    /// The header states another file length than there is: truncated or extended.
    #[error("the header states {declared} bytes, the file has {found}")]
    FileLength {
        /// The header's length in bytes.
        declared: u64,
        /// The real length in bytes.
        found: u64,
    },
    /// More tensors than a block may have, or none.
    #[error("{found} tensors: a tensor block has 1 to {max}", max = MAX_TENSORS)]
    TensorCount {
        /// The number of tensors.
        found: u64,
    },
    /// The table can't be where the header puts it, or can't hold so many entries.
    #[error("a table of {count} tensors can't be the {len} bytes at {offset} of a file of {file_len}")]
    TableBounds {
        /// The header's number of tensors.
        count: u64,
        /// The header's offset of the table.
        offset: u64,
        /// The header's length of the table.
        len: u64,
        /// The file's length.
        file_len: u64,
    },
    /// The table ends inside an entry.
    #[error("the table ends inside entry {entry}")]
    TableTruncated {
        /// Which entry.
        entry: u32,
    },
    /// The table goes on after its last entry.
    #[error("the table has {bytes} bytes after its last entry")]
    TableLeftover {
        /// How many bytes.
        bytes: u64,
    },
    /// A name is empty, too long, or has other characters than `A-Z a-z 0-9 _ . - /`.
    #[error("the name of entry {entry} is not 1 to {max} of A-Z a-z 0-9 _ . - /", max = MAX_NAME_LEN)]
    BadName {
        /// Which entry.
        entry: u32,
    },
    /// Names are not strictly ascending by bytes: unsorted, or the same name twice.
    #[error("the name of entry {entry} does not come after the one before it")]
    NameOrder {
        /// Which entry.
        entry: u32,
    },
    /// A dtype code that doesn't exist.
    #[error("entry {entry} has the unknown dtype code {code}")]
    UnknownDtype {
        /// Which entry.
        entry: u32,
        /// The code.
        code: u8,
    },
    /// Too many dimensions.
    #[error("entry {entry} has {rank} dimensions, at most {max} are allowed", max = MAX_RANK)]
    RankTooLarge {
        /// Which entry.
        entry: u32,
        /// Its number of dimensions.
        rank: u64,
    },
    /// The dimensions multiply beyond 2⁶³ bits.
    #[error("the dimensions of entry {entry} multiply beyond 64 bits")]
    ShapeOverflow {
        /// Which entry.
        entry: u32,
    },
    /// The data's length isn't what dtype and shape need.
    #[error("entry {entry} has {found} bytes of data, its dtype and shape take {required}")]
    DataLength {
        /// Which entry.
        entry: u32,
        /// Bytes its dtype and shape take.
        required: u64,
        /// Bytes it has.
        found: u64,
    },
    /// The data doesn't lie at the one place the format gives it.
    #[error("the data of entry {entry} is said to be at {found}, its place is {required}")]
    DataOffset {
        /// Which entry.
        entry: u32,
        /// Its place in the file.
        required: u64,
        /// Where the table puts it.
        found: u64,
    },
    /// Data would reach beyond the file, or the tensors are longer than any file may be.
    #[error("the data of entry {entry} ends at {end}, beyond the file's {file_len} bytes")]
    BeyondFile {
        /// Which entry.
        entry: u32,
        /// Where its data would end.
        end: u64,
        /// The file's length.
        file_len: u64,
    },
    /// Bytes follow the last tensor.
    #[error("{bytes} bytes follow the last tensor")]
    TrailingBytes {
        /// How many bytes.
        bytes: u64,
    },
    /// A padding byte, or the unused half of an int4's last byte, is not zero.
    #[error("the padding at byte {at} is not zero")]
    Padding {
        /// Its offset in the file.
        at: u64,
    },
    /// A header field doesn't have the one value that fits the table.
    #[error("the header's byte {at} is {found:#04x}, the table makes it {required:#04x}")]
    Header {
        /// Offset of the first such byte.
        at: u64,
        /// The value that fits.
        required: u8,
        /// The value there is.
        found: u8,
    },
}

/// Why a tensor block's file could not be read, written or converted.
#[cfg(feature = "std")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: std::path::PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// No room left; a plain file that was there is as it was.
    #[error("{}: the disk is full", path.display())]
    DiskFull {
        /// The file that didn't fit.
        path: std::path::PathBuf,
    },
    /// A folder or device, not a plain file.
    #[error("{}: not a plain file", path.display())]
    NotAFile {
        /// The path.
        path: std::path::PathBuf,
    },
    /// Read or written, but not a tensor block.
    #[error("not a valid tensor block: {0}")]
    Format(#[from] FormatError),
    /// The safetensors side is malformed.
    #[error("not a valid safetensors file: {0}")]
    Safetensors(#[from] safetensors::SafeTensorError),
    /// An element type that the other format doesn't have.
    #[error("tensor {name:?} is {dtype}, which the other format can't hold")]
    UnsupportedDtype {
        /// The tensor.
        name: String,
        /// Its element type.
        dtype: String,
    },
}

#[cfg(feature = "std")]
impl FileError {
    /// Gives an operating system's error its path, and a full disk its own name.
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let path = path.to_path_buf();
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::DiskFull { path },
            _ => Self::Io { path, source },
        }
    }
}

#[cfg(feature = "std")]
impl From<lyceum_files::Error> for FileError {
    fn from(error: lyceum_files::Error) -> Self {
        match error {
            lyceum_files::Error::Io { path, source } => Self::io(&path, source),
            lyceum_files::Error::Unexpected { path, .. } => Self::NotAFile { path },
            lyceum_files::Error::Dangling { ref path, .. } => {
                let path = path.clone();
                Self::io(&path, error.into_source())
            }
            other => Self::io(std::path::Path::new(""), other.into()),
        }
    }
}
