//! Documents of a case: put there, taken away as a file, withdrawn.
//!
//! It believes nothing a browser says about a file. Law: a document is sealed before its entry
//! is written, is only ever downloaded, never shown, and is withdrawn by a new entry: nothing
//! is deleted.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::slip::{Form, Slip};
use super::write::{add_at_last, back, hand_back, sentence};
use super::{Which, find, opened, tell};
use crate::access::Role;
use crate::case::Addition;
use crate::case::document::{MediaType, plain_name};
use crate::console::Desk;
use crate::console::error::PageError;
use crate::console::form::{Fields, Posted};
use crate::console::gate::Visitor;
use crate::console::upload::{TOO_SLOW, Upload, Uploaded};
use crate::store::{CaseHistory, CaseRow, Content, Folder, keep_sealed_file, remove_sealed_file};

/// One document of a case, as its page shows it.
pub(super) struct Document {
    /// Its place in the history.
    pub(super) entry: u32,
    /// The name of the form that withdraws it.
    pub(super) form: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) size: String,
    pub(super) by: String,
    /// Why it was withdrawn.
    pub(super) withdrawn: Option<String>,
    pub(super) may_open: bool,
}

/// `POST …/allegato`: a file.
pub(in crate::console) async fn attach(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Uploaded { fields, file }: Uploaded<{ MediaType::BYTES_MAX }>,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let base: u32 = fields.get("base").parse().map_err(|_| PageError::Form)?;
    let refuse = |problem: String| {
        hand_back(&desk, &visitor, &case, Slip::new(Form::Attach, &fields, "documento", problem))
    };
    let (name, bytes) = match file {
        Upload::Absent => return refuse("Scelga il documento da allegare.".into()).await,
        Upload::TooLarge { name } => {
            let (name, most) = (plain_name(&name), MediaType::BYTES_MAX / 1024 / 1024);
            return refuse(format!("«{name}» è troppo grande: al massimo {most} MB.")).await;
        }
        Upload::TooSlow => return refuse(TOO_SLOW.into()).await,
        Upload::File { name, bytes } => (plain_name(&name), bytes),
    };
    let Some(kind) = MediaType::of(&bytes) else {
        let problem = format!("«{name}» non è un documento che si possa allegare: {TAKEN}");
        return refuse(problem).await;
    };
    let file = uuid::Uuid::new_v4().to_string();
    let addition = Addition::Attachment {
        name,
        file: file.clone(),
        bytes: bytes.len() as u64,
        media_type: kind.word().to_owned(),
    };
    let (data_dir, keyring, sealed) = (desk.data_dir.clone(), desk.keyring.clone(), file.clone());
    let keep = move || keep_sealed_file(&data_dir, Folder::Attachments, &sealed, &bytes, &keyring);
    match tokio::task::spawn_blocking(keep).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, "a document was not kept");
            let problem = "Il documento non si è potuto salvare: avverta chi cura il sistema.";
            return refuse(problem.into()).await;
        }
        Err(_) => return Err(PageError::Busy),
    }
    let answer = put(&desk, &visitor, &case, (base, &fields), addition).await;
    if !answer.as_ref().is_ok_and(|answer| answer.status().is_redirection()) {
        // No entry names it: it belongs to nothing.
        remove_sealed_file(&desk.data_dir, Folder::Attachments, &file);
        return answer;
    }
    tell(&desk, &visitor, &case, "documento allegato").await?;
    answer
}

/// `GET …/allegato/ENTRY`: the document, as a file to be kept.
pub(in crate::console) async fn download(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path((service, number, entry)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &(service, number)).await?;
    let entry: u32 = entry.parse().map_err(|_| PageError::NotFound)?;
    let history = desk.reader.case_history(&desk.keyring, case.id).await?;
    let (name, file, kind) = attachment(&history, entry).ok_or(PageError::NotFound)?;
    if withdrawn(&history, entry).is_some() && visitor.account.role != Role::Coordinator {
        return Err(PageError::NotFound);
    }
    let bytes = opened(&desk, Folder::Attachments, file).await?;
    tell(&desk, &visitor, &case, "documento scaricato").await?;
    let headers = [
        (header::CONTENT_TYPE, kind.word().to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// `POST …/allegato/ritira`: it stays, and is no longer shown.
pub(in crate::console) async fn withdraw(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let entry: u32 = fields.get("quale").parse().map_err(|_| PageError::NotFound)?;
    let base: u32 = fields.get("base").parse().map_err(|_| PageError::Form)?;
    let history = desk.reader.case_history(&desk.keyring, case.id).await?;
    attachment(&history, entry).ok_or(PageError::NotFound)?;
    let reason = fields.get("motivo").to_owned();
    let addition = Addition::AttachmentWithdrawn { entry, reason };
    let answer = put(&desk, &visitor, &case, (base, &fields), addition).await?;
    if answer.status().is_redirection() {
        tell(&desk, &visitor, &case, "documento ritirato").await?;
    }
    Ok(answer)
}

async fn put(
    desk: &Desk,
    visitor: &Visitor,
    case: &CaseRow,
    (base, fields): (u32, &Fields),
    addition: Addition,
) -> Result<Response, PageError> {
    let added = add_at_last(desk, case, &visitor.account.name, base, &addition).await;
    let Err(error) = added else { return Ok(back(case, "#storia")) };
    let form = Form::of(&addition);
    let slip = Slip::new(form, fields, form.field(&error), sentence(&error));
    hand_back(desk, visitor, case, slip).await
}

/// The documents of a case, in the order in which they came.
pub(super) fn documents(history: &CaseHistory, visitor: &Visitor) -> Vec<Document> {
    let all = history.entries.iter().filter_map(|entry| {
        let Content::Open(addition) = &entry.content else { return None };
        let Addition::Attachment { name, bytes, media_type, .. } = &**addition else {
            return None;
        };
        let withdrawn = withdrawn(history, entry.sequence);
        Some(Document {
            entry: entry.sequence,
            form: Form::withdrawing(entry.sequence),
            name: name.clone(),
            kind: MediaType::named(media_type).map_or("file", MediaType::italian),
            size: size(*bytes),
            by: entry.author.clone(),
            may_open: withdrawn.is_none() || visitor.account.role == Role::Coordinator,
            withdrawn,
        })
    });
    all.collect()
}

/// Name, file and kind of the document that this entry put there.
fn attachment(history: &CaseHistory, entry: u32) -> Option<(String, String, MediaType)> {
    let entry = history.entries.iter().find(|known| known.sequence == entry)?;
    match &entry.content {
        Content::Open(addition) => match &**addition {
            Addition::Attachment { name, file, media_type, .. } => {
                Some((name.clone(), file.clone(), MediaType::named(media_type)?))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Why the document of this entry was withdrawn; `None` when it was not.
fn withdrawn(history: &CaseHistory, of: u32) -> Option<String> {
    history.entries.iter().find_map(|entry| match &entry.content {
        Content::Open(addition) => match &**addition {
            Addition::AttachmentWithdrawn { entry, reason } if *entry == of => Some(reason.clone()),
            _ => None,
        },
        _ => None,
    })
}

/// A name for the file that is kept: plain letters for old browsers, all of them for others
/// (RFC 6266 §4.3, RFC 8187).
fn disposition(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let old: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut new = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~') {
            new.push(char::from(byte));
        } else {
            new.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{old}\"; filename*=UTF-8''{new}")
}

/// `1,2 MB`, `40 kB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{},{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

const TAKEN: &str = "si prendono PDF, fotografie (JPEG, PNG), testi e audio WAV.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_into_its_header_and_nothing_after_it() {
        assert_eq!(
            disposition("perché \"io\".pdf"),
            "attachment; filename=\"perch_ _io_.pdf\"; \
             filename*=UTF-8''perch%C3%A9%20%22io%22.pdf"
        );
    }

    #[test]
    fn sizes_are_written_as_italians_do() {
        for (bytes, told) in [(1, "1 kB"), (999_999, "1000 kB"), (1_250_000, "1,2 MB")] {
            assert_eq!(size(bytes), told);
        }
    }
}
