//! Keys: words and passphrases are seen where they should be and nowhere else.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use crate::fixture::{Operator, PASSPHRASE, text};

const WORDS: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

#[test]
fn a_key_is_made_shown_listed_and_deleted() {
    let operator = Operator::new();
    let file = operator.write("passphrase", PASSPHRASE);
    let made = operator.ok(&["keys", "add", "node", "--show-words", "--passphrase-file", &file]);
    let words = made.lines().last().unwrap();
    assert_eq!(words.split(' ').count(), 24, "{made}");
    let address = operator.ok(&["keys", "show", "node", "--address"]);
    assert!(made.contains(address.trim()) && address.starts_with("wasm1"));
    assert_eq!(operator.ok(&["keys", "show", "node", "--pubkey"]).trim().len(), 66);
    assert!(operator.ok(&["keys", "list"]).contains("node"));
    let key = operator.home().join("keys/node.age");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    // The same words bring the same account back.
    let back = operator.write("words", words);
    operator.ok(&["keys", "add", "again", "--recover", "--words-file", &back, "--passphrase-file", &file]);
    assert_eq!(operator.ok(&["keys", "show", "again", "--address"]), address);
    assert_eq!(operator.refused(&["keys", "delete", "again"]).1, "input/key.kept");
    operator.ok(&["keys", "delete", "again", "--yes"]);
    assert_eq!(operator.refused(&["keys", "show", "again"]).1, "key/key.missing");
}

#[test]
fn known_words_give_the_known_address_on_any_chain() {
    let operator = Operator::new();
    let (file, words) = (operator.write("passphrase", PASSPHRASE), operator.write("words", WORDS));
    let args = ["keys", "add", "k", "--recover", "--words-file", &words, "--passphrase-file", &file];
    operator.ok(&args);
    let address = operator.ok(&["keys", "show", "k", "--address", "--prefix", "cosmos"]);
    assert_eq!(address.trim(), "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4");
}

#[test]
fn new_words_are_not_written_where_nobody_asked_for_them() {
    let operator = Operator::new();
    let file = operator.write("passphrase", PASSPHRASE);
    let (code, kind, words) = operator.refused(&["keys", "add", "node", "--passphrase-file", &file]);
    assert_eq!((code, kind.as_str()), (3, "input/"));
    assert!(words.contains("--show-words") && words.contains("--no-words"), "{words}");
    assert!(operator.ok(&["keys", "list", "--json"]).contains("\"keys\":[]"), "nothing was made");
    let quiet = operator.ok(&["keys", "add", "node", "--no-words", "--passphrase-file", &file, "--json"]);
    assert!(!quiet.contains("words"), "{quiet}");
}

#[test]
fn passphrases_come_from_files_and_descriptors_and_never_from_arguments_or_output() {
    let operator = Operator::new();
    // A shell hands the descriptor on, as a service would.
    let file = operator.write("passphrase", PASSPHRASE);
    let program = env!("CARGO_BIN_EXE_lyceum");
    let script = format!("exec {program} keys add node --no-words --passphrase-fd 9 9<{file}");
    let out = std::process::Command::new("sh")
        .args(["-c", &script])
        .env("LYCEUM_HOME", operator.home())
        .env("LYCEUM_LOG", "trace")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(!text(&out.stderr).contains(PASSPHRASE) && !text(&out.stdout).contains(PASSPHRASE));
    let (code, kind, _) = operator.refused(&["keys", "add", "x", "--passphrase", PASSPHRASE]);
    assert_eq!((code, kind.as_str()), (2, "usage/"));
}

#[test]
fn what_cannot_be_a_key_is_refused_with_the_reason() {
    let operator = Operator::new();
    operator.key();
    let file = operator.path("passphrase");
    let short = operator.write("short", "1234567");
    let bad = operator.write("words", "abandon abandon");
    let add = |name: &str, passphrase: &str| {
        operator.refused(&["keys", "add", name, "--no-words", "--passphrase-file", passphrase])
    };
    assert_eq!(add("node", &file).1, "key/key.exists");
    assert_eq!(add("../node", &file).1, "input/key.name");
    assert_eq!(add("other", &short).1, "key/key.passphrase_short");
    assert_eq!(add("other", "/no/such/file").0, 3);
    let (code, kind, words) = operator.refused(&[
        "keys",
        "add",
        "w",
        "--recover",
        "--words-file",
        &bad,
        "--passphrase-file",
        &file,
    ]);
    assert_eq!((code, kind.as_str()), (9, "key/chain.key"));
    assert!(words.contains("2 words") && !words.contains("abandon"), "{words}");
}

/// Runs a line of a shell in the operator's folder, where `lyceum` is the program and `pw` a passphrase.
fn shell(operator: &Operator, line: &str) -> std::process::Output {
    operator.write("pw", format!("{PASSPHRASE}\n"));
    let line = line.replace("lyceum ", &format!("{} ", env!("CARGO_BIN_EXE_lyceum")));
    std::process::Command::new("bash")
        .args(["-c", &line])
        .current_dir(operator.0.path())
        .env("LYCEUM_HOME", operator.home())
        .env_remove("LYCEUM_LOG")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

fn done(operator: &Operator, line: &str) -> String {
    let out = shell(operator, line);
    assert!(out.status.success(), "{line}: {}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

#[test]
fn a_descriptor_is_read_from_where_it_stands_by_whatever_name_it_has() {
    let operator = Operator::new();
    operator.write("two", format!("first line\n{PASSPHRASE}\nsecond key's\n"));
    let add = "lyceum keys add --no-words";
    // One line is read by somebody else, then each key takes its own.
    done(
        &operator,
        &format!(
            "{{ read -r _ <&7; {add} a --passphrase-fd 7; {add} b --passphrase-file /dev/fd/7; }} 7<two"
        ),
    );
    done(&operator, &format!("{{ read -r _; {add} c --passphrase-file /dev/stdin; }} <two"));
    done(&operator, &format!("{add} d --passphrase-file <(cat pw)"));
    done(
        &operator,
        &format!("printf 'correct horse battery\\n' | {add} e --passphrase-file /proc/self/fd/0"),
    );
    operator.write("second", "second key's");
    let opens = |name: &str, file: &str| {
        // With a key that is named by its file, a dry run opens it: then the chain is what is missing.
        let key = operator.home().join(format!("keys/{name}.age"));
        let key = key.to_str().unwrap();
        let file = operator.path(file);
        let group =
            ["authority", "create-group", "--member", name, "--chain", "x-1", "--rpc", "http://127.0.0.1:1"];
        operator.refused(&[&group[..], &["--key", key, "--passphrase-file", &file]].concat()).0
    };
    for (name, file) in [("a", "pw"), ("b", "second"), ("c", "pw"), ("d", "pw"), ("e", "pw")] {
        assert_eq!(opens(name, file), 7, "{name} opens with {file}");
    }
    assert_eq!(opens("b", "pw"), 9);
}

#[test]
fn a_descriptor_that_may_not_be_opened_anew_is_read_all_the_same() {
    let operator = Operator::new();
    // The system opens no socket by its name, as it opens nothing of another user's.
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    (&ours).write_all(format!("{PASSPHRASE}\nnot read\n").as_bytes()).unwrap();
    let mut add = operator.command(&["keys", "add", "a", "--no-words", "--passphrase-file", "/dev/stdin"]);
    let out = add.stdin(std::os::fd::OwnedFd::from(theirs)).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let out = shell(&operator, "lyceum keys add b --no-words --passphrase-fd 7 --json 7<&-");
    assert_eq!(out.status.code(), Some(3));
    // The number may be free, or one that the program uses itself: neither was handed to it.
    assert!(text(&out.stdout).contains("secret.descriptor"), "{}", text(&out.stdout));
}

#[test]
fn words_may_stand_on_several_lines_with_a_mark_and_ends_of_other_systems() {
    let operator = Operator::new();
    let file = operator.write("passphrase", format!("\u{feff}{PASSPHRASE}\r\n"));
    let known = "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4";
    let twelve: Vec<&str> = WORDS.split(' ').collect();
    for (i, (ends, upper)) in [("\n", false), ("\r\n", true), ("   ", false)].into_iter().enumerate() {
        let lines = twelve.chunks(4).map(|four| four.join("  ")).collect::<Vec<_>>().join(ends);
        let lines = if upper { lines.to_uppercase() } else { lines };
        let words = operator.write("words", format!("\u{feff}\n {lines}{ends}"));
        let name = format!("k{i}");
        operator.ok(&["keys", "add", &name, "--recover", "--words-file", &words, "--passphrase-file", &file]);
        let address = operator.ok(&["keys", "show", &name, "--address", "--prefix", "cosmos"]);
        assert_eq!(address.trim(), known);
    }
    // Words and passphrase from one descriptor: an empty line is between them.
    operator.write("both", format!("{}\n\n{PASSPHRASE}\n", twelve.join("\n")));
    done(&operator, "lyceum keys add one --recover --words-file /dev/fd/5 --passphrase-fd 5 5<both");
    assert_eq!(operator.ok(&["keys", "show", "one", "--address", "--prefix", "cosmos"]).trim(), known);
}

#[test]
fn a_key_whose_words_nobody_can_see_is_not_kept() {
    let operator = Operator::new();
    for (name, to, code) in [
        ("full", ">/dev/full", 5),
        ("nowhere", ">/dev/null", 5),
        ("closed", ">&-", 5),
        ("reader", "| true", 5),
    ] {
        let line = format!("set -o pipefail; lyceum keys add {name} --show-words --passphrase-file pw {to}");
        let out = shell(&operator, &line);
        let words = text(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{name}: {words}");
        assert!(words.contains("was not kept") && words.contains("--no-words"), "{name}: {words}");
    }
    assert!(operator.ok(&["keys", "list", "--json"]).contains("\"keys\":[]"));
    assert_eq!(std::fs::read_dir(operator.home().join("keys")).unwrap().count(), 0, "nothing is left");
    done(&operator, "lyceum keys add full --show-words --passphrase-file pw | cat");
}

#[test]
fn one_bad_key_hides_no_other() {
    let operator = Operator::new();
    operator.key();
    let keys = operator.home().join("keys");
    std::fs::write(keys.join("bad.age"), "x").unwrap();
    std::fs::write(keys.join("bad.json"), "{}").unwrap();
    std::fs::write(keys.join("half.age"), "x").unwrap();
    let out = operator.run(&["keys", "list"]);
    assert!(out.status.success() && text(&out.stdout).contains("node"));
    assert!(text(&out.stderr).contains("key bad cannot be read") && text(&out.stderr).contains("key half"));
    let listed: serde_json::Value = serde_json::from_str(&operator.ok(&["keys", "list", "--json"])).unwrap();
    assert_eq!(
        (listed["keys"][0]["name"].as_str(), listed["unreadable"].as_array().unwrap().len()),
        (Some("node"), 2)
    );
    let words = operator.refused(&["keys", "show", "nope"]).2;
    assert!(words.contains("node") && words.contains("bad, which cannot be read"), "{words}");
    assert_eq!(operator.refused(&["keys", "show", "half"]).1, "key/key.unfit");
    operator.ok(&["keys", "delete", "bad", "--yes"]);
    // A folder that cannot be read is not an empty one, nor is one on a disk that is not mounted.
    std::fs::rename(&keys, operator.path("moved")).unwrap();
    std::os::unix::fs::symlink("/no/such/disk", &keys).unwrap();
    for args in [&["keys", "list"][..], &["keys", "show", "node"], &["keys", "add", "k", "--no-words"]] {
        let (code, kind, words) = operator.refused(args);
        assert_eq!((code, kind.as_str()), (3, "input/file.dangling"), "{words}");
        assert!(words.contains("/no/such/disk"), "{words}");
    }
    std::fs::remove_file(&keys).unwrap();
    std::fs::write(&keys, "no folder").unwrap();
    for args in [&["keys", "list"][..], &["keys", "show", "node"]] {
        let (code, _, words) = operator.refused(args);
        assert_eq!(code, 3, "{words}");
        assert!(!words.contains("none") && words.contains("expected a folder"), "{words}");
    }
}

#[test]
fn half_a_key_is_shown_for_what_it_is_deleted_and_added_again() {
    let operator = Operator::new();
    operator.key();
    let (file, keys) = (operator.path("passphrase"), operator.home().join("keys"));
    let add = ["keys", "add", "half", "--no-words", "--passphrase-file", &file];
    for lost in ["half.age", "half.json"] {
        operator.ok(&add);
        std::fs::remove_file(keys.join(lost)).unwrap();
        let out = operator.run(&["keys", "list"]);
        assert!(out.status.success() && text(&out.stderr).contains("half"), "{}", text(&out.stderr));
        let said = operator.refused(&add);
        assert_eq!(said.0, 9, "{said:?}");
        let (code, _, words) = operator.refused(&["keys", "show", "half"]);
        assert_eq!(code, 9);
        assert!(words.contains(lost) || words.contains("public half is missing"), "{words}");
        assert!(words.contains("keys delete half"), "{words}");
        operator.ok(&["keys", "delete", "half", "--yes"]);
        assert_eq!(operator.refused(&["keys", "delete", "half", "--yes"]).1, "key/key.missing");
    }
    operator.ok(&add);
}

#[test]
fn a_passphrase_and_words_come_through_pipes_of_a_shell() {
    let operator = Operator::new();
    operator.write("words", format!("{WORDS}\n"));
    done(&operator, "cat pw | lyceum keys add a --no-words --passphrase-file /dev/stdin");
    done(&operator, "lyceum keys add b --recover --words-file <(cat words) --passphrase-file <(cat pw)");
    done(&operator, "cat words | lyceum keys add c --recover --passphrase-fd 3 3<pw");
    let same = operator.ok(&["keys", "show", "b", "--address"]);
    assert_eq!(operator.ok(&["keys", "show", "c", "--address"]), same);
    // A pipe that has a name may have nobody who writes to it.
    done(&operator, "mkfifo pipe");
    let pipe = operator.path("pipe");
    let (code, kind, words) =
        operator.refused(&["keys", "add", "d", "--no-words", "--passphrase-file", &pipe]);
    assert_eq!((code, kind.as_str()), (3, "input/file.kind"), "{words}");
}

/// Takes the place of a file system without hard links.
const NO_LINKS: &str = "#include <errno.h>\n\
    int link(const char *a, const char *b) { errno = EPERM; return -1; }\n\
    int linkat(int a, const char *b, int c, const char *d, int e) { errno = EPERM; return -1; }\n";

#[test]
fn keys_and_secrets_are_made_where_there_are_no_hard_links() {
    let operator = Operator::new();
    operator.write("no_links.c", NO_LINKS);
    done(&operator, "cc -shared -fPIC -o no_links.so no_links.c");
    operator.deployment("lyceum-1", "wasm");
    let lyceum = "LD_PRELOAD=./no_links.so lyceum ";
    done(&operator, &format!("{lyceum} keys add k --no-words --passphrase-file pw"));
    done(&operator, &format!("{lyceum} init --network deployment.json --rpc http://127.0.0.1:1"));
    done(&operator, &format!("{lyceum} beacon --key beacon.key --describe"));
    for made in ["keys/k.age", "keys/k.json", "peer.key", "node.secret", "node.toml"] {
        let path = operator.home().join(made);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{made}");
    }
    assert_eq!(operator.refused(&["keys", "add", "k", "--no-words"]).1, "key/key.exists");
}
