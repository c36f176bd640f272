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

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockApi;
    use proptest::prelude::*;

    use super::*;

    // drand quicknet, chain 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971.
    const GENESIS: u64 = 1_692_803_367;
    const PERIOD: u64 = 3;
    const PUBLIC_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
    const ROUND_1000: &str =
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

    fn holds(public_key: &[u8], round: u64, signature: &[u8]) -> bool {
        verify(&MockApi::default(), public_key, round, signature).unwrap()
    }

    #[test]
    fn a_published_quicknet_round_verifies_and_nothing_else_does() {
        let (key, signature) = (hex::decode(PUBLIC_KEY).unwrap(), hex::decode(ROUND_1000).unwrap());
        assert!(holds(&key, 1000, &signature));
        assert!(!holds(&key, 1001, &signature));
        assert!(!holds(&BLS12_381_G2_GENERATOR, 1000, &signature));
        assert!(!holds(&key, 1000, &signature[..47]) && !holds(&key[..95], 1000, &signature));
        assert!(!holds(&key, 1000, &[0; 48]) && !holds(&[0; 96], 1000, &signature), "no points");
        let mut infinity = [0; 48];
        infinity[0] = 0xc0;
        assert!(!holds(&key, 1000, &infinity));
        let mut negated = signature.clone();
        negated[0] ^= 0x20;
        assert!(!holds(&key, 1000, &negated));
        let expected = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd";
        assert_eq!(hex::encode(randomness(&signature)), expected);
    }

    #[test]
    fn rounds_appear_every_period_from_the_genesis_on() {
        assert_eq!(round_at(GENESIS, PERIOD, GENESIS - 1), 0);
        assert_eq!(round_at(GENESIS, PERIOD, GENESIS), 1);
        assert_eq!(round_at(GENESIS, PERIOD, GENESIS + 2), 1);
        assert_eq!(round_at(GENESIS, PERIOD, GENESIS + 3), 2);
        assert_eq!(first_round_from(GENESIS, PERIOD, 0), 1);
        assert_eq!(first_round_from(GENESIS, PERIOD, GENESIS + 1), 2);
        assert_eq!(first_round_from(GENESIS, PERIOD, GENESIS + 3), 2);
        assert_eq!(round_time(GENESIS, PERIOD, 1000), GENESIS + 2997);
    }

    #[test]
    fn derived_values_must_not_change() {
        assert_eq!(
            hex::encode(derive("lyceum/seed", &[7; 32], &[b"task", b"trainer"])),
            "a5fd997ce3ddebc6b970181857ed4ab21070fc0a1299a7df694713dca923619a"
        );
        assert_ne!(derive("t", &[7; 32], &[b"ab", b"c"]), derive("t", &[7; 32], &[b"a", b"bc"]));
        assert_ne!(derive("t", &[7; 32], &[]), derive("t", &[7; 32], &[b""]));
        assert_eq!(uniform(&[7; 32], 1, 1_000_000), 275_054);
        assert_eq!(uniform(&[7; 32], 1, 0), 0);
        assert_eq!(uniform(&[7; 32], 1, 1), 0);
    }

    #[test]
    fn uniform_numbers_are_uniform() {
        let mut counts = [0u32; 7];
        for counter in 0..7000 {
            counts[uniform(&[1; 32], counter, 7) as usize] += 1;
        }
        let chi: f64 = counts.iter().map(|c| (f64::from(*c) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 22.46, "{chi}: 6 degrees of freedom, one in a thousand");
    }

    proptest! {
        #[test]
        fn a_round_and_its_time_agree(genesis in 0u64..1 << 40, period in 1u64..1000, time in 0u64..1 << 41) {
            let (last, next) = (round_at(genesis, period, time), first_round_from(genesis, period, time));
            prop_assert!(last == 0 || round_time(genesis, period, last) <= time);
            prop_assert!(round_time(genesis, period, next) >= time);
            prop_assert!(next == last || next == last + 1);
        }

        #[test]
        fn a_uniform_number_is_below_its_bound(seed: [u8; 32], counter: u64, bound in 1u128..) {
            prop_assert!(uniform(&seed, counter, bound) < bound);
        }

        #[test]
        fn times_and_rounds_of_any_size_do_not_panic(genesis: u64, period: u64, value: u64) {
            let _ = (round_at(genesis, period, value), first_round_from(genesis, period, value));
            let _ = round_time(genesis, period, value);
        }
    }
}
