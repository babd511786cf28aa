//! Refusals that were told lately, so that a copy of what was refused is not told again.

use std::collections::VecDeque;
use std::net::SocketAddr;

/// The last refusals: who was refused, with what, and the tag that each copy gets alike.
#[derive(Debug, Default)]
pub(super) struct Told {
    last: VecDeque<(SocketAddr, u16, String)>,
}

impl Told {
    /// Whether it was not told yet; it is remembered.
    pub(super) fn is_new(&mut self, remote: SocketAddr, status: u16, tag: &str) -> bool {
        let is_same = |(known, with, of): &(SocketAddr, u16, String)| {
            *known == remote && *with == status && of == tag
        };
        if self.last.iter().any(is_same) {
            return false;
        }
        if self.last.len() >= MOST {
            self.last.pop_front();
        }
        self.last.push_back((remote, status, tag.to_owned()));
        true
    }
}

/// Refusals remembered: more at once are a storm, of which a few lines are told anyway.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_not_told_again_and_the_memory_has_a_bound() {
        let mut told = Told::default();
        let [one, other] = ["192.0.2.1:5060", "192.0.2.2:5060"].map(|text| text.parse().unwrap());
        assert!(told.is_new(one, 405, "a"));
        assert!(!told.is_new(one, 405, "a"));
        assert!(told.is_new(one, 483, "a") && told.is_new(one, 405, "b"));
        assert!(told.is_new(other, 405, "a"));
        assert!((0..10_000).all(|nth| told.is_new(one, 405, &nth.to_string())));
        assert_eq!(told.last.len(), MOST);
        assert!(told.is_new(one, 405, "a"), "it is long ago");
    }
}
