//! Who may use the console.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::accesses::{Reach, changes, reach_of};
use super::audit::{Deed, append};
use super::clerk::Clerk;
use super::error::WriteRecordError;
use super::instant;
use super::rows::{column, unreadable, utc};
use super::{ReadCallsError, Reader};
use crate::access::Role;
use crate::words::ServiceId;

/// Somebody who may come in.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// What is typed to come in.
    pub name: String,
    /// As colleagues read it.
    pub full_name: String,
    /// What they are.
    pub role: Role,
    /// The services whose record they see; empty means all.
    pub services: Vec<ServiceId>,
    /// Who they are in the duty roster.
    pub person: Option<String>,
    /// Argon2id as a PHC string; `None` until chosen.
    pub password: Option<String>,
    /// The second factor's secret as it is kept (see `open_secret`); `None` until set up.
    pub totp: Option<String>,
    /// Until when nobody comes in under this name.
    pub locked: Option<DateTime<Utc>>,
    /// When it was taken away.
    pub disabled: Option<DateTime<Utc>>,
    /// When it was made.
    pub created: DateTime<Utc>,
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// What is typed to come in.
    pub name: String,
    /// As colleagues read it.
    pub full_name: String,
    /// What they are.
    pub role: Role,
    /// The services whose record they see; empty means all.
    pub services: Vec<ServiceId>,
    /// Who they are in the duty roster.
    pub person: Option<String>,
}

/// A one-time address at which a password is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The hash of its secret.
    pub token_hash: String,
    /// Until when it serves.
    pub expires: DateTime<Utc>,
}

/// Wrong passwords in a row that are let pass.
const FAILURES_MAX: i64 = 5;

impl std::fmt::Debug for AccountRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountRow({:?}, {})", self.name, self.role)
    }
}

impl AccountRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let services: Vec<String> =
            serde_json::from_str(row.try_get("services")?).map_err(|_| unreadable("services"))?;
        Ok(Self {
            name: row.try_get("name")?,
            full_name: row.try_get("full_name")?,
            role: column(row, "role")?,
            services: services.iter().map(|service| ServiceId::new(service)).collect(),
            person: row.try_get("person")?,
            password: row.try_get("password")?,
            totp: row.try_get("totp")?,
            locked: utc(row, "locked")?,
            disabled: utc(row, "disabled")?,
            created: utc(row, "account_created")?.ok_or_else(|| unreadable("created"))?,
        })
    }

    /// Whether this service's record is theirs to see, as far as services go.
    pub fn is_of(&self, service: &ServiceId) -> bool {
        self.services.is_empty() || self.services.contains(service)
    }
}

/// The columns of an account, beside those of another table.
pub(super) const COLUMNS: &str = "accounts.name, full_name, role, services, person, password, \
     totp, locked, disabled, accounts.created as account_created";

impl Reader {
    /// All accounts, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, ReadCallsError> {
        let query = format!("select {COLUMNS} from accounts order by name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(AccountRow::read).collect::<Result<_, _>>()?)
    }

    /// The account of this name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn account(&self, name: &str) -> Result<Option<AccountRow>, ReadCallsError> {
        let query = format!("select {COLUMNS} from accounts where name = ?");
        let row =
            sqlx::query(sqlx::AssertSqlSafe(query)).bind(name).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(AccountRow::read).transpose()?)
    }

    /// Who was invited with a secret of this hash; `None` when nobody, no more or not now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invited(
        &self,
        token_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<AccountRow>, ReadCallsError> {
        let query = format!(
            "select {COLUMNS} from invitations join accounts on accounts.name = account \
             where token_hash = ? and used is null and expires > ? and disabled is null"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(token_hash)
            .bind(instant::text(now))
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(AccountRow::read).transpose()?)
    }
}

impl Clerk {
    /// Makes an account and the address at which its password is chosen.
    ///
    /// # Errors
    /// When there is an account of this name, or the database does not take it.
    pub async fn add_account(
        &self,
        account: &NewAccount,
        invitation: &Invitation,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let taken: Option<i64> = sqlx::query_scalar("select 1 from accounts where name = ?")
            .bind(&account.name)
            .fetch_optional(&mut *connection)
            .await?;
        if taken.is_some() {
            return Err(WriteRecordError::NameTaken(account.name.clone()));
        }
        sqlx::query(
            "insert into accounts (name, full_name, role, services, person, created_by, created) \
             values (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&account.name)
        .bind(&account.full_name)
        .bind(account.role.word())
        .bind(services_text(&account.services))
        .bind(&account.person)
        .bind(by)
        .bind(instant::text(at))
        .execute(&mut *connection)
        .await?;
        let reach = Reach::new(account.role, &account.services).told();
        let deed = Deed::new("accesso creato", &reach).on(&account.name);
        append(connection, by, at, &deed).await?;
        insert_invitation(connection, &account.name, invitation, by).await?;
        writing.commit().await
    }

    /// Makes an account what it should be, and writes what that changed. With another role or
    /// other services whoever was in under this name is out, but for the visit that `stays`.
    /// Whether anything was changed: not when there is no such account.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn change_account(
        &self,
        account: &NewAccount,
        stays: Option<&str>,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let query = format!("select {COLUMNS} from accounts where name = ?");
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(&account.name)
            .fetch_optional(&mut *connection)
            .await?;
        let Some(before) = row.as_ref().map(AccountRow::read).transpose()? else {
            return Ok(false);
        };
        let mut changes = changes(&before, account);
        if changes.is_empty() {
            return Ok(false);
        }
        sqlx::query(
            "update accounts set full_name = ?, role = ?, services = ?, person = ? where name = ?",
        )
        .bind(&account.full_name)
        .bind(account.role.word())
        .bind(services_text(&account.services))
        .bind(&account.person)
        .bind(&account.name)
        .execute(&mut *connection)
        .await?;
        let reach = Reach::new(account.role, &account.services);
        if Reach::of(&before) != reach {
            sqlx::query("delete from sessions where account = ? and token_hash is not ?")
                .bind(&account.name)
                .bind(stays)
                .execute(&mut *connection)
                .await?;
        }
        changes.push(reach.told());
        let deed = Deed::new("accesso cambiato", &changes.join("; ")).on(&account.name);
        append(connection, by, at, &deed).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Makes a new address at which somebody chooses a password; earlier ones serve no more.
    ///
    /// # Errors
    /// When there is no such account, or the database does not take it.
    pub async fn invite(
        &self,
        name: &str,
        invitation: &Invitation,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        sqlx::query("update invitations set used = ? where account = ? and used is null")
            .bind(instant::text(at))
            .bind(name)
            .execute(&mut *connection)
            .await?;
        insert_invitation(connection, name, invitation, by).await?;
        let reach = reach_of(connection, name).await?;
        let told = format!("nuovo indirizzo per la password; {reach}");
        append(connection, by, at, &Deed::new("accesso rinnovato", &told).on(name)).await?;
        writing.commit().await
    }

    /// Takes the password somebody chose at their one-time address, which serves no more;
    /// whoever was in under this name is out, and the second factor is set up anew. The
    /// account's name, or `None` when the address serves nobody.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn take_password(
        &self,
        token_hash: &str,
        password: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<String>, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let name: Option<String> = sqlx::query_scalar(
            "update invitations set used = ?1 where token_hash = ?2 and used is null \
             and expires > ?1 returning account",
        )
        .bind(instant::text(at))
        .bind(token_hash)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(name) = name else { return Ok(None) };
        sqlx::query(
            "update accounts set password = ?, totp = null, failures = 0, locked = null \
             where name = ?",
        )
        .bind(password)
        .bind(&name)
        .execute(&mut *connection)
        .await?;
        sqlx::query("delete from sessions where account = ?")
            .bind(&name)
            .execute(&mut *connection)
            .await?;
        let deed = Deed::new("password scelta", "dal proprio indirizzo").on(&name);
        append(connection, &name, at, &deed).await?;
        writing.commit().await?;
        Ok(Some(name))
    }

    /// Counts a wrong password or code; from the fifth in a row on, the name is locked for a
    /// minute, then two, then four, up to an hour.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn count_failure(
        &self,
        name: &str,
        what: &str,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let failures: Option<i64> = sqlx::query_scalar(
            "update accounts set failures = failures + 1 where name = ? returning failures",
        )
        .bind(name)
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(over) = failures.map(|failures| failures - FAILURES_MAX).filter(|n| *n >= 0) {
            let minutes = 60.min(1_i64 << over.min(6));
            sqlx::query("update accounts set locked = ? where name = ?")
                .bind(instant::text(at + chrono::TimeDelta::minutes(minutes)))
                .bind(name)
                .execute(&mut *connection)
                .await?;
        }
        append(connection, "(sconosciuto)", at, &Deed::new("ingresso rifiutato", what).on(name))
            .await?;
        writing.commit().await
    }

    /// Takes an account away, or gives it back; whoever was in under this name is out.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn set_disabled(
        &self,
        name: &str,
        disabled: Option<&str>,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        sqlx::query("update accounts set disabled_by = ?, disabled = ? where name = ?")
            .bind(disabled.map(|_| by))
            .bind(disabled.map(|_| instant::text(at)))
            .bind(name)
            .execute(&mut *connection)
            .await?;
        sqlx::query("delete from sessions where account = ?")
            .bind(name)
            .execute(&mut *connection)
            .await?;
        let deed = match disabled {
            Some(reason) => Deed::new("accesso tolto", reason),
            None => Deed::new("accesso restituito", &reach_of(connection, name).await?),
        };
        append(connection, by, at, &deed.on(name)).await?;
        writing.commit().await
    }
}

/// Services as they are kept: a JSON list.
fn services_text(services: &[ServiceId]) -> String {
    let services: Vec<&str> = services.iter().map(ServiceId::as_str).collect();
    serde_json::to_string(&services).unwrap_or_else(|_| "[]".into())
}

async fn insert_invitation(
    connection: &mut SqliteConnection,
    name: &str,
    invitation: &Invitation,
    by: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into invitations (token_hash, account, created_by, expires) values (?, ?, ?, ?)",
    )
    .bind(&invitation.token_hash)
    .bind(name)
    .bind(by)
    .bind(instant::text(invitation.expires))
    .execute(connection)
    .await?;
    Ok(())
}
