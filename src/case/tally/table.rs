//! One table of a month: what was counted, as far as it may be published.

use super::protect::{Figure, publish};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Calls that came in.
    Calls,
    /// Cases that were opened.
    Cases,
    /// Persons that the schede of these cases name or describe.
    Persons,
}

impl Counted {
    /// In Italian, plural.
    pub fn italian(self) -> &'static str {
        match self {
            Self::Calls => "chiamate",
            Self::Cases => "schede",
            Self::Persons => "persone",
        }
    }
}

/// A table whose rows add up to its total. Small numbers are not in it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Names it in files.
    pub word: &'static str,
    /// In Italian.
    pub title: &'static str,
    /// What its rows count.
    pub of: Counted,
    /// Label and number; every label there could be, so that none tells anything.
    pub rows: Vec<(String, Figure)>,
    /// The sum of all rows.
    pub total: Figure,
}

impl Table {
    /// Hides what must not be told of these counts.
    pub(super) fn publish(
        word: &'static str,
        title: &'static str,
        of: Counted,
        counts: Vec<(String, u32)>,
    ) -> Self {
        let (labels, numbers): (Vec<String>, Vec<u32>) = counts.into_iter().unzip();
        let published = publish(&numbers);
        let rows = labels.into_iter().zip(published.cells).collect();
        Self { word, title, of, rows, total: published.total }
    }

    /// Both together; what either hides, stays hidden.
    #[must_use]
    pub(super) fn plus(mut self, other: &Self) -> Self {
        for (label, figure) in &other.rows {
            match self.rows.iter_mut().find(|(known, _)| known == label) {
                Some((_, mine)) => *mine = mine.plus(*figure),
                // A label that the other has not, is one that it cannot have.
                None => self.rows.push((label.clone(), *figure)),
            }
        }
        self.total = self.total.plus(other.total);
        self
    }

    /// The number of a row, from 0.
    pub(super) fn row(&self, place: usize) -> Figure {
        self.rows.get(place).map_or(Figure::Hidden, |(_, figure)| *figure)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.total == Figure::Shown(0)
    }
}

/// How many of how many, in whole percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// There were none.
    None,
    /// One of the two numbers is hidden.
    Hidden,
    /// So many in a hundred.
    Percent(u32),
}

impl Share {
    /// `part` of `whole`.
    pub fn of(part: Figure, whole: Figure) -> Self {
        match (part, whole) {
            (_, Figure::Shown(0)) => Self::None,
            (Figure::Shown(part), Figure::Shown(whole)) => {
                let (part, whole) = (u64::from(part), u64::from(whole));
                let percent = (part * 100 + whole / 2) / whole;
                Self::Percent(u32::try_from(percent).unwrap_or(u32::MAX))
            }
            _ => Self::Hidden,
        }
    }

    /// In Italian.
    pub fn italian(self) -> String {
        match self {
            Self::None => "nessun caso".to_owned(),
            Self::Hidden => "riservato".to_owned(),
            Self::Percent(percent) => format!("{percent} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(counts: &[(&str, u32)]) -> Table {
        let counts = counts.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect();
        Table::publish("prova", "Prova", Counted::Cases, counts)
    }

    #[test]
    fn two_services_together_tell_no_more_than_each_of_them() {
        let (one, other) = (table(&[("a", 2), ("b", 9), ("c", 20)]), table(&[("c", 5), ("d", 7)]));
        let both = one.plus(&other);
        let rows: Vec<String> = both
            .rows
            .iter()
            .map(|(label, figure)| format!("{label} {:?}", figure.shown()))
            .collect();
        assert_eq!(rows, ["a None", "b None", "c Some(25)", "d Some(7)"]);
        assert_eq!(both.total, Figure::Shown(43));
        assert_eq!(both.plus(&table(&[("c", 3)])).total, Figure::Hidden);
    }

    #[test]
    fn a_share_is_told_of_numbers_that_are_told() {
        use Figure::{Hidden, Shown};
        for (part, whole, share) in [
            (Shown(2), Shown(3), "67 %"),
            (Shown(0), Shown(9), "0 %"),
            (Shown(0), Shown(0), "nessun caso"),
            (Hidden, Shown(9), "riservato"),
            (Shown(9), Hidden, "riservato"),
        ] {
            assert_eq!(Share::of(part, whole).italian(), share);
        }
    }
}
