//! The name of a recording.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names a recording in every language: `welcome.polaris`, `hold.2`, `digit.4`.
///
/// The recording is `prompts/<language>/<id>.wav`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PromptId(Arc<str>);

impl PromptId {
    /// Wraps a name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for PromptId {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
