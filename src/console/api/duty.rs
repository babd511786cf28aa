//! Turns of duty as rows for other programs: who is on duty, and where nobody is.
//!
//! It reads nothing: rosters and plans go in. Law: commands and API give the same rows.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dialplan::Plan;
use crate::roster::{Coverage, Lack, Need, OnCall, Period, Records, Roster};
use crate::store::described;
use crate::words::{PhoneNumber, ServiceId};

/// One responder on duty.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnCallRow {
    /// The service.
    #[schema(schema_with = described::service)]
    pub service: ServiceId,
    /// The équipe.
    pub equipe: String,
    /// Step 1 is rung first.
    pub step: u32,
    /// By name.
    pub person: String,
    /// The phone rung first; none when the person has none.
    #[schema(schema_with = described::maybe_number)]
    pub phone: Option<PhoneNumber>,
    /// All phones, in the order in which they are rung.
    #[schema(schema_with = described::numbers)]
    pub phones: Vec<PhoneNumber>,
    /// Since when.
    #[schema(schema_with = described::instant)]
    pub from: DateTime<Tz>,
    /// Until when, exclusive.
    #[schema(schema_with = described::instant)]
    pub until: DateTime<Tz>,
    /// The rule that puts the person on duty.
    pub why: String,
}

/// Something found about an équipe's cover; its sums have the kind `total`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CoverageRow {
    /// The service.
    #[schema(schema_with = described::service)]
    pub service: ServiceId,
    /// The équipe.
    pub equipe: String,
    /// `uncovered`, `one_person_only`, `requirement_unmet`, `without_phone`,
    /// `closed_by_design` or `total`.
    pub kind: &'static str,
    /// Since when.
    #[schema(schema_with = described::instant)]
    pub from: DateTime<Tz>,
    /// Until when, exclusive.
    #[schema(schema_with = described::instant)]
    pub until: DateTime<Tz>,
    /// How long; for the sums, how long the service must answer.
    pub minutes: i64,
    /// Of the sums: how long somebody can be rung.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_minutes: Option<i64>,
    /// In Italian.
    pub text: String,
}

/// How many days from the instant a duty is followed: most end soon, and a wider look is
/// needed once in a while.
const REACHES: [i64; 4] = [3, 40, 400, 40_000];

/// Services and équipes of the plans and of the roster, each once.
pub fn equipes<'p>(
    plans: impl Iterator<Item = &'p Plan>,
    records: &Records,
) -> Vec<(ServiceId, String)> {
    let planned = plans.map(|plan| (plan.service.clone(), plan.equipe.clone()));
    let shifts = records.shifts.iter().map(|s| (s.service.clone(), s.equipe.clone()));
    let rotations = records.rotations.iter().map(|r| (r.service.clone(), r.equipe.clone()));
    let mut all: Vec<_> = planned.chain(shifts).chain(rotations).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Who of an équipe would be rung at an instant, in order; times are of `zone`.
pub fn on_call_rows(
    roster: &Roster,
    service: &ServiceId,
    equipe: &str,
    zone: Tz,
    at: DateTime<Utc>,
) -> Vec<OnCallRow> {
    let ladder = roster.on_call(service, equipe, at, &Need::default());
    let row = |on_call: &OnCall| {
        let (from, until) = duty_of(roster, service, equipe, at, on_call);
        OnCallRow {
            service: service.clone(),
            equipe: equipe.to_owned(),
            step: on_call.step,
            person: on_call.person.clone(),
            phone: on_call.phones.first().cloned(),
            phones: on_call.phones.clone(),
            from: from.with_timezone(&zone),
            until: until.with_timezone(&zone),
            why: on_call.why.clone(),
        }
    };
    ladder.steps.iter().flat_map(|step| &step.responders).map(row).collect()
}

/// What was found about a plan's cover over `range`, then its sums.
pub fn coverage_rows(plan: &Plan, found: &Coverage, range: Period) -> Vec<CoverageRow> {
    let row = |kind, period: Period, text| CoverageRow {
        service: plan.service.clone(),
        equipe: plan.equipe.clone(),
        kind,
        from: period.from().with_timezone(&plan.timezone),
        until: period.until().with_timezone(&plan.timezone),
        minutes: (period.until() - period.from()).num_minutes(),
        covered_minutes: None,
        text,
    };
    let mut rows: Vec<CoverageRow> = Vec::new();
    for finding in &found.findings {
        let text = finding.lack.named(|istat| plan.name_of_comune(istat));
        rows.push(row(kind(&finding.lack), finding.period, text));
    }
    let closed = found.closed.iter();
    rows.extend(closed.map(|period| row("closed_by_design", *period, "chiuso per orario".into())));
    rows.push(CoverageRow {
        minutes: found.required.num_minutes(),
        covered_minutes: Some(found.covered.num_minutes()),
        ..row("total", range, "il servizio risponde, e quanto è coperto".into())
    });
    rows
}

fn kind(lack: &Lack) -> &'static str {
    match lack {
        Lack::OnePersonOnly => "one_person_only",
        Lack::Uncovered => "uncovered",
        Lack::Unmet { .. } => "requirement_unmet",
        Lack::WithoutPhone { .. } => "without_phone",
    }
}

/// Since when, and until when, this person is on duty for the same reason: the final
/// result, followed both ways from `at`.
fn duty_of(
    roster: &Roster,
    service: &ServiceId,
    equipe: &str,
    at: DateTime<Utc>,
    on_call: &OnCall,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let mut found = None;
    for reach in REACHES.map(TimeDelta::days) {
        let ends = at.checked_sub_signed(reach).zip(at.checked_add_signed(reach));
        let Some(range) = ends.and_then(|(from, until)| Period::new(from, until).ok()) else {
            break;
        };
        let period = within(roster, service, equipe, range, at, on_call);
        found = period.or(found);
        if period.is_some_and(|p| p.from() > range.from() && p.until() < range.until()) {
            break;
        }
    }
    found.map_or((at, at), |period| (period.from(), period.until()))
}

fn within(
    roster: &Roster,
    service: &ServiceId,
    equipe: &str,
    range: Period,
    at: DateTime<Utc>,
    on_call: &OnCall,
) -> Option<Period> {
    let stints = roster.stints(service, equipe, range);
    let mut now = stints.into_iter().filter(|stint| stint.period.covers(at));
    now.find(|stint| stint.on_call == *on_call).map(|stint| stint.period)
}
