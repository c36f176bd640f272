//! The binary as its users meet it: what it prints, what it refuses, and how it ends.

use std::path::Path;
use std::process::{Command, Output};

use lyceum_learn::{Hash32, Model, ModelConfig};

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

/// A model folder with a tiny base.
fn model_folder(dir: &Path) -> String {
    let config = ModelConfig::tiny();
    let model = Model::init(config.clone(), &Hash32([1; 32]), tch::Device::Cpu).unwrap();
    std::fs::write(dir.join("config.json"), serde_json::to_vec(&config).unwrap()).unwrap();
    std::fs::write(dir.join("base.tblock"), model.to_block().unwrap()).unwrap();
    dir.to_str().unwrap().to_owned()
}

#[test]
fn inspect_shows_root_and_tensors_as_text_and_json() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("{}/base.tblock", model_folder(dir.path()));
    let root = Hash32::of(&std::fs::read(&file).unwrap()).to_string();
    let out = text(&lyceum(&["inspect", &file]).stdout);
    assert!(out.contains(&root) && out.contains("lm_head.weight"), "{out}");
    let json: serde_json::Value =
        serde_json::from_slice(&lyceum(&["inspect", &file, "--json"]).stdout).unwrap();
    assert_eq!(json["root"], root);
    assert_eq!(json["finite"], true);
    assert!(lyceum(&["inspect", &file, "--root", &root]).status.success());
    assert_eq!(refused(&["inspect", &file, "--root", &"0".repeat(64)]).0, 3);
    for none in ["zz", "", &root[..63], &"z".repeat(64)] {
        let out = lyceum(&["inspect", &file, "--root", none]);
        let said = text(&out.stderr);
        assert!(out.status.code() == Some(2) && said.contains("64 lower-case hex"), "{none}: {said}");
    }
}

#[test]
fn truncated_flipped_and_inflated_blocks_are_refused_as_malformed() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(format!("{}/base.tblock", model_folder(dir.path()))).unwrap();
    let mut inflated = whole.clone();
    // The header's tensor count, then its file length.
    inflated[80..88].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut long = whole.clone();
    long[88..96].copy_from_slice(&(1u64 << 60).to_le_bytes());
    let mut flipped = whole.clone();
    flipped[130] ^= 0x80;
    for (name, bytes) in [
        ("short", &whole[..whole.len() / 2]),
        ("inflated", &inflated),
        ("long", &long),
        ("flipped", &flipped),
    ] {
        let file = dir.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let (code, words) = refused(&["inspect", file.to_str().unwrap()]);
        assert_eq!(code, 4, "{name}: {words}");
        assert!(words.contains(name), "{words}");
    }
}

#[test]
fn errors_in_json_have_a_stable_code() {
    let out = lyceum(&["inspect", "no-such.tblock", "--json"]);
    assert_eq!(out.status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(json["error"]["code"], "input");
}

#[test]
fn export_and_generate_work_on_a_model_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = model_folder(dir.path());
    let to = dir.path().join("out.safetensors");
    let out = lyceum(&["export", &folder, "--safetensors", to.to_str().unwrap()]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(std::fs::metadata(&to).unwrap().len() > 1000);
    let block = format!("{folder}/base.tblock");
    assert!(lyceum(&["export", &block, "--safetensors", to.to_str().unwrap()]).status.success());
    let once =
        |seed| text(&lyceum(&["generate", &folder, "--prompt", "ab", "--bytes", "8", "--seed", seed]).stdout);
    assert!(once("1").starts_with("ab"));
    assert_eq!(once("1"), once("1"), "the same seed gives the same text");
}

#[test]
fn a_folder_that_is_no_model_is_refused_with_what_would_be_one() {
    let dir = tempfile::tempdir().unwrap();
    let (code, words) = refused(&["generate", dir.path().to_str().unwrap()]);
    assert_eq!(code, 3);
    assert!(words.contains("config.json"), "{words}");
}

#[test]
fn a_gpu_that_is_not_there_is_refused() {
    if tch::Cuda::is_available() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(refused(&["demo", "--cuda", "--out", dir.path().to_str().unwrap()]).0, 6);
    assert_eq!(refused(&["generate", &model_folder(dir.path()), "--device", "cuda:0"]).0, 6);
}

#[test]
fn the_demo_refuses_unfit_data_and_numbers_before_it_begins() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (empty, binary) = (file("empty.txt", b""), file("a.bin", &[0; 4096]));
    let (short, same) = (file("short.txt", b"word "), file("same.txt", "word ".repeat(40_000).as_bytes()));
    for (args, words) in [
        (vec!["--data", "no-such-path"], "no-such-path"),
        (vec!["--data", &empty], "empty"),
        (vec!["--data", &binary], "binary"),
        (vec!["--data", &short], "at least"),
        (vec!["--data", &same, "--data", &same], "same text"),
        (vec!["--steps", "100"], "--steps 100"),
        (vec!["--nodes", "3"], "--nodes 3"),
    ] {
        let (code, said) = refused(&[&["demo", "--out", out], &args[..]].concat());
        assert_eq!(code, 3, "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
    assert!(!Path::new(out).exists(), "nothing was begun");
}

/// The options that a help text has a line for.
fn options(help: &str) -> std::collections::BTreeSet<&str> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    lines.flat_map(|line| line.split([' ', ',']).take(3)).filter(|word| word.starts_with("--")).collect()
}

#[test]
fn what_the_script_says_of_the_demo_is_what_the_demo_takes() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/demo");
    let script = Command::new(script).arg("--help").output().unwrap();
    let (script, own) = (text(&script.stdout), text(&lyceum(&["demo", "--help"]).stdout));
    let (script, mut own) = (options(&script), options(&own));
    assert!(own.remove("--localnet") && own.remove("--artifacts"), "the script gives these itself");
    assert!(own.remove("--help") && own.remove("--version"), "the script has no line for these");
    own.extend(["--validators", "--block-time"]);
    assert_eq!(script, own);
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = text(&lyceum(&["--help"]).stdout);
    for word in ["demo", "inspect", "export", "generate", "Exit codes", "130"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn an_audit_shows_its_findings_with_their_places_and_ends_as_a_network_would() {
    let dir = tempfile::tempdir().unwrap();
    let clean = dir.path().join("clean.txt");
    std::fs::write(&clean, "// SPDX-License-Identifier: MIT\nA quiet text about the weather.\n").unwrap();
    let out = lyceum(&["audit", clean.to_str().unwrap(), "--licence", "MIT"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("would pass, gold at best"), "{}", text(&out.stdout));

    let dirty = dir.path().join("dirty.c");
    let line = "Write to jane@example.com about this very offer of a lifetime, dear reader.\n";
    std::fs::write(&dirty, format!("/* SPDX-License-Identifier: GPL-3.0-only */\n{}", line.repeat(100)))
        .unwrap();
    let folder = dir.path().to_str().unwrap();
    let out = lyceum(&["audit", folder, "--licence", "MIT", "--limit", "2"]);
    assert_eq!(out.status.code(), Some(3));
    let shown = text(&out.stdout);
    for part in
        ["dirty.c:1:4: licence, GPL-3.0-only", "dirty.c:2:10: personal data", "98 more", "audit_licence"]
    {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let out = lyceum(&["audit", folder, "--licence", "MIT", "--json", "--limit", "1"]);
    assert_eq!(out.status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&json["reason"], &json["counts"]["personal data"]), (&"audit_licence".into(), &100.into()));
    assert_eq!(json["findings"][0]["line"], 1);
    assert_eq!(refused(&["audit", "no-such-text"]).0, 3);
}
