//! Files of the roster: every kind of table, every mistake, and nothing lost on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;
use chrono_tz::Tz;
use polaris::roster::{
    Absence, Entered, EscalationPolicy, Known, LastResort, Override, Period, Person, ReadRows,
    Records, Requirement, Rotation, Rows, StepPolicy, Table, Window, read_rows, write_rows,
};
use polaris::words::{Category, PhoneNumber, RingOrder, ServiceId};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// Ada and Bruno, of the service `s`.
fn people() -> Records {
    let person = |name: &str, skill: &str| Person {
        service: ServiceId::new("s"),
        name: name.into(),
        phones: vec![PhoneNumber::parse("+393330000001").unwrap()],
        skills: [skill.to_owned()].into(),
    };
    Records {
        people: vec![person("Ada Greco", "donna"), person("Bruno Leo", "arabo")],
        ..Records::default()
    }
}

fn read(text: &str) -> Result<ReadRows, String> {
    let (records, zones) = (people(), BTreeMap::new());
    let known = Known { records: &records, zones: &zones, zone: Rome };
    read_rows(text, &known)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn refused(text: &str) -> String {
    read(text).expect_err("a mistake")
}

const SHIFTS: &str = "service,equipe,step,person,phone,from,until\n";
const PEOPLE: &str = "service,person,phones,skills\n";
const ROTATIONS: &str =
    "service,equipe,step,rotation,people,first,last,handoff,pattern,weekdays,from,until\n";
const OVERRIDES: &str = "service,equipe,replaces,by,from,until,reason\n";
const ABSENCES: &str = "service,person,from,until,reason\n";
const POLICIES: &str = "service,equipe,step,order,each,rounds,last_resort_name,last_resort_phone\n";
const REQUIREMENTS: &str = "service,equipe,category,comune,skill\n";

#[test]
fn the_header_says_which_table_a_file_is_in_any_order_of_its_columns() {
    for (header, row, table) in [
        (SHIFTS, "s,e,1,Ada Greco,,2026-12-24T20:00,2026-12-25T08:00", Table::Shifts),
        (PEOPLE, "s,Eva Neri,+393330000002|+390831000001,donna|arabo", Table::People),
        (ROTATIONS, "s,e,1,notti,Ada Greco|Bruno Leo,2026-12-07,,08:00,4+3,,,", Table::Rotations),
        (
            OVERRIDES,
            "s,e,Ada Greco,Bruno Leo,2026-12-24T20:00,2026-12-25T08:00,ferie",
            Table::Overrides,
        ),
        (ABSENCES, "s,Ada Greco,2026-12-24T20:00,2026-12-25T08:00,", Table::Absences),
        (POLICIES, "s,e,1,insieme,25s,3,Eva Neri,+390831000009", Table::Policies),
        (REQUIREMENTS, "s,e,violence,,donna", Table::Requirements),
    ] {
        let read_one = read(&format!("{header}{row}\n")).unwrap();
        assert_eq!((read_one.rows.table(), read_one.rows.len()), (table, 1), "{header}");
        let backwards = |line: &str| line.trim().rsplit(',').collect::<Vec<_>>().join(",");
        let turned = format!("{}\n{}\n", backwards(header), backwards(row));
        assert_eq!(read(&turned).unwrap().rows, read_one.rows, "{header}");
    }
}

#[test]
fn a_misspelt_column_is_told_with_the_columns_of_its_table() {
    let said = refused("service,equipe,replaces,bye,from,until,reason\n");
    assert!(said.contains("colonna by: «bye»: colonna sconosciuta"), "{said}");
    assert!(said.contains("service,equipe,replaces,by,from,until,reason"), "{said}");
    assert!(refused(PEOPLE).contains("il file non contiene persone: aggiungere almeno una riga"));
}

/// Each mistake of issue 3 §4: the file, and what is said of it.
#[test]
fn every_bad_input_has_its_own_message_with_row_column_and_what_to_do() {
    let night = "2026-12-24T20:00,2026-12-25T08:00";
    let phone = "+393330000001";
    for (header, rows, said) in [
        (
            SHIFTS,
            format!(
                "s,e,1,Ada Greco,{phone},{night}\ns,e,1,Ada Greco,{phone},2026-12-25T07:00,2026-12-25T20:00"
            ),
            "riga 3, colonna from: «2026-12-25T07:00»: la stessa persona è già di turno in quel \
             periodo allo stesso livello (riga 2)",
        ),
        (
            OVERRIDES,
            format!(
                "s,e,Ada Greco,Bruno Leo,{night},x\n\ns,e,Ada Greco,Bruno Leo,2026-12-25T07:00,2026-12-26T07:00,y"
            ),
            "riga 4, colonna from: «2026-12-25T07:00»: Ada Greco è già sostituito in quel periodo \
             (riga 2)",
        ),
        (
            OVERRIDES,
            format!("s,e,Ada Greco,Ada Greco,{night},x"),
            "riga 2, colonna by: «Ada Greco»: una persona non sostituisce sé stessa",
        ),
        (
            SHIFTS,
            format!("s,e,1,Ada Greco,{phone},2026-12-24T20:00,2026-12-24T20:00"),
            "riga 2, colonna until: «2026-12-24T20:00»: il turno finisce prima di cominciare",
        ),
        (
            ABSENCES,
            "s,Ada Greco,2026-12-25T20:00,2026-12-24T20:00,".into(),
            "riga 2, colonna until: «2026-12-24T20:00»: il turno finisce prima di cominciare",
        ),
        (
            ROTATIONS,
            "s,e,1,notti,Ada Greco|Bruno Lea,2026-12-07,,08:00,7,,,".into(),
            "riga 2, colonna people: «Ada Greco|Bruno Lea»: persona sconosciuta in questo \
             servizio; forse intendevi «Bruno Leo»?",
        ),
        (
            OVERRIDES,
            format!("s,e,Ada Grecco,Xaverio,{night},"),
            "riga 2, colonna by: «Xaverio»: persona sconosciuta in questo servizio: aggiungerla \
             alle persone o correggere il nome",
        ),
        (
            ABSENCES,
            format!("s,ada greco,{night},"),
            "riga 2, colonna person: «ada greco»: persona sconosciuta in questo servizio; forse \
             intendevi «Ada Greco»?",
        ),
        (
            ABSENCES,
            format!("altro,Ada Greco,{night},"),
            "riga 2, colonna person: «Ada Greco»: di questo servizio non si conosce ancora \
             nessuno: importare prima le persone",
        ),
        (
            PEOPLE,
            "s,Eva Neri,+393330000002|+39831123456,".into(),
            "riga 2, colonna phones: «+393330000002|+39831123456»: un numero fisso italiano tiene \
             il suo zero dopo +39; forse intendevi \"+390831123456\"?",
        ),
        (
            POLICIES,
            "s,e,1,insieme,25s,,Centrale,112".into(),
            "riga 2, colonna last_resort_phone: «112»: 112 è un numero di emergenza",
        ),
        (
            SHIFTS,
            format!("s,e,1,Eva Neri,,{night}"),
            "riga 2, colonna phone: il campo è vuoto: compilarlo",
        ),
        (
            OVERRIDES,
            "s,e,Ada Greco,Bruno Leo,2026-10-24T20:00,2026-10-25T02:30,".into(),
            "riga 2, colonna until: «2026-10-25T02:30»: quell'ora c'è due volte",
        ),
        (
            ABSENCES,
            "s,Ada Greco,2027-03-28T02:30,2027-03-28T08:00,".into(),
            "riga 2, colonna from: «2027-03-28T02:30»: quell'ora non esiste",
        ),
        (
            ROTATIONS,
            "s,e,1,notti,Ada Greco,2026-12-07,2026-12-01,8,0,luned,20:00,".into(),
            "riga 2, colonna handoff: «8»: non è un'ora: scriverla come 20:00\n\
             riga 2, colonna pattern: «0»: i giorni di ogni turno si scrivono come 7 oppure 4+3, \
             ciascuno da 1 a 366\n\
             riga 2, colonna weekdays: «luned»: i giorni si scrivono lun-ven oppure ven|sab",
        ),
        (
            ROTATIONS,
            "s,e,1,notti,Ada Greco,2026-12-07,2026-12-01,08:00,7,,,".into(),
            "riga 2, colonna last: «2026-12-01»: l'ultimo giorno viene prima del primo",
        ),
        (
            ROTATIONS,
            "s,e,1,notti,Ada Greco,2026-12-07,,08:00,7,,20:00,".into(),
            "riga 2, colonna until: la fascia oraria vuole sia «from» sia «until»",
        ),
        (
            ROTATIONS,
            "s,e,1,notti,Ada Greco,7/12/2026,,08:00,7,,,".into(),
            "riga 2, colonna first: «7/12/2026»: non è una data: scriverla come 2026-12-24",
        ),
        (
            POLICIES,
            "s,e,1,insieme,25s,3,,\ns,e,2,a turno,mezzo minuto,4,,".into(),
            "riga 3, colonna order: «a turno»: l'ordine di squillo è uno-alla-volta oppure insieme\n\
             riga 3, colonna each: «mezzo minuto»: quanto squilla un telefono si scrive in secondi",
        ),
        (
            POLICIES,
            "s,e,1,insieme,25s,3,,\ns,e,1,insieme,25s,4,,".into(),
            "riga 3, colonna step: «1»: per questa équipe è già scritto alla riga 2: scriverlo una \
             volta sola\nriga 3, colonna rounds: «4»: per questa équipe è già scritto alla riga 2",
        ),
        (
            REQUIREMENTS,
            "s,e,violenza,Mesagne,donna".into(),
            "riga 2, colonna category: «violenza»: categoria sconosciuta: una di minors, violence,",
        ),
        (
            REQUIREMENTS,
            "s,e,,Mesagne,donna".into(),
            "riga 2, colonna comune: «Mesagne»: un Comune si scrive con le sei cifre del suo \
             codice ISTAT: 074010",
        ),
        (
            PEOPLE,
            "s,Eva|Ida,,\ns,Ugo,,\ns,Ugo,,".into(),
            "riga 2, colonna person: «Eva|Ida»: «|» separa più valori: toglierlo dal nome\n\
             riga 4, colonna person: «Ugo»: «Ugo» c'è già alla riga 3",
        ),
    ] {
        let found = refused(&format!("{header}{rows}\n"));
        assert!(found.contains(said), "{said}\nnot in\n{found}");
    }
}

#[test]
fn several_phones_of_one_turn_are_no_overlap() {
    let night = "2026-12-24T20:00,2026-12-25T08:00";
    let rows = format!("s,e,1,Eva,+393330000001,{night}\ns,e,1,Eva,+390831000001,{night}\n");
    assert_eq!(read(&format!("{SHIFTS}{rows}")).unwrap().rows.len(), 2);
}

#[test]
fn a_skill_that_nobody_has_is_said_and_not_refused() {
    let odd = read(&format!("{REQUIREMENTS}s,e,violence,,dona\n")).unwrap();
    let said = odd.warnings[0].to_string();
    assert!(said.contains("riga 2, colonna skill: «dona»: nessuna persona"), "{said}");
    assert!(said.contains("forse intendevi «donna»?"), "{said}");
}

#[test]
fn times_are_those_of_the_zone_of_each_service() {
    let records = Records::default();
    let zones: BTreeMap<ServiceId, Tz> =
        [(ServiceId::new("s"), chrono_tz::Atlantic::Azores)].into();
    let known = Known { records: &records, zones: &zones, zone: Rome };
    let row = |service: &str| {
        format!("{service},e,1,Ada,+393330000001,2026-12-24T20:00,2026-12-25T08:00\n")
    };
    let read = read_rows(&format!("{SHIFTS}{}{}", row("s"), row("t")), &known).unwrap();
    let Rows::Shifts(shifts) = read.rows else { panic!("shifts") };
    assert_eq!(shifts[0].from() - shifts[1].from(), TimeDelta::hours(2));
}

fn name() -> impl Strategy<Value = String> {
    "[A-Z][a-zà ,;\"']{0,6}[a-z]"
}

fn service() -> impl Strategy<Value = ServiceId> {
    "[st]".prop_map(|name| ServiceId::new(&name))
}

fn phone() -> impl Strategy<Value = PhoneNumber> {
    (0..9_u32).prop_map(|n| PhoneNumber::parse(&format!("+39333000000{n}")).unwrap())
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    // Two years of minutes, both nights of each year included.
    let begin = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    (0..1_050_000_i64).prop_map(move |minute| begin + TimeDelta::minutes(minute))
}

fn period() -> impl Strategy<Value = Period> {
    (instant(), 1..50_000_i64)
        .prop_map(|(from, minutes)| Period::new(from, from + TimeDelta::minutes(minutes)).unwrap())
}

fn nobody() -> Entered {
    Entered { by: String::new(), at: DateTime::UNIX_EPOCH }
}

fn person() -> impl Strategy<Value = Person> {
    (service(), name(), vec(phone(), 0..3), btree_set("[a-z]{1,5}", 0..3))
        .prop_map(|(service, name, phones, skills)| Person { service, name, phones, skills })
}

fn clock() -> impl Strategy<Value = NaiveTime> {
    (0..1_440_u32).prop_map(|n| NaiveTime::from_hms_opt(n / 60, n % 60, 0).unwrap())
}

fn day() -> impl Strategy<Value = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    (0..700_i64).prop_map(move |n| first + TimeDelta::days(n))
}

fn window() -> impl Strategy<Value = Window> {
    (btree_set(0..7_u8, 1..7), clock(), clock()).prop_map(|(days, from, until)| Window {
        weekdays: days.into_iter().map(|day| Weekday::try_from(day).unwrap()).collect(),
        from,
        until,
    })
}

fn rotation() -> impl Strategy<Value = Rotation> {
    (
        (service(), name(), 1..4_u32, vec(name(), 1..4)),
        (day(), option::of(0..300_i64), clock(), vec(1..20_u16, 1..4), option::of(window())),
    )
        .prop_map(
            |((service, name, step, people), (first, last, handoff, pattern, window))| Rotation {
                service,
                equipe: "e".into(),
                name,
                step,
                people,
                first,
                last: last.map(|days| first + TimeDelta::days(days)),
                handoff,
                pattern,
                window,
                zone: Rome,
            },
        )
}

fn policy() -> impl Strategy<Value = EscalationPolicy> {
    let how = (prop::bool::ANY, 1..300_u64).prop_map(|(together, seconds)| StepPolicy {
        order: if together { RingOrder::Together } else { RingOrder::OneByOne },
        each: Duration::from_secs(seconds),
    });
    let last = (name(), phone()).prop_map(|(name, phone)| LastResort { name, phone });
    (service(), name(), btree_map(1..9_u32, how, 0..4), option::of(1..9_u8), option::of(last))
        .prop_map(|(service, equipe, steps, rounds, last_resort)| EscalationPolicy {
            service,
            equipe,
            steps,
            rounds,
            last_resort,
        })
        .prop_filter("it says something", |policy| {
            !policy.steps.is_empty() || policy.rounds.is_some() || policy.last_resort.is_some()
        })
}

fn requirement() -> impl Strategy<Value = Requirement> {
    let category = (0..Category::ALL.len()).prop_map(|nth| Category::ALL[nth]);
    (service(), option::of(category), option::of("07[0-9]{4}"), "[a-z]{1,6}").prop_map(
        |(service, category, comune, skill)| Requirement {
            service,
            equipe: "e".into(),
            category,
            comune,
            skill,
        },
    )
}

/// Records of every table with files, as they stand in a roster that keeps its laws.
fn records() -> impl Strategy<Value = Records> {
    let changes = vec((service(), name(), name(), period(), "[a-z]([a-z ,\"]{0,4}[a-z])?"), 0..6);
    (
        vec(person(), 1..5),
        vec(rotation(), 1..4),
        changes,
        vec(policy(), 1..4),
        vec(requirement(), 1..4),
    )
        .prop_map(|(mut people, mut rotations, changes, mut policies, requirements)| {
            let mut seen = BTreeSet::new();
            people.retain(|p| seen.insert((p.service.clone(), p.name.clone())));
            seen.clear();
            rotations.retain(|r| seen.insert((r.service.clone(), r.name.clone())));
            seen.clear();
            policies.retain(|p| seen.insert((p.service.clone(), p.equipe.clone())));
            seen.clear();
            let (mut overrides, mut absences) = (Vec::new(), Vec::new());
            for (service, one, other, period, reason) in changes {
                absences.push(Absence {
                    id: String::new(),
                    service: service.clone(),
                    person: one.clone(),
                    period,
                    reason: reason.clone(),
                    entered: nobody(),
                });
                if one != other && seen.insert((service.clone(), one.clone())) {
                    overrides.push(Override {
                        id: String::new(),
                        service,
                        equipe: "e".into(),
                        replaces: one,
                        by: other,
                        period,
                        reason,
                        entered: nobody(),
                    });
                }
            }
            Records {
                people,
                rotations,
                overrides,
                absences,
                policies,
                requirements,
                ..Records::default()
            }
        })
}

/// Everybody whom `records` name, so that a file names nobody unknown.
fn all_known(records: &Records) -> Records {
    let mut named: BTreeSet<(ServiceId, String)> = BTreeSet::new();
    for rotation in &records.rotations {
        named.extend(rotation.people.iter().map(|name| (rotation.service.clone(), name.clone())));
    }
    for record in &records.overrides {
        named.insert((record.service.clone(), record.replaces.clone()));
        named.insert((record.service.clone(), record.by.clone()));
    }
    for absence in &records.absences {
        named.insert((absence.service.clone(), absence.person.clone()));
    }
    let people = named.into_iter().map(|(service, name)| Person {
        service,
        name,
        phones: Vec::new(),
        skills: BTreeSet::new(),
    });
    Records { people: people.collect(), ..Records::default() }
}

proptest! {
    #[test]
    fn every_table_is_read_back_as_it_was_written(records in records()) {
        let (everybody, zones) = (all_known(&records), BTreeMap::new());
        let known = Known { records: &everybody, zones: &zones, zone: Rome };
        for (table, rows) in [
            (Table::Absences, Rows::Absences(records.absences.clone())),
            (Table::Overrides, Rows::Overrides(records.overrides.clone())),
            (Table::People, Rows::People(records.people.clone())),
            (Table::Policies, Rows::Policies(records.policies.clone())),
            (Table::Requirements, Rows::Requirements(records.requirements.clone())),
            (Table::Rotations, Rows::Rotations(records.rotations.clone())),
        ] {
            if rows.is_empty() {
                continue;
            }
            let text = write_rows(&records, table, &known).unwrap();
            let read = read_rows(&text, &known);
            prop_assert!(read.is_ok(), "{text}\n{read:?}");
            prop_assert_eq!(read.unwrap().rows, rows);
        }
    }

    #[test]
    fn no_rows_of_any_table_make_the_reader_panic(
        nth in 0..7_usize,
        rows in "([sAd,;|\"\n+T0-9:-]|lun|ven|Ada Greco){0,60}",
    ) {
        let header =
            [SHIFTS, PEOPLE, ROTATIONS, OVERRIDES, ABSENCES, POLICIES, REQUIREMENTS][nth];
        let _ = read(&format!("{header}{rows}"));
    }
}
