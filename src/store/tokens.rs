//! The tokens of other programs: of each only the hash is kept.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::audit::{Deed, append};
use super::clerk::Clerk;
use super::error::WriteRecordError;
use super::instant;
use super::rows::{unreadable, utc};
use super::{ReadCallsError, Reader};
use crate::access::Scope;
use crate::words::ServiceId;

/// What a program may do, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    /// Its number.
    pub token: i64,
    /// The program that has it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Of which services; empty means all.
    pub services: Vec<ServiceId>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created: DateTime<Utc>,
    /// From then on it is of no use.
    pub expires: DateTime<Utc>,
    /// When it was revoked.
    pub revoked: Option<DateTime<Utc>>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The program that will have it.
    pub name: String,
    /// SHA-256 of the secret, in hexadecimal.
    pub token_hash: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Of which services; empty means all.
    pub services: Vec<ServiceId>,
    /// Until when.
    pub expires: DateTime<Utc>,
}

impl TokenRow {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let list = |name: &str| -> Result<Vec<String>, sqlx::Error> {
            serde_json::from_str(row.try_get(name)?).map_err(|_| unreadable(name))
        };
        let scopes = list("scopes")?.iter().map(|word| word.parse()).collect::<Result<_, _>>();
        Ok(Self {
            token: row.try_get("token")?,
            name: row.try_get("name")?,
            scopes: scopes.map_err(|_| unreadable("scopes"))?,
            services: list("services")?.iter().map(|service| ServiceId::new(service)).collect(),
            created_by: row.try_get("created_by")?,
            created: utc(row, "created")?.ok_or_else(|| unreadable("created"))?,
            expires: utc(row, "expires")?.ok_or_else(|| unreadable("expires"))?,
            revoked: utc(row, "revoked")?,
        })
    }

    /// Whether it may do this.
    pub fn allows(&self, wanted: Scope) -> bool {
        self.scopes.iter().any(|scope| scope.allows(wanted))
    }

    /// Whether this service's record is open to it, as far as services go.
    pub fn is_of(&self, service: &ServiceId) -> bool {
        self.services.is_empty() || self.services.contains(service)
    }

    /// How the audit log calls it.
    pub fn who(&self) -> String {
        format!("{} (programma {})", self.name, self.token)
    }
}

impl Reader {
    /// All tokens, in the order they were made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, ReadCallsError> {
        let rows = sqlx::query("select * from tokens order by token").fetch_all(&self.pool).await?;
        Ok(rows.iter().map(TokenRow::read).collect::<Result<_, _>>()?)
    }

    /// The token with a secret of this hash; `None` when there is none, no more or not now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn token(
        &self,
        token_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<TokenRow>, ReadCallsError> {
        let query = "select * from tokens where token_hash = ? and revoked is null and expires > ?";
        let row = sqlx::query(query)
            .bind(token_hash)
            .bind(instant::text(now))
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(TokenRow::read).transpose()?)
    }
}

impl Clerk {
    /// Makes a token; its number.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn add_token(
        &self,
        new: &NewToken,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<i64, WriteRecordError> {
        let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.word()).collect();
        let services: Vec<&str> = new.services.iter().map(ServiceId::as_str).collect();
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let token: i64 = sqlx::query_scalar(
            "insert into tokens (name, token_hash, scopes, services, created_by, created, expires) \
             values (?, ?, ?, ?, ?, ?, ?) returning token",
        )
        .bind(&new.name)
        .bind(&new.token_hash)
        .bind(serde_json::to_string(&scopes).unwrap_or_else(|_| "[]".into()))
        .bind(serde_json::to_string(&services).unwrap_or_else(|_| "[]".into()))
        .bind(by)
        .bind(instant::text(at))
        .bind(instant::text(new.expires))
        .fetch_one(&mut *connection)
        .await?;
        let detail = format!("{}: {}", new.name, scopes.join(", "));
        let deed = Deed::new("programma ammesso", &detail).on(&format!("programma {token}"));
        append(connection, by, at, &deed).await?;
        writing.commit().await?;
        Ok(token)
    }

    /// Makes a token useless; `false` when there is none of this number in use.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn revoke_token(
        &self,
        token: i64,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let query =
            "update tokens set revoked_by = ?, revoked = ? where token = ? and revoked is null";
        let revoked = sqlx::query(query)
            .bind(by)
            .bind(instant::text(at))
            .bind(token)
            .execute(&mut *connection)
            .await?
            .rows_affected();
        if revoked > 0 {
            let deed = Deed::new("programma escluso", "").on(&format!("programma {token}"));
            append(connection, by, at, &deed).await?;
        }
        writing.commit().await?;
        Ok(revoked > 0)
    }
}
