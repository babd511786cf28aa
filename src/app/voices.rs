//! The recordings while the service runs: read anew when the console publishes some, and at
//! SIGHUP.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::config::Config;
use super::house;
use crate::console::{Republish, Voices};
use crate::media::Shelf;
use crate::switchboard::Control;
use crate::voice::{OwnPrompts, Recordings};

/// Wishes to read the recordings anew that may wait.
const WISHES_MAX: usize = 8;

/// The recordings of a running service.
pub(super) struct Keeper {
    config: Config,
    said: watch::Sender<Arc<Recordings>>,
    wishes: mpsc::Receiver<oneshot::Sender<()>>,
    control: mpsc::Sender<Control>,
}

/// What the console has at hand, and who keeps it true.
pub(super) fn open(
    config: &Config,
    recordings: Arc<Recordings>,
    control: mpsc::Sender<Control>,
) -> (Voices, Keeper) {
    let (said, heard) = watch::channel(recordings);
    let (republish, wishes) = mpsc::channel(WISHES_MAX);
    let own = OwnPrompts::new(&config.own_prompts());
    let voices = Voices { recordings: heard, own, republish };
    (voices, Keeper { config: config.clone(), said, wishes, control })
}

/// Reads the recordings anew; done once the next call hears them.
pub(super) async fn renew(republish: &Republish) {
    let (done, heard) = oneshot::channel();
    if republish.send(done).await.is_ok() {
        // Nobody answers once the service ends.
        let _ = heard.await;
    }
}

impl Keeper {
    /// Does what is wished as long as the service runs.
    pub(super) async fn keep(mut self) {
        while let Some(done) = self.wishes.recv().await {
            let config = self.config.clone();
            let read = tokio::task::spawn_blocking(move || {
                let recordings = house::recordings(&config);
                let shelf = house::shelf(&recordings);
                (Arc::new(recordings), Arc::new(shelf))
            });
            let Ok((recordings, shelf)): Result<(_, Arc<Shelf>), _> = read.await else {
                tracing::error!("the recordings could not be read anew: the old ones stay");
                continue;
            };
            if self.control.send(Control::Recordings(shelf)).await.is_err() {
                return;
            }
            self.said.send_replace(recordings);
            tracing::info!("the recordings were read anew");
            let _ = done.send(());
        }
    }
}
