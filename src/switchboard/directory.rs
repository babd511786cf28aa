//! Which number belongs to which service.

use std::collections::HashMap;
use std::sync::Arc;

use crate::dialplan::Plan;
use crate::words::PhoneNumber;

/// The services by their numbers.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    plans: Vec<Arc<Plan>>,
    lines: HashMap<PhoneNumber, (Arc<Plan>, Entrance)>,
}

/// Whom a number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// Citizens.
    Citizens,
    /// Police and operators: no menu.
    Direct,
}

/// Two services claim one number.
#[derive(Debug, thiserror::Error)]
#[error("il numero {number} è scritto due volte: in «{first}» e in «{second}»")]
pub struct NumberTwice {
    /// The number: a service's own, not a caller's.
    pub number: String,
    /// The service that has it.
    pub first: String,
    /// The service that claims it too.
    pub second: String,
}

impl Directory {
    /// A directory of these services.
    ///
    /// # Errors
    /// A number that is written twice.
    pub fn new(plans: Vec<Arc<Plan>>) -> Result<Self, NumberTwice> {
        let mut lines: HashMap<PhoneNumber, (Arc<Plan>, Entrance)> = HashMap::new();
        for plan in &plans {
            let citizens = plan.numbers.iter().map(|number| (number, Entrance::Citizens));
            let direct = plan.direct_numbers.iter().map(|number| (number, Entrance::Direct));
            for (number, entrance) in citizens.chain(direct) {
                let before = lines.insert(number.clone(), (plan.clone(), entrance));
                if let Some((first, _)) = before {
                    return Err(NumberTwice {
                        number: number.reveal().to_owned(),
                        first: first.service.to_string(),
                        second: plan.service.to_string(),
                    });
                }
            }
        }
        Ok(Self { plans, lines })
    }

    /// The services.
    pub fn plans(&self) -> &[Arc<Plan>] {
        &self.plans
    }

    /// The first of `candidates` that is a number of ours.
    pub(super) fn find(&self, candidates: &[String]) -> Option<(PhoneNumber, Arc<Plan>, Entrance)> {
        candidates.iter().find_map(|candidate| {
            let number = PhoneNumber::from_network(candidate);
            let (plan, entrance) = self.lines.get(&number)?;
            Some((number, plan.clone(), *entrance))
        })
    }
}
