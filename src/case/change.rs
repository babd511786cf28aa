//! What a fact changes in the columns people and programs look at.

use chrono::{DateTime, Utc};

use super::{AttemptId, AttemptOutcome, Fact, Outcome, Party};
use crate::words::{Category, Digit, PhoneNumber};

/// One change of one column, of a call, its case or one of its attempts.
///
/// The columns are a projection of the facts: applying the changes of all facts of a
/// call in their order gives the columns, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The call was answered.
    Answered(DateTime<Utc>),
    /// Who is in need, and the plan's words for it; of call and case.
    Category {
        /// The group.
        category: Category,
        /// In Italian.
        label: String,
    },
    /// One more key of the caller, after those before.
    Key(Digit),
    /// The caller may be unable to speak.
    Silent,
    /// A person took the call.
    Accepted {
        /// Who.
        responder: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody has the call any more.
    AcceptanceLost,
    /// The call ended; a first end stays.
    Ended {
        /// How.
        outcome: Outcome,
        /// When.
        at: DateTime<Utc>,
    },
    /// The answer whether calling back is safe; of the case.
    CallBackSafe(bool),
    /// The number to call back at; of the case.
    CallBackNumber(PhoneNumber),
    /// Somebody has to call back, or to decide about it; of the case.
    CallBackOwed,
    /// The same, of a caller who went before anybody spoke with them: if they had said that
    /// it is about minors or violence, or a person was being looked for; of the case.
    CallBackOwedIfLost,
    /// The message left; of the case.
    Voicemail {
        /// File name in the `voicemail` folder.
        file: String,
        /// Whole seconds.
        seconds: u32,
    },
    /// A ring began.
    AttemptRang {
        /// Which.
        attempt: AttemptId,
        /// Whom, by name.
        responder: String,
        /// The phone.
        phone: PhoneNumber,
        /// The step of the roster; 0 outside it.
        step: u32,
        /// The round through the ladder.
        round: u32,
        /// The rule that put them on duty.
        why: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The phone of a ring was picked up.
    AttemptAnswered {
        /// Which.
        attempt: AttemptId,
        /// When.
        at: DateTime<Utc>,
    },
    /// A ring ended.
    AttemptEnded {
        /// Which.
        attempt: AttemptId,
        /// How.
        outcome: AttemptOutcome,
        /// When.
        at: DateTime<Utc>,
    },
}

impl Fact {
    /// The words of the facts that say that a person is being looked for: whoever goes after
    /// one of them was let down, whoever goes before may have dialled wrongly. The ring of the
    /// offices' own number, which follows `in_hours`, is none of them.
    pub const LOOKED_FOR: [&str; 4] =
        ["rang", "roster_empty", "roster_unavailable", "nobody_accepted"];

    /// What this fact, which happened at `at`, changes; nothing for most.
    pub fn changes(&self, at: DateTime<Utc>) -> Vec<Change> {
        match self {
            Self::CallAnswered => vec![Change::Answered(at)],
            Self::KeyPressed { digit }
            | Self::KeyInConversation { party: Party::Caller, digit } => {
                vec![Change::Key(*digit)]
            }
            Self::CategoryChosen { category, label } => {
                vec![Change::Category { category: *category, label: label.clone() }]
            }
            Self::Silent => vec![Change::Silent],
            Self::Rang { attempt, responder, phone, step, round, why } => {
                vec![Change::AttemptRang {
                    attempt: *attempt,
                    responder: responder.clone(),
                    phone: phone.clone(),
                    step: *step,
                    round: *round,
                    why: why.clone(),
                    at,
                }]
            }
            Self::PhoneAnswered { attempt } => {
                vec![Change::AttemptAnswered { attempt: *attempt, at }]
            }
            Self::AttemptEnded { attempt, outcome } => {
                vec![Change::AttemptEnded { attempt: *attempt, outcome: *outcome, at }]
            }
            Self::Accepted { attempt, responder } => vec![
                Change::Accepted { responder: responder.clone(), at },
                Change::AttemptEnded { attempt: *attempt, outcome: AttemptOutcome::Accepted, at },
            ],
            Self::WinnerVanished { .. } | Self::StepFailed => vec![Change::AcceptanceLost],
            Self::CallBackAnswered { safe: true, .. } => {
                vec![Change::CallBackSafe(true), Change::CallBackOwed]
            }
            // Somebody has to look at it all the same: nobody spoke to this caller.
            Self::CallBackAnswered { safe: false, .. } => {
                vec![Change::CallBackSafe(false), Change::CallBackOwed]
            }
            Self::CallBackNumber { number } => {
                vec![Change::CallBackNumber(number.clone()), Change::CallBackOwed]
            }
            Self::VoicemailLeft { file, seconds } => vec![
                Change::Voicemail { file: file.clone(), seconds: *seconds },
                Change::CallBackOwed,
            ],
            Self::Ended { outcome: Outcome::Interrupted } => {
                vec![Change::Ended { outcome: Outcome::Interrupted, at }, Change::CallBackOwed]
            }
            Self::Ended { outcome: Outcome::Abandoned } => {
                vec![Change::Ended { outcome: Outcome::Abandoned, at }, Change::CallBackOwedIfLost]
            }
            Self::Ended { outcome } => vec![Change::Ended { outcome: *outcome, at }],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    #[test]
    fn a_key_of_the_responder_is_no_key_of_the_caller() {
        let pressed = |party| Fact::KeyInConversation { party, digit: Digit::ONE }.changes(at());
        assert_eq!(pressed(Party::Caller), [Change::Key(Digit::ONE)]);
        assert_eq!(pressed(Party::Responder), []);
    }

    #[test]
    fn something_is_owed_to_whoever_reached_nobody_and_said_how_to_go_on() {
        let owed = |fact: Fact| fact.changes(at()).contains(&Change::CallBackOwed);
        let number = PhoneNumber::from_network("+393330000001");
        assert!(owed(Fact::CallBackAnswered { safe: true, by_key: true }));
        assert!(owed(Fact::CallBackNumber { number }));
        assert!(owed(Fact::VoicemailLeft { file: "a.wav".into(), seconds: 3 }));
        assert!(owed(Fact::Ended { outcome: Outcome::Interrupted }));
        assert!(owed(Fact::CallBackAnswered { safe: false, by_key: false }));
        assert!(!owed(Fact::Ended { outcome: Outcome::Accepted }));
    }

    #[test]
    fn whether_something_is_owed_to_who_hung_up_depends_on_how_far_they_came() {
        let lost =
            |outcome| Fact::Ended { outcome }.changes(at()).contains(&Change::CallBackOwedIfLost);
        for outcome in Outcome::ALL {
            assert_eq!(lost(outcome), outcome == Outcome::Abandoned, "{outcome:?}");
        }
        let facts = [Fact::RosterEmpty, Fact::RosterUnavailable, Fact::NobodyAccepted];
        assert!(facts.iter().all(|fact| Fact::LOOKED_FOR.contains(&fact.kind())));
    }

    #[test]
    fn a_winner_who_vanished_has_accepted_nothing() {
        let fact = Fact::WinnerVanished { attempt: AttemptId(1) };
        assert_eq!(fact.changes(at()), [Change::AcceptanceLost]);
    }
}
