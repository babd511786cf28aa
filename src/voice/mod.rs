//! The voice: what callers and responders hear, from its words to its samples.
//!
//! The words are in `prompts/<language>/texts.toml`; [`render()`] speaks them through
//! the chain of [`chain`] and writes `prompts/<language>/<id>.wav`, 8 kHz mono;
//! [`check()`] says what is wrong with such a folder; [`Recordings`] is what a service
//! plays; a [`Trial`] is heard before it is published in [`OwnPrompts`]. This module never plays anything and no call waits for it: the speech
//! engine runs only when somebody renders.
//!
//! The law: *a service always has its recordings.* They are in the binary; a folder
//! can replace them one by one, and what cannot be played replaces nothing.

pub mod chain;
mod check;
mod defect;
mod filters;
mod ledger;
pub mod level;
mod limiter;
mod own;
mod place;
mod recordings;
mod render;
mod sounds;
mod speak;
mod texts;
mod trial;
mod wav;

pub use check::{Checked, check, check_embedded};
pub use defect::{Defect, Fault};
pub use own::{ChangePromptError, OwnPrompt, OwnPrompts};
pub use recordings::{Listed, Origin, Recordings};
pub use render::{RenderPromptsError, Rendered, render, render_masters};
pub use sounds::Sound;
pub use speak::{SpeakError, speak};
pub use texts::{Content, Entry, Texts, for_responders_only};
pub use trial::{Trial, TryPromptError};

/// Samples per second of every recording a service plays.
pub const RATE: u32 = 8_000;

/// Samples per second of the masters, and of the speech engine.
pub const MASTER_RATE: u32 = 16_000;

/// The folder of the prompts as the binary carries it: texts, recordings, voices.
static PROMPTS: include_dir::Dir<'static> =
    include_dir::include_dir!("$CARGO_MANIFEST_DIR/prompts");
