//! The prompts as they are committed: complete, level, short enough, and the same
//! when rendered again.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use polaris::voice::level::{active_level, fractions, peak};
use polaris::voice::{
    Content, RATE, Recordings, Texts, check, check_embedded, for_responders_only, render, speak,
};
use polaris::words::{Category, Language, PromptId};
use proptest::prelude::*;

fn prompts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")
}

fn texts(language: Language) -> Texts {
    let file = prompts().join(language.code()).join("texts.toml");
    let (texts, defects) = Texts::read(&file, language, &fs::read_to_string(&file).unwrap());
    assert!(defects.is_empty(), "{defects:?}");
    texts
}

fn samples(folder: &Path, language: Language, id: &str) -> Vec<i16> {
    let path = folder.join(language.code()).join(format!("{id}.wav"));
    hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
}

fn seconds(id: &str) -> f64 {
    samples(&prompts(), Language::It, id).len() as f64 / f64::from(RATE)
}

#[test]
fn the_committed_prompts_have_no_defect() {
    for found in [check(&prompts()), check_embedded()] {
        assert_eq!(found.recordings, Recordings::embedded().iter().count());
        let defects: Vec<_> = found.defects.iter().map(ToString::to_string).collect();
        assert!(defects.is_empty(), "{defects:#?}");
    }
}

#[test]
fn every_text_has_its_recording_in_the_binary_and_the_reverse() {
    let recordings = Recordings::embedded();
    for language in Language::ALL {
        assert_eq!(recordings.ids(language), texts(language).ids(), "{language}");
    }
    assert_eq!(recordings.list().len(), recordings.iter().count());
}

#[test]
fn english_has_all_that_callers_hear() {
    let italian = texts(Language::It).ids();
    let callers = italian.into_iter().filter(|id| !for_responders_only(id)).collect();
    assert_eq!(texts(Language::En).ids(), callers);
}

#[test]
fn the_brief_can_be_strung_together() {
    let ids = texts(Language::It).ids();
    for category in Category::ALL {
        let id = PromptId::new(&format!("category.{}", category.word()));
        assert!(ids.contains(&id), "{id}");
    }
    let comuni = ids.iter().filter(|id| id.as_str().starts_with("comune.")).count();
    assert_eq!(comuni, 19, "nine Comuni of BR4 and ten of Lecce");
    for digit in 0..10 {
        assert!(ids.contains(&PromptId::new(&format!("digit.{digit}"))));
    }
}

#[test]
fn speech_is_at_minus_twenty_dbov_with_peaks_under_minus_three() {
    let (recordings, mut spoken) = (Recordings::embedded(), 0);
    for (language, id, samples) in recordings.iter() {
        let sound = fractions(samples);
        assert!(peak(&sound) <= -3.0, "{language} {id}: peak {}", peak(&sound));
        if recordings.text(language, &id).is_some() {
            let level = active_level(&sound, RATE).unwrap();
            assert!((level + 20.0).abs() <= 0.5, "{language} {id}: {level} dBov");
            spoken += 1;
        }
    }
    assert!(spoken > 90, "only {spoken} prompts were measured");
}

#[test]
fn the_menu_begins_within_twelve_seconds() {
    for welcome in ["welcome.polaris", "welcome.lecce"] {
        // 0.4 s: what the line needs to answer and to go from one prompt to the next.
        let wait = seconds(welcome) + seconds("privacy.short") + 0.4;
        assert!(wait <= 12.0, "{welcome}: {wait:.2} s");
    }
}

#[test]
fn emergency_is_always_spoken_as_one_one_two() {
    for (language, words) in [(Language::It, "uno, uno, due"), (Language::En, "one, one, two")] {
        for id in ["welcome.polaris", "welcome.lecce", "noanswer"] {
            let texts = texts(language);
            assert!(texts.get(&id.into()).unwrap().text().unwrap().contains(words), "{id}");
        }
        for entry in texts(language).iter() {
            let Content::Speech { text, say, .. } = &entry.content else { continue };
            let spoken = say.as_deref().unwrap_or(text);
            assert!(!spoken.contains(|c: char| c.is_ascii_digit()), "{}: digits", entry.id);
        }
    }
}

#[test]
fn rendering_again_changes_nothing_that_can_be_heard() {
    let folder = texts_alone();
    let only: Vec<PromptId> = ["hold.1", "lang", "beep"].map(PromptId::new).to_vec();
    let rendered = render(folder.path(), &only, None).unwrap();
    assert_eq!(rendered.len(), 6);
    for made in &rendered {
        let id = made.id.as_str();
        let committed = samples(&prompts(), made.language, id);
        let again = samples(folder.path(), made.language, id);
        assert_eq!(committed.len(), again.len(), "{} {id}", made.language);
        // The English voice is not always the same to the last bits, and another processor adds
        // up the resampler's products in another order: 4 of 32,768 is 78 dB below full scale.
        let apart = |(a, b): (&i16, &i16)| (i32::from(*a) - i32::from(*b)).abs();
        let differences: Vec<_> = committed.iter().zip(&again).map(apart).collect();
        let (most, all) = (differences.iter().max().unwrap(), again.len());
        assert!(*most <= 4, "{} {id}: {most}", made.language);
        let changed = differences.iter().filter(|difference| **difference > 0).count();
        assert!(changed * 100 <= all, "{} {id}: {changed} of {all} samples", made.language);
    }
}

#[test]
fn rendering_twice_gives_the_same_bytes_whatever_else_is_rendered() {
    let folder = texts_alone();
    let file = folder.path().join("it/hold.2.wav");
    render(folder.path(), &["hold.2".into()], Some(Language::It)).unwrap();
    let once = fs::read(&file).unwrap();
    let only = ["retry", "hold.1", "hold.2"].map(PromptId::new);
    render(folder.path(), &only, Some(Language::It)).unwrap();
    assert!(once == fs::read(&file).unwrap());
    let left: Vec<_> = fs::read_dir(folder.path().join("it"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_unknown_name_or_a_broken_text_renders_nothing() {
    let folder = texts_alone();
    let unknown = render(folder.path(), &["hold.9".into()], None).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "nessun testo si chiama «hold.9». I nomi si vedono con: polaris prompts list"
    );
    fs::write(folder.path().join("en/texts.toml"), "\"hold.1\" = \"\"\n\"x\" = 3\n").unwrap();
    let broken = render(folder.path(), &["hold.1".into()], None).unwrap_err().to_string();
    assert!(broken.contains("riga 1: «hold.1»: manca il testo"), "{broken}");
    assert!(broken.contains("riga 2: «x»: manca il testo"), "{broken}");
    assert!(!folder.path().join("it/hold.1.wav").exists());
}

/// A folder with the texts and no recording.
fn texts_alone() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for language in Language::ALL {
        let place = folder.path().join(language.code());
        fs::create_dir(&place).unwrap();
        let texts = prompts().join(language.code()).join("texts.toml");
        fs::copy(texts, place.join("texts.toml")).unwrap();
    }
    folder
}

proptest! {
    // Each case runs the engine: few, and never longer than its deadline.
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 8, ..Default::default() })]

    #[test]
    fn no_text_hangs_or_stops_the_engine(
        text in prop::collection::vec(
            prop_oneof![
                "\\PC{0,12}",
                "[a-zàèìòù ,.']{1,20}",
                Just("<phoneme ph=\"".to_owned()),
                Just("</speed><break time=".to_owned()),
                Just("[\"dO.na.tSi] [zz\"\".xq] [".to_owned()),
                Just("😀\u{0}\u{1b}\u{202e}".to_owned()),
                Just("112 118 3330000001".to_owned()),
            ],
            0..8,
        )
    ) {
        let said = speak(&text.concat(), Language::It);
        if let Err(error) = said {
            prop_assert!(error.to_string().contains("nulla da pronunciare"), "{error}");
        }
    }
}

#[test]
fn one_line_of_the_program_is_unsafe() {
    fn count(folder: &Path, found: &mut Vec<PathBuf>) {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                count(&path, found);
            } else {
                let source = fs::read_to_string(&path).unwrap();
                found.extend(source.matches("unsafe {").map(|_| path.clone()));
            }
        }
    }
    let mut found = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    count(&source, &mut found);
    assert_eq!(found, [source.join("voice/speak.rs")]);
}
