//! Paths as people and programs are told them: quoted in a command that is shown for copying, and readable in JSON.

use std::ffi::OsStr;
use std::path::Path;

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

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
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
}
