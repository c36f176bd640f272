//! Errors as users meet them: a stable code, an exit status, and a sentence that says what to do.

use std::process::ExitCode;

use lyceum_agent::AgentError;
use lyceum_chain::ChainError;
use lyceum_learn::LearnError;
use lyceum_net::NetError;
use lyceum_serve::ServeError;
use lyceum_store::StoreError;
use lyceum_tensorblock::FileError;

use crate::contract_cli::plain;
use crate::output::Lost;
use crate::terminal::printable_line;

/// The table of exit codes, shown at the end of `--help`.
pub const EXIT_CODES: &str = "Exit codes:
  0    done
  1    something inside went wrong (code internal)
  2    the command line was wrong
  3    input was missing, unreadable, unfit or out of bounds (code input)
  4    a tensor block or model was malformed (code format)
  5    the disk is full or refused, or the output cannot be written (code disk)
  6    the GPU asked for is not there (code device)
  7    no endpoint of the chain or the beacon answers so that it can be used, two disagree, or a transaction came too late (code unreachable)
  8    the chain or a contract refused; its own words are in the message (code refused)
  9    a key or passphrase is missing or wrong (code key)
  10   the account does not hold what this costs (code funds)
  11   the transaction needs more gas than the ceiling allows (code gas)
  12   chain id, prefix, contract or deployment file belong to another network (code network)
  13   the configuration is wrong; the message names file, line and key (code config)
  14   a port, folder or store is in use by another process (code busy)
  15   the demo ran to its end, but no claim was accepted; the report says why (code unsettled)
  16   another process runs with this node's keys, and this one is the younger (code twin)
  130  stopped by Ctrl-C or SIGTERM; the message says what was sent (code interrupted)";

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
    /// The chain does not answer.
    Unreachable,
    /// The chain, or a contract, said no.
    Refused,
    /// A key or its passphrase.
    Key,
    /// Too little money.
    Funds,
    /// Too much gas.
    Gas,
    /// Something of another network.
    Network,
    /// node.toml.
    Config,
    /// Somebody else has it.
    Busy,
    /// A demo that proved nothing.
    Unsettled,
    /// Another process has the node's keys.
    Twin,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

/// A refusal by a command itself: its kind, a stable code finer than the kind's, and the sentence that says what
/// was found, what would do, and how to get there.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Refusal {
    kind: Failure,
    code: &'static str,
    words: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(kind: Failure, code: &'static str, words: impl Into<String>) -> Self {
        Self { kind, code, words: words.into() }
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.code
    }
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
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return Some(refusal.kind);
        }
        if Lost::of_cause(cause).is_some() {
            return Some(Self::Disk);
        }
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
        if let Some(error) = cause.downcast_ref::<ChainError>() {
            return of_chain(error);
        }
        if let Some(error) = cause.downcast_ref::<ServeError>() {
            return Some(match error {
                ServeError::InUse { .. } => Self::Busy,
                ServeError::Unusable { .. } => Self::Config,
                ServeError::Listen { .. } => return None,
            });
        }
        if let Some(error) = cause.downcast_ref::<NetError>() {
            return Some(match error {
                NetError::InUse { .. } => Self::Busy,
                NetError::Unusable { .. } => Self::Config,
                NetError::KeyFile { .. } | NetError::Address { .. } | NetError::Key => Self::Input,
                _ => return None,
            });
        }
        match cause.downcast_ref::<AgentError>() {
            Some(AgentError::DiskFull { .. }) => return Some(Self::Disk),
            Some(AgentError::Journal { .. }) => return Some(Self::Input),
            _ => {}
        }
        if let Some(StoreError::InUse { .. }) = cause.downcast_ref::<StoreError>() {
            return Some(Self::Busy);
        }
        if let Some(error) = cause.downcast_ref::<LearnError>() {
            return Some(match error {
                LearnError::NoCuda | LearnError::NoSuchCuda { .. } | LearnError::Device(_) => Self::Device,
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
        if let Some(error) = cause.downcast_ref::<lyceum_files::Error>() {
            use lyceum_files::Error::{Dangling, TooLarge, Unexpected};
            // All others have a cause of the system's.
            return matches!(error, Dangling { .. } | TooLarge { .. } | Unexpected { .. })
                .then_some(Self::Input);
        }
        let io = cause.downcast_ref::<std::io::Error>()?;
        if io.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) {
            return Some(Self::Disk);
        }
        Some(match io.kind() {
            std::io::ErrorKind::StorageFull
            | std::io::ErrorKind::QuotaExceeded
            | std::io::ErrorKind::FileTooLarge
            | std::io::ErrorKind::ReadOnlyFilesystem => Self::Disk,
            std::io::ErrorKind::NotFound
            | std::io::ErrorKind::PermissionDenied
            | std::io::ErrorKind::NotADirectory
            | std::io::ErrorKind::IsADirectory
            | std::io::ErrorKind::InvalidFilename => Self::Input,
            // Of this program or its library, not of the system: what stands there, its length, or its name does not fit.
            std::io::ErrorKind::InvalidInput if io.raw_os_error().is_none() => Self::Input,
            // Another file system is mounted there, or a program runs from it.
            std::io::ErrorKind::ResourceBusy | std::io::ErrorKind::ExecutableFileBusy => Self::Busy,
            // Links that lead in a circle; the kind of it is not stable yet.
            _ if io.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => Self::Input,
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
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Key => "key",
            Self::Funds => "funds",
            Self::Gas => "gas",
            Self::Network => "network",
            Self::Config => "config",
            Self::Busy => "busy",
            Self::Unsettled => "unsettled",
            Self::Twin => "twin",
            Self::Interrupted => "interrupted",
        }
    }

    /// The exit status, of the table in [`EXIT_CODES`].
    pub fn exit(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Input => 3,
            Self::Format => 4,
            Self::Disk => 5,
            Self::Device => 6,
            Self::Unreachable => 7,
            Self::Refused => 8,
            Self::Key => 9,
            Self::Funds => 10,
            Self::Gas => 11,
            Self::Network => 12,
            Self::Config => 13,
            Self::Busy => 14,
            Self::Unsettled => 15,
            Self::Twin => 16,
            Self::Interrupted => 130,
        }
    }

    /// Tells the user and gives the exit code.
    pub fn print(self, error: &anyhow::Error, json: bool) -> ExitCode {
        let message = words(error);
        if json {
            let detail = error.chain().filter_map(detail).last();
            let error = serde_json::json!({ "code": self.code(), "detail": detail, "message": message });
            if outln!("{}", serde_json::json!({ "error": error })).is_err() {
                noteln!("lyceum: {message}");
            }
        } else {
            noteln!("lyceum: {message}");
        }
        ExitCode::from(self.exit())
    }
}

/// The kind of a chain's error.
fn of_chain(error: &ChainError) -> Option<Failure> {
    Some(match error {
        // What a contract never says is an endpoint's.
        ChainError::Json(_)
        | ChainError::Unreachable { .. }
        | ChainError::Unusable { .. }
        | ChainError::Disagree { .. }
        | ChainError::NotIncluded { .. }
        | ChainError::Undecided { .. } => Failure::Unreachable,
        ChainError::Refused { .. } | ChainError::Query { .. } | ChainError::NotTaken { .. } => {
            Failure::Refused
        }
        ChainError::GasAboveCeiling { .. } | ChainError::OutOfGas { .. } | ChainError::FeeTooLow { .. } => {
            Failure::Gas
        }
        ChainError::InsufficientFunds { .. } => Failure::Funds,
        ChainError::WrongChain { .. }
        | ChainError::OtherDeployment { .. }
        | ChainError::Prefix { .. }
        | ChainError::UnknownContract { .. }
        | ChainError::OtherContract { .. } => Failure::Network,
        ChainError::Key(_) | ChainError::KeyFile { .. } | ChainError::Passphrase { .. } => Failure::Key,
        ChainError::Deployment { .. }
        | ChainError::Setting { .. }
        | ChainError::Address { .. }
        | ChainError::TooLarge { .. }
        | ChainError::StateGone { .. }
        | ChainError::Pruned { .. } => Failure::Input,
        _ => return None,
    })
}

/// The finer code of a cause, where it has one.
fn detail(cause: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if let Some(refusal) = cause.downcast_ref::<Refusal>() {
        return Some(refusal.code);
    }
    if let Some(error) = cause.downcast_ref::<ChainError>() {
        return Some(error.code());
    }
    if let Some(error) = cause.downcast_ref::<AgentError>() {
        return Some(error.code());
    }
    if let Some(error) = cause.downcast_ref::<ServeError>() {
        return Some(error.code());
    }
    if let Some(error) = cause.downcast_ref::<NetError>() {
        return Some(error.code());
    }
    if let Some(error) = cause.downcast_ref::<lyceum_files::Error>() {
        return match error {
            lyceum_files::Error::Dangling { .. } => Some("file.dangling"),
            lyceum_files::Error::Unexpected { .. } => Some("file.kind"),
            lyceum_files::Error::TooLarge { .. } => Some("file.too_large"),
            _ => None,
        };
    }
    cause.downcast_ref::<LearnError>().map(LearnError::code)
}

/// An error with its causes, each said once: what a cause adds to a sentence that already holds it is nothing. What
/// they repeat of a chain, a peer or a file cannot begin a line of its own.
pub fn words(error: &anyhow::Error) -> String {
    let mut out = String::new();
    for cause in error.chain() {
        let said = match cause.downcast_ref::<ChainError>() {
            // What a contract says is no sentence for people yet.
            Some(ChainError::Refused { .. } | ChainError::Query { .. }) => plain(&cause.to_string()),
            _ => cause.to_string(),
        };
        if out.is_empty() {
            out = said;
        } else if !out.contains(&said) {
            out.push_str(": ");
            out.push_str(&said);
        }
    }
    printable_line(&out).into_owned()
}

/// A command line that makes no sense, as clap says it; help and version are no errors and end well.
pub fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let text = error.to_string();
        let message = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
        let error = serde_json::json!({ "code": "usage", "detail": null, "message": message });
        // The exit status says it too.
        let _ = outln!("{}", serde_json::json!({ "error": error }));
    } else if let Err(lost) = error.print()
        && !error.use_stderr()
        && lost.kind() != std::io::ErrorKind::BrokenPipe
    {
        noteln!("lyceum: the output cannot be written: {lost}");
        return ExitCode::from(Failure::Disk.exit());
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
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
        let loops = std::io::Error::from_raw_os_error(rustix::io::Errno::LOOP.raw_os_error());
        assert_eq!(Failure::of(&loops.into()), Failure::Input);
        assert_eq!(Failure::of(&ChainError::Json("no".into()).into()), Failure::Unreachable);
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
    fn what_an_error_repeats_from_outside_begins_no_line() {
        let said = ChainError::Refused { words: "no\nlyceum: sent\u{1b}[2J".to_owned() };
        let error = Err::<(), _>(said).context("file a\nb").unwrap_err();
        assert_eq!(words(&error), "file a\\nb: refused: no\\nlyceum: sent\\u001b[2J");
    }

    #[test]
    fn every_kind_stands_in_the_table() {
        use Failure::*;
        for kind in [
            Internal,
            Input,
            Format,
            Disk,
            Device,
            Unreachable,
            Refused,
            Key,
            Funds,
            Gas,
            Network,
            Config,
            Busy,
            Unsettled,
            Twin,
            Interrupted,
        ] {
            let row = EXIT_CODES.lines().find(|l| l.contains(&format!("code {}", kind.code())));
            assert!(row.is_some_and(|r| r.trim_start().starts_with(&kind.exit().to_string())), "{kind:?}");
        }
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let io = std::io::Error::other("no luck");
        let store = StoreError::Io { path: "p".into(), source: io };
        let error = anyhow::Error::from(store).context("opening");
        assert_eq!(words(&error), "opening: p: no luck");
    }

    #[test]
    fn a_refusal_brings_its_kind_and_code() {
        let error = anyhow::Error::from(Refusal::new(Failure::Key, "key.missing", "none")).context("x");
        assert_eq!(Failure::of(&error), Failure::Key);
        assert_eq!(error.chain().filter_map(detail).last(), Some("key.missing"));
    }
}
