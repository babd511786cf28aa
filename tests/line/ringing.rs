//! Who is rung, who is not, and what a responder hears who is not needed any more.

use polaris::app::phone::{Do, Told};

use crate::line_support::person::Person;
use crate::line_support::{ADA, BRUNO, CITIZENS, COORDINATOR, MARK, Place, lane, mark, seconds};
use crate::{CALLER, Scene, accept};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_who_hangs_up_silences_the_ringing_phone() {
    let mut scene = Scene::set().await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.ada.told(Told::Incoming).await;
    scene.caller.does(Do::HangUp);
    scene.ada.told(Told::HungUp).await;
    scene.service.step("ended").await;
    scene.service.stop().await;
    let case = scene.place.only_case();
    assert_eq!(scene.place.only_call()["outcome"], "abandoned");
    assert_eq!(case["attempts"][0]["outcome"], "cancelled");
    assert_eq!(case["stage"], "segnalazione");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_had_picked_up_hears_that_the_caller_is_gone() {
    let mut scene = Scene::set().await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.ada.told(Told::Incoming).await;
    scene.ada.does(Do::Answer);
    scene.ada.hears("worker.offer").await;
    scene.caller.does(Do::HangUp);
    scene.ada.hears("worker.lost").await;
    scene.ada.hears("digit.1").await;
    scene.ada.told(Told::HungUp).await;
    scene.service.stop().await;
    assert_eq!(scene.place.only_call()["outcome"], "abandoned");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_calls_never_ring_one_responder() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let net = place.net;
    let mut coordinator = Person::at("coordinatore", net.phone(5)).await;
    let mut scene = Scene::set_with(place, &[(COORDINATOR, &coordinator)]).await;
    scene.talk().await;
    let mut second = Person::at("il secondo", net.caller()).await;
    second.calls(CITIZENS, net.service(), "+390831777002");
    second.told(Told::Answered).await;
    second.presses("1");
    coordinator.told(Told::Incoming).await;
    coordinator.does(Do::Answer);
    coordinator.hears("worker.escalate.1").await;
    coordinator.presses("1");
    coordinator.does(Do::Say(mark()));
    second.hears(MARK).await;
    second.does(Do::HangUp);
    coordinator.told(Told::HungUp).await;
    scene.ada.take_in();
    let rung = scene.ada.seen.iter().filter(|told| **told == Told::Incoming).count();
    assert_eq!(rung, 1, "Ada was rung twice");
    let place = scene.hang_up().await;
    let cases = place.cases();
    let busy: Vec<_> = cases
        .iter()
        .flat_map(|case| case["attempts"].as_array().unwrap())
        .filter(|attempt| attempt["responder"] == "Ada Greco" && attempt["outcome"] == "busy")
        .collect();
    assert_eq!((cases.len(), busy.len()), (2, 1), "{cases:#?}");
    let takers: Vec<_> = place.calls().iter().map(|call| call["accepted_by"].clone()).collect();
    assert!(takers.contains(&"Ada Greco".into()) && takers.contains(&"il coordinatore".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_rung_together_one_wins_and_the_other_is_told() {
    let place = Place::with_roster(lane(), [(1, "Ada Greco", ADA), (1, "Bruno Leo", BRUNO)]);
    place.edit_plan("order=\"one-by-one\"", "order=\"together\"");
    let mut bruno = Person::at("Bruno", place.net.phone(1)).await;
    let mut scene = Scene::set_with(place, &[(BRUNO, &bruno)]).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    for person in [&mut scene.ada, &mut bruno] {
        person.told(Told::Incoming).await;
        person.does(Do::Answer);
        person.hears("worker.offer").await;
    }
    bruno.presses("1");
    scene.ada.hears("worker.taken").await;
    scene.ada.told(Told::HungUp).await;
    scene.service.step("bridged").await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["accepted_by"], "Bruno Leo");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_declines_or_is_busy_is_skipped_within_a_second() {
    for (status, outcome) in [(486, "busy"), (603, "declined"), (480, "unreachable")] {
        let place = Place::new(lane(), &[("Ada Greco", ADA), ("Bruno Leo", BRUNO)]);
        let mut bruno = Person::at("Bruno", place.net.phone(1)).await;
        let mut scene = Scene::set_with(place, &[(BRUNO, &bruno)]).await;
        scene.call(CITIZENS);
        scene.caller.told(Told::Answered).await;
        scene.caller.presses("2");
        scene.ada.told(Told::Incoming).await;
        let declined = seconds();
        scene.ada.does(Do::Decline(status));
        bruno.told(Told::Incoming).await;
        assert!(seconds() - declined < 1.0, "{status}");
        let place = scene.hang_up().await;
        assert_eq!(place.only_case()["attempts"][0]["outcome"], outcome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn key_2_of_the_responder_leads_to_the_next_at_once() {
    let place = Place::new(lane(), &[("Ada Greco", ADA), ("Bruno Leo", BRUNO)]);
    let mut bruno = Person::at("Bruno", place.net.phone(1)).await;
    let mut scene = Scene::set_with(place, &[(BRUNO, &bruno)]).await;
    scene.caller.calls(CITIZENS, scene.place.net.service(), CALLER);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.ada.told(Told::Incoming).await;
    scene.ada.does(Do::Answer);
    scene.ada.hears("worker.offer").await;
    scene.ada.presses("2");
    accept(&mut bruno).await;
    scene.ada.told(Told::HungUp).await;
    scene.service.step("bridged").await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"][0]["outcome"], "declined");
    assert_eq!(place.only_call()["accepted_by"], "Bruno Leo");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_winner_who_vanishes_before_the_bridge_puts_the_caller_back_at_the_head() {
    let mut scene = Scene::set().await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.ada.hears("category.violence").await;
    scene.ada.does(Do::HangUp);
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    scene.ada.does(Do::Say(mark()));
    scene.caller.hears(MARK).await;
    let place = scene.hang_up().await;
    let case = place.only_case();
    assert_eq!(place.only_call()["outcome"], "accepted");
    assert_eq!(case["attempts"].as_array().unwrap().len(), 2, "{case:#}");
}
