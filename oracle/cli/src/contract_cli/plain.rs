//! What contracts and chains say, for people: amounts in LYC, moments as dates, and nothing of how Rust writes values.

use cosmwasm_std::Timestamp;

use super::both;

/// The fewest seconds and nanoseconds since 1970 that are shown as a date: the year 2001.
const SECONDS: std::ops::Range<u64> = 1_000_000_000..10_000_000_000;
const NANOS: std::ops::Range<u64> = 1_000_000_000_000_000_000..10_000_000_000_000_000_000;
/// Words before which a number is a moment.
const BEFORE_MOMENTS: [&str; 4] = ["at", "until", "before", "from"];

/// A refusal's words for people.
pub fn plain(words: &str) -> String {
    let mut out: Vec<String> = vec![];
    let all: Vec<&str> = words.split(' ').collect();
    for (i, word) in all.iter().enumerate() {
        // Punctuation stays where it is.
        let core = word.trim_end_matches([',', ';', ':', '.']);
        let (core, end) = word.split_at(core.len());
        let core = match core.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
            Some(value) => value,
            None if core == "None" => "no time",
            None => core,
        };
        let before = |back: usize| i.checked_sub(back).map_or("", |at| all[at]);
        let moment =
            BEFORE_MOMENTS.contains(&before(1)) || before(1) == "is" && ["now", "it"].contains(&before(2));
        let next = all.get(i + 1).map_or("", |next| next.trim_end_matches([',', ';', ':', '.']));
        let shown = match core.parse::<u128>() {
            Ok(n) if next == "ulyc" && end.is_empty() => both(n).trim_end_matches(" ulyc)").to_owned(),
            _ if moment => {
                seconds(core).and_then(date).map_or(core.to_owned(), |date| format!("{date} ({core})"))
            }
            _ => core.to_owned(),
        };
        let unit = out.last().is_some_and(|last| last.contains(" LYC (")) && core == "ulyc";
        out.push(format!("{shown}{}{end}", if unit { ")" } else { "" }));
    }
    out.join(" ")
}

/// A number of seconds, or one with nine decimals as timestamps are shown.
fn seconds(text: &str) -> Option<u128> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    rest.bytes().all(|b| b.is_ascii_digit()).then(|| whole.parse().ok())?
}

/// A moment as a date, in UTC; nothing if the number is none.
pub fn date(n: u128) -> Option<String> {
    let n = u64::try_from(n).ok()?;
    let seconds = if SECONDS.contains(&n) {
        n
    } else if NANOS.contains(&n) {
        Timestamp::from_nanos(n).seconds()
    } else {
        return None;
    };
    // Days to civil dates: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    Some(format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", clock / 3_600, clock / 60 % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_show_amounts_in_lyc_moments_as_dates_and_no_option_of_rust() {
        for (said, shown) in [
            (
                "nothing has left the queue; its next entry does at Some(1797875968)",
                "nothing has left the queue; its next entry does at 2026-12-21 17:59 UTC (1797875968)",
            ),
            (
                "nothing has left the queue; its next entry does at None",
                "nothing has left the queue; its next entry does at no time",
            ),
            ("the deposit is 100000000 ulyc, found 1", "the deposit is 100 LYC (100000000 ulyc), found 1"),
            (
                "funds of 5 ulyc and nothing else are required, found nothing",
                "funds of 0.000005 LYC (5 ulyc) and nothing else are required, found nothing",
            ),
            (
                "the vote ended at 1709164800.000000000, now is 1709164860.000000000",
                "the vote ended at 2024-02-29 00:00 UTC (1709164800.000000000), now is 2024-02-29 00:01 UTC \
                 (1709164860.000000000)",
            ),
            (
                "the stake is 1000000000, expected at least 2000000000",
                "the stake is 1000000000, expected at least 2000000000",
            ),
        ] {
            assert_eq!(plain(said), shown);
        }
    }

    #[test]
    fn dates_are_exact() {
        assert_eq!(date(1_709_164_800).unwrap(), "2024-02-29 00:00 UTC");
        assert_eq!(date(1_735_689_599_000_000_000).unwrap(), "2024-12-31 23:59 UTC");
        assert_eq!(date(77), None);
    }
}
