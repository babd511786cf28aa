//! Why a page is not shown: the one place in which a failure becomes an answer.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::door::AGAIN_AFTER;
use crate::store::{
    EditRosterError, ReadCallsError, ReadClosuresError, ReadHistoryError, ReadRosterError,
    ReadSealedFileError, WriteRecordError,
};

/// Why a page is not shown, or what was asked is not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The closures could not be read.
    #[error("the closures cannot be read")]
    Closures(#[from] ReadClosuresError),
    /// The roster could not be changed.
    #[error("the roster cannot be changed")]
    Edit(#[from] EditRosterError),
    /// What was posted is not what the page sends.
    #[error("the form was not understood")]
    Form,
    /// The role does not allow it.
    #[error("the role does not allow it")]
    Forbidden,
    /// The form is of another visit, or of another site.
    #[error("the form is not of this visit")]
    Foreign,
    /// More tries to come in from one address than are let pass.
    #[error("too many tries to come in")]
    Hurried,
    /// There is no such thing, or not for this visitor: both look alike.
    #[error("not found")]
    NotFound,
    /// A page could not be written.
    #[error("the page could not be written")]
    Page(#[from] askama::Error),
    /// A message or a document could not be opened.
    #[error("a sealed file cannot be opened")]
    File(#[source] ReadSealedFileError),
    /// The record could not be read.
    #[error("the record cannot be read")]
    Read(#[from] ReadCallsError),
    /// What people wrote could not be read.
    #[error("the history of a case cannot be read")]
    History(#[from] ReadHistoryError),
    /// What people wrote does not open: its key is missing, or it was changed.
    #[error("a scheda does not open")]
    Sealed,
    /// The record could not be read.
    #[error("the record cannot be read")]
    Sql(#[source] sqlx::Error),
    /// The roster could not be read.
    #[error("the roster cannot be read")]
    Roster(#[from] ReadRosterError),
    /// Too many at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// The record could not be written.
    #[error("the record cannot be written")]
    Write(#[from] WriteRecordError),
}

#[derive(Template)]
#[template(path = "console/pages/sorry.html", config = ".askama.toml")]
struct Sorry {
    title: &'static str,
    what: &'static str,
    advice: &'static str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, what, advice) = match &self {
            Self::Form => (
                StatusCode::BAD_REQUEST,
                "Il modulo non si capisce",
                "Quello che è arrivato non è un modulo di questa pagina.",
                "Torni indietro, ricarichi la pagina e riprovi.",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Questa pagina non è per il suo ruolo",
                "Il suo accesso non permette di vederla o di fare quello che ha chiesto.",
                "Se le serve, lo chieda a chi amministra gli accessi.",
            ),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "Il modulo è scaduto",
                "Il modulo viene da un'altra visita o da un altro sito: non è stato eseguito.",
                "Torni indietro, copi ciò che ha scritto, ricarichi la pagina e riprovi.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Questa pagina non c'è",
                "L'indirizzo è sbagliato, oppure la scheda non è fra quelle che può vedere.",
                "Riparta dalla prima pagina.",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Troppi ingressi insieme",
                "In questo momento entrano troppe persone insieme.",
                "Riprovi fra qualche secondo.",
            ),
            Self::Hurried => (
                StatusCode::TOO_MANY_REQUESTS,
                "Troppi tentativi",
                "Dal suo indirizzo sono arrivati troppi tentativi di entrare di seguito.",
                "Aspetti un minuto e riprovi. Chi è già dentro continua a lavorare.",
            ),
            Self::Sealed => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Alcune schede non si aprono",
                "Manca la chiave con cui sono chiuse, o sono state alterate: il file sarebbe \
                 incompleto, e non è stato scritto.",
                "Avverta chi cura il sistema: quando le chiavi sono di nuovo al loro posto, \
                 riprovi.",
            ),
            Self::File(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Il file non si apre",
                "È cifrato e non si può aprire: manca la chiave, o è stato alterato.",
                "Avverta chi cura il sistema.",
            ),
            Self::Closures(_)
            | Self::Edit(_)
            | Self::History(_)
            | Self::Page(_)
            | Self::Read(_)
            | Self::Roster(_)
            | Self::Sql(_)
            | Self::Write(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "La banca dati non risponde",
                "La pagina non si può mostrare, oppure la modifica non è stata salvata. \
                 Le chiamate continuano a ricevere risposta.",
                "Riprovi fra poco; se continua, avverta chi cura il sistema.",
            ),
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(error = %chain(&self), "a page cannot be shown");
        }
        let mut response = match (Sorry { title, what, advice }).render() {
            Ok(page) => (status, Html(page)).into_response(),
            Err(_) => (status, what).into_response(),
        };
        if matches!(self, Self::Hurried) {
            let again = HeaderValue::from_static(AGAIN_AFTER);
            response.headers_mut().insert(header::RETRY_AFTER, again);
        }
        response
    }
}

/// An error and its causes on one line, for the log.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What is wrong, as a sentence for who typed: what it says, not its causes.
pub(super) fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
