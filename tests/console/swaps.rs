//! Turns exchanged, taken, refused, withdrawn, and changes taken back.

use crate::console_support::{Answer, Visitor};
use crate::coordinator;
use crate::turns::{confirm, form, responder, scene};

const ASK: &str = "/turni/scambi/chiedi";
const DECIDE: &str = "/turni/scambi/decidi";

/// The first turn that a list of the page offers.
fn turn(page: &Answer, list: &str) -> String {
    let list = page.between(&format!("<select id=\"{list}\""), "</select>");
    let code = list.split_once("<option value=\"turno ").unwrap().1;
    format!("turno {}", code.split_once('"').unwrap().0)
}

fn posts_to(address: &str) -> String {
    format!("<form method=\"post\" action=\"{address}\"")
}

/// Asks in this way for these turns; what was shown before it was confirmed.
fn ask(visitor: &mut Visitor, mode: &str, lists: &[&str]) -> Answer {
    let page = visitor.get(&format!("{ASK}?servizio=polaris-br4&modo={mode}"));
    let turns: Vec<String> = lists.iter().map(|list| turn(&page, list)).collect();
    let mut fields = form(&page, &posts_to(ASK), "");
    fields.extend(lists.iter().copied().zip(turns.iter().map(String::as_str)));
    let preview = visitor.post(ASK, &fields);
    confirm(visitor, ASK, &preview).sends_to();
    preview
}

/// The coordinator's decision on what waits.
fn decide(carla: &mut Visitor, how: &str) -> Answer {
    let page = carla.get("/turni/scambi");
    let mut fields = form(&page, &posts_to(DECIDE), "");
    fields.push(("esito", how));
    let preview = carla.post(DECIDE, &fields);
    confirm(carla, DECIDE, &preview).sends_to();
    let late = carla.post(DECIDE, &fields);
    assert!(late.status == 422 && late.body.contains("non c&#39;è più"), "{late:?}");
    preview
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_turns_change_hands_both_ways_once_that_is_approved() {
    let (place, service, window, began) = scene().await;
    let mut ada = responder(&place, window, "ada", "Ada Greco");
    let mut carla = coordinator(&place, window);
    let half = ada.get(&format!("{ASK}?servizio=polaris-br4&modo=scambio"));
    let own = turn(&half, "turno");
    let mut fields = form(&half, &posts_to(ASK), "");
    fields.push(("turno", &own));
    let slip = ada.post(ASK, &fields);
    assert!(slip.status == 422 && slip.body.contains("Scelga il turno di un collega"), "{slip:?}");
    assert!(slip.body.contains(&format!("value=\"{own}\" selected")), "{}", slip.body);
    let preview = ask(&mut ada, "scambio", &["turno", "altro"]);
    for words in [
        "se il coordinatore approva",
        "squillano a Bruno Sala (prima: Ada Greco)",
        "squillano a Ada Greco (prima: Bruno Sala)",
    ] {
        assert!(preview.body.contains(words), "{words}: {}", preview.body);
    }
    let waiting = carla.get("/turni/scambi").body;
    for words in ["da Ada Greco a Bruno Sala", "da Bruno Sala a Ada Greco", "chiesto da ada"] {
        assert!(waiting.contains(words), "{words}: {waiting}");
    }
    let mut events = carla.watch();
    events.until(&["1. Ada Greco", "Poi Bruno Sala"]);
    decide(&mut carla, "approva");
    events.until(&["1. Bruno Sala", "Poi Ada Greco"]);
    for (hours, words) in [
        (1, "il turno di Ada Greco va a Bruno Sala"),
        (11, "il turno di Bruno Sala va a Ada Greco"),
    ] {
        let day = began.hours(hours);
        let changes = carla.get(&format!("/turni?da={}", day.get(..10).unwrap())).body;
        assert!(changes.contains(words), "{words}: {changes}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_turn_that_nobody_offered_is_taken_when_the_coordinator_approves() {
    let (place, service, window, _) = scene().await;
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    let mut carla = coordinator(&place, window);
    let preview = ask(&mut bruno, "prendo", &["altro"]);
    assert!(preview.body.contains("squillano a Bruno Sala (prima: Ada Greco)"), "{preview:?}");
    assert!(carla.get("/turni").body.contains("<b>Ada Greco</b>"), "it is not approved yet");
    let mut events = carla.watch();
    events.until(&["1. Ada Greco", "1 scambio di turno da approvare"]);
    decide(&mut carla, "approva");
    events.until(&["1. Bruno Sala"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_coordinator_refuses_changes_nothing_and_is_gone() {
    let (place, service, window, _) = scene().await;
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    let mut carla = coordinator(&place, window);
    ask(&mut bruno, "prendo", &["altro"]);
    let mut events = carla.watch();
    events.until(&["1 scambio di turno da approvare"]);
    let preview = decide(&mut carla, "rifiuta");
    assert!(!preview.body.contains("squillano a Bruno Sala"), "{}", preview.body);
    let gone = || {
        events.until(&["event: strip"]);
        Some(events.until(&["Impianto"])).filter(|strip| !strip.contains("da approvare"))
    };
    // Other things change the strip, too.
    let strip = std::iter::repeat_with(gone).take(10).flatten().next().unwrap();
    assert!(strip.contains("1. Ada Greco"), "{strip}");
    for visitor in [&mut bruno, &mut carla] {
        let page = visitor.get("/turni/scambi").body;
        assert!(page.contains("Nessuna richiesta"), "{page}");
    }
    // It may be asked for again.
    ask(&mut bruno, "prendo", &["altro"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_asked_withdraws_it_and_no_colleague_does() {
    let (place, service, window, _) = scene().await;
    let mut ada = responder(&place, window, "ada", "Ada Greco");
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    ask(&mut ada, "cedo", &["turno"]);
    let offers = bruno.get("/turni/scambi");
    let take = form(&offers, &posts_to("/turni/scambi/prendi"), "");
    assert!(!offers.body.contains("/turni/scambi/ritira"), "{}", offers.body);
    let withdraw = "/turni/scambi/ritira";
    let foreign = bruno.post(withdraw, &take);
    assert!(foreign.status == 422 && foreign.body.contains("non c&#39;è più"), "{foreign:?}");
    let page = ada.get("/turni/scambi");
    let fields = form(&page, &posts_to(withdraw), "");
    let preview = ada.post(withdraw, &fields);
    confirm(&mut ada, withdraw, &preview).sends_to();
    assert!(ada.get("/turni/scambi").body.contains("Nessun turno è offerto"));
    for (visitor, address) in [(&mut ada, withdraw), (&mut bruno, "/turni/scambi/prendi")] {
        let late = visitor.post(address, &take);
        assert!(late.status == 422 && late.body.contains("non c&#39;è più"), "{late:?}");
    }
    service.stop().await;
}

/// Takes the change back whose line says this; what was shown before it was confirmed.
fn take_back(carla: &mut Visitor, words: &str) -> Answer {
    let page = carla.get("/turni?vista=mese");
    let line = page.body.rsplit("<li>").find(|line| line.contains(words));
    let line = Answer { body: line.unwrap_or_else(|| panic!("{words}: {page:?}")).into(), ..page };
    let fields = form(&line, &posts_to("/turni/togli"), "");
    let preview = carla.post("/turni/togli", &fields);
    confirm(carla, "/turni/togli", &preview).sends_to();
    let late = carla.post("/turni/togli", &fields);
    assert!(late.status == 422 && late.body.contains("già tolto"), "{late:?}");
    preview
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_coordinator_takes_back_an_override_an_absence_a_swap_and_a_turn() {
    let (place, service, window, began) = scene().await;
    let mut ada = responder(&place, window, "ada", "Ada Greco");
    let mut bruno = responder(&place, window, "bruno", "Bruno Sala");
    let mut carla = coordinator(&place, window);
    let mut events = carla.watch();
    events.until(&["1. Ada Greco"]);
    // Bruno in Ada's place.
    let page = carla.get("/turni/assegna");
    let mut fields = form(&page, &posts_to("/turni/assegna"), "");
    let (from, until) = (began.hours(-1), began.hours(10));
    let more = [("persona", "Bruno Sala"), ("posto", "Ada Greco"), ("dal", &*from), ("al", &until)];
    fields.extend(more);
    let preview = carla.post("/turni/assegna", &fields);
    confirm(&mut carla, "/turni/assegna", &preview).sends_to();
    events.until(&["1. Bruno Sala"]);
    let seen = carla.get("/turni?vista=mese");
    let taken = form(&seen, &posts_to("/turni/togli"), "");
    assert_eq!(ada.post("/turni/togli", &taken).status, 403);
    let preview = take_back(&mut carla, "Bruno Sala al posto di Ada Greco");
    assert!(preview.body.contains("squillano a Ada Greco (prima: Bruno Sala)"), "{preview:?}");
    events.until(&["1. Ada Greco"]);
    // Ada cannot.
    let own = ada.get("/turni");
    let fields = form(&own, &posts_to("/turni/non-posso"), "");
    let preview = ada.post("/turni/non-posso", &fields);
    confirm(&mut ada, "/turni/non-posso", &preview).sends_to();
    events.until(&["Adesso nessuno è di turno"]);
    take_back(&mut carla, "Ada Greco assente");
    events.until(&["1. Ada Greco"]);
    // Bruno takes her turn.
    ask(&mut bruno, "prendo", &["altro"]);
    decide(&mut carla, "approva");
    events.until(&["1. Bruno Sala"]);
    take_back(&mut carla, "il turno di Ada Greco va a Bruno Sala");
    events.until(&["1. Ada Greco"]);
    // And her turn itself.
    let preview = take_back(&mut carla, "Ada Greco, livello 1");
    assert!(preview.body.contains("nessuno è reperibile in questi periodi"), "{preview:?}");
    events.until(&["Adesso nessuno è di turno"]);
    service.stop().await;
}
