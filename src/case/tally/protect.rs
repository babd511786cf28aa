//! Which numbers of a table may be published.
//!
//! It counts nothing. The law: **no number from 1 to 4 is published, nor can it be
//! reckoned from what is**. Hidden cells always hold small numbers and larger ones together,
//! and any of them could hold any of these: the same table with the hidden numbers in another
//! order is published alike. Where there is no larger number to hide among, the whole table
//! is hidden; where the sum itself is small, the sum is, too.

/// Fewer than this many are hidden.
pub const FEW: u32 = 5;

/// A number, as far as it may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Figure {
    /// It is small, or would give a small one away.
    Hidden,
    /// It may be told.
    Shown(u32),
}

/// The numbers of a table that adds up, as far as they may be published.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Published {
    /// One a cell, in order.
    pub cells: Vec<Figure>,
    /// Their sum.
    pub total: Figure,
}

impl Figure {
    /// The number; `None` when it is hidden.
    pub fn shown(self) -> Option<u32> {
        match self {
            Self::Hidden => None,
            Self::Shown(number) => Some(number),
        }
    }

    /// The sum of two that are both shown: it tells nothing new.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Shown(one), Self::Shown(other)) => Self::Shown(one.saturating_add(other)),
            _ => Self::Hidden,
        }
    }

    /// A number that stands alone.
    pub fn alone(number: u32) -> Self {
        if is_few(number) { Self::Hidden } else { Self::Shown(number) }
    }
}

/// What of the cells of a table, and of their sum, may be published.
pub fn publish(cells: &[u32]) -> Published {
    let sum = cells.iter().fold(0_u32, |sum, cell| sum.saturating_add(*cell));
    let total = Figure::alone(sum);
    let cover = cells.iter().copied().filter(|cell| *cell >= FEW).min();
    let cell = |number: u32| match cover {
        _ if total == Figure::Hidden => Figure::Hidden,
        _ if !cells.iter().any(|cell| is_few(*cell)) => Figure::Shown(number),
        // Nothing to hide among.
        None => Figure::Hidden,
        // All that are equal: which of them came first must not matter.
        Some(cover) if is_few(number) || number == cover => Figure::Hidden,
        Some(_) => Figure::Shown(number),
    };
    Published { cells: cells.iter().map(|number| cell(*number)).collect(), total }
}

fn is_few(number: u32) -> bool {
    (1..FEW).contains(&number)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use proptest::prelude::*;

    use super::*;

    fn drawn(cells: &[u32]) -> String {
        let drawn = |figure: &Figure| match figure {
            Figure::Hidden => "-".to_owned(),
            Figure::Shown(number) => number.to_string(),
        };
        let published = publish(cells);
        let cells: Vec<String> = published.cells.iter().map(drawn).collect();
        format!("{} = {}", cells.join(" "), drawn(&published.total))
    }

    #[test]
    fn a_small_number_is_hidden_and_so_is_what_would_give_it_away() {
        for (cells, published) in [
            (&[][..], " = 0"),
            (&[0, 0], "0 0 = 0"),
            (&[7], "7 = 7"),
            (&[3], "- = -"),
            (&[12, 0, 40], "12 0 40 = 52"),
            // The smallest of the others goes with it, or the sum would tell.
            (&[12, 3, 40], "- - 40 = 55"),
            (&[12, 3, 12, 40], "- - - 40 = 67"),
            (&[12, 1, 0, 4, 40], "- - 0 - 40 = 57"),
            // Two fours would be all that eight can be.
            (&[4, 4], "- - = 8"),
            (&[4, 4, 0], "- - - = 8"),
            (&[2, 0, 1], "- - - = -"),
        ] {
            assert_eq!(drawn(cells), published, "{cells:?}");
        }
    }

    /// Every table of up to four cells: whoever knows what is published and how it is made
    /// up finds no hidden number.
    #[test]
    fn no_hidden_number_follows_from_what_is_published() {
        for size in 1..=4_u32 {
            let mut alike: HashMap<Published, Vec<Vec<u32>>> = HashMap::new();
            for code in 0..RANGE.pow(size) {
                let cells: Vec<u32> =
                    (0..size).map(|place| code / RANGE.pow(place) % RANGE).collect();
                alike.entry(publish(&cells)).or_default().push(cells);
            }
            for (published, tables) in alike {
                for (place, figure) in published.cells.iter().enumerate() {
                    let could: BTreeSet<u32> = tables.iter().map(|cells| cells[place]).collect();
                    match figure {
                        Figure::Shown(number) => assert_eq!(could, [*number].into()),
                        Figure::Hidden => assert!(could.len() > 1, "{published:?}: {could:?}"),
                    }
                }
            }
        }
    }

    const RANGE: u32 = 13;

    proptest! {
        #[test]
        fn no_small_number_is_ever_shown(cells in prop::collection::vec(0..60_u32, 0..12)) {
            let published = publish(&cells);
            for figure in published.cells.iter().chain([&published.total]) {
                prop_assert!(!figure.shown().is_some_and(|number| (1..FEW).contains(&number)));
            }
            let hidden: Vec<u32> = cells
                .iter()
                .zip(&published.cells)
                .filter(|(_, figure)| **figure == Figure::Hidden)
                .map(|(cell, _)| *cell)
                .collect();
            if published.total != Figure::Hidden {
                prop_assert!(hidden.len() != 1, "one hidden number is the sum less the others");
            }
        }

        #[test]
        fn which_hidden_number_stands_where_does_not_show(
            cells in prop::collection::vec(0..60_u32, 2..10),
            turn in 0..10_usize,
        ) {
            let published = publish(&cells);
            let places: Vec<usize> = (0..cells.len())
                .filter(|place| published.cells[*place] == Figure::Hidden)
                .collect();
            let mut turned = cells.clone();
            for (nth, place) in places.iter().enumerate() {
                turned[*place] = cells[places[(nth + turn) % places.len()]];
            }
            prop_assert_eq!(publish(&turned), published);
        }

        #[test]
        fn services_together_show_only_what_each_of_them_shows(
            one in prop::collection::vec(0..30_u32, 4),
            other in prop::collection::vec(0..30_u32, 4),
        ) {
            let (a, b) = (publish(&one), publish(&other));
            for (a, b) in a.cells.iter().zip(&b.cells) {
                let both = a.plus(*b);
                prop_assert_eq!(both.shown().is_some(), a.shown().is_some() && b.shown().is_some());
            }
        }
    }
}
