//! Files that record what was done on chain: whether one can be written is asked before anything is done or paid for.

use std::path::Path;

use anyhow::Context;
use lyceum_chain::Deployment;

/// Fails as writing `path` would: no such folder, no right to it, no room.
pub fn check(path: &Path) -> anyhow::Result<()> {
    let could = lyceum_files::check(path);
    could.with_context(|| format!("{} cannot be written, so nothing was begun", path.display()))
}

/// Writes a deployment file, whole or not at all; what was there is replaced.
pub fn save(deployment: &Deployment, path: &Path) -> anyhow::Result<()> {
    let text = deployment.text(path)?;
    lyceum_files::replace(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn a_file_that_could_not_be_written_is_refused_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        check(&folder.path().join("deployment.json")).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for path in ["no/such/folder.json", ""] {
            let error = check(&folder.path().join(path)).unwrap_err();
            assert!(format!("{error:#}").contains(path), "{error:#}");
            assert_eq!(Failure::of(&error), Failure::Input, "{error:#}");
        }
    }
}
