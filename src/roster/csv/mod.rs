//! The roster as files that people edit: one table a file, told apart by the header.
//!
//! It opens no file and changes no roster: text goes in, rows come out. Law: **every
//! problem of a file at once, each with its line and what to do, or every row; nothing is
//! repaired or skipped in silence.** What is written is read back as it was.

mod changes;
mod check;
mod column;
mod header;
mod lists;
mod mistake;
mod people;
mod policies;
mod read;
mod requirements;
mod rotations;
mod row;
mod shifts;
mod write;

pub use column::Column;
pub use mistake::{Mistake, RowProblem};
pub use read::{Known, MAX_ROWS, ReadRows, read_csv, read_rows};
pub use write::{write_csv, write_rows};
