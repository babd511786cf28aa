use super::*;
use crate::media::Report;
use crate::switchboard::bench::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_heard_keeps_the_place_though_the_ack_is_lost() {
    let mut bench = Bench::set().await;
    let call = bench.call().await;
    bench.sent();
    let stream = bench.board.calls[&call].legs[&LegId::CALLER].stream;
    let late = bench.board.now() + ACK_LATE;
    assert_eq!(bench.board.oldest_late(late), None, "sound arrives");
    bench.board.reported(Report::Lost { stream });
    assert_eq!(bench.board.oldest_late(late), Some(call), "nobody is there");
    bench.board.reported(Report::Found { stream });
    assert_eq!(bench.board.oldest_late(late), None);
    bench.board.reported(Report::Lost { stream });
    bench.asks("ACK", 1, "", "");
    assert_eq!(bench.board.oldest_late(late), None, "it was acknowledged");
}
