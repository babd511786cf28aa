//! Turns of duty, wherever they come from: a shift, or a rotation's arithmetic.

use chrono::{Datelike, Days, NaiveDate};

use super::{Period, Rotation, Shift, TurnId, Window};
use crate::calendar::{instant, local};

/// One person's turn of duty, before swaps, overrides and absences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn<'a> {
    /// What puts the person there.
    pub rule: Rule<'a>,
    /// The escalation step.
    pub step: u32,
    /// Whose turn it is by the rule.
    pub person: &'a str,
    /// When.
    pub period: Period,
    /// Its place among the turns of its step: shifts by row, then rotations by row.
    pub(super) place: usize,
}

/// What puts a person on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule<'a> {
    /// A turn of a rotation.
    Rotation {
        /// Which.
        rotation: &'a Rotation,
        /// The turn's number, from 0.
        turn: u32,
    },
    /// A single shift.
    Shift(&'a Shift),
}

impl Turn<'_> {
    /// What the turn is called, also when it is moved.
    pub fn id(&self) -> TurnId {
        match self.rule {
            Rule::Rotation { rotation, turn } => {
                TurnId::Rotation { name: rotation.name.clone(), turn }
            }
            Rule::Shift(shift) => TurnId::Shift(shift.id.clone()),
        }
    }

    /// The zone its civil times are written in.
    pub fn zone(&self) -> chrono_tz::Tz {
        match self.rule {
            Rule::Rotation { rotation, .. } => rotation.zone,
            Rule::Shift(shift) => shift.zone(),
        }
    }

    /// Why its person is on duty: «turno 20:00–08:00», «rotazione notti, turno dal
    /// 21/12 20:00».
    pub fn why(&self) -> String {
        match self.rule {
            Rule::Rotation { rotation, .. } => {
                let from = local(self.period.from(), rotation.zone);
                format!("rotazione {}, turno dal {}", rotation.name, from.format("%d/%m %H:%M"))
            }
            Rule::Shift(shift) => shift.why(),
        }
    }
}

impl Rotation {
    /// The spells of duty that have an instant in common with `range`, in order, each
    /// with the number of its turn and whose it is.
    ///
    /// A civil time that does not exist is the first instant after the jump; one that
    /// exists twice is the first.
    pub(super) fn spells(&self, range: Period) -> Vec<(u32, &str, Period)> {
        // Two days of margin: no zone is further than that from its neighbours.
        let day_of = |at| local(at, self.zone).date();
        let start = earlier(day_of(range.from()), 2);
        let end = later(day_of(range.until()), 1);
        let mut spells = match &self.window {
            None => self.whole_turns(start, end),
            Some(window) => self.windows(window, start, end),
        };
        spells.retain(|(_, _, period)| period.overlaps(range));
        spells
    }

    fn whole_turns(&self, start: NaiveDate, end: NaiveDate) -> Vec<(u32, &str, Period)> {
        let mut spells = Vec::new();
        let Some((mut turn, mut day)) = self.turn_on(start.max(self.first)) else { return spells };
        while day <= end && self.last.is_none_or(|last| day <= last) {
            let next = later(day, self.days_of(turn));
            let over = self.last.map_or(next, |last| next.min(later(last, 1)));
            spells.extend(self.spell(
                turn,
                day.and_time(self.handoff),
                over.and_time(self.handoff),
            ));
            if next <= day {
                break; // the end of what a date can hold
            }
            (turn, day) = (turn + 1, next);
        }
        spells
    }

    fn windows(
        &self,
        window: &Window,
        start: NaiveDate,
        end: NaiveDate,
    ) -> Vec<(u32, &str, Period)> {
        let days = start.iter_days().take_while(|day| *day <= end);
        days.filter(|day| window.weekdays.contains(&day.weekday()))
            .filter_map(|day| {
                let until = if window.until <= window.from { later(day, 1) } else { day };
                let (turn, _) = self.turn_on(self.duty_day(day, window))?;
                self.spell(turn, day.and_time(window.from), until.and_time(window.until))
            })
            .collect()
    }

    /// What opens before the handoff of a day belongs to the turn of the day before.
    fn duty_day(&self, day: NaiveDate, window: &Window) -> NaiveDate {
        if window.from < self.handoff { earlier(day, 1) } else { day }
    }

    fn spell(
        &self,
        turn: u32,
        from: chrono::NaiveDateTime,
        until: chrono::NaiveDateTime,
    ) -> Option<(u32, &str, Period)> {
        let person = self.people.get(turn as usize % self.people.len().max(1))?;
        // Hours that the clocks jump over are no duty.
        let period = Period::new(instant(from, self.zone), instant(until, self.zone)).ok()?;
        Some((turn, person, period))
    }

    /// The turn that covers the duty of `day`, and its first day.
    fn turn_on(&self, day: NaiveDate) -> Option<(u32, NaiveDate)> {
        if self.last.is_some_and(|last| last < day) {
            return None;
        }
        let since = u64::try_from((day - self.first).num_days()).ok()?;
        let cycle: u64 = self.pattern.iter().copied().map(u64::from).sum();
        let cycles = since.checked_div(cycle)?;
        let mut turn = cycles * self.pattern.len() as u64;
        let mut begins = cycles * cycle;
        for days in &self.pattern {
            if since < begins + u64::from(*days) {
                break;
            }
            begins += u64::from(*days);
            turn += 1;
        }
        Some((u32::try_from(turn).ok()?, later(self.first, begins)))
    }

    fn days_of(&self, turn: u32) -> u64 {
        let days = self.pattern.get(turn as usize % self.pattern.len().max(1));
        // A pattern without days is refused; one day keeps any loop over turns finite.
        days.copied().map_or(1, u64::from).max(1)
    }
}

/// Days before `day`, or the first day there is.
fn earlier(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// Days after `day`, or the last day there is.
fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}
