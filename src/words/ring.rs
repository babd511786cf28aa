//! Whether several people are rung one after another or at once.

use serde::{Deserialize, Serialize};

/// The order within one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingOrder {
    /// One after another.
    OneByOne,
    /// All at once; the first to press 1 takes the call.
    Together,
}
