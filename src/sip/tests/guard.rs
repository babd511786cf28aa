use super::super::message::Message;
use super::*;

fn wanted() -> Credentials {
    Credentials { username: "operatore".into(), password: "segreto".into(), realm: None }
}

fn request(fields: &str) -> Request {
    let text = format!(
        "INVITE sip:+390831000000@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n{fields}\r\n"
    );
    Request::read(Message::parse(text.as_bytes()).unwrap()).unwrap()
}

/// The challenge of a refusal, as its receiver reads it.
fn received(refusal: &Refusal) -> Message {
    assert_eq!(refusal.status, 401);
    let mut message = Message::response(401);
    for (name, value) in &refusal.fields {
        message.push(name, value.clone());
    }
    message
}

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

/// The request once more, with what meets a challenge for the `count`th time.
fn met(refusal: &Refusal, own: &Credentials, count: u32) -> Request {
    let plain = request("");
    let challenge = digest::strongest(&received(refusal), own).unwrap();
    let (name, value) = challenge.answer(own, &plain.message, "c", count).unwrap();
    request(&format!("{name}: {value}\r\n"))
}

fn challenged(guard: &mut Guard, now: Moment) -> Refusal {
    guard.admit(now, &request(""), &wanted()).unwrap_err()
}

#[test]
fn who_answers_passes_once_for_each_count() {
    let mut guard = Guard::new([1; 16]);
    let refusal = challenged(&mut guard, at(0));
    assert_eq!(refusal.fields.len(), 2, "SHA-256 and MD5");
    let first = met(&refusal, &wanted(), 1);
    assert_eq!(guard.admit(at(1), &first, &wanted()), Ok(()));
    let again = guard.admit(at(2), &first, &wanted()).unwrap_err();
    assert!(again.fields[0].1.ends_with("stale=true"), "a replay is refused");
    assert_eq!(guard.admit(at(2), &met(&refusal, &wanted(), 3), &wanted()), Ok(()));
    assert!(guard.admit(at(2), &met(&refusal, &wanted(), 2), &wanted()).is_err(), "back again");
}

#[test]
fn both_algorithms_are_taken() {
    for algorithm in ["SHA-256", "MD5"] {
        let mut guard = Guard::new([1; 16]);
        let mut refusal = challenged(&mut guard, at(0));
        refusal.fields.retain(|(_, value)| value.contains(&format!("algorithm={algorithm},")));
        assert_eq!(refusal.fields.len(), 1);
        assert_eq!(guard.admit(at(0), &met(&refusal, &wanted(), 1), &wanted()), Ok(()));
    }
}

#[test]
fn a_nonce_lives_a_minute_and_only_ours_lives() {
    let mut guard = Guard::new([1; 16]);
    let refusal = challenged(&mut guard, at(0));
    let late = guard.admit(at(61), &met(&refusal, &wanted(), 1), &wanted()).unwrap_err();
    assert!(late.fields[0].1.ends_with("stale=true"));
    let mut elsewhere = Guard::new([2; 16]);
    let foreign = challenged(&mut elsewhere, at(61));
    assert!(guard.admit(at(61), &met(&foreign, &wanted(), 1), &wanted()).is_err());
    assert_eq!(guard.admit(at(62), &met(&late, &wanted(), 1), &wanted()), Ok(()));
}

#[test]
fn a_wrong_password_is_asked_again_and_is_not_stale() {
    let mut guard = Guard::new([1; 16]);
    let refusal = challenged(&mut guard, at(0));
    for own in [
        Credentials { password: "altro".into(), ..wanted() },
        Credentials { username: "altro".into(), ..wanted() },
    ] {
        let again = guard.admit(at(0), &met(&refusal, &own, 1), &wanted()).unwrap_err();
        assert_eq!(again.why, "the credentials are wrong");
        assert!(!again.fields[0].1.contains("stale"));
    }
    let right = met(&refusal, &wanted(), 1);
    let elsewhere = Credentials { realm: Some("altrove".into()), ..wanted() };
    let other = guard.admit(at(0), &right, &elsewhere).unwrap_err();
    assert_eq!(other.why, "no credentials were shown", "of another realm");
}

#[test]
fn nonsense_shows_nothing() {
    let mut guard = Guard::new([1; 16]);
    for value in [
        "",
        "Digest",
        "Digest realm=\"polaris\"",
        "Basic realm=\"polaris\"",
        "Digest realm=\"polaris\", username=\"operatore\", nonce=\"\u{e9}\u{e9}\", response=\"\"",
        "Digest realm=\"polaris\", username=\"operatore\", nonce=\"x\", algorithm=SHA-512, \
         response=\"x\"",
    ] {
        let fields = format!("Authorization: {value}\r\n");
        assert!(guard.admit(at(0), &request(&fields), &wanted()).is_err(), "{value}");
    }
}

#[test]
fn what_is_remembered_is_bounded_and_what_is_forgotten_is_refused() {
    let mut guard = Guard::new([1; 16]);
    let first = challenged(&mut guard, at(0));
    assert_eq!(guard.admit(at(0), &met(&first, &wanted(), 1), &wanted()), Ok(()));
    for _ in 0..NONCES_MAX {
        let refusal = challenged(&mut guard, at(1));
        assert_eq!(guard.admit(at(1), &met(&refusal, &wanted(), 1), &wanted()), Ok(()));
    }
    assert_eq!(guard.used.len(), NONCES_MAX);
    assert!(guard.admit(at(1), &met(&first, &wanted(), 2), &wanted()).is_err());
}
