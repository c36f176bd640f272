//! The operator's folder, and files that only its owner may read.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::failure::{Failure, Refusal};

/// Where keys and node lie.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct HomeArgs {
    /// The operator's folder [default: $LYCEUM_HOME, else ~/.lyceum]
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
}

impl HomeArgs {
    /// The folder; it need not exist.
    pub fn resolve(&self) -> anyhow::Result<Home> {
        let of_env = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let found = self
            .home
            .clone()
            .or_else(|| of_env("LYCEUM_HOME"))
            .or_else(|| of_env("HOME").map(|home| home.join(".lyceum")));
        found.map(Home).ok_or_else(|| {
            let words = "neither LYCEUM_HOME nor HOME is set: name the operator's folder with --home";
            Refusal::new(Failure::Input, "home.unknown", words).into()
        })
    }
}

/// The operator's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(pub PathBuf);

impl Home {
    /// Key files.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The node's configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    /// Where the contracts of the network are.
    pub fn deployment(&self) -> PathBuf {
        self.0.join("deployment.json")
    }
}

/// A folder that only its owner may enter; one that is there stays as it is.
pub fn create_private(dir: &Path) -> anyhow::Result<()> {
    if can_be_folder(dir)? {
        return Ok(());
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.with_context(|| format!("cannot make the folder {}", dir.display()))
}

/// Whether a folder is there already. Refuses what stands in its place.
pub fn can_be_folder(dir: &Path) -> anyhow::Result<bool> {
    lyceum_files::is_folder(dir).map_err(|error| match error {
        lyceum_files::Error::Unexpected { .. } => {
            let words = format!("{error}: name another place with --home");
            Refusal::new(Failure::Input, "home.no_folder", words).into()
        }
        other => other.into(),
    })
}

/// Writes a file that only its owner may read, whole or not at all, and never over another.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = lyceum_files::create_private(path, bytes).map_err(lyceum_files::Error::into_source);
    if written.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::AlreadyExists) {
        let words = format!("{} is there already, and is never overwritten", path.display());
        return Err(Refusal::new(Failure::Input, "file.exists", words).into());
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_its_owners_alone_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        create_private(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let file = folder.join("secret");
        write_private(&file, b"one").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = write_private(&file, b"two").unwrap_err();
        assert!(refused.to_string().contains("never overwritten"), "{refused}");
        assert_eq!(fs::read(&file).unwrap(), b"one");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
    }
}
