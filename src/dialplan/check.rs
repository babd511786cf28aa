//! Several plans side by side: what none of them can see alone.

use super::plan::{Plan, Verb};
use super::problem::{Findings, Problem};

/// A plan and the file it was read from.
#[derive(Debug, Clone, Copy)]
pub struct PlanFile<'a> {
    /// The file, as its reader names it.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The plan.
    pub plan: &'a Plan,
}

/// Problems between plans that are good by themselves: one number or one short name
/// for two services, a service that rings another instead of a person.
pub fn check_together(files: &[PlanFile<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let mut findings = Findings::new(file.name, file.text);
        for earlier in files.iter().take(index) {
            same_name(file, earlier, &mut findings);
            same_numbers(file, earlier, &mut findings);
        }
        for other in files.iter().filter(|other| !std::ptr::eq(*other, file)) {
            rings_the_other(file, other, &mut findings);
        }
        problems.extend(findings.finish());
    }
    problems
}

fn same_name(file: &PlanFile<'_>, earlier: &PlanFile<'_>, findings: &mut Findings<'_>) {
    let id = &file.plan.service;
    if earlier.plan.service == *id {
        let at = place_of(file.text, &format!("\"{id}\""));
        findings.error(at, format!("anche {} è il servizio «{id}»", earlier.name));
        findings.suggest("ogni servizio ha il suo nome breve");
    }
}

fn same_numbers(file: &PlanFile<'_>, earlier: &PlanFile<'_>, findings: &mut Findings<'_>) {
    for number in called(file.plan) {
        if called(earlier.plan).any(|other| other == number) {
            let at = place_of(file.text, number.reveal());
            findings.error(at, format!("questo numero è anche di {}", earlier.name));
            findings.suggest("un numero appartiene a un servizio solo");
        }
    }
}

fn rings_the_other(file: &PlanFile<'_>, other: &PlanFile<'_>, findings: &mut Findings<'_>) {
    let plan = file.plan;
    for verb in [&plan.answer, &plan.direct, &plan.in_hours].into_iter().flatten() {
        let Verb::RingNumber(ring) = verb else { continue };
        if called(other.plan).any(|number| *number == ring.number) {
            let at = place_of(file.text, ring.number.reveal());
            findings.error(at, format!("questo numero è quello del servizio di {}", other.name));
            findings.suggest("scrivi il numero di una persona, non quello di un servizio");
        }
    }
}

/// Every number that reaches `plan`.
fn called(plan: &Plan) -> impl Iterator<Item = &crate::words::PhoneNumber> {
    plan.numbers.iter().chain(&plan.direct_numbers)
}

/// Where `wanted` stands in the text; its beginning where it is written otherwise.
fn place_of(text: &str, wanted: &str) -> std::ops::Range<usize> {
    text.find(wanted).map_or(0..0, |start| start..start + wanted.len())
}
