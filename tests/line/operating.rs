//! What the operator of the machine does while people talk.

use polaris::app::phone::{Do, Told};

use std::io::Write as _;
use std::time::Duration;

use crate::line_support::operator::RawOperator;
use crate::line_support::raw::RawCaller;
use crate::line_support::{ADA, CITIZENS, MARK, Place, lane, mark, soon};
use crate::{CALLER, Scene, Service, accept};

/// A service with this in its `[sip]`.
fn place_with(line: &str) -> Place {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    place.write("polaris.toml", &place.config("").replace("[rtp]", &format!("{line}\n[rtp]")));
    place
}

/// Both hear the end, and the next start owes the caller a call.
async fn everybody_is_hung_up_on(mut scene: Scene) {
    scene.caller.told(Told::HungUp).await;
    scene.ada.told(Told::HungUp).await;
    assert_eq!(scene.service.ended().await, Some(1), "{}", scene.service.log());
    let service = Service::start(&scene.place).await;
    service.says(&["ERROR", "cut by a crash"]).await;
    service.stop().await;
    assert_eq!(scene.place.only_call()["outcome"], "interrupted");
    assert_eq!(scene.place.only_case()["callback_owed"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_that_answers_nothing_keeps_no_service_without_calls_from_its_end() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let ip = place.net.ip(20);
    let trunk = format!("[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"{ip}:5060\"\n");
    place.write("polaris.toml", &place.config(&format!("{trunk}probe = false\n")));
    let mut operator = RawOperator::open(ip).await;
    let mut service = Service::start(&place).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    raw.is_answered(true).await;
    raw.info("application/dtmf-relay", "Signal=2\r\n").await;
    operator.request("INVITE").await;
    raw.bye().await;
    service.step("ended").await;
    // An INVITE without any answer lasts 32 s (RFC 3261 timer B).
    service.signal("TERM");
    let ended = tokio::time::timeout(Duration::from_secs(20), service.ended()).await;
    assert_eq!(ended, Ok(Some(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_sigterm_hangs_up_on_everybody_before_the_end() {
    let mut scene = Scene::set().await;
    scene.talk().await;
    scene.service.signal("TERM");
    scene.service.says(&["draining"]).await;
    scene.service.signal("TERM");
    everybody_is_hung_up_on(scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_drain_has_an_end() {
    let mut scene = Scene::set_on(place_with("drain_max = \"1s\"")).await;
    scene.talk().await;
    scene.service.signal("TERM");
    scene.service.says(&["ERROR", "did not end in time"]).await;
    everybody_is_hung_up_on(scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_nobody_acknowledges_gives_its_place_to_another() {
    let scene = Scene::set_on(place_with("calls_max = 1")).await;
    let net = scene.place.net;
    let mut silent = RawCaller::new(net.caller(), net.service(), "+390831777002", CITIZENS).await;
    let offer = silent.sdp(true, "sendrecv");
    silent.invite(&offer).await;
    silent.status(200).await;
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    let answered = async {
        loop {
            tick.tick().await;
            let number = "+390831777003";
            let mut other = RawCaller::new(net.caller(), net.service(), number, CITIZENS).await;
            let offer = other.sdp(true, "sendrecv");
            other.invite(&offer).await;
            let status = loop {
                let status = other.next().await.status;
                if status >= 200 {
                    break status;
                }
            };
            other.ack().await;
            match status {
                200 => break other,
                status => assert_eq!(status, 503),
            }
        }
    };
    let mut other = soon("the other is answered", answered).await;
    scene.service.says(&["gave its place"]).await;
    other.bye().await;
    other.status(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_nobody_reads_keeps_no_call_waiting() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let stderr = writer.try_clone().unwrap();
    // Fills the pipe and waits: from then on every write to it waits.
    std::thread::spawn(move || while writer.write_all(&[b'x'; 4_096]).is_ok() {});
    let mut child =
        place.command(&["serve"]).env("POLARIS_LOG", "trace").stderr(stderr).spawn().unwrap();
    let net = place.net;
    let mut raw = RawCaller::new(net.caller(), net.service(), CALLER, CITIZENS).await;
    let offer = raw.sdp(true, "sendrecv");
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    // Until it listens, nothing hears us.
    let answered = async {
        loop {
            raw.invite_again(&offer).await;
            tokio::select! {
                text = raw.status(200) => break drop(text),
                _ = tick.tick() => {}
            }
        }
    };
    soon("the call is answered", answered).await;
    raw.ack().await;
    raw.bye().await;
    raw.status(200).await;
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    assert_eq!(place.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sigterm_ends_no_conversation_and_takes_no_new_call() {
    let mut scene = Scene::set().await;
    scene.talk().await;
    scene.service.signal("TERM");
    scene.service.says(&["draining"]).await;
    let net = scene.place.net;
    let mut late = RawCaller::new(net.caller(), net.service(), "+390831777002", CITIZENS).await;
    let offer = late.sdp(true, "sendrecv");
    late.invite(&offer).await;
    late.status(503).await;
    late.ack().await;
    scene.ada.does(Do::Say(mark()));
    scene.caller.hears(MARK).await;
    scene.caller.does(Do::HangUp);
    assert_eq!(scene.service.ended().await, Some(0));
    let call = scene.place.only_call();
    assert_eq!((&call["outcome"], &call["caller"]), (&"accepted".into(), &CALLER.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sighup_takes_a_good_plan_and_refuses_a_bad_one() {
    let mut scene = Scene::set().await;
    scene.call(CITIZENS);
    scene.caller.hears("welcome.polaris").await;
    // Calls in hand keep their plan: this one ends as it began.
    scene.place.edit_plan("play \"welcome.polaris\" \"privacy.short\"", "play \"welcome.lecce\"");
    scene.service.signal("HUP");
    scene.service.says(&["the plans were read anew"]).await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
    scene.call(CITIZENS);
    scene.caller.hears("welcome.lecce").await;
    scene.caller.does(Do::HangUp);

    scene.place.edit_plan("play \"welcome.lecce\"", "plai \"welcome.polaris\"");
    scene.service.signal("HUP");
    scene.service.says(&["ERROR", "the old plans stay"]).await;
    scene.service.says(&["plai"]).await;
    scene.caller.told(Told::HungUp).await;
    scene.call(CITIZENS);
    scene.caller.hears("welcome.lecce").await;
    scene.caller.does(Do::HangUp);
    scene.service.stop().await;
    assert_eq!(scene.place.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_roster_imported_meanwhile_counts_for_the_next_call() {
    let mut scene = Scene::set().await;
    scene
        .place
        .write("nuovi.csv", &scene.place.read("turni.csv").replace("Ada Greco", "Carla Nuovi"));
    let imported = scene.place.run(&["roster", "import", "nuovi.csv"]);
    assert!(imported.status.success());
    scene.service.says(&["the roster was read anew"]).await;
    scene.talk().await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["accepted_by"], "Carla Nuovi");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sigterm_in_the_same_instant_it_answers_stops_it_in_order() {
    for _ in 0..5 {
        Scene::set().await.service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_connection_that_writes_is_in_wal_and_waits_for_the_disk() {
    let place = Place::new(lane(), &[]);
    let service = Service::start(&place).await;
    // Read back by the writer on its own connection: both pragmas hold for one alone.
    service.says(&["store.journal_mode=\"wal\" store.synchronous=2"]).await;
    assert!(!service.said(&["ERROR", "store.synchronous"]), "{}", service.log());
    service.stop().await;
}
