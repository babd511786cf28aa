//! What the running service shows over HTTP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use polaris::app::phone::{Do, Told};

use crate::line_support::{ADA, Place, errors, lane};
use crate::{CALLER, Scene, Service};

/// A service that shows its console, and where.
async fn shown() -> (Place, Service, SocketAddr) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let window = SocketAddr::new(place.net.service().ip(), 8080);
    place.write("polaris.toml", &place.config(&format!("[console]\nlisten = \"{window}\"\n")));
    let service = Service::start(&place).await;
    service.says(&["the console is shown"]).await;
    (place, service, window)
}

/// Sends these bytes and reads until the other side closes.
fn visit(window: SocketAddr, request: &str) -> std::io::Result<String> {
    tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(window)?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    })
}

fn get(window: SocketAddr, path: &str) -> String {
    visit(window, &format!("GET {path} HTTP/1.1\r\nHost: {window}\r\n\r\n")).unwrap()
}

fn new_feed(place: &Place) -> String {
    let output =
        place.run(&["roster", "feed", "new", "--service", "polaris-br4", "--person", "Ada Greco"]);
    assert!(output.status.success(), "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_reads_the_calendar_of_its_owner_until_that_is_revoked() {
    let (place, service, window) = shown().await;
    let secret = new_feed(&place);
    let calendar = get(window, &format!("/calendar/{secret}.ics"));
    assert!(calendar.starts_with("HTTP/1.1 200"), "{calendar}");
    assert!(calendar.contains("content-type: text/calendar; charset=utf-8"), "{calendar}");
    assert!(calendar.contains("BEGIN:VEVENT") && !calendar.contains(&ADA[1..]), "{calendar}");
    let revoked = place.run(&["roster", "feed", "revoke", "1"]);
    assert!(revoked.status.success(), "{}", errors(&revoked));
    let gone = get(window, &format!("/calendar/{secret}.ics"));
    assert!(gone.starts_with("HTTP/1.1 404"), "{gone}");
    assert!(!service.log().contains(&secret), "a secret in the log");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_else_is_shown_and_nothing_that_is_sent_stops_the_service() {
    let (_place, service, window) = shown().await;
    let zeros = "0".repeat(64);
    for path in ["/calendar/", "/calendar/x.ics", &format!("/calendar/{zeros}.ics"), "/%ff"] {
        let answer = get(window, path);
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
    for request in ["\r\n\r\n", "GET", "GET / HTTP/9.9\r\n\r\n", &"A".repeat(100_000)] {
        // Whatever comes back, if anything: what matters is who is still there after it.
        let _ = visit(window, &format!("{request}\r\n\r\n"));
    }
    let answer = get(window, "/");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("location: /entra"), "{answer}");
    service.stop().await;
}

/// The value of a line of `/metrics`.
fn value(metrics: &str, line: &str) -> Option<f64> {
    metrics.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_watches_the_machine_sees_how_many_calls_there_are_and_of_whom_none() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let watched = SocketAddr::new(place.net.service().ip(), 9464);
    place.write("polaris.toml", &place.config(&format!("[metrics]\nlisten = \"{watched}\"\n")));
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["the metrics are shown"]).await;
    let stranger = std::net::UdpSocket::bind((scene.place.net.ip(99), 0)).unwrap();
    stranger.send_to(b"OPTIONS sip:x SIP/2.0\r\n\r\n", scene.place.net.service()).unwrap();
    scene.service.says(&["a stranger was turned away"]).await;
    scene.talk().await;
    let metrics = get(watched, "/metrics");
    assert_eq!(value(&metrics, "polaris_calls_total "), Some(1.0), "{metrics}");
    assert_eq!(value(&metrics, "polaris_calls_open "), Some(1.0), "{metrics}");
    assert_eq!(value(&metrics, "polaris_answer_seconds_count "), Some(1.0), "{metrics}");
    assert_eq!(value(&metrics, "polaris_strangers_total "), Some(1.0), "{metrics}");
    assert_eq!(value(&metrics, "polaris_store_up "), Some(1.0), "{metrics}");
    assert_eq!(value(&metrics, "polaris_trunk_up{trunk=\"prova\"} "), Some(1.0), "{metrics}");
    for name in [&CALLER[1..], &ADA[1..], "Ada"] {
        assert!(!metrics.contains(name), "{name} in\n{metrics}");
    }
    let ready = get(watched, "/health/ready");
    assert!(ready.starts_with("HTTP/1.1 200") && ready.contains("trunk prova: well"), "{ready}");
    scene.service.signal("TERM");
    scene.service.says(&["draining"]).await;
    let ready = get(watched, "/health/ready");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("draining"), "{ready}");
    assert!(get(watched, "/health/live").starts_with("HTTP/1.1 200"));
    scene.caller.does(Do::HangUp);
    scene.ada.told(Told::HungUp).await;
    assert_eq!(scene.service.ended().await, Some(0), "{}", scene.service.log());
}
