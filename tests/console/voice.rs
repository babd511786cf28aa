//! What callers hear is changed in the console: tried out first, then heard by the next call.

use std::net::SocketAddr;
use std::path::Path;

use polaris::app::phone::{Do, Told};

use crate::console_support::{Visitor, shown};
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, Place, lane};
use crate::{CALLER, coordinator, scene, telephones};

const NEW: &str = "Pronto intervento: resti in linea.";
const WELCOME: &str = "/voce/it/welcome.polaris";

/// A service whose folder of recordings is its own and no other test's.
pub(crate) async fn scene_with_own_recordings() -> (Place, Service, SocketAddr) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let window = SocketAddr::new(place.net.service().ip(), 8080);
    let config = place.config(&format!("[console]\nlisten = \"{window}\"\n"));
    let shared = config.split("overrides = \"").nth(1).unwrap().split('"').next().unwrap();
    for language in ["it", "en"] {
        let own = place.path("registrazioni").join(language);
        std::fs::create_dir_all(&own).unwrap();
        for file in std::fs::read_dir(Path::new(shared).join(language)).into_iter().flatten() {
            let file = file.unwrap();
            std::fs::copy(file.path(), own.join(file.file_name())).unwrap();
        }
    }
    place.write("polaris.toml", &config.replace(shared, "registrazioni"));
    let (service, window) = shown(&place).await;
    (place, service, window)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_text_is_listened_to_first_and_heard_by_the_next_call_once_it_is_published() {
    let (place, service, window) = scene_with_own_recordings().await;
    let mut carla = coordinator(&place, window);
    let before = carla.fetch(&format!("{WELCOME}/suono"));
    assert!(before.starts_with(b"RIFF"), "no WAV");
    let spoken = carla.post(&format!("{WELCOME}/testo"), &[("testo", NEW)]);
    assert!(spoken.sends_to().ends_with("#prova"), "{spoken:?}");
    let page = carla.get(WELCOME);
    for word in ["Prova da pubblicare", "del programma", "livello −20"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    let trial = carla.fetch(&format!("{WELCOME}/prova"));
    assert!(trial.starts_with(b"RIFF") && trial != before);
    let heard = carla.fetch(&format!("{WELCOME}/suono"));
    assert!(heard == before, "heard before it is published");
    let published = carla.post(&format!("{WELCOME}/pubblica"), &[]);
    assert_eq!(published.sends_to(), WELCOME);
    assert!(carla.fetch(&format!("{WELCOME}/suono")) == trial);
    let list = carla.get("/voce");
    assert!(list.body.contains("del servizio") && !list.body.contains("prova da pubblicare"));
    // The telephones here know the program's recordings alone: one of those in its place.
    let known = carla.fetch("/voce/it/hold.1/suono");
    std::fs::write(place.path("registrazioni/it/welcome.polaris.wav"), known).unwrap();
    service.signal("HUP");
    service.says(&["the plans were read anew"]).await;
    let (mut caller, _ada, _exchange) = telephones(&place).await;
    caller.calls(CITIZENS, place.net.service(), CALLER);
    caller.told(Told::Answered).await;
    caller.hears("hold.1").await;
    caller.hears("privacy.short").await;
    caller.does(Do::HangUp);
    service.step("ended").await;
    // The next start has it, too; and the program's own can be had back.
    let listed = String::from_utf8(place.run(&["prompts", "list"]).stdout).unwrap();
    let line = listed.lines().find(|line| line.contains("welcome.polaris")).unwrap();
    assert!(line.contains(NEW), "{line}");
    let withdrawn = carla.post(&format!("{WELCOME}/ritira"), &[]);
    assert_eq!(withdrawn.sends_to(), WELCOME);
    assert!(carla.get(WELCOME).body.contains("<dt>Voce</dt><dd>del programma</dd>"));
    let mut auditor = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = auditor.get("/registro").body;
    for word in ["messaggio pubblicato", "messaggio ritirato", "it/welcome.polaris", "impronta"] {
        assert!(audit.contains(word), "{word}: {audit}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_cannot_be_a_recording_comes_back_with_a_sentence_and_what_was_typed() {
    let (place, service, window) = scene().await;
    let mut carla = coordinator(&place, window);
    let own = carla.fetch("/voce/it/retry/suono");
    let words = [("testo", "Come, scusi?")];
    let recorded = carla.upload("/voce/it/retry/registrazione", &words, ("voce.wav", &own));
    assert!(recorded.sends_to().ends_with("#prova"), "{recorded:?}");
    let page = carla.get("/voce/it/retry").body;
    assert!(page.contains("<blockquote>Come, scusi?</blockquote>"), "{page}");
    let typed = [("testo", "Come, prego?")];
    for (file, sentence) in [
        (b"ID3 no WAV".to_vec(), "Non è un WAV intero"),
        (vec![0; 7 * 1024 * 1024], "Il file è troppo grande"),
        (Vec::new(), "Scelga il file"),
    ] {
        let back = carla.upload("/voce/it/retry/registrazione", &typed, ("voce.wav", &file));
        assert_eq!(back.status, 422, "{sentence}: {}", back.body);
        assert!(back.between("id=\"p-file\">", "<").contains(sentence), "{}", back.body);
        // Each field has its own words.
        for (field, words) in [("parole", "Come, prego?"), ("testo", "Come, scusi?")] {
            let kept = back.between(&format!("<textarea id=\"f-{field}\""), "</textarea>");
            assert!(kept.ends_with(words), "{field}: {kept}");
        }
    }
    let wordless =
        carla.upload("/voce/it/retry/registrazione", &[("testo", " ")], ("voce.wav", &own));
    assert!(wordless.between("id=\"p-parole\">", "<").contains("Scriva le parole"));
    let field = wordless.between("<textarea id=\"f-parole\"", ">");
    assert!(field.contains("aria-invalid=\"true\" aria-describedby=\"p-parole\""), "{field}");
    for (text, sentence) in [("…", "nulla da pronunciare"), (&"a".repeat(601), "il massimo è 600")]
    {
        let back = carla.post("/voce/it/retry/testo", &[("testo", text)]);
        assert_eq!(back.status, 422, "{}", back.body);
        assert!(back.body.contains(sentence) && back.body.contains(text), "{}", back.body);
    }
    // None of it became the trial, and the trial is no call's.
    assert!(carla.get("/voce/it/retry").body == page);
    assert!(carla.fetch("/voce/it/retry/suono") == own);
    assert_eq!(carla.get("/voce/it/../../etc").status, 404);
    assert_eq!(carla.get("/voce/it/nessuno").status, 404);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_other_services_hear_too_is_changed_by_who_sees_them_all() {
    let (place, service, window) = scene().await;
    let more = ["--service", "pis-lecce"];
    let mut luca = Visitor::of_role(&place, window, "luca", "coordinator", &more);
    let text = [("testo", "Un momento.")];
    luca.get("/voce");
    for shared in ["hold.1", "privacy.short", "welcome.polaris"] {
        let refused = luca.post(&format!("/voce/it/{shared}/testo"), &text);
        assert_eq!(refused.status, 403, "{shared}");
    }
    let plans = luca.get("/piani").body;
    assert!(!plans.contains("POLARIS, Pronto"), "another service's plan: {plans}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_plans_are_told_in_plain_italian_with_what_the_check_found() {
    let (place, service, window) = scene().await;
    let mut carla = coordinator(&place, window);
    let page = carla.get("/piani").body;
    for word in ["I cittadini chiamano", "situazioni percorse", "Attese massime", "Comuni serviti"]
    {
        assert!(page.contains(word), "{word}: {page}");
    }
    service.stop().await;
}
