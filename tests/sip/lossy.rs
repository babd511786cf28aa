//! Two endpoints, a bad link, and people who hang up when they like.
//!
//! Whatever the link does: one INVITE makes at most one call, what one side is
//! told agrees with the other, every dialog ends, and nothing is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use polaris::sip::{DialogId, Event};
use polaris::words::Moment;
use rand::RngExt;

use crate::bench::{Link, Pair, SDP, outgoing};

/// What a person does at some moment.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ring(DialogId),
    Answer(DialogId),
    Refuse(DialogId),
    Probe(usize, DialogId),
    HangUp(usize, DialogId),
}

struct Scene {
    pair: Pair,
    acts: BTreeMap<(Moment, usize), Act>,
    seed: u64,
}

impl Scene {
    fn new(seed: u64, link: Link) -> Self {
        Self { pair: Pair::new(seed, link), acts: BTreeMap::new(), seed }
    }

    fn plan(&mut self, ms: std::ops::Range<u64>, act: Act) {
        let wait = Duration::from_millis(self.pair.random.random_range(ms));
        let order = self.acts.len();
        self.acts.insert((self.pair.now + wait, order * 8 + self.pair.events[1].len()), act);
    }

    fn act(&mut self, act: Act) {
        let now = self.pair.now;
        let [caller, called] = &mut self.pair.sides;
        match act {
            Act::Ring(dialog) => called.ring(now, dialog),
            Act::Answer(dialog) => called.answer(now, dialog, SDP.into()),
            Act::Refuse(dialog) => called.refuse(now, dialog, 486),
            Act::Probe(0, dialog) => caller.probe(now, dialog),
            Act::Probe(_, dialog) => called.probe(now, dialog),
            Act::HangUp(0, dialog) => caller.hang_up(now, dialog),
            Act::HangUp(_, dialog) => called.hang_up(now, dialog),
        }
        self.pair.collect();
    }

    /// The called side's plans, once it is invited.
    fn on_invited(&mut self, dialog: DialogId) {
        self.plan(0..500, Act::Ring(dialog));
        match self.pair.random.random_range(0..10) {
            0 => self.plan(0..20_000, Act::Refuse(dialog)),
            1 => {}
            _ => self.plan(0..20_000, Act::Answer(dialog)),
        }
        self.plan(0..60_000, Act::Probe(1, dialog));
        self.plan(1_000..90_000, Act::HangUp(1, dialog));
    }

    /// Places one call and lets everything happen until nothing more can.
    fn play(&mut self) {
        let dialog = self.pair.sides[0].invite(self.pair.now, outgoing(Pair::route(0))).unwrap();
        self.plan(0..90_000, Act::HangUp(0, dialog));
        self.plan(0..60_000, Act::Probe(0, dialog));
        self.pair.collect();
        let mut invited = 0;
        for step in 0.. {
            assert!(step < 20_000, "seed {}: it never ends", self.seed);
            let planned = self.acts.keys().next().map(|(at, _)| *at);
            let next = [self.pair.next(), planned].into_iter().flatten().min();
            let Some(at) = next else { break };
            self.pair.advance(at);
            while let Some(entry) = self.acts.first_entry().filter(|e| e.key().0 <= at) {
                let act = entry.remove();
                self.act(act);
            }
            let found: Vec<DialogId> = self.pair.events[1][invited..]
                .iter()
                .filter_map(|event| match event {
                    Event::Invited { dialog, .. } => Some(*dialog),
                    _ => None,
                })
                .collect();
            invited = self.pair.events[1].len();
            found.into_iter().for_each(|dialog| self.on_invited(dialog));
        }
    }

    fn check(&self) {
        let seed = self.seed;
        let count = |side: usize, kind: fn(&Event) -> bool| {
            self.pair.events[side].iter().filter(|event| kind(event)).count()
        };
        let story = format!("seed {seed}: {:?}", self.pair.events);
        assert!(count(1, |e| matches!(e, Event::Invited { .. })) <= 1, "{story}");
        assert!(count(0, |e| matches!(e, Event::Ringing { .. })) <= 1, "{story}");
        for side in 0..2 {
            let ends = count(side, |e| {
                matches!(
                    e,
                    Event::Failed { .. }
                        | Event::HungUp { .. }
                        | Event::Cancelled { .. }
                        | Event::NeverConfirmed { .. }
                )
            });
            assert!(ends <= 1, "one end at most: {story}");
            assert_eq!(self.pair.sides[side].open_dialogs(), 0, "{story}");
            assert_eq!(self.pair.sides[side].open_transactions(), 0, "{story}");
            assert_eq!(self.pair.sides[side].poll_timeout(), None, "{story}");
        }
        let answered = count(0, |e| matches!(e, Event::Answered { .. }));
        let failed = count(0, |e| matches!(e, Event::Failed { .. }));
        assert!(answered + failed <= 1, "{story}");
    }
}

#[test]
fn one_invite_makes_at_most_one_call_whatever_the_link_does() {
    for seed in 0..1_500 {
        let loss = [0, 5, 20, 50, 90][usize::try_from(seed % 5).unwrap()];
        let delay_ms_max = [0, 40, 700, 6_000][usize::try_from(seed / 5 % 4).unwrap()];
        let duplication = if seed % 3 == 0 { 60 } else { 10 };
        let mut scene = Scene::new(seed, Link { loss, duplication, delay_ms_max });
        scene.play();
        scene.check();
    }
}

#[test]
fn on_a_good_link_an_answered_call_is_answered_on_both_sides() {
    for seed in 0..300 {
        let mut scene = Scene::new(seed, Link { loss: 0, duplication: 30, delay_ms_max: 40 });
        scene.play();
        scene.check();
        let [caller, called] = &scene.pair.events;
        let answered = caller.iter().any(|e| matches!(e, Event::Answered { .. }));
        let confirmed = called.iter().any(|e| matches!(e, Event::Confirmed { .. }));
        assert!(!answered || confirmed || called.len() == 1, "seed {seed}: {caller:?} {called:?}");
    }
}
