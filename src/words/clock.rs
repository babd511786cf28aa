//! Time as an argument: a monotonic [`Moment`], and the one trait that reads clocks.

use std::ops::{Add, Sub};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A point on the process's monotonic clock, as the time since its start.
///
/// Pure code receives it as `now` and never asks for it. It can be written to
/// disk and read back, unlike [`Instant`]; it says nothing about civil time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Moment(Duration);

impl Moment {
    /// The start of the clock.
    pub const START: Self = Self(Duration::ZERO);

    /// The moment `elapsed` after the start of the clock.
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the start of the clock this is.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// Reads the two clocks: monotonic for durations, wall for civil time.
///
/// Only floors 6 and above hold one; below, time is an argument.
pub trait Clock: Send + Sync {
    /// The monotonic clock.
    fn now(&self) -> Moment;
    /// The wall clock, in UTC.
    fn wall(&self) -> DateTime<Utc>;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The [`Instant`] of `moment`, for timers of the runtime.
    pub fn instant_of(&self, moment: Moment) -> Instant {
        self.start + moment.since_start()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment::after_start(self.start.elapsed())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn wall(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from(SystemTime::now())
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct TestClock {
    state: Mutex<(Moment, DateTime<Utc>)>,
}

impl TestClock {
    /// A clock that stands at `wall`, monotonic time zero.
    pub fn at(wall: DateTime<Utc>) -> Self {
        Self { state: Mutex::new((Moment::START, wall)) }
    }

    /// Moves both clocks forward by `span`.
    pub fn advance(&self, span: Duration) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.0 = state.0 + span;
        state.1 += span;
    }

    fn read(&self) -> (Moment, DateTime<Utc>) {
        *self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        self.read().0
    }

    fn wall(&self) -> DateTime<Utc> {
        self.read().1
    }
}
