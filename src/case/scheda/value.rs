//! A value of one field: read from what was typed, written for a form, told to people.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::choices::Choice;
use super::field::{Elsewhere, Kind};
use super::read::Terms;
use crate::calendar;
use crate::words::PhoneNumber;

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It was asked, and is not known.
    Unknown,
}

impl Answer {
    /// All of them, as a form offers them.
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Unknown];

    /// As posted and stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "si",
            Self::No => "no",
            Self::Unknown => "non_so",
        }
    }

    /// In Italian.
    pub fn label(self) -> &'static str {
        match self {
            Self::Yes => "sì",
            Self::No => "no",
            Self::Unknown => "non so",
        }
    }
}

/// What is written in one field; never empty.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Of an [`Kind::Answer`].
    Answer(Answer),
    /// Of a [`Kind::Choice`].
    Choice(&'static Choice),
    /// Of a [`Kind::Choices`], in the order of the table, each once.
    Choices(Vec<&'static Choice>),
    /// The name of a Comune.
    Comune(String),
    /// A day.
    Date(NaiveDate),
    /// A codice fiscale in capitals, perhaps a wrong one.
    Fiscal(String),
    /// A whole number.
    Number(u32),
    /// A telephone number.
    Phone(PhoneNumber),
    /// A line or a text.
    Text(String),
    /// Civil time of the service, to the minute. Where clocks show it twice the first
    /// passage is meant.
    Time(NaiveDateTime),
}

impl Value {
    /// Reads what was typed into a field, which is not empty. The error is a sentence.
    pub(super) fn read(kind: Kind, typed: &[&str], terms: &Terms<'_>) -> Result<Self, String> {
        if let Kind::Choices(among) = kind {
            return several(typed, among);
        }
        let &[typed] = typed else {
            return Err("c'è scritto più di un valore: ne lasci uno".to_owned());
        };
        match kind {
            Kind::Answer => Answer::ALL
                .into_iter()
                .find(|answer| answer.word() == typed)
                .map(Self::Answer)
                .ok_or_else(|| "scelga sì, no o non so".to_owned()),
            Kind::Choice(among) => one(typed, among).map(Self::Choice),
            Kind::Choices(among) => several(&[typed], among),
            Kind::Comune(elsewhere) => comune(typed, elsewhere, terms).map(Self::Comune),
            Kind::Date => date(typed).map(Self::Date),
            Kind::Fiscal => fiscal(typed).map(Self::Fiscal),
            Kind::Line => bounded(typed, Kind::LINE_MAX)
                .map(|line| Self::Text(line.replace(['\n', '\t'], " "))),
            Kind::Number { min, max, unit } => number(typed, min, max, unit).map(Self::Number),
            Kind::Phone => {
                PhoneNumber::parse(typed).map(Self::Phone).map_err(|error| error.to_string())
            }
            Kind::Text => bounded(typed, Kind::TEXT_MAX).map(Self::Text),
            Kind::Time => time(typed).map(Self::Time),
        }
    }

    /// As a form takes it; one text, or one for each of several choices.
    pub fn texts(&self) -> Vec<String> {
        vec![match self {
            Self::Answer(answer) => answer.word().to_owned(),
            Self::Choice(choice) => choice.word.to_owned(),
            Self::Choices(choices) => {
                return choices.iter().map(|choice| choice.word.to_owned()).collect();
            }
            Self::Comune(text) | Self::Fiscal(text) | Self::Text(text) => text.clone(),
            Self::Date(date) => date.format("%Y-%m-%d").to_string(),
            Self::Number(number) => number.to_string(),
            Self::Phone(number) => number.reveal().to_owned(),
            Self::Time(time) => time.format("%Y-%m-%dT%H:%M").to_string(),
        }]
    }

    /// As people read it, a telephone number whole.
    pub fn italian(&self) -> String {
        match self {
            Self::Answer(answer) => answer.label().to_owned(),
            Self::Choice(choice) => choice.label.to_owned(),
            Self::Choices(choices) => {
                let labels: Vec<&str> = choices.iter().map(|choice| choice.label).collect();
                labels.join(", ")
            }
            Self::Date(date) => date.format("%d/%m/%Y").to_string(),
            Self::Time(time) => time.format("%d/%m/%Y %H:%M").to_string(),
            Self::Comune(_)
            | Self::Fiscal(_)
            | Self::Number(_)
            | Self::Phone(_)
            | Self::Text(_) => self.texts().concat(),
        }
    }
}

impl fmt::Debug for Value {
    /// Its kind alone: a log must not hold what is written about anybody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer(_) => "Answer(…)",
            Self::Choice(_) => "Choice(…)",
            Self::Choices(_) => "Choices(…)",
            Self::Comune(_) => "Comune(…)",
            Self::Date(_) => "Date(…)",
            Self::Fiscal(_) => "Fiscal(…)",
            Self::Number(_) => "Number(…)",
            Self::Phone(_) => "Phone(…)",
            Self::Text(_) => "Text(…)",
            Self::Time(_) => "Time(…)",
        })
    }
}

/// What was typed, without what nobody sees: control characters become blanks, ends of
/// lines are made alike, and both ends are trimmed.
pub(super) fn tidy(typed: &str) -> String {
    let alike = typed.replace("\r\n", "\n").replace('\r', "\n");
    let visible = |c: char| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c };
    alike.chars().map(visible).collect::<String>().trim().to_owned()
}

fn one(typed: &str, among: &'static [Choice]) -> Result<&'static Choice, String> {
    among.iter().find(|choice| choice.word == typed).ok_or_else(|| {
        let labels: Vec<&str> = among.iter().map(|choice| choice.label).collect();
        format!("{} non è tra le scelte: {}", quoted(typed), labels.join(", "))
    })
}

fn several(typed: &[&str], among: &'static [Choice]) -> Result<Value, String> {
    for typed in typed {
        one(typed, among)?;
    }
    let chosen = among.iter().filter(|choice| typed.contains(&choice.word));
    Ok(Value::Choices(chosen.collect()))
}

fn comune(typed: &str, elsewhere: Elsewhere, terms: &Terms<'_>) -> Result<String, String> {
    let named = bounded(&typed.replace(['\n', '\t'], " "), Kind::LINE_MAX)?;
    let lower = named.to_lowercase();
    if let Some(served) = terms.comuni.iter().find(|comune| comune.to_lowercase() == lower) {
        return Ok((*served).to_owned());
    }
    let free = elsewhere == Elsewhere::Taken || terms.comuni.is_empty();
    if free || named == Elsewhere::WORDS {
        return Ok(named);
    }
    let hint = terms
        .nearest(&named)
        .map_or_else(String::new, |near| format!("; forse intendeva «{near}»?"));
    let other = Elsewhere::WORDS;
    Err(format!(
        "{} non è un Comune del servizio: scelga dall'elenco, o «{other}»{hint}",
        quoted(typed)
    ))
}

fn fiscal(typed: &str) -> Result<String, String> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    bounded(&code.to_uppercase(), FISCAL_MAX)
}

fn bounded(text: &str, max: usize) -> Result<String, String> {
    let found = text.chars().count();
    if found > max {
        return Err(format!("è troppo lungo: al massimo {max} caratteri, qui sono {found}"));
    }
    Ok(text.to_owned())
}

fn number(typed: &str, min: u32, max: u32, unit: &str) -> Result<u32, String> {
    let digits = typed.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 =
        typed.parse().ok().filter(|_| digits).ok_or_else(|| {
            format!("{} non è un numero intero: scriva solo cifre", quoted(typed))
        })?;
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(format!("deve stare fra {min} e {max} {unit}").trim_end().to_owned())
}

fn date(typed: &str) -> Result<NaiveDate, String> {
    calendar::read_day(typed)
        .filter(|date| YEARS.contains(&date.year()))
        .ok_or_else(|| format!("{} non è una data: scriva per esempio 24/12/1980", quoted(typed)))
}

fn time(typed: &str) -> Result<NaiveDateTime, String> {
    calendar::read_time(typed)
        .filter(|time| YEARS.contains(&time.year()))
        .and_then(|time| time.date().and_hms_opt(time.time().hour(), time.time().minute(), 0))
        .ok_or_else(|| {
            format!("{} non è data e ora: scriva per esempio 24/12/2026 20:15", quoted(typed))
        })
}

/// Not more of it than a sentence bears.
fn quoted(typed: &str) -> String {
    let mut text: String = typed.chars().take(QUOTED_MAX).collect();
    if text.len() < typed.len() {
        text.push('…');
    }
    format!("«{text}»")
}

const FISCAL_MAX: usize = 32;
const QUOTED_MAX: usize = 40;
/// Slips of the year, such as 0226, are no dates.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;
