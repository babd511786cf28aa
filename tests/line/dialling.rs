//! What is never dialled, whatever the roster says: the last gate before the trunk.

use polaris::app::phone::{Do, Told};
use polaris::words::PhoneNumber;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::line_support::person::Person;
use crate::line_support::{ADA, BRUNO, CITIZENS, COORDINATOR, Place, lane, soon};
use crate::{Scene, accept};

/// Changes the roster behind the back of `roster import`, which refuses such numbers.
async fn tamper(place: &Place, statements: &[String]) {
    let file = place.path("data/polaris.db");
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    for statement in statements {
        let statement = sqlx::AssertSqlSafe(statement.clone());
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_emergency_number_in_the_roster_is_never_dialled_and_the_hunt_goes_on() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let emergency: Vec<&str> = PhoneNumber::NEVER_DIALLED.to_vec();
    let with_prefix: Vec<String> = emergency.iter().map(|number| format!("+39{number}")).collect();
    let numbers = emergency.into_iter().chain(with_prefix.iter().map(String::as_str));
    let mut statements = vec!["update shifts set step = 99".to_owned()];
    for (step, number) in (1..).zip(numbers) {
        statements.push(format!(
            "insert into shifts (service, equipe, step, person, phone, begins, ends, timezone) \
             select service, equipe, {step}, 'emergenza', '{number}', begins, ends, timezone \
             from shifts where step = 99"
        ));
    }
    let count = statements.len() - 1;
    tamper(&place, &statements).await;

    let mut scene = Scene::set_on(place).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.service.says_times(count, &["ERROR", "a number that may not be dialled"]).await;
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    let invited = scene.exchange.invited();
    assert!(invited.len() == 1 && invited[0].contains(ADA), "{invited:?}");
    let place = scene.hang_up().await;
    let case = place.only_case();
    let outcomes: Vec<&str> = case["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, [&vec!["unreachable"; count][..], &["accepted"]].concat());
    assert_eq!(place.only_call()["accepted_by"], "Ada Greco");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_has_left_the_roster_meanwhile_is_not_dialled() {
    let place = Place::new(lane(), &[("Ada Greco", ADA), ("Bruno Leo", BRUNO)]);
    // Ada's phone rings until the new roster is there, however slow the machine is.
    place.edit_plan("each=\"5s\"", "each=\"30s\"");
    let mut coordinator = Person::at("coordinatore", place.net.phone(5)).await;
    let mut scene = Scene::set_with(place, &[(COORDINATOR, &coordinator)]).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene.ada.told(Told::Incoming).await;
    let roster = scene.place.read("turni.csv");
    let without: Vec<&str> = roster.lines().filter(|line| !line.contains("Bruno")).collect();
    scene.place.write("turni.csv", &(without.join("\n") + "\n"));
    let imported = scene.place.run(&["roster", "import", "turni.csv"]);
    assert!(imported.status.success());
    scene.service.says(&["the roster was read anew"]).await;
    scene.ada.does(Do::Decline(486));
    scene.service.says(&["ERROR", "a number that may not be dialled"]).await;
    coordinator.told(Told::Incoming).await;
    let invited = scene.exchange.invited();
    assert!(invited.iter().all(|whom| !whom.contains(BRUNO)), "{invited:?}");
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"][1]["outcome"], "unreachable");
}

/// A service whose `[sip]` has this line, after the caller pressed 2.
async fn searching(line: &str) -> Scene {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    place.write("polaris.toml", &place.config("").replace("[rtp]", &format!("{line}\n[rtp]")));
    let mut scene = Scene::set_on(place).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    scene
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_phone_in_a_country_that_is_not_allowed_is_not_dialled() {
    let scene = searching("outbound_countries = [\"41\"]").await;
    scene.service.says(&["ERROR", "a number that may not be dialled"]).await;
    scene.service.says(&["nobody took the call"]).await;
    assert!(scene.exchange.invited().is_empty());
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"][0]["outcome"], "unreachable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn phones_beyond_the_outbound_rate_are_not_rung_and_somebody_is_told() {
    let mut scene = searching("outbound_per_minute = 1").await;
    scene.ada.told(Told::Incoming).await;
    scene.ada.does(Do::Decline(486));
    scene.service.says(&["ERROR", "outbound_per_minute"]).await;
    assert_eq!(scene.exchange.invited().len(), 1);
    let place = scene.hang_up().await;
    assert_eq!(place.only_case()["attempts"][1]["outcome"], "unreachable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_refused_is_said_with_its_reason_and_no_more_than_some_times() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let scene = Scene::set_on(place).await;
    let net = scene.place.net;
    let socket = tokio::net::UdpSocket::bind((net.caller().ip(), 0)).await.unwrap();
    let request = |method: &str, cseq: u32| {
        format!(
            "{method} sip:{0} SIP/2.0\r\nVia: SIP/2.0/UDP {1};branch=z9hG4bKr{cseq};rport\r\n\
             From: <sip:{ADA}@{0}>;tag=1\r\nTo: <sip:{ADA}@{0}>\r\nCall-ID: r\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:x@{1}>\r\nContent-Length: 0\r\n\r\n",
            net.service(),
            socket.local_addr().unwrap()
        )
    };
    let refused = async |text: String, times: usize, status: &[u8]| {
        let mut answer = [0; 2048];
        for _ in 0..times {
            socket.send_to(text.as_bytes(), net.service()).await.unwrap();
            let length = soon("an answer", socket.recv(&mut answer)).await.unwrap();
            assert!(answer[..length].starts_with(status));
        }
    };
    let told = |why: &str| scene.service.log().matches(why).count();
    // Each copy gets its answer, and none a line of its own.
    refused(request("REGISTER", 1), 50, b"SIP/2.0 405 ").await;
    refused(request("BREW", 2), 2, b"SIP/2.0 501 ").await;
    scene.service.says(&["WARN", "refused", "sip.status=501"]).await;
    assert_eq!(told("a method not served here"), 1);
    assert_eq!(told("sip.status=501"), 1);
    // Other requests are others, and a storm of them is a few lines.
    for cseq in 3..53 {
        refused(request("REGISTER", cseq), 1, b"SIP/2.0 405 ").await;
    }
    scene.service.says_times(2, &["a method not served here"]).await;
    let lines = told("a method not served here");
    assert!((2..=12).contains(&lines), "{lines}");
    scene.service.stop().await;
}
