//! `polaris what-if`: who would be rung, when and why, and how the call ends.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Christmas night: Ada until 03:13, then Bruno.
const TURNI: &str = "service,equipe,step,person,phone,from,until\n\
    polaris-br4,equipe,1,Ada Greco,+393330000001,2026-12-24T20:00,2026-12-25T03:13\n\
    polaris-br4,equipe,1,Bruno Leo,+393330000002,2026-12-25T03:13,2026-12-25T08:00\n";

fn polaris(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polaris"))
        .current_dir(place)
        .args(arguments)
        .output()
        .expect("the program runs")
}

/// A folder with the embedded defaults and the roster above.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(place.path().join("data")).expect("a folder of data");
    std::fs::write(place.path().join("turni.csv"), TURNI).expect("a roster");
    let imported = polaris(place.path(), &["roster", "import", "turni.csv"]);
    assert!(imported.status.success(), "{}", said(&imported));
    place
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn what_if(place: &TempDir, at: &str, more: &[&str]) -> Output {
    let asked = ["what-if", "--service", "polaris-br4", "--at", at];
    polaris(place.path(), &[&asked, more].concat())
}

fn foreseen(place: &TempDir, at: &str, more: &[&str]) -> Value {
    let output = what_if(place, at, &[more, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("one object")
}

fn names(foreseen: &Value) -> Vec<&str> {
    let rings = foreseen["rings"].as_array().expect("rings");
    rings.iter().map(|ring| ring["responder"].as_str().expect("a name")).collect()
}

#[test]
fn each_round_asks_the_roster_anew_at_its_own_instant() {
    let foreseen = foreseen(&place(), "2026-12-25T03:12:50", &["--keys", "2"]);
    assert_eq!(foreseen["service"], "polaris-br4");
    assert_eq!(foreseen["at"], "2026-12-25T03:12:50+01:00");
    assert_eq!(foreseen["active"], true);
    assert_eq!(names(&foreseen), ["Ada Greco", "Bruno Leo", "il coordinatore"]);
    let ada = &foreseen["rings"][0];
    assert_eq!(ada["phone"], "+393330000001");
    assert_eq!(ada["step"], 1);
    assert_eq!(ada["at_s"], 0.0);
    assert_eq!(ada["why"], "turno 20:00–03:13");
    assert_eq!(foreseen["rings"][1]["at_s"], 25.0);
    assert_eq!(foreseen["prompts"][0], "welcome.polaris");
    assert_eq!(foreseen["ends"], "callback");
}

#[test]
fn a_coordinator_can_read_the_whole_call() {
    let output = what_if(&place(), "2026-12-25T03:12:50", &["--keys", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

#[test]
fn with_the_offices_open_they_are_rung_first() {
    let foreseen = foreseen(&place(), "2026-11-24T10:00", &[]);
    assert_eq!(foreseen["active"], false);
    assert_eq!(foreseen["rings"][0]["responder"], "il servizio sociale di giorno");
    assert_eq!(foreseen["rings"][0]["step"], 0);
}

#[test]
fn with_nobody_on_duty_the_coordinator_is_rung_and_the_call_back_offered() {
    let output = foreseen(&place(), "2026-12-26T03:12", &[]);
    assert_eq!(names(&output), ["il coordinatore"]);
    assert_eq!(output["ends"], "callback");
}

#[test]
fn a_hidden_caller_who_says_nothing_comes_to_the_voicemail() {
    for hidden in ["anonymous", ""] {
        let foreseen = foreseen(&place(), "2026-12-25T03:00", &["--caller", hidden]);
        assert_eq!(foreseen["ends"], "voicemail");
    }
}

#[test]
fn keys_are_pressed_when_they_are_asked_for() {
    // The category, and then, after everybody rang out, that calling back is safe.
    let output = what_if(&place(), "2026-12-25T03:00", &["--keys", "21"]);
    assert!(said(&output).contains("Si può richiamare: ha risposto sì."), "{}", said(&output));
    let late = what_if(&place(), "2026-12-25T03:00", &["--keys", "Ww2"]);
    assert!(said(&late).contains("   2.5  Chi chiama preme 2."), "{}", said(&late));
    let unused = what_if(&place(), "2026-12-25T03:00", &["--keys", "219"]);
    assert!(said(&unused).contains("Gli ultimi tasti non servono (1)"), "{}", said(&unused));
}

#[test]
fn a_direct_number_skips_the_menu() {
    let place = place();
    let number = ["what-if", "--service", "+390831000009", "--at", "2026-12-25T03:00"];
    let output = polaris(place.path(), &number);
    assert!(said(&output).contains("   0.0  squilla Ada Greco"), "{}", said(&output));
}

#[test]
fn what_was_mistaken_is_said_with_the_right_word() {
    let place = place();
    let unknown = ["what-if", "--service", "polaris-br5", "--at", "2026-12-25T03:00"];
    let cases = [
        (polaris(place.path(), &unknown), "forse intendevi «polaris-br4»"),
        (what_if(&place, "2026-03-29T02:30", &[]), "quell'ora non esiste"),
        (what_if(&place, "2026-10-25T02:30", &[]), "quell'ora c'è due volte"),
        (what_if(&place, "domani", &[]), "non è un orario"),
        (what_if(&place, "2026-12-25T03:00", &["--keys", "2x"]), "«x» in --keys"),
    ];
    for (output, sentence) in cases {
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(sentence), "{}", said(&output));
    }
}

#[test]
fn without_a_database_the_call_is_the_one_of_a_roster_that_cannot_be_read() {
    let place = tempfile::tempdir().expect("a folder");
    let output = what_if(&place, "2026-12-25T03:00", &["--keys", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("i turni non si possono leggere"), "{}", said(&output));
    assert!(said(&output).contains("squilla il coordinatore"), "{}", said(&output));
}

#[test]
fn check_says_how_long_callers_wait_at_most() {
    let place = place();
    let output = polaris(place.path(), &["check", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let findings = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let paths: Vec<Value> = findings.filter(|finding| finding["about"] == "paths").collect();
    assert_eq!(paths.len(), 2, "{text}");
    for finding in paths {
        assert_eq!(finding["severity"], "info", "{text}");
        let text = finding["text"].as_str().expect("a text");
        assert!(text.contains("il primo telefono squilla entro"), "{text}");
    }
}
