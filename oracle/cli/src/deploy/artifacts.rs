//! The contracts' Wasm from a folder, each checked against the folder's `checksums.txt` before anything is sent.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use lyceum_chain::CONTRACTS;
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Refusal};
use crate::reading;

/// The largest Wasm that wasmd takes.
pub const MAX_WASM: u64 = 800 * 1024;
const MAX_LIST: u64 = 64 * 1024;

/// One contract's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The contract's name.
    pub name: &'static str,
    /// The Wasm.
    pub wasm: Vec<u8>,
    /// SHA-256 of the Wasm.
    pub checksum: [u8; 32],
}

impl Artifact {
    /// The checksum as it stands in lists and deployment files.
    pub fn hex(&self) -> String {
        hex::encode(self.checksum)
    }

    /// The Wasm as it is sent: chains take it compressed, and a byte less is gas less.
    pub fn packed(&self) -> anyhow::Result<Vec<u8>> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&self.wasm)?;
        Ok(packer.finish()?)
    }
}

fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    lyceum_files::read(path, most).map_err(|error| match error {
        lyceum_files::Error::Io { .. } => reading::unreadable(error)
            .context("build the contracts with ./scripts/build-contracts, or name their folder"),
        lyceum_files::Error::TooLarge { .. } => {
            let words = format!("{error}, as a chain takes no more");
            Refusal::new(Failure::Input, "artifact.too_large", words).into()
        }
        other => other.into(),
    })
}

/// The checksums of a folder by file name.
fn list(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = String::from_utf8(read(path, MAX_LIST)?);
    let text = text.with_context(|| format!("{} is no text", path.display()))?;
    let row = |line: &str| {
        let (sum, name) = line.split_once("  ")?;
        (sum.len() == 64).then(|| (name.trim_start_matches('*').to_owned(), sum.to_owned()))
    };
    Ok(text.lines().filter_map(row).collect())
}

/// The code of every contract, in the order in which contracts come up.
pub fn load(folder: &Path) -> anyhow::Result<Vec<Artifact>> {
    let path = folder.join("checksums.txt");
    let sums = list(&path)?;
    CONTRACTS
        .into_iter()
        .map(|name| {
            let file = format!("{name}.wasm");
            let wasm = read(&folder.join(&file), MAX_WASM)?;
            let checksum: [u8; 32] = Sha256::digest(&wasm).into();
            let artifact = Artifact { name, wasm, checksum };
            let (found, expected) = (artifact.hex(), sums.get(&file));
            if expected == Some(&found) {
                return Ok(artifact);
            }
            let words = format!(
                "{} has the checksum {found}, {} says {}: this is not the code that was checked; build it again \
                 with ./scripts/build-contracts",
                folder.join(&file).display(),
                path.display(),
                expected.map_or("nothing", String::as_str)
            );
            Err(Refusal::new(Failure::Input, "artifact.checksum", words).into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut sums = String::new();
        for name in CONTRACTS {
            let wasm = format!("\0asm {name}");
            sums += &format!("{}  {name}.wasm\n", hex::encode(Sha256::digest(wasm.as_bytes())));
            std::fs::write(folder.path().join(format!("{name}.wasm")), wasm).unwrap();
        }
        std::fs::write(folder.path().join("checksums.txt"), sums).unwrap();
        folder
    }

    #[test]
    fn every_contract_is_read_in_the_order_of_coming_up() {
        let folder = folder();
        let all = load(folder.path()).unwrap();
        assert_eq!(all.iter().map(|a| a.name).collect::<Vec<_>>(), CONTRACTS);
        assert!(all[0].packed().unwrap().starts_with(&[0x1f, 0x8b]));
        assert_eq!(all[0].packed().unwrap(), all[0].packed().unwrap());
    }

    #[test]
    fn code_that_was_changed_or_is_not_listed_is_refused_with_both_checksums() {
        let folder = folder();
        std::fs::write(folder.path().join("tasks.wasm"), "\0asm other").unwrap();
        let said = load(folder.path()).unwrap_err().to_string();
        assert!(said.contains("tasks.wasm") && said.contains("checksum"), "{said}");
        std::fs::write(folder.path().join("checksums.txt"), "").unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("says nothing"));
        std::fs::remove_file(folder.path().join("checksums.txt")).unwrap();
        assert!(format!("{:#}", load(folder.path()).unwrap_err()).contains("build-contracts"));
        std::fs::write(folder.path().join("big"), vec![0; 10]).unwrap();
        assert!(read(&folder.path().join("big"), 9).is_err());
    }
}
