//! The messages of RFC 4475 and RFC 5118, each with the answers it may get.
//!
//! They lie in `../shared/torture` beside the package, or where `POLARIS_TORTURE` says.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The fewest messages a whole folder has.
const MESSAGES_MIN: usize = 60;

#[derive(Deserialize)]
struct Manifest {
    messages: Vec<Torture>,
}

/// One message and what the manifest says of it.
#[derive(Deserialize)]
pub(crate) struct Torture {
    pub(crate) name: String,
    file: String,
    should: Vec<u16>,
    may: Vec<u16>,
    never: Vec<u16>,
    silence: String,
    /// What a stream reader does with it, where that is another thing than reading it.
    #[serde(default)]
    pub(crate) tcp: Option<String>,
}

impl Torture {
    /// Whether these answers, and no other, are permitted.
    pub(crate) fn judge(&self, statuses: &[u16]) -> Result<(), String> {
        match (self.silence.as_str(), statuses) {
            ("must", []) => return Ok(()),
            ("must", _) => return Err(format!("replied {statuses:?}")),
            (_, []) => return Err("no reply".into()),
            _ => {}
        }
        let permitted = |status: &u16| {
            (self.should.contains(status) || self.may.contains(status))
                && !self.never.contains(status)
        };
        match statuses.iter().find(|status| !permitted(status)) {
            Some(status) => Err(format!("{status} is not among {:?} {:?}", self.should, self.may)),
            None => Ok(()),
        }
    }
}

/// The messages with their bytes; none where the folder is absent, and that is said in a
/// line `sh tests/all` repeats at its end.
pub(crate) fn messages() -> Option<Vec<(Torture, Vec<u8>)>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/torture");
    let folder = std::env::var_os("POLARIS_TORTURE").map_or(beside, PathBuf::from);
    let manifest = folder.join("manifest.json");
    if !manifest.is_file() {
        // Straight to the terminal: what a passing test prints is swallowed.
        let absent = format!("\nnot checked: RFC 4475 and RFC 5118, no {}\n", manifest.display());
        std::io::stderr().write_all(absent.as_bytes()).unwrap();
        return None;
    }
    let manifest: Manifest =
        serde_json::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
    let read = |torture: Torture| {
        let bytes = std::fs::read(folder.join(&torture.file)).unwrap();
        (torture, bytes)
    };
    let messages: Vec<_> = manifest.messages.into_iter().map(read).collect();
    assert!(messages.len() >= MESSAGES_MIN, "{} messages", messages.len());
    Some(messages)
}
