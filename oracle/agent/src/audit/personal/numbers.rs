//! Numbers in groups, and those that check digits or their shape tell: cards and US social security numbers.

/// Digits of the longest number looked at.
const MAX_DIGITS: usize = 24;
/// Digits of the shortest number of a payment card.
const MIN_CARD: usize = 13;
/// Groups of a number that are looked at: no notation has more.
const MAX_GROUPS: usize = 7;
/// Within so many bytes the next group begins, if there is one: the longest separator and a digit.
const NEXT: usize = 6;
/// How far around a number words and other numbers are looked for.
const CONTEXT: usize = 48;

/// A group of digits, and what stands before it.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// The digits.
    pub digits: &'a str,
    /// What separates it from the group before, or stands before the first.
    pub before: &'a str,
    /// Where it ends, with a closing bracket if one was opened before it.
    pub end: usize,
}

/// A number as it is written: groups of digits with a separator between them.
#[derive(Debug)]
pub struct Number<'a> {
    text: &'a str,
    /// Where it begins.
    pub start: usize,
    /// Its groups.
    pub groups: Vec<Group<'a>>,
}

impl<'a> Number<'a> {
    /// Reads the number that begins here.
    pub fn read(text: &'a str, start: usize) -> Option<Self> {
        let mut groups: Vec<Group<'a>> = Vec::with_capacity(MAX_GROUPS);
        let (mut at, mut total) = (start, 0);
        loop {
            let rest = &text[at..];
            let Some(before) = rest.bytes().take(NEXT).position(|b| b.is_ascii_digit()) else { break };
            let digits = rest[before..].bytes().take_while(u8::is_ascii_digit).count();
            total += digits;
            let between = &rest[..before];
            let fits = match groups.is_empty() {
                true => matches!(between, "" | "+" | "(" | "(+" | "+("),
                false => is_separator(between),
            };
            if !fits || total > MAX_DIGITS {
                break;
            }
            let mut end = at + before + digits;
            groups.push(Group { digits: &rest[before..before + digits], before: between, end });
            at = end;
            if text[at..].starts_with(')') && between.contains('(') {
                end += 1;
                if let Some(last) = groups.last_mut() {
                    last.end = end;
                }
            }
            if groups.len() == MAX_GROUPS {
                break;
            }
        }
        (!groups.is_empty()).then_some(Self { text, start, groups })
    }

    /// Digits of the first `count` groups.
    pub fn digits(&self, count: usize) -> String {
        self.groups[..count].iter().map(|g| g.digits).collect()
    }

    /// How many digits the first `count` groups have.
    pub fn length(&self, count: usize) -> usize {
        self.groups[..count].iter().map(|g| g.digits.len()).sum()
    }

    /// Lengths of the first `count` groups.
    pub fn shape(&self, count: usize) -> Vec<usize> {
        self.groups[..count].iter().map(|g| g.digits.len()).collect()
    }

    /// Where the first `count` groups end, if the number can end there.
    pub fn end(&self, count: usize) -> Option<usize> {
        let end = self.groups[count - 1].end;
        let mut after = self.text[end..].chars();
        let (first, second) = (after.next(), after.next());
        let goes_on = match first {
            Some(c) if super::is_word(c) || matches!(c, '_' | '%' | '=') => true,
            Some('.' | ',' | '-' | '/' | ':' | '+') => second.is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        };
        (!goes_on).then_some(end)
    }

    /// The words before the number, in small letters.
    pub fn words_before(&self) -> String {
        let text = self.text;
        text[text.ceil_char_boundary(self.start.saturating_sub(CONTEXT))..self.start].to_ascii_lowercase()
    }

    /// Whether it stands among other numbers, as in a table, a list or a dump.
    pub fn is_among_numbers(&self, end: usize) -> bool {
        let text = self.text;
        let before = &text[text.ceil_char_boundary(self.start.saturating_sub(CONTEXT))..self.start];
        let after = &text[end..text.floor_char_boundary((end + CONTEXT).min(text.len()))];
        let digits = |s: &str| s.bytes().filter(u8::is_ascii_digit).count();
        digits(before) + digits(after) > 14
    }

    /// Whether no other group of two letters or digits stands beside the first `count` groups.
    pub fn stands_alone(&self, count: usize) -> bool {
        let pair = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_hexdigit());
        let before =
            self.text[..self.start].trim_end_matches(' ').rsplit(|c: char| !super::is_word(c)).next();
        let after = self.text[self.groups[count - 1].end..].trim_start_matches(' ');
        let after = after.split(|c: char| !super::is_word(c)).next();
        !before.is_some_and(pair) && !after.is_some_and(pair)
    }

    /// Whether an operator stands before it.
    pub fn is_operand(&self) -> bool {
        let before = self.text[..self.start].trim_end_matches([' ', '\t']);
        before.ends_with(['=', '*', '&', '|', '^', '~', '!', '[', '{'])
    }
}

fn is_separator(text: &str) -> bool {
    matches!(text, " " | "-" | "." | "/" | "\u{a0}" | "\u{2009}" | "\u{202f}" | "\u{2011}" | "\u{2013}")
        || matches!(
            text,
            " (" | ") " | ")" | ")-" | " - " | " / " | ") (" | "-(" | "(" | ")/" | ")\u{a0}" | "\n"
        )
}

/// Where a US social security number ends.
pub fn social(number: &Number<'_>) -> Option<usize> {
    if number.groups.len() < 3 || number.shape(3) != [3, 2, 4] || !number.groups[0].before.is_empty() {
        return None;
    }
    let [area, group, serial] = [0, 1, 2].map(|i| number.groups[i]);
    let never_given = matches!(area.digits, "000" | "666")
        || area.digits.starts_with('9')
        || group.digits == "00"
        || serial.digits == "0000";
    let end = number.end(3)?;
    (group.before == "-" && serial.before == "-" && !never_given && !number.is_among_numbers(end))
        .then_some(end)
}

/// Where the number of a payment card ends.
pub fn card(text: &str, number: &Number<'_>) -> Option<usize> {
    let count = number.groups.len();
    let (used, digits) = [4, 5, 3, 1].iter().filter(|n| **n <= count).find_map(|used| {
        if number.length(*used) < MIN_CARD {
            return None;
        }
        let digits = number.digits(*used);
        let grouped =
            matches!(number.shape(*used)[..], [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3]);
        let alike = number.groups[1..*used].iter().all(|g| matches!(g.before, " " | "-" | "\u{a0}" | "\n"));
        let whole = *used == 1 && (MIN_CARD..=16).contains(&digits.len());
        ((grouped && alike) || whole).then_some((*used, digits))
    })?;
    if !number.groups[0].before.is_empty() || !is_issued(&digits) || !luhn(&digits) {
        return None;
    }
    let end = number.end(used)?;
    let words = number.words_before();
    let said =
        ["card", "karte", "visa", "amex", "carte", "tarjeta", "credit"].iter().any(|w| words.contains(w));
    // One in ten numbers has the right check digit, so among many numbers it proves nothing.
    let counted = number.is_among_numbers(end) || text[..number.start].ends_with('=');
    let operand = used == 1 && number.is_operand();
    (said || !(counted || operand)).then_some(end)
}

/// Whether a scheme issues numbers that begin so and are so long.
fn is_issued(digits: &str) -> bool {
    let begins = |n: usize| digits[..n].parse::<u32>().unwrap_or(0);
    matches!(
        (begins(1), begins(2), begins(4), digits.len()),
        (4, _, _, 13 | 16 | 19)
            | (_, 51..=55, _, 16)
            | (_, _, 2221..=2720, 16)
            | (_, 34 | 37, _, 15)
            | (_, 36 | 38 | 39, _, 14)
            | (_, _, 3000..=3059, 14)
            | (_, _, 3528..=3589, 16..=19)
            | (_, 65, _, 16)
            | (_, _, 6011 | 6440..=6499, 16)
            | (_, 62, _, 16..=19)
            | (_, 50 | 56..=58 | 67, _, 16)
    )
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| match (i % 2, u32::from(b - b'0') * 2) {
            (0, double) => double / 2,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10) && digits.bytes().any(|b| b != digits.as_bytes()[0])
}
