//! Who watches live: so many at once, so many of one visit.
//!
//! It serves nobody. Law: **whoever watches leaves room for those who only ask a page**, and
//! whose visit is ended watches no longer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Watching pages of one visit, at once.
const OF_ONE_VISIT: usize = 6;
/// Watching pages in all: half of the connections the console takes.
const IN_ALL: usize = 128;

/// The pages that are watched live, by the hash of their visit's secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Watchers(Arc<Mutex<HashMap<String, Pages>>>);

/// The pages of one visit.
#[derive(Debug)]
struct Pages {
    account: String,
    open: usize,
    /// Told when the visit is ended.
    over: watch::Sender<bool>,
}

/// One page that is watched, until dropped.
#[derive(Debug)]
pub(super) struct Watching {
    watchers: Watchers,
    session: String,
    over: watch::Receiver<bool>,
}

impl Watchers {
    /// Room for one more page; `None` when there is none.
    pub(super) fn admit(&self, session: &str, account: &str) -> Option<Watching> {
        let mut visits = self.lock();
        let all: usize = visits.values().map(|pages| pages.open).sum();
        let own = visits.get(session).map_or(0, |pages| pages.open);
        if all >= IN_ALL || own >= OF_ONE_VISIT {
            return None;
        }
        let pages = visits.entry(session.to_owned()).or_insert_with(|| Pages {
            account: account.to_owned(),
            open: 0,
            over: watch::Sender::new(false),
        });
        pages.open += 1;
        let over = pages.over.subscribe();
        Some(Watching { watchers: self.clone(), session: session.to_owned(), over })
    }

    /// Cuts the pages of ended visits: which, `ended` says of a session and its account.
    pub(super) fn cut(&self, ended: impl Fn(&str, &str) -> bool) {
        let visits = self.lock();
        let ended = visits.iter().filter(|(session, pages)| ended(session, &pages.account));
        for (_, pages) in ended {
            pages.over.send_replace(true);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pages>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watching {
    /// Waits until the visit is ended.
    pub(super) async fn over(&mut self) {
        // The sender is kept for as long as this.
        let _ = self.over.wait_for(|over| *over).await;
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut visits = self.watchers.lock();
        let Some(pages) = visits.get_mut(&self.session) else { return };
        pages.open = pages.open.saturating_sub(1);
        if pages.open == 0 {
            visits.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_visit_takes_no_more_than_its_share_and_gives_it_back() {
        let watchers = Watchers::default();
        let own: Vec<_> = std::iter::from_fn(|| watchers.admit("1", "carla")).take(50).collect();
        assert_eq!(own.len(), OF_ONE_VISIT);
        assert!(watchers.admit("2", "ada").is_some());
        drop(own);
        assert!(watchers.admit("1", "carla").is_some());
    }

    #[test]
    fn however_many_watch_half_of_the_places_stay_free() {
        let watchers = Watchers::default();
        let all: Vec<_> =
            (0..1_000).filter_map(|n| watchers.admit(&n.to_string(), "carla")).collect();
        assert_eq!(all.len(), IN_ALL);
        drop(all);
        assert!(watchers.lock().is_empty());
    }

    #[tokio::test]
    async fn a_page_of_an_ended_visit_is_cut_and_no_other() {
        let watchers = Watchers::default();
        let mut all = [("1", "carla"), ("2", "carla"), ("3", "ada")]
            .map(|(session, account)| watchers.admit(session, account).unwrap());
        watchers.cut(|session, account| account == "carla" && session != "2");
        let over = all.each_mut().map(|watching| *watching.over.borrow_and_update());
        assert_eq!(over, [true, false, false]);
        let [first, ..] = &mut all;
        first.over().await;
    }
}
