//! What a form sends, once it is sure that this visit's page sent it.

use axum::extract::{FromRequest, Request};
use axum::{Form, RequestExt as _};

use super::error::PageError;
use super::gate::Visitor;

/// The fields of a form, in order; a field may stand several times.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

/// The fields of a form of this visit.
pub(super) struct Posted(pub(super) Fields);

impl Fields {
    /// These fields, in order.
    pub(super) fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The field of this name, blanks around it taken off; empty when it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// All fields, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.trim()))
    }

    /// Every value of this name.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }
}

/// A form that somebody sends who is not in yet; that it comes from our page, the gate saw.
impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PageError> {
        // `Form` refuses another content type and a body beyond the router's limit.
        let Form(fields) = request
            .extract::<Form<Vec<(String, String)>>, _>()
            .await
            .map_err(|_| PageError::Form)?;
        Ok(Self(fields))
    }
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let csrf = request.extensions().get::<Visitor>().map(|visitor| visitor.csrf.clone());
        let fields = Fields::from_request(request, state).await?;
        match csrf {
            Some(csrf) if !csrf.is_empty() && fields.get("csrf") == csrf => Ok(Self(fields)),
            _ => Err(PageError::Foreign),
        }
    }
}

/// Bytes of a form, at most: a whole scheda is under a tenth of it.
pub(super) const BODY_MAX: usize = 256 * 1024;
