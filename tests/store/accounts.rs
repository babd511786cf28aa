//! Accounts: how far each reached when, and who comes in as what.

use chrono::{DateTime, TimeDelta, Utc};
use polaris::access::Role;
use polaris::store::{AccountRow, Clerk, Invitation, NewAccount, Reach, Store};
use polaris::words::ServiceId;

use crate::place::{Place, utc};

fn night() -> DateTime<Utc> {
    utc(2026, 12, 24, 21, 0)
}

fn later(minutes: i64) -> DateTime<Utc> {
    night() + TimeDelta::minutes(minutes)
}

fn eva(role: Role, services: &[&str]) -> NewAccount {
    NewAccount {
        name: "eva".into(),
        full_name: "Eva Neri".into(),
        role,
        services: services.iter().map(|id| ServiceId::new(id)).collect(),
        person: None,
    }
}

fn invitation(token: &str) -> Invitation {
    Invitation { token_hash: token.into(), expires: later(60) }
}

struct Desk {
    _place: Place,
    store: Store,
    clerk: Clerk,
}

impl Desk {
    /// Eva has this role, and a password.
    async fn with(role: Role) -> Self {
        let place = Place::new();
        let store = place.open().await;
        let clerk = Clerk::new(&place.url).unwrap();
        clerk.add_account(&eva(role, &[]), &invitation("x"), "furio", night()).await.unwrap();
        clerk.take_password("x", "$one", night()).await.unwrap().unwrap();
        Self { _place: place, store, clerk }
    }

    async fn eva(&self) -> AccountRow {
        self.store.reader().account("eva").await.unwrap().unwrap()
    }

    async fn is_complete(&self, session: &str) -> Option<bool> {
        let session = self.store.reader().session(session, later(5)).await.unwrap();
        session.map(|session| session.complete)
    }

    async fn entered(&self) -> usize {
        let rows = self.store.reader().audit(None, 100).await.unwrap();
        rows.iter().filter(|row| row.act == "ingresso").count()
    }
}

#[tokio::test]
async fn who_becomes_a_coordinator_while_a_password_is_checked_is_only_halfway_in() {
    let desk = Desk::with(Role::Responder).await;
    let as_it_was = desk.eva().await;
    let raised = eva(Role::Coordinator, &[]);
    assert!(desk.clerk.change_account(&raised, None, "furio", later(1)).await.unwrap());
    let begun = desk.clerk.begin_session("visita", &as_it_was, later(2)).await.unwrap();
    assert_eq!(begun, Some(Role::Coordinator));
    assert_eq!(desk.is_complete("visita").await, Some(false), "without the second factor");
    assert_eq!(desk.entered().await, 0);
}

#[tokio::test]
async fn who_is_put_out_while_a_password_or_a_code_is_checked_does_not_come_in() {
    let desk = Desk::with(Role::Coordinator).await;
    let as_it_was = desk.eva().await;
    let begin =
        async |session| desk.clerk.begin_session(session, &as_it_was, later(2)).await.unwrap();
    assert_eq!(begin("prima").await, Some(Role::Coordinator));
    desk.clerk.set_disabled("eva", Some("prova"), "furio", later(1)).await.unwrap();
    assert_eq!(begin("tolta").await, None);
    desk.clerk.set_disabled("eva", None, "furio", later(1)).await.unwrap();
    // The code of a visit that is over gives the account no second factor, and is not used up.
    let complete = async |session| {
        let secret = Some("segreto");
        desk.clerk.complete_session(session, "eva", 7, secret, later(2)).await.unwrap()
    };
    assert!(!complete("prima").await);
    assert_eq!(desk.eva().await.totp, None);
    assert_eq!(begin("altra").await, Some(Role::Coordinator));
    assert!(complete("altra").await);
    assert!(!complete("altra").await, "one second factor in place of another");
    assert_eq!(desk.is_complete("altra").await, Some(true));
    // Another password.
    desk.clerk.invite("eva", &invitation("y"), "furio", later(3)).await.unwrap();
    desk.clerk.take_password("y", "$two", later(3)).await.unwrap().unwrap();
    assert_eq!(begin("vecchia").await, None);
    for session in ["prima", "tolta", "altra", "vecchia"] {
        assert_eq!(desk.is_complete(session).await, None, "{session}");
    }
    assert_eq!(desk.entered().await, 1);
}

#[tokio::test]
async fn each_row_about_an_account_says_how_far_it_reached_and_those_of_a_week_are_found() {
    let desk = Desk::with(Role::Auditor).await;
    let change = async |account: NewAccount, at| {
        assert!(desk.clerk.change_account(&account, None, "furio", at).await.unwrap());
    };
    change(eva(Role::Coordinator, &["pis-lecce", "polaris-br4"]), later(10)).await;
    desk.clerk.invite("eva", &invitation("y"), "furio", later(20)).await.unwrap();
    desk.clerk.set_disabled("eva", Some("prova"), "furio", later(30)).await.unwrap();
    desk.clerk.set_disabled("eva", None, "furio", later(40)).await.unwrap();
    change(eva(Role::Auditor, &[]), later(50)).await;
    let reader = desk.store.reader();
    let (last, rows) = reader.accesses_after(0, later(-1)).await.unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (row.act.as_str(), Reach::read(&row.detail))).collect();
    let services = ["pis-lecce", "polaris-br4"].map(ServiceId::new);
    let coordinator = Some(Reach::new(Role::Coordinator, &services));
    let auditor = Some(Reach::new(Role::Auditor, &[]));
    assert_eq!(
        told,
        [
            ("accesso creato", auditor.clone()),
            ("accesso cambiato", coordinator.clone()),
            ("accesso rinnovato", coordinator.clone()),
            ("accesso restituito", coordinator),
            ("accesso cambiato", auditor),
        ]
    );
    assert_eq!(reader.accesses_after(0, later(20)).await.unwrap().1, rows[3..]);
    assert_eq!(reader.accesses_after(rows[3].sequence, later(-1)).await.unwrap().1, rows[4..]);
    assert_eq!(reader.accesses_after(last, later(-1)).await.unwrap(), (last, Vec::new()));
    let (people, acts) = reader.audit_words().await.unwrap();
    assert_eq!(people, ["eva", "furio"]);
    let known = ["cambiato", "creato", "restituito", "rinnovato", "tolto"];
    let mut known: Vec<String> = known.iter().map(|word| format!("accesso {word}")).collect();
    known.push("password scelta".into());
    assert_eq!(acts, known);
    assert!(reader.verify_audit().await.unwrap().is_ok());
}
