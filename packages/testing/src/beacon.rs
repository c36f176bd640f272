//! [`Beacon`]: a randomness beacon of drand's quicknet scheme whose key its holder has. Whoever runs a localnet
//! trusts that holder, as the design says; the contracts verify it like any other.

use anyhow::{anyhow, ensure};
use blst::min_sig::SecretKey;
use cosmwasm_std::Binary;
use lyceum_api::tasks;
use lyceum_onchain::beacon;

/// A beacon with its secret key.
#[derive(Clone)]
pub struct Beacon {
    key: SecretKey,
    genesis: u64,
    period: u64,
}

impl std::fmt::Debug for Beacon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beacon")
            .field("genesis", &self.genesis)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}

impl Beacon {
    /// A beacon whose key comes from 32 secret bytes, whose first round is at `genesis` (Unix seconds) and which
    /// signs one every `period` seconds.
    pub fn new(secret: [u8; 32], genesis: u64, period: u64) -> anyhow::Result<Self> {
        ensure!(period > 0, "the period of a beacon is at least one second");
        let key =
            SecretKey::key_gen(&secret, b"lyceum/localnet-beacon").map_err(|e| anyhow!("blst: {e:?}"))?;
        Ok(Self { key, genesis, period })
    }

    /// What `tasks` is configured with.
    pub fn config(&self) -> tasks::Beacon {
        let public_key = self.key.sk_to_pk().compress().to_vec().into();
        tasks::Beacon { public_key, genesis: self.genesis, period: self.period }
    }

    /// The signature of a round: 48 bytes on G1.
    pub fn sign(&self, round: u64) -> Binary {
        self.key.sign(&beacon::message(round), beacon::DST, &[]).compress().to_vec().into()
    }

    /// The signature of a round that is out at a time; none before.
    pub fn signed_at(&self, round: u64, time: u64) -> Option<Binary> {
        (round > 0 && self.time_of(round) <= time).then(|| self.sign(round))
    }

    /// The first round that comes out at or after a time, Unix seconds.
    pub fn first_round_from(&self, time: u64) -> u64 {
        beacon::first_round_from(self.genesis, self.period, time)
    }

    /// When a round comes out, Unix seconds.
    pub fn time_of(&self, round: u64) -> u64 {
        beacon::round_time(self.genesis, self.period, round)
    }
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockApi;

    use super::*;

    #[test]
    fn the_contracts_verify_a_round_and_nothing_else() {
        let ours = Beacon::new([7; 32], 1_000, 3).unwrap();
        let other = Beacon::new([8; 32], 1_000, 3).unwrap();
        let api = MockApi::default();
        let key = ours.config().public_key;
        assert!(beacon::verify(&api, &key, 5, &ours.sign(5)).unwrap());
        assert!(!beacon::verify(&api, &key, 6, &ours.sign(5)).unwrap());
        assert!(!beacon::verify(&api, &key, 5, &other.sign(5)).unwrap());
        assert_eq!(ours.signed_at(2, 1_002), None);
        assert_eq!(ours.signed_at(2, 1_003), Some(ours.sign(2)));
    }
}
