use super::*;
use crate::line::Arrived;
use crate::media::Report;
use crate::switchboard::bench::{Bench, SDP};
use crate::words::{CallId, PlayId};

impl Bench {
    /// A question of ours to a trunk has its answer.
    fn is_answered(&mut self) {
        let now = self.board.now();
        let endpoint = &mut self.board.parts.endpoint;
        endpoint.ping(now, self.route, "127.0.0.1", None);
        let asked = std::iter::from_fn(|| endpoint.poll_transmit())
            .find(|sent| sent.bytes.starts_with(b"OPTIONS "))
            .unwrap();
        let asked = String::from_utf8(asked.bytes).unwrap();
        let (_, fields) = asked.split_once("\r\n").unwrap();
        let bytes = format!("SIP/2.0 200 OK\r\n{fields}").into_bytes();
        self.board.arrived(Arrived::Message { route: self.route, bytes });
        self.board.replies();
    }

    fn fails(&mut self, call: CallId) {
        self.board.with_call(call, |_, _| panic!("planted"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_step_fails_keeps_its_caller_and_rings_anew() {
    let mut bench = Bench::set().await;
    let call = bench.call().await;
    let before = bench.noted();
    assert!(before.contains(&"call_answered"), "{before:?}");
    bench.fails(call);
    let after = bench.noted();
    assert!(after.starts_with(&["step_failed"]) && after.contains(&"rang"), "{after:?}");
    let live = bench.board.calls.get(&call).unwrap();
    assert!(live.legs.contains_key(&LegId::CALLER) && live.due.is_some());
    let dialogs = bench.board.dialogs.len();
    // The phone that rings is let go, and rung again.
    bench.fails(call);
    let again = bench.noted();
    assert!(again.starts_with(&["step_failed", "attempt_ended"]), "{again:?}");
    assert!(again.contains(&"rang"), "{again:?}");
    assert_eq!(bench.board.dialogs.len(), dialogs, "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_again_and_again_is_marked_for_call_back() {
    let mut bench = Bench::set().await;
    let call = bench.call().await;
    for _ in 0..=RESCUES_MAX {
        bench.fails(call);
    }
    assert_eq!(bench.noted().last(), Some(&"ended"));
    let board = &bench.board;
    assert!(board.calls.is_empty() && board.dialogs.is_empty() && board.streams.is_empty());
    assert!(board.due.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_from_outside_and_breaks_ends_neither_the_process_nor_the_call() {
    for planted in ["arrived", "signal", "reply", "report"] {
        let mut bench = Bench::set().await;
        let call = bench.call().await;
        bench.sent();
        bench.asks("ACK", 1, "", "");
        bench.noted();
        bench.board.planted.0 = Some(planted);
        bench.asks("INVITE", 2, "", SDP);
        let stream = *bench.board.streams.keys().next().unwrap();
        bench.is_answered();
        bench.board.reported(Report::PlayFinished { stream, play: PlayId(7) });
        let live = bench.board.calls.get(&call).expect(planted);
        assert!(live.legs.contains_key(&LegId::CALLER) && live.due.is_some(), "{planted}");
        let rescued = bench.noted().contains(&"step_failed");
        assert_eq!(rescued, planted == "report", "{planted}: only what a call waits for");
        assert_eq!(bench.board.planted.0, None, "{planted}: it did break");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_taken_in_is_refused_at_once() {
    let mut bench = Bench::set().await;
    bench.board.planted.0 = Some("signal");
    bench.asks("INVITE", 1, "", SDP);
    let sent = bench.sent();
    assert!(sent.iter().any(|line| line.contains("503")), "{sent:?}");
    let board = &bench.board;
    assert!(board.calls.is_empty() && board.dialogs.is_empty() && board.streams.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_is_told_and_its_caller_is_rung_for_anew() {
    let mut bench = Bench::set().await;
    let call = bench.call().await;
    bench.noted();
    let stream = *bench.board.streams.keys().next().unwrap();
    bench.board.reported(Report::Broken { stream });
    let noted = bench.noted();
    assert!(noted.starts_with(&["step_failed"]) && noted.contains(&"rang"), "{noted:?}");
    assert!(bench.board.calls.contains_key(&call));
}
