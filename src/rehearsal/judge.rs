//! Whether a call may end: it asks nobody, it looks at what was ordered and noted.

use std::sync::Arc;

use super::{Act, Event, Step, What};
use crate::call::{Gone, Output};
use crate::case::Fact;
use crate::words::LegId;

/// How a call loses its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// We hang up, or forget the call, before a person or a promise.
    HungUp,
    /// A caller who says nothing is kept for ever, and nobody owns the call.
    KeptForEver,
    /// Nothing plays and no timer is set.
    Silence,
}

/// What one call has come to, as seen from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Judge {
    /// A person was reached, or somebody owns a promise.
    served: bool,
    caller_left: bool,
    talking_to: Option<Arc<str>>,
}

/// What a few steps brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Brought {
    /// A phone rang.
    pub(super) ring: bool,
    /// A message was recorded, or the call-back question answered.
    pub(super) promise: bool,
    /// Somebody accepted.
    pub(super) person: bool,
    pub(super) loss: Option<Loss>,
}

impl Judge {
    pub(super) fn caller_left(&self) -> bool {
        self.caller_left
    }

    /// Looks at the next steps.
    pub(super) fn watch(&mut self, steps: &[Step]) -> Brought {
        let mut brought = Brought::default();
        let talked_to = self.talking_to.clone();
        for step in steps {
            match &step.what {
                What::Happened(event) => self.happened(event),
                What::Ordered { output, whom } => {
                    self.ordered(output, whom.as_ref(), &mut brought);
                }
                What::Woke => {}
            }
        }
        // Who had been talked to is gone, and the call goes on: it begins anew.
        if talked_to.is_some() && self.talking_to.is_none() {
            self.served = false;
        }
        brought
    }

    fn happened(&mut self, event: &Event) {
        match event {
            Event::CallerLeaves(_) => self.caller_left = true,
            // Nobody said goodbye: that conversation has served nobody.
            Event::Responder { name, act: Act::Gone(how) }
                if self.talking_to.as_deref() == Some(name.as_str()) =>
            {
                self.served = *how == Gone::HungUp;
                self.talking_to = None;
            }
            _ => {}
        }
    }

    fn ordered(&mut self, output: &Output, whom: Option<&Arc<str>>, brought: &mut Brought) {
        match output {
            Output::Bridge { .. } => {
                self.served = true;
                self.talking_to = whom.cloned();
            }
            Output::Note(Fact::VoicemailLeft { .. } | Fact::CallBackAnswered { .. }) => {
                self.served = true;
                brought.promise = true;
            }
            Output::Note(Fact::Accepted { .. }) => brought.person = true,
            Output::Ring { .. } => brought.ring = true,
            Output::HangUp { leg: LegId::CALLER } | Output::End
                if !self.served && !self.caller_left =>
            {
                brought.loss = Some(Loss::HungUp);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Moment;

    fn watch(what: Vec<What>) -> Option<Loss> {
        let step = |what| Step { at: Moment::START, what };
        Judge::default().watch(&what.into_iter().map(step).collect::<Vec<_>>()).loss
    }

    fn ordered(output: Output) -> What {
        What::Ordered { output, whom: Some("Ada".into()) }
    }

    const GOODBYE: Output = Output::HangUp { leg: LegId::CALLER };

    #[test]
    fn a_goodbye_without_a_person_or_a_promise_is_a_loss() {
        assert_eq!(watch(vec![ordered(GOODBYE)]), Some(Loss::HungUp));
        assert_eq!(watch(vec![ordered(Output::End)]), Some(Loss::HungUp));
    }

    #[test]
    fn a_goodbye_after_a_conversation_a_promise_or_the_callers_own_is_none() {
        let bridge = Output::Bridge { leg: LegId(1) };
        assert_eq!(watch(vec![ordered(bridge), ordered(GOODBYE)]), None);
        let promise = Output::Note(Fact::CallBackAnswered { safe: false, by_key: false });
        assert_eq!(watch(vec![ordered(promise), ordered(GOODBYE)]), None);
        let left = What::Happened(Event::CallerLeaves(Gone::HungUp));
        assert_eq!(watch(vec![left, ordered(Output::End)]), None);
    }

    #[test]
    fn a_conversation_that_was_cut_has_served_nobody() {
        let cut = Event::Responder { name: "Ada".to_owned(), act: Act::Gone(Gone::Lost) };
        let bridge = Output::Bridge { leg: LegId(1) };
        let steps = vec![ordered(bridge), What::Happened(cut), ordered(GOODBYE)];
        assert_eq!(watch(steps), Some(Loss::HungUp));
    }
}
