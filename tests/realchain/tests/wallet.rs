//! Wallet users' own tools against a real chain: the TypeScript clients, with CosmJS signing as Keplr does.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use lyceum_tests_realchain::{Localnet, Stage, wanted};

/// The package of the clients.
fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/clients/ts")
}

/// Whether there is a Node.js of version 20 or newer with npm; where there is none, says so in one line.
fn node_is_there() -> bool {
    let said = |program: &str| {
        let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let major = said("node").and_then(|v| v.strip_prefix('v')?.split('.').next()?.parse::<u32>().ok());
    let there = major.is_some_and(|major| major >= 20) && said("npm").is_some();
    if !there {
        // Not eprintln, which the test harness keeps to itself when a test passes.
        let line = b"LEFT OUT: the wallets' test; it wants Node.js 20 or newer with npm\n";
        let _ = std::io::stderr().write_all(line);
    }
    there
}

/// Runs npm in the package; fails with what it said.
#[track_caller]
fn npm(args: &[&str], stage: &Path) {
    let mut command = Command::new("npm");
    command.args(args).current_dir(package()).env("LYCEUM_WALLET", stage).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().expect("npm starts");
    let (said, told) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "npm {}: {status}\n{said}\n{told}", args.join(" "));
    println!("{said}");
}

/// Whether what npm has installed is what the lock file names.
fn is_installed() -> bool {
    let changed = |name: &str| -> Option<SystemTime> {
        std::fs::metadata(package().join(name)).and_then(|meta| meta.modified()).ok()
    };
    // npm writes this file when it has finished.
    changed("node_modules/.package-lock.json").is_some_and(|at| Some(at) >= changed("package-lock.json"))
}

#[test]
fn a_wallet_delegates_votes_claims_and_is_told_why_it_is_refused() {
    if !wanted() || !node_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    if !is_installed() {
        npm(&["ci", "--no-audit", "--no-fund"], folder.path());
    }
    let net = Localnet::up(1, 300);
    let stage = Stage::set(&net, folder.path()).unwrap_or_else(|e| panic!("{e:?}"));
    npm(&["test"], &stage.file);
}
