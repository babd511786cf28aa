//! Two people hear each other.

use polaris::app::phone::{Do, Told};

use crate::line_support::raw::RawCaller;
use crate::line_support::{CITIZENS, MARK, kinds, mark, seconds, tenths_of, tone};
use crate::{CALLER, Scene, accept};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_two_hear_each_other_and_the_case_tells_how_they_met() {
    let mut scene = Scene::set().await;
    scene.talk().await;
    for (person, pitch) in [(&scene.caller, 440.0), (&scene.ada, 1_000.0)] {
        person.does(Do::Say(tone(pitch, 8_000)));
        person.does(Do::Say(mark()));
    }
    // The mark comes after the tone: who hears it has heard the tone.
    scene.caller.hears(MARK).await;
    scene.ada.hears(MARK).await;
    scene.ada.does(Do::HangUp);
    scene.caller.told(Told::HungUp).await;
    scene.service.step("ended").await;
    scene.service.stop().await;
    let (to_caller, to_ada) = (scene.caller.phone.unplug().await, scene.ada.phone.unplug().await);
    assert!(tenths_of(&to_caller, 1_000.0) >= 8, "the caller hears Ada");
    assert!(tenths_of(&to_ada, 440.0) >= 8, "Ada hears the caller");
    assert_eq!(tenths_of(&to_caller, 440.0), 0, "nobody hears himself");
    let (call, case) = (scene.place.only_call(), scene.place.only_case());
    assert_eq!(call["outcome"], "accepted");
    assert_eq!(call["accepted_by"], "Ada Greco");
    assert_eq!(call["category"], "violence");
    assert_eq!(call["keys"], "2");
    assert_eq!(call["caller"], CALLER);
    assert_eq!(case["attempts"][0]["outcome"], "accepted");
    assert_eq!(case["callback_owed"], false);
    let story = kinds(&case);
    for kind in ["arrived", "category_chosen", "rang", "phone_answered", "accepted", "bridged"] {
        assert!(story.contains(&kind), "{kind} is missing in {story:?}");
    }
    let measured = story.iter().filter(|kind| **kind == "sound_measured").count();
    assert_eq!((measured, story.last()), (2, Some(&"ended")), "{story:?}");
    let told = case["entries"].to_string();
    assert!(told.contains("Qualità audio (chi chiama): perdita "), "{told}");
    assert!(told.contains("Qualità audio (l'operatore): perdita "), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_the_brief_the_two_are_connected_within_300_ms() {
    let mut scene = Scene::set().await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.ada.hears("worker.connect").await;
    let named = seconds();
    // Named 40 ms after its beginning, it lasts 360 ms more.
    scene.ada.does(Do::Say(mark()));
    scene.caller.hears(MARK).await;
    let connected = seconds() - named - 0.36;
    // To be named, the mark itself has to sound for 40 ms.
    assert!(connected < 0.3 + 0.06, "{connected} s after the brief");
    scene.hang_up().await;
}

/// Ada talks with a caller whose every message the test writes.
async fn bridged() -> (Scene, RawCaller) {
    let mut scene = Scene::set().await;
    let net = scene.place.net;
    let mut raw = RawCaller::new(net.caller(), net.service(), CALLER, CITIZENS).await;
    raw.is_answered(true).await;
    raw.info("application/dtmf", "2").await;
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    (scene, raw)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_moves_to_another_address_is_heard_and_hears_there_alone() {
    let (mut scene, mut raw) = bridged().await;
    let old = raw.moves().await;
    raw.says(&mark()).await;
    scene.ada.hears(MARK).await;
    scene.ada.does(Do::Say(tone(1_000.0, 16_000)));
    raw.hears().await;
    // What was on its way when it moved.
    let mut buffer = [0; 2_048];
    while old.try_recv(&mut buffer).is_ok() {}
    for _ in 0..25 {
        raw.hears().await;
    }
    assert!(old.try_recv(&mut buffer).is_err(), "sound goes where nobody is any more");
    raw.bye().await;
    scene.service.step("ended").await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_and_a_fax_do_not_end_a_conversation() {
    let (mut scene, mut raw) = bridged().await;
    let held = raw.reinvite("sendonly").await;
    assert!(held.contains("a=recvonly"), "{held}");
    scene.service.step("held").await;
    let back = raw.reinvite("sendrecv").await;
    assert!(back.contains("a=sendrecv"), "{back}");
    scene.service.step("resumed").await;
    let fax =
        raw.sdp(true, "sendrecv").replace("audio", "image").replace("RTP/AVP 8 101", "udptl t38");
    raw.invite(&fax).await;
    raw.status(488).await;
    raw.ack().await;
    raw.says(&mark()).await;
    scene.ada.hears(MARK).await;
    raw.bye().await;
    scene.ada.told(Told::HungUp).await;
    scene.service.step("ended").await;
    scene.service.stop().await;
    assert_eq!(scene.place.only_call()["outcome"], "accepted");
}
