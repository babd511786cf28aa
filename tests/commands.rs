//! Commands: what they print, what they exit with, and what a slip of the pen gets.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

#[path = "commands/copies.rs"]
mod copies;
mod line_support;

use std::process::{Output, Stdio};

use line_support::service::Service;
use line_support::{ADA, Place, errors, lane, tone, write_wav};

/// The command fails, and says all of this.
fn refused(output: &Output, words: &[&str]) {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), errors(output));
    assert!(!output.status.success(), "it should have failed: {said}");
    for word in words {
        assert!(said.contains(word), "«{word}» is missing in: {said}");
    }
}

fn place() -> Place {
    Place::new(lane(), &[("Ada Greco", ADA)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_and_nothing_is_left_on_the_disk() {
    let place = place();
    let _service = Service::start(&place).await;
    let config = place.read("polaris.toml");
    let config = config.replace("\"data\"", "\"altra\"").replace("sqlite:data", "sqlite:altra");
    place.write("secondo.toml", &config);
    let output = place.run(&["serve", "--config", "secondo.toml"]);
    let port = place.net.service().to_string();
    refused(&output, &["già in uso", &port]);
    assert!(!place.path("altra").exists(), "a folder was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_on_the_same_folder_is_refused() {
    let place = place();
    let _service = Service::start(&place).await;
    let (first, second) = (place.net.service(), place.net.caller().ip());
    let config = place.read("polaris.toml").replace(&first.to_string(), &format!("{second}:5060"));
    place.write("secondo.toml", &config);
    let output = place.run(&["serve", "--config", "secondo.toml"]);
    refused(&output, &["un altro polaris", "data", "fermalo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_key_is_shown_with_its_line_and_the_right_word() {
    let place = place();
    let config = place.read("polaris.toml").replace("data_dir", "data_dri");
    place.write("polaris.toml", &config);
    for command in ["serve", "check", "calls"] {
        let output = place.run(&[command]);
        refused(&output, &["polaris.toml", "riga 1", "data_dri", "forse intendevi «data_dir»"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_every_slip_of_configuration_and_plan_at_once() {
    let place = place();
    let config = place.read("polaris.toml").replace("data_dir", "data_dri");
    place.write("polaris.toml", &format!("{config}\n[rpt]\nports = \"20000-20099\"\n"));
    let plan = place.read("plan.kdl").replace("ring on-call", "rign on-call");
    place.write("plan.kdl", &plan);
    let output = place.run(&["check"]);
    let words = ["forse intendevi «data_dir»", "chiave sconosciuta «rpt»", "rign", "plan.kdl"];
    refused(&output, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prompts_of_the_program_are_checked_without_a_folder() {
    let place = place();
    let output = place.run(&["prompts", "check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let looked = polaris::voice::Recordings::embedded().iter().count();
    assert_eq!(said, format!("{looked} registrazioni guardate, 0 difetti.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_leaves_early_ends_a_command_in_silence() {
    let place = place();
    let mut command = place.command(&["prompts", "list"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    assert_eq!(errors(&output), "");
    let rows = String::from_utf8(place.run(&["prompts", "list"]).stdout).unwrap();
    assert!(rows.lines().any(|row| row.starts_with("it  welcome.polaris ")), "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_configuration_or_dialplan_is_named() {
    let place = place();
    let absent = place.run(&["serve", "--config", "non-c-e.toml"]);
    refused(&absent, &["non-c-e.toml", "non si può leggere", "non c'è; controlla il nome"]);
    assert!(!errors(&absent).contains("os error"), "{}", errors(&absent));
    let config = place.read("polaris.toml").replace("plan.kdl", "piano-assente.kdl");
    place.write("polaris.toml", &config);
    let output = place.run(&["serve"]);
    refused(&output, &["polaris.toml", "riga", "piano-assente.kdl", "non esiste"]);
    refused(&place.run(&["check"]), &["piano-assente.kdl"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_slip_in_a_trunk_is_told_at_once() {
    let place = place();
    let trunk = |name: &str, lines: &str| {
        format!("[[trunk]]\nname = \"{name}\"\nproxy = \"127.0.0.1:5060\"\n{lines}\n")
    };
    let trunks = [
        trunk("prova", ""),
        trunk("senza utente", "register = true"),
        trunk("file assente", "user = \"a\"\npassword_file = \"segreto-assente\""),
        trunk("due password", "user = \"a\"\npassword = \"b\"\npassword_file = \"altro\""),
        trunk("senza password", "user = \"a\""),
        trunk("senza peso", "weight = 0"),
        trunk("nome strano", "domain = \"a b\""),
        trunk("breve", "register = true\nuser = \"a\"\npassword = \"b\"\nexpires = \"1s\""),
        trunk("mai", "expires = \"domani\""),
        trunk("altrove", "").replace("127.0.0.1:5060", "senza porta"),
        trunk("dietro", "outbound_proxy = \"senza porta\""),
        trunk("numeri", "numbers = \"italiani\"\nnumbers_in = \"boh\""),
        trunk("posti", "called_in = [\"To\", \"Da\"]\ncaller_in = [\"Chi\"]"),
        trunk("nessuna", "max_calls = 0"),
        trunk("di rado", "keepalive = \"2h\""),
        trunk("sfida", "challenge = true"),
    ];
    let sip = "drain_max = \"mai\"\nstrangers = \"forse\"\ncalls_per_second = 0\n\
               outbound_per_minute = 0\noutbound_countries = [\"39\", \"+41\"]\n\
               [console]\ntrusted_proxies = [\"il proxy\"]\n[rtp]";
    let config = place.config(&trunks.concat()).replace("[rtp]", sip);
    place.write("polaris.toml", &config);
    for command in ["serve", "check", "trunks"] {
        refused(
            &place.run(&[command]),
            &[
                "«prova» è scritto due volte",
                "«senza utente»: con «register» servono",
                "segreto-assente",
                "«due password»",
                "«senza password»: servono insieme",
                "«weight» parte da 1",
                "«a b» in «domain»",
                "«expires» va da",
                "«domani» in «expires»",
                "trunk «altrove»: «senza porta»",
                "trunk «dietro»: «senza porta»",
                "«italiani» in «numbers»: scrivi",
                "«boh» in «numbers_in»: scrivi",
                "«Da» in «called_in»: ci sono P-Called-Party-ID, To, Request-URI, Diversion",
                "«Chi» in «caller_in»: ci sono P-Asserted-Identity, From",
                "«max_calls» parte da 1",
                "«keepalive» va da",
                "«sfida»: con «challenge» servono",
                "«mai» in «drain_max»",
                "«forse» in «strangers»",
                "«calls_per_second» = 0",
                "«outbound_per_minute» = 0",
                "«+41» in «outbound_countries»",
                "«il proxy» in «trusted_proxies»",
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_nobody_asks_the_trunks() {
    refused(&place().run(&["trunks"]), &["non è in funzione"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_a_slip_is_shown_with_its_line() {
    let place = place();
    place.edit_plan("ask-call-back ", "ask-call-bak ");
    for command in ["serve", "check"] {
        refused(&place.run(&[command]), &["plan.kdl", "ask-call-bak", "ask-call-back"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_names_no_recording_is_refused() {
    let place = place();
    place.edit_plan("play \"welcome.polaris\"", "play \"welcome.polars\"");
    for command in ["serve", "check"] {
        refused(&place.run(&[command]), &["plan.kdl", "welcome.polars", "welcome.polaris"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_recordings_that_is_not_there_is_named() {
    let place = place();
    let config = place.read("polaris.toml");
    let line = config.lines().find(|line| line.starts_with("overrides")).unwrap();
    place.write("polaris.toml", &config.replace(line, "overrides = \"assenti\""));
    for command in ["serve", "check"] {
        let output = place.run(&[command]);
        refused(&output, &["polaris.toml", "riga", "assenti", "non esiste", "togli"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_none_is_reported_and_the_service_answers_all_the_same() {
    let place = place();
    std::fs::create_dir_all(place.path("registrazioni/it")).unwrap();
    place.write("registrazioni/it/hold.1.wav", "questo non è un WAV");
    let config = place.read("polaris.toml");
    let line = config.lines().find(|line| line.starts_with("overrides")).unwrap();
    place.write("polaris.toml", &config.replace(line, "overrides = \"registrazioni\""));
    refused(&place.run(&["check"]), &["hold.1.wav"]);
    let service = Service::start(&place).await;
    service.says(&["ERROR", "hold.1.wav"]).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_of_a_roster_and_nothing_is_imported() {
    let place = place();
    let before = place.run(&["roster", "export"]).stdout;
    let times = "2026-12-24T20:00,2026-12-25T08:00";
    place.write(
        "turni.csv",
        &format!(
            "service,equipe,step,person,phone,from,until\n\
             polaris-br4,equipe,1,Bruno Leo,+393330000002,{times}\n\
             polaris-br4,equipe,uno,Carla Rizzo,+393330000003,{times}\n"
        ),
    );
    let output = place.run(&["roster", "import", "turni.csv"]);
    refused(&output, &["turni.csv", "riga 3", "Niente è stato importato"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(place.run(&["roster", "export"]).stdout, before);
    let absent = place.run(&["roster", "import", "assente.csv"]);
    refused(&absent, &["assente.csv", "non si può leggere", "non c'è; controlla il nome"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_roster_names_and_no_plan_knows_is_told_by_the_check() {
    let place = place();
    let turn = "Ada Greco,+393330000001,2026-12-24T20:00,2026-12-25T08:00";
    let head = "service,equipe,step,person,phone,from,until";
    let rows = format!("{head}\npolaris-br4,squadra,1,{turn}\npolaris-br5,equipe,1,{turn}\n");
    place.write("turni.csv", &rows);
    assert!(place.run(&["roster", "import", "turni.csv"]).status.success());
    let output = place.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in ["nell'équipe «squadra»", "nessun piano si chiama «polaris-br5»"] {
        assert!(said.contains(word), "«{word}» is missing in: {said}");
    }
    assert_eq!(output.status.code(), Some(0), "warnings are no errors: {said}");
    let unseen = place.run(&["check", "--config", "non-c-e.toml"]);
    assert_eq!(unseen.status.code(), Some(2), "it could not look");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_a_recording_of_ones_own_is_retold_in_plain_words() {
    let place = place();
    for language in ["it", "en"] {
        let folder = format!("registrazioni/{language}");
        std::fs::create_dir_all(place.path(&folder)).unwrap();
        write_wav(&place.path(&format!("{folder}/saluto.nostro.wav")), &tone(440.0, 8_000));
        place.write(&format!("{folder}/texts.toml"), "\"saluto.nostro\" = \"Buonasera.\"\n");
    }
    place.edit_plan("play \"welcome.polaris\"", "play \"saluto.nostro\"");
    refused(&place.run(&["explain", "plan.kdl"]), &["saluto.nostro"]);
    let config = place.read("polaris.toml");
    let line = config.lines().find(|line| line.starts_with("overrides")).unwrap();
    place.write("polaris.toml", &config.replace(line, "overrides = \"registrazioni\""));
    let output = place.run(&["explain", "plan.kdl"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", errors(&output));
    assert!(said.contains("Buonasera.") || said.contains("saluto.nostro"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_with_exit_1() {
    let place = place();
    let output = place.run(&["case", "2026-9999"]);
    refused(&output, &["2026-9999"]);
    assert_eq!(output.status.code(), Some(1));
    std::fs::remove_dir_all(place.path("data")).unwrap();
    refused(&place.run(&["calls"]), &["banca dati", "avvia prima"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_connects_two_people_and_prints_the_case() {
    let output = place().run(&["demo", "--once"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", errors(&output));
    for word in ["Scheda ", "Ada Greco", "persone senza casa", "accepted", "Fine: servita"] {
        assert!(said.to_lowercase().contains(&word.to_lowercase()), "«{word}»: {said}");
    }
    assert!(!said.contains("«»"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_telephone_names_what_it_hears_and_writes_it_down() {
    let place = place();
    let config = place.read("polaris.toml");
    let line = config.lines().find(|line| line.starts_with("overrides")).unwrap();
    // The telephone knows the program's own recordings.
    place.write("polaris.toml", &config.replace(line, ""));
    let mut accepting = place.read("polaris.toml");
    accepting = accepting.replace("accept_from = [", "accept_from = [\"127.0.0.1\", ");
    place.write("polaris.toml", &accepting);
    let service = Service::start(&place).await;
    // Nobody is behind the trunk: the call-back question follows at once.
    write_wav(&place.path("dico.wav"), &tone(440.0, 8_000));
    let uri = format!("sip:+390831000000@{}", place.net.service());
    let arguments = [
        "try",
        &uri,
        "--keys",
        "ww2",
        "--say",
        "dico.wav",
        "--hear",
        "sento.wav",
        "--seconds",
        "4",
    ];
    let output = place.run(&arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", errors(&output));
    for word in ["risponde", "si sente welcome.polaris", "premo 2", "si sente noanswer"] {
        assert!(said.contains(word), "«{word}»: {said}");
    }
    let heard = hound::WavReader::open(place.path("sento.wav")).unwrap();
    assert!(heard.duration() > 16_000);
    service.step("ended").await;
    let unknown = format!("sip:+390831999999@{}", place.net.service());
    assert_eq!(place.run(&["try", &unknown, "--seconds", "5"]).status.code(), Some(1));
    service.stop().await;
    assert_eq!(place.only_call()["category"], "violence");
}
