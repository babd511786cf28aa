//! Trunks in different networks: what each of them sees of us, and what is said of one that
//! nothing leads to.

use crate::CALLER;
use crate::line_support::exchange::header;
use crate::line_support::operator::RawOperator;
use crate::line_support::raw::RawCaller;
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, Place, lane};

/// Nobody's: it stands for the address our NAT has outside.
const PUBLIC: &str = "198.51.100.7";

/// A service behind a NAT, whose first trunk is at `proxy` and has `more` written for it.
fn place(proxy: &str, more: &str) -> Place {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let trunk = format!("[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"{proxy}\"\n{more}\n");
    let trunk = trunk.replace("IP", &place.net.ip(30).to_string());
    let public = format!("public_address = \"{PUBLIC}\"\n[rtp]");
    place.write("polaris.toml", &place.config(&trunk).replacen("[rtp]", &public, 1));
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_in_a_private_network_sees_no_public_address_and_the_others_do() {
    let place = place("IP:5060", "probe = false\npublic_address = \"none\"");
    let mut operator = RawOperator::open(place.net.ip(30)).await;
    let service = Service::start(&place).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite(&sdp).await;
    let ok = raw.status(200).await;
    raw.ack().await;
    assert_eq!(header(&ok, "Contact:"), Some(format!("<sip:polaris@{PUBLIC}:5060>")));
    assert_eq!(header(&ok, "c="), Some(format!("IN IP4 {PUBLIC}")), "{ok}");
    raw.info("application/dtmf-relay", "Signal=2\r\n").await;
    let invite = operator.request("INVITE").await;
    let own = place.net.service();
    let via = header(&invite, "Via:").unwrap();
    assert!(via.starts_with(&format!("SIP/2.0/UDP {own};")), "{via}");
    assert_eq!(header(&invite, "Contact:"), Some(format!("<sip:polaris@{own}>")));
    assert_eq!(header(&invite, "c="), Some(format!("IN IP4 {}", own.ip())), "{invite}");
    operator.answer(&invite, "486 Busy Here", "").await;
    raw.bye().await;
    raw.status(200).await;
    service.step("ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_nothing_leads_to_is_told_once_though_it_is_asked_again_and_again() {
    // From loopback there is no way to anywhere else: nothing is ever sent.
    let place = place("192.0.2.1:5060", "");
    let service = Service::start(&place).await;
    service.says(&["ERROR", "a trunk cannot be reached yet", "192.0.2.1:5060"]).await;
    service.says(&["WARN", "no way to a peer", "192.0.2.1:5060"]).await;
    // By then it has been asked four times.
    service.says(&["trunk.name=\"primo\"", "why=Silent"]).await;
    let log = service.log();
    let told = log.lines().filter(|line| line.contains("no way to a peer")).count();
    assert_eq!(told, 1, "{log}");
}

#[test]
fn the_public_address_of_a_trunk_is_an_address_or_none() {
    let check = |more: &str| {
        let place = place("IP:5060", more);
        let checked = place.command(&["check"]).output().unwrap();
        String::from_utf8_lossy(&checked.stdout).into_owned()
    };
    for good in ["\"none\"", "\"192.0.2.9\"", "[\"192.0.2.9\", \"2001:db8::9\"]"] {
        let said = check(&format!("public_address = {good}"));
        assert!(!said.contains("public_address"), "{said}");
    }
    let said = check("public_address = \"boh\"");
    assert!(said.contains("«boh» in «public_address» non è un indirizzo IP"), "{said}");
    let said = check("public_address = [\"192.0.2.1\", \"192.0.2.2\"]");
    assert!(said.contains("«192.0.2.2» in «public_address» è di troppo"), "{said}");
}

#[test]
fn two_trunks_of_one_host_see_one_address_of_ours() {
    let check = |first: &str, second: &str| {
        let other = "[[trunk]]\nname = \"secondo\"\nproxy = \"tcp:IP:5070\"\n";
        let place = place("IP:5060", &format!("{first}\n{other}{second}\n"));
        let checked = place.command(&["check"]).output().unwrap();
        String::from_utf8_lossy(&checked.stdout).into_owned()
    };
    let (none, own) = ("public_address = \"none\"", "public_address = \"192.0.2.9\"");
    let usual = format!("public_address = \"{PUBLIC}\"");
    for (first, second) in [(own, ""), (own, none), ("", none), (none, &*usual)] {
        let said = check(first, second);
        let what = "i trunk «primo» e «secondo» hanno lo stesso host, e vale il «public_address»";
        assert!(said.contains(what), "{first}, {second}: {said}");
    }
    for (first, second) in [(own, own), ("", ""), (none, none), (&*usual, "")] {
        let said = check(first, second);
        assert!(!said.contains("lo stesso host"), "{first}, {second}: {said}");
    }
}
