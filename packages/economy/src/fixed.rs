//! Fixed-point helpers that the rest of the crate is written with.
use cosmwasm_std::{Uint128, Uint256};

use crate::params::ONE;
use crate::{EconomyError, Result};

/// ln 2 × 2⁶⁰.
const LN2_Q60: u128 = 799_144_290_325_165_978;
/// Fractional bits of a base-2 logarithm.
const LOG2_BITS: u32 = 40;

/// `amount · numerator / denominator`, rounded down, exact inside.
pub fn mul_floor(amount: Uint128, numerator: u128, denominator: u128, what: &'static str) -> Result<Uint128> {
    if denominator == 0 {
        return Err(EconomyError::Zero { what });
    }
    let product = amount.full_mul(Uint128::new(numerator));
    (product / Uint256::from(denominator)).try_into().map_err(|_| EconomyError::Overflow { what })
}

/// `amount · numerator / denominator`, rounded up, exact inside.
pub fn mul_ceil(amount: Uint128, numerator: u128, denominator: u128, what: &'static str) -> Result<Uint128> {
    if denominator == 0 {
        return Err(EconomyError::Zero { what });
    }
    let (product, denominator) = (amount.full_mul(Uint128::new(numerator)), Uint256::from(denominator));
    let whole = product / denominator;
    let rounded = if whole * denominator == product { whole } else { whole + Uint256::one() };
    rounded.try_into().map_err(|_| EconomyError::Overflow { what })
}

/// `amount · ppm / 10⁶`, rounded down.
pub fn mul_ppm(amount: Uint128, ppm: u64, what: &'static str) -> Result<Uint128> {
    mul_floor(amount, ppm.into(), ONE.into(), what)
}

/// `part / whole` in ppm, rounded down and saturating; 0 of nothing is 0.
pub fn ratio_ppm(part: u128, whole: u128) -> u64 {
    if whole == 0 {
        return if part == 0 { 0 } else { u64::MAX };
    }
    let ratio = Uint128::new(part).full_mul(Uint128::from(ONE)) / Uint256::from(whole);
    Uint128::try_from(ratio).ok().and_then(|r| u64::try_from(r.u128()).ok()).unwrap_or(u64::MAX)
}

/// `ln(a / b)` × 10⁶, rounded towards zero; monotone in both arguments and odd under their exchange.
///
/// The base-2 logarithm is taken bit by bit (square, compare with 2), so two inputs can only differ where the
/// larger one has the larger bit.
pub fn ln_ratio(a: u64, b: u64) -> Result<i64> {
    if a == 0 || b == 0 {
        return Err(EconomyError::Zero { what: "argument of a logarithm" });
    }
    if a < b {
        return ln_ratio(b, a).map(|ln| -ln);
    }
    let ratio = (u128::from(a) << 64) / u128::from(b);
    let top = 127 - ratio.leading_zeros(); // ≥ 64, as a ≥ b
    let mut mantissa = ratio >> (top - 63); // in [2^63, 2^64), stands for [1, 2)
    let mut log2 = u128::from(top - 64);
    for _ in 0..LOG2_BITS {
        let square = mantissa * mantissa;
        let bit = square >> 127;
        mantissa = square >> (63 + bit);
        log2 = (log2 << 1) | bit;
    }
    // log2 < 2^46, ln 2 < 2^60, 10^6 < 2^20: 126 bits; the result is below 45 · 10^6.
    Ok(((log2 * LN2_Q60 * u128::from(ONE)) >> (60 + LOG2_BITS)) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_logarithms_are_exact_to_a_millionth() {
        for (a, b, ln) in
            [(1, 1, 0), (2, 1, 693_147), (1, 2, -693_147), (10, 1, 2_302_585), (101, 100, 9_950)]
        {
            assert_eq!(ln_ratio(a, b), Ok(ln));
        }
        assert_eq!(ln_ratio(u64::MAX, 1), Ok(44_361_419));
        assert_eq!(ln_ratio(0, 1), Err(EconomyError::Zero { what: "argument of a logarithm" }));
    }

    #[test]
    fn a_share_beyond_its_type_is_an_error_and_not_a_wrong_number() {
        assert_eq!(mul_ppm(Uint128::MAX, ONE + 1, "x"), Err(EconomyError::Overflow { what: "x" }));
        assert_eq!(mul_ceil(Uint128::one(), 1, 0, "x"), Err(EconomyError::Zero { what: "x" }));
        assert_eq!(mul_floor(Uint128::MAX, u128::MAX, u128::MAX, "x"), Ok(Uint128::MAX));
    }

    proptest! {
        #[test]
        fn the_logarithm_is_monotone_odd_and_near_the_real_one(a in 1u64.., b in 1u64.., more in 0u64..1000) {
            let ln = ln_ratio(a, b).unwrap();
            prop_assert!(ln_ratio(a.saturating_add(more), b).unwrap() >= ln);
            prop_assert_eq!(ln_ratio(b, a).unwrap(), -ln);
            let real = ((a as f64).ln() - (b as f64).ln()) * 1e6;
            prop_assert!((real - ln as f64).abs() < 1.1, "{} {}", real, ln);
        }

        #[test]
        fn floor_and_ceiling_differ_by_at_most_one(amount: u128, n in 0u64.., d in 1u64..) {
            let n = n.min(d);
            let floor = mul_floor(amount.into(), n.into(), d.into(), "x").unwrap();
            let ceiling = mul_ceil(amount.into(), n.into(), d.into(), "x").unwrap();
            prop_assert!(floor <= ceiling && ceiling.u128() - floor.u128() <= 1);
            prop_assert!(ceiling.u128() <= amount);
        }
    }
}
