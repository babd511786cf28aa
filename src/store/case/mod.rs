//! What people write about a case: its history, its scheda, and drafts of it.
//!
//! It does not know what an addition means ([`crate::case::Addition`] does). Law: an entry,
//! what it changes of the case, and what it can be found by are one transaction; what names
//! anybody is sealed. Transactions are short and think beforehand: no call waits for them.

mod append;
mod columns;
mod contact;
mod debt;
mod drafts;
mod history;
mod month;
mod standing;

pub use append::{Append, AppendToCaseError, Appended, Joining, Since, append_to_case, join_cases};
pub use drafts::{
    Draft, DropDraftError, KeepDraftError, ReadDraftError, discard_draft, keep_draft,
};
pub use history::{CaseEntry, CaseHistory, Content, ReadHistoryError};
pub use month::Between;
pub use standing::CaseStanding;

pub(super) use drafts::draft;
pub(super) use history::{cases_naming, history, is_anything_sealed};
pub(super) use standing::{removals, standing, standings};
