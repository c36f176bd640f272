//! The claim bond: why no way of cheating pays.
//!
//! A committee re-executes `d` distinct intervals of `n`, none adjacent on the circle of intervals
//! (`lyceum_onchain::intervals`). A cheat fakes some set of `m` of them. Over every set of `m`, the probability
//! that none is drawn is at most
//!
//! - (n − d) / n, since the circle makes every single interval equally likely to be drawn, and
//! - C(n − m, d) / T with T = n / (n − d) · C(n − d, d), the number of sets that can be drawn: a set that misses
//!   the faked ones is one of the C(n − m, d) sets of the others. (The plain hypergeometric quotient would be
//!   too low: fakes at every other place leave only sets that are not adjacent, which is what is drawn.)
//!
//! A jump between kept states above the jump rule is always disputed, hence found. One that the rule lets pass
//! is a single faked interval, `m` = 1, which is also the least detectable way of all.
use cosmwasm_std::{Uint128, Uint256, Uint512};

use crate::params::{BOND_MARGIN, ONE};
use crate::{EconomyError, Result};

/// Largest number of intervals of a claim.
pub const MAX_INTERVALS: u32 = 1 << 20;
/// Largest number of distinct intervals drawn; with [`MAX_INTERVALS`] it keeps every product in 256 bits.
pub const MAX_DRAWN: u32 = 11;

/// An exact probability `chance / of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odds {
    /// Numerator.
    pub chance: Uint256,
    /// Denominator, never zero.
    pub of: Uint256,
}

impl Odds {
    /// Whether this probability is at most the other, exactly.
    pub fn at_most(&self, other: &Odds) -> bool {
        self.chance.full_mul(other.of) <= other.chance.full_mul(self.of)
    }

    /// In parts per million, rounded down.
    pub fn ppm(&self) -> u64 {
        let ppm = self.chance.full_mul(Uint256::from(ONE)) / Uint512::from(self.of);
        // A probability is at most one, so this is at most 10^6.
        narrow(ppm).and_then(|ppm| u64::try_from(ppm.u128()).ok()).unwrap_or(ONE)
    }
}

fn narrow(wide: Uint512) -> Option<Uint128> {
    Uint256::try_from(wide).ok().and_then(|w| Uint128::try_from(w).ok())
}

fn check(intervals: u32, drawn: u32) -> Result<()> {
    let range = |what, found: u32, min: u32, max: u32| {
        if (min..=max).contains(&found) {
            Ok(())
        } else {
            Err(EconomyError::OutOfRange { what, found: found.into(), min: min.into(), max: max.into() })
        }
    };
    range("drawn intervals", drawn, 1, MAX_DRAWN)?;
    range("intervals", intervals, 2 * drawn, MAX_INTERVALS)
}

/// The largest probability, over every choice of `faked` intervals, that none of them is among the `drawn`.
pub fn undetected(intervals: u32, faked: u32, drawn: u32) -> Result<Odds> {
    check(intervals, drawn)?;
    if faked > intervals {
        let (found, max) = (faked.into(), intervals.into());
        return Err(EconomyError::OutOfRange { what: "faked intervals", found, min: 0, max });
    }
    let (n, d) = (intervals, drawn);
    if faked == 0 {
        return Ok(Odds { chance: Uint256::one(), of: Uint256::one() });
    }
    let single = Odds { chance: Uint256::from(n - d), of: Uint256::from(n) };
    let honest = n - faked;
    if honest < d {
        return Ok(Odds { chance: Uint256::zero(), of: Uint256::one() });
    }
    // The d! of both binomials cancel.
    let mut several = single;
    for i in 0..d {
        several.chance *= Uint256::from(honest - i);
        several.of *= Uint256::from(n - d - i);
    }
    Ok(if several.at_most(&single) { several } else { single })
}

/// The smallest probability of being found, over every fraction and every way: `drawn / intervals`. It is that of a
/// single faked interval, for which the second bound above is never the smaller one.
pub fn smallest_detection(intervals: u32, drawn: u32) -> Result<Odds> {
    check(intervals, drawn)?;
    Ok(Odds { chance: Uint256::from(drawn), of: Uint256::from(intervals) })
}

/// The claim bond: 1.5 · R · (1 − p) / p for the maximal reward R and the smallest detection p, rounded up.
pub fn claim_bond(max_reward: Uint128, intervals: u32, drawn: u32) -> Result<Uint128> {
    let p = smallest_detection(intervals, drawn)?;
    // 128 + 21 + 20 bits: contracts compute it, and hold no arithmetic of 512 bits for it.
    let margin = Uint256::from(max_reward) * Uint256::from(BOND_MARGIN) * (p.of - p.chance);
    let over = p.chance * Uint256::from(ONE);
    let bond = (margin + over - Uint256::one()) / over;
    Uint128::try_from(bond).map_err(|_| EconomyError::Overflow { what: "claim bond" })
}

/// Expected profit, rounded up, of faking `faked` intervals for a reward against a bond: (1 − p) R − p B.
/// The 20 % of stake that a fraud also costs is left out: the bond alone must deter.
pub fn expected_profit(
    reward: Uint128,
    bond: Uint128,
    intervals: u32,
    faked: u32,
    drawn: u32,
) -> Result<i128> {
    let miss = undetected(intervals, faked, drawn)?;
    let won = miss.chance.full_mul(Uint256::from(reward));
    let lost = (miss.of - miss.chance).full_mul(Uint256::from(bond));
    let of = Uint512::from(miss.of);
    let small = |amount: Uint512| {
        narrow(amount)
            .and_then(|a| i128::try_from(a.u128()).ok())
            .ok_or(EconomyError::Overflow { what: "expected profit" })
    };
    if won >= lost {
        small((won - lost + of - Uint512::one()) / of)
    } else {
        small((lost - won) / of).map(|loss| -loss)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::params::LYC;

    const N: u32 = 200;
    const D: u32 = 7;

    #[test]
    fn a_single_faked_interval_is_the_least_detectable_way() {
        let p = smallest_detection(N, D).unwrap();
        assert_eq!(p.ppm(), 35_000);
        let miss = |faked| undetected(N, faked, D).unwrap();
        for faked in 1..=N {
            assert!(miss(faked).at_most(&miss(faked - 1)), "{faked}");
        }
        assert_eq!(miss(100).ppm(), 8_713); // every other interval: C(100, 7) / T, hypergeometric would say 7_008
        assert_eq!(miss(N).ppm(), 0);
    }

    /// All sets that can be drawn, as bit masks: no two adjacent on the circle.
    fn draws(n: u32, d: u32) -> Vec<u32> {
        let adjacent = |set: u32| set & (set << 1 | set >> (n - 1)) & ((1 << n) - 1) != 0;
        (0..1u32 << n).filter(|set| set.count_ones() == d && !adjacent(*set)).collect()
    }

    #[test]
    fn no_choice_of_fakes_escapes_more_often_than_the_bound_says() {
        for (n, d) in [(8, 2), (12, 3), (13, 4)] {
            let draws = draws(n, d);
            for fakes in 1..1u32 << n {
                let missed = draws.iter().filter(|set| *set & fakes == 0).count();
                let exact =
                    Odds { chance: Uint256::from(missed as u64), of: Uint256::from(draws.len() as u64) };
                let bound = undetected(n, fakes.count_ones(), d).unwrap();
                assert!(exact.at_most(&bound), "{n} {d} {fakes:b}");
                if fakes.count_ones() == 1 {
                    assert!(bound.at_most(&exact), "exact for one fake");
                }
            }
        }
    }

    #[test]
    fn cheating_loses_money_at_every_fraction() {
        let reward = Uint128::new(30 * LYC);
        let bond = claim_bond(reward, N, D).unwrap();
        assert_eq!(bond, Uint128::new(1_240_714_286)); // 30 LYC · 1.5 · 193 / 7
        for faked in 1..=N {
            assert!(expected_profit(reward, bond, N, faked, D).unwrap() < 0, "{faked}");
        }
        assert_eq!(expected_profit(reward, bond, N, 1, D), Ok(-14_475_000));
        assert_eq!(expected_profit(reward, bond, N, N, D), Ok(-1_240_714_286));
        assert_eq!(expected_profit(reward, bond, N, 0, D), Ok(30_000_000));
    }

    #[test]
    fn a_smaller_bond_than_the_rule_without_its_margin_would_pay_a_cheat() {
        let reward = Uint128::new(30 * LYC);
        let bond = Uint128::new(30 * LYC * 193 / 7 - 30);
        assert!(expected_profit(reward, bond, N, 1, D).unwrap() > 0);
    }

    #[test]
    fn sizes_without_a_draw_are_refused() {
        let refused = |n, faked, d| matches!(undetected(n, faked, d), Err(EconomyError::OutOfRange { .. }));
        assert!(refused(13, 1, 7) && refused(200, 201, 7) && refused(200, 1, 0));
        assert!(refused(200, 1, MAX_DRAWN + 1) && refused(MAX_INTERVALS + 1, 1, 7));
        assert_eq!(claim_bond(Uint128::MAX, N, D), Err(EconomyError::Overflow { what: "claim bond" }));
    }

    proptest! {
        #[test]
        fn every_claim_of_every_size_is_deterred(
            d in 1u32..=MAX_DRAWN, extra in 0u32..MAX_INTERVALS - 2 * MAX_DRAWN, at in 0f64..1.0, reward in 1u64..,
        ) {
            let n = 2 * d + extra;
            let faked = 1 + ((n - 1) as f64 * at) as u32;
            let bond = claim_bond(reward.into(), n, d).unwrap();
            prop_assert!(expected_profit(reward.into(), bond, n, faked, d).unwrap() <= 0);
            prop_assert!(reward < 1_000_000 || expected_profit(reward.into(), bond, n, faked, d).unwrap() < 0);
            prop_assert!(undetected(n, faked, d).unwrap().at_most(&undetected(n, faked - 1, d).unwrap()));
            let (found, missed) = (smallest_detection(n, d).unwrap(), undetected(n, 1, d).unwrap());
            let complement = Odds { chance: found.of - found.chance, of: found.of };
            prop_assert!(complement.at_most(&missed) && missed.at_most(&complement));
        }
    }
}
