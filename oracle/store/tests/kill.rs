//! A store killed at any step and at any byte opens clean.
//!
//! This test binary runs itself as the victim: the child works on a store whose [`Faults`] stop it for good at a
//! chosen point, says so, and is killed with SIGKILL there. The point is counted in steps or bytes, never timed.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lyceum_store::{Faults, Options, Step, Store};

const DIR: &str = "LYCEUM_KILL_TEST_DIR";
const STEPS: &str = "LYCEUM_KILL_TEST_STEPS";
const BYTES: &str = "LYCEUM_KILL_TEST_BYTES";

fn say(word: &str, value: impl std::fmt::Display) {
    // The test harness prints a line of its own without ending it.
    let mut out = io::stdout().lock();
    writeln!(out, "\n{word} {value}").unwrap();
    out.flush().unwrap();
}

/// Lets so many steps, or so many bytes, through and then waits to be killed.
struct StopAt {
    steps: Option<u64>,
    bytes: Option<u64>,
    steps_done: AtomicU64,
    bytes_done: AtomicU64,
}

impl Faults for StopAt {
    fn before(&self, step: Step) -> io::Result<usize> {
        let step_number = self.steps_done.fetch_add(1, Ordering::SeqCst);
        let bytes = if let Step::Write(bytes) = step { bytes as u64 } else { 0 };
        let done = self.bytes_done.load(Ordering::SeqCst);
        let room = self.bytes.map_or(u64::MAX, |bytes| bytes - done);
        if self.steps == Some(step_number) || (bytes > 0 && room == 0) {
            say("reached", step_number);
            loop {
                std::thread::park();
            }
        }
        let allowed = bytes.min(room);
        self.bytes_done.fetch_add(allowed, Ordering::SeqCst);
        Ok(allowed as usize)
    }
}

fn content(seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; [0, 1, 16_384, 40_000, 70_001][usize::from(seed) % 5]];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

/// The victim. As a test of its own, without the variables, it has nothing to do.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let number = |name| std::env::var(name).ok().map(|value| value.parse().unwrap());
    let (steps_done, bytes_done) = (AtomicU64::new(0), AtomicU64::new(0));
    let faults = Arc::new(StopAt { steps: number(STEPS), bytes: number(BYTES), steps_done, bytes_done });
    let options = Options { quota: None, faults: Some(faults.clone()) };
    let store = Store::open_with(Path::new(&dir).join("here"), options).unwrap();
    let hex = |root: [u8; 32]| blake3::Hash::from_bytes(root).to_hex();
    for seed in 0..4 {
        say("stored", hex(store.put(&content(seed)).unwrap()));
    }
    let other = Store::open(Path::new(&dir).join("there")).unwrap();
    let root = other.put(&content(4)).unwrap();
    store.fetch(&root, &other).unwrap();
    say("stored", hex(root));
    let path = store.temp_path();
    std::fs::write(&path, content(8)).unwrap();
    say("stored", hex(store.put_file(&path).unwrap()));
    for seed in [3, 4] {
        let root = *blake3::hash(&content(seed)).as_bytes();
        say("removing", hex(root));
        store.remove(&root).unwrap();
        say("removed", hex(root));
    }
    say("steps", faults.steps_done.load(Ordering::SeqCst));
    say("bytes", faults.bytes_done.load(Ordering::SeqCst));
}

/// Runs the child until it stops at its point or ends, kills it, and returns what it said.
fn run(dir: &Path, point: Option<(&str, u64)>) -> Vec<(String, String)> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some((name, value)) = point {
        command.env(name, value.to_string());
    }
    let mut child = command.spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some((word, value)) = line.unwrap().split_once(' ') {
            said.push((word.to_owned(), value.to_owned()));
            if word == "reached" {
                child.kill().unwrap(); // SIGKILL: nothing of the child runs any more
                break;
            }
        }
    }
    child.wait().unwrap();
    said
}

/// Kills a child at a point and checks the store it leaves.
fn killed_at(name: &str, value: u64) {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), Some((name, value)));
    let at = format!("{name}={value}");
    assert_eq!(said.last().map(|(word, _)| word.as_str()), Some("reached"), "{at}");
    let words = |wanted: &str| -> BTreeSet<String> {
        said.iter().filter(|(word, _)| word == wanted).map(|(_, value)| value.clone()).collect()
    };

    let here = dir.path().join("here");
    let store = Store::open(&here).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert!(store.damaged().is_empty(), "{at}");
    let mut listed = BTreeSet::new();
    for (root, _) in store.list() {
        store.verify(&root).unwrap_or_else(|error| panic!("{at}: {error}"));
        listed.insert(blake3::Hash::from_bytes(root).to_hex().to_string());
    }
    assert!(
        words("stored").difference(&words("removing")).all(|root| listed.contains(root)),
        "{at}: a stored blob is lost"
    );
    assert!(words("removed").is_disjoint(&listed), "{at}: a removed blob is back");
    assert_eq!(std::fs::read_dir(here.join("tmp")).unwrap().count(), 0, "{at}: temporary files stay");
    let on_disk: usize = std::fs::read_dir(here.join("blobs"))
        .unwrap()
        .map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!(on_disk, 2 * listed.len(), "{at}: a blob and a sidecar each, nothing else");
    // It is a working store: what the child was about to do can be done.
    for seed in [0, 1, 2, 3, 4, 8] {
        let root = store.put(&content(seed)).unwrap();
        store.verify(&root).unwrap();
    }
}

fn totals() -> (u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), None);
    let find = |wanted: &str| said.iter().find(|(word, _)| word == wanted).unwrap().1.parse().unwrap();
    (find("steps"), find("bytes"))
}

#[test]
fn a_store_killed_at_any_step_opens_clean() {
    let (steps, _) = totals();
    assert!(steps > 60, "the child takes only {steps} steps");
    (0..steps).for_each(|step| killed_at(STEPS, step));
}

#[test]
fn a_store_killed_at_seeded_bytes_opens_clean() {
    let (_, bytes) = totals();
    let mut numbers = blake3::Hasher::new().update(b"kill points, seed 1").finalize_xof();
    for _ in 0..40 {
        let mut number = [0; 8];
        numbers.fill(&mut number);
        killed_at(BYTES, u64::from_le_bytes(number) % bytes);
    }
}
