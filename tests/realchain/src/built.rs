//! What is built before these tests run.

use std::path::{Path, PathBuf};

/// The binary: `LYCEUM_BIN`, as `scripts/test` builds it and says where it is, or what cargo built beside the tests.
///
/// # Panics
/// When it is missing.
pub fn binary() -> PathBuf {
    let path = given("LYCEUM_BIN", "target/debug/lyceum");
    assert!(
        path.exists(),
        "{} is missing: cargo build -p lyceum, or name it with LYCEUM_BIN",
        path.display()
    );
    path
}

/// The contracts' artifacts: `LYCEUM_ARTIFACTS`, or what `scripts/build-contracts` made.
pub fn artifacts() -> PathBuf {
    given("LYCEUM_ARTIFACTS", "artifacts")
}

fn given(name: &str, otherwise: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(otherwise);
    std::env::var_os(name).map_or(built, PathBuf::from)
}
