//! What people write about a case: nothing typed is lost, and nothing is kept in clear.

use polaris::store::Reader;

use crate::console_support::{Answer, Visitor};
use crate::line_support::Place;
use crate::{abandoned_call, coordinator, one_call, scene};

/// The last entry the form knows of.
fn base(page: &Answer) -> String {
    page.between("name=\"base\" value=\"", "\"").to_owned()
}

/// Saves a scheda with these fields.
fn save(who: &mut Visitor, address: &str, base: &str, fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<_> = fields.iter().copied().chain([("base", base)]).collect();
    who.post(&format!("{address}/scheda"), &fields)
}

fn ada(place: &Place, window: std::net::SocketAddr) -> Visitor {
    Visitor::of_role(place, window, "ada", "responder", &["--person", "Ada Greco"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slip_comes_back_in_its_field_and_what_is_saved_is_sealed() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut ada = ada(&place, window);
    let page = ada.get(&address);
    let base = base(&page);
    let slip = [
        ("persona.1.nome", "Giuseppina"),
        ("persona.1.eta", "otto"),
        ("bisogno.descrizione", "Una bambina è sola in casa."),
    ];
    let refused = save(&mut ada, &address, &base, &slip);
    assert_eq!(refused.status, 422, "{}", refused.body);
    for word in ["Giuseppina", "value=\"otto\"", "non è un numero intero", "sola in casa"] {
        assert!(refused.body.contains(word), "{word}: {}", refused.body);
    }
    let right = [slip[0], ("persona.1.eta", "8"), slip[2], ("bisogno.priorita", "emergenza")];
    let saved = save(&mut ada, &address, &base, &right);
    assert!(saved.sends_to().ends_with("?salvato=scheda#scheda"), "{saved:?}");
    let page = ada.get(&format!("{address}?salvato=scheda"));
    let said = page.between("id=\"scheda\">", "</p>");
    assert!(said.contains("role=\"status\">Scheda salvata."), "{said}");
    let page = ada.get(&format!("{address}?salvato"));
    assert!(!page.body.contains("Scheda salvata."), "that was another form");
    for word in ["Giuseppina", "Priorità: emergenza", "Scheda aggiornata.", "sola in casa"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    let paper = ada.get(&format!("{address}/stampa"));
    assert!(paper.body.contains("Giuseppina") && paper.body.contains("Ada Greco"));
    service.stop().await;
    for file in ["data/polaris.db", "data/polaris.db-wal"] {
        let bytes = std::fs::read(place.path(file)).unwrap_or_default();
        let found = bytes.windows(10).any(|window| window == b"Giuseppina");
        assert!(!found, "a name in clear in {file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_people_in_one_scheda_overwrite_nothing_of_each_other() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let (mut ada, mut carla) = (ada(&place, window), coordinator(&place, window));
    let seen = base(&ada.get(&address));
    carla.get(&address);
    let first = [("bisogno.descrizione", "Scritto da Ada."), ("persona.1.nome", "Lia")];
    assert_eq!(save(&mut ada, &address, &seen, &first).status, 303);
    // Another field: both stay.
    let other = [("intervento.luogo", "La stazione")];
    assert_eq!(save(&mut carla, &address, &seen, &other).status, 303);
    let page = carla.get(&address);
    for word in ["Scritto da Ada.", "La stazione", "Lia"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    // The same field: whoever comes second is shown both, and chooses.
    let seen = base(&page);
    let mine = |text| {
        [
            ("bisogno.descrizione", text),
            ("persona.1.nome", "Lia"),
            ("intervento.luogo", "La stazione"),
        ]
    };
    assert_eq!(save(&mut ada, &address, &seen, &mine("Ada corregge.")).status, 303);
    let conflict = save(&mut carla, &address, &seen, &mine("Carla corregge."));
    assert_eq!(conflict.status, 409, "{}", conflict.body);
    assert!(conflict.body.contains("L'altra persona ha scritto:</b> Ada corregge."));
    assert!(conflict.body.contains(">Carla corregge.</textarea>"), "{}", conflict.body);
    let chosen = save(&mut carla, &address, &base(&conflict), &mine("Carla corregge."));
    assert_eq!(chosen.status, 303);
    let page = ada.get(&address);
    for word in ["Ada corregge.", "Carla corregge."] {
        assert!(page.body.contains(word), "the history lost «{word}»");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_draft_waits_for_its_writer_alone_until_it_is_saved_or_thrown_away() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let (mut ada, mut carla) = (ada(&place, window), coordinator(&place, window));
    let seen = base(&ada.get(&address));
    let half =
        [("bisogno.descrizione", "A metà"), ("persona.1.telefono", "333 12"), ("base", &seen)];
    let kept = ada.post(&format!("{address}/bozza"), &half);
    assert!(kept.status == 200 && kept.body.contains("Bozza salvata"), "{kept:?}");
    assert!(!carla.get(&address).body.contains("A metà"), "somebody else's draft is shown");
    let page = ada.get(&address);
    for word in ["A metà", "333 12", "Ripresa la bozza"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    ada.post(&format!("{address}/bozza/togli"), &[]);
    let page = ada.get(&address);
    assert!(!page.body.contains("A metà"), "{}", page.body);
    ada.post(&format!("{address}/bozza"), &half);
    let whole = [("bisogno.descrizione", "Intero")];
    assert_eq!(save(&mut ada, &address, &base(&page), &whole).status, 303);
    assert!(!ada.get(&address).body.contains("Ripresa la bozza"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_case_goes_its_course_and_says_why_when_it_may_not() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let step = |carla: &mut Visitor, form: &str, fields: &[(&str, &str)]| {
        let seen = base(&carla.get(&address));
        let fields: Vec<_> = fields.iter().copied().chain([("base", seen.as_str())]).collect();
        carla.post(&format!("{address}/{form}"), &fields)
    };
    for (form, fields, sentence) in [
        ("fase", &[("da", "segnalazione"), ("a", "presa_in_carico")][..], "va inviata"),
        ("fase", &[("da", "segnalazione"), ("a", "archiviata")], "scelga come è finita"),
        (
            "fase",
            &[("da", "segnalazione"), ("a", "archiviata"), ("fine", "doppione")],
            "numero di scheda",
        ),
        ("invio", &[("a", "Comune di Mesagne"), ("quando", "domani")], "giorno con l&#39;ora"),
        ("invio", &[("a", "Comune di Mesagne"), ("quando", "2090-01-01T00:00")], "futuro"),
        ("nota", &[("testo", " ")], "scritto niente"),
    ] {
        let refused = step(&mut carla, form, fields);
        assert_eq!(refused.status, 422, "{form} {fields:?}");
        assert!(refused.body.contains(sentence), "{sentence}: {}", refused.body);
    }
    for (form, fields) in [
        ("fase", &[("da", "segnalazione"), ("a", "invio")][..]),
        ("invio", &[("a", "Comune di Mesagne"), ("come", "PEC"), ("quando", "2026-01-02T03:04")]),
        ("ricevuta", &[("chi", "dott. Neri"), ("quando", "02/01/2026 05:06")]),
        ("fase", &[("da", "invio"), ("a", "presa_in_carico")]),
        ("nota", &[("testo", "Tutto a posto.")]),
    ] {
        let done = step(&mut carla, form, fields);
        assert_eq!(done.status, 303, "{form}: {}", done.body);
    }
    let back = step(&mut carla, "fase", &[("da", "presa_in_carico"), ("a", "valutazione")]);
    assert!(back.status == 422 && back.body.contains("scriva il motivo"), "{}", back.body);
    let page = carla.get(&address);
    for word in ["presa in carico", "Comune di Mesagne", "dott. Neri", "Tutto a posto.", "carla"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    assert_eq!(place.only_case()["stage"], "presa_in_carico");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_case_that_is_taken_in_charge_waits_for_no_confirmation() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let mut step = |form: &str, fields: &[(&str, &str)]| {
        let seen = base(&carla.get(&address));
        let fields: Vec<_> = fields.iter().copied().chain([("base", seen.as_str())]).collect();
        assert_eq!(carla.post(&format!("{address}/{form}"), &fields).status, 303, "{form}");
        let list = carla.get("/schede?da=confermare").body.contains(&number);
        (list, carla.get(&address).body.contains("id=\"m-ricevuta\""))
    };
    let url = format!("sqlite:{}", place.path("data/polaris.db").display());
    let reader = Reader::open(&url).await.unwrap();
    let waiting =
        async || -> i64 { reader.owed().await.unwrap().values().map(|owed| owed.hand_overs).sum() };
    step("fase", &[("da", "segnalazione"), ("a", "invio")]);
    let sent = [("a", "Comune di Mesagne"), ("quando", "2026-01-02T03:04")];
    assert_eq!(step("invio", &sent), (true, true));
    assert_eq!(waiting().await, 1);
    assert_eq!(step("fase", &[("da", "invio"), ("a", "presa_in_carico")]), (false, false));
    assert_eq!(waiting().await, 0);
    // Whoever goes back waits again.
    let back = [("da", "presa_in_carico"), ("a", "invio"), ("motivo", "Non era per loro.")];
    assert_eq!(step("fase", &back), (true, true));
    assert_eq!(waiting().await, 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn for_violence_a_coordinator_decides_about_calling_back_and_a_removal_has_its_alarm() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "2").await;
    let address = format!("/schede/polaris-br4/{number}");
    let (mut ada, mut carla) = (ada(&place, window), coordinator(&place, window));
    let page = ada.get(&address);
    assert!(page.body.contains("Non richiamare"), "{}", page.body);
    assert!(!page.body.contains("Salva il richiamo"), "a responder is offered to call back");
    let seen = base(&page);
    let tried = ada.post(
        &format!("{address}/richiamo"),
        &[("esito", "spoken"), ("nota", "x"), ("base", &seen)],
    );
    assert!(tried.status == 422 && tried.body.contains("Lo decide un coordinatore"), "{tried:?}");
    carla.get(&address);
    let done = carla.post(
        &format!("{address}/richiamo"),
        &[("esito", "not_to_be_called"), ("nota", "Rischio in casa."), ("base", &seen)],
    );
    assert_eq!(done.status, 303, "{done:?}");
    let removal = [
        ("intervento.art403", "si"),
        ("intervento.art403_disposto", "2026-01-02T03:04"),
        ("intervento.art403_collocamento", "2026-01-02T04:04"),
    ];
    let seen = base(&ada.get(&address));
    assert_eq!(save(&mut ada, &address, &seen, &removal).status, 303);
    let page = ada.get(&address);
    for word in ["Art. 403 c.c.", "Avvisi subito a voce", "Invii provvedimento"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    service.stop().await;
}

/// Form, what is typed, the field that is wrong, the sentence.
type Typed<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_small_form_comes_back_open_with_all_that_was_typed() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let base = base(&carla.get(&address));
    let table: [Typed<'_>; 6] = [
        (
            "invio",
            &[("a", "Servizio di Erchie"), ("come", "PEC"), ("quando", "domani")],
            "quando",
            "non è un giorno con l'ora",
        ),
        (
            "invio",
            &[("a", "Servizio di Erchie"), ("come", "PEC"), ("quando", "2099-01-01T10:00")],
            "quando",
            "nel futuro",
        ),
        (
            "fase",
            &[
                ("da", "segnalazione"),
                ("a", "archiviata"),
                ("fine", "doppione"),
                ("dettaglio", "quattro"),
                ("motivo", "doppia chiamata"),
            ],
            "dettaglio",
            "non è un numero di scheda",
        ),
        (
            "fase",
            &[("da", "segnalazione"), ("a", "archiviata"), ("motivo", "detto al telefono")],
            "fine",
            "scelga come è finita",
        ),
        ("richiamo", &[("nota", "Ha risposto la zia.")], "esito", "Scelga com'è andata"),
        ("unisci", &[("numero", "2020-0009")], "numero", "Fra le sue schede"),
    ];
    for (form, typed, field, sentence) in table {
        let fields: Vec<_> = typed.iter().copied().chain([("base", base.as_str())]).collect();
        let back = carla.post(&format!("{address}/{form}"), &fields);
        assert_eq!(back.status, 422, "{form}: {}", back.body);
        let body = back.body.replace("&#39;", "'");
        assert!(body.contains(&format!("id=\"m-{form}\" open")), "{form} is closed: {body}");
        let beside = format!("id=\"w-{form}-{field}\">");
        let said = body.split_once(&beside).map(|(_, after)| after.split('<').next());
        assert!(said.flatten().is_some_and(|said| said.contains(sentence)), "{form}: {body}");
        for (name, value) in typed.iter().filter(|(name, _)| *name != "da") {
            let (field, text) =
                (format!("value=\"{value}\""), format!("name=\"{name}\" rows=\"2\">{value}<"));
            assert!(body.contains(&field) || body.contains(&text), "{form} {name}: {body}");
        }
    }
    // Nothing of it was written.
    assert!(!carla.get(&address).body.contains("Servizio di Erchie"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_cases_about_the_same_are_joined_and_neither_is_lost() {
    let (place, service, window) = scene().await;
    let kept = one_call(&place, &service, "1").await;
    abandoned_call(&place, &service).await;
    let numbers: Vec<String> =
        place.cases().iter().map(|case| case["case"].as_str().unwrap().to_owned()).collect();
    let double = numbers.iter().find(|number| **number != kept).unwrap();
    let address = |number: &str| format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    carla.get(&address(&kept));
    let joined = carla.post(&format!("{}/unisci", address(&kept)), &[("numero", double)]);
    let place_in_it = joined.sends_to().strip_prefix(&address(&kept));
    assert!(place_in_it.is_some_and(|place| place.ends_with("#storia")), "{joined:?}");
    let page = carla.get(&address(&kept));
    assert!(page.body.contains(&format!("Unita la scheda {double}.")), "{}", page.body);
    let page = carla.get(&address(double));
    for word in ["Fase: archiviata", "oppione", &kept] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    assert_eq!(place.cases().len(), 2);
    service.stop().await;
}
