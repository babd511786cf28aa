//! How long an opening takes until it is durable.

use std::time::Duration;

use polaris::words::{Clock, SystemClock};

use crate::place::{Place, christmas, numbered};

/// `cargo test --release --test store -- --ignored --nocapture speed`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn an_opening_is_durable_within_20_ms() {
    let place = Place::new();
    let store = place.open().await;
    let clock = SystemClock::start();
    let mut spans = Vec::new();
    for _ in 0..2000 {
        let begun = clock.now();
        numbered(store.opening(christmas())).await;
        spans.push(clock.now().since(begun));
    }
    spans.sort_unstable();
    let (p50, p99) = (spans[1000], spans[1980]);
    println!("opening: p50 {p50:?}, p99 {p99:?}, slowest {:?}", spans[1999]);
    assert!(p99 < Duration::from_millis(20), "{p99:?}");
}
