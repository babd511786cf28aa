//! The time of day: when a service answers by itself, and when the offices do.

use chrono::NaiveDateTime;

/// When the service answers by itself.
#[derive(Debug, Clone, Default)]
pub struct Hours {}

impl Hours {
    /// Whether the service answers by itself at `local` civil time.
    pub fn is_active(&self, local: NaiveDateTime) -> bool {
        let _ = local;
        true
    }
}
