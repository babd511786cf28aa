//! The longest waits over all states, and circles in which nobody is ever served.

use std::time::Duration;

/// One way on, taken by nobody's will but time's and the responders'.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) from: usize,
    /// `None` when the call is over.
    pub(super) to: Option<usize>,
    pub(super) took: Duration,
    pub(super) ring: bool,
    pub(super) promise: bool,
}

/// For each state the longest waits from there.
#[derive(Debug)]
pub(super) struct Reckoning {
    pub(super) to_phone: Vec<Option<Duration>>,
    pub(super) to_promise: Vec<Option<Duration>>,
    /// A state to which a caller who says nothing comes back, unserved.
    pub(super) circle: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    /// On the way that is being followed.
    Open,
    Done,
}

impl Reckoning {
    pub(super) fn of(states: usize, edges: &[Edge]) -> Self {
        let mut out: Vec<Vec<Edge>> = vec![Vec::new(); states];
        for edge in edges {
            if let Some(edges) = out.get_mut(edge.from) {
                edges.push(*edge);
            }
        }
        let (order, circle) = order(&out);
        let mut reckoning =
            Self { to_phone: vec![None; states], to_promise: vec![None; states], circle };
        for state in order {
            let edges = out.get(state).map_or(&[][..], Vec::as_slice);
            reckoning.to_phone[state] = longest(edges, &reckoning.to_phone, |edge| edge.ring);
            reckoning.to_promise[state] =
                longest(edges, &reckoning.to_promise, |edge| edge.promise);
        }
        reckoning
    }
}

fn longest(
    edges: &[Edge],
    beyond: &[Option<Duration>],
    arrives: impl Fn(&Edge) -> bool,
) -> Option<Duration> {
    let way = |edge: &Edge| {
        if arrives(edge) {
            return Some(edge.took);
        }
        let rest = beyond.get(edge.to?).copied().flatten()?;
        Some(edge.took + rest)
    };
    edges.iter().filter_map(way).max()
}

/// The states, each after all that follow from it, and one on a circle if there is one.
/// A way that has kept a promise is followed no further.
fn order(out: &[Vec<Edge>]) -> (Vec<usize>, Option<usize>) {
    let mut marks = vec![Mark::Unseen; out.len()];
    let mut order = Vec::with_capacity(out.len());
    let mut circle = None;
    for first in 0..out.len() {
        let mut way: Vec<(usize, usize)> = vec![(first, 0)];
        if marks[first] != Mark::Unseen {
            continue;
        }
        marks[first] = Mark::Open;
        while let Some((state, next)) = way.pop() {
            let Some(edge) = out[state].get(next) else {
                marks[state] = Mark::Done;
                order.push(state);
                continue;
            };
            way.push((state, next + 1));
            let Some(to) = edge.to.filter(|_| !edge.promise) else { continue };
            match marks[to] {
                Mark::Unseen => {
                    marks[to] = Mark::Open;
                    way.push((to, 0));
                }
                Mark::Open => circle = circle.or(Some(to)),
                Mark::Done => {}
            }
        }
    }
    (order, circle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: usize, to: usize, seconds: u64) -> Edge {
        let took = Duration::from_secs(seconds);
        Edge { from, to: Some(to), took, ring: false, promise: false }
    }

    #[test]
    fn the_longest_of_all_ways_counts() {
        let ring = Edge { ring: true, ..edge(2, 3, 4) };
        let promise = Edge { promise: true, to: None, ..edge(3, 0, 10) };
        let edges = [edge(0, 1, 1), edge(0, 2, 5), edge(1, 2, 7), ring, promise];
        let reckoning = Reckoning::of(4, &edges);
        assert_eq!(reckoning.to_phone[0], Some(Duration::from_secs(1 + 7 + 4)));
        assert_eq!(reckoning.to_promise[0], Some(Duration::from_secs(1 + 7 + 4 + 10)));
        assert_eq!(reckoning.circle, None);
    }

    #[test]
    fn a_circle_is_found() {
        let edges = [edge(0, 1, 1), edge(1, 2, 1), edge(2, 1, 1)];
        assert_eq!(Reckoning::of(3, &edges).circle, Some(1));
    }
}
