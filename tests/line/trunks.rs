//! Several trunks: who carries a call, and what `polaris trunks` says of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polaris::app::phone::{Do, Told};
use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::line_support::exchange::{header, reply};
use crate::line_support::person::Person;
use crate::line_support::{ADA, BRUNO, CITIZENS, PATIENCE, Place, lane, seconds, soon};
use crate::{Scene, accept};

/// An operator whose switch answers every kind of request with one status; 0 is silence.
struct Operator {
    task: JoinHandle<()>,
    invites: Arc<AtomicUsize>,
    /// When the first INVITE came.
    first: watch::Receiver<Option<f64>>,
    /// How many OPTIONS came.
    options: watch::Receiver<usize>,
}

impl Operator {
    async fn open(place: &Place, to_options: u16, to_invite: u16) -> Self {
        let socket = UdpSocket::bind((place.net.ip(20), 5060)).await.unwrap();
        let invites = Arc::new(AtomicUsize::new(0));
        let (tell, first) = watch::channel(None);
        let (count_options, options) = watch::channel(0);
        let count = invites.clone();
        let task = tokio::spawn(async move {
            let mut buffer = vec![0; 65_535];
            let mut called = BTreeSet::new();
            loop {
                let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let status = match text.split(' ').next() {
                    Some("INVITE") => {
                        // One that is sent again is the same.
                        if called.insert(header(&text, "Call-ID:")) {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        tell.send_if_modified(|first| {
                            first.is_none() && first.replace(seconds()).is_none()
                        });
                        to_invite
                    }
                    Some("OPTIONS") => {
                        count_options.send_modify(|count| *count += 1);
                        to_options
                    }
                    _ => 0,
                };
                if status > 0 {
                    let text = reply(&text, &format!("{status} X"));
                    let _ = socket.send_to(text.as_bytes(), from).await;
                }
            }
        });
        Self { task, invites, first, options }
    }

    fn invites(&self) -> usize {
        self.invites.load(Ordering::Relaxed)
    }

    fn asked(&self) -> usize {
        *self.options.borrow()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A service with a second trunk that comes first.
fn place(more: &str) -> Place {
    with_first(Place::new(lane(), &[("Ada Greco", ADA)]), more)
}

fn with_first(place: Place, more: &str) -> Place {
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"{}:5060\"\n{more}\n",
        place.net.ip(20)
    );
    place.write("polaris.toml", &place.config(&trunk));
    place
}

fn trunk(place: &Place, name: &str) -> Value {
    let output = place.run(&["trunks", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.into_iter().find(|row| row["trunk"] == name).unwrap_or_default()
}

/// Looks at the file of the service until a trunk is as wanted.
async fn is_seen(place: &Place, name: &str, state: &str, why: Option<&str>) {
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
    let seen = async {
        loop {
            tick.tick().await;
            let trunk = trunk(place, name);
            if trunk["state"] == state && trunk["why"].as_str() == why {
                return;
            }
        }
    };
    soon(&format!("{name} is {state}"), seen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_silent_trunk_is_passed_over_within_four_seconds() {
    let place = place("probe = false");
    let mut operator = Operator::open(&place, 0, 0).await;
    let mut scene = Scene::set_on(place).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    soon("the first trunk is tried", operator.first.wait_for(Option::is_some)).await.unwrap();
    accept(&mut scene.ada).await;
    let heard = scene.ada.rang_at.expect("Ada's telephone rang");
    let waited = heard - operator.first.borrow().unwrap();
    assert!((2.5..4.0).contains(&waited), "{waited} s");
    scene.service.step("bridged").await;
    scene.service.says(&["WARN", "a trunk is ill", "DeafToCalls"]).await;
    is_seen(&scene.place, "primo", "ill", Some("deaf_to_calls")).await;
    is_seen(&scene.place, "prova", "well", None).await;
    let told = scene.place.run(&["trunks"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stdout).contains("chiedi all'operatore"));
    let checked = scene.place.run(&["check", "--json"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("«primo»"));
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
    assert_eq!(scene.place.only_case()["attempts"].as_array().unwrap().len(), 1, "one ring");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_that_refuses_is_passed_over_and_comes_first_again_once_well() {
    let place = place("");
    let operator = Operator::open(&place, 200, 503).await;
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    for round in 1..=2 {
        scene.call(CITIZENS);
        scene.caller.told(Told::Answered).await;
        scene.caller.presses("2");
        accept(&mut scene.ada).await;
        scene.service.says_times(round, &["step=\"bridged\""]).await;
        assert_eq!(operator.invites(), round, "the first trunk was tried");
        scene.service.says_times(round, &["a trunk is ill", "Unavailable"]).await;
        scene.caller.does(Do::HangUp);
        scene.service.says_times(round, &["step=\"ended\""]).await;
        scene.caller.told(Told::HungUp).await;
        // Asked again after ten seconds, it is well, and the next call finds it first.
        scene.service.says_times(round + 1, &["trunk.name=\"primo\"", "a trunk is well"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_busy_responder_is_busy_on_every_trunk() {
    let place = place("");
    let operator = Operator::open(&place, 200, 486).await;
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.service.says(&["a ring failed", "sip.status=486"]).await;
    assert!(!scene.service.said(&["the call goes over another trunk"]));
    assert!(operator.invites() >= 1);
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_barred_number_is_dialled_over_the_next_trunk_and_only_a_second_one_tells_of_the_account()
{
    let place = Place::new(lane(), &[("Ada Greco", ADA), ("Bruno Leo", BRUNO)]);
    let place = with_first(place, "");
    let operator = Operator::open(&place, 200, 403).await;
    let mut bruno = Person::at("Bruno", place.net.phone(1)).await;
    let mut scene = Scene::set_with(place, &[(BRUNO, &bruno)]).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.ada.told(Told::Incoming).await;
    scene.service.says(&["WARN", "a trunk refused our call", "primo", "sip.status=403"]).await;
    assert_eq!(operator.invites(), 1);
    // It is judged before the call goes on.
    scene.service.says(&["the call goes over another trunk"]).await;
    assert!(!scene.service.said(&["a trunk is ill"]), "it may be about Ada's number alone");
    scene.ada.does(Do::Decline(486));
    accept(&mut bruno).await;
    scene.service.step("bridged").await;
    scene.service.says(&["WARN", "a trunk is ill", "RefusesCalls"]).await;
    is_seen(&scene.place, "primo", "ill", Some("refuses_calls")).await;
    let told = scene.place.run(&["trunks"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("rifiuta le nostre chiamate"));
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"].as_array().unwrap().len(), 2, "one ring each");
    assert_eq!(place.only_call()["accepted_by"], "Bruno Leo");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_suspended_account_costs_no_call_and_answers_to_options_do_not_hide_it() {
    let place = place("");
    let operator = Operator::open(&place, 200, 402).await;
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    scene.talk().await;
    scene.service.says(&["WARN", "a trunk is ill", "RefusesCalls"]).await;
    scene.caller.does(Do::HangUp);
    scene.caller.told(Told::HungUp).await;
    scene.ada.told(Told::HungUp).await;
    // Asked again after ten seconds, it is there; the next call is not tried there first.
    let asked = operator.asked();
    soon("it is asked again", operator.options.clone().wait_for(|now| *now > asked)).await.unwrap();
    is_seen(&scene.place, "primo", "ill", Some("refuses_calls")).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.service.says_times(2, &["step=\"bridged\""]).await;
    assert_eq!(operator.invites(), 1);
    scene.caller.does(Do::HangUp);
    scene.service.says_times(2, &["step=\"ended\""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_that_is_not_there_stops_no_service_and_is_told() {
    let place = place("");
    let scene = Scene::set_on(place).await;
    scene.service.says(&["WARN", "trunk.name=\"primo\"", "a trunk is ill"]).await;
    is_seen(&scene.place, "primo", "ill", Some("unavailable")).await;
    assert!(PATIENCE.as_secs() >= 30, "the next probe comes after ten seconds");
    let _operator = Operator::open(&scene.place, 405, 0).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    let place = scene.place;
    scene.service.stop().await;
    let told = place.run(&["trunks"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains("non è in funzione"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_whose_name_has_no_address_stops_no_service() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let trunk = "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"nessuno.invalid:5060\"\n";
    place.write("polaris.toml", &place.config(trunk));
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["ERROR", "trunk.name=\"primo\"", "no address"]).await;
    is_seen(&scene.place, "primo", "ill", Some("no_address")).await;
    scene.talk().await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["outcome"], "accepted");
}
