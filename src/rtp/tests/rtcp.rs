use super::*;
use proptest::prelude::*;

const NAME: Name = *b"0123456789abcdef01234567";

fn heard() -> Block {
    Block {
        ssrc: 7,
        fraction_lost: 12,
        lost: -3,
        highest: 0x0001_0005,
        jitter: 48,
        last_report: 0x1234_5678,
        delay: 65_536,
    }
}

fn sent() -> Sent {
    let wall = "2026-12-24T03:00:00.5Z".parse().unwrap();
    Sent { wall, timestamp: 160, packets: 250, octets: 40_000 }
}

#[test]
fn a_report_reads_back_as_it_was_written() {
    let mut buffer = [0; CONTROL_LEN];
    let length = write(&mut buffer, 99, &NAME, Some(sent()), Some(heard()));
    assert_eq!(length, CONTROL_LEN);
    // To the reader it is a report about the stream 7.
    let told = read(&buffer, 7).unwrap();
    assert_eq!(told.ours, Some(heard()));
    // Half a second after the hour: the fraction's upper half is 0x8000.
    assert_eq!(told.sender_time.unwrap() & 0xffff, 0x8000);
    assert_eq!(read(&buffer, 8).unwrap().ours, None, "not about us");
}

#[test]
fn every_shape_of_report_is_whole_words_and_names_us() {
    for (sent, heard) in
        [(None, None), (Some(sent()), None), (None, Some(heard())), (Some(sent()), Some(heard()))]
    {
        let mut buffer = [0; CONTROL_LEN];
        let length = write(&mut buffer, 99, &NAME, sent, heard);
        assert_eq!(length % 4, 0);
        let packets: Vec<_> = Compound::parse(&buffer[..length]).unwrap().collect();
        assert_eq!(packets.len(), 2);
        let Ok(Control::Sdes(description)) = &packets[1] else { panic!("no description") };
        let chunk = description.chunks().next().unwrap();
        assert_eq!(chunk.ssrc(), 99);
        assert_eq!(chunk.items().next().unwrap().value(), NAME);
    }
}

#[test]
fn what_is_no_report_tells_nothing() {
    let bye = [0x81, 203, 0, 1, 0, 0, 0, 99];
    assert_eq!(read(&bye, 99), None, "a goodbye alone");
    assert_eq!(read(&[], 99), None);
    assert_eq!(read(&[0x80, 200, 0, 6, 0, 0, 0, 1], 99), None, "cut short");
    assert_eq!(read(&[0x80, 201, 0xff, 0xff, 0, 0, 0, 1], 99), None, "longer than it is");
    let mut buffer = [0; CONTROL_LEN];
    let length = write(&mut buffer, 7, &NAME, None, Some(Block { ssrc: 99, ..heard() }));
    let then_bye = [&buffer[..length], &bye].concat();
    assert!(
        read(&then_bye, 99).unwrap().ours.is_some(),
        "a goodbye after a report changes nothing"
    );
}

#[test]
fn reports_are_two_and_a_half_to_seven_and_a_half_seconds_apart() {
    assert_eq!(interval(0), Duration::from_millis(2500));
    assert_eq!(interval(u32::MAX), Duration::from_millis(7500));
}

proptest! {
    #[test]
    fn no_bytes_can_panic_the_reader(
        first in 0x80_u8..0xa0,
        kind in prop::sample::select(vec![200_u8, 201, 202, 203, 204, 205, 206, 207, 77]),
        rest in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let lengthy: Vec<u8> = [first, kind].into_iter().chain(rest.clone()).collect();
        let _ = read(&lengthy, 1);
        // With an honest length, behind an honest report.
        let mut buffer = [0; CONTROL_LEN];
        let length = write(&mut buffer, 7, &NAME, None, Some(heard()));
        let mut whole = buffer[..length].to_vec();
        let words = (rest.len() / 4) as u8;
        whole.extend([first, kind, 0, words]);
        whole.extend(&rest[..usize::from(words) * 4]);
        let _ = read(&whole, 7);
    }
}
