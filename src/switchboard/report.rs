//! What the media thread reports, told to the conversation.

use std::path::Path;
use std::time::Duration;

use super::Switchboard;
use super::legs::KeysBy;
use crate::call::Input;
use crate::media::{Report, StreamId};
use crate::words::{CallId, Digit, LegId};

/// How often a silent phone is asked whether it is still there; longer than such a
/// question may take (RFC 3261 §17.1.2.2: 32 s).
const ASK_EVERY: Duration = Duration::from_secs(40);

impl Switchboard {
    pub(super) fn reported(&mut self, report: Report) {
        // Without these a call would wait for what has happened.
        let is_decisive = matches!(
            report,
            Report::PlayFinished { .. } | Report::Recorded { .. } | Report::RecordFailed { .. }
        );
        let about = self.streams.get(&report.stream()).map(|(call, _)| *call);
        self.guarded(about.filter(|_| is_decisive), |board| board.heard_of(report));
    }

    fn heard_of(&mut self, report: Report) {
        #[cfg(test)]
        self.planted.bursts("report");
        match report {
            Report::Closed { stream, here, there } => self.measured(stream, here, there),
            Report::DigitPressed { stream, digit } => self.key_by_sound(stream, digit),
            Report::PlayFinished { stream, play } => {
                self.tell_of(stream, |leg| Input::PlayFinished { leg, play });
            }
            Report::Lost { stream } => self.sound_lost(stream),
            Report::Recorded { stream, path, length } => {
                let file = file_name(&path);
                let seconds = whole_seconds(length);
                self.tell_of(stream, |_| Input::VoicemailEnded { file, seconds });
            }
            Report::RecordFailed { stream, why } => {
                tracing::error!(error = %why, "a message could not be recorded");
                self.tell_of(stream, |_| Input::VoicemailFailed);
            }
            Report::Broken { stream } => {
                if let Some((call, _)) = self.streams.get(&stream).copied() {
                    self.mend_call(call);
                }
            }
            Report::Found { stream } => self.sound_found(stream),
        }
    }

    fn tell_of(&mut self, stream: StreamId, input: impl FnOnce(LegId) -> Input) {
        if let Some((call, leg)) = self.streams.get(&stream).copied() {
            self.tell(call, input(leg));
        }
    }

    fn key_by_sound(&mut self, stream: StreamId, digit: Digit) {
        if let Some((call, leg)) = self.streams.get(&stream).copied() {
            self.key(call, leg, KeysBy::Sound, digit);
        }
    }

    pub(super) fn key(&mut self, call: CallId, leg: LegId, way: KeysBy, digit: Digit) {
        let live = self.calls.get_mut(&call).and_then(|live| live.legs.get_mut(&leg));
        if live.is_some_and(|leg| leg.counts(way)) {
            self.tell(call, Input::DigitPressed { leg, digit });
        }
    }

    /// No sound arrives: noted, and the phone is asked whether it is still there.
    fn sound_lost(&mut self, stream: StreamId) {
        let Some((call, leg)) = self.streams.get(&stream).copied() else { return };
        let now = self.now();
        if let Some(leg) = self.calls.get_mut(&call).and_then(|live| live.legs.get_mut(&leg)) {
            leg.lost = true;
            self.parts.endpoint.hears(leg.dialog, leg.sound());
            self.parts.endpoint.probe(now, leg.dialog);
        }
        self.ask_again_later();
        self.tell(call, Input::MediaLost { leg });
    }

    fn sound_found(&mut self, stream: StreamId) {
        let Some((call, leg)) = self.streams.get(&stream).copied() else { return };
        if let Some(leg) = self.calls.get_mut(&call).and_then(|live| live.legs.get_mut(&leg)) {
            leg.lost = false;
            self.parts.endpoint.hears(leg.dialog, leg.sound());
            self.parts.endpoint.still_there(leg.dialog);
        }
    }

    /// From now on, phones without sound are asked again and again.
    pub(super) fn ask_again_later(&mut self) {
        let due = self.now() + ASK_EVERY;
        self.ask_due.get_or_insert(due);
    }

    /// Asks every phone that sends no sound, or holds, whether it is still there: one
    /// that died without a word must not keep a responder's claim.
    pub(super) fn ask_the_silent(&mut self) {
        let now = self.now();
        self.ask_due = None;
        let silent: Vec<_> = self
            .calls
            .values()
            .flat_map(|live| live.legs.values())
            .filter(|leg| leg.lost || leg.held)
            .map(|leg| leg.dialog)
            .collect();
        for dialog in &silent {
            self.parts.endpoint.probe(now, *dialog);
        }
        if !silent.is_empty() {
            self.ask_again_later();
        }
    }
}

/// The nearest whole number: a single cry for help takes less than a second, and half
/// of one is a message.
fn whole_seconds(length: Duration) -> u32 {
    u32::try_from(length.saturating_add(Duration::from_millis(500)).as_secs()).unwrap_or(u32::MAX)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
#[path = "tests/report.rs"]
mod tests;
