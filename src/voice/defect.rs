//! What is wrong with a prompt: which file, what, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::words::{Language, PromptId};

/// One thing wrong with a folder of prompts. Displays in Italian.
#[derive(Debug, Clone, PartialEq)]
pub struct Defect {
    /// The file it is about.
    pub file: PathBuf,
    /// The line, counted from 1, for a file of texts.
    pub line: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong. Levels are in dBov, peaks in dBFS, lengths in seconds.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The file of texts cannot be read.
    #[error("non si legge. Rimettilo al suo posto, con permesso di lettura")]
    NoTexts,
    /// The file of texts is no TOML there.
    #[error("non è TOML valido ({0}). Ogni riga è: \"nome\" = \"testo\"")]
    NotToml(String),
    /// The name could not be a file name.
    #[error(
        "«{0}» non può essere il nome di un messaggio. Usa lettere minuscole, cifre, punti e \
         trattini; il nome va fra virgolette"
    )]
    BadId(String),
    /// An entry is neither a text nor a table with one.
    #[error("«{0}»: manca il testo. Scrivi \"{0}\" = \"testo\", oppure {{ text = \"testo\" }}")]
    NoText(PromptId),
    /// An entry has a setting nobody knows.
    #[error("«{id}»: «{setting}» non è un'impostazione. Ci sono text, say, voice e sound")]
    UnknownSetting {
        /// The prompt.
        id: PromptId,
        /// The word that is none.
        setting: String,
    },
    /// An entry names a voice that does not exist.
    #[error("«{id}»: «{voice}» non è una voce. Ci sono it ed en")]
    UnknownVoice {
        /// The prompt.
        id: PromptId,
        /// The word that is none.
        voice: String,
    },
    /// An entry names a sound that does not exist.
    #[error("«{id}»: «{sound}» non è un suono. Ci sono beep e hold")]
    UnknownSound {
        /// The prompt.
        id: PromptId,
        /// The word that is none.
        sound: String,
    },
    /// The text is longer than a caller can be asked to hear.
    #[error("«{id}»: il testo ha {length} caratteri, il massimo è {max}. Dividilo in due messaggi")]
    TextTooLong {
        /// The prompt.
        id: PromptId,
        /// Its length in characters.
        length: usize,
        /// The longest allowed.
        max: usize,
    },
    /// This language has no text for a prompt it must have.
    #[error("manca il testo di «{id}» in questa lingua ({language}). Aggiungilo e rendilo")]
    MissingText {
        /// The prompt.
        id: PromptId,
        /// The language without it.
        language: Language,
    },
    /// The text has no recording.
    #[error("la registrazione manca. Esegui: polaris prompts render {0}")]
    MissingRecording(PromptId),
    /// The text changed after the recording was rendered.
    #[error("il testo è cambiato dopo la registrazione. Esegui: polaris prompts render {0}")]
    Stale(PromptId),
    /// The recording has no text.
    #[error(
        "nessun testo porta questo nome. Correggi il nome del file, oppure aggiungi «{0}» ai testi"
    )]
    Orphan(PromptId),
    /// The file is no WAV that can be read to its end.
    #[error("non è un WAV intero. Rifai il file, o ricopialo")]
    Unreadable,
    /// The WAV is not what the line plays.
    #[error(
        "il formato è sbagliato: {rate} Hz, canali {channels}, {bits} bit. Convertilo in 8000 Hz, \
         un canale, 16 bit"
    )]
    WrongFormat {
        /// Samples per second.
        rate: u32,
        /// How many channels.
        channels: u16,
        /// Bits per sample.
        bits: u16,
    },
    /// There is not one sample.
    #[error("non contiene suono. Rifai la registrazione")]
    Empty,
    /// It is too long to be heard by somebody in need.
    #[error("dura {0:.1} secondi, il massimo è 30. Accorcia il messaggio")]
    TooLong(f64),
    /// Nothing in it can be heard.
    #[error("non si sente nulla. Rifai la registrazione")]
    Inaudible,
    /// It hits full scale.
    #[error("è distorto: il suono tocca il massimo {0} volte. Registralo più piano")]
    Clipped(usize),
    /// It is quieter than the others.
    #[error("è troppo piano: {0:.1} dBov, servono fra -26 e -16. Alza il volume")]
    TooQuiet(f64),
    /// It is louder than the others.
    #[error("è troppo forte: {0:.1} dBov, servono fra -26 e -16. Abbassa il volume")]
    TooLoud(f64),
    /// Its middle is not zero.
    #[error("ha una componente continua del {0:.1} %. Toglila con un filtro passa-alto a 80 Hz")]
    DirectCurrent(f64),
    /// A caller would think the line is dead.
    #[error("ha un silenzio di {0:.1} secondi, il massimo è 2. Taglialo")]
    LongSilence(f64),
}

impl Fault {
    /// Whether a recording with this fault cannot be played at all.
    pub fn refuses(&self) -> bool {
        matches!(
            self,
            Self::Unreadable
                | Self::WrongFormat { .. }
                | Self::Empty
                | Self::TooLong(_)
                | Self::Inaudible
        )
    }
}

impl Defect {
    /// A fault of a whole file.
    pub(super) fn of(file: &Path, fault: Fault) -> Self {
        Self { file: file.to_owned(), line: None, fault }
    }

    /// A fault at a line of a file.
    pub(super) fn at(file: &Path, line: usize, fault: Fault) -> Self {
        Self { file: file.to_owned(), line: Some(line), fault }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", riga {line}")?;
        }
        write!(f, ": {}.", self.fault)
    }
}
