//! Who may open which route, written out: the table of the console held against this one, and
//! this one against what is answered.

use std::net::SocketAddr;

use polaris::access::{Act, Role, may};
use polaris::console::{Admits, ROUTES};

use crate::console_support::{Answer, PASSWORD, Visitor, invited};
use crate::line_support::Place;
use crate::{coordinator, one_call, scene};

/// A administrator, R auditor (revisore), C coordinator, O responder (operatore); else who is
/// served there without a role: everybody, who gave the password alone, a program's scope.
const TABLE: &str = "
everybody     GET  /statico/{file}
everybody     GET  /calendar/{file}
everybody     GET  /entra
everybody     POST /entra
everybody     GET  /invito/{token}
everybody     POST /invito/{token}
halfway       GET  /entra/codice
halfway       POST /entra/codice
halfway       POST /esci
ARCO          GET  /
A-CO          GET  /adesso
A-CO          GET  /adesso/eventi
--C-          GET  /chiamate
--C-          GET  /chiamate.csv
--CO          GET  /schede
--CO          GET  /schede/{service}/{number}
--CO          POST /schede/{service}/{number}/mostra
--CO          GET  /schede/{service}/{number}/messaggio
A-CO          GET  /turni
A-CO          GET  /turni/copertura
--C-          GET  /turni/assegna
--C-          POST /turni/assegna
--C-          POST /turni/togli
--CO          POST /turni/non-posso
--CO          POST /turni/posso
--CO          GET  /turni/scambi
--CO          GET  /turni/scambi/chiedi
--CO          POST /turni/scambi/chiedi
--CO          POST /turni/scambi/prendi
--CO          POST /turni/scambi/ritira
--C-          POST /turni/scambi/decidi
A-CO          GET  /turni/calendari
A-CO          POST /turni/calendari
A-CO          POST /turni/calendari/revoca
--C-          GET  /orari
--C-          POST /orari/chiudi
--C-          POST /orari/togli
--CO          GET  /schede/{service}/{number}/stampa
--CO          POST /schede/{service}/{number}/scheda
--CO          POST /schede/{service}/{number}/bozza
--CO          POST /schede/{service}/{number}/bozza/togli
--CO          POST /schede/{service}/{number}/fase
--CO          POST /schede/{service}/{number}/invio
--CO          POST /schede/{service}/{number}/ricevuta
--CO          POST /schede/{service}/{number}/richiamo
--CO          POST /schede/{service}/{number}/unisci
--CO          POST /schede/{service}/{number}/nota
--C-          GET  /rapporti
--C-          GET  /rapporti.csv
--C-          GET  /rapporti/casellario.csv
A-C-          GET  /voce
A-C-          GET  /voce/{language}/{id}
A-C-          GET  /voce/{language}/{id}/suono
A-C-          GET  /voce/{language}/{id}/prova
A-C-          POST /voce/{language}/{id}/testo
A-C-          POST /voce/{language}/{id}/registrazione
A-C-          POST /voce/{language}/{id}/pubblica
A-C-          POST /voce/{language}/{id}/butta
A-C-          POST /voce/{language}/{id}/ritira
A-C-          GET  /piani
--CO          POST /schede/{service}/{number}/allegato
--CO          POST /schede/{service}/{number}/allegato/ritira
--CO          GET  /schede/{service}/{number}/allegato/{entry}
A---          GET  /accessi
A---          POST /accessi
A---          GET  /accessi/{name}
A---          POST /accessi/{name}/cambia
A---          POST /accessi/{name}/invito
A---          POST /accessi/{name}/esci
A---          POST /accessi/{name}/togli
A---          POST /accessi/{name}/restituisci
A---          GET  /straordinario
A---          POST /straordinario
A---          GET  /straordinario/{service}/{number}
--C-          GET  /straordinari
--C-          POST /straordinari
-R--          GET  /registro
-R--          GET  /registro.csv
everybody     GET  /api/v1/openapi.json
calls:read    GET  /api/v1/calls
cases:read    GET  /api/v1/cases
cases:read    GET  /api/v1/cases/{service}/{number}
coverage:read GET  /api/v1/coverage
roster:write  POST /api/v1/roster
roster:read   GET  /api/v1/roster/on-call
roster:read   GET  /api/v1/roster/{table}
";

const ROLES: [(char, Role); 4] = [
    ('A', Role::Administrator),
    ('R', Role::Auditor),
    ('C', Role::Coordinator),
    ('O', Role::Responder),
];

/// Who, method and path of each line.
fn table() -> Vec<(&'static str, &'static str, &'static str)> {
    let lines = TABLE.trim().lines().map(|line| {
        let mut words = line.split_whitespace();
        (words.next().unwrap(), words.next().unwrap(), words.next().unwrap())
    });
    lines.collect()
}

/// Whether a line is about roles, and this one is among them.
fn opens_to(who: &str, role: Role) -> Option<bool> {
    let of_roles = who.len() == 4 && who.chars().all(|letter| "ARCO-".contains(letter));
    let own = |(letter, other): &(char, Role)| *other == role && who.contains(*letter);
    of_roles.then(|| ROLES.iter().any(own))
}

#[test]
fn every_route_admits_whom_the_table_says() {
    let letters = |act: Act| {
        let letter = |(letter, role): (char, Role)| if may(role, act) { letter } else { '-' };
        ROLES.map(letter).iter().collect::<String>()
    };
    let who = |admits: &Admits| match admits {
        Admits::All => "everybody".to_owned(),
        Admits::Halfway => "halfway".to_owned(),
        Admits::Program(scope) => scope.word().to_owned(),
        Admits::Who(act) => letters(*act),
    };
    let line = |(method, path, admits): &(&str, &str, Admits)| {
        format!("{:<13} {method:<4} {path}", who(admits))
    };
    let drawn: Vec<String> = ROUTES.iter().map(line).collect();
    let differs = drawn.iter().zip(TABLE.trim().lines()).find(|(drawn, line)| drawn != line);
    assert_eq!(differs, None);
    assert_eq!(drawn.len(), table().len());
}

/// A route as somebody asks for it who knows no object there.
fn filled(path: &str) -> String {
    path.replace("{service}", "polaris-br4")
        .replace("{number}", "2026-0417")
        .replace("{language}/{id}", "it/nessuno")
        .replace("{name}", "nessuno")
        .replace("{entry}", "1")
}

fn ask(visitor: &mut Visitor, method: &str, path: &str) -> Answer {
    match method {
        "GET" => visitor.get(path),
        _ if path.ends_with("/registrazione") || path.ends_with("/allegato") => {
            visitor.upload(path, &[], ("", b""))
        }
        _ => visitor.post(path, &[]),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_role_opens_the_routes_of_the_table_and_no_other() {
    let (place, service, window) = scene().await;
    let mut wrong = Vec::new();
    for (_, role) in ROLES {
        let mut visitor = Visitor::of_role(&place, window, role.word(), role.word(), &[]);
        for (who, method, path) in table() {
            let Some(opens) = opens_to(who, role) else { continue };
            let path = filled(path);
            if path.ends_with("/eventi") && opens {
                // A stream has no end: it is served when it begins.
                visitor.watch().until(&["200 OK", "event: strip"]);
                continue;
            }
            let answer = ask(&mut visitor, method, &path);
            let refused = answer.status == 403 && answer.body.contains("non è per il suo ruolo");
            let opened = matches!(answer.status, 200 | 303 | 404 | 422);
            if refused == opens || opened != opens {
                wrong.push(format!("{role}: {method} {path}: {}", answer.status));
            }
        }
    }
    let mut stranger = Visitor::new(window);
    let mut halfway = halfway(&place, window);
    for (who, method, path) in table() {
        let path = filled(path);
        if opens_to(who, Role::Coordinator).is_some() {
            let door = ask(&mut stranger, method, &path);
            let shut = if path.ends_with("/eventi") {
                // An event stream follows no redirection to a page.
                door.status == 401
            } else {
                door.status == 303 && door.sends_to().starts_with("/entra")
            };
            let code = ask(&mut halfway, method, &path);
            if !shut || code.status != 303 || code.sends_to() != "/entra/codice" {
                wrong.push(format!("outside: {method} {path}: {} {}", door.status, code.status));
            }
        } else if who == "halfway" {
            let to = ask(&mut stranger, method, &path).sends_to().to_owned();
            if to != "/entra" && to != "/entra?poi=/entra/codice" {
                wrong.push(format!("a stranger: {method} {path}: {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(halfway.get("/entra/codice").status, 200);
    assert_eq!(halfway.post("/entra/codice", &[("codice", "1")]).status, 422);
    assert_eq!(halfway.post("/esci", &[]).sends_to(), "/entra");
    service.stop().await;
}

/// A coordinator who gave the password and not yet the code.
fn halfway(place: &Place, window: SocketAddr) -> Visitor {
    let mut visitor = Visitor::new(window);
    let address = invited(place, "dora", "coordinator", &[]);
    visitor.choose_password(&address);
    let entered = visitor.post("/entra", &[("nome", "dora"), ("password", PASSWORD)]);
    visitor.get(entered.sends_to());
    visitor
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_case_of_others_is_not_there_on_any_route() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let mut carla = coordinator(&place, window);
    let page = carla.get(&format!("/schede/polaris-br4/{number}"));
    let base = page.between("name=\"base\" value=\"", "\"").to_owned();
    let attached = carla.upload(
        &format!("/schede/polaris-br4/{number}/allegato"),
        &[("base", &base)],
        ("verbale.pdf", b"%PDF-1.4"),
    );
    assert_eq!(attached.status, 303, "{attached:?}");
    let page = carla.get(&format!("/schede/polaris-br4/{number}"));
    let entry = page.between("/allegato/", "\"").to_owned();
    let visitor =
        |name: &str, role: &str, more: &[&str]| Visitor::of_role(&place, window, name, role, more);
    let lecce = &["--service", "pis-lecce"];
    let mut others = [
        (Role::Responder, visitor("bruno", "responder", &["--person", "Bruno Sala"])),
        (Role::Responder, visitor("nuovo", "responder", &[])),
        (Role::Coordinator, visitor("lecce", "coordinator", lecce)),
        (Role::Administrator, visitor("admin", "administrator", lecce)),
    ];
    let asked = |visitor: &mut Visitor, method: &str, path: &str| match path {
        path if path.ends_with("/ritira") => {
            visitor.post(path, &[("quale", &entry), ("base", &base)])
        }
        path => ask(visitor, method, path),
    };
    let mut wrong = Vec::new();
    let routes = || table().into_iter().filter(|(.., path)| path.contains("{service}/{number}"));
    let mut tried = 0;
    for (who, method, route) in routes().filter(|(who, ..)| opens_to(who, Role::Auditor).is_some())
    {
        let path = route
            .replace("{service}", "polaris-br4")
            .replace("{number}", &number)
            .replace("{entry}", &entry);
        for (role, other) in &mut others {
            let status = asked(other, method, &path).status;
            let due = if opens_to(who, *role) == Some(true) { 404 } else { 403 };
            if status != due {
                wrong.push(format!("{role}: {method} {path}: {status}, not {due}"));
            }
            tried += 1;
        }
        // It is there: for whom it is, an empty form is another matter.
        let own = asked(&mut carla, method, &path).status;
        let nothing = route.ends_with("/messaggio") || !who.contains('C');
        if own == 404 && !nothing {
            wrong.push(format!("her own: {method} {path}: {own}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 60, "{tried}");
    service.stop().await;
}
