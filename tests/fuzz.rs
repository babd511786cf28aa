//! Everything the fuzzers found or were given, and as many mutations again, on the stable
//! toolchain. `sh tests/fuzz/run` fuzzes with coverage.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use polaris::words::{Clock as _, SystemClock};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

#[path = "fuzz/subjects.rs"]
mod subjects;

/// Mutations of each target, in all.
const MUTATIONS: usize = 4_000;
/// What takes longer hangs, however slow the machine and unoptimised the build.
const LONGEST: Duration = Duration::from_secs(10);

#[test]
fn csv() {
    check("csv", subjects::csv);
}

#[test]
fn endpoint() {
    check("endpoint", subjects::endpoint);
}

#[test]
fn gate() {
    check("gate", subjects::gate);
}

#[test]
fn info() {
    check("info", subjects::info);
}

#[test]
fn kdl() {
    check("kdl", subjects::kdl);
}

#[test]
fn keys() {
    check("keys", subjects::keys);
}

#[test]
fn rtcp() {
    check("rtcp", subjects::rtcp);
}

#[test]
fn rtp() {
    check("rtp", subjects::rtp);
}

#[test]
fn sdp() {
    check("sdp", subjects::sdp);
}

#[test]
fn every_target_is_fuzzed_and_has_a_corpus() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let names = |folder: &str| {
        let entries = fs::read_dir(here.join(folder)).unwrap();
        let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| stem(entry.unwrap().path())).collect();
        names.sort();
        names
    };
    let targets = names("targets");
    assert_eq!(targets, names("corpus"));
    let run = fs::read_to_string(here.join("run")).unwrap();
    assert!(run.contains(&targets.join(" ")), "tests/fuzz/run names all targets");
}

/// Gives the target its corpus, then mutations of it; says what it could not bear.
fn check(target: &str, subject: fn(&[u8])) {
    let corpus = corpus(target);
    let mut rng = SmallRng::seed_from_u64(3261);
    for (path, bytes) in &corpus {
        bear(target, subject, bytes, &path.display().to_string());
    }
    for round in 0..MUTATIONS {
        let (path, bytes) = &corpus[round % corpus.len()];
        let (_, other) = &corpus[rng.random_range(0..corpus.len())];
        let mut bytes = bytes.clone();
        for _ in 0..rng.random_range(1..8) {
            mutate(&mut bytes, other, &mut rng);
        }
        bear(target, subject, &bytes, &format!("mutation {round}, of {}", path.display()));
    }
}

fn bear(target: &str, subject: fn(&[u8]), bytes: &[u8], which: &str) {
    let clock = SystemClock::start();
    let panicked = catch_unwind(AssertUnwindSafe(|| subject(bytes))).is_err();
    if panicked || clock.now().since_start() > LONGEST {
        let kept = std::env::temp_dir().join(format!("polaris-fuzz-{target}"));
        let kept_too = fs::write(&kept, bytes).is_ok();
        panic!("{which} is not borne; the input is in {} ({kept_too})", kept.display());
    }
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} holds nothing", folder.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut SmallRng) {
    let at = rng.random_range(0..=bytes.len());
    let long = rng.random_range(0..=64_usize).min(bytes.len() - at);
    match rng.random_range(0..7) {
        0 => bytes.truncate(at),
        1 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
        2 if at < bytes.len() => bytes[at] = rng.random(),
        3 => drop(bytes.drain(at..at + long)),
        4 => {
            let piece = bytes[at..at + long].repeat(rng.random_range(1..20));
            bytes.splice(at..at, piece);
        }
        5 => {
            let from = rng.random_range(0..=other.len());
            let until = (from + rng.random_range(0..200)).min(other.len());
            bytes.splice(at..at + long, other[from..until].iter().copied());
        }
        _ => {
            let odd: [&[u8]; 8] =
                [b"\r\n", b"\0", b"4294967296", b"-1", b"\xff\xfe", b"\"", b"<sip:", b";;"];
            bytes.splice(at..at, odd[rng.random_range(0..odd.len())].iter().copied());
        }
    }
}
