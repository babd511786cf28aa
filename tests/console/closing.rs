//! Offices are shut and opened again: seen before it is done, and done for what comes next.

use std::time::SystemTime;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};
use polaris::calendar::Holidays;

use crate::console_support::{Visitor, shown};
use crate::coordinator;
use crate::line_support::{Place, errors, lane};
use crate::turns::{confirm, form};

/// Two Comuni whose offices are open in the mornings.
fn place() -> Place {
    let place = Place::new(lane(), &[]);
    place.edit_plan(
        "hours always { comune \"074010\" \"Mesagne\" { patron none; }; }",
        "hours {\nends \"08:00\"\nstarts before-closing=\"30m\"\noffices { open mon tue wed thu \
         fri \"08:00-14:00\"; }\ncomune \"074010\" \"Mesagne\" { patron none; }\ncomune \
         \"074009\" \"Latiano\" { patron none; }\n}",
    );
    place
}

/// A day on which the offices work, a week ahead or a little more.
fn working_day() -> NaiveDate {
    #[expect(clippy::disallowed_methods, reason = "the service reads the machine's clock, too")]
    let now: DateTime<Utc> = SystemTime::now().into();
    let holidays = Holidays::italian();
    let ahead = (now.date_naive() + Days::new(7)).iter_days();
    let works = |day: &NaiveDate| day.weekday() != Weekday::Sat && !holidays.is_holiday(*day);
    ahead.take(30).find(works).unwrap()
}

/// Whether the service itself would answer a call at ten in the morning, and what is said.
fn answers(place: &Place, day: NaiveDate) -> (bool, String) {
    let at = format!("{day}T10:00");
    let output = place.run(&["what-if", "--service", "polaris-br4", "--at", &at, "--json"]);
    assert!(output.status.success(), "{}", errors(&output));
    let foreseen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (foreseen["active"].as_bool().unwrap(), errors(&output))
}

/// Minutes of a day in which the offices answer.
fn by_design(place: &Place, day: NaiveDate) -> i64 {
    let output = place.run(&["roster", "coverage", "--days", "30", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let of_day = |row: &serde_json::Value| {
        let from = row["from"].as_str().unwrap_or_default();
        row["kind"] == "closed_by_design" && from.starts_with(&day.to_string())
    };
    rows.filter(of_day).map(|row| row["minutes"].as_i64().unwrap()).sum()
}

const CLOSE: &str = "<form method=\"post\" action=\"/orari/togli\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_office_is_shut_and_opened_again_and_what_comes_next_goes_by_it() {
    let place = place();
    let (service, window) = shown(&place).await;
    let mut carla = coordinator(&place, window);
    let day = working_day();
    let page = carla.get("/orari");
    for words in ["lunedì 08:00-14:00", "Nessuna, oggi", "25 dicembre: Natale", "Mesagne"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let slip = carla.post("/orari/chiudi", &[("comune", "999999"), ("dal", "domani <ponte>")]);
    assert_eq!(slip.status, 422);
    for words in ["«domani &#60;ponte&#62;» non è un giorno", "Scelga un Comune, oppure tutti"] {
        assert!(slip.body.contains(words), "{words}: {}", slip.body);
    }
    // As people write it; the browser's own field could not show it.
    let date = day.format("%d/%m/%Y").to_string();
    let kept = carla.post("/orari/chiudi", &[("comune", "999999"), ("dal", date.as_str())]);
    assert!(kept.body.contains(&format!("type=\"text\" value=\"{date}\"")), "{}", kept.body);
    let typed = [("comune", "074010"), ("dal", date.as_str()), ("motivo", "Ponte")];
    let preview = carla.post("/orari/chiudi", &typed);
    let was = "il servizio risponde tutto il giorno (prima: il servizio risponde 00:00–08:00 e \
               13:30–24:00)";
    for words in [was, "nessuno è di turno", &format!("Mesagne, il {}", day.format("%d/%m/%Y"))] {
        assert!(preview.body.contains(words), "{words}: {}", preview.body);
    }
    assert!(!answers(&place, day).0, "it was not confirmed yet");
    // From eight to half past one.
    assert_eq!(by_design(&place, day), 330);
    let done = confirm(&mut carla, "/orari/chiudi", &preview);
    let page = carla.get(done.sends_to());
    for words in ["vale dalla prossima chiamata", "Ponte", "inserita da carla", "Mesagne chiuso il"]
    {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    service.says(&["the closures were read anew"]).await;
    assert!(answers(&place, day).0);
    assert_eq!(by_design(&place, day), 0);
    let turns = carla.get(&format!("/turni?da={day}"));
    assert!(turns.body.contains("il servizio risponde tutto il giorno"), "{}", turns.body);

    let take = form(&page, CLOSE, "");
    let preview = carla.post("/orari/togli", &take);
    assert!(preview.body.contains("prima: il servizio risponde tutto il giorno"), "{preview:?}");
    confirm(&mut carla, "/orari/togli", &preview).sends_to();
    assert!(!answers(&place, day).0);
    let again = carla.post("/orari/togli", &take);
    assert!(again.status == 422 && again.body.contains("già tolta"), "{again:?}");
    let lecce = &["--service", "pis-lecce"];
    let mut other = Visitor::of_role(&place, window, "lecce", "coordinator", lecce);
    assert_eq!(other.post("/orari/chiudi", &typed).status, 404);
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = rita.get("/registro").body;
    for words in ["chiusura straordinaria inserita", "chiusura straordinaria tolta", "Ponte"] {
        assert!(audit.contains(words), "{words}: {audit}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_known_closures_go_on_when_the_database_is_away() {
    let place = place();
    let (service, window) = shown(&place).await;
    let mut carla = coordinator(&place, window);
    let day = working_day();
    let date = day.to_string();
    let preview = carla.post("/orari/chiudi", &[("comune", "tutti"), ("dal", &date)]);
    confirm(&mut carla, "/orari/chiudi", &preview).sends_to();
    service.says(&["the closures were read anew"]).await;
    service.stop().await;
    for beside in ["data/polaris.db", "data/polaris.db-wal", "data/polaris.db-shm"] {
        let _ = std::fs::remove_file(place.path(beside));
    }
    let (active, said) = answers(&place, day);
    assert!(active && said.contains("l'ultima copia delle chiusure"), "{said}");
    // A database that is new takes none away.
    let (service, window) = shown(&place).await;
    let mut carla = coordinator(&place, window);
    let page = carla.get("/orari");
    assert!(page.body.contains("Tutti gli uffici chiusi il"), "{}", page.body);
    service.stop().await;
}
