use super::*;

fn local() -> LocalSound {
    LocalSound {
        address: "192.0.2.1".parse().unwrap(),
        port: 20_000,
        session: 7,
        version: 1,
        width: Width::Wide,
        security: Security::Plain,
    }
}

fn offered(media: &str) -> Result<(StreamFormat, String), RefuseOfferError> {
    let text = format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n{media}"
    );
    answer(text.as_bytes(), &local()).map(|(f, a)| (f, String::from_utf8(a).unwrap()))
}

#[test]
fn a_law_is_chosen_with_the_event_number_and_ptime_offered() {
    let (format, text) = offered(
        "m=audio 4000 RTP/AVP 18 0 8 96 13\r\na=rtpmap:96 telephone-event/8000\r\n\
         a=fmtp:96 0-16\r\na=ptime:30\r\n",
    )
    .unwrap();
    assert_eq!(format.remote, "198.51.100.7:4000".parse().unwrap());
    assert_eq!((format.codec, format.payload_type), (Codec::PCMA, 8));
    assert_eq!((format.telephone_event, format.ptime_ms), (Some(96), 30));
    assert_eq!((format.direction, format.comfort_noise), (Direction::SendRecv, Some(13)));
    assert_eq!(
        text,
        "v=0\r\no=polaris 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 96 13\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\
         \r\na=fmtp:96 0-15\r\na=rtpmap:13 CN/8000\r\na=ptime:30\r\na=sendrecv\r\n"
    );
}

#[test]
fn the_widest_codec_offered_is_chosen_whatever_the_order() {
    for (offer, codec, payload_type) in [
        ("0 8 9", Codec::G722, 9),
        ("9 8", Codec::G722, 9),
        ("0 8", Codec::PCMA, 8),
        ("97\r\na=rtpmap:97 G722/8000", Codec::G722, 97),
        ("18 0", Codec::PCMU, 0),
        ("9 8\r\na=rtpmap:9 G722/16000", Codec::PCMA, 8),
    ] {
        let (format, text) = offered(&format!("m=audio 4000 RTP/AVP {offer}\r\n")).unwrap();
        assert_eq!((format.codec, format.payload_type), (codec, payload_type), "{offer}");
        assert!(text.contains(&format!("rtpmap:{payload_type} {}/8000", codec.name())), "{text}");
    }
}

#[test]
fn who_is_narrow_neither_offers_nor_takes_wideband() {
    let narrow = LocalSound { width: Width::Narrow, ..local() };
    let text = |local: &LocalSound| String::from_utf8(offer(local)).unwrap();
    assert!(text(&local()).contains("RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\n"));
    assert!(!text(&narrow).contains("G722"));
    let theirs = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n\
                  m=audio 9 RTP/AVP 9 8\r\n";
    assert_eq!(answer(theirs.as_bytes(), &narrow).unwrap().0.codec, Codec::PCMA);
}

#[test]
fn codecs_are_found_by_name_under_any_number() {
    let (format, _) = offered(
        "m=audio 4000 RTP/AVP 97 98\r\na=rtpmap:97 pcmu/8000/1\r\na=rtpmap:98 PCMA/8000\r\n",
    )
    .unwrap();
    assert_eq!((format.codec, format.payload_type), (Codec::PCMA, 98));
    let (format, _) = offered("m=audio 4000 RTP/AVP 0\r\n").unwrap();
    assert_eq!((format.codec, format.telephone_event), (Codec::PCMU, None));
    let wide = "m=audio 1 RTP/AVP 8 99\r\na=rtpmap:99 telephone-event/16000\r\n";
    assert_eq!(offered(wide).unwrap().0.telephone_event, None);
}

#[test]
fn packet_lengths_out_of_reach_become_twenty() {
    for (lines, ms) in [
        ("", 20),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:60\r\n", 60),
        ("a=ptime:25\r\n", 20),
        ("a=ptime:200\r\n", 20),
        ("a=ptime:x\r\n", 20),
        ("a=ptime:60\r\na=maxptime:40\r\n", 40),
        ("a=maxptime:10\r\n", 10),
        ("a=maxptime:5\r\n", 10),
        ("a=ptime:-1\r\n", 20),
    ] {
        let (format, _) = offered(&format!("m=audio 1 RTP/AVP 8\r\n{lines}")).unwrap();
        assert_eq!(format.ptime_ms, ms, "{lines}");
    }
}

#[test]
fn reports_go_to_the_next_port_unless_the_offer_says_otherwise() {
    let at = |text: &str| ControlPath::Separate(text.parse().unwrap());
    for (lines, control) in [
        ("", at("198.51.100.7:4001")),
        ("a=rtcp:4500\r\n", at("198.51.100.7:4500")),
        ("a=rtcp:4500 IN IP4 198.51.100.9\r\n", at("198.51.100.9:4500")),
        ("a=rtcp:4500 IN IP4 host.example\r\n", at("198.51.100.7:4500")),
        ("a=rtcp:nonsense\r\n", at("198.51.100.7:4001")),
        ("a=rtcp-mux\r\na=rtcp:4500\r\n", ControlPath::Multiplexed),
    ] {
        let (format, text) = offered(&format!("m=audio 4000 RTP/AVP 8\r\n{lines}")).unwrap();
        assert_eq!(format.control, control, "{lines}");
        let multiplexed = control == ControlPath::Multiplexed;
        assert_eq!(text.contains("a=rtcp-mux\r\n"), multiplexed, "{text}");
    }
    let last = offered("m=audio 65535 RTP/AVP 8\r\n").unwrap().0;
    assert_eq!(last.control, at("198.51.100.7:0"), "there is no next port");
    assert!(!String::from_utf8(offer(&local())).unwrap().contains("rtcp-mux"));
}

#[test]
fn hold_is_mirrored_in_each_of_its_forms() {
    for (lines, direction) in [
        ("a=sendonly\r\n", Direction::RecvOnly),
        ("a=recvonly\r\n", Direction::SendOnly),
        ("a=inactive\r\n", Direction::Inactive),
        ("c=IN IP4 0.0.0.0\r\n", Direction::RecvOnly),
        ("c=IN IP4 0.0.0.0\r\na=inactive\r\n", Direction::Inactive),
    ] {
        let (format, text) = offered(&format!("m=audio 1 RTP/AVP 8\r\n{lines}")).unwrap();
        assert_eq!(format.direction, direction, "{lines}");
        let word = format!("a={}", format!("{direction:?}").to_lowercase());
        assert!(text.contains(&word), "{text}");
    }
}

#[test]
fn other_streams_are_answered_and_refused() {
    let (format, text) = offered(
        "m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/SAVP 8\r\nm=audio 4002 RTP/AVP 8\r\n\
         c=IN IP6 2001:db8::9\r\nm=image 6000 udptl t38\r\n",
    )
    .unwrap();
    assert_eq!(format.remote, "[2001:db8::9]:4002".parse().unwrap());
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 0 RTP/SAVP 8",
            "m=audio 20000 RTP/AVP 8",
            "m=image 0 udptl t38"
        ]
    );
}

#[test]
fn nothing_usable_says_why() {
    for (media, why) in [
        ("m=image 6000 udptl t38\r\n", RefuseOfferError::NoAudio),
        ("m=audio 4000 RTP/SAVP 8\r\n", RefuseOfferError::NoAudio),
        ("m=audio 0 RTP/AVP 8\r\n", RefuseOfferError::NoAudio),
        ("", RefuseOfferError::NoAudio),
        ("m=audio 4000 RTP/AVP 18 4\r\n", RefuseOfferError::NoCodec),
        ("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 host.example\r\n", RefuseOfferError::NoAddress),
    ] {
        assert_eq!(offered(media).unwrap_err(), why, "{media}");
    }
    assert_eq!(answer(b"hello", &local()).unwrap_err(), RefuseOfferError::NotSdp);
}

#[test]
fn a_description_beyond_its_bounds_is_not_read() {
    let audio = "m=audio 4000 RTP/AVP 8\r\n";
    let of = |attributes: usize| offered(&(audio.to_owned() + &"a=x:y\r\n".repeat(attributes)));
    assert!(of(2_300).is_ok());
    assert_eq!(of(2_400).unwrap_err(), RefuseOfferError::TooLong);
    let (_, text) = offered(&audio.repeat(32)).unwrap();
    assert_eq!(text.matches("m=audio").count(), 32);
    assert_eq!(offered(&audio.repeat(33)).unwrap_err(), RefuseOfferError::TooLong);
}

#[test]
fn a_latin1_session_name_refuses_no_call() {
    let offer = b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=Niccol\xf2\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n\
                  m=audio 9 RTP/AVP 8\r\n";
    assert!(answer(offer, &local()).is_ok());
}

/// A good offer, each of its lines with a mark before it where another may be put.
const GOOD: &str = "^v=0\n^o=- 1 1 IN IP4 198.51.100.7\n^s=-\n^c=IN IP4 198.51.100.7\n^t=3 4\n\
    ^m=video 5000 RTP/AVP 31\n^m=audio 4000 RTP/AVP 18 8 96\n^a=rtpmap:96 telephone-event/8000\n\
    ^a=ptime:30\n^a=sendonly\n^";

/// Lines nobody needs, as they were met or may be: none is well-formed or of any use here.
const ODD: [&str; 24] = [
    "o=- 99999999999999999999 1 IN IP4 1.2.3.4",
    "o=- 1 -1 IN IP4 1.2.3.4",
    "o=",
    "s=",
    "b=AS:64 ",
    "b=",
    "b=TIAS:-1",
    "k=prompt",
    "z=0 0",
    "z=x",
    "r=7d 1h 0",
    "i=\u{fffd}",
    "u=",
    "e=a@b",
    "p=+39",
    "v=1",
    "t=soon",
    "c=IN",
    "a",
    "=",
    "",
    "\0",
    "rubbish",
    "X-line: of a header",
];

#[test]
fn no_line_that_is_not_used_refuses_a_call_or_changes_its_answer() {
    let good = answer(GOOD.replace('^', "").as_bytes(), &local()).unwrap();
    for odd in ODD {
        for (place, _) in GOOD.match_indices('^') {
            let text = format!("{}{odd}\n{odd}\n{}", &GOOD[..place], &GOOD[place..]);
            let answered = answer(text.replace('^', "").as_bytes(), &local());
            assert!(answered.as_ref() == Ok(&good), "{odd:?} at {place}: {answered:?}");
        }
    }
}

#[test]
fn odd_offers_are_answered() {
    let odd = |text: &str| answer(text.as_bytes(), &local());
    let plain = "v=0|c=IN IP4 1.2.3.4|m=audio 9 RTP/AVP 8";
    for text in [
        plain,
        "v=0|o=- 1 99999999999999999999 IN IP4 1.2.3.4|s=|c=IN IP4 1.2.3.4|t=0 0|m=audio 9 RTP/AVP 8",
        "\u{feff}v=0 |c=IN IP4 1.2.3.4 |m=audio 9 RTP/AVP 8 |",
        "v=0|c=IN  IP4  1.2.3.4|c=IN IP4 4.4.4.4|m=audio  9\tRTP/AVP  8|b=AS:64 |k=clear:1|k=clear:2",
        "c=IN IP4 1.2.3.4|m=audio 9/2 RTP/AVP 8",
        "v=0|m=audio 9 RTP/AVP 8|c=IN|c=IN IP4 1.2.3.4/127|a=sendrecv|\0",
        "v=0||c=IN IP4 1.2.3.4||t=9|r=1|m=audio 9/x RTP/AVP 8||",
    ] {
        for end in ["\r\n", "\n", "\r"] {
            let (format, body) = odd(&text.replace('|', end)).unwrap();
            assert_eq!(format.remote, "1.2.3.4:9".parse().unwrap(), "{text}");
            assert!(body == odd(&plain.replace('|', "\n")).unwrap().1, "{text}");
        }
    }
    assert_eq!(odd("v=0\n").unwrap_err(), RefuseOfferError::NoAudio);
    assert_eq!(odd("a=sendrecv\nrubbish").unwrap_err(), RefuseOfferError::NotSdp);
}

#[test]
fn the_first_audio_that_can_be_used_is_chosen_and_the_others_are_refused_in_order() {
    let eight = "m=audio 20000 RTP/AVP 8";
    for (streams, answered) in [
        ("m=audio 1 RTP/AVP 18|m=audio 2 RTP/AVP 8", vec!["m=audio 0 RTP/AVP 18", eight]),
        ("m=audio 0 RTP/AVP 8|m=audio 2 RTP/AVP 8", vec!["m=audio 0 RTP/AVP 8", eight]),
        (
            "m=audio 1 RTP/AVP 8|c=IN IP4 host|m=audio 2 RTP/AVP 8",
            vec!["m=audio 0 RTP/AVP 8", eight],
        ),
        ("m=audio 2 RTP/AVP 8|m=audio 3 RTP/AVP 8", vec![eight, "m=audio 0 RTP/AVP 8"]),
        ("m=audio x RTP/AVP 8|m=audio 2 RTP/AVP 8", vec!["m=audio 0 RTP/AVP 8", eight]),
        ("m=video 99999 RTP/AVP 31|m=audio 2 RTP/AVP 8", vec!["m=video 0 RTP/AVP 31", eight]),
        ("m=|a=rtpmap:8 X/1|m=audio 2 RTP/AVP 8", vec!["m=audio 0 RTP/AVP 0", eight]),
        ("m=audio|m=audio 2 RTP/AVP 8", vec!["m=audio 0 RTP/AVP 0", eight]),
    ] {
        let (_, text) = offered(&(streams.replace('|', "\r\n") + "\r\n")).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(lines, answered, "{streams}");
    }
    let none = offered("m=audio 1 RTP/AVP 18\r\nm=audio 2 RTP/AVP 8\r\nc=IN IP4 host\r\n");
    assert_eq!(none.unwrap_err(), RefuseOfferError::NoCodec, "the first says why");
}

#[test]
fn our_offer_is_answered_and_accepted() {
    let address = "2001:db8::1".parse().unwrap();
    let us = LocalSound { address, width: Width::Narrow, ..local() };
    let (format, text) = answer(&offer(&us), &local()).unwrap();
    assert_eq!(format.remote, "[2001:db8::1]:20000".parse().unwrap());
    let accepted = accept(&text, &us).unwrap();
    assert_eq!((accepted.codec, accepted.telephone_event), (Codec::PCMA, Some(101)));
    assert_eq!(accepted.remote, "192.0.2.1:20000".parse().unwrap());
    let theirs = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n\
                  m=audio 9 RTP/AVP 0 8\r\n";
    assert_eq!(accept(theirs.as_bytes(), &us).unwrap().codec, Codec::PCMU, "their order decides");
}

fn keys(seed: u8) -> OurKeys {
    OurKeys::from_random(std::array::from_fn(|nth| [seed + nth as u8; 44]))
}

/// A line of 30 bytes of key and salt.
const CM: &str =
    "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";

#[test]
fn protected_sound_is_answered_protected_or_refused() {
    let kinds = [Security::Plain, Security::InKind(keys(1)), Security::Required(keys(1))];
    let (savp, avp) = (Ok("RTP/SAVP"), Ok("RTP/AVP"));
    let (no_audio, no_key) = (Err(RefuseOfferError::NoAudio), Err(RefuseOfferError::NoKey));
    let (savpf, both) = (Ok("RTP/SAVPF"), "m=audio 4002 RTP/AVP 8\r\n");
    for (media, plain, in_kind, required) in [
        (format!("m=audio 4000 RTP/AVP 8\r\n{CM}"), avp, avp, no_audio),
        (format!("m=audio 4000 RTP/SAVP 8\r\n{CM}"), no_audio, savp, savp),
        (format!("m=audio 4000 RTP/SAVPF 8\r\n{CM}"), no_audio, savpf, savpf),
        ("m=audio 4000 RTP/SAVP 8\r\n".into(), no_audio, no_key, no_key),
        (format!("m=audio 4000 RTP/SAVP 8\r\n{both}"), avp, no_key, no_key),
        (format!("m=audio 4000 RTP/SAVP 8\r\n{CM}{both}"), avp, savp, savp),
        (format!("{both}m=audio 4000 RTP/SAVP 8\r\n{CM}"), avp, savp, savp),
        (format!("m=audio 4000 UDP/TLS/RTP/SAVP 8\r\n{CM}"), no_audio, no_audio, no_audio),
    ] {
        for (security, expected) in kinds.into_iter().zip([plain, in_kind, required]) {
            let text = format!(
                "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n\
                 {media}"
            );
            let answered = answer(text.as_bytes(), &LocalSound { security, ..local() });
            let Ok(proto) = expected else {
                assert_eq!(answered.map(|_| ()).map_err(Err::<(), _>), Err(expected.map(|_| ())));
                continue;
            };
            let (format, body) = answered.unwrap();
            let body = String::from_utf8(body).unwrap();
            let protected = format.protection != Protection::None;
            assert!(body.contains(&format!("m=audio 20000 {proto} 8")), "{media}: {body}");
            assert_eq!(protected, proto != "RTP/AVP", "{media}");
            let key = "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:";
            assert_eq!(body.contains(key), protected, "{media}: {body}");
            assert_eq!(body.matches("a=crypto").count(), usize::from(protected), "{body}");
        }
    }
}

#[test]
fn an_offer_of_protected_sound_is_never_accepted_plain_nor_the_other_way_round() {
    let of = |security| LocalSound { security, ..local() };
    let secret = of(Security::Required(keys(9)));
    let text = String::from_utf8(offer(&secret)).unwrap();
    assert!(text.contains("m=audio 20000 RTP/SAVP 9 8 0 101\r\n"), "{text}");
    for (nth, suite) in (1..).zip(crate::words::Suite::ALL) {
        assert!(text.contains(&format!("a=crypto:{nth} {} inline:", suite.name())), "{text}");
    }
    let plain = offer(&of(Security::InKind(keys(9))));
    assert_eq!(plain, offer(&local()), "who takes protection in kind offers none");
    let (theirs, body) = answer(text.as_bytes(), &of(Security::InKind(keys(3)))).unwrap();
    let accepted = accept(&body, &secret).unwrap();
    let (Protection::Srtp { ours, .. }, Protection::Srtp { theirs, .. }) =
        (accepted.protection, theirs.protection)
    else {
        panic!("plain");
    };
    assert_eq!(ours, theirs, "what we send is under the key we offered");
    let (_, plain) = answer(&plain, &local()).unwrap();
    assert_eq!(accept(&plain, &secret).unwrap_err(), RefuseOfferError::NoAudio);
    assert_eq!(accept(&body, &local()).unwrap_err(), RefuseOfferError::NoAudio);
    let keyless: String = String::from_utf8(body)
        .unwrap()
        .split_inclusive("\r\n")
        .filter(|l| !l.contains("crypto"))
        .collect();
    assert_eq!(accept(keyless.as_bytes(), &secret).unwrap_err(), RefuseOfferError::NoKey);
}

proptest::proptest! {
    #[test]
    fn a_line_of_another_kind_never_changes_the_answer(
        line in "[b-ln-su-zB-Z][=: ][ -~\0\t]{0,40}",
        place in 0_usize..11,
    ) {
        // A second `c=` is not read; only before the first would it be another address.
        proptest::prop_assume!(!line.starts_with("c="));
        let good = answer(GOOD.replace('^', "").as_bytes(), &local());
        let (at, _) = GOOD.match_indices('^').nth(place).unwrap();
        let text = format!("{}{line}\r\n{}", &GOOD[..at], &GOOD[at..]).replace('^', "");
        let answered = answer(text.as_bytes(), &local());
        proptest::prop_assert!(good == answered, "{line:?}");
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = answer(&bytes, &local());
        let _ = accept(&bytes, &local());
    }
}
