//! TLS: trunks are verified by name, our own certificate is renewed while calls go on.

use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use polaris::app::phone::Do;
use polaris::words::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::Scene;
use crate::line_support::authority::{Authority, Paper};
use crate::line_support::border::Border;
use crate::line_support::service::Service;
use crate::line_support::{ADA, Place, lane, soon};

pub(crate) const NAME: &str = "sip.operatore.it";

fn now() -> chrono::DateTime<Utc> {
    SystemClock::start().wall()
}

/// A service whose first trunk is reached over TLS.
fn place(authority: &Authority) -> (Place, SocketAddr) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let border = SocketAddr::new(place.net.ip(20), 5061);
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"tls:{border}\"\ncertificate_name = \
         \"{NAME}\"\nca_file = \"ca.pem\"\n"
    );
    place.write("polaris.toml", &place.config(&trunk));
    place.write("ca.pem", &authority.pem);
    (place, border)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_responder_is_rung_over_tls_and_the_end_of_the_trunks_certificate_is_told() {
    let authority = Authority::new();
    let (place, border) = place(&authority);
    let paper = authority.signs_until(NAME, now() + TimeDelta::days(6));
    let mut scene = Scene::set_on(place).await;
    let numbers = [(ADA, scene.ada.phone.address)];
    let border = Border::open(border, Some(&paper), &numbers).await;
    // It was not there at the start: ten seconds later it is.
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    scene.talk().await;
    let invites = border.requests("INVITE ");
    assert_eq!(invites.len(), 1);
    assert!(invites[0].contains("\r\nVia: SIP/2.0/TLS "), "{}", invites[0]);
    assert!(invites[0].contains(";transport=tls>"), "{}", invites[0]);
    assert!(scene.exchange.invited().is_empty(), "nobody was rung over the other trunk");
    scene.service.says(&["WARN", "a certificate ends soon", NAME]).await;
    let told = scene.place.run(&["trunks"]);
    assert_eq!(told.status.code(), Some(1));
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(said.contains("il suo certificato TLS scade il"), "{said}");
    let checked = scene.place.run(&["check", "--json"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("certificato TLS scade il"));
    let place = scene.hang_up().await;
    assert_eq!(border.requests("BYE ").len(), 1);
    assert_eq!(place.only_call()["outcome"], "accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_with_another_name_is_told_and_the_call_goes_over_the_next() {
    let authority = Authority::new();
    let (place, border) = place(&authority);
    let border = Border::open(border, Some(&authority.signs("sip.altri.it")), &[]).await;
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["WARN", "a trunk is not believed", "OtherName"]).await;
    scene.talk().await;
    assert!(border.requests("").is_empty(), "nothing was said to it");
    let checked = scene.place.run(&["check", "--json"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("«certificate_name»"), "{said}");
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

/// A client of the service, as a trunk would be: what it is shown must be good for `NAME`.
async fn greets(place: &Place, authority: &Authority) -> std::io::Result<TlsStream<TcpStream>> {
    greets_from(3, place, authority).await
}

/// The same from this host.
pub(crate) async fn greets_from(
    host: u8,
    place: &Place,
    authority: &Authority,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(place.net.ip(host), 0)).unwrap();
    let stream = socket.connect(SocketAddr::new(place.net.ip(1), 5061)).await.unwrap();
    let name = ServerName::try_from(NAME).unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Asks OPTIONS over a connection.
async fn is_answered(stream: &mut TlsStream<TcpStream>) {
    let local = stream.get_ref().0.local_addr().unwrap();
    let text = format!(
        "OPTIONS sip:x@h SIP/2.0\r\nVia: SIP/2.0/TLS {local};branch=z9hG4bK{};rport\r\nFrom: \
         <sip:a@b>;tag=1\r\nTo: <sip:x@h>\r\nCall-ID: {}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\
         \r\nContent-Length: 0\r\n\r\n",
        rand::random::<u64>(),
        rand::random::<u64>(),
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 4_096];
    let length = soon("an answer", stream.read(&mut buffer)).await.unwrap();
    assert!(buffer[..length].starts_with(b"SIP/2.0 200"));
}

/// A service that listens for TLS and shows `c.pem`.
fn shows_a_certificate() -> Place {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let tls = format!(
        ", \"tls:{}:5061\"]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n[rtp]",
        place.net.ip(1)
    );
    place.write("polaris.toml", &place.config("").replacen("]\n[rtp]", &tls, 1));
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_day_of_our_certificate_is_an_error_told_once_until_it_is_renewed() {
    let authority = Authority::new();
    let place = shows_a_certificate();
    let write = |paper: Paper| paper.write(&place.path("c.pem"), &place.path("k.pem"));
    write(authority.signs_until(NAME, now() + TimeDelta::hours(20)));
    let service = Service::start(&place).await;
    let today = ["ERROR", "a certificate ends today", "our certificate"];
    service.says(&today).await;
    is_answered(&mut greets(&place, &authority).await.unwrap()).await;
    let checked = place.run(&["check", "--json"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("il nostro certificato") && said.contains("rinnovalo"), "{said}");
    assert_eq!(checked.status.code(), Some(1));
    // Looked at again, it is not told again; one for a year says nothing.
    service.signal("HUP");
    service.says(&["plans were read anew"]).await;
    write(authority.signs(NAME));
    service.says_times(2, &["our certificate was read"]).await;
    let lines = service.log();
    let lines = lines.lines().filter(|line| today.iter().all(|word| line.contains(word)));
    assert_eq!(lines.count(), 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn our_certificate_is_renewed_without_a_restart_and_a_bad_one_is_refused() {
    let authority = Authority::new();
    let place = shows_a_certificate();
    let write = |place: &Place, name: &str| {
        authority.signs(name).write(&place.path("c.pem"), &place.path("k.pem"));
    };
    write(&place, "sip.altri.it");
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["our certificate was read"]).await;
    assert!(greets(&scene.place, &authority).await.is_err(), "it is another's");
    // Nobody tells the service: it looks by itself.
    write(&scene.place, NAME);
    scene.service.says_times(2, &["our certificate was read"]).await;
    let mut open = greets(&scene.place, &authority).await.unwrap();
    is_answered(&mut open).await;
    scene.place.write("c.pem", "nonsense");
    scene.service.signal("HUP");
    scene.service.says(&["ERROR", "our certificate is no good: the old one stays"]).await;
    let checked = scene.place.run(&["check"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("c.pem"));
    is_answered(&mut open).await;
    is_answered(&mut greets(&scene.place, &authority).await.unwrap()).await;
    scene.talk().await;
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[test]
fn what_is_wrong_with_tls_in_the_configuration_is_said_at_once() {
    let place = Place::new(lane(), &[]);
    let wrong = [
        ("proxy = \"tls:127.0.0.1:5061\"\nca_file = \"manca.pem\"", "manca.pem non si può leggere"),
        ("proxy = \"tls:127.0.0.1:5061\"\nca_file = \"plan.kdl\"", "formato PEM"),
        (
            "proxy = \"tls:127.0.0.1:5061\"\ncertificate_name = \"a b\"",
            "«a b» in «certificate_name»",
        ),
        ("proxy = \"127.0.0.1:5061\"\nca_file = \"plan.kdl\"", "valgono solo con proxy"),
    ];
    let trunk =
        |(nth, (text, _)): (usize, &(&str, _))| format!("[[trunk]]\nname = \"t{nth}\"\n{text}\n");
    let trunks: String = wrong.iter().enumerate().map(trunk).collect();
    place.write("polaris.toml", &place.config(&trunks));
    let checked = place.command(&["check"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(1));
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    for (nth, (_, said)) in wrong.iter().enumerate() {
        let line = text.lines().find(|line| line.contains(&format!("trunk «t{nth}»")));
        assert!(line.is_some_and(|line| line.contains(said)), "{said}: {text}");
    }
    for (listen, said) in [
        ("\"tls:127.0.0.1:5061\"]\n", "per ascoltare con TLS servono"),
        ("\"tls:127.0.0.1:5061\"]\nkey = \"k.pem\"\n", "si scrivono insieme"),
        ("]\ncertificate = \"plan.kdl\"\nkey = \"manca.pem\"\n", "manca.pem non si può leggere"),
    ] {
        let config = place.config("").replacen("]\n[rtp]", &format!(", {listen}[rtp]"), 1);
        place.write("polaris.toml", &config);
        let checked = place.command(&["check"]).output().unwrap();
        let text = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(text.contains(said), "{listen}: {text}");
        assert_eq!(checked.status.code(), Some(1));
    }
}
