//! Personal data that has a form: e-mail addresses, card numbers (Luhn), IBANs (ISO 7064 mod 97), telephone numbers
//! with a country code, and US social security numbers.

/// Bytes of a text that are personal data.
pub fn bytes(text: &[u8]) -> u64 {
    let mut found = 0;
    let mut at = 0;
    while at < text.len() {
        match at_place(text, at) {
            0 => at += 1,
            length => {
                found += length as u64;
                at += length;
            }
        }
    }
    found
}

/// Length of the personal data that begins here, or 0.
fn at_place(text: &[u8], at: usize) -> usize {
    // A word is looked at from its beginning only, so that the scan stays linear.
    if at > 0 && is_word(text[at - 1]) {
        return 0;
    }
    let rest = &text[at..text.len().min(at + 80)];
    match rest[0] {
        b'+' => telephone(rest),
        b'0'..=b'9' => [social(rest), card(rest), email(rest)].into_iter().max().unwrap_or(0),
        b'A'..=b'Z' => iban(rest).max(email(rest)),
        b'a'..=b'z' => email(rest),
        _ => 0,
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'%')
}

fn email(rest: &[u8]) -> usize {
    let local = rest.iter().take_while(|b| is_word(**b)).count();
    if local == 0 || local > 64 || rest.get(local) != Some(&b'@') {
        return 0;
    }
    let domain = &rest[local + 1..];
    let length = domain.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    let domain = trim_dots(&domain[..length]);
    let Some(dot) = domain.iter().rposition(|b| *b == b'.') else { return 0 };
    let top = &domain[dot + 1..];
    let valid = dot > 0 && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    if valid { local + 1 + domain.len() } else { 0 }
}

fn trim_dots(mut bytes: &[u8]) -> &[u8] {
    while let [head @ .., b'.' | b'-'] = bytes {
        bytes = head;
    }
    bytes
}

/// Digits with single spaces or hyphens between them: the digits, and the length they take.
fn digits(rest: &[u8]) -> (Vec<u8>, usize) {
    let (mut found, mut length) = (vec![], 0);
    for (i, b) in rest.iter().enumerate() {
        match b {
            b'0'..=b'9' => {
                found.push(b - b'0');
                length = i + 1;
            }
            b' ' | b'-' if i == length => {}
            _ => break,
        }
    }
    (found, length)
}

fn ends(rest: &[u8], length: usize) -> bool {
    rest.get(length).is_none_or(|b| !b.is_ascii_alphanumeric())
}

fn card(rest: &[u8]) -> usize {
    let (number, length) = digits(rest);
    // 3 to 6 begin the numbers of the card schemes; without that every sixteenth hash would be one.
    if !(15..=16).contains(&number.len()) || !(3..=6).contains(&number[0]) || !ends(rest, length) {
        return 0;
    }
    let luhn: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| match (i % 2, u32::from(*d) * 2) {
            (0, _) => u32::from(*d),
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    if luhn.is_multiple_of(10) { length } else { 0 }
}

fn social(rest: &[u8]) -> usize {
    let shape: &[u8] = b"ddd-dd-dddd";
    let fits = rest.len() >= shape.len()
        && rest.iter().zip(shape).all(|(b, s)| if *s == b'd' { b.is_ascii_digit() } else { b == s });
    let never_given = rest.starts_with(b"000") || rest.starts_with(b"666") || rest[0] == b'9';
    if fits && ends(rest, shape.len()) && !never_given { shape.len() } else { 0 }
}

fn telephone(rest: &[u8]) -> usize {
    let (number, length) = digits(&rest[1..]);
    // Without a space or hyphen a signed constant would be a telephone number.
    let grouped = length > number.len();
    let plausible = (10..=15).contains(&number.len()) && number[0] != 0 && grouped;
    if plausible && ends(rest, length + 1) { length + 1 } else { 0 }
}

fn iban(rest: &[u8]) -> usize {
    let length = rest.iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
    let form = (15..=34).contains(&length)
        && rest[1].is_ascii_uppercase()
        && rest[2].is_ascii_digit()
        && rest[3].is_ascii_digit();
    if !form || !ends(rest, length) {
        return 0;
    }
    let turned = rest[4..length].iter().chain(&rest[..4]);
    let remainder = turned.fold(0u32, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    });
    if remainder == 1 { length } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn what_has_the_form_is_found_to_its_last_byte() {
        // Published test numbers: Visa's 4111…, the ISO 13616 example of a British IBAN, a reserved SSN example.
        for (text, length) in [
            ("mail bob@example.com.", 15),
            ("card 4111 1111 1111 1111 ok", 19),
            ("GB82WEST12345698765432", 22),
            ("call +44 20 7946 0958 now", 16),
            ("ssn 078-05-1120", 11),
        ] {
            assert_eq!(bytes(text.as_bytes()), length, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for text in [
            "user@host",
            "a @ b.com",
            "4111 1111 1111 1112",
            "GB82WEST12345698765431",
            "x = +1234567890123",
            "000-12-3456",
            "0x41111111111111111111",
            "@param foo.bar",
        ] {
            assert_eq!(bytes(text.as_bytes()), 0, "{text}");
        }
    }
}
