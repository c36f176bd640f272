//! Timelock encryption of a benchmark's key: nobody can open it before the beacon signs a round, everybody can
//! afterwards.
//!
//! tlock's scheme for beacons that sign on G1 (`bls-unchained-g1-rfc9380`, drand's quicknet): the identity-based
//! encryption of Boneh and Franklin on BLS12-381 under the Fujisaki-Okamoto transform, as in "tlock: Practical
//! Timelock Encryption from Threshold BLS" (Gailly, Melissaris, Romailler; eprint 2023/189) and as drand's kyber
//! and tlock compute it. The identity is SHA-256 of the round's number, big-endian; its private key is the round's
//! signature. A sealed key is `U` (96 bytes, on G2), `V` and `W` (32 bytes each).
//!
//! σ, which the paper draws, is derived from the key and the round: a key is 32 secret random bytes that seal one
//! benchmark, so nobody can tell σ from a drawn one, and sealing needs no randomness. The pairing is blst's; the
//! `tlock` crate takes 16-byte keys only, and panics on what was not encrypted properly.

use blst::blst_fp12;
use blst::min_sig::{PublicKey, SecretKey, Signature};
use sha2::{Digest, Sha256};

use crate::{Hash32, LearnError, Result};

/// Domain separation tag of the beacon's scheme.
const DST: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const POINT: usize = 96;
const KEY: usize = 32;
/// Bytes of a sealed key.
pub const SEALED_BYTES: usize = POINT + 2 * KEY;

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize().into()
}

fn xor(text: &[u8], pad: &[u8; 32]) -> Vec<u8> {
    text.iter().zip(pad).map(|(a, b)| a ^ b).collect()
}

/// e(p, q), as kyber writes it: the twelve coordinates from the highest down.
fn pairing(p: &Signature, q: &PublicKey) -> [u8; 576] {
    let written = blst_fp12::miller_loop(q.into(), p.into()).final_exp().to_bendian();
    let mut out = [0; 576];
    let order = (0..2)
        .rev()
        .flat_map(|j| (0..3).rev().flat_map(move |i| (0..2).rev().map(move |c| 4 * i + 2 * j + c)));
    for (to, from) in out.chunks_exact_mut(48).zip(order) {
        to.copy_from_slice(&written[48 * from..48 * (from + 1)]);
    }
    out
}

/// H₂: what hides σ.
fn hide(p: &Signature, q: &PublicKey) -> [u8; 32] {
    sha256(&[b"IBE-H2", &pairing(p, q)])
}

/// H₃: the scalar r. Hashes are tried until one is below the group's order; nine in ten are, so it does not happen
/// that none of 65 534 is.
fn scalar(sigma: &[u8], text: &[u8]) -> Result<SecretKey> {
    let seed = sha256(&[b"IBE-H3", sigma, text]);
    (1..u16::MAX)
        .find_map(|i| {
            let mut hash = sha256(&[&i.to_le_bytes(), &seed]);
            hash[0] >>= 1;
            SecretKey::from_bytes(&hash).ok()
        })
        .ok_or(LearnError::Seal("no scalar"))
}

fn message(round: u64) -> [u8; 32] {
    sha256(&[&round.to_be_bytes()])
}

/// Seals up to 32 bytes.
fn encrypt(public_key: &PublicKey, round: u64, sigma: &[u8], text: &[u8]) -> Result<Vec<u8>> {
    let r = scalar(sigma, text)?;
    // e(H(id), key)^r = e(r·H(id), key), and r·H(id) is what blst calls a signature by r.
    let hidden = hide(&r.sign(&message(round), DST, &[]), public_key);
    let mut out = r.sk_to_pk().compress().to_vec();
    out.extend(xor(sigma, &hidden));
    out.extend(xor(text, &sha256(&[b"IBE-H4", sigma])));
    Ok(out)
}

fn decrypt(signature: &Signature, sealed: &[u8]) -> Result<Vec<u8>> {
    let (point, rest) =
        sealed.split_at_checked(POINT).ok_or(LearnError::Seal("the sealed key is cut off"))?;
    let (v, w) = rest.split_at(rest.len() / 2);
    if v.len() != w.len() || w.len() > KEY {
        return Err(LearnError::Seal("the sealed key is of another length"));
    }
    let u = PublicKey::key_validate(point)
        .map_err(|_| LearnError::Seal("the sealed key holds no point of G2"))?;
    let sigma = xor(v, &hide(signature, &u));
    let text = xor(w, &sha256(&[b"IBE-H4", &sigma]));
    // Only who knew σ and the text could make this point; anything else is another round's signature, or garbage.
    if scalar(&sigma, &text)?.sk_to_pk() != u {
        return Err(LearnError::Seal("this signature does not open the sealed key"));
    }
    Ok(text)
}

fn public(key: &[u8]) -> Result<PublicKey> {
    PublicKey::key_validate(key).map_err(|_| LearnError::Seal("the beacon's public key is no point of G2"))
}

/// Seals a benchmark's key until the beacon with this public key (96 bytes) signs a round. The key must be random
/// and seal nothing else.
pub fn lock(public_key: &[u8], round: u64, key: &Hash32) -> Result<Vec<u8>> {
    let mut secret = key.as_bytes().to_vec();
    secret.extend_from_slice(&round.to_be_bytes());
    let sigma = blake3::derive_key("lyceum 2025 timelock sigma v1", &secret);
    encrypt(&public(public_key)?, round, &sigma, key.as_bytes())
}

/// Opens what [`lock`] sealed, with the signature (48 bytes) of its round. Whoever sealed the key may have written
/// anything: what does not open is an error.
pub fn unlock(signature: &[u8], sealed: &[u8]) -> Result<Hash32> {
    let signature = Signature::sig_validate(signature, true)
        .map_err(|_| LearnError::Seal("the round's signature is no point of G1"))?;
    if sealed.len() != SEALED_BYTES {
        return Err(LearnError::Seal("the sealed key is of another length"));
    }
    let key: [u8; 32] = decrypt(&signature, sealed)?
        .try_into()
        .map_err(|_| LearnError::Seal("the key is of another length"))?;
    Ok(Hash32(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // drand's quicknet and its round 1000.
    const QUICKNET: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
    const ROUND_1000: &str =
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    fn beacon(seed: u8) -> SecretKey {
        SecretKey::key_gen(&[seed; 32], &[]).unwrap()
    }

    fn sign(beacon: &SecretKey, round: u64) -> Vec<u8> {
        beacon.sign(&message(round), DST, &[]).compress().to_vec()
    }

    #[test]
    fn what_drands_go_program_sealed_opens_here() {
        // The stanza of the file "Hello drand World" for round 2 of drand's fastnet, whose signatures lie on G1 too
        // (tlock-js, test/age/compatibility.test.ts).
        let sealed = bytes(GO_SEALED);
        let signature = bytes(
            "a050676d1a1b6ceedb5fb3281cdfe88695199971426ff003c0862460b3a72811328a07ecd53b7d57fc82bb67f35efaf1",
        );
        let signature = Signature::sig_validate(&signature, true).unwrap();
        assert_eq!(decrypt(&signature, &sealed).unwrap().len(), 16, "age's file key");
        let mut other = sealed;
        other[127] ^= 1;
        assert!(decrypt(&signature, &other).is_err());
    }

    const GO_SEALED: &str = "b04a7f519000c82275e402c288080243aa46bb3456288df6265069a8f3f7a6ea2e752925e3daede3f93682d3f2535e2a0b0d0371405445884e7be17a94739e2d7d3614cdbdecf8e9e8f63f39572c8675e3d792e6384caebb6f42adb140bbb261aa57a7d668a93797b7c59502fb502470a57020e9c5d958a8ff225de04d93c4f6";

    #[test]
    fn what_the_tlock_crate_documents_opens_here() {
        let sealed = bytes(
            "9787b5ed1c3e36e84ce19064e975be835b81c0788d5aa2a49ab7edc98b2917f1d61ac21f196bdc693ed556194fb33da104ffafa3c036dbcfb55eb953aaf2d446871aad7a1266f531caac1d654247a2d8ee93b975a7a19f0286f44d3c646d76338f334f4450bddbb2db52daae55d9e20ec26503ea7855b165f713b4ea96e60376",
        );
        let signature = bytes(
            "b09eacd45767c4d58306b98901ad0d6086e2663766f3a4ec71d00cf26f0f49eaf248abc7151c60cf419c4e8b37e80412",
        );
        let signature = Signature::sig_validate(&signature, true).unwrap();
        assert_eq!(decrypt(&signature, &sealed).unwrap(), [0; 16]);
    }

    #[test]
    fn a_key_sealed_to_a_quicknet_round_opens_with_its_published_signature() {
        let key = Hash32([9; 32]);
        let sealed = lock(&bytes(QUICKNET), 1000, &key).unwrap();
        assert_eq!(sealed.len(), SEALED_BYTES);
        assert_eq!(unlock(&bytes(ROUND_1000), &sealed).unwrap(), key);
    }

    #[test]
    fn this_format_must_not_change() {
        let sealed = lock(&bytes(QUICKNET), 1000, &Hash32([9; 32])).unwrap();
        assert_eq!(Hash32::of(&sealed).to_string(), GOLDEN);
    }

    const GOLDEN: &str = "b121d2ca74140ba86b0e948915b327bb1dd11c71dc5099a4874ec6edfe002646";

    #[test]
    fn neither_another_round_nor_another_beacon_opens_it() {
        let (ours, other) = (beacon(1), beacon(2));
        let key = Hash32([3; 32]);
        let sealed = lock(&ours.sk_to_pk().compress(), 50, &key).unwrap();
        assert_eq!(unlock(&sign(&ours, 50), &sealed).unwrap(), key);
        for signature in
            [sign(&ours, 49), sign(&ours, 51), sign(&other, 50), vec![0; 48], vec![], vec![0xc0; 48]]
        {
            assert!(unlock(&signature, &sealed).is_err());
        }
    }

    #[test]
    fn a_public_key_that_is_none_seals_nothing() {
        let mut infinity = [0; 96];
        infinity[0] = 0xc0;
        for key in [&[][..], &[0; 96], &[7; 95], &infinity] {
            assert!(lock(key, 1, &Hash32([3; 32])).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_sealed_key_with_any_changed_byte_opens_no_more(
            key: [u8; 32], round: u64, at in 0..SEALED_BYTES, bit in 0u8..8,
        ) {
            let beacon = beacon(4);
            let mut sealed = lock(&beacon.sk_to_pk().compress(), round, &Hash32(key)).unwrap();
            let signature = sign(&beacon, round);
            prop_assert_eq!(unlock(&signature, &sealed).unwrap(), Hash32(key));
            sealed[at] ^= 1 << bit;
            prop_assert!(unlock(&signature, &sealed).is_err());
        }

        #[test]
        fn garbage_is_refused_without_a_panic(sealed in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(unlock(&sign(&beacon(5), 1), &sealed).is_err());
        }
    }
}
