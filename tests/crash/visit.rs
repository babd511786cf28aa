//! One call on its way to the step at which the service is killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use polaris::app::phone::{Do, Told};
use polaris::store::{Keyring, Reader};
use tokio::time::Instant;

use crate::line_support::person::{Person, is_heard};
use crate::line_support::raw::RawCaller;
use crate::line_support::service::Service;
use crate::line_support::{CITIZENS, DIRECT, PATIENCE, Place, soon, tone};
use crate::step::{Step, Way};

/// A caller of its own for every call, so that each is found again in the record.
pub(crate) fn caller_number(lane: u8, round: usize) -> String {
    format!("+390831{lane:03}{round:03}")
}

pub(crate) struct Visit {
    pub(crate) caller: String,
    pub(crate) accepted_by: Option<String>,
    step: Step,
    citizen: Citizen,
    ada: Person,
    url: String,
    key_file: std::path::PathBuf,
    voicemail: std::path::PathBuf,
    answered: bool,
    /// What happened so far, for who reads a failure.
    story: Vec<String>,
}

enum Citizen {
    Person(Person),
    Raw(Box<RawCaller>),
}

/// What just happened to somebody.
#[derive(Debug)]
enum Happened {
    Caller(Told),
    Ada(Told),
    Logged,
    Due,
}

impl Visit {
    /// Plugs the telephones in.
    pub(crate) async fn begin(place: &Place, caller: String, step: Step) -> Self {
        let net = place.net;
        let to = if step.way() == Way::Message { DIRECT } else { CITIZENS };
        let citizen = if step.is_early() {
            let raw = RawCaller::new(net.caller(), net.service(), &caller, to).await;
            Citizen::Raw(Box::new(raw))
        } else {
            Citizen::Person(Person::at("chi chiama", net.caller()).await)
        };
        let ada = Person::at("Ada", net.trunk()).await;
        let url = format!("sqlite:{}", place.path("data/polaris.db").display());
        let (key_file, voicemail) = (place.path("schede.key"), place.path("data/voicemail"));
        let (accepted_by, answered, story) = (None, false, Vec::new());
        let visit = Self {
            caller,
            accepted_by,
            step,
            citizen,
            ada,
            url,
            key_file,
            voicemail,
            answered,
            story,
        };
        if let Citizen::Person(person) = &visit.citizen {
            person.calls(to, net.service(), &visit.caller);
        }
        visit
    }

    /// Lives through the call until the step is reached.
    pub(crate) async fn reach(&mut self, service: &Service) {
        match &mut self.citizen {
            Citizen::Raw(raw) => {
                let offer = raw.sdp(true, "sendrecv");
                raw.invite(&offer).await;
                match self.step {
                    Step::Trying => drop(raw.status(100).await),
                    Step::Ok => {
                        raw.status(200).await;
                        self.answered = true;
                    }
                    Step::InviteSent(wait) => a_while(Duration::from_micros(wait)).await,
                    _ => unreachable!("only early steps have a raw caller"),
                }
            }
            Citizen::Person(_) => self.live(service).await,
        }
    }

    async fn live(&mut self, service: &Service) {
        let due = match self.step {
            Step::Random(_, wait) => now() + Duration::from_millis(wait),
            _ => now() + PATIENCE,
        };
        loop {
            let happened = self.happens(service, due).await;
            self.story.push(format!("{happened:?}"));
            if self.is_reached(&happened) {
                return;
            }
            if matches!(happened, Happened::Due) {
                panic!("{:?} was not reached: {:?}\n{}", self.step, self.story, service.log());
            }
            if self.plays_its_part(happened, service).await {
                return;
            }
        }
    }

    async fn happens(&mut self, service: &Service, due: Instant) -> Happened {
        let logged = async {
            match self.step {
                Step::Log(kind) | Step::LogOf(_, kind) => service.step(kind).await,
                _ => std::future::pending().await,
            }
        };
        let Citizen::Person(citizen) = &mut self.citizen else { return Happened::Due };
        tokio::select! {
            biased;
            () = logged => Happened::Logged,
            told = citizen.phone.told.recv() => Happened::Caller(told.unwrap()),
            told = self.ada.phone.told.recv() => Happened::Ada(told.unwrap()),
            () = tokio::time::sleep_until(due) => Happened::Due,
        }
    }

    fn is_reached(&mut self, happened: &Happened) -> bool {
        if let Happened::Caller(Told::Answered) = happened {
            self.answered = true;
        }
        match (self.step, happened) {
            (Step::Log(_) | Step::LogOf(..), Happened::Logged)
            | (Step::Random(..), Happened::Due)
            | (Step::Answered, Happened::Caller(Told::Answered))
            | (Step::Rings, Happened::Ada(Told::Incoming)) => true,
            (Step::CallerHears(_, prompt), Happened::Caller(told)) => is_heard(told, prompt),
            (Step::AdaHears(prompt), Happened::Ada(told)) => is_heard(told, prompt),
            _ => false,
        }
    }

    /// What the people do next; whether the step is reached by that.
    async fn plays_its_part(&mut self, happened: Happened, service: &Service) -> bool {
        match happened {
            Happened::Caller(told) => self.caller_acts(&told).await,
            Happened::Ada(told) => self.ada_acts(&told, service).await,
            Happened::Logged | Happened::Due => false,
        }
    }

    async fn caller_acts(&self, told: &Told) -> bool {
        let way = self.step.way();
        match told {
            Told::Answered if way != Way::Message => {
                // A key over the welcome, unless the welcome is to be heard.
                if self.step != Step::CallerHears(Way::Accepted, "welcome.polaris") {
                    self.caller_does(press('2'));
                }
                self.step == Step::KeyPressed
            }
            told if way == Way::CallBack && is_heard(told, "callback.safe") => {
                self.caller_does(press('1'));
                self.step == Step::CallBackAnswered
            }
            told if way == Way::Message && is_heard(told, "voicemail") => {
                self.caller_does(press('#'));
                false
            }
            told if way == Way::Message && is_heard(told, "beep") => self.leaves_message().await,
            _ => false,
        }
    }

    async fn leaves_message(&self) -> bool {
        self.caller_does(Do::Say(tone(440.0, 16_000)));
        // Half a second is handed to the disk at a time; less than one is no message.
        let enough = if self.step == Step::Recording { 1 } else { 16_000 };
        let folder = self.voicemail.clone();
        let before = bytes_in(&folder);
        soon("the message reaches the disk", async {
            while bytes_in(&folder) < before + enough {
                tokio::task::yield_now().await;
            }
        })
        .await;
        if self.step == Step::Recording {
            return true;
        }
        self.caller_does(press('#'));
        self.step == Step::MessageEnded
    }

    async fn ada_acts(&mut self, told: &Told, service: &Service) -> bool {
        let accepts = self.step.way() == Way::Accepted;
        match told {
            Told::Incoming if accepts => {
                self.ada.does(Do::Answer);
                self.step == Step::PickedUp
            }
            Told::Incoming => {
                self.ada.does(Do::Decline(486));
                false
            }
            told if is_heard(told, "worker.offer") => {
                self.ada.presses("1");
                self.step == Step::OnePressed
            }
            told if is_heard(told, "worker.connect") => self.they_talk(service).await,
            _ => false,
        }
    }

    async fn they_talk(&mut self, service: &Service) -> bool {
        match self.step {
            Step::BridgedOnDisk => {
                service.step("bridged").await;
                self.accepted_by = Some(self.accepted_on_disk().await);
                true
            }
            Step::ByeSent | Step::Log("hung_up" | "ended") | Step::Random(..) => {
                service.step("bridged").await;
                self.caller_does(Do::HangUp);
                self.step == Step::ByeSent
            }
            _ => false,
        }
    }

    async fn accepted_on_disk(&self) -> String {
        let keyring = Arc::new(Keyring::new(&self.key_file));
        let reader = Reader::open(&self.url).await.unwrap().with_keys(keyring);
        let reading = async {
            loop {
                let calls = reader.calls().await.unwrap();
                let mine = calls
                    .into_iter()
                    .find(|c| c.caller.as_ref().map(|n| n.reveal()) == Some(&self.caller));
                if let Some(name) = mine.and_then(|call| call.accepted_by) {
                    return name;
                }
            }
        };
        soon("the record says who accepted", reading).await
    }

    pub(crate) fn caller_does(&self, what: Do) {
        if let Citizen::Person(person) = &self.citizen {
            person.does(what);
        }
    }

    /// Whether a 200 reached the caller, also one on its way when the service died.
    pub(crate) async fn was_answered(&mut self) -> bool {
        if let Citizen::Person(person) = &mut self.citizen {
            person.take_in();
            self.answered |= person.seen.contains(&Told::Answered);
        }
        self.answered
    }

    /// Unplugs the telephones.
    pub(crate) async fn leave(self) {
        if let Citizen::Person(person) = self.citizen {
            person.phone.unplug().await;
        }
        self.ada.phone.unplug().await;
    }
}

/// The bytes of all messages; one that is being sealed just now counts once.
fn bytes_in(folder: &std::path::Path) -> u64 {
    let mut longest = BTreeMap::new();
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.file_name().into_string().unwrap();
        let stem = name.split(".wav").next().unwrap().to_owned();
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let most: &mut u64 = longest.entry(stem).or_default();
        *most = bytes.max(*most);
    }
    longest.values().sum()
}

fn press(key: char) -> Do {
    Do::Press(polaris::words::Digit::try_from(key).unwrap())
}

/// The instant of a kill is no fact: it is any instant.
pub(crate) async fn a_while(span: Duration) {
    tokio::time::sleep_until(now() + span).await;
}

fn now() -> Instant {
    use polaris::words::{Clock, SystemClock};
    let clock = SystemClock::start();
    Instant::from_std(clock.instant_of(clock.now()))
}
