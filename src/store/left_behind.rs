//! The message a caller was leaving when the process died.
//!
//! A recording is heard up to its last half second, because its header is made true with
//! every piece; all it lacks is a line on the timeline that binds it to its case.

use std::path::Path;

use crate::case::Fact;
use crate::words::CaseId;

/// The longest message that lies in `folder` for `case`, as the fact that it was left;
/// `None` when there is none with any sound.
pub(super) fn message(folder: &Path, case: CaseId) -> Option<Fact> {
    let files = std::fs::read_dir(folder).ok()?;
    let prefix = format!("{case}-");
    files
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(&prefix))
        .filter_map(|name| Some((seconds(&folder.join(&name))?, name)))
        .max()
        .map(|(seconds, file)| Fact::VoicemailLeft { file, seconds })
}

/// How long a recording lasts, to the nearest second and at least one.
fn seconds(file: &Path) -> Option<u32> {
    let wav = hound::WavReader::open(file).ok()?;
    let (samples, rate) = (wav.duration(), wav.spec().sample_rate.max(1));
    (samples > 0).then(|| (samples.saturating_add(rate / 2) / rate).max(1))
}
