//! Whether a party's packets are still coming.

use std::time::Duration;

use crate::words::Moment;

/// Without a packet for this long a stream counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// Watches one stream that should be heard.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    expects: bool,
    last: Moment,
    lost: bool,
}

/// A change worth reporting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// No packet for ten seconds; said once.
    Lost,
    /// A packet again, after [`Heard::Lost`].
    Again,
}

impl Watch {
    /// A stream nothing is expected from yet.
    pub fn new(now: Moment) -> Self {
        Self { expects: false, last: now, lost: false }
    }

    /// From `now` on packets are expected, or (on hold) not.
    pub fn expect(&mut self, expects: bool, now: Moment) {
        if expects && !self.expects {
            self.last = now;
        }
        self.expects = expects;
    }

    /// A legitimate packet came.
    pub fn hear(&mut self, now: Moment) -> Option<Heard> {
        self.last = now;
        std::mem::take(&mut self.lost).then_some(Heard::Again)
    }

    /// Time has passed.
    pub fn look(&mut self, now: Moment) -> Option<Heard> {
        let lost = self.expects && !self.lost && now.since(self.last) >= LOST_AFTER;
        self.lost |= lost;
        lost.then_some(Heard::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn a_loss_is_said_once_until_the_stream_is_found_again() {
        let mut watch = Watch::new(at(0));
        assert_eq!(watch.look(at(60)), None, "nothing was agreed yet");
        watch.expect(true, at(60));
        assert_eq!(watch.look(at(69)), None);
        assert_eq!(watch.look(at(70)), Some(Heard::Lost));
        assert_eq!(watch.look(at(90)), None);
        assert_eq!(watch.hear(at(91)), Some(Heard::Again));
        assert_eq!(watch.hear(at(92)), None);
        assert_eq!(watch.look(at(102)), Some(Heard::Lost));
    }

    #[test]
    fn nobody_on_hold_is_lost() {
        let mut watch = Watch::new(at(0));
        watch.expect(true, at(0));
        watch.expect(false, at(5));
        assert_eq!(watch.look(at(500)), None);
        watch.expect(true, at(500));
        assert_eq!(watch.look(at(509)), None, "it has ten seconds to come back");
    }
}
