//! A table that goes out as a file, piece by piece: however long, little of it is in memory.
//!
//! It knows no table. Law: **a file is whole, or it is seen to break off**: where a piece
//! cannot be read the connection is cut, and no browser takes a part for the whole.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::mpsc;

use super::calls::harmless;
use super::error::{PageError, chain};
use super::serve::Lasting;

/// Where the rows of a file go out.
#[derive(Debug, Clone)]
pub(super) struct Outgoing(mpsc::Sender<Piece>);

#[derive(Debug)]
enum Piece {
    Rows(Vec<u8>),
    /// There is nothing after it.
    End,
}

impl Outgoing {
    /// Sends rows, once those before them were taken; `false` when nobody takes them any more.
    pub(super) async fn send<const N: usize>(&self, rows: Vec<[String; N]>) -> bool {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = rows
            .into_iter()
            .all(|row| writer.write_record(row.map(|cell| harmless(&cell))).is_ok());
        match writer.into_inner() {
            Ok(bytes) if written => self.0.send(Piece::Rows(bytes)).await.is_ok(),
            _ => false,
        }
    }
}

/// The file `name` as an answer: its header, then whatever `write` sends. A file of a year
/// takes its time.
pub(super) fn answer<const N: usize, W>(
    name: &str,
    header: [&str; N],
    lasting: &Lasting,
    write: impl FnOnce(Outgoing) -> W + Send + 'static,
) -> Response
where
    W: Future<Output = Result<(), PageError>> + Send,
{
    lasting.let_last();
    let (send, receive) = mpsc::channel(PIECES_MAX);
    let out = Outgoing(send);
    let header = header.map(str::to_owned);
    tokio::spawn(async move {
        let whole = async {
            out.send(vec![header]).await;
            write(out.clone()).await
        };
        match tokio::time::timeout(FILE_MAX, whole).await {
            Ok(Ok(())) => drop(out.0.send(Piece::End).await),
            Ok(Err(error)) => tracing::error!(error = %chain(&error), "a file breaks off"),
            Err(_) => tracing::warn!("a file that nobody took to its end breaks off"),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, Body::from_stream(Pieces(receive))).into_response()
}

/// The receiving end, as the stream that axum wants.
struct Pieces(mpsc::Receiver<Piece>);

#[derive(Debug, thiserror::Error)]
#[error("the file breaks off")]
struct BrokenOff;

impl futures_core::Stream for Pieces {
    type Item = Result<Vec<u8>, BrokenOff>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| match piece {
            Some(Piece::Rows(rows)) => Some(Ok(rows)),
            Some(Piece::End) => None,
            None => Some(Err(BrokenOff)),
        })
    }
}

/// Pieces that wait to be taken.
const PIECES_MAX: usize = 2;
/// How long a file may take.
const FILE_MAX: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn a_file_is_whole_or_is_seen_to_break_off() {
        let row = |text: &str| [text.to_owned(), "=1".to_owned()];
        let send = |ends: Result<(), PageError>| {
            answer("a.csv", ["a", "b"], &Lasting::default(), move |out| async move {
                for text in ["uno", "due", "tre", "quattro"] {
                    assert!(out.send(vec![row(text)]).await);
                }
                ends
            })
        };
        let whole = to_bytes(send(Ok(())).into_body(), 1_000).await.unwrap();
        assert_eq!(whole, "a,b\nuno,'=1\ndue,'=1\ntre,'=1\nquattro,'=1\n".as_bytes());
        let broken = to_bytes(send(Err(PageError::Busy)).into_body(), 1_000).await;
        assert!(broken.is_err(), "a part looks like the whole");
    }
}
