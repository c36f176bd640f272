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
