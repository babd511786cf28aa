//! The roster as lanes on one time axis: what is required, the plan, what changes it, the
//! result, and what is lacking.
//!
//! It places nothing on a page ([`super::drawing`] does). Law: what is lacking is what is
//! required less the result, and every lane says at an instant what the roster says then.

use chrono_tz::Tz;

use crate::calendar::Hours;
use crate::roster::{Lack, Period, Roster, Rule, Swap, Turn, coverage};
use crate::words::ServiceId;

/// Whose duty is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) roster: &'a Roster,
    pub(super) service: &'a ServiceId,
    pub(super) equipe: &'a str,
    pub(super) hours: &'a Hours,
    pub(super) zone: Tz,
}

/// What a lane is about, in the order in which one follows from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// When the service answers by itself.
    Required,
    /// Turns as the rules say.
    Plan,
    /// Overrides, absences and swaps.
    Change,
    /// Who is rung in the end.
    Result,
    /// Nobody is.
    Gap,
}

/// Bars that do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) kind: Kind,
    /// Empty where a lane goes on with the one above.
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
}

/// Something for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) period: Period,
    pub(super) text: String,
}

/// All lanes over `range`.
pub(super) fn lanes(subject: &Subject<'_>, range: Period) -> Vec<Lane> {
    let mut lanes = pack(Kind::Required, "copertura richiesta", required(subject, range));
    for (label, bars) in plan(subject, range) {
        lanes.extend(pack(Kind::Plan, &label, bars));
    }
    lanes.extend(pack(Kind::Change, "cambi", changes(subject, range)));
    for (label, bars) in result(subject, range) {
        lanes.extend(pack(Kind::Result, &label, bars));
    }
    let gaps = gaps(subject, range);
    lanes.extend(pack(Kind::Gap, "scoperto", gaps.into_iter().map(|gap| bar(gap, "scoperto"))));
    lanes
}

/// Where nobody can be rung although the service answers, in order.
pub(super) fn gaps(subject: &Subject<'_>, range: Period) -> Vec<Period> {
    let Subject { roster, service, equipe, hours, zone } = *subject;
    let found = coverage(roster, service, equipe, hours, zone, range).findings;
    let uncovered = found.into_iter().filter(|finding| finding.lack == Lack::Uncovered);
    uncovered.map(|finding| finding.period).collect()
}

/// When the service answers by itself, in order.
pub(super) fn active(subject: &Subject<'_>, range: Period) -> Vec<Period> {
    let spans = subject.hours.active_spans(subject.zone, range.from(), range.until());
    spans.into_iter().filter_map(|(from, until)| Period::new(from, until).ok()).collect()
}

/// What two periods have in common.
pub(super) fn common(one: Period, other: Period) -> Option<Period> {
    Period::new(one.from().max(other.from()), one.until().min(other.until())).ok()
}

fn required(subject: &Subject<'_>, range: Period) -> Vec<Bar> {
    active(subject, range).into_iter().map(|period| bar(period, "il servizio risponde")).collect()
}

/// The turns of each rotation, and the single shifts, by step.
fn plan(subject: &Subject<'_>, range: Period) -> Vec<(String, Vec<Bar>)> {
    let mut lanes: Vec<(String, Vec<Bar>)> = Vec::new();
    for turn in subject.roster.turns(subject.service, subject.equipe, range) {
        let label = source(&turn);
        let Some(period) = common(turn.period, range) else { continue };
        let bar = bar(period, turn.person);
        match lanes.iter_mut().find(|(other, _)| *other == label) {
            // The rows of one shift with several phones are one turn.
            Some((_, bars)) if bars.contains(&bar) => {}
            Some((_, bars)) => bars.push(bar),
            None => lanes.push((label, vec![bar])),
        }
    }
    lanes
}

/// «notti, livello 1».
pub(super) fn source(turn: &Turn<'_>) -> String {
    match turn.rule {
        Rule::Rotation { rotation, .. } => format!("{}, livello {}", rotation.name, turn.step),
        Rule::Shift(_) => format!("turni, livello {}", turn.step),
    }
}

fn changes(subject: &Subject<'_>, range: Period) -> Vec<Bar> {
    let records = subject.roster.records();
    let mut bars = Vec::new();
    let ours = records.overrides.iter();
    for record in ours.filter(|o| o.service == *subject.service && o.equipe == subject.equipe) {
        let text = format!("{} al posto di {}", record.by, record.replaces);
        bars.extend(common(record.period, range).map(|period| bar(period, &text)));
    }
    for absence in records.absences.iter().filter(|a| a.service == *subject.service) {
        let text = format!("{} assente", absence.person);
        bars.extend(common(absence.period, range).map(|period| bar(period, &text)));
    }
    for turn in subject.roster.turns(subject.service, subject.equipe, range) {
        let id = turn.id();
        let about = |swap: &&Swap| {
            swap.service == *subject.service && swap.equipe == subject.equipe && swap.turn == id
        };
        for swap in records.swaps.iter().filter(about) {
            let text = swap_text(swap, turn.person);
            let more = common(turn.period, range).map(|period| bar(period, &text));
            bars.extend(more.filter(|bar| !bars.contains(bar)));
        }
    }
    bars
}

/// «Ada cede a Bruno (da approvare)».
pub(super) fn swap_text(swap: &Swap, person: &str) -> String {
    match (swap.to.as_str(), &swap.approved) {
        ("", _) => format!("{person} offre il turno"),
        (to, Some(_)) => format!("{person} cede a {to}"),
        (to, None) => format!("{person} cede a {to} (da approvare)"),
    }
}

fn result(subject: &Subject<'_>, range: Period) -> Vec<(String, Vec<Bar>)> {
    let mut steps: Vec<(u32, Vec<Bar>)> = Vec::new();
    for stint in subject.roster.stints(subject.service, subject.equipe, range) {
        let bar = bar(stint.period, &stint.on_call.person);
        match steps.iter_mut().find(|(step, _)| *step == stint.on_call.step) {
            Some((_, bars)) => bars.push(bar),
            None => steps.push((stint.on_call.step, vec![bar])),
        }
    }
    steps.sort_by_key(|(step, _)| *step);
    steps.into_iter().map(|(step, bars)| (format!("risultato, livello {step}"), bars)).collect()
}

fn bar(period: Period, text: &str) -> Bar {
    Bar { period, text: text.to_owned() }
}

/// Puts bars that overlap into lanes below one another.
fn pack(kind: Kind, label: &str, bars: impl IntoIterator<Item = Bar>) -> Vec<Lane> {
    let mut bars: Vec<Bar> = bars.into_iter().collect();
    bars.sort_by_key(|bar| bar.period.from()); // stable
    let mut lanes: Vec<Lane> = Vec::new();
    for bar in bars {
        let free = |lane: &&mut Lane| {
            lane.bars.last().is_none_or(|last| last.period.until() <= bar.period.from())
        };
        match lanes.iter_mut().find(free) {
            Some(lane) => lane.bars.push(bar),
            None => {
                let label = if lanes.is_empty() { label.to_owned() } else { String::new() };
                lanes.push(Lane { kind, label, bars: vec![bar] });
            }
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveTime, TimeDelta, Utc, Weekday};
    use chrono_tz::Europe::Rome;

    use super::*;
    use crate::calendar::{GapPolicy, Holidays, Office, OfficeRule, OfficeTable, Opening, instant};
    use crate::roster::{Absence, Entered, Override, Person, Records, Shift, TurnId};
    use crate::words::PhoneNumber;

    fn at(civil: &str) -> DateTime<Utc> {
        instant(format!("2026-12-{civil}:00").parse().unwrap(), Rome)
    }

    fn period(from: &str, until: &str) -> Period {
        Period::new(at(from), at(until)).unwrap()
    }

    fn shift(person: &str, from: &str, until: &str) -> Shift {
        let service = ServiceId::new("s");
        let (from, until) = (at(from), at(until));
        Shift::new(service, "e".into(), 1, person.into(), None, from, until, Rome).unwrap()
    }

    fn entered() -> Entered {
        Entered { by: "m.conte".into(), at: at("01T10:00") }
    }

    /// One character an hour: the first letter of who is there, a dot where nobody is.
    fn draw(records: Records, hours: &Hours, from: &str, until: &str) -> String {
        let roster = Roster::new(records).unwrap();
        let (service, range) = (ServiceId::new("s"), period(from, until));
        let subject =
            Subject { roster: &roster, service: &service, equipe: "e", hours, zone: Rome };
        let mut drawn = String::new();
        for lane in lanes(&subject, range) {
            drawn.push_str(&format!("{:<21}", lane.label));
            let mut at = range.from();
            while at < range.until() {
                let bar = lane.bars.iter().find(|bar| bar.period.covers(at));
                drawn.push(bar.and_then(|bar| bar.text.chars().next()).unwrap_or('.'));
                at += TimeDelta::hours(1);
            }
            drawn.push('\n');
        }
        drawn
    }

    fn people(names: &[&str]) -> Vec<Person> {
        let person = |(name, place): (&&str, i32)| Person {
            service: ServiceId::new("s"),
            name: (*name).to_owned(),
            phones: vec![PhoneNumber::parse(&format!("+39333000{place:04}")).unwrap()],
            skills: std::collections::BTreeSet::new(),
        };
        names.iter().zip(1..).map(person).collect()
    }

    fn weekday_office() -> Hours {
        let time = |text: &str| text.parse::<NaiveTime>().unwrap();
        let opening = Opening::new(time("08:00:00"), time("14:00:00")).unwrap();
        let table = OfficeTable {
            openings: [Weekday::Wed, Weekday::Thu].map(|day| (day, opening)).to_vec(),
            ..OfficeTable::default()
        };
        Hours::beside(OfficeRule {
            ends: time("08:00:00"),
            lead: TimeDelta::minutes(0),
            gap: GapPolicy::Letter,
            holidays: Holidays::italian(),
            closures: Vec::new(),
            offices: vec![Office { tables: vec![table], ..Office::default() }],
        })
    }

    #[test]
    fn what_is_lacking_is_what_is_required_less_the_result() {
        let records = Records {
            people: people(&["Ada", "Bruno", "Carla"]),
            shifts: vec![
                shift("Ada", "23T14:00", "23T22:00"),
                shift("Bruno", "23T20:00", "24T06:00"),
            ],
            overrides: vec![Override {
                id: "1".into(),
                service: ServiceId::new("s"),
                equipe: "e".into(),
                replaces: "Bruno".into(),
                by: "Carla".into(),
                period: period("23T22:00", "24T02:00"),
                reason: String::new(),
                entered: entered(),
            }],
            absences: vec![Absence {
                id: "2".into(),
                service: ServiceId::new("s"),
                person: "Bruno".into(),
                period: period("24T02:00", "24T06:00"),
                reason: String::new(),
                entered: entered(),
            }],
            ..Records::default()
        };
        let drawn = draw(records, &weekday_office(), "23T08:00", "24T12:00");
        assert_eq!(
            drawn,
            "copertura richiesta  ......iiiiiiiiiiiiiiiiii....\n\
             turni, livello 1     ......AAAAAAAA..............\n\
             \x20                    ............BBBBBBBBBB......\n\
             cambi                ..............CCCCBBBB......\n\
             risultato, livello 1 ......AAAAAAAACCCC..........\n\
             \x20                    ............BB..............\n\
             scoperto             ..................ssssss....\n"
        );
    }

    #[test]
    fn a_turn_that_is_offered_stays_where_it_is_until_somebody_approves() {
        let night = shift("Ada", "23T20:00", "24T04:00");
        let swap = Swap {
            id: "1".into(),
            service: ServiceId::new("s"),
            equipe: "e".into(),
            turn: TurnId::Shift(night.id.clone()),
            to: "Bruno".into(),
            entered: entered(),
            approved: None,
        };
        let records = |approved| Records {
            people: people(&["Ada", "Bruno"]),
            shifts: vec![night.clone()],
            swaps: vec![Swap { approved, ..swap.clone() }],
            ..Records::default()
        };
        let always = Hours::always();
        assert_eq!(
            draw(records(None), &always, "23T18:00", "24T06:00"),
            "copertura richiesta  iiiiiiiiiiii\n\
             turni, livello 1     ..AAAAAAAA..\n\
             cambi                ..AAAAAAAA..\n\
             risultato, livello 1 ..AAAAAAAA..\n\
             scoperto             ss........ss\n"
        );
        let drawn = draw(records(Some(entered())), &always, "23T18:00", "24T06:00");
        assert!(drawn.contains("risultato, livello 1 ..BBBBBBBB.."), "{drawn}");
    }

    #[test]
    fn an_empty_roster_is_all_gap() {
        let drawn = draw(Records::default(), &Hours::always(), "23T18:00", "23T22:00");
        assert_eq!(drawn, "copertura richiesta  iiii\nscoperto             ssss\n");
    }
}
