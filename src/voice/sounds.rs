//! The sounds that are not speech, made by the program itself: no licence to ask for.

use std::f64::consts::TAU;

use super::RATE;
use super::chain::{at_level, to_bits};

/// A sound the program makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// The tone before a message is recorded: 1 kHz, 0.25 s.
    Beep,
    /// Soft chords for the wait, a loop without a seam.
    Hold,
}

impl Sound {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Beep, Self::Hold];

    /// The word for it in a texts file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Beep => "beep",
            Self::Hold => "hold",
        }
    }

    /// Its samples at 8 kHz.
    pub fn samples(self) -> Vec<i16> {
        match self {
            Self::Beep => to_bits(&beep()),
            Self::Hold => to_bits(&at_level(&hold(), RATE, HOLD_DBOV)),
        }
    }
}

/// 1 kHz at −20 dBov with 5 ms at each end so that it does not click.
fn beep() -> Vec<f64> {
    let length = RATE as usize / 4;
    let ramp = f64::from(RATE) * 0.005;
    let amplitude = 10_f64.powf(BEEP_DBOV / 20.0) * std::f64::consts::SQRT_2;
    (0..length)
        .map(|n| {
            let edge = n.min(length - 1 - n) as f64;
            let fade = (edge / ramp).min(1.0);
            amplitude * fade * (TAU * 1_000.0 * n as f64 / f64::from(RATE)).sin()
        })
        .collect()
}

/// Four chords of four seconds. Each note rings on past its chord, and past the end
/// of the loop into its beginning: there is no seam to hear.
fn hold() -> Vec<f64> {
    let chord_length = RATE as usize * CHORD_S;
    let mut mix = vec![0.0; chord_length * CHORDS.len()];
    for (index, chord) in CHORDS.iter().enumerate() {
        for (place, semitones) in chord.iter().enumerate() {
            let start = index * chord_length + place * RATE as usize * 3 / 5;
            let weight = 1.0 / (1.0 + place as f64 * 0.25);
            ring(&mut mix, start, pitch(*semitones), weight);
        }
    }
    mix
}

/// Adds one note: a soft attack, a slow decay, two weak overtones.
fn ring(mix: &mut [f64], start: usize, hertz: f64, weight: f64) {
    let rate = f64::from(RATE);
    let length = mix.len();
    for n in 0..RATE as usize * NOTE_S {
        let seconds = n as f64 / rate;
        let attack = (seconds / 0.35).min(1.0);
        let decay = (-seconds / 1.7).exp() * (1.0 - seconds / NOTE_S as f64);
        let phase = TAU * hertz * seconds;
        let wave = phase.sin() + 0.22 * (2.0 * phase).sin() + 0.06 * (3.0 * phase).sin();
        if let Some(sample) = mix.get_mut((start + n) % length) {
            *sample += weight * attack * attack * decay * wave;
        }
    }
}

/// A pitch in semitones from A 440.
fn pitch(semitones: i32) -> f64 {
    440.0 * 2_f64.powf(f64::from(semitones) / 12.0)
}

/// C, A minor, F and G, each with its seventh or sixth, between 260 and 660 Hz.
const CHORDS: [[i32; 4]; 4] = [[-9, -5, -2, 2], [-9, -5, 0, 7], [-9, -4, 0, 3], [-7, -2, 2, 5]];
const CHORD_S: usize = 4;
const NOTE_S: usize = 7;
const HOLD_DBOV: f64 = -25.0;
const BEEP_DBOV: f64 = -20.0;

#[cfg(test)]
mod tests {
    use super::super::level::{active_level, fractions, power};
    use super::*;

    #[test]
    fn the_beep_is_a_quarter_of_a_second() {
        let beep = Sound::Beep.samples();
        assert_eq!(beep.len(), 2_000);
        assert!((power(&fractions(&beep)) - BEEP_DBOV).abs() < 0.3);
    }

    #[test]
    fn the_hold_sound_is_quiet_and_even() {
        let hold = fractions(&Sound::Hold.samples());
        let level = active_level(&hold, RATE).unwrap();
        assert!((-26.0..=-24.0).contains(&level), "{level}");
        for second in hold.chunks(RATE as usize) {
            assert!((-36.0..-20.0).contains(&power(second)), "{}", power(second));
        }
    }

    #[test]
    fn the_hold_sound_has_no_seam() {
        let hold = Sound::Hold.samples();
        let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
        let largest = hold.windows(2).map(|pair| step(pair[0], pair[1])).max().unwrap();
        assert!(step(hold[0], hold[hold.len() - 1]) <= largest);
    }
}
