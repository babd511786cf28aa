//! People who take turns by rule.

use chrono::{NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::words::ServiceId;

/// People in order, each for a turn of whole days; the change (handoff) is at one civil
/// time.
///
/// Turn 0 begins on `first` at `handoff`; turn k belongs to `people[k % n]` and lasts
/// `pattern[k % m]` days. Without a window, turns meet without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The service.
    pub service: ServiceId,
    /// The équipe.
    pub equipe: String,
    /// Its name, unique in the équipe.
    pub name: String,
    /// The escalation step; 1 is rung first.
    pub step: u32,
    /// Who takes turns, in this order; somebody may stand in it twice.
    pub people: Vec<String>,
    /// The day on which turn 0 begins.
    pub first: NaiveDate,
    /// The last day on which duty begins; it lasts until the next handoff.
    pub last: Option<NaiveDate>,
    /// When turns change, civil time.
    pub handoff: NaiveTime,
    /// Days of each turn, over and over: `[1]` daily, `[7]` weekly, `[4, 3]`.
    pub pattern: Vec<u16>,
    /// The hours of duty; day and night without.
    pub window: Option<Window>,
    /// The zone of its civil times.
    pub zone: Tz,
}

/// Hours of duty on some days of the week.
///
/// Each day opens one spell, which may last into the next day and belongs wholly to
/// the person whose turn it is when it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The days on which a spell opens.
    pub weekdays: Vec<Weekday>,
    /// When it opens, civil time.
    pub from: NaiveTime,
    /// When it ends; on the next day if this is not later than `from`.
    pub until: NaiveTime,
}
