//! Reads the floors table of docs/ARCHITECTURE.md and holds the sources to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

struct Floor {
    number: u32,
    modules: Vec<String>,
    may_import: BTreeSet<u32>,
    may_touch: Option<BTreeSet<String>>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table, cells trimmed; `–` is nothing, `all` is everything.
fn floors(document: &str) -> Vec<Floor> {
    let words = |cell: &str| -> Vec<String> {
        cell.split(',')
            .map(str::trim)
            .filter(|w| !w.is_empty() && *w != "–")
            .map(Into::into)
            .collect()
    };
    document
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
            let number = cells.first()?.parse().ok()?;
            Some(Floor {
                number,
                modules: words(cells.get(1)?),
                may_import: words(cells.get(2)?).iter().filter_map(|w| w.parse().ok()).collect(),
                may_touch: (*cells.get(3)? != "all").then(|| words(cells[3]).into_iter().collect()),
            })
        })
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Code without comments; what stands behind `#[cfg(test)]` may use what it likes.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("a source");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The first path segment after each `crate::`.
fn imports(code: &str) -> BTreeSet<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

/// The libraries named as the head of a path, or behind `use`.
fn libraries(code: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    known
        .iter()
        .filter(|library| {
            let path = format!("{library}::");
            code.match_indices(&path).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                !before.is_some_and(|c| is_word(c) || c == ':')
            })
        })
        .cloned()
        .collect()
}

/// Every dependency of Cargo.toml, as Rust spells it, and the parts of std that perform.
fn known_libraries() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let manifest: toml::Table = manifest.parse().expect("Cargo.toml is TOML");
    let dependencies = manifest["dependencies"].as_table().expect("dependencies");
    let spelled = |name: &String| match name.as_str() {
        "md-5" => "md5".to_owned(),
        name => name.replace('-', "_"),
    };
    dependencies.keys().map(spelled).collect()
}

fn problems(floors: &[Floor], source: &Path, module: &str, code: &str) -> Vec<String> {
    let by_module: BTreeMap<&str, &Floor> =
        floors.iter().flat_map(|f| f.modules.iter().map(move |m| (m.as_str(), f))).collect();
    let name = source.strip_prefix(root()).unwrap_or(source).display();
    let Some(floor) = by_module.get(module) else {
        return vec![format!("{name}: the table gives «{module}» no floor")];
    };
    let mut found = Vec::new();
    for import in imports(code) {
        let Some(target) = by_module.get(import.as_str()) else { continue };
        if import == module || floor.may_import.contains(&target.number) {
            continue;
        }
        let way = if target.number > floor.number { "up" } else { "sideways" };
        found.push(format!(
            "{name}: {module} (floor {}) reaches {way} to {import} (floor {})",
            floor.number, target.number
        ));
    }
    if let Some(allowed) = &floor.may_touch {
        for library in libraries(code, &known_libraries()) {
            if !allowed.contains(&library) {
                found.push(format!("{name}: {module} may not touch {library}"));
            }
        }
        for part in ["std::net::Udp", "std::net::Tcp", "std::fs", "std::thread", "std::process"] {
            if code.contains(part) && !allowed.contains(part) {
                found.push(format!("{name}: {module} may not touch {part}"));
            }
        }
        for clock in ["Instant::now", "SystemTime::now", "Utc::now", "Local::now", "rand::rng("] {
            if code.contains(clock) && module != "words" {
                found.push(format!("{name}: {module} may not read {clock}"));
            }
        }
    }
    found
}

#[test]
fn imports_only_point_down() {
    let document = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("document");
    let floors = floors(&document);
    assert_eq!(floors.len(), 8, "the floors table was not found");
    let mut found = Vec::new();
    for file in sources(&root().join("src")) {
        let inside = file.strip_prefix(root().join("src")).expect("inside src");
        let mut parts = inside.components();
        let first = parts.next().expect("a name").as_os_str().to_string_lossy().into_owned();
        if parts.next().is_some() && !inside.components().any(|c| c.as_os_str() == "tests") {
            found.extend(problems(&floors, &file, &first, &code(&file)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_violation_is_found() {
    let document = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("document");
    let floors = floors(&document);
    let file = root().join("src/roster/planted.rs");
    let found = |code: &str| problems(&floors, &file, "roster", code).join("\n");
    assert!(found("use crate::call::Call;").contains("reaches up to call"));
    assert!(found("use crate::dialplan::Plan;").contains("reaches sideways to dialplan"));
    assert!(found("let x = tokio::spawn(y);").contains("may not touch tokio"));
    assert!(found("std::fs::read(x)").contains("may not touch std::fs"));
    assert!(found("Utc::now()").contains("may not read Utc::now"));
    assert_eq!(found("use crate::words::Moment;"), "");
}
