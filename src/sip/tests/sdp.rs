use super::*;

fn local() -> LocalSound {
    LocalSound { address: "192.0.2.1".parse().unwrap(), port: 20_000, session: 7, version: 1 }
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
    assert_eq!((format.codec, format.payload_type), (Codec::Pcma, 8));
    assert_eq!((format.telephone_event, format.ptime_ms), (Some(96), 30));
    assert_eq!(format.direction, Direction::SendRecv);
    assert_eq!(
        text,
        "v=0\r\no=polaris 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\
         \r\na=fmtp:96 0-15\r\na=ptime:30\r\na=sendrecv\r\n"
    );
}

#[test]
fn codecs_are_found_by_name_under_any_number() {
    let (format, _) = offered(
        "m=audio 4000 RTP/AVP 97 98\r\na=rtpmap:97 pcmu/8000/1\r\na=rtpmap:98 PCMA/8000\r\n",
    )
    .unwrap();
    assert_eq!((format.codec, format.payload_type), (Codec::Pcma, 98));
    let (format, _) = offered("m=audio 4000 RTP/AVP 0\r\n").unwrap();
    assert_eq!((format.codec, format.telephone_event), (Codec::Pcmu, None));
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
    let us = LocalSound { address: "2001:db8::1".parse().unwrap(), ..local() };
    let (format, text) = answer(&offer(&us), &local()).unwrap();
    assert_eq!(format.remote, "[2001:db8::1]:20000".parse().unwrap());
    let accepted = accept(&text).unwrap();
    assert_eq!((accepted.codec, accepted.telephone_event), (Codec::Pcma, Some(101)));
    assert_eq!(accepted.remote, "192.0.2.1:20000".parse().unwrap());
    let theirs = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n\
                  m=audio 9 RTP/AVP 0 8\r\n";
    assert_eq!(accept(theirs.as_bytes()).unwrap().codec, Codec::Pcmu, "their order decides");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = answer(&bytes, &local());
        let _ = accept(&bytes);
    }
}
