//! What a trainer commits to and reveals.

use cosmwasm_schema::cw_serde;

use crate::Hash32;
use crate::canonical::{Canonical, DecodeError, Decoder, Encoder};

/// Commitment tag of a claim.
pub const CLAIM_COMMIT: &str = "lyceum/claim-commit";
/// Commitment tag of a challenge.
pub const CHALLENGE_COMMIT: &str = "lyceum/challenge-commit";

/// A trainer's claim for a task, revealed after the commit deadline.
#[cw_serde]
#[derive(Eq)]
pub struct ClaimContent {
    /// Content root of the new block.
    pub block: Hash32,
    /// Size of the new block in bytes.
    pub block_bytes: u64,
    /// Hash of the manifest.
    pub manifest: Hash32,
    /// Merkle root over the salted states `r₀ … rₙ` (see `lyceum_onchain::merkle`), so that single states can be
    /// opened on chain.
    pub states: Hash32,
    /// The gain the trainer says it made: percent × 10⁻⁶ on its own held-out items.
    pub reported: i64,
}

impl Canonical for ClaimContent {
    const TAG: &'static str = "lyceum/claim";
    const VERSION: u8 = 1;

    fn encode(&self, e: &mut Encoder) {
        e.hash(&self.block).u64(self.block_bytes).hash(&self.manifest).hash(&self.states).i64(self.reported);
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            block: d.hash()?,
            block_bytes: d.u64()?,
            manifest: d.hash()?,
            states: d.hash()?,
            reported: d.i64()?,
        })
    }
}

/// The content of a challenge: the interval its sender says is forged.
pub fn challenge_content(claim: u64, interval: u32) -> Hash32 {
    let mut e = Encoder::new("lyceum/challenge", 1);
    e.u64(claim).u32(interval);
    e.digest()
}
