//! What can happen to a call, one variant a fact.

use serde::{Deserialize, Serialize};

use super::spoken::called;
use super::{AttemptOutcome, Outcome};
use crate::words::{Category, Digit, Language, PhoneNumber, PromptId, SoundQuality};

/// Counts the rings of one call, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub u32);

/// One of the two people on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who called.
    Caller,
    /// Who was rung.
    Responder,
}

impl Party {
    fn italian(self) -> &'static str {
        match self {
            Self::Caller => "chi chiama",
            Self::Responder => "l'operatore",
        }
    }
}

/// One thing that happened. Kept in this form (JSON, tagged by `kind`) in the store
/// and in the journal: variants and fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The call came in; always the first entry.
    Arrived {
        /// On the number for police and operators.
        direct: bool,
        /// Whether the service itself answers at this hour.
        active: bool,
    },
    /// We answered.
    CallAnswered,
    /// The caller pressed a key, whatever it chose.
    KeyPressed {
        /// The key.
        digit: Digit,
    },
    /// The caller said who is in need.
    CategoryChosen {
        /// The group.
        category: Category,
        /// The plan's words for it.
        label: String,
    },
    /// The caller changed the language.
    LanguageChosen {
        /// The new one.
        language: Language,
    },
    /// Two silences in the menu: the caller may be unable to speak.
    Silent,
    /// The offices' own number is being rung, because they are open.
    InHours,
    /// The caller said it is urgent although the offices are open.
    Urgent,
    /// Nobody is on duty.
    RosterEmpty,
    /// The roster could not be read.
    RosterUnavailable,
    /// What was required of a responder for this call, who is rung first does not have.
    RequirementMissed {
        /// The skill, as the roster names it.
        skill: String,
    },
    /// A phone is being rung.
    Rang {
        /// Which ring.
        attempt: AttemptId,
        /// Whom, by name.
        responder: String,
        /// The phone.
        phone: PhoneNumber,
        /// The step of the roster; 0 for a number of the dialplan.
        step: u32,
        /// The round through the ladder, from 1.
        round: u32,
        /// Why this person: the rule that put them on duty.
        why: String,
    },
    /// The phone was picked up; nobody has accepted yet.
    PhoneAnswered {
        /// Which ring.
        attempt: AttemptId,
    },
    /// A ring ended.
    AttemptEnded {
        /// Which ring.
        attempt: AttemptId,
        /// How.
        outcome: AttemptOutcome,
    },
    /// The person pressed 1, or an office picked up.
    Accepted {
        /// Which ring.
        attempt: AttemptId,
        /// Whom, by name.
        responder: String,
    },
    /// The two hear each other.
    Bridged {
        /// Which ring.
        attempt: AttemptId,
    },
    /// Who had accepted was gone before the two were connected.
    WinnerVanished {
        /// Which ring.
        attempt: AttemptId,
    },
    /// A key pressed during the conversation.
    KeyInConversation {
        /// Whose.
        party: Party,
        /// The key.
        digit: Digit,
    },
    /// One side put the other on hold.
    Held {
        /// Who did.
        party: Party,
    },
    /// The hold ended.
    Resumed {
        /// Whose.
        party: Party,
    },
    /// No sound has been arriving from one side.
    MediaLost {
        /// Whose.
        party: Party,
    },
    /// How well the sound of one side arrived, once its leg is over.
    SoundMeasured {
        /// Whose.
        party: Party,
        /// Their sound, here; `None` when none came.
        here: Option<SoundQuality>,
        /// Our sound, there, as their phone reported it; `None` when it said nothing.
        there: Option<SoundQuality>,
    },
    /// A side hung up.
    HungUp {
        /// Which.
        party: Party,
        /// What a caller was being told or asked, where nothing else says how far the call
        /// had come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        during: Option<PromptId>,
    },
    /// The line to a side failed: its phone no longer answers our signals.
    LineLost {
        /// Which.
        party: Party,
        /// As of who hangs up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        during: Option<PromptId>,
    },
    /// Nobody accepted.
    NobodyAccepted,
    /// The caller said whether calling back is safe; silence means no.
    CallBackAnswered {
        /// Yes or no.
        safe: bool,
        /// Whether it was said by a key.
        by_key: bool,
    },
    /// A caller with a hidden number typed one to be called back at.
    CallBackNumber {
        /// The number.
        number: PhoneNumber,
    },
    /// A message was recorded.
    VoicemailLeft {
        /// File name in the data directory's `voicemail` folder.
        file: String,
        /// Its length, whole seconds.
        seconds: u32,
    },
    /// A message could not be recorded.
    VoicemailFailed,
    /// A recording was missing; the built-in sound was played.
    PromptMissing {
        /// Which.
        prompt: PromptId,
    },
    /// Something in the program failed during the call: who was rung or talked is gone,
    /// who is on duty is rung anew.
    StepFailed,
    /// The store did not take the case in time; the journal has it.
    StoreFailed,
    /// The call is over.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

impl Fact {
    /// The fact's word, as in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Arrived { .. } => "arrived",
            Self::CallAnswered => "call_answered",
            Self::KeyPressed { .. } => "key_pressed",
            Self::CategoryChosen { .. } => "category_chosen",
            Self::LanguageChosen { .. } => "language_chosen",
            Self::Silent => "silent",
            Self::InHours => "in_hours",
            Self::Urgent => "urgent",
            Self::RosterEmpty => "roster_empty",
            Self::RosterUnavailable => "roster_unavailable",
            Self::RequirementMissed { .. } => "requirement_missed",
            Self::Rang { .. } => "rang",
            Self::PhoneAnswered { .. } => "phone_answered",
            Self::AttemptEnded { .. } => "attempt_ended",
            Self::Accepted { .. } => "accepted",
            Self::Bridged { .. } => "bridged",
            Self::WinnerVanished { .. } => "winner_vanished",
            Self::KeyInConversation { .. } => "key_in_conversation",
            Self::Held { .. } => "held",
            Self::Resumed { .. } => "resumed",
            Self::MediaLost { .. } => "media_lost",
            Self::SoundMeasured { .. } => "sound_measured",
            Self::HungUp { .. } => "hung_up",
            Self::LineLost { .. } => "line_lost",
            Self::NobodyAccepted => "nobody_accepted",
            Self::CallBackAnswered { .. } => "call_back_answered",
            Self::CallBackNumber { .. } => "call_back_number",
            Self::VoicemailLeft { .. } => "voicemail_left",
            Self::VoicemailFailed => "voicemail_failed",
            Self::PromptMissing { .. } => "prompt_missing",
            Self::StepFailed => "step_failed",
            Self::StoreFailed => "store_failed",
            Self::Ended { .. } => "ended",
        }
    }

    /// The fact in Italian, as it stands on the timeline. Names no caller's number.
    pub fn text(&self) -> String {
        match self {
            Self::Arrived { direct, active } => arrived(*direct, *active).to_owned(),
            Self::CallAnswered => "Risposto.".into(),
            Self::KeyPressed { digit } => format!("Chi chiama preme {digit}."),
            Self::CategoryChosen { label, .. } => format!("Richiesta: {label}."),
            Self::LanguageChosen { language } => format!("Lingua: {language}."),
            Self::Silent => "Chiamata silenziosa: chi chiama forse non può parlare.".into(),
            Self::InHours => "Uffici aperti: si chiama il numero diurno.".into(),
            Self::Urgent => "Chi chiama dice che è urgente.".into(),
            Self::RosterEmpty => "Nessuno è di turno.".into(),
            Self::RosterUnavailable => "I turni non sono leggibili.".into(),
            Self::RequirementMissed { skill } => {
                format!("Requisito non soddisfatto: «{skill}». Si chiama chi è di turno.")
            }
            Self::Rang { responder, step, round, why, .. } => rang(responder, *step, *round, why),
            Self::PhoneAnswered { .. } => "Il telefono ha risposto; si attende il tasto 1.".into(),
            Self::AttemptEnded { outcome, .. } => attempt_ended(*outcome).to_owned(),
            Self::Accepted { responder, .. } => format!("{responder} prende la chiamata."),
            Self::Bridged { .. } => "In conversazione.".into(),
            Self::WinnerVanished { .. } => {
                "Chi aveva accettato ha riagganciato prima della conversazione.".into()
            }
            Self::KeyInConversation { party, digit } => {
                format!("Tasto {digit} premuto ({}).", party.italian())
            }
            Self::Held { party } => format!("In attesa ({}).", party.italian()),
            Self::Resumed { party } => format!("Attesa finita ({}).", party.italian()),
            Self::MediaLost { party } => format!("Non arriva più audio ({}).", party.italian()),
            Self::SoundMeasured { party, here, there } => sound_measured(*party, *here, *there),
            Self::HungUp { party, during } => gone("Riagganciato", *party, during.as_ref()),
            Self::LineLost { party, during } => gone("Linea caduta", *party, during.as_ref()),
            Self::NobodyAccepted => "Nessuno ha accettato la chiamata.".into(),
            Self::CallBackAnswered { safe, by_key } => call_back(*safe, *by_key).to_owned(),
            Self::CallBackNumber { .. } => "Numero lasciato per essere richiamato.".into(),
            Self::VoicemailLeft { seconds, .. } => {
                format!("Messaggio lasciato, {seconds} secondi.")
            }
            Self::VoicemailFailed => "Il messaggio non si è potuto registrare.".into(),
            Self::PromptMissing { prompt } => format!("Manca la registrazione «{prompt}»."),
            Self::StepFailed => "Errore del programma: si richiama chi è di turno.".into(),
            Self::StoreFailed => {
                "L'archivio non ha confermato la scheda in tempo: la tiene il giornale.".into()
            }
            Self::Ended { outcome } => ended(*outcome).to_owned(),
        }
    }
}

fn arrived(direct: bool, active: bool) -> &'static str {
    match (direct, active) {
        (true, _) => "Chiamata in arrivo sulla linea diretta.",
        (false, true) => "Chiamata in arrivo.",
        (false, false) => "Chiamata in arrivo a uffici aperti.",
    }
}

fn rang(responder: &str, step: u32, round: u32, why: &str) -> String {
    if step == 0 {
        format!("Squilla {responder} ({why}).")
    } else {
        format!("Squilla {responder}, livello {step}, giro {round} ({why}).")
    }
}

fn sound_measured(party: Party, here: Option<SoundQuality>, there: Option<SoundQuality>) -> String {
    let here = here.map_or_else(|| "nessun audio in arrivo".to_owned(), SoundQuality::italian);
    let there = there.map(|there| format!("; al suo telefono {}", there.italian()));
    format!("Qualità audio ({}): {here}{}.", party.italian(), there.unwrap_or_default())
}

fn gone(how: &str, party: Party, during: Option<&PromptId>) -> String {
    let during = during.map(|prompt| format!(", durante {}", called(prompt)));
    format!("{how} ({}){}.", party.italian(), during.unwrap_or_default())
}

fn attempt_ended(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Accepted => "Chiamata accettata.",
        AttemptOutcome::Answered => "Risposto, ma nessuno ha premuto 1.",
        AttemptOutcome::NoAnswer => "Nessuna risposta.",
        AttemptOutcome::Busy => "Occupato.",
        AttemptOutcome::Declined => "Rifiutata.",
        AttemptOutcome::Unreachable => "Non raggiungibile.",
        AttemptOutcome::Cancelled => "Squillo interrotto.",
    }
}

fn call_back(safe: bool, by_key: bool) -> &'static str {
    match (safe, by_key) {
        (true, _) => "Si può richiamare: ha risposto sì.",
        (false, true) => "Non richiamare: ha risposto no.",
        (false, false) => "Non richiamare: nessuna risposta alla domanda.",
    }
}

fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "Fine: servita da un operatore.",
        Outcome::Voicemail => "Fine: messaggio lasciato.",
        Outcome::Callback => "Fine: domanda di richiamata risposta.",
        Outcome::Abandoned => "Fine: chi chiamava ha riagganciato.",
        Outcome::InHours => "Fine: servita dagli uffici.",
        Outcome::Interrupted => "Fine: interrotta da un guasto, da richiamare.",
        Outcome::InProgress => "In corso.",
    }
}
