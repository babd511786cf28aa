//! Where cases stand, for lists and clocks: read without a key, naming nobody.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::case::Stage;
use crate::case::clocks::Instants;
use crate::case::scheda::OnSite;
use crate::store::apply::case_number;
use crate::store::rows::{column, unreadable, utc};
use crate::words::{CallId, CaseId, CaseNumber, Category, ServiceId};

/// Where one case stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseStanding {
    /// Its identifier.
    pub id: CaseId,
    /// Its number.
    pub number: CaseNumber,
    /// The service.
    pub service: ServiceId,
    /// The zone of its civil times.
    pub zone: Tz,
    /// The call that opened it.
    pub call: CallId,
    /// Who took that call, by name.
    pub accepted_by: Option<String>,
    /// Who is in need.
    pub category: Category,
    /// What the dialplan calls that group, where the caller's key still holds.
    pub label: Option<String>,
    /// The Comune, once it is known.
    pub comune: Option<String>,
    /// `emergenza`, `urgenza`, `differibile`.
    pub priority: Option<String>,
    /// Whether minors are in it: `si`, `no`, `non_so`.
    pub minors: Option<String>,
    /// Where it stands.
    pub stage: Stage,
    /// Since when; `None` since it was opened.
    pub stage_since: Option<DateTime<Utc>>,
    /// The word of how it was archived.
    pub ended_as: Option<String>,
    /// The number of the case it doubles.
    pub duplicate_of: Option<CaseNumber>,
    /// Art. 403 c.c.: when the removal was ordered.
    pub ordered: Option<DateTime<Utc>>,
    /// When the prosecutor was told by mouth.
    pub prosecutor_told: Option<DateTime<Utc>>,
    /// Whether the caller said that calling back is safe; `None` when it was not asked.
    pub callback_safe: Option<bool>,
    /// What a person told a responder about it.
    pub call_back_told: Option<String>,
    /// Whether somebody has to call back, or decide about it.
    pub callback_owed: bool,
    /// The message left: file name in the `voicemail` folder.
    pub voicemail: Option<String>,
    /// When somebody first listened to it.
    pub voicemail_heard: Option<DateTime<Utc>>,
    /// The last entry people wrote; 0 for none.
    pub last: u32,
    /// What its clocks go by.
    pub instants: Instants,
}

pub(super) const STANDING: &str = "select cases.*, calls.timezone, calls.accepted_by, calls.accepted, \
     calls.arrived as call_arrived, calls.ended as call_ended from cases join calls using (call)";

/// One case; `None` when there is none.
pub(in crate::store) async fn standing(
    connection: &mut SqliteConnection,
    case: CaseId,
) -> Result<Option<CaseStanding>, sqlx::Error> {
    let query = format!("{STANDING} where cases.id = ?");
    let row = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(case.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(CaseStanding::read).transpose()
}

/// The cases somebody still has to do something about, oldest first, at most `limit`: those
/// that are open, and those of which a call-back, a message or an art. 403 term is owed.
pub(in crate::store) async fn standings(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<CaseStanding>, sqlx::Error> {
    let query = format!(
        "{STANDING} where cases.id in (\
         select id from cases where stage not in ('presa_in_carico', 'archiviata') \
         union select id from cases where callback_owed = 1 \
         union select id from cases where placed is not null and prosecutor_sent is null) \
         order by cases.opened, cases.id limit ?"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(limit).fetch_all(connection).await?;
    rows.iter().map(CaseStanding::read).collect()
}

/// Those of these cases in which a removal (art. 403 c.c.) is written.
pub(in crate::store) async fn removals(
    connection: &mut SqliteConnection,
    cases: &[CaseId],
) -> Result<Vec<CaseStanding>, sqlx::Error> {
    let query = format!(
        "{STANDING} where cases.id in (select value from json_each(?)) \
         and (cases.placed is not null or cases.ordered is not null)"
    );
    let cases: Vec<String> = cases.iter().map(CaseId::to_string).collect();
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(serde_json::to_string(&cases).unwrap_or_else(|_| "[]".into()))
        .fetch_all(connection)
        .await?;
    rows.iter().map(CaseStanding::read).collect()
}

impl CaseStanding {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let duplicate_of: Option<&str> = row.try_get("duplicate_of")?;
        let duplicate_of = duplicate_of
            .map(|number| number.parse().map_err(|_| unreadable("duplicate_of")))
            .transpose()?;
        Ok(Self {
            id: column(row, "id")?,
            number: case_number(row.try_get("year")?, row.try_get("sequence")?)?,
            service: ServiceId::new(row.try_get("service")?),
            zone: column(row, "timezone")?,
            call: column(row, "call")?,
            accepted_by: row.try_get("accepted_by")?,
            category: column(row, "category")?,
            label: row.try_get("label")?,
            comune: row.try_get("comune")?,
            priority: row.try_get("priority")?,
            minors: row.try_get("minors")?,
            stage: column(row, "stage")?,
            stage_since: utc(row, "stage_since")?,
            ended_as: row.try_get("ended_as")?,
            duplicate_of,
            ordered: utc(row, "ordered")?,
            prosecutor_told: utc(row, "prosecutor_told")?,
            callback_safe: row.try_get("callback_safe")?,
            call_back_told: row.try_get("call_back_told")?,
            callback_owed: row.try_get("callback_owed")?,
            voicemail: row.try_get("voicemail")?,
            voicemail_heard: utc(row, "voicemail_heard")?,
            last: row.try_get("last_entry")?,
            instants: instants(row)?,
        })
    }
}

fn instants(row: &SqliteRow) -> Result<Instants, sqlx::Error> {
    let on_site: Option<&str> = row.try_get("on_site")?;
    let happened = Happened {
        stage: column(row, "stage")?,
        stage_since: utc(row, "stage_since")?,
        arrived: utc(row, "call_arrived")?.ok_or_else(|| unreadable("arrived"))?,
        accepted: utc(row, "accepted")?,
        call_ended: utc(row, "call_ended")?,
        on_site: on_site.map(str::to_owned),
        reached: utc(row, "reached")?,
        finished: utc(row, "finished")?,
        handed_over: utc(row, "handed_over")?,
        acknowledged: utc(row, "acknowledged")?,
        placed: utc(row, "placed")?,
        prosecutor_sent: utc(row, "prosecutor_sent")?,
    };
    Ok(happened.instants())
}

/// What the columns of a case and of its call say happened.
#[derive(Debug, Deserialize)]
pub(super) struct Happened {
    pub(super) stage: Stage,
    pub(super) stage_since: Option<DateTime<Utc>>,
    pub(super) arrived: DateTime<Utc>,
    pub(super) accepted: Option<DateTime<Utc>>,
    pub(super) call_ended: Option<DateTime<Utc>>,
    pub(super) on_site: Option<String>,
    pub(super) reached: Option<DateTime<Utc>>,
    pub(super) finished: Option<DateTime<Utc>>,
    pub(super) handed_over: Option<DateTime<Utc>>,
    pub(super) acknowledged: Option<DateTime<Utc>>,
    pub(super) placed: Option<DateTime<Utc>>,
    pub(super) prosecutor_sent: Option<DateTime<Utc>>,
}

impl Happened {
    /// What the clocks go by.
    pub(super) fn instants(self) -> Instants {
        let archived = self.stage == Stage::Archiviata && self.handed_over.is_none();
        // Whoever moves a case to «presa in carico» says that it was taken over.
        let taken = match (self.acknowledged, self.stage) {
            (None, Stage::PresaInCarico) => self.stage_since,
            (acknowledged, _) => acknowledged,
        };
        Instants {
            arrived: self.arrived,
            answered: self.accepted,
            call_ended: self.call_ended,
            on_site: match self.on_site.as_deref() {
                Some("goes") => Some(OnSite::Goes),
                Some("telephone") => Some(OnSite::Telephone),
                _ => None,
            },
            on_site_at: self.reached,
            finished: self.finished,
            sent: self.handed_over,
            taken,
            archived: self.stage_since.filter(|_| archived),
            placed: self.placed,
            prosecutor_sent: self.prosecutor_sent,
        }
    }
}
