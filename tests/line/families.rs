//! IPv6: a whole call over `::1`, and both families side by side.

use polaris::app::phone::{Do, Told};

use crate::line_support::raw::RawCaller;
use crate::line_support::{ADA, CITIZENS, MARK, Net, Place, lane, mark};
use crate::{CALLER, Scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_whole_call_goes_over_ipv6() {
    let place = Place::at(Net::over_ipv6(lane()), &[("Ada Greco", ADA)]);
    let mut scene = Scene::set_on(place).await;
    scene.talk().await;
    scene.caller.does(Do::Say(mark()));
    scene.ada.does(Do::Say(mark()));
    scene.caller.hears(MARK).await;
    scene.ada.hears(MARK).await;
    let invited = scene.exchange.invited();
    assert!(invited[0].contains("@[::1]:"), "{invited:?}");
    scene.ada.does(Do::HangUp);
    scene.caller.told(Told::HungUp).await;
    scene.service.step("ended").await;
    scene.service.stop().await;
    assert_eq!(scene.place.only_call()["outcome"], "accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_over_ipv4_is_connected_to_a_responder_over_ipv6() {
    let (four, six) = (Net::new(lane()), Net::over_ipv6(lane()));
    let place = Place::at(six, &[("Ada Greco", ADA)]);
    let both = format!("listen = [\"udp:{}\", ", four.service());
    let config = place.read("polaris.toml").replace("listen = [", &both);
    let config = config.replace("accept_from = [", &format!("accept_from = [\"{}\", ", four.ip(2)));
    place.write("polaris.toml", &config);
    let mut scene = Scene::set_on(place).await;
    let mut caller = crate::line_support::person::Person::at("chi chiama", four.caller()).await;
    caller.calls(CITIZENS, four.service(), CALLER);
    caller.told(Told::Answered).await;
    caller.presses("2");
    crate::accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    caller.does(Do::Say(mark()));
    scene.ada.does(Do::Say(mark()));
    caller.hears(MARK).await;
    scene.ada.hears(MARK).await;
    caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_goes_back_where_the_question_came_from_whatever_its_via_says() {
    let scene = Scene::set().await;
    let net = scene.place.net;
    // Behind a NAT: its Via names an address that is not its own, and asks for rport.
    let mut raw = RawCaller::new(net.caller(), net.service(), CALLER, CITIZENS).await;
    raw.via = Some("198.51.100.7:5066".to_owned());
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite(&sdp).await;
    let answer = raw.status(200).await;
    let port = raw.port();
    let via = answer.lines().find(|line| line.starts_with("Via:")).unwrap();
    assert!(via.contains(&format!(";rport={port}")), "{via}");
    assert!(via.contains(&format!(";received={}", net.ip(2))), "{via}");
    raw.ack().await;
    raw.bye().await;
    raw.status(200).await;
    scene.service.step("ended").await;
}
