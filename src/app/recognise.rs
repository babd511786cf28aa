//! Names the recordings in what a telephone hears.
//!
//! It compares the coded samples themselves: exact, because a recording reaches the
//! wire as it was coded once. A recording this program does not have is not named.

use std::collections::{HashMap, VecDeque};

use crate::words::{Language, PromptId};

/// Samples compared at a time; a recording is looked up at every `WINDOW` samples.
const WINDOW: usize = 64;
/// Windows that must follow each other before a recording is named: 40 ms.
const RUN: u32 = 5;
/// A window with fewer different codes is silence or a tone and names nothing.
const VARIETY: usize = 12;

/// One recording heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its language.
    pub language: Language,
    /// Its name.
    pub prompt: PromptId,
}

/// Listens to a stream of A-law samples.
#[derive(Debug)]
pub struct Recogniser {
    /// Names and lengths in samples.
    names: Vec<(Heard, u64)>,
    windows: HashMap<[u8; WINDOW], (usize, usize)>,
    tail: VecDeque<u8>,
    position: u64,
    run: Option<Run>,
}

/// A recording being heard.
#[derive(Debug, Clone, Copy)]
struct Run {
    recording: usize,
    /// Where its beginning lies in the stream.
    origin: u64,
    found: u32,
    /// It follows itself without a gap: a loop, named once.
    loops: bool,
}

impl Recogniser {
    /// A recogniser of these recordings, coded in A-law.
    pub fn new(recordings: impl IntoIterator<Item = (Language, PromptId, Vec<u8>)>) -> Self {
        let mut names = Vec::new();
        let mut windows = HashMap::new();
        for (language, prompt, coded) in recordings {
            let (chunks, _) = coded.as_chunks::<WINDOW>();
            for (index, chunk) in chunks.iter().enumerate() {
                if is_varied(chunk) {
                    windows.entry(*chunk).or_insert((names.len(), index * WINDOW));
                }
            }
            names.push((Heard { language, prompt }, coded.len() as u64));
        }
        Self { names, windows, tail: VecDeque::with_capacity(WINDOW), position: 0, run: None }
    }

    /// Takes in what was heard next; returns what began to be recognised in it.
    pub fn hear(&mut self, samples: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for sample in samples {
            if self.tail.len() == WINDOW {
                self.tail.pop_front();
            }
            self.tail.push_back(*sample);
            self.position += 1;
            heard.extend(self.look());
        }
        heard
    }

    fn look(&mut self) -> Option<Heard> {
        if self.tail.len() < WINDOW {
            return None;
        }
        let mut window = [0; WINDOW];
        for (to, from) in window.iter_mut().zip(&self.tail) {
            *to = *from;
        }
        let (recording, offset) = self.windows.get(&window).copied()?;
        let origin = self.position.checked_sub((offset + WINDOW) as u64)?;
        let (name, length) = self.names.get(recording)?;
        let before = self.run.filter(|run| run.recording == recording);
        let mut run = match before {
            Some(run) if run.origin == origin => run,
            before => {
                let loops = before.is_some_and(|run| {
                    run.origin + length == origin && (run.found >= RUN || run.loops)
                });
                Run { recording, origin, found: 0, loops }
            }
        };
        run.found += 1;
        self.run = Some(run);
        (run.found == RUN && !run.loops).then(|| name.clone())
    }
}

fn is_varied(window: &[u8; WINDOW]) -> bool {
    let mut seen = [false; 256];
    window.iter().for_each(|code| seen[usize::from(*code)] = true);
    seen.iter().filter(|seen| **seen).count() >= VARIETY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u32, length: usize) -> Vec<u8> {
        let mut state = seed;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect()
    }

    #[test]
    fn each_recording_is_named_once_as_often_as_it_is_heard() {
        let (first, second) = (noise(1, 8_000), noise(2, 8_000));
        let mut ear = Recogniser::new([
            (Language::It, PromptId::new("a"), first.clone()),
            (Language::It, PromptId::new("b"), second.clone()),
        ]);
        let mut names = Vec::new();
        let silence = vec![0xd5; 4_001];
        for part in [&silence, &first, &second, &silence, &first, &silence, &first, &first] {
            for packet in part.chunks(160) {
                names.extend(ear.hear(packet).into_iter().map(|h| h.prompt.to_string()));
            }
        }
        assert_eq!(names, ["a", "b", "a", "a"], "the last one is a loop");
    }

    #[test]
    fn silence_and_strange_sounds_name_nothing() {
        let mut ear = Recogniser::new([(Language::It, PromptId::new("a"), noise(1, 8_000))]);
        assert!(ear.hear(&[0xd5; 20_000]).is_empty());
        assert!(ear.hear(&noise(9, 20_000)).is_empty());
    }
}
