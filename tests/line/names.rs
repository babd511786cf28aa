//! Trunks known by name: found through SRV, followed while the service runs, remembered
//! when the DNS is gone.

use std::net::SocketAddr;

use polaris::app::phone::{Do, Told};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::Scene;
use crate::line_support::exchange::reply;
use crate::line_support::names::NameServer;
use crate::line_support::service::Service;
use crate::line_support::{ADA, Place, lane};

const NAME: &str = "sip.operatore.it";

/// A service whose first trunk is a name; the DNS is at the last address of its net.
fn place() -> (Place, SocketAddr) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let dns = SocketAddr::new(place.net.ip(53), 5353);
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"{NAME}\"\n[dns]\nservers = \
         [\"{dns}\"]\n"
    );
    place.write("polaris.toml", &place.config(&trunk));
    (place, dns)
}

/// SRV for these hosts of the net, the first being preferred; short-lived.
fn zone(place: &Place, hosts: &[u8]) -> String {
    let mut zone = String::new();
    for (nth, host) in hosts.iter().enumerate() {
        let name = format!("h{host}.operatore.it");
        zone += &format!("_sip._udp.{NAME} 5 SRV {nth} 1 5060 {name}\n");
        zone += &format!("{name} 5 A {}\n", place.net.ip(*host));
    }
    zone
}

/// A switch that answers OPTIONS and is silent to all else.
async fn switch(place: &Place, host: u8) -> JoinHandle<()> {
    let socket = UdpSocket::bind((place.net.ip(host), 5060)).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_535];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with("OPTIONS ") {
                let _ = socket.send_to(reply(&text, "200 OK").as_bytes(), from).await;
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_is_found_by_srv_followed_when_it_moves_and_remembered_without_a_dns() {
    let (place, at) = place();
    let dns = NameServer::open(at, &zone(&place, &[30])).await;
    let first = switch(&place, 30).await;
    let mut service = Service::start(&place).await;
    service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    // It moves; whoever asks it for OPTIONS at the new place is let in, too.
    let second = switch(&place, 31).await;
    dns.knows(&zone(&place, &[31]));
    let moved = place.net.ip(31).to_string();
    service.says(&["the trunk has an address", &moved]).await;
    first.abort();
    service.says_times(2, &["trunk.name=\"primo\"", "a trunk is well"]).await;
    // The DNS is gone: what was known stays, and a restart finds it.
    drop(dns);
    service.says(&["WARN", "the last addresses known are used"]).await;
    assert!(!service.said(&["trunk.name=\"primo\"", "a trunk is ill"]));
    service.signal("TERM");
    assert_eq!(service.ended().await, Some(0));
    let service = Service::start(&place).await;
    service.says(&["WARN", "the last addresses known are used"]).await;
    service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    second.abort();
    let dns = NameServer::open(at, &zone(&place, &[31])).await;
    service.says(&["the DNS answers again"]).await;
    drop(dns);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_are_placed_while_the_dns_is_gone_and_after_a_restart_too() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let at = SocketAddr::new(place.net.ip(53), 5353);
    // The only trunk is a name, which leads to the exchange.
    let proxy = format!("proxy = \"{}\"", place.net.trunk());
    let config = place.config(&format!("[dns]\nservers = [\"{at}\"]\n"));
    assert!(config.contains(&proxy));
    place.write("polaris.toml", &config.replace(&proxy, &format!("proxy = \"{NAME}\"")));
    let dns = NameServer::open(at, &zone(&place, &[3])).await;
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["trunk.name=\"prova\"", "a trunk is well"]).await;
    drop(dns);
    scene.service.says(&["WARN", "the last addresses known are used"]).await;
    scene.talk().await;
    scene.caller.does(Do::HangUp);
    scene.caller.told(Told::HungUp).await;
    scene.ada.told(Told::HungUp).await;
    scene.service.step("ended").await;
    scene.service.signal("TERM");
    assert_eq!(scene.service.ended().await, Some(0));
    scene.service = Service::start(&scene.place).await;
    scene.service.says(&["WARN", "the last addresses known are used"]).await;
    scene.talk().await;
    let place = scene.hang_up().await;
    let calls = place.calls();
    let accepted = calls.iter().filter(|call| call["outcome"] == "accepted").count();
    assert_eq!((calls.len(), accepted), (2, 2), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_silent_place_of_a_trunk_is_passed_over_for_its_next_within_two_seconds() {
    let (place, at) = place();
    let _dns = NameServer::open(at, &zone(&place, &[30, 3])).await;
    // Its first place hears calls and says nothing; the exchange of the test is its second.
    let _silent = switch(&place, 30).await;
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    scene.talk().await;
    assert!(scene.service.said(&["trunk.name=\"primo\"", "goes over another trunk"]));
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[test]
fn a_proxy_is_a_name_or_an_address_and_what_is_neither_is_said() {
    let place = Place::new(lane(), &[]);
    let check = |config: String| {
        place.write("polaris.toml", &config);
        let checked = place.command(&["check"]).output().unwrap();
        String::from_utf8_lossy(&checked.stdout).into_owned()
    };
    let trunks = |proxies: &[&str]| -> String {
        let trunk = |(nth, proxy)| format!("[[trunk]]\nname = \"t{nth}\"\nproxy = \"{proxy}\"\n");
        proxies.iter().enumerate().map(trunk).collect()
    };
    let good = ["sip.operatore.it", "pbx:5070", "tls:[::1]", "192.0.2.1", "tcp:[2001:db8::1]:5062"];
    let said = check(place.config(&trunks(&good)));
    assert!(!said.contains("trunk «t"), "{said}");
    let bad = ["", "sip operatore", "192.0.2", "pbx:0", "pbx:99999", "tls:", "http://pbx"];
    let two = "public_address = [\"192.0.2.1\", \"192.0.2.2\"]\n[rtp]";
    let more = trunks(&bad) + "[dns]\nservers = [\"boh\"]\n";
    let said = check(place.config(&more).replacen("[rtp]", two, 1));
    for (nth, proxy) in bad.iter().enumerate() {
        let what = format!("trunk «t{nth}»: «{proxy}» non è un indirizzo: scrivi NOME");
        assert!(said.contains(&what), "{what}: {said}");
    }
    assert!(said.contains("«boh» in [dns] «servers» non è un indirizzo"), "{said}");
    assert!(said.contains("«192.0.2.2» in «public_address» è di troppo"), "{said}");
}
