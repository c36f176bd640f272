//! [`Key`]: an account's secret, from words (BIP-39) along the path of Cosmos accounts (BIP-44, coin 118).

use std::fmt;

use bip39::{Language, Mnemonic};
use cosmrs::bip32::{DerivationPath, XPrv};
use cosmrs::crypto::secp256k1::SigningKey;
use zeroize::Zeroizing;

use super::signer::{BoxFuture, PublicKey, Signature, Signer};
use crate::{ChainError, Result};

/// The longest text that is looked at as words: 24 words of 8 letters, with room for spaces.
const MAX_WORDS_BYTES: usize = 1_024;

/// An account's secp256k1 key. Its memory is overwritten when it is dropped, and `Debug` shows none of it.
pub struct Key {
    secret: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

impl Key {
    /// A new key and the 24 words that bring it back (account 0).
    pub fn generate() -> Result<(Self, Zeroizing<String>)> {
        let mnemonic =
            Mnemonic::generate_in(Language::English, 24).map_err(|e| ChainError::Key(e.to_string()))?;
        let words = Zeroizing::new(mnemonic.to_string());
        Ok((Self::derive(&mnemonic, 0)?, words))
    }

    /// The key of words, at `m/44'/118'/account'/0/0`.
    pub fn from_mnemonic(words: &str, account: u32) -> Result<Self> {
        if words.len() > MAX_WORDS_BYTES {
            return Err(ChainError::Key("longer than any mnemonic is".to_owned()));
        }
        // The error of the library may quote an unknown word; it says which by its place only.
        let normal = Zeroizing::new(words.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &normal).map_err(|e| {
            ChainError::Key(match e {
                bip39::Error::BadWordCount(n) => format!("{n} words; a mnemonic has 12, 15, 18, 21 or 24"),
                bip39::Error::UnknownWord(i) => format!("word {} is not in the English BIP-39 list", i + 1),
                bip39::Error::InvalidChecksum => {
                    "the words' checksum is wrong; is one misspelt or moved?".to_owned()
                }
                _ => "not a BIP-39 mnemonic".to_owned(),
            })
        })?;
        Self::derive(&mnemonic, account)
    }

    fn derive(mnemonic: &Mnemonic, account: u32) -> Result<Self> {
        let wrong = |e: cosmrs::bip32::Error| ChainError::Key(e.to_string());
        let path: DerivationPath = format!("m/44'/118'/{account}'/0/0").parse().map_err(wrong)?;
        let seed = Zeroizing::new(mnemonic.to_seed_normalized(""));
        let extended = XPrv::derive_from_path(seed.as_slice(), &path).map_err(wrong)?;
        Self::from_secret(&Zeroizing::new(extended.to_bytes()))
    }

    pub(super) fn from_secret(secret: &[u8; 32]) -> Result<Self> {
        let signing =
            SigningKey::from_slice(secret).map_err(|_| ChainError::Key("not a secp256k1 key".to_owned()))?;
        Ok(Self { secret: Zeroizing::new(*secret), public: signing.public_key() })
    }

    pub(super) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

impl Signer for Key {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign<'a>(&'a self, doc: &'a [u8]) -> BoxFuture<'a, Result<Signature>> {
        Box::pin(async move {
            let wrong = |e: cosmrs::ErrorReport| ChainError::Key(e.to_string());
            SigningKey::from_slice(self.secret.as_slice()).and_then(|key| key.sign(doc)).map_err(wrong)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::address;
    use super::*;

    /// The first test vector of BIP-39 (all-zero entropy).
    const ABANDON: &str =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    #[test]
    fn known_mnemonics_give_their_known_addresses() {
        let key = Key::from_mnemonic(ABANDON, 0).unwrap();
        // As Keplr, gaiad and the Ledger app show it.
        let cosmos = address(&key.public_key(), "cosmos").unwrap();
        assert_eq!(cosmos.as_str(), "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4");
        let spaced = format!("  {}\n", ABANDON.to_uppercase().replace(' ', "  "));
        let again = Key::from_mnemonic(&spaced, 0).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        let second = Key::from_mnemonic(ABANDON, 1).unwrap();
        assert_ne!(second.public_key(), key.public_key());
        // CosmJS's faucet mnemonic, from its own tests.
        let words = "economy stock theory fatal elder harbor betray wasp final emotion task crumble siren bottom \
                     lizard educate guess current outdoor pair theory focus wife stone";
        let faucet = Key::from_mnemonic(words, 0).unwrap();
        let known = "cosmos1pkptre7fdkl6gfrzlesjjvhxhlc3r4gmmk8rs6";
        assert_eq!(address(&faucet.public_key(), "cosmos").unwrap().as_str(), known);
    }

    #[test]
    fn a_generated_key_comes_back_from_its_words() {
        let (key, words) = Key::generate().unwrap();
        assert_eq!(words.split(' ').count(), 24);
        assert_eq!(Key::from_mnemonic(&words, 0).unwrap().public_key(), key.public_key());
    }

    #[test]
    fn wrong_words_are_refused_without_being_repeated() {
        let unknown = ABANDON.replacen("abandon", "lyceumword", 1);
        let checksum = ABANDON.replace("about", "abandon");
        for (words, told) in [(unknown.as_str(), "word 1"), (&checksum, "checksum"), ("abandon", "1 words")] {
            let said = Key::from_mnemonic(words, 0).unwrap_err().to_string();
            assert!(said.contains(told) && !said.contains("lyceumword"), "{said}");
        }
        assert!(Key::from_mnemonic(&"a ".repeat(10_000), 0).is_err());
    }

    #[test]
    fn debug_shows_nothing_of_a_key() {
        assert_eq!(format!("{:?}", Key::from_mnemonic(ABANDON, 0).unwrap()), "Key(hidden)");
    }
}
