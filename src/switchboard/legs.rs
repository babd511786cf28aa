//! A leg's dialog and its sound.

use std::net::IpAddr;

use super::trunks::Way;
use crate::media::StreamId;
use crate::sip::sdp::LocalSound;
use crate::sip::{DialogId, Sound};
use crate::words::{Direction, PhoneNumber, StreamFormat};

/// What carries one leg of a call.
#[derive(Debug)]
pub(super) struct LiveLeg {
    pub(super) dialog: DialogId,
    pub(super) stream: StreamId,
    /// Our side of its session description.
    pub(super) local: LocalSound,
    /// What was agreed; `None` until there is an answer.
    pub(super) format: Option<StreamFormat>,
    /// Phones that no other call may ring while this leg lives.
    pub(super) claimed: Vec<PhoneNumber>,
    /// How keys arrive on this leg: the first way that brings one, so that a phone
    /// that sends each press twice is heard once.
    pub(super) keys_by: Option<KeysBy>,
    /// Whether the other side has put us on hold.
    pub(super) held: bool,
    /// Whether no sound arrives although it should.
    pub(super) lost: bool,
    /// Its place on the timeline, for how its sound was; kept when the call ends.
    pub(super) place: Option<u32>,
    /// How it is being rung, for legs we ring.
    pub(super) placing: Option<Placing>,
}

/// A phone being rung: through whom, and who else could.
#[derive(Debug)]
pub(super) struct Placing {
    pub(super) phone: PhoneNumber,
    pub(super) caller_id: PhoneNumber,
    /// The caller's own number, unless they asked to stay unknown.
    pub(super) caller: Option<PhoneNumber>,
    pub(super) way: Way,
    /// Ways not tried yet, best first.
    pub(super) others: Vec<Way>,
    /// The trunk that has refused protected sound for this call: it is offered plain.
    pub(super) plain_for: Option<usize>,
    /// The address its sound is heard at.
    pub(super) ear: IpAddr,
    /// What the other side agreed anew while it rang, for an answer that says nothing of it.
    pub(super) early: Option<StreamFormat>,
}

/// The ways a key arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeysBy {
    /// With the sound: RFC 4733 or tones.
    Sound,
    /// In INFO requests.
    Info,
}

impl LiveLeg {
    /// Whether the other side is heard, as far as is known: ten seconds without a packet say
    /// that it is not.
    pub(super) fn sound(&self) -> Sound {
        let sends = |direction| matches!(direction, Direction::RecvOnly | Direction::SendRecv);
        let expected = self.format.is_some_and(|format| sends(format.direction));
        if expected && !self.lost { Sound::Arrives } else { Sound::Silent }
    }

    /// Whether a key that arrived this way counts.
    pub(super) fn counts(&mut self, way: KeysBy) -> bool {
        *self.keys_by.get_or_insert(way) == way
    }
}
