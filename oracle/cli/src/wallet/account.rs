//! Whom an operator means: a key's name or an account's address.

use anyhow::Context;
use cosmwasm_std::Addr;
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::check_address;

use super::Keyring;

/// The account that a text stands for, on the chain with a prefix: an address of it, or a key of the operator's by its
/// name. `field` says in errors where the text stood, such as `--node`.
pub fn account(ring: &Keyring, prefix: &str, field: &str, text: &str) -> anyhow::Result<Addr> {
    let said = || field.to_owned();
    let wrong = match check_address(text, prefix) {
        // An address means itself, whatever keys are called.
        Ok(address) => return Ok(address),
        Err(wrong) => wrong,
    };
    if ring.has(text).with_context(said)? {
        return ring.entry(text).and_then(|entry| entry.address(prefix)).with_context(said);
    }
    let wrong = match wrong {
        ChainError::Address { address, .. } => {
            let reason = reason(ring, prefix, text);
            ChainError::Address { address, reason }
        }
        other => other,
    };
    Err(anyhow::Error::from(wrong).context(said()))
}

fn reason(ring: &Keyring, prefix: &str, text: &str) -> String {
    let Some((found, data)) =
        text.rsplit_once('1').filter(|(found, data)| !found.is_empty() && data.len() >= 6)
    else {
        let keys = ring.entries().map_or_else(|e| crate::failure::words(&e), |keys| keys.have(text));
        return format!("neither a key ({keys}) nor an address, which begins with {prefix}1");
    };
    // The checksum covers the prefix: with the right one it fits if only the prefix is misspelt.
    let meant = format!("{prefix}1{data}");
    if found != prefix && check_address(&meant, prefix).is_ok() {
        return format!("its prefix is misspelt: {meant} is an address of this chain");
    }
    match found == prefix {
        true => {
            "its checksum does not fit: a character is missing, changed or moved; copy it again".to_owned()
        }
        false => format!("not a bech32 address; one of this chain begins with {prefix}1"),
    }
}

#[cfg(test)]
mod tests {
    use lyceum_chain::cosmos::Key;

    use super::super::Home;
    use super::*;

    const ADDRESS: &str = "wasm10d07y265gmmuvt4z0w9aw880jnsr700js7zslc";

    fn said(ring: &Keyring, text: &str) -> String {
        crate::failure::words(&account(ring, "wasm", "--to", text).unwrap_err())
    }

    #[test]
    fn a_keys_name_stands_for_its_account_and_what_is_neither_is_refused_with_its_field() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::of(&Home(folder.path().to_owned()));
        let key = Key::generate().unwrap().0;
        let entry = ring.add("alice", &key, "correct horse").unwrap();
        assert_eq!(account(&ring, "wasm", "--to", "alice").unwrap(), entry.address("wasm").unwrap());
        assert_eq!(account(&ring, "wasm", "--to", ADDRESS).unwrap().as_str(), ADDRESS);
        let alcie = said(&ring, "alcie");
        assert!(alcie.starts_with("--to: address \"alcie\": neither a key"), "{alcie}");
        assert!(alcie.contains("it holds alice") && alcie.contains("did you mean alice?"), "{alcie}");
    }

    #[test]
    fn a_mistyped_address_is_refused_with_what_is_mistyped() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::of(&Home(folder.path().to_owned()));
        let misspelt = said(&ring, &ADDRESS.replace("wasm1", "wams1"));
        assert!(misspelt.contains("its prefix is misspelt") && misspelt.contains(ADDRESS), "{misspelt}");
        let changed = said(&ring, &ADDRESS.replace("d07y", "d07x"));
        assert!(changed.contains("its checksum does not fit"), "{changed}");
        let other = said(&ring, "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4");
        assert!(other.contains("\"cosmos\"") && other.contains("\"wasm\""), "{other}");
        assert!(said(&ring, "").contains("it holds none"));
    }
}
