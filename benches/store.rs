//! How long it takes until a case is safe: the wait between an INVITE and its 200.
//!
//! The files lie in the machine's folder for temporary files: what that folder's disk
//! calls durable is what is measured. About five seconds.

use std::time::Duration;

use chrono::{TimeZone, Utc};
use polaris::case::Fact;
use polaris::store::{Opening, Store};
use polaris::words::{CallId, CaseId, Clock, PhoneNumber, ServiceId, SystemClock};
use uuid::Uuid;

/// Openings that are measured.
const OPENINGS: usize = 2_000;
/// Openings of a burst that share a commit or two.
const BURST: usize = 100;

fn main() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("polaris.db").display());
    let (store, _recovered) = Store::open(&url, folder.path()).await?;
    let clock = SystemClock::start();
    let mut spans = Vec::with_capacity(OPENINGS);
    for _ in 0..OPENINGS {
        let begun = clock.now();
        store.opening(opening()).await??;
        spans.push(clock.now() - begun);
    }
    print("one after another", &mut spans);
    for _ in 0..OPENINGS / BURST {
        let begun = clock.now();
        let answers: Vec<_> = (0..BURST).map(|_| store.opening(opening())).collect();
        for answer in answers {
            answer.await??;
            spans.push(clock.now() - begun);
        }
    }
    print(&format!("{BURST} at once"), &mut spans);
    store.close().await;
    Ok(())
}

fn print(name: &str, spans: &mut Vec<Duration>) {
    spans.sort_unstable();
    let at = |share: f64| spans[((spans.len() as f64 * share) as usize).min(spans.len() - 1)];
    let (half, most, all) = (at(0.5), at(0.99), at(1.0));
    println!("opening, {name}: p50 {half:.2?} p99 {most:.2?} max {all:.2?}");
    spans.clear();
}

fn opening() -> Opening {
    Opening {
        call: CallId(Uuid::now_v7()),
        case: CaseId(Uuid::now_v7()),
        service: ServiceId::new("polaris-br4"),
        timezone: chrono_tz::Europe::Rome,
        number_called: PhoneNumber::from_network("+390831000000"),
        caller: Some(PhoneNumber::from_network("+393331234567")),
        arrived: Utc.timestamp_nanos(1_798_138_800_000_000_000),
        first: Fact::Arrived { direct: false, active: true },
    }
}
