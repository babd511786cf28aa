//! Sends one message to one receiver: one connection, one request, one answer.

use std::time::Duration;

use axum::body::Body;
use chrono::{DateTime, SecondsFormat, Utc};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::Receiver;
use crate::store::Message;

/// Why a message was not taken, in words that name neither address nor content.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("risponde {0}")]
    Answered(StatusCode),
    #[error("la connessione si interrompe")]
    Broken(#[from] hyper::Error),
    #[error("il certificato non va, o non parla TLS")]
    Distrusted(#[source] std::io::Error),
    #[error("il messaggio non si può scrivere")]
    Request,
    #[error("non risponde entro {} secondi", WITHIN.as_secs())]
    Silent,
    #[error("non si raggiunge")]
    Unreached(#[source] std::io::Error),
}

/// What is told: where to look, and nothing that names anybody.
#[derive(Serialize)]
struct Told<'m> {
    #[serde(rename = "type")]
    event: &'m str,
    timestamp: String,
    data: About<'m>,
}

#[derive(Serialize)]
struct About<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'m str>,
}

/// Sends `message`; it was taken when the answer is 2xx.
pub(super) async fn send(
    receiver: &Receiver,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), SendError> {
    let sent = tokio::time::timeout(WITHIN, connect(receiver, message, now)).await;
    sent.unwrap_or(Err(SendError::Silent))
}

async fn connect(
    receiver: &Receiver,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), SendError> {
    let request = request(receiver, message, now)?;
    let address = (receiver.host.as_str(), receiver.port);
    let stream = TcpStream::connect(address).await.map_err(SendError::Unreached)?;
    let Some(tls) = &receiver.tls else { return exchange(stream, request).await };
    let name = ServerName::try_from(receiver.host.clone()).map_err(|_| SendError::Request)?;
    exchange(tls.connect(name, stream).await.map_err(SendError::Distrusted)?, request).await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
) -> Result<(), SendError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = sender.send_request(request);
    tokio::pin!(connection, answer);
    // The connection is driven until the answer's head is there; its body nobody reads.
    let answer = tokio::select! {
        answer = &mut answer => answer?,
        ended = &mut connection => {
            ended?;
            answer.await?
        }
    };
    if answer.status().is_success() { Ok(()) } else { Err(SendError::Answered(answer.status())) }
}

fn request(
    receiver: &Receiver,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<Request<Body>, SendError> {
    let told = Told {
        event: &message.event,
        timestamp: message.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        data: About { service: message.service.as_deref(), case: message.subject.as_deref() },
    };
    let body = serde_json::to_string(&told).map_err(|_| SendError::Request)?;
    let (id, timestamp) = (format!("msg_{}", message.id), now.timestamp());
    Request::post(&receiver.path)
        .header(HOST, &receiver.authority)
        .header(USER_AGENT, concat!("polaris/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", receiver.secret.sign(&id, timestamp, &body))
        .body(Body::from(body))
        .map_err(|_| SendError::Request)
}

/// One try, from the name's lookup to the answer.
const WITHIN: Duration = Duration::from_secs(15);
