//! `polaris roster`: what a coordinator types, and what comes of it.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod line_support;

use std::process::Output;

use chrono::{Datelike as _, Days, NaiveDate, TimeZone as _};
use chrono_tz::Europe::Rome;
use line_support::{Place, errors, lane};
use polaris::words::{Clock as _, SystemClock};
use serde_json::{Value, json};

fn empty() -> Place {
    Place::with_roster(lane(), [])
}

/// Runs a command that must succeed; what it printed.
fn done(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}{}", said(&output), errors(&output));
    said(&output)
}

/// Runs a command that must find a problem; all it said.
fn problem(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    let all = format!("{}{}", said(&output), errors(&output));
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {all}");
    all
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn import(place: &Place, text: &str) -> String {
    place.write("file.csv", text);
    done(place, &["roster", "import", "file.csv", "--by", "M. Conte"])
}

const PEOPLE: &str = "service,person,phones,skills\n\
     polaris-br4,Ada Greco,+393330000001|+390831000001,donna\n\
     polaris-br4,Bruno Leo,+393330000002,\n\
     polaris-br4,\"Dell'Orto <b>\",+393330000003,\n";
const ROTATIONS: &str = "service,equipe,step,rotation,people,first,last,handoff,pattern,weekdays,from,until\n\
     polaris-br4,equipe,1,notti,Ada Greco|Bruno Leo,2026-12-07,,20:00,1,,,\n\
     polaris-br4,equipe,2,scorta,Bruno Leo|Dell'Orto <b>,2026-12-07,,08:00,4+3,,,\n";

/// People and two rotations that cover every minute from 7 December 2026.
fn full() -> Place {
    let place = empty();
    import(&place, PEOPLE);
    import(&place, ROTATIONS);
    place
}

/// A day that is always to come, in Rome.
fn in_days(days: u64) -> NaiveDate {
    SystemClock::start().wall().with_timezone(&Rome).date_naive() + Days::new(days)
}

fn on_call(place: &Place, at: &str) -> Vec<(u64, String, String, String)> {
    let text = done(place, &["roster", "on-call", "--at", at, "--json"]);
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| {
        let word = |name: &str| row[name].as_str().unwrap().to_owned();
        (row["step"].as_u64().unwrap(), word("person"), word("from"), word("until"))
    })
    .collect()
}

fn row(step: u64, person: &str, from: &str, until: &str) -> (u64, String, String, String) {
    (step, person.into(), from.into(), until.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_that_is_exported_imports_again_as_it_was() {
    let place = full();
    import(
        &place,
        "service,equipe,step,person,phone,from,until\n\
         polaris-br4,equipe,1,Eva Neri,+393330000009,2026-10-24T20:00,2026-10-25T02:30+01:00\n",
    );
    import(
        &place,
        "service,equipe,replaces,by,from,until,reason\n\
         polaris-br4,equipe,Ada Greco,Eva Neri,2026-12-24T20:00,2026-12-25T08:00,\"ferie, lunghe\"\n",
    );
    import(
        &place,
        "service,person,from,until,reason\n\
         polaris-br4,Bruno Leo,2026-12-26T20:00,2026-12-27T08:00,\n",
    );
    import(
        &place,
        "service,equipe,step,order,each,rounds,last_resort_name,last_resort_phone\n\
         polaris-br4,equipe,1,insieme,25s,3,Centrale,+390831000009\n\
         polaris-br4,equipe,2,uno-alla-volta,40s,,,\n",
    );
    import(&place, "service,equipe,category,comune,skill\npolaris-br4,equipe,violence,,donna\n");
    let tables =
        ["shifts", "people", "rotations", "overrides", "absences", "policies", "requirements"];
    for table in tables {
        let text = done(&place, &["roster", "export", "--table", table]);
        assert!(text.lines().count() >= 2, "{table}: {text}");
        assert!(table != "shifts" || text.contains("2026-10-25T02:30+01:00"), "{text}");
        import(&place, &text);
    }
    let history = done(&place, &["roster", "changes", "--limit", "7", "--json"]);
    for (line, table) in history.lines().zip(tables.into_iter().rev()) {
        let change: Value = serde_json::from_str(line).unwrap();
        assert_eq!(change["subject"], table);
        // Ids and who entered it are as before, too.
        assert_eq!((&change["before"], &change["after"]), (&json!([]), &json!([])), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_duty_is_the_final_result_with_the_ends_of_each_duty() {
    let place = full();
    let night = || {
        vec![
            row(1, "Bruno Leo", "2026-12-24T20:00:00+01:00", "2026-12-25T20:00:00+01:00"),
            row(2, "Dell'Orto <b>", "2026-12-25T08:00:00+01:00", "2026-12-28T08:00:00+01:00"),
        ]
    };
    assert_eq!(on_call(&place, "2026-12-25T12:00"), night());
    let add = [
        "roster",
        "override",
        "add",
        "--replaces",
        "Bruno Leo",
        "--with",
        "Ada Greco",
        "--from",
        "2026-12-25T10:00",
        "--until",
        "2026-12-25T15:00",
        "--reason",
        "ferie",
        "--by",
        "M. Conte",
    ];
    let told = done(&place, &add);
    assert!(told.contains("Nuova sostituzione 3: Ada Greco al posto di Bruno Leo"), "{told}");
    let changed = on_call(&place, "2026-12-25T12:00");
    let ends = ("2026-12-25T10:00:00+01:00", "2026-12-25T15:00:00+01:00");
    assert_eq!(changed[0], row(1, "Ada Greco", ends.0, ends.1));
    let text = done(&place, &["roster", "on-call", "--at", "2026-12-25T12:00"]);
    assert!(text.contains("al posto di Bruno Leo (ferie), disposto da M. Conte il"), "{text}");

    let again = problem(&place, &add);
    assert!(again.contains("già sostituito") && again.contains("Niente è cambiato"), "{again}");
    assert!(done(&place, &["roster", "override", "list"]).contains("Ada Greco al posto di Bruno"));
    done(&place, &["roster", "override", "remove", "3", "--by", "M. Conte"]);
    assert_eq!(on_call(&place, "2026-12-25T12:00"), night());
    assert!(problem(&place, &["roster", "override", "remove", "3"]).contains("«3»"));

    let history = done(&place, &["roster", "changes"]);
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 4, "{history}");
    assert!(lines[0].contains("M. Conte") && lines[0].contains("Tolta: sostituzione 3"));
    let last = done(&place, &["roster", "changes", "--limit", "1", "--json"]);
    let last: Value = serde_json::from_str(last.trim()).unwrap();
    assert_eq!(
        (&last["before"][0]["by"], &last["author"]),
        (&"Ada Greco".into(), &"M. Conte".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_and_a_swap_change_who_is_rung_until_they_are_taken_back() {
    // A turn that is over holds nobody to a swap: these never are.
    let place = empty();
    import(&place, PEOPLE);
    import(&place, &ROTATIONS.replace("2026-", "2036-"));
    let people = |place: &Place| -> Vec<String> {
        on_call(place, "2036-12-25T12:00").into_iter().map(|(_, person, ..)| person).collect()
    };
    let away = [
        "roster",
        "absence",
        "add",
        "--person",
        "Dell'Orto <b>",
        "--from",
        "2036-12-25T00:00",
        "--until",
        "2036-12-26T00:00",
    ];
    done(&place, &away);
    assert_eq!(people(&place), ["Bruno Leo"]);
    let swap = [
        "roster",
        "swap",
        "add",
        "--of",
        "Bruno Leo",
        "--at",
        "2036-12-25T12:00",
        "--to",
        "Ada Greco",
    ];
    let told = done(&place, &swap);
    assert!(
        told.contains("Nuovo scambio 4: il turno notti#17 di Bruno Leo va a Ada Greco"),
        "{told}"
    );
    assert_eq!(people(&place), ["Ada Greco"]);
    // A rotation without the turn that was given away is refused.
    place.write(
        "file.csv",
        &ROTATIONS
            .replace("2026-12-07,,20:00", "2036-12-07,2036-12-20,20:00")
            .replace("2026-", "2036-"),
    );
    let refused = problem(&place, &["roster", "import", "file.csv"]);
    assert!(refused.contains("lo scambio 4 dà a Ada Greco il turno notti#17"), "{refused}");
    assert!(refused.contains("Niente è stato importato"), "{refused}");
    done(&place, &["roster", "swap", "remove", "4"]);
    done(&place, &["roster", "absence", "remove", "3"]);
    assert_eq!(people(&place), ["Bruno Leo", "Dell'Orto <b>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_of_the_pen_is_told_with_what_was_meant() {
    let place = full();
    let add = |changes: &[(&str, &str)]| {
        let mut arguments = vec![
            "roster",
            "override",
            "add",
            "--replaces",
            "Bruno Leo",
            "--with",
            "Ada Greco",
            "--from",
            "2026-12-25T10:00",
            "--until",
            "2026-12-25T15:00",
        ];
        for (from, to) in changes {
            arguments.iter_mut().filter(|word| *word == from).for_each(|word| *word = to);
        }
        let output = place.run(&arguments);
        assert!(!output.status.success());
        errors(&output)
    };
    assert!(add(&[("Ada Greco", "Ada Grecco")]).contains("forse intendevi «Ada Greco»?"));
    assert!(add(&[("2026-12-25T15:00", "2026-12-25T09:00")]).contains("non viene dopo"));
    assert!(add(&[("2026-12-25T15:00", "2027-03-28T02:30")]).contains("quell'ora non esiste"));
    let nobody = place.run(&[
        "roster",
        "swap",
        "add",
        "--of",
        "Ada Greco",
        "--at",
        "2026-12-25T12:00",
        "--to",
        "Bruno Leo",
    ]);
    let told = errors(&nobody);
    assert!(told.contains("non ha un turno") && told.contains("ce l'ha Bruno Leo"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_names_every_gap_and_exits_with_1_only_then() {
    let place = full();
    let text = |place: &Place| {
        let output = place.run(&["roster", "coverage", "--days", "400", "--json"]);
        let rows: Vec<Value> =
            said(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code(), rows)
    };
    // Covered for ever, from a day long gone.
    import(&place, &ROTATIONS.replace("2026-12-07", "2020-01-01"));
    let (code, rows) = text(&place);
    assert_eq!(code, Some(0), "{rows:?}");
    let total = rows.last().unwrap();
    assert_eq!(total["minutes"], 400 * 24 * 60);
    assert_eq!(total["minutes"], total["covered_minutes"]);
    let all = done(&place, &["roster", "coverage"]);
    assert!(all.contains("scoperte 0 min"), "{all}");

    place.run(&["roster", "import", "file.csv"]);
    let day = in_days(20);
    let (from, until) = (format!("{day}T08:00"), format!("{day}T11:20"));
    let away = |person: &str| {
        let add = ["roster", "absence", "add", "--person", person, "--from", &from];
        done(&place, &[&add[..], &["--until", &until]].concat());
    };
    ["Ada Greco", "Bruno Leo", "Dell'Orto <b>"].into_iter().for_each(away);
    let (code, rows) = text(&place);
    assert_eq!(code, Some(1));
    let gap = rows.iter().find(|row| row["kind"] == "uncovered").unwrap();
    assert_eq!(gap["minutes"], 200);
    assert!(gap["from"].as_str().unwrap().starts_with(&format!("{from}:00+")), "{gap}");
    let told = problem(&place, &["roster", "coverage", "--days", "400"]);
    let name = ["lun", "mar", "mer", "gio", "ven", "sab", "dom"];
    let name = name[day.weekday().num_days_from_monday() as usize];
    let day = format!("{name} {}", day.format("%d/%m/%Y"));
    let gap = format!("SCOPERTO  {day} 08:00 – {day} 11:20 (3 h 20 min)");
    assert!(told.contains(&gap), "«{gap}» is missing in {told}");
    let unknown = place.run(&["roster", "coverage", "--service", "polaris-br5"]);
    assert!(errors(&unknown).contains("nessun piano si chiama «polaris-br5»; ci sono polaris-br4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_says_who_would_ring_instead_and_imports_nothing() {
    let place = empty();
    import(&place, PEOPLE);
    import(&place, &ROTATIONS.replace("2026-12-07", "2020-01-01"));
    let before = done(&place, &["roster", "changes"]);
    let rotations = done(&place, &["roster", "export", "--table", "rotations"]);
    place.write("altro.csv", &rotations);
    let same = done(&place, &["roster", "diff", "altro.csv"]);
    assert!(same.contains("Nei prossimi 60 giorni non cambia chi squilla."), "{same}");
    place.write("altro.csv", &rotations.replace("Ada Greco|Bruno Leo", "Ada Greco"));
    let other = done(&place, &["roster", "diff", "altro.csv", "--days", "10"]);
    let line = other.lines().find(|line| line.contains("queste 24 h")).unwrap();
    assert!(line.starts_with("polaris-br4/equipe "), "{line}");
    assert!(line.contains("ora squillano a Ada Greco"), "{line}");
    assert!(done(&place, &["what-if", "--diff", "altro.csv"]).contains(line));
    assert_eq!(done(&place, &["roster", "changes"]), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheet_for_the_wall_shows_names_feasts_and_gaps_and_no_phone() {
    let place = full();
    let sheet = done(&place, &["roster", "sheet", "--month", "2026-12"]);
    for part in [
        "<h1>",
        "dicembre 2026",
        "A4 landscape",
        "Ada Greco",
        "Natale",
        "Immacolata",
        "Dell&#39;Orto &#60;b&#62;",
        "class=\"gap\"",
        "SCOPERTO",
    ] {
        assert!(sheet.contains(part), "«{part}» is missing in {sheet}");
    }
    for part in ["333000", "0831", "<b>", "<script", "http"] {
        assert!(!sheet.contains(part), "«{part}» stands in {sheet}");
    }
    // Five weeks: 30 November is a Monday.
    assert_eq!(sheet.matches("<tr>").count(), 1 + 5);
    let wrong = place.run(&["roster", "sheet", "--month", "dicembre"]);
    assert!(errors(&wrong).contains("«dicembre» non è un mese: scrivi 2026-12"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_is_read_with_its_secret_until_it_is_revoked() {
    let place = empty();
    let first = in_days(10);
    import(&place, PEOPLE);
    import(&place, &ROTATIONS.replace("2026-12-07", &first.to_string()));
    let output = place.run(&["roster", "feed", "new", "--person", "Ada Greco", "--by", "M. Conte"]);
    let token = said(&output).trim().to_owned();
    assert!(token.len() == 64 && errors(&output).contains("Calendario 1, Ada Greco"), "{token}");
    let calendar = done(&place, &["roster", "feed", "write", &token]);
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n"), "{calendar}");
    // Ada has every other night from the third on, too.
    let night = (first + Days::new(2)).and_hms_opt(20, 0, 0).unwrap();
    let night = Rome.from_local_datetime(&night).unwrap().to_utc();
    let begins = night.format("DTSTART:%Y%m%dT%H%M%SZ").to_string();
    assert!(calendar.contains(&begins), "«{begins}» is missing in {calendar}");
    assert!(calendar.contains("SUMMARY:Reperibile\\, livello 1 (equipe)"), "{calendar}");
    let list = done(&place, &["roster", "feed", "list"]);
    assert!(list.contains("Ada Greco, polaris-br4  creato da M. Conte") && !list.contains(&token));
    let database = std::fs::read(place.path("data/polaris.db")).unwrap();
    assert!(!database.windows(64).any(|bytes| bytes == token.as_bytes()), "the secret is kept");

    done(&place, &["roster", "feed", "revoke", "1"]);
    assert!(problem(&place, &["roster", "feed", "write", &token]).contains("è stato revocato"));
    assert!(problem(&place, &["roster", "feed", "revoke", "1"]).contains("il numero 1"));
    assert!(done(&place, &["roster", "feed", "list"]).contains("revocato da"));
    let slip = place.run(&["roster", "feed", "new", "--person", "Ada Grecco"]);
    assert!(errors(&slip).contains("forse intendevi «Ada Greco»?"), "{}", errors(&slip));
}
