//! `polaris serve` against telephones nobody here wrote: sipp, baresip and Kamailio.
//!
//! `tests/setup` installs them. Every scenario has a service, a folder and addresses
//! of its own, and ends with the service's log searched for numbers and names.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
#![allow(unreachable_pub, reason = "a test is nobody's library")]

#[allow(dead_code, reason = "the support is shared with other tests")]
#[path = "../line_support/authority.rs"]
mod authority;
mod baresip;
mod border;
mod callers;
mod conversations;
mod hearing;
mod kamailio;
mod linphone;
mod networks;
mod responders;
mod secure;
mod sipp;
mod sipvicious;
mod support;

use std::sync::Mutex;
use std::thread;

/// A scenario by its name.
type Scenario = (&'static str, fn());

/// As many as two cores start and hear without one making another late.
const AT_ONCE: usize = 10;

/// The scenarios that wait for the standard's long timers or for speech, several at once.
#[test]
fn the_long_scenarios() {
    let scenarios: [Scenario; 22] = [
        ("a registrar and proxy with MD5", kamailio::a_registrar_and_proxy_with_md5),
        ("a registrar and proxy with SHA-256", kamailio::a_registrar_and_proxy_with_sha_256),
        (
            "without an ACK the 200 is repeated and the case stays",
            callers::without_an_ack_the_200_is_repeated_and_the_case_stays,
        ),
        (
            "whoever cannot take the call is passed over until somebody presses 1",
            responders::whoever_cannot_take_the_call_is_passed_over_until_somebody_presses_1,
        ),
        (
            "over TCP too whoever cannot take the call is passed over",
            responders::over_tcp_too_whoever_cannot_take_the_call_is_passed_over,
        ),
        (
            "two telephones talk and the caller hangs up",
            conversations::two_telephones_talk_and_the_caller_hangs_up,
        ),
        ("two telephones talk over TCP", conversations::two_telephones_talk_over_tcp),
        (
            "two telephones talk and the responder hangs up",
            conversations::two_telephones_talk_and_the_responder_hangs_up,
        ),
        (
            "two hidden telephones talk through a border",
            border::two_hidden_telephones_talk_through_a_border,
        ),
        (
            "two hidden telephones talk through a border over TCP",
            border::two_hidden_telephones_talk_through_a_border_over_tcp,
        ),
        (
            "two hidden telephones talk through a border with protected sound",
            border::two_hidden_telephones_talk_through_a_border_with_protected_sound,
        ),
        (
            "a host that vanishes keeps no connection",
            networks::a_host_that_vanishes_keeps_no_connection,
        ),
        ("two linphones talk over UDP", linphone::two_linphones_talk_over_udp),
        ("a registrar and proxy over TCP", kamailio::a_registrar_and_proxy_over_tcp),
        ("a registrar and proxy over TLS", kamailio::a_registrar_and_proxy_over_tls),
        ("two telephones talk over TLS", secure::two_telephones_talk_over_tls),
        (
            "two telephones talk with protected sound",
            secure::two_telephones_talk_with_protected_sound,
        ),
        ("a linphone calls over TLS", linphone::a_linphone_calls_over_tls),
        ("a linphone calls with protected sound", linphone::a_linphone_calls_with_protected_sound),
        ("two linphones talk over TCP", linphone::two_linphones_talk_over_tcp),
        (
            "a scanner finds no number and registers nothing",
            sipvicious::a_scanner_finds_no_number_and_registers_nothing,
        ),
        (
            "a scanner in the trunk finds what a telephone finds",
            sipvicious::a_scanner_in_the_trunk_finds_what_a_telephone_finds,
        ),
    ];
    let waiting = Mutex::new(scenarios.into_iter());
    let next = || waiting.lock().unwrap().next();
    let play_one_after_another = || {
        let mut failed = Vec::new();
        while let Some((name, play)) = next() {
            if thread::spawn(play).join().is_err() {
                failed.push(name);
            }
        }
        failed
    };
    let failed: Vec<&str> = thread::scope(|scope| {
        let playing = [(); AT_ONCE].map(|()| scope.spawn(play_one_after_another));
        playing.into_iter().flat_map(|playing| playing.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "failed: {failed:?}");
}
