//! What people add to a case: one entry of its history each, append only.
//!
//! It stores nothing. Law: what is written in clear text beside an addition
//! ([`Addition::text`]) names nobody; all else of it is sealed.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::course::{Move, MoveError};
use super::scheda::{Marks, Scheda, difference};
use super::{CallBackResult, Stage};
use crate::words::CaseNumber;

/// One thing a person adds to a case. Kept in this form (JSON, tagged by `kind`):
/// variants and fields are only ever added.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Addition {
    /// The territorial service confirmed that it has the case.
    Acknowledged {
        /// When it did.
        when: DateTime<Utc>,
        /// Who, by name.
        by: String,
    },
    /// A document was put to it.
    Attachment {
        /// What people call it.
        name: String,
        /// The sealed file that holds it.
        file: String,
        /// How long it is, in bytes.
        bytes: u64,
        /// What it is: `application/pdf`.
        media_type: String,
    },
    /// A document is not to be read any more; it stays.
    AttachmentWithdrawn {
        /// The entry that put it there.
        entry: u32,
        /// Why.
        reason: String,
    },
    /// Somebody called back, or decided not to.
    CallbackDone {
        /// What came of it.
        result: CallBackResult,
        /// Why, and what was said; may be empty.
        note: String,
    },
    /// The scheda went to the territorial service.
    HandedOver {
        /// When it did.
        when: DateTime<Utc>,
        /// To whom.
        to: String,
        /// How: PEC, by telephone.
        how: String,
    },
    /// Another case is about the same, and was joined to this one.
    Joined {
        /// The other, of the same service.
        other: CaseNumber,
        /// Whether the call-back that was owed there is owed here from now on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        call_back: bool,
    },
    /// Something to remember.
    Note {
        /// Free text.
        text: String,
    },
    /// The scheda as it is now, whole.
    Scheda {
        /// All its fields.
        scheda: Scheda,
    },
    /// The case moved on, or back.
    Stage(Move),
    /// Somebody listened to the message the caller left.
    VoicemailHeard,
}

/// What an addition changes beside the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseChange {
    /// When the service confirmed.
    Acknowledged(DateTime<Utc>),
    /// Somebody has to call back, or to decide about it.
    CallBackOwed,
    /// Nothing is owed to the caller any more.
    CallBackSettled(DateTime<Utc>),
    /// When the scheda was sent; who gets it now has not confirmed yet.
    HandedOver(DateTime<Utc>),
    /// What lists and clocks see of the scheda.
    Marks(Box<Marks>),
    /// Where it stands since when, and how it ended if it did.
    Stage {
        /// Where.
        stage: Stage,
        /// The word of its end.
        end: Option<&'static str>,
        /// Since when.
        since: DateTime<Utc>,
        /// The case it is a duplicate of.
        duplicate_of: Option<CaseNumber>,
    },
    /// When the message was first heard.
    VoicemailHeard(DateTime<Utc>),
}

/// Why nothing was added, in Italian.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdditionError {
    /// Nothing is written.
    #[error("qui non c'è scritto niente")]
    Empty,
    /// It happens later than now.
    #[error("l'ora indicata è nel futuro: controlli la data")]
    Future,
    /// A case cannot be joined to itself.
    #[error("una scheda non si unisce a sé stessa: scriva il numero dell'altra")]
    Itself,
    /// The move may not be made.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// A coordinator decides, and says why.
    #[error("per decidere di non richiamare scriva il motivo")]
    ReasonMissing,
    /// It does not say what is new.
    #[error("nella scheda non è cambiato niente")]
    Same,
    /// More than there is room for.
    #[error("è troppo lungo: al massimo {0} caratteri")]
    TooLong(usize),
    /// A document is withdrawn for a reason.
    #[error("per ritirare un documento scriva il motivo")]
    WithdrawalUnexplained,
}

impl Addition {
    /// The longest free text, in characters.
    pub const TEXT_MAX: usize = 10_000;
    /// The longest name, in characters.
    pub const NAME_MAX: usize = 200;

    /// The addition's word, as in the store.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Acknowledged { .. } => "acknowledged",
            Self::Attachment { .. } => "attachment",
            Self::AttachmentWithdrawn { .. } => "attachment_withdrawn",
            Self::CallbackDone { .. } => "callback_done",
            Self::HandedOver { .. } => "handed_over",
            Self::Joined { .. } => "joined",
            Self::Note { .. } => "note",
            Self::Scheda { .. } => "scheda",
            Self::Stage(_) => "stage",
            Self::VoicemailHeard => "voicemail_heard",
        }
    }

    /// Whether it may be added at `now` to the case `number`, whose scheda is `before`.
    ///
    /// # Errors
    /// Why not.
    pub fn check(
        &self,
        number: CaseNumber,
        before: &Scheda,
        now: DateTime<Utc>,
    ) -> Result<(), AdditionError> {
        match self {
            Self::Acknowledged { when, by } => {
                not_after(*when, now)?;
                written(by, Self::NAME_MAX)
            }
            Self::Attachment { name, .. } => written(name, Self::NAME_MAX),
            Self::AttachmentWithdrawn { reason, .. } => {
                written(reason, Self::TEXT_MAX).map_err(|error| match error {
                    AdditionError::Empty => AdditionError::WithdrawalUnexplained,
                    error => error,
                })
            }
            Self::CallbackDone { result: CallBackResult::NotToBeCalled, note } => {
                written(note, Self::TEXT_MAX).map_err(|error| match error {
                    AdditionError::Empty => AdditionError::ReasonMissing,
                    error => error,
                })
            }
            Self::CallbackDone { note, .. } => fits(note, Self::TEXT_MAX),
            Self::HandedOver { when, to, how } => {
                not_after(*when, now)?;
                fits(how, Self::NAME_MAX)?;
                written(to, Self::NAME_MAX)
            }
            Self::Joined { other, .. } if *other == number => Err(AdditionError::Itself),
            Self::Joined { .. } | Self::VoicemailHeard => Ok(()),
            Self::Note { text } => written(text, Self::TEXT_MAX),
            Self::Scheda { scheda } if scheda == before => Err(AdditionError::Same),
            Self::Scheda { .. } => Ok(()),
            Self::Stage(moved) => Ok(moved.check(number)?),
        }
    }

    /// In Italian, for the history's clear text: no name, no number, no free text.
    /// `before` is the scheda the case had.
    pub fn text(&self, before: &Scheda) -> String {
        match self {
            Self::Acknowledged { .. } => "Il servizio ha confermato di averla ricevuta.".into(),
            Self::Attachment { .. } => "Documento allegato.".into(),
            Self::AttachmentWithdrawn { entry, .. } => {
                format!("Documento ritirato (riga {entry}).")
            }
            Self::CallbackDone { result, .. } => format!("Richiamata: {}.", result.label()),
            Self::HandedOver { .. } => "Scheda inviata al servizio territoriale.".into(),
            Self::Joined { other, call_back: false } => format!("Unita la scheda {other}."),
            Self::Joined { other, call_back: true } => {
                format!(
                    "Unita la scheda {other}. La richiamata che le era dovuta ora è dovuta qui."
                )
            }
            Self::Note { .. } => "Nota.".into(),
            Self::Scheda { scheda } => updated(before, scheda),
            Self::Stage(moved) => moved.text(),
            Self::VoicemailHeard => "Messaggio ascoltato.".into(),
        }
    }

    /// What it changes, added at `at` to a case whose civil times are those of `zone`.
    pub fn changes(&self, at: DateTime<Utc>, zone: Tz) -> Vec<CaseChange> {
        match self {
            Self::Acknowledged { when, .. } => vec![CaseChange::Acknowledged(*when)],
            Self::CallbackDone { result: CallBackResult::NoAnswer, .. } => Vec::new(),
            Self::CallbackDone { .. } => vec![CaseChange::CallBackSettled(at)],
            Self::HandedOver { when, .. } => vec![CaseChange::HandedOver(*when)],
            Self::Joined { call_back: true, .. } => vec![CaseChange::CallBackOwed],
            Self::Scheda { scheda } => vec![CaseChange::Marks(Box::new(scheda.marks(zone)))],
            Self::Stage(moved) => {
                let duplicate_of = match &moved.end {
                    Some(super::course::End::Doppione { di }) => Some(*di),
                    _ => None,
                };
                vec![CaseChange::Stage {
                    stage: moved.to,
                    end: moved.end.as_ref().map(super::course::End::word),
                    since: at,
                    duplicate_of,
                }]
            }
            Self::VoicemailHeard => vec![CaseChange::VoicemailHeard(at)],
            Self::Attachment { .. }
            | Self::AttachmentWithdrawn { .. }
            | Self::Joined { .. }
            | Self::Note { .. } => Vec::new(),
        }
    }
}

impl std::fmt::Debug for Addition {
    /// Its kind alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

fn updated(before: &Scheda, after: &Scheda) -> String {
    let lines = difference(before, after);
    let count = lines.len();
    let mut told: Vec<String> = lines.into_iter().filter_map(|line| line.discreet).collect();
    match count - told.len() {
        0 => {}
        1 => told.push("un campo riservato".to_owned()),
        many => told.push(format!("{many} campi riservati")),
    }
    format!("Scheda aggiornata. {}.", told.join("; "))
}

fn written(text: &str, max: usize) -> Result<(), AdditionError> {
    if text.trim().is_empty() {
        return Err(AdditionError::Empty);
    }
    fits(text, max)
}

fn fits(text: &str, max: usize) -> Result<(), AdditionError> {
    if text.chars().count() > max { Err(AdditionError::TooLong(max)) } else { Ok(()) }
}

/// People round up, and clocks differ: a few minutes are no error.
fn not_after(when: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), AdditionError> {
    let room = chrono::TimeDelta::minutes(10);
    if when > now + room { Err(AdditionError::Future) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::scheda::Terms;

    const NUMBER: CaseNumber = CaseNumber { year: 2026, sequence: 7 };

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000)
    }

    fn scheda(name: &str, text: &str) -> Scheda {
        let pairs = vec![(name.to_owned(), text.to_owned())];
        Scheda::read(&pairs, &Terms::default()).unwrap().scheda
    }

    fn every_kind() -> Vec<Addition> {
        let secret = || "Ada Rossi".to_owned();
        vec![
            Addition::Acknowledged { when: now(), by: secret() },
            Addition::Attachment {
                name: secret(),
                file: "a".into(),
                bytes: 1,
                media_type: "image/png".into(),
            },
            Addition::AttachmentWithdrawn { entry: 2, reason: secret() },
            Addition::CallbackDone { result: CallBackResult::Spoken, note: secret() },
            Addition::HandedOver { when: now(), to: secret(), how: "pec".into() },
            Addition::Joined { other: CaseNumber { sequence: 8, ..NUMBER }, call_back: true },
            Addition::Note { text: secret() },
            Addition::Scheda { scheda: scheda("persona.1.nome", "Ada Rossi") },
            Addition::Stage(Move {
                from: Stage::Invio,
                to: Stage::Valutazione,
                end: None,
                reason: secret(),
            }),
            Addition::VoicemailHeard,
        ]
    }

    #[test]
    fn no_clear_text_names_anybody_and_every_addition_reads_back() {
        for addition in every_kind() {
            let text = addition.text(&Scheda::default());
            assert!(text.ends_with('.') && !text.contains("Ada"), "{text}");
            assert!(!format!("{addition:?}").contains("Ada"));
            assert_eq!(addition.check(NUMBER, &Scheda::default(), now()), Ok(()));
            let json = serde_json::to_string(&addition).unwrap();
            let word = format!("\"kind\":\"{}\"", addition.kind());
            assert!(json.contains(&word), "{json}");
            assert_eq!(serde_json::from_str::<Addition>(&json).unwrap(), addition);
        }
    }

    #[test]
    fn what_says_nothing_or_cannot_be_is_refused() {
        let check = |addition: Addition| addition.check(NUMBER, &Scheda::default(), now());
        let later = now() + chrono::TimeDelta::minutes(11);
        let note = |text: &str| check(Addition::Note { text: text.into() });
        assert_eq!(note(" \n"), Err(AdditionError::Empty));
        assert_eq!(note(&"x".repeat(10_001)), Err(AdditionError::TooLong(10_000)));
        let by = String::from("ufficio");
        let future = check(Addition::Acknowledged { when: later, by });
        assert_eq!(future, Err(AdditionError::Future));
        let itself = Addition::Joined { other: NUMBER, call_back: false };
        assert_eq!(check(itself), Err(AdditionError::Itself));
        let same = check(Addition::Scheda { scheda: Scheda::default() });
        assert_eq!(same, Err(AdditionError::Same));
        let withdrawn = check(Addition::AttachmentWithdrawn { entry: 1, reason: " ".into() });
        assert_eq!(withdrawn, Err(AdditionError::WithdrawalUnexplained));
        let result = CallBackResult::NotToBeCalled;
        let unsaid = check(Addition::CallbackDone { result, note: String::new() });
        assert_eq!(unsaid, Err(AdditionError::ReasonMissing));
    }

    #[test]
    fn a_call_back_that_nobody_answered_is_still_owed() {
        let changes = |result| {
            let note = String::new();
            Addition::CallbackDone { result, note }.changes(now(), chrono_tz::Europe::Rome)
        };
        assert_eq!(changes(CallBackResult::NoAnswer), []);
        for done in [CallBackResult::Spoken, CallBackResult::Duplicate, CallBackResult::Test] {
            assert_eq!(changes(done), [CaseChange::CallBackSettled(now())]);
        }
    }

    #[test]
    fn a_case_that_was_joined_before_debts_were_carried_reads_back() {
        let json = r#"{"kind":"joined","other":"2026-0008"}"#;
        let other = CaseNumber { sequence: 8, ..NUMBER };
        let joined = Addition::Joined { other, call_back: false };
        assert_eq!(serde_json::from_str::<Addition>(json).unwrap(), joined);
        assert_eq!(serde_json::to_string(&joined).unwrap(), json);
    }
}
