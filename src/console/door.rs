//! How often somebody at one address may try to come in.
//!
//! A name is locked after five wrong passwords; this is for who tries many names, or makes us
//! check passwords for nothing. It knows no name. Law: **the table does not grow**, and an
//! address is the peer's own unless the peer is a proxy that the configuration trusts. Where
//! none is, who comes from this machine is not counted: that may be everybody, through a proxy.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;

use crate::sip::{Bucket, Buckets, Rate};
use crate::words::Moment;

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Counts tries, by address.
#[derive(Debug, Clone)]
pub(super) struct Door {
    tries: Arc<Mutex<Tries>>,
    proxies: Arc<[IpAddr]>,
}

#[derive(Debug)]
struct Tries {
    buckets: Buckets,
    /// Lines of the log about it.
    lines: Bucket,
}

impl Door {
    /// Proxies are those that may say for whom they ask.
    pub(super) fn new(proxies: Arc<[IpAddr]>) -> Self {
        let buckets = Buckets::new(TRIES, rand::RngExt::random(&mut rand::rng()));
        Self { tries: Arc::new(Mutex::new(Tries { buckets, lines: Bucket::default() })), proxies }
    }

    /// Whether somebody there may try now.
    pub(super) fn lets(&self, peer: IpAddr, headers: &HeaderMap, now: Moment) -> bool {
        if self.proxies.is_empty() && peer.to_canonical().is_loopback() {
            // One stranger would shut everybody out.
            return true;
        }
        let source = source(peer, headers, &self.proxies);
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let lets = tries.buckets.take(now, source);
        if !lets && tries.lines.take(now, LINES) {
            tracing::warn!(%source, "too many tries to come in");
        }
        lets
    }
}

/// Who asks: the peer; or, where that is a proxy of ours, the last one in its
/// `X-Forwarded-For` that is none. What stands before that, anybody can write.
fn source(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let is_ours = |address: &IpAddr| proxies.contains(&address.to_canonical());
    if !is_ours(&peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let told: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    for text in told.iter().rev() {
        match text.parse::<IpAddr>() {
            Ok(address) if is_ours(&address) => {}
            Ok(address) => return address,
            Err(_) => return peer,
        }
    }
    peer
}

/// Tries of one address. With the second factor one person needs two; an office behind one
/// address does not come near it.
const TRIES: Rate = Rate { burst: TRIES_MAX, each: Duration::from_secs(1) };
/// Tries at once; then one a second.
const TRIES_MAX: u32 = 60;
/// After so many seconds all of them are there again.
pub(super) const AGAIN_AFTER: &str = "60";
const LINES: Rate = Rate { burst: 1, each: Duration::from_secs(60) };

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn told(lines: &[&str]) -> HeaderMap {
        let line = |text: &&str| ("x-forwarded-for".parse().unwrap(), text.parse().unwrap());
        lines.iter().map(line).collect()
    }

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_asks() {
        let proxies = [ip("127.0.0.1"), ip("10.0.0.2")];
        for (peer, lines, found) in [
            ("203.0.113.7", &["198.51.100.1"][..], "203.0.113.7"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What the visitor wrote stands before what the proxy saw.
            ("127.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["1.1.1.1", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("127.0.0.1", &["1.1.1.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["10.0.0.2"], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
        ] {
            assert_eq!(source(ip(peer), &told(lines), &proxies), ip(found), "{peer} {lines:?}");
        }
        assert_eq!(source(ip("127.0.0.1"), &told(&["1.1.1.1"]), &[]), ip("127.0.0.1"));
    }

    #[test]
    fn one_address_tries_so_often_and_shuts_nobody_else_out() {
        let door = Door::new(Arc::from([]));
        let at = |seconds| Moment::after_start(Duration::from_secs(seconds));
        let let_in = |from: &str, now| {
            (0..500).filter(|_| door.lets(ip(from), &HeaderMap::new(), now)).count()
        };
        assert_eq!(let_in("203.0.113.7", at(0)), TRIES_MAX as usize);
        assert!(door.lets(ip("203.0.113.8"), &HeaderMap::new(), at(0)));
        assert_eq!(let_in("203.0.113.7", at(10)), 10);
        assert_eq!(let_in("203.0.113.7", at(70)), TRIES_MAX as usize);
    }

    #[test]
    fn a_proxy_on_this_machine_that_is_not_trusted_shuts_nobody_out() {
        let (one, all) = (TRIES_MAX as usize, 500);
        for (proxies, peer, let_in) in [
            (&["10.0.0.2"][..], "127.0.0.1", one),
            (&["127.0.0.1"], "127.0.0.1", one),
            (&[], "127.0.0.1", all),
            (&[], "::1", all),
            (&[], "::ffff:127.0.0.1", all),
            (&[], "10.0.0.2", one),
        ] {
            let door = Door::new(proxies.iter().map(|proxy| ip(proxy)).collect());
            let now = Moment::after_start(Duration::ZERO);
            let lets = (0..all).filter(|_| door.lets(ip(peer), &HeaderMap::new(), now));
            assert_eq!(lets.count(), let_in, "{peer} {proxies:?}");
        }
    }
}
