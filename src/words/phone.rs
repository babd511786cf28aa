//! Telephone numbers: parsed once, printed masked.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A telephone number in E.164 (`+39…`), or what arrived where it is none.
///
/// `Debug` and `Display` are masked, because numbers of callers must not reach a
/// log; [`PhoneNumber::reveal`] gives the digits to those who dial, store or show.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(Arc<str>);

/// How a network writes numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// `0039…`, for every country.
    DoubleZero,
    /// `+39…`, for every country.
    #[default]
    E164,
    /// Italian numbers as they are dialled in Italy, others with `00`.
    National,
}

/// Why a text a person wrote is no number that can be rung. `Display` says it in
/// Italian, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}; {}", self.what(), self.advice())]
pub enum PhoneNumberError {
    /// Nothing there.
    Empty,
    /// A character that is neither a digit nor a usual separator.
    Character(char),
    /// 112 and its like are never dialled by this program.
    Emergency(String),
    /// An Italian landline keeps its zero after +39.
    LandlineWithoutZero(String),
    /// Not a length E.164 or the Italian plan allows.
    Length {
        /// Digits found after the country code.
        found: usize,
    },
    /// Neither `+…` nor an Italian landline, mobile or toll-free number.
    NotItalian,
}

impl PhoneNumberError {
    /// What is wrong, in Italian.
    pub fn what(&self) -> String {
        match self {
            Self::Empty => "il numero è vuoto".to_owned(),
            Self::Character(odd) => format!("in un numero di telefono non può stare «{odd}»"),
            Self::Emergency(number) => {
                format!("{number} è un numero di emergenza o di pubblica utilità")
            }
            Self::LandlineWithoutZero(_) => {
                "un numero fisso italiano tiene il suo zero dopo +39".to_owned()
            }
            Self::Length { found } => {
                format!("{found} cifre dopo il prefisso internazionale: non tornano")
            }
            Self::NotItalian => "così il numero non si può chiamare".to_owned(),
        }
    }

    /// What to do about it, in Italian.
    pub fn advice(&self) -> String {
        match self {
            Self::Emergency(_) => {
                "questo programma non lo chiama mai: chi chiama deve comporlo da sé".to_owned()
            }
            Self::LandlineWithoutZero(national) => format!("forse intendevi \"+390{national}\"?"),
            Self::Length { .. } => {
                "un fisso ne ha da 6 a 12 con lo zero, un cellulare 9 o 10".to_owned()
            }
            Self::Empty | Self::Character(_) | Self::NotItalian => {
                "scrivilo come \"+390832123456\" (i fissi con il loro zero)".to_owned()
            }
        }
    }
}

impl PhoneNumber {
    /// Emergency and short service numbers: never dialled, in any spelling.
    pub const NEVER_DIALLED: [&'static str; 12] = [
        "112", "113", "115", "118", "114", "1522", "1530", "1515", "117", "19696", "116000",
        "116117",
    ];

    /// Takes a number from the network: strips separators, completes Italian
    /// numbers with `+39`, keeps anything else as it came.
    ///
    /// Never fails and never forces validity: a caller's number is evidence.
    /// Source: ITU-T E.164; the Italian numbering plan.
    pub fn from_network(raw: &str) -> Self {
        let bare: String = raw.chars().filter(|c| !is_separator(*c)).collect();
        let international = bare
            .strip_prefix('+')
            .map(str::to_owned)
            .or_else(|| bare.strip_prefix("00").map(str::to_owned));
        if let Some(rest) = international {
            let all_digits = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
            return Self(Arc::from(if all_digits { format!("+{rest}") } else { bare }));
        }
        let digits = bare.bytes().all(|b| b.is_ascii_digit());
        let national = digits
            && bare.len() >= 6
            && (bare.starts_with('3') || bare.starts_with('0') || bare.starts_with("80"));
        // Some trunks drop the plus: 39 and a full national number.
        let plus_lost = digits
            && bare.len() >= 11
            && ["390", "393", "3980"].iter().any(|start| bare.starts_with(start));
        Self(Arc::from(if plus_lost {
            format!("+{bare}")
        } else if national {
            format!("+39{bare}")
        } else {
            bare
        }))
    }

    /// Takes a number from a network that writes all of them alike; where that leaves a
    /// doubt, and for `None`, as [`PhoneNumber::from_network`] does.
    pub fn from_trunk(raw: &str, written: Option<NumberFormat>) -> Self {
        let bare: String = raw.chars().filter(|c| !is_separator(*c)).collect();
        let digits = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
        let length = bare.len();
        match written {
            // No country code begins with zero.
            Some(NumberFormat::E164)
                if digits && !bare.starts_with('0') && (8..=15).contains(&length) =>
            {
                Self(Arc::from(format!("+{bare}")))
            }
            Some(NumberFormat::DoubleZero | NumberFormat::National)
                if digits
                    && !bare.starts_with("00")
                    && bare.starts_with(['0', '3', '8'])
                    && (6..=12).contains(&length) =>
            {
                Self(Arc::from(format!("+39{bare}")))
            }
            _ => Self::from_network(raw),
        }
    }

    /// The digits, as a network wants them; what is no number of E.164 stays as it is.
    pub fn written(&self, format: NumberFormat) -> String {
        let Some(digits) = self.0.strip_prefix('+').filter(|_| self.is_international()) else {
            return self.0.to_string();
        };
        match (format, digits.strip_prefix("39")) {
            (NumberFormat::E164, _) => self.0.to_string(),
            (NumberFormat::National, Some(national)) => national.to_owned(),
            (NumberFormat::DoubleZero | NumberFormat::National, _) => format!("00{digits}"),
        }
    }

    /// Reads a number a person wrote (roster, dialplan, form) that we may dial.
    ///
    /// # Errors
    /// Says what is wrong and what to write; nothing is silently repaired but
    /// separators, `00` and a missing `+39`.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let bare: String = text.trim().chars().filter(|c| !is_separator(*c)).collect();
        if bare.is_empty() {
            return Err(PhoneNumberError::Empty);
        }
        if let Some(odd) =
            bare.strip_prefix('+').unwrap_or(&bare).chars().find(|c| !c.is_ascii_digit())
        {
            return Err(PhoneNumberError::Character(odd));
        }
        let number = Self::from_network(&bare);
        if number.is_never_dialled() {
            return Err(PhoneNumberError::Emergency(bare));
        }
        let Some(digits) = number.0.strip_prefix('+') else {
            return Err(PhoneNumberError::NotItalian);
        };
        match digits.strip_prefix("39") {
            Some(national) => check_italian(national)?,
            None if (7..=15).contains(&digits.len()) => {}
            None => {
                return Err(PhoneNumberError::Length { found: digits.len() });
            }
        }
        Ok(number)
    }

    /// The digits, for dialling, storing and showing to who may see them.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be shown of it, in its place: it cannot be dialled.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self(Arc::from(self.to_string()))
    }

    /// Whether this is a number of E.164, which can be called back.
    pub fn is_international(&self) -> bool {
        self.0.strip_prefix('+').is_some_and(|digits| {
            (6..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        })
    }

    /// Whether it belongs to one of these country codes, written without `+`.
    pub fn is_in(&self, countries: &[String]) -> bool {
        let digits = self.0.strip_prefix('+');
        digits.is_some_and(|digits| countries.iter().any(|code| digits.starts_with(code.as_str())))
    }

    /// Whether this is 112, 1522 or the like, with or without a prefix of ours.
    pub fn is_never_dialled(&self) -> bool {
        let bare = self.0.strip_prefix("+39").unwrap_or_else(|| self.0.trim_start_matches('+'));
        Self::NEVER_DIALLED.contains(&bare)
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{a0}')
}

/// Lengths and first digits of the Italian plan (libphonenumber 9.0.43 agrees).
fn check_italian(national: &str) -> Result<(), PhoneNumberError> {
    let found = national.len();
    let within = |range: std::ops::RangeInclusive<usize>| {
        if range.contains(&found) { Ok(()) } else { Err(PhoneNumberError::Length { found }) }
    };
    match national.as_bytes().first() {
        Some(b'0') => within(6..=12),
        Some(b'3') => within(9..=10),
        Some(b'8') if national.starts_with("80") => within(6..=9),
        _ => Err(PhoneNumberError::LandlineWithoutZero(national.to_owned())),
    }
}

impl fmt::Display for PhoneNumber {
    /// Masked: country code and the last two digits, `+39…01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (
            self.is_international(),
            self.0.get(..3),
            self.0.get(self.0.len().saturating_sub(2)..),
        ) {
            (true, Some(head), Some(tail)) => write!(f, "{head}…{tail}"),
            // What is no number may be a name.
            _ => f.write_str("…"),
        }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_from_the_network_become_e164_where_they_are_italian() {
        for (raw, normal) in [
            ("0832358350", "+390832358350"),
            ("0832 358 350", "+390832358350"),
            ("+39 0832.358350", "+390832358350"),
            ("00390832358350", "+390832358350"),
            ("390832358350", "+390832358350"),
            ("393331234567", "+393331234567"),
            ("3331234567", "+393331234567"),
            ("3912345678", "+393912345678"),
            ("800093470", "+39800093470"),
            ("+40712345678", "+40712345678"),
            ("112", "112"),
            ("anonymous", "anonymous"),
            ("+39x", "+39x"),
            ("", ""),
        ] {
            assert_eq!(PhoneNumber::from_network(raw).reveal(), normal, "{raw}");
        }
    }

    #[test]
    fn a_number_goes_out_as_the_network_writes_it() {
        for (number, e164, national, double_zero) in [
            ("+390831000000", "+390831000000", "0831000000", "00390831000000"),
            ("+393331234567", "+393331234567", "3331234567", "00393331234567"),
            ("+39800093470", "+39800093470", "800093470", "0039800093470"),
            ("+41791234567", "+41791234567", "0041791234567", "0041791234567"),
            ("1234", "1234", "1234", "1234"),
        ] {
            let number = PhoneNumber::from_network(number);
            let written = [NumberFormat::E164, NumberFormat::National, NumberFormat::DoubleZero]
                .map(|format| number.written(format));
            assert_eq!(written, [e164, national, double_zero]);
        }
    }

    #[test]
    fn a_number_comes_in_as_the_network_writes_it() {
        use NumberFormat::{DoubleZero, E164, National};
        for (written, raw, number) in [
            (None, "3912345678", "+393912345678"),
            (Some(E164), "3912345678", "+3912345678"),
            (Some(E164), "40712345678", "+40712345678"),
            (Some(E164), "0831000000", "+390831000000"),
            (Some(E164), "+40712345678", "+40712345678"),
            (Some(National), "393123456789", "+39393123456789"),
            (Some(National), "0040712345678", "+40712345678"),
            (Some(National), "40712345678", "40712345678"),
            (Some(DoubleZero), "3331234567", "+393331234567"),
            (Some(DoubleZero), "00393331234567", "+393331234567"),
            (Some(E164), "anonymous", "anonymous"),
            (Some(National), "", ""),
        ] {
            let read = PhoneNumber::from_trunk(raw, written);
            assert_eq!(read.reveal(), number, "{raw} as {written:?}");
        }
    }

    #[test]
    fn a_number_belongs_to_the_country_its_code_says() {
        let is_in = |number: &str, countries: &[&str]| {
            let countries: Vec<String> = countries.iter().map(|&code| code.to_owned()).collect();
            PhoneNumber::from_network(number).is_in(&countries)
        };
        assert!(is_in("3331234567", &["41", "39"]));
        assert!(!is_in("+393331234567", &["41", "3933312345678"]));
        assert!(!is_in("+379069812345", &["39"]));
        assert!(!is_in("39", &["39"]), "no country is known of a number without one");
        assert!(!is_in("+393331234567", &[]));
    }

    #[test]
    fn written_numbers_are_refused_with_a_reason() {
        assert!(PhoneNumber::parse("+393330000001").is_ok());
        assert!(PhoneNumber::parse("+390832358350").is_ok());
        assert!(PhoneNumber::parse("+41791234567").is_ok());
        for (text, part) in [
            ("", "vuoto"),
            ("112", "emergenza"),
            ("+39112", "emergenza"),
            ("+390118", "da 6 a 12"),
            ("1522", "emergenza"),
            ("+39831123456", "forse intendevi \"+390831123456\""),
            ("+39333", "9 o 10"),
            ("33a3", "«a»"),
            ("12345", "scrivilo come"),
        ] {
            let problem = PhoneNumber::parse(text).expect_err(text).to_string();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }

    #[test]
    fn a_number_prints_masked() {
        let number = PhoneNumber::from_network("+393331234567");
        assert_eq!(number.to_string(), "+39…67");
        assert!(!format!("{number:?}").contains("1234"));
        assert_eq!(PhoneNumber::from_network("112").to_string(), "…");
    }
}
