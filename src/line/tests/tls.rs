use std::time::Duration;

use chrono::TimeDelta;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::super::Arrived;
use super::super::connections::tests::{connections, here};
use super::super::reading::Patience;
use super::*;
use crate::sip::{Route, Transport};
use crate::words::{Clock, SystemClock};

#[path = "../../../tests/line_support/authority.rs"]
#[allow(unreachable_pub, reason = "the bench of whole calls uses it, too")]
mod authority;
use authority::{Authority, Paper};

const LONG: Duration = Duration::from_secs(20);
const MESSAGE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n";
const NAME: &str = "sip.operatore.it";

fn now() -> DateTime<Utc> {
    SystemClock::start().wall()
}

/// A trunk's border, and us beside it.
struct Bench {
    folder: TempDir,
    authority: Authority,
    trunk: Tls,
    address: SocketAddr,
    at_trunk: mpsc::Receiver<Arrived>,
}

impl Bench {
    /// The border shows what its authority signed.
    async fn shows(paper: impl FnOnce(&Authority) -> Paper) -> Self {
        let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let files = files(&folder);
        paper(&authority).write(&files.certificate, &files.key);
        std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        let trunk = Tls::new(Some(files), Vec::new()).unwrap();
        // Long ago every certificate of these tests was good enough to be shown.
        assert!(matches!(trunk.reread(DateTime::UNIX_EPOCH), Reread::Taken { .. }));
        let (border, at_trunk) = connections(Some(trunk.clone()), Patience::default());
        let local = border.listen(Transport::Tls, SocketAddr::new(here(), 0)).await.unwrap();
        Self { folder, authority, trunk, address: local, at_trunk }
    }

    /// We say something; what came of it, here.
    async fn say(&self, tls: &Tls) -> mpsc::Receiver<Arrived> {
        let (ours, inbox) = connections(Some(tls.clone()), Patience::default());
        let local = SocketAddr::new(here(), 5061);
        ours.send(
            Route { transport: Transport::Tls, local, remote: self.address },
            MESSAGE.to_vec(),
        );
        inbox
    }

    /// Us, who want to see `name`, signed by whom the file says.
    fn us(&self, name: &str, authorities: &str) -> Tls {
        let authorities = Some(self.folder.path().join(authorities));
        let (places, hosts) = (BTreeSet::from([self.address]), BTreeSet::new());
        Tls::new(None, vec![TlsPeer { name: name.into(), authorities, places, hosts }]).unwrap()
    }
}

fn files(folder: &TempDir) -> CertificateFiles {
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    CertificateFiles { certificate, key }
}

async fn came(inbox: &mut mpsc::Receiver<Arrived>) -> Arrived {
    timeout(LONG, inbox.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_trunk_with_the_right_certificate_is_spoken_to_and_its_end_is_known() {
    let end = now() + TimeDelta::days(20);
    let mut bench = Bench::shows(|authority| authority.signs_until(NAME, end)).await;
    let us = bench.us(NAME, "ca.pem");
    let mut inbox = bench.say(&us).await;
    let Arrived::Message { bytes, route } = came(&mut bench.at_trunk).await else { panic!() };
    assert_eq!((bytes.as_slice(), route.transport), (MESSAGE, Transport::Tls));
    let seen = us.seen();
    assert_eq!(seen[0].distrust, None);
    assert_eq!(seen[0].until.unwrap().date_naive(), end.date_naive());
    assert!(inbox.try_recv().is_err(), "nothing failed");
}

#[tokio::test]
async fn a_trunk_that_shows_another_name_an_old_paper_or_an_unknown_authority_hears_nothing() {
    let bench = Bench::shows(|authority| authority.signs("sip.altri.it")).await;
    refused(bench, "ca.pem", Distrust::OtherName).await;
    let yesterday = now() - TimeDelta::days(1);
    let bench = Bench::shows(|authority| authority.signs_until(NAME, yesterday)).await;
    refused(bench, "ca.pem", Distrust::Expired).await;
    let bench = Bench::shows(|authority| authority.signs(NAME)).await;
    std::fs::write(bench.folder.path().join("other.pem"), Authority::new().pem).unwrap();
    refused(bench, "other.pem", Distrust::UnknownAuthority).await;
    let bench = Bench::shows(|authority| authority.signs(NAME)).await;
    refused(bench, "nowhere.pem", Distrust::NoAuthorities).await;
}

async fn refused(mut bench: Bench, authorities: &str, why: Distrust) {
    let us = bench.us(NAME, authorities);
    let mut inbox = bench.say(&us).await;
    assert!(matches!(came(&mut inbox).await, Arrived::Failed { .. }), "{why:?}");
    assert_eq!(us.seen()[0].distrust, Some(why));
    let heard = came(&mut bench.at_trunk).await;
    assert!(matches!(heard, Arrived::Closed { .. }), "{heard:?}");
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_then_on_and_a_bad_one_changes_nothing() {
    let mut bench = Bench::shows(|authority| authority.signs("sip.altri.it")).await;
    let us = bench.us(NAME, "ca.pem");
    let files = files(&bench.folder);
    assert!(matches!(bench.trunk.reread(now()), Reread::Same));
    bench.authority.signs(NAME).write(&files.certificate, &files.key);
    assert!(matches!(bench.trunk.reread(now()), Reread::Taken { .. }));
    let until = bench.trunk.own_until();
    assert!(until.is_some());
    bench.say(&us).await;
    assert!(matches!(came(&mut bench.at_trunk).await, Arrived::Message { .. }));
    // The key of another, an old one, nonsense, nothing: each is refused, once.
    let other = bench.authority.signs(NAME);
    std::fs::write(&files.key, &other.key).unwrap();
    let refused = bench.trunk.reread(now());
    assert!(matches!(refused, Reread::Refused(ReadCertificateError::KeyOfAnother { .. })));
    assert!(matches!(bench.trunk.reread(now()), Reread::Same));
    let old = bench.authority.signs_until(NAME, now() - TimeDelta::days(2));
    old.write(&files.certificate, &files.key);
    let refused = bench.trunk.reread(now());
    assert!(matches!(refused, Reread::Refused(ReadCertificateError::Expired { .. })));
    std::fs::write(&files.certificate, "-----BEGIN NONSENSE-----").unwrap();
    let refused = bench.trunk.reread(now());
    assert!(matches!(refused, Reread::Refused(ReadCertificateError::NotPem { .. })));
    std::fs::remove_file(&files.certificate).unwrap();
    let refused = bench.trunk.reread(now());
    assert!(matches!(refused, Reread::Refused(ReadCertificateError::Unreadable { .. })));
    assert_eq!(bench.trunk.own_until(), until);
    bench.say(&us).await;
    loop {
        match came(&mut bench.at_trunk).await {
            Arrived::Message { .. } => break,
            Arrived::Closed { .. } => {}
            Arrived::Failed { route } => panic!("{route:?}"),
        }
    }
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_or_speaks_no_tls_is_hung_up_on() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let files = files(&folder);
    authority.signs(NAME).write(&files.certificate, &files.key);
    let tls = Tls::new(Some(files), Vec::new()).unwrap();
    assert!(matches!(tls.reread(now()), Reread::Taken { .. }));
    let short = Duration::from_millis(300);
    let patience = Patience { first: short, message: LONG, silence: LONG };
    let (border, mut inbox) = connections(Some(tls), patience);
    let local = border.listen(Transport::Tls, SocketAddr::new(here(), 0)).await.unwrap();
    let mut silent = TcpStream::connect(local).await.unwrap();
    // The first octets of a TLS record, and nothing more.
    silent.write_all(&[22, 3, 1, 2, 0]).await.unwrap();
    assert_eq!(timeout(LONG, silent.read(&mut [0])).await.unwrap().unwrap(), 0);
    assert!(matches!(came(&mut inbox).await, Arrived::Closed { .. }));
    let mut plain = TcpStream::connect(local).await.unwrap();
    plain.write_all(MESSAGE).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(LONG, plain.read_to_end(&mut answer)).await.unwrap();
    assert!(!answer.starts_with(b"SIP"));
    assert!(matches!(came(&mut inbox).await, Arrived::Closed { .. }));
}
