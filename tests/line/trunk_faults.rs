//! What a trunk can do to a call that is under way: be slow, restart, show an old paper.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chrono::TimeDelta;
use polaris::app::phone::{Do, Told};
use polaris::words::{Clock, SystemClock};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Scene;
use crate::line_support::authority::Authority;
use crate::line_support::border::Border;
use crate::line_support::exchange::reply;
use crate::line_support::{ADA, CITIZENS, MARK, Place, lane, mark, soon};

/// An operator that answers an INVITE only when it has come so many times.
struct Slow {
    task: JoinHandle<()>,
    /// Requests that came, by method.
    came: watch::Receiver<BTreeMap<String, usize>>,
}

impl Slow {
    async fn open(place: &Place, copies: usize, status: &'static str) -> Self {
        let socket = UdpSocket::bind((place.net.ip(20), 5060)).await.unwrap();
        let (tell, came) = watch::channel(BTreeMap::new());
        let task = tokio::spawn(async move {
            let mut buffer = vec![0; 65_535];
            loop {
                let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let method = text.split(' ').next().unwrap_or_default().to_owned();
                let mut seen = 0;
                tell.send_modify(|came| {
                    let count = came.entry(method.clone()).or_insert(0);
                    *count += 1;
                    seen = *count;
                });
                let status = match method.as_str() {
                    "INVITE" if seen < copies => continue,
                    "INVITE" => status,
                    "ACK" => continue,
                    _ => "200 OK",
                };
                let answer = tagged(&reply(&text, status));
                let _ = socket.send_to(answer.as_bytes(), from).await;
            }
        });
        Self { task, came }
    }

    /// Waits until a request of this method has come.
    async fn hears(&self, method: &str) {
        let mut came = self.came.clone();
        let heard = came.wait_for(|came| came.contains_key(method));
        soon(&format!("{method} comes"), heard).await.unwrap();
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// With a tag on its To, as an answer that makes a dialog has it.
fn tagged(answer: &str) -> String {
    let with = |line: &str| match line.starts_with("To:") && !line.contains("tag=") {
        true => format!("{line};tag=slow\r\nContact: <sip:slow@127.0.0.1>\r\n"),
        false => format!("{line}\r\n"),
    };
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    format!("{}\r\n", head.split("\r\n").map(with).collect::<String>())
}

/// A service with a second trunk that comes first.
fn place(proxy: &str, more: &str) -> Place {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let address = place.net.ip(20);
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"{}\"\n{more}\n",
        proxy.replace("IP", &address.to_string())
    );
    place.write("polaris.toml", &place.config(&trunk));
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_trunk_is_waited_for_and_asked_once() {
    let place = place("IP:5060", "probe = false");
    // Its first sign comes after a second and a half.
    let _slow = Slow::open(&place, 3, "486 Busy Here").await;
    let mut scene = Scene::set_on(place).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.service.says(&["a ring failed", "sip.status=486"]).await;
    assert!(!scene.service.said(&["the call goes over another trunk"]));
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_that_is_too_slow_is_passed_over_and_its_late_answer_is_hung_up_on() {
    let place = place("IP:5060", "probe = false");
    // Its answer comes after three and a half seconds: Ada rings already elsewhere.
    let slow = Slow::open(&place, 4, "200 OK").await;
    let mut scene = Scene::set_on(place).await;
    scene.talk().await;
    scene.service.says(&["the call goes over another trunk"]).await;
    slow.hears("ACK").await;
    slow.hears("BYE").await;
    let place = scene.hang_up().await;
    let case = place.only_case();
    assert_eq!(case["attempts"].as_array().unwrap().len(), 1, "one ring");
    assert_eq!(place.only_call()["outcome"], "accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tcp_trunk_that_closes_its_connection_while_two_talk_loses_no_call() {
    let place = place("tcp:IP:5060", "probe = false");
    let at = SocketAddr::new(place.net.ip(20), 5060);
    let mut scene = Scene::set_on(place).await;
    let border = Border::open(at, None, &[(ADA, scene.ada.phone.address)]).await;
    scene.talk().await;
    assert_eq!(border.connections(), 1);
    border.hang_up();
    // The two talk on: who hangs up is heard over a connection of its own.
    scene.caller.does(Do::Say(mark()));
    scene.ada.hears(MARK).await;
    scene.caller.does(Do::HangUp);
    scene.ada.told(Told::HungUp).await;
    scene.service.step("ended").await;
    assert_eq!(border.connections(), 2);
    assert_eq!(border.requests("BYE ").len(), 1);
    scene.service.stop().await;
    assert_eq!(scene.place.only_call()["outcome"], "accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_whose_certificate_has_expired_hears_nothing_and_the_next_carries_the_call() {
    let authority = Authority::new();
    let place = place(
        "tls:IP:5061",
        "certificate_name = \"sip.operatore.it\"\nca_file = \"ca.pem\"\nprobe = false",
    );
    place.write("ca.pem", &authority.pem);
    let yesterday = SystemClock::start().wall() - TimeDelta::days(1);
    let paper = authority.signs_until("sip.operatore.it", yesterday);
    let at = SocketAddr::new(place.net.ip(20), 5061);
    let border = Border::open(at, Some(&paper), &[]).await;
    let mut scene = Scene::set_on(place).await;
    scene.talk().await;
    scene.service.says(&["WARN", "a trunk is not believed", "Expired"]).await;
    assert!(border.requests("").is_empty());
    let checked = scene.place.run(&["check", "--json"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("chiedi all'operatore di rinnovarlo"), "{said}");
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"].as_array().unwrap().len(), 1, "one ring");
}
