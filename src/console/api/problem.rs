//! Why a program does not get what it asked for (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::error::PageError;
use crate::access::Scope;
use crate::store::{EditRosterError, ReadCallsError, ReadRosterError, WriteRecordError};

/// What went wrong; sentences are in Italian.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(in super::super) struct Problem {
    /// Which kind of problem: `urn:polaris:` and a word.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    #[serde(serialize_with = "number")]
    #[schema(value_type = u16)]
    status: StatusCode,
    /// What happened here, and what to do.
    detail: String,
    /// One sentence each, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    problems: Vec<String>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { kind, title, status, detail: detail.into(), problems: Vec::new() }
    }

    /// The question cannot be understood.
    pub(super) fn asked(detail: impl Into<String>) -> Self {
        let title = "La domanda non si capisce";
        Self::new(StatusCode::BAD_REQUEST, "urn:polaris:question", title, detail)
    }

    /// Nobody came with the request whom we know.
    pub(super) fn nobody() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "urn:polaris:token",
            "Il gettone manca o non vale",
            "manda «Authorization: Bearer GETTONE»; uno nuovo lo fa `polaris token add`",
        )
    }

    /// The token has not this scope.
    pub(super) fn scope(wanted: Scope) -> Self {
        let detail = format!("al gettone manca il permesso «{wanted}»");
        Self::new(StatusCode::FORBIDDEN, "urn:polaris:scope", "Il permesso manca", detail)
    }

    /// The token is not of this service.
    pub(super) fn service(service: &str) -> Self {
        let detail = format!("il gettone non vale per il servizio «{service}»");
        Self::new(StatusCode::FORBIDDEN, "urn:polaris:service", "Il servizio è d'altri", detail)
    }

    /// There is no such thing, or not for this program: both look alike.
    pub(super) fn nothing() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "urn:polaris:nothing",
            "Non c'è",
            "l'indirizzo è sbagliato, oppure non è fra ciò che il gettone può vedere",
        )
    }

    /// More at a time than is let pass.
    pub(super) fn hurried() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "urn:polaris:rate",
            "Troppe domande",
            "120 al minuto per gettone; riprova dopo i secondi di Retry-After",
        )
    }

    /// More bytes than are read.
    pub(super) fn long() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:polaris:long",
            "Il file è troppo lungo",
            "al più 1 MiB: dividilo per équipe",
        )
    }

    /// A file with mistakes: nothing of it was taken.
    pub(super) fn refused(detail: impl Into<String>, problems: Vec<String>) -> Self {
        let title = "Il file non è stato importato";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { problems, ..Self::new(status, "urn:polaris:refused", title, detail) }
    }

    /// Others change the same.
    pub(super) fn changed() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "urn:polaris:changed",
            "Altri stanno cambiando i turni",
            "niente è stato importato: riprova",
        )
    }

    /// The record cannot be read or written.
    pub(super) fn unwell() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "urn:polaris:unwell",
            "La banca dati non risponde",
            "le chiamate continuano a ricevere risposta; riprova fra poco",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, body).into_response();
        let more = match self.status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            StatusCode::TOO_MANY_REQUESTS => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        if let Some((name, value)) = more {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        match error {
            PageError::NotFound => Self::nothing(),
            PageError::Form => Self::asked("il corpo della richiesta non si capisce"),
            PageError::Forbidden | PageError::Foreign => Self::nobody(),
            error => {
                tracing::error!(error = %super::super::error::chain(&error),
                    "a program cannot be answered");
                Self::unwell()
            }
        }
    }
}

impl From<ReadCallsError> for Problem {
    fn from(error: ReadCallsError) -> Self {
        PageError::from(error).into()
    }
}

impl From<ReadRosterError> for Problem {
    fn from(error: ReadRosterError) -> Self {
        PageError::from(error).into()
    }
}

impl From<WriteRecordError> for Problem {
    fn from(error: WriteRecordError) -> Self {
        PageError::from(error).into()
    }
}

impl From<EditRosterError> for Problem {
    fn from(error: EditRosterError) -> Self {
        match error {
            EditRosterError::Busy | EditRosterError::Changed => Self::changed(),
            EditRosterError::Refused(refused) => Self::refused(refused.to_string(), Vec::new()),
            error => PageError::from(error).into(),
        }
    }
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
