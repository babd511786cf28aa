//! What plays to a stream: recordings one after another, packet by packet.

use std::sync::Arc;

use crate::rtp::fill_silence;
use crate::words::{Codec, PlayId};

use super::order::Repeat;
use super::sound::Sound;

/// One play and how far it has come.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) play: PlayId,
    sounds: Vec<Arc<Sound>>,
    repeat: Repeat,
    sound: usize,
    offset: usize,
}

impl Outlet {
    pub(super) fn new(play: PlayId, sounds: Vec<Arc<Sound>>, repeat: Repeat) -> Self {
        let empty = sounds.iter().all(|sound| sound.duration().is_zero());
        // Nothing for ever would never come to an end of its search.
        let repeat = if empty { Repeat::Once } else { repeat };
        Self { play, sounds, repeat, sound: 0, offset: 0 }
    }

    /// Fills `payload` with what comes next, then with silence; says whether there
    /// was anything left.
    pub(super) fn fill(&mut self, codec: Codec, payload: &mut [u8]) -> bool {
        let mut filled = 0;
        while filled < payload.len() {
            let Some(sound) = self.sounds.get(self.sound) else {
                if self.repeat == Repeat::Once {
                    break;
                }
                self.sound = 0;
                continue;
            };
            let rest = sound.coded(codec).get(self.offset..).unwrap_or_default();
            if rest.is_empty() {
                self.sound += 1;
                self.offset = 0;
                continue;
            }
            let length = rest.len().min(payload.len() - filled);
            payload[filled..filled + length].copy_from_slice(&rest[..length]);
            filled += length;
            self.offset += length;
        }
        fill_silence(codec, &mut payload[filled..]);
        filled > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::silence;
    use crate::words::Law;

    fn outlet(lengths: &[usize], repeat: Repeat) -> Outlet {
        let sound = |length: &usize| Arc::new(Sound::from_pcm(&vec![8000; *length]));
        Outlet::new(PlayId(1), lengths.iter().map(sound).collect(), repeat)
    }

    fn sounding(payload: &[u8]) -> usize {
        payload.iter().filter(|byte| **byte != silence(Law::Pcma)).count()
    }

    #[test]
    fn sounds_follow_one_another_without_a_gap_and_end() {
        let mut outlet = outlet(&[100, 0, 100], Repeat::Once);
        let mut payload = [0; 160];
        assert!(outlet.fill(Codec::PCMA, &mut payload));
        assert_eq!(sounding(&payload), 160);
        assert!(outlet.fill(Codec::PCMA, &mut payload));
        assert_eq!(sounding(&payload), 40);
        assert!(!outlet.fill(Codec::PCMA, &mut payload));
        assert_eq!(sounding(&payload), 0);
    }

    #[test]
    fn a_repeated_sound_has_no_seam() {
        let mut outlet = outlet(&[100, 7], Repeat::Forever);
        let mut payload = [0; 160];
        for _ in 0..100 {
            assert!(outlet.fill(Codec::PCMA, &mut payload));
            assert_eq!(sounding(&payload), 160);
        }
    }

    #[test]
    fn nothing_for_ever_ends() {
        for lengths in [&[][..], &[0, 0]] {
            assert!(!outlet(lengths, Repeat::Forever).fill(Codec::PCMU, &mut [0; 160]));
        }
    }
}
