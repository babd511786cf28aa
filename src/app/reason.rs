//! Why something did not work, in words for whoever typed the command.
//!
//! It names no cause that the machine did not name. Law: each sentence of the machine that
//! people meet often is Italian and says what to do.

use std::io;

/// An error and what led to it, one sentence.
pub(super) fn in_words(error: &anyhow::Error) -> String {
    let causes = error.chain().map(|cause| match cause.downcast_ref::<io::Error>() {
        Some(cause) => of_io(cause),
        None => cause.to_string(),
    });
    causes.collect::<Vec<_>>().join(": ")
}

/// Why a file cannot be used; in the words of the machine where they are rare.
pub(super) fn of_io(error: &io::Error) -> String {
    let words = match error.kind() {
        _ if error.raw_os_error().is_none() && error.kind() != io::ErrorKind::InvalidData => "",
        io::ErrorKind::NotFound => "non c'è; controlla il nome e la cartella",
        io::ErrorKind::PermissionDenied => "manca il permesso; controlla di chi è e con chi entri",
        io::ErrorKind::IsADirectory => "è una cartella, serve un file",
        io::ErrorKind::NotADirectory => "una parte del percorso non è una cartella",
        io::ErrorKind::InvalidData => "non è testo in UTF-8; salvalo come UTF-8",
        io::ErrorKind::StorageFull => "il disco è pieno; fai spazio",
        io::ErrorKind::ReadOnlyFilesystem => "il disco è in sola lettura",
        _ => "",
    };
    if words.is_empty() { error.to_string() } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn what_the_machine_says_is_put_into_words_with_what_came_before() {
        let absent = std::fs::read("/assente/per/sempre").context("turni.csv").unwrap_err();
        assert_eq!(in_words(&absent), "turni.csv: non c'è; controlla il nome e la cartella");
        let folder = std::fs::read("/").context("turni.csv").unwrap_err();
        assert_eq!(in_words(&folder), "turni.csv: è una cartella, serve un file");
        let own = anyhow::Error::from(io::Error::other("ha detto altro"));
        assert_eq!(in_words(&own), "ha detto altro");
    }
}
