//! Pages that answer a form, in every look: what a change would do, a slip, a conflict.

use serde_json::json;

use crate::Scene;
use crate::driver::Browser;
use crate::looks::{complaints, judge};
use crate::pages::{Who, visitors};

/// A page by its name, who sends a form and from where, what is done there, words that the
/// answer has, how it is answered. `fill(NAME, VALUE)` and `send(ACTION)` are at hand.
type Posted = (&'static str, Who, &'static str, &'static str, &'static str, u16);

const POSTED: &[Posted] = &[
    (
        "turni/assegna, not understood",
        Who::Coordinator,
        "/turni/assegna?servizio=polaris-br4",
        "fill('livello', '0'); send('/turni/assegna')",
        "Il livello è un numero da 1 a 99",
        422,
    ),
    (
        "turni/assegna, before it is confirmed",
        Who::Coordinator,
        "/turni/assegna?servizio=polaris-br4",
        "fill('persona', 'Ada Greco'); send('/turni/assegna')",
        "Conferma",
        200,
    ),
    (
        "turni/non-posso, before it is confirmed",
        Who::Responder,
        "/turni?solo=miei",
        "send('/turni/non-posso')",
        "Che cosa cambia",
        200,
    ),
    (
        "turni/scambi/chiedi, not understood",
        Who::Responder,
        "/turni/scambi/chiedi?modo=scambio",
        "send('/turni/scambi/chiedi')",
        "Scelga il turno di un collega",
        422,
    ),
    (
        "turni/scambi/chiedi, before it is confirmed",
        Who::Responder,
        "/turni/scambi/chiedi?modo=cedo",
        "choose('turno', 1); send('/turni/scambi/chiedi')",
        "se il coordinatore approva",
        200,
    ),
    (
        "scheda, a slip of a small form",
        Who::Coordinator,
        "{case}",
        "fill('numero', '2020-0009'); send('{case}/unisci')",
        "Fra le sue schede di questo servizio",
        422,
    ),
    (
        "scheda, a slip",
        Who::Coordinator,
        "{case}",
        "fill('persona.1.eta', 'otto'); send('{case}/scheda')",
        "non è un numero intero",
        422,
    ),
    (
        "scheda, with words found again",
        Who::Coordinator,
        "{case}",
        "const copy = { typed: [['testo', 'Va risentita.']], sent: true }; \
         sessionStorage['copia:carla.rossi:{case}/nota'] = JSON.stringify(copy); \
         location.reload()",
        "Ritrovato ciò che non era stato salvato",
        200,
    ),
    (
        "scheda, a form of another visit",
        Who::Coordinator,
        "{case}",
        "fill('csrf', '0'); fill('testo', 'Va risentita.'); \
         document.querySelector('form[action=\"{case}/nota\"]').requestSubmit()",
        "Ciò che ha scritto non è perso",
        403,
    ),
    (
        "scheda, with the number",
        Who::Coordinator,
        "{case}",
        "send('{case}/mostra')",
        crate::CALLER,
        200,
    ),
    (
        "scheda, written by two",
        Who::Responder,
        "{case}",
        "fill('bisogno.descrizione', 'Ada ha scritto.'); fill('base', '{base}'); \
         send('{case}/scheda')",
        "L'altra persona ha scritto",
        409,
    ),
    (
        "scheda, with a draft",
        Who::Coordinator,
        "{case}",
        "fill('bisogno.descrizione', 'Una bozza.'); \
         fetch('{case}/bozza', { method: 'POST', \
           body: new URLSearchParams(new FormData(document.getElementById('modulo'))) }) \
           .then(() => location.reload())",
        "Ripresa la bozza",
        200,
    ),
    (
        "accessi, a new address",
        Who::Administrator,
        "/accessi",
        "send('/accessi/ada.greco/invito')",
        "serve una volta sola, per 72 ore",
        200,
    ),
    (
        "accessi, one, not understood",
        Who::Administrator,
        "/accessi/ada.greco",
        "fill('persona_nome', ''); send('/accessi/ada.greco/cambia')",
        "Scriva nome e cognome",
        422,
    ),
    (
        "turni/calendari, a new address",
        Who::Responder,
        "/turni/calendari",
        "send('/turni/calendari')",
        "lo copi adesso nell'app del calendario",
        200,
    ),
    (
        "accessi, not understood",
        Who::Administrator,
        "/accessi",
        "fill('nome', 'Ada Greco'); send('/accessi')",
        "per esempio ada.greco",
        422,
    ),
    (
        "straordinario, not understood",
        Who::Administrator,
        "/straordinario",
        "fill('numero', 'quattro'); send('/straordinario')",
        "Motivo",
        422,
    ),
    (
        "voce, a text that cannot be said",
        Who::Coordinator,
        "/voce/it/hold.1",
        "fill('testo', '…'); send('/voce/it/hold.1/testo')",
        "nulla da pronunciare",
        422,
    ),
    (
        "voce, a trial",
        Who::Coordinator,
        "/voce/it/hold.1",
        "fill('testo', 'Resti in linea.'); send('/voce/it/hold.1/testo')",
        "Prova da pubblicare",
        200,
    ),
];

/// Fills fields of any kind and sends a form as it stands, unchecked.
const AT_HAND: &str = "
    const fill = (name, value) => {
      for (const field of document.querySelectorAll('main [name=\"' + name + '\"]')) field.value = value;
    };
    const choose = (name, nth) => { document.querySelector('[name=\"' + name + '\"]').selectedIndex = nth; };
    const send = (action) => document.querySelector('main form[action=\"' + action + '\"]').submit();";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_answers_a_form_is_for_everybody_in_every_look() {
    let mut scene = Scene::new().await;
    scene.talk("1").await;
    scene.hang_up().await;
    let mut visitors = visitors(&scene);
    let case = scene.only_case();
    // Somebody wrote in the scheda already: what is typed from before it comes into conflict.
    let (_, carla) = visitors.iter_mut().find(|(of, _)| *of == Who::Coordinator).unwrap();
    let base = carla.get(&case).between("name=\"base\" value=\"", "\"").to_owned();
    let written = [
        ("bisogno.descrizione", "Carla ha scritto."),
        // And a removal that was not told in time.
        ("intervento.art403", "si"),
        ("intervento.art403_disposto", "02/01/2026 03:04"),
        ("base", &base),
    ];
    assert_eq!(carla.post(&format!("{case}/scheda"), &written).status, 303);
    // With a document that may be taken back, and sent to a service that has not confirmed.
    let seen = carla.get(&case).between("name=\"base\" value=\"", "\"").to_owned();
    let file = ("verbale.txt", &b"Verbale."[..]);
    let attached = carla.upload(&format!("{case}/allegato"), &[("base", &seen)], file);
    assert_eq!(attached.status, 303, "{attached:?}");
    let seen = carla.get(&case).between("name=\"base\" value=\"", "\"").to_owned();
    let sent = [("a", "Comune di Mesagne"), ("quando", "2026-01-02T03:04"), ("base", &seen)];
    assert_eq!(carla.post(&format!("{case}/invio"), &sent).status, 303);
    let browser = Browser::open(scene.window).await;
    let mut wrong = Vec::new();
    for (page, who, path, act, words, status) in POSTED {
        browser.be(&visitors.iter().find(|(of, _)| of == who).unwrap().1).await;
        browser.go(&path.replace("{case}", &case)).await;
        let act = act.replace("{case}", &case).replace("{base}", &base);
        browser.see(&format!("{AT_HAND} window.asked = true; {act}")).await;
        let words = json!(words);
        let there = format!("!window.asked && document.body?.innerText.includes({words})");
        browser.until(&format!("{there} && document.readyState === 'complete'")).await;
        wrong.extend(judge(&browser, page).await);
        wrong.extend(complaints(&browser, page, *status).await);
        browser.see("sessionStorage.clear()").await;
    }
    browser.close().await;
    scene.service.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
