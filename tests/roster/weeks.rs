//! Weeks drawn hour by hour, one letter for each responder (`weeks.txt`): a line for each step
//! of each day, `.` where nobody is on duty. The day on which summer time ends has 25
//! letters, the one on which it begins 23.
//!
//! `UPDATE=1 cargo test --test roster` draws them anew, to be read by a coordinator.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use chrono_tz::Europe::Rome;
use polaris::calendar::instant;
use polaris::roster::{Records, Roster, Swap, TurnId};

use crate::support::*;

/// Nights in turn, days by 4+3, a second step by the week; somebody is replaced, somebody
/// is ill, somebody gives a turn away.
fn equipe() -> Roster {
    let mut nights = rotation("notti", 1, &["Ada", "Bruno", "Carla"], "2026-10-19");
    nights.window = window(&WEEK, "20:00", "08:00");
    let mut days = rotation("giorni", 1, &["Dario", "Eva"], "2026-10-19");
    days.window = window(&WEEK, "08:00", "20:00");
    days.pattern = vec![4, 3];
    let mut second = rotation("seconda", 2, &["Franca", "Gino"], "2026-10-19");
    second.pattern = vec![7];
    roster(Records {
        people: people(&["Ada", "Bruno", "Carla", "Dario", "Eva", "Franca", "Gino"]),
        shifts: vec![shift("Gino", 1, period("2027-03-27T14:00", "2027-03-28T05:00"))],
        overrides: vec![for_whom("Carla", "Gino", period("2026-10-24T22:00", "2026-10-25T02:00"))],
        absences: vec![
            absence("Eva", period("2026-10-23T12:00", "2026-10-23T15:00")),
            absence("Bruno", period("2027-03-24T00:00", "2027-03-25T00:00")),
        ],
        swaps: vec![Swap {
            id: "cedo".into(),
            service: service(),
            equipe: "e".into(),
            turn: TurnId::Rotation { name: "notti".into(), turn: 0 },
            to: "Franca".into(),
            entered: entered(),
            approved: Some(entered()),
        }],
        rotations: vec![nights, days, second],
        ..Records::default()
    })
}

/// The hours of the clock on the wall above each day, so that a doubled or skipped one
/// shows.
fn draw(roster: &Roster, monday: NaiveDate) -> String {
    let mut paper = format!("Settimana dal {}\n", monday.format("%d/%m/%Y"));
    for day in (0..7).map(|days| monday + Days::new(days)) {
        let midnight = |day: NaiveDate| instant(day.and_hms_opt(0, 0, 0).unwrap(), Rome);
        let hours = (midnight(day + Days::new(1)) - midnight(day)).num_hours();
        let instants: Vec<_> =
            (0..hours).map(|hour| midnight(day) + TimeDelta::hours(hour)).collect();
        let shown = instants.iter().map(|at| at.with_timezone(&Rome).format("%H").to_string());
        let shown: Vec<String> = shown.collect();
        let name = ["lun", "mar", "mer", "gio", "ven", "sab", "dom"]
            [day.weekday().num_days_from_monday() as usize];
        let _ = writeln!(paper, "{name} {}  {}", day.format("%d/%m"), shown.join(" "));
        for step in 1..=2 {
            let letters: Vec<String> = instants
                .iter()
                .map(|at| {
                    let ladder = ladder(roster, *at);
                    let steps = ladder.steps.iter().filter(|found| found.number == step);
                    let letters: String = steps
                        .flat_map(|step| &step.responders)
                        .filter_map(|on_call| on_call.person.chars().next())
                        .collect();
                    format!("{:<2}", if letters.is_empty() { "." } else { &letters })
                })
                .collect();
            let _ = writeln!(paper, "  livello {step}  {}", letters.join(" ").trim_end());
        }
    }
    paper
}

#[test]
fn the_weeks_are_as_drawn() {
    let roster = equipe();
    let weeks = ["2026-10-19", "2027-03-22"].map(|monday| draw(&roster, monday.parse().unwrap()));
    let drawn = weeks.join("\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roster/weeks.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(drawn, kept, "tests/roster/weeks.txt differs: read it, then UPDATE=1");
}
