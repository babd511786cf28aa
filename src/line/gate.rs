//! Who may talk to us at all.
//!
//! It reads no message. What it remembers of strangers is two tables of fixed size: how
//! many answers each has had, and how many lines of the log.
//!
//! Law: a stranger costs neither memory nor, beyond a few a second, an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, counter};

use crate::sip::{Bucket, Buckets, Rate};
use crate::words::{Clock, SystemClock};

/// The addresses of our trunks; everybody else is a stranger. Its copies are one gate.
#[derive(Debug, Clone)]
pub struct Gate {
    admitted: Arc<RwLock<Admitted>>,
    strangers: Strangers,
    counts: Arc<Mutex<Counts>>,
    /// Packets and connections of strangers.
    turned_away: Counter,
    clock: SystemClock,
}

#[derive(Debug)]
struct Admitted {
    written: BTreeSet<IpAddr>,
    /// Of each trunk: what is written of it.
    owned: BTreeMap<usize, BTreeSet<IpAddr>>,
    /// Of each trunk known by name: its addresses, and those it had before.
    followed: BTreeMap<usize, [BTreeSet<IpAddr>; 2]>,
}

/// What a stranger's request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangers {
    /// Nothing at all.
    Ignore,
    /// One 403, as long as they do not ask too often.
    Refuse,
}

#[derive(Debug)]
struct Counts {
    answers: Buckets,
    /// To all strangers together: there are more forged sources than any table holds.
    all_answers: Bucket,
    lines: Buckets,
    all_lines: Bucket,
    /// Lines about peers of ours that nothing can be sent to.
    unsent: Buckets,
}

impl Gate {
    /// A gate that lets these addresses in.
    pub fn new(admitted: impl IntoIterator<Item = IpAddr>, strangers: Strangers) -> Self {
        let written = admitted.into_iter().map(|address| address.to_canonical()).collect();
        let admitted = Admitted { written, owned: BTreeMap::new(), followed: BTreeMap::new() };
        let seed = || rand::RngExt::random(&mut rand::rng());
        let counts = Counts {
            answers: Buckets::new(ANSWERS, seed()),
            all_answers: Bucket::default(),
            lines: Buckets::new(LINES, seed()),
            all_lines: Bucket::default(),
            unsent: Buckets::new(LINES, seed()),
        };
        Self {
            admitted: Arc::new(RwLock::new(admitted)),
            strangers,
            counts: Arc::new(Mutex::new(counts)),
            turned_away: counter!("polaris_strangers_total"),
            clock: SystemClock::start(),
        }
    }

    /// Whether packets from there are read.
    pub fn admits(&self, address: IpAddr) -> bool {
        let admitted = self.admitted.read().unwrap_or_else(PoisonError::into_inner);
        let address = address.to_canonical();
        let mut followed = admitted.followed.values().flatten();
        admitted.written.contains(&address) || followed.any(|known| known.contains(&address))
    }

    /// Lets a trunk in at these addresses, and at those it had before: calls of then may
    /// still be talking.
    pub fn follow(&self, trunk: usize, addresses: BTreeSet<IpAddr>) {
        let mut admitted = self.admitted.write().unwrap_or_else(PoisonError::into_inner);
        let [now, before] = admitted.followed.entry(trunk).or_default();
        *before = std::mem::replace(now, addresses);
    }

    /// These addresses are written for a trunk: they stay its own.
    pub fn belong(&self, trunk: usize, addresses: impl IntoIterator<Item = IpAddr>) {
        let mut admitted = self.admitted.write().unwrap_or_else(PoisonError::into_inner);
        let addresses = addresses.into_iter().map(|address| address.to_canonical());
        admitted.owned.entry(trunk).or_default().extend(addresses);
    }

    /// The trunk that is at this address; where several are, the first.
    pub(super) fn trunk_at(&self, address: IpAddr) -> Option<usize> {
        let admitted = self.admitted.read().unwrap_or_else(PoisonError::into_inner);
        let address = address.to_canonical();
        let owned = admitted.owned.iter().filter(|(_, known)| known.contains(&address));
        let followed = admitted.followed.iter();
        let followed = followed.filter(|(_, known)| known.iter().any(|k| k.contains(&address)));
        owned.map(|(trunk, _)| *trunk).chain(followed.map(|(trunk, _)| *trunk)).min()
    }

    /// Whether a request of a stranger from there is answered.
    pub(super) fn answers(&self, stranger: IpAddr) -> bool {
        let now = self.clock.now();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        self.strangers == Strangers::Refuse
            && counts.answers.take(now, stranger)
            && counts.all_answers.take(now, ALL_ANSWERS)
    }

    /// Counts a stranger, and tells of them now and then.
    pub(super) fn turn_away(&self, stranger: SocketAddr, what: &'static str) {
        self.turned_away.increment(1);
        self.tell(stranger, what);
    }

    /// Writes one line about somebody's packet, unless there were enough of them.
    pub(super) fn tell(&self, remote: SocketAddr, what: &'static str) {
        let now = self.clock.now();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.lines.take(now, remote.ip()) && counts.all_lines.take(now, ALL_LINES) {
            tracing::info!(sip.remote = %remote, "{what}");
        }
    }

    /// Nothing can be sent to a peer of ours: said once for each, because it is asked again and
    /// again.
    pub(super) fn tell_unsent(&self, remote: SocketAddr, error: &io::Error) {
        let now = self.clock.now();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.unsent.take(now, remote.ip()) {
            tracing::warn!(sip.remote = %remote, %error, "no way to a peer: nothing was sent");
        }
    }
}

/// Answers to one stranger: a scanner learns nothing by the next.
const ANSWERS: Rate = Rate { burst: 4, each: Duration::from_secs(1) };
/// Answers to all strangers.
const ALL_ANSWERS: Rate = Rate { burst: 100, each: Duration::from_millis(10) };
/// Lines about one source.
const LINES: Rate = Rate { burst: 1, each: Duration::from_secs(3600) };
/// Lines about all of them.
const ALL_LINES: Rate = Rate { burst: 20, each: Duration::from_secs(6) };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trunks_are_admitted_in_whatever_form_their_address_comes() {
        let gate = Gate::new(["127.0.0.78".parse().unwrap()], Strangers::Refuse);
        assert!(gate.admits("127.0.0.78".parse().unwrap()));
        assert!(gate.admits("::ffff:127.0.0.78".parse().unwrap()));
    }

    #[test]
    fn a_trunk_that_moves_is_followed_and_left_one_move_later() {
        let gate = Gate::new(["192.0.2.1".parse().unwrap()], Strangers::Refuse);
        let all = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
        let all = all.map(|text| text.parse::<IpAddr>().unwrap());
        let admitted = || all.map(|address| gate.admits(address));
        assert_eq!(admitted(), [true, false, false, false]);
        gate.clone().follow(0, BTreeSet::from([all[1]]));
        assert_eq!(admitted(), [true, true, false, false]);
        gate.follow(0, BTreeSet::from([all[2]]));
        assert_eq!(admitted(), [true, true, true, false]);
        gate.follow(0, BTreeSet::from([all[3]]));
        assert_eq!(admitted(), [true, false, true, true]);
    }

    #[test]
    fn a_trunk_is_found_by_any_address_it_has_and_the_first_of_two() {
        let all = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|text| text.parse().unwrap());
        let gate = Gate::new(all, Strangers::Refuse);
        gate.belong(1, [all[0], all[1]]);
        gate.belong(2, [all[1]]);
        gate.follow(2, BTreeSet::from([all[0], all[2]]));
        assert_eq!(all.map(|address| gate.trunk_at(address)), [Some(1), Some(1), Some(2)]);
        assert_eq!(gate.trunk_at("198.51.100.1".parse().unwrap()), None);
    }

    #[test]
    fn a_stranger_gets_a_few_answers_or_none() {
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        let gate = Gate::new([], Strangers::Refuse);
        let answers = (0..1_000).filter(|_| gate.answers(one)).count();
        assert!((4..10).contains(&answers), "{answers}");
        assert!(gate.answers(other), "everybody for themselves");
        let from_everywhere = (0..10_000u32).map(|n| IpAddr::from(n.to_be_bytes()));
        let answers = from_everywhere.filter(|address| gate.answers(*address)).count();
        assert!(answers < 1_000, "{answers}");
        assert!(!Gate::new([], Strangers::Ignore).answers(one));
    }
}
