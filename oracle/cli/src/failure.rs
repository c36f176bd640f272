//! Errors as users meet them: a stable code, an exit status, and a sentence that says what to do.

use std::process::ExitCode;

use lyceum_learn::LearnError;
use lyceum_store::StoreError;
use lyceum_tensorblock::FileError;

/// The table of exit codes, shown at the end of `--help`.
pub const EXIT_CODES: &str = "Exit codes:
  0    done
  1    something inside went wrong (code internal)
  2    the command line was wrong
  3    input was missing, unreadable, unfit or out of bounds (code input)
  4    a tensor block or model was malformed (code format)
  5    the disk is full or refused (code disk)
  6    the GPU asked for is not there (code device)
  130  stopped by Ctrl-C (code interrupted)";

/// What kind of error ended the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing the user did.
    Internal,
    /// Unfit input.
    Input,
    /// A malformed block or model.
    Format,
    /// The disk.
    Disk,
    /// The device.
    Device,
    /// Ctrl-C.
    Interrupted,
}

/// Input that cannot be used; the sentence says which and what would do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadInput(pub String);

/// The disk filled up while nodes worked.
#[derive(Debug, thiserror::Error)]
#[error("{0}; nothing half-done was left behind: make room, or name another folder with --out")]
pub struct DiskFull(pub String);

/// How every crate below says that the disk is full; what a node's worker says comes as words.
pub const DISK_FULL: &str = "the disk is full";

/// The user pressed Ctrl-C.
#[derive(Debug, thiserror::Error)]
#[error("stopped; nothing half-done was left behind, and a second run begins afresh")]
pub struct Interrupted;

impl Failure {
    /// The kind of an error, by the innermost cause that has one.
    pub fn of(error: &anyhow::Error) -> Self {
        error.chain().filter_map(Self::of_cause).last().unwrap_or(Self::Internal)
    }

    fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if cause.is::<BadInput>() {
            return Some(Self::Input);
        }
        if cause.is::<Interrupted>() {
            return Some(Self::Interrupted);
        }
        if cause.is::<DiskFull>() {
            return Some(Self::Disk);
        }
        if let Some(StoreError::DiskFull { .. }) = cause.downcast_ref::<StoreError>() {
            return Some(Self::Disk);
        }
        if let Some(error) = cause.downcast_ref::<LearnError>() {
            return Some(match error {
                LearnError::NoCuda | LearnError::Device(_) => Self::Device,
                LearnError::Config { .. }
                | LearnError::Block(_)
                | LearnError::Json(_)
                | LearnError::Tensor { .. }
                | LearnError::Shape { .. }
                | LearnError::NotFinite { .. } => Self::Format,
                _ => return None,
            });
        }
        if let Some(error) = cause.downcast_ref::<FileError>() {
            return Some(match error {
                FileError::DiskFull { .. } => Self::Disk,
                FileError::Io { .. } | FileError::NotAFile { .. } => Self::Input,
                _ => Self::Format,
            });
        }
        let io = cause.downcast_ref::<std::io::Error>()?;
        Some(match io.kind() {
            std::io::ErrorKind::StorageFull
            | std::io::ErrorKind::QuotaExceeded
            | std::io::ErrorKind::ReadOnlyFilesystem => Self::Disk,
            std::io::ErrorKind::NotFound
            | std::io::ErrorKind::PermissionDenied
            | std::io::ErrorKind::NotADirectory
            | std::io::ErrorKind::IsADirectory => Self::Input,
            _ => return None,
        })
    }

    /// The stable code shown in `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Input => "input",
            Self::Format => "format",
            Self::Disk => "disk",
            Self::Device => "device",
            Self::Interrupted => "interrupted",
        }
    }

    fn exit(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Input => 3,
            Self::Format => 4,
            Self::Disk => 5,
            Self::Device => 6,
            Self::Interrupted => 130,
        }
    }

    /// Tells the user and gives the exit code.
    pub fn print(self, error: &anyhow::Error, json: bool) -> ExitCode {
        if json {
            println!(
                "{}",
                serde_json::json!({ "error": { "code": self.code(), "message": format!("{error:#}") } })
            );
        } else {
            eprintln!("lyceum: {error:#}");
        }
        ExitCode::from(self.exit())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_innermost_known_cause_decides() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = Err::<(), _>(full).context("writing").unwrap_err();
        assert_eq!(Failure::of(&error), Failure::Disk);
        assert_eq!(Failure::of(&anyhow::anyhow!("other")), Failure::Internal);
        assert_eq!(Failure::of(&LearnError::NoCuda.into()), Failure::Device);
    }

    #[test]
    fn a_full_disk_is_told_in_the_same_words_everywhere() {
        let path = std::path::PathBuf::from("x");
        let store = StoreError::DiskFull { path: path.clone() };
        assert!(store.to_string().contains(DISK_FULL));
        assert!(FileError::DiskFull { path }.to_string().contains(DISK_FULL));
        assert_eq!(Failure::of(&store.into()), Failure::Disk);
        assert_eq!(Failure::of(&DiskFull(DISK_FULL.to_owned()).into()), Failure::Disk);
    }

    #[test]
    fn every_kind_stands_in_the_table() {
        use Failure::*;
        for kind in [Internal, Input, Format, Disk, Device, Interrupted] {
            let row = EXIT_CODES.lines().find(|l| l.contains(&format!("code {}", kind.code())));
            assert!(row.is_some_and(|r| r.trim_start().starts_with(&kind.exit().to_string())), "{kind:?}");
        }
    }
}
