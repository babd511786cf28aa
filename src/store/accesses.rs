//! The rows of the audit log by which accounts were given or changed, and how far each account
//! reached then: what an account is now says nothing of what it was last night.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::accounts::COLUMNS;
use super::audit::read;
use super::{AccountRow, NewAccount, ReadCallsError, Reader, instant};
use crate::access::{Audited, Role};
use crate::words::ServiceId;

/// What an account may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// What somebody is under this name.
    pub role: Role,
    /// The services whose record they see, each once, by their letters; empty means all.
    pub services: Vec<ServiceId>,
}

impl Reach {
    /// Of this role, in these services.
    pub fn new(role: Role, services: &[ServiceId]) -> Self {
        let mut services = services.to_vec();
        services.sort();
        services.dedup();
        Self { role, services }
    }

    /// How far an account reaches now.
    pub fn of(account: &AccountRow) -> Self {
        Self::new(account.role, &account.services)
    }

    /// As the audit log says it, at the end of what it says besides: `accesso di coordinatore
    /// a tutti i servizi`, `accesso di operatore ai servizi pis-lecce, polaris-br4`.
    pub fn told(&self) -> String {
        let role = self.role.italian();
        match self.services.as_slice() {
            [] => format!("{BEGINS}{role}{ALL}"),
            services => {
                let services: Vec<&str> = services.iter().map(ServiceId::as_str).collect();
                format!("{BEGINS}{role}{SOME}{}", services.join(", "))
            }
        }
    }

    /// What the audit log said; `None` where it did not, as in rows of older versions.
    pub fn read(detail: &str) -> Option<Self> {
        let told = detail.rsplit("; ").next()?.strip_prefix(BEGINS)?;
        let (role, services) = match told.strip_suffix(ALL) {
            Some(role) => (role, Vec::new()),
            None => {
                let (role, services) = told.split_once(SOME)?;
                (role, services.split(", ").map(ServiceId::new).collect())
            }
        };
        let role = Role::ALL.into_iter().find(|known| known.italian() == role)?;
        Some(Self { role, services })
    }
}

const BEGINS: &str = "accesso di ";
const ALL: &str = " a tutti i servizi";
const SOME: &str = " ai servizi ";

impl Reader {
    /// The rows after the row `after`, and later than `since`, by which accounts were made,
    /// invited anew, changed or given back, oldest first; and the last row that was looked at.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn accesses_after(
        &self,
        after: i64,
        since: DateTime<Utc>,
    ) -> Result<(i64, Vec<Audited>), ReadCallsError> {
        let last =
            sqlx::query_scalar("select sequence from audit_head").fetch_one(&self.pool).await?;
        let rows = sqlx::query(ACCESSES)
            .bind(after)
            .bind(last)
            .bind(instant::text(since))
            .fetch_all(&self.pool)
            .await?;
        Ok((last, rows.iter().map(read).collect::<Result<_, _>>()?))
    }
}

/// By the index of acts: never through the whole log.
const ACCESSES: &str = "select * from audit indexed by audit_of_act where act in \
     ('accesso creato', 'accesso rinnovato', 'accesso cambiato', 'accesso restituito') \
     and sequence > ?1 and sequence <= ?2 and at > ?3 order by sequence";

/// What of an account is to be otherwise, in Italian: of names of people only that.
pub(super) fn changes(before: &AccountRow, after: &NewAccount) -> Vec<String> {
    let told = |services: Vec<ServiceId>| match services.as_slice() {
        [] => "tutti".to_owned(),
        _ => services.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(", "),
    };
    let mut changes = Vec::new();
    if before.role != after.role {
        changes.push(format!("ruolo da {} a {}", before.role.italian(), after.role.italian()));
    }
    let sorted = |services: &[ServiceId]| Reach::new(after.role, services).services;
    let (old, new) = (told(sorted(&before.services)), told(sorted(&after.services)));
    if old != new {
        changes.push(format!("servizi da {old} a {new}"));
    }
    if before.full_name != after.full_name {
        changes.push("nome e cognome".to_owned());
    }
    if before.person != after.person {
        changes.push("nome nei turni".to_owned());
    }
    changes
}

/// How far the account of this name reaches, as the audit log says it; empty without one.
pub(super) async fn reach_of(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<String, sqlx::Error> {
    let query = format!("select {COLUMNS} from accounts where name = ?");
    let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(name).fetch_optional(connection).await?;
    let account = row.as_ref().map(AccountRow::read).transpose()?;
    Ok(account.map_or_else(String::new, |account| Reach::of(&account).told()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_says_of_an_account_is_read_again() {
        for role in Role::ALL {
            for services in [&[][..], &["polaris-br4"], &["polaris-br4", "a-b", "polaris-br4"]] {
                let services: Vec<ServiceId> =
                    services.iter().map(|id| ServiceId::new(id)).collect();
                let reach = Reach::new(role, &services);
                for before in ["", "ruolo da revisore a coordinatore; servizi da a, b a tutti; "] {
                    let detail = format!("{before}{}", reach.told());
                    assert_eq!(Reach::read(&detail), Some(reach.clone()), "{detail}");
                }
            }
        }
        for older in ["", "nuovo accesso, coordinatore", "ruolo da revisore a coordinatore"] {
            assert_eq!(Reach::read(older), None, "{older}");
        }
        assert_eq!(Reach::read("accesso di capo a tutti i servizi"), None);
    }
}
