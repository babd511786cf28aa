//! `polaris backup` and `restore`, with a service that answers meanwhile.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use polaris::app::phone::{Do, Told};

use crate::line_support::exchange::Exchange;
use crate::line_support::person::Person;
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, Place, errors, soon};
use crate::{place, refused};

fn with_a_phrase(place: &Place) {
    place.write("polaris.toml", &place.config("[backup]\npassphrase_file = \"frase\"\n"));
    place.write("frase", "quattro parole e mezza\n");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(place.path("frase"), mode).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_made_during_a_call_comes_back_and_a_service_starts_on_it() {
    let place = place();
    with_a_phrase(&place);
    let service = Service::start(&place).await;
    let mut ada = Person::at("Ada", place.net.phone(0)).await;
    let _exchange = Exchange::open(place.net, &[(ADA, ada.phone.address)]).await;
    let mut caller = Person::at("chi chiama", place.net.caller()).await;
    caller.calls(CITIZENS, place.net.service(), "+390831777001");
    caller.told(Told::Answered).await;
    caller.presses("2");
    ada.told(Told::Incoming).await;
    // The telephone does not wait for the disk to have the key.
    let mut look = tokio::time::interval(Duration::from_millis(20));
    soon("the key is on the disk", async {
        while place.only_call()["category"] != "violence" {
            look.tick().await;
        }
    })
    .await;
    let output = place.run(&["backup", "prima.copia"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", errors(&output));
    for word in ["prima.copia", "cifrata", "vanno copiati a mano", "schede.key"] {
        assert!(said.contains(word), "«{word}»: {said}");
    }
    // The call did not notice.
    ada.does(Do::Answer);
    ada.hears("worker.offer").await;
    ada.presses("1");
    service.step("bridged").await;
    caller.does(Do::HangUp);
    service.step("ended").await;
    refused(&place.run(&["restore", "prima.copia"]), &["data", "è in uso", "fermalo"]);
    service.stop().await;
    refused(&place.run(&["backup", "prima.copia"]), &["prima.copia", "c'è già"]);

    // In the copy the call is cut, as if the power had gone.
    let whole = place.only_call();
    std::fs::rename(place.path("data"), place.path("data-di-prima")).unwrap();
    let output = place.run(&["restore", "prima.copia"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", errors(&output));
    assert!(said.contains("1 chiamate, 1 schede") && said.contains("schede.key"), "{said}");
    let service = Service::start(&place).await;
    service.says(&["a call was cut by a crash"]).await;
    service.stop().await;
    let call = place.only_call();
    assert_eq!((&call["call"], &call["category"]), (&whole["call"], &whole["category"]));
    assert_eq!(call["outcome"], "interrupted");
    assert!(place.run(&["audit", "verify"]).status.success());
    assert!(place.run(&["roster", "on-call"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_the_data_folder_is_copied_or_known_to_be_of_no_use() {
    let place = place();
    with_a_phrase(&place);
    let service = Service::start(&place).await;
    service.says(&["the roster was read"]).await;
    service.stop().await;
    assert!(place.run(&["backup", "una.copia"]).status.success());
    assert!(place.run(&["restore", "una.copia", "--into", "tornata"]).status.success());
    let names = |folder: &str| {
        let entries = std::fs::read_dir(place.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    // What a running service tells, and SQLite's own.
    let of_no_use = ["polaris.db-shm", "polaris.db-wal", "trunks.json"];
    let back = names("tornata");
    for name in names("data").iter().filter(|name| !of_no_use.contains(&name.as_str())) {
        assert!(back.contains(name), "{name} is in no copy");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_passphrase_or_a_copy_nothing_is_done_and_it_is_said() {
    let place = place();
    refused(&place.run(&["backup", "x.copia"]), &["[backup] passphrase_file", "chmod 600"]);
    with_a_phrase(&place);
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(place.path("frase"), mode).unwrap();
    for command in [&["backup", "x.copia"][..], &["check"]] {
        refused(&place.run(command), &["frase", "chmod 600"]);
    }
    with_a_phrase(&place);
    refused(&place.run(&["restore", "assente.copia"]), &["assente.copia", "non si può leggere"]);
    refused(
        &place.run(&["restore", "polaris.toml", "--into", "nuova"]),
        &["polaris.toml", "non è una copia"],
    );
    assert!(!place.path("x.copia").exists() && !place.path("nuova").exists());
}
