//! Model folders and exports as users meet them: what is written, what is refused, with which exit code.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lyceum_learn::{Hash32, Model, ModelConfig, Target, block};

fn lyceum(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lyceum")).args(args).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A refusal: its exit code, and its sentence.
fn refused(args: &[&str]) -> (i32, String) {
    let out = lyceum(args);
    assert!(!out.status.success(), "{args:?} was not refused");
    (out.status.code().expect("it ends by itself"), text(&out.stderr))
}

struct Folder {
    dir: tempfile::TempDir,
    model: Model,
}

impl Folder {
    /// A model folder with a base and one expert's block, listed.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let model = Model::init(ModelConfig::tiny(), &Hash32([1; 32]), tch::Device::Cpu).unwrap();
        let folder = Self { dir, model };
        folder.put("config.json", &serde_json::to_vec(folder.model.config()).unwrap());
        folder.put("base.tblock", &folder.model.to_block().unwrap());
        folder.put("expert-1.tblock", &folder.expert());
        folder.put("blocks.json", br#"{"experts":[1]}"#);
        folder
    }

    fn expert(&self) -> Vec<u8> {
        block::write(&self.model.export(Target::Expert { index: 1 }).unwrap()).unwrap()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.at(name), bytes).unwrap();
    }

    fn path(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    fn generate(&self) -> Output {
        lyceum(&["generate", self.path(), "--prompt", "ab", "--bytes", "4"])
    }

    fn refused(&self) -> (i32, String) {
        refused(&["generate", self.path(), "--prompt", "ab", "--bytes", "4"])
    }
}

#[test]
fn an_expert_that_is_missing_surplus_or_out_of_range_is_refused_by_its_file() {
    let folder = Folder::new();
    assert!(folder.generate().status.success());
    fs::rename(folder.at("expert-1.tblock"), folder.at("away")).unwrap();
    let (code, words) = folder.refused();
    assert_eq!(code, 4);
    assert!(words.contains("expert-1.tblock is missing"), "{words}");
    assert!(lyceum(&["generate", folder.path(), "--bytes", "4", "--base"]).status.success());
    fs::rename(folder.at("away"), folder.at("expert-1.tblock")).unwrap();
    for surplus in
        ["expert-0.tblock", "expert-2.tblock", "expert-01.tblock", "expert-9.tblock", "expert-x.tblock"]
    {
        folder.put(surplus, &folder.expert());
        let (code, words) = folder.refused();
        assert_eq!(code, 4, "{words}");
        assert!(words.contains(surplus), "{words}");
        fs::remove_file(folder.at(surplus)).unwrap();
    }
    folder.put("notes-of-mine.txt", b"kept");
    assert!(folder.generate().status.success(), "other files are nobody's business");
    folder.put("blocks.json", br#"{"experts":"all"}"#);
    let (code, words) = folder.refused();
    assert_eq!(code, 4);
    assert!(words.contains("blocks.json"), "{words}");
    fs::remove_file(folder.at("blocks.json")).unwrap();
    assert!(folder.generate().status.success(), "without a list, what lies there is used");
}

#[test]
fn a_link_to_nothing_is_told_from_a_file_that_is_missing() {
    let folder = Folder::new();
    let disk = tempfile::tempdir().unwrap();
    for name in ["expert-1.tblock", "base.tblock", "config.json", "blocks.json"] {
        let kept = fs::read(folder.at(name)).unwrap();
        fs::remove_file(folder.at(name)).unwrap();
        symlink(disk.path().join(name), folder.at(name)).unwrap();
        let (code, words) = folder.refused();
        assert_eq!(code, 3, "{words}");
        assert!(words.contains(name) && words.contains("is a link to"), "{words}");
        assert!(words.contains("mounted?"), "{words}");
        fs::remove_file(folder.at(name)).unwrap();
        if name != "blocks.json" {
            let (_, words) = folder.refused();
            assert!(words.contains(name) && !words.contains("is a link"), "{words}");
        }
        folder.put(name, &kept);
    }
    let link = disk.path().join("model");
    symlink(disk.path().join("elsewhere/model"), &link).unwrap();
    for args in [vec!["generate", link.to_str().unwrap()], vec!["inspect", link.to_str().unwrap()]] {
        let (code, words) = refused(&args);
        assert_eq!(code, 3);
        assert!(words.contains("is a link to") && words.contains("elsewhere/model"), "{words}");
    }
}

#[test]
fn a_key_of_the_configuration_that_is_not_understood_ends_with_4_and_its_name() {
    let folder = Folder::new();
    for (key, value) in [
        ("rope_scaling", serde_json::json!({"type": "linear", "factor": 4.0})),
        ("partial_rotary_factor", serde_json::json!(0.5)),
        ("attention_bias", serde_json::json!(true)),
        ("no_such_key", serde_json::json!(1)),
    ] {
        let mut config = serde_json::to_value(folder.model.config()).unwrap();
        config[key] = value;
        folder.put("config.json", config.to_string().as_bytes());
        let (code, words) = folder.refused();
        assert_eq!(code, 4, "{words}");
        assert!(words.contains(key) && words.contains("config.json"), "{words}");
    }
}

/// An export of a model folder and of a block, to a path.
fn exports(folder: &Folder, to: &str) -> [Output; 2] {
    let block = folder.at("base.tblock");
    [folder.path(), block.to_str().unwrap()].map(|from| lyceum(&["export", from, "--safetensors", to]))
}

#[test]
fn an_export_that_fails_says_why_and_leaves_what_was_there() {
    let (folder, dir) = (Folder::new(), tempfile::tempdir().unwrap());
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("plain"), "good").unwrap();
    for (to, expected) in [
        ("/dev/full".to_owned(), 5),
        (at("none/file"), 3),
        (at(""), 3),
        (at("plain/file"), 3),
        (at(&"n".repeat(256)), 3),
    ] {
        for out in exports(&folder, &to) {
            assert_eq!(out.status.code(), Some(expected), "{to}: {}", text(&out.stderr));
            assert!(text(&out.stderr).contains(&to), "{}", text(&out.stderr));
        }
    }
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["plain"]);
    assert_eq!(fs::read_to_string(at("plain")).unwrap(), "good");
}

/// A file system of 64 KiB, where this user may mount one.
struct Small(tempfile::TempDir);

impl Small {
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status();
        if !mount.is_ok_and(|status| status.success()) {
            eprintln!("left out: a full file system, for want of the right to mount one");
            return None;
        }
        Some(Self(dir))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn an_export_onto_what_it_reads_is_refused_by_whatever_name() {
    let (folder, dir) = (Folder::new(), tempfile::tempdir().unwrap());
    let (block, link) = (folder.at("base.tblock"), dir.path().join("link"));
    symlink(&block, &link).unwrap();
    let before = fs::read(&block).unwrap();
    for to in [&block, &link] {
        for out in exports(&folder, to.to_str().unwrap()) {
            assert_eq!(out.status.code(), Some(3));
            assert!(text(&out.stderr).contains("which is read"), "{}", text(&out.stderr));
        }
    }
    assert_eq!(fs::read(&block).unwrap(), before);
}

#[test]
fn an_export_that_does_not_fit_leaves_the_file_that_was_there() {
    let Some(small) = Small::new() else { return };
    let folder = Folder::new();
    let to = small.0.path().join("m.safetensors");
    fs::write(&to, "good").unwrap();
    for out in exports(&folder, to.to_str().unwrap()) {
        assert_eq!(out.status.code(), Some(5), "{}", text(&out.stderr));
        assert!(text(&out.stderr).contains("the disk is full"), "{}", text(&out.stderr));
        assert_eq!(fs::read_to_string(&to).unwrap(), "good");
        assert_eq!(fs::read_dir(small.0.path()).unwrap().count(), 1, "nothing torn is left");
    }
}

#[test]
fn an_export_follows_links_and_writes_into_pipes_and_the_standard_output() {
    let (folder, dir) = (Folder::new(), tempfile::tempdir().unwrap());
    let (link, real) = (dir.path().join("link"), dir.path().join("real"));
    symlink("real", &link).unwrap();
    let mut whole = Vec::new();
    let block = folder.at("base.tblock");
    for from in [folder.path(), block.to_str().unwrap()] {
        let out = lyceum(&["export", from, "--safetensors", link.to_str().unwrap()]);
        assert!(out.status.success(), "{}", text(&out.stderr));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        whole.push(fs::read(&real).unwrap());
    }
    for (out, whole) in exports(&folder, "/dev/stdout").iter().zip(&whole) {
        assert!(out.status.success(), "{}", text(&out.stderr));
        assert!(out.stdout == *whole, "nothing but the export is written there");
        assert!(text(&out.stderr).contains("bytes"));
    }
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let at = pipe.clone();
    let reader = std::thread::spawn(move || fs::read(at).unwrap());
    let out = lyceum(&["export", folder.path(), "--safetensors", pipe.to_str().unwrap()]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(reader.join().unwrap() == whole[0]);
    assert!(!fs::metadata(&pipe).unwrap().is_file(), "the pipe is still one");
}

#[test]
fn a_path_that_is_not_utf_8_is_told_in_json_and_read_back_by_a_shell() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let (folder, dir) = (Folder::new(), tempfile::tempdir().unwrap());
    let to = dir.path().join(OsStr::from_bytes(b"caf\xe9 1"));
    let run = |args: &[&OsStr]| {
        let out = Command::new(env!("CARGO_BIN_EXE_lyceum")).args(args).output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        out.stdout
    };
    let word = OsStr::new;
    let out =
        run(&[word("export"), word(folder.path()), word("--safetensors"), to.as_os_str(), word("--json")]);
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert!(json["written"].as_str().unwrap().ends_with("caf\u{fffd} 1"), "{json}");
    assert!(Path::new(&to).is_file());
    let rpc = [word("--rpc"), word("http://127.0.0.1:1"), word("--chain-id"), word("c-1")];
    let home = dir.path().join(OsStr::from_bytes(b"it's \xe9"));
    let init = |home: &Path, more: &[&OsStr]| {
        run(&[&[word("init"), word("--home"), home.as_os_str()][..], &rpc, more].concat())
    };
    let shown = text(&init(&home, &[]));
    let command = shown.lines().find_map(|line| line.split("lyceum node ").nth(1)).expect(&shown);
    // What is shown is valid UTF-8 and, read by a shell, the path.
    let out = Command::new("bash").arg("-c").arg(format!("printf '%s\\n' {command}")).output().unwrap();
    let config = home.join("node.toml");
    let expected = [b"--config\n", config.as_os_str().as_bytes(), b"\n--check\n"].concat();
    assert_eq!(out.stdout, expected, "{command}");
    let other = dir.path().join(OsStr::from_bytes(b"\xff"));
    let json: serde_json::Value = serde_json::from_slice(&init(&other, &[word("--json")])).unwrap();
    assert!(json["config"].as_str().unwrap().ends_with("\u{fffd}/node.toml"), "{json}");
}
