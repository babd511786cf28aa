//! What other programs are told: signed, without names, once or more.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::watch;

use crate::console_support::shown;
use crate::line_support::authority::Authority;
use crate::line_support::service::Service;
use crate::line_support::{ADA, Place, errors, lane, soon};
use crate::{CALLER, coordinator, one_call};
use tokio_rustls::rustls;

const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One request that came in.
#[derive(Debug, Clone)]
struct Got {
    head: BTreeMap<String, String>,
    body: String,
    /// What was answered.
    status: u16,
}

/// A receiver that answers what it is told to, in turn; the last answer for ever.
struct Receiver {
    address: SocketAddr,
    got: watch::Receiver<Vec<Got>>,
}

impl Receiver {
    fn new(place: &Place, answers: &[u16]) -> Self {
        Self::behind(place, answers, |stream| Some(Box::new(stream)))
    }

    fn behind(
        place: &Place,
        answers: &[u16],
        greet: impl Fn(TcpStream) -> Option<Box<dyn Wire>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((place.net.service().ip(), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, got) = watch::channel(Vec::new());
        let left = Arc::new(Mutex::new(answers.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(mut stream) = greet(stream) else { continue };
                let mut left = left.lock().unwrap();
                let status = if left.len() > 1 { left.remove(0) } else { left[0] };
                let Some(request) = read(&mut stream, status) else { continue };
                let _ = write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
                let _ = stream.flush();
                if tell.is_closed() {
                    return;
                }
                tell.send_modify(|got: &mut Vec<Got>| got.push(request));
            }
        });
        Self { address, got }
    }

    /// Waits until this is true of all that came in.
    async fn until(&self, what: &str, is_there: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let mut got = self.got.clone();
        let there = async { got.wait_for(|got| is_there(got)).await.map(|got| got.clone()) };
        soon(what, there).await.unwrap()
    }
}

trait Wire: std::io::Read + std::io::Write {}
impl<T: std::io::Read + std::io::Write> Wire for T {}

fn read(stream: &mut Box<dyn Wire>, status: u16) -> Option<Got> {
    let mut lines = BufReader::new(stream);
    let mut head = BTreeMap::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(' ')?;
        head.insert(name.trim_end_matches(':').to_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; head.get("content-length")?.parse().ok()?];
    lines.read_exact(&mut body).ok()?;
    Some(Got { head, body: String::from_utf8(body).ok()?, status })
}

impl Got {
    fn told(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn event(&self) -> String {
        self.told()["type"].as_str().unwrap().to_owned()
    }

    fn id(&self) -> &str {
        &self.head["webhook-id"]
    }

    /// As a receiver of Standard Webhooks verifies it.
    fn is_signed(&self) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
        let timestamp = &self.head["webhook-timestamp"];
        mac.update(format!("{}.{timestamp}.{}", self.id(), self.body).as_bytes());
        let signature = self.head["webhook-signature"].strip_prefix("v1,").unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the service reads the machine's clock, too")]
        let now = chrono::Utc::now().timestamp();
        timestamp.parse::<i64>().unwrap().abs_diff(now) < 300
            && mac.verify_slice(&signature).is_ok()
    }
}

const ALL: &str = "[\"call.ended\", \"case.opened\", \"case.call_back_owed\", \
                   \"case.stage_changed\", \"roster.changed\"]";

/// A service that tells these receivers of everything.
fn place_that_tells(webhooks: impl Fn(&Place) -> String) -> Place {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    place.write("segreto", &format!("whsec_{KEY}\n"));
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(place.path("segreto"), mode).unwrap();
    place.write("polaris.toml", &place.config(&webhooks(&place)));
    place
}

fn webhook(name: &str, url: &str, more: &str) -> String {
    format!(
        "[[webhook]]\nname = \"{name}\"\nurl = \"{url}\"\nsecret_file = \"segreto\"\n\
         events = {ALL}\n{more}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_event_is_told_signed_and_again_with_the_same_id_until_it_is_taken() {
    let receiver = Mutex::new(None);
    let place = place_that_tells(|place| {
        let here = Receiver::new(place, &[500, 302, 200]);
        let text = webhook("sportello", &format!("http://{}/eventi", here.address), "");
        *receiver.lock().unwrap() = Some(here);
        text
    });
    let receiver = receiver.into_inner().unwrap().unwrap();
    let service = Service::start(&place).await;
    service.says(&["webhooks are told"]).await;
    let number = one_call(&place, &service, "2").await;
    let imported = place.run(&["roster", "import", "turni.csv"]);
    assert!(imported.status.success(), "{}", errors(&imported));
    let wanted = ["case.opened", "call.ended"];
    let taken =
        |got: &[Got], event: &str| got.iter().any(|got| got.status == 200 && got.event() == event);
    let got = receiver
        .until("case and call are told", |got| wanted.iter().all(|event| taken(got, event)))
        .await;
    let mut ids: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for got in &got {
        assert!(got.is_signed(), "{got:?}");
        assert_eq!(got.head["content-type"], "application/json");
        let told = got.told();
        if got.event() != "roster.changed" {
            let about = serde_json::json!({ "service": "polaris-br4", "case": number });
            assert_eq!(told["data"], about);
        }
        assert!(chrono::DateTime::parse_from_rfc3339(told["timestamp"].as_str().unwrap()).is_ok());
        for secret in [CALLER, ADA, "Ada", "violence"] {
            assert!(!got.body.contains(secret), "{secret}: {}", got.body);
        }
        ids.entry(format!("{} {}", got.event(), got.id())).or_default().push(got.status);
    }
    // What was refused came again, and what was taken did not.
    assert!(ids.values().any(|statuses| statuses.len() > 1), "{ids:?}");
    for statuses in ids.values() {
        let taken = statuses.iter().position(|status| *status == 200);
        assert!(taken.is_none_or(|taken| taken + 1 == statuses.len()), "{ids:?}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_receiver_holds_up_neither_a_call_nor_another_receiver() {
    let receiver = Mutex::new(None);
    // It accepts and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = place_that_tells(|place| {
        let here = Receiver::new(place, &[200]);
        let text = webhook("vivo", &format!("http://{}/", here.address), "")
            + &webhook("muto", &format!("http://{}/", silent.local_addr().unwrap()), "")
            + &webhook("assente", "http://127.0.0.1:9/", "");
        *receiver.lock().unwrap() = Some(here);
        text
    });
    let receiver = receiver.into_inner().unwrap().unwrap();
    let service = Service::start(&place).await;
    service.says(&["webhooks are told"]).await;
    one_call(&place, &service, "1").await;
    let told = |got: &[Got]| got.iter().any(|got| got.event() == "call.ended");
    receiver.until("the living one is told", told).await;
    service.says(&["a message was not taken", "assente"]).await;
    // That the living one took it is written a moment after it did.
    let mut said = String::new();
    for _ in 0..100 {
        let output = place.run(&["webhooks"]);
        said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        if said.lines().any(|line| line.starts_with("vivo") && line.contains("in attesa    0")) {
            break;
        }
    }
    let line = |name: &str| said.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("vivo").contains("in attesa    0"), "{said}");
    assert!(line("assente").contains("non si raggiunge"), "{said}");
    assert!(!line("muto").contains("in attesa    0"), "{said}");
    service.stop().await;

    // Given up: told with exit 1, and tried anew when somebody says so.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.path("data/polaris.db"));
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let give_up = "update webhook_messages set next = null where webhook = 'assente'";
    sqlx::query(give_up).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let output = place.run(&["webhooks", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let first = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
    let told: Value = serde_json::from_slice(first).unwrap();
    assert_eq!((&told["webhook"], &told["waiting"]), (&"assente".into(), &0.into()));
    assert!(told["given_up"].as_i64().unwrap() >= 2);
    let checked = place.run(&["check"]).stdout;
    assert!(String::from_utf8_lossy(&checked).contains("--retry assente"));
    // Who reads the console sees it, too.
    let config = place.read("polaris.toml");
    let console = format!("[console]\nlisten = \"{}:8080\"\n", place.net.service().ip());
    place.write("polaris.toml", &(config + &console));
    let (service, window) = shown(&place).await;
    let mut carla = coordinator(&place, window);
    let board = carla.get("/adesso").body;
    assert!(board.contains("Il programma «assente» ha perso"), "{board}");
    assert!(!board.contains("Il programma «vivo»"), "{board}");
    service.stop().await;
    assert!(place.run(&["webhooks", "--retry", "assente"]).status.success());
    assert_eq!(place.run(&["webhooks"]).status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_tls_only_who_is_signed_for_is_told() {
    let known = Authority::new();
    let receivers = Mutex::new(Vec::new());
    let place = place_that_tells(|place| {
        let mut text = String::new();
        let address = place.net.service().ip().to_string();
        place.write("ca.pem", &known.pem);
        for (name, authority) in [("fidato", &known), ("altro", &Authority::new())] {
            let paper = authority.signs(&address);
            let config = Arc::new(server(&paper.certificate, &paper.key));
            let greet = move |stream: TcpStream| -> Option<Box<dyn Wire>> {
                let tls = rustls::ServerConnection::new(config.clone()).ok()?;
                Some(Box::new(rustls::StreamOwned::new(tls, stream)))
            };
            let here = Receiver::behind(place, &[204], greet);
            let url = format!("https://{}/", here.address);
            text += &webhook(name, &url, "ca_file = \"ca.pem\"");
            receivers.lock().unwrap().push(here);
        }
        text
    });
    let receivers = receivers.into_inner().unwrap();
    let service = Service::start(&place).await;
    service.says(&["webhooks are told"]).await;
    one_call(&place, &service, "1").await;
    let told = |got: &[Got]| got.iter().any(|got| got.event() == "call.ended" && got.is_signed());
    receivers[0].until("over TLS", told).await;
    service.says(&["a message was not taken", "altro", "certificato"]).await;
    assert!(receivers[1].got.borrow().is_empty());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_slip_in_a_webhook_is_told_at_once() {
    let place = place_that_tells(|_| {
        webhook("a", "http://esempio.it/", "")
            + &webhook("b", "esempio", "")
            + &webhook("c", "http://127.0.0.1:9/", "").replace("call.ended", "call.begun")
            + &webhook("d", "http://127.0.0.1:9/", "").replace("segreto", "assente")
            + &webhook("e", "http://127.0.0.1:9/", "")
            + &webhook("e", "http://127.0.0.1:9/", "")
    });
    let output = place.run(&["check"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), errors(&output));
    for word in [
        "dev'essere https://",
        "«esempio» in [[webhook]]: non è un indirizzo",
        "«call.begun» in «events»: ci sono call.ended",
        "«assente» in «secret_file»",
        "«e»: ci sono due [[webhook]]",
    ] {
        assert!(said.contains(word), "«{word}»: {said}");
    }
}

/// A server that shows this certificate.
fn server(certificate: &str, key: &str) -> rustls::ServerConfig {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}
