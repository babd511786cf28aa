//! Carries out the orders of a conversation.

use std::time::Duration;

use super::legs::LiveLeg;
use super::{LiveCall, Sight, Switchboard};
use crate::call::{Claim, Input, Output, Repeat, RingFailure};
use crate::case::Fact;
use crate::media::{self, Order, Shelved, StreamId};
use crate::roster::Need;
use crate::sip::sdp;
use crate::store::Opening;
use crate::words::{CallId, Category, Clock, Language, LegId, PhoneNumber, PlayId, PromptId};

impl Switchboard {
    /// Drains a call's orders, and the orders that follow from carrying them out.
    /// Returns whether the call goes on.
    pub(super) fn carry_out(&mut self, live: &mut LiveCall) -> bool {
        loop {
            while let Some(output) = live.call.poll_output() {
                if output == Output::End {
                    self.forget(live);
                    return false;
                }
                self.perform(live, output);
            }
            if live.waiting.is_empty() {
                return true;
            }
            let now = self.now();
            for input in std::mem::take(&mut live.waiting) {
                live.call.handle_input(now, input);
            }
        }
    }

    fn perform(&mut self, live: &mut LiveCall, output: Output) {
        match output {
            Output::Answer => self.answer(live),
            Output::Bridge { leg } => self.bridge(live, leg),
            Output::Cancel { leg } | Output::HangUp { leg } => self.hang_up(live, leg),
            Output::FindOnCall { category, .. } => self.find_on_call(live, category),
            Output::Note(fact) => self.note(live, fact),
            Output::OpenCase { first } => self.open_case(live, first),
            Output::Play { leg, play, prompts, language, repeat } => {
                self.play(live, leg, play, &prompts, language, repeat);
            }
            Output::Record { max } => self.record(live, max),
            Output::Ring { leg, phone, claim, .. } => self.ring(live, leg, &phone, claim),
            Output::StopPlay { leg } => {
                self.order_on(live, leg, |stream| Order::StopPlay { stream });
            }
            Output::StopRecord => {
                self.order_on(live, LegId::CALLER, |stream| Order::StopRecord { stream });
            }
            // Taken by `carry_out`.
            Output::End => {}
        }
    }

    fn order_on(&self, live: &LiveCall, leg: LegId, order: impl FnOnce(StreamId) -> Order) {
        if let Some(leg) = live.legs.get(&leg) {
            self.order(order(leg.stream));
        }
    }

    fn open_case(&self, live: &LiveCall, first: Fact) {
        self.show(live.id, &first);
        let answer = self.parts.store.opening(Opening {
            call: live.id,
            case: live.case,
            service: live.plan.service.clone(),
            timezone: live.plan.timezone,
            number_called: live.number_called.clone(),
            caller: live.caller.clone(),
            arrived: live.arrived,
            first,
        });
        self.await_case(live.id, answer);
    }

    pub(super) fn note(&self, live: &mut LiveCall, fact: Fact) {
        if matches!(fact, Fact::Ended { .. }) {
            live.keep_places();
        }
        live.sequence += 1;
        self.show(live.id, &fact);
        self.figures.noted(&fact);
        self.parts.store.note(live.id, live.sequence, self.parts.clock.wall(), fact);
    }

    pub(super) fn show(&self, call: CallId, fact: &Fact) {
        match fact {
            Fact::RosterUnavailable
            | Fact::StepFailed
            | Fact::StoreFailed
            | Fact::VoicemailFailed => {
                tracing::error!(call.id = %call, step = fact.kind(), "{}", fact.kind());
            }
            Fact::RosterEmpty | Fact::NobodyAccepted => {
                tracing::error!(call.id = %call, step = fact.kind(), "nobody took the call");
            }
            Fact::PromptMissing { prompt } => {
                tracing::error!(call.id = %call, %prompt, "a recording is missing");
            }
            _ => tracing::info!(call.id = %call, step = fact.kind(), "call"),
        }
        if let Some(watch) = &self.watch {
            let at = self.parts.clock.wall();
            let _ = watch.send(Sight { call, at, fact: fact.clone() });
        }
    }

    fn answer(&mut self, live: &mut LiveCall) {
        let now = self.now();
        let Some(leg) = live.legs.get_mut(&LegId::CALLER) else { return };
        live.unacknowledged = Some(now);
        self.figures.answered_after.record(now.since(live.began).as_secs_f64());
        let (Some(format), Some(body)) = (leg.format, live.answer.take()) else {
            // No offer came: ours goes out, the answer comes with the ACK.
            let offer = sdp::offer(&leg.local);
            self.parts.endpoint.answer(now, leg.dialog, offer);
            return;
        };
        self.parts.endpoint.answer(now, leg.dialog, body);
        self.agree(leg, format);
        live.waiting.push(Input::CallerConnected);
    }

    fn bridge(&self, live: &LiveCall, responder: LegId) {
        let caller = live.legs.get(&LegId::CALLER);
        if let (Some(caller), Some(responder)) = (caller, live.legs.get(&responder)) {
            self.order(Order::Bridge { a: caller.stream, b: responder.stream });
        }
    }

    pub(super) fn hang_up(&mut self, live: &mut LiveCall, leg: LegId) {
        if let Some(carried) = live.legs.remove(&leg) {
            let now = self.now();
            self.parts.endpoint.hang_up(now, carried.dialog);
            self.release(live, leg, &carried);
        }
    }

    /// Frees what a leg held. Its dialog may still be saying goodbye.
    pub(super) fn release(&mut self, live: &mut LiveCall, id: LegId, leg: &LiveLeg) {
        self.await_measure(live, id, leg);
        self.dialogs.remove(&leg.dialog);
        self.streams.remove(&leg.stream);
        self.order(Order::Close { stream: leg.stream });
        self.claims.release(&leg.claimed, live.id);
    }

    pub(super) fn forget(&mut self, live: &mut LiveCall) {
        for id in live.legs.keys().copied().collect::<Vec<_>>() {
            self.hang_up(live, id);
        }
        tracing::info!(call.id = %live.id, "the call is over");
    }

    fn find_on_call(&self, live: &mut LiveCall, category: Category) {
        let plan = &live.plan;
        live.waiting.push(match &self.parts.roster {
            None => Input::RosterUnavailable,
            Some(roster) => {
                let at = self.parts.clock.wall();
                // Nobody has asked the caller for the Comune.
                let need = Need { category, comune: None };
                let ladder = roster.on_call(&plan.service, &plan.equipe, at, &need);
                if !ladder.without_phone.is_empty() {
                    let people = ladder.without_phone.len();
                    tracing::error!(call.id = %live.id, people, "on duty without a phone");
                }
                Input::OnCall { ladder }
            }
        });
    }

    fn play(
        &self,
        live: &mut LiveCall,
        leg: LegId,
        play: PlayId,
        prompts: &[PromptId],
        language: Language,
        repeat: Repeat,
    ) {
        let Some((stream, format)) = live.legs.get(&leg).map(|leg| (leg.stream, leg.format)) else {
            return;
        };
        let mut sounds = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            sounds.push(match self.parts.shelf.get(language, prompt) {
                Shelved::Found(sound) | Shelved::OtherLanguage(sound) => sound,
                Shelved::Missing(sound) => {
                    live.waiting.push(Input::PromptMissing { prompt: prompt.clone() });
                    sound
                }
            });
        }
        // Coded here, once for everybody, and not on the thread that must not be late.
        if let Some(format) = format {
            for sound in &sounds {
                let _ = sound.coded(format.codec);
            }
        }
        let repeat = match repeat {
            Repeat::Once => media::Repeat::Once,
            Repeat::Forever => media::Repeat::Forever,
        };
        self.order(Order::Play { stream, play, sounds, repeat });
    }

    fn record(&self, live: &LiveCall, max: Duration) {
        let path = &self.settings.voicemail_dir;
        // A second message of one call has a name of its own.
        let path = path.join(format!("{}-{}.wav", live.case, live.sequence));
        self.order_on(live, LegId::CALLER, |stream| Order::Record { stream, path, max });
    }

    fn ring(&mut self, live: &mut LiveCall, leg: LegId, phone: &PhoneNumber, claim: Claim) {
        if let Err(why) = self.try_ring(live, leg, phone, claim) {
            live.waiting.push(Input::LegFailed { leg, why });
        }
    }

    fn try_ring(
        &mut self,
        live: &mut LiveCall,
        id: LegId,
        phone: &PhoneNumber,
        claim: Claim,
    ) -> Result<(), RingFailure> {
        if !self.may_dial(live, phone) {
            tracing::error!(call.id = %live.id, "a number that may not be dialled was refused");
            return Err(RingFailure::Unreachable);
        }
        let claimed = match claim {
            Claim::Shared => Vec::new(),
            Claim::Exclusive(phones) if self.claims.take(&phones, live.id) => phones,
            Claim::Exclusive(_) => return Err(RingFailure::InUse),
        };
        // Only a phone that is really to ring counts: who is in another call does not.
        let now = self.now();
        let placed = if self.rung.take(now, self.settings.outbound_rate) {
            self.place(live, id, phone, claimed.clone())
        } else {
            tracing::error!(call.id = %live.id,
                "more phones are being rung than [sip] outbound_per_minute allows: one was not");
            Err(RingFailure::Unreachable)
        };
        if placed.is_err() {
            self.claims.release(&claimed, live.id);
        }
        placed
    }

    /// Only the roster's phones and the plan's own, in the countries of `[sip]
    /// outbound_countries`; never 112 and its like.
    fn may_dial(&self, live: &LiveCall, phone: &PhoneNumber) -> bool {
        let on_roster = || self.parts.roster.as_ref().is_some_and(|roster| roster.rings(phone));
        let of_the_plan = live.plan.own_targets().any(|target| target == phone);
        let permitted = !phone.is_never_dialled() && phone.is_in(&self.settings.outbound_countries);
        permitted && (of_the_plan || on_roster())
    }
}
