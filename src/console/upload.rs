//! A form with a file.
//!
//! It looks into no file: whoever takes it does. Laws: **what was typed beside the file is
//! read first**, so that it comes back whatever the file is; **a file is read only once the
//! form is known to be of this visit**.

use std::time::Duration;

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::PageError;
use super::form::Fields;
use super::gate::Visitor;
use super::serve::Lasting;

/// The fields of a form of this visit, and its file of at most `MAX` bytes.
pub(super) struct Uploaded<const MAX: usize> {
    pub(super) fields: Fields,
    pub(super) file: Upload,
}

/// The file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Upload {
    /// None was chosen, or nothing is in it.
    Absent,
    /// A whole file.
    File {
        /// What its owner calls it.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// It is larger than what is taken.
    TooLarge {
        /// What its owner calls it.
        name: String,
    },
    /// It did not come within [`COMING_MAX`].
    TooSlow,
}

impl<S: Send + Sync, const MAX: usize> FromRequest<S> for Uploaded<MAX> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let csrf = request.extensions().get::<Visitor>().map(|visitor| visitor.csrf.clone());
        let csrf = csrf.filter(|csrf| !csrf.is_empty()).ok_or(PageError::Foreign)?;
        // A photograph from a telephone in the country takes its time.
        request.extensions().get::<Lasting>().inspect(|lasting| lasting.let_last());
        let _place = COMING.acquire().await.map_err(|_| PageError::Busy)?;
        let form = Multipart::from_request(request, state).await.map_err(|_| PageError::Form)?;
        let mut typed = Vec::new();
        let file = match timeout(COMING_MAX, read(form, &csrf, MAX, &mut typed)).await {
            Ok(file) => file?,
            Err(_) => Upload::TooSlow,
        };
        let fields = Fields::new(typed);
        match fields.get("csrf") == csrf {
            true => Ok(Self { fields, file }),
            false => Err(PageError::Foreign),
        }
    }
}

/// Reads a form to its end; what is typed in it goes to `typed`.
async fn read(
    mut form: Multipart,
    csrf: &str,
    max: usize,
    typed: &mut Vec<(String, String)>,
) -> Result<Upload, PageError> {
    let mut file = Upload::Absent;
    while let Some(field) = form.next_field().await.map_err(|_| PageError::Form)? {
        match field.file_name().map(str::to_owned) {
            Some(name) => {
                let ours = typed.iter().any(|(key, value)| key == "csrf" && value == csrf);
                if !ours {
                    return Err(PageError::Foreign);
                }
                // A browser sends an empty file where none was chosen.
                match whole(field, name, max).await? {
                    Upload::File { bytes, .. } if bytes.is_empty() => {}
                    read => file = read,
                }
            }
            None => {
                let name = field.name().unwrap_or_default().to_owned();
                typed.push((name, field.text().await.map_err(|_| PageError::Form)?));
            }
        }
        if typed.len() > FIELDS_MAX {
            return Err(PageError::Form);
        }
    }
    Ok(file)
}

/// Reads a file to its end, and keeps it unless it is too large.
async fn whole(mut field: Field<'_>, name: String, max: usize) -> Result<Upload, PageError> {
    let mut bytes = Vec::new();
    while let Some(part) = field.chunk().await.map_err(|_| PageError::Form)? {
        if bytes.len() + part.len() > max {
            drop(bytes);
            // The rest is read and dropped: an answer to who still sends is not heard.
            while field.chunk().await.map_err(|_| PageError::Form)?.is_some() {}
            return Ok(Upload::TooLarge { name });
        }
        bytes.extend_from_slice(&part);
    }
    Ok(Upload::File { name, bytes })
}

/// Bytes of a form with a file of at most `max` that are read at all.
pub(super) const fn read_max(max: usize) -> usize {
    4 * max
}

const FIELDS_MAX: usize = 32;
/// How long a form with a file may take to come.
const COMING_MAX: Duration = Duration::from_secs(5 * 60);
/// Files that come at once; the next ones wait.
static COMING: Semaphore = Semaphore::const_new(4);
/// What is told of a file that is [`Upload::TooSlow`].
pub(super) const TOO_SLOW: &str = "Il file non è arrivato in cinque minuti: riprovi con un \
     collegamento migliore, o con un file più piccolo.";
