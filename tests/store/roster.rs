//! The roster in the database: whole, edited all or nothing, with who did it.

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Europe::Rome;
use polaris::roster::{
    Absence, Edit, EditError, Entered, EscalationPolicy, LastResort, Override, Period, Person,
    Requirement, Rotation, Rows, ShiftId, StepPolicy, Swap, Table, TurnId, Window, read_csv,
};
use polaris::store::{EditRosterError, EditedRoster, Reader, edit_roster};
use polaris::words::{Category, PhoneNumber, RingOrder, ServiceId};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::place::{Place, utc};

fn shifts(rows: &str) -> Edit {
    let text = format!("service,equipe,step,person,phone,from,until\n{rows}");
    Edit::Import(Rows::Shifts(read_csv(&text, Rome).unwrap()))
}

fn night(day: u32) -> Period {
    Period::new(utc(2026, 12, day, 19, 0), utc(2026, 12, day + 1, 7, 0)).unwrap()
}

fn nobody() -> Entered {
    Entered { by: String::new(), at: utc(2020, 1, 1, 0, 0) }
}

fn service() -> ServiceId {
    ServiceId::new("a")
}

fn swap_of(shift: &str, to: &str) -> Edit {
    Edit::AddSwap(Swap {
        id: String::new(),
        service: service(),
        equipe: "equipe".into(),
        turn: TurnId::Shift(ShiftId::new(shift)),
        to: to.into(),
        entered: nobody(),
        approved: None,
    })
}

async fn edit(place: &Place, edit: Edit) -> Result<EditedRoster, EditRosterError> {
    edit_roster(&place.url, &edit, "M. Conte", utc(2026, 12, 1, 9, 0)).await
}

async fn done(place: &Place, it: Edit) -> EditedRoster {
    edit(place, it).await.unwrap()
}

fn refusal(refused: Result<EditedRoster, EditRosterError>) -> EditError {
    match refused {
        Err(EditRosterError::Refused(error)) => error,
        other => panic!("it should be refused: {other:?}"),
    }
}

const ADA_AND_BRUNO: &str = "a,equipe,1,Ada,+393330000001,2026-12-24T20:00,2026-12-25T08:00\n\
     a,equipe,2,Bruno,+393330000002,2026-12-24T20:00,2026-12-25T08:00\n";

#[tokio::test]
async fn an_import_replaces_the_equipes_it_names_and_is_noticed() {
    let place = Place::new();
    let carla = "b,equipe,1,Carla,+393330000003,2026-12-24T20:00,2026-12-25T08:00\n";
    let edited = done(&place, shifts(&format!("{ADA_AND_BRUNO}{carla}"))).await;
    assert_eq!((edited.added, edited.removed), (3, 0));
    let store = place.open().await;
    assert_eq!(store.roster().await.unwrap().roster.records().shifts.len(), 3);
    let revision = store.roster_revision().await.unwrap();

    let dina = "a,equipe,1,Dina,+393330000004,2026-12-24T20:00,2026-12-25T08:00\n";
    let edited = done(&place, shifts(dina)).await;
    assert_eq!((edited.added, edited.removed), (1, 2));
    let standing = store.roster().await.unwrap();
    assert_eq!(standing.revision, revision + 1);
    let people: Vec<&str> =
        standing.roster.records().shifts.iter().map(|shift| shift.person.as_str()).collect();
    assert_eq!(people, ["Carla", "Dina"]);
}

fn everything() -> Vec<Edit> {
    let phone = |text: &str| PhoneNumber::parse(text).unwrap();
    let person = |name: &str, phones: &[&str], skills: &[&str]| Person {
        service: service(),
        name: name.into(),
        phones: phones.iter().map(|text| phone(text)).collect(),
        skills: skills.iter().map(|&skill| skill.to_owned()).collect(),
    };
    let rotation = |name: &str, window| Rotation {
        service: service(),
        equipe: "equipe".into(),
        name: name.into(),
        step: 1,
        people: vec!["Ada".into(), "Bruno".into()],
        first: NaiveDate::from_ymd_opt(2026, 12, 7).unwrap(),
        last: None,
        handoff: NaiveTime::from_hms_opt(8, 0, 0).unwrap(),
        pattern: vec![4, 3],
        window,
        zone: Rome,
    };
    let (from, until) =
        (NaiveTime::from_hms_opt(20, 0, 0).unwrap(), NaiveTime::from_hms_opt(8, 0, 0).unwrap());
    let window = Window { weekdays: vec![Weekday::Fri, Weekday::Sat], from, until };
    let each = std::time::Duration::from_secs(25);
    vec![
        Edit::Import(Rows::People(vec![
            person("Ada", &["+393330000001", "+390831000001"], &["donna", "arabo"]),
            person("Bruno", &[], &[]),
        ])),
        shifts(ADA_AND_BRUNO),
        Edit::Import(Rows::Rotations(vec![
            rotation("notti", None),
            rotation("fine settimana", Some(window)),
        ])),
        Edit::Import(Rows::Policies(vec![EscalationPolicy {
            service: service(),
            equipe: "equipe".into(),
            steps: [(1, StepPolicy { order: RingOrder::Together, each })].into(),
            rounds: Some(3),
            last_resort: Some(LastResort { name: "Eva".into(), phone: phone("+390831000009") }),
        }])),
        Edit::Import(Rows::Requirements(vec![Requirement {
            service: service(),
            equipe: "equipe".into(),
            category: Some(Category::Violence),
            comune: None,
            skill: "donna".into(),
        }])),
        Edit::AddOverride(Override {
            id: String::new(),
            service: service(),
            equipe: "equipe".into(),
            replaces: "Ada".into(),
            by: "Bruno".into(),
            period: night(24),
            reason: "ferie".into(),
            entered: nobody(),
        }),
        Edit::AddAbsence(Absence {
            id: String::new(),
            service: service(),
            person: "Bruno".into(),
            period: night(26),
            reason: String::new(),
            entered: nobody(),
        }),
        swap_of("2026-12-24/1/Ada", "Bruno"),
    ]
}

#[tokio::test]
async fn every_table_is_read_as_it_was_written_and_says_who_changed_it() {
    let place = Place::new();
    for it in everything() {
        done(&place, it).await;
    }
    let reader = Reader::open(&place.url).await.unwrap();
    let standing = reader.roster().await.unwrap();
    let records = standing.roster.records();
    let by_conte = |entered: &Entered| entered.by == "M. Conte";
    for it in everything() {
        match it {
            Edit::Import(Rows::People(rows)) => assert_eq!(records.people, rows),
            Edit::Import(Rows::Shifts(rows)) => assert_eq!(records.shifts, rows),
            Edit::Import(Rows::Rotations(rows)) => assert_eq!(records.rotations, rows),
            Edit::Import(Rows::Policies(rows)) => assert_eq!(records.policies, rows),
            Edit::Import(Rows::Requirements(rows)) => assert_eq!(records.requirements, rows),
            Edit::AddOverride(record) => {
                let [there] = &records.overrides[..] else { panic!("{records:?}") };
                assert_eq!((&there.by, there.period), (&record.by, record.period));
                assert!(by_conte(&there.entered) && there.id == "6");
            }
            Edit::AddAbsence(record) => {
                let [there] = &records.absences[..] else { panic!("{records:?}") };
                assert_eq!((&there.person, there.period), (&record.person, record.period));
                assert!(by_conte(&there.entered) && there.id == "7");
            }
            Edit::AddSwap(swap) => {
                let [there] = &records.swaps[..] else { panic!("{records:?}") };
                assert_eq!((&there.turn, &there.to), (&swap.turn, &swap.to));
                assert!(there.approved.as_ref().is_some_and(by_conte) && there.id == "8");
            }
            _ => unreachable!("not in the list"),
        }
    }
    let changes = reader.roster_changes(100).await.unwrap();
    assert_eq!(changes.len(), 8);
    assert!(changes.iter().all(|change| change.author == "M. Conte"));
    let told: Vec<&str> = changes.iter().map(|change| change.text.as_str()).collect();
    for sentence in [
        "Nuovo scambio 8: il turno 2026-12-24/1/Ada di Ada va a Bruno.",
        "Nuova assenza 7: Bruno dal 26/12/2026 20:00 al 27/12/2026 08:00.",
        "Nuova sostituzione 6: Bruno al posto di Ada dal 24/12/2026 20:00 al 25/12/2026 08:00 \
         (ferie).",
        "Importazione di turni: 2 righe per a/equipe, al posto di 0.",
        "Importazione di persone: 2 righe per a, al posto di 0.",
    ] {
        assert!(told.contains(&sentence), "{sentence}\nnot in\n{told:#?}");
    }
    let substitution = changes.iter().find(|change| change.subject == "overrides").unwrap();
    assert_eq!(substitution.before, serde_json::json!([]));
    assert_eq!(substitution.after[0]["by"], "Bruno");
}

#[tokio::test]
async fn what_was_changed_is_never_changed_afterwards() {
    let place = Place::new();
    done(&place, shifts(ADA_AND_BRUNO)).await;
    let options = SqliteConnectOptions::new().filename(place.file());
    let mut connection = options.connect().await.unwrap();
    for statement in ["update roster_changes set author = 'altri'", "delete from roster_changes"] {
        let refused = sqlx::query(statement).execute(&mut connection).await.unwrap_err();
        assert!(refused.to_string().contains("is never"), "{refused}");
    }
}

#[tokio::test]
async fn a_moved_shift_keeps_its_swap_and_a_lost_one_is_refused() {
    let place = Place::new();
    done(&place, shifts(ADA_AND_BRUNO)).await;
    done(&place, swap_of("2026-12-24/1/Ada", "Bruno")).await;
    let moved = "a,equipe,1,Ada,+393330000001,2026-12-24T22:00,2026-12-25T10:00\n";
    done(&place, shifts(moved)).await;
    let reader = Reader::open(&place.url).await.unwrap();
    let standing = reader.roster().await.unwrap();
    let ladder = standing.roster.on_call(
        &service(),
        "equipe",
        utc(2026, 12, 25, 8, 30),
        &polaris::roster::Need::default(),
    );
    assert_eq!(ladder.without_phone, ["Bruno"], "the swap went with the shift");

    let gone = "a,equipe,1,Ada,+393330000001,2026-12-26T22:00,2026-12-27T10:00\n";
    let refused = refusal(edit(&place, shifts(gone)).await).to_string();
    assert!(refused.contains("lo scambio 2 dà a Bruno il turno 2026-12-24/1/Ada"), "{refused}");
    assert_eq!(reader.roster().await.unwrap().roster.records(), standing.roster.records());
    assert_eq!(reader.roster_changes(10).await.unwrap().len(), 3);

    // A year later the turn is over, and its swap may go.
    let later = utc(2026, 12, 1, 9, 0) + TimeDelta::days(365);
    edit_roster(&place.url, &shifts(gone), "M. Conte", later).await.unwrap();
    let reader = Reader::open(&place.url).await.unwrap();
    assert_eq!(reader.roster().await.unwrap().roster.records().swaps, []);
}

#[tokio::test]
async fn of_two_shifts_on_one_day_each_keeps_its_own_name() {
    let place = Place::new();
    let row = |from: &str, until: &str| {
        format!("a,equipe,1,Ada,+393330000001,2026-12-24T{from},2026-12-24T{until}\n")
    };
    done(&place, shifts(&format!("{}{}", row("08:00", "12:00"), row("16:00", "20:00")))).await;
    done(&place, swap_of("2026-12-24/1/Ada#2", "Bruno")).await;
    // The morning goes; the afternoon is not taken for it.
    done(&place, shifts(&row("16:00", "20:00"))).await;
    // A new morning gets a name of its own.
    done(&place, shifts(&format!("{}{}", row("07:00", "09:00"), row("16:00", "20:00")))).await;
    let reader = Reader::open(&place.url).await.unwrap();
    let standing = reader.roster().await.unwrap();
    let names: Vec<&str> =
        standing.roster.records().shifts.iter().map(|shift| shift.id.as_str()).collect();
    assert_eq!(names, ["2026-12-24/1/Ada", "2026-12-24/1/Ada#2"]);
}

#[tokio::test]
async fn an_edit_that_breaks_the_roster_changes_nothing_and_says_why() {
    let place = Place::new();
    for it in everything() {
        done(&place, it).await;
    }
    let reader = Reader::open(&place.url).await.unwrap();
    let before = reader.roster().await.unwrap();
    let overlapping = everything().remove(5);
    let said = refusal(edit(&place, overlapping).await).to_string();
    assert!(said.contains("Ada è già sostituito in quel periodo (sostituzione 6)"), "{said}");
    let twice = swap_of("2026-12-24/1/Ada", "Carla");
    assert!(refusal(edit(&place, twice).await).to_string().contains("già ceduto (scambio 8)"));
    let none = swap_of("2026-12-31/1/Ada", "Carla");
    assert!(refusal(edit(&place, none).await).to_string().contains("non c'è"));
    let absent = Edit::Remove { table: Table::Absences, id: "99".into() };
    let said = refusal(edit(&place, absent).await).to_string();
    assert!(said.contains("tra assenze non c'è «99»"), "{said}");
    let after = reader.roster().await.unwrap();
    assert_eq!((after.revision, after.roster.records()), (8, before.roster.records()));

    for (table, id) in [(Table::Overrides, "6"), (Table::Absences, "7"), (Table::Swaps, "8")] {
        done(&place, Edit::Remove { table, id: id.into() }).await;
    }
    let records = reader.roster().await.unwrap().roster.records().clone();
    assert!(records.overrides.is_empty() && records.absences.is_empty());
    assert!(records.swaps.is_empty());
}
