//! The course of a case: its stages, the moves between them, and how it ends otherwise.
//!
//! It moves nothing: it says whether a move may be made. Law: going back is a new entry
//! with a reason, never an erasure.

use serde::{Deserialize, Serialize};

use super::Stage;
use crate::words::CaseNumber;

/// Why a case is archived without anybody having taken it over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// It is done: nothing is owed any more.
    Conclusa,
    /// An information or orientation was all it took.
    Informazione,
    /// It is for somebody else.
    NonDiCompetenza {
        /// Where it was sent: 112, 118, 1522 …
        inviata_a: String,
    },
    /// The caller hung up before anybody spoke with them.
    Abbandonata,
    /// Nobody spoke.
    Muta,
    /// A test, or a wrong number.
    Prova,
    /// It is about the same as another case, which goes on.
    Doppione {
        /// The other, of the same service.
        di: CaseNumber,
    },
}

impl End {
    /// The word used in tables and forms.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Conclusa => "conclusa",
            Self::Informazione => "informazione",
            Self::NonDiCompetenza { .. } => "non_di_competenza",
            Self::Abbandonata => "abbandonata",
            Self::Muta => "muta",
            Self::Prova => "prova",
            Self::Doppione { .. } => "doppione",
        }
    }

    /// In Italian.
    pub fn text(&self) -> String {
        match self {
            Self::Conclusa => "conclusa".to_owned(),
            Self::Informazione => "informazione o orientamento".to_owned(),
            Self::NonDiCompetenza { inviata_a } => {
                format!("non di competenza, inviata a {inviata_a}")
            }
            Self::Abbandonata => "chiamata abbandonata".to_owned(),
            Self::Muta => "chiamata muta".to_owned(),
            Self::Prova => "prova o errore".to_owned(),
            Self::Doppione { di } => format!("doppione della scheda {di}"),
        }
    }
}

impl Stage {
    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Segnalazione => "segnalazione",
            Self::Valutazione => "valutazione",
            Self::Intervento => "intervento",
            Self::Invio => "invio ai servizi territoriali",
            Self::PresaInCarico => "presa in carico",
            Self::Archiviata => "archiviata",
        }
    }

    /// Whether the case is closed.
    pub fn is_final(self) -> bool {
        matches!(self, Self::PresaInCarico | Self::Archiviata)
    }
}

/// A move from one stage to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// From where, as whoever moves it saw it.
    pub from: Stage,
    /// To where.
    pub to: Stage,
    /// Why it is archived; only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Why it goes back; may be empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Why a move may not be made, in Italian.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// It is archived, and nobody said how it ended.
    #[error("per archiviare scelga come è finita")]
    EndMissing,
    /// Only what is archived ends.
    #[error("un esito si indica solo archiviando")]
    EndMisplaced,
    /// A case is no duplicate of itself.
    #[error("una scheda non è il doppione di sé stessa: scriva il numero dell'altra")]
    Itself,
    /// It is sent on before it is taken over.
    #[error("prima della presa in carico la scheda va inviata: passi a «invio»")]
    NotSent,
    /// Going back without a reason.
    #[error("per tornare indietro scriva il motivo")]
    ReasonMissing,
    /// It stands there already.
    #[error("la scheda è già in «{0}»")]
    There(&'static str),
    /// Nobody said where it was sent.
    #[error("scriva a chi è stata inviata, per esempio 118")]
    WhereMissing,
    /// A word too many.
    #[error("è troppo lungo: al massimo {0} caratteri")]
    TooLong(usize),
}

impl Move {
    /// The longest reason, in characters.
    pub const REASON_MAX: usize = 500;

    /// Whether the case `number` may make this move.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, number: CaseNumber) -> Result<(), MoveError> {
        let (from, to) = (self.from, self.to);
        if from == to {
            return Err(MoveError::There(to.label()));
        }
        if self.reason.chars().count() > Self::REASON_MAX {
            return Err(MoveError::TooLong(Self::REASON_MAX));
        }
        match (to == Stage::Archiviata, &self.end) {
            (true, None) => return Err(MoveError::EndMissing),
            (false, Some(_)) => return Err(MoveError::EndMisplaced),
            (true, Some(End::Doppione { di })) if *di == number => return Err(MoveError::Itself),
            (true, Some(End::NonDiCompetenza { inviata_a })) if inviata_a.trim().is_empty() => {
                return Err(MoveError::WhereMissing);
            }
            _ => {}
        }
        if to == Stage::PresaInCarico && from < Stage::Invio {
            return Err(MoveError::NotSent);
        }
        if self.goes_back() && self.reason.trim().is_empty() {
            return Err(MoveError::ReasonMissing);
        }
        Ok(())
    }

    /// Whether it opens again what was closed, or takes up an earlier stage.
    pub fn goes_back(&self) -> bool {
        self.from.is_final() || self.to < self.from
    }

    /// In Italian. The reason is not in it: it may name people.
    pub fn text(&self) -> String {
        let back = if self.goes_back() { ", tornando indietro" } else { "" };
        let end = self.end.as_ref().map_or_else(String::new, |end| format!(": {}", end.text()));
        format!("Fase: {} → {}{back}{end}.", self.from.label(), self.to.label())
    }
}

/// The stages a case may be moved to from here, in order; those that need a reason too.
pub fn next_stages(from: Stage) -> Vec<Stage> {
    let allowed = |to: &Stage| *to != from && !(*to == Stage::PresaInCarico && from < Stage::Invio);
    Stage::ALL.into_iter().filter(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: CaseNumber = CaseNumber { year: 2026, sequence: 7 };

    fn moved(from: Stage, to: Stage, reason: &str) -> Move {
        let end = (to == Stage::Archiviata).then_some(End::Informazione);
        Move { from, to, end, reason: reason.to_owned() }
    }

    #[test]
    fn the_story_goes_forward_and_goes_back_with_a_reason() {
        let mark = |from: Stage, to: Stage| match (
            moved(from, to, "").check(NUMBER),
            moved(from, to, "ripreso").check(NUMBER),
        ) {
            (Ok(()), Ok(())) => "sì",
            (Err(MoveError::ReasonMissing), Ok(())) => "motivo",
            (Err(one), Err(other)) if one == other => "no",
            _ => "?",
        };
        let table: String = Stage::ALL
            .into_iter()
            .map(|from| {
                let row: Vec<&str> = Stage::ALL.into_iter().map(|to| mark(from, to)).collect();
                format!("{}: {}\n", from.word(), row.join(" "))
            })
            .collect();
        assert_eq!(
            table,
            "segnalazione: no sì sì sì no sì\n\
             valutazione: motivo no sì sì no sì\n\
             intervento: motivo motivo no sì no sì\n\
             invio: motivo motivo motivo no sì sì\n\
             presa_in_carico: motivo motivo motivo motivo no motivo\n\
             archiviata: motivo motivo motivo motivo motivo no\n"
        );
    }

    #[test]
    fn what_a_page_offers_is_what_may_be_done() {
        for from in Stage::ALL {
            for to in Stage::ALL {
                let may = moved(from, to, "ripreso").check(NUMBER).is_ok();
                assert_eq!(next_stages(from).contains(&to), may, "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn whoever_archives_says_how_it_ended() {
        let archive = |end| {
            let (from, to) = (Stage::Segnalazione, Stage::Archiviata);
            Move { from, to, end, reason: String::new() }.check(NUMBER)
        };
        let sent = |to: &str| Some(End::NonDiCompetenza { inviata_a: to.to_owned() });
        assert_eq!(archive(None), Err(MoveError::EndMissing));
        assert_eq!(archive(sent(" ")), Err(MoveError::WhereMissing));
        assert_eq!(archive(sent("118")), Ok(()));
        assert_eq!(archive(Some(End::Doppione { di: NUMBER })), Err(MoveError::Itself));
        let other = CaseNumber { sequence: 8, ..NUMBER };
        assert_eq!(archive(Some(End::Doppione { di: other })), Ok(()));
        let (from, to) = (Stage::Segnalazione, Stage::Valutazione);
        let ends = Move { from, to, end: Some(End::Muta), reason: String::new() };
        assert_eq!(ends.check(NUMBER), Err(MoveError::EndMisplaced));
        let long = moved(Stage::Invio, Stage::Segnalazione, &"x".repeat(501));
        assert_eq!(long.check(NUMBER), Err(MoveError::TooLong(500)));
    }

    #[test]
    fn the_history_tells_a_move_without_its_reason() {
        let to_112 = End::NonDiCompetenza { inviata_a: "118".to_owned() };
        let archived = Move {
            from: Stage::Valutazione,
            to: Stage::Archiviata,
            end: Some(to_112),
            reason: "lo ha chiesto Ada".to_owned(),
        };
        assert_eq!(
            archived.text(),
            "Fase: valutazione → archiviata: non di competenza, inviata a 118."
        );
        let back = moved(Stage::PresaInCarico, Stage::Valutazione, "ripresa");
        assert_eq!(back.text(), "Fase: presa in carico → valutazione, tornando indietro.");
        let json = serde_json::to_string(&archived).unwrap();
        assert_eq!(serde_json::from_str::<Move>(&json).unwrap(), archived);
    }
}
