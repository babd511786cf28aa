//! The files: 16-bit mono WAV in and out.

use std::fs;
use std::io::{self, Cursor, Write};
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::{Fault, RATE};

/// The samples of a recording, or why the line cannot play it.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<i16>, Fault> {
    let reader = WavReader::new(Cursor::new(bytes)).map_err(|_| Fault::Unreadable)?;
    let spec = reader.spec();
    let playable = spec.sample_rate == RATE
        && spec.channels == 1
        && spec.bits_per_sample == 16
        && spec.sample_format == SampleFormat::Int;
    if !playable {
        return Err(Fault::WrongFormat {
            rate: spec.sample_rate,
            channels: spec.channels,
            bits: spec.bits_per_sample,
        });
    }
    let samples: Result<Vec<i16>, _> = reader.into_samples().collect();
    match samples {
        Ok(samples) if samples.is_empty() => Err(Fault::Empty),
        Ok(samples) => Ok(samples),
        Err(_) => Err(Fault::Unreadable),
    }
}

/// Writes `samples` as a WAV; the file appears whole or not at all.
pub(super) fn write(path: &Path, samples: &[i16], rate: u32) -> io::Result<()> {
    write_whole(path, &bytes(samples, rate)?)
}

/// Writes a file beside its place, then moves it there.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = fs::File::create(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// A whole WAV file.
pub(super) fn bytes(samples: &[i16], rate: u32) -> io::Result<Vec<u8>> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut content = Cursor::new(Vec::with_capacity(samples.len() * 2 + 44));
    let written = (|| {
        let mut writer = WavWriter::new(&mut content, spec)?;
        for sample in samples {
            writer.write_sample(*sample)?;
        }
        writer.finalize()
    })();
    written.map_err(io::Error::other)?;
    Ok(content.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write(&path, &[1, -2, 300], RATE).unwrap();
        assert_eq!(parse(&fs::read(&path).unwrap()), Ok(vec![1, -2, 300]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no file is left beside it");
    }

    #[test]
    fn a_cut_file_is_no_recording() {
        let whole = bytes(&[7; 100], RATE).unwrap();
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn another_rate_is_named() {
        let fault = parse(&bytes(&[7; 100], 16_000).unwrap()).unwrap_err();
        assert_eq!(fault, Fault::WrongFormat { rate: 16_000, channels: 1, bits: 16 });
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_recording_or_a_fault(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)
        ) {
            let _ = parse(&bytes);
        }
    }
}
