//! Nobody accepts: the call-back question, a typed number, a message.

use polaris::app::phone::{Do, Told};

use crate::Scene;
use crate::line_support::{CITIZENS, COORDINATOR, Place, lane, tenths_of, tone};

/// Ada's telephone refuses; the coordinator's number is hers too.
async fn refused_by_all(from: &str) -> Scene {
    let place = Place::new(lane(), &[("Ada Greco", COORDINATOR)]);
    place.edit_plan("for=\"5s\" accept=\"5s\"", "for=\"6s\" accept=\"5s\"");
    let other = crate::line_support::person::Person::at("Ada", place.net.phone(3)).await;
    let mut scene = Scene::set_with(place, &[(COORDINATOR, &other)]).await;
    scene.ada = other;
    scene.caller.calls(CITIZENS, scene.place.net.service(), from);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    for _ in 0..2 {
        scene.ada.told(Told::Incoming).await;
        scene.ada.does(Do::Decline(486));
    }
    scene
}

async fn ended(scene: Scene) -> Place {
    scene.service.step("ended").await;
    scene.service.stop().await;
    scene.place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_nobody_could_take_says_that_calling_back_is_safe() {
    let mut scene = refused_by_all(crate::CALLER).await;
    scene.caller.hears("callback.safe").await;
    scene.caller.presses("1");
    scene.caller.hears("callback.yes").await;
    scene.caller.told(Told::HungUp).await;
    let place = ended(scene).await;
    let case = place.only_case();
    assert_eq!(place.only_call()["outcome"], "callback");
    assert_eq!((&case["callback_safe"], &case["callback_owed"]), (&true.into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hidden_caller_types_a_number_that_only_the_case_keeps() {
    let mut scene = refused_by_all("anonymous").await;
    scene.caller.hears("noanswer.hidden").await;
    scene.caller.presses("3331234567#");
    scene.caller.hears("digit.7").await;
    scene.caller.hears("callback.yes").await;
    scene.caller.told(Told::HungUp).await;
    let place = ended(scene).await;
    let (call, case) = (place.only_call(), place.only_case());
    assert_eq!(case["callback_number"], "+393331234567");
    assert_eq!((&call["caller"], &call["keys"]), (&serde_json::Value::Null, &"2".into()));
    assert_eq!(case["callback_safe"], true);
    // Who has to call back reads it in the tables too.
    for command in [&["cases"][..], &["case", case["case"].as_str().unwrap()]] {
        let table = String::from_utf8(place.run(command).stdout).unwrap();
        assert!(table.contains("da richiamare, +393331234567"), "{table}");
    }
}

/// Leaves a message of at least so many bytes; what it says, and the place.
async fn leaves_message(at_least: u64) -> (Vec<i16>, Place) {
    let mut scene = refused_by_all("anonymous").await;
    for _ in 0..2 {
        scene.caller.hears("noanswer.hidden").await;
        scene.caller.presses("#");
    }
    scene.caller.hears("beep").await;
    scene.caller.does(Do::Say(tone(700.0, 16_000)));
    let folder = scene.place.path("data/voicemail");
    crate::line_support::soon("the message is on the disk", async {
        while bytes(&folder) < at_least {
            tokio::task::yield_now().await;
        }
    })
    .await;
    scene.caller.presses("#");
    scene.caller.hears("voicemail.ok").await;
    scene.caller.told(Told::HungUp).await;
    let place = ended(scene).await;
    let case = place.only_case();
    assert_eq!(place.only_call()["outcome"], "voicemail");
    assert_eq!(case["callback_owed"], true);
    assert_eq!(place.voicemail().len(), 1);
    let message = place.message(case["voicemail"].as_str().unwrap());
    let wav = hound::WavReader::new(message.as_slice()).unwrap();
    let samples: Vec<i16> = wav.into_samples().map(|sample| sample.unwrap()).collect();
    assert_eq!(case["voicemail_seconds"], (samples.len() + 4_000) / 8_000);
    let table = place.run(&["case", case["case"].as_str().unwrap()]).stdout;
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains(&format!("messaggio    {}", case["voicemail"].as_str().unwrap())));
    (samples, place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_is_recorded_and_bound_to_its_case() {
    let (samples, _) = leaves_message(24_000).await;
    assert!(tenths_of(&samples, 700.0) >= 10, "what was said is on it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cry_of_less_than_a_second_is_a_message() {
    // The first piece of half a second has just reached the disk.
    let (samples, _) = leaves_message(8_000).await;
    assert!(tenths_of(&samples, 700.0) >= 3, "what was said is on it");
}

fn bytes(folder: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_roster_and_without_a_trunk_the_caller_is_still_asked() {
    let place = Place::new(lane(), &[]);
    let service = crate::Service::start(&place).await;
    let mut caller = crate::Person::at("chi chiama", place.net.caller()).await;
    caller.calls(CITIZENS, place.net.service(), crate::CALLER);
    caller.told(Told::Answered).await;
    caller.presses("2");
    caller.hears("callback.safe").await;
    caller.presses("2");
    caller.hears("callback.no").await;
    caller.told(Told::HungUp).await;
    service.says(&["ERROR", "step=\"roster_empty\""]).await;
    service.step("ended").await;
    service.stop().await;
    let case = place.only_case();
    assert_eq!(case["attempts"][0]["outcome"], "unreachable");
    assert_eq!(case["callback_safe"], false);
}
