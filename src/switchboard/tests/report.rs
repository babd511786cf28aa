use super::*;
use crate::switchboard::bench::{Bench, SDP};
use crate::words::LegId;

#[test]
fn half_a_second_is_a_message_and_less_is_none() {
    let seconds = |millis| whole_seconds(Duration::from_millis(millis));
    assert_eq!((seconds(499), seconds(500), seconds(1_499), seconds(1_500)), (0, 1, 1, 2));
}

/// What the caller's sound did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Throughout,
    NoLonger,
    Again,
    /// The caller said that there would be none.
    NotMeantToBe,
    /// It was to come back, and did.
    BackFromHold,
}

/// A call with a session timer (RFC 4028) that meets silence after 90 seconds: what was sent.
async fn unanswered(heard: Heard) -> Vec<String> {
    let mut bench = Bench::set().await;
    let timer = "Supported: timer\r\nAllow: UPDATE\r\nSession-Expires: 90;refresher=uas\r\n";
    let call = bench.call_with(timer).await;
    bench.sent();
    bench.asks("ACK", 1, "", "");
    let stream = bench.board.calls[&call].legs[&LegId::CALLER].stream;
    let mut holds = |cseq, direction| {
        bench.asks("INVITE", cseq, timer, &format!("{SDP}a={direction}\r\n"));
        bench.asks("ACK", cseq, "", "");
    };
    match heard {
        Heard::Throughout => {}
        Heard::NoLonger => bench.board.reported(Report::Lost { stream }),
        Heard::Again => {
            bench.board.reported(Report::Lost { stream });
            bench.board.reported(Report::Found { stream });
        }
        Heard::NotMeantToBe => holds(2, "inactive"),
        Heard::BackFromHold => {
            holds(2, "inactive");
            holds(3, "sendrecv");
        }
    }
    bench.sent();
    let now = bench.board.now();
    let mut sent = Vec::new();
    for seconds in 1..=100 {
        bench.board.parts.endpoint.handle_timeout(now + Duration::from_secs(seconds));
        sent.extend(bench.sent());
    }
    let methods = sent.iter().filter_map(|line| line.split(' ').next());
    let mut methods: Vec<String> = methods.map(str::to_owned).collect();
    methods.dedup();
    methods
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_heard_is_not_hung_up_on_for_a_refresh_that_meets_silence() {
    for (heard, kept) in [
        (Heard::Throughout, true),
        (Heard::NoLonger, false),
        (Heard::Again, true),
        (Heard::NotMeantToBe, false),
        (Heard::BackFromHold, true),
    ] {
        let sent = unanswered(heard).await;
        assert!(sent.contains(&"UPDATE".to_owned()), "{heard:?}: {sent:?}");
        assert_eq!(!sent.contains(&"BYE".to_owned()), kept, "{heard:?}: {sent:?}");
    }
}
