//! What other programs are to be told: put aside with what it tells, and only if somebody
//! is to be told.

use chrono::{DateTime, Utc};
use polaris::case::course::Move;
use polaris::case::{Addition, Fact, Outcome, Stage};
use polaris::roster::{Edit, Rows, read_csv};
use polaris::store::{Clerk, Message, edit_roster};
use polaris::webhook::Event;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::place::{christmas, numbered, opening, utc};
use crate::written::Desk;

/// When everything is due: some triggers know no instant but the machine's.
fn later() -> DateTime<Utc> {
    utc(2100, 1, 1, 0, 0)
}

async fn next(desk: &Desk, webhook: &str) -> Option<Message> {
    desk.store.reader().next_message(webhook, later()).await.unwrap()
}

/// Everything `webhook` is to be told, in order, taken.
async fn told(desk: &Desk, clerk: &Clerk, webhook: &str) -> Vec<(String, String)> {
    let mut told = Vec::new();
    while let Some(message) = next(desk, webhook).await {
        clerk.message_taken(message.message).await.unwrap();
        let about = [message.service, message.subject].map(Option::unwrap_or_default);
        told.push((message.event, about.join(" ").trim().to_owned()));
    }
    told.sort();
    told
}

fn webhooks() -> Vec<(String, Vec<&'static str>)> {
    let all = Event::ALL.map(Event::word).to_vec();
    vec![("tutto".into(), all), ("aperture".into(), vec![Event::CaseOpened.word()])]
}

#[tokio::test]
async fn every_event_is_put_aside_for_whom_it_is_and_names_nobody() {
    let desk = Desk::new().await;
    let clerk = Clerk::new(&desk.place.url).unwrap();
    assert_eq!(next(&desk, "tutto").await, None, "nobody was to be told then");
    clerk.set_webhooks(&webhooks(), later()).await.unwrap();
    let second = opening("polaris-br4", utc(2026, 12, 24, 20, 0));
    numbered(desk.store.opening(second.clone())).await;
    let at = utc(2026, 12, 24, 20, 1);
    desk.store.note(second.call, 1, at, Fact::CallBackAnswered { safe: true, by_key: true });
    desk.store.note(second.call, 2, at, Fact::Ended { outcome: Outcome::Callback });
    desk.store.flush().await;
    let to = Move {
        from: Stage::Segnalazione,
        to: Stage::Valutazione,
        end: None,
        reason: String::new(),
    };
    desk.add(0, Addition::Stage(to)).await;
    let row = "polaris-br4,equipe,1,Ada,+393330000001,2026-12-24T20:00,2026-12-25T08:00";
    let csv = format!("service,equipe,step,person,phone,from,until\n{row}\n");
    let rows = Rows::Shifts(read_csv(&csv, chrono_tz::Europe::Rome).unwrap());
    edit_roster(&desk.place.url, &Edit::Import(rows), "conte", at).await.unwrap();

    let of = |event: &str, about: &str| (event.to_owned(), about.to_owned());
    assert_eq!(
        told(&desk, &clerk, "tutto").await,
        [
            of("call.ended", "polaris-br4 2026-0002"),
            of("case.call_back_owed", "polaris-br4 2026-0002"),
            of("case.opened", "polaris-br4 2026-0002"),
            of("case.stage_changed", "polaris-br4 2026-0001"),
            of("roster.changed", ""),
        ]
    );
    let aperture = told(&desk, &clerk, "aperture").await;
    assert_eq!(aperture, [of("case.opened", "polaris-br4 2026-0002")]);
    // What is written twice is told once.
    desk.store.note(second.call, 2, at, Fact::Ended { outcome: Outcome::Callback });
    desk.store.flush().await;
    assert_eq!(next(&desk, "tutto").await, None);
}

#[tokio::test]
async fn what_is_not_done_is_not_told_and_what_is_not_told_is_known() {
    let desk = Desk::new().await;
    let clerk = Clerk::new(&desk.place.url).unwrap();
    clerk.set_webhooks(&webhooks(), later()).await.unwrap();
    let options = SqliteConnectOptions::new().filename(desk.place.file());
    let mut connection = options.connect().await.unwrap();
    for statement in ["begin immediate", "update cases set callback_owed = 1", "rollback"] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    assert_eq!(next(&desk, "tutto").await, None);

    numbered(desk.store.opening(christmas())).await;
    let message = next(&desk, "aperture").await.unwrap();
    let due = utc(2099, 1, 1, 0, 0);
    clerk.message_refused(message.message, "risponde 500", Some(due)).await.unwrap();
    let reader = desk.store.reader();
    let early = utc(2098, 1, 1, 0, 0);
    assert_eq!(reader.next_message("aperture", early).await.unwrap(), None);
    let again = next(&desk, "aperture").await.unwrap();
    assert_eq!((&again.id, again.attempts), (&message.id, 1));
    clerk.message_refused(message.message, "risponde 500", None).await.unwrap();
    assert_eq!(next(&desk, "aperture").await, None);
    let outboxes = reader.outboxes().await.unwrap();
    let [aperture, tutto] = outboxes.as_slice() else { panic!("{outboxes:?}") };
    assert_eq!((aperture.waiting, aperture.given_up), (0, 1));
    assert_eq!(aperture.problem.as_deref(), Some("risponde 500"));
    assert_eq!((tutto.waiting, tutto.given_up, &tutto.problem), (1, 0, &None));
    assert_eq!(clerk.try_messages_again("aperture", early).await.unwrap(), 1);
    assert_eq!(next(&desk, "aperture").await.unwrap().id, message.id);
    // Who is told no more leaves nothing behind.
    clerk.set_webhooks(&[], early).await.unwrap();
    assert!(reader.outboxes().await.unwrap().is_empty());
    assert_eq!(next(&desk, "tutto").await, None);
}
