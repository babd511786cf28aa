//! What was agreed with an operator: acknowledged ringing, session timers, how numbers are
//! written, who must show credentials.

use polaris::app::phone::{Do, Told};

use crate::line_support::exchange::header;
use crate::line_support::operator::RawOperator;
use crate::line_support::raw::RawCaller;
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, Place, lane, soon};
use crate::{CALLER, Scene};

/// A service whose first trunk is an operator that is told each word; `more` is agreed.
async fn agreed(more: &str) -> (Scene, RawOperator) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let ip = place.net.ip(20);
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nprobe = false\nproxy = \"{ip}:5060\"\n{more}\n"
    );
    place.write("polaris.toml", &place.config(&trunk));
    let operator = RawOperator::open(ip).await;
    (Scene::set_on(place).await, operator)
}

/// Somebody calls and wants a person.
async fn wanted(scene: &mut Scene, from: &str) {
    scene.caller.calls(CITIZENS, scene.place.net.service(), from);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ringing_is_acknowledged_and_the_talk_refreshed_until_nobody_knows_it() {
    let (mut scene, mut operator) = agreed("").await;
    wanted(&mut scene, CALLER).await;
    let invite = operator.request("INVITE").await;
    assert_eq!(header(&invite, "Supported:").as_deref(), Some("100rel, timer"));
    assert_eq!(header(&invite, "Session-Expires:").as_deref(), Some("1800;refresher=uac"));
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    operator.answer_with_sound(&invite, "183 Session Progress", reliable).await;
    let lost = operator.request("PRACK").await;
    let prack = operator.request("PRACK").await;
    assert_eq!(lost, prack, "a lost one is repeated");
    assert_eq!(header(&prack, "RAck:").as_deref(), Some("1 1 INVITE"));
    operator.answer(&prack, "200 OK", "").await;
    let timer = "Allow: INVITE, UPDATE\r\nSession-Expires: 4;refresher=uac\r\n";
    operator.answer_with_sound(&invite, "200 OK", timer).await;
    operator.request("ACK").await;
    let relay = "Content-Type: application/dtmf-relay\r\n";
    assert!(operator.says("INFO", relay, "Signal=1\r\n").await.starts_with("SIP/2.0 200"));
    scene.service.step("bridged").await;
    for _ in 0..2 {
        let update = operator.request("UPDATE").await;
        assert!(header(&update, "Session-Expires:").is_some_and(|e| e.ends_with("refresher=uac")));
        operator.answer(&update, "200 OK", timer).await;
    }
    assert!(operator.says("PRACK", "RAck: 9 1 INVITE\r\n", "").await.starts_with("SIP/2.0 481"));
    scene.service.says(&["refused", "a PRACK of nothing"]).await;
    let update = operator.request("UPDATE").await;
    operator.answer(&update, "481 Gone", "").await;
    // The caller is not lost with it: Ada is rung again.
    let again = operator.request("INVITE").await;
    operator.answer(&again, "486 Busy Here", "").await;
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sound_that_moves_while_it_rings_is_sent_where_it_went() {
    let (mut scene, mut operator) = agreed("").await;
    wanted(&mut scene, CALLER).await;
    let invite = operator.request("INVITE").await;
    let (early, _) = operator.moves_its_sound().await;
    assert!(early.starts_with("SIP/2.0 491"), "our offer is not answered yet: {early}");
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    operator.answer_with_sound(&invite, "183 Session Progress", reliable).await;
    let prack = operator.request("PRACK").await;
    operator.answer(&prack, "200 OK", "").await;
    let (moved, elsewhere) = operator.moves_its_sound().await;
    assert!(moved.starts_with("SIP/2.0 200") && moved.contains("m=audio "), "{moved}");
    // As gateways do, it repeats what it answered first.
    operator.answer_with_sound(&invite, "200 OK", "").await;
    operator.request("ACK").await;
    let mut packet = [0; 2_048];
    let offer = elsewhere.recv_from(&mut packet);
    soon("sound comes where it was wanted last", offer).await.unwrap();
    let relay = "Content-Type: application/dtmf-relay\r\n";
    assert!(operator.says("INFO", relay, "Signal=1\r\n").await.starts_with("SIP/2.0 200"));
    scene.service.step("bridged").await;
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_gets_numbers_and_names_as_agreed() {
    let more = "numbers = \"national\"\ndiversion = true\nhistory_info = true\n\
                forward_caller = true\ndomain = \"ims.operatore.it\"\n";
    let (mut scene, mut operator) = agreed(more).await;
    for (from, shown) in [(CALLER, "0831777001"), ("anonymous", "0831000000")] {
        wanted(&mut scene, from).await;
        let mut invite = operator.request("INVITE").await;
        while invite.starts_with("INVITE sip:0831000001@ims.operatore.it") {
            // The coordinator, for the call before.
            operator.answer(&invite, "486 Busy Here", "").await;
            invite = operator.request("INVITE").await;
        }
        assert!(invite.starts_with("INVITE sip:3330000001@ims.operatore.it"), "{invite}");
        let party = |number: &str| format!("<sip:{number}@ims.operatore.it;user=phone>");
        let own = party("0831000000");
        assert!(header(&invite, "From:").unwrap().starts_with(&party(shown)));
        assert_eq!(header(&invite, "P-Asserted-Identity:"), Some(own.clone()));
        assert_eq!(header(&invite, "Diversion:"), Some(format!("{own};reason=unconditional")));
        assert!(header(&invite, "History-Info:").unwrap().starts_with(&format!("{own};index=1,")));
        operator.answer(&invite, "486 Busy Here", "").await;
        operator.request("ACK").await;
        scene.caller.does(Do::HangUp);
        scene.caller.told(Told::HungUp).await;
    }
    scene.service.says_times(2, &["step=\"ended\""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_an_agreement_the_caller_is_in_no_message() {
    let (mut scene, mut operator) = agreed("").await;
    wanted(&mut scene, CALLER).await;
    let invite = operator.request("INVITE").await;
    assert!(invite.starts_with("INVITE sip:+393330000001@"), "{invite}");
    assert!(!invite.contains(&CALLER[3..]), "{invite}");
    assert!(!invite.contains("Diversion") && !invite.contains("History-Info"));
    operator.answer(&invite, "486 Busy Here", "").await;
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_goes_over_the_outbound_proxy() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let ip = place.net.ip(20);
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"ims.operatore.it:5060\"\n\
         probe = false\noutbound_proxy = \"{ip}:5060\"\nregister = true\nuser = \"a\"\npassword = \"b\"\n"
    );
    place.write("polaris.toml", &place.config(&trunk));
    let mut operator = RawOperator::open(ip).await;
    let mut service = Service::start(&place).await;
    let register = operator.request("REGISTER").await;
    assert!(register.starts_with("REGISTER sip:ims.operatore.it SIP/2.0"), "{register}");
    assert_eq!(header(&register, "Route:"), Some(format!("<sip:{ip}:5060;lr>")));
    operator.answer(&register, "200 OK", "Expires: 3600\r\n").await;
    service.says(&["trunk.name=\"primo\"", "registered"]).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    raw.is_answered(true).await;
    raw.info("application/dtmf-relay", "Signal=2\r\n").await;
    let invite = operator.request("INVITE").await;
    assert!(invite.starts_with("INVITE sip:+393330000001@ims.operatore.it"), "{invite}");
    assert_eq!(header(&invite, "Route:"), Some(format!("<sip:{ip}:5060;lr>")));
    operator.answer(&invite, "180 Ringing", "").await;
    raw.bye().await;
    raw.status(200).await;
    let cancel = operator.request("CANCEL").await;
    assert_eq!(header(&cancel, "Route:"), header(&invite, "Route:"));
    operator.answer(&cancel, "200 OK", "").await;
    operator.answer(&invite, "487 Request Terminated", "").await;
    service.step("ended").await;
    service.signal("TERM");
    let leave = operator.request("REGISTER").await;
    assert_eq!(header(&leave, "Expires:").as_deref(), Some("0"));
    operator.answer(&leave, "200 OK", "").await;
    assert_eq!(service.ended().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_to_a_responder_takes_the_way_the_registrar_asks_for() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let ip = place.net.ip(20);
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"{ip}:5060\"\ndomain = \
         \"ims.operatore.it\"\nprobe = false\nregister = true\nuser = \"a\"\npassword = \"b\"\n"
    );
    place.write("polaris.toml", &place.config(&trunk));
    let mut operator = RawOperator::open(ip).await;
    let mut service = Service::start(&place).await;
    let register = operator.request("REGISTER").await;
    let way = "<sip:orig@scscf.ims.operatore.it:6060;lr>";
    let fields = format!("Expires: 3600\r\nService-Route: {way}\r\n");
    operator.answer(&register, "200 OK", &fields).await;
    service.says(&["trunk.name=\"primo\"", "registered"]).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    raw.is_answered(true).await;
    raw.info("application/dtmf-relay", "Signal=2\r\n").await;
    let invite = operator.request("INVITE").await;
    assert!(invite.starts_with("INVITE sip:+393330000001@ims.operatore.it"), "{invite}");
    assert_eq!(header(&invite, "Route:").as_deref(), Some(way));
    operator.answer(&invite, "486 Busy Here", "").await;
    raw.bye().await;
    raw.status(200).await;
    service.step("ended").await;
    service.signal("TERM");
    let leave = operator.request("REGISTER").await;
    assert_eq!(header(&leave, "Route:"), None, "calls alone take it");
    operator.answer(&leave, "200 OK", "").await;
    assert_eq!(service.ended().await, Some(0));
}

/// RFC 7616 §3.4 with MD5, written out by hand.
fn shows(challenge: &str, password: &str, count: u32) -> String {
    use md5::{Digest, Md5};
    let hash = |text: String| -> String {
        Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    let a1 = hash(format!("operatore:polaris:{password}"));
    let a2 = hash("INVITE:sip:x".into());
    let response = hash(format!("{a1}:{nonce}:{count:08x}:c:auth:{a2}"));
    format!(
        "Authorization: Digest username=\"operatore\", realm=\"polaris\", nonce=\"{nonce}\", \
         uri=\"sip:x\", response=\"{response}\", algorithm=MD5, qop=auth, nc={count:08x}, \
         cnonce=\"c\"\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_that_must_show_credentials_shows_them_or_has_no_call() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let agreed = "challenge = true\nuser = \"operatore\"\npassword = \"segreto\"\naccept_from";
    let config = place.config("").replacen("accept_from", agreed, 1);
    place.write("polaris.toml", &config);
    let service = Service::start(&place).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite(&sdp).await;
    let challenge = raw.status(401).await;
    assert_eq!(challenge.matches("WWW-Authenticate:").count(), 2, "{challenge}");
    raw.forget_answer();
    raw.invite_with(&shows(&challenge, "sbagliata", 1), &sdp).await;
    let challenge = raw.status(401).await;
    service.says(&["refused", "sip.status=401", "the credentials are wrong"]).await;
    raw.forget_answer();
    raw.invite_with(&shows(&challenge, "segreto", 1), &sdp).await;
    raw.status(200).await;
    raw.ack().await;
    service.step("call_answered").await;
    // The same answer in another call is a replay.
    let mut other = RawCaller::new(place.net.phone(5), place.net.service(), CALLER, CITIZENS).await;
    other.invite_with(&shows(&challenge, "segreto", 1), &sdp).await;
    assert!(other.status(401).await.contains("stale=true"));
    raw.bye().await;
    raw.status(200).await;
    service.step("ended").await;
    service.stop().await;
    assert_eq!(place.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_wants_too_short_a_session_is_told_the_least() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let service = Service::start(&place).await;
    let mut raw = RawCaller::new(place.net.caller(), place.net.service(), CALLER, CITIZENS).await;
    let sdp = raw.sdp(true, "sendrecv");
    raw.invite_with("Supported: timer\r\nSession-Expires: 30\r\n", &sdp).await;
    let refused = raw.status(422).await;
    assert_eq!(header(&refused, "Min-SE:").as_deref(), Some("90"));
    raw.forget_answer();
    raw.invite_with("Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n", &sdp).await;
    let ok = raw.status(200).await;
    assert_eq!(header(&ok, "Session-Expires:").as_deref(), Some("90;refresher=uas"));
    raw.ack().await;
    raw.bye().await;
    raw.status(200).await;
    service.step("ended").await;
    service.stop().await;
}
