//! What a caller who goes was being told or asked, where nothing else of the record says it.

use super::{Call, State};
use crate::words::PromptId;

impl Call {
    /// The words by which one knows how far the call had come; `None` before the answer, where
    /// whoever was rung says it better, and after a promise.
    pub(super) fn listened_to(&self) -> Option<PromptId> {
        match &self.state {
            State::Speaking => self.script.said_last(&self.plan),
            State::Asking(asking) => asking.words(),
            State::Hunting(_) if self.count.attempt == 0 => Some(PromptId::new("hold.1")),
            State::CallingBack(_) => Some(PromptId::new("callback.safe")),
            State::Leaving(leaving) if leaving.is_inviting() => Some(PromptId::new("voicemail")),
            _ => None,
        }
    }
}
