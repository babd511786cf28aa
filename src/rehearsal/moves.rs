//! What may happen next to a call that is being walked.

use std::time::Duration;

use super::{Act, Event, Roster, Stage, cast};
use crate::call::{Gone, PhonePhase, RingFailure};
use crate::words::{Digit, Moment, PromptId};

/// The people on duty in every walk.
pub(super) const CAST: &str = "Ada, Bruno";
/// People need at least this long for the next thing they do.
pub(super) const TENTH: Duration = Duration::from_millis(100);

/// One way on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    /// The roster answers.
    Roster(Duty),
    /// Somebody does something at this moment.
    Somebody(Moment, Event),
    /// Nobody does anything: what is due next happens.
    Wait,
}

/// What the roster may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Duty {
    Cast,
    Nobody,
    Silent,
    Unreadable,
}

impl Duty {
    pub(super) const ALL: [Self; 4] = [Self::Cast, Self::Nobody, Self::Silent, Self::Unreadable];

    pub(super) fn roster(self) -> Roster {
        match self {
            Self::Cast => Roster::Fixed(cast(CAST)),
            Self::Nobody => Roster::Fixed(cast("nobody")),
            Self::Silent => Roster::Silent,
            Self::Unreadable => Roster::Unreadable,
        }
    }

    pub(super) fn event(self) -> Event {
        match self {
            Self::Cast => Event::OnDuty(CAST.to_owned()),
            Self::Nobody => Event::OnDuty("nobody".to_owned()),
            Self::Silent => Event::RosterSilent,
            Self::Unreadable => Event::RosterUnreadable,
        }
    }
}

impl Move {
    /// Carries this move out.
    pub(super) fn make(&self, stage: &mut Stage) {
        match self {
            Self::Roster(duty) => stage.answer_roster(&duty.roster()),
            Self::Somebody(at, event) => {
                stage.wait_until(*at);
                // Only who has been rung is ever moved.
                let _ = stage.happen(event.clone());
            }
            Self::Wait => stage.pass(),
        }
    }
}

/// The moments at which people may act before the next thing is due: at once, that is a
/// tenth of a second from now, and as late as can be. On paper times are tenths.
pub(super) fn moments(stage: &Stage) -> Vec<Moment> {
    let Some(due) = stage.next_turn() else { return Vec::new() };
    let tenths = stage.now().since_start().as_millis() / TENTH.as_millis() + 1;
    let soon = TENTH.saturating_mul(u32::try_from(tenths).unwrap_or(u32::MAX));
    let soon = Moment::after_start(soon);
    let whole = due.since_start().as_millis().is_multiple_of(TENTH.as_millis());
    let late = Some(due).filter(|due| whole && *due > soon);
    [Some(soon).filter(|soon| *soon <= due), late].into_iter().flatten().collect()
}

/// Everything anybody may do now; `caller` are those things the caller may do.
pub(super) fn events(stage: &Stage, caller: &[Event]) -> Vec<Event> {
    let mut events = caller.to_vec();
    if stage.is_recording() {
        events.push(Event::RecordingFails);
    }
    for (name, phase) in stage.phones() {
        let acts: &[Act] = match phase {
            PhonePhase::Ringing => &RINGING,
            PhonePhase::PickedUp => &PICKED_UP,
        };
        let act = |act: &Act| Event::Responder { name: name.to_string(), act: *act };
        events.extend(acts.iter().map(act));
    }
    events
}

/// What a caller may do at any time.
pub(super) fn of_the_caller() -> Vec<Event> {
    let keys = Digit::ALL.into_iter().map(|digit| Event::CallerPresses(vec![digit]));
    let leaves = [Gone::HungUp, Gone::Lost].map(Event::CallerLeaves);
    // It is all one which recording is missing: a sound plays in its place.
    let missing = Event::PromptMissing(PromptId::new("hold.1"));
    let others = [Event::CallerHolds, Event::CallerSendsNoSound, missing];
    keys.chain(leaves).chain(others).collect()
}

const RINGING: [Act; 6] = [
    Act::Answers,
    Act::Fails(RingFailure::Busy),
    Act::Fails(RingFailure::Declined),
    Act::Fails(RingFailure::InUse),
    Act::Fails(RingFailure::NoAnswer),
    Act::Fails(RingFailure::Unreachable),
];

const PICKED_UP: [Act; 7] = [
    Act::Gone(Gone::HungUp),
    Act::Gone(Gone::Lost),
    Act::Holds,
    Act::Presses(Digit::ONE),
    Act::Presses(Digit::TWO),
    Act::Presses(Digit::POUND),
    Act::SendsNoSound,
];
