//! What was rendered from which text: `prompts/<language>/rendered.toml`.
//!
//! It lets [`check`](super::check()) see a text that changed after its recording, and
//! shows a reviewer the length and level of every prompt.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::speak::manner;
use super::wav::write_whole;
use super::{Content, Rendered};
use crate::words::PromptId;

/// The ledger of one language.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Ledger {
    lines: BTreeMap<PromptId, Line>,
}

/// One recording that was rendered.
#[derive(Debug, Deserialize)]
struct Line {
    seconds: f64,
    level_dbov: f64,
    peak_dbfs: f64,
    text: String,
}

impl Ledger {
    /// The ledger in `source`; an empty one for what is no ledger.
    pub(super) fn read(source: &str) -> Self {
        toml::from_str(source).unwrap_or_default()
    }

    /// Whether `id` was rendered from something else than `content`.
    pub(super) fn is_stale(&self, id: &PromptId, content: &Content) -> bool {
        self.lines.get(id).is_some_and(|line| line.text != fingerprint(content))
    }

    /// Notes a recording made from `content`.
    pub(super) fn note(&mut self, rendered: &Rendered, content: &Content) {
        let line = Line {
            seconds: rendered.seconds,
            level_dbov: rendered.level_dbov,
            peak_dbfs: rendered.peak_dbfs,
            text: fingerprint(content),
        };
        self.lines.insert(rendered.id.clone(), line);
    }

    /// Forgets what no text names any more.
    pub(super) fn keep(&mut self, known: impl Fn(&PromptId) -> bool) {
        self.lines.retain(|id, _| known(id));
    }

    /// Writes it, one line a prompt.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut source = String::from("# Written by `polaris prompts render`: do not edit.\n");
        for (id, line) in &self.lines {
            let Line { seconds, level_dbov, peak_dbfs, text } = line;
            writeln!(
                source,
                "\"{id}\" = {{ seconds = {seconds:.2}, level_dbov = {level_dbov:.1}, \
                 peak_dbfs = {peak_dbfs:.1}, text = \"{text}\" }}"
            )
            .expect("writing to a string cannot fail");
        }
        write_whole(path, source.as_bytes())
    }
}

/// Sixteen hexadecimal digits that change with anything that is heard.
fn fingerprint(content: &Content) -> String {
    let heard = match content {
        Content::Speech { text, say, voice } => {
            format!("{}\n{}", manner(*voice), say.as_deref().unwrap_or(text))
        }
        Content::Sound(sound) => format!("sound {}", sound.word()),
    };
    let digest = Sha256::digest(heard.as_bytes());
    digest.iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
