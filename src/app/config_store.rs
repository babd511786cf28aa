//! Where the key file is: beside the configuration, and never inside the data it seals; and
//! how long what is technical is kept.

use std::path::{Path, PathBuf};

use super::config::Problems;
use crate::store::Terms;

/// Its name where nobody says.
/// Not `polaris.key`, which is what people call the key of their certificate.
const KEY_FILE: &str = "schede.key";

/// How long callers' numbers may be kept, in months, and how long they are unless told
/// (domain: records of calls, 12–24 months).
const NUMBERS: std::ops::RangeInclusive<u32> = 12..=24;

impl Problems<'_> {
    pub(super) fn retention(&mut self, months: Option<u32>) -> Terms {
        let usual = *NUMBERS.end();
        let numbers = months.unwrap_or(usual);
        if NUMBERS.contains(&numbers) {
            return Terms { numbers };
        }
        let what = "i numeri di chi chiama si tengono da 12 a 24 mesi: scrivi un numero fra questi";
        self.add(&numbers.to_string(), &format!("«numbers_months» = {numbers}: {what}"));
        Terms { numbers: usual }
    }

    pub(super) fn key_file(
        &mut self,
        written: Option<PathBuf>,
        folder: &Path,
        data_dir: &Path,
    ) -> PathBuf {
        let named = written.clone().unwrap_or_else(|| KEY_FILE.into());
        let file = folder.join(&named);
        if file.starts_with(data_dir) && written.is_some() {
            let text = named.display().to_string();
            let what = "chi copia i dati avrebbe anche la chiave; scrivi un file altrove";
            self.add(
                &text,
                &format!("il file delle chiavi «{text}» sta nella cartella dei dati: {what}"),
            );
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Config;

    #[test]
    fn callers_numbers_are_kept_from_one_to_two_years() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("polaris.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Config::find(Some(&file))
        };
        assert_eq!(read("").unwrap().retention.numbers, 24);
        for months in [12, 18, 24] {
            let config = read(&format!("[retention]\nnumbers_months = {months}\n")).unwrap();
            assert_eq!(config.retention.numbers, months);
        }
        for months in [0, 11, 25, 900] {
            let text = format!("[retention]\nnumbers_months = {months}\n");
            let problem = read(&text).unwrap_err().to_string();
            assert!(problem.contains("da 12 a 24 mesi"), "{problem}");
        }
    }
}
