//! The public randomness beacon: drand's quicknet scheme, and what is derived from a round.
//!
//! Scheme `bls-unchained-g1-rfc9380`: BLS12-381, signatures on G1 (48 bytes), public key on G2 (96 bytes), the
//! message of a round is SHA-256 of its number, big-endian. Nobody knows a round before its time; everybody can
//! check it afterwards.
use cosmwasm_std::{Api, BLS12_381_G2_GENERATOR, HashFunction, StdResult, Uint256};
use sha2::{Digest, Sha256};

use crate::hash::{finish, tagged};

/// Domain separation tag of the scheme.
pub const DST: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// The latest round at a time, from 1; 0 before the genesis. A period of zero seconds counts as one.
pub fn round_at(genesis: u64, period: u64, time: u64) -> u64 {
    if time < genesis { 0 } else { ((time - genesis) / period.max(1)).saturating_add(1) }
}

/// The first round at or after a time.
pub fn first_round_from(genesis: u64, period: u64, time: u64) -> u64 {
    if time <= genesis { 1 } else { (time - genesis).div_ceil(period.max(1)).saturating_add(1) }
}

/// The time at which a round appears.
pub fn round_time(genesis: u64, period: u64, round: u64) -> u64 {
    genesis.saturating_add(round.saturating_sub(1).saturating_mul(period.max(1)))
}

/// What the beacon signs for a round.
pub fn message(round: u64) -> [u8; 32] {
    Sha256::digest(round.to_be_bytes()).into()
}

/// Whether a signature is the beacon's for a round. An encoding that is no point of the group, or of the wrong
/// length, is simply not a signature.
pub fn verify(api: &dyn Api, public_key: &[u8], round: u64, signature: &[u8]) -> StdResult<bool> {
    if public_key.len() != 96 || signature.len() != 48 {
        return Ok(false);
    }
    let point = api.bls12_381_hash_to_g1(HashFunction::Sha256, &message(round), DST)?;
    // e(H(m), pk) = e(signature, g2). An error here means that a point does not decode.
    Ok(api
        .bls12_381_pairing_equality(&point, public_key, signature, &BLS12_381_G2_GENERATOR)
        .unwrap_or(false))
}

/// The randomness of a round: SHA-256 of its signature.
pub fn randomness(signature: &[u8]) -> [u8; 32] {
    Sha256::digest(signature).into()
}

/// A seed for one purpose: the tagged hash of the randomness and of length-prefixed parts.
pub fn derive(tag: &str, randomness: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = tagged(tag);
    hasher.update(randomness);
    hasher.update(&(parts.len() as u32).to_le_bytes());
    for part in parts {
        hasher.update(&(part.len() as u32).to_le_bytes());
        hasher.update(part);
    }
    finish(&hasher)
}

/// A number below `bound`, each equally likely, that only depends on the arguments; 0 below 0. What a modulus
/// would favour (a chance below 2⁻¹²⁸) is drawn again.
pub fn uniform(seed: &[u8; 32], counter: u64, bound: u128) -> u128 {
    if bound == 0 {
        return 0;
    }
    let bound = Uint256::from(bound);
    let excess = (Uint256::MAX % bound + Uint256::one()) % bound; // 2^256 mod bound
    let mut attempt = 0u32;
    loop {
        let mut hasher = tagged("lyceum/uniform");
        hasher.update(seed).update(&counter.to_le_bytes()).update(&attempt.to_le_bytes());
        let value = Uint256::from_le_bytes(finish(&hasher));
        if value <= Uint256::MAX - excess {
            // Below a u128 bound, so the upper half is empty.
            let low = (value % bound).to_le_bytes();
            return low[..16].iter().rev().fold(0, |n, byte| n << 8 | u128::from(*byte));
        }
        attempt += 1;
    }
}
