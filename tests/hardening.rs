//! The service needs no root and no capability, and its systemd unit takes both away.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

const UNIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/polaris.service");

#[test]
fn a_call_goes_through_without_root_and_without_any_capability() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    // Where the program was built, that account may have no right to look.
    let program = folder.path().join("polaris");
    fs::copy(env!("CARGO_BIN_EXE_polaris"), &program).unwrap();
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"])
        .args(["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"])
        .arg(&program)
        .args(["demo", "--once"])
        .current_dir(&folder)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_systemd_unit_is_valid_and_leaves_little_open() {
    let verified = said(&analyze(&["verify", UNIT]));
    let slips: Vec<&str> = verified
        .lines()
        // The program is not installed on the machine that tests.
        .filter(|line| line.contains("polaris.service") && !line.contains("is not executable"))
        .collect();
    assert!(slips.is_empty(), "{verified}");
    // Tenths: at most 1.5 of 10, where a unit that says nothing has 9.6.
    let output = analyze(&["security", "--offline=true", "--threshold=15", UNIT]);
    assert!(output.status.success(), "{}", said(&output));
}

fn analyze(arguments: &[&str]) -> Output {
    Command::new("systemd-analyze").arg("--no-pager").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
