//! [`Signer`]: who signs, be it a key in memory, a remote service or a device; and the address it signs for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use cosmrs::AccountId;
use cosmwasm_std::Addr;

pub use cosmrs::crypto::PublicKey;
pub use cosmrs::crypto::secp256k1::Signature;

use crate::{ChainError, Result};

/// A future that may be kept in a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What signs for one account.
pub trait Signer: Send + Sync + fmt::Debug {
    /// The account's public key.
    fn public_key(&self) -> PublicKey;

    /// Signs the bytes of a sign document (`SIGN_MODE_DIRECT`).
    fn sign<'a>(&'a self, doc: &'a [u8]) -> BoxFuture<'a, Result<Signature>>;
}

/// The address of a key on a chain with this prefix.
pub fn address(key: &PublicKey, prefix: &str) -> Result<Addr> {
    let id = key.account_id(prefix).map_err(|e| ChainError::Key(e.to_string()))?;
    Ok(Addr::unchecked(id.as_ref()))
}

/// An address that is one, and of the chain with this prefix.
pub fn check_address(address: &str, prefix: &str) -> Result<Addr> {
    let short = || address.chars().take(100).collect::<String>();
    let id: AccountId = address.parse().map_err(|_| ChainError::Address {
        address: short(),
        reason: format!("not a bech32 address; one of this chain begins with {prefix}1"),
    })?;
    if id.prefix() != prefix {
        return Err(ChainError::Prefix {
            address: short(),
            expected: prefix.to_owned(),
            found: id.prefix().to_owned(),
        });
    }
    Ok(Addr::unchecked(id.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_another_chain_is_refused_with_both_prefixes() {
        let known = "cosmos1pkptre7fdkl6gfrzlesjjvhxhlc3r4gmmk8rs6";
        assert_eq!(check_address(known, "cosmos").unwrap().as_str(), known);
        let error = check_address(known, "wasm").unwrap_err();
        assert_eq!(error.code(), "chain.prefix");
        let said = error.to_string();
        assert!(said.contains("\"cosmos\"") && said.contains("\"wasm\""), "{said}");
        for wrong in ["", "cosmos1pkptre7fdkl6gfrzlesjjvhxhlc3r4gmmk8rs7", "alice"] {
            assert_eq!(check_address(wrong, "cosmos").unwrap_err().code(), "chain.address");
        }
    }
}
