//! The chain: each row holds the hash of the one before, so that a row changed, missing or
//! moved shows.
//!
//! It cannot show that *all* of it was written anew by somebody who may write to the
//! database: for that the last hash is told elsewhere (`polaris audit verify` prints it).

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};

/// One act of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Counts from 1, without gaps.
    pub sequence: i64,
    /// When, to the millisecond.
    pub at: DateTime<Utc>,
    /// The account's name, or a word in brackets for who has none.
    pub who: String,
    /// What was done, one word.
    pub act: String,
    /// In which service's record.
    pub service: Option<String>,
    /// What it was done to.
    pub subject: Option<String>,
    /// In Italian, without anybody's personal data.
    pub detail: String,
}

/// The hash of a row, given that of the one before (empty for the first): SHA-256 over
/// both, in hexadecimal. Every field goes in with its length, so that none can lend the
/// next one its end.
pub fn link(previous: &str, row: &Audited) -> String {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    field(previous);
    field(&row.sequence.to_string());
    field(&row.at.to_rfc3339_opts(SecondsFormat::Millis, true));
    field(&row.who);
    field(&row.act);
    for optional in [&row.service, &row.subject] {
        // Nothing and the empty text are not the same.
        field(if optional.is_some() { "1" } else { "0" });
        field(optional.as_deref().unwrap_or_default());
    }
    field(&row.detail);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row is otherwise than when it was written, or stands elsewhere.
    #[error("la riga {0} è stata cambiata, o non segue quella che la precedeva")]
    Changed(i64),
    /// Rows are not there.
    #[error("dopo la riga {after} ne mancano: la successiva è la {next}")]
    Missing {
        /// The last one that is.
        after: i64,
        /// The next one that is.
        next: i64,
    },
    /// The end is not there.
    #[error("mancano le ultime righe: ce ne sono {there}, ne erano state scritte {written}")]
    Truncated {
        /// How many rows are there.
        there: i64,
        /// How many were written.
        written: i64,
    },
}

/// Goes along the chain, row by row.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    sequence: i64,
    hash: String,
}

impl Verifier {
    /// Takes the next row, with the hash of the one before and its own as they stand there.
    ///
    /// # Errors
    /// When the chain breaks there.
    pub fn take(&mut self, row: &Audited, previous: &str, hash: &str) -> Result<(), Broken> {
        if row.sequence != self.sequence + 1 {
            return Err(Broken::Missing { after: self.sequence, next: row.sequence });
        }
        if previous != self.hash || hash != link(previous, row) {
            return Err(Broken::Changed(row.sequence));
        }
        self.sequence = row.sequence;
        hash.clone_into(&mut self.hash);
        Ok(())
    }

    /// Ends at the head that was written beside the rows; the last hash.
    ///
    /// # Errors
    /// When rows are missing at the end, or the last one is another.
    pub fn finish(self, written: i64, head: &str) -> Result<String, Broken> {
        if self.sequence != written {
            return Err(Broken::Truncated { there: self.sequence, written });
        }
        if self.hash != head {
            return Err(Broken::Changed(written));
        }
        Ok(self.hash)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(sequence: i64, detail: &str) -> Audited {
        Audited {
            sequence,
            at: DateTime::from_timestamp(1_800_000_000 + sequence, 0).unwrap(),
            who: "ada".into(),
            act: "lettura".into(),
            service: Some("polaris-br4".into()),
            subject: Some("2026-0417".into()),
            detail: detail.into(),
        }
    }

    fn chain(details: &[String]) -> Vec<(Audited, String, String)> {
        let mut previous = String::new();
        let mut rows = Vec::new();
        for (detail, sequence) in details.iter().zip(1..) {
            let row = row(sequence, detail);
            let hash = link(&previous, &row);
            rows.push((row, std::mem::replace(&mut previous, hash.clone()), hash));
        }
        rows
    }

    fn verify(rows: &[(Audited, String, String)], written: i64, head: &str) -> Result<(), Broken> {
        let mut verifier = Verifier::default();
        for (row, previous, hash) in rows {
            verifier.take(row, previous, hash)?;
        }
        verifier.finish(written, head).map(drop)
    }

    proptest! {
        #[test]
        fn any_row_changed_missing_or_moved_is_found(
            details in proptest::collection::vec("[a-c]{0,3}", 2..8),
            which in 0_usize..8,
            harm in 0..4,
        ) {
            let mut rows = chain(&details);
            let (written, head) = (rows.len() as i64, rows.last().unwrap().2.clone());
            prop_assert_eq!(verify(&rows, written, &head), Ok(()));
            let which = which % rows.len();
            match harm {
                0 => rows[which].0.detail.push('x'),
                1 => drop(rows.remove(which)),
                2 => rows.swap(which, (which + 1) % details.len()),
                _ => {
                    // With a hash of its own made anew: the next row, or the head, shows it.
                    rows[which].0.who = "bruno".into();
                    rows[which].2 = link(&rows[which].1.clone(), &rows[which].0);
                }
            }
            prop_assert!(verify(&rows, written, &head).is_err());
        }
    }

    #[test]
    fn no_field_lends_the_next_one_its_end() {
        let mut moved = row(1, "b");
        moved.who = "adal".into();
        moved.act = "ettura".into();
        assert_ne!(link("", &row(1, "b")), link("", &moved));
        let (mut none, mut empty) = (row(1, ""), row(1, ""));
        none.subject = None;
        empty.subject = Some(String::new());
        assert_ne!(link("", &none), link("", &empty));
    }
}
