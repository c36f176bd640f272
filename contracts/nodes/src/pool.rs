//! A pot of ulyc held by shares, so that a slash is one subtraction however many share it.
//!
//! A share is never worth more than one ulyc. Shares begin at one ulyc each; slashes make them worth less; and as
//! minting rounds down and burning up, a pot never holds more ulyc than shares: with S ≥ T, ⌊a·S/T⌋ ≥ a and
//! ⌈a·(S−T)/T⌉ ≤ S−T for a ≤ T. So nobody can inflate the price of a share to make a later deposit round to nothing
//! (the attack on the first depositor of a vault), and no rounding costs more than one ulyc.
use cosmwasm_schema::serde::{Deserialize, Serialize};
use cosmwasm_std::Uint128;

use crate::error::ContractError;
use crate::packed::packed;

/// The pot.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(crate = "cosmwasm_schema::serde", into = "Vec<Uint128>", try_from = "Vec<Uint128>")]
pub struct Pool {
    pub tokens: Uint128,
    pub shares: Uint128,
    /// Counts how often the pot was slashed to nothing; shares of an earlier era are void.
    pub era: u32,
}

packed!(Pool: tokens, shares, era);

impl Pool {
    /// What shares of this era are worth.
    pub fn worth(&self, shares: Uint128) -> Uint128 {
        if self.shares.is_zero() { Uint128::zero() } else { shares.mul_floor((self.tokens, self.shares)) }
    }

    /// What shares of some era are worth.
    pub fn worth_of(&self, shares: Uint128, era: u32) -> Uint128 {
        if era == self.era { self.worth(shares) } else { Uint128::zero() }
    }

    /// Adds ulyc and gives the shares minted for them. Only a pot slashed some hundred times runs out of shares.
    pub fn add(&mut self, amount: Uint128) -> Result<Uint128, ContractError> {
        let too_many = |_| ContractError::Overflow { what: "the shares of a pool" };
        let minted = if self.shares.is_zero() {
            amount
        } else {
            amount
                .checked_mul_floor((self.shares, self.tokens))
                .map_err(|_| ContractError::Overflow { what: "the shares of a pool" })?
        };
        let shares = self.shares.checked_add(minted).map_err(too_many)?;
        self.tokens = self.tokens.checked_add(amount).map_err(too_many)?;
        self.shares = shares;
        Ok(minted)
    }

    /// Takes ulyc out of a holding that is worth as much or more, and gives the shares burned: all of them when
    /// all that they are worth is taken.
    pub fn take(&mut self, held: Uint128, amount: Uint128) -> Uint128 {
        let all = amount == self.worth(held);
        let burned = if all { held } else { amount.mul_ceil((self.shares, self.tokens)) };
        self.tokens -= amount;
        self.shares -= burned; // ⌈a·S/T⌉ ≤ held as a ≤ ⌊held·T/S⌋
        burned
    }

    /// Burns shares of this era and gives what they were worth.
    pub fn burn(&mut self, shares: Uint128) -> Uint128 {
        let amount = self.worth(shares);
        self.tokens -= amount;
        self.shares -= shares;
        amount
    }

    /// Takes ulyc from all shares alike, at most what is there.
    pub fn slash(&mut self, amount: Uint128) {
        self.tokens = self.tokens.saturating_sub(amount);
        if self.tokens.is_zero() && !self.shares.is_zero() {
            self.shares = Uint128::zero();
            self.era += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pool_slashed_to_nothing_voids_its_shares_and_begins_anew() {
        let mut pool = Pool::default();
        assert_eq!(pool.add(7u128.into()).unwrap().u128(), 7);
        pool.slash(Uint128::MAX);
        assert_eq!((pool.worth_of(7u128.into(), 0).u128(), pool.era), (0, 1));
        let fresh = pool.add(5u128.into()).unwrap();
        assert_eq!((fresh.u128(), pool.worth_of(fresh, 1).u128()), (5, 5));
        assert_eq!(pool.worth_of(7u128.into(), 0).u128(), 0, "old shares take nothing from new ones");
        pool.slash(Uint128::zero());
        assert_eq!(pool.era, 1);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add(usize, u128),
        Take(usize, u128),
        Burn(usize),
        Slash(u128),
    }

    fn step() -> impl Strategy<Value = Step> {
        let amount = || prop_oneof![1u128..10, 1u128..10_000_000_000_000];
        prop_oneof![
            3 => (0usize..4, amount()).prop_map(|(n, a)| Step::Add(n, a)),
            3 => (0usize..4, amount()).prop_map(|(n, a)| Step::Take(n, a)),
            1 => (0usize..4).prop_map(Step::Burn),
            1 => (1u128..1_000_000).prop_map(Step::Slash),
        ]
    }

    proptest! {
        #[test]
        fn a_share_is_never_worth_more_than_one_and_nobody_loses_more_than_one_to_rounding(
            steps in prop::collection::vec(step(), 1..60),
        ) {
            let mut pool = Pool::default();
            let mut held = [Uint128::zero(); 4];
            for step in steps {
                let before = held.map(|shares| pool.worth(shares));
                let mut moved = [0i128; 4];
                match step {
                    Step::Add(n, amount) => {
                        held[n] += pool.add(amount.into()).unwrap();
                        moved[n] = amount as i128;
                    }
                    Step::Take(n, amount) => {
                        let amount = Uint128::new(amount).min(pool.worth(held[n]));
                        if !amount.is_zero() {
                            held[n] -= pool.take(held[n], amount);
                            moved[n] = -(amount.u128() as i128);
                        }
                    }
                    Step::Burn(n) => {
                        moved[n] = -(pool.burn(held[n]).u128() as i128);
                        held[n] = Uint128::zero();
                    }
                    Step::Slash(ppm) => {
                        let (tokens, shares) = (pool.tokens, pool.shares);
                        let taken = tokens.mul_ceil((ppm, 1_000_000u128));
                        pool.slash(taken);
                        for n in 0..4 {
                            let lost = (before[n] - pool.worth(held[n])).u128();
                            let exact = if shares.is_zero() { Uint128::zero() }
                                else { held[n].mul_floor((taken, shares)) };
                            prop_assert!(lost.abs_diff(exact.u128()) <= 1, "{lost} of {exact}");
                        }
                        if pool.shares.is_zero() { held = [Uint128::zero(); 4]; }
                        continue;
                    }
                }
                prop_assert_eq!(pool.shares, held.iter().sum::<Uint128>());
                prop_assert!(pool.shares >= pool.tokens, "{pool:?}");
                prop_assert_eq!(pool.tokens.is_zero(), pool.shares.is_zero());
                for n in 0..4 {
                    // Rounding is in favour of the pool: nobody else loses by anybody's coming or going.
                    if moved[n] == 0 {
                        prop_assert!(pool.worth(held[n]) >= before[n], "{n} paid for another");
                    }
                    let (was, now) = (before[n].u128() as i128, pool.worth(held[n]).u128() as i128);
                    prop_assert!(now >= was + moved[n] - 1, "{n} lost to rounding");
                    prop_assert!(now <= was + moved[n] + 2, "{n} won");
                }
                let worth: Uint128 = held.iter().map(|shares| pool.worth(*shares)).sum();
                prop_assert!(worth <= pool.tokens && (pool.tokens - worth).u128() < 4);
            }
        }
    }
}
