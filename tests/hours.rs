//! When the service answers, against tables, nights of changing clocks and a slow oracle.

use chrono::{
    Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc, Weekday,
};
use chrono_tz::Europe::Rome;
use polaris::calendar::{
    Closure, GapPolicy, Holidays, Hours, Office, OfficeRule, OfficeTable, Opening, Which,
    YearlyDay, easter, instant, local,
};
use proptest::prelude::*;

const WORKING_WEEK: [Weekday; 5] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

fn civil(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").expect(text)
}

fn opening(open: &str, close: &str) -> Opening {
    let time = |text| NaiveTime::parse_from_str(text, "%H:%M").expect("a time");
    Opening::new(time(open), time(close)).expect("opens before it closes")
}

/// Mon-Fri 8-14, Tue and Thu also 15:30-18.
fn usual_table() -> OfficeTable {
    let mut openings: Vec<_> =
        WORKING_WEEK.into_iter().map(|day| (day, opening("08:00", "14:00"))).collect();
    openings.push((Weekday::Tue, opening("15:30", "18:00")));
    openings.push((Weekday::Thu, opening("15:30", "18:00")));
    OfficeTable { from: None, until: None, openings }
}

fn office(comune: &str, patron: Option<YearlyDay>) -> Office {
    Office {
        comune: comune.to_owned(),
        tables: vec![usual_table()],
        patrons: patron.into_iter().collect(),
        closures: Vec::new(),
    }
}

fn rule(gap: GapPolicy, offices: Vec<Office>) -> OfficeRule {
    OfficeRule {
        ends: NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
        lead: TimeDelta::minutes(30),
        gap,
        holidays: Holidays::italian(),
        closures: Vec::new(),
        offices,
    }
}

fn mesagne() -> Office {
    office("Mesagne", Some(YearlyDay::Fixed { month: 7, day: 16 }))
}

fn surbo() -> Office {
    office("Surbo", Some(YearlyDay::Easter { offset: 2 }))
}

#[test]
fn every_row_of_the_table_holds() {
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![mesagne()]));
    let mut rows = 0;
    for line in include_str!("hours/mesagne.csv").lines() {
        if line.starts_with('#') || line == "local_time,active" {
            continue;
        }
        let (time, active) = line.split_once(',').expect(line);
        assert_eq!(hours.is_active(civil(time)), active == "1", "{line}");
        rows += 1;
    }
    assert_eq!(rows, 35);
}

#[test]
fn the_lunch_gap_is_covered_unless_the_letter_is_asked_for() {
    let cover = Hours::beside(rule(GapPolicy::Cover, vec![mesagne()]));
    for (time, active) in [
        ("2026-12-15T13:59", false),
        ("2026-12-15T14:00", true),
        ("2026-12-15T15:29", true),
        ("2026-12-15T15:30", false),
        ("2026-12-15T17:29", false),
        ("2026-12-15T17:30", true),
        ("2026-12-14T13:30", true),
    ] {
        assert_eq!(cover.is_active(civil(time)), active, "{time}");
    }
}

#[test]
fn the_service_answers_while_any_office_is_shut() {
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![mesagne(), surbo()]));
    // Easter Tuesday: Mesagne works, Surbo keeps its patron.
    assert!(hours.is_active(civil("2027-03-30T10:00")));
    assert_eq!(hours.next_change(civil("2027-03-26T13:30")), Some(civil("2027-03-31T08:00")));
    // Mesagne's patron day; Surbo works.
    assert!(hours.is_active(civil("2027-07-16T10:00")));
    assert!(!hours.is_active(civil("2027-07-15T10:00")));
}

#[test]
fn easter_and_a_changing_clock_make_the_longest_chain_known() {
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![mesagne()]));
    let (start, end) = (civil("2027-03-26T13:30"), civil("2027-03-30T08:00"));
    assert_eq!(hours.next_change(civil("2027-03-26T10:00")), Some(start));
    assert_eq!(hours.next_change(start), Some(end));
    assert_eq!(end - start, TimeDelta::minutes(90 * 60 + 30));
    assert_eq!(instant(end, Rome) - instant(start, Rome), TimeDelta::minutes(89 * 60 + 30));
}

#[test]
fn the_autumn_weekend_is_an_hour_longer_than_the_clock_says() {
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![mesagne()]));
    let (start, end) = (civil("2026-10-23T13:30"), civil("2026-10-26T08:00"));
    assert_eq!(hours.next_change(start), Some(end));
    assert_eq!(end - start, TimeDelta::minutes(66 * 60 + 30));
    assert_eq!(instant(end, Rome) - instant(start, Rome), TimeDelta::minutes(67 * 60 + 30));
    // Both passages of 02:30.
    let first = instant(civil("2026-10-25T02:30"), Rome);
    for at in [first, first + TimeDelta::hours(1)] {
        assert_eq!(local(at, Rome), civil("2026-10-25T02:30"));
        assert!(hours.is_active(local(at, Rome)));
    }
}

#[test]
fn christmas_runs_from_the_eve_to_the_next_office_day() {
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![mesagne()]));
    assert_eq!(hours.next_change(civil("2026-12-24T17:30")), Some(civil("2026-12-28T08:00")));
}

#[test]
fn an_extraordinary_closure_makes_the_service_answer() {
    let day = |text: &str| text.parse::<NaiveDate>().expect(text);
    let closure = Closure {
        from: day("2026-12-07"),
        until: day("2026-12-07"),
        reason: "ponte dell'Immacolata".to_owned(),
    };
    let mut of_one = mesagne();
    of_one.closures.push(closure.clone());
    let mut of_all = rule(GapPolicy::Letter, vec![mesagne()]);
    of_all.closures.push(closure);
    for rule in [rule(GapPolicy::Letter, vec![of_one, surbo()]), of_all] {
        let hours = Hours::beside(rule);
        assert!(hours.is_active(civil("2026-12-07T10:00")));
        assert_eq!(hours.next_change(civil("2026-12-04T13:30")), Some(civil("2026-12-09T08:00")));
    }
}

#[test]
fn a_dated_table_holds_between_its_dates_only() {
    let summer = OfficeTable {
        from: Some("2027-07-01".parse().expect("a date")),
        until: Some("2027-08-31".parse().expect("a date")),
        openings: WORKING_WEEK.into_iter().map(|day| (day, opening("08:00", "14:00"))).collect(),
    };
    let mut office = mesagne();
    office.tables.push(summer);
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![office]));
    // Tuesdays: the last of June, the first of July, the last of August, the next.
    for (time, active) in [
        ("2027-06-29T14:30", false),
        ("2027-07-06T14:30", true),
        ("2027-08-31T14:30", true),
        ("2027-09-07T14:30", false),
    ] {
        assert_eq!(hours.is_active(civil(time)), active, "{time}");
    }
}

#[test]
fn a_comune_without_a_table_keeps_the_service_answering() {
    let unknown = Office { comune: "Erchie".to_owned(), ..Office::default() };
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![mesagne(), unknown]));
    assert!(hours.is_active(civil("2026-12-09T10:00")));
    assert_eq!(hours.next_change(civil("2026-12-09T10:00")), None);
}

#[test]
fn the_service_answers_about_four_fifths_of_the_year() {
    let hours = Hours::beside(rule(GapPolicy::Letter, vec![mesagne()]));
    let start = civil("2027-01-01T00:00");
    let minutes = 365 * 24 * 60;
    let active =
        (0..minutes).filter(|minute| hours.is_active(start + TimeDelta::minutes(*minute))).count();
    let percent = active * 100 / usize::try_from(minutes).expect("small");
    assert_eq!(percent, 79);
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let hours = Hours::beside(rule(GapPolicy::Cover, vec![mesagne(), surbo()]));
    for at in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
        let _ = hours.is_active(at);
        let _ = hours.next_change(at);
    }
    let _ = local(chrono::DateTime::<Utc>::MAX_UTC, Rome);
}

/// The rule of the service said once more, minute by minute and without cleverness.
fn oracle(rule: &OfficeRule, at: NaiveDateTime) -> bool {
    let day = at.date();
    let easter = easter(day.year()).expect("a year of ours");
    let (month, number) = (day.month(), day.day());
    let fixed = [(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25)];
    let holiday = day.weekday() == Weekday::Sun
        || fixed.contains(&(month, number))
        || (month, number) == (12, 26)
        || ((month, number) == (10, 4) && day.year() >= 2026)
        || day == easter + Days::new(1);
    for office in &rule.offices {
        let patron = office.patrons.iter().any(|patron| match *patron {
            YearlyDay::Fixed { month: m, day: d } => (m, d) == (month, number),
            YearlyDay::Easter { offset } => {
                day.signed_duration_since(easter).num_days() == i64::from(offset)
            }
            YearlyDay::Weekday { which, weekday, month: m } => {
                let last = (day + Days::new(7)).month() != m;
                let nth = u8::try_from((number - 1) / 7 + 1).expect("at most 5");
                m == month
                    && weekday == day.weekday()
                    && match which {
                        Which::Last => last,
                        Which::Nth(n) => n == nth,
                    }
            }
        });
        let shut =
            office.closures.iter().chain(&rule.closures).any(|c| c.from <= day && day <= c.until);
        let mut openings: Vec<Opening> = Vec::new();
        for table in &office.tables {
            if table.from.is_none_or(|from| from <= day) && table.until.is_none_or(|u| day <= u) {
                openings =
                    table.openings.iter().filter(|o| o.0 == day.weekday()).map(|o| o.1).collect();
            }
        }
        if holiday || patron || shut || openings.is_empty() {
            return true;
        }
        let minute = |time: NaiveTime| i64::from(time.hour() * 60 + time.minute());
        let now = minute(at.time());
        let close = openings.iter().map(|o| minute(o.close())).max().expect("not empty");
        let in_gap = openings.iter().any(|o| minute(o.close()) <= now)
            && openings.iter().any(|o| now < minute(o.open()))
            && !openings.iter().any(|o| minute(o.open()) <= now && now < minute(o.close()));
        let closed = minute(rule.ends) <= now && now < close - rule.lead.num_minutes();
        if !closed || (rule.gap == GapPolicy::Cover && in_gap) {
            return true;
        }
    }
    rule.offices.is_empty()
}

prop_compose! {
    fn any_opening()(from in 0u32..1438, length in 1u32..720) -> Opening {
        let time = |minute: u32| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0);
        let until = (from + length).min(1439);
        Opening::new(time(from).expect("in a day"), time(until).expect("in a day")).expect("forward")
    }
}

prop_compose! {
    fn any_table()(
        dates in prop::option::of((0u64..700, 0u64..200)),
        openings in prop::collection::vec((0u8..7, any_opening()), 0..14),
    ) -> OfficeTable {
        let start = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a date");
        OfficeTable {
            from: dates.map(|(from, _)| start + Days::new(from)),
            until: dates.map(|(from, length)| start + Days::new(from + length)),
            openings: openings
                .into_iter()
                .map(|(day, opening)| (Weekday::try_from(day).expect("0-6"), opening))
                .collect(),
        }
    }
}

fn any_patron() -> impl Strategy<Value = YearlyDay> {
    let weekday = (0u8..7).prop_map(|day| Weekday::try_from(day).expect("0-6"));
    let which = prop_oneof![(1u8..=5).prop_map(Which::Nth), Just(Which::Last)];
    prop_oneof![
        (1u32..=12, 1u32..=31).prop_map(|(month, day)| YearlyDay::Fixed { month, day }),
        (-60i16..60).prop_map(|offset| YearlyDay::Easter { offset }),
        (which, weekday, 1u32..=12).prop_map(|(which, weekday, month)| YearlyDay::Weekday {
            which,
            weekday,
            month
        }),
    ]
}

fn any_closure() -> impl Strategy<Value = Closure> {
    (0u64..800, 0u64..6).prop_map(|(from, length)| {
        let from = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a date") + Days::new(from);
        Closure { from, until: from + Days::new(length), reason: String::new() }
    })
}

prop_compose! {
    fn any_office()(
        tables in prop::collection::vec(any_table(), 0..3),
        patrons in prop::collection::vec(any_patron(), 0..3),
        closures in prop::collection::vec(any_closure(), 0..3),
    ) -> Office {
        // One table without dates, so that most days have openings.
        let tables = std::iter::once(usual_table()).chain(tables).collect();
        Office { comune: String::new(), tables, patrons, closures }
    }
}

prop_compose! {
    fn any_rule()(
        ends in 0u32..1440,
        lead in 0i64..240,
        cover: bool,
        closures in prop::collection::vec(any_closure(), 0..2),
        offices in prop::collection::vec(any_office(), 0..4),
    ) -> OfficeRule {
        OfficeRule {
            ends: NaiveTime::from_hms_opt(ends / 60, ends % 60, 0).expect("in a day"),
            lead: TimeDelta::minutes(lead),
            closures,
            ..rule(if cover { GapPolicy::Cover } else { GapPolicy::Letter }, offices)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_oracle_agrees_minute_by_minute(rule in any_rule(), first in 0u64..760) {
        let start = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a date") + Days::new(first);
        let start = start.and_time(NaiveTime::MIN);
        let hours = Hours::beside(rule.clone());
        let mut change = hours.next_change(start);
        let mut before = oracle(&rule, start);
        for minute in 0..4 * 24 * 60 {
            let at = start + TimeDelta::minutes(minute);
            let active = oracle(&rule, at);
            prop_assert_eq!(hours.is_active(at), active, "{}", at);
            if active != before {
                prop_assert_eq!(change, Some(at));
                change = hours.next_change(at);
            }
            before = active;
        }
        let end = start + TimeDelta::days(4);
        prop_assert!(change.is_none_or(|change| change >= end), "{:?} never came", change);
    }

    #[test]
    fn the_oracle_agrees_on_days_of_ten_years(
        rule in any_rule(),
        days in prop::collection::vec(0u64..3_652, 10),
    ) {
        // A sample: every minute of 1,280 days, drawn from ten years, on 128 tables.
        let hours = Hours::beside(rule.clone());
        for day in days {
            let day = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date") + Days::new(day);
            for minute in 0..24 * 60 {
                let at = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute);
                prop_assert_eq!(hours.is_active(at), oracle(&rule, at), "{}", at);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_closure_that_is_entered_only_ever_makes_the_service_answer_more(
        begins in 0..400_u64,
        days in 0..20_u64,
        comune in prop::option::of(0..2_usize),
        minute in 0..600_000_i64,
    ) {
        let names = ["Mesagne", "Surbo"];
        let hours = Hours::beside(rule(GapPolicy::Cover, vec![mesagne(), surbo()]));
        let first = civil("2026-12-01T00:00");
        let day = |days| first.date() + Days::new(days);
        let (from, until) = (day(begins), day(begins + days));
        let closure = Closure { from, until, reason: "Ponte".to_owned() };
        let comune = comune.map(|nth| names[nth]);
        let shut = hours.clone().shut(comune, closure.clone());
        prop_assert_eq!(&shut.clone().open_again(comune, &closure), &hours);
        let when = first + TimeDelta::minutes(minute);
        let expected = closure.covers(when.date()) || hours.is_active(when);
        prop_assert_eq!(shut.is_active(when), expected);
    }
}
