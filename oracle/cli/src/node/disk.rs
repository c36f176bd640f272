//! How much room there is.

use std::path::Path;

/// Bytes free for us on the disk of a folder; nothing if the system does not say.
pub fn free(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_disk_of_a_folder_has_some_room_and_no_folder_has_none() {
        let dir = tempfile::tempdir().unwrap();
        assert!(super::free(dir.path()).is_some());
        assert_eq!(super::free(&dir.path().join("none")), None);
    }
}
