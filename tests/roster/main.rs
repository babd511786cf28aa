//! Who is on duty: the nights that go wrong, and every mistake of a file.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod feeds;
mod files;
mod laws;
mod nights;
mod support;
mod weeks;

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use polaris::roster::{Ladder, Need, Roster, Shift, Step, read_csv, tell_apart, write_csv};
use polaris::words::{PhoneNumber, ServiceId};
use proptest::prelude::*;

const HEADER: &str = "service,equipe,step,person,phone,from,until\n";

fn rome(civil: &str) -> DateTime<Utc> {
    let civil = NaiveDateTime::parse_from_str(civil, "%Y-%m-%dT%H:%M").unwrap();
    Rome.from_local_datetime(&civil).unwrap().to_utc()
}

fn roster(rows: &[&str]) -> Vec<Shift> {
    let text = format!("{HEADER}{}", rows.join("\n"));
    read_csv(&text, Rome).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn people(shifts: &[Shift], at: &str) -> Vec<(u32, Vec<String>)> {
    names(&on_call(shifts, rome(at)))
}

fn on_call(shifts: &[Shift], at: DateTime<Utc>) -> Ladder {
    let roster = Roster::from_shifts(shifts.to_vec());
    roster.on_call(&ServiceId::new("s"), "e", at, &Need::default())
}

fn names(ladder: &Ladder) -> Vec<(u32, Vec<String>)> {
    let of_step = |step: &Step| {
        (step.number, step.responders.iter().map(|on_call| on_call.person.clone()).collect())
    };
    ladder.steps.iter().map(of_step).collect()
}

fn problems(rows: &str) -> Vec<String> {
    let found = read_csv(rows, Rome).expect_err("a mistake");
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn the_friday_night_shift_begins_at_20_and_is_over_at_8() {
    let shifts = roster(&["s,e,1,Ada,+393330000001,2026-12-25T20:00,2026-12-26T08:00"]);
    let ada = vec![(1, vec!["Ada".to_owned()])];
    for (at, on_duty) in [
        ("2026-12-25T19:59", vec![]),
        ("2026-12-25T20:00", ada.clone()),
        ("2026-12-25T23:59", ada.clone()),
        ("2026-12-26T00:00", ada.clone()),
        ("2026-12-26T07:59", ada),
        ("2026-12-26T08:00", vec![]),
    ] {
        assert_eq!(people(&shifts, at), on_duty, "{at}");
    }
    let ladder = on_call(&shifts, rome("2026-12-25T21:00"));
    assert_eq!(ladder.steps[0].responders[0].why, "turno 20:00–08:00");
    assert_eq!(ladder.steps[0].responders[0].phones[0].reveal(), "+393330000001");
}

#[test]
fn at_the_minute_of_the_change_one_is_on_duty_and_not_two() {
    let shifts = roster(&[
        "s,e,1,Ada,+393330000001,2026-12-24T16:00,2026-12-25T00:00",
        "s,e,1,Bruno,+393330000002,2026-12-25T00:00,2026-12-25T08:00",
    ]);
    assert_eq!(people(&shifts, "2026-12-24T23:59"), [(1, vec!["Ada".to_owned()])]);
    assert_eq!(people(&shifts, "2026-12-25T00:00"), [(1, vec!["Bruno".to_owned()])]);
}

#[test]
fn steps_are_sorted_and_the_rows_of_a_step_keep_their_order() {
    let night = "2026-12-24T20:00,2026-12-25T08:00";
    let shifts = roster(&[
        &format!("s,e,2,Zoe,+393330000009,{night}"),
        &format!("s,e,1,Ida,+393330000003,{night}"),
        &format!("s,e,1,Ada,+393330000001,{night}"),
        &format!("s,e,1,Ida,+390831000004,{night}"),
        &format!("s,e,1,Ida,+393330000003,{night}"),
        &format!("altro,e,1,Eva,+393330000008,{night}"),
        &format!("s,altra,1,Eva,+393330000008,{night}"),
    ]);
    let all = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let found = people(&shifts, "2026-12-24T22:00");
    assert_eq!(found, [(1, all(&["Ida", "Ada"])), (2, all(&["Zoe"]))]);
    let ladder = on_call(&shifts, rome("2026-12-24T22:00"));
    let phones: Vec<&str> =
        ladder.steps[0].responders[0].phones.iter().map(PhoneNumber::reveal).collect();
    assert_eq!(phones, ["+393330000003", "+390831000004"]);
}

#[test]
fn on_the_nights_the_clocks_change_a_shift_lasts_what_the_clock_on_the_wall_says() {
    for (night, hours) in [
        ("2026-10-24T20:00,2026-10-25T08:00", 13),
        ("2027-03-27T20:00,2027-03-28T08:00", 11),
        ("2026-12-24T20:00,2026-12-25T08:00", 12),
    ] {
        let shifts = roster(&[&format!("s,e,1,Ada,+393330000001,{night}")]);
        assert_eq!(shifts[0].until() - shifts[0].from(), TimeDelta::hours(hours), "{night}");
        assert_eq!(shifts[0].why(), "turno 20:00–08:00");
    }
}

#[test]
fn a_time_that_does_not_exist_or_exists_twice_is_refused_with_what_to_write() {
    let row = |from: &str, until: &str| format!("{HEADER}s,e,1,Ada,+393330000001,{from},{until}");
    assert_eq!(
        problems(&row("2027-03-28T02:30", "2027-03-28T08:00")),
        ["riga 2, colonna from: «2027-03-28T02:30»: quell'ora non esiste: quella notte si passa \
          all'ora legale; scrivere 2027-03-28T03:00"]
    );
    assert_eq!(
        problems(&row("2026-10-24T20:00", "2026-10-25T02:30")),
        ["riga 2, colonna until: «2026-10-25T02:30»: quell'ora c'è due volte: quella notte \
          finisce l'ora legale; scrivere 2026-10-25T02:30+02:00 per la prima o \
          2026-10-25T02:30+01:00 per la seconda"]
    );
    let shifts = read_csv(&row("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"), Rome).unwrap();
    assert_eq!(shifts[0].until() - shifts[0].from(), TimeDelta::hours(1));
}

#[test]
fn every_mistake_of_a_file_is_told_at_once_and_nothing_is_read() {
    let text = format!(
        "{HEADER}\
         s,e,1,Ada,112,2026-12-24T20:00,2026-12-25T08:00\n\
         s,e,0,,0831x,2026-12-24T20:00,2026-12-24T08:00\n\
         \n\
         s,,primo,Ida,+39831123456,domani,2026-13-01T08:00\n\
         s,e,1,Eva\n\
         s,e,1,Ugo,+393330000001,2026-12-24T20:00,2026-12-25T08:00\n\
         s,e,100,Ugo,+39333,2026-12-24T20:00,2026-12-24T20:00\n"
    );
    let found = problems(&text).join("\n");
    for part in [
        "riga 2, colonna phone: «112»: 112 è un numero di emergenza o di pubblica utilità; questo \
         programma non lo chiama mai",
        "riga 3, colonna step: «0»: il livello è un numero da 1 a 99",
        "riga 3, colonna person: il campo è vuoto",
        "riga 3, colonna phone: «0831x»: in un numero di telefono non può stare «x»",
        "riga 3, colonna until: «2026-12-24T08:00»: il turno finisce prima di cominciare",
        "riga 5, colonna equipe: il campo è vuoto",
        "riga 5, colonna step: «primo»",
        "riga 5, colonna phone: «+39831123456»: un numero fisso italiano tiene il suo zero \
         dopo +39; forse intendevi \"+390831123456\"?",
        "riga 5, colonna from: «domani»: non è un orario: scriverlo come 2026-12-24T20:00",
        "riga 5, colonna until: «2026-13-01T08:00»: non è un orario",
        "riga 6: la riga ha 4 campi e ne servono 7",
        "riga 8, colonna step: «100»",
        "riga 8, colonna phone: «+39333»: 3 cifre dopo il prefisso internazionale",
        "riga 8, colonna until: «2026-12-24T20:00»: il turno finisce prima",
    ] {
        assert!(found.contains(part), "{part}\nnot in\n{found}");
    }
    assert_eq!(found.lines().count(), 14, "{found}");
}

#[test]
fn a_wrong_header_is_told_apart_from_wrong_rows() {
    assert_eq!(problems("").len(), 7);
    assert!(problems(HEADER)[0].contains("il file non contiene turni"));
    let swapped = problems("service,equipe,step,persona,phone,from\n");
    assert!(swapped[0].contains("«persona»: colonna sconosciuta"), "{swapped:?}");
    assert!(swapped[1].contains("manca la colonna «person»"), "{swapped:?}");
    assert!(swapped[2].contains("manca la colonna «until»"), "{swapped:?}");
    assert!(problems(&format!("{}\n", HEADER.replace("until", "from")))[0].contains("due volte"));
}

#[test]
fn a_file_from_an_italian_spreadsheet_reads_the_same() {
    let row = "s,e,1,\"Greco, Ada\",333 000 0001,2026-12-24T20:00,2026-12-25T08:00\n";
    let plain = read_csv(&format!("{HEADER}{row}"), Rome).unwrap();
    let row = row.replace(',', ";").replace("\"Greco; Ada\"", "Greco, Ada");
    let odd = format!("\u{feff}{}{row}", HEADER.replace(',', ";")).replace('\n', "\r\n");
    assert_eq!(read_csv(&odd, Rome).unwrap(), plain);
    assert_eq!(plain[0].person, "Greco, Ada");
}

#[test]
fn two_hundred_responders_and_more_are_read() {
    let row = |n: u32| {
        format!("s,e,{},P{n},+3933300{n:05},2026-12-24T20:00,2026-12-25T08:00\n", 1 + n % 9)
    };
    let text: String = std::iter::once(HEADER.to_owned()).chain((0..500).map(row)).collect();
    let shifts = read_csv(&text, Rome).unwrap();
    assert_eq!(shifts.len(), 500);
    let at = rome("2026-12-24T22:00");
    let ladder = on_call(&shifts, at);
    assert_eq!(ladder.steps.iter().map(|step| step.responders.len()).sum::<usize>(), 500);
}

fn shift() -> impl Strategy<Value = Shift> {
    // Two years of minutes from 1 January 2026, both nights of each year included.
    (0..1_050_000_i64, 1..3_000_i64, 1..4_u32, 0..5_u32, "[\"A-Zà,;\n ]{0,6}").prop_map(
        |(start, minutes, step, phone, name)| {
            let from =
                Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + TimeDelta::minutes(start);
            Shift::new(
                ServiceId::new("s"),
                "e".into(),
                step,
                format!("P{name}Q"),
                Some(PhoneNumber::parse(&format!("+39333000000{phone}")).unwrap()),
                from,
                from + TimeDelta::minutes(minutes),
                Rome,
            )
            .unwrap()
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_without_loss(
        mut shifts in prop::collection::vec(shift(), 1..20),
    ) {
        tell_apart(&mut shifts);
        // Nobody is on duty twice in a step at one time: such a file is refused.
        let twice = |one: &Shift, other: &Shift| {
            one.step == other.step && one.person == other.person
                && one.period() != other.period() && one.period().overlaps(other.period())
        };
        prop_assume!(!shifts.iter().any(|one| shifts.iter().any(|other| twice(one, other))));
        prop_assert_eq!(read_csv(&write_csv(&shifts), Rome).unwrap(), shifts);
    }

    #[test]
    fn every_instant_has_one_ladder_made_of_exactly_the_shifts_that_cover_it(
        shifts in prop::collection::vec(shift(), 0..20),
        minute in 0..1_053_000_i64,
    ) {
        let at = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + TimeDelta::minutes(minute);
        let ladder = on_call(&shifts, at);
        prop_assert!(ladder.steps.is_sorted_by(|one, next| one.number < next.number));
        prop_assert!(ladder.steps.iter().all(|step| !step.responders.is_empty()));
        let mut rung: Vec<_> = ladder.steps.iter().flat_map(|step| {
            step.responders.iter().flat_map(|on_call| {
                on_call.phones.iter().map(|phone| (on_call.person.clone(), phone.clone()))
            }).map(|(person, phone)| (step.number, person, phone))
        }).collect();
        let mut covering: Vec<_> = shifts.iter()
            .filter(|shift| shift.from() <= at && at < shift.until())
            .map(|shift| (shift.step, shift.person.clone(), shift.phone.clone().unwrap()))
            .collect();
        rung.sort();
        covering.sort();
        covering.dedup();
        prop_assert_eq!(rung, covering);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*", rows in "[se1,;\"\n+T0-9:-]{0,200}") {
        let _ = read_csv(&text, Rome);
        let _ = read_csv(&format!("{HEADER}{rows}"), Rome);
    }
}
