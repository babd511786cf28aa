//! Callers whom nobody spoke with: who has to look at them, and what is said about calling back.

use polaris::app::phone::{Do, Told};

use crate::console_support::Visitor;
use crate::line_support::service::Service;
use crate::line_support::{CITIZENS, Place, soon};
use crate::{CALLER, coordinator, one_call, scene, telephones};

/// One call with this key, or in silence, given up while Ada's telephone rings; the number of its case.
async fn given_up(place: &Place, service: &Service, key: &str) -> String {
    let (mut caller, mut ada, _exchange) = telephones(place).await;
    caller.calls(CITIZENS, place.net.service(), CALLER);
    caller.told(Told::Answered).await;
    if !key.is_empty() {
        caller.presses(key);
    }
    ada.told(Told::Incoming).await;
    caller.does(Do::HangUp);
    ada.told(Told::HungUp).await;
    service.step("ended").await;
    // What is told in the log is written a moment later.
    soon("somebody has to look at it", async {
        while place.only_case()["callback_owed"] != true {
            tokio::task::yield_now().await;
        }
    })
    .await;
    place.only_case()["case"].as_str().unwrap().to_owned()
}

const NO: &str = "Non richiamare: è una richiesta per violenza. Decide un coordinatore.";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn about_a_call_for_violence_that_was_given_up_a_coordinator_decides() {
    let (place, service, window) = scene().await;
    let number = given_up(&place, &service, "2").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    carla.watch().until(&["1 richiamo da fare o da decidere"]);
    let list = carla.get("/schede?da=richiamare").body;
    assert!(list.contains(&number), "{list}");
    assert!(list.contains("decide il coordinatore se richiamare"), "{list}");
    assert!(!list.contains("da richiamare"), "somebody might just do so: {list}");
    let said = place.run(&["case", &number]).stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("richiamare   decide il coordinatore\n"), "{said}");
    let page = carla.get(&address);
    assert!(page.body.contains("<td>squillo interrotto</td>"), "{}", page.body);
    // Whoever has the number before their eyes has the sentence there, too.
    let shown = carla.post(&format!("{address}/mostra"), &[]).body;
    let (_, beside) = shown.split_once(CALLER).unwrap();
    let (beside, _) = beside.split_once("<dt>Com").unwrap();
    assert!(beside.contains(&format!("<dt>Richiamare</dt><dd><b>{NO}</b>")), "{beside}");
    assert!(!page.body.contains("<dt>Richiamare</dt>"), "{}", page.body);

    let base = page.between("name=\"base\" value=\"", "\"").to_owned();
    // That there is nobody to call is not for a responder to say.
    let mut ada = Visitor::of_role(&place, window, "ada", "responder", &["--person", "Ada Greco"]);
    ada.get(&address);
    let test = [("da", "segnalazione"), ("a", "archiviata"), ("fine", "prova"), ("base", &base)];
    let refused = ada.post(&format!("{address}/fase"), &test);
    assert!(refused.status == 422 && refused.body.contains("lo dice un coordinatore"));
    let decided = [("esito", "not_to_be_called"), ("nota", "Chi la minaccia è in casa.")];
    let decided: Vec<_> = decided.into_iter().chain([("base", base.as_str())]).collect();
    assert_eq!(carla.post(&format!("{address}/richiamo"), &decided).status, 303);
    assert!(!carla.get("/schede?da=richiamare").body.contains(&number));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_elderly_caller_who_gave_up_is_to_be_called_back() {
    let (place, service, window) = scene().await;
    let number = given_up(&place, &service, "4").await;
    let mut carla = coordinator(&place, window);
    let list = carla.get("/schede?da=richiamare").body;
    assert!(list.contains(&number) && list.contains("</b> da richiamare</span>"), "{list}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn about_a_caller_who_may_be_unable_to_speak_a_coordinator_decides() {
    let (place, service, window) = scene().await;
    let number = given_up(&place, &service, "").await;
    let mut carla = coordinator(&place, window);
    undecided(&place, &mut carla, &number);
    let page = carla.get(&format!("/schede/polaris-br4/{number}")).body;
    assert!(page.contains("chi ha chiamato forse non può parlare. Decide"), "{page}");
    service.stop().await;
}

/// The list, the page and the command line say that a coordinator decides.
fn undecided(place: &Place, carla: &mut Visitor, number: &str) {
    let list = carla.get("/schede?da=richiamare").body;
    assert!(list.contains(number), "{list}");
    assert!(list.contains("decide il coordinatore se richiamare"), "{list}");
    assert!(!list.contains("da richiamare"), "somebody might just do so: {list}");
    let page = carla.get(&format!("/schede/polaris-br4/{number}")).body;
    assert!(page.contains("Attenzione</b> decide il coordinatore se richiamare"), "{page}");
    let said = String::from_utf8(place.run(&["case", number]).stdout).unwrap();
    assert!(said.contains("richiamare   decide il coordinatore\n"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_scheda_says_about_calling_back_holds_everywhere_and_without_the_keys() {
    let (place, service, window) = scene().await;
    let number = given_up(&place, &service, "4").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    for field in [("bisogno.minori", "si"), ("segnalante.richiamare", "no")] {
        let base = carla.get(&address).between("name=\"base\" value=\"", "\"").to_owned();
        let typed = [field, ("base", base.as_str())];
        assert_eq!(carla.post(&format!("{address}/scheda"), &typed).status, 303, "{field:?}");
        undecided(&place, &mut carla, &number);
    }
    std::fs::rename(place.path("schede.key"), place.path("away.key")).unwrap();
    let paper = carla.get(&format!("{address}/stampa")).body;
    assert!(paper.contains("Non richiamare: la persona ha chiesto di non farlo."), "{paper}");
    std::fs::rename(place.path("away.key"), place.path("schede.key")).unwrap();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_paper_says_what_the_territorial_service_needs_and_nothing_of_the_line() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "2").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let base = |page: &str| {
        let (_, base) = page.split_once("name=\"base\" value=\"").unwrap();
        base.split('"').next().unwrap().to_owned()
    };
    let paper = carla.get(&format!("{address}/stampa")).body;
    for words in ["<dt>Inviata</dt><dd>non ancora<", "Nessun documento."] {
        assert!(paper.contains(words), "{words}: {paper}");
    }
    for name in ["verbale.pdf", "sbagliato.pdf"] {
        let seen = base(&carla.get(&address).body);
        let file = (name, &b"%PDF-1.4 x"[..]);
        assert_eq!(
            carla.upload(&format!("{address}/allegato"), &[("base", &seen)], file).status,
            303
        );
    }
    let page = carla.get(&address).body;
    let (_, last) = page.rsplit_once("name=\"quale\" value=\"").unwrap();
    let entry = last.split('"').next().unwrap();
    for (form, fields) in [
        ("allegato/ritira", &[("quale", entry), ("motivo", "Di un altro caso.")][..]),
        ("invio", &[("a", "Comune di Mesagne"), ("come", "PEC"), ("quando", "2026-01-02T03:04")]),
        ("ricevuta", &[("chi", "dott. Neri"), ("quando", "02/01/2026 05:06")]),
    ] {
        let seen = base(&carla.get(&address).body);
        let fields: Vec<_> = fields.iter().copied().chain([("base", seen.as_str())]).collect();
        assert_eq!(carla.post(&format!("{address}/{form}"), &fields).status, 303, "{form}");
    }
    let paper = carla.get(&format!("{address}/stampa")).body;
    for words in [
        "<dt>Chi chiama</dt><dd>+39…01</dd>",
        NO,
        "Verifichi chi risponde prima di dire da dove chiama.",
        "Risposta di una persona",
        "Operatore sul posto",
        "Scheda inviata",
        "Presa in carico",
        "<dt>Inviata</dt><dd>02/01/2026 03:04:00, a Comune di Mesagne (PEC)</dd>",
        "<dt>Ricevuta confermata</dt><dd>02/01/2026 05:06:00, da dott. Neri</dd>",
        "<li>verbale.pdf (PDF, 1 kB)</li>",
        "Ada Greco prende la chiamata.",
        "Fine: servita da un operatore.",
    ] {
        assert!(paper.contains(words), "{words}: {paper}");
    }
    let (_, documents) = paper.split_once("<h2>Documenti</h2>").unwrap();
    let (documents, _) = documents.split_once("<h2>").unwrap();
    assert!(!documents.contains("sbagliato"), "it was withdrawn: {documents}");
    // Elsewhere nobody has confirmed yet.
    let seen = base(&carla.get(&address).body);
    let sent = [("a", "Comune di Latiano"), ("quando", "2026-01-02T06:07"), ("base", &seen)];
    assert_eq!(carla.post(&format!("{address}/invio"), &sent).status, 303);
    let again = carla.get(&format!("{address}/stampa")).body;
    for words in ["06:07:00, a Comune di Latiano</dd>", "confermata</dt><dd>non ancora</dd>"] {
        assert!(again.contains(words), "{words}: {again}");
    }
    for words in [CALLER, "Qualità audio", "si attende il tasto 1", "Squilla ", "Chi chiama preme"]
    {
        assert!(!paper.contains(words), "{words}: {paper}");
    }
    service.stop().await;
}
