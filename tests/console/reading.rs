//! Whoever reads a case is written down, wherever they read it.

use polaris::store::{Folder, Keyring, read_sealed_file};

use crate::console_support::{Visitor, message_left, shown};
use crate::line_support::{Place, errors, lane, tenths_of};
use crate::taking::audit_rows;
use crate::{coordinator, one_call, scene};

/// How often somebody whose name begins so did this, as the audit log has it.
fn times(auditor: &mut Visitor, who: &str, act: &str) -> usize {
    let rows = audit_rows(auditor);
    rows.iter().filter(|row| row[2].starts_with(who) && row[3] == act).count()
}

/// Who holds the database, so that nobody else writes to it.
async fn hold(place: &Place) -> sqlx::SqliteConnection {
    use sqlx::{Connection as _, Executor as _};
    let url = format!("sqlite:{}", place.path("data/polaris.db").display());
    let mut held = sqlx::SqliteConnection::connect(&url).await.unwrap();
    held.execute("begin immediate").await.unwrap();
    held
}

async fn let_go(mut held: sqlx::SqliteConnection) {
    use sqlx::{Connection as _, Executor as _};
    held.execute("rollback").await.unwrap();
    held.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_case_that_comes_back_with_a_slip_was_read_once_more() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let page = carla.get(&address);
    let base = page.between("name=\"base\" value=\"", "\"").to_owned();
    assert_eq!(times(&mut rita, "carla", "scheda letta"), 1);
    for (form, fields) in [
        ("nota", &[("testo", " "), ("base", base.as_str())][..]),
        ("scheda", &[("persona.1.eta", "otto"), ("base", &base)]),
        ("allegato/ritira", &[("quale", "1"), ("base", &base)]),
    ] {
        let answer = carla.post(&format!("{address}/{form}"), fields);
        assert!([422, 404].contains(&answer.status), "{form}: {}", answer.status);
    }
    // Two pages came back; of a document that is not there none was shown.
    assert_eq!(times(&mut rita, "carla", "scheda letta"), 3);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_reads_cases_at_a_terminal_is_written_down_and_is_never_kept_from_them() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let before = times(&mut rita, "(riga di comando: ", "schede elencate");
    assert_eq!(place.cases().len(), 1);
    assert_eq!(times(&mut rita, "(riga di comando: ", "schede elencate"), before + 1);
    let before = times(&mut rita, "(riga di comando: ", "chiamate elencate");
    for arguments in [&["calls"][..], &["calls", "--json"]] {
        let read = place.run(arguments);
        assert!(read.status.success() && errors(&read).is_empty(), "{}", errors(&read));
    }
    assert_eq!(times(&mut rita, "(riga di comando: ", "chiamate elencate"), before + 2);
    for arguments in [&["case", number.as_str()][..], &["case", &number, "--json"]] {
        let read = place.run(arguments);
        assert!(read.status.success() && errors(&read).is_empty(), "{}", errors(&read));
    }
    assert_eq!(times(&mut rita, "(riga di comando: ", "scheda letta"), 2);
    let held = hold(&place).await;
    let read = place.run(&["case", &number]);
    let_go(held).await;
    let case = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(read.status.success() && case.contains("Ada Greco"), "{case}");
    let warned = errors(&read);
    assert!(warned.contains("non è nel registro degli accessi"), "{warned}");
    assert_eq!(times(&mut rita, "(riga di comando: ", "scheda letta"), 2);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_is_heard_in_the_page_and_that_is_written_in_its_case() {
    let place = Place::new(lane(), &[]);
    let (service, window) = shown(&place).await;
    let number = message_left(&place, &service).await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut carla = coordinator(&place, window);
    let page = carla.get(&address);
    let source = format!("<audio controls preload=\"none\" src=\"{address}/messaggio\">");
    assert!(
        page.body.contains("s), da ascoltare</h3>") && page.body.contains(&source),
        "{}",
        page.body
    );
    let sound = carla.fetch(&format!("{address}/messaggio"));
    let wav = hound::WavReader::new(sound.as_slice()).unwrap();
    let samples: Vec<i16> = wav.into_samples().map(Result::unwrap).collect();
    assert!(tenths_of(&samples, 700.0) >= 8, "what was said is on it");
    let head = carla.ask("HEAD", &format!("{address}/messaggio"), "", &[]);
    assert_eq!((head.status, head.header("content-type")), (200, Some("audio/wav")));
    let page = carla.get(&address);
    assert!(!page.body.contains("s), da ascoltare"), "{}", page.body);
    assert!(page.body.contains("Messaggio ascoltato."), "{}", page.body);
    let mut rita = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    assert_eq!(times(&mut rita, "carla", "messaggio ascoltato"), 2);

    // At a terminal: no row, no sound.
    let held = hold(&place).await;
    let refused = place.run(&["case", &number, "--message", "m.wav"]);
    let_go(held).await;
    assert!(!refused.status.success() && !place.path("m.wav").exists());
    assert!(errors(&refused).contains("il messaggio non si apre"), "{}", errors(&refused));
    let opened = place.run(&["case", &number, "--message", "m.wav"]);
    assert!(opened.status.success(), "{}", errors(&opened));
    let case = place.only_case();
    let keyring = Keyring::new(&place.path("schede.key"));
    let name = case["voicemail"].as_str().unwrap();
    let kept = read_sealed_file(&place.path("data"), Folder::Voicemail, name, &keyring).unwrap();
    assert!(std::fs::read(place.path("m.wav")).unwrap() == kept, "another message");
    assert_eq!(times(&mut rita, "(riga di comando: ", "messaggio salvato in un file"), 1);
    service.stop().await;
}
