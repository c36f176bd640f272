//! Telephone numbers in the notations that people use.

use super::super::text::is_letter;
use super::numbers::Number;

/// Country codes of two digits; those of three begin with one of [`LONG`].
const SHORT: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 \
66 81 82 84 86 90 91 92 93 94 95 98";
const LONG: &str = "21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99";
/// Digits of the shortest number, which is one within an American area.
const MIN_DIGITS: usize = 7;
/// Words that announce a number.
const WORDS: [&str; 24] = [
    "tel",
    "telefon",
    "telephone",
    "phone",
    "fon",
    "fone",
    "ph",
    "mobile",
    "mobil",
    "mob",
    "handy",
    "cell",
    "fax",
    "call",
    "calling",
    "ring",
    "dial",
    "whatsapp",
    "sms",
    "anruf",
    "rufnummer",
    "hotline",
    "telefono",
    "téléphone",
];

/// Where the telephone number ends.
pub fn at(text: &str, number: &Number<'_>) -> Option<usize> {
    let said = is_announced(&number.words_before());
    (1..=number.groups.len()).rev().find_map(|count| {
        if number.length(count) < MIN_DIGITS {
            return None;
        }
        let end = number.end(count)?;
        let free = said || (!number.is_among_numbers(end) && !number.is_operand());
        if !free || number.groups[..count].iter().any(|g| g.before.contains('\n')) {
            return None;
        }
        let digits = number.digits(count);
        let first = number.groups[0];
        let plus = first.before.contains('+');
        let good = if plus {
            international(&digits, number, count)
        } else if first.digits.starts_with("00") && count > 1 {
            first.digits.len() <= 5 && international(&digits[2..], number, count)
        } else {
            american(number, count, said) || trunk(number, count, &digits, said)
        };
        // A bracket around the whole is none of its own.
        let bracket = first.before.contains('(') && (count == 1 || !text[..first.end].ends_with(')'));
        (good && !bracket).then_some(end)
    })
}

/// Whether a word before says that a number follows.
fn is_announced(words: &str) -> bool {
    words
        .split(|c: char| !(c.is_ascii_alphabetic() || is_letter(c)))
        .any(|w| WORDS.contains(&w) || w.ends_with("phone"))
}

/// Digits with their country code.
fn international(digits: &str, number: &Number<'_>, count: usize) -> bool {
    let shape = number.shape(count);
    if let Some(national) = digits.strip_prefix('1') {
        return is_american(national) && shape.iter().all(|g| *g != 2);
    }
    let listed = |list: &str| digits.len() > 2 && list.split(' ').any(|c| digits.starts_with(c));
    let code = match digits.as_bytes() {
        [b'7', ..] => 1,
        _ if listed(SHORT) => 2,
        _ if listed(LONG) => 3,
        _ => return false,
    };
    let pairs = shape[1..].iter().all(|g| *g <= 2);
    let french = digits.starts_with("33") && shape.len() >= 5;
    let first_ends = shape.len() == 1 || number.groups[0].digits.trim_start_matches("00").len() >= code;
    (9..=15).contains(&digits.len()) && first_ends && (shape.len() == 1 || !pairs || french)
}

/// An area code and an exchange as North America has them.
fn is_american(digits: &str) -> bool {
    let b = digits.as_bytes();
    b.len() == 10 && b[0] >= b'2' && b[3] >= b'2'
}

/// (212) 555-0123 and 212-555-0123; other notations only where a word says so.
fn american(number: &Number<'_>, count: usize, said: bool) -> bool {
    let groups = &number.groups[..count];
    let before: Vec<&str> = groups.iter().map(|g| g.before).collect();
    let usual = matches!(before[..], ["(", ") " | ")" | ")-", "-" | " " | "."] | ["", "-", "-"]);
    match number.shape(count)[..] {
        [3, 3, 4] => is_american(&number.digits(count)) && (usual || said),
        [1, 3, 3, 4] => {
            groups[0].digits == "1" && is_american(&number.digits(count)[1..]) && (said || before[2] == "-")
        }
        [3, 4] => said && groups[0].digits.as_bytes()[0] >= b'2' && before[1] == "-",
        _ => false,
    }
}

/// 030 1234567, 0171-1234567, (030) 1234567, 01 23 45 67 89: with the zero that is dialled at home.
fn trunk(number: &Number<'_>, count: usize, digits: &str, said: bool) -> bool {
    let shape = number.shape(count);
    let zero = digits.starts_with('0') && !digits.starts_with("00");
    if !zero || !(9..=13).contains(&digits.len()) {
        return false;
    }
    let alike = number.groups[1..count].iter().all(|g| g.before == number.groups[1].before);
    match shape[..] {
        [_] => said,
        // A US postal code: 02110-1301.
        [5, 4] if number.groups[1].before == "-" => said,
        // Bytes are written so as well, but in longer rows and with more zeros.
        [2, 2, 2, 2, 2] => {
            let zeros = number.groups[1..5].iter().filter(|g| g.digits.starts_with('0')).count();
            alike && number.groups[1].before != "-" && (said || (zeros < 2 && number.stands_alone(count)))
        }
        [first, second, ..] => {
            let sign = number.groups[1].before;
            let dated = sign == "." || (sign == "-" && shape.len() > 2);
            (3..=6).contains(&first) && second >= 3 && shape.len() <= 4 && (said || !dated)
        }
        [] => false,
    }
}
