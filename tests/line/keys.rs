//! Keys: as events, in INFO, as tones; and what they do.

use polaris::app::phone::{Do, Told};
use polaris::words::Language;

use crate::line_support::raw::RawCaller;
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, DIRECT, Place, lane};
use crate::{CALLER, Scene};

/// Calls, does something, and returns the category it led to.
async fn category_of(events: bool, press: impl AsyncFnOnce(&mut RawCaller)) -> (String, String) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let service = Service::start(&place).await;
    let net = place.net;
    let mut raw = RawCaller::new(net.caller(), net.service(), CALLER, CITIZENS).await;
    raw.is_answered(events).await;
    press(&mut raw).await;
    service.step("category_chosen").await;
    raw.bye().await;
    raw.status(200).await;
    service.step("ended").await;
    service.stop().await;
    let call = place.only_call();
    let text = |key: &str| call[key].as_str().unwrap().to_owned();
    (text("category"), text("keys"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_in_info_count_in_both_dialects() {
    let relay = category_of(true, async |raw| {
        raw.info("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n").await;
    });
    let plain = category_of(true, async |raw| raw.info("application/dtmf", "4").await);
    assert_eq!(relay.await, ("families".to_owned(), "5".to_owned()));
    assert_eq!(plain.await, ("elderly".to_owned(), "4".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_phone_without_telephone_event_is_heard_by_its_tones() {
    let chosen = category_of(false, async |raw| {
        // Key 6: 770 and 1477 Hz, 120 ms, then silence.
        let mut tones: Vec<i16> = (0..960)
            .map(|nth| {
                let wave = |hz: f64| (std::f64::consts::TAU * hz * f64::from(nth) / 8_000.0).sin();
                (5_000.0 * (wave(770.0) + wave(1_477.0))) as i16
            })
            .collect();
        tones.resize(3_200, 0);
        raw.says(&tones).await;
    });
    assert_eq!(chosen.await, ("frailty".to_owned(), "6".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_from_the_first_instant_stops_the_welcome() {
    let mut scene = Scene::set().await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("3");
    scene.caller.hears("hold.1").await;
    assert!(!scene.caller.has_heard("privacy.short"), "{:?}", scene.caller.seen);
    scene.ada.told(Told::Incoming).await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["category"], "homeless");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_direct_number_and_key_0_ring_without_a_menu() {
    for (number, key) in [(DIRECT, ""), (CITIZENS, "0")] {
        let mut scene = Scene::set().await;
        scene.call(number);
        scene.caller.told(Told::Answered).await;
        scene.caller.presses(key);
        scene.caller.hears("hold.1").await;
        assert!(!scene.caller.has_heard("menu.polaris"), "{:?}", scene.caller.seen);
        scene.ada.told(Told::Incoming).await;
        let place = scene.hang_up().await;
        assert_eq!(place.only_call()["category"], "unspecified");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_key_8_the_caller_hears_english_and_the_responder_italian() {
    let mut scene = Scene::set().await;
    let spoken = |told: &Told, wanted: &str, language| matches!(told, Told::Heard(h) if h.prompt.as_str() == wanted && h.language == language);
    scene.call(CITIZENS);
    scene.caller.hears("menu.polaris").await;
    scene.caller.presses("8");
    let english = |told: &Told| spoken(told, "menu.polaris", Language::En);
    scene.caller.until("the menu in English", english).await;
    scene.caller.presses("1");
    let english = |told: &Told| spoken(told, "hold.1", Language::En);
    scene.caller.until("the hold in English", english).await;
    scene.ada.told(Told::Incoming).await;
    scene.ada.does(Do::Answer);
    let italian = |told: &Told| spoken(told, "worker.offer", Language::It);
    scene.ada.until("the offer in Italian", italian).await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["keys"], "81");
    assert_eq!(place.only_call()["category"], "minors");
}
