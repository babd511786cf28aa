//! Every form of the console: what cannot be taken comes back with what was typed, and the
//! field that is wrong names the sentence about it.

use polaris::console::{Admits, ROUTES};

use crate::console_support::{Answer, PASSWORD, Visitor, invited, shown};
use crate::line_support::service::Service;
use crate::line_support::{ADA, Place, lane};
use crate::{coordinator, one_call};

/// A form by its route, the page it stands on, what is typed (`@page` is what a hidden field
/// of that page holds), the field that is wrong, and words of the sentence about it.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

const CASE: &str = "/schede/{service}/{number}";

const FORMS: &[Row<'_>] = &[
    (
        "/schede/{service}/{number}/scheda",
        CASE,
        &[("base", "@page"), ("persona.1.nome", "Lia"), ("persona.1.eta", "otto")],
        "persona.1.eta",
        "non è un numero intero",
    ),
    (
        "/schede/{service}/{number}/fase",
        CASE,
        &[
            ("base", "@page"),
            ("da", "@page"),
            ("a", "archiviata"),
            ("fine", "doppione"),
            ("dettaglio", "quattro"),
            ("motivo", "È già scritta."),
        ],
        "dettaglio",
        "non è un numero di scheda",
    ),
    (
        "/schede/{service}/{number}/richiamo",
        CASE,
        &[("base", "@page"), ("nota", "Ha risposto la zia.")],
        "esito",
        "Scelga com'è andata",
    ),
    (
        "/schede/{service}/{number}/invio",
        CASE,
        &[("base", "@page"), ("a", "Comune di Mesagne"), ("come", "PEC"), ("quando", "domani")],
        "quando",
        "24/12/2026 20:00",
    ),
    (
        "/schede/{service}/{number}/ricevuta",
        CASE,
        &[("base", "@page"), ("chi", "dott. Neri"), ("quando", "ieri")],
        "quando",
        "24/12/2026 20:00",
    ),
    (
        "/schede/{service}/{number}/unisci",
        CASE,
        &[("numero", "2020-0009")],
        "numero",
        "Fra le sue schede",
    ),
    (
        "/schede/{service}/{number}/allegato/ritira",
        CASE,
        &[("base", "@page"), ("quale", "@page"), ("motivo", "")],
        "motivo",
        "scriva il motivo",
    ),
    (
        "/turni/assegna",
        "/turni/assegna",
        &[
            ("servizio", "@page"),
            ("equipe", "@page"),
            ("visto", "@page"),
            ("persona", "Ada Greco"),
            ("dal", "dopodomani"),
            ("al", "2090-01-01T08:00"),
            ("livello", "2"),
            ("motivo", "ferie"),
        ],
        "dal",
        "dopodomani",
    ),
    (
        "/turni/scambi/chiedi",
        "/turni/scambi/chiedi?modo=cedo",
        &[("servizio", "@page"), ("equipe", "@page"), ("visto", "@page"), ("modo", "@page")],
        "turno",
        "Scelga uno dei suoi turni",
    ),
    (
        "/orari/chiudi",
        "/orari",
        &[
            ("servizio", "@page"),
            ("comune", "tutti"),
            ("dal", "dopodomani"),
            ("al", "2026-12-08"),
            ("motivo", "ponte"),
        ],
        "dal",
        "dopodomani",
    ),
    (
        "/voce/{language}/{id}/testo",
        "/voce/it/retry",
        &[("testo", "…")],
        "testo",
        "nulla da pronunciare",
    ),
    (
        "/accessi",
        "/accessi",
        &[
            ("nome", "Ada Greco"),
            ("persona_nome", "Ada Greco"),
            ("ruolo", "responder"),
            ("turni", "Ada Greco"),
        ],
        "nome",
        "per esempio ada.greco",
    ),
    (
        "/accessi/{name}/cambia",
        "/accessi/{name}",
        &[("persona_nome", "Ada Greco"), ("ruolo", "responder"), ("turni", "Ada Grecco")],
        "turni",
        "non è fra le persone dei turni",
    ),
    (
        "/straordinario",
        "/straordinario",
        &[
            ("servizio", "polaris-br4"),
            ("numero", "quattro"),
            ("motivo", "La scheda non si apre a chi è di turno."),
        ],
        "numero",
        "non è un numero di scheda",
    ),
    (
        "/straordinario",
        "/straordinario",
        &[("servizio", "polaris-br4"), ("numero", "2026-0001"), ("motivo", "guasto")],
        "motivo",
        "troppo breve",
    ),
    (
        "/invito/{token}",
        "/invito/{token}",
        &[("password", "corta"), ("ripeti", "corta")],
        "password",
        "ne servono almeno 12",
    ),
    (
        "/invito/{token}",
        "/invito/{token}",
        &[("password", PASSWORD), ("ripeti", "quattro cavalli neri")],
        "ripeti",
        "non sono uguali",
    ),
];

/// Forms that are not in the table, and why.
const OTHERS: &[(&str, &str)] = &[
    ("/accessi/{name}/esci", "a button"),
    ("/accessi/{name}/invito", "a button"),
    ("/accessi/{name}/restituisci", "a button"),
    ("/accessi/{name}/togli", "a button"),
    ("/entra", "which of name and password is wrong is not told"),
    ("/entra/codice", "a code serves once"),
    ("/esci", "a button"),
    ("/orari/togli", "a button"),
    ("/schede/{service}/{number}/allegato", "a file: see documents.rs"),
    ("/schede/{service}/{number}/bozza", "takes anything"),
    ("/schede/{service}/{number}/bozza/togli", "a button"),
    ("/schede/{service}/{number}/mostra", "a button"),
    ("/schede/{service}/{number}/nota", "a note that is too long: see below"),
    ("/straordinari", "a button"),
    ("/turni/calendari", "a choice"),
    ("/turni/calendari/revoca", "a button"),
    ("/turni/non-posso", "a button"),
    ("/turni/posso", "a button"),
    ("/turni/scambi/decidi", "a button"),
    ("/turni/scambi/prendi", "a button"),
    ("/turni/scambi/ritira", "a button"),
    ("/turni/togli", "a button"),
    ("/voce/{language}/{id}/butta", "a button"),
    ("/voce/{language}/{id}/pubblica", "a button"),
    ("/voce/{language}/{id}/registrazione", "a file: see voice.rs"),
    ("/voce/{language}/{id}/ritira", "a button"),
];

/// The form at this action, or the whole page where there is none of its own.
fn form<'a>(page: &'a str, action: &str) -> &'a str {
    let begin = format!("<form method=\"post\" action=\"{action}\"");
    let form = page.split_once(&begin).and_then(|(_, rest)| rest.split_once("</form>"));
    form.map_or(page, |(form, _)| form)
}

/// The tags of these kinds in a piece of a page.
fn tags<'a>(piece: &'a str, kinds: &[&str]) -> Vec<&'a str> {
    let tag = |rest: &'a str| rest.split('>').next().unwrap_or_default();
    let is = |tag: &&str| kinds.iter().any(|kind| tag.starts_with(&format!("{kind} ")));
    piece.split('<').map(tag).filter(is).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// What a hidden field of a form holds.
fn hidden(form: &str, name: &str) -> String {
    let tags = tags(form, &["input"]);
    let field = tags.iter().find(|tag| attribute(tag, "name") == Some(name));
    let value = field.and_then(|tag| attribute(tag, "value"));
    value.unwrap_or_else(|| panic!("no {name}: {form}")).to_owned()
}

/// The words of everything that an element's description names.
fn described(page: &str, tag: &str) -> String {
    let names = attribute(tag, "aria-describedby").unwrap_or_default();
    let words = |name: &str| {
        let (_, rest) = page.split_once(&format!(" id=\"{name}\""))?;
        let (_, rest) = rest.split_once('>')?;
        rest.split("</").next().map(str::to_owned)
    };
    names.split(' ').filter_map(words).collect::<Vec<_>>().join(" ")
}

/// What is wrong with an answer to a form; nothing when it is as it should be.
fn judge(answer: &Answer, action: &str, (_, _, typed, wrong, sentence): &Row<'_>) -> Vec<String> {
    let body = answer.body.replace("&#39;", "'");
    let form = form(&body, action);
    let mut faults = Vec::new();
    if answer.status != 422 {
        faults.push(format!("is answered with {}", answer.status));
    }
    let fields = tags(form, &["input", "select", "textarea"]);
    let field = fields.iter().find(|tag| attribute(tag, "name") == Some(wrong));
    let Some(field) = field else { return vec![format!("no field {wrong}: {form}")] };
    // Of several to choose from, what is around them says it.
    let one_of = attribute(field, "type").is_some_and(|kind| kind == "radio");
    let group = format!("m-{}-{wrong}", action.rsplit('/').next().unwrap_or_default());
    let groups = tags(form, &["fieldset"]);
    let around = groups.iter().find(|tag| attribute(tag, "id") == Some(&group));
    let (of, invalid) = match (one_of, around) {
        (true, Some(around)) => (around, true),
        _ => (field, attribute(field, "aria-invalid") == Some("true")),
    };
    if !invalid {
        faults.push(format!("«{wrong}» is not marked: {of}"));
    }
    let said = described(&body, of);
    if !said.contains(sentence) {
        faults.push(format!("«{wrong}» is described by «{said}», not by «{sentence}»"));
    }
    for (name, value) in typed.iter().filter(|(_, value)| !value.is_empty() && *value != "@page") {
        let secret = fields.iter().any(|tag| {
            attribute(tag, "name") == Some(name) && attribute(tag, "type") == Some("password")
        });
        let chosen = tags(form, &["select"]).iter().any(|tag| attribute(tag, "name") == Some(name));
        let kept = match chosen {
            true => vec![format!("value=\"{value}\" selected")],
            false => vec![format!("value=\"{value}\""), format!(">{value}</textarea>")],
        };
        if !secret && !kept.iter().any(|kept| form.contains(kept)) {
            faults.push(format!("«{value}» in {name} is gone"));
        }
    }
    faults
}

/// A case that went to its service, with a document; offices that can be shut; Ada on duty.
async fn desk() -> (Place, Service, std::net::SocketAddr, String) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let (service, window) = shown(&place).await;
    let case = format!("/schede/polaris-br4/{}", one_call(&place, &service, "1").await);
    let mut carla = coordinator(&place, window);
    let base = |page: &Answer| page.between("name=\"base\" value=\"", "\"").to_owned();
    let seen = base(&carla.get(&case));
    let file = ("verbale.txt", &b"Verbale."[..]);
    let attached = carla.upload(&format!("{case}/allegato"), &[("base", &seen)], file);
    assert_eq!(attached.status, 303, "{attached:?}");
    let seen = base(&carla.get(&case));
    let sent = [("a", "Comune di Mesagne"), ("quando", "2026-01-02T03:04"), ("base", &seen)];
    assert_eq!(carla.post(&format!("{case}/invio"), &sent).status, 303);
    place.edit_plan(
        "hours always { comune \"074010\" \"Mesagne\" { patron none; }; }",
        "hours {\nends \"08:00\"\nstarts before-closing=\"30m\"\noffices { open mon tue wed thu \
         fri \"08:00-14:00\"; }\ncomune \"074010\" \"Mesagne\" { patron none; }\n}",
    );
    service.signal("HUP");
    service.says(&["the plans were read anew"]).await;
    (place, service, window, case)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_no_form_can_take_comes_back_with_its_sentence_beside_the_field() {
    let (place, service, window, case) = desk().await;
    let invitation = invited(&place, "dora", "responder", &[]);
    let mut carla = coordinator_of_ada(&place, window);
    let mut furio = Visitor::of_role(&place, window, "furio", "administrator", &[]);
    let mut nobody = Visitor::new(window);
    let mut faults = Vec::new();
    for row in FORMS {
        let (route, page, typed, ..) = row;
        let real = |path: &str| {
            path.replace(CASE, &case)
                .replace("{language}/{id}", "it/retry")
                .replace("/invito/{token}", &invitation)
                .replace("{name}", "dora")
        };
        let who = match *route {
            "/accessi" | "/accessi/{name}/cambia" | "/straordinario" => &mut furio,
            "/invito/{token}" => &mut nobody,
            _ => &mut carla,
        };
        let page = who.get(&real(page));
        assert_eq!(page.status, 200, "{route}: {}", page.body);
        let action = real(route);
        let form = form(&page.body, &action);
        let fields: Vec<(&str, String)> = typed
            .iter()
            .map(|(name, value)| match *value {
                "@page" => (*name, hidden(form, name)),
                value => (*name, value.to_owned()),
            })
            .collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = who.post(&action, &fields);
        faults.extend(judge(&answer, &action, row).iter().map(|fault| format!("{route}: {fault}")));
    }
    // A note has no wrong value but one that is too long, and it is a page of its own.
    let long = "è".repeat(10_001);
    let base = hidden(form(&carla.get(&case).body, &format!("{case}/nota")), "base");
    let note = carla.post(&format!("{case}/nota"), &[("testo", &long), ("base", &base)]);
    let row: Row<'_> = ("", "", &[("testo", &long)], "testo", "troppo lungo");
    let found = judge(&note, &format!("{case}/nota"), &row);
    faults.extend(found.iter().map(|fault| format!("nota: {}", fault.replace(&long, "…"))));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    service.stop().await;
}

/// A coordinator who is on duty, too: nobody else both asks for swaps and writes in cases.
fn coordinator_of_ada(place: &Place, window: std::net::SocketAddr) -> Visitor {
    Visitor::of_role(place, window, "ada", "coordinator", &["--person", "Ada Greco"])
}

#[test]
fn every_form_of_the_console_is_in_the_table_or_says_why_not() {
    let known = |route: &str| {
        let rows = FORMS.iter().filter(|(of, ..)| *of == route).count();
        let others = OTHERS.iter().filter(|(of, _)| *of == route).count();
        rows.min(1) + others
    };
    let posts = || {
        ROUTES
            .iter()
            .filter(|(method, _, of)| *method == "POST" && !matches!(of, Admits::Program(_)))
    };
    let wrong: Vec<_> = posts().map(|(_, route, _)| *route).filter(|of| known(of) != 1).collect();
    assert!(wrong.is_empty(), "neither in FORMS nor in OTHERS, or in both: {wrong:#?}");
    let gone: Vec<_> = OTHERS
        .iter()
        .map(|(route, _)| *route)
        .filter(|route| !posts().any(|(_, of, _)| of == route))
        .collect();
    assert!(gone.is_empty(), "no forms any more: {gone:#?}");
}
