//! Calls and cases page by page, newest first, however many there are.
//!
//! Law: a page costs what it shows, not what lies before it: it begins after the last row
//! of the one before (no counting, no offset).

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite};

use super::comuni::InComune;
use super::rows::{self, AttemptRow, CallRow, CaseRow};
use super::{Keys, ReadCallsError, Reader, instant};
use crate::case::{Fact, Outcome, Stage};
use crate::words::{CallId, CaseId, CaseNumber, Category, PhoneNumber, ServiceId};

/// What is looked for; what is `None` or empty is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of these services; of all when `None`.
    pub services: Option<Vec<ServiceId>>,
    /// Arrived, or opened, from then on.
    pub from: Option<DateTime<Utc>>,
    /// And before then.
    pub until: Option<DateTime<Utc>>,
    /// Of this category.
    pub category: Option<Category>,
    /// Calls that ended so.
    pub outcome: Option<Outcome>,
    /// Cases that stand there.
    pub stage: Option<Stage>,
    /// Of whose scheda this is true.
    pub comune: Option<InComune>,
    /// With this case.
    pub number: Option<CaseNumber>,
    /// From this number, exactly.
    pub caller: Option<PhoneNumber>,
    /// One of these cases.
    pub cases: Option<Vec<CaseId>>,
    /// In which this waits for somebody.
    pub owed: Option<Owing>,
    /// After this row of the page before.
    pub after: Option<Cursor>,
}

/// What waits for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owing {
    /// A call-back, or the decision about one.
    CallBack,
    /// The confirmation of the service a case was sent to.
    HandOver,
    /// A recorded message that nobody heard.
    Message,
    /// What art. 403 c.c. wants of a removal.
    Removal,
}

impl Wanted {
    /// The same, service by service: the rows of one lie in order in an index, those of
    /// several would have to be sorted, however many there are.
    fn parts(&self) -> Vec<Self> {
        match &self.services {
            Some(services) if services.len() <= PARTS_MAX => services
                .iter()
                .map(|service| Self { services: Some(vec![service.clone()]), ..self.clone() })
                .collect(),
            _ => vec![self.clone()],
        }
    }
}

impl Wanted {
    /// The way to the calls, and whose columns lead along it. A case is opened when its call
    /// arrives: both ways have the same order.
    fn calls_by(&self) -> (&'static str, Along) {
        let few = self.caller.is_some() || self.number.is_some();
        match &self.comune {
            None => ("calls left join cases using (call)", Along::CALLS),
            // By the index of cases by Comune.
            Some(InComune::Named(_) | InComune::Unwritten) if !few => {
                let along = Along { category: "calls", ..Along::CASES };
                ("cases cross join calls using (call)", along)
            }
            // Otherwise all cases might be gone through first.
            Some(_) => ("calls cross join cases using (call)", Along::CALLS),
        }
    }

    /// The way to the cases; without statistics the database may choose a long one.
    fn cases_by(&self) -> String {
        let few = self.caller.is_some() || self.cases.is_some();
        match (few.then_some(()), self.owed) {
            (Some(()), _) => "calls join cases using (call)".into(),
            (None, Some(Owing::CallBack)) => {
                "cases indexed by cases_owed join calls using (call)".into()
            }
            (None, Some(Owing::HandOver)) => {
                "cases indexed by cases_unconfirmed join calls using (call)".into()
            }
            (None, Some(Owing::Message)) => {
                "cases indexed by cases_unheard join calls using (call)".into()
            }
            // The few first; otherwise all cases might be gone through.
            (None, Some(Owing::Removal)) => format!(
                "({REMOVALS}) as removals cross join cases on cases.id = removals.removal \
                 cross join calls using (call)"
            ),
            // Otherwise the calls might be gone through first.
            (None, None) => "cases cross join calls using (call)".into(),
        }
    }
}

/// The cases of which art. 403 c.c. still wants something, as
/// [`crate::case::clocks::open_duties`] says it, by their indexes.
pub(super) const REMOVALS: &str = "\
     select id as removal, service as removal_service \
     from cases indexed by cases_with_a_removal \
     where placed is not null and (prosecutor_told is null or prosecutor_sent is null) \
     union all select id, service from cases indexed by cases_without_a_placement \
     where ordered is not null and placed is null \
     and (prosecutor_told is null or prosecutor_sent is null)";

/// Services asked one by one; whoever sees more is shown all rows, less the few of others.
pub(super) const PARTS_MAX: usize = 16;

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When its last row arrived, or was opened.
    pub at: DateTime<Utc>,
    /// The call of its last row.
    pub call: CallId,
}

impl Reader {
    /// At most `limit` calls, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn calls_page(
        &self,
        wanted: &Wanted,
        limit: u32,
    ) -> Result<Vec<CallRow>, ReadCallsError> {
        let keys = self.keys();
        let mut calls: Vec<CallRow> = Vec::new();
        for part in self.by_comune(wanted.parts()).await? {
            let (way, along) = part.calls_by();
            let mut query = QueryBuilder::new(format!(
                "select calls.*, cases.year, cases.sequence from {way} where true"
            ));
            narrow(&mut query, &part, keys.as_deref(), along);
            query.push(along.newest_first()).push_bind(limit);
            let rows = query.build().fetch_all(&self.pool).await?;
            for row in &rows {
                calls.push(CallRow::read(row, keys.as_deref())?);
            }
        }
        calls.sort_by_cached_key(|call| Reverse((call.arrived.to_utc(), call.call.to_string())));
        calls.truncate(limit as usize);
        Ok(calls)
    }

    /// At most `limit` cases, newest first, with their attempts and without their timelines.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cases_page(
        &self,
        wanted: &Wanted,
        limit: u32,
    ) -> Result<Vec<CaseRow>, ReadCallsError> {
        let keys = self.keys();
        let mut cases: Vec<CaseRow> = Vec::new();
        for part in wanted.parts() {
            let mut query = QueryBuilder::new(format!(
                "select cases.*, {}, calls.timezone from {} where true",
                rows::CALLER,
                part.cases_by()
            ));
            narrow(&mut query, &part, keys.as_deref(), Along::CASES);
            query.push(Along::CASES.newest_first()).push_bind(limit);
            let rows = query.build().fetch_all(&self.pool).await?;
            for row in &rows {
                cases.push(CaseRow::read(row, keys.as_deref())?);
            }
        }
        cases.sort_by_cached_key(|case| Reverse((case.opened.to_utc(), case.call.to_string())));
        cases.truncate(limit as usize);
        let calls: Vec<String> = cases.iter().map(|case| case.call.to_string()).collect();
        let attempts = sqlx::query(
            "select attempts.*, calls.timezone from attempts join calls using (call) \
             where call in (select value from json_each(?)) order by call, attempt",
        )
        .bind(serde_json::to_string(&calls).unwrap_or_else(|_| "[]".into()))
        .fetch_all(&self.pool)
        .await?;
        for row in &attempts {
            let call: CallId = rows::column(row, "call")?;
            if let Some(case) = cases.iter_mut().find(|case| case.call == call) {
                case.attempts.push(AttemptRow::read(row)?);
            }
        }
        Ok(cases)
    }
}

impl Reader {
    /// What happened to each of these calls, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn timelines(
        &self,
        calls: &[CallId],
    ) -> Result<HashMap<CallId, Vec<(DateTime<Utc>, Fact)>>, ReadCallsError> {
        let mut timelines: HashMap<CallId, Vec<(DateTime<Utc>, Fact)>> = HashMap::new();
        for some in calls.chunks(AT_ONCE) {
            let some: Vec<String> = some.iter().map(CallId::to_string).collect();
            let rows = sqlx::query(
                "select call, at, fact from entries \
                 where call in (select value from json_each(?)) order by call, sequence",
            )
            .bind(serde_json::to_string(&some).unwrap_or_else(|_| "[]".into()))
            .fetch_all(&self.pool)
            .await?;
            for row in &rows {
                let at = rows::utc(row, "at")?.ok_or_else(|| rows::unreadable("at"))?;
                let fact = rows::column_with(row, "fact", |text| serde_json::from_str(text).ok())?;
                timelines.entry(rows::column(row, "call")?).or_default().push((at, fact));
            }
        }
        Ok(timelines)
    }
}

/// Calls whose timelines are read at a time.
const AT_ONCE: usize = 500;

/// The columns a page goes along; all of them stand in this file.
#[derive(Debug, Clone, Copy)]
struct Along {
    table: &'static str,
    time: &'static str,
    /// Whose category: that of the call is the caller's key, that of the case what was found.
    category: &'static str,
}

impl Along {
    const CALLS: Self = Self { table: "calls", time: "arrived", category: "calls" };
    const CASES: Self = Self { table: "cases", time: "opened", category: "cases" };

    fn newest_first(self) -> String {
        let Self { table, time, .. } = self;
        format!(" order by {table}.{time} desc, {table}.call desc limit ")
    }
}

/// Says what is wanted.
fn narrow(
    query: &mut QueryBuilder<Sqlite>,
    wanted: &Wanted,
    keys: Option<&Keys>,
    Along { table, time, category: category_of }: Along,
) {
    match wanted.services.as_deref() {
        None => {}
        // A number is found by itself: the service's index would be the longer way.
        Some([service]) if wanted.caller.is_some() || wanted.number.is_some() => {
            query.push(format!(" and +{table}.service = ")).push_bind(service.to_string());
        }
        Some([service]) => {
            query.push(format!(" and {table}.service = ")).push_bind(service.to_string());
        }
        Some(services) => {
            query.push(format!(" and +{table}.service in ("));
            let mut list = query.separated(", ");
            services.iter().for_each(|service| {
                list.push_bind(service.to_string());
            });
            query.push(")");
        }
    }
    for (bound, sign) in [(wanted.from, ">="), (wanted.until, "<")] {
        if let Some(bound) = bound {
            query.push(format!(" and {table}.{time} {sign} ")).push_bind(instant::text(bound));
        }
    }
    if let Some(category) = wanted.category {
        query.push(format!(" and {category_of}.category = ")).push_bind(category.word());
    }
    if let Some(outcome) = wanted.outcome {
        query.push(" and calls.outcome = ").push_bind(outcome.word());
    }
    if let Some(stage) = wanted.stage {
        query.push(" and cases.stage = ").push_bind(stage.word());
    }
    match &wanted.comune {
        None => {}
        Some(InComune::Named(name)) => {
            query.push(" and cases.comune = ").push_bind(name.clone());
        }
        Some(InComune::OtherThan(names)) => {
            query.push(" and cases.comune not in (select value from json_each(");
            query.push_bind(serde_json::to_string(names).unwrap_or_else(|_| "[]".into()));
            query.push("))");
        }
        Some(InComune::Unwritten) => {
            query.push(" and cases.comune is null");
        }
    }
    if let Some(number) = wanted.number {
        query.push(format!(" and {table}.call in (select call from cases where year = "));
        query.push_bind(number.year).push(" and sequence = ").push_bind(number.sequence);
        if let Some([service]) = wanted.services.as_deref() {
            query.push(" and service = ").push_bind(service.to_string());
        }
        query.push(")");
    }
    if let Some(caller) = &wanted.caller {
        // A few calls by their indexes, in clear or sealed.
        query.push(" and calls.call in (select call from calls where caller = ");
        query.push_bind(caller.reveal().to_owned());
        if let Some(keys) = keys {
            query.push(" union all select call from calls where caller_hash = ");
            query.push_bind(keys.lookup("phone", caller.reveal()));
        }
        query.push(")");
    }
    if let Some(cases) = &wanted.cases {
        let cases: Vec<String> = cases.iter().map(CaseId::to_string).collect();
        query.push(" and cases.id in (select value from json_each(");
        query.push_bind(serde_json::to_string(&cases).unwrap_or_else(|_| "[]".into())).push("))");
    }
    if let Some(owed) = wanted.owed {
        query.push(match owed {
            Owing::CallBack => " and cases.callback_owed = 1".to_owned(),
            Owing::HandOver => " and cases.handed_over is not null and cases.acknowledged is null \
                 and cases.stage <> 'archiviata' and cases.stage <> 'presa_in_carico'"
                .to_owned(),
            Owing::Message => {
                " and cases.voicemail is not null and cases.voicemail_heard is null".to_owned()
            }
            Owing::Removal => format!(" and cases.id in (select removal from ({REMOVALS}))"),
        });
    }
    if let Some(after) = &wanted.after {
        query.push(format!(" and ({table}.{time}, {table}.call) < ("));
        query.push_bind(instant::text(after.at)).push(", ");
        query.push_bind(after.call.to_string()).push(")");
    }
}
