//! Who spoke lately over UDP: whoever did is there, whatever an ICMP packet says.
//!
//! It judges no message. Law: it grows with no sender; whom it has no room for counts as
//! not heard.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::sip::route::Route;
use crate::words::Moment;

/// When each peer was heard last.
#[derive(Debug, Default)]
pub(super) struct Heard {
    last: HashMap<SocketAddr, Moment>,
}

impl Heard {
    /// A message came from there.
    pub(super) fn note(&mut self, now: Moment, route: Route) {
        if route.transport.is_reliable() {
            return;
        }
        if self.last.len() >= PEERS_MAX && !self.last.contains_key(&route.remote) {
            self.last.retain(|_, at| *at + LATELY > now);
            if self.last.len() >= PEERS_MAX {
                return;
            }
        }
        self.last.insert(route.remote, now);
    }

    /// When a message came from there last, if that is not long ago.
    pub(super) fn lately(&self, now: Moment, route: Route) -> Option<Moment> {
        self.last.get(&route.remote).copied().filter(|at| now < *at + LATELY)
    }
}

/// How long whoever spoke is believed to be there: a trunk that is well is asked every 30 s, and
/// may take some to answer.
const LATELY: Duration = Duration::from_secs(35);
/// Peers remembered; one trunk may speak from many ports.
const PEERS_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn from(port: u16) -> Route {
        let local = ([192, 0, 2, 1], 5060).into();
        Route { transport: Transport::Udp, local, remote: ([192, 0, 2, 9], port).into() }
    }

    #[test]
    fn who_spoke_is_there_for_a_while_and_a_crowd_takes_no_room() {
        let at = |seconds| Moment::START + Duration::from_secs(seconds);
        let mut heard = Heard::default();
        heard.note(at(0), from(1));
        assert_eq!(heard.lately(at(34), from(1)), Some(at(0)));
        assert_eq!(heard.lately(at(35), from(1)), None);
        assert_eq!(heard.lately(at(1), from(2)), None);
        for port in 2..5_000 {
            heard.note(at(10), from(port));
        }
        assert_eq!(heard.last.len(), PEERS_MAX);
        heard.note(at(20), from(1));
        assert!(heard.lately(at(45), from(1)).is_some(), "who was there stays");
        heard.note(at(46), from(9_000));
        assert!(heard.lately(at(46), from(9_000)).is_some(), "old ones make room");
        heard.note(at(0), Route { transport: Transport::Tcp, ..from(7_777) });
        assert_eq!(heard.lately(at(0), from(7_777)), None);
    }
}
