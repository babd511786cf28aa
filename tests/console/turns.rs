//! The roster: seen, assigned, given away, and never changed over somebody else's change.

use std::net::SocketAddr;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Europe::Rome;

use crate::console_support::{Answer, Visitor, shown};
use crate::coordinator;
use crate::line_support::service::Service;
use crate::line_support::{ADA, BRUNO, Place, errors, lane};

pub(crate) fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the service reads the machine's clock, too")]
    let now = SystemTime::now();
    now.into()
}

/// When a test began.
#[derive(Clone, Copy)]
pub(crate) struct Began(pub(crate) DateTime<Utc>);

impl Began {
    /// A civil time so many hours later, as the roster's files and forms write it.
    pub(crate) fn hours(self, later: i64) -> String {
        let at = self.0 + TimeDelta::hours(later);
        at.with_timezone(&Rome).format("%Y-%m-%dT%H:%M").to_string()
    }
}

/// Ada is on duty for ten hours, then Bruno for ten, then nobody.
pub(crate) async fn scene() -> (Place, Service, SocketAddr, Began) {
    let place = Place::new(lane(), &[]);
    let began = Began(now());
    let (was, then, over) = (began.hours(-1), began.hours(10), began.hours(20));
    let csv = format!(
        "service,equipe,step,person,phone,from,until\n\
         polaris-br4,equipe,1,Ada Greco,{ADA},{was},{then}\n\
         polaris-br4,equipe,1,Bruno Sala,{BRUNO},{then},{over}\n"
    );
    place.write("turni.csv", &csv);
    let imported = place.run(&["roster", "import", "turni.csv"]);
    assert!(imported.status.success(), "{}", errors(&imported));
    let (service, window) = shown(&place).await;
    (place, service, window, began)
}

pub(crate) fn responder(place: &Place, window: SocketAddr, name: &str, person: &str) -> Visitor {
    Visitor::of_role(place, window, name, "responder", &["--person", person])
}

/// The hidden fields of a page's last form that begins at `from`, and the step besides.
pub(crate) fn form<'a>(page: &'a Answer, from: &str, step: &'a str) -> Vec<(&'a str, &'a str)> {
    let form = page.between(from, "</form>");
    let mut fields: Vec<(&str, &str)> = form
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .filter_map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"")?;
            Some((name, rest.split_once('"')?.0))
        })
        .filter(|(name, _)| *name != "csrf")
        .collect();
    if !step.is_empty() {
        fields.push(("passo", step));
    }
    fields
}

/// Confirms what a preview shows.
pub(crate) fn confirm(visitor: &mut Visitor, address: &str, preview: &Answer) -> Answer {
    assert!(preview.status == 200 && preview.body.contains("Conferma"), "{preview:?}");
    let fields = form(preview, &format!("<form method=\"post\" action=\"{address}\""), "conferma");
    visitor.post(address, &fields)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_gap_is_assigned_once_it_was_seen_what_that_changes() {
    let (place, service, window, began) = scene().await;
    let mut carla = coordinator(&place, window);
    let gap = began.hours(20);
    let page = carla.get(&format!("/turni?da={}", gap.get(..10).unwrap()));
    assert_eq!(page.status, 200);
    for from_elsewhere in ["style=", "<script>", "onclick", "http://", "https://"] {
        assert!(!page.body.contains(from_elsewhere), "{from_elsewhere}");
    }
    // Who is next is on a telephone, too.
    let next = "<li class=\"sign plain\">Poi Bruno Sala da ";
    for words in ["<svg", "copertura richiesta", "<b>Scoperto</b>", "tratteggio", next] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    // The strip leads to the gap itself.
    let strip = page.between("Nessuno copre", "</li>");
    let link = strip.split_once("href=\"").unwrap().1.split_once('"').unwrap().0;
    let link = link.replace("&#38;", "&").replace("&amp;", "&");
    assert!(link.starts_with("/turni/assegna?servizio=polaris-br4&dal="), "{link}");
    let form = carla.get(&link);
    assert!(form.body.contains(&format!("value=\"{gap}\"")), "{gap}: {}", form.body);
    let seen = form.between("name=\"visto\" value=\"", "\"").to_owned();

    let until = began.hours(26);
    let bad = [
        ("servizio", "polaris-br4"),
        ("equipe", "equipe"),
        ("visto", &seen),
        ("persona", "Zoe"),
        ("dal", &until),
        ("al", &gap),
        ("livello", "0"),
        ("motivo", "si fa <così>"),
    ];
    let again = carla.post("/turni/assegna", &bad);
    assert_eq!(again.status, 422);
    for words in [
        "non è fra le persone dei turni",
        "La fine viene prima dell&#39;inizio",
        "Il livello è un numero da 1 a 99",
        "value=\"si fa &#60;così&#62;\"",
    ] {
        assert!(again.body.contains(words), "{words}: {}", again.body);
    }
    assert!(again.body.contains("per esempio 24/12/2026 20:00"), "{}", again.body);
    // As people write it, besides as a browser sends it.
    let [said, dotted] =
        [(&gap, "%d/%m/%Y %H:%M"), (&until, "%d.%m.%Y %H:%M")].map(|(at, form)| {
            let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M").unwrap();
            at.format(form).to_string()
        });
    let good = [
        ("servizio", "polaris-br4"),
        ("equipe", "equipe"),
        ("visto", &seen),
        ("persona", "Bruno Sala"),
        ("dal", &said),
        ("al", &dotted),
        ("livello", "1"),
    ];
    let slip = carla.post("/turni/assegna", &[&good[..6], &[("livello", "molto alto")]].concat());
    let field = format!("type=\"text\" value=\"{said}\"");
    assert!(slip.status == 422 && slip.body.contains(&field), "{field}: {}", slip.body);
    let preview = carla.post("/turni/assegna", &good);
    assert!(preview.body.contains("squillano a Bruno Sala (prima: nessuno)"), "{}", preview.body);
    assert!(preview.body.contains("Non sono più scoperti"), "{}", preview.body);
    let before = place.run(&["roster", "changes"]);
    assert!(!String::from_utf8_lossy(&before.stdout).contains("Nuovo turno"), "too early");
    let done = confirm(&mut carla, "/turni/assegna", &preview);
    let roster = carla.get(done.sends_to());
    assert!(roster.body.contains("i turni sono cambiati come vede qui"), "{}", roster.body);
    let changes = place.run(&["roster", "changes"]);
    let said = String::from_utf8_lossy(&changes.stdout).into_owned();
    assert!(said.contains("carla") && said.contains("Nuovo turno di Bruno Sala"), "{said}");
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    assert!(rita.get("/registro").body.contains("turni cambiati"));
    // Whose service it is not changes nothing in it.
    let lecce = &["--service", "pis-lecce"];
    let mut other = Visitor::of_role(&place, window, "lecce", "coordinator", lecce);
    assert_eq!(other.post("/turni/assegna", &good).status, 404);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_in_between_is_shown_and_nothing_typed_is_lost() {
    let (place, service, window, began) = scene().await;
    let mut carla = coordinator(&place, window);
    let page = carla.get("/turni/assegna");
    let seen = page.between("name=\"visto\" value=\"", "\"").to_owned();
    let (from, until) = (began.hours(21), began.hours(22));
    let fields = [
        ("servizio", "polaris-br4"),
        ("equipe", "equipe"),
        ("visto", &seen),
        ("persona", "Ada Greco"),
        ("dal", &from),
        ("al", &until),
        ("livello", "2"),
    ];
    let preview = carla.post("/turni/assegna", &fields);
    let absence = ["roster", "absence", "add", "--person", "Bruno Sala", "--by", "M. Conte"];
    let more = ["--from", &began.hours(11), "--until", &began.hours(12)];
    let done = place.run(&[&absence[..], &more[..]].concat());
    assert!(done.status.success(), "{}", errors(&done));
    let conflict = confirm(&mut carla, "/turni/assegna", &preview);
    assert_eq!(conflict.status, 200, "{conflict:?}");
    for words in ["Nel frattempo i turni sono cambiati", "M. Conte: Nuova assenza", &from, &until] {
        assert!(conflict.body.contains(words), "{words}: {}", conflict.body);
    }
    let form = form(&conflict, "<form method=\"post\" action=\"/turni/assegna\"", "correggi");
    let typed = carla.post("/turni/assegna", &form);
    assert!(typed.body.contains(&format!("value=\"{from}\"")), "{}", typed.body);
    confirm(&mut carla, "/turni/assegna", &conflict).sends_to();
    let roster = carla.get(&format!("/turni?da={}", from.get(..10).unwrap())).body;
    assert!(roster.contains("Ada Greco</b>, livello 2"), "{roster}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_says_non_posso_opens_a_gap_that_coordinators_see_at_once() {
    let (place, service, window, _) = scene().await;
    let mut ada = responder(&place, window, "ada", "Ada Greco");
    let carla = coordinator(&place, window);
    let mut events = carla.watch();
    events.until(&["1. Ada Greco"]);
    let own = ada.get("/turni?solo=miei");
    assert!(own.body.contains("Non posso") && !own.body.contains("<b>Bruno Sala"), "{}", own.body);
    let fields = form(&own, "<form method=\"post\" action=\"/turni/non-posso\"", "");
    let preview = ada.post("/turni/non-posso", &fields);
    assert!(preview.body.contains("nessuno è reperibile in questi periodi"), "{}", preview.body);
    confirm(&mut ada, "/turni/non-posso", &preview).sends_to();
    events.until(&["Adesso nessuno è di turno", "/turni/assegna?"]);
    let said = ada.get("/turni");
    let back = form(&said, "<form method=\"post\" action=\"/turni/posso\"", "");
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    let refused = bruno.post("/turni/posso", &back);
    assert_eq!(refused.status, 422, "{refused:?}");
    let preview = ada.post("/turni/posso", &back);
    confirm(&mut ada, "/turni/posso", &preview).sends_to();
    events.until(&["1. Ada Greco"]);
    // A turn that is somebody else's is not one's own.
    let foreign = bruno.post("/turni/non-posso", &fields);
    assert!(foreign.status == 422 && foreign.body.contains("non è più suo"), "{foreign:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_turn_is_offered_taken_and_goes_over_when_the_coordinator_approves() {
    let (place, service, window, _) = scene().await;
    let mut ada = responder(&place, window, "ada", "Ada Greco");
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    let mut carla = coordinator(&place, window);
    let page = ada.get("/turni/scambi");
    let link = page.between("href=\"/turni/scambi/chiedi?", "\"").replace("&#38;", "&");
    let page = ada.get(&format!("/turni/scambi/chiedi?{link}"));
    let code = page.body.split_once("<option value=\"turno ").unwrap().1;
    let code = format!("turno {}", code.split_once('"').unwrap().0);
    let mut fields = form(&page, "<form method=\"post\" action=\"/turni/scambi/chiedi\"", "");
    let empty = ada.post("/turni/scambi/chiedi", &fields);
    assert!(empty.status == 422 && empty.body.contains("Scelga uno dei suoi turni"), "{empty:?}");
    fields.extend([("turno", code.as_str()), ("a", "")]);
    let preview = ada.post("/turni/scambi/chiedi", &fields);
    confirm(&mut ada, "/turni/scambi/chiedi", &preview).sends_to();

    let offers = bruno.get("/turni/scambi");
    assert!(offers.body.contains("da Ada Greco a chi lo prende"), "{}", offers.body);
    let take = form(&offers, "<form method=\"post\" action=\"/turni/scambi/prendi\"", "");
    let preview = bruno.post("/turni/scambi/prendi", &take);
    assert!(preview.body.contains("se il coordinatore approva"), "{}", preview.body);
    assert!(preview.body.contains("squillano a Bruno Sala (prima: Ada Greco)"), "{}", preview.body);
    confirm(&mut bruno, "/turni/scambi/prendi", &preview).sends_to();
    let late = ada.post("/turni/scambi/prendi", &take);
    assert_eq!(late.status, 422, "{late:?}");
    assert!(carla.get("/turni").body.contains("<b>Ada Greco</b>"), "it is not approved yet");

    let mut events = carla.watch();
    events.until(&["1 scambio di turno da approvare"]);
    let waiting = carla.get("/turni/scambi");
    let mut decide = form(&waiting, "<form method=\"post\" action=\"/turni/scambi/decidi\"", "");
    decide.push(("esito", "approva"));
    assert_eq!(bruno.post("/turni/scambi/decidi", &decide).status, 403);
    let preview = carla.post("/turni/scambi/decidi", &decide);
    confirm(&mut carla, "/turni/scambi/decidi", &preview).sends_to();
    events.until(&["1. Bruno Sala"]);
    let changes = carla.get("/turni").body;
    assert!(
        changes.contains("il turno di Ada Greco va a Bruno Sala, approvato da carla"),
        "{changes}"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_calendar_is_made_read_and_revoked_and_its_secret_shown_once() {
    let (place, service, window, _) = scene().await;
    let mut ada = responder(&place, window, "ada", "Ada Greco");
    let page = ada.get("/turni/calendari");
    assert!(page.body.contains("I miei turni") && !page.body.contains(">Bruno"), "{}", page.body);
    let subject = page.between("<option value=\"persona", "\"");
    let made = ada.post("/turni/calendari", &[("di", &format!("persona{subject}"))]);
    let secret = format!("/calendar/{}", made.between("/calendar/", "<"));
    let mut telephone = Visitor::new(window);
    assert!(telephone.get(&secret).body.contains("BEGIN:VEVENT"));
    let page = ada.get("/turni/calendari");
    assert!(!page.body.contains("/calendar/"), "shown twice");
    let feed = page.between("name=\"calendario\" value=\"", "\"").to_owned();
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    let foreign = bruno.post("/turni/calendari/revoca", &[("calendario", &feed)]);
    assert_eq!(foreign.status, 404);
    ada.post("/turni/calendari/revoca", &[("calendario", &feed)]).sends_to();
    assert_eq!(telephone.get(&secret).status, 404);
    let stranger = ada.post("/turni/calendari", &[("di", "persona polaris-br4 Bruno Sala")]);
    assert_eq!(stranger.status, 422);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_next_sixty_days_are_a_list_of_holes_with_the_hours_beside_them() {
    let (place, service, window, _) = scene().await;
    let mut carla = coordinator(&place, window);
    let page = carla.get("/turni/copertura?servizio=polaris-br4");
    for words in ["<b>Scoperto</b>", "una persona sola", "Il servizio è attivo", "assegna"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let slip = carla.get("/turni?da=domani");
    assert!(slip.status == 200 && slip.body.contains("«domani» non è un giorno"), "{}", slip.body);
    let field = slip.between("id=\"da\" ", "</p>");
    for part in ["type=\"text\" value=\"domani\"", "aria-invalid", "per esempio 24/12/2026"] {
        assert!(field.contains(part), "{part}: {field}");
    }
    assert!(carla.get("/turni?da=24/12/2026").body.contains("21–27 dicembre 2026"));
    assert_eq!(carla.get("/turni?servizio=altrove").status, 404);
    let mut admin = Visitor::of_role(&place, window, "admin", "administrator", &[]);
    let read = admin.get("/turni/copertura");
    assert!(read.status == 200 && !read.body.contains("/turni/assegna?"), "{}", read.body);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_turn_of_ones_own_has_its_non_posso_and_is_given_up_whole() {
    let place = Place::new(lane(), &[]);
    let began = Began(now());
    // A turn every third night; the last one beyond what is listed above everybody's.
    let turn = |days: i64| {
        let (from, until) = (began.hours(24 * days), began.hours(24 * days + 12));
        format!("polaris-br4,equipe,1,Ada Greco,{ADA},{from},{until}\n")
    };
    let nights = [1, 4, 7, 10, 13, 16, 19, 22, 80];
    let header = "service,equipe,step,person,phone,from,until\n";
    place.write("turni.csv", &format!("{header}{}", nights.map(turn).concat()));
    let imported = place.run(&["roster", "import", "turni.csv"]);
    assert!(imported.status.success(), "{}", errors(&imported));
    let (service, window) = shown(&place).await;
    let mut ada = responder(&place, window, "ada", "Ada Greco");
    let button = "<form method=\"post\" action=\"/turni/non-posso\"";
    let above = |page: &Answer| {
        page.between("id=\"miei\"", "</section>").matches("action=\"/turni/non-posso\"").count()
    };
    let page = ada.get("/turni");
    assert_eq!(above(&page), 6);
    assert!(page.body.contains("Altri 2 nei prossimi 60 giorni"), "{}", page.body);
    assert_eq!(above(&ada.get("/turni?solo=miei")), 8);
    // The far one, on the day on which it begins and in the week in which it ends.
    let day = began.hours(24 * 80);
    let page = ada.get(&format!("/turni?da={}&vista=mese", day.get(..10).unwrap()));
    let days = page.between("<ol class=\"days\">", "</ol>").to_owned();
    assert!(days.matches("action=\"/turni/non-posso\"").count() >= 1, "{days}");
    let days = Answer { body: days, ..page.clone() };
    let fields = form(&days, button, "");
    let preview = ada.post("/turni/non-posso", &fields);
    let minutes = |name: &str| {
        let field = fields.iter().find(|(field, _)| *field == name);
        field.and_then(|(_, ms)| ms.parse::<i64>().ok()).unwrap() / 60_000
    };
    assert_eq!(minutes("al") - minutes("dal"), 12 * 60, "it is not whole");
    confirm(&mut ada, "/turni/non-posso", &preview).sends_to();
    // Nobody else has a button there, and what was given up has none any more.
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    let far = format!("/turni?da={}", day.get(..10).unwrap());
    for visitor in [&mut ada, &mut bruno] {
        let page = visitor.get(&far);
        let days = page.between("<ol class=\"days\">", "</ol>");
        assert!(!days.contains("non-posso"), "{days}");
    }
    service.stop().await;
}
