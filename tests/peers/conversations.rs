//! Two telephones talk through the service.

use std::net::SocketAddr;
use std::time::Duration;

use crate::baresip::{Telephone, WhenRung};
use crate::hearing::{RATE, mean_share, recordings_in};
use crate::support::files::OnDuty;
use crate::support::interop::{Peer, saw};
use crate::support::record::Record;
use crate::support::service::{CALLER, NUMBER, Service};

/// Whose phone is rung.
pub const ON_DUTY: &[OnDuty] = &[(1, "Ada Greco", "+393330000001")];
/// What the caller says, in hertz.
pub const CALLER_SAYS: f64 = 440.0;
/// What the responder says.
pub const RESPONDER_SAYS: f64 = 880.0;
/// Each step of a call takes less.
const STEP: Duration = Duration::from_secs(20);
const A_WHILE: Duration = Duration::from_secs(2);
/// Samples the responder has heard for certain when pressing 1: the recording's own measure,
/// since it begins when the telephone gets to it and not when the service says so.
const HEARD_BEFORE_THE_KEY: usize = A_WHILE.as_secs() as usize * RATE;

/// 20 seconds.
pub fn two_telephones_talk_and_the_caller_hangs_up() {
    let scenario = "A-law, RFC 4733, hold and resume; the caller hangs up";
    talk("udp", scenario, |caller, _| caller.hang_up());
}

/// 20 seconds.
pub fn two_telephones_talk_and_the_responder_hangs_up() {
    let scenario = "A-law, RFC 4733, hold and resume; the responder hangs up";
    talk("udp", scenario, |_, responder| responder.hang_up());
}

/// 20 seconds.
pub fn two_telephones_talk_over_tcp() {
    let scenario = "A-law, RFC 4733, hold and resume; the responder hangs up";
    talk("tcp", scenario, |_, responder| responder.hang_up());
}

/// A telephone with somebody at it, who says a tone.
pub trait Phone {
    /// Calls a number there, over `udp` or `tcp`.
    fn dial(&mut self, server: SocketAddr, number: &str, transport: &str);
    /// Waits until somebody has picked up, here or there.
    fn wait_until_talking(&mut self);
    /// Waits until the call is over.
    fn wait_until_over(&mut self);
    /// Presses a key and lets it go.
    fn press(&mut self, key: char);
    /// Puts the other side on hold: re-INVITE.
    fn hold(&mut self);
    /// Ends the hold: re-INVITE.
    fn resume(&mut self);
    /// Hangs up.
    fn hang_up(&mut self);
    /// Waits until this much more has been heard.
    fn listen(&self, span: Duration);
    /// All it heard, once the call is over.
    fn heard(&self) -> Vec<i16>;
}

fn talk(transport: &str, scenario: &str, end: impl FnOnce(&mut dyn Phone, &mut dyn Phone)) {
    let service = Service::start_with_proxy_over(transport, ON_DUTY);
    let ground = service.ground;
    let subscriber = CALLER.trim_start_matches("+39");
    let mut caller =
        Telephone::plug_in(&service, ground.caller, subscriber, CALLER_SAYS, WhenRung::Rings);
    let mut responder =
        Telephone::plug_in(&service, ground.proxy, ON_DUTY[0].2, RESPONDER_SAYS, WhenRung::Answers);
    let record = converse(&service, &mut caller, &mut responder, (ground.server(), transport), end);
    let came = format!("{}, key {}, sound both ways", record.outcome(), record.keys());
    saw(Peer::Baresip, &transport.to_uppercase(), scenario, &came);
    service.stop();
}

/// A call from the first key to the end, with a hold in it: what was heard and what is on
/// record of it.
pub fn converse(
    service: &Service,
    caller: &mut dyn Phone,
    responder: &mut dyn Phone,
    (server, transport): (SocketAddr, &str),
    end: impl FnOnce(&mut dyn Phone, &mut dyn Phone),
) -> Record {
    caller.dial(server, NUMBER, transport);
    caller.wait_until_talking();
    caller.listen(A_WHILE);
    caller.press('3');
    responder.wait_until_talking();
    responder.listen(A_WHILE);
    responder.press('1');
    service.wait_for_entry("bridged", STEP);
    caller.listen(A_WHILE);
    responder.listen(A_WHILE);
    // A baresip that holds stops recording for good: what it heard before is judged.
    responder.hold();
    service.wait_for_entry("held", STEP);
    responder.resume();
    service.wait_for_entry("resumed", STEP);
    caller.listen(A_WHILE);
    end(caller, responder);
    caller.wait_until_over();
    responder.wait_until_over();

    let record = service.the_one_call();
    assert_eq!((record.outcome(), record.keys()), ("accepted", "3"));
    assert_eq!(record.category(), "homeless");
    assert_eq!(record.attempts(), ["accepted"]);
    assert_eq!(record.call["accepted_by"], ON_DUTY[0].1);
    assert_eq!(record.call["caller"], CALLER);
    the_caller_heard(&caller.heard());
    the_responder_heard(&responder.heard());
    record
}

fn the_caller_heard(sound: &[i16]) {
    let named = recordings_in(sound);
    assert_eq!(named.first().map(|(name, _)| name.as_str()), Some("welcome.polaris"), "{named:?}");
    the_last_second_is(sound, RESPONDER_SAYS, CALLER_SAYS);
}

fn the_responder_heard(sound: &[i16]) {
    let named = recordings_in(sound);
    let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"worker.offer"), "{names:?}");
    assert!(names.contains(&"category.homeless"), "{names:?}");
    assert_eq!(names.last(), Some(&"worker.connect"), "{names:?}");
    let before = sound.get(..HEARD_BEFORE_THE_KEY).unwrap();
    for (name, place) in named.iter().filter(|(name, _)| name != "worker.offer") {
        assert!(place.start >= before.len(), "{name} at {place:?}, before the key");
    }
    assert!(mean_share(before, CALLER_SAYS) < 0.2, "the caller is not heard before the key");
    the_last_second_is(sound, CALLER_SAYS, RESPONDER_SAYS);
}

fn the_last_second_is(sound: &[i16], theirs: f64, own: f64) {
    let second = sound.get(sound.len() - RATE..).unwrap();
    let (heard, echo) = (mean_share(second, theirs), mean_share(second, own));
    assert!(heard > 0.9, "{heard:.2} of the sound is the other's tone");
    assert!(echo < 0.02, "{echo:.2} of the sound is one's own tone");
}
