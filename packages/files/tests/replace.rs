//! Files and folders that are replaced: what stays, what is refused, and what nothing is left of.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use lyceum_files::{Error, Output, Replacement, check, replace, replace_folder};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn kind(error: Error) -> ErrorKind {
    std::io::Error::from(error).kind()
}

fn fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

#[test]
fn a_file_is_new_when_it_is_committed_and_as_it_was_when_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    replace(&path, b"first").unwrap();
    let mut half = Replacement::begin(&path).unwrap();
    half.write_all(b"sec").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"first");
    drop(half);
    assert_eq!(fs::read(&path).unwrap(), b"first");
    replace(&path, b"second").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_eq!(names(dir.path()), ["file"]);
}

#[test]
fn the_longest_name_a_file_can_have_can_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("n".repeat(255));
    replace(&path, b"x").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"x");
}

#[test]
fn a_mode_stays_and_a_private_file_is_private_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "first").unwrap();
    for mode in [0o600, 0o640, 0o755] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let file = Replacement::begin(&path).unwrap();
        for name in names(dir.path()) {
            let now = fs::metadata(dir.path().join(name)).unwrap().mode() & 0o777;
            assert_eq!(now & !mode, 0, "{now:o} is wider than {mode:o}");
        }
        file.commit().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
    }
}

#[test]
fn links_are_followed_and_stay() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("far")).unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("far/two"));
    symlink("far/two", &one).unwrap();
    symlink("../three", &two).unwrap();
    let three = dir.path().join("three");
    // First the link leads to nothing, then to a file.
    for text in ["first", "second"] {
        replace(&one, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&three).unwrap(), text);
        assert!(fs::symlink_metadata(&one).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&two).unwrap().is_symlink());
    }
    assert_eq!(names(&dir.path().join("far")), ["two"]);
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    symlink(&a, &b).unwrap();
    symlink(&b, &a).unwrap();
    assert_eq!(kind(replace(&a, b"x").unwrap_err()), ErrorKind::NotFound);
    assert!(fs::symlink_metadata(&a).unwrap().is_symlink());
}

#[test]
fn refusals_keep_the_reason_of_the_operating_system_and_name_the_file_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("plain"), "x").unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    for (path, expected) in [
        ("folder", ErrorKind::IsADirectory),
        ("none/file", ErrorKind::NotFound),
        ("plain/file", ErrorKind::NotADirectory),
        ("plain/", ErrorKind::NotADirectory),
    ] {
        let path = dir.path().join(path);
        for error in [
            replace(&path, b"y").unwrap_err(),
            check(&path).unwrap_err(),
            Output::create(&path).map(drop).unwrap_err(),
        ] {
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            assert_eq!(kind(error), expected, "{}", path.display());
        }
    }
    assert_eq!(names(dir.path()), ["folder", "plain"]);
}

/// Whether permissions bind this process: they do not bind root.
fn bound(folder: &Path) -> bool {
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o400)).unwrap();
    let bound = fs::OpenOptions::new().write(true).open(&probe).is_err();
    fs::remove_file(&probe).unwrap();
    bound
}

#[test]
fn a_file_or_folder_that_may_not_be_written_is_refused() {
    const NAME: &str = "a_file_or_folder_that_may_not_be_written_is_refused";
    const NOBODY: u32 = 65_534;
    let dir = tempfile::tempdir().unwrap();
    if !bound(dir.path()) {
        // The same test again, as a user whom permissions bind, from where that user may run it.
        let test = dir.path().join("test");
        fs::copy(std::env::current_exe().unwrap(), &test).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = std::process::Command::new(&test);
        command.args(["--exact", NAME]).uid(NOBODY).gid(NOBODY).current_dir(dir.path());
        let out = command.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
        assert!(String::from_utf8_lossy(&out.stdout).contains("1 passed"));
        return;
    }
    let path = dir.path().join("file");
    fs::write(&path, "first").unwrap();
    for (mode, of_folder) in [(0o444, 0o700), (0o644, 0o500)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(of_folder)).unwrap();
        for error in [replace(&path, b"x").unwrap_err(), check(&path).unwrap_err()] {
            assert_eq!(kind(error), ErrorKind::PermissionDenied, "{mode:o} {of_folder:o}");
        }
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "first");
}

#[test]
fn a_pipe_or_device_is_never_replaced_and_written_into_only_where_a_user_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    fifo(&pipe);
    let link = dir.path().join("link");
    symlink("/dev/null", &link).unwrap();
    for path in [&pipe, &link, &PathBuf::from("/dev/null")] {
        assert!(matches!(replace(path, b"x"), Err(Error::Unexpected { .. })), "{}", path.display());
        assert!(matches!(check(path), Err(Error::Unexpected { .. })));
    }
    let at = pipe.clone();
    let reader = std::thread::spawn(move || fs::read(at).unwrap());
    let mut out = Output::create(&pipe).unwrap();
    assert!(!out.is_plain());
    out.write_all(b"through").unwrap();
    out.commit().unwrap();
    assert_eq!(reader.join().unwrap(), b"through");
    let mut out = Output::create(&link).unwrap();
    out.write_all(b"nowhere").unwrap();
    out.commit().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    assert_eq!(names(dir.path()), ["link", "pipe"]);
}

#[test]
fn a_device_without_room_is_a_full_disk() {
    let mut out = Output::create(Path::new("/dev/full")).unwrap();
    assert_eq!(out.write_all(b"x").unwrap_err().kind(), ErrorKind::StorageFull);
}

#[test]
fn an_open_descriptor_is_written_from_where_it_stands() {
    use std::os::fd::AsRawFd;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let mut open = fs::OpenOptions::new().create(true).append(true).read(true).open(&path).unwrap();
    open.write_all(b"before ").unwrap();
    let descriptor = format!("/dev/fd/{}", open.as_raw_fd());
    let mut out = Output::create(Path::new(&descriptor)).unwrap();
    out.write_all(b"after").unwrap();
    out.commit().unwrap();
    let mut text = String::new();
    fs::File::open(&path).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "before after");
    assert!(matches!(replace(Path::new(&descriptor), b"x"), Err(Error::Unexpected { .. })));
}

#[test]
fn what_can_be_written_is_checked_without_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    check(&path).unwrap();
    assert!(names(dir.path()).is_empty());
    fs::write(&path, "first").unwrap();
    check(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "first");
}

fn ours(name: &OsStr) -> bool {
    name.to_str().is_some_and(|n| n.starts_with("part"))
}

fn fill(names: &'static [&'static str]) -> impl FnOnce(&Path) -> Result<(), Error> {
    move |at| names.iter().try_for_each(|name| replace(&at.join(name), name.as_bytes()))
}

#[test]
fn a_folder_is_replaced_with_its_parts_and_keeps_what_is_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("folder");
    replace_folder(&path, ours, fill(&["part-1", "part-2"])).unwrap();
    assert_eq!(names(&path), ["part-1", "part-2"]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
    fs::write(path.join("notes"), "mine").unwrap();
    let link = dir.path().join("link");
    symlink("folder", &link).unwrap();
    replace_folder(&link, ours, fill(&["part-3"])).unwrap();
    assert_eq!(names(&path), ["notes", "part-3"]);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o750);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(dir.path()), ["folder", "link"]);
}

#[test]
fn a_folder_that_could_not_be_filled_is_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("folder");
    replace_folder(&path, ours, fill(&["part-1"])).unwrap();
    let failed = replace_folder(&path, ours, |at| {
        replace(&at.join("part-2"), b"x")?;
        replace(&at.join("none/part-3"), b"x")
    });
    assert_eq!(kind(failed.unwrap_err()), ErrorKind::NotFound);
    assert_eq!(names(&path), ["part-1"]);
    fs::write(dir.path().join("plain"), "x").unwrap();
    let plain = replace_folder(&dir.path().join("plain"), ours, fill(&["part-1"]));
    assert_eq!(kind(plain.unwrap_err()), ErrorKind::NotADirectory);
    assert_eq!(names(dir.path()), ["folder", "plain"]);
}
