use super::super::config::Listen;
use super::*;
use crate::line::CertificateFiles;

#[path = "../../../tests/line_support/authority.rs"]
#[allow(dead_code, unreachable_pub, reason = "the bench of whole calls uses it, too")]
mod authority;
use authority::Authority;

#[test]
fn who_comes_in_first_finds_our_certificate_and_a_bad_one_stops_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["c.pem", "k.pem"].map(|name| folder.path().join(name));
    let mut config = Config::embedded();
    assert!(open(&config).unwrap().is_none(), "nobody speaks TLS");
    let address = config.listen[0].address;
    config.listen.push(Listen { transport: Transport::Tls, address });
    config.certificate =
        Some(CertificateFiles { certificate: certificate.clone(), key: key.clone() });
    let kept = open(&config).unwrap().unwrap();
    assert_eq!(kept.tls.own_until(), None, "there is none yet");
    Authority::new().signs("sip.polaris.test").write(&certificate, &key);
    let now = house::wall();
    assert!(matches!(kept.tls.reread(now), Reread::Taken { .. }), "it is found later");
    let kept = open(&config).unwrap().unwrap();
    assert!(kept.tls.own_until().is_some_and(|until| until > now));
}

#[test]
fn the_end_of_a_certificate_is_told_at_thirty_seven_and_one_day_and_when_it_has_come() {
    let now = house::wall();
    let at = |hours| Nearness::of(now + TimeDelta::hours(hours), now);
    assert_eq!(at(24 * 30 + 1), Nearness::Far);
    assert_eq!(at(24 * 30), Nearness::Month);
    assert_eq!(at(24 * 7), Nearness::Week);
    assert_eq!(at(24), Nearness::Day);
    assert_eq!(at(0), Nearness::Over);
}

#[test]
fn each_alarm_of_a_certificate_is_told_once_and_an_error_from_the_last_day_on() {
    let until = house::wall();
    let mut told = Told::default();
    // It is looked at every ten seconds; an hour between two looks is enough here.
    let looks = (-24 * 31..=2).map(|hours| (hours, until + TimeDelta::hours(hours)));
    let alarms: Vec<(i64, Alarm, bool)> = looks
        .filter_map(|(hours, now)| {
            let alarm = told.of_end("sip.operatore.it", until, now)?;
            Some((hours, alarm, alarm.is_error()))
        })
        .collect();
    let at = [
        (-24 * 30, Alarm::Soon, false),
        (-24 * 7, Alarm::Soon, false),
        (-24, Alarm::Today, true),
        (0, Alarm::Over, true),
    ];
    assert_eq!(alarms, at);
    // Another's is told by itself, and so is a new one that ends too soon again.
    let day_before = until - TimeDelta::hours(20);
    assert_eq!(told.of_end("our certificate", until, day_before), Some(Alarm::Today));
    assert_eq!(told.of_end("our certificate", until + TimeDelta::days(365), day_before), None);
    let later = until + TimeDelta::hours(1);
    assert_eq!(told.of_end("our certificate", later, day_before), Some(Alarm::Today));
}

#[test]
fn every_distrust_has_its_advice_and_a_good_certificate_none() {
    let now = house::wall();
    let shown = |distrust, until| {
        Shown::new(PeerSeen { name: "sip.operatore.it".into(), until, distrust }).advice(now)
    };
    let mut said = std::collections::BTreeSet::new();
    for distrust in [
        Distrust::Broken,
        Distrust::Expired,
        Distrust::NoAuthorities,
        Distrust::NoTls,
        Distrust::OtherName,
        Distrust::RefusesUs,
        Distrust::UnknownAuthority,
    ] {
        assert!(said.insert(shown(Some(distrust), None)), "{distrust:?}");
    }
    assert_eq!(shown(None, None), None);
    assert_eq!(shown(None, Some(now + TimeDelta::days(31))), None);
    let soon = shown(None, Some(now + TimeDelta::days(6))).unwrap();
    assert!(soon.contains("scade il"), "{soon}");
}
