use super::*;

#[path = "../../../tests/line_support/names.rs"]
#[allow(dead_code, unreachable_pub, reason = "the bench of whole calls uses it, too")]
mod names;
use names::NameServer;

async fn server(zone: &str) -> (NameServer, Dns) {
    let server = NameServer::open("127.0.0.1:0".parse().unwrap(), zone).await;
    let dns = Dns::new(&[server.address]).unwrap();
    (server, dns)
}

/// A peer as it is written: `sip.operatore.it`, `tls:sip.operatore.it:5061`.
fn peer(host: &str, port: Option<u16>, transport: Option<Transport>) -> NamedPeer {
    NamedPeer { host: host.into(), port, transport }
}

async fn located(dns: &Dns, peer: NamedPeer) -> String {
    let Ok(located) = dns.locate(&peer).await else { return "nowhere".into() };
    let text = |target: &Target| format!("{} {}", target.transport.as_str(), target.address);
    let targets: Vec<String> = located.targets.iter().map(text).collect();
    format!("{} for {} s", targets.join(", "), located.ttl.as_secs())
}

const OPERATOR: &str = "
    sip.operatore.it       60 NAPTR 20 10 s SIP+D2U  _sip._udp.operatore.it
    sip.operatore.it       60 NAPTR 10 10 s SIP+D2T  _sip._tcp.operatore.it
    sip.operatore.it       60 NAPTR 5  10 s SIPS+D2T _sips._tcp.operatore.it
    sip.operatore.it       60 NAPTR 1  10 u E2U+sip  nowhere.operatore.it
    _sip._udp.operatore.it 30 SRV   10 0 5070 a.operatore.it
    _sip._tcp.operatore.it 40 SRV   20 0 5080 b.operatore.it
    _sip._tcp.operatore.it 40 SRV   10 0 5060 a.operatore.it
    _sip._tcp.operatore.it 40 SRV   5  0 5060 gone.operatore.it
    _sips._tcp.operatore.it 40 SRV  10 0 5061 b.operatore.it
    a.operatore.it         20 A    192.0.2.1
    a.operatore.it         90 AAAA 2001:db8::1
    b.operatore.it         50 A    192.0.2.2
";

#[tokio::test]
async fn naptr_and_srv_say_how_and_where_and_for_how_long() {
    let (server, dns) = server(OPERATOR).await;
    let all = located(&dns, peer("sip.operatore.it", None, None)).await;
    assert_eq!(
        all,
        "TCP 192.0.2.1:5060, TCP [2001:db8::1]:5060, TCP 192.0.2.2:5080, UDP 192.0.2.1:5070, \
         UDP [2001:db8::1]:5070 for 20 s"
    );
    assert_eq!(server.asked("SRV _sips._tcp.operatore.it."), 0, "TLS is written, never found");
    let tls = located(&dns, peer("sip.operatore.it", None, Some(Transport::Tls))).await;
    assert_eq!(tls, "TLS 192.0.2.2:5061 for 40 s");
    let udp = located(&dns, peer("sip.operatore.it", None, Some(Transport::Udp))).await;
    assert_eq!(udp, "UDP 192.0.2.1:5070, UDP [2001:db8::1]:5070 for 20 s");
}

#[tokio::test]
async fn without_naptr_srv_is_asked_and_without_srv_the_name_itself() {
    let (server, dns) = server(
        "_sip._udp.pbx.it 60 SRV 1 1 5062 c.pbx.it
         c.pbx.it 60 A 192.0.2.3
         plain.pbx.it 60 A 192.0.2.4
         none.pbx.it 60 A 192.0.2.5
         _sip._udp.none.pbx.it 60 SRV 1 1 5060 .",
    )
    .await;
    let place = |host: &str, port, transport| located(&dns, peer(host, port, transport));
    assert_eq!(place("pbx.it", None, None).await, "UDP 192.0.2.3:5062 for 60 s");
    assert_eq!(place("plain.pbx.it", None, None).await, "UDP 192.0.2.4:5060 for 60 s");
    let tls = place("plain.pbx.it", None, Some(Transport::Tls)).await;
    assert_eq!(tls, "TLS 192.0.2.4:5061 for 60 s");
    // A port that is written is kept, and nothing but the address is asked for.
    let asked = server.asked("NAPTR plain.pbx.it.");
    let port = place("plain.pbx.it", Some(5099), Some(Transport::Tcp)).await;
    assert_eq!(port, "TCP 192.0.2.4:5099 for 60 s");
    assert_eq!(server.asked("NAPTR plain.pbx.it."), asked);
    assert_eq!(place("missing.pbx.it", None, None).await, "nowhere");
}

#[tokio::test]
async fn a_question_without_an_answer_takes_nothing_from_the_others() {
    let zone = "
        _sip._tcp.pbx.it 3600 SRV 1 1 5060 a.pbx.it
        _sip._udp.pbx.it 3600 SRV 1 1 5060 a.pbx.it
        _sip._udp.pbx.it 3600 SRV 2 1 5060 b.pbx.it
        a.pbx.it 3600 A 192.0.2.1
        b.pbx.it 3600 A 192.0.2.2";
    let asked = async |broken: &[&str]| {
        let (server, dns) = server(zone).await;
        broken.iter().for_each(|name| server.breaks(name));
        located(&dns, peer("pbx.it", None, None)).await
    };
    let udp = "UDP 192.0.2.1:5060, UDP 192.0.2.2:5060";
    assert_eq!(asked(&[]).await, format!("{udp}, TCP 192.0.2.1:5060 for 3600 s"));
    // What is missing is asked for again soon.
    assert_eq!(asked(&["_sip._tcp.pbx.it"]).await, format!("{udp} for 5 s"));
    assert_eq!(asked(&["_sip._udp.pbx.it"]).await, "TCP 192.0.2.1:5060 for 5 s");
    assert_eq!(asked(&["a.pbx.it"]).await, "UDP 192.0.2.2:5060 for 5 s");
    let all = ["_sip._tcp.pbx.it", "_sip._udp.pbx.it"];
    assert_eq!(asked(&all).await, "nowhere", "what was known before may still be true");
}

#[tokio::test]
async fn a_dns_that_is_silent_is_waited_for_four_seconds_at_most() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dns = Dns::new(&[silent.local_addr().unwrap()]).unwrap();
    let name = peer("sip.operatore.it", None, None);
    let asked = dns.locate(&name);
    let error = tokio::time::timeout(LOCATE_MAX * 2, asked).await.unwrap().unwrap_err();
    assert!(matches!(error, LocateError::Slow | LocateError::NoAnswer(_)), "{error}");
}

#[test]
fn heavier_servers_come_first_as_often_as_their_weight_says() {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    let heavy = (0..10_000).filter(|_| lot(30, random()) < lot(10, random())).count();
    assert!((7_200..7_800).contains(&heavy), "{heavy}");
    let none = (0..10_000).filter(|_| lot(0, random()) < lot(10, random())).count();
    assert!(none < 20, "{none}");
}
