//! Accounts: made with a sentence beside what is wrong, seen with their visits, taken away.

use std::time::Duration;

use crate::console_support::{PASSWORD, Visitor, shown};
use crate::line_support::errors;
use crate::{coordinator, scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_account_is_made_seen_taken_away_and_given_back() {
    let (place, service, window) = scene().await;
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    let made = admin.post(
        "/accessi",
        &[
            ("nome", "ada.greco"),
            ("persona_nome", "Ada Greco"),
            ("ruolo", "responder"),
            ("servizio", "polaris-br4"),
            ("turni", "Ada Greco"),
        ],
    );
    let address = format!("/invito/{}", made.between("/invito/", "</code>"));
    let mut ada = Visitor::new(window);
    ada.choose_password(&address);
    ada.come_in("ada.greco");
    admin.get("/accessi");
    assert_eq!(admin.post("/accessi/ada.greco/togli", &[]).sends_to(), "/accessi");
    assert!(ada.get("/adesso").sends_to().starts_with("/entra"), "she is still in");
    let gone = ada.post("/entra", &[("nome", "ada.greco"), ("password", PASSWORD)]);
    assert_eq!(gone.status, 422);
    admin.post("/accessi/ada.greco/restituisci", &[]);
    ada.come_in("ada.greco");
    let own = admin.post("/accessi/admin/togli", &[]);
    assert!(own.status == 422 && own.body.contains("suo stesso accesso"), "{own:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_wrong_with_an_account_stands_beside_its_field_and_what_was_typed_stays() {
    let (place, service, window) = scene().await;
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    let page = admin.get("/accessi");
    assert!(page.body.contains("<option value=\"Ada Greco\">"), "whom to choose: {}", page.body);
    let wrong = [
        ("nome", "Ada Greco"),
        ("persona_nome", ""),
        ("ruolo", "capo"),
        ("servizio", "polaris-br4"),
        ("turni", "Ada <Grecco>"),
    ];
    let back = admin.post("/accessi", &wrong);
    assert_eq!(back.status, 422);
    for (field, problem, sentence) in [
        ("nome", "p-nome", "non va come nome"),
        ("persona_nome", "p-persona", "Scriva nome e cognome"),
        ("ruolo", "p-ruolo", "Scelga un ruolo"),
        ("turni", "p-turni", "«Ada &#60;Grecco&#62;» non è fra le persone dei turni"),
    ] {
        let told = back.between(&format!("role=\"alert\" id=\"{problem}\">"), "</p>");
        assert!(told.contains(sentence), "{field}: {told}");
        let input = back.between(&format!("id=\"{field}\" "), ">");
        assert!(input.contains("aria-invalid=\"true\"") && input.contains(problem), "{input}");
    }
    for kept in ["value=\"Ada Greco\"", "value=\"Ada &#60;Grecco&#62;\"", "\" checked>"] {
        assert!(back.body.contains(kept), "{kept} is gone: {}", back.body);
    }
    let taken = [("nome", "admin"), ("persona_nome", "Un altro"), ("ruolo", "auditor")];
    let back = admin.post("/accessi", &taken);
    let told = back.between("role=\"alert\" id=\"p-nome\">", "</p>");
    assert!(back.status == 422 && told.contains("admin"), "{told}");
    assert!(back.body.contains("<option value=\"auditor\" selected>"), "{}", back.body);
    let nobody = [("nome", "zoe"), ("persona_nome", "Zoe Neri"), ("ruolo", "responder")];
    let back = admin.post("/accessi", &nobody);
    let told = back.between("role=\"alert\" id=\"p-turni\">", "</p>");
    assert!(back.status == 422 && told.contains("come si chiama nei turni"), "{told}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_the_terminal_an_account_that_will_see_no_case_is_made_with_a_warning() {
    let (place, service, _) = scene().await;
    let blind = ["user", "add", "zoe", "--role", "responder"];
    let named = ["user", "add", "ada", "--role", "responder", "--person", "Ada Greco"];
    let other = ["user", "add", "dora", "--role", "coordinator"];
    for (command, warned) in [(&blind[..], true), (&named, false), (&other, false)] {
        let made = place.run(command);
        assert!(made.status.success(), "{}", errors(&made));
        assert_eq!(errors(&made).contains("non vedrà alcuna scheda"), warned, "{command:?}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn open_visits_are_seen_and_ended_and_nobody_watches_on() {
    let (place, service, window) = scene().await;
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    let mut ada = Visitor::of_role(&place, window, "ada", "responder", &["--person", "Ada Greco"]);
    let mut telephone = Visitor::new(window);
    telephone.come_in("ada");
    let mut bruno = Visitor::of_role(&place, window, "bruno", "responder", &[]);
    let mut events = telephone.watch();
    events.until(&["event: strip"]);
    let page = admin.get("/accessi");
    let row = page.between("<code>ada</code>", "</tr>");
    assert_eq!(row.matches("ultima pagina").count(), 2, "{row}");
    assert!(page.between("<code>admin</code>", "</tr>").contains("(questa)"), "{}", page.body);
    assert!(!page.body.contains("action=\"/accessi/admin/esci\""), "there is no other of hers");
    assert!(!page.body.contains("127.0."), "an address: {}", page.body);
    assert_eq!(admin.post("/accessi/ada/esci", &[]).sends_to(), "/accessi");
    events.end();
    for out in [&mut ada, &mut telephone] {
        assert!(out.get("/adesso").sends_to().starts_with("/entra"), "still in");
    }
    assert_eq!(bruno.get("/adesso").status, 200);
    let page = admin.get("/accessi");
    assert!(page.between("<code>ada</code>", "</tr>").contains("nessuna"), "{}", page.body);
    ada.come_in("ada");
    // Of one's own the one that asks stays.
    let mut other = Visitor { cookie: None, csrf: String::new(), ..admin.clone() };
    other.post("/entra", &[("nome", "admin"), ("password", PASSWORD)]);
    let page = admin.get("/accessi");
    let row = page.between("<code>admin</code>", "</tr>");
    assert!(row.contains("(manca il codice)") && row.contains("chiudi le altre visite"), "{row}");
    admin.post("/accessi/admin/esci", &[]);
    assert_eq!(admin.get("/accessi").status, 200);
    assert!(other.get("/entra/codice").sends_to().starts_with("/entra?"), "still halfway in");
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = rita.get("/registro").body;
    for words in ["visite chiuse", "2 visite", "1 visita"] {
        assert!(audit.contains(words), "{words}: {audit}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_an_account_is_can_be_changed_and_is_told_in_the_log() {
    let (place, service, window) = scene().await;
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    let more = ["--full-name", "Ada Grecco", "--service", "pis-lecce"];
    let mut ada = Visitor::of_role(&place, window, "ada", "responder", &more);
    let page = admin.get("/accessi/ada");
    let wanted = ["value=\"Ada Grecco\"", "\"responder\" selected", "\"pis-lecce\" checked"];
    for there in wanted {
        assert!(page.body.contains(there), "{there}: {}", page.body);
    }
    let form = |role, person, service| {
        [("persona_nome", "Ada Greco"), ("ruolo", role), ("turni", person), ("servizio", service)]
    };
    // What is wrong stands beside its field, and nothing is changed.
    for (person, field, sentence) in
        [("Ada Grecco", "p-turni", "non è fra le persone"), ("", "p-turni", "come si chiama")]
    {
        let back = admin.post("/accessi/ada/cambia", &form("responder", person, "polaris-br4"));
        let told = back.between(&format!("role=\"alert\" id=\"{field}\">"), "</p>");
        assert!(back.status == 422 && told.contains(sentence), "{back:?}");
    }
    assert_eq!(ada.get("/adesso").status, 200);
    // Her name alone: she stays in.
    let named = form("responder", "Ada Greco", "pis-lecce");
    assert_eq!(admin.post("/accessi/ada/cambia", &named).sends_to(), "/accessi");
    assert_eq!(ada.get("/adesso").status, 200);
    let own = [("persona_nome", "Capo"), ("ruolo", "auditor")];
    let own = admin.post("/accessi/admin/cambia", &own);
    let told = own.between("role=\"alert\" id=\"p-ruolo\">", "</p>");
    assert!(own.status == 422 && told.contains("suo stesso ruolo"), "{told}");
    let kept = [("persona_nome", "Capo"), ("ruolo", "administrator")];
    assert_eq!(admin.post("/accessi/admin/cambia", &kept).sends_to(), "/accessi");
    assert_eq!(admin.get("/accessi").status, 200, "her own visit is over");
    // Another service: who is in comes in anew.
    let mut events = ada.watch();
    events.until(&["event: strip"]);
    let moved = form("responder", "Ada Greco", "polaris-br4");
    assert_eq!(admin.post("/accessi/ada/cambia", &moved).sends_to(), "/accessi");
    events.end();
    assert!(ada.get("/adesso").sends_to().starts_with("/entra"), "she is still in");
    ada.come_in("ada");
    assert_eq!(ada.get("/schede").status, 200);
    // Nothing else: nothing happens, and no row tells it.
    admin.post("/accessi/ada/cambia", &moved);
    assert_eq!(ada.get("/schede").status, 200);
    // A role that sees more gives a second factor first.
    let raised = form("coordinator", "Ada Greco", "polaris-br4");
    assert_eq!(admin.post("/accessi/ada/cambia", &raised).sends_to(), "/accessi");
    let mut again = Visitor { cookie: None, csrf: String::new(), ..ada.clone() };
    let entered = again.post("/entra", &[("nome", "ada"), ("password", PASSWORD)]);
    assert!(entered.sends_to().starts_with("/entra/codice"), "{entered:?}");
    assert_eq!(again.get("/chiamate").sends_to(), "/entra/codice");
    assert!(again.get("/entra/codice").body.contains("class=\"qr\""));
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = rita.get("/registro");
    let audit = audit.between("<tbody>", "</tbody>");
    for words in [
        "<td>accesso di operatore ai servizi pis-lecce</td>",
        "<td>nome e cognome; nome nei turni; accesso di operatore ai servizi pis-lecce</td>",
        "<td>servizi da pis-lecce a polaris-br4; accesso di operatore ai servizi polaris-br4</td>",
        "<td>ruolo da operatore a coordinatore; accesso di coordinatore ai servizi polaris-br4</td>",
    ] {
        assert_eq!(audit.matches(words).count(), 1, "{words}: {audit}");
    }
    assert!(!audit.contains("Grec"), "{audit}");
    assert!(rita.get("/accessi/ada").status == 403);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_the_terminal_what_is_not_written_stays_as_it_is() {
    let (place, service, window) = scene().await;
    let more = ["--person", "Ada Greco", "--service", "polaris-br4"];
    let mut ada = Visitor::of_role(&place, window, "ada", "responder", &more);
    let change = |more: &[&str]| place.run(&[&["user", "change", "ada"], more].concat());
    assert!(change(&["--full-name", "Ada Greco"]).status.success());
    assert_eq!(ada.get("/adesso").status, 200, "a name ends no visit");
    for (wrong, told) in [
        (&["--role", "capo"][..], "«capo» non è un ruolo"),
        (&["--full-name", " "], "Scriva nome e cognome"),
    ] {
        let refused = change(wrong);
        assert_eq!(refused.status.code(), Some(1), "{wrong:?}");
        assert!(errors(&refused).contains(told), "{}", errors(&refused));
    }
    assert!(errors(&place.run(&["user", "change", "zoe"])).contains("«zoe»"));
    let mut events = ada.watch();
    events.until(&["event: strip", "event: board"]);
    let raised = change(&["--role", "coordinator", "--service", "tutti"]);
    assert!(raised.status.success(), "{}", errors(&raised));
    // Nobody cut it: it looks for itself, long before its ten minutes are over.
    let watched = tokio::time::Instant::now();
    events.end();
    assert!(watched.elapsed() < Duration::from_secs(60), "she watches on");
    assert!(ada.get("/adesso").sends_to().starts_with("/entra"), "she is still in");
    let listed = place.run(&["user", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let line = listed.lines().find(|line| line.starts_with("ada ")).unwrap();
    assert!(line.contains("coordinatore") && line.ends_with("tutti"), "{line}");
    let blind = change(&["--role", "responder", "--person", ""]);
    assert!(errors(&blind).contains("non vedrà alcuna scheda"), "{}", errors(&blind));
    let again = change(&["--role", "responder"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("era già così"));
    assert!(place.run(&["audit", "verify"]).status.success());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_cannot_be_undone_by_a_second_press_says_first_what_it_does() {
    let (place, service, window) = scene().await;
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    Visitor::of_role(&place, window, "ada", "responder", &["--person", "Ada Greco"]);
    let page = admin.get("/accessi");
    let row = page.between("<code>ada</code>", "</tr>");
    for (action, sentence) in [
        ("togli", "è fuori subito e non entra più"),
        ("invito", "a un indirizzo che serve una volta"),
    ] {
        let before = row.split(&format!("action=\"/accessi/ada/{action}\"")).next().unwrap();
        assert!(before.rfind("<details>") > before.rfind("</details>"), "{action}: {row}");
        assert!(row.contains(sentence), "{action}: {row}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_makes_a_coordinator_is_seen_by_the_coordinators() {
    let (place, service, window) = scene().await;
    let mut carla = coordinator(&place, window);
    let mut events = carla.watch();
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    assert!(!carla.get("/adesso").body.contains("Nuovo accesso"), "her own, or admin's");
    let eva = [("nome", "eva"), ("persona_nome", "Eva Neri"), ("ruolo", "auditor")];
    assert_eq!(admin.post("/accessi", &eva).status, 200);
    let raised = [("persona_nome", "Eva Neri"), ("ruolo", "coordinator")];
    assert_eq!(admin.post("/accessi/eva/cambia", &raised).sends_to(), "/accessi");
    events.until(&["Accesso di coordinatore cambiato: Eva Neri (", "da admin)"]);
    admin.post("/accessi/carla/invito", &[]);
    events.until(&["Nuovo indirizzo per l&#39;accesso di coordinatore: "]);
    // Whatever is done after it, it stays.
    let back = [("persona_nome", "Eva Neri"), ("ruolo", "auditor")];
    assert_eq!(admin.post("/accessi/eva/cambia", &back).sends_to(), "/accessi");
    events.until(&["Accesso di coordinatore cambiato: Eva Neri (", "da admin, poi cambiato)"]);
    assert_eq!(admin.post("/accessi/eva/togli", &[]).sends_to(), "/accessi");
    events.until(&["Accesso di coordinatore cambiato: Eva Neri (", "da admin, poi tolto)"]);
    service.stop().await;
    // Nor does a new start forget it.
    let (service, window) = shown(&place).await;
    let mut dora = Visitor::of_role(&place, window, "dora", "coordinator", &[]);
    let page = dora.get("/adesso").body;
    assert!(page.contains("cambiato: Eva Neri (") && page.contains("poi tolto)"), "{page}");
    service.stop().await;
}
