//! What is shown: the board as it happens, the log, the cases, and to whom.

use polaris::app::phone::{Do, Told};

use crate::console_support::{Visitor, in_database};
use crate::line_support::CITIZENS;
use crate::{CALLER, coordinator, one_call, scene, telephones};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_board_tells_a_call_in_words_as_it_happens() {
    let (place, service, window) = scene().await;
    let (caller, mut ada, _exchange) = telephones(&place).await;
    let mut carla = coordinator(&place, window);
    let empty = carla.get("/adesso");
    assert!(empty.body.contains("Nessuna chiamata in corso"), "{}", empty.body);
    assert!(empty.body.contains(">1. Ada Greco<"), "{}", empty.body);
    let mut events = carla.watch();
    events.until(&["event: strip", "event: board", "Nessuna chiamata in corso"]);
    let mut caller = caller;
    caller.calls(CITIZENS, place.net.service(), CALLER);
    caller.told(Told::Answered).await;
    caller.presses("2");
    ada.told(Told::Incoming).await;
    events.until(&["squilla Ada Greco", "Violenza", "data-red"]);
    ada.does(Do::Answer);
    ada.hears("worker.offer").await;
    events.until(&["Ada Greco ha alzato"]);
    ada.presses("1");
    service.step("bridged").await;
    let talking = events.until(&["in conversazione con Ada Greco", "accettata dopo"]);
    assert!(!talking.contains(CALLER), "a number unmasked");
    caller.does(Do::HangUp);
    events.until(&["finita alle", "presa da un operatore"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_number_is_masked_until_somebody_asks_and_that_is_written_down() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let mut carla = coordinator(&place, window);
    let log = carla.get("/chiamate");
    assert!(log.body.contains(&number) && !log.body.contains(CALLER), "{}", log.body);
    let file = carla.get("/chiamate.csv");
    assert!(file.body.contains(&number) && !file.body.contains(CALLER), "{}", file.body);
    let address = format!("/schede/polaris-br4/{number}");
    let page = carla.get(&address);
    assert!(page.body.contains("Ada Greco") && !page.body.contains(CALLER), "{}", page.body);
    let shown = carla.post(&format!("{address}/mostra"), &[]);
    assert!(shown.body.contains(CALLER), "{}", shown.body);
    let mut auditor = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = auditor.get("/registro");
    for word in ["numero mostrato", "scheda letta", "chiamate esportate", &number, "è integro"] {
        assert!(audit.body.contains(word), "{word}: {}", audit.body);
    }
    assert!(!audit.body.contains(CALLER));
    assert!(auditor.get("/registro.csv").body.lines().count() > 5);
    // Somebody changes a row: asked to, the page looks over the whole log anew.
    let change =
        ["drop trigger audit_is_not_changed", "update audit set who = 'altri' where sequence = 2"];
    in_database(&place.path("data/polaris.db"), &change).await;
    let altered = auditor.get("/registro?verifica=si").body;
    assert!(altered.contains("Allarme") && altered.contains("è stato alterato"), "{altered}");
    assert!(auditor.get("/registro").body.contains("è stato alterato"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_responder_sees_the_cases_of_own_shifts_and_no_other() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let visitor =
        |name: &str, more: &[&str]| Visitor::of_role(&place, window, name, "responder", more);
    let mut ada = visitor("ada", &["--person", "Ada Greco"]);
    assert!(ada.get("/schede").body.contains(&number));
    assert_eq!(ada.get(&address).status, 200);
    for mut other in [
        visitor("bruno", &["--person", "Bruno Sala"]),
        visitor("nuovo", &[]),
        visitor("lecce", &["--person", "Ada Greco", "--service", "pis-lecce"]),
    ] {
        let list = other.get("/schede");
        assert!(list.status == 200 && !list.body.contains(&number), "{}", list.body);
        assert_eq!(other.get(&address).status, 404);
        assert_eq!(other.post(&format!("{address}/mostra"), &[]).status, 404);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_is_searched_and_a_slip_of_the_pen_comes_back_with_a_sentence() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let mut carla = coordinator(&place, window);
    for (question, found) in [
        (format!("cerca={number}"), true),
        ("cerca=0831+777001".into(), true),
        ("cerca=0831+777002".into(), false),
        ("categoria=minors&esito=accepted&dal=2020-01-01&al=2090-01-01".into(), true),
        ("dal=01%2F01%2F2020&al=1.1.2090".into(), true),
        ("categoria=violence".into(), false),
        ("dal=2090-01-01".into(), false),
        ("servizio=pis-lecce".into(), false),
    ] {
        let page = carla.get(&format!("/chiamate?{question}"));
        assert_eq!(page.body.contains(&format!(">{number}</a>")), found, "{question}");
    }
    for (field, typed, sentence) in [
        ("cerca", "Rossi", "non è un numero di scheda né di telefono"),
        ("dal", "ieri", "non è un giorno: scriva per esempio 24/12/2026"),
        ("al", "31/02/2026", "non è un giorno"),
    ] {
        let page = carla.get(&format!("/chiamate?{field}={typed}"));
        assert_eq!(page.status, 200, "{field}");
        assert!(page.body.contains(&format!("value=\"{typed}\"")), "{field}: {}", page.body);
        let said = page.between(&format!("id=\"w-{field}\">"), "<");
        assert!(said.contains(sentence), "{field}: {said}");
        let kind = page.between(&format!("name=\"{field}\" type=\""), "\"").to_owned();
        assert_ne!(kind, "date", "a field for days would not show «{typed}»");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_is_narrowed_to_the_comune_that_the_scheda_says() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let mut found_in = |field: &[(&str, &str)]| -> Vec<&'static str> {
        let base = carla.get(&address).between("name=\"base\" value=\"", "\"").to_owned();
        let fields: Vec<_> = field.iter().copied().chain([("base", base.as_str())]).collect();
        assert_eq!(carla.post(&format!("{address}/scheda"), &fields).status, 303);
        let choices = ["Mesagne", "altro", "non-scritto"];
        let log = carla.get("/chiamate");
        for choice in choices {
            assert!(log.body.contains(&format!("<option value=\"{choice}\"")), "{choice}");
        }
        let mut found = |choice: &&str| {
            let page = carla.get(&format!("/chiamate?comune={choice}&categoria=minors"));
            assert!(page.body.contains(&format!("\"{choice}\" selected")), "{}", page.body);
            page.body.contains(&format!(">{number}</a>"))
        };
        choices.into_iter().filter(|choice| found(choice)).collect()
    };
    assert_eq!(found_in(&[]), ["non-scritto"]);
    assert_eq!(found_in(&[("intervento.comune", "Mesagne")]), ["Mesagne"]);
    assert_eq!(found_in(&[("intervento.comune", "fuori ambito")]), ["altro"]);
    assert_eq!(found_in(&[("esito.comune", "Mesagne")]), ["Mesagne"], "the competent one");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_number_is_asked_for_on_the_board_by_who_may_and_that_is_written_down() {
    let (place, service, window) = scene().await;
    let (caller, mut ada, _exchange) = telephones(&place).await;
    let mut carla = coordinator(&place, window);
    let mut admin = Visitor::of_role(&place, window, "elio", "administrator", &[]);
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let mut events = carla.watch();
    caller.calls(CITIZENS, place.net.service(), CALLER);
    ada.told(Told::Incoming).await;
    events.until(&["squilla Ada Greco", "mostra il numero"]);
    let board = carla.get("/adesso");
    let address = board.between("<form method=\"post\" action=\"/schede/", "\"").to_owned();
    assert!(address.ends_with("/mostra") && !board.body.contains(CALLER), "{address}");
    let shown = carla.post(&format!("/schede/{address}"), &[]);
    assert!(shown.body.contains(CALLER), "{}", shown.body);
    let board = admin.get("/adesso");
    assert!(board.body.contains("squilla Ada Greco"), "{}", board.body);
    assert!(!board.body.contains("/mostra"), "who may not is offered it: {}", board.body);
    assert!(rita.get("/registro").body.contains("numero mostrato"));
    caller.does(Do::HangUp);
    service.step("ended").await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_case_and_its_paper_say_what_the_call_left_by_itself() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let mut carla = coordinator(&place, window);
    for page in ["", "/stampa"] {
        let page = carla.get(&format!("/schede/polaris-br4/{number}{page}"));
        let body = page.body.replace("&#39;", "'");
        for (label, told) in [
            ("Com'è andata", "Servita dopo "),
            ("Numero chiamato", CITIZENS),
            ("Orario", "uffici chiusi: risponde il servizio"),
            ("Tasti premuti", "1<"),
            ("Una persona ha risposto dopo", ""),
            ("Registrata", "no: "),
        ] {
            let fact = format!("<dt>{label}</dt><dd>{told}");
            assert!(body.contains(&fact), "{fact}: {body}");
        }
        let talked = body.split_once("<dt>Conversazione</dt><dd>").unwrap().1;
        assert!(talked.split('<').next().unwrap().ends_with(" s"), "{body}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_the_database_the_pages_say_so_and_calls_go_on() {
    let (place, service, window) = scene().await;
    let carla = coordinator(&place, window);
    let mut events = carla.watch();
    events.until(&["Banca dati"]);
    let (file, away) = (place.path("data/polaris.db"), place.path("data/altrove.db"));
    std::fs::rename(&file, &away).unwrap();
    // Who is in has an open connection; whoever comes anew sees that nothing can be read.
    let (mut caller, mut ada, _exchange) = telephones(&place).await;
    caller.calls(CITIZENS, place.net.service(), CALLER);
    caller.told(Told::Answered).await;
    ada.told(Told::Incoming).await;
    events.until(&["La banca dati non risponde"]);
    caller.does(Do::HangUp);
    std::fs::rename(&away, &file).unwrap();
    events.until(&["Banca dati"]);
    service.stop().await;
}
