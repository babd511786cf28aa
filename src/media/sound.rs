//! A whole recording, coded once for everybody who will hear it.

use std::sync::OnceLock;
use std::time::Duration;

use crate::rtp::{SAMPLE_RATE, WideEncoder, decode, encode};
use crate::words::{Codec, Law};

/// A recording in both laws of G.711, and in G.722 once a call wants that; shared by all
/// calls that play it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound {
    pcma: Box<[u8]>,
    pcmu: Box<[u8]>,
    g722: OnceLock<Box<[u8]>>,
}

impl Sound {
    /// Codes a recording of 16-bit samples at 8 kHz.
    pub fn from_pcm(samples_8khz: &[i16]) -> Self {
        let coded = |law| samples_8khz.iter().map(|sample| encode(law, *sample)).collect();
        Self { pcma: coded(Law::Pcma), pcmu: coded(Law::Pcmu), g722: OnceLock::new() }
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.pcma.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    /// The bytes for a stream of `codec`, one a sample. The first call for G.722 codes all
    /// of it, a few milliseconds for ten seconds of sound.
    pub fn coded(&self, codec: impl Into<Codec>) -> &[u8] {
        match codec.into() {
            Codec::G711(Law::Pcma) => &self.pcma,
            Codec::G711(Law::Pcmu) => &self.pcmu,
            Codec::G722 => self.g722.get_or_init(|| self.wide()),
        }
    }

    fn wide(&self) -> Box<[u8]> {
        let samples: Vec<i16> = decode(Law::Pcma, &self.pcma).collect();
        let mut coded = vec![0; samples.len()];
        WideEncoder::default().encode(&samples, &mut coded);
        coded.into()
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

    #[test]
    fn a_sound_is_as_long_as_its_samples_in_both_laws() {
        let sound = Sound::from_pcm(&[1000; 12_000]);
        assert_eq!(sound.duration(), Duration::from_millis(1500));
        for law in [Law::Pcma, Law::Pcmu] {
            assert_eq!(sound.coded(law).len(), 12_000);
            assert!(decode(law, sound.coded(law)).all(|sample| (950..1050).contains(&sample)));
        }
        assert_eq!(sound.coded(Codec::G722).len(), 12_000);
    }
}
