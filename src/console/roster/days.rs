//! The final result day by day, as it is read on a telephone and aloud.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::super::civil;
use super::lanes::{Subject, active, common, gaps};
use super::place::Place;
use super::when::{Shown, day_name, hours, whole_day};
use crate::calendar::{Hours, local};
use crate::roster::{DutyOf, Period, Roster};

/// One day.
pub(super) struct Day {
    pub(super) name: String,
    pub(super) today: bool,
    pub(super) feasts: Vec<String>,
    /// When the service answers.
    pub(super) required: String,
    pub(super) entries: Vec<Entry>,
}

/// Who is on duty for a part of a day, or that nobody is.
pub(super) struct Entry {
    pub(super) time: String,
    pub(super) kind: EntryKind,
}

pub(super) enum EntryKind {
    /// Nobody; where it is assigned and what that is called.
    Gap(Option<(String, String)>),
    /// Somebody; for one's own turn that is not over what the form for «non posso» carries,
    /// where the turn is first shown.
    Duty { person: String, step: u32, why: String, own: bool, says: Option<Says> },
}

/// A turn of which somebody may say that they cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Says {
    pub(super) when: String,
    /// Its ends in milliseconds.
    pub(super) from: i64,
    pub(super) until: i64,
}

/// A turn of one's own to come.
pub(super) struct Own {
    pub(super) when: String,
    pub(super) step: u32,
    pub(super) equipe: String,
    pub(super) why: String,
    /// Its ends in milliseconds, as the form for «non posso» carries them.
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) running: bool,
}

/// Whose duty of all is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    All,
    Own,
}

/// Who looks at the days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looks<'a> {
    /// Who they are in the roster.
    pub(super) person: Option<&'a str>,
    pub(super) whose: Whose,
    /// Whether they may say that they cannot.
    pub(super) says: bool,
}

/// A turn is looked for so far before and after the days shown: it is given up whole.
const AROUND: TimeDelta = TimeDelta::days(31);

/// The days shown; `assign` says where a gap is assigned.
pub(super) fn days(
    place: &Place,
    roster: &Roster,
    shown: &Shown,
    looks: Looks<'_>,
    now: DateTime<Utc>,
    assign: impl Fn(Period) -> Option<(String, String)>,
) -> Vec<Day> {
    let subject = place.subject(roster);
    let Some(range) = shown.range() else { return Vec::new() };
    let Looks { person, whose, .. } = looks;
    let turns = own_turns(place, roster, looks, range, now);
    let stints = roster.stints(place.service(), &place.equipe, range);
    let (gaps, active) = (gaps(&subject, range), active(&subject, range));
    let today = local(now, place.zone()).date();
    let day = |day: NaiveDate| {
        let whole = whole_day(day, place.zone())?;
        let part = |period| common(period, whole);
        let mut entries: Vec<(Period, u32, EntryKind)> = Vec::new();
        for stint in &stints {
            let on_call = &stint.on_call;
            let own = Some(on_call.person.as_str()) == person;
            let wanted = whose == Whose::All || own;
            let Some(period) = part(stint.period).filter(|_| wanted) else { continue };
            let kind = EntryKind::Duty {
                person: on_call.person.clone(),
                step: on_call.step,
                why: on_call.why.clone(),
                own,
                says: turns.iter().find(|turn| own && begins(turn, period, range)).map(|turn| {
                    let when = civil::range(turn.from(), turn.until(), now, place.zone());
                    let ms = |at: DateTime<Utc>| at.timestamp_millis();
                    Says { when, from: ms(turn.from()), until: ms(turn.until()) }
                }),
            };
            entries.push((period, on_call.step, kind));
        }
        if whose == Whose::All {
            let lacking = gaps.iter().filter_map(|gap| Some((part(*gap)?, *gap)));
            entries.extend(lacking.map(|(p, gap)| (p, 0, EntryKind::Gap(assign(gap)))));
        }
        entries.sort_by_key(|(period, step, _)| (period.from(), *step));
        let time = |period| hours(period, day, place.zone());
        let entries = entries.into_iter();
        Some(Day {
            name: day_name(day),
            today: day == today,
            feasts: place.plan.hours.feasts(day),
            required: required(active.iter().filter_map(|period| part(*period)), whole, time),
            entries: entries.map(|(period, _, kind)| Entry { time: time(period), kind }).collect(),
        })
    };
    let days = shown.days().filter_map(day);
    days.filter(|day| whose == Whose::All || !day.entries.is_empty()).collect()
}

/// The whole turns of who looks that begin, go on or end in `range` and are not over.
fn own_turns(
    place: &Place,
    roster: &Roster,
    looks: Looks<'_>,
    range: Period,
    now: DateTime<Utc>,
) -> Vec<Period> {
    let Some(person) = looks.person.filter(|_| looks.says) else { return Vec::new() };
    let Ok(around) = Period::new(range.from() - AROUND, range.until() + AROUND) else {
        return Vec::new();
    };
    let service = place.service().clone();
    let stints = roster.stints_of(&DutyOf::Person { service, person: person.to_owned() }, around);
    let here = stints.into_iter().filter(|(equipe, _)| *equipe == place.equipe);
    here.map(|(_, stint)| stint.period).filter(|turn| turn.until() > now).collect()
}

/// Whether a part of a day is where a turn is first shown.
fn begins(turn: &Period, part: Period, range: Period) -> bool {
    turn.overlaps(part) && part.from() == turn.from().max(range.from())
}

/// Who answers on a day, in words.
pub(super) fn answering(hours_of: &Hours, day: NaiveDate, zone: Tz) -> Option<String> {
    let whole = whole_day(day, zone)?;
    let spans = hours_of.active_spans(zone, whole.from(), whole.until()).into_iter();
    let parts = spans.filter_map(|(from, until)| Period::new(from, until).ok());
    Some(required(parts, whole, |period| hours(period, day, zone)))
}

fn required(
    parts: impl Iterator<Item = Period>,
    whole: Period,
    time: impl Fn(Period) -> String,
) -> String {
    let parts: Vec<Period> = parts.collect();
    if parts == [whole] {
        return "il servizio risponde tutto il giorno".into();
    }
    if parts.is_empty() {
        return "rispondono gli uffici".into();
    }
    let parts: Vec<String> = parts.into_iter().map(time).collect();
    format!("il servizio risponde {}", parts.join(" e "))
}

/// The turns of one person that begin within `range`, in all équipes of the service; what
/// runs is cut at its beginning.
pub(super) fn own(
    subject: &Subject<'_>,
    person: &str,
    range: Period,
    now: DateTime<Utc>,
) -> Vec<Own> {
    let duty_of = DutyOf::Person { service: subject.service.clone(), person: person.to_owned() };
    // To their end, also where that is beyond the range: a turn is given up whole.
    let whole = Period::new(range.from(), range.until() + AROUND).unwrap_or(range);
    let stints = subject.roster.stints_of(&duty_of, whole).into_iter();
    let stints = stints.filter(|(_, stint)| stint.period.from() < range.until());
    let own = stints.map(|(equipe, stint)| Own {
        when: civil::range(stint.period.from(), stint.period.until(), now, subject.zone),
        step: stint.on_call.step,
        equipe,
        why: stint.on_call.why,
        from: stint.period.from().timestamp_millis(),
        until: stint.period.until().timestamp_millis(),
        running: stint.period.covers(now),
    });
    own.collect()
}
