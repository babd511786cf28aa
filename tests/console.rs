//! The console: who comes in, who may see what, what is shown and what is written down.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod console_support;
mod line_support;

#[path = "console/accounts.rs"]
mod accounts;
#[path = "console/alarms.rs"]
mod alarms;
#[path = "console/closing.rs"]
mod closing;
#[path = "console/documents.rs"]
mod documents;
#[path = "console/entering.rs"]
mod entering;
#[path = "console/forms.rs"]
mod forms;
#[path = "console/lost.rs"]
mod lost;
#[path = "console/plans.rs"]
mod plans;
#[path = "console/programs.rs"]
mod programs;
#[path = "console/reading.rs"]
mod reading;
#[path = "console/reasons.rs"]
mod reasons;
#[path = "console/reports.rs"]
mod reports;
#[path = "console/routes.rs"]
mod routes;
#[path = "console/seeing.rs"]
mod seeing;
#[path = "console/swaps.rs"]
mod swaps;
#[path = "console/taking.rs"]
mod taking;
#[path = "console/telling.rs"]
mod telling;
#[path = "console/turns.rs"]
mod turns;
#[path = "console/voice.rs"]
mod voice;
#[path = "console/writing.rs"]
mod writing;

use std::net::SocketAddr;
use std::time::Duration;

use console_support::{Visitor, shown};
use line_support::exchange::Exchange;
use line_support::person::Person;
use line_support::service::Service;
use line_support::{ADA, CITIZENS, Place, kinds, lane, soon};
use polaris::app::phone::{Do, Told};
use serde_json::Value;

/// A service with a console; Ada is on duty, and her telephone rings long enough for the pages
/// to be looked at meanwhile.
async fn scene() -> (Place, Service, SocketAddr) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    place.edit_plan("each=\"5s\" rounds=1 accept=\"5s\"", "each=\"60s\" rounds=1 accept=\"30s\"");
    let (service, window) = shown(&place).await;
    (place, service, window)
}

/// Telephones: who calls, and Ada behind the trunk.
async fn telephones(place: &Place) -> (Person, Person, Exchange) {
    let ada = Person::at("Ada", place.net.phone(0)).await;
    let exchange = Exchange::open(place.net, &[(ADA, ada.phone.address)]).await;
    let caller = Person::at("chi chiama", place.net.caller()).await;
    (caller, ada, exchange)
}

/// One call with this key, taken by Ada, to its end; the number of its case.
async fn one_call(place: &Place, service: &Service, key: &str) -> String {
    let (mut caller, mut ada, _exchange) = telephones(place).await;
    caller.calls(CITIZENS, place.net.service(), CALLER);
    caller.told(Told::Answered).await;
    caller.presses(key);
    ada.told(Told::Incoming).await;
    ada.does(Do::Answer);
    ada.hears("worker.offer").await;
    ada.presses("1");
    service.step("bridged").await;
    caller.does(Do::HangUp);
    service.step("ended").await;
    // What is told in the log is written a moment later, how both sounded last.
    let mut look = tokio::time::interval(Duration::from_millis(20));
    soon("the case is whole", async {
        let whole = |case: &Value| {
            kinds(case).iter().filter(|kind| **kind == "sound_measured").count() == 2
        };
        while !whole(&place.only_case()) {
            look.tick().await;
        }
    })
    .await;
    place.only_case()["case"].as_str().unwrap().to_owned()
}

/// One call that nobody waits for.
async fn abandoned_call(place: &Place, service: &Service) {
    let before = place.calls().len();
    let mut caller = Person::at("chi chiama", place.net.caller()).await;
    caller.calls(CITIZENS, place.net.service(), CALLER);
    caller.told(Told::Answered).await;
    caller.does(Do::HangUp);
    service.says_times(before + 1, &["step=\"ended\""]).await;
}

/// Who calls here.
const CALLER: &str = "+390831777001";

fn coordinator(place: &Place, window: SocketAddr) -> Visitor {
    Visitor::of_role(place, window, "carla", "coordinator", &["--full-name", "Carla Rossi"])
}
