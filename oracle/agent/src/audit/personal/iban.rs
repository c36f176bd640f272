//! International bank account numbers: country, length and check digits (ISO 13616, ISO 7064 mod 97).

/// The countries that have them, and their lengths.
const LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24\
FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27\
MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28\
TL23TN24TR26UA29VA22VG24XK20YE30";

/// Whether an account number can begin so: two letters of one case and two digits.
pub fn begins(bytes: &[u8]) -> bool {
    let [a, b, c, d, ..] = bytes else { return false };
    let letters = (a.is_ascii_uppercase() && b.is_ascii_uppercase())
        || (a.is_ascii_lowercase() && b.is_ascii_lowercase());
    letters && c.is_ascii_digit() && d.is_ascii_digit()
}

/// Where the number ends that begins here.
pub fn at(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let upper = bytes[at].is_ascii_uppercase();
    let letter = |b: u8| if upper { b.is_ascii_uppercase() } else { b.is_ascii_lowercase() };
    if !begins(&bytes[at..]) {
        return None;
    }
    if text[..at].chars().next_back().is_some_and(|c| super::is_word(c) || matches!(c, '_' | '-' | '/' | '.'))
    {
        return None;
    }
    let wanted = length(&bytes[at..])?;
    let (mut found, mut end) = (Vec::with_capacity(wanted), at);
    while found.len() < wanted {
        let c = text[end..].chars().next()?;
        if c.is_ascii_digit() || u8::try_from(c).is_ok_and(letter) {
            found.push(c.to_ascii_uppercase() as u8);
            end += 1;
        } else if found.len().is_multiple_of(4) {
            // Groups of four, also over the end of a line.
            end += separator(&text[end..])?;
        } else {
            return None;
        }
    }
    let ends = text[end..].chars().next().is_none_or(|c| !super::is_word(c) && c != '_');
    (ends && remainder(&found) == 1).then_some(end)
}

fn length(head: &[u8]) -> Option<usize> {
    let entry = LENGTHS.as_bytes().chunks_exact(4).find(|e| e[..2].eq_ignore_ascii_case(&head[..2]))?;
    Some(usize::from(entry[2] - b'0') * 10 + usize::from(entry[3] - b'0'))
}

/// Length of what separates two groups.
fn separator(text: &str) -> Option<usize> {
    let c = text.chars().next()?;
    match c {
        ' ' | '-' | '\u{a0}' | '\u{2009}' | '\u{202f}' => {
            let next = text[c.len_utf8()..].chars().next()?;
            next.is_ascii_alphanumeric().then_some(c.len_utf8())
        }
        '\n' => Some(1 + text[1..].len() - text[1..].trim_start_matches(' ').len()),
        _ => None,
    }
}

fn remainder(number: &[u8]) -> u32 {
    number[4..].iter().chain(&number[..4]).fold(0, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    })
}
