//! The monthly sheet: what is in it, what is hidden, and the file that names people.

use std::net::SocketAddr;

use crate::console_support::{Visitor, in_database, shown};
use crate::coordinator;
use crate::line_support::service::Service;
use crate::line_support::{Place, lane};

/// A service of four Comuni.
async fn scene() -> (Place, Service, SocketAddr) {
    let place = Place::new(lane(), &[]);
    let mesagne = "comune \"074010\" \"Mesagne\" { patron none; };";
    let more = [("074009", "Latiano"), ("074006", "Erchie"), ("074004", "Cellino San Marco")];
    let more =
        more.map(|(code, name)| format!(" comune \"{code}\" \"{name}\" {{ patron none; }};"));
    place.edit_plan(mesagne, &format!("{mesagne}{}", more.concat()));
    let (service, window) = shown(&place).await;
    (place, service, window)
}

/// A month of calls, one case each: `(how many, Comune, how the call ended)`.
async fn month(place: &Place, groups: &[(u32, &str, &str)]) {
    let mut statements = Vec::new();
    let mut nth = 0;
    for (many, comune, outcome) in groups {
        for _ in 0..*many {
            nth += 1;
            let call = format!("00000000-0000-7000-8000-{nth:012}");
            let case = format!("{nth:08}-0000-7000-8000-000000000000");
            let at = format!("2026-03-10T{:02}:00:00.000Z", nth % 24);
            let taken = format!("2026-03-10T{:02}:00:{:02}.000Z", nth % 24, 10 + nth % 40);
            let (taken, ended) = match *outcome {
                "accepted" => (format!("'{taken}'"), taken),
                _ => ("null".to_owned(), taken),
            };
            statements.push(format!(
                "insert into calls (call, service, timezone, number_called, caller, arrived, \
                 answered, outcome, accepted, ended) values ('{call}', 'polaris-br4', \
                 'Europe/Rome', '+390831000000', '+390831777001', '{at}', '{at}', '{outcome}', \
                 {taken}, '{ended}')"
            ));
            statements.push(format!(
                "insert into entries values ('{call}', 0, '{at}', 'arrived', \
                 '{{\"kind\":\"arrived\",\"direct\":false,\"active\":true}}', 'Chiamata in arrivo.')"
            ));
            statements.push(format!(
                "insert into cases (id, call, service, year, sequence, opened, category, comune) \
                 values ('{case}', '{call}', 'polaris-br4', 2026, {nth}, '{at}', 'elderly', \
                 '{comune}')"
            ));
        }
    }
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    in_database(&place.path("data/polaris.db"), &statements).await;
}

/// Writes in a case of that month.
fn write(who: &mut Visitor, nth: u32, fields: &[(&str, &str)]) {
    let address = format!("/schede/polaris-br4/2026-{nth:04}");
    let page = who.get(&address);
    let base = page.between("name=\"base\" value=\"", "\"").to_owned();
    let fields: Vec<_> = fields.iter().copied().chain([("base", base.as_str())]).collect();
    let saved = who.post(&format!("{address}/scheda"), &fields);
    assert_eq!(saved.status, 303, "{saved:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_monthly_sheet_tells_the_month_and_hides_small_numbers() {
    let (place, service, window) = scene().await;
    let mut carla = coordinator(&place, window);
    let empty = carla.get("/rapporti?mese=2026-03");
    assert!(empty.body.contains("In marzo 2026 non è arrivata nessuna chiamata"), "{empty:?}");
    month(
        &place,
        &[(9, "Mesagne", "accepted"), (3, "Latiano", "accepted"), (6, "Erchie", "abandoned")],
    )
    .await;
    let page = carla.get("/rapporti?mese=2026-03&servizio=polaris-br4");
    for words in [
        "marzo 2026",
        "<dt>Chiamate</dt><dd class=\"time\">18</dd>",
        "<dt>Chi ha riagganciato prima</dt><dd class=\"time\">6</dd>",
        "<dt>Fuori dall&#39;orario degli uffici</dt><dd class=\"time\">100 %</dd>",
        "<th scope=\"row\">Mesagne</th><td class=\"time\">9</td><td class=\"time\">50 %</td>",
        "<th scope=\"row\">Latiano</th><td class=\"time\">riservato</td>",
        // Eighteen less nine would be it.
        "<th scope=\"row\">Erchie</th><td class=\"time\">riservato</td>",
        "<th scope=\"row\">Cellino San Marco</th><td class=\"time\">0</td>",
        "<svg class=\"plot\"",
        "fill=\"url(#riservato)\"",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    for from_elsewhere in ["style=", "<script>", "onclick", "http://", "https://"] {
        assert!(!page.body.contains(from_elsewhere), "{from_elsewhere}");
    }
    let file = carla.get("/rapporti.csv?mese=2026-03&servizio=polaris-br4");
    for line in [
        "2026-03,polaris-br4,comune,Mesagne,9",
        "2026-03,polaris-br4,comune,Latiano,riservato",
        "2026-03,polaris-br4,comune,Erchie,riservato",
        "2026-03,polaris-br4,comune,totale,18",
        "2026-03,polaris-br4,totali,Chi ha riagganciato prima,6",
    ] {
        assert!(file.body.contains(line), "{line}: {}", file.body);
    }
    // The month before begins at another midnight, and is empty.
    assert!(carla.get("/rapporti?mese=2026-02").body.contains("non è arrivata nessuna chiamata"));
    let slip = carla.get("/rapporti?mese=marzo");
    assert!(slip.status == 200 && slip.body.contains("«marzo» non è un mese"), "{slip:?}");
    assert_eq!(carla.get("/rapporti.csv?mese=marzo").status, 400);
    let lecce = &["--service", "pis-lecce"];
    let mut other = Visitor::of_role(&place, window, "lecce", "coordinator", lecce);
    for foreign in ["/rapporti", "/rapporti.csv", "/rapporti/casellario.csv"] {
        let asked = format!("{foreign}?mese=2026-03&servizio=polaris-br4");
        assert_eq!(other.get(&asked).status, 404, "{foreign}");
    }
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    assert!(rita.get("/registro").body.contains("rapporto esportato"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_sealed_is_counted_with_the_key_alone_and_the_casellario_is_written_down() {
    let (place, service, window) = scene().await;
    let mut carla = coordinator(&place, window);
    month(&place, &[(5, "Mesagne", "accepted")]).await;
    for nth in 1..=5 {
        let fields = [
            ("segnalante.tipo", "carabinieri"),
            ("persona.1.cognome", "Giuseppini"),
            ("persona.1.eta", "70"),
            ("persona.1.codice_fiscale", if nth == 1 { "RSSMRA80A01H501U" } else { "" }),
            ("intervento.dal", "2026-03-10"),
            ("intervento.al", "2026-03-12"),
        ];
        write(&mut carla, nth, &fields);
    }
    let month = "mese=2026-03";
    let page = carla.get(&format!("/rapporti?{month}"));
    for words in [
        "<th scope=\"row\">65 e oltre</th><td class=\"time\">5</td>",
        "<th scope=\"row\">Carabinieri</th><td class=\"time\">5</td>",
        "<dt>Notti di accoglienza</dt><dd class=\"time\">10</dd>",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(
        !page.body.contains("Giuseppini") && !page.body.contains("RSSMRA"),
        "somebody is named"
    );
    let file = carla.get(&format!("/rapporti/casellario.csv?{month}"));
    let begun =
        "RSSMRA80A01H501U,polaris-br4,pronto_intervento_sociale,2026-03-10,,2026-0001,valido";
    let housed = "RSSMRA80A01H501U,polaris-br4,accoglienza_in_emergenza,2026-03-10,2026-03-12,";
    assert!(file.body.contains(begun) && file.body.contains(housed), "{}", file.body);
    assert_eq!(file.body.lines().count(), 3, "{}", file.body);

    let (key, away) = (place.path("schede.key"), place.path("altrove.key"));
    std::fs::rename(&key, &away).unwrap();
    let page = carla.get(&format!("/rapporti?{month}"));
    assert!(page.body.contains("manca il file delle chiavi"), "{}", page.body);
    assert!(page.body.contains("Mesagne") && !page.body.contains("Carabinieri"), "{}", page.body);
    let refused = carla.get(&format!("/rapporti/casellario.csv?{month}"));
    assert!(refused.status == 503 && refused.body.contains("non si aprono"), "{refused:?}");
    std::fs::rename(&away, &key).unwrap();

    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = rita.get("/registro");
    let rows = audit.between("<tbody>", "</tbody>");
    assert_eq!(rows.matches("file per il Casellario esportato").count(), 1, "{rows}");
    assert!(rows.contains("2026-03, 2 righe"), "{rows}");
    service.stop().await;
}
