//! Coming in, how often one may try, how long one stays; and the log of it.

use std::net::SocketAddr;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use polaris::store::{IDLE_MAX, VISIT_MAX};

use crate::console_support::{PASSWORD, Visitor, in_database, invited, shown};
use crate::line_support::service::Service;
use crate::line_support::{ADA, Place, errors, lane};
use crate::turns::now;
use crate::{coordinator, scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_one_time_address_serves_once_and_a_second_factor_must_follow() {
    let (place, service, window) = scene().await;
    let mut carla = Visitor::new(window);
    let address = invited(&place, "carla", "coordinator", &[]);
    let short = carla.post(&address, &[("password", "corta"), ("ripeti", "corta")]);
    assert_eq!(short.status, 422);
    assert!(short.body.contains("ne servono almeno 12"), "{}", short.body);
    carla.choose_password(&address);
    assert_eq!(carla.get(&address).status, 404);
    let entered = carla.post("/entra", &[("nome", "Carla"), ("password", PASSWORD)]);
    assert!(entered.sends_to().starts_with("/entra/codice"));
    let cookie = entered.header("set-cookie").unwrap();
    for word in ["__Host-polaris=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    // Halfway in, nothing is seen.
    assert_eq!(carla.get("/chiamate").sends_to(), "/entra/codice");
    let page = carla.get("/entra/codice");
    carla.secret = Some(page.between("<code>", "</code>").replace(' ', ""));
    let wrong = carla.post("/entra/codice", &[("codice", "000000")]);
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let code = carla.code(0);
    assert_eq!(carla.post("/entra/codice", &[("codice", &code)]).sends_to(), "/adesso");
    assert_eq!(carla.get("/chiamate").status, 200);
    // The same code serves nobody else, and not again.
    let mut again = Visitor { cookie: None, csrf: String::new(), ..carla.clone() };
    again.post("/entra", &[("nome", "carla"), ("password", PASSWORD)]);
    again.get("/entra/codice");
    let used = again.post("/entra/codice", &[("codice", &code)]);
    assert!(used.status == 422 && used.body.contains("già stato usato"), "{used:?}");
    let left = carla.post("/esci", &[]);
    assert_eq!(left.header("clear-site-data"), Some("\"storage\""));
    assert!(carla.get("/chiamate").sends_to().starts_with("/entra"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_wrong_passwords_lock_a_name_and_tell_nobody_whether_it_exists() {
    let (place, service, window) = scene().await;
    let mut visitor = Visitor::new(window);
    let address = invited(&place, "ada", "responder", &[]);
    visitor.choose_password(&address);
    let mut said = Vec::new();
    for name in ["ada", "nessuno"] {
        let refused = visitor.post("/entra", &[("nome", name), ("password", "sbagliata davvero")]);
        assert_eq!(refused.status, 422);
        said.push(refused.between("role=\"alert\" id=\"problema\">", "<").to_owned());
    }
    assert_eq!(said[0], said[1]);
    for _ in 0..4 {
        visitor.post("/entra", &[("nome", "ada"), ("password", "sbagliata davvero")]);
    }
    let locked = visitor.post("/entra", &[("nome", "ada"), ("password", PASSWORD)]);
    assert!(locked.body.contains("Troppi tentativi sbagliati"), "{}", locked.body);
    let list = place.run(&["audit", "verify"]);
    assert!(list.status.success(), "{}", errors(&list));
    assert!(!service.log().contains("sbagliata"), "a password in the log");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_form_of_another_site_or_of_another_visit_does_nothing() {
    let (place, service, window) = scene().await;
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    let body = format!("csrf={}&nome=eva&persona_nome=Eva&ruolo=administrator", admin.csrf);
    for headers in
        [&[("Sec-Fetch-Site", "cross-site")][..], &[("Origin", "https://altrove.example")], &[]]
    {
        assert_eq!(admin.ask("POST", "/accessi", &body, headers).status, 403);
    }
    let stale = body.replace(&admin.csrf, &"0".repeat(32));
    let own = &[("Sec-Fetch-Site", "same-origin")];
    assert_eq!(admin.ask("POST", "/accessi", &stale, own).status, 403);
    assert!(!admin.get("/accessi").body.contains("eva"));
    let page = admin.get("/accessi");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for from_elsewhere in ["http://", "https://", "style=", "<script>", "onclick"] {
        assert!(!page.body.contains(from_elsewhere), "{from_elsewhere}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_of_the_audit_log_that_was_changed_or_taken_out_is_found() {
    let (place, service, window) = scene().await;
    coordinator(&place, window);
    service.stop().await;
    let whole = place.run(&["audit", "verify"]);
    assert!(whole.status.success(), "{}", errors(&whole));
    let file = place.path("data/polaris.db");
    // All of it in the one file.
    in_database(&file, &["pragma wal_checkpoint(truncate)"]).await;
    let as_it_was = std::fs::read(&file).unwrap();
    for (harm, word) in [
        ("update audit set who = 'nessuno' where sequence = 2", "la riga 2"),
        ("delete from audit where sequence = 2", "dopo la riga 1 ne mancano"),
        ("delete from audit where sequence = (select max(sequence) from audit)", "le ultime righe"),
    ] {
        std::fs::write(&file, &as_it_was).unwrap();
        for beside in ["data/polaris.db-wal", "data/polaris.db-shm"] {
            // What a reader left there belongs to the file as it was before.
            let _ = std::fs::remove_file(place.path(beside));
        }
        // What somebody with the file could do, the triggers taken away first.
        let triggers = ["drop trigger audit_is_not_changed", "drop trigger audit_is_not_deleted"];
        in_database(&file, &[triggers[0], triggers[1], harm]).await;
        let broken = place.run(&["audit", "verify"]);
        assert_eq!(broken.status.code(), Some(1), "{harm}");
        assert!(errors(&broken).contains(word), "{harm}: {}", errors(&broken));
    }
}

/// An instant as the store writes it.
fn stored(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_visit_ends_when_nobody_asks_for_long_and_however_busy_after_one_turn() {
    let (place, service, window) = scene().await;
    let mut ada = Visitor::of_role(&place, window, "ada", "responder", &["--person", "Ada Greco"]);
    let file = place.path("data/polaris.db");
    let minute = TimeDelta::minutes(1);
    for (column, longest) in [("seen", IDLE_MAX), ("created", VISIT_MAX)] {
        let aged = async |by: TimeDelta| {
            let at = stored(now() - by);
            in_database(&file, &[&format!("update sessions set {column} = '{at}'")]).await;
        };
        aged(longest - minute).await;
        assert_eq!(ada.get("/adesso").status, 200, "{column}: too early");
        aged(longest + minute).await;
        assert_eq!(ada.get("/adesso").sends_to(), "/entra?poi=/adesso", "{column}: too late");
        let csrf = ada.csrf.clone();
        let post = [("csrf", csrf.as_str()), ("servizio", "polaris-br4")];
        assert_eq!(ada.post("/turni/non-posso", &post).sends_to(), "/entra", "{column}");
        ada.come_in("ada");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_address_tries_so_often_and_who_is_in_works_on() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let window = SocketAddr::new(place.net.service().ip(), 8080);
    // Some proxy, and not this machine: where none is told, nobody here is counted.
    let console = format!("[console]\nlisten = \"{window}\"\ntrusted_proxies = [\"192.0.2.9\"]\n");
    place.write("polaris.toml", &place.config(&console));
    let (service, window) = shown(&place).await;
    let mut carla = coordinator(&place, window);
    let mut somebody = Visitor::new(window);
    let nowhere = format!("/invito/{}", "0".repeat(64));
    // No password is checked there: the tries are over long before they come back.
    let refused = (0..200)
        .map(|_| somebody.post(&nowhere, &[("password", "x")]))
        .find(|answer| answer.status != 404)
        .unwrap();
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert!(refused.body.contains("Aspetti un minuto e riprovi"), "{}", refused.body);
    // The next try comes back after a second: of many at once most are refused.
    let tries = (0..20).map(|_| {
        let answer = somebody.post("/entra", &[("nome", "ada"), ("password", "x")]);
        answer.status
    });
    assert!(tries.filter(|status| *status == 429).count() >= 10);
    assert_eq!(carla.get("/chiamate").status, 200);
    assert_eq!(somebody.get("/entra").status, 200);
    service.says(&["too many tries to come in"]).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behind_a_trusted_proxy_each_visitor_has_tries_of_their_own() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let window = SocketAddr::new(place.net.service().ip(), 8080);
    let console = format!("[console]\nlisten = \"{window}\"\ntrusted_proxies = [\"127.0.0.1\"]\n");
    place.write("polaris.toml", &place.config(&console));
    let (service, window) = shown(&place).await;
    let mut proxy = Visitor::new(window);
    let nowhere = format!("/invito/{}", "0".repeat(64));
    let mut tries = |visitor: &str| {
        let said = ("X-Forwarded-For", visitor);
        let own = [("Sec-Fetch-Site", "same-origin"), said];
        proxy.ask("POST", &nowhere, "password=x", &own).status
    };
    // What a visitor writes in front of their address is not believed.
    let refused =
        (0..200).map(|n| tries(&format!("198.51.100.{n}, 203.0.113.7"))).any(|s| s == 429);
    assert!(refused);
    assert_eq!(tries("203.0.113.8"), 404);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn that_nobody_reads_where_the_first_account_is_made_ends_no_service() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let window = SocketAddr::new(place.net.service().ip(), 8080);
    place.write("polaris.toml", &place.config(&format!("[console]\nlisten = \"{window}\"\n")));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let service = Service::launch_into(&place, "info", writer);
    service.says(&["the console is shown"]).await;
    assert_eq!(Visitor::new(window).get("/entra").status, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_account_is_made_at_an_address_that_is_printed_and_serves_once() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let printed = |place: &Place| {
        let said = place.read("stdout.txt");
        let address = said.split_once("/invito/")?.1.get(..64)?;
        Some(format!("/invito/{address}"))
    };
    let (service, _) = shown(&place).await;
    let unused = printed(&place).unwrap();
    assert!(!service.log().contains(&unused), "a secret in the log");
    service.stop().await;
    // Nobody chose a password: the next start prints another, and that one alone serves.
    let (service, window) = shown(&place).await;
    let address = printed(&place).unwrap();
    let mut first = Visitor::new(window);
    assert_eq!(first.get(&unused).status, 404);
    first.choose_password(&address);
    assert_eq!(first.get(&address).status, 404);
    let again = first.post(&address, &[("password", PASSWORD), ("ripeti", PASSWORD)]);
    assert_eq!(again.status, 404);
    first.come_in("amministratore");
    assert_eq!(first.get("/accessi").status, 200);
    service.stop().await;
    let (service, _) = shown(&place).await;
    assert_eq!(printed(&place), None);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_is_asked_for_a_name_an_act_and_days_and_so_is_its_file() {
    let (place, service, window) = scene().await;
    coordinator(&place, window);
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let rows = |page: &str| page.matches("<tr><td class=\"time\">").count();
    let all = rita.get("/registro").body;
    assert!(!all.contains("registro intero"), "{all}");
    let asked = "chi=carla&cosa=ingresso";
    let some = rita.get(&format!("/registro?{asked}&dal=&al=")).body;
    let entered = some.matches("<td>carla</td><td>ingresso</td>").count();
    assert!(entered > 0 && entered == rows(&some) && entered < rows(&all), "{some}");
    assert!(some.contains("soltanto sul registro intero"), "{some}");
    assert!(some.contains("value=\"carla\"") && some.contains("value=\"ingresso\" list"), "{some}");
    let part = format!("/registro.csv?{asked}");
    assert!(some.contains(&format!("href=\"{}\"", part.replace('&', "&#38;"))), "{some}");
    let file = rita.get(&part);
    assert_eq!(file.body.lines().count(), 1 + entered, "{}", file.body);
    let name = file.header("content-disposition").unwrap();
    assert!(name.contains("registro-parte.csv"), "{name}");
    let taken = rita.get("/registro?cosa=registro+esportato").body;
    assert!(taken.contains("chi carla; che cosa ingresso"), "{taken}");
    // What was typed there and is nothing the log knows is not kept for ever.
    rita.get("/registro.csv?chi=Maria+Rossi,+incinta&cosa=ingresso");
    let taken = rita.get("/registro?cosa=registro+esportato").body;
    assert!(taken.contains("<td>chi altro; che cosa ingresso</td>"), "{taken}");
    assert!(!taken.contains("Maria"), "{taken}");
    // Days are those of people: to the last one, included.
    let today = now().with_timezone(&chrono_tz::Europe::Rome).date_naive();
    for (from, until, there) in [(0, 0, true), (-1, 0, true), (-2, -1, false), (1, 2, false)] {
        let day = |ahead| (today + TimeDelta::days(ahead)).format("%d/%m/%Y").to_string();
        let days = format!("/registro?dal={}&al={}", day(from), day(until));
        assert_eq!(rows(&rita.get(&days).body) > 0, there, "{days}");
    }
    for (wrong, field, sentence) in [
        ("dal=ieri", "w-dal", "«ieri» non è un giorno"),
        ("dal=24/12/2026&al=23/12/2026", "w-al", "viene prima del primo"),
    ] {
        let page = rita.get(&format!("/registro?{wrong}"));
        let told = page.between(&format!("id=\"{field}\">"), "</span>");
        assert!(told.contains(sentence) && rows(&page.body) == 0, "{wrong}: {page:?}");
        assert!(page.body.contains(&format!("aria-describedby=\"{field}\"")), "{page:?}");
        assert!(!page.body.contains("Sono mostrate solo alcune righe"), "{page:?}");
        let file = rita.get(&format!("/registro.csv?{wrong}"));
        assert!(file.sends_to().starts_with("/registro?dal="), "{file:?}");
    }
    // The pages before keep what was asked for.
    for _ in 0..101 {
        rita.get("/registro.csv?chi=nessuno");
    }
    let page = rita.get("/registro?chi=rita&cosa=registro+esportato");
    assert_eq!(rows(&page.body), 100);
    let before = page.between("class=\"pages\"><a href=\"", "\"").replace("&#38;", "&");
    assert!(before.contains("chi=rita"), "{before}");
    let page = rita.get(&before).body;
    let own = page.matches("<td>rita</td><td>registro esportato</td>").count();
    assert!(own > 0 && own == rows(&page), "{page}");
    service.stop().await;
}
