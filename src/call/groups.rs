//! In which order the phones of a ladder ring.
//!
//! It rings nothing itself. Law: all phones of a person have had their turn before the
//! next person's, or, where people ring together, first all first phones, then all
//! second ones; a phone two people of a step share rings once.

use std::time::Duration;

use crate::dialplan::{RingNumber, RingOnCall};
use crate::roster::{Ladder, Step, StepPolicy};
use crate::words::{PhoneNumber, RingOrder};

/// People rung at once, at most.
const TOGETHER_MAX: usize = 8;

/// Phones that ring together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) candidates: Vec<Candidate>,
    /// How long they ring.
    pub(super) each: Duration,
}

/// One phone to ring.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Candidate {
    pub(super) person: String,
    pub(super) phone: PhoneNumber,
    /// All phones of the person: who rings on one is not free on the others.
    pub(super) phones: Vec<PhoneNumber>,
    pub(super) step: u32,
    pub(super) why: String,
}

impl Group {
    /// A number outside the ladder.
    pub(super) fn of_number(ring: &RingNumber, why: &str) -> Self {
        let candidate = Candidate {
            person: ring.name.clone(),
            phone: ring.number.clone(),
            phones: vec![ring.number.clone()],
            step: 0,
            why: why.to_owned(),
        };
        Self { candidates: vec![candidate], each: ring.ring_for }
    }
}

/// The phones of the people who are `wanted`, group after group. What the roster does
/// not say about ringing, `ring` says.
pub(super) fn groups(
    ladder: &Ladder,
    ring: &RingOnCall,
    wanted: impl Fn(&str) -> bool,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for step in &ladder.steps {
        let policy = step.ring.unwrap_or(StepPolicy { order: ring.order, each: ring.each });
        let people = people(step, &wanted);
        let size = match policy.order {
            RingOrder::OneByOne => 1,
            RingOrder::Together => TOGETHER_MAX,
        };
        for together in people.chunks(size) {
            let most = together.iter().map(Vec::len).max().unwrap_or_default();
            groups.extend((0..most).map(|nth| Group {
                candidates: together.iter().filter_map(|phones| phones.get(nth)).cloned().collect(),
                each: policy.each,
            }));
        }
    }
    groups
}

/// The people of a step, each with their phones in order.
fn people(step: &Step, wanted: &impl Fn(&str) -> bool) -> Vec<Vec<Candidate>> {
    let mut rung: Vec<&PhoneNumber> = Vec::new();
    let mut people = Vec::new();
    for on_call in step.responders.iter().filter(|on_call| wanted(&on_call.person)) {
        let mut phones = Vec::new();
        for phone in &on_call.phones {
            if rung.contains(&phone) {
                continue;
            }
            rung.push(phone);
            phones.push(Candidate {
                person: on_call.person.clone(),
                phone: phone.clone(),
                phones: on_call.phones.clone(),
                step: on_call.step,
                why: on_call.why.clone(),
            });
        }
        if !phones.is_empty() {
            people.push(phones);
        }
    }
    people
}
