//! `/metrics` and `/health`, on a listener of their own: for the machines that watch.
//!
//! Neither names a call or a person. Law: a service that answers calls is *ready*, its
//! database gone or its trunks ill: those are told, and are no reason to take calls away.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;

use super::OpenConsoleError;
use crate::store::{Standing, Store};
use crate::switchboard::{Health, TrunkStanding};

/// Bounds of the histograms of seconds: the aim of an answer is 20 ms, the store's limit
/// 500 ms.
const SECONDS: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];

/// What is watched.
#[derive(Clone)]
pub struct Watched {
    /// What was counted.
    pub counted: PrometheusHandle,
    /// The record.
    pub store: Arc<Store>,
    /// How the trunks are; closed when the switchboard is gone.
    pub trunks: watch::Receiver<Vec<TrunkStanding>>,
    /// Whether no more calls are taken.
    pub draining: watch::Receiver<bool>,
}

/// Counts from now on; before this nothing is counted.
///
/// # Errors
/// When somebody counts already.
pub fn begin_counting() -> Result<PrometheusHandle, BuildError> {
    let counted = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?;
    describe_counter!("polaris_calls_total", "Calls that came in.");
    describe_counter!("polaris_calls_ended_total", "Calls by how they ended.");
    describe_counter!("polaris_journaled_total", "Writes that went to the journal.");
    describe_counter!("polaris_refused_total", "Refusals to trunks' hosts, by status.");
    describe_counter!("polaris_strangers_total", "Packets and connections of no trunk.");
    describe_gauge!("polaris_calls_open", "Calls in progress.");
    describe_gauge!("polaris_store_up", "1: the database; 0: the journal in its place.");
    describe_gauge!("polaris_trunk_up", "1: well; 0: ill or not yet known.");
    describe_gauge!("polaris_trunk_registered", "1: registered.");
    describe_histogram!("polaris_answer_seconds", "From INVITE to 200, the case on disk.");
    Ok(counted)
}

/// Opens `/metrics` and `/health` at `address`, until the window is dropped.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn open_metrics(
    address: SocketAddr,
    watched: Watched,
) -> Result<super::Window, OpenConsoleError> {
    let pages = Router::new()
        .route("/metrics", get(show))
        .route("/health", get(ready))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .with_state(watched);
    Ok(super::Window(vec![super::serve::listen(address, pages).await?]))
}

async fn show(State(watched): State<Watched>) -> Response {
    let up = watched.store.standing() == Standing::Database;
    gauge!("polaris_store_up").set(f64::from(u8::from(up)));
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, watched.counted.render()).into_response()
}

/// Whether the process should be left alone: the switchboard runs.
async fn live(State(watched): State<Watched>) -> Response {
    match watched.trunks.has_changed() {
        Ok(_) => (StatusCode::OK, "live\n").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the switchboard is gone\n").into_response(),
    }
}

/// Whether calls should be sent here; the lines below say how things are besides.
async fn ready(State(watched): State<Watched>) -> Response {
    let gone = watched.trunks.has_changed().is_err();
    let draining = *watched.draining.borrow();
    let status = if gone || draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let mut text = match (gone, draining) {
        (true, _) => "the switchboard is gone\n",
        (_, true) => "draining\n",
        _ => "ready\n",
    }
    .to_owned();
    let store = match watched.store.standing() {
        Standing::Database => "database",
        _ => "journal",
    };
    let _ = writeln!(text, "store: {store}");
    for trunk in watched.trunks.borrow().iter() {
        let health = match trunk.health {
            Health::Ill(_) => "ill",
            Health::Unknown => "unknown",
            Health::Well => "well",
        };
        let _ = writeln!(text, "trunk {}: {health}", trunk.name);
    }
    (status, text).into_response()
}
