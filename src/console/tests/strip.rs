//! Every state of the strip, drawn as text: first the lines of a service, then the machine's.

use chrono_tz::Europe::Rome;

use super::*;
use crate::access::Role;
use crate::console::present::DutyNow;
use crate::store::{AccountRow, Owed};
use crate::switchboard::{TrunkStanding, Why};
use crate::words::{CaseId, ServiceId};

#[path = "strip_visitors.rs"]
mod visitors;

/// Thursday evening, eight o'clock.
fn at(civil: &str) -> DateTime<Utc> {
    format!("2026-12-{civil}:00+01:00").parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("24T20:00")
}

fn visitor(role: Role) -> Visitor {
    let account = AccountRow {
        name: "carla".into(),
        full_name: "Carla Rossi".into(),
        role,
        services: Vec::new(),
        person: None,
        password: None,
        totp: None,
        locked: None,
        disabled: None,
        created: at("01T00:00"),
    };
    Visitor { account, session: String::new(), csrf: String::new(), enrolling: None }
}

fn duty(person: &str, step: u32, from: &str, until: &str) -> DutyNow {
    DutyNow { person: person.into(), step, from: at(from), until: Some(at(until)) }
}

fn gap(from: &str, until: &str) -> Period {
    Period::new(at(from), at(until)).unwrap()
}

fn trunk(name: &str, health: Health) -> TrunkStanding {
    TrunkStanding { name: name.into(), health, since: now(), registered: None }
}

fn outbox(webhook: &str, waiting: i64, given_up: i64, since: &str) -> Outbox {
    let since = Some(at(since));
    Outbox { webhook: webhook.into(), waiting, given_up, since, problem: None }
}

fn owed(call_backs: i64, messages: i64, hand_overs: i64) -> Owed {
    Owed { call_backs, hand_overs, messages, ..Owed::default() }
}

fn read_for_a_reason(seen_by: &[&str]) -> GlassRow {
    GlassRow {
        glass: 1,
        case: CaseId(uuid::Uuid::nil()),
        number: "2026-0417".parse().unwrap(),
        service: ServiceId::new("br4"),
        account: "admin".into(),
        full_name: "Chi cura il sistema".into(),
        reason: "prova".into(),
        opened: at("24T10:00"),
        expires: at("24T10:30"),
        seen_by: seen_by.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Nothing is wrong: Ada, and Bruno behind her; then Carla.
fn well() -> Present {
    Present {
        at: now(),
        services: vec![ServiceNow {
            service: ServiceId::new("br4"),
            title: "POLARIS".into(),
            zone: Rome,
            active: true,
            until: Some(at("28T08:00")),
            on_duty: Some(vec![
                duty("Ada Greco", 1, "24T08:00", "25T08:00"),
                duty("Bruno Sala", 2, "24T08:00", "25T08:00"),
            ]),
            next: vec![duty("Carla Neri", 1, "25T08:00", "26T08:00")],
            gaps: Vec::new(),
            swaps_asked: 0,
            owed: Some(Owed::default()),
        }],
        trunks: vec![trunk("a", Health::Well), trunk("b", Health::Unknown)],
        store: Standing::Database,
        disk_left: Some(61),
        calls: Some(<_>::default()),
        glass: Vec::new(),
        outboxes: Vec::new(),
        newcomers: Vec::new(),
    }
}

/// What is otherwise than when nothing is wrong, as a coordinator sees it.
fn with(change: impl FnOnce(&mut Present, &mut ServiceNow)) -> String {
    seen_by(Role::Coordinator, change)
}

fn seen_by(role: Role, change: impl FnOnce(&mut Present, &mut ServiceNow)) -> String {
    let mut present = well();
    let mut service = present.services.remove(0);
    change(&mut present, &mut service);
    present.services.insert(0, service);
    draw(&of(&present, &visitor(role)))
}

fn draw(strip: &Strip) -> String {
    let sign = |sign: &Sign| {
        let way = sign.action.as_ref().map(|(label, address)| format!(" – {label}: {address}"));
        format!("  {}: {}{}\n", sign.tone.word(), sign.text, way.unwrap_or_default())
    };
    let mut drawn = String::new();
    for service in &strip.services {
        drawn += &format!("{}\n  {}\n", service.title, service.hours);
        drawn.extend(service.on_duty.iter().map(|person| format!("  {person}\n")));
        drawn.extend(service.next.iter().map(|next| format!("  Poi {next}\n")));
        drawn.extend(service.signs.iter().map(sign));
    }
    drawn += "Impianto\n";
    drawn.extend(strip.signs.iter().map(sign));
    drawn
}

/// The lines that are there in `drawn` and not when nothing is wrong.
fn news(drawn: &str) -> String {
    let usual = with(|_, _| {});
    let news = drawn.lines().filter(|line| !usual.lines().any(|usual| usual == *line));
    news.map(|line| format!("{}\n", line.trim_start())).collect()
}

#[test]
fn nothing_is_wrong() {
    assert_eq!(
        with(|_, _| {}),
        "POLARIS\n\
         \x20 Risponde il servizio fino a lun 08:00\n\
         \x20 1. Ada Greco fino a ven 08:00\n\
         \x20 2. Bruno Sala fino a ven 08:00\n\
         \x20 Poi Carla Neri da ven 08:00\n\
         Impianto\n\
         \x20 Bene: Linea telefonica\n\
         \x20 Bene: Banca dati\n\
         \x20 Bene: Disco libero 61 %\n"
    );
}

#[test]
fn nobody_is_there() {
    let empty = |present: &mut Present, service: &mut ServiceNow| {
        (service.on_duty, service.next) = (Some(Vec::new()), Vec::new());
        service.gaps = vec![gap("24T20:00", "26T14:00"), gap("26T20:00", "27T08:00")];
        present.trunks.clear();
        present.disk_left = None;
    };
    assert_eq!(
        with(empty),
        "POLARIS\n\
         \x20 Risponde il servizio fino a lun 08:00\n\
         \x20 Allarme: Adesso nessuno è di turno fino a sab 14:00 – assegna: \
         /turni/assegna?servizio=br4&dal=2026-12-24T20%3A00&al=2026-12-26T14%3A00\n\
         \x20 Allarme: Nessuno copre sab 20:00–dom 08:00 – assegna: \
         /turni/assegna?servizio=br4&dal=2026-12-26T20%3A00&al=2026-12-27T08%3A00\n\
         Impianto\n\
         \x20 Bene: Banca dati\n"
    );
    // Who may not assign is told the others in one line, and led to where it is seen.
    assert_eq!(
        news(&seen_by(Role::Responder, empty)),
        "Allarme: Adesso nessuno è di turno fino a sab 14:00 – guarda i turni: \
         /turni?servizio=br4&da=2026-12-24\n\
         Allarme: 1 periodo scoperto nei prossimi 60 giorni – guarda: \
         /turni/copertura?servizio=br4\n"
    );
    // Who may not even see the roster is told so, and led nowhere.
    assert_eq!(
        news(&seen_by(Role::Auditor, empty)),
        "Allarme: Adesso nessuno è di turno fino a sab 14:00\n\
         Allarme: 1 periodo scoperto nei prossimi 60 giorni\n"
    );
    // Without a roster there is one gap as far as one looks, and it is told once.
    let never = news(&with(|_, service| {
        (service.on_duty, service.next) = (Some(Vec::new()), Vec::new());
        service.gaps = vec![Period::new(now(), now() + AHEAD).unwrap()];
    }));
    assert!(never.starts_with("Allarme: Adesso nessuno è di turno – assegna: "), "{never}");
    assert_eq!(never.lines().count(), 1, "{never}");
    let offices = with(|_, service| {
        (service.active, service.on_duty) = (false, Some(Vec::new()));
        service.until = Some(at("24T20:30"));
    });
    assert!(offices.contains("  Uffici aperti fino a 20:30\n") && !offices.contains("Allarme"));
    let mut present = well();
    present.services.clear();
    assert!(
        draw(&of(&present, &visitor(Role::Auditor)))
            .contains("Allarme: Nessun servizio in corso è fra i suoi: chieda a chi amministra")
    );
}

type Change = fn(&mut Present, &mut ServiceNow);

/// What may be otherwise, and what a coordinator is told of it.
fn table() -> Vec<(Change, &'static str)> {
    vec![
        (
            |_, service| service.on_duty = None,
            "Allarme: I turni non si possono leggere: squilla l'ultima copia buona, o il \
             coordinatore. Avverta chi cura il sistema («polaris check» dice perché)\n",
        ),
        (
            |_, service| service.owed = None,
            "Allarme: Le schede non si possono leggere: chi è da richiamare qui non si vede. \
             Avverta chi cura il sistema («polaris check» dice perché)\n",
        ),
        (
            |present, _| present.store = Standing::Journal,
            "Allarme: La banca dati non risponde: le chiamate vanno nel giornale e non si \
             perdono. Avverta chi cura il sistema («polaris check» dice perché)\n",
        ),
        (
            |present, _| present.calls = None,
            "Allarme: La banca dati non risponde: le chiamate vanno nel giornale e non si \
             perdono. Avverta chi cura il sistema («polaris check» dice perché)\n",
        ),
        (
            |present, _| present.disk_left = Some(9),
            "Allarme: Disco quasi pieno: avverta chi cura il sistema (manca spazio: resta il \
             9 %)\n",
        ),
        (|present, _| present.disk_left = Some(10), "Bene: Disco libero 10 %\n"),
        (
            |present, _| present.trunks = vec![trunk("a", Health::Ill(Why::Silent))],
            "Allarme: Nessuna linea telefonica risponde (a): chiami l'operatore\n",
        ),
        (
            |present, _| present.trunks = vec![trunk("a", Health::Ill(Why::RefusesCalls))],
            "Allarme: L'operatore telefonico rifiuta le nostre chiamate (a): si risponde, ma \
             nessuno squilla. Lo chiami\n",
        ),
        (
            |present, _| {
                let ill = Health::Ill(Why::DeafToCalls);
                present.trunks = vec![trunk("a", ill), trunk("b", Health::Ill(Why::NoAddress))];
            },
            "Allarme: Nessuna linea telefonica risponde (a, b): chiami l'operatore\n",
        ),
        (
            |present, _| present.trunks.push(trunk("c", Health::Ill(Why::Unavailable))),
            "Attenzione: La linea c non risponde: si telefona con le altre. Avverta chi cura il \
             sistema («polaris trunks»)\n",
        ),
        (
            |_, service| {
                let saturday = |hour| format!("26T{hour:02}:00");
                let gaps = (0..5).map(|n| gap(&saturday(2 * n), &saturday(2 * n + 1)));
                service.gaps = gaps.collect();
            },
            "Allarme: Nessuno copre sab 00:00–01:00 – assegna: \
             /turni/assegna?servizio=br4&dal=2026-12-26T00%3A00&al=2026-12-26T01%3A00\n\
             Allarme: Nessuno copre sab 02:00–03:00 – assegna: \
             /turni/assegna?servizio=br4&dal=2026-12-26T02%3A00&al=2026-12-26T03%3A00\n\
             Allarme: Altri 3 periodi scoperti nei prossimi 60 giorni – guarda: \
             /turni/copertura?servizio=br4\n",
        ),
        (
            |_, service| service.owed = Some(owed(1, 1, 1)),
            "Attenzione: 1 richiamo da fare o da decidere – apri: \
             /schede?servizio=br4&da=richiamare\n\
             Attenzione: 1 messaggio da ascoltare – apri: /schede?servizio=br4&da=ascoltare\n\
             Attenzione: 1 ricevuta da confermare – apri: /schede?servizio=br4&da=confermare\n",
        ),
        (
            |_, service| service.owed = Some(owed(12, 2, 3)),
            "Attenzione: 12 richiami da fare o da decidere – apri: \
             /schede?servizio=br4&da=richiamare\n\
             Attenzione: 2 messaggi da ascoltare – apri: /schede?servizio=br4&da=ascoltare\n\
             Attenzione: 3 ricevute da confermare – apri: /schede?servizio=br4&da=confermare\n",
        ),
        (
            |_, service| service.owed = Some(Owed { removals: 1, ..Owed::default() }),
            "Allarme: 1 allontanamento con l'art. 403 c.c. da completare – apri: \
             /schede?servizio=br4&da=art403\n",
        ),
        (
            |_, service| service.swaps_asked = 1,
            "Attenzione: 1 scambio di turno da approvare – decidi: /turni/scambi?servizio=br4\n",
        ),
        (
            |_, service| service.swaps_asked = 2,
            "Attenzione: 2 scambi di turno da approvare – decidi: /turni/scambi?servizio=br4\n",
        ),
        (
            |present, _| present.glass = vec![read_for_a_reason(&[])],
            "Attenzione: 1 scheda letta con accesso straordinario – guarda: /straordinari\n",
        ),
        (|present, _| present.glass = vec![read_for_a_reason(&["carla"])], ""),
        (
            |present, _| {
                present.outboxes = vec![
                    outbox("puntuale", 3, 0, "24T19:30"),
                    outbox("in ritardo", 1, 0, "24T18:30"),
                    outbox("cartella", 0, 1, "24T18:30"),
                    outbox("archivio", 4, 2, "24T18:30"),
                ];
            },
            "Attenzione: Il programma «in ritardo» non prende gli avvisi da oltre un'ora: chi \
             cura il sistema veda «polaris webhooks»\n\
             Attenzione: Il programma «cartella» ha perso 1 avviso: chi cura il sistema veda \
             «polaris webhooks»\n\
             Attenzione: Il programma «archivio» ha perso 2 avvisi: chi cura il sistema veda \
             «polaris webhooks»\n",
        ),
        (
            |_, service| {
                (service.on_duty, service.gaps) =
                    (Some(Vec::new()), vec![gap("24T20:00", "25T08:00")]);
            },
            "Allarme: Adesso nessuno è di turno fino a ven 08:00 – assegna: \
             /turni/assegna?servizio=br4&dal=2026-12-24T20%3A00&al=2026-12-25T08%3A00\n",
        ),
        (
            |_, service| {
                service.gaps = vec![
                    gap("26T00:00", "26T01:00"),
                    gap("26T02:00", "26T03:00"),
                    gap("26T04:00", "26T05:00"),
                ];
            },
            "Allarme: Nessuno copre sab 00:00–01:00 – assegna: \
             /turni/assegna?servizio=br4&dal=2026-12-26T00%3A00&al=2026-12-26T01%3A00\n\
             Allarme: Nessuno copre sab 02:00–03:00 – assegna: \
             /turni/assegna?servizio=br4&dal=2026-12-26T02%3A00&al=2026-12-26T03%3A00\n\
             Allarme: Un altro periodo scoperto nei prossimi 60 giorni – guarda: \
             /turni/copertura?servizio=br4\n",
        ),
    ]
}

#[test]
fn every_sign_stands_in_words_with_what_to_do() {
    for (nth, (change, told)) in table().into_iter().enumerate() {
        assert_eq!(news(&with(change)), told, "row {nth}");
    }
}

#[test]
fn who_cannot_act_on_a_sign_is_not_told_it() {
    let all: fn(&mut Present, &mut ServiceNow) = |present, service| {
        service.swaps_asked = 1;
        present.glass = vec![read_for_a_reason(&[])];
        present.outboxes = vec![outbox("cartella", 0, 1, "24T18:30")];
    };
    assert_eq!(news(&seen_by(Role::Responder, all)), "");
    let administrator = news(&seen_by(Role::Administrator, all));
    assert!(administrator.starts_with("Attenzione: Il programma «cartella»"), "{administrator}");
    assert_eq!(administrator.lines().count(), 1, "{administrator}");
}
