use super::super::packet::Header;
use super::*;
use proptest::prelude::*;

fn key(suite: Suite, seed: u8) -> MasterKey {
    MasterKey::from_random(suite, std::array::from_fn(|nth| seed ^ nth as u8))
}

/// The two ends of one stream.
fn pair(suite: Suite) -> (Guard, Guard) {
    let (one, two) = (key(suite, 1), key(suite, 99));
    (Guard::new(suite, one, two).unwrap(), Guard::new(suite, two, one).unwrap())
}

fn packet(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![7; HEADER_LEN + 160];
    let header = Header { payload_type: 8, marker: false, sequence, timestamp: 5, ssrc };
    assert!(header.write(&mut packet));
    packet
}

fn report() -> Vec<u8> {
    [&[0x80, 201, 0, 1, 0, 0, 0, 9][..], &[0x81, 202, 0, 2, 0, 0, 0, 9, 1, 1, 65, 0]].concat()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The master keys of RFC 3711 B.3 (counter mode) and of RFC 7714's examples taken as master
/// keys; what comes of them was worked out apart from this library, by a reckoning that
/// yields the RFCs' own session keys (B.3) and ciphertext (RFC 7714 §16.1.1).
#[test]
fn known_packets_become_what_the_standards_make_of_them() {
    let plain = bytes("800f1234 decafbad cafebabe abababab abababab abababab abababab");
    let report = bytes("80c90001 cafebabe 81ca0002 cafebabe 01014100");
    let counter = "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6";
    let short = "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab";
    let long = "000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f
                a0a1a2a3a4a5a6a7a8a9aaab";
    for (suite, key, sound, control) in [
        (
            Suite::AesCm128HmacSha1,
            counter,
            "4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb",
            "5b49a8f285d2a8a814527aea 80000001 29bc504b0f2f86639129",
        ),
        (
            Suite::AesCm128HmacSha1Short,
            counter,
            "4e55dc4ce79978d88ca4d215949d2402 b78d6acc",
            "5b49a8f285d2a8a814527aea 80000001 29bc504b0f2f86639129",
        ),
        (
            Suite::AeadAes128Gcm,
            short,
            "c5002ede04cfdd2eb91159e0880aa06e d2976826f796b201df3131a127e8a392",
            "e3ea20f4916c3b402f81868a 406a5cd9e5a56e2d87811efaf6000c32 80000001",
        ),
        (
            Suite::AeadAes256Gcm,
            long,
            "0af7f21e8a90bdad7a425c9c31ed4bb1 d90238917e7390a2793500e1681acaea",
            "a0de040ee1521b8542a57bca 18cebe387c565876641440d23abb78fc 80000001",
        ),
    ] {
        let key = MasterKey::of(suite, &bytes(key)).unwrap();
        let mut guard = Guard::new(suite, key, key).unwrap();
        let expected = [&plain[..HEADER_LEN], &bytes(sound)].concat();
        assert_eq!(*guard.seal(&plain).unwrap(), expected[..], "{suite:?}");
        assert_eq!(*guard.open(&expected).unwrap(), plain[..], "{suite:?}");
        let expected = [&report[..8], &bytes(control)].concat();
        assert_eq!(*guard.seal_report(&report).unwrap(), expected[..], "{suite:?}");
        assert_eq!(*guard.open_report(&expected).unwrap(), report[..], "{suite:?}");
    }
}

#[test]
fn what_one_end_seals_the_other_opens_once() {
    for suite in Suite::ALL {
        let (mut here, mut there) = pair(suite);
        for nth in 0..300_u16 {
            // Across the wrap of the sequence number.
            let plain = packet(4, 65_400_u16.wrapping_add(nth));
            let sealed = here.seal(&plain).unwrap();
            assert_ne!(sealed[HEADER_LEN..HEADER_LEN + 160], plain[HEADER_LEN..]);
            assert_eq!(*there.open(&sealed).unwrap(), plain[..], "{suite:?} {nth}");
            assert!(there.open(&sealed).is_none(), "{suite:?} {nth} again");
        }
        let sealed = here.seal_report(&report()).unwrap();
        assert_eq!(*there.open_report(&sealed).unwrap(), report()[..]);
        assert!(there.open_report(&sealed).is_none(), "{suite:?}: a report again");
    }
}

#[test]
fn the_count_goes_on_over_many_wraps_with_packets_late_and_lost() {
    let (mut here, mut there) = pair(Suite::AeadAes128Gcm);
    let mut late: Option<Vec<u8>> = None;
    let mut first = None;
    for nth in 0..200_000_u32 {
        let plain = packet(4, (60_000 + nth) as u16);
        let sealed = here.seal(&plain).unwrap().to_vec();
        first.get_or_insert_with(|| sealed.clone());
        match nth % 100 {
            7 => continue,
            50 => late = Some(sealed),
            _ => assert!(there.open(&sealed).is_some(), "packet {nth}"),
        }
        if nth % 100 == 90 {
            assert!(there.open(&late.take().unwrap()).is_some(), "before packet {nth}");
        }
    }
    assert!(there.open(&first.unwrap()).is_none(), "the very first, three wraps later");
}

#[test]
fn a_changed_byte_another_key_or_no_protection_at_all_is_nothing() {
    for suite in Suite::ALL {
        let (mut here, mut there) = pair(suite);
        let sealed = here.seal(&packet(4, 1)).unwrap().to_vec();
        for place in 1..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(there.open(&changed).is_none(), "{suite:?}, byte {place}");
        }
        assert!(there.open(&packet(4, 2)).is_none(), "plain");
        let mut stranger = Guard::new(suite, key(suite, 3), key(suite, 4)).unwrap();
        assert!(there.open(&stranger.seal(&packet(5, 3)).unwrap()).is_none());
        let sealed = here.seal_report(&report()).unwrap().to_vec();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 0x80;
            assert!(there.open_report(&changed).is_none(), "{suite:?}, byte {place} of a report");
        }
        assert!(there.open_report(&report()).is_none(), "a plain report");
        assert!(there.open_report(&[report(), vec![0; 14]].concat()).is_none(), "E = 0");
    }
}

#[test]
fn no_number_of_ours_is_sealed_twice() {
    let (mut here, _) = pair(Suite::AeadAes256Gcm);
    for sequence in [65_530, 65_534, 65_531, 3, 2, 65_535, 200] {
        assert!(here.seal(&packet(4, sequence)).is_some(), "{sequence}");
        assert!(here.seal(&packet(4, sequence)).is_none(), "{sequence} again");
    }
    assert!(here.seal(&packet(4, 65_530)).is_none(), "too old to know");
    assert!(here.seal(&packet(4, 60)).is_none(), "140 before the newest");
    assert!(here.seal(&packet(4, 100)).is_some());
}

#[test]
fn thousands_of_forged_sources_keep_no_state_and_keep_nobody_out() {
    let (mut here, mut there) = pair(Suite::AeadAes128Gcm);
    let old = here.seal(&packet(7, 1)).unwrap().to_vec();
    assert!(there.open(&old).is_some());
    for ssrc in 1000..3000 {
        assert!(there.open(&packet(ssrc, 1)).is_none());
    }
    assert_eq!((there.sound.0.len(), there.reports.0.len()), (1, 0));
    // The telephone behind the trunk changes: another source under the same key.
    let mut changed = Guard::new(Suite::AeadAes128Gcm, here.ours, here.theirs).unwrap();
    assert!(there.open(&changed.seal(&packet(8, 1)).unwrap()).is_some());
    assert!(there.open(&old).is_none(), "what the old one said is not heard again");
}

#[test]
fn what_is_forged_first_moves_no_window() {
    for suite in Suite::ALL {
        let (mut here, mut there) = pair(suite);
        let forged = |place: usize, mut sealed: Vec<u8>| {
            sealed[place] ^= 0x40;
            sealed
        };
        let sound = here.seal(&packet(9, 5)).unwrap().to_vec();
        let control = here.seal_report(&report()).unwrap().to_vec();
        // A number far away; and the index of a report, which stands at its end or before
        // the tag.
        let tag = if matches!(suite, Suite::AeadAes128Gcm | Suite::AeadAes256Gcm) { 0 } else { 10 };
        let index = control.len() - tag - 3;
        assert!(there.open(&forged(2, sound.clone())).is_none(), "{suite:?}");
        assert!(there.open_report(&forged(index, control.clone())).is_none(), "{suite:?}");
        assert!(there.open_report(&control).is_some(), "{suite:?}");
        assert!(there.open(&forged(2, sound.clone())).is_none());
        assert!(there.open(&sound).is_some(), "{suite:?}: reports say nothing of sound");
    }
}

#[test]
fn a_direction_whose_key_stays_counts_on() {
    let suite = Suite::AesCm128HmacSha1;
    let (mut here, mut there) = pair(suite);
    let sealed = here.seal(&packet(4, 65_535)).unwrap().to_vec();
    assert!(there.open(&sealed).is_some());
    let after_wrap = here.seal(&packet(4, 0)).unwrap().to_vec();
    here.rekey(suite, key(suite, 1), key(suite, 77)).unwrap();
    let later = here.seal(&packet(4, 1)).unwrap().to_vec();
    assert!(there.open(&after_wrap).is_some());
    assert!(there.open(&later).is_some(), "the roll-over count went on");
    there.rekey(suite, key(suite, 77), key(suite, 1)).unwrap();
    assert!(there.open(&later).is_none(), "and a copy stays a copy");
    assert!(here.open(&there.seal(&packet(6, 9)).unwrap()).is_some());
}

proptest! {
    #[test]
    fn no_bytes_can_panic_the_guard(
        first in 0x80_u8..0xc0,
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        suite in prop::sample::select(Suite::ALL.to_vec()),
    ) {
        let (_, mut there) = pair(suite);
        let datagram: Vec<u8> = std::iter::once(first).chain(bytes).collect();
        prop_assert!(there.open(&datagram).is_none());
        prop_assert!(there.open_report(&datagram).is_none());
    }
}
