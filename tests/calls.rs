//! Calls as transcripts (`tests/calls/*.call`): who does what, and all that the
//! program does of it, in its own words (`|` lines). Nothing it does is left out.
//!
//! `UPDATE=1 cargo test --test calls` rewrites the `|` lines, to be read as prose.

mod calls_support;

use std::path::{Path, PathBuf};

use calls_support::perform;

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "call"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_transcript_goes_as_written() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    let files = transcripts();
    assert!(files.len() >= 20, "only {} transcripts", files.len());
    for file in files {
        let written = std::fs::read_to_string(&file).expect("a transcript");
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let played = match perform(&written) {
            Ok(played) => played,
            Err(problem) => {
                wrong.push(format!("{name}: {problem}"));
                continue;
            }
        };
        if played == written {
            continue;
        }
        if update {
            std::fs::write(&file, played).expect("writing a transcript");
        } else {
            wrong.push(format!("{name}:\n{}", difference(&written, &played)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// docs/INTEROP.md says where each fault of a trunk is played: it must be there.
#[test]
fn every_fault_of_a_trunk_has_its_transcript_and_its_call_on_sockets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let page = read("docs/INTEROP.md");
    let (_, table) =
        page.split_once("| fault | `tests/calls` | on sockets |\n").expect("the table");
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let mut faults = 0;
    for row in rows {
        faults += 1;
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        let (transcript, calls) = named.split_first().expect("a transcript");
        assert!(root.join(format!("tests/calls/{transcript}.call")).exists(), "{transcript}");
        assert!(!calls.is_empty(), "no call: {row}");
        for call in calls {
            let (file, name) = call.split_once("::").expect("file::name");
            let source = read(&format!("tests/line/{file}.rs"));
            assert!(source.contains(&format!("async fn {name}()")), "{call} is nowhere");
        }
    }
    assert_eq!(faults, 7, "down, flapping, silent, slow, restarted, DNS gone, certificate expired");
}

/// The first line on which the two differ, with what stands around it.
fn difference(written: &str, played: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (written.lines().collect(), played.lines().collect());
    let at = (0..old.len().max(new.len())).find(|i| old.get(*i) != new.get(*i)).unwrap_or(0);
    let around = |lines: &[&str]| {
        lines.iter().skip(at.saturating_sub(2)).take(6).copied().collect::<Vec<_>>().join("\n    ")
    };
    format!("line {}:\n  written:\n    {}\n  played:\n    {}", at + 1, around(&old), around(&new))
}
