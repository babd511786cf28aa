//! What became of a call, in one sentence, from its own timeline.
//!
//! It judges nobody and asks nothing else: the same facts give the same verdict, always.
//! Law: a call has one verdict, and one that ended without a person says why.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::clocks::duration;
use super::spoken::called;
use super::{AttemptId, AttemptOutcome, Fact, Outcome, Party};
use crate::words::PromptId;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A responder talked with the caller.
    Served {
        /// Who, by name; the last where several did.
        by: String,
        /// From the arrival until the first pressed 1.
        after: TimeDelta,
    },
    /// The municipal offices did.
    InHours {
        /// Which, by the plan's name.
        by: String,
        /// From the arrival until they answered.
        after: TimeDelta,
    },
    /// The caller left a message.
    Voicemail {
        /// Its length in seconds.
        seconds: u32,
        /// Why no person was there; `None` where nobody was looked for.
        why: Option<Unserved>,
    },
    /// The caller said whether one may call back.
    CallBack {
        /// What.
        said: CallBack,
        /// Why no person was there; `None` where nobody was looked for.
        why: Option<Unserved>,
    },
    /// The caller went before anything of this.
    Abandoned {
        /// At what point.
        at: Point,
        /// From the arrival.
        after: TimeDelta,
    },
    /// Something of ours failed.
    Interrupted {
        /// Who had taken the call.
        accepted_by: Option<String>,
    },
    /// It goes on.
    InProgress,
}

/// What the caller said about being called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallBack {
    /// No, or nothing.
    No,
    /// Yes: it is owed.
    Yes,
}

/// Why no person was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unserved {
    /// People were rung, and nobody pressed 1.
    NobodyAccepted,
    /// Nobody was on duty.
    NobodyOnDuty,
    /// Who was on duty could not be read.
    RosterUnreadable,
    /// Not one telephone could be reached: the trunk, most likely.
    TrunkDown,
}

impl Unserved {
    /// In Italian.
    pub fn text(self) -> &'static str {
        match self {
            Self::NobodyAccepted => "nessuno ha accettato",
            Self::NobodyOnDuty => "nessuno era di turno",
            Self::RosterUnreadable => "i turni non erano leggibili",
            Self::TrunkDown => "nessun telefono era raggiungibile, forse la linea in uscita",
        }
    }
}

/// Where in the call the caller went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// Before we answered.
    BeforeTheAnswer,
    /// While this was told or asked, nobody having been rung; `None` where only an old record
    /// is there: welcome or menu.
    Prompt {
        /// What.
        prompt: Option<PromptId>,
    },
    /// While whoever had pressed 1 heard the brief.
    Accepting {
        /// Who had, by name.
        whom: String,
    },
    /// While telephones rang.
    Ringing {
        /// The last rung, by name.
        whom: String,
    },
    /// When all had been tried.
    Afterwards {
        /// Why no person was there.
        why: Unserved,
        /// What was then told or asked.
        prompt: Option<PromptId>,
    },
}

impl Verdict {
    /// The verdict of a timeline, in its order; [`Verdict::InProgress`] until it ends.
    pub fn of<'a>(timeline: impl IntoIterator<Item = (DateTime<Utc>, &'a Fact)>) -> Self {
        let mut seen = Seen::default();
        for (at, fact) in timeline {
            seen.see(at, fact);
        }
        seen.verdict()
    }

    /// The word for lists and filters.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Served { .. } => "served",
            Self::InHours { .. } => "in_hours",
            Self::Voicemail { .. } => "voicemail",
            Self::CallBack { said: CallBack::Yes, .. } => "call_back",
            Self::CallBack { said: CallBack::No, .. } => "no_call_back",
            Self::Abandoned { at: Point::Accepting { .. } | Point::Ringing { .. }, .. } => {
                "abandoned_ringing"
            }
            Self::Abandoned { at: Point::Afterwards { .. }, .. } => "abandoned_afterwards",
            Self::Abandoned { .. } => "abandoned_at_prompt",
            Self::Interrupted { .. } => "interrupted",
            Self::InProgress => "in_progress",
        }
    }

    /// In Italian, one sentence.
    pub fn text(&self) -> String {
        let because = |why: &Option<Unserved>| {
            why.map_or_else(String::new, |why| format!(": {}", why.text()))
        };
        match self {
            Self::Served { by, after } => format!("Servita dopo {} ({by}).", duration(*after)),
            Self::InHours { by, after } => {
                format!("Servita dagli uffici dopo {} ({by}).", duration(*after))
            }
            Self::Voicemail { seconds, why } => {
                format!("Messaggio lasciato ({seconds} s){}.", because(why))
            }
            Self::CallBack { said: CallBack::Yes, why } => {
                format!("Da richiamare{}.", because(why))
            }
            Self::CallBack { said: CallBack::No, why } => {
                format!("Non richiamare, decide un coordinatore{}.", because(why))
            }
            Self::Abandoned { at, after } => abandoned(at, *after),
            Self::Interrupted { accepted_by: Some(by) } => {
                format!("Interrotta da un guasto mentre parlava con {by}: da richiamare.")
            }
            Self::Interrupted { accepted_by: None } => {
                "Interrotta da un guasto: da richiamare.".to_owned()
            }
            Self::InProgress => "In corso.".to_owned(),
        }
    }
}

fn abandoned(at: &Point, after: TimeDelta) -> String {
    let after = duration(after);
    match at {
        Point::BeforeTheAnswer => format!("Abbandonata prima della risposta, dopo {after}."),
        Point::Prompt { prompt: Some(prompt) } => {
            format!("Abbandonata durante {}, dopo {after}.", called(prompt))
        }
        Point::Prompt { prompt: None } => {
            format!("Abbandonata durante il benvenuto o il menu, dopo {after}.")
        }
        Point::Accepting { whom } => {
            format!("Abbandonata mentre {whom} prendeva la chiamata, dopo {after}.")
        }
        Point::Ringing { whom } => format!("Abbandonata mentre squillava {whom}, dopo {after}."),
        Point::Afterwards { why, prompt: Some(prompt) } => {
            format!("Abbandonata durante {}, dopo {after}: {}.", called(prompt), why.text())
        }
        Point::Afterwards { why, prompt: None } => {
            format!("Abbandonata dopo {after}: {}.", why.text())
        }
    }
}

/// What a timeline told so far.
#[derive(Debug, Default)]
struct Seen {
    arrived: Option<DateTime<Utc>>,
    answered: bool,
    /// The last person or office rung.
    rung: Option<String>,
    rings: BTreeMap<AttemptId, Option<AttemptOutcome>>,
    /// Some phone was picked up, or at least rang.
    reached: bool,
    nobody_on_duty: bool,
    roster_unreadable: bool,
    nobody_accepted: bool,
    accepted_by: Option<String>,
    first_accepted: Option<DateTime<Utc>>,
    call_back: Option<CallBack>,
    message: Option<u32>,
    caller_gone: Option<DateTime<Utc>>,
    /// What the caller who went was being told or asked.
    during: Option<PromptId>,
    ended: Option<(DateTime<Utc>, Outcome)>,
}

impl Seen {
    fn see(&mut self, at: DateTime<Utc>, fact: &Fact) {
        self.arrived.get_or_insert(at);
        match fact {
            Fact::CallAnswered => self.answered = true,
            Fact::RosterEmpty => self.nobody_on_duty = true,
            Fact::RosterUnavailable => self.roster_unreadable = true,
            Fact::NobodyAccepted => self.nobody_accepted = true,
            Fact::Rang { attempt, responder, .. } => {
                self.rings.insert(*attempt, None);
                self.rung = Some(responder.clone());
            }
            Fact::PhoneAnswered { .. } => self.reached = true,
            Fact::AttemptEnded { attempt, outcome } => {
                self.rings.insert(*attempt, Some(*outcome));
                use AttemptOutcome::{Cancelled, Unreachable};
                self.reached |= !matches!(outcome, Cancelled | Unreachable);
            }
            Fact::Accepted { responder, .. } => {
                self.accepted_by = Some(responder.clone());
                self.first_accepted.get_or_insert(at);
            }
            Fact::WinnerVanished { .. } => {
                self.accepted_by = None;
                self.first_accepted = None;
            }
            Fact::CallBackAnswered { safe: true, .. } => self.call_back = Some(CallBack::Yes),
            Fact::CallBackAnswered { safe: false, .. } => self.call_back = Some(CallBack::No),
            Fact::VoicemailLeft { seconds, .. } => self.message = Some(*seconds),
            Fact::HungUp { party: Party::Caller, during }
            | Fact::LineLost { party: Party::Caller, during } => {
                self.caller_gone.get_or_insert(at);
                self.during.clone_from(during);
            }
            Fact::Ended { outcome } => {
                self.ended.get_or_insert((at, *outcome));
            }
            _ => {}
        }
    }

    fn verdict(self) -> Verdict {
        let Some((ended, outcome)) = self.ended else { return Verdict::InProgress };
        let since = |at: DateTime<Utc>| at - self.arrived.unwrap_or(at);
        let after = since(self.first_accepted.unwrap_or(ended));
        let by = || self.accepted_by.clone().or_else(|| self.rung.clone()).unwrap_or_default();
        match outcome {
            Outcome::Accepted => Verdict::Served { by: by(), after },
            Outcome::InHours => Verdict::InHours { by: by(), after },
            Outcome::Voicemail => {
                Verdict::Voicemail { seconds: self.message.unwrap_or_default(), why: self.why() }
            }
            Outcome::Callback => {
                Verdict::CallBack { said: self.call_back.unwrap_or(CallBack::No), why: self.why() }
            }
            Outcome::Abandoned => Verdict::Abandoned {
                after: since(self.caller_gone.unwrap_or(ended)),
                at: self.point(),
            },
            Outcome::Interrupted => Verdict::Interrupted { accepted_by: self.accepted_by },
            Outcome::InProgress => Verdict::InProgress,
        }
    }

    /// Why no person was there. Who is not on duty is not rung: that is told first.
    fn why(&self) -> Option<Unserved> {
        let unreachable =
            self.rings.values().any(|outcome| *outcome == Some(AttemptOutcome::Unreachable));
        if self.roster_unreadable {
            Some(Unserved::RosterUnreadable)
        } else if self.nobody_on_duty {
            Some(Unserved::NobodyOnDuty)
        } else if unreachable && !self.reached {
            Some(Unserved::TrunkDown)
        } else {
            self.nobody_accepted.then_some(Unserved::NobodyAccepted)
        }
    }

    fn point(self) -> Point {
        if let Some(whom) = self.accepted_by {
            return Point::Accepting { whom };
        }
        // The last resort may still be ringing when it is known that nobody accepted.
        let rings = self
            .rings
            .values()
            .any(|outcome| matches!(outcome, None | Some(AttemptOutcome::Cancelled)));
        let why = self.why();
        match (self.answered, why, self.during, self.rung) {
            (false, ..) => Point::BeforeTheAnswer,
            // Nothing is told to whoever waits while telephones ring.
            (true, Some(why), prompt @ Some(_), _) => Point::Afterwards { why, prompt },
            (true, None, prompt @ Some(_), _) => Point::Prompt { prompt },
            (true, _, None, Some(whom)) if rings => Point::Ringing { whom },
            (true, Some(why), None, _) => Point::Afterwards { why, prompt: None },
            (true, None, None, Some(whom)) => Point::Ringing { whom },
            (true, None, None, None) => Point::Prompt { prompt: None },
        }
    }
}

#[cfg(test)]
mod tests;
