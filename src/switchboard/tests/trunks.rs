use super::*;
use crate::sip::{Config, Endpoint, Route, Transport};

fn route(name: &str, order: u16, weight: u32) -> TrunkRoute {
    TrunkRoute {
        name: name.into(),
        transport: Transport::Udp,
        proxy: Some("192.0.2.9:5060".parse().unwrap()),
        order,
        weight,
        probe: true,
        domain: None,
        credentials: None,
        account: None,
    }
}

fn trunks(list: &[(&str, u16, u32)]) -> Trunks {
    let routes = list.iter().map(|(name, order, weight)| route(name, *order, *weight));
    Trunks::new(routes.collect(), Moment::START, wall())
}

fn wall() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn at(seconds: u64) -> Moment {
    Moment::START + Duration::from_secs(seconds)
}

/// Some question; only its being the same counts.
fn query(us: &mut Endpoint) -> QueryId {
    let local = "192.0.2.1:5060".parse().unwrap();
    let remote = "192.0.2.9:5060".parse().unwrap();
    us.ping(Moment::START, Route { transport: Transport::Udp, local, remote }, "h")
}

#[test]
fn the_first_comes_first_again_once_it_is_well() {
    let mut trunks = trunks(&[("a", 1, 1), ("b", 2, 1)]);
    assert_eq!(trunks.order(), [0, 1]);
    let ill = Health::Ill(Why::Silent);
    assert!(trunks.note(0, ill, at(1), wall()));
    assert!(!trunks.note(0, ill, at(2), wall()), "said once");
    assert_eq!(trunks.order(), [1, 0]);
    assert!(trunks.note(1, ill, at(3), wall()));
    assert_eq!(trunks.order(), [0, 1], "when all are ill none is given up");
    assert!(trunks.note(0, Health::Well, at(4), wall()));
    assert_eq!(trunks.order(), [0, 1]);
}

#[test]
fn trunks_of_one_order_share_by_weight() {
    let mut trunks = trunks(&[("a", 1, 3), ("b", 1, 1), ("c", 2, 9)]);
    let mut carried = [0; 3];
    for _ in 0..40 {
        let first = trunks.order()[0];
        trunks.carries(first);
        carried[first] += 1;
    }
    assert_eq!(carried, [30, 10, 0]);
}

#[test]
fn a_trunk_is_asked_at_once_then_rarely_and_often_while_ill() {
    let mut us = Endpoint::new(Config::default(), 1);
    let mut trunks = trunks(&[("a", 1, 1)]);
    assert_eq!(trunks.due(at(0), wall()), Some(Due::Ask(0)));
    let first = query(&mut us);
    trunks.asked(0, first, at(0));
    assert_eq!(trunks.due(at(3), wall()), None);
    assert_eq!(trunks.poll_timeout(), Some(at(4)));
    assert_eq!(trunks.due(at(4), wall()), Some(Due::Changed(0)));
    assert_eq!(trunks.standings()[0].health, Health::Ill(Why::Silent));
    assert_eq!(trunks.poll_timeout(), Some(at(14)));
    assert_eq!(trunks.due(at(14), wall()), Some(Due::Ask(0)));
    let second = query(&mut us);
    trunks.asked(0, second, at(14));
    assert_eq!(trunks.answered(first, 200), None, "too late to count");
    assert_eq!(trunks.answered(second, 405), Some((0, Health::Well)), "it is there");
    assert!(trunks.note(0, Health::Well, at(14), wall()));
    assert_eq!(trunks.poll_timeout(), Some(at(44)));
    assert_eq!(trunks.due(at(44), wall()), Some(Due::Ask(0)));
    let third = query(&mut us);
    trunks.asked(0, third, at(44));
    assert_eq!(trunks.answered(third, 503), Some((0, Health::Ill(Why::Unavailable))));
}

#[test]
fn a_trunk_without_an_address_comes_last_and_is_asked_once_it_has_one() {
    let nowhere = TrunkRoute { proxy: None, ..route("a", 1, 1) };
    let mut trunks = Trunks::new(vec![nowhere, route("b", 2, 1)], at(0), wall());
    assert_eq!(trunks.order(), [1, 0]);
    assert_eq!(trunks.due(at(0), wall()), Some(Due::Ask(1)));
    assert_eq!(trunks.due(at(900), wall()), None);
    trunks.found(0, "192.0.2.9:5060".parse().unwrap(), at(900), wall());
    assert_eq!(trunks.order(), [0, 1]);
    assert_eq!(trunks.due(at(900), wall()), Some(Due::Ask(0)));
}

#[test]
fn a_trunk_that_is_never_asked_is_given_another_chance() {
    let mut trunks =
        Trunks::new(vec![TrunkRoute { probe: false, ..route("a", 1, 1) }], Moment::START, wall());
    assert_eq!((trunks.poll_timeout(), trunks.due(at(900), wall())), (None, None));
    assert!(trunks.note(0, Health::Ill(Why::DeafToCalls), at(900), wall()));
    assert_eq!(trunks.due(at(959), wall()), None);
    assert_eq!(trunks.due(at(960), wall()), Some(Due::Changed(0)));
    assert_eq!(trunks.standings()[0].health, Health::Unknown);
}
