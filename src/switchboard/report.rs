//! What the media thread reports, told to the conversation.

use std::path::Path;
use std::time::Duration;

use super::Switchboard;
use super::legs::KeysBy;
use crate::call::Input;
use crate::media::{Report, StreamId};
use crate::words::{CallId, Digit, LegId};

impl Switchboard {
    pub(super) fn reported(&mut self, report: Option<Report>) {
        match report {
            Some(Report::DigitPressed { stream, digit }) => self.key_by_sound(stream, digit),
            Some(Report::PlayFinished { stream, play }) => {
                self.tell_of(stream, |leg| Input::PlayFinished { leg, play });
            }
            Some(Report::Lost { stream }) => self.sound_lost(stream),
            Some(Report::Recorded { stream, path, length }) => {
                let file = file_name(&path);
                let seconds = whole_seconds(length);
                self.tell_of(stream, |_| Input::VoicemailEnded { file, seconds });
            }
            Some(Report::RecordFailed { stream, why }) => {
                tracing::error!(error = %why, "a message could not be recorded");
                self.tell_of(stream, |_| Input::VoicemailFailed);
            }
            Some(Report::Found { .. }) | None => {}
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
        let dialog = self.calls.get(&call).and_then(|live| live.legs.get(&leg)).map(|l| l.dialog);
        if let Some(dialog) = dialog {
            self.parts.endpoint.probe(now, dialog);
        }
        self.tell(call, Input::MediaLost { leg });
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
mod tests {
    use super::*;

    #[test]
    fn half_a_second_is_a_message_and_less_is_none() {
        let seconds = |millis| whole_seconds(Duration::from_millis(millis));
        assert_eq!((seconds(499), seconds(500), seconds(1_499), seconds(1_500)), (0, 1, 1, 2));
    }
}
