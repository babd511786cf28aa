//! What can be wrong with a row of a file, said in Italian to who wrote it.

use std::fmt;

use super::super::{CivilTimeError, Conflict, MAX_STEP, Table};
use super::{Column, MAX_ROWS};
use crate::words::{Category, PhoneNumberError};

/// One thing wrong in the file: where, what stands there, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Line of the file, from 1, which is the header.
    pub line: u64,
    /// The column, when it lies in one.
    pub column: Option<Column>,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub mistake: Mistake,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "riga {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", colonna {}", column.name())?;
        }
        if !self.value.is_empty() {
            write!(f, ": «{}»", self.value)?;
        }
        write!(f, ": {}", self.mistake)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// The sign that parts several values stands in a name.
    Bar,
    /// No category of callers.
    Category,
    /// No time of day.
    Clock,
    /// The file, or its header, lacks a column of its table.
    ColumnMissing(Column, Table),
    /// The header names a column twice.
    ColumnTwice,
    /// The header names no column of the table.
    ColumnUnknown(Table),
    /// No ISTAT code of a Comune.
    Comune,
    /// The rows of the file break a law of the roster together.
    Conflict(Conflict),
    /// The line cannot be read as CSV.
    Csv,
    /// No date.
    Date,
    /// The field is empty.
    Empty,
    /// The period ends before it begins, or as it begins.
    EndsFirst,
    /// The row has this many fields, and the header another number.
    Fields {
        /// In the row.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// Nobody of the service is known yet.
    NobodyKnown,
    /// Nothing below the header.
    NoRows(Table),
    /// No order of ringing.
    Order,
    /// The same person, in the same step, at the same time, on another line.
    Overlaps(u64),
    /// No days of turns.
    Pattern,
    /// Nobody of this name is known in the service.
    PersonUnknown(Option<String>),
    /// The phone cannot be rung.
    Phone(PhoneNumberError),
    /// No number of rounds.
    Rounds,
    /// No number of seconds.
    Seconds,
    /// Nobody of the service has this.
    SkillUnknown(Option<String>),
    /// The step is no number from 1.
    Step,
    /// The time names no single instant.
    Time(CivilTimeError),
    /// More rows than a file can have.
    TooMany,
    /// What is said once for an équipe was said before, on this line.
    Twice(u64),
    /// No day of the week.
    Weekday,
    /// The hours of a rotation are given in part.
    Window,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self {
            Self::Bar => "«|» separa più valori: toglierlo dal nome",
            Self::Category => return write!(f, "categoria sconosciuta: {}", categories()),
            Self::Clock => "non è un'ora: scriverla come 20:00",
            Self::ColumnMissing(column, table) => {
                let (name, header) = (column.name(), Column::header(*table, ","));
                return write!(f, "manca la colonna «{name}»: la prima riga deve essere {header}");
            }
            Self::ColumnTwice => "la colonna compare due volte: toglierne una",
            Self::ColumnUnknown(table) => {
                let header = Column::header(*table, ", ");
                return write!(
                    f,
                    "colonna sconosciuta: toglierla o correggerne il nome ({header})"
                );
            }
            Self::Comune => "un Comune si scrive con le sei cifre del suo codice ISTAT: 074010",
            Self::Conflict(conflict) => return conflict.fmt(f),
            Self::Csv => "la riga non si può leggere: salvare il file come CSV",
            Self::Date => "non è una data: scriverla come 2026-12-24",
            Self::Empty => "il campo è vuoto: compilarlo",
            Self::EndsFirst => {
                "il turno finisce prima di cominciare: per un turno di notte «until» è il giorno \
                 dopo"
            }
            Self::Fields { found, expected } => {
                return write!(
                    f,
                    "la riga ha {found} campi e ne servono {expected}: controllare le virgole"
                );
            }
            Self::NobodyKnown => {
                "di questo servizio non si conosce ancora nessuno: importare prima le persone"
            }
            Self::NoRows(table) => {
                let what = table.italian();
                return write!(f, "il file non contiene {what}: aggiungere almeno una riga");
            }
            Self::Order => "l'ordine di squillo è uno-alla-volta oppure insieme",
            Self::Overlaps(line) => {
                return write!(
                    f,
                    "la stessa persona è già di turno in quel periodo allo stesso livello (riga \
                     {line}): accorciare uno dei due turni o toglierne uno"
                );
            }
            Self::Pattern => {
                "i giorni di ogni turno si scrivono come 7 oppure 4+3, ciascuno da 1 a 366"
            }
            Self::PersonUnknown(nearest) => {
                let advice = "aggiungerla alle persone o correggere il nome";
                return suggest(f, "persona sconosciuta in questo servizio", nearest, advice);
            }
            Self::Phone(error) => return error.fmt(f),
            Self::Rounds => "i giri sono un numero da 1 a 9, oppure il campo resta vuoto",
            Self::Seconds => "quanto squilla un telefono si scrive in secondi, da 1 a 300: 25s",
            Self::SkillUnknown(nearest) => {
                let advice = "finché è così il requisito non si può rispettare";
                return suggest(f, "nessuna persona del servizio ce l'ha", nearest, advice);
            }
            Self::Step => {
                return write!(f, "il livello è un numero da 1 a {MAX_STEP}; 1 squilla per primo");
            }
            Self::Time(error) => return error.fmt(f),
            Self::TooMany => return write!(f, "più di {MAX_ROWS} righe: dividere il file"),
            Self::Twice(line) => {
                return write!(
                    f,
                    "per questa équipe è già scritto alla riga {line}: scriverlo una volta sola"
                );
            }
            Self::Weekday => {
                "i giorni si scrivono lun-ven oppure ven|sab (lun mar mer gio ven sab dom)"
            }
            Self::Window => {
                "la fascia oraria vuole sia «from» sia «until», per esempio 20:00 e 08:00"
            }
        };
        f.write_str(said)
    }
}

fn suggest(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    nearest: &Option<String>,
    advice: &str,
) -> fmt::Result {
    match nearest {
        Some(name) => write!(f, "{what}; forse intendevi «{name}»?"),
        None => write!(f, "{what}: {advice}"),
    }
}

fn categories() -> String {
    let words: Vec<&str> = Category::ALL.iter().map(|category| category.word()).collect();
    format!("una di {}, oppure vuoto", words.join(", "))
}
