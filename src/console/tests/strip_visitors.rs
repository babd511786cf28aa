//! What of the strip depends on who looks at it.

use super::*;
use crate::access::may;
use crate::console::gate::{Admits, admits};
use crate::console::newcomers::{Newcomer, Since};
use crate::store::Reach;

fn newcomer(full_name: &str, act: &str, services: &[&str]) -> Newcomer {
    let services: Vec<ServiceId> = services.iter().map(|id| ServiceId::new(id)).collect();
    Newcomer {
        account: full_name.to_lowercase(),
        full_name: full_name.into(),
        reach: Reach::new(Role::Coordinator, &services),
        act: act.into(),
        by: "furio".into(),
        at: at("24T18:30"),
        times: 1,
        since: Since::Unchanged,
    }
}

/// What a coordinator of one service is told when this was done.
fn told_of(newcomers: Vec<Newcomer>) -> String {
    let present = Present { newcomers, ..well() };
    let mut carla = visitor(Role::Coordinator);
    carla.account.services = vec![ServiceId::new("br4")];
    news(&draw(&of(&present, &carla)))
}

#[test]
fn coordinators_see_who_could_lately_read_cases() {
    let ugo = Newcomer { since: Since::Changed, ..newcomer("Ugo", "accesso cambiato", &["br4"]) };
    let ida = newcomer("Ida", "accesso restituito", &["br4"]);
    let ida = Newcomer { since: Since::TakenAway, times: 3, ..ida };
    let came = vec![
        newcomer("Eva", "accesso creato", &[]),
        newcomer("Lia", "accesso creato", &["lecce"]),
        newcomer("Carla", "accesso creato", &[]),
        newcomer("Carla", "accesso rinnovato", &["br4"]),
        ugo,
        ida,
    ];
    assert_eq!(
        told_of(came),
        "Attenzione: Nuovo accesso di coordinatore: Eva (18:30, da furio). Nuovo indirizzo per \
         l'accesso di coordinatore: Carla (18:30, da furio). Accesso di coordinatore cambiato: \
         Ugo (18:30, da furio, poi cambiato). Accesso di coordinatore restituito: Ida (3 volte, \
         l'ultima 18:30, da furio, poi tolto). Se non lo sapeva, ne chieda conto\n"
    );
    let came: Change = |present, _| {
        present.newcomers = vec![newcomer("Eva", "accesso creato", &[])];
    };
    for role in [Role::Responder, Role::Administrator, Role::Auditor] {
        assert_eq!(news(&seen_by(role, came)), "", "{role}");
    }
}

#[test]
fn no_crowd_of_accounts_hides_one_of_them() {
    let crowd = |many: usize| {
        let names = (0..many).map(|nth| newcomer(&format!("N{nth:02}"), "accesso creato", &[]));
        told_of(names.collect())
    };
    for (many, more) in [
        (20, None),
        (21, Some("Un altro: chieda al revisore, che lo legge nel registro. Se")),
        (31, Some("Altri 11: chieda al revisore, che li legge nel registro. Se")),
    ] {
        let told = crowd(many);
        assert_eq!((told.lines().count(), told.matches("Nuovo accesso").count()), (1, 20));
        assert!(told.contains("N00 ") && told.contains("N19 "), "{told}");
        assert_eq!(told.contains("revisore"), more.is_some(), "{told}");
        assert!(more.is_none_or(|more| told.contains(more)), "{told}");
    }
}

#[test]
fn a_sign_leads_nobody_where_the_gate_turns_them_away() {
    let mut followed = 0;
    for (nth, (change, _)) in table().into_iter().enumerate() {
        for role in Role::ALL {
            let drawn = seen_by(role, change);
            for address in drawn.lines().filter_map(|line| line.rsplit_once(": /")) {
                let path = format!("/{}", address.1.split('?').next().unwrap());
                let Some(Admits::Who(act)) = admits("GET", &path) else {
                    panic!("row {nth}, {role}: no page is at {path}");
                };
                assert!(may(role, act), "row {nth}, {role}: {path}");
                followed += 1;
            }
        }
    }
    assert!(followed > 20, "{followed}");
}

#[test]
fn who_sees_own_cases_alone_is_told_what_waits_in_the_service_and_led_to_no_empty_list() {
    let owes: Change = |_, service| service.owed = Some(owed(3, 0, 1));
    assert_eq!(
        news(&seen_by(Role::Responder, owes)),
        "Attenzione: Nel servizio: 3 richiami da fare o da decidere\n\
         Attenzione: Nel servizio: 1 ricevuta da confermare\n"
    );
    assert_eq!(
        news(&seen_by(Role::Administrator, owes)),
        "Attenzione: 3 richiami da fare o da decidere\nAttenzione: 1 ricevuta da confermare\n"
    );
}
