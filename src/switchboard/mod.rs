//! The centralino: runs calls.
//!
//! One task owns every call. What the line, the media thread and the store report
//! comes in through one inbox; the conversation ([`crate::call`]) says what to do;
//! `perform` does it. It decides nothing about a conversation itself.

mod arrive;
mod claims;
mod directory;
mod drain;
mod ear;
mod figures;
mod legs;
mod outbound;
mod perform;
mod places;
mod quality;
mod refused;
mod report;
mod rescue;
mod signal;
mod trunk_terms;
mod trunks;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};

pub use arrive::arrival;
pub use directory::{Directory, Entrance, NumberTwice};
pub use drain::Stopped;
pub use trunk_terms::{SoundProtection, TrunkTerms};
pub use trunks::{Health, TrunkStanding, Why};

use crate::call::{Call, Input};
use crate::case::Fact;
use crate::dialplan::Plan;
use crate::line::{Arrived, Line, Target};
use crate::media::{Engine, Order, Ports, Report, Shelf, StreamId};
use crate::roster::Roster;
use crate::sip::{Account, Bucket, Buckets, Credentials, DialogId, Endpoint, Rate};
use crate::store::{Journaled, Store};
use crate::words::{CallId, CaseId, CaseNumber, Clock, LegId, Moment, PhoneNumber, SystemClock};
use claims::Claims;
use drain::Drain;
use figures::Figures;
use legs::LiveLeg;
use quality::Parting;
use trunks::Trunks;

/// What the switchboard is told besides what happens on the line.
#[derive(Debug)]
pub enum Control {
    /// Take no more calls; stop when those in hand have ended, or are cut after so long.
    Drain {
        /// How long calls in hand may go on.
        within: Duration,
    },
    /// Hang up on everybody and stop.
    HangUpAll,
    /// Plans were read anew; calls in progress keep theirs.
    Plans(Directory),
    /// Recordings were read anew; what is playing plays on.
    Recordings(Arc<Shelf>),
    /// The addresses of a trunk were found, or have changed.
    TrunkFound {
        /// Its place in [`Settings::trunks`].
        trunk: usize,
        /// Where it is, in the order in which that is tried.
        places: Vec<Target>,
    },
    /// The roster was read, or could not be.
    Roster(Option<Arc<Roster>>),
}

/// Something noted on the timeline of a call, as it happens.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The call.
    pub call: CallId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub fact: Fact,
}

/// The operator's network, seen from a call that goes out.
#[derive(Debug, Clone)]
pub struct TrunkRoute {
    /// For logs.
    pub name: String,
    /// Where INVITEs are sent, in the order in which that is tried; none until it is known.
    pub places: Vec<Target>,
    /// Its place among the trunks: the lowest is tried first.
    pub order: u16,
    /// Its share of the calls among trunks of the same order.
    pub weight: u32,
    /// Whether it is asked by OPTIONS how it is.
    pub probe: bool,
    /// The host of our addresses and of those we call, when it is not an address.
    pub domain: Option<String>,
    /// What a challenge is answered with.
    pub credentials: Option<Credentials>,
    /// The account to keep registered, for a trunk that wants that.
    pub account: Option<Account>,
    /// What else was agreed with its operator.
    pub terms: TrunkTerms,
}

/// What does not change while the switchboard runs.
#[derive(Debug)]
pub struct Settings {
    /// The most calls at once.
    pub calls_max: usize,
    /// How often a phone may be rung, by all calls together.
    pub outbound_rate: Rate,
    /// Country codes that may be rung, without `+`.
    pub outbound_countries: Vec<String>,
    /// Where messages are recorded.
    pub voicemail_dir: PathBuf,
    /// The trunks that carry calls to responders.
    pub trunks: Vec<TrunkRoute>,
}

/// The parts the switchboard works with.
pub struct Parts {
    /// The machine's clocks.
    pub clock: SystemClock,
    /// Signals.
    pub endpoint: Endpoint,
    /// Sockets under the signals.
    pub line: Line,
    /// Sound.
    pub media: Engine,
    /// Ports for sound, of each family of addresses.
    pub ports: Vec<Ports>,
    /// Recordings.
    pub shelf: Arc<Shelf>,
    /// Memory.
    pub store: Arc<Store>,
    /// Which number belongs to which service.
    pub directory: Directory,
    /// Who is on duty; `None` when it could not be read.
    pub roster: Option<Arc<Roster>>,
}

/// Everything that can wake the switchboard.
#[derive(Debug)]
pub struct Inboxes {
    /// Messages from the line.
    pub line: mpsc::Receiver<Arrived>,
    /// Reports of the media thread.
    pub media: mpsc::UnboundedReceiver<Report>,
    /// Orders of the operator of this machine.
    pub control: mpsc::Receiver<Control>,
}

/// The answer of the store to one opening.
type Opened = (CallId, Result<CaseNumber, Journaled>);

/// Runs calls.
pub struct Switchboard {
    settings: Settings,
    parts: Parts,
    calls: HashMap<CallId, LiveCall>,
    dialogs: HashMap<DialogId, (CallId, LegId)>,
    streams: HashMap<StreamId, (CallId, LegId)>,
    /// Streams that were closed and have not told yet how they were.
    parting: HashMap<StreamId, Parting>,
    due: BTreeSet<(Moment, CallId)>,
    claims: Claims,
    opened: mpsc::UnboundedSender<Opened>,
    opened_inbox: Option<mpsc::UnboundedReceiver<Opened>>,
    watch: Option<mpsc::UnboundedSender<Sight>>,
    streams_begun: u64,
    trunks: Trunks,
    /// Calls that wait for the first sign of their trunk, and until when.
    unheard: BTreeSet<(Moment, DialogId)>,
    told_of_trunks: Option<watch::Sender<Vec<TrunkStanding>>>,
    /// Phones that were rung.
    rung: Bucket,
    #[cfg(test)]
    planted: rescue::Planted,
    /// Refusals that were written into the log, by who was refused.
    refusals_told: Buckets,
    /// When phones without sound are asked again whether they are there.
    ask_due: Option<Moment>,
    drain: Option<Drain>,
    /// Calls were cut at the end.
    cut: bool,
    figures: Figures,
}

/// A call and what carries it.
#[derive(Debug)]
struct LiveCall {
    id: CallId,
    case: CaseId,
    plan: Arc<Plan>,
    call: Call,
    legs: BTreeMap<LegId, LiveLeg>,
    /// Our answer to the caller's offer, until we answer the call.
    answer: Option<Vec<u8>>,
    number_called: PhoneNumber,
    caller: Option<PhoneNumber>,
    /// The caller asked to stay unknown.
    hidden: bool,
    arrived: DateTime<Utc>,
    /// The same moment, on the clock that never jumps.
    began: Moment,
    sequence: u32,
    due: Option<Moment>,
    /// When we answered, until the caller has acknowledged it.
    unacknowledged: Option<Moment>,
    /// How often a step of it has failed.
    rescued: u8,
    /// Facts the conversation must hear of once its orders are drained.
    waiting: Vec<Input>,
}

impl Switchboard {
    /// A switchboard without a call.
    pub fn new(settings: Settings, mut parts: Parts) -> Self {
        let (now, wall) = (parts.clock.now(), parts.clock.wall());
        let mut trunks = Trunks::new(settings.trunks.clone(), now, wall);
        trunks.introduce(&mut parts.endpoint);
        trunks.register(now, |place| parts.line.route_to(place.transport, place.address));
        let (opened, opened_inbox) = mpsc::unbounded_channel();
        Self {
            settings,
            parts,
            calls: HashMap::new(),
            dialogs: HashMap::new(),
            streams: HashMap::new(),
            parting: HashMap::new(),
            due: BTreeSet::new(),
            claims: Claims::default(),
            opened,
            opened_inbox: Some(opened_inbox),
            watch: None,
            streams_begun: 0,
            trunks,
            unheard: BTreeSet::new(),
            told_of_trunks: None,
            rung: Bucket::default(),
            #[cfg(test)]
            planted: rescue::Planted::default(),
            refusals_told: refused::told(),
            ask_due: None,
            drain: None,
            cut: false,
            figures: Figures::new(),
        }
    }

    /// Sends everything that is noted on any timeline there, as it happens.
    pub fn watch(&mut self, watcher: mpsc::UnboundedSender<Sight>) {
        self.watch = Some(watcher);
    }

    /// Tells there how the trunks are, whenever that changes.
    pub fn tell_of_trunks(&mut self, listener: watch::Sender<Vec<TrunkStanding>>) {
        let standings = self.trunks.standings();
        figures::show_trunks(&standings);
        listener.send_replace(standings);
        self.told_of_trunks = Some(listener);
    }

    /// Runs until drained, or until there is no sound any more. Everything it waits
    /// for is bounded by some timer.
    pub async fn run(mut self, mut inboxes: Inboxes) -> Stopped {
        let Some(mut opened) = self.opened_inbox.take() else { return Stopped::NoSound };
        loop {
            self.settle();
            if let Some(stopped) = self.stopped() {
                return stopped;
            }
            let wake = self.next_wake();
            tokio::select! {
                Some(arrived) = inboxes.line.recv() => self.arrived(arrived),
                report = inboxes.media.recv() => match report {
                    Some(report) => self.reported(report),
                    None => {
                        tracing::error!("the media thread is gone: no call has sound any more");
                        return Stopped::NoSound;
                    }
                },
                Some((call, case)) = opened.recv() => self.case_opened(call, case),
                Some(control) = inboxes.control.recv() => self.control(control),
                () = wake_at(wake) => {}
            }
        }
    }

    /// Lets timers run, then puts on the wire what is ready.
    fn settle(&mut self) {
        let now = self.now();
        if self.parts.endpoint.poll_timeout().is_some_and(|due| due <= now) {
            self.guarded(None, |board| board.parts.endpoint.handle_timeout(now));
        }
        self.wake_drain(now);
        self.wake_trunks();
        self.pass_over_the_silent();
        if self.ask_due.is_some_and(|due| due <= now) {
            self.ask_the_silent();
        }
        while let Some((due, id)) = self.due.first().copied() {
            if due > now {
                break;
            }
            self.due.remove(&(due, id));
            self.with_call(id, |live, now| live.call.handle_timeout(now));
        }
        self.signals();
        self.figures.calls_open.set(self.calls.len() as f64);
        self.replies();
        self.tell_refusals();
        while let Some(transmit) = self.parts.endpoint.poll_transmit() {
            self.parts.line.send(transmit);
        }
    }

    fn arrived(&mut self, arrived: Arrived) {
        self.guarded(None, |board| board.take_in(arrived));
    }

    fn take_in(&mut self, arrived: Arrived) {
        #[cfg(test)]
        self.planted.bursts("arrived");
        let now = self.now();
        match arrived {
            Arrived::Message { route, bytes } => {
                let doors = self.doors(now);
                self.parts.endpoint.set_doors(doors);
                self.parts.endpoint.receive(now, route, &bytes);
            }
            Arrived::Closed { route } => self.parts.endpoint.connection_closed(now, route),
            Arrived::Failed { route } => self.parts.endpoint.transport_failed(now, route),
        }
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Drain { within } => self.drain(within),
            Control::HangUpAll => self.hang_up_on_all(),
            Control::Plans(directory) => self.parts.directory = directory,
            Control::Recordings(shelf) => self.parts.shelf = shelf,
            Control::TrunkFound { trunk, places } => self.trunk_found(trunk, &places),
            Control::Roster(roster) => self.parts.roster = roster,
        }
    }

    fn case_opened(&mut self, id: CallId, case: Result<CaseNumber, Journaled>) {
        let input = match case {
            Ok(number) => Input::CaseOpened { number },
            Err(_) => Input::StoreFailed,
        };
        self.tell(id, input);
    }

    /// Tells a conversation a fact and carries out what it orders.
    fn tell(&mut self, id: CallId, input: Input) {
        self.with_call(id, |live, now| live.call.handle_input(now, input));
    }

    /// Lets something happen to a call, then drains its orders to the last.
    fn with_call(&mut self, id: CallId, happen: impl FnOnce(&mut LiveCall, Moment)) {
        let Some(mut live) = self.calls.remove(&id) else { return };
        let now = self.now();
        let goes_on = self.step(&mut live, |live| happen(live, now));
        self.put_back(live, goes_on);
    }

    /// Keeps a call that goes on, with its timer; lets go of one that does not.
    fn put_back(&mut self, mut live: LiveCall, goes_on: bool) {
        let id = live.id;
        if let Some(due) = live.due.take() {
            self.due.remove(&(due, id));
        }
        if goes_on {
            live.due = live.call.poll_timeout();
            if let Some(due) = live.due {
                self.due.insert((due, id));
            }
            self.calls.insert(id, live);
        }
    }

    fn order(&self, order: Order) {
        self.parts.media.order(order);
    }

    fn now(&self) -> Moment {
        self.parts.clock.now()
    }

    fn next_wake(&self) -> Option<std::time::Instant> {
        let calls = self.due.first().map(|(due, _)| *due);
        let signals = self.parts.endpoint.poll_timeout();
        let drain = self.drain.map(|drain| drain.next_wake());
        let trunks = self.trunks.poll_timeout();
        let unheard = self.unheard.first().map(|(at, _)| *at);
        let next =
            [calls, signals, self.ask_due, drain, trunks, unheard].into_iter().flatten().min()?;
        Some(self.parts.clock.instant_of(next))
    }

    /// Asks the store to open a case; its answer comes back through the inbox.
    fn await_case(&self, id: CallId, answer: oneshot::Receiver<Result<CaseNumber, Journaled>>) {
        let opened = self.opened.clone();
        tokio::spawn(async move {
            let case = answer.await.unwrap_or(Err(Journaled::Lost));
            // A closed inbox means that the switchboard is gone, and the call with it.
            let _ = opened.send((id, case));
        });
    }
}

/// Sleeps until `instant`; forever without one.
pub(crate) async fn wake_at(instant: Option<std::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "tests/bench.rs"]
mod bench;
