//! Lanes placed on a picture: whole tenths of its units, so that nothing depends on a style.
//!
//! It decides nothing about duty: [`super::lanes`] does. The picture is drawn from left to
//! right in instants, so that the night on which clocks change is as long as it is.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::lanes::{Kind, Lane};
use super::when::{Shown, midnight, short_day};
use crate::roster::Period;

/// The picture of some days.
pub(super) struct Drawing {
    pub(super) height: i64,
    pub(super) ticks: Vec<Tick>,
    /// All lanes but the gaps that can be followed.
    pub(super) rows: Vec<Row>,
    /// Gaps, to be followed where somebody may assign them.
    pub(super) links: Vec<Link>,
    /// Where now is.
    pub(super) now: Option<String>,
    /// What it shows, in a sentence.
    pub(super) summary: String,
}

/// The beginning of a day.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) label: String,
}

/// One lane.
pub(super) struct Row {
    pub(super) class: &'static str,
    pub(super) label: String,
    pub(super) y: i64,
    /// Where its texts stand.
    pub(super) base: i64,
    pub(super) boxes: Vec<Piece>,
}

/// One bar.
pub(super) struct Piece {
    pub(super) x: String,
    pub(super) width: String,
    /// As much of its text as fits.
    pub(super) text: String,
    /// All of it.
    pub(super) whole: String,
}

/// A gap that can be followed to where it is assigned.
pub(super) struct Link {
    pub(super) address: String,
    pub(super) label: String,
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: i64,
}

/// Units of a picture's width, of which the labels take the first.
pub(super) const WIDTH: i64 = 1_200;
const LABELS: i64 = 150;
/// Letters of a label.
const LETTERS: usize = 22;
const TOP: i64 = 24;
const ROW: i64 = 26;
/// Gaps are to be hit with a finger: 24 CSS pixels where the picture is at its smallest
/// (WCAG 2.2, 2.5.8). Narrower ones are followed from the list below the picture.
pub(super) const GAP_ROW: i64 = 32;

/// The picture of `lanes` over the days shown; `address_of` says where a gap is assigned.
pub(super) fn draw(
    lanes: &[Lane],
    shown: &Shown,
    range: Period,
    zone: Tz,
    now: DateTime<Utc>,
    address_of: impl Fn(Period) -> Option<(String, String)>,
) -> Drawing {
    let axis = Axis(range);
    let ticks = shown.days().map(|day: NaiveDate| Tick {
        x: tenths(axis.at(midnight(day, zone))),
        label: short_day(day),
    });
    let (mut rows, mut links) = (Vec::new(), Vec::new());
    let mut y = TOP;
    for lane in lanes {
        let mut boxes = Vec::new();
        for bar in &lane.bars {
            let (x, width) = axis.of(bar.period);
            let link = (lane.kind == Kind::Gap && width >= GAP_ROW * 10)
                .then(|| address_of(bar.period))
                .flatten();
            let (x, shown) = (tenths(x), tenths(width));
            match link {
                Some((address, label)) => {
                    links.push(Link { address, label, x, width: shown, y });
                }
                None => {
                    let (text, whole) = (fitting(&bar.text, width), bar.text.clone());
                    boxes.push(Piece { x, width: shown, text, whole });
                }
            }
        }
        let height = if lane.kind == Kind::Gap { GAP_ROW } else { ROW };
        let base = y + height / 2 + 3;
        rows.push(Row { class: class(lane.kind), label: shortened(&lane.label), y, base, boxes });
        y += height;
    }
    Drawing {
        height: y + 4,
        ticks: ticks.collect(),
        rows,
        links,
        now: range.covers(now).then(|| tenths(axis.at(now))),
        summary: summary(lanes),
    }
}

struct Axis(Period);

impl Axis {
    /// Tenths of a unit from the left.
    fn at(&self, at: DateTime<Utc>) -> i64 {
        let whole = (self.0.until() - self.0.from()).num_seconds().max(1);
        let past = (at - self.0.from()).num_seconds().clamp(0, whole);
        LABELS * 10 + past * (WIDTH - LABELS) * 10 / whole
    }

    /// Where a period begins and how wide it is.
    fn of(&self, period: Period) -> (i64, i64) {
        let from = self.at(period.from());
        // What is too short to be seen is seen all the same.
        (from, (self.at(period.until()) - from).max(10))
    }
}

fn tenths(length: i64) -> String {
    format!("{}.{}", length / 10, length % 10)
}

/// A lane's label, as far as there is room before the first day.
fn shortened(label: &str) -> String {
    match label.char_indices().nth(LETTERS) {
        Some((cut, _)) => format!("{}…", label.get(..cut).unwrap_or(label)),
        None => label.to_owned(),
    }
}

/// The text, its initials, or nothing: as `width` tenths allow at about 6.5 units a letter.
fn fitting(text: &str, width: i64) -> String {
    let fits = |letters: usize| i64::try_from(letters).is_ok_and(|l| l * 65 + 60 <= width);
    if fits(text.chars().count()) {
        return text.to_owned();
    }
    let initials: String = text.split(' ').filter_map(|word| word.chars().next()).take(2).collect();
    if fits(initials.chars().count()) { initials } else { String::new() }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Required => "required",
        Kind::Plan => "plan",
        Kind::Change => "change",
        Kind::Result => "result",
        Kind::Gap => "gap",
    }
}

fn summary(lanes: &[Lane]) -> String {
    let count = |kind| {
        let lanes = lanes.iter().filter(|lane| lane.kind == kind);
        lanes.map(|lane| lane.bars.len()).sum::<usize>()
    };
    let gaps = match count(Kind::Gap) {
        0 => "nessun periodo scoperto".to_owned(),
        1 => "1 periodo scoperto".to_owned(),
        many => format!("{many} periodi scoperti"),
    };
    format!(
        "Disegno dei turni: {} nel risultato, {} cambi, {gaps}. Lo stesso è scritto sotto, giorno \
         per giorno.",
        count(Kind::Result),
        count(Kind::Change)
    )
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Rome;

    use super::super::lanes::Bar;
    use super::super::when::View;
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn half_a_week_is_half_the_picture_and_a_narrow_gap_is_no_link() {
        let shown = Shown::around("2026-12-21".parse().unwrap(), View::Week, Rome);
        let range = shown.range().unwrap();
        let gap = |from: &str, until: &str| Bar {
            period: Period::new(at(from), at(until)).unwrap(),
            text: "scoperto".into(),
        };
        let lane = Lane {
            kind: Kind::Gap,
            label: "scoperto".into(),
            bars: vec![
                gap("2026-12-22T23:00:00Z", "2026-12-22T23:10:00Z"),
                gap("2026-12-24T11:00:00Z", "2026-12-27T23:00:00Z"),
            ],
        };
        let now = at("2026-12-24T11:00:00Z");
        let address = |_| Some(("/turni/assegna".to_owned(), "Assegna".to_owned()));
        let drawing = draw(&[lane], &shown, range, Rome, now, address);
        assert_eq!(drawing.now.as_deref(), Some("675.0"));
        let link = drawing.links.first().unwrap();
        assert_eq!((link.x.as_str(), link.width.as_str()), ("675.0", "525.0"));
        assert_eq!((drawing.links.len(), drawing.ticks.len()), (1, 7));
        assert_eq!(drawing.rows[0].boxes.len(), 1);
        assert!(drawing.summary.contains("2 periodi scoperti"), "{}", drawing.summary);
    }

    #[test]
    fn a_name_is_written_as_far_as_there_is_room() {
        assert_eq!(fitting("Ada Greco", 1_000), "Ada Greco");
        assert_eq!(fitting("Ada Greco", 200), "AG");
        assert_eq!(fitting("Ada Greco", 50), "");
    }
}
