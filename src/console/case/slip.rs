//! What was typed in a small form of a case and could not be taken.
//!
//! It writes nothing. Law: the form comes back open, with every field as it was typed and a
//! sentence beside the one it is about.

use crate::case::course::MoveError;
use crate::case::{Addition, AdditionError};
use crate::console::form::Fields;
use crate::store::AppendToCaseError;

/// The small forms of a case, as the page names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The receiving service confirmed.
    Acknowledge,
    /// A document is put to the case.
    Attach,
    /// Somebody called back.
    CallBack,
    /// The scheda went to the territorial service.
    HandOver,
    /// Another case is about the same.
    Join,
    /// The case moves on.
    Move,
    /// A note.
    Note,
    /// A document is withdrawn; one form for each.
    Withdraw,
}

impl Form {
    /// The form's name in the page.
    fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "ricevuta",
            Self::Attach => "allegato",
            Self::CallBack => "richiamo",
            Self::HandOver => "invio",
            Self::Join => "unisci",
            Self::Move => "fase",
            Self::Note => "nota",
            Self::Withdraw => "ritira",
        }
    }

    /// The name of the form that withdraws the document of this entry.
    pub(super) fn withdrawing(entry: u32) -> String {
        format!("{}-{entry}", Self::Withdraw.word())
    }

    /// The form that makes this addition.
    pub(super) fn of(addition: &Addition) -> Self {
        match addition {
            Addition::Acknowledged { .. } => Self::Acknowledge,
            Addition::Attachment { .. } => Self::Attach,
            Addition::AttachmentWithdrawn { .. } => Self::Withdraw,
            Addition::CallbackDone { .. } => Self::CallBack,
            Addition::HandedOver { .. } => Self::HandOver,
            Addition::Joined { .. } => Self::Join,
            Addition::Stage(_) => Self::Move,
            _ => Self::Note,
        }
    }

    /// The field this error is about; empty when it is about none.
    pub(super) fn field(self, error: &AppendToCaseError) -> &'static str {
        let AppendToCaseError::Refused(refused) = error else { return "" };
        match refused {
            AdditionError::Future => "quando",
            AdditionError::Itself => "numero",
            AdditionError::Move(moved) => match moved {
                MoveError::EndMissing | MoveError::EndMisplaced => "fine",
                MoveError::Itself | MoveError::WhereMissing => "dettaglio",
                MoveError::NotSent | MoveError::There(_) => "a",
                MoveError::ReasonMissing | MoveError::TooLong(_) => "motivo",
            },
            AdditionError::ReasonMissing => "nota",
            AdditionError::Empty | AdditionError::TooLong(_) => match self {
                Self::Acknowledge => "chi",
                Self::Attach => "documento",
                Self::CallBack => "nota",
                Self::HandOver | Self::Move => "a",
                Self::Join => "numero",
                Self::Note => "testo",
                Self::Withdraw => "motivo",
            },
            AdditionError::WithdrawalUnexplained => "motivo",
            AdditionError::Same => "",
        }
    }
}

/// A form that comes back.
#[derive(Debug, Clone)]
pub(super) struct Slip {
    form: Form,
    typed: Fields,
    field: &'static str,
    sentence: String,
}

impl Slip {
    /// The form with what was typed; `field` is what the sentence is about, or empty.
    pub(super) fn new(form: Form, typed: &Fields, field: &'static str, sentence: String) -> Self {
        Self { form, typed: typed.clone(), field, sentence }
    }

    pub(super) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The form's name in the page.
    fn name(&self) -> String {
        match self.form {
            Form::Withdraw => format!("{}-{}", self.form.word(), self.typed.get("quale")),
            form => form.word().to_owned(),
        }
    }
}

/// The small forms of a page: at most one of them comes back.
#[derive(Debug, Clone, Default)]
pub(super) struct Slips(pub(super) Option<Slip>);

impl Slips {
    /// Whether this form came back.
    pub(super) fn is(&self, form: &str) -> bool {
        self.of(form).is_some()
    }

    /// What was typed in a field.
    pub(super) fn typed(&self, form: &str, field: &str) -> &str {
        self.of(form).map_or("", |slip| slip.typed.get(field))
    }

    /// What was typed in a field, else what stands there by itself.
    pub(super) fn or<'s>(&'s self, form: &str, field: &str, usual: &'s str) -> &'s str {
        match self.typed(form, field) {
            "" => usual,
            typed => typed,
        }
    }

    /// The sentence about a field.
    pub(super) fn wrong(&self, form: &str, field: &str) -> Option<&str> {
        let slip = self.of(form).filter(|slip| slip.field == field);
        slip.map(|slip| slip.sentence.as_str())
    }

    /// Where the sentence at the top leads: the identifier of the field, or of the form.
    pub(super) fn place(&self) -> Option<String> {
        let slip = self.0.as_ref()?;
        Some(match slip.field {
            "" => format!("m-{}", slip.name()),
            field => format!("m-{}-{field}", slip.name()),
        })
    }

    fn of(&self, form: &str) -> Option<&Slip> {
        self.0.as_ref().filter(|slip| slip.name() == form)
    }
}
