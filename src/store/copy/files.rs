//! What is in a copy, and under which names; nothing else goes in or comes out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The database.
pub(super) const DATABASE: &str = "polaris.db";
/// The folder of recorded messages.
pub(super) const VOICEMAIL: &str = "voicemail";
/// The folders of files: documents of cases, the service's own prompts, recorded messages.
pub(super) const FOLDERS: [&str; 4] = ["attachments", "prompts/en", "prompts/it", VOICEMAIL];
/// Files beside the database, each of which may be missing: what waits for the database,
/// the trunks' last known addresses, the last roster and closures that could be read. They
/// are copied before the database: a write that is in both is applied once.
pub(super) const BESIDE: [&str; 5] =
    ["closures.json", "journal-refused.jsonl", "journal.jsonl", "names.json", "roster.json"];
/// The last file of a copy: what is in it.
pub(super) const LIST: &str = "list.json";

/// What a copy says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct List {
    /// When it was begun, as text of an instant.
    pub(super) made: String,
    /// SHA-256 of each file, in hexadecimal.
    pub(super) files: BTreeMap<String, String>,
}

/// Whether a name may stand in a copy: one from elsewhere must not write elsewhere.
pub(super) fn is_ours(name: &str) -> bool {
    let kept = name.rsplit_once('/').is_some_and(|(folder, file)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let named = !file.is_empty() && !file.starts_with('.') && file.chars().all(plain);
        FOLDERS.contains(&folder) && named
    });
    kept || name == DATABASE || BESIDE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_elsewhere_is_none_of_ours() {
        for name in [
            "polaris.db",
            "journal.jsonl",
            "voicemail/0198-1.wav",
            "voicemail/a.wav.sealed",
            "attachments/0198.sealed",
            "prompts/it/hold.1.wav",
            "prompts/it/texts.toml",
        ] {
            assert!(is_ours(name), "{name}");
        }
        for name in [
            "../polaris.db",
            "/etc/passwd",
            "voicemail/../x",
            "prompts/x",
            "prompts/it/../x",
            "voicemail/a/b",
            "voicemail/.x",
            "voicemail/",
            "altro/a.wav",
            "schede.key",
            "list.json",
            "",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
