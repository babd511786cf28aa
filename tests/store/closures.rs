//! Closures that were entered: taken back once, never deleted, and told from one another.

use polaris::calendar::Closure;
use polaris::dialplan::EnteredClosure;
use polaris::store::Clerk;
use polaris::words::ServiceId;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::place::{Place, utc};

fn closure(comune: Option<&str>, day: &str) -> EnteredClosure {
    EnteredClosure {
        service: ServiceId::new("a"),
        comune: comune.map(str::to_owned),
        closure: Closure {
            from: day.parse().unwrap(),
            until: day.parse().unwrap(),
            reason: "Ponte".to_owned(),
        },
    }
}

#[tokio::test]
async fn a_closure_is_taken_back_once_and_every_change_is_another_revision() {
    let place = Place::new();
    let store = place.open().await;
    let (reader, clerk) = (store.reader(), Clerk::new(&place.url).unwrap());
    let now = utc(2026, 12, 1, 9, 0);
    assert_eq!(reader.closures_revision().await.unwrap(), 0);
    let (one, other) = (closure(None, "2026-12-07"), closure(Some("074010"), "2026-12-24"));
    clerk.enter_closure(&other, "Mesagne", "carla", now).await.unwrap();
    clerk.enter_closure(&one, "tutti", "carla", now).await.unwrap();
    let standing = reader.standing_closures().await.unwrap();
    assert_eq!((standing.revision, standing.closures), (2, vec![other.clone(), one.clone()]));
    let rows = reader.closures().await.unwrap();
    assert_eq!((&rows[0].entered, rows[0].by.0.as_str()), (&one, "carla"));
    assert!(clerk.take_back_closure(&rows[0], "tutti", "dora", now).await.unwrap());
    assert!(!clerk.take_back_closure(&rows[0], "tutti", "dora", now).await.unwrap());
    let standing = reader.standing_closures().await.unwrap();
    assert_eq!((standing.revision, standing.closures), (3, vec![other]));
    assert_eq!(reader.closures_revision().await.unwrap(), 3);
    let told: Vec<String> =
        reader.audit(None, 10).await.unwrap().into_iter().map(|row| row.act).collect();
    let entered = "chiusura straordinaria inserita";
    assert_eq!(told, ["chiusura straordinaria tolta", entered, entered]);

    let options: SqliteConnectOptions = place.url.parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    for harm in [
        "delete from closures",
        "update closures set ends = '2027-01-01' where closure = 1",
        "update closures set removed = null, removed_by = null where closure = 2",
    ] {
        let refused = sqlx::query(harm).execute(&mut connection).await;
        assert!(refused.is_err(), "{harm}");
    }
    clerk.close().await;
    store.close().await;
}
