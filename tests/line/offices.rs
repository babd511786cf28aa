//! In the hours of the municipal offices.

use chrono::{DateTime, TimeDelta, Utc};
use polaris::app::phone::{Do, Told};
use polaris::calendar;
use polaris::dialplan::Recordings;
use polaris::words::{Clock, SystemClock};

use crate::line_support::person::Person;
use crate::line_support::{ADA, CITIZENS, MARK, OFFICE, Place, lane, mark, short_plan};
use crate::{Scene, accept};

/// A plan whose offices are open at this very instant: in some zone of the world it is
/// neither Sunday nor night, and this plan's country has no holidays.
fn open_now() -> String {
    let national = ["day=1 month=1", "day=6 month=1", "easter=0", "easter=1", "day=25 month=4"];
    let more = ["day=1 month=5", "day=2 month=6", "day=15 month=8", "day=4 month=10"];
    let last = ["day=1 month=11", "day=8 month=12", "day=25 month=12", "day=26 month=12"];
    let days = [&national[..], &more[..], &last[..]].concat();
    let no_holidays: String = days.iter().map(|day| format!("    no-holiday {day}\n")).collect();
    let hours = format!(
        "hours {{\n    ends \"01:00\"\n    starts before-closing=\"30m\"\n{no_holidays}    \
         offices {{ open mon tue wed thu fri sat \"01:00-23:30\"; }}\n    \
         comune \"074010\" \"Mesagne\" {{ patron none; }}\n}}"
    );
    let plan = short_plan();
    let (before, rest) = plan.split_once("hours always").unwrap();
    let (_, after) =
        rest.split_once("}; }\n").unwrap_or_else(|| rest.split_once("; }; }\n").unwrap());
    let zones = (-14..=12).map(|hours| format!("Etc/GMT{hours:+}").replace("+0", ""));
    let plans = zones.map(|zone| format!("{before}{hours}\n{after}").replace("Europe/Rome", &zone));
    let wall = SystemClock::start().wall();
    let open: Vec<String> = plans.filter(|text| is_open(text, wall)).collect();
    // Better where they do not close before the call comes; on a Sunday that may be nowhere.
    let soon = wall + TimeDelta::minutes(10);
    let lasting = open.iter().find(|text| is_open(text, soon));
    lasting.or_else(|| open.first()).cloned().expect("somewhere in the world the offices are open")
}

fn is_open(text: &str, at: DateTime<Utc>) -> bool {
    let (plan, problems) = polaris::dialplan::read("plan.kdl", text, &known());
    let plan = plan.unwrap_or_else(|| panic!("{}", problems[0]));
    !plan.hours.is_active(calendar::local(at, plan.timezone))
}

fn known() -> Recordings {
    let embedded = polaris::voice::Recordings::embedded();
    let mut known = Recordings::default();
    for (language, id, _) in embedded.iter() {
        let said = embedded.text(language, &id).unwrap_or_default();
        known.add(language, id.clone(), said);
    }
    known
}

async fn scene_with_office() -> (Scene, Person) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    place.write("plan.kdl", &open_now());
    let office = Person::at("ufficio", place.net.phone(2)).await;
    let scene = Scene::set_with(place, &[(OFFICE, &office)]).await;
    scene.call(CITIZENS);
    (scene, office)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_office_hours_the_office_is_rung_and_talks_without_a_key() {
    let (mut scene, mut office) = scene_with_office().await;
    scene.caller.hears("inhours").await;
    office.told(Told::Incoming).await;
    office.does(Do::Answer);
    scene.service.step("bridged").await;
    office.does(Do::Say(mark()));
    scene.caller.hears(MARK).await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["outcome"], "in_hours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_office_that_does_not_answer_leads_to_who_is_on_call() {
    let (mut scene, mut office) = scene_with_office().await;
    office.told(Told::Incoming).await;
    // It rings its five seconds out.
    office.told(Told::HungUp).await;
    scene.caller.hears("menu.polaris").await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["outcome"], "accepted");
    assert_eq!(place.only_case()["attempts"][0]["outcome"], "no_answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn key_1_gives_up_the_office_at_once() {
    let (mut scene, mut office) = scene_with_office().await;
    office.told(Told::Incoming).await;
    scene.caller.presses("1");
    office.told(Told::HungUp).await;
    scene.caller.hears("welcome.polaris").await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"][0]["outcome"], "cancelled");
}
