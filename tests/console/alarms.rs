//! Time that runs out: the clocks of a case, and the terms of art. 403 c.c. wherever one looks.

use crate::console_support::{Answer, Visitor, shown};
use crate::line_support::{ADA, Place, lane};
use crate::{coordinator, one_call, scene};

const CLOCKS: [&str; 4] =
    ["Risposta di una persona", "Operatore sul posto", "Scheda inviata", "Presa in carico"];

/// A clock of a page, with its tone.
fn clock(page: &Answer, label: &str) -> Option<String> {
    let before = format!("\"><b>{label}</b> ");
    let (head, rest) = page.body.split_once(&before)?;
    let tone = head.rsplit(' ').next()?;
    Some(format!("{tone}: {}", rest.split('<').next()?))
}

fn save(who: &mut Visitor, address: &str, fields: &[(&str, &str)]) {
    let base = who.get(address).between("name=\"base\" value=\"", "\"").to_owned();
    let fields: Vec<_> = fields.iter().copied().chain([("base", base.as_str())]).collect();
    assert_eq!(who.post(&format!("{address}/scheda"), &fields).status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_case_shows_its_four_clocks_and_an_overdue_removal_is_seen_from_everywhere() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let mut events = carla.watch();
    let page = carla.get(&address);
    for label in CLOCKS {
        assert!(clock(&page, label).is_some(), "{label}: {}", page.body);
    }
    assert!(clock(&page, CLOCKS[0]).unwrap().starts_with("good: nei tempi"));
    assert_eq!(clock(&page, CLOCKS[1]).as_deref(), Some("good: non avviato"));
    assert_eq!(clock(&page, "Atti al PM minorile (art. 403 c.c.)"), None);
    assert!(!carla.get("/schede?da=art403").body.contains(&number));

    let removal = [
        ("intervento.art403", "si"),
        ("intervento.art403_disposto", "02/01/2026 03:04"),
        ("intervento.art403_collocamento", "02.01.2026 04:04"),
    ];
    save(&mut carla, &address, &removal);
    let page = carla.get(&address);
    let order = clock(&page, "Atti al PM minorile (art. 403 c.c.)").unwrap();
    assert!(order.starts_with("bad: in ritardo di"), "{order}");
    for word in ["Avvisi subito a voce", "entro sab 3.1. 04:04 (il termine è passato)"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    events.until(&["sign bad", "1 allontanamento con l&#39;art. 403 c.c. da completare"]);
    for list in ["/schede", "/schede?da=art403", "/schede?da=art403&servizio=polaris-br4"] {
        let list = carla.get(list);
        assert!(list.body.contains(&number) && list.body.contains("Art. 403 c.c.</b>"), "{list:?}");
    }
    assert!(!carla.get("/schede?da=art403&servizio=pis-lecce").body.contains(&number));

    let done = [
        ("intervento.art403_avviso", "2026-01-02T04:10"),
        ("intervento.art403_inviato", "2026-01-02T12:00"),
    ];
    save(&mut carla, &address, &[removal.as_slice(), &done].concat());
    let page = carla.get(&address);
    let order = clock(&page, "Atti al PM minorile (art. 403 c.c.)").unwrap();
    assert!(order.starts_with("good: nei tempi"), "{order}");
    assert!(!carla.get("/schede?da=art403").body.contains(&number));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_targets_are_those_of_the_configuration() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let targets =
        "[targets]\nanswered = \"90s\"\nanswered_alarm = \"5m\"\ntaken_in_charge = \"720h\"";
    let window = format!("[console]\nlisten = \"{}:8080\"\n{targets}\n", place.net.service().ip());
    place.write("polaris.toml", &place.config(&window));
    let (service, window) = shown(&place).await;
    let number = one_call(&place, &service, "1").await;
    let mut carla = coordinator(&place, window);
    let page = carla.get(&format!("/schede/polaris-br4/{number}"));
    let taken = clock(&page, "Presa in carico").unwrap();
    assert_eq!(taken, "good: mancano 29 giorni e 23 h");
    service.stop().await;
}
