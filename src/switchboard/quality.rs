//! How well the sound of each leg was, noted when the leg is over.
//!
//! The sound's thread measures and tells it a moment after the leg is gone, and perhaps
//! after its call: so each leg keeps a place on the timeline for it.
//!
//! Law: the end of a call stays the last line of its timeline.

use super::legs::LiveLeg;
use super::{LiveCall, Switchboard};
use crate::case::{Fact, Party};
use crate::media::StreamId;
use crate::words::{CallId, Clock, LegId, SoundQuality};

/// A leg that is over, until its sound has been told of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parting {
    call: CallId,
    party: Party,
    /// Its place on the timeline.
    sequence: u32,
}

impl LiveCall {
    /// The call is about to end: whoever is still there keeps a place before that.
    pub(super) fn keep_places(&mut self) {
        for leg in self.legs.values_mut().filter(|leg| leg.format.is_some()) {
            self.sequence += 1;
            leg.place = Some(self.sequence);
        }
    }
}

impl Switchboard {
    /// A leg is over: what its stream was like will be told.
    pub(super) fn await_measure(&mut self, live: &mut LiveCall, id: LegId, leg: &LiveLeg) {
        // Where no sound was agreed none can be told of.
        if leg.format.is_none() {
            return;
        }
        let sequence = leg.place.unwrap_or_else(|| {
            live.sequence += 1;
            live.sequence
        });
        let party = if id == LegId::CALLER { Party::Caller } else { Party::Responder };
        self.parting.insert(leg.stream, Parting { call: live.id, party, sequence });
    }

    /// A stream was closed, and this is how it was.
    pub(super) fn measured(
        &mut self,
        stream: StreamId,
        here: Option<SoundQuality>,
        there: Option<SoundQuality>,
    ) {
        let Some(Parting { call, party, sequence }) = self.parting.remove(&stream) else { return };
        if here.is_none() && there.is_none() {
            return;
        }
        let fact = Fact::SoundMeasured { party, here, there };
        self.show(call, &fact);
        self.parts.store.note(call, sequence, self.parts.clock.wall(), fact);
    }
}
