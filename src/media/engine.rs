//! The engine: threads that serve the streams, and the two ways to talk to them.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::words::Clock;

use super::order::{Order, Report, StreamId};
use super::studio::Studio;

/// Everybody's sound. Dropping it ends the sound and finishes the recordings.
#[derive(Debug)]
pub struct Engine {
    lanes: Vec<Lane>,
    /// Which lane each open stream runs on.
    routes: Mutex<HashMap<StreamId, usize>>,
}

/// One thread and the way to it.
#[derive(Debug)]
struct Lane {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// The engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartMediaError {
    /// The system gave no way to wait for packets (epoll).
    #[error("the system gives no way to wait for sound packets")]
    Poll(#[source] io::Error),
    /// The system gave no thread.
    #[error("the system gives no thread for the sound")]
    Thread(#[source] io::Error),
}

impl Engine {
    /// Starts `threads` threads (at least one; one carries a thousand calls) and
    /// gives the reports of all of them.
    ///
    /// # Errors
    /// The system gave no thread or no poll.
    pub fn start(
        threads: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, UnboundedReceiver<Report>), StartMediaError> {
        let (reports, heard) = unbounded_channel();
        let mut engine = Self { lanes: Vec::new(), routes: Mutex::default() };
        for nth in 0..threads.max(1) {
            let (orders, given) = channel();
            let studio =
                Studio::new(Arc::clone(&clock), reports.clone()).map_err(StartMediaError::Poll)?;
            let thread = std::thread::Builder::new()
                .name(format!("media-{nth}"))
                .spawn(move || studio.run(&given))
                .map_err(StartMediaError::Thread)?;
            engine.lanes.push(Lane { orders: Some(orders), thread: Some(thread) });
        }
        Ok((engine, heard))
    }

    /// Gives an order; never waits. Orders are obeyed in the order given.
    pub fn order(&self, order: Order) {
        let lane = self.lane_of(&order).and_then(|lane| self.lanes.get(lane));
        let orders = lane.and_then(|lane| lane.orders.as_ref());
        if orders.is_some_and(|orders| orders.send(order).is_err()) {
            tracing::error!("a media thread is gone: its calls have no sound");
        }
    }

    fn lane_of(&self, order: &Order) -> Option<usize> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        match order {
            Order::Open { stream, shard, .. } => {
                let lane = usize::try_from(shard % self.lanes.len() as u64).unwrap_or(0);
                routes.insert(*stream, lane);
                Some(lane)
            }
            Order::Close { stream } => routes.remove(stream),
            order => routes.get(&order.stream()).copied(),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for lane in &mut self.lanes {
            lane.orders = None;
        }
        for lane in &mut self.lanes {
            if let Some(thread) = lane.thread.take() {
                let _ = thread.join();
            }
        }
    }
}
