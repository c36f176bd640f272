//! Paths as people and programs are told them: quoted in a command that is shown for copying, readable in JSON, and
//! with where a link points if nothing is there.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A word as a shell reads it back: as it is, in single quotes, or, where it holds control characters or bytes that
/// are not UTF-8, in `$'…'` (bash, zsh, ksh and POSIX of 2024).
pub fn shell_quote(word: impl AsRef<OsStr>) -> String {
    let bytes = word.as_ref().as_encoded_bytes();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(b);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && bytes.iter().all(plain) => text.to_owned(),
        Ok(text) if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => escaped(bytes),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = "$'".to_owned();
    let raw = |out: &mut String, bytes: &[u8]| bytes.iter().for_each(|b| *out += &format!(r"\x{b:02x}"));
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => raw(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        raw(&mut out, chunk.invalid());
    }
    out + "'"
}

/// A path as a shell reads it back, which no command takes for a flag.
pub fn shell_path(path: &Path) -> String {
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        return shell_quote(Path::new(".").join(path));
    }
    shell_quote(path)
}

/// A path in JSON, which holds Unicode alone: bytes of a path that are not UTF-8 are shown as U+FFFD.
pub fn json_path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What is wrong with a path that leads nowhere through a link: where the link points, and whether it looks as if a
/// disk is not mounted. Nothing if the path leads somewhere, or is no link.
pub fn dangling(path: &Path) -> Option<String> {
    let missing = |path: &Path| fs::metadata(path).is_err_and(|e| e.kind() == ErrorKind::NotFound);
    if !missing(path) {
        return None;
    }
    // The link may be the path itself or a folder on the way to it.
    let link =
        path.ancestors().find(|at| fs::symlink_metadata(at).is_ok_and(|m| m.is_symlink()) && missing(at))?;
    let mut target = link.to_path_buf();
    for _ in 0..40 {
        let Ok(to) = fs::read_link(&target) else { break };
        target = target.parent().unwrap_or(Path::new("")).join(to);
    }
    let why = match nearest(&target) {
        Some(folder) if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_none()) => {
            format!("{} is empty: is the disk that belongs there mounted?", folder.display())
        }
        Some(folder) => format!("{} is there, and nothing of that name in it", folder.display()),
        None => "nor is any folder above it".to_owned(),
    };
    Some(format!("{} is a link to {}, which does not exist; {why}", link.display(), target.display()))
}

/// The nearest folder above a path that exists.
fn nearest(path: &Path) -> Option<PathBuf> {
    let above = path.ancestors().skip(1).filter(|at| !at.as_os_str().is_empty());
    above.into_iter().find(|at| at.is_dir()).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_quoted_word_back_as_it_was() {
        let words: [&[u8]; 11] = [
            b"/home/u/node.toml",
            b"two words",
            b"it's",
            b"",
            b"~/x",
            b"a$(b)`c`\"d\"\\",
            "Gr\u{fc}n \u{1f331}".as_bytes(),
            b"line\nbreak\ttab\x1b[31m",
            b"not\xffutf8 '\\",
            b"\xffa1",
            b"*?[a]{b,c};&|<>!#",
        ];
        for word in words {
            let quoted = shell_quote(OsStr::from_bytes(word));
            assert!(!quoted.chars().any(char::is_control), "{quoted:?}");
            let out = Command::new("bash").arg("-c").arg(format!("printf %s {quoted}")).output().unwrap();
            assert_eq!(out.stdout, word, "{quoted}");
        }
        assert_eq!(shell_quote("/home/u/node.toml"), "/home/u/node.toml", "what needs no quotes has none");
        assert_eq!(shell_path(Path::new("-home")), "./-home");
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
}
