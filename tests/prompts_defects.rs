//! Every defect of a recording has its sentence, and none takes the place of a good one.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::path::Path;

use polaris::voice::{Recordings, check};
use polaris::words::{Language, PromptId};

/// A folder of overrides with one recording for `it/hold.1`.
struct Planted(tempfile::TempDir);

impl Planted {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("it")).unwrap();
        Self(folder)
    }

    fn wav(samples: &[i16], rate: u32, channels: u16) -> Self {
        let planted = Self::new();
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(planted.file(), spec).unwrap();
        for sample in samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
        planted
    }

    fn bytes(content: &[u8]) -> Self {
        let planted = Self::new();
        fs::write(planted.file(), content).unwrap();
        planted
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("it/hold.1.wav")
    }

    /// The sentences, without the path; and whether the recording is used.
    fn judged(&self) -> (Vec<String>, bool) {
        let embedded = Recordings::embedded();
        let own = of(&embedded, "hold.1");
        let (overridden, defects) = embedded.with_overrides(self.0.path());
        let sentences = defects.iter().map(|defect| {
            let sentence = defect.to_string();
            let path = format!("{}: ", self.file().display());
            sentence.strip_prefix(&path).expect("the file is named first").to_owned()
        });
        (sentences.collect(), of(&overridden, "hold.1") != own)
    }
}

fn of(recordings: &Recordings, id: &str) -> Vec<i16> {
    let id = PromptId::new(id);
    let found =
        recordings.iter().find(|(language, its, _)| *language == Language::It && *its == id);
    found.expect("the prompt is there").2.to_vec()
}

/// A tone of a level in dBov: as steady as speech never is, but it measures the same.
fn tone(dbov: f64, seconds: f64) -> Vec<i16> {
    let amplitude = 10_f64.powf(dbov / 20.0) * 2_f64.sqrt() * 32_768.0;
    (0..(seconds * 8_000.0) as usize)
        .map(|n| (amplitude * (n as f64 * 0.35).sin()).clamp(-32_768.0, 32_767.0) as i16)
        .collect()
}

#[test]
fn a_good_recording_takes_the_place_of_ours_without_a_word() {
    assert_eq!(Planted::wav(&tone(-20.0, 2.0), 8_000, 1).judged(), (vec![], true));
}

#[test]
fn what_cannot_be_played_is_named_and_ours_is_played() {
    let whole = fs::read(Planted::wav(&tone(-20.0, 1.0), 8_000, 1).file()).unwrap();
    let format = |rate, channels| {
        format!(
            "il formato è sbagliato: {rate} Hz, canali {channels}, 16 bit. Convertilo in 8000 Hz, \
             un canale, 16 bit."
        )
    };
    let not_whole = "non è un WAV intero. Rifai il file, o ricopialo.".to_owned();
    let cases = [
        (Planted::wav(&tone(-20.0, 2.0), 16_000, 1), format(16_000, 1)),
        (Planted::wav(&tone(-20.0, 2.0), 8_000, 2), format(8_000, 2)),
        (Planted::bytes(&whole[..30]), not_whole.clone()),
        (Planted::bytes(&whole[..whole.len() / 2]), not_whole.clone()),
        (Planted::bytes(b""), not_whole.clone()),
        (Planted::bytes(b"#!/bin/sh\n"), not_whole),
        (Planted::wav(&[], 8_000, 1), "non contiene suono. Rifai la registrazione.".to_owned()),
        (
            Planted::wav(&[0; 16_000], 8_000, 1),
            "non si sente nulla. Rifai la registrazione.".to_owned(),
        ),
        (
            Planted::wav(&tone(-20.0, 31.0), 8_000, 1),
            "dura 31.0 secondi, il massimo è 30. Accorcia il messaggio.".to_owned(),
        ),
    ];
    for (planted, sentence) in cases {
        assert_eq!(planted.judged(), (vec![sentence], false));
    }
}

#[test]
fn what_is_badly_recorded_is_named_and_still_played() {
    let mut direct = tone(-20.0, 2.0);
    direct.iter_mut().for_each(|sample| *sample += 1_000);
    let mut gap = tone(-20.0, 1.0);
    gap.extend(vec![0; 20_000]);
    gap.extend(tone(-20.0, 1.0));
    let mut clipped = tone(-20.0, 2.0);
    clipped[4_000..4_010].fill(32_767);
    clipped[8_000..8_010].fill(-32_768);
    let cases = [
        (tone(-32.0, 2.0), "è troppo piano: -32.0 dBov, servono fra -26 e -16. Alza il volume."),
        (tone(-10.0, 2.0), "è troppo forte: -9.9 dBov, servono fra -26 e -16. Abbassa il volume."),
        (clipped, "è distorto: il suono tocca il massimo 2 volte. Registralo più piano."),
        (direct, "ha una componente continua del 3.1 %. Toglila con un filtro passa-alto a 80 Hz."),
        (gap, "ha un silenzio di 2.5 secondi, il massimo è 2. Taglialo."),
    ];
    for (samples, sentence) in cases {
        let judged = Planted::wav(&samples, 8_000, 1).judged();
        assert_eq!(judged, (vec![sentence.to_owned()], true));
    }
}

#[test]
fn a_recording_of_ones_own_is_added_and_its_words_with_it() {
    let planted = Planted::wav(&tone(-20.0, 2.0), 8_000, 1);
    fs::rename(planted.file(), planted.0.path().join("it/saluto.wav")).unwrap();
    let (added, defects) = Recordings::embedded().with_overrides(planted.0.path());
    assert!(added.ids(Language::It).contains(&"saluto".into()));
    assert!(defects[0].to_string().contains("nessun testo porta questo nome"), "{defects:?}");
    fs::write(planted.0.path().join("it/texts.toml"), "saluto = \"Buonasera.\"").unwrap();
    let (added, defects) = Recordings::embedded().with_overrides(planted.0.path());
    assert!(defects.is_empty(), "{defects:?}");
    assert_eq!(added.text(Language::It, &"saluto".into()), Some("Buonasera."));
}

#[test]
fn no_folder_of_overrides_is_no_defect() {
    let (recordings, defects) = Recordings::embedded().with_overrides(Path::new("/nowhere"));
    assert!(defects.is_empty());
    assert_eq!(recordings.iter().count(), Recordings::embedded().iter().count());
}

#[test]
fn the_check_names_texts_without_recordings_and_recordings_without_texts() {
    let folder = tempfile::tempdir().unwrap();
    let place = |path: &str| folder.path().join(path);
    fs::create_dir(place("it")).unwrap();
    fs::create_dir(place("en")).unwrap();
    fs::write(place("it/texts.toml"), "\"hold.1\" = \"Resti.\"\n\"retry\" = \"Riprovi.\"\n")
        .unwrap();
    fs::write(place("en/texts.toml"), "\"hold.1\" = \"Hold.\"\n").unwrap();
    let good = Planted::wav(&tone(-20.0, 1.0), 8_000, 1);
    for path in ["it/hold.1.wav", "en/hold.1.wav", "it/old.wav"] {
        fs::copy(good.file(), place(path)).unwrap();
    }
    let found: Vec<_> = check(folder.path()).defects.iter().map(ToString::to_string).collect();
    let expected = [
        ("it/retry.wav", "la registrazione manca. Esegui: polaris prompts render retry."),
        (
            "it/old.wav",
            "nessun testo porta questo nome. Correggi il nome del file, oppure aggiungi «old» ai \
             testi.",
        ),
        ("en/texts.toml", "manca il testo di «retry» in questa lingua (en). Aggiungilo e rendilo."),
    ];
    let expected = expected.map(|(file, what)| format!("{}: {what}", place(file).display()));
    assert_eq!(found, expected);
}

#[test]
fn a_text_changed_after_its_recording_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("it");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("texts.toml"), "\"retry\" = \"Riprovi.\"\n").unwrap();
    polaris::voice::render(folder.path(), &[], Some(Language::It)).unwrap();
    let stale = |folder: &Path| {
        check(folder)
            .defects
            .iter()
            .any(|defect| defect.to_string().contains("il testo è cambiato"))
    };
    assert!(!stale(folder.path()));
    fs::write(place.join("texts.toml"), "\"retry\" = \"Riprovi ancora.\"\n").unwrap();
    assert!(stale(folder.path()));
}
