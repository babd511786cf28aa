use super::*;
use crate::sip::{Account, Config, Credentials, Endpoint, Reply, Route, Transport};
use crate::switchboard::TrunkTerms;
use crate::words::PhoneNumber;

fn target(host: u8) -> Target {
    Target { transport: Transport::Udp, address: ([192, 0, 2, host], 5060).into() }
}

/// The way to a trunk at its only place.
fn way(trunk: usize) -> Way {
    Way { trunk, target: target(9), patience: PATIENCE }
}

fn route(name: &str, order: u16, weight: u32) -> TrunkRoute {
    TrunkRoute {
        name: name.into(),
        places: vec![target(9)],
        order,
        weight,
        probe: true,
        domain: None,
        credentials: None,
        account: None,
        terms: TrunkTerms::default(),
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
    us.ping(Moment::START, Route { transport: Transport::Udp, local, remote }, "h", None)
}

#[test]
fn the_first_comes_first_again_once_it_is_well() {
    let mut trunks = trunks(&[("a", 1, 1), ("b", 2, 1)]);
    assert_eq!(trunks.order(), [0, 1]);
    let ill = Health::Ill(Why::Silent);
    assert!(trunks.note(way(0), ill, at(1), wall()));
    assert!(!trunks.note(way(0), ill, at(2), wall()), "said once");
    assert_eq!(trunks.order(), [1, 0]);
    assert!(trunks.note(way(1), ill, at(3), wall()));
    assert_eq!(trunks.order(), [0, 1], "when all are ill none is given up");
    assert!(trunks.note(way(0), Health::Well, at(4), wall()));
    assert_eq!(trunks.order(), [0, 1]);
}

#[test]
fn a_trunk_that_refuses_our_calls_is_ill_for_five_minutes_whatever_it_says_to_options() {
    let mut trunks = trunks(&[("a", 1, 1), ("b", 2, 1)]);
    let number = |last: u8| PhoneNumber::from_network(&format!("+39333000000{last}"));
    let refused = Health::Ill(Why::RefusesCalls);
    assert!(!trunks.refused(0, (403, &number(1)), at(1), wall()), "that number alone");
    assert_eq!(trunks.order(), [0, 1]);
    trunks.reached(0);
    assert!(!trunks.refused(0, (403, &number(2)), at(2), wall()), "a phone was reached since");
    assert!(trunks.refused(0, (403, &number(3)), at(3), wall()));
    assert!(!trunks.refused(0, (403, &number(4)), at(4), wall()), "said once");
    assert_eq!((trunks.order(), trunks.standings()[0].health), (vec![1, 0], refused));
    assert!(!trunks.note(way(0), Health::Well, at(14), wall()), "it is there, no more");
    assert_eq!(trunks.standings()[0].health, refused);
    assert!(trunks.note(way(0), Health::Well, at(305), wall()));
    assert_eq!(trunks.order(), [0, 1]);
    assert!(trunks.refused(0, (402, &number(1)), at(306), wall()), "the account, at once");
    trunks.reached(0);
    assert!(trunks.note(way(0), Health::Well, at(307), wall()), "a phone was picked up");
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
fn a_trunk_that_carries_all_it_may_comes_last_and_returns() {
    let full = TrunkTerms { calls_max: Some(2), ..TrunkTerms::default() };
    let routes = [TrunkRoute { terms: full, ..route("a", 1, 1) }, route("b", 2, 1)];
    let mut trunks = Trunks::new(routes.into(), Moment::START, wall());
    let (one, two) = (DialogId(1), DialogId(2));
    trunks.holds(0, one);
    assert_eq!(trunks.order(), [0, 1]);
    trunks.holds(0, two);
    assert_eq!(trunks.order(), [1, 0], "both directions count");
    trunks.let_go(|dialog| dialog == two);
    assert_eq!(trunks.order(), [0, 1]);
    trunks.holds(0, DialogId(3));
    trunks.note(way(1), Health::Ill(Why::Silent), at(1), wall());
    assert_eq!(trunks.order(), [1, 0], "a full one is refused for sure");
}

#[test]
fn the_addresses_of_a_trunks_name_are_its_hosts_from_the_start() {
    let named = TrunkRoute { places: vec![target(3), target(4)], ..route("a", 1, 1) };
    let trunks = Trunks::new(vec![named], Moment::START, wall());
    let hosts = [3, 4].map(|host| target(host).address.ip());
    assert_eq!(*trunks.route(0).unwrap().terms.hosts(), hosts);
    assert!(hosts.into_iter().all(|host| trunks.at(host) == Some(0)));
}

#[test]
fn a_trunk_that_moves_is_trusted_where_it_was_and_left_one_move_later() {
    let terms = TrunkTerms { addresses: [target(8).address.ip()].into(), ..TrunkTerms::default() };
    let named = TrunkRoute { places: vec![target(1)], terms, ..route("a", 1, 1) };
    let mut trunks = Trunks::new(vec![named], Moment::START, wall());
    let trusted = |trunks: &Trunks| {
        [8, 1, 2, 3, 4].map(|host| trunks.at(target(host).address.ip()) == Some(0))
    };
    assert_eq!(trusted(&trunks), [true, true, false, false, false]);
    for (host, then) in [
        (2, [true, true, true, false, false]),
        (3, [true, false, true, true, false]),
        (4, [true, false, false, true, true]),
    ] {
        trunks.found(0, &[target(host)], at(1), wall());
        assert_eq!(trusted(&trunks), then, "{host}");
    }
    // The signals forget with it: what the old host answers was asked of somebody else.
    let mut us = Endpoint::new(Config::default(), 7);
    trunks.introduce(&mut us);
    trunks.found(0, &[target(5)], at(2), wall());
    trunks.introduce(&mut us);
    assert!(!is_one_with(&mut us, 3), "left two moves ago");
    assert!(is_one_with(&mut us, 4), "calls of then may still be talking");
}

/// Whether an answer from this host to what the written one was asked is taken.
fn is_one_with(us: &mut Endpoint, host: u8) -> bool {
    let local = "192.0.2.100:5060".parse().unwrap();
    let asked = Route { transport: Transport::Udp, local, remote: target(8).address };
    us.ping(Moment::START, asked, "h", None);
    let sent = us.poll_transmit().unwrap();
    let text = String::from_utf8(sent.bytes).unwrap();
    let (_, fields) = text.split_once("\r\n").unwrap();
    let answer = format!("SIP/2.0 200 OK\r\n{fields}");
    let from = Route { remote: target(host).address, ..asked };
    us.receive(Moment::START, from, answer.as_bytes());
    us.poll_reply().is_some()
}

#[test]
fn a_call_belongs_to_the_first_trunk_of_its_address() {
    let terms = |addresses: &[&str]| TrunkTerms {
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        ..TrunkTerms::default()
    };
    let routes = [
        TrunkRoute { terms: terms(&["192.0.2.1"]), ..route("a", 1, 1) },
        TrunkRoute { terms: terms(&["192.0.2.1", "192.0.2.2"]), ..route("b", 2, 1) },
    ];
    let mut trunks = Trunks::new(routes.into(), Moment::START, wall());
    let at_address = |trunks: &Trunks, text: &str| trunks.at(text.parse().unwrap());
    assert_eq!(at_address(&trunks, "192.0.2.1"), Some(0));
    assert_eq!(at_address(&trunks, "::ffff:192.0.2.2"), Some(1));
    assert_eq!(at_address(&trunks, "192.0.2.7"), None);
    trunks.found(1, &[target(7)], at(1), wall());
    assert_eq!(at_address(&trunks, "192.0.2.7"), Some(1), "an address found later");
}

#[test]
fn a_trunk_is_asked_at_once_then_rarely_and_often_while_ill() {
    let mut us = Endpoint::new(Config::default(), 1);
    let mut trunks = trunks(&[("a", 1, 1)]);
    assert_eq!(trunks.due(at(0), wall()), Some(Due::Ask(0)));
    let first = query(&mut us);
    trunks.asked(0, target(9), first, at(0));
    assert_eq!(trunks.due(at(3), wall()), None);
    assert_eq!(trunks.poll_timeout(), Some(at(4)));
    assert_eq!(trunks.due(at(4), wall()), Some(Due::Changed(0)));
    assert_eq!(trunks.standings()[0].health, Health::Ill(Why::Silent));
    assert_eq!(trunks.poll_timeout(), Some(at(14)));
    assert_eq!(trunks.due(at(14), wall()), Some(Due::Ask(0)));
    let second = query(&mut us);
    trunks.asked(0, target(9), second, at(14));
    assert_eq!(trunks.answered(first, 200), None, "too late to count");
    assert_eq!(trunks.answered(second, 405), Some((way(0), Health::Well)), "it is there");
    assert!(trunks.note(way(0), Health::Well, at(14), wall()));
    assert_eq!(trunks.poll_timeout(), Some(at(44)));
    assert_eq!(trunks.due(at(44), wall()), Some(Due::Ask(0)));
    let third = query(&mut us);
    trunks.asked(0, target(9), third, at(44));
    assert_eq!(trunks.answered(third, 503), Some((way(0), Health::Ill(Why::Unavailable))));
}

#[test]
fn a_trunk_without_an_address_comes_last_and_is_asked_once_it_has_one() {
    let nowhere = TrunkRoute { places: Vec::new(), ..route("a", 1, 1) };
    let mut trunks = Trunks::new(vec![nowhere, route("b", 2, 1)], at(0), wall());
    assert_eq!(trunks.order(), [1, 0]);
    assert_eq!(trunks.due(at(0), wall()), Some(Due::Ask(1)));
    assert_eq!(trunks.due(at(900), wall()), None);
    trunks.found(0, &[target(9)], at(900), wall());
    assert_eq!(trunks.order(), [0, 1]);
    assert_eq!(trunks.due(at(900), wall()), Some(Due::Ask(0)));
}

#[test]
fn a_trunk_that_is_never_asked_is_given_another_chance() {
    let mut trunks =
        Trunks::new(vec![TrunkRoute { probe: false, ..route("a", 1, 1) }], Moment::START, wall());
    assert_eq!((trunks.poll_timeout(), trunks.due(at(900), wall())), (None, None));
    assert!(trunks.note(way(0), Health::Ill(Why::DeafToCalls), at(900), wall()));
    assert_eq!(trunks.due(at(959), wall()), None);
    assert_eq!(trunks.due(at(960), wall()), Some(Due::Changed(0)));
    assert_eq!(trunks.standings()[0].health, Health::Unknown);
}

#[test]
fn a_call_is_tried_at_two_places_of_a_trunk_within_the_time_of_one_then_at_the_next_trunk() {
    let many = TrunkRoute { places: vec![target(1), target(2), target(3)], ..route("a", 1, 1) };
    let mut trunks = Trunks::new(vec![many, route("b", 2, 1)], at(0), wall());
    let tried = |trunks: &Trunks| {
        let ways = trunks.ways();
        let text = |way: &Way| (way.trunk, way.target.address.ip().to_string());
        let all: Duration = ways.iter().filter(|w| w.trunk == 0).map(|w| w.patience).sum();
        assert!(all <= SILENCE_MAX);
        ways.iter().map(text).collect::<Vec<_>>()
    };
    let at_host = |trunk, host: u8| (trunk, target(host).address.ip().to_string());
    assert_eq!(tried(&trunks), [at_host(0, 1), at_host(0, 2), at_host(1, 9)]);
    let first = Way { target: target(1), ..way(0) };
    // The first place fails: the next is asked at once, and the trunk is not given up.
    assert!(!trunks.note(first, Health::Ill(Why::DeafToCalls), at(1), wall()));
    assert_eq!(tried(&trunks), [at_host(0, 2), at_host(0, 3), at_host(1, 9)]);
    assert_eq!(trunks.due(at(1), wall()), Some(Due::Ask(0)));
    assert_eq!(trunks.asks(0), Some(target(2)));
    assert!(trunks.note(Way { target: target(2), ..way(0) }, Health::Well, at(2), wall()));
    assert!(!trunks.note(first, Health::Well, at(3), wall()), "well, and at its first place");
    assert_eq!(tried(&trunks), [at_host(0, 1), at_host(0, 2), at_host(1, 9)]);
    for host in 1..=3 {
        let way = Way { target: target(host), ..way(0) };
        trunks.note(way, Health::Ill(Why::Silent), at(4), wall());
    }
    assert_eq!(trunks.standings()[0].health, Health::Ill(Why::Silent));
    assert_eq!(trunks.order(), [1, 0]);
}

#[test]
fn a_registration_over_udp_is_kept_alive_and_one_over_tcp_by_its_connection() {
    let cases = [
        (Transport::Udp, None, Some(at(25))),
        (Transport::Udp, Some(Duration::from_secs(10)), Some(at(10))),
        (Transport::Tcp, None, None),
    ];
    for (transport, keep_alive, kept) in cases {
        let credentials = Credentials { username: "ada".into(), password: "x".into(), realm: None };
        let account = Account {
            domain: "ims.operatore.it".into(),
            credentials,
            expires: Duration::from_secs(3_600),
        };
        let place = Target { transport, ..target(9) };
        let route = TrunkRoute {
            places: vec![place],
            probe: false,
            account: Some(account),
            terms: TrunkTerms { keep_alive, ..TrunkTerms::default() },
            ..route("a", 1, 1)
        };
        let mut trunks = Trunks::new(vec![route], at(0), wall());
        let local = "192.0.2.1:5060".parse().unwrap();
        trunks.register(at(0), |place| Some(Route { transport, local, remote: place.address }));
        let Some(Due::Register(0, request)) = trunks.due(at(0), wall()) else { panic!() };
        let asked = query(&mut Endpoint::new(Config::default(), 1));
        trunks.registering(0, asked, place);
        let contact = request.header("Contact").unwrap();
        let text = format!(
            "SIP/2.0 200 OK\r\nContact: {contact};expires=3600\r\nService-Route: <sip:p;lr>\r\n\r\n"
        );
        let response = Message::parse(text.as_bytes()).ok();
        let reply = Reply { query: asked, status: 200, response };
        assert_eq!(trunks.registered(&reply, at(0)), Some(0));
        let way = |target| Way { trunk: 0, target, patience: Duration::ZERO };
        assert_eq!(trunks.service_route(way(place)), ["<sip:p;lr>"]);
        assert_eq!(trunks.service_route(way(target(8))), [""; 0], "it was asked elsewhere");
        assert_eq!(trunks.poll_timeout().filter(|due| *due < at(900)), kept);
        let then = kept.unwrap_or_else(|| at(25));
        let due = trunks.due(then, wall());
        assert_eq!(due, kept.map(|_| Due::KeepAlive(0)));
        assert_eq!(trunks.due(then, wall()), None);
    }
}
