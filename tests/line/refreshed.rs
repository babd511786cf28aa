//! Calls that must be refreshed (RFC 4028) when we are the called side.

use std::time::Duration;

use crate::line_support::exchange::header;
use crate::line_support::raw::RawCaller;
use crate::line_support::{CITIZENS, kinds};
use crate::{CALLER, Scene, accept};

/// The shortest session there may be (RFC 4028 §4), ours to refresh.
const TIMER: &str =
    "Supported: timer\r\nAllow: INVITE, ACK, BYE, UPDATE\r\nSession-Expires: 90;refresher=uas\r\n";

/// 47 seconds: half the session is 45.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_is_refreshed_at_half_time_and_kept_though_the_ack_of_a_reinvite_is_lost() {
    let mut scene = Scene::set().await;
    let net = scene.place.net;
    let mut raw = RawCaller::new(net.caller(), net.service(), CALLER, CITIZENS).await;
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite_with(TIMER, &sdp).await;
    let ok = raw.status(200).await;
    assert_eq!(header(&ok, "Session-Expires:").as_deref(), Some("90;refresher=uas"));
    assert!(header(&ok, "Require:").is_some_and(|required| required.contains("timer")), "{ok}");
    raw.ack().await;
    let talking = raw.talks_on();
    raw.info("application/dtmf-relay", "Signal=2\r\n").await;
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    // Its 200 is repeated for 32 seconds, and never acknowledged.
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite_with(TIMER, &sdp).await;
    raw.status(200).await;
    let update = raw.is_asked("UPDATE", Duration::from_secs(75)).await;
    assert_eq!(header(&update, "Session-Expires:").as_deref(), Some("90;refresher=uac"));
    raw.agrees(&update, "Session-Expires: 90;refresher=uac\r\n").await;
    raw.bye().await;
    raw.status(200).await;
    talking.abort();
    scene.service.step("ended").await;
    scene.service.stop().await;
    let case = scene.place.only_case();
    assert!(!kinds(&case).contains(&"line_lost"), "{case:#}");
    assert_eq!(scene.place.only_call()["outcome"], "accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_who_refreshes_is_granted_it_by_update_and_by_reinvite() {
    let scene = Scene::set().await;
    let net = scene.place.net;
    let mut raw = RawCaller::new(net.caller(), net.service(), CALLER, CITIZENS).await;
    let theirs = TIMER.replace("refresher=uas", "refresher=uac");
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite_with(&theirs, &sdp).await;
    raw.status(200).await;
    raw.ack().await;
    let granted = |answer: &str| header(answer, "Session-Expires:");
    let updated = raw.refreshes(&theirs).await;
    assert_eq!(granted(&updated).as_deref(), Some("90;refresher=uac"));
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite_with(&theirs, &sdp).await;
    let again = raw.status(200).await;
    assert_eq!(granted(&again).as_deref(), Some("90;refresher=uac"));
    raw.ack().await;
    raw.bye().await;
    raw.status(200).await;
    scene.service.step("ended").await;
    scene.service.stop().await;
}
