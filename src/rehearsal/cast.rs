//! The invented people of a transcript, from the words of its header.
//!
//! `Ada, Bruno; Carla` are two in step 1 and one in step 2; `nobody` is nobody. Besides:
//! `Ada with 2 phones`; `Ada, Bruno together` and `for 8s` after a step; and, as parts of
//! their own, `rounds 1`, `last resort Marta`, `lacking donna`. The same person has the
//! same phones in every list.

use std::time::Duration;

use crate::roster::{Ladder, LastResort, OnCall, Step, StepPolicy};
use crate::words::{PhoneNumber, RingOrder};

/// How long a phone rings where a step says only how its people are rung.
const EACH: Duration = Duration::from_secs(25);

/// The ladder that `people` describes.
pub fn cast(people: &str) -> Ladder {
    let mut ladder = Ladder::default();
    for part in people.split(';').map(str::trim) {
        if let Some(name) = part.strip_prefix("last resort ") {
            ladder.last_resort = Some(LastResort { name: name.to_owned(), phone: phone(name, 1) });
        } else if let Some(skill) = part.strip_prefix("lacking ") {
            ladder.missed.push(skill.to_owned());
        } else if let Some(rounds) = part.strip_prefix("rounds ") {
            ladder.rounds = rounds.parse().ok();
        } else {
            let number = u32::try_from(ladder.steps.len() + 1).unwrap_or(u32::MAX);
            ladder.steps.push(step(number, part));
        }
    }
    ladder.steps.retain(|step| !step.responders.is_empty());
    ladder
}

fn step(number: u32, part: &str) -> Step {
    let (part, each) = match part.rsplit_once(" for ") {
        Some((before, seconds)) => {
            (before, seconds.trim_end_matches('s').parse().ok().map(Duration::from_secs))
        }
        None => (part, None),
    };
    let (people, together) = match part.strip_suffix(" together") {
        Some(before) => (before, true),
        None => (part, false),
    };
    let order = if together { RingOrder::Together } else { RingOrder::OneByOne };
    let ring =
        (together || each.is_some()).then(|| StepPolicy { order, each: each.unwrap_or(EACH) });
    let names = people.split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty() && *name != "nobody");
    Step { number, responders: names.map(|name| on_call(number, name)).collect(), ring }
}

fn on_call(step: u32, described: &str) -> OnCall {
    let (person, count) = match described.split_once(" with ") {
        Some((person, phones)) => (person, phones.trim_end_matches(" phones").parse().unwrap_or(1)),
        None => (described, 1),
    };
    let phones = (1..=count).map(|nth| phone(person, nth)).collect();
    OnCall { person: person.to_owned(), phones, step, why: "turno".to_owned() }
}

/// The `nth` phone of a person, from 1.
fn phone(name: &str, nth: u32) -> PhoneNumber {
    let sum = name.bytes().fold(7, |sum: u32, byte| (sum * 31 + u32::from(byte)) % 10_000);
    PhoneNumber::from_network(&format!("+3933{}000{sum:04}", (nth + 2) % 10))
}
