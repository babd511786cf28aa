//! The console in a real browser: readable by everybody, by keyboard alone, live, and whole
//! without JavaScript.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod console_support;
mod line_support;

#[path = "browser/drafts.rs"]
mod drafts;
#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/keys.rs"]
mod keys;
#[path = "browser/live.rs"]
mod live;
#[path = "browser/looks.rs"]
mod looks;
#[path = "browser/pages.rs"]
mod pages;
#[path = "browser/pictures.rs"]
mod pictures;
#[path = "browser/plain.rs"]
mod plain;
#[path = "browser/posted.rs"]
mod posted;
#[path = "browser/sound.rs"]
mod sound;

use std::net::SocketAddr;

use chrono::TimeDelta;
use console_support::{Visitor, shown};
use line_support::exchange::Exchange;
use line_support::person::Person;
use line_support::service::Service;
use line_support::{ADA, BRUNO, CITIZENS, Place, errors, lane};
use polaris::app::phone::{Do, Told};
use polaris::words::{Clock as _, SystemClock};

/// Who calls here.
const CALLER: &str = "+390831777001";

/// A service with telephones around it and its console.
struct Scene {
    place: Place,
    service: Service,
    window: SocketAddr,
    caller: Person,
    ada: Person,
    bruno: Person,
    _exchange: Exchange,
}

impl Scene {
    async fn new() -> Self {
        let place = Place::new(lane(), &[]);
        // Time enough to look at a telephone that rings.
        place.edit_plan(
            "each=\"5s\" rounds=1 accept=\"5s\"",
            "each=\"25s\" rounds=1 accept=\"20s\"",
        );
        place.write("turni.csv", &turns());
        let imported = place.run(&["roster", "import", "turni.csv"]);
        assert!(imported.status.success(), "{}", errors(&imported));
        let ada = Person::at("Ada", place.net.phone(0)).await;
        let bruno = Person::at("Bruno", place.net.phone(1)).await;
        let numbers = [(ADA, ada.phone.address), (BRUNO, bruno.phone.address)];
        let exchange = Exchange::open(place.net, &numbers).await;
        let caller = Person::at("chi chiama", place.net.caller()).await;
        let (service, window) = shown(&place).await;
        Self { place, service, window, caller, ada, bruno, _exchange: exchange }
    }

    fn coordinator(&self) -> Visitor {
        let more = ["--full-name", "Carla Rossi"];
        Visitor::of_role(&self.place, self.window, "carla.rossi", "coordinator", &more)
    }

    /// Ada, who is on duty today.
    fn responder(&self) -> Visitor {
        let more = ["--full-name", "Ada Greco", "--person", "Ada Greco"];
        Visitor::of_role(&self.place, self.window, "ada.greco", "responder", &more)
    }

    /// A citizen calls, presses a key, and talks with Ada.
    async fn talk(&mut self, key: &str) {
        self.ring(key).await;
        self.ada.does(Do::Answer);
        self.ada.hears("worker.offer").await;
        self.ada.presses("1");
        self.service.step("bridged").await;
    }

    /// A citizen calls and presses a key; Ada's telephone rings.
    async fn ring(&mut self, key: &str) {
        self.caller.calls(CITIZENS, self.place.net.service(), CALLER);
        self.caller.told(Told::Answered).await;
        self.caller.presses(key);
        self.ada.told(Told::Incoming).await;
    }

    /// The citizen hangs up.
    async fn hang_up(&self) {
        self.caller.does(Do::HangUp);
        self.service.step("ended").await;
    }

    /// Where the only case is.
    fn only_case(&self) -> String {
        format!("/schede/polaris-br4/{}", self.place.only_case()["case"].as_str().unwrap())
    }
}

/// The day so many days from now; on the third nobody is on duty for six hours.
fn day(ahead: i64) -> String {
    let today = SystemClock::start().wall().date_naive();
    (today + TimeDelta::days(ahead)).format("%Y-%m-%d").to_string()
}

/// Ada and Bruno today, Dario and Elena from tomorrow on, and nobody for six hours after.
fn turns() -> String {
    let (changes, gap) = (format!("{}T08:00", day(1)), format!("{}T14:00", day(3)));
    let again = format!("{}T20:00", day(3));
    let mut csv = "service,equipe,step,person,phone,from,until\n".to_owned();
    for (step, person, phone, from, until) in [
        (1, "Ada Greco", ADA, "2020-01-01T00:00", changes.as_str()),
        (2, "Bruno Neri", BRUNO, "2020-01-01T00:00", &changes),
        (1, "Dario Serra", "+393330000003", &changes, &gap),
        (2, "Elena Conti", "+393330000004", &changes, &gap),
        (1, "Ada Greco", ADA, &again, "2090-01-01T00:00"),
    ] {
        csv += &format!("polaris-br4,equipe,{step},{person},{phone},{from},{until}\n");
    }
    csv
}
