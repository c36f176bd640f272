//! [`Info`] and [`Round`]: what drand's HTTP API says of a beacon and of one of its rounds.

use std::path::Path;

use blst::min_sig::{PublicKey, Signature};
use lyceum_api::tasks;
use lyceum_onchain::beacon;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Refusal};
use crate::reading;

/// The one scheme that the contracts verify: signatures on G1, nothing chained.
pub const SCHEME: &str = "bls-unchained-g1-rfc9380";
/// The longest description that is read.
const MAX_BYTES: u64 = 16 * 1024;

/// A beacon, as `/info` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Its public key on G2, 96 bytes, hex.
    #[serde(with = "hex")]
    pub public_key: Vec<u8>,
    /// Seconds between rounds.
    pub period: u32,
    /// When round 1 came out, Unix seconds.
    pub genesis_time: u64,
    /// The hash of all this, which names the beacon in paths.
    #[serde(with = "hex")]
    pub hash: Vec<u8>,
    /// A seed that drand's first group agreed on.
    #[serde(rename = "groupHash", with = "hex")]
    pub group_hash: Vec<u8>,
    /// [`SCHEME`].
    #[serde(rename = "schemeID")]
    pub scheme: String,
    /// More about it.
    pub metadata: Metadata,
}

/// More about a beacon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Its name.
    #[serde(rename = "beaconID")]
    pub name: String,
}

/// A round, as `/public/N` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Its number.
    pub round: u64,
    /// SHA-256 of the signature.
    #[serde(with = "hex")]
    pub randomness: Vec<u8>,
    /// On G1, 48 bytes.
    #[serde(with = "hex")]
    pub signature: Vec<u8>,
}

impl Info {
    /// A beacon of our own.
    pub fn local(public_key: &PublicKey, genesis_time: u64, period: u32) -> Self {
        let public_key = public_key.compress().to_vec();
        let mut info = Self {
            group_hash: Sha256::digest(&public_key).to_vec(),
            public_key,
            period,
            genesis_time,
            hash: vec![],
            scheme: SCHEME.to_owned(),
            metadata: Metadata { name: "lyceum".to_owned() },
        };
        info.hash = info.chain_hash();
        info
    }

    /// drand's quicknet, of the League of Entropy.
    pub fn quicknet() -> Self {
        let bytes = |hex: &str| hex::decode(hex).unwrap_or_default();
        Self {
            public_key: bytes(
                "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
            ),
            period: 3,
            genesis_time: 1_692_803_367,
            hash: bytes("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"),
            group_hash: bytes("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e"),
            scheme: SCHEME.to_owned(),
            metadata: Metadata { name: "quicknet".to_owned() },
        }
    }

    /// Reads a description, as `lyceum beacon --info` writes it and as drand's `/info` answers.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = reading::input(path, MAX_BYTES)?;
        let info: Self = serde_json::from_slice(&text).map_err(|e| unfit(path, &e.to_string()))?;
        info.check().map_err(|why| unfit(path, &why))?;
        Ok(info)
    }

    /// Whether the contracts could verify it, and whether its hash is its own.
    pub fn check(&self) -> Result<(), String> {
        if self.scheme != SCHEME {
            return Err(format!("its scheme is {:?}, the contracts verify {SCHEME}", self.scheme));
        }
        if self.period == 0 {
            return Err("its period is 0, expected at least a second".to_owned());
        }
        PublicKey::key_validate(&self.public_key)
            .map_err(|_| "its public key is no point of G2 (96 bytes, hex)".to_owned())?;
        if self.hash != self.chain_hash() {
            return Err(format!(
                "its hash is {}, expected {}",
                hex::encode(&self.hash),
                hex::encode(self.chain_hash())
            ));
        }
        Ok(())
    }

    /// drand's hash of a beacon.
    fn chain_hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(self.period.to_be_bytes());
        hash.update(self.genesis_time.to_be_bytes());
        hash.update(&self.public_key);
        hash.update(&self.group_hash);
        // drand's first beacon had no name yet.
        if self.metadata.name != "default" {
            hash.update(self.metadata.name.as_bytes());
        }
        hash.finalize().to_vec()
    }

    /// What `tasks` is configured with.
    pub fn config(&self) -> tasks::Beacon {
        let (genesis, period) = (self.genesis_time, u64::from(self.period));
        tasks::Beacon { public_key: self.public_key.clone().into(), genesis, period }
    }
}

fn unfit(path: &Path, why: &str) -> anyhow::Error {
    let words = format!(
        "{} does not describe a beacon: {why}; give what `lyceum beacon --info` wrote, or drand's /info",
        path.display()
    );
    Refusal::new(Failure::Input, "beacon.info", words).into()
}

impl Round {
    /// A round with its signature.
    pub fn new(round: u64, signature: Vec<u8>) -> Self {
        Self { round, randomness: beacon::randomness(&signature).to_vec(), signature }
    }
}

/// Whether a signature is a beacon's for a round: what the contract asks too.
pub fn verify(public_key: &PublicKey, round: u64, signature: &[u8]) -> bool {
    let Ok(signature) = Signature::sig_validate(signature, true) else { return false };
    let said = signature.verify(false, &beacon::message(round), beacon::DST, &[], public_key, false);
    said == blst::BLST_ERROR::BLST_SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_1000: &str =
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

    #[test]
    fn quicknets_published_hash_and_round_are_what_is_computed_here() {
        let quicknet = Info::quicknet();
        quicknet.check().unwrap();
        let key = PublicKey::key_validate(&quicknet.public_key).unwrap();
        let signature = hex::decode(ROUND_1000).unwrap();
        assert!(verify(&key, 1000, &signature));
        assert!(!verify(&key, 1001, &signature) && !verify(&key, 1000, &signature[..47]));
        assert!(!verify(&key, 1000, &[0; 48]));
        let round = Round::new(1000, signature);
        assert_eq!(
            hex::encode(&round.randomness),
            "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"
        );
    }

    #[test]
    fn a_description_is_read_as_drand_writes_it_and_refused_where_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("info.json");
        let written = serde_json::to_value(Info::quicknet()).unwrap();
        assert_eq!(written["schemeID"], SCHEME);
        assert_eq!(written["metadata"]["beaconID"], "quicknet");
        assert_eq!(written["genesis_time"], 1_692_803_367);
        std::fs::write(&path, written.to_string()).unwrap();
        assert_eq!(Info::load(&path).unwrap(), Info::quicknet());
        for (field, value) in [
            ("schemeID", serde_json::json!("pedersen-bls-chained")),
            ("period", 0.into()),
            ("public_key", "00".into()),
            ("genesis_time", 5.into()),
        ] {
            let mut other = written.clone();
            other[field] = value;
            std::fs::write(&path, other.to_string()).unwrap();
            assert!(Info::load(&path).is_err(), "{field}");
        }
        std::fs::write(&path, vec![b' '; MAX_BYTES as usize + 1]).unwrap();
        assert!(Info::load(&path).is_err());
    }
}
