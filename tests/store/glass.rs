//! Cases read for a reason alone.

use chrono::TimeDelta;
use polaris::access::Role;
use polaris::store::{Clerk, Invitation, NewAccount, NewGlass};

use crate::place::utc;
use crate::written::Desk;

#[tokio::test]
async fn a_reason_opens_one_case_to_one_visit_until_its_time_is_over() {
    let desk = Desk::new().await;
    let clerk = Clerk::new(&desk.place.url).unwrap();
    let now = utc(2026, 12, 24, 21, 0);
    let account = NewAccount {
        name: "furio".into(),
        full_name: "Furio Sala".into(),
        role: Role::Administrator,
        services: Vec::new(),
        person: None,
    };
    let invitation = Invitation { token_hash: "x".into(), expires: now };
    clerk.add_account(&account, &invitation, "conte", now).await.unwrap();
    let case = desk.store.reader().case_standing(desk.case).await.unwrap().unwrap();
    let new = NewGlass {
        case: desk.case,
        number: case.number,
        service: &case.service,
        account: "furio",
        session: "visita",
        reason: "La scheda non si apre.",
        expires: now + TimeDelta::minutes(30),
    };
    clerk.break_glass(new, now).await.unwrap();
    let open = async |session, minutes| {
        let at = now + TimeDelta::minutes(minutes);
        let found = desk.store.reader().glass_of_visit(session, at).await.unwrap();
        found.iter().any(|glass| glass.case == desk.case)
    };
    assert!(open("visita", 0).await && open("visita", 29).await);
    assert!(!open("visita", 30).await, "its time is over");
    assert!(!open("altra", 1).await, "another visit");
    let glass = desk.store.reader().glass(10).await.unwrap().remove(0);
    assert_eq!((glass.full_name.as_str(), glass.seen_by.len()), ("Furio Sala", 0));
    for _ in 0..2 {
        clerk.see_glass(&glass, "furio", now).await.unwrap();
    }
    let seen = desk.store.reader().glass_of_case(desk.case).await.unwrap().remove(0);
    assert_eq!(seen.seen_by, ["furio"]);
    let audit = desk.store.reader().audit(None, 10).await.unwrap();
    let acts: Vec<&str> = audit.iter().rev().map(|row| row.act.as_str()).collect();
    let expected = ["accesso creato", "accesso straordinario", "accesso straordinario visto"];
    assert_eq!(acts, expected);
    assert_eq!(audit[1].detail, "La scheda non si apre.");
    for harm in ["delete from break_glass", "update break_glass set expires = '2030'"] {
        assert!(desk.sql(harm).await.is_err(), "{harm}");
    }
}
