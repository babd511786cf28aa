//! The month of a service in numbers: what it owes in a report, and nobody in it.
//!
//! It reads no store and knows no clock: calls, cases and `now` are arguments. Law: what
//! leaves here is published already ([`publish`]); every number is a cell of a table that was
//! protected whole, or is reckoned from such cells. Two numbers of which one follows from the
//! other stand in one table, because a sum would give the other away.

mod casellario;
mod count;
mod protect;
mod table;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

pub use casellario::{Checked, Provided, Provision, provisions};
pub use protect::{FEW, Figure, Published, publish};
pub use table::{Counted, Share, Table};

use super::clocks::{Instants, Promise, Targets};
use super::{Outcome, Scheda, Stage};
use crate::words::{CaseNumber, Category};

/// One call of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOfMonth {
    /// When it came in.
    pub arrived: DateTime<Utc>,
    /// When a person took it.
    pub accepted: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: Outcome,
    /// Who was to answer at that hour.
    pub answering: Answering,
}

/// Who is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// The offices are open.
    Offices,
    /// They are not.
    Service,
    /// Nobody wrote it down.
    Unknown,
}

/// One case of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOfMonth {
    /// Its number.
    pub number: CaseNumber,
    /// Who is in need.
    pub category: Category,
    /// The name of the Comune, once it is known.
    pub comune: Option<String>,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub stage_since: Option<DateTime<Utc>>,
    /// The word of how it was archived.
    pub ended_as: Option<String>,
    /// What its clocks go by.
    pub instants: Instants,
    /// What people wrote.
    pub written: Written,
}

/// What people wrote about a case, if it could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It opened, or nothing was written.
    Open(Box<Scheda>),
    /// Its key is missing, or it was changed.
    Sealed,
}

/// What is needed to count.
pub struct Terms<'a> {
    /// The Comuni of the service.
    pub comuni: &'a [String],
    /// What is promised.
    pub targets: &'a Targets,
    /// The zone of the service's civil times.
    pub zone: Tz,
    /// On which days the offices of the territorial service work.
    pub works: &'a dyn Fn(NaiveDate) -> bool,
    /// When it is counted.
    pub now: DateTime<Utc>,
}

/// Whether schede could be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opened {
    /// All of them.
    All,
    /// Not all: what is in the others counts as not known.
    Some,
    /// None, of some that there are: what is in them is not counted.
    None,
}

/// A month in numbers.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The tables; those that need schede only where these opened.
    pub tables: Vec<Table>,
    /// Nights of reception of the cases of the month.
    pub nights: Figure,
    /// Whether schede could be opened.
    pub opened: Opened,
    /// How long those waited whom a person answered.
    waits: Vec<TimeDelta>,
}

/// How long callers waited for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// Nobody answered anybody.
    Never,
    /// Too few to tell.
    Hidden,
    /// Half of them at most so long, and nine of ten.
    Known {
        /// Half of the callers waited no longer.
        median: TimeDelta,
        /// Nine of ten callers waited no longer.
        ninetieth: TimeDelta,
    },
}

impl Tally {
    /// Counts a month of one service.
    pub fn of(calls: &[CallOfMonth], cases: &[CaseOfMonth], terms: &Terms<'_>) -> Self {
        let sealed = cases.iter().filter(|case| case.written == Written::Sealed).count();
        let opened = match sealed {
            0 => Opened::All,
            all if all == cases.len() => Opened::None,
            _ => Opened::Some,
        };
        let mut tables = vec![
            count::answers(calls, terms),
            count::hours(calls),
            count::comuni(cases, terms),
            count::categories(cases),
            count::outcomes(cases, terms),
            count::on_site(cases, terms),
            count::sent(cases, terms),
        ];
        let mut nights = Figure::Hidden;
        if opened != Opened::None {
            let receptions = count::receptions(cases);
            nights = match receptions.row(0) {
                Figure::Hidden => Figure::Hidden,
                Figure::Shown(_) => Figure::Shown(count::nights(cases)),
            };
            tables.extend([count::segnalanti(cases), receptions]);
            tables.extend(count::persons(cases, terms.zone));
        }
        let mut waits = count::waits(calls);
        waits.sort_unstable();
        Self { tables, nights, opened, waits }
    }

    /// Two services together: nothing is told that neither tells alone.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        // A table that one of them lacks would be the other's alone.
        self.tables.retain(|table| other.table(table.word).is_some());
        for table in &mut self.tables {
            if let Some(others) = other.table(table.word) {
                *table = table.clone().plus(others);
            }
        }
        self.nights = self.nights.plus(other.nights);
        self.opened = self.opened.max(other.opened);
        self.waits.extend(&other.waits);
        self.waits.sort_unstable();
        self
    }

    /// The table of this word.
    pub fn table(&self, word: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.word == word)
    }

    /// A row of a table, from 0.
    fn row(&self, table: &str, place: usize) -> Figure {
        self.table(table).map_or(Figure::Hidden, |table| table.row(place))
    }

    /// How many calls came in.
    pub fn calls(&self) -> Figure {
        self.table(count::ANSWERS).map_or(Figure::Hidden, |table| table.total)
    }

    /// How many callers hung up before anybody answered.
    pub fn abandoned(&self) -> Figure {
        self.row(count::ANSWERS, count::ABANDONED)
    }

    /// Which part of the calls came while the offices were shut.
    pub fn out_of_hours(&self) -> Share {
        Share::of(self.row(count::HOURS, 0), self.calls())
    }

    /// How many cases have a reception.
    pub fn receptions(&self) -> Figure {
        self.row(count::RECEPTIONS, 0)
    }

    /// How long callers waited for a person.
    pub fn waited(&self) -> Waited {
        // The smallest wait that at least so many in a hundred did not exceed.
        let at = |percent: usize| {
            let rank = (self.waits.len() * percent).div_ceil(100);
            self.waits.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        match u32::try_from(self.waits.len()).unwrap_or(u32::MAX) {
            0 => Waited::Never,
            number if Figure::alone(number) == Figure::Hidden => Waited::Hidden,
            _ => Waited::Known { median: at(50), ninetieth: at(90) },
        }
    }

    /// The four clocks: which part of what was promised was kept. Of the calls, all count;
    /// of the others, what is not done yet counts for neither.
    pub fn kept(&self) -> [(Promise, Share); 4] {
        let done = |table, kept: usize, late: usize| {
            let (kept, late) = (self.row(table, kept), self.row(table, late));
            Share::of(kept, kept.plus(late))
        };
        [
            (Promise::Answered, Share::of(self.row(count::ANSWERS, 0), self.calls())),
            (Promise::OnSite, done(count::ON_SITE, 0, 1)),
            (Promise::SchedaSent, done(count::SENT, 0, 1)),
            (Promise::TakenInCharge, done(count::OUTCOMES, 0, 1)),
        ]
    }
}

#[cfg(test)]
mod tests;
