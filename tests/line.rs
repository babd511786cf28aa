//! Whole calls: the real program, real SIP and RTP on loopback.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod line_support;

#[path = "line/agreed.rs"]
mod agreed;
#[path = "line/dialling.rs"]
mod dialling;
#[path = "line/failing.rs"]
mod failing;
#[path = "line/families.rs"]
mod families;
#[path = "line/keys.rs"]
mod keys;
#[path = "line/names.rs"]
mod names;
#[path = "line/nat.rs"]
mod nat;
#[path = "line/nobody.rs"]
mod nobody;
#[path = "line/offices.rs"]
mod offices;
#[path = "line/operating.rs"]
mod operating;
#[path = "line/protected.rs"]
mod protected;
#[path = "line/refreshed.rs"]
mod refreshed;
#[path = "line/ringing.rs"]
mod ringing;
#[path = "line/streams.rs"]
mod streams;
#[path = "line/talking.rs"]
mod talking;
#[path = "line/terms.rs"]
mod terms;
#[path = "line/tls.rs"]
mod tls;
#[path = "line/trunk_faults.rs"]
mod trunk_faults;
#[path = "line/trunks.rs"]
mod trunks;
#[path = "line/two_networks.rs"]
mod two_networks;
#[path = "line/window.rs"]
mod window;

use line_support::exchange::Exchange;
use line_support::person::Person;
use line_support::service::Service;
use line_support::{ADA, CITIZENS, Place};
use polaris::app::phone::{Do, Told};

/// The number most callers here have.
const CALLER: &str = "+390831777001";

/// A service, its caller, and Ada, who is on duty.
struct Scene {
    place: Place,
    service: Service,
    caller: Person,
    ada: Person,
    exchange: Exchange,
}

impl Scene {
    /// Everybody is there; nobody has called yet.
    async fn set() -> Self {
        Self::set_on(Place::new(line_support::lane(), &[("Ada Greco", ADA)])).await
    }

    async fn set_on(place: Place) -> Self {
        Self::set_with(place, &[]).await
    }

    /// With further telephones behind the trunk.
    async fn set_with(place: Place, others: &[(&str, &Person)]) -> Self {
        let net = place.net;
        let ada = Person::at("Ada", net.phone(0)).await;
        let mut numbers = vec![(ADA, ada.phone.address)];
        numbers.extend(others.iter().map(|(number, person)| (*number, person.phone.address)));
        let exchange = Exchange::open(net, &numbers).await;
        let caller = Person::at("chi chiama", net.caller()).await;
        let service = Service::start(&place).await;
        Self { place, service, caller, ada, exchange }
    }

    fn call(&self, to: &str) {
        self.caller.calls(to, self.place.net.service(), CALLER);
    }

    /// The caller presses 2, Ada accepts, the two talk.
    async fn talk(&mut self) {
        self.call(CITIZENS);
        self.caller.told(Told::Answered).await;
        self.caller.presses("2");
        accept(&mut self.ada).await;
        self.service.step("bridged").await;
    }

    /// The caller hangs up; the service writes the end and stops.
    async fn hang_up(self) -> Place {
        self.caller.does(Do::HangUp);
        self.service.step("ended").await;
        self.service.stop().await;
        self.place
    }
}

/// Picks up, listens, presses 1.
async fn accept(person: &mut Person) {
    person.told(Told::Incoming).await;
    person.does(Do::Answer);
    person.hears("worker.offer").await;
    person.presses("1");
}
