use super::*;

fn local() -> LocalSound {
    LocalSound {
        address: "192.0.2.1".parse().unwrap(),
        port: 20_000,
        session: 7,
        version: 1,
        width: Width::Wide,
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
fn a_latin1_session_name_refuses_no_call() {
    let offer = b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=Niccol\xf2\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n\
                  m=audio 9 RTP/AVP 8\r\n";
    assert!(answer(offer, &local()).is_ok());
}

#[test]
fn our_offer_is_answered_and_accepted() {
    let address = "2001:db8::1".parse().unwrap();
    let us = LocalSound { address, width: Width::Narrow, ..local() };
    let (format, text) = answer(&offer(&us), &local()).unwrap();
    assert_eq!(format.remote, "[2001:db8::1]:20000".parse().unwrap());
    let accepted = accept(&text).unwrap();
    assert_eq!((accepted.codec, accepted.telephone_event), (Codec::PCMA, Some(101)));
    assert_eq!(accepted.remote, "192.0.2.1:20000".parse().unwrap());
    let theirs = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n\
                  m=audio 9 RTP/AVP 0 8\r\n";
    assert_eq!(accept(theirs.as_bytes()).unwrap().codec, Codec::PCMU, "their order decides");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = answer(&bytes, &local());
        let _ = accept(&bytes);
    }
}
