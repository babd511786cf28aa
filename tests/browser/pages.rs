//! Every page in every look: no rule of WCAG 2.2 AA broken, nothing cut off, nothing from
//! elsewhere, and no complaint of the browser.

use polaris::app::phone::Told;
use polaris::console::{Admits, ROUTES};

use crate::console_support::{PASSWORD, Visitor, invited, message_left};
use crate::driver::Browser;
use crate::keys::go_around;
use crate::line_support::person::Person;
use crate::line_support::{CITIZENS, Place, lane};
use crate::looks::{complaints, judge};
use crate::{Scene, day, shown};

/// Who looks at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Administrator,
    Auditor,
    Coordinator,
    /// Whoever gave the password and not yet the code.
    Halfway,
    /// Ada, who is on duty and took the call.
    Responder,
    Stranger,
}

/// A page by its name, who looks at it, its address, how it is answered.
const PAGES: &[(&str, Who, &str, u16)] = &[
    ("entra", Who::Stranger, "/entra", 200),
    ("invito", Who::Stranger, "/invito/{token}", 200),
    ("codice", Who::Halfway, "/entra/codice", 200),
    ("adesso, with calls", Who::Coordinator, "/adesso", 200),
    ("chiamate", Who::Coordinator, "/chiamate", 200),
    ("chiamate, not understood", Who::Coordinator, "/chiamate?cerca=Rossi", 200),
    ("schede", Who::Coordinator, "/schede", 200),
    ("schede, none", Who::Coordinator, "/schede?fase=archiviata", 200),
    ("scheda", Who::Coordinator, "{case}", 200),
    ("scheda, on paper", Who::Coordinator, "{case}/stampa", 200),
    ("turni", Who::Coordinator, "/turni", 200),
    ("turni, with a gap", Who::Coordinator, "/turni?da={gap}", 200),
    ("turni, a month", Who::Coordinator, "/turni?vista=mese", 200),
    ("turni/assegna", Who::Coordinator, "/turni/assegna?servizio=polaris-br4", 200),
    ("turni/copertura", Who::Coordinator, "/turni/copertura", 200),
    ("turni/scambi", Who::Coordinator, "/turni/scambi", 200),
    ("turni/scambi/chiedi, of nobody", Who::Coordinator, "/turni/scambi/chiedi?modo=prendo", 422),
    ("turni/calendari", Who::Coordinator, "/turni/calendari", 200),
    ("rapporti", Who::Coordinator, "/rapporti?mese={month}", 200),
    ("rapporti, of the last month", Who::Coordinator, "/rapporti", 200),
    ("rapporti, not understood", Who::Coordinator, "/rapporti?mese=marzo", 200),
    ("rapporti, none", Who::Coordinator, "/rapporti?mese=2026-01", 200),
    ("voce", Who::Coordinator, "/voce", 200),
    ("voce, one", Who::Coordinator, "/voce/it/hold.1", 200),
    ("piani", Who::Coordinator, "/piani", 200),
    ("refused", Who::Coordinator, "/accessi", 403),
    ("absent", Who::Coordinator, "/nessuna", 404),
    ("accessi", Who::Administrator, "/accessi", 200),
    ("accessi, one", Who::Administrator, "/accessi/carla.rossi", 200),
    ("straordinario", Who::Administrator, "/straordinario", 200),
    ("straordinario, without a reason", Who::Administrator, "{glass}", 403),
    ("straordinario, a case", Who::Administrator, "{opened}", 200),
    ("straordinari", Who::Coordinator, "/straordinari", 200),
    ("registro", Who::Auditor, "/registro", 200),
    ("registro, some of it", Who::Auditor, "/registro?cosa=ingresso", 200),
    ("registro, not understood", Who::Auditor, "/registro?dal=ieri", 200),
    ("orari, always open", Who::Coordinator, "/orari", 200),
    ("adesso, a responder's", Who::Responder, "/adesso", 200),
    ("schede, a responder's", Who::Responder, "/schede", 200),
    ("scheda, a responder's", Who::Responder, "{case}", 200),
    ("turni, a responder's", Who::Responder, "/turni", 200),
    ("turni, one's own", Who::Responder, "/turni?solo=miei", 200),
    ("turni/scambi, a responder's", Who::Responder, "/turni/scambi", 200),
    ("turni/scambi/chiedi, cedo", Who::Responder, "/turni/scambi/chiedi?modo=cedo", 200),
    ("turni/scambi/chiedi, scambio", Who::Responder, "/turni/scambi/chiedi?modo=scambio", 200),
    ("turni/scambi/chiedi, prendo", Who::Responder, "/turni/scambi/chiedi?modo=prendo", 200),
    ("turni/calendari, a responder's", Who::Responder, "/turni/calendari", 200),
];

/// What is asked for and is no page: why none of them is judged.
const NO_PAGES: &[(&str, &str)] = &[
    ("/", "leads to the first page"),
    ("/adesso/eventi", "a stream"),
    ("/api/v1/openapi.json", "for programs"),
    ("/calendar/{file}", "a calendar"),
    ("/chiamate.csv", "a file"),
    ("/rapporti.csv", "a file"),
    ("/rapporti/casellario.csv", "a file"),
    ("/registro.csv", "a file"),
    ("/schede/{service}/{number}/allegato/{entry}", "a file"),
    ("/schede/{service}/{number}/messaggio", "a sound"),
    ("/statico/{file}", "a file"),
    ("/voce/{language}/{id}/prova", "a sound"),
    ("/voce/{language}/{id}/suono", "a sound"),
];

/// The address of a row with a case in it, without what is asked besides.
fn address(path: &str, case: &str) -> String {
    let glass = case.replace("/schede/", "/straordinario/");
    let path = path.replace("{case}", case).replace("{opened}", &glass.replace("-0001", "-0002"));
    path.replace("{glass}", &glass)
}

#[test]
fn every_page_of_the_console_is_judged() {
    let judged: Vec<String> = PAGES
        .iter()
        .map(|(_, _, path, _)| address(path.split('?').next().unwrap(), "/schede/s/2026-0001"))
        .collect();
    let is_of = |route: &str, path: &str| {
        let (route, path) = (route.split('/'), path.split('/'));
        route.clone().count() == path.clone().count()
            && route.zip(path).all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
    };
    let mut wrong = Vec::new();
    for (method, route, admits) in ROUTES {
        if *method != "GET" || matches!(admits, Admits::Program(_)) {
            continue;
        }
        let is_none = NO_PAGES.iter().any(|(known, _)| known == route);
        // What is written out wins over what has a name in its place.
        let fits = |path: &&String| {
            let exact = ROUTES.iter().any(|(_, other, _)| other == path && other != route);
            is_of(route, path) && !exact
        };
        match (is_none, judged.iter().find(fits)) {
            (true, Some(path)) => wrong.push(format!("{route} is no page, and {path} is judged")),
            (false, None) => wrong.push(format!("{route} is not judged: no row of PAGES")),
            _ => {}
        }
    }
    let routes: Vec<&str> = ROUTES.iter().map(|(_, route, _)| *route).collect();
    for (route, _) in NO_PAGES.iter().filter(|(route, _)| !routes.contains(route)) {
        wrong.push(format!("{route} is no route any more"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_page_is_for_everybody_in_every_look() {
    let mut scene = Scene::new().await;
    scene.talk("1").await;
    let case = scene.only_case();
    // Another one, for whom Bruno's telephone rings.
    let mut second = Person::at("un'altra persona", scene.place.net.phone(5)).await;
    second.calls(CITIZENS, scene.place.net.service(), "+390831777002");
    second.told(Told::Answered).await;
    second.presses("2");
    scene.bruno.told(Told::Incoming).await;
    let visitors = visitors(&scene);
    let token = invited(
        &scene.place,
        "bruno.neri",
        "responder",
        &["--full-name", "Bruno Neri", "--person", "Bruno Neri"],
    );
    let (today, gap) = (day(0), day(3));
    let browser = Browser::open(scene.window).await;
    let mut wrong = Vec::new();
    for (page, who, path, status) in PAGES {
        let visitor = visitors.iter().find(|(of, _)| of == who);
        browser.be(&visitor.map_or_else(|| Visitor::new(scene.window), |(_, v)| v.clone())).await;
        let path = address(&path.replace("/invito/{token}", &token), &case);
        let path = path.replace("{month}", today.get(..7).unwrap()).replace("{gap}", &gap);
        browser.go(&path).await;
        wrong.extend(judge(&browser, page).await);
        if !page.starts_with("adesso") {
            // The board is drawn anew meanwhile; it has a test of its own.
            go_around(&browser, &path).await;
        }
        wrong.extend(complaints(&browser, page, *status).await);
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(crate) fn visitors(scene: &Scene) -> Vec<(Who, Visitor)> {
    let of = |name, role, full: &str| {
        Visitor::of_role(&scene.place, scene.window, name, role, &["--full-name", full])
    };
    let mut halfway = Visitor::new(scene.window);
    let address = invited(&scene.place, "dora.leo", "coordinator", &["--full-name", "Dora Leo"]);
    halfway.choose_password(&address);
    halfway.post("/entra", &[("nome", "dora.leo"), ("password", PASSWORD)]);
    let mut coordinator = scene.coordinator();
    // Something for the audit log to show.
    coordinator.post(&format!("{}/mostra", first_case(&mut coordinator.clone())), &[]);
    let mut administrator = of("furio.sala", "administrator", "Furio Sala");
    // And a case that was read for a reason: another one than the page without.
    read_for_a_reason(&mut administrator, &mut coordinator.clone());
    vec![
        (Who::Administrator, administrator),
        (Who::Auditor, of("rita.longo", "auditor", "Rita Longo")),
        (Who::Coordinator, coordinator),
        (Who::Halfway, halfway),
        (Who::Responder, scene.responder()),
    ]
}

fn read_for_a_reason(administrator: &mut Visitor, coordinator: &mut Visitor) {
    let case = first_case(coordinator);
    let number = case.rsplit('/').next().unwrap();
    let reason = "La scheda non si apre a chi è di turno.";
    let fields = [("servizio", "polaris-br4"), ("numero", number), ("motivo", reason)];
    administrator.post("/straordinario", &fields).sends_to();
}

fn first_case(visitor: &mut Visitor) -> String {
    let cases = visitor.get("/schede");
    let list = cases.between("class=\"cases\"", "</ul>");
    let address = list.split("href=\"").nth(1).unwrap();
    address.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_empty_or_broken_is_for_everybody_too() {
    // Nobody on duty, and no line.
    let place = Place::new(lane(), &[]);
    let (service, window) = shown(&place).await;
    let more = ["--full-name", "Carla Rossi"];
    let carla = Visitor::of_role(&place, window, "carla.rossi", "coordinator", &more);
    let browser = Browser::open(window).await;
    browser.be(&carla).await;
    browser.go("/adesso").await;
    for word in ["Nessuna chiamata in corso", "Adesso nessuno è di turno", "Nessuna linea"] {
        browser.until(&format!("document.body.innerText.includes('{word}')")).await;
    }
    let mut wrong = judge(&browser, "adesso, empty").await;
    let (file, away) = (place.path("data/polaris.db"), place.path("data/altrove.db"));
    std::fs::rename(&file, &away).unwrap();
    // It is noticed when there is something to write.
    let caller = Person::at("chi chiama", place.net.caller()).await;
    caller.calls(CITIZENS, place.net.service(), crate::CALLER);
    browser.until("document.body.innerText.includes('La banca dati non risponde')").await;
    wrong.extend(judge(&browser, "adesso, all broken").await);
    std::fs::rename(&away, &file).unwrap();
    wrong.extend(complaints(&browser, "adesso", 200).await);
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_hours_and_what_a_closure_changes_are_for_everybody() {
    let place = Place::new(lane(), &[]);
    place.edit_plan(
        "hours always { comune \"074010\" \"Mesagne\" { patron none; }; }",
        "hours {\nends \"08:00\"\nstarts before-closing=\"30m\"\noffices { open mon tue wed thu fri \
         sat \"08:00-14:00\"; }\ncomune \"074010\" \"Mesagne\" { patron none; }\n}",
    );
    let (service, window) = shown(&place).await;
    let more = ["--full-name", "Carla Rossi"];
    let carla = Visitor::of_role(&place, window, "carla.rossi", "coordinator", &more);
    let browser = Browser::open(window).await;
    browser.be(&carla).await;
    browser.go("/orari").await;
    let mut wrong = judge(&browser, "orari").await;
    go_around(&browser, "/orari").await;
    let days = "const day = (id, days) => { document.getElementById(id).value = \
                new Date(Date.now() + days * 864e5).toISOString().slice(0, 10); };";
    let send = "document.querySelector('form[action=\"/orari/chiudi\"]').submit();";
    browser.see(&format!("{days} day('dal', 9); day('al', 8); {send}")).await;
    browser.until("document.body.innerText.includes('viene prima del primo')").await;
    wrong.extend(judge(&browser, "orari, not understood").await);
    browser.see(&format!("{days} day('al', 19); {send}")).await;
    browser.until("document.body.innerText.includes('il servizio risponde tutto il giorno')").await;
    wrong.extend(judge(&browser, "orari, before it is confirmed").await);
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_waits_to_be_heard_is_for_everybody() {
    let place = Place::new(lane(), &[]);
    let (service, window) = shown(&place).await;
    let number = message_left(&place, &service).await;
    let more = ["--full-name", "Carla Rossi"];
    let carla = Visitor::of_role(&place, window, "carla.rossi", "coordinator", &more);
    let browser = Browser::open(window).await;
    browser.be(&carla).await;
    let case = format!("/schede/polaris-br4/{number}");
    browser.go(&case).await;
    let says = |words: &str| format!("document.body.innerText.includes('{words}')");
    browser.until("document.querySelector('audio').checkVisibility()").await;
    browser.until(&says("da ascoltare")).await;
    let mut wrong = judge(&browser, "scheda, with a message").await;
    go_around(&browser, &case).await;
    wrong.extend(complaints(&browser, "scheda, with a message", 200).await);
    browser.go("/schede").await;
    browser.until(&says("messaggio registrato")).await;
    wrong.extend(judge(&browser, "schede, with a message").await);
    wrong.extend(complaints(&browser, "schede, with a message", 200).await);
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    drop(service);
}
