//! Reads the floors table of docs/ARCHITECTURE.md and holds the sources to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

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

fn floors_of_the_document() -> Vec<Floor> {
    let document = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md"));
    floors(&document.expect("the document"))
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

/// A path the code names, its groups expanded: `crate::{call::Call}` is crate, call, Call.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    segments: Vec<String>,
    /// How deep the module stands in which it is named: 1 is a module of the table.
    depth: usize,
}

impl Named {
    /// The module of the table it leads to; an error for one that goes round the table.
    fn leads_to(&self) -> Result<Option<&str>, &'static str> {
        let mut rest = self.segments.iter().map(String::as_str).skip_while(|s| *s == "self");
        let mut supers = 0;
        let mut next = rest.next();
        while next == Some("super") {
            supers += 1;
            next = rest.next();
        }
        match next {
            _ if supers >= self.depth => Err("leaves its module by super"),
            Some("crate") => match rest.next() {
                None | Some("*") => Err("takes the crate whole"),
                module => Ok(module),
            },
            _ => Ok(None),
        }
    }

    fn starts_with(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split("::").collect();
        self.segments.len() >= parts.len() && self.segments.iter().zip(parts).all(|(a, b)| a == b)
    }

    /// Addresses are values, though they live beside the sockets.
    fn is_address(&self) -> bool {
        self.starts_with("std::net")
            && !["Udp", "Tcp", "*"]
                .iter()
                .any(|socket| self.segments[2..].join("").starts_with(socket))
    }

    fn ends_with(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split("::").collect();
        let from = self.segments.len().checked_sub(parts.len());
        from.is_some_and(|from| self.segments[from..].iter().zip(parts).all(|(a, b)| a == b))
    }
}

/// Every path in the code; what stands behind `#[cfg(test)]` may name what it likes.
fn paths(code: &str, depth: usize) -> Vec<Named> {
    let mut found = Vec::new();
    read_code(code.parse().expect("Rust"), depth, &mut found);
    found
}

fn read_code(code: TokenStream, depth: usize, found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (TokenTree::Punct(hash), [TokenTree::Group(attribute), item @ ..])
                if hash.as_char() == '#'
                    && attribute.to_string().replace(' ', "") == "[cfg(test)]" =>
            {
                after_item(item)
            }
            (
                TokenTree::Ident(word),
                [TokenTree::Ident(_), TokenTree::Group(inside), after @ ..],
            ) if word == "mod" => {
                read_code(inside.stream(), depth + 1, found);
                after
            }
            (TokenTree::Ident(word), _) if word == "use" && !is_punct(after.first(), '<') => {
                let end = after.iter().position(|token| is_punct(Some(token), ';'));
                let (tree, after) = after.split_at(end.unwrap_or(after.len()));
                read_use(tree, &[], depth, found);
                after
            }
            (TokenTree::Ident(_), _) => {
                let (segments, after) = read_segments(rest);
                if segments.len() > 1 {
                    found.push(Named { segments, depth });
                }
                after
            }
            (TokenTree::Group(inside), _) => {
                read_code(inside.stream(), depth, found);
                after
            }
            _ => after,
        };
    }
}

/// The paths of a `use`: every leaf of its tree.
fn read_use(tree: &[TokenTree], before: &[String], depth: usize, found: &mut Vec<Named>) {
    for leaf in tree.split(|token| is_punct(Some(token), ',')).filter(|leaf| !leaf.is_empty()) {
        let (own, rest) = read_segments(leaf);
        let mut segments = [before, &own].concat();
        let rest = rest.iter().find(|token| !is_punct(Some(token), ':'));
        if let Some(TokenTree::Group(inside)) = rest {
            let inside: Vec<TokenTree> = inside.stream().into_iter().collect();
            read_use(&inside, &segments, depth, found);
            continue;
        }
        if is_punct(rest, '*') {
            segments.push("*".to_owned());
        } else if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        found.push(Named { segments, depth });
    }
}

/// Words with `::` between them, and what comes after the last.
fn read_segments(mut tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let mut segments = Vec::new();
    while is_punct(tokens.first(), ':') {
        tokens = &tokens[1..];
    }
    while let [TokenTree::Ident(word), after @ ..] = tokens {
        segments.push(word.to_string());
        tokens = after;
        match after {
            [TokenTree::Punct(one), TokenTree::Punct(two), next @ ..]
                if one.as_char() == ':' && two.as_char() == ':' =>
            {
                if !matches!(next.first(), Some(TokenTree::Ident(_))) {
                    break;
                }
                tokens = next;
            }
            _ => break,
        }
    }
    (segments, tokens)
}

/// What follows an item: it ends with a body in braces or with a semicolon.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    };
    let end = tokens.iter().position(ends).map_or(tokens.len(), |end| end + 1);
    &tokens[end..]
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// How deep the module of a source stands: `call/mod.rs` 1, `call/leg.rs` 2.
fn depth(inside_src: &Path) -> usize {
    inside_src.with_extension("").components().filter(|c| c.as_os_str() != "mod").count()
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

fn problems(floors: &[Floor], source: &Path, code: &str) -> Vec<String> {
    let by_module: BTreeMap<&str, &Floor> =
        floors.iter().flat_map(|f| f.modules.iter().map(move |m| (m.as_str(), f))).collect();
    let inside = source.strip_prefix(root().join("src")).expect("inside src");
    let module = inside.iter().next().and_then(|first| first.to_str()).expect("a name");
    let name = inside.display();
    let Some(floor) = by_module.get(module) else {
        return vec![format!("{name}: the table gives «{module}» no floor")];
    };
    let paths = paths(code, depth(inside));
    let mut found = BTreeSet::new();
    for path in &paths {
        match path.leads_to() {
            Err(why) => {
                found.insert(format!("{name}: {} {why}", path.segments.join("::")));
            }
            Ok(import) => {
                let import = import.filter(|import| *import != module);
                let target = import.and_then(|import| by_module.get(import));
                let Some(target) = target.filter(|t| !floor.may_import.contains(&t.number)) else {
                    continue;
                };
                let way = if target.number > floor.number { "up" } else { "sideways" };
                found.insert(format!(
                    "{name}: {module} (floor {}) reaches {way} to {} (floor {})",
                    floor.number,
                    import.unwrap_or_default(),
                    target.number
                ));
            }
        }
    }
    if let Some(allowed) = &floor.may_touch {
        found.extend(
            touched(&paths, allowed).map(|what| format!("{name}: {module} may not touch {what}")),
        );
        if module != "words" {
            found
                .extend(clocks(&paths).map(|what| format!("{name}: {module} may not read {what}")));
        }
    }
    found.into_iter().collect()
}

/// The libraries and parts of std that are named and not allowed.
fn touched<'a>(
    paths: &'a [Named],
    allowed: &'a BTreeSet<String>,
) -> impl Iterator<Item = String> + 'a {
    let parts = ["std::net", "std::fs", "std::thread", "std::process"].map(str::to_owned);
    let known = known_libraries().into_iter().chain(parts);
    known
        .filter(|what| !allowed.contains(what))
        .filter(|what| paths.iter().any(|path| path.starts_with(what) && !path.is_address()))
}

/// The clocks and the chance that are read and did not come as an argument.
fn clocks(paths: &[Named]) -> impl Iterator<Item = &'static str> {
    let ends = ["Instant::now", "SystemTime::now", "Utc::now", "Local::now"].into_iter();
    let ends = ends.filter(|clock| paths.iter().any(|path| path.ends_with(clock)));
    let starts = ["rand::random", "rand::rng"].into_iter();
    let starts = starts.filter(|chance| paths.iter().any(|path| path.starts_with(chance)));
    let system = paths.iter().any(|path| path.segments.iter().any(|s| s == "SystemClock"));
    ends.chain(starts).chain(system.then_some("SystemClock"))
}

#[test]
fn imports_only_point_down() {
    let floors = floors_of_the_document();
    assert_eq!(floors.len(), 9, "the floors table was not found");
    let mut found = Vec::new();
    for file in sources(&root().join("src")) {
        let inside = file.strip_prefix(root().join("src")).expect("inside src");
        let of_tests = inside.components().any(|c| c.as_os_str() == "tests");
        if inside.components().count() > 1 && !of_tests {
            let code = std::fs::read_to_string(&file).expect("a source");
            found.extend(problems(&floors, &file, &code));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_violation_is_found() {
    let floors = floors_of_the_document();
    let file = root().join("src/roster/planted.rs");
    let found = |code: &str| problems(&floors, &file, code).join("\n");
    for (code, finding) in [
        ("use crate::call::Call;", "reaches up to call"),
        ("use crate::{call::Call};", "reaches up to call"),
        ("use crate::{words::{self, Moment}, call};", "reaches up to call"),
        ("fn f() { log!(x, crate::call::Call::new()) }", "reaches up to call"),
        ("#[cfg(test)] mod tests { } use crate::call::Call;", "reaches up to call"),
        ("use crate::dialplan::Plan;", "reaches sideways to dialplan"),
        ("use super::super::call::Call;", "leaves its module by super"),
        ("use super::{shift, super::call::Call};", "leaves its module by super"),
        ("mod inner { use super::super::super::call; }", "leaves its module by super"),
        ("fn f(x: self::super::super::call::Call) {}", "leaves its module by super"),
        ("use crate::*;", "takes the crate whole"),
        ("use crate as polaris;", "takes the crate whole"),
        ("let x = tokio::spawn(y);", "may not touch tokio"),
        ("use {tokio as t, chrono};", "may not touch tokio"),
        ("std::fs::read(x)", "may not touch std::fs"),
        ("use std::{fmt, fs::File};", "may not touch std::fs"),
        ("use std::net::UdpSocket;", "may not touch std::net"),
        ("Utc::now()", "may not read Utc::now"),
        ("let x: u8 = rand::random();", "may not read rand::random"),
        ("use crate::words::SystemClock;", "may not read SystemClock"),
        ("use crate::words::{Moment, SystemClock};", "may not read SystemClock"),
        ("fn f(clock: crate::words::SystemClock) {}", "may not read SystemClock"),
    ] {
        assert!(found(code).contains(finding), "{code}: «{}»", found(code));
    }
    for code in [
        "use crate::words::{Moment, PhoneNumber as Phone};",
        "use super::shift::Shift; mod inner { use super::super::shift; }",
        "use std::net::{IpAddr, SocketAddr};",
        "/// Not [`crate::call`].\nfn f() -> &'static str { \"crate::call\" }",
        "#[cfg(test)]\nmod tests { use crate::words::SystemClock; }",
    ] {
        assert_eq!(found(code), "", "{code}");
    }
}
