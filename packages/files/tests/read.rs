//! What is read whole is bounded and never waited for, and what hides a file is not taken for its absence.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use lyceum_files::{
    Error, PlainFile, dangling, is_folder, is_plain, is_taken, is_there, read, read_if_there, read_input,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};

fn fifo(path: PathBuf) -> PathBuf {
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

#[test]
fn a_file_is_read_up_to_its_limit_and_a_longer_one_is_refused_with_both_sizes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "12345").unwrap();
    for read in [read, read_input] {
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        let said = read(&path, 4).unwrap_err().to_string();
        assert!(said.contains("/file: ") && said.contains("5 bytes") && said.contains("at most 4"), "{said}");
    }
    // Its size is not known before it is read.
    let said = read(Path::new("/proc/self/status"), 4).unwrap_err().to_string();
    assert!(said.contains("more than 4 bytes"), "{said}");
    let link = dir.path().join("link");
    symlink("file", &link).unwrap();
    assert_eq!(read(&link, 5).unwrap(), b"12345", "links are followed");
    assert_eq!(PlainFile::open(&link).unwrap().metadata().len(), 5);
}

#[test]
fn what_is_no_plain_file_is_refused_at_once_and_told_as_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    symlink("/dev/zero", dir.path().join("zero")).unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    fifo(dir.path().join("pipe"));
    let kinds = [("pipe", "pipe"), ("zero", "character device"), ("folder", "folder"), ("socket", "socket")];
    for (name, found) in kinds {
        let path = dir.path().join(name);
        for refused in [read(&path, 9), read_input(&path, 9), read_if_there(&path, 9).map(|_| vec![])] {
            let said = refused.unwrap_err().to_string();
            assert!(said.ends_with(&format!("this is a {found}, expected a plain file")), "{said}");
        }
        assert!(is_plain(&path).is_err() && is_there(&path).unwrap() && is_taken(&path).unwrap());
        assert_eq!(is_folder(&path).is_ok(), name == "folder");
    }
}

#[test]
fn a_descriptor_is_read_to_its_end_by_whoever_asks_for_what_a_user_names() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"piped").unwrap();
    drop(writer);
    let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
    assert!(read(&path, 5).is_err(), "a file that a program keeps is none");
    assert_eq!(read_input(&path, 5).unwrap(), b"piped");
    let zero = File::open("/dev/zero").unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", zero.as_raw_fd()));
    assert!(matches!(read_input(&path, 5), Err(Error::TooLarge { found: None, most: 5, .. })));
    let folder = File::open("/").unwrap();
    assert!(read_input(&PathBuf::from(format!("/dev/fd/{}", folder.as_raw_fd())), 5).is_err());
}

#[test]
fn a_link_that_leads_nowhere_or_in_a_circle_is_not_taken_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    symlink("/no/such/disk", at("gone")).unwrap();
    symlink("circle", at("circle")).unwrap();
    for path in [at("gone"), at("gone/file")] {
        for looked in [is_there(&path), is_folder(&path), is_plain(&path)] {
            let error = looked.unwrap_err();
            assert!(error.to_string().contains("is a link to /no/such/disk"), "{error}");
            assert_ne!(
                std::io::Error::from(error).kind(),
                ErrorKind::NotFound,
                "not as if nothing was there"
            );
        }
        assert!(read_if_there(&path, 9).is_err() && read(&path, 9).is_err());
    }
    assert!(is_taken(&at("gone")).unwrap(), "nothing can be made under its name");
    assert!(is_there(&at("circle")).is_err() && read_if_there(&at("circle"), 9).is_err());
    assert!(!is_there(&at("none")).unwrap() && !is_taken(&at("none/below")).unwrap());
    assert_eq!(read_if_there(&at("none"), 9).unwrap(), None);
    fs::write(at("file"), "").unwrap();
    assert!(is_there(&at("file/below")).is_err(), "a file is no folder");
    assert!(is_plain(&at("file")).unwrap() && is_folder(dir.path()).unwrap());
}

#[test]
fn a_link_to_nothing_says_where_it_points_and_whether_a_disk_may_be_missing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("mount")).unwrap();
    symlink(at("mount/models/a"), at("one")).unwrap();
    symlink("one", at("two")).unwrap();
    for path in [at("two"), at("two/config.json")] {
        let words = dangling(&path).unwrap();
        assert!(words.contains("/two is a link to") && words.contains("mount/models/a"), "{words}");
        assert!(words.contains("mounted?"), "{words}");
    }
    fs::write(at("mount/other"), "").unwrap();
    let words = dangling(&at("one")).unwrap();
    assert!(words.contains("nothing of that name") && !words.contains("mounted?"), "{words}");
    fs::create_dir_all(at("mount/models/a")).unwrap();
    for path in ["one", "two", "none", "none/file"] {
        assert_eq!(dangling(&at(path)), None, "{path}");
    }
}
