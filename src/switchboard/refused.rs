//! What is refused, and the line in the log that says why.
//!
//! It refuses nothing itself: the SIP core and the arrival of calls do.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Switchboard, figures};
use crate::sip::{Buckets, Rate};
use crate::words::Clock;

impl Switchboard {
    /// Tells what the SIP core has refused since the last time.
    pub(super) fn tell_refusals(&mut self) {
        while let Some(refused) = self.parts.endpoint.poll_refused() {
            self.tell_refusal(refused.remote, refused.status, refused.why);
        }
    }

    /// One line, unless this peer has had enough of them.
    pub(super) fn tell_refusal(&mut self, remote: SocketAddr, status: u16, why: &'static str) {
        figures::refused(status);
        let now = self.parts.clock.now();
        if self.refusals_told.take(now, remote.ip()) {
            tracing::warn!(sip.status = status, sip.remote = %remote, why, "refused");
        }
    }
}

/// Nothing told yet.
pub(super) fn told() -> Buckets {
    Buckets::new(LINES, rand::RngExt::random(&mut rand::rng()))
}

/// Lines about one peer: a day of faults is seen, a storm of them is not written down.
const LINES: Rate = Rate { burst: 10, each: Duration::from_secs(30) };
