//! Keys heard as tones, for a line that cannot send telephone-events.
//!
//! Goertzel filters at the frequencies of ITU-T Q.23 over windows of 20 ms, one
//! every 10 ms. Two windows in a row must agree: any tone of 40 ms is found, none
//! under 24 ms is (ITU-T Q.24 §4.1). Speech is kept out by how much of the sound
//! the two tones must be, by their second harmonics, and by their steadiness.

use crate::words::Digit;

/// Samples in a window, 20 ms: filters 50 Hz wide, the rows are 73 Hz apart.
const WINDOW: usize = 160;
const HOP: usize = WINDOW / 2;
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// The keys by row and column; the letters of the fourth column are no keys.
const KEYPAD: [&[u8; 3]; 4] = [b"123", b"456", b"789", b"*0#"];

/// Weakest tone, mean square: about −36 dBm0 (ITU-T Q.24 §4.2).
const WEAKEST: f32 = 65_000.0;
/// Twist, high tone to low: −9 to +6 dB, a decibel or two wider than Q.24's table.
const TWIST: std::ops::RangeInclusive<f32> = 0.126..=3.98;
/// A tone stands 6 dB over the others of its group.
const PEAK: f32 = 4.0;
/// Both tones together are at least this part of all sound.
const PURITY: f32 = 0.75;
/// A tone may be 1.5 % beside its frequency (Q.24 §4.1): its power is taken here.
const BESIDE: [f32; 3] = [0.99, 1.0, 1.01];
/// How much louder one half of a window may be: a tone fills at least 80 % of it.
const HALVES: f32 = 1.6;
/// A second harmonic is at most this part of its tone (speech has strong ones).
const HARMONIC: f32 = 0.25;
/// Between two windows a tone changes by 4 dB at most.
const STEADY: f32 = 2.5;
/// Windows without the key after which the same key is a new press: bridges an
/// interruption of 10 ms, sees a pause of 40 ms.
const RELEASE: u8 = 4;

/// Finds the keys in one stream of 8 kHz samples.
#[derive(Clone, Debug)]
pub struct ToneDetector {
    window: [f32; WINDOW],
    filled: usize,
    /// What the window before this one held.
    before: Option<Pair>,
    /// The key held down, and for how many windows it has not been heard.
    held: Option<(Digit, u8)>,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    digit: Digit,
    low: f32,
    high: f32,
}

impl Default for ToneDetector {
    fn default() -> Self {
        Self { window: [0.0; WINDOW], filled: 0, before: None, held: None }
    }
}

impl ToneDetector {
    /// Takes the next sample; says which key these samples show to be pressed,
    /// once a press.
    pub fn hear(&mut self, sample: i16) -> Option<Digit> {
        self.window[self.filled] = f32::from(sample);
        self.filled += 1;
        if self.filled < WINDOW {
            return None;
        }
        self.filled = HOP;
        let pair = find_pair(&self.window);
        self.window.copy_within(HOP.., 0);
        self.judge(pair)
    }

    fn judge(&mut self, pair: Option<Pair>) -> Option<Digit> {
        let before = std::mem::replace(&mut self.before, pair);
        let heard = pair.map(|pair| pair.digit);
        if let Some((held, missed)) = &mut self.held {
            if heard == Some(*held) {
                *missed = 0;
                return None;
            }
            *missed += 1;
            if *missed >= RELEASE {
                self.held = None;
            }
        }
        let (pair, before) = (pair?, before?);
        if pair.digit != before.digit || !pair.is_steady_after(before) {
            return None;
        }
        self.held = Some((pair.digit, 0));
        Some(pair.digit)
    }
}

impl Pair {
    fn is_steady_after(self, before: Self) -> bool {
        let steady = |a: f32, b: f32| a < b * STEADY && b < a * STEADY;
        steady(self.low, before.low) && steady(self.high, before.high)
    }
}

/// The key whose two tones a window holds, and nearly nothing else.
fn find_pair(window: &[f32; WINDOW]) -> Option<Pair> {
    let (first, second) = window.split_at(HOP);
    let energy = |half: &[f32]| half.iter().map(|sample| sample * sample).sum::<f32>();
    let (first, second) = (energy(first), energy(second));
    let total = (first + second) / WINDOW as f32;
    if total < 2.0 * WEAKEST || first > HALVES * second || second > HALVES * first {
        return None;
    }
    let row = loudest(window, &ROWS)?;
    let column = loudest(window, &COLUMNS)?;
    let around = |frequency: f32| {
        BESIDE.map(|beside| power(window, beside * frequency)).into_iter().fold(0.0, f32::max)
    };
    let (low, high) = (around(ROWS[row]), around(COLUMNS[column]));
    let pure = low + high >= PURITY * total;
    if !pure || low < WEAKEST || high < WEAKEST || !TWIST.contains(&(high / low)) {
        return None;
    }
    if power(window, 2.0 * COLUMNS[column]) > HARMONIC * high
        || power(window, 2.0 * ROWS[row]) > HARMONIC * low.max(high)
    {
        return None;
    }
    let key = KEYPAD[row].get(column)?;
    let digit = Digit::try_from(char::from(*key)).ok()?;
    Some(Pair { digit, low, high })
}

/// The place of the one frequency that stands out.
fn loudest(window: &[f32; WINDOW], frequencies: &[f32; 4]) -> Option<usize> {
    let powers = frequencies.map(|frequency| power(window, frequency));
    let (place, peak) =
        powers.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let alone =
        powers.iter().enumerate().all(|(other, power)| other == place || power * PEAK <= peak);
    alone.then_some(place)
}

/// The mean square of the tone of `frequency` Hz in the window (Goertzel).
fn power(window: &[f32; WINDOW], frequency: f32) -> f32 {
    let turn = 2.0 * (std::f32::consts::TAU * frequency / 8000.0).cos();
    let (mut one, mut two) = (0.0_f32, 0.0_f32);
    for sample in window {
        (one, two) = (sample + turn * one - two, one);
    }
    let squared = one * one + two * two - turn * one * two;
    2.0 * squared / (WINDOW * WINDOW) as f32
}

#[cfg(test)]
#[path = "tests/tones.rs"]
mod tests;
