//! Closures that coordinators enter, in the plans: for calls from the next one on, and for
//! the commands that look ahead.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::config::Config;
use super::house;
use crate::dialplan::Plan;
use crate::store::{ReadClosuresError, StandingClosures, Store, keep_closures, kept_closures};
use crate::switchboard::{Control, Directory};

/// How often closures are looked for.
const CLOSURES_EVERY: Duration = Duration::from_secs(1);

/// The plans with the closures in them.
pub(super) fn shut(plans: &[Arc<Plan>], standing: &StandingClosures) -> Vec<Arc<Plan>> {
    if standing.closures.is_empty() {
        return plans.to_vec();
    }
    plans.iter().map(|plan| Arc::new(plan.shut(&standing.closures))).collect()
}

/// The last closures that could be read: what a start goes by until it has read anew.
pub(super) fn last_known(data_dir: &Path) -> StandingClosures {
    kept_closures(data_dir)
        .inspect_err(|error| {
            // The plan's own go on; what follows reads the database.
            tracing::error!(%error, "the copy of the closures cannot be read");
        })
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The plans as a command that looks ahead takes them: with the closures of the database, or
/// the last known ones, which is said.
pub(super) async fn shut_plans(config: &Config, plans: &mut Vec<Arc<Plan>>) {
    let read = match house::read_store(config).await {
        Ok(store) => store.standing_closures().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let standing = match (read, kept_closures(&config.data_dir)) {
        (Ok(standing), _) => standing,
        (Err(error), Ok(Some(kept))) => {
            eprintln!("Attenzione: vale l'ultima copia delle chiusure straordinarie ({error:#}).");
            kept
        }
        // Where nothing was ever entered there is nothing to miss.
        (Err(_), _) => return,
    };
    *plans = shut(plans, &standing);
}

/// What is told of plans that changed, by their file or by a closure.
pub(super) struct Told {
    /// To the switchboard.
    pub(super) control: mpsc::Sender<Control>,
    /// To the console.
    pub(super) shown: watch::Sender<Vec<Arc<Plan>>>,
}

/// Keeps the plans in use true: whenever their files are read anew or a closure is entered or
/// taken back, calls from the next one on go by it. While the database is away the last known
/// closures stay.
pub(super) async fn watch_closures(
    store: Arc<Store>,
    data_dir: PathBuf,
    mut plans: watch::Receiver<Vec<Arc<Plan>>>,
    told: Told,
) {
    let mut every = tokio::time::interval(CLOSURES_EVERY);
    let mut standing = last_known(&data_dir);
    // The first look always reads: the copy may be older.
    let mut known = None;
    let mut away = false;
    loop {
        tokio::select! {
            _ = every.tick() => {
                let entered = match look(&store, known).await {
                    Ok(found) => {
                        away = false;
                        found
                    }
                    // Said once, not every second.
                    Err(_) if std::mem::replace(&mut away, true) => None,
                    Err(error) => {
                        tracing::error!(%error, "the closures cannot be read: the last known stay");
                        None
                    }
                };
                let Some(entered) = entered else { continue };
                let first = known.replace(entered.revision).is_none();
                // A database that is new takes no closure away.
                if first && entered.revision == 0 {
                    continue;
                }
                keep(&data_dir, &entered).await;
                let before = std::mem::replace(&mut standing, entered);
                if before.closures == standing.closures {
                    continue;
                }
                let now = shut(&plans.borrow(), &standing);
                if !told.tell(now).await {
                    return;
                }
                tracing::info!(revision = standing.revision, "the closures were read anew");
            }
            changed = plans.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = shut(&plans.borrow_and_update(), &standing);
                if !told.tell(now).await {
                    return;
                }
                tracing::info!("the plans were read anew; calls in progress keep theirs");
            }
        }
    }
}

impl Told {
    /// Hands plans over; `false` when the switchboard is gone.
    async fn tell(&self, plans: Vec<Arc<Plan>>) -> bool {
        match Directory::new(plans.clone()) {
            Ok(directory) => {
                self.shown.send_replace(plans);
                self.control.send(Control::Plans(directory)).await.is_ok()
            }
            Err(error) => {
                // A closure changes no number: those of the files were checked before.
                tracing::error!(%error, "the old plans stay");
                true
            }
        }
    }
}

/// The closures, if they are others than those `known`.
async fn look(
    store: &Store,
    known: Option<i64>,
) -> Result<Option<StandingClosures>, ReadClosuresError> {
    if known.is_some() && known == Some(store.reader().closures_revision().await?) {
        return Ok(None);
    }
    store.reader().standing_closures().await.map(Some)
}

/// Keeps them for the day on which the database cannot be read.
async fn keep(data_dir: &Path, standing: &StandingClosures) {
    let (folder, standing, at) = (data_dir.to_owned(), standing.clone(), house::wall());
    let kept = tokio::task::spawn_blocking(move || keep_closures(&folder, &standing, at)).await;
    if let Ok(Err(error)) = kept {
        tracing::error!(%error, "the closures cannot be kept beside the database");
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;
    use crate::app::plans::{SHIPPED, known};
    use crate::calendar::Closure;
    use crate::dialplan::{self, EnteredClosure};
    use crate::store::Clerk;
    use crate::voice::Recordings;

    fn plan() -> Arc<Plan> {
        let (name, text) = SHIPPED[0];
        let (plan, problems) = dialplan::read(name, text, &known(&Recordings::embedded()));
        Arc::new(plan.unwrap_or_else(|| panic!("{problems:?}")))
    }

    /// Whether the service answers itself on the Monday before a holiday.
    fn answers(control: &Control) -> bool {
        let Control::Plans(directory) = control else { panic!("no plans") };
        let monday: NaiveDateTime = "2026-12-07T10:00:00".parse().unwrap();
        directory.plans()[0].hours.is_active(monday)
    }

    #[tokio::test]
    async fn a_closure_counts_from_the_next_call_on_until_it_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("polaris.db").display());
        let (store, _) = Store::open(&url, folder.path()).await.unwrap();
        let (store, clerk) = (Arc::new(store), Clerk::new(&url).unwrap());
        let plan = plan();
        let (files, read) = watch::channel(vec![plan.clone()]);
        let (shown, seen) = watch::channel(vec![plan.clone()]);
        let (control, mut orders) = mpsc::channel(1);
        let told = Told { control, shown };
        let dir = folder.path().to_owned();
        let watching = tokio::spawn(watch_closures(store.clone(), dir, read, told));
        let mut next = async || {
            let order = tokio::time::timeout(Duration::from_secs(30), orders.recv()).await;
            order.expect("in time").expect("a switchboard")
        };
        let monday = "2026-12-07".parse().unwrap();
        let entered = EnteredClosure {
            service: plan.service.clone(),
            comune: Some("074010".to_owned()),
            closure: Closure { from: monday, until: monday, reason: String::new() },
        };
        clerk.enter_closure(&entered, "Mesagne", "carla", house::wall()).await.unwrap();
        assert!(answers(&next().await));
        assert_eq!(last_known(folder.path()).closures, [entered]);
        // The files are read anew: the closure is none of theirs, and stays.
        files.send_replace(vec![plan.clone()]);
        assert!(answers(&next().await));
        assert_ne!(seen.borrow()[0].hours, plan.hours);
        let rows = store.reader().closures().await.unwrap();
        clerk.take_back_closure(&rows[0], "Mesagne", "carla", house::wall()).await.unwrap();
        assert!(!answers(&next().await));
        assert_eq!(last_known(folder.path()).closures, []);
        watching.abort();
    }
}
