//! Whether a file can be written where it shall be, asked before anything is done or paid for that it is to record.

use std::path::Path;

use anyhow::Context;

/// More than any such file has.
const PROBE: usize = 64 * 1024;

/// Fails as writing `path` would: no such folder, no right to it, no room.
pub fn check(path: &Path) -> anyhow::Result<()> {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(format!(".{}.probe", std::process::id()));
    let probe = path.with_file_name(name);
    let written = std::fs::write(&probe, [0; PROBE]);
    // It may be there in part; that it cannot be removed adds nothing.
    let _ = std::fs::remove_file(&probe);
    written.with_context(|| format!("{} cannot be written, so nothing was begun", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_could_not_be_written_is_refused_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        check(&folder.path().join("deployment.json")).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let words = format!("{:#}", check(&folder.path().join("no/such/folder.json")).unwrap_err());
        assert!(words.contains("no/such/folder.json") && words.contains("No such file"), "{words}");
    }
}
