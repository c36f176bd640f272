//! Personal data that has a form: e-mail addresses, card numbers (Luhn), IBANs (ISO 7064 mod 97), telephone numbers,
//! US social security numbers, and names that stand with one of these.

mod email;
mod iban;
mod names;
mod numbers;
mod phone;

use super::text::is_word;

/// What kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Personal {
    /// An e-mail address.
    Email,
    /// A payment card's number.
    Card,
    /// An international bank account number.
    Iban,
    /// A telephone number.
    Phone,
    /// A US social security number.
    SocialSecurity,
    /// A person's name beside other personal data.
    Name,
}

/// A place of personal data in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Personal,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// How far to each side of a byte an address or a number is looked for. A text may be made so that much in it looks
/// like the beginning of one; the scanners see no more than this, so that none makes an audit take long.
const REACH: usize = 512;

/// The part of a text within [`REACH`] of a byte, and where it begins.
fn window(text: &str, at: usize) -> (&str, usize) {
    let from = text.ceil_char_boundary(at.saturating_sub(REACH));
    (&text[from..text.floor_char_boundary((at + REACH).min(text.len()))], from)
}

/// The personal data in a text, in order and apart.
pub fn items(text: &str) -> Vec<Item> {
    let bytes = text.as_bytes();
    let mut found: Vec<Item> = vec![];
    let mut at = 0;
    while at < bytes.len() {
        let (near, from) = match bytes[at] {
            b'@' | b'0'..=b'9' | b'(' | b'+' => window(text, at),
            b'A'..=b'Z' | b'a'..=b'z' if iban::begins(&bytes[at..]) => window(text, at),
            _ => {
                at += 1;
                continue;
            }
        };
        let here = at - from;
        let item = match bytes[at] {
            // Found from the sign, because a name may begin far before it.
            b'@' => email::around(near, here).map(|(start, end)| (Personal::Email, start, end)),
            b'0'..=b'9' | b'(' | b'+' => {
                number(near, here, found.last().and_then(|last| last.end.checked_sub(from)))
            }
            _ => iban::at(near, here).map(|end| (Personal::Iban, here, end)),
        };
        match item.map(|(kind, start, end)| (kind, from + start, from + end)) {
            Some((kind, start, end)) => {
                // An address begins before its sign, where a number may have been found.
                while found.pop_if(|last| last.end > start).is_some() {}
                found.push(Item { kind, start, end });
                at = end;
            }
            None => at += 1,
        }
    }
    names::add(text, &mut found);
    found
}

/// The number that begins here; `last` is where the item before ends.
fn number(text: &str, at: usize, last: Option<usize>) -> Option<(Personal, usize, usize)> {
    // Each number is looked at from its beginning only.
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| is_word(c) || matches!(c, '_' | '%' | '#' | '$' | '@' | '\\')) {
        return None;
    }
    let inside = before.is_some_and(|c| matches!(c, '.' | '-' | '+' | '(' | '/' | ','))
        && text[..at].chars().rev().nth(1).is_some_and(is_word);
    let joined = before.is_some_and(|c| matches!(c, '-' | '+' | '.'));
    // In a row of groups only the first begins a number, unless the row before was one.
    let row = text[..at].trim_end_matches(' ');
    let goes_on = row.len() + 1 == at
        && row.ends_with(|c: char| c.is_ascii_digit())
        && !text[at..].starts_with(['+', '('])
        && last.is_none_or(|end| end != row.len());
    if inside || joined || goes_on {
        return None;
    }
    let number = numbers::Number::read(text, at)?;
    let end = numbers::social(&number).map(|end| (Personal::SocialSecurity, at, end));
    end.or_else(|| numbers::card(text, &number).map(|end| (Personal::Card, at, end)))
        .or_else(|| phone::at(text, &number).map(|end| (Personal::Phone, at, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scanner_sees_more_than_its_window_and_what_stands_far_changes_nothing() {
        for noise in
            ["(", "+", " +", "1", "@", "a@", "\"", "{", "*", "#", " ", "\n", "DE89\n", "00 ", "é", "你"]
        {
            let text = noise.repeat(4000 / noise.len());
            for at in (0..text.len()).filter(|i| text.is_char_boundary(*i)) {
                let (near, from) = window(&text, at);
                assert!(near.len() <= 2 * REACH && from <= at && at < from + near.len(), "{noise:?}");
            }
            // A paragraph apart, neither is the other's context.
            let apart = " and so on ".repeat(10);
            let whole = format!("{text}{apart}call (212) 555-0123 now{apart}{text}");
            let found: Vec<&str> = items(&whole)
                .iter()
                .filter(|i| i.kind == Personal::Phone)
                .map(|i| &whole[i.start..i.end])
                .collect();
            assert_eq!(found, ["(212) 555-0123"], "{noise:?}");
        }
    }

    fn bytes(text: &str) -> usize {
        items(text).iter().map(|i| i.end - i.start).sum()
    }

    #[test]
    fn what_has_the_form_is_found_to_its_last_byte() {
        // Published test numbers: Visa's 4111…, the examples of ISO 13616, a reserved SSN, and telephone numbers that
        // regulators keep for fiction.
        for text in [
            "bob@example.com",
            "jürgen.müller@example.com",
            "info@müller-straße.de",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111111111111111",
            "3782 822463 10005",
            "GB82WEST12345698765432",
            "GB82 WEST 1234 5698 7654 32",
            "DE89 3704 0044 0532 0130 00",
            "DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00",
            "+44 20 7946 0958",
            "+44 (0)20 7946 0958",
            "+49 (0) 30 23125 000",
            "+49-30-23125-000",
            "+33 1 99 00 12 34",
            "+1 (212) 555-0123",
            "+1-212-555-0123",
            "+442079460958",
            "(212) 555-0123",
            "212-555-0123",
            "0049 30 23125000",
            "030 23125000",
            "030/23125-000",
            "(030) 23125000",
            "0171-39200001",
            "020 7946 0958",
            "01 99 00 12 34",
            "078-05-1120",
        ] {
            for (before, after) in
                [("call ", " now"), ("", ""), ("<", ">"), ("tel: ", "."), ("(", ")"), ("\"", "\",")]
            {
                let whole = format!("{before}{text}{after}");
                assert_eq!(bytes(&whole), text.len(), "{whole}");
            }
        }
    }

    #[test]
    fn with_a_word_that_says_so_looser_forms_are_telephone_numbers() {
        for text in ["212.555.0123", "212 555 0123", "555-0123", "03023125000"] {
            assert_eq!(bytes(&format!("Phone: {text}")), text.len(), "{text}");
            assert_eq!(bytes(&format!("offset {text}")), 0, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for text in [
            "user@host",
            "a @ b.com",
            "icon@2x.png",
            "logo@1.5x.webp",
            "git@github.com:group/project.git",
            "ssh://deploy@example.com:22/srv",
            "https://user:token@example.com/path",
            "scp me@example.com:/srv/file .",
            "lodash@4.17.21",
            "getty@tty1.service",
            "x = a@b.dot(c)",
            "root@localhost.localdomain",
            "4111 1111 1111 1112",
            "GB82WEST12345698765431",
            "DE89 3704 0044 0532 0130 01",
            "x = +1234567890123",
            "000-12-3456",
            "0x41111111111111111111",
            "@param foo.bar",
            "2024-01-02 03:04:05",
            "ISBN 978-3-16-148410-0",
            "1.0.0-212-555-0123",
            "3.14159265358979",
            "192.168.100.200",
            "0123 4567 89ab cdef",
            "+20 30 40 50 60",
            "Boston, MA 02110-1301 USA",
            "chacha20-poly1305@openssh.com",
            "30 0a 02 03 01 00 01 02 03",
        ] {
            assert_eq!(items(text), [], "{text}");
        }
    }

    #[test]
    fn a_name_counts_beside_other_personal_data_and_not_alone() {
        for text in ["Jürgen Müller <j.m@example.com>", "Zoë Özdemir-Bäcker, +49 30 23125000"] {
            assert_eq!(bytes(text), text.len() - text.matches([',', '<', '>']).count() - 1, "{text}");
        }
        let record = "Name: Jürgen Müller\nIBAN: DE89 3704 0044 0532 0130 00\n";
        assert_eq!(bytes(record), "Jürgen Müller".len() + 27);
        assert_eq!(items("Name: Jürgen Müller\nMr. Bennet came to see Elizabeth Bennet.\n"), []);
    }
}
