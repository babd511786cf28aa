//! The scheda as a whole: what goes in comes out, and two people lose nothing.

use std::collections::HashSet;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Europe::Rome;
use proptest::prelude::*;

use super::*;
use crate::words::Category;

const COMUNI: Terms<'static> = Terms { comuni: &["Mesagne", "Latiano", "San Donaci"] };

fn pairs(text: &str) -> Pairs {
    let pair = |line: &str| {
        let (name, typed) = line.split_once('=').unwrap();
        (name.trim().to_owned(), typed.trim().to_owned())
    };
    text.split(';').filter(|line| !line.trim().is_empty()).map(pair).collect()
}

fn scheda(text: &str) -> Scheda {
    Scheda::read(&pairs(text), &COMUNI).unwrap().scheda
}

fn problem(text: &str) -> Problem {
    match Scheda::read(&pairs(text), &COMUNI) {
        Err(ReadSchedaError::Refused(mut problems)) => problems.remove(0),
        other => panic!("{text} should be refused: {other:?}"),
    }
}

#[test]
fn every_field_has_a_name_of_its_own_in_its_block_and_says_what_it_is() {
    let mut names = HashSet::new();
    for field in FIELDS {
        assert!(names.insert(field.name), "{}", field.name);
        assert!(!field.label.is_empty(), "{}", field.name);
        let block = format!("{:?}.", field.block).to_lowercase();
        assert!(field.name.starts_with(&block), "{}", field.name);
        let key = Key::parse(&field.form_name(2)).unwrap();
        assert_eq!(key.field(), field);
        assert_eq!(key.person(), field.repeats().then_some(2));
    }
    let in_blocks: usize = Block::ALL.into_iter().map(|block| block.fields().count()).sum();
    assert_eq!(in_blocks, FIELDS.len());
}

#[test]
fn what_somebody_may_write_anything_into_is_personal_unless_it_names_an_office() {
    for field in FIELDS {
        let free = matches!(field.kind, Kind::Fiscal | Kind::Line | Kind::Phone | Kind::Text);
        let office = ["esito.ente", "esito.ufficio"].contains(&field.name);
        assert!(!free || office || field.privacy == Privacy::Personal, "{}", field.name);
        assert!(!field.repeats() || field.privacy == Privacy::Personal, "{}", field.name);
    }
}

#[test]
fn the_words_of_the_categories_are_those_of_the_calls() {
    let field = Key::parse("bisogno.categoria").unwrap().field();
    let Kind::Choice(among) = field.kind else { panic!("a choice") };
    let words: Vec<&str> = among.iter().map(|choice| choice.word).collect();
    assert_eq!(words, Category::ALL.map(Category::word));
}

#[test]
fn what_people_type_is_taken_as_they_mean_it() {
    for (typed, kept) in [
        ("bisogno.priorita = urgenza", "urgenza"),
        ("bisogno.armi = non_so", "non_so"),
        ("intervento.arrivo = 24/12/2026 20:15", "2026-12-24T20:15"),
        ("intervento.arrivo = 2026-12-24T20:15:59", "2026-12-24T20:15"),
        ("intervento.dal = 1/2/2027", "2027-02-01"),
        ("persona.1.eta = 7", "7"),
        ("persona.1.codice_fiscale = rssmra 85t10 a562s", "RSSMRA85T10A562S"),
        ("segnalante.telefono = 0831 000 001", "+390831000001"),
        ("intervento.comune = MESAGNE", "Mesagne"),
        ("intervento.comune = fuori ambito", "fuori ambito"),
        ("esito.comune = Bari", "Bari"),
        ("bisogno.descrizione = \u{7}una riga\r\naltra\u{0}riga ", "una riga\naltra riga"),
        ("segnalante.nome = Ada\tRossi", "Ada Rossi"),
        ("intervento.azioni = rete; intervento.azioni = ascolto", "ascolto,rete"),
        ("intervento.azioni = ; intervento.azioni = beni", "beni"),
        ("segnalante.nome =   ", ""),
    ] {
        let name = typed.split_once(' ').unwrap().0;
        assert_eq!(scheda(typed).text(name), kept, "{typed}");
    }
}

#[test]
fn what_cannot_be_kept_comes_back_with_what_was_typed_and_a_sentence() {
    for (typed, says) in [
        ("bisogno.priorita = alta", "emergenza, urgenza, differibile"),
        ("bisogno.armi = forse", "scelga sì, no o non so"),
        ("intervento.arrivo = ieri", "scriva per esempio 24/12/2026 20:15"),
        ("intervento.arrivo = 0226-12-24T20:15", "non è data e ora"),
        ("intervento.dal = 30/02/2027", "non è una data"),
        ("persona.1.eta = 121", "fra 0 e 120 anni"),
        ("persona.1.eta = +7", "non è un numero intero"),
        ("segnalante.telefono = 112", "emergenza"),
        ("intervento.comune = Mesagnee", "forse intendeva «Mesagne»"),
        ("intervento.azioni = rete; intervento.azioni = volo", "«volo» non è tra le scelte"),
        ("bisogno.priorita = urgenza; bisogno.priorita = emergenza", "più di un valore"),
        ("persona.21.nome = Ada", "al massimo 20 persone"),
        ("persona.0.nome = Ada", "non esiste"),
        ("persona.nome = Ada", "non esiste"),
        ("persona.1.priorita = urgenza", "non esiste"),
        ("csrf = x", "non esiste"),
    ] {
        let problem = problem(typed);
        let last = typed.rsplit_once("= ").unwrap().1;
        assert!(problem.typed.ends_with(last), "{typed}");
        assert!(problem.sentence.contains(says), "{typed}: {}", problem.sentence);
        assert!(!format!("{problem:?}").contains(last), "{problem:?}");
    }
    let long = problem(&format!("segnalante.nome = {}", "à".repeat(201)));
    assert!(long.sentence.contains("al massimo 200 caratteri, qui sono 201"));
}

#[test]
fn a_form_bigger_than_any_of_ours_is_refused_whole() {
    let pair = ("bisogno.descrizione".to_owned(), String::new());
    let many = vec![pair.clone(); 2_001];
    let big = vec![(pair.0, "x".repeat(600_000))];
    for pairs in [many, big] {
        assert_eq!(Scheda::read(&pairs, &COMUNI), Err(ReadSchedaError::TooMuch));
    }
}

#[test]
fn what_looks_wrong_is_remarked_on_and_kept() {
    for (typed, field, says) in [
        ("persona.1.codice_fiscale = X", "persona.1.codice_fiscale", "non è valido"),
        (
            "persona.1.codice_fiscale = RSSMRA85T10A562S; persona.1.nascita = 11/12/1985",
            "persona.1.codice_fiscale",
            "data di nascita",
        ),
        (
            "persona.1.codice_fiscale = RSSMRA85T10A562S; persona.1.sesso = femmina",
            "persona.1.codice_fiscale",
            "il sesso",
        ),
        (
            "intervento.partenza = 2026-12-24T20:15; intervento.arrivo = 2026-12-24T19:15",
            "intervento.arrivo",
            "viene prima di «Partenza»",
        ),
        ("persona.1.residenza = Latianno", "persona.1.residenza", "«Latiano»"),
    ] {
        let read = Scheda::read(&pairs(typed), &COMUNI).unwrap();
        let [remark] = read.remarks.as_slice() else { panic!("{typed}: {:?}", read.remarks) };
        assert_eq!(remark.field, field);
        assert!(remark.sentence.contains(says), "{typed}: {}", remark.sentence);
        assert_eq!(read.scheda.pairs().len(), pairs(typed).len());
    }
    let fine = "persona.1.codice_fiscale = RSSMRA85T10A562S; persona.1.nascita = 10/12/1985; \
                persona.1.sesso = maschio; persona.1.residenza = Bari";
    assert_eq!(Scheda::read(&pairs(fine), &COMUNI).unwrap().remarks, []);
}

#[test]
fn a_form_of_one_block_leaves_the_others_as_they_are() {
    let before = scheda("bisogno.priorita = urgenza; intervento.azioni = rete; esito.ente = ASL");
    let posted = pairs("bisogno.priorita = emergenza; intervento.azioni = ");
    let after = before.read_over(&posted, &COMUNI).unwrap().scheda;
    assert_eq!(after, scheda("bisogno.priorita = emergenza; esito.ente = ASL"));
}

#[test]
fn persons_are_counted_and_come_one_after_another() {
    let two = scheda("persona.2.nome = Eva; persona.1.cognome = Neri; bisogno.priorita = urgenza");
    assert_eq!((two.persons(), two.next_person()), (vec![1, 2], Some(3)));
    let names: Vec<String> = two.iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(names, ["persona.1.cognome", "persona.2.nome", "bisogno.priorita"]);
    assert_eq!(scheda("persona.20.nome = Eva").next_person(), None);
}

#[test]
fn the_history_says_what_changed_and_the_disk_names_nobody() {
    let old = scheda("bisogno.priorita = urgenza; persona.1.nome = Ada; esito.ente = ASL");
    let new = scheda(
        "bisogno.priorita = emergenza; persona.1.nome = Eva; persona.2.eta = 7; \
         bisogno.descrizione = Piange; intervento.azioni = rete; intervento.azioni = beni",
    );
    let lines = difference(&old, &new);
    let full: Vec<&str> = lines.iter().map(|line| line.full.as_str()).collect();
    assert_eq!(
        full,
        [
            "Persona 1, nome: Ada → Eva",
            "Persona 2, età: 7",
            "Priorità: urgenza → emergenza",
            "Che cosa succede: scritto",
            "Che cosa si è fatto: beni di prima necessità, attivazione della rete familiare",
            "Ente o servizio che riceve: ASL, tolto",
        ]
    );
    let discreet: Vec<&str> = lines.iter().filter_map(|line| line.discreet.as_deref()).collect();
    assert_eq!(discreet, [full[2], full[4], full[5]]);
    assert!(!format!("{lines:?} {new:?} {:?}", new.value("persona.1.nome")).contains("Eva"));
}

#[test]
fn two_people_who_changed_different_fields_both_keep_theirs() {
    let base = scheda("bisogno.priorita = urgenza; esito.ente = ASL");
    let mine = scheda("bisogno.priorita = emergenza; esito.ente = ASL; persona.1.nome = Ada");
    let theirs = scheda("bisogno.priorita = urgenza; bisogno.armi = si");
    let merged = merge(&base, &mine, &theirs).unwrap();
    let all = scheda("bisogno.priorita = emergenza; persona.1.nome = Ada; bisogno.armi = si");
    assert_eq!(merged, all);
}

#[test]
fn two_people_who_changed_one_field_are_asked() {
    let base = scheda("bisogno.priorita = urgenza");
    let mine = scheda("bisogno.priorita = emergenza; bisogno.armi = si");
    let conflicts = merge(&base, &mine, &Scheda::default()).unwrap_err();
    let [conflict] = conflicts.fields.as_slice() else { panic!("{conflicts:?}") };
    assert_eq!(conflict.key.to_string(), "bisogno.priorita");
    assert_eq!(conflict.mine.as_ref().map(Value::italian).as_deref(), Some("emergenza"));
    assert_eq!(conflict.theirs, None);
    assert_eq!(conflicts.agreed, scheda("bisogno.armi = si"));
}

#[test]
fn two_strangers_under_one_number_do_not_become_one_person() {
    let mine = scheda("persona.1.nome = Ada; persona.1.eta = 30");
    let theirs = scheda("persona.1.cognome = Neri; persona.1.eta = 30");
    let conflicts = merge(&Scheda::default(), &mine, &theirs).unwrap_err();
    let fields: Vec<String> =
        conflicts.fields.iter().map(|conflict| conflict.key.to_string()).collect();
    assert_eq!(fields, ["persona.1.cognome", "persona.1.nome"]);
    assert_eq!(merge(&Scheda::default(), &mine, &mine).unwrap(), mine);
}

#[test]
fn lists_and_clocks_see_what_they_need() {
    let marks = scheda(
        "bisogno.priorita = emergenza; bisogno.categoria = minors; intervento.comune = Latiano; \
         esito.comune = Bari; intervento.partenza = 2026-12-24T20:00; persona.3.eta = 17; \
         intervento.art403_collocamento = 2026-12-24T22:00; segnalante.richiamare = no",
    )
    .marks(Rome);
    assert_eq!((marks.priority, marks.call_back), (Some("emergenza"), Some("no")));
    assert_eq!((marks.category, marks.on_site), (Some(Category::Minors), Some(OnSite::Goes)));
    assert_eq!((marks.comune.as_deref(), marks.minors), (Some("Latiano"), Some(Answer::Yes)));
    let placed = marks.placed.unwrap();
    assert_eq!(placed.to_rfc3339(), "2026-12-24T21:00:00+00:00");
    assert_eq!(marks.departed, Some(placed - TimeDelta::hours(2)));
    let taken_back =
        scheda("intervento.art403 = no; intervento.art403_collocamento = 2026-12-24T22:00");
    assert_eq!(taken_back.marks(Rome), Marks::default());
}

fn a_value(kind: Kind) -> BoxedStrategy<Vec<String>> {
    let words = |among: &'static [Choice]| {
        among.iter().map(|choice| choice.word.to_owned()).collect::<Vec<_>>()
    };
    let day = (0..70_000_i64)
        .prop_map(|days| NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + TimeDelta::days(days));
    let single = |text: BoxedStrategy<String>| text.prop_map(|text| vec![text]).boxed();
    match kind {
        Kind::Answer => {
            single(prop::sample::select(Answer::ALL.map(|a| a.word().to_owned()).to_vec()).boxed())
        }
        Kind::Choice(among) => single(prop::sample::select(words(among)).boxed()),
        Kind::Choices(among) => prop::sample::subsequence(words(among), 0..=among.len()).boxed(),
        Kind::Comune(Elsewhere::Named) => {
            single(prop::sample::select(vec!["Latiano".to_owned(), "fuori ambito".into()]).boxed())
        }
        Kind::Comune(Elsewhere::Taken) | Kind::Fiscal => single("[A-Z 0-9]{0,20}".boxed()),
        Kind::Date => single(day.prop_map(|day| day.to_string()).boxed()),
        Kind::Line | Kind::Text => single("\\PC{0,40}|[ -~\r\n\t]{0,40}".boxed()),
        Kind::Number { min, max, .. } => single((min..=max).prop_map(|n| n.to_string()).boxed()),
        Kind::Phone => single("\\+393[0-9]{9}".boxed()),
        Kind::Time => single(
            (day, 0..1440_u32)
                .prop_map(|(day, m)| format!("{day}T{:02}:{:02}", m / 60, m % 60))
                .boxed(),
        ),
    }
}

fn a_form() -> impl Strategy<Value = Pairs> {
    let field = (0..FIELDS.len(), 1..=PERSONS_MAX).prop_flat_map(|(place, person)| {
        let field = &FIELDS[place];
        let name = field.form_name(person);
        a_value(field.kind).prop_map(move |texts| {
            texts.into_iter().map(|text| (name.clone(), text)).collect::<Pairs>()
        })
    });
    prop::collection::vec(field, 0..12).prop_map(|fields| {
        // The same field twice is another story, told above.
        let mut seen = HashSet::new();
        fields
            .into_iter()
            .filter(|field| field.first().is_some_and(|(name, _)| seen.insert(name.clone())))
            .flatten()
            .collect()
    })
}

fn a_scheda() -> impl Strategy<Value = Scheda> {
    a_form().prop_map(|form| Scheda::read(&form, &COMUNI).unwrap().scheda)
}

/// What two people make of one base: few fields, so that they meet.
fn three() -> impl Strategy<Value = [Scheda; 3]> {
    let few = ["bisogno.priorita", "bisogno.armi", "persona.1.nome", "persona.1.eta"];
    let texts = [["urgenza", "emergenza"], ["si", "no"], ["Ada", "Eva"], ["7", "8"]];
    let one = prop::collection::vec(0..3_usize, 4).prop_map(move |chosen| {
        let written = few.iter().zip(texts).zip(chosen).filter(|(_, chosen)| *chosen < 2);
        let form: Pairs = written
            .map(|((name, texts), chosen)| ((*name).to_owned(), texts[chosen].to_owned()))
            .collect();
        Scheda::read(&form, &COMUNI).unwrap().scheda
    });
    [one.clone().boxed(), one.clone().boxed(), one.boxed()]
}

proptest! {
    #[test]
    fn what_is_written_for_a_form_reads_back_the_same(form in a_form()) {
        let read = Scheda::read(&form, &COMUNI).unwrap().scheda;
        prop_assert_eq!(&Scheda::read(&read.pairs(), &COMUNI).unwrap().scheda, &read);
        let stored = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Scheda>(&stored).unwrap(), &read);
    }

    #[test]
    fn any_bytes_are_a_scheda_or_a_sentence(form in prop::collection::vec((".{0,30}", ".{0,60}"), 0..8)) {
        let _ = Scheda::read(&form, &COMUNI);
    }

    #[test]
    fn any_text_in_any_field_is_kept_or_comes_back(place in 0..FIELDS.len(), typed in ".{0,60}") {
        let form = vec![(FIELDS[place].form_name(1), typed.clone())];
        match Scheda::read(&form, &COMUNI) {
            Ok(read) => prop_assert_eq!(
                &Scheda::read(&read.scheda.pairs(), &COMUNI).unwrap().scheda, &read.scheda
            ),
            Err(ReadSchedaError::Refused(problems)) => prop_assert!(!problems[0].sentence.is_empty()),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn a_difference_is_empty_between_equals_alone(old in a_scheda(), new in a_scheda()) {
        prop_assert_eq!(difference(&old, &old), vec![]);
        prop_assert_eq!(difference(&old, &new).is_empty(), old == new);
    }

    #[test]
    fn who_changed_nothing_takes_what_the_other_wrote([base, mine, _] in three()) {
        prop_assert_eq!(merge(&base, &mine, &base), Ok(mine.clone()));
        prop_assert_eq!(merge(&base, &base, &mine), Ok(mine.clone()));
        prop_assert_eq!(merge(&base, &mine, &mine), Ok(mine.clone()));
    }

    #[test]
    fn no_change_of_either_is_lost_in_a_merge([base, mine, theirs] in three()) {
        let (agreed, asked) = match merge(&base, &mine, &theirs) {
            Ok(agreed) => (agreed, vec![]),
            Err(conflicts) => (conflicts.agreed, conflicts.fields),
        };
        for side in [&mine, &theirs] {
            for line in difference(&base, side) {
                let name = line.key.to_string();
                let kept = agreed.value(&name) == side.value(&name);
                let named = asked.iter().any(|conflict| conflict.key == line.key);
                prop_assert!(kept || named, "{} is lost", name);
            }
        }
    }

    #[test]
    fn it_is_of_no_matter_who_saves_first([base, mine, theirs] in three()) {
        let one = merge(&base, &mine, &theirs);
        let other = merge(&base, &theirs, &mine);
        match (one, other) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
            (Err(one), Err(other)) => {
                let turned: Vec<_> = other
                    .fields
                    .into_iter()
                    .map(|c| Conflict { key: c.key, mine: c.theirs, theirs: c.mine })
                    .collect();
                prop_assert_eq!(one.fields, turned);
            }
            _ => prop_assert!(false, "one order conflicts, the other does not"),
        }
    }
}
