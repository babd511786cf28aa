//! Reads the dialplans of a configuration.

use std::sync::Arc;

use super::config::{Config, DialplanSource, ServiceConfig};
use super::reason;
use crate::dialplan::{self, Plan, Problem};
use crate::switchboard::Directory;
use crate::voice::Recordings;

/// The dialplans that come with the program.
pub const SHIPPED: [(&str, &str); 2] = [
    ("polaris-br4.kdl", include_str!("../../dialplans/polaris-br4.kdl")),
    ("pis-lecce.kdl", include_str!("../../dialplans/pis-lecce.kdl")),
];

/// What was found in the dialplans: plans that can be used, and everything to say.
#[derive(Debug, Default)]
pub struct Read {
    /// The plans without errors, the configuration's numbers in place of their own.
    pub plans: Vec<Arc<Plan>>,
    /// Errors and warnings of all of them, rendered with line and caret.
    pub problems: Vec<Problem>,
    /// Files that could not be read at all.
    pub failures: Vec<String>,
}

impl Read {
    /// Whether something must be put right before the plans can be used.
    pub fn has_errors(&self) -> bool {
        !self.failures.is_empty() || self.problems.iter().any(Problem::is_error)
    }

    /// Everything to say, a paragraph each.
    pub fn report(&self) -> String {
        let problems = self.problems.iter().map(ToString::to_string);
        problems.chain(self.failures.iter().cloned()).collect::<Vec<_>>().join("\n")
    }

    /// The directory of the plans.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn directory(&self) -> Result<Directory, String> {
        if self.has_errors() {
            return Err(self.report());
        }
        Directory::new(self.plans.clone()).map_err(|error| error.to_string())
    }
}

/// Reads every dialplan of `config`, and checks them together.
pub fn read(config: &Config, recordings: &Recordings) -> Read {
    let known = known(recordings);
    let mut read = Read::default();
    // One for each plan, in the same order.
    let mut texts = Vec::new();
    for service in &config.services {
        let (name, text) = match text_of(&service.dialplan) {
            Ok(found) => found,
            Err(failure) => {
                read.failures.push(failure);
                continue;
            }
        };
        let (plan, problems) = dialplan::read(&name, &text, &known);
        read.problems.extend(problems);
        if let Some(plan) = plan {
            read.plans.push(Arc::new(with_numbers(plan, service)));
            texts.push((name, text));
        }
    }
    let files: Vec<dialplan::PlanFile<'_>> = texts
        .iter()
        .zip(&read.plans)
        .map(|((name, text), plan)| dialplan::PlanFile { name, text, plan })
        .collect();
    read.problems.extend(dialplan::check_together(&files));
    // Numbers written in polaris.toml stand in no plan's text.
    if let (false, Err(twice)) = (read.has_errors(), Directory::new(read.plans.clone())) {
        read.failures.push(twice.to_string());
    }
    read.failures.extend(read.plans.iter().filter_map(|plan| rings_itself(plan)));
    read
}

/// What a plan may name, and what each says.
pub(super) fn known(recordings: &Recordings) -> dialplan::Recordings {
    let mut known = dialplan::Recordings::default();
    for (language, id, _) in recordings.iter() {
        let text = recordings.text(language, &id).unwrap_or_default().to_owned();
        known.add(language, id, &text);
    }
    known
}

fn text_of(source: &DialplanSource) -> Result<(String, String), String> {
    match source {
        DialplanSource::Embedded(name) => {
            let text = SHIPPED.iter().find(|(shipped, _)| shipped == name).map(|(_, text)| *text);
            Ok(((*name).to_owned(), text.unwrap_or_default().to_owned()))
        }
        DialplanSource::File(path) => {
            let name = path.display().to_string();
            std::fs::read_to_string(path).map(|text| (name.clone(), text)).map_err(|error| {
                format!("{name}: il piano non si può leggere: {}", reason::of_io(&error))
            })
        }
    }
}

/// A plan that would ring a number it is called on.
fn rings_itself(plan: &Plan) -> Option<String> {
    let own = |number| plan.numbers.contains(number) || plan.direct_numbers.contains(number);
    let number = plan.own_targets().find(|number| own(number))?;
    Some(format!(
        "il servizio «{}» chiamerebbe sé stesso: {} è un suo numero e un numero da far squillare",
        plan.service,
        number.reveal()
    ))
}

fn with_numbers(mut plan: Plan, service: &ServiceConfig) -> Plan {
    if let Some(numbers) = &service.numbers {
        if let Some(first) = numbers.first()
            && plan.numbers.contains(&plan.caller_id)
        {
            plan.caller_id = first.clone();
        }
        plan.numbers.clone_from(numbers);
    }
    if let Some(numbers) = &service.direct_numbers {
        plan.direct_numbers.clone_from(numbers);
    }
    plan
}
