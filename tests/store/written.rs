//! What people write about a case: never lost, never overwritten, never in clear.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use polaris::case::course::{End, Move};
use polaris::case::scheda::{Pairs, Scheda, Terms};
use polaris::case::{Addition, AdditionError, CallBackResult, Fact, Outcome, Stage};
use polaris::store::{
    Append, AppendToCaseError, CaseStanding, Content, Draft, Joining, Keyring, ResealError,
    Resealed, Since, Store, append_to_case, discard_draft, join_cases, keep_draft, reseal,
};
use polaris::words::{CaseId, CaseNumber, Category};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::place::{Place, christmas, numbered, opening, utc, within};

pub(crate) fn scheda(text: &str) -> Scheda {
    let pair = |line: &str| {
        let (name, typed) = line.split_once('=').unwrap();
        (name.trim().to_owned(), typed.trim().to_owned())
    };
    let pairs: Pairs = text.split(';').map(pair).collect();
    Scheda::read(&pairs, &Terms::default()).unwrap().scheda
}

/// The day of the call, at night.
fn at(minutes: i64) -> DateTime<Utc> {
    utc(2026, 12, 24, 19, 0) + TimeDelta::minutes(minutes)
}

/// A case to write about, with the keys.
pub(crate) struct Desk {
    pub(crate) place: Place,
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    pub(crate) case: CaseId,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let place = Place::new();
        let store = place.open().await;
        let keyring = Keyring::new(&place.dir.path().join("polaris.key"));
        keyring.make(at(0)).unwrap();
        let opened = christmas();
        numbered(store.opening(opened.clone())).await;
        Self { place, store, keyring, case: opened.case }
    }

    async fn add_to(
        &self,
        case: CaseId,
        expected: u32,
        addition: &Addition,
    ) -> Result<u32, AppendToCaseError> {
        let append = Append { case, expected, author: "conte", at: at(60), addition };
        let appended = append_to_case(&self.place.url, &self.keyring, append).await;
        appended.map(|appended| appended.sequence)
    }

    pub(crate) async fn add(&self, expected: u32, addition: Addition) -> u32 {
        self.add_to(self.case, expected, &addition).await.unwrap()
    }

    async fn refused(&self, expected: u32, addition: Addition) -> AppendToCaseError {
        self.add_to(self.case, expected, &addition).await.unwrap_err()
    }

    async fn standing(&self) -> CaseStanding {
        self.store.reader().case_standing(self.case).await.unwrap().unwrap()
    }

    async fn kinds(&self) -> Vec<String> {
        let history = self.store.reader().case_history(&self.keyring, self.case).await.unwrap();
        history.entries.into_iter().map(|entry| entry.kind).collect()
    }

    pub(crate) async fn reseal(&self) -> Result<Resealed, ResealError> {
        reseal(&self.place.url, &self.place.data_dir, &self.keyring).await
    }

    /// What the program itself would never do.
    pub(crate) async fn sql(&self, statement: &'static str) -> Result<(), String> {
        let options = SqliteConnectOptions::new().filename(self.place.file());
        let mut connection = options.connect().await.unwrap();
        let done = sqlx::query(statement).execute(&mut connection).await;
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}

fn note(text: &str) -> Addition {
    Addition::Note { text: text.to_owned() }
}

fn written(text: &str) -> Addition {
    Addition::Scheda { scheda: scheda(text) }
}

fn moved(from: Stage, to: Stage) -> Addition {
    let end = (to == Stage::Archiviata).then_some(End::Conclusa);
    Addition::Stage(Move { from, to, end, reason: "ripresa".into() })
}

fn conflict(error: AppendToCaseError) -> Since {
    match error {
        AppendToCaseError::Conflict(since) => *since,
        other => panic!("it should be a conflict: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_added_is_in_the_history_and_on_the_case() {
    let desk = Desk::new().await;
    let text = "bisogno.priorita = emergenza; bisogno.categoria = minors; persona.1.nome = Ada; \
                intervento.comune = Latiano; intervento.modo = sul_posto; \
                intervento.arrivo = 2026-12-24T20:30; \
                intervento.art403_collocamento = 2026-12-24T22:00";
    assert_eq!(desk.add(0, written(text)).await, 1);
    assert_eq!(desk.add(1, note("Ada è dalla nonna")).await, 2);
    desk.add(2, moved(Stage::Segnalazione, Stage::Invio)).await;
    let to = String::from("Servizio sociale di Latiano");
    desk.add(3, Addition::HandedOver { when: at(50), to, how: "pec".into() }).await;
    desk.add(4, Addition::Acknowledged { when: at(55), by: "dott. Neri".into() }).await;
    desk.add(5, Addition::VoicemailHeard).await;

    let history = desk.store.reader().case_history(&desk.keyring, desk.case).await.unwrap();
    assert_eq!((history.last, history.scheda), (6, Some(scheda(text))));
    let texts: Vec<&str> = history.entries.iter().map(|entry| entry.text.as_str()).collect();
    assert!(texts[0].starts_with("Scheda aggiornata. Di chi si tratta: minori; "), "{}", texts[0]);
    assert!(texts[0].ends_with("; un campo riservato."), "{}", texts[0]);
    assert_eq!(texts[2], "Fase: segnalazione → invio ai servizi territoriali.");
    let Content::Open(second) = &history.entries[1].content else { panic!("it opens") };
    assert_eq!(**second, note("Ada è dalla nonna"));
    assert_eq!((history.entries[1].author.as_str(), history.entries[1].at), ("conte", at(60)));

    let standing = desk.standing().await;
    assert_eq!(standing.priority.as_deref(), Some("emergenza"));
    assert_eq!((standing.category, standing.label), (Category::Minors, None));
    assert_eq!(standing.comune.as_deref(), Some("Latiano"));
    assert_eq!((standing.stage, standing.stage_since), (Stage::Invio, Some(at(60))));
    let instants = standing.instants;
    assert_eq!((instants.arrived, instants.on_site_at), (at(0), Some(at(30))));
    assert_eq!((instants.sent, instants.taken), (Some(at(50)), Some(at(55))));
    assert_eq!((instants.placed, standing.voicemail_heard), (Some(at(120)), Some(at(60))));
}

#[tokio::test]
async fn whoever_saves_second_is_shown_what_the_first_wrote() {
    let desk = Desk::new().await;
    desk.add(0, written("bisogno.priorita = urgenza")).await;
    desk.add(1, note("ha richiamato la madre")).await;
    let since = conflict(desk.refused(1, written("bisogno.armi = si")).await);
    assert_eq!((since.last, since.stage), (2, Stage::Segnalazione));
    assert_eq!(since.scheda, scheda("bisogno.priorita = urgenza"));
    let [entry] = since.entries.as_slice() else { panic!("{:?}", since.entries) };
    assert_eq!(entry.content, Content::Open(Box::new(note("ha richiamato la madre"))));
    // A move from where the case does not stand is a conflict, too.
    conflict(desk.refused(2, moved(Stage::Valutazione, Stage::Intervento)).await);
    assert_eq!(desk.kinds().await, ["scheda", "note"]);
}

#[tokio::test]
async fn of_many_who_write_at_once_each_place_is_won_by_one() {
    let desk = Desk::new().await;
    for last in 0..5 {
        let all = ["uno", "due", "tre", "quattro"].map(note);
        let tries = all.each_ref().map(|note| desk.add_to(desk.case, last, note));
        let [a, b, c, d] = tries;
        let (a, b, c, d) = within(async { tokio::join!(a, b, c, d) }).await;
        let mut won = 0;
        for result in [a, b, c, d] {
            match result {
                Ok(sequence) => won += sequence - last,
                Err(error) => assert!(!conflict(error).entries.is_empty()),
            }
        }
        assert_eq!(won, 1);
    }
    assert_eq!(desk.kinds().await.len(), 5);
}

#[tokio::test]
async fn what_may_not_be_added_leaves_no_trace() {
    let desk = Desk::new().await;
    let refusal = desk.refused(0, note(" ")).await;
    assert!(matches!(refusal, AppendToCaseError::Refused(AdditionError::Empty)), "{refusal}");
    let other = CaseId(uuid::Uuid::nil());
    let nobody = desk.add_to(other, 0, &note("x")).await;
    assert!(matches!(nobody, Err(AppendToCaseError::NoCase)));
    // The last statement of the transaction fails: nothing of it is there.
    desk.sql(
        "create trigger full before insert on case_lookups begin select raise(abort, 'x'); end",
    )
    .await
    .unwrap();
    let failed = desk.refused(0, written("segnalante.telefono = +393330000001")).await;
    assert!(matches!(failed, AppendToCaseError::Sql(_)), "{failed}");
    assert_eq!(desk.standing().await.last, 0);
    assert!(desk.kinds().await.is_empty());
}

#[tokio::test]
async fn nothing_that_is_written_lies_in_clear_on_the_disk() {
    let desk = Desk::new().await;
    desk.add(0, written("persona.1.cognome = Segretissima; bisogno.suicidio = si")).await;
    desk.add(1, note("Segretissima ha telefonato")).await;
    let draft = Draft { at: at(1), base: 2, pairs: vec![("x".into(), "Segretissima".into())] };
    keep_draft(&desk.place.url, &desk.keyring, (desk.case, "conte"), &draft).await.unwrap();
    desk.store.close().await;
    let mut looked = 0;
    for file in std::fs::read_dir(&desk.place.data_dir).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        looked += bytes.len();
        for secret in ["Segretissima", "suicidio"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} lies on the disk");
        }
    }
    assert!(looked > 10_000, "the database was looked at");
}

#[tokio::test]
async fn the_history_cannot_be_changed_and_a_row_put_elsewhere_does_not_open() {
    let desk = Desk::new().await;
    desk.add(0, note("uno")).await;
    desk.add(1, note("due")).await;
    for forbidden in [
        "update case_entries set author = 'altri'",
        "update case_entries set content = x'00'",
        "update case_entries set key = 9, text = 'altro'",
        "update case_entries set at = '2020-01-01T00:00:00.000Z', key = 9",
        "delete from case_entries",
    ] {
        let refused = desk.sql(forbidden).await.unwrap_err();
        assert!(refused.contains("is never"), "{forbidden}: {refused}");
    }
    // Whoever can write to the file can drop a trigger. What they do is seen.
    desk.sql("drop trigger case_entries_are_not_changed").await.unwrap();
    desk.sql(
        "update case_entries set content = (select content from case_entries where sequence = 2) \
         where sequence = 1",
    )
    .await
    .unwrap();
    desk.sql("update case_entries set author = 'altri' where sequence = 2").await.unwrap();
    let history = desk.store.reader().case_history(&desk.keyring, desk.case).await.unwrap();
    let contents: Vec<_> = history.entries.into_iter().map(|entry| entry.content).collect();
    assert_eq!(contents, [Content::Damaged, Content::Damaged]);
}

#[tokio::test]
async fn a_draft_is_its_writers_and_is_gone_once_saved() {
    let desk = Desk::new().await;
    let reader = desk.store.reader();
    let typed = |text: &str| vec![("segnalante.telefono".to_owned(), text.to_owned())];
    let keep = async |account: &str, minute, text| {
        let draft = Draft { at: at(minute), base: 0, pairs: typed(text) };
        keep_draft(&desk.place.url, &desk.keyring, (desk.case, account), &draft).await.unwrap();
    };
    keep("conte", 1, "33").await;
    keep("conte", 2, "333 mezzo").await;
    keep("neri", 3, "altro").await;
    let kept = async |account| reader.draft(&desk.keyring, desk.case, account).await.unwrap();
    let mine = kept("conte").await.unwrap();
    assert_eq!((mine.at, mine.base, mine.pairs), (at(2), 0, typed("333 mezzo")));

    desk.add(0, note("una nota non è la scheda")).await;
    assert!(kept("conte").await.is_some());
    desk.add(1, written("bisogno.priorita = urgenza")).await;
    assert_eq!(kept("conte").await, None);
    assert_eq!(kept("neri").await.unwrap().pairs, typed("altro"));
    discard_draft(&desk.place.url, desk.case, "neri").await.unwrap();
    assert_eq!(kept("neri").await, None);
}

#[tokio::test]
async fn a_case_is_found_by_the_exact_number_it_names() {
    let desk = Desk::new().await;
    let text = "segnalante.telefono = 0831 000 077; persona.1.codice_fiscale = RSSMRA85T10A562S";
    desk.add(0, written(text)).await;
    let found =
        async |asked: &str| desk.store.reader().cases_naming(&desk.keyring, asked).await.unwrap();
    for asked in ["0831000077", "+39 0831 000077", "rssmra85t10a562s", "+393331234567"] {
        assert_eq!(found(asked).await, [desk.case], "{asked}");
    }
    for asked in ["083100007", "+390831000078", "RSSMRA85T10A562T", ""] {
        assert!(found(asked).await.is_empty(), "{asked}");
    }
}

#[tokio::test]
async fn a_duplicate_is_archived_and_both_say_so() {
    let desk = Desk::new().await;
    let second = opening("polaris-br4", at(10));
    let number = numbered(desk.store.opening(second.clone())).await;
    desk.add(0, note("prima")).await;
    let join = async |kept, duplicate| {
        let joining = Joining { kept, duplicate, author: "conte", at: at(20) };
        join_cases(&desk.place.url, &desk.keyring, joining).await
    };
    let late = join((desk.case, 0), (second.case, 0)).await.unwrap_err();
    assert_eq!(conflict(late).last, 1);
    join((desk.case, 1), (second.case, 0)).await.unwrap();
    assert_eq!(desk.kinds().await, ["note", "joined"]);
    let double = desk.store.reader().case_standing(second.case).await.unwrap().unwrap();
    assert_eq!((double.number, double.stage), (number, Stage::Archiviata));
    assert_eq!(double.ended_as.as_deref(), Some("doppione"));
    let kept = CaseNumber { sequence: 1, ..number };
    assert_eq!(double.duplicate_of, Some(kept));

    let elsewhere = opening("pis-lecce", at(11));
    numbered(desk.store.opening(elsewhere.clone())).await;
    let refused = join((desk.case, 2), (elsewhere.case, 0)).await;
    assert!(matches!(refused, Err(AppendToCaseError::OtherService)));
}

#[tokio::test]
async fn what_is_owed_stays_on_the_list_until_it_is_done() {
    let desk = Desk::new().await;
    let owed = opening("polaris-br4", at(5));
    numbered(desk.store.opening(owed.clone())).await;
    desk.store.note(owed.call, 1, at(6), Fact::VoicemailLeft { file: "a.wav".into(), seconds: 3 });
    desk.store.note(owed.call, 2, at(6), Fact::Ended { outcome: Outcome::Voicemail });
    within(desk.store.flush()).await;
    let listed = async || {
        let standings = desk.store.reader().cases_to_do(10).await.unwrap();
        standings.into_iter().map(|standing| standing.id).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [desk.case, owed.case]);
    desk.add(0, moved(Stage::Segnalazione, Stage::Archiviata)).await;
    let archive = moved(Stage::Segnalazione, Stage::Archiviata);
    desk.add_to(owed.case, 0, &archive).await.unwrap();
    assert_eq!(listed().await, [owed.case], "a call-back is owed by an archived case, too");
    let result = |result| Addition::CallbackDone { result, note: String::new() };
    desk.add_to(owed.case, 1, &result(CallBackResult::NoAnswer)).await.unwrap();
    assert_eq!(listed().await, [owed.case]);
    desk.add_to(owed.case, 2, &result(CallBackResult::Spoken)).await.unwrap();
    assert!(listed().await.is_empty());
    desk.add(1, moved(Stage::Archiviata, Stage::Valutazione)).await;
    assert_eq!(listed().await, [desk.case]);
}

#[tokio::test]
async fn without_its_keys_a_case_is_not_read_and_calls_are_answered_all_the_same() {
    let desk = Desk::new().await;
    desk.add(0, note("segreta")).await;
    let away = desk.place.dir.path().join("copia.key");
    std::fs::rename(desk.keyring.file(), &away).unwrap();
    let history = desk.store.reader().case_history(&desk.keyring, desk.case).await.unwrap();
    assert_eq!((history.last, &history.entries[0].content), (1, &Content::NoKey));
    let refused = desk.refused(1, note("x")).await;
    assert!(refused.to_string().contains("rimettilo dalla copia di sicurezza"), "{refused}");
    numbered(desk.store.opening(opening("polaris-br4", at(9)))).await;
    // The file comes back, and nobody has to start anything again.
    std::fs::rename(&away, desk.keyring.file()).unwrap();
    desk.add(1, note("y")).await;
}

#[tokio::test]
async fn a_new_key_seals_everything_anew_while_people_write() {
    let desk = Desk::new().await;
    for sequence in 0..230 {
        desk.add(sequence, note("una nota")).await;
    }
    let draft = Draft { at: at(1), base: 2, pairs: vec![("x".into(), "y".into())] };
    keep_draft(&desk.place.url, &desk.keyring, (desk.case, "neri"), &draft).await.unwrap();
    let console = Keyring::new(desk.keyring.file());
    assert_eq!(console.keys().unwrap().newest(), 1);
    assert_eq!(desk.keyring.add_key(at(70)).unwrap(), 2);
    let writes = async {
        for sequence in 230..250 {
            let addition = note("mentre si cifra di nuovo");
            let append = Append {
                case: desk.case,
                expected: sequence,
                author: "neri",
                at: at(70),
                addition: &addition,
            };
            append_to_case(&desk.place.url, &console, append).await.unwrap();
        }
    };
    let (resealed, ()) = within(async { tokio::join!(desk.reseal(), writes) }).await;
    let resealed = resealed.unwrap();
    assert_eq!((resealed.done, resealed.damaged), (231, 0));
    assert_eq!(desk.reseal().await.unwrap().done, 0);
    let history = desk.store.reader().case_history(&desk.keyring, desk.case).await.unwrap();
    assert_eq!(history.last, 250);
    let open = |entry: &polaris::store::CaseEntry| matches!(entry.content, Content::Open(_));
    assert!(history.entries.iter().all(open));
    let kept = desk.store.reader().draft(&desk.keyring, desk.case, "neri").await.unwrap();
    assert_eq!(kept, Some(draft));
}

#[tokio::test]
async fn people_who_write_never_keep_a_call_waiting() {
    let desk = Desk::new().await;
    let text = "x".repeat(9_000);
    let writes = async {
        for sequence in 0..40 {
            desk.add(sequence, note(&text)).await;
        }
    };
    let calls = async {
        for minute in 0..40 {
            // `numbered` panics when an opening went to the journal.
            numbered(desk.store.opening(opening("polaris-br4", at(minute)))).await;
        }
    };
    within(async { tokio::join!(writes, calls) }).await;
}

const CHILD: &str = "POLARIS_TEST_WRITTEN_DIR";

/// The process that gets killed: it adds notes until then, and prints each that was taken.
async fn write_until_killed(dir: &Path) {
    let url = format!("sqlite:{}", dir.join("data/polaris.db").display());
    let keyring = Keyring::new(&dir.join("polaris.key"));
    let case: CaseId = std::fs::read_to_string(dir.join("case")).unwrap().parse().unwrap();
    for expected in 0..10_000 {
        let addition = written(&format!("segnalante.telefono = 33300{:05}", expected));
        let append = Append { case, expected, author: "conte", at: at(60), addition: &addition };
        append_to_case(&url, &keyring, append).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\ntaken {}", expected + 1).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn what_was_taken_outlives_kill_9_whole() {
    if let Some(dir) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&dir)).await;
    }
    for enough in [1, 2, 5, 9] {
        let desk = Desk::new().await;
        let dir = desk.place.dir.path();
        std::fs::write(dir.join("case"), desk.case.to_string()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["written::what_was_taken_outlives_kill_9_whole", "--exact", "--nocapture"])
            .env(CHILD, dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut taken = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some(sequence) = line.unwrap().strip_prefix("taken ") {
                taken = sequence.parse().unwrap();
            }
            if taken == enough {
                child.kill().unwrap(); // SIGKILL
            }
        }
        child.wait().unwrap();
        let history = desk.store.reader().case_history(&desk.keyring, desk.case).await.unwrap();
        let places: Vec<u32> = history.entries.iter().map(|entry| entry.sequence).collect();
        assert!(history.last >= taken && taken >= enough);
        assert_eq!(places, (1..=history.last).collect::<Vec<_>>());
        assert_eq!(desk.standing().await.last, history.last);
        // The last entry is findable, as it was one transaction.
        let asked = format!("33300{:05}", history.last - 1);
        let found = desk.store.reader().cases_naming(&desk.keyring, &asked).await.unwrap();
        assert_eq!(found, [desk.case]);
    }
}
