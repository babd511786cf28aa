//! Behind a NAT: the address that peers see is written wherever they read ours, and the way
//! back is kept open.

use crate::CALLER;
use crate::line_support::exchange::header;
use crate::line_support::operator::RawOperator;
use crate::line_support::raw::RawCaller;
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, Place, lane};

/// Nobody's: it stands for the address our NAT has outside.
const PUBLIC: &str = "198.51.100.7";

/// A service whose first trunk is an operator that is told each word; `sip` and `more` are
/// written for it and for the trunk.
async fn place(sip: &str, more: &str) -> (Place, RawOperator) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let ip = place.net.ip(20);
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nprobe = false\nproxy = \"{ip}:5060\"\n{more}\n"
    );
    let config = place.config(&trunk).replacen("[rtp]", &format!("{sip}\n[rtp]"), 1);
    place.write("polaris.toml", &config);
    (place, RawOperator::open(ip).await)
}

/// Via and Contact of a request of ours have the public address.
fn is_seen_outside(request: &str) {
    let via = header(request, "Via:").unwrap();
    assert!(via.starts_with(&format!("SIP/2.0/UDP {PUBLIC}:5060;")), "{via}");
    if let Some(contact) = header(request, "Contact:") {
        assert_eq!(contact, format!("<sip:polaris@{PUBLIC}:5060>"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_public_address_is_in_via_contact_and_sdp_of_both_legs() {
    let (place, mut operator) = place(&format!("public_address = \"{PUBLIC}\""), "").await;
    let mut service = Service::start(&place).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite(&sdp).await;
    let ok = raw.status(200).await;
    raw.ack().await;
    assert_eq!(header(&ok, "Contact:"), Some(format!("<sip:polaris@{PUBLIC}:5060>")));
    assert_eq!(header(&ok, "c="), Some(format!("IN IP4 {PUBLIC}")), "{ok}");
    raw.info("application/dtmf-relay", "Signal=2\r\n").await;
    let invite = operator.request("INVITE").await;
    is_seen_outside(&invite);
    assert!(header(&invite, "Contact:").is_some());
    assert_eq!(header(&invite, "c="), Some(format!("IN IP4 {PUBLIC}")), "{invite}");
    operator.answer(&invite, "180 Ringing", "").await;
    // Cut: the caller is told by a request of ours, in the dialog that they began.
    service.signal("TERM");
    service.says(&["draining"]).await;
    service.signal("TERM");
    is_seen_outside(&raw.hung_up().await);
    let cancel = operator.request("CANCEL").await;
    is_seen_outside(&cancel);
    operator.answer(&cancel, "200 OK", "").await;
    operator.answer(&invite, "487 Request Terminated", "").await;
    service.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_registered_trunk_is_sent_something_before_a_nat_forgets_us() {
    let account = "register = true\nuser = \"a\"\npassword = \"b\"\nkeepalive = \"1s\"";
    let (place, mut operator) = place("", account).await;
    let mut service = Service::start(&place).await;
    let register = operator.request("REGISTER").await;
    operator.answer(&register, "200 OK", "Expires: 3600\r\n").await;
    service.says(&["trunk.name=\"primo\"", "registered"]).await;
    for _ in 0..2 {
        // RFC 5626 §3.5: it says nothing, and needs no answer.
        let mut said = operator.datagram("a keep-alive").await;
        while said.starts_with("REGISTER ") {
            // Sent again before our answer came.
            said = operator.datagram("a keep-alive").await;
        }
        assert_eq!(said, "\r\n\r\n");
    }
    service.signal("TERM");
    let leave = operator.request("REGISTER").await;
    assert_eq!(header(&leave, "Expires:").as_deref(), Some("0"));
    operator.answer(&leave, "200 OK", "").await;
    assert_eq!(service.ended().await, Some(0));
}
