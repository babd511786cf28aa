//! The clocks of a case: how much time is left, and what came too late.
//!
//! They read no clock and remember nothing: instants, targets and `now` are arguments.
//! Law: a deadline is an instant, so that a change of the hour moves no alarm.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

use super::scheda::OnSite;
use crate::calendar;

/// What a case promises in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Promise {
    /// A person took the call.
    Answered,
    /// Somebody is there.
    OnSite,
    /// The scheda went to the territorial service.
    SchedaSent,
    /// The service has taken the case over.
    TakenInCharge,
    /// Art. 403 c.c.: order and report are with the prosecutor.
    ProsecutorSent,
}

impl Promise {
    /// All of them, in the order in which they fall due.
    pub const ALL: [Self; 5] =
        [Self::Answered, Self::OnSite, Self::SchedaSent, Self::TakenInCharge, Self::ProsecutorSent];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Answered => "Risposta di una persona",
            Self::OnSite => "Operatore sul posto",
            Self::SchedaSent => "Scheda inviata",
            Self::TakenInCharge => "Presa in carico",
            Self::ProsecutorSent => "Atti al PM minorile (art. 403 c.c.)",
        }
    }
}

/// How long each promise may take, and when it is shown as late before it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    /// Until a person takes the call.
    pub answered: TimeDelta,
    /// From when a call without a person is an alarm.
    pub answered_alarm: TimeDelta,
    /// Until somebody is there, from the arrival of the call.
    pub on_site: TimeDelta,
    /// Until the scheda is sent, from the end of the intervention.
    pub scheda_sent: TimeDelta,
    /// The hour of the next working day at which it has to be there at the latest.
    pub scheda_sent_by: NaiveTime,
    /// Until the case is taken over, from the arrival of the call.
    pub taken_in_charge: TimeDelta,
    /// Until order and report are with the prosecutor, from the placement (art. 403 c.c.).
    pub prosecutor_sent: TimeDelta,
    /// How long before that it is an alarm.
    pub prosecutor_alarm: TimeDelta,
}

impl Default for Targets {
    /// 60 and 120 seconds, 60 minutes, 12 hours or 8:00, 72 hours; 24 hours less 4.
    fn default() -> Self {
        Self {
            answered: TimeDelta::seconds(60),
            answered_alarm: TimeDelta::seconds(120),
            on_site: TimeDelta::minutes(60),
            scheda_sent: TimeDelta::hours(12),
            scheda_sent_by: NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default(),
            taken_in_charge: TimeDelta::hours(72),
            prosecutor_sent: TimeDelta::hours(24),
            prosecutor_alarm: TimeDelta::hours(4),
        }
    }
}

/// What happened to a case when; nothing here is guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instants {
    /// When the call came in.
    pub arrived: DateTime<Utc>,
    /// When a person took it.
    pub answered: Option<DateTime<Utc>>,
    /// When the call was over.
    pub call_ended: Option<DateTime<Utc>>,
    /// Whether somebody goes there; the clock on site runs only then.
    pub on_site: Option<OnSite>,
    /// When somebody was there.
    pub on_site_at: Option<DateTime<Utc>>,
    /// When the intervention was over.
    pub finished: Option<DateTime<Utc>>,
    /// When the scheda was sent.
    pub sent: Option<DateTime<Utc>>,
    /// When the service took the case over.
    pub taken: Option<DateTime<Utc>>,
    /// When the case was archived without having been sent: nothing is owed any more.
    pub archived: Option<DateTime<Utc>>,
    /// Art. 403 c.c.: when the minor was placed.
    pub placed: Option<DateTime<Utc>>,
    /// When order and report went to the prosecutor.
    pub prosecutor_sent: Option<DateTime<Utc>>,
}

/// What a clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What starts it has not happened, or it is not needed.
    NotStarted,
    /// There is time.
    Running {
        /// Until the target.
        left: TimeDelta,
    },
    /// It is getting late; past the target where `left` is negative.
    Amber {
        /// Until the target.
        left: TimeDelta,
    },
    /// It is an alarm; past the target where `left` is negative.
    Red {
        /// Until the target.
        left: TimeDelta,
    },
    /// Done within the target.
    DoneInTime {
        /// From the start.
        took: TimeDelta,
    },
    /// Done after the target.
    DoneLate {
        /// From the start.
        took: TimeDelta,
        /// Beyond the target.
        over: TimeDelta,
    },
    /// It cannot happen any more: whoever it was owed to is gone.
    Missed {
        /// From the start until they were.
        after: TimeDelta,
    },
}

impl Reading {
    /// In Italian, as a board shows it; the colour is in the words too.
    pub fn text(self) -> String {
        let left = |left: TimeDelta, alarm: &str| match left < TimeDelta::zero() {
            true => format!("in ritardo di {}", duration(-left)),
            false => format!("{alarm}mancano {}", duration(left)),
        };
        match self {
            Self::NotStarted => "non avviato".to_owned(),
            Self::Running { left: time } => left(time, ""),
            Self::Amber { left: time } => left(time, "attenzione, "),
            Self::Red { left: time } => left(time, "allarme, "),
            Self::DoneInTime { took } => format!("nei tempi ({})", duration(took)),
            Self::DoneLate { took, over } => {
                format!("in ritardo di {} ({} in tutto)", duration(over), duration(took))
            }
            Self::Missed { after } => format!("mai: finita dopo {}", duration(after)),
        }
    }

    /// Whether it counts as met in a report; `None` while it is open or was not needed.
    pub fn met(self) -> Option<Met> {
        match self {
            Self::DoneInTime { .. } => Some(Met::InTime),
            Self::DoneLate { .. } | Self::Missed { .. } => Some(Met::Late),
            _ => None,
        }
    }
}

/// How a promise ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// Within the target.
    InTime,
    /// After it, or never.
    Late,
}

/// One clock, started: where its alarms are.
#[derive(Debug, Clone, Copy)]
struct Running {
    start: DateTime<Utc>,
    amber: DateTime<Utc>,
    red: DateTime<Utc>,
    due: DateTime<Utc>,
}

impl Running {
    fn read(self, done: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Reading {
        let left = self.due - now;
        match done {
            // Hours are written by hand: one before the start took no time.
            Some(at) if at <= self.due => {
                Reading::DoneInTime { took: (at - self.start).max(TimeDelta::zero()) }
            }
            Some(at) => Reading::DoneLate { took: at - self.start, over: at - self.due },
            None if now >= self.red => Reading::Red { left },
            None if now >= self.amber => Reading::Amber { left },
            None => Reading::Running { left },
        }
    }
}

/// What the clock of `promise` shows at `now`. `works` says on which days the offices of
/// the territorial service work, in the civil time of `zone`.
pub fn read(
    promise: Promise,
    case: &Instants,
    targets: &Targets,
    (zone, works): (Tz, &dyn Fn(NaiveDate) -> bool),
    now: DateTime<Utc>,
) -> Reading {
    match promise {
        Promise::Answered => answered(case, targets, now),
        Promise::OnSite => on_site(case, targets, now),
        Promise::SchedaSent => scheda_sent(case, targets, (zone, works), now),
        Promise::TakenInCharge => taken_in_charge(case, targets, now),
        Promise::ProsecutorSent => prosecutor_sent(case, targets, now),
    }
}

fn answered(case: &Instants, targets: &Targets, now: DateTime<Utc>) -> Reading {
    let due = case.arrived + targets.answered;
    let red = case.arrived + targets.answered_alarm.max(targets.answered);
    match (case.answered, case.call_ended) {
        (None, Some(ended)) => Reading::Missed { after: ended - case.arrived },
        (done, _) => Running { start: case.arrived, amber: due, red, due }.read(done, now),
    }
}

fn on_site(case: &Instants, targets: &Targets, now: DateTime<Utc>) -> Reading {
    let goes = case.on_site == Some(OnSite::Goes);
    if !goes || (case.archived.is_some() && case.on_site_at.is_none()) {
        return Reading::NotStarted;
    }
    let due = case.arrived + targets.on_site;
    let amber = due - targets.on_site / 4;
    Running { start: case.arrived, amber, red: due, due }.read(case.on_site_at, now)
}

fn scheda_sent(
    case: &Instants,
    targets: &Targets,
    (zone, works): (Tz, &dyn Fn(NaiveDate) -> bool),
    now: DateTime<Utc>,
) -> Reading {
    let over = case.finished.or(match case.on_site {
        Some(OnSite::Goes) => None,
        _ => case.call_ended,
    });
    // Sent before anybody wrote when it was over: it was over by then.
    let Some(start) = over.or(case.sent) else { return Reading::NotStarted };
    if case.archived.is_some() && case.sent.is_none() {
        return Reading::NotStarted;
    }
    let opening = next_opening(start, targets.scheda_sent_by, zone, works);
    let due = opening.map_or(start + targets.scheda_sent, |at| at.min(start + targets.scheda_sent));
    let amber = due - (due - start) / 4;
    Running { start, amber, red: due, due }.read(case.sent, now)
}

fn taken_in_charge(case: &Instants, targets: &Targets, now: DateTime<Utc>) -> Reading {
    if case.archived.is_some() && case.taken.is_none() {
        return Reading::NotStarted;
    }
    let due = case.arrived + targets.taken_in_charge;
    let amber = due - targets.taken_in_charge / 4;
    Running { start: case.arrived, amber, red: due, due }.read(case.taken, now)
}

/// It does not stop with the case: the term is the law's.
fn prosecutor_sent(case: &Instants, targets: &Targets, now: DateTime<Utc>) -> Reading {
    let Some(start) = case.placed else { return Reading::NotStarted };
    let due = start + targets.prosecutor_sent;
    let red = due - targets.prosecutor_alarm;
    let amber = start + targets.prosecutor_sent / 2;
    Running { start, amber: amber.min(red), red, due }.read(case.prosecutor_sent, now)
}

/// The first `hour` of a working day after `after`; `None` when a month has none.
fn next_opening(
    after: DateTime<Utc>,
    hour: NaiveTime,
    zone: Tz,
    works: &dyn Fn(NaiveDate) -> bool,
) -> Option<DateTime<Utc>> {
    let today = calendar::local(after, zone).date();
    today
        .iter_days()
        .take(31)
        .filter(|day| works(*day))
        .map(|day| calendar::instant(day.and_time(hour), zone))
        .find(|at| *at > after)
}

/// Offices of the territorial service work from Monday to Friday, holidays excepted; the
/// days of a single Comune are not the service's.
pub fn offices_work(day: NaiveDate) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    !weekend && !calendar::Holidays::italian().is_holiday(day)
}

/// Seconds below two minutes, then minutes, then hours and minutes, then days and hours.
pub fn duration(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{minutes} min"),
        7_200..172_800 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} giorni e {} h", hours % 24),
    }
}

/// What art. 403 c.c. still wants of a removed minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// The prosecutor has not been told by mouth, which the law wants at once.
    TellProsecutor,
    /// Order, documents and report have to be with the prosecutor by this instant.
    SendOrder {
        /// 24 hours from the placement.
        by: DateTime<Utc>,
    },
    /// The minor was removed, and nobody wrote when they were placed: no clock runs.
    WritePlacement,
}

/// The steps of art. 403 c.c. that are open; none for a case without a removal.
pub fn open_duties(
    ordered: Option<DateTime<Utc>>,
    prosecutor_told: Option<DateTime<Utc>>,
    case: &Instants,
    targets: &Targets,
) -> Vec<Duty> {
    let mut duties = Vec::new();
    if (ordered.is_some() || case.placed.is_some()) && prosecutor_told.is_none() {
        duties.push(Duty::TellProsecutor);
    }
    match (case.placed, case.prosecutor_sent) {
        (Some(placed), None) => {
            duties.push(Duty::SendOrder { by: placed + targets.prosecutor_sent })
        }
        (None, None) if ordered.is_some() => duties.push(Duty::WritePlacement),
        _ => {}
    }
    duties
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Rome;

    use super::*;

    fn at(local: &str) -> DateTime<Utc> {
        calendar::instant(local.parse().unwrap(), Rome)
    }

    fn monday_to_friday(day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
    }

    fn shows(promise: Promise, case: &Instants, now: DateTime<Utc>) -> String {
        read(promise, case, &Targets::default(), (Rome, &monday_to_friday), now).text()
    }

    /// A call of Thursday 3 December 2026 at 22:00.
    fn case() -> Instants {
        Instants { arrived: at("2026-12-03T22:00:00"), ..Instants::default() }
    }

    fn after(seconds: i64) -> DateTime<Utc> {
        case().arrived + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_first_clock_is_amber_at_one_minute_and_red_at_two() {
        for (seconds, text) in [
            (0, "mancano 60 s"),
            (59, "mancano 1 s"),
            (60, "attenzione, mancano 0 s"),
            (61, "in ritardo di 1 s"),
            (200, "in ritardo di 2 min"),
        ] {
            assert_eq!(shows(Promise::Answered, &case(), after(seconds)), text);
        }
        let colour = |seconds| {
            let targets = Targets::default();
            let clock = (Rome, &monday_to_friday as &dyn Fn(NaiveDate) -> bool);
            read(Promise::Answered, &case(), &targets, clock, after(seconds))
        };
        assert!(matches!(colour(119), Reading::Amber { .. }));
        assert!(matches!(colour(120), Reading::Red { .. }));
        let took = |seconds| Instants { answered: Some(after(seconds)), ..case() };
        assert_eq!(shows(Promise::Answered, &took(60), after(999)), "nei tempi (60 s)");
        let late = shows(Promise::Answered, &took(90), after(999));
        assert_eq!(late, "in ritardo di 30 s (90 s in tutto)");
        let gone = Instants { call_ended: Some(after(20)), ..case() };
        assert_eq!(shows(Promise::Answered, &gone, after(999)), "mai: finita dopo 20 s");
    }

    #[test]
    fn nobody_is_awaited_on_site_until_somebody_goes() {
        assert_eq!(shows(Promise::OnSite, &case(), after(9_999)), "non avviato");
        let telephone = Instants { on_site: Some(OnSite::Telephone), ..case() };
        assert_eq!(shows(Promise::OnSite, &telephone, after(9_999)), "non avviato");
        let goes = Instants { on_site: Some(OnSite::Goes), ..case() };
        for (minutes, text) in [
            (44, "mancano 16 min"),
            (45, "attenzione, mancano 15 min"),
            (60, "allarme, mancano 0 s"),
            (70, "in ritardo di 10 min"),
        ] {
            assert_eq!(shows(Promise::OnSite, &goes, after(minutes * 60)), text);
        }
        let early = Instants { on_site_at: Some(after(-60)), ..goes };
        assert_eq!(shows(Promise::OnSite, &early, after(0)), "nei tempi (0 s)");
    }

    #[test]
    fn a_scheda_is_due_in_twelve_hours_or_when_the_offices_open() {
        for (finished, due) in [
            ("2026-12-03T23:00:00", "2026-12-04T08:00:00"),
            ("2026-12-03T15:00:00", "2026-12-04T03:00:00"),
            ("2026-12-04T07:59:00", "2026-12-04T08:00:00"),
            ("2026-12-04T08:00:00", "2026-12-04T20:00:00"),
            // Friday night: twelve hours come first.
            ("2026-12-04T23:00:00", "2026-12-05T11:00:00"),
            ("2026-12-06T23:00:00", "2026-12-07T08:00:00"),
            // The night has an hour more, and one less.
            ("2026-10-24T20:00:00", "2026-10-25T07:00:00"),
            ("2027-03-27T20:00:00", "2027-03-28T09:00:00"),
        ] {
            let case = Instants { finished: Some(at(finished)), ..case() };
            let just = shows(Promise::SchedaSent, &case, at(due));
            assert_eq!(just, "allarme, mancano 0 s", "{finished}");
            let sent = Instants { sent: Some(at(due)), ..case };
            assert!(shows(Promise::SchedaSent, &sent, at(due)).starts_with("nei tempi"));
        }
        let never = |_: NaiveDate| false;
        let finished = Instants { finished: Some(after(0)), ..case() };
        let targets = Targets::default();
        let read = read(Promise::SchedaSent, &finished, &targets, (Rome, &never), after(0));
        assert_eq!(read, Reading::Running { left: TimeDelta::hours(12) });
    }

    #[test]
    fn a_scheda_is_owed_after_the_call_or_after_the_intervention() {
        let ended = Instants { call_ended: Some(after(600)), ..case() };
        assert_eq!(shows(Promise::SchedaSent, &case(), after(900)), "non avviato");
        assert!(shows(Promise::SchedaSent, &ended, after(900)).contains("mancano"));
        let goes = Instants { on_site: Some(OnSite::Goes), ..ended.clone() };
        assert_eq!(shows(Promise::SchedaSent, &goes, after(900)), "non avviato");
        let archived = Instants { archived: Some(after(700)), ..ended };
        assert_eq!(shows(Promise::SchedaSent, &archived, after(900)), "non avviato");
        assert_eq!(shows(Promise::TakenInCharge, &archived, after(900)), "non avviato");
    }

    #[test]
    fn the_law_gives_a_day_from_the_placement_and_the_alarm_comes_before() {
        // Saturday evening before the clocks go back: 24 hours are 24 hours.
        let placed = Instants { placed: Some(at("2026-10-24T22:00:00")), ..case() };
        for (now, text) in [
            ("2026-10-25T01:00:00", "mancano 21 h 0 min"),
            ("2026-10-25T10:00:00", "attenzione, mancano 11 h 0 min"),
            ("2026-10-25T17:00:00", "allarme, mancano 4 h 0 min"),
            ("2026-10-25T21:00:00", "allarme, mancano 0 s"),
            ("2026-10-25T22:00:00", "in ritardo di 60 min"),
        ] {
            assert_eq!(shows(Promise::ProsecutorSent, &placed, at(now)), text);
        }
        let archived = Instants { archived: Some(at("2026-10-25T02:00:00")), ..placed };
        let now = at("2026-10-25T17:00:00");
        assert_eq!(shows(Promise::ProsecutorSent, &archived, now), "allarme, mancano 4 h 0 min");
    }

    #[test]
    fn the_duties_of_a_removal_are_named_until_they_are_done() {
        let targets = Targets::default();
        let duties = |ordered, told, placed, sent| {
            let case = Instants { placed, prosecutor_sent: sent, ..case() };
            open_duties(ordered, told, &case, &targets)
        };
        let now = Some(after(0));
        let by = after(86_400);
        assert_eq!(duties(None, None, None, None), []);
        assert_eq!(duties(now, None, None, None), [Duty::TellProsecutor, Duty::WritePlacement]);
        let both = [Duty::TellProsecutor, Duty::SendOrder { by }];
        assert_eq!(duties(None, None, now, None), both);
        assert_eq!(duties(now, now, now, None), [Duty::SendOrder { by }]);
        assert_eq!(duties(now, now, now, now), []);
    }

    #[test]
    fn time_is_told_as_people_tell_it() {
        for (seconds, text) in [
            (-5, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_199, "119 min"),
            (7_200, "2 h 0 min"),
            (172_799, "47 h 59 min"),
            (259_200, "3 giorni e 0 h"),
        ] {
            assert_eq!(duration(TimeDelta::seconds(seconds)), text);
        }
    }
}
