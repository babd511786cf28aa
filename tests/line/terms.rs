//! The terms of a trunk, as they are written, in a call as it comes: where numbers stand, how
//! many calls there may be, how wide the sound is.

use polaris::app::phone::{Do, Told};

use crate::line_support::exchange::header;
use crate::line_support::operator::RawOperator;
use crate::line_support::raw::RawCaller;
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, DIRECT, Place, lane};
use crate::{CALLER, Scene, accept};

/// A service whose callers' trunk has these terms.
fn place(terms: &str, more: &str) -> Place {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let config = place.config(more).replacen("accept_from", &format!("{terms}\naccept_from"), 1);
    place.write("polaris.toml", &config);
    place
}

/// A second trunk: an operator that is told each word.
async fn second(place: &Place) -> RawOperator {
    RawOperator::open(place.net.ip(20)).await
}

/// What is written for that.
fn written(lane: &Place) -> String {
    let ip = lane.net.ip(20);
    format!("[[trunk]]\nname = \"secondo\"\norder = 9\nprobe = false\nproxy = \"{ip}:5060\"\n")
}

/// A call as one operator sends it: the account in To, the number dialled in Diversion, the
/// caller's in P-Preferred-Identity, national, and the wish to stay unknown.
async fn strange_call(place: &Place) {
    let service = Service::start(place).await;
    let mut raw =
        RawCaller::new(place.net.caller(), place.net.service(), "anonymous", CITIZENS).await;
    let sdp = raw.sdp(true, "sendrecv");
    let fields = format!(
        "Diversion: <sip:{DIRECT}@x>\r\nP-Preferred-Identity: <sip:0832358350@x>\r\n\
         P-Asserted-Identity: <sip:+390831999111@x>\r\nPrivacy: id\r\n"
    );
    raw.invite_with(&fields, &sdp).await;
    raw.status(200).await;
    raw.ack().await;
    service.step("call_answered").await;
    raw.bye().await;
    raw.status(200).await;
    service.step("ended").await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_are_read_where_and_as_the_trunk_writes_them() {
    let terms = "called_in = [\"Diversion\"]\ncaller_in = [\"P-Preferred-Identity\"]\n\
                 numbers_in = \"national\"\nshow_hidden = true";
    let place = place(terms, "");
    strange_call(&place).await;
    let call = place.only_call();
    assert_eq!(call["number_called"], DIRECT, "{call:#}");
    assert_eq!(call["caller"], "+390832358350", "{call:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_terms_to_counts_and_who_hides_is_hidden() {
    let place = place("", "");
    strange_call(&place).await;
    let call = place.only_call();
    assert_eq!(call["number_called"], CITIZENS, "{call:#}");
    assert!(call["caller"].is_null(), "{call:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_with_all_its_calls_rings_nobody_while_another_is_left() {
    let first = Place::new(lane(), &[("Ada Greco", ADA)]);
    let more = written(&first);
    let config = first.config(&more).replacen("accept_from", "max_calls = 1\naccept_from", 1);
    first.write("polaris.toml", &config);
    let mut operator = second(&first).await;
    let mut scene = Scene::set_on(first).await;
    scene.service.says(&["trunk.name=\"prova\"", "a trunk is well"]).await;
    // The caller came over it: that is its one call.
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    let invite = operator.request("INVITE").await;
    assert!(invite.contains(ADA), "{invite}");
    assert!(scene.exchange.invited().is_empty());
    // The second refuses: then the full one is tried rather than nobody.
    operator.answer(&invite, "503 Service Unavailable", "").await;
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    scene.service.says(&["WARN", "a trunk that carries max_calls is dialled", "prova"]).await;
    // Not of the first ring, nor of the other trunk.
    let told = scene.service.log().matches("a trunk that carries max_calls is dialled").count();
    assert_eq!(told, 1, "{}", scene.service.log());
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"].as_array().unwrap().len(), 1, "one ring");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_only_trunk_rings_a_responder_and_takes_callers_beyond_its_maximum() {
    let mut scene = Scene::set_on(place("max_calls = 1", "")).await;
    scene.talk().await;
    scene.service.says(&["WARN", "a trunk that carries max_calls is dialled"]).await;
    let net = scene.place.net;
    let mut raw = RawCaller::new(net.caller(), net.service(), "+390831777009", CITIZENS).await;
    raw.is_answered(true).await;
    raw.bye().await;
    raw.status(200).await;
    scene.caller.does(Do::HangUp);
    scene.service.says_times(2, &["step=\"ended\""]).await;
    scene.service.stop().await;
    assert_eq!(scene.place.calls().len(), 2);
}

/// What a responder is offered for a caller whose offer lists these formats.
async fn offered_for(formats: &str) -> String {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let trunk = written(&place).replace("order = 9", "order = 0");
    place.write("polaris.toml", &place.config(&trunk));
    let mut operator = second(&place).await;
    let service = Service::start(&place).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    let sdp = raw.sdp(true, "sendrecv");
    let sdp = sdp.replacen("RTP/AVP 8 101", &format!("RTP/AVP {formats} 101"), 1);
    raw.invite(&sdp.replacen("a=rtpmap:8", "a=rtpmap:9 G722/8000\r\na=rtpmap:8", 1)).await;
    let ok = raw.status(200).await;
    let wide = formats.starts_with('9');
    let agreed = header(&ok, "m=audio ").unwrap();
    assert_eq!(agreed.split(' ').nth(2), Some(if wide { "9" } else { "8" }), "{ok}");
    raw.ack().await;
    raw.info("application/dtmf-relay", "Signal=2\r\n").await;
    let invite = operator.request("INVITE").await;
    operator.answer(&invite, "486 Busy Here", "").await;
    raw.bye().await;
    raw.status(200).await;
    service.step("ended").await;
    header(&invite, "m=audio ").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_responder_is_offered_wideband_first_for_a_caller_who_has_it_and_for_no_other() {
    let offered = offered_for("9 8").await;
    let formats: Vec<&str> = offered.split(' ').skip(2).collect();
    assert_eq!(formats.first(), Some(&"9"), "{offered}");
    assert!(formats.contains(&"8"), "a phone without it has A-law: {offered}");
    let offered = offered_for("8").await;
    let formats: Vec<&str> = offered.split(' ').skip(2).collect();
    assert_eq!(formats.first(), Some(&"8"), "{offered}");
    assert!(!formats.contains(&"9"), "{offered}");
}
