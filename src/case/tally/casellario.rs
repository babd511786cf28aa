//! What the Casellario dell'assistenza (SIUSS) is told of a case: a person's codice fiscale,
//! what they were given, from when until when.
//!
//! It names people, and so is no part of the tally. Source: DM 206/2014, d.lgs. 147/2017
//! art. 24; the record of INPS itself was not seen: the Ufficio di Piano makes it from this.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::count::{date, is_of_its_own, is_received};
use super::{CaseOfMonth, Written};
use crate::calendar;
use crate::case::scheda::{Value, is_fiscal_code};

/// Something a person was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Provision {
    /// The codice fiscale, in capitals, as it was written.
    pub fiscal_code: String,
    /// Whether it can be one.
    pub checked: Checked,
    /// What they were given.
    pub provided: Provided,
    /// The first day.
    pub from: NaiveDate,
    /// The last day; `None` while it goes on, or nobody wrote it.
    pub until: Option<NaiveDate>,
}

/// Whether a codice fiscale can be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Its control character is right.
    Good,
    /// It is not: somebody has to look.
    ToLookAt,
}

/// What a person is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provided {
    /// The intervention itself.
    Intervention,
    /// A place in a structure.
    Reception,
}

impl Provided {
    /// Names it in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intervention => "pronto_intervento_sociale",
            Self::Reception => "accoglienza_in_emergenza",
        }
    }
}

impl std::fmt::Debug for Provision {
    /// Without whom it names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.provided, self.from)
    }
}

/// What the persons of a case were given whose codice fiscale is written. Tests and
/// duplicates give nobody anything; neither does a scheda that does not open.
pub fn provisions(case: &CaseOfMonth, zone: Tz) -> Vec<Provision> {
    let Written::Open(scheda) = &case.written else { return Vec::new() };
    if !is_of_its_own(case) {
        return Vec::new();
    }
    let day = |at| calendar::local(at, zone).date();
    let closed = case.stage_since.filter(|_| case.stage.is_final());
    let over = case.instants.taken.or(closed);
    let from = day(case.instants.arrived);
    let mut given = vec![(Provided::Intervention, from, over.map(day))];
    if is_received(scheda) {
        let from = date(scheda, "intervento.dal").unwrap_or(from);
        given.push((Provided::Reception, from, date(scheda, "intervento.al")));
    }
    let mut found = Vec::new();
    for person in scheda.persons() {
        let code = scheda.value(&format!("persona.{person}.codice_fiscale"));
        let Some(Value::Fiscal(code)) = code else { continue };
        let checked = if is_fiscal_code(code) { Checked::Good } else { Checked::ToLookAt };
        found.extend(given.iter().map(|(provided, from, until)| Provision {
            fiscal_code: code.clone(),
            checked,
            provided: *provided,
            from: *from,
            until: *until,
        }));
    }
    found
}
