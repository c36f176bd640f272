//! [`Amount`]: how people write amounts, such as `500LYC` or `500000000ulyc`, and how they are shown.

use std::fmt;
use std::str::FromStr;

/// Units of 1 LYC.
const LYC: u128 = 1_000_000;
/// Decimals of an amount in LYC.
const DECIMALS: usize = 6;

/// An amount of ulyc. A number without a unit is ulyc, as it is in messages and on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount(pub u128);

/// An amount whose unit was named: for what cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denominated(pub u128);

/// An amount of ulyc for people, exact.
pub fn lyc(ulyc: u128) -> String {
    let (whole, rest) = (ulyc / LYC, ulyc % LYC);
    match rest {
        0 => format!("{whole} LYC"),
        _ => format!("{whole}.{} LYC", format!("{rest:06}").trim_end_matches('0')),
    }
}

/// An amount in both units.
pub fn both(ulyc: u128) -> String {
    format!("{} ({ulyc} ulyc)", lyc(ulyc))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&lyc(self.0).replace(' ', ""))
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, Some(1)).map(Self)
    }
}

impl FromStr for Denominated {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, None).map(Self)
    }
}

/// Reads an amount; `bare` is how many ulyc a number without a unit counts.
fn read(text: &str, bare: Option<u128>) -> Result<u128, String> {
    let expected = "expected an amount such as 500LYC, 0.25LYC or 500000000ulyc";
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = unit.trim();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || fraction.contains('.') {
        return Err(expected.to_owned());
    }
    let factor = match unit {
        "ulyc" => 1,
        "" => bare.ok_or_else(|| {
            format!("{number} of what? Say {number}LYC or {number}ulyc (1 LYC is {LYC} ulyc)")
        })?,
        _ if unit.eq_ignore_ascii_case("lyc") => LYC,
        other => {
            let other: String = other.chars().take(20).collect();
            return Err(format!("{other} is no unit here; {expected} (1 LYC is {LYC} ulyc)"));
        }
    };
    if factor == 1 && !fraction.is_empty() {
        return Err(format!("ulyc are whole; {expected}"));
    }
    if fraction.len() > DECIMALS {
        return Err(format!(
            "an amount in LYC has at most {DECIMALS} decimals, {number} has {}",
            fraction.len()
        ));
    }
    let large = || format!("{number} is larger than any amount");
    let whole = whole.parse::<u128>().map_err(|_| large())?.checked_mul(factor).ok_or_else(large)?;
    // At most six digits.
    let parts = format!("{fraction:0<DECIMALS$}").parse::<u128>().map_err(|_| expected.to_owned())?;
    whole.checked_add(if factor == 1 { 0 } else { parts }).ok_or_else(large)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ulyc(text: &str) -> u128 {
        text.parse::<Amount>().unwrap().0
    }

    #[test]
    fn amounts_are_exact_in_either_unit() {
        for (text, expected) in [
            ("500LYC", 500_000_000),
            ("500000000ulyc", 500_000_000),
            ("0.000001LYC", 1),
            ("1.5 lyc", 1_500_000),
            ("7", 7),
            ("0LYC", 0),
        ] {
            assert_eq!(ulyc(text), expected, "{text}");
        }
        assert_eq!(lyc(1_000_000_000), "1000 LYC");
        assert_eq!(lyc(1_500_000), "1.5 LYC");
        assert_eq!(lyc(1), "0.000001 LYC");
        assert_eq!(both(1_500_000), "1.5 LYC (1500000 ulyc)");
        assert_eq!(Amount(1_500_000).to_string(), "1.5LYC");
    }

    #[test]
    fn what_is_no_amount_is_refused_with_what_was_expected() {
        for (text, part) in [
            ("", "500LYC"),
            ("LYC", "500LYC"),
            ("-5LYC", "500LYC"),
            ("1e6", "e6 is no unit"),
            ("1,000LYC", "no unit"),
            ("5uatom", "uatom is no unit"),
            ("5ULYC", "ULYC is no unit"),
            ("1.LYC", "500LYC"),
            (".5LYC", "500LYC"),
            ("1.2.3LYC", "500LYC"),
            ("1.5ulyc", "whole"),
            ("1.5", "whole"),
            ("0.0000001LYC", "6 decimals"),
            ("999999999999999999999999999999999999999999ulyc", "larger"),
            ("340282366920938463463374607431768211455LYC", "larger"),
        ] {
            let said = text.parse::<Amount>().unwrap_err();
            assert!(said.contains(part), "{text}: {said}");
        }
    }

    #[test]
    fn what_is_sent_names_its_unit() {
        assert_eq!("5LYC".parse::<Denominated>().unwrap().0, 5_000_000);
        let said = "500".parse::<Denominated>().unwrap_err();
        assert!(said.contains("500LYC") && said.contains("500ulyc"), "{said}");
    }

    proptest! {
        #[test]
        fn every_amount_is_read_as_it_is_shown(n in any::<u128>()) {
            prop_assert_eq!(ulyc(&Amount(n).to_string()), n);
            prop_assert_eq!(ulyc(&format!("{n}ulyc")), n);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = text.parse::<Amount>();
        }
    }
}
