//! Reads calls, cases and the roster, also while the service writes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

use super::rows::{self, AttemptRow, CallRow, CaseRow, EntryRow};
use super::settings::Settings;
use super::{
    CaseHistory, CaseStanding, Draft, FeedRow, Keyring, Keys, OpenStoreError, ReadCallsError,
    ReadDraftError, ReadHistoryError, ReadRosterError, RosterChange, StandingRoster, case, feeds,
    roster, schema, seal,
};
use crate::roster::Roster;
use crate::words::{CallId, CaseId, CaseNumber, PhoneNumber, ServiceId};

/// Opens the database for reading only. It changes nothing and takes no lock that
/// could keep a call waiting.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) pool: SqlitePool,
    pub(super) keyring: Option<Arc<Keyring>>,
}

impl Reader {
    /// Opens the database at `url` (`sqlite:data/polaris.db`).
    ///
    /// # Errors
    /// When there is none, or one of another version.
    pub async fn open(url: &str) -> Result<Self, ReadCallsError> {
        let settings = Settings::read(url, Path::new(".")).map_err(|error| match error {
            OpenStoreError::Url(url) => ReadCallsError::Url(url),
            _ => ReadCallsError::Url(url.to_owned()),
        })?;
        if !tokio::fs::try_exists(&settings.file).await.unwrap_or(true) {
            return Err(ReadCallsError::NoDatabase(settings.file));
        }
        let reader = Self::lazy(&settings);
        let found = schema::of(&mut *reader.pool.acquire().await?).await?;
        let needed = schema::current();
        if found != needed {
            return Err(ReadCallsError::Schema { found, needed });
        }
        Ok(reader)
    }

    /// A reader that connects when it is first asked.
    pub(super) fn lazy(settings: &Settings) -> Self {
        let options = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(std::time::Duration::from_secs(5));
        Self { pool: options.connect_lazy_with(settings.reading()), keyring: None }
    }

    /// The same reader, which opens what is sealed as far as these keys go.
    #[must_use]
    pub fn with_keys(self, keyring: Arc<Keyring>) -> Self {
        Self { keyring: Some(keyring), ..self }
    }

    /// The keys, if there are any to be had.
    pub(super) fn keys(&self) -> Option<Arc<Keys>> {
        self.keyring.as_ref()?.keys().ok()
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// All calls, in the order they came in.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn calls(&self) -> Result<Vec<CallRow>, ReadCallsError> {
        let rows = sqlx::query(
            "select calls.*, cases.year, cases.sequence from calls left join cases using (call) \
             order by arrived, call",
        )
        .fetch_all(&self.pool)
        .await?;
        let keys = self.keys();
        let read = |row| CallRow::read(row, keys.as_deref());
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One call; `None` when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn call(&self, call: CallId) -> Result<Option<CallRow>, ReadCallsError> {
        let row = sqlx::query(
            "select calls.*, cases.year, cases.sequence from calls left join cases using (call) \
             where calls.call = ?",
        )
        .bind(call.to_string())
        .fetch_optional(&self.pool)
        .await?;
        let keys = self.keys();
        Ok(row.as_ref().map(|row| CallRow::read(row, keys.as_deref())).transpose()?)
    }

    /// All cases with their timelines, in the order they were opened.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cases(&self) -> Result<Vec<CaseRow>, ReadCallsError> {
        let query = format!("{} order by cases.opened, cases.sequence", cases());
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?;
        let keys = self.keys();
        let read = |row| CaseRow::read(row, keys.as_deref());
        let mut cases: Vec<CaseRow> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let places: HashMap<CallId, usize> =
            cases.iter().enumerate().map(|(place, case)| (case.call, place)).collect();
        let place = |row| rows::column(row, "call").map(|call: CallId| places.get(&call));
        let entries = sqlx::query(
            "select entries.*, calls.timezone from entries join calls using (call) \
             order by call, sequence",
        )
        .fetch_all(&self.pool)
        .await?;
        for row in &entries {
            if let Some(case) = place(row)?.and_then(|place| cases.get_mut(*place)) {
                case.entries.push(EntryRow::read(row)?);
            }
        }
        let attempts = sqlx::query(
            "select attempts.*, calls.timezone from attempts join calls using (call) \
             order by call, attempt",
        )
        .fetch_all(&self.pool)
        .await?;
        for row in &attempts {
            if let Some(case) = place(row)?.and_then(|place| cases.get_mut(*place)) {
                case.attempts.push(AttemptRow::read(row)?);
            }
        }
        Ok(cases)
    }

    /// The cases of this number: one of each service that has counted so far, or of
    /// `service` alone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn case(
        &self,
        number: CaseNumber,
        service: Option<&ServiceId>,
    ) -> Result<Vec<CaseRow>, ReadCallsError> {
        let query = format!(
            "{} where cases.year = ?1 and cases.sequence = ?2 \
             and (?3 is null or cases.service = ?3) order by cases.service",
            cases()
        );
        let keys = self.keys();
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(number.year)
            .bind(number.sequence)
            .bind(service.map(ServiceId::as_str))
            .fetch_all(&self.pool)
            .await?;
        let mut cases = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut case = CaseRow::read(row, keys.as_deref())?;
            self.read_timeline(&mut case).await?;
            cases.push(case);
        }
        Ok(cases)
    }

    async fn read_timeline(&self, case: &mut CaseRow) -> Result<(), sqlx::Error> {
        let call = case.call.to_string();
        let entries = sqlx::query(
            "select entries.*, calls.timezone from entries join calls using (call) \
             where call = ? order by sequence",
        )
        .bind(&call)
        .fetch_all(&self.pool)
        .await?;
        case.entries = entries.iter().map(EntryRow::read).collect::<Result<_, _>>()?;
        let attempts = sqlx::query(
            "select attempts.*, calls.timezone from attempts join calls using (call) \
             where call = ? order by attempt",
        )
        .bind(&call)
        .fetch_all(&self.pool)
        .await?;
        case.attempts = attempts.iter().map(AttemptRow::read).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// What people wrote about a case. Entries whose key is missing say so; without any key
    /// file, all of them do.
    ///
    /// # Errors
    /// When there is no such case, or the database cannot be read.
    pub async fn case_history(
        &self,
        keyring: &Keyring,
        case: CaseId,
    ) -> Result<CaseHistory, ReadHistoryError> {
        let keys = keyring.keys().ok();
        let mut connection = self.pool.acquire().await?;
        let history = case::history(&mut connection, keys.as_deref(), case).await?;
        history.ok_or(ReadHistoryError::NoCase)
    }

    /// Where a case stands; `None` when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn case_standing(&self, case: CaseId) -> Result<Option<CaseStanding>, sqlx::Error> {
        case::standing(&mut *self.pool.acquire().await?, case).await
    }

    /// The cases somebody still has to do something about, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cases_to_do(&self, limit: u32) -> Result<Vec<CaseStanding>, sqlx::Error> {
        case::standings(&mut *self.pool.acquire().await?, limit).await
    }

    /// Where those of these cases stand in which a removal (art. 403 c.c.) is written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn removals(&self, cases: &[CaseId]) -> Result<Vec<CaseStanding>, sqlx::Error> {
        case::removals(&mut *self.pool.acquire().await?, cases).await
    }

    /// The cases that name exactly this telephone number or codice fiscale, in a scheda or as
    /// the caller's, newest first.
    ///
    /// # Errors
    /// When the keys or the database cannot be read.
    pub async fn cases_naming(
        &self,
        keyring: &Keyring,
        asked: &str,
    ) -> Result<Vec<CaseId>, ReadHistoryError> {
        let keys = keyring.keys()?;
        let number = PhoneNumber::from_network(asked);
        let code: String = asked.split_whitespace().collect::<String>().to_uppercase();
        let hashes = [keys.lookup("phone", number.reveal()), keys.lookup("fiscal", &code)];
        let mut connection = self.pool.acquire().await?;
        Ok(case::cases_naming(&mut connection, hashes, number.reveal()).await?)
    }

    /// What `account` typed about a case and did not save.
    ///
    /// # Errors
    /// When it does not open, or keys or database cannot be read.
    pub async fn draft(
        &self,
        keyring: &Keyring,
        case: CaseId,
        account: &str,
    ) -> Result<Option<Draft>, ReadDraftError> {
        let keys = keyring.keys()?;
        case::draft(&mut *self.pool.acquire().await?, &keys, case, account).await
    }

    /// Whether anything lies in clear that a key would seal.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_anything_clear(&self) -> Result<bool, sqlx::Error> {
        seal::is_anything_clear(&mut *self.pool.acquire().await?).await
    }

    /// Whether anything was ever sealed in this database: then a key file belongs to it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_anything_sealed(&self) -> Result<bool, sqlx::Error> {
        case::is_anything_sealed(&mut *self.pool.acquire().await?).await
    }

    /// The duty roster, and the revision it is.
    ///
    /// # Errors
    /// When the database cannot be read, or what stands there makes no roster.
    pub async fn roster(&self) -> Result<StandingRoster, ReadRosterError> {
        let mut connection = self.pool.acquire().await?;
        let (revision, records) = roster::standing(&mut connection).await?;
        let roster = Roster::new(records).map_err(ReadRosterError::Broken)?;
        Ok(StandingRoster { revision, roster })
    }

    /// Counts the edits of the roster.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn roster_revision(&self) -> Result<i64, ReadRosterError> {
        Ok(sqlx::query_scalar("select revision from roster_revision").fetch_one(&self.pool).await?)
    }

    /// The last `limit` changes of the roster, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn roster_changes(&self, limit: u32) -> Result<Vec<RosterChange>, ReadRosterError> {
        Ok(roster::changes(&mut *self.pool.acquire().await?, limit).await?)
    }

    /// All addresses of calendars, in the order they were made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn feeds(&self) -> Result<Vec<FeedRow>, ReadRosterError> {
        Ok(feeds::all(&mut *self.pool.acquire().await?).await?)
    }

    /// The calendar of a token, given its hash; `None` when it was revoked, or never made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn feed(&self, token_hash: &str) -> Result<Option<FeedRow>, ReadRosterError> {
        Ok(feeds::find(&mut *self.pool.acquire().await?, token_hash).await?)
    }
}

/// The cases with what their rows need of their calls.
fn cases() -> String {
    format!("select cases.*, {}, calls.timezone from cases join calls using (call)", rows::CALLER)
}
