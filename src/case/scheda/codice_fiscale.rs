//! The Italian tax code: whether its control character is right, and the birth it tells.
//!
//! It does not ask whether the code was ever given to anybody. Source: DM 23 December 1976
//! of the Ministry of Finance; omocodia replaces digits with letters from the right.

use chrono::{Datelike, NaiveDate};

/// What a code says of its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// A provisional code of eleven digits says nothing.
    Provisional,
    /// Born on this day of a year that ends so.
    Born { year_ends: i32, month: u32, day: u32, woman: bool },
}

impl Holder {
    /// Whether somebody born on `date` may have this code.
    pub(super) fn may_be_born(self, date: NaiveDate) -> bool {
        match self {
            Self::Provisional => true,
            Self::Born { year_ends, month, day, .. } => {
                (date.year().rem_euclid(100), date.month(), date.day()) == (year_ends, month, day)
            }
        }
    }
}

/// Reads a code in capital letters; `None` when it cannot be one.
pub(super) fn holder(code: &str) -> Option<Holder> {
    let bytes = code.as_bytes();
    match bytes.len() {
        11 => is_provisional(bytes).then_some(Holder::Provisional),
        16 => (control(&bytes[..15])? == bytes[15]).then(|| born(bytes)).flatten(),
        _ => None,
    }
}

fn born(bytes: &[u8]) -> Option<Holder> {
    if !bytes[..6].iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let two = |place: usize| Some(digit(bytes[place])? * 10 + digit(bytes[place + 1])?);
    let month = MONTHS.iter().position(|month| *month == bytes[8])?;
    let marked = two(9)?;
    let woman = marked > 40;
    let day = if woman { marked - 40 } else { marked };
    if !(1..=31).contains(&day) {
        return None;
    }
    let year_ends = i32::try_from(two(6)?).ok()?;
    Some(Holder::Born { year_ends, month: u32::try_from(month).ok()? + 1, day, woman })
}

/// A digit, or the letter that stands for it where two people would share a code.
fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        _ => OMOCODIA.iter().position(|letter| *letter == byte).and_then(|p| p.try_into().ok()),
    }
}

fn control(bytes: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (place, byte) in bytes.iter().enumerate() {
        let value = match byte {
            b'0'..=b'9' => usize::from(byte - b'0'),
            b'A'..=b'Z' => usize::from(byte - b'A'),
            _ => return None,
        };
        // Places count from 1: the first is odd.
        sum += if place % 2 == 0 { ODD[value] } else { value };
    }
    u8::try_from(sum % 26).ok().map(|letter| b'A' + letter)
}

fn is_provisional(bytes: &[u8]) -> bool {
    let mut sum = 0;
    for (place, byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let value = u32::from(byte - b'0') << (place % 2);
        sum += if value > 9 { value - 9 } else { value };
    }
    sum % 10 == 0
}

const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
const OMOCODIA: &[u8; 10] = b"LMNPQRSTUV";
const ODD: [usize; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_the_birth_and_a_slip_of_one_key_is_seen() {
        let born =
            |year_ends, month, day, woman| Some(Holder::Born { year_ends, month, day, woman });
        for (code, says) in [
            ("RSSMRA85T10A562S", born(85, 12, 10, false)),
            ("MRTMTT25D09F205Z", born(25, 4, 9, false)),
            ("RSSMRA85T10A562T", None),
            ("RSSMRA85T11A562S", None),
            ("RSSMRA85T10A562", None),
            ("RSSMRA85T10A56è", None),
            ("", None),
            ("00000000000", Some(Holder::Provisional)),
            ("00000000001", None),
        ] {
            assert_eq!(holder(code), says, "{code}");
        }
    }

    #[test]
    fn letters_that_stand_for_digits_are_read_as_digits() {
        let plain = b"RSSMRA85T10A56N";
        let code = [plain.as_slice(), &[control(plain).unwrap()]].concat();
        let code = String::from_utf8(code).unwrap();
        assert!(matches!(holder(&code), Some(Holder::Born { day: 10, .. })));
    }
}
