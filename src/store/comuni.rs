//! Calls by the Comune that their scheda says.
//!
//! Law: what is rare is found by an index, too: nothing looks through all cases for a few.

use super::Reader;
use super::search::{PARTS_MAX, Wanted};
use crate::words::ServiceId;

/// What a scheda says of the Comune: that of the intervention, else the competent one. A call
/// tells none by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InComune {
    /// This one, as the plan names it.
    Named(String),
    /// Another than all of these.
    OtherThan(Vec<String>),
    /// Nothing, or not yet.
    Unwritten,
}

impl Reader {
    /// Other Comuni than the service's are named one by one where they are few: each has its
    /// rows in order in an index.
    pub(super) async fn by_comune(&self, parts: Vec<Wanted>) -> Result<Vec<Wanted>, sqlx::Error> {
        let mut spelled_out = Vec::with_capacity(parts.len());
        for part in parts {
            let (Some(InComune::OtherThan(names)), Some([service])) =
                (&part.comune, part.services.as_deref())
            else {
                spelled_out.push(part);
                continue;
            };
            let others = self.comuni_besides(service, names).await?;
            if others.len() > PARTS_MAX {
                spelled_out.push(part);
                continue;
            }
            let named = |name| Wanted { comune: Some(InComune::Named(name)), ..part.clone() };
            spelled_out.extend(others.into_iter().map(named));
        }
        Ok(spelled_out)
    }

    /// The Comuni that schede of a service name besides these; one more than is asked for at
    /// most. From each to the next by the index, over all their rows at once.
    async fn comuni_besides(
        &self,
        service: &ServiceId,
        names: &[String],
    ) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "with recursive written (name) as (\
             select min(comune) from cases where service = ?1 union all \
             select (select min(comune) from cases where service = ?1 and comune > written.name) \
             from written where written.name is not null) \
             select name from written where name is not null \
             and name not in (select value from json_each(?2)) limit ?3",
        )
        .bind(service.as_str())
        .bind(serde_json::to_string(names).unwrap_or_else(|_| "[]".into()))
        .bind(PARTS_MAX as i64 + 1)
        .fetch_all(&self.pool)
        .await
    }
}
