//! What is taken away as a file: all of it, and as it was asked for.

use std::collections::BTreeMap;

use polaris::access::{Audited, link};

use crate::console_support::{Visitor, in_database};
use crate::{coordinator, one_call, scene};

/// The cells of each row, its header left out, without the apostrophes that keep spreadsheets
/// from reckoning with them.
fn rows(file: &str) -> Vec<Vec<String>> {
    let plain = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(plain).collect()).collect()
}

/// The audit log as its reader takes it away.
pub(crate) fn audit_rows(auditor: &mut Visitor) -> Vec<Vec<String>> {
    let file = auditor.get("/registro.csv");
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    rows(&file.body)
}

/// Calls of twenty days of January, so many each day at the same instant.
const EACH_DAY: usize = 115;
const CALLS: &str = "\
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 2300) \
    insert into calls (call, service, timezone, number_called, arrived, outcome, ended) \
    select printf('00000000-0000-4000-8000-%012d', i), 'polaris-br4', 'Europe/Rome', \
    '+390831000000', printf('2026-01-%02dT10:00:00.000Z', 1 + i % 20), 'abandoned', \
    printf('2026-01-%02dT10:01:00.000Z', 1 + i % 20) from n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_file_of_the_calls_has_every_row_that_was_asked_for() {
    let (place, service, window) = scene().await;
    in_database(&place.path("data/polaris.db"), &[CALLS]).await;
    let mut carla = coordinator(&place, window);
    let file = carla.get("/chiamate.csv");
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"chiamate.csv\""));
    let mut days: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows(&file.body) {
        *days.entry(row[0].get(..10).unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!((days.len(), days.values().min()), (20, Some(&EACH_DAY)), "{days:?}");
    assert_eq!(days.values().max(), Some(&EACH_DAY), "{days:?}");
    let some = carla.get("/chiamate.csv?dal=02%2F01%2F2026&al=03.01.2026");
    assert_eq!(rows(&some.body).len(), 2 * EACH_DAY);
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let told = audit_rows(&mut rita);
    let taken: Vec<&str> = told
        .iter()
        .filter(|row| row[3] == "chiamate esportate")
        .map(|row| row[6].as_str())
        .collect();
    let days = "polaris-br4; dal 2026-01-01T23:00:00Z; fino al 2026-01-03T23:00:00Z";
    assert_eq!(taken, ["polaris-br4", days]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_has_the_file_of_the_audit_log_can_go_along_its_chain() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let mut carla = coordinator(&place, window);
    carla.get(&format!("/schede/polaris-br4/{number}"));
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let told = audit_rows(&mut rita);
    let mut previous = String::new();
    for (row, sequence) in told.iter().zip(1..) {
        let given = |cell: &str| Some(cell.to_owned()).filter(|cell| !cell.is_empty());
        let audited = Audited {
            sequence,
            at: row[7].parse().unwrap(),
            who: row[2].clone(),
            act: row[3].clone(),
            service: given(&row[4]),
            subject: given(&row[5]),
            detail: row[6].clone(),
        };
        assert_eq!(row[0], sequence.to_string());
        assert_eq!((&row[8], &row[9]), (&previous, &link(&previous, &audited)), "row {sequence}");
        let changed = Audited { detail: format!("{}x", audited.detail), ..audited };
        assert_ne!(row[9], link(&previous, &changed));
        previous.clone_from(&row[9]);
    }
    assert!(told.len() > 5 && told.iter().any(|row| row[3] == "registro esportato"));
    // The last hash is the one that `polaris audit verify` prints.
    let said = place.run(&["audit", "verify"]).stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains(&previous), "{said}");
    service.stop().await;
}
