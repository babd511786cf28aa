//! The window: what people on duty see of the service over HTTP.
//!
//! So far the calendars of [`crate::feed`], which need no account: their address is the
//! secret. It decides nothing and changes nothing. Law: whoever connects can hold up
//! neither a call nor anybody else for longer than half a minute.

mod calendar;
mod metrics;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono_tz::Tz;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

pub use calendar::{ReadCalendarError, calendar_of};
pub use metrics::{Watched, begin_counting, open_metrics};

use crate::store::Reader;
use crate::words::{ServiceId, SystemClock};

/// What the window looks into.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The record.
    pub reader: Reader,
    /// The zone of each service's civil times.
    pub zones: Arc<BTreeMap<ServiceId, Tz>>,
    /// The machine's clocks.
    pub clock: SystemClock,
}

/// The window cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("non si può ascoltare su {address}: un altro programma usa già quella porta?")]
pub struct OpenConsoleError {
    /// Where it should have listened.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Opens the window at `address`, until the returned task is aborted.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn open(
    address: SocketAddr,
    desk: Desk,
) -> Result<tokio::task::JoinHandle<()>, OpenConsoleError> {
    listen(address, routes(desk)).await
}

async fn listen(
    address: SocketAddr,
    pages: Router,
) -> Result<tokio::task::JoinHandle<()>, OpenConsoleError> {
    let listener =
        TcpListener::bind(address).await.map_err(|source| OpenConsoleError { address, source })?;
    Ok(tokio::spawn(answer(listener, pages)))
}

/// Every page, on one screen.
fn routes(desk: Desk) -> Router {
    Router::new().route("/calendar/{file}", axum::routing::get(calendar::show)).with_state(desk)
}

async fn answer(listener: TcpListener, pages: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut breath = tokio::time::interval(BREATH);
    breath.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let pages = pages.clone();
                tokio::spawn(async move {
                    // Cut or finished: what a visitor did not take is lost to them alone.
                    let _ = tokio::time::timeout(CONNECTION_MAX, serve(stream, pages)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the console cannot take a visitor");
                // Out of descriptors, mostly: they come back.
                breath.tick().await;
            }
        }
    }
}

async fn serve(stream: TcpStream, pages: Router) {
    let service = TowerToHyperService::new(pages);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .max_buf_size(REQUEST_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a visitor of the console went away");
    }
}

/// Visitors at once; the next ones wait.
const CONNECTIONS_MAX: usize = 64;
/// A visit lasts no longer.
const CONNECTION_MAX: Duration = Duration::from_secs(30);
/// What a visitor asks is told by then.
const HEADERS_MAX: Duration = Duration::from_secs(10);
/// Bytes of a request that are kept.
const REQUEST_MAX: usize = 16 * 1024;
const BREATH: Duration = Duration::from_millis(200);
