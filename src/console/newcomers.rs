//! Accounts that could lately read cases, and what was done to give them that: coordinators
//! see each, since who makes accounts reads no case, and must not get to by one of their own
//! making.
//!
//! Law: **what was done is told for a week, whatever is done after it**: an account taken away
//! again, or made what it was before, is still told.

use chrono::{DateTime, TimeDelta, Utc};

use super::Desk;
use super::civil;
use super::gate::Visitor;
use crate::access::{Act, Audited, may};
use crate::store::{AccountRow, Reach};

/// Something done to an account by which it could read cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Newcomer {
    pub(super) account: String,
    pub(super) full_name: String,
    /// How far the account reached then.
    pub(super) reach: Reach,
    /// The act of the audit log.
    pub(super) act: String,
    /// Who did it the last time.
    pub(super) by: String,
    /// And when.
    pub(super) at: DateTime<Utc>,
    /// How often the same was done.
    pub(super) times: usize,
    pub(super) since: Since,
}

/// What became of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    Unchanged,
    Changed,
    TakenAway,
}

/// For so long it is told.
const NEW_FOR: TimeDelta = TimeDelta::days(7);
/// Told one by one.
const TOLD_MAX: usize = 20;

/// The rows of the audit log about accounts, as far as they were looked at.
#[derive(Debug, Default)]
pub(super) struct Accesses {
    seen: i64,
    lately: Vec<Audited>,
}

/// What was lately done to accounts, the last first. What cannot be read is told the next time.
pub(super) async fn lately(
    desk: &Desk,
    accesses: &mut Accesses,
    at: DateTime<Utc>,
) -> Vec<Newcomer> {
    if let Ok((seen, rows)) = desk.reader.accesses_after(accesses.seen, at - NEW_FOR).await {
        accesses.seen = seen;
        accesses.lately.extend(rows);
    }
    accesses.lately.retain(|row| row.at > at - NEW_FOR);
    if accesses.lately.is_empty() {
        return Vec::new();
    }
    let accounts = desk.reader.accounts().await.unwrap_or_default();
    newcomers(&accounts, &accesses.lately)
}

/// What these rows, the oldest first, tell of these accounts.
fn newcomers(accounts: &[AccountRow], rows: &[Audited]) -> Vec<Newcomer> {
    let mut newcomers: Vec<Newcomer> = Vec::new();
    for row in rows.iter().rev() {
        let named = |account: &&AccountRow| row.subject.as_deref() == Some(account.name.as_str());
        let Some(newcomer) = accounts.iter().find(named).and_then(|of| newcomer(of, row)) else {
            continue;
        };
        match newcomers.iter_mut().find(|later| later.is_same(&newcomer)) {
            Some(later) => later.times += 1,
            None => newcomers.push(newcomer),
        }
    }
    newcomers
}

fn newcomer(account: &AccountRow, row: &Audited) -> Option<Newcomer> {
    // Rows of older versions do not say how far it reached.
    let reach = Reach::read(&row.detail).unwrap_or_else(|| Reach::of(account));
    // What is done to an account that is taken away opens nothing before it is given back.
    let shut = account.disabled.is_some_and(|taken| taken < row.at);
    if shut || !may(reach.role, Act::ReadCases) {
        return None;
    }
    Some(Newcomer {
        account: account.name.clone(),
        full_name: account.full_name.clone(),
        act: row.act.clone(),
        by: row.who.clone(),
        at: row.at,
        times: 1,
        since: match account.disabled {
            Some(_) => Since::TakenAway,
            None if reach != Reach::of(account) => Since::Changed,
            None => Since::Unchanged,
        },
        reach,
    })
}

/// What a visitor is to know of it, with what to do; `None` when nothing.
pub(super) fn told(
    newcomers: &[Newcomer],
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> Option<String> {
    let own: Vec<&Newcomer> =
        newcomers.iter().filter(|newcomer| newcomer.is_for(visitor)).collect();
    let mut told: Vec<String> =
        own.iter().take(TOLD_MAX).map(|newcomer| newcomer.told(now)).collect();
    match own.len().saturating_sub(TOLD_MAX) {
        0 => {}
        1 => told.push("Un altro: chieda al revisore, che lo legge nel registro".into()),
        more => told.push(format!("Altri {more}: chieda al revisore, che li legge nel registro")),
    }
    (!told.is_empty()).then(|| format!("{}. Se non lo sapeva, ne chieda conto", told.join(". ")))
}

impl Newcomer {
    /// Whether the same was done to the same account, and gave the same.
    fn is_same(&self, other: &Self) -> bool {
        (&self.account, &self.act, &self.reach) == (&other.account, &other.act, &other.reach)
    }

    /// Whether this visitor is to see it: a coordinator with a service in common, and of the
    /// own account only what was done to it later.
    fn is_for(&self, visitor: &Visitor) -> bool {
        let own = visitor.account.name == self.account && self.act == "accesso creato";
        let services = &self.reach.services;
        let of_all = visitor.account.services.is_empty() || services.is_empty();
        visitor.may(Act::ConfirmGlass)
            && !own
            && (of_all || services.iter().any(|service| visitor.is_of(service)))
    }

    /// «Accesso di coordinatore cambiato: Eva Neri (18:30, da furio, poi tolto)».
    fn told(&self, now: DateTime<Utc>) -> String {
        let Self { full_name, by, .. } = self;
        let role = self.reach.role.italian();
        let what = match self.act.as_str() {
            "accesso creato" => format!("Nuovo accesso di {role}"),
            "accesso cambiato" => format!("Accesso di {role} cambiato"),
            "accesso restituito" => format!("Accesso di {role} restituito"),
            _ => format!("Nuovo indirizzo per l'accesso di {role}"),
        };
        let at = civil::short(self.at, now, super::accounts::ZONE);
        let at = match self.times {
            1 => at,
            times => format!("{times} volte, l'ultima {at}"),
        };
        let since = match self.since {
            Since::Unchanged => "",
            Since::Changed => ", poi cambiato",
            Since::TakenAway => ", poi tolto",
        };
        format!("{what}: {full_name} ({at}, da {by}{since})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::words::ServiceId;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    /// What an account is now.
    fn account(name: &str, role: Role, taken: Option<i64>) -> AccountRow {
        AccountRow {
            name: name.into(),
            full_name: name.to_uppercase(),
            role,
            services: Vec::new(),
            person: None,
            password: None,
            totp: None,
            locked: None,
            disabled: taken.map(at),
            created: at(0),
        }
    }

    /// What was done to it, and how far it reached then.
    fn row(hour: i64, act: &str, name: &str, detail: &str) -> Audited {
        Audited {
            sequence: hour,
            at: at(hour),
            who: "furio".into(),
            act: format!("accesso {act}"),
            service: None,
            subject: Some(name.into()),
            detail: detail.into(),
        }
    }

    /// What is told of `eva`, as she is now.
    fn told(eva: &AccountRow, rows: &[Audited]) -> Vec<(String, i64, usize, Since)> {
        let told = newcomers(std::slice::from_ref(eva), rows);
        let told = told.into_iter().map(|of| {
            let what = format!("{} {}", of.reach.role, of.act);
            (what, (of.at - at(0)).num_hours(), of.times, of.since)
        });
        told.collect()
    }

    const COORDINATOR: &str = "accesso di coordinatore a tutti i servizi";
    const RESPONDER: &str = "accesso di operatore a tutti i servizi";
    const AUDITOR: &str = "ruolo da coordinatore a revisore; accesso di revisore a tutti i servizi";

    #[test]
    fn who_was_a_coordinator_for_a_night_is_told_whatever_was_done_after_it() {
        let night = [row(3, "cambiato", "eva", COORDINATOR), row(8, "cambiato", "eva", AUDITOR)];
        let back = account("eva", Role::Auditor, None);
        let raised = "coordinator accesso cambiato".to_owned();
        assert_eq!(told(&back, &night), [(raised.clone(), 3, 1, Since::Changed)]);
        let gone = account("eva", Role::Auditor, Some(9));
        assert_eq!(told(&gone, &night), [(raised.clone(), 3, 1, Since::TakenAway)]);
        // Nor by what may read cases itself, nor by doing the same once more.
        let hidden = [
            row(3, "cambiato", "eva", COORDINATOR),
            row(4, "cambiato", "eva", COORDINATOR),
            row(5, "rinnovato", "eva", COORDINATOR),
            row(8, "cambiato", "eva", RESPONDER),
        ];
        assert_eq!(
            told(&account("eva", Role::Responder, None), &hidden),
            [
                ("responder accesso cambiato".to_owned(), 8, 1, Since::Unchanged),
                ("coordinator accesso rinnovato".to_owned(), 5, 1, Since::Changed),
                (raised, 4, 2, Since::Changed),
            ]
        );
    }

    #[test]
    fn an_account_of_one_service_for_a_night_is_told_to_that_service() {
        let lecce = "accesso di coordinatore ai servizi pis-lecce";
        let rows = [
            row(3, "creato", "eva", "accesso di coordinatore ai servizi polaris-br4"),
            row(4, "cambiato", "eva", lecce),
        ];
        let services = vec![ServiceId::new("pis-lecce")];
        let eva = AccountRow { services, ..account("eva", Role::Coordinator, None) };
        let told = newcomers(&[eva], &rows);
        let services = told.iter().map(|of| of.reach.services[0].to_string());
        assert_eq!(services.collect::<Vec<_>>(), ["pis-lecce", "polaris-br4"]);
        assert_eq!([told[0].since, told[1].since], [Since::Unchanged, Since::Changed]);
    }

    #[test]
    fn what_gives_nobody_a_case_to_read_is_not_told() {
        let rows = [row(3, "creato", "eva", AUDITOR), row(4, "creato", "ida", COORDINATOR)];
        assert!(told(&account("eva", Role::Auditor, None), &rows).is_empty());
        // Taken away already, and then given back.
        let renewed = [row(5, "rinnovato", "eva", COORDINATOR)];
        assert!(told(&account("eva", Role::Coordinator, Some(4)), &renewed).is_empty());
        let back = row(6, "restituito", "eva", COORDINATOR);
        let told = told(&account("eva", Role::Coordinator, None), &[back]);
        assert_eq!(told, [("coordinator accesso restituito".to_owned(), 6, 1, Since::Unchanged)]);
    }

    #[test]
    fn a_row_of_an_older_version_is_told_as_the_account_is_now() {
        let rows = [row(3, "creato", "eva", "nuovo accesso, coordinatore")];
        let eva = account("eva", Role::Coordinator, None);
        assert_eq!(told(&eva, &rows).len(), 1);
        assert!(told(&account("eva", Role::Auditor, None), &rows).is_empty());
    }
}
