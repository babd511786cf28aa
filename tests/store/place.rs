//! A store in a folder of its own, and calls to put into it.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use polaris::case::Fact;
use polaris::store::{CaseRow, Opening, Store};
use polaris::words::{CallId, CaseId, CaseNumber, PhoneNumber, ServiceId};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::log;

/// Longer than anything here may take.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) data_dir: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        log::scan();
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        let url = format!("sqlite:{}", data_dir.join("polaris.db").display());
        Self { dir, url, data_dir }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.data_dir.join("polaris.db")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.data_dir.join("journal.jsonl")
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url, &self.data_dir).await.unwrap().0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            log::names_nobody();
        }
    }
}

/// Waits for a fact, with a bound.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, future).await.expect("nothing happened in time")
}

pub(crate) fn utc(year: i32, month: u32, day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, day, hour, minute, 0).unwrap()
}

pub(crate) fn opening(service: &str, arrived: DateTime<Utc>) -> Opening {
    Opening {
        call: CallId(Uuid::now_v7()),
        case: CaseId(Uuid::now_v7()),
        service: ServiceId::new(service),
        timezone: chrono_tz::Europe::Rome,
        number_called: PhoneNumber::from_network("+390831000000"),
        caller: Some(PhoneNumber::from_network("+393331234567")),
        arrived,
        first: Fact::Arrived { direct: false, active: true },
    }
}

pub(crate) fn christmas() -> Opening {
    opening("polaris-br4", utc(2026, 12, 24, 19, 0))
}

pub(crate) fn number(text: &str) -> CaseNumber {
    text.parse().unwrap()
}

/// The number of an opening that the database took.
pub(crate) async fn numbered(
    answer: oneshot::Receiver<Result<CaseNumber, polaris::store::Journaled>>,
) -> CaseNumber {
    within(answer).await.expect("an answer").expect("the database takes it")
}

pub(crate) async fn case(store: &Store, text: &str) -> CaseRow {
    let mut cases = store.reader().case(number(text), None).await.unwrap();
    assert_eq!(cases.len(), 1, "{text}");
    cases.remove(0)
}
