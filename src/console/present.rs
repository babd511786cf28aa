//! The present moment, as every page shows it: computed once for all visitors.
//!
//! It decides nothing: hours, roster and record say what they say, and a thing that cannot
//! be read is shown as such. Law: **what is wrong is told, in words, with what to do.**

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::sync::watch;

use super::Desk;
use super::newcomers::{self, Accesses, Newcomer};
use crate::calendar::{instant, local};
use crate::dialplan::Plan;
use crate::roster::{Finding, Lack, Period, Roster, coverage};
use crate::store::{GlassRow, LiveCall, Outbox, Owed, Standing, StandingRoster, Watcher};
use crate::switchboard::TrunkStanding;
use crate::words::{Clock as _, ServiceId};

/// How it is now.
#[derive(Debug, Clone)]
pub(super) struct Present {
    pub(super) at: DateTime<Utc>,
    pub(super) services: Vec<ServiceNow>,
    pub(super) trunks: Vec<TrunkStanding>,
    pub(super) store: Standing,
    /// What of the disk is left, in percent; `None` where it cannot be said.
    pub(super) disk_left: Option<u8>,
    /// The calls in progress and those just over; `None` when the record cannot be read.
    pub(super) calls: Option<Arc<Vec<LiveCall>>>,
    /// The cases last read for a reason.
    pub(super) glass: Vec<GlassRow>,
    /// How it stands with the programs that are told.
    pub(super) outboxes: Vec<Outbox>,
    /// What was lately done to accounts that could read cases, the last first.
    pub(super) newcomers: Vec<Newcomer>,
}

/// One service now.
#[derive(Debug, Clone)]
pub(super) struct ServiceNow {
    pub(super) service: ServiceId,
    pub(super) title: String,
    pub(super) zone: Tz,
    /// Whether the service itself answers, and until when.
    pub(super) active: bool,
    pub(super) until: Option<DateTime<Utc>>,
    /// Who is on duty, by step; `None` when the roster cannot be read.
    pub(super) on_duty: Option<Vec<DutyNow>>,
    /// Who comes after.
    pub(super) next: Vec<DutyNow>,
    /// Where nobody is, within the next days; the earliest first.
    pub(super) gaps: Vec<Period>,
    /// Requests to give turns away that wait for a coordinator.
    pub(super) swaps_asked: usize,
    /// `None` when the record cannot be read.
    pub(super) owed: Option<Owed>,
}

/// Somebody on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DutyNow {
    pub(super) person: String,
    pub(super) step: u32,
    pub(super) from: DateTime<Utc>,
    /// `None` when it goes on beyond what was looked at.
    pub(super) until: Option<DateTime<Utc>>,
}

/// How far gaps are looked for (domain: the next sixty days).
pub(super) const AHEAD: TimeDelta = TimeDelta::days(60);
/// Cases read for a reason that are looked at for the strip; the list has the others.
const GLASS_TOLD: u32 = 50;
/// How long a call that is over stays on the board.
const JUST_OVER: TimeDelta = TimeDelta::minutes(5);
/// How often it is looked whether anything was written.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Looks between two reckonings when nothing was written: hours pass, too.
const LOOKS_MAX: u32 = 17;

/// Keeps `present` true until the last visitor and the console are gone.
pub(super) async fn keep(desk: Desk, present: watch::Sender<Arc<Present>>) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut watcher: Option<Watcher> = None;
    let mut known: Option<i64> = None;
    let mut looks = LOOKS_MAX;
    let mut duties = Duties::default();
    let mut trunks = desk.trunks.clone();
    let mut plans = desk.plans.clone();
    loop {
        every.tick().await;
        if present.is_closed() {
            return;
        }
        looks += 1;
        let version = look(&desk, &mut watcher).await;
        let still = version.is_some() && version == known && looks < LOOKS_MAX;
        let told = trunks.has_changed().unwrap_or(false) || plans.has_changed().unwrap_or(false);
        if still && !told {
            continue;
        }
        trunks.mark_unchanged();
        plans.mark_unchanged();
        (known, looks) = (version, 0);
        let now = reckon(&desk, &mut duties).await;
        present.send_replace(Arc::new(now));
    }
}

async fn look(desk: &Desk, watcher: &mut Option<Watcher>) -> Option<i64> {
    if watcher.is_none() {
        *watcher = desk.reader.watcher().await.ok();
    }
    let looked = watcher.as_mut()?.look().await;
    if looked.is_err() {
        *watcher = None;
    }
    looked.ok()
}

/// What the roster said, until it or the hour changes.
#[derive(Debug, Default)]
pub(super) struct Duties {
    roster: Option<StandingRoster>,
    gaps: HashMap<ServiceId, Gaps>,
    accesses: Accesses,
}

/// Where nobody is, as it was found.
#[derive(Debug, Clone)]
struct Gaps {
    /// By this revision of the roster, in this hour, by this plan.
    revision: i64,
    hour: i64,
    plan: Arc<Plan>,
    periods: Vec<Period>,
}

/// How it is now, reckoned anew.
pub(super) async fn reckon(desk: &Desk, duties: &mut Duties) -> Present {
    let at = desk.clock.wall();
    let read = match desk.reader.roster_revision().await {
        Ok(revision) if duties.roster.as_ref().is_some_and(|r| r.revision == revision) => true,
        Ok(_) => match desk.reader.roster().await {
            Ok(roster) => {
                duties.roster = Some(roster);
                true
            }
            Err(_) => false,
        },
        Err(_) => false,
    };
    let owed = desk.reader.owed().await.ok();
    let calls = desk.reader.live_calls(at - JUST_OVER).await.ok().map(Arc::new);
    // Told too late rather than instead of everything else.
    let glass = desk.reader.glass(GLASS_TOLD).await.unwrap_or_default();
    let outboxes = desk.reader.outboxes().await.unwrap_or_default();
    let newcomers = newcomers::lately(desk, &mut duties.accesses, at).await;
    let plans = desk.plans.borrow().clone();
    let services = plans.iter().map(|plan| {
        let owed = owed.as_ref().map(|owed| owed.get(&plan.service).cloned().unwrap_or_default());
        service_now(plan, read.then_some(&mut *duties), owed, at)
    });
    Present {
        at,
        services: services.collect(),
        trunks: desk.trunks.borrow().clone(),
        store: desk.store.standing(),
        disk_left: disk_left(&desk.data_dir),
        calls,
        glass,
        outboxes,
        newcomers,
    }
}

fn service_now(
    plan: &Arc<Plan>,
    duties: Option<&mut Duties>,
    owed: Option<Owed>,
    at: DateTime<Utc>,
) -> ServiceNow {
    let shown = local(at, plan.timezone);
    let mut now = ServiceNow {
        service: plan.service.clone(),
        title: plan.title.clone(),
        zone: plan.timezone,
        active: plan.hours.is_active(shown),
        until: plan.hours.next_change(shown).map(|change| instant(change, plan.timezone)),
        on_duty: None,
        next: Vec::new(),
        gaps: Vec::new(),
        swaps_asked: 0,
        owed,
    };
    let Some(duties) = duties else { return now };
    let Some(standing) = &duties.roster else { return now };
    let (on_duty, next) = duty(&standing.roster, plan, at);
    now.on_duty = Some(on_duty);
    now.next = next;
    now.swaps_asked = swaps_asked(&standing.roster, &plan.service, at);
    // The next sixty days change by the minute at their far end alone.
    let hour = at.timestamp() / 3_600;
    let known = duties.gaps.get(&plan.service).filter(|known| {
        (known.revision, known.hour) == (standing.revision, hour) && Arc::ptr_eq(&known.plan, plan)
    });
    let gaps = match known {
        Some(known) => known.periods.clone(),
        None => {
            let periods = gaps(&standing.roster, plan, at);
            let (revision, plan) = (standing.revision, plan.clone());
            let known = Gaps { revision, hour, plan: plan.clone(), periods: periods.clone() };
            duties.gaps.insert(plan.service.clone(), known);
            periods
        }
    };
    now.gaps = gaps.into_iter().filter(|gap| gap.until() > at).collect();
    now
}

/// Requests of turns that somebody would take and nobody decided yet. What was asked long
/// ago is about turns that are over.
fn swaps_asked(roster: &Roster, service: &ServiceId, at: DateTime<Utc>) -> usize {
    let swaps = roster.records().swaps.iter().filter(|swap| {
        swap.service == *service
            && swap.approved.is_none()
            && !swap.to.is_empty()
            && swap.entered.at > at - AHEAD
    });
    swaps.map(|swap| swap.request()).collect::<BTreeSet<_>>().len()
}

/// Who is on duty, and who begins next; four days ahead are enough.
fn duty(roster: &Roster, plan: &Plan, at: DateTime<Utc>) -> (Vec<DutyNow>, Vec<DutyNow>) {
    let Ok(range) = Period::new(at - TimeDelta::days(2), at + TimeDelta::days(4)) else {
        return (Vec::new(), Vec::new());
    };
    let stints = roster.stints(&plan.service, &plan.equipe, range);
    let all = stints.into_iter().map(|stint| DutyNow {
        person: stint.on_call.person,
        step: stint.on_call.step,
        from: stint.period.from(),
        until: Some(stint.period.until()).filter(|until| *until < range.until()),
    });
    let (begun, coming): (Vec<_>, Vec<_>) = all
        .filter(|duty| duty.until.is_none_or(|until| until > at))
        .partition(|duty| duty.from <= at);
    let mut begun = begun;
    begun.sort_by_key(|duty| duty.step);
    let first = coming.iter().map(|duty| duty.from).min();
    let next = coming.into_iter().filter(|duty| Some(duty.from) == first).collect();
    (begun, next)
}

fn gaps(roster: &Roster, plan: &Plan, at: DateTime<Utc>) -> Vec<Period> {
    let Ok(range) = Period::new(at, at + AHEAD) else { return Vec::new() };
    let found =
        coverage(roster, &plan.service, &plan.equipe, &plan.hours, plan.timezone, range).findings;
    let uncovered = |finding: &Finding| finding.lack == Lack::Uncovered;
    found.into_iter().filter(uncovered).map(|finding| finding.period).collect()
}

fn disk_left(folder: &std::path::Path) -> Option<u8> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let left = disk.f_bavail.checked_mul(100)?.checked_div(disk.f_blocks.max(1))?;
    u8::try_from(left.min(100)).ok()
}
