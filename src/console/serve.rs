//! Takes visitors: so many at once, each for so long.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

use super::OpenConsoleError;
use super::door::Peer;

/// Lets one connection last: somebody who was let in watches what happens live.
#[derive(Debug, Clone, Default)]
pub(super) struct Lasting(Arc<AtomicBool>);

impl Lasting {
    pub(super) fn let_last(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn may_last(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) async fn listen(
    address: SocketAddr,
    pages: Router,
) -> Result<tokio::task::JoinHandle<()>, OpenConsoleError> {
    let listener =
        TcpListener::bind(address).await.map_err(|source| OpenConsoleError { address, source })?;
    Ok(tokio::spawn(answer(listener, pages)))
}

async fn answer(listener: TcpListener, pages: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut breath = tokio::time::interval(BREATH);
    breath.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let pages = pages.clone().layer(Extension(Peer(peer.ip())));
                tokio::spawn(async move {
                    visit(stream, pages).await;
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

/// Cut or finished: what a visitor did not take is lost to them alone.
async fn visit(stream: TcpStream, pages: Router) {
    let lasting = Lasting::default();
    let served = serve(stream, pages.layer(Extension(lasting.clone())));
    tokio::pin!(served);
    let cut = tokio::time::timeout(CONNECTION_MAX, &mut served).await.is_err();
    if cut && lasting.may_last() && tokio::time::timeout(LASTING_MAX, served).await.is_err() {
        tracing::debug!("a visitor of the console was cut off");
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
const CONNECTIONS_MAX: usize = 256;
/// A visit lasts no longer, unless it is let last.
const CONNECTION_MAX: Duration = Duration::from_secs(30);
/// And then no longer than this: whoever lets it last ends it before, after ten minutes.
const LASTING_MAX: Duration = Duration::from_secs(11 * 60);
/// What a visitor asks is told by then.
const HEADERS_MAX: Duration = Duration::from_secs(10);
/// Bytes of a request that are kept.
const REQUEST_MAX: usize = 16 * 1024;
const BREATH: Duration = Duration::from_millis(200);
