//! One table as a picture: a bar a row, drawn on the server.
//!
//! What it shows stands in the table beside it too, number for number.

use super::{HIDDEN, number};
use crate::case::tally::{Figure, Share, Table};

/// The picture of a table.
pub(super) struct Plot {
    pub(super) height: u32,
    pub(super) bars: Vec<Bar>,
    /// What it shows, in a sentence.
    pub(super) summary: String,
}

/// One row.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: String,
    /// Where its label stands, and where its bar begins.
    pub(super) base: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    /// Drawn over the whole width and hatched: how long it is, is not told.
    pub(super) hidden: bool,
}

/// Units of its width: as wide as a telephone, so that its letters can be read there.
pub(super) const WIDTH: u32 = 360;
/// Units of one row, of which the bar takes so many.
const ROW: u32 = 40;
pub(super) const BAR: u32 = 12;
/// Where a label stands in its row.
const BASE: u32 = 16;
/// Letters of a label beside its number.
const LETTERS: usize = 40;

/// The picture of a table; rows that are zero have no bar.
pub(super) fn draw(table: &Table) -> Plot {
    let most = table.rows.iter().filter_map(|(_, figure)| figure.shown()).max().unwrap_or_default();
    let bars = (0_u32..).zip(&table.rows).map(|(nth, (label, figure))| Bar {
        label: shortened(label),
        value: number(*figure),
        base: nth * ROW + BASE,
        top: nth * ROW + BASE + 6,
        width: match figure {
            Figure::Hidden => WIDTH,
            Figure::Shown(shown) => scaled(*shown, most),
        },
        hidden: *figure == Figure::Hidden,
    });
    let bars: Vec<Bar> = bars.collect();
    let height = u32::try_from(bars.len()).unwrap_or_default() * ROW + 4;
    Plot { height, bars, summary: summary(table) }
}

fn scaled(shown: u32, most: u32) -> u32 {
    let width = u64::from(shown) * u64::from(WIDTH) / u64::from(most.max(1));
    u32::try_from(width).unwrap_or(WIDTH)
}

/// What is seen at a glance: the longest bar, and how many are hidden.
pub(super) fn summary(table: &Table) -> String {
    let of = table.of.italian();
    let told = table.rows.iter().filter_map(|(label, figure)| Some((label, figure.shown()?)));
    // The first of those that are equal.
    let most = told.filter(|(_, shown)| *shown > 0).fold(None, |most, next| match most {
        Some((_, shown)) if shown >= next.1 => most,
        _ => Some(next),
    });
    let hidden = table.rows.iter().any(|(_, figure)| *figure == Figure::Hidden);
    let mut text = match (most, table.total) {
        (Some((label, shown)), Figure::Shown(total)) => {
            let share = Share::of(Figure::Shown(shown), Figure::Shown(total)).italian();
            let (shown, total) = (number(Figure::Shown(shown)), number(Figure::Shown(total)));
            format!(
                "Il numero più alto fra quelli mostrati: {label}, {shown} su {total} {of} ({share})."
            )
        }
        (_, Figure::Shown(0)) => format!("Nessuna: le {of} sono zero."),
        _ => String::new(),
    };
    if hidden {
        let space = if text.is_empty() { "" } else { " " };
        text = format!("{text}{space}Dove c'è scritto «{HIDDEN}» il numero non si può mostrare.");
    }
    text
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LETTERS {
        return label.to_owned();
    }
    label.chars().take(LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::tally::Counted;

    fn table(rows: &[(&str, Option<u32>)], total: Option<u32>) -> Table {
        let figure = |number: Option<u32>| number.map_or(Figure::Hidden, Figure::Shown);
        Table {
            word: "comune",
            title: "Comune",
            of: Counted::Cases,
            rows: rows.iter().map(|(label, number)| ((*label).into(), figure(*number))).collect(),
            total: figure(total),
        }
    }

    #[test]
    fn the_longest_bar_fills_the_picture_and_a_hidden_one_tells_no_length() {
        let plot = draw(&table(
            &[("Mesagne", Some(40)), ("Latiano", None), ("Erchie", None), ("altro", Some(10))],
            Some(70),
        ));
        let bars: Vec<String> = plot
            .bars
            .iter()
            .map(|bar| format!("{} {} {} {}", bar.label, bar.value, bar.width, bar.hidden))
            .collect();
        assert_eq!(
            bars,
            [
                "Mesagne 40 360 false",
                "Latiano riservato 360 true",
                "Erchie riservato 360 true",
                "altro 10 90 false"
            ]
        );
        assert!(plot.summary.contains("Mesagne, 40 su 70 schede (57 %)"), "{}", plot.summary);
        assert!(plot.summary.contains("«riservato»"), "{}", plot.summary);
    }

    #[test]
    fn a_table_of_nothing_or_of_too_few_is_told_in_words() {
        assert_eq!(summary(&table(&[("a", Some(0))], Some(0))), "Nessuna: le schede sono zero.");
        let few = summary(&table(&[("a", None), ("b", None)], None));
        assert_eq!(few, "Dove c'è scritto «riservato» il numero non si può mostrare.");
    }
}
