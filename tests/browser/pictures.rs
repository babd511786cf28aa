//! The pictures of the manual, taken when `UPDATE=1` says so.

#![allow(unreachable_pub, reason = "a bench has no outside")]

use std::path::Path;
use std::process::Command;

use crate::driver::{Browser, DESKTOP, Look, TELEPHONE};

/// Page, look, file under docs/pictures, and what stands at the top of the picture; empty is
/// the page from its beginning.
const PICTURES: &[(&str, Look, &str, &str)] = &[
    ("invito", DESKTOP, "invito", ""),
    ("codice", TELEPHONE, "codice", ""),
    ("adesso, with calls", DESKTOP, "adesso", ""),
    ("adesso, with calls", TELEPHONE, "adesso-telefono", "main"),
    ("adesso, all broken", DESKTOP, "adesso-guasto", ""),
    ("chiamate", DESKTOP, "chiamate", ""),
    ("scheda", DESKTOP, "scheda", ""),
    ("scheda", TELEPHONE, "scheda-telefono", "#scheda"),
    ("turni, with a gap", DESKTOP, "turni", ""),
    ("turni, with a gap", TELEPHONE, "turni-telefono", ".days"),
    ("turni/assegna", DESKTOP, "assegna", "main"),
    ("orari, before it is confirmed", DESKTOP, "chiusura", ""),
    ("rapporti", DESKTOP, "rapporti", "main"),
    ("voce, one", DESKTOP, "voce", "main"),
    ("piani", DESKTOP, "piani", "main section"),
    ("straordinari", DESKTOP, "straordinari", ""),
    ("accessi", DESKTOP, "accessi", ""),
    ("registro", DESKTOP, "registro", ""),
];
/// Bytes of one picture.
const SIZE_MAX: u64 = 60_000;

pub async fn take(browser: &Browser, page: &str, look: Look) {
    let wanted = PICTURES.iter().find(|(of, by, ..)| *of == page && by.name == look.name);
    let Some((_, _, name, top)) = wanted else { return };
    if std::env::var("UPDATE").is_err() {
        return;
    }
    if !top.is_empty() {
        browser.see(&format!("document.querySelector('{top}').scrollIntoView()")).await;
    }
    let taken = browser.client.screenshot().await.unwrap();
    let folder = Path::new("docs/pictures");
    let file = folder.join(format!("{name}.png"));
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(&file, taken).unwrap();
    // Fewer colours, a third of the bytes.
    let fewer = Command::new("pngquant")
        .args(["--force", "--skip-if-larger", "--ext", ".png", "32"])
        .arg(&file)
        .status();
    assert!(fewer.is_ok(), "pngquant is not installed: apt-get install pngquant");
    let size = std::fs::metadata(&file).unwrap().len();
    assert!(size <= SIZE_MAX, "{}: {size} bytes", file.display());
}

#[test]
fn every_picture_is_in_the_manual_and_no_other_lies_beside_them() {
    let manual = std::fs::read_to_string("docs/manuale-coordinatori.md").unwrap();
    let mut wanted: Vec<String> =
        PICTURES.iter().map(|(_, _, name, _)| format!("{name}.png")).collect();
    let shown = |name: &String| manual.contains(&format!("](pictures/{name})"));
    let missing: Vec<_> = wanted.iter().filter(|name| !shown(name)).collect();
    assert!(missing.is_empty(), "docs/manuale-coordinatori.md shows none of {missing:?}");
    let mut there: Vec<String> = std::fs::read_dir("docs/pictures")
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    wanted.sort();
    there.sort();
    assert_eq!(there, wanted, "UPDATE=1 cargo test --test browser makes them");
}
