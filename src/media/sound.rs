//! A whole recording, coded once for everybody who will hear it.

use std::time::Duration;

use crate::rtp::{SAMPLE_RATE, encode};
use crate::words::Codec;

/// A recording in both laws of G.711, shared by all calls that play it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound {
    pcma: Box<[u8]>,
    pcmu: Box<[u8]>,
}

impl Sound {
    /// Codes a recording of 16-bit samples at 8 kHz.
    pub fn from_pcm(samples_8khz: &[i16]) -> Self {
        let coded = |law| samples_8khz.iter().map(|sample| encode(law, *sample)).collect();
        Self { pcma: coded(Codec::Pcma), pcmu: coded(Codec::Pcmu) }
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.pcma.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    /// The bytes for a stream of `codec`, one a sample.
    pub fn coded(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcma => &self.pcma,
            Codec::Pcmu => &self.pcmu,
        }
    }
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sound({:?})", self.duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::decode;

    #[test]
    fn a_sound_is_as_long_as_its_samples_in_both_laws() {
        let sound = Sound::from_pcm(&[1000; 12_000]);
        assert_eq!(sound.duration(), Duration::from_millis(1500));
        for law in [Codec::Pcma, Codec::Pcmu] {
            assert_eq!(sound.coded(law).len(), 12_000);
            assert!(decode(law, sound.coded(law)).all(|sample| (950..1050).contains(&sample)));
        }
    }
}
