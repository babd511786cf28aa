//! What may not be read in a log: a number, a name, a key.

/// Everybody who has a name in these tests.
const NAMES: [&str; 7] = ["Ada", "Greco", "Bruno", "Leo", "Rosa", "Bianchi", "Carla"];

/// The lines of a log that name somebody, each with what was found; a few are enough.
pub fn leaking(log: &str) -> Vec<String> {
    let told = |line: &str| {
        let found = leaks(line);
        (!found.is_empty()).then(|| format!("{found:?} in: {line}"))
    };
    log.lines().filter_map(told).take(20).collect()
}

/// What a line gives away.
fn leaks(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let line = &without_spans(line);
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
    let words = words.filter(|word| !is_fraction(word)).flat_map(|word| word.split('.'));
    for word in words.filter(|word| !is_identifier(word)) {
        let named = NAMES.contains(&word);
        let numbers = word.split(|c: char| !c.is_ascii_digit()).any(|run| {
            let international = word.contains(&format!("+{run}")) && run.len() >= 6;
            international || (9..=13).contains(&run.len())
        });
        if named || numbers {
            found.push(word.to_owned());
        }
    }
    found.extend(keys(line));
    found
}

/// A key behind a word that announces one: `digit=7`, `key: "#"`, `Digit('7')`.
fn keys(line: &str) -> impl Iterator<Item = String> {
    let lower = line.to_ascii_lowercase();
    let announced = ["digit", "digits", "dtmf", "key", "keys", "signal"].into_iter();
    let shown = announced.filter(move |word| {
        lower.match_indices(word).any(|(at, _)| {
            let rest = &lower[at + word.len()..];
            let value = rest.trim_start_matches(|c| "=:('\" ".contains(c));
            let mut value = value.chars();
            let is_key = value.next().is_some_and(|c| c.is_ascii_digit() || "*#".contains(c));
            is_key && rest.starts_with(|c| "=:('\"".contains(c))
        })
    });
    shown.map(|word| format!("a {word}"))
}

/// The line without how long something took: `acquired_after_secs=2.004512345`.
fn without_spans(line: &str) -> String {
    let mut parts = line.split("_secs=");
    let first = parts.next().unwrap_or_default().to_owned();
    let after =
        |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned();
    first + &parts.map(after).collect::<String>()
}

/// Less than one of something: `0.000219205`.
fn is_fraction(word: &str) -> bool {
    word.strip_prefix("0.").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

/// A UUID: 32 hexadecimal digits in five groups.
fn is_identifier(word: &str) -> bool {
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[test]
fn the_scanner_finds_what_is_planted_and_only_that() {
    for planted in [
        "INFO a call came in caller=+390831777001",
        "DEBUG From: <sip:0831777001@127.0.0.1>",
        "TRACE bind 3331234567",
        "INFO accepted by Ada Greco",
        "INFO call responder=\"Bruno\"",
        "x=sip:+39333123@host",
        "to=39.3331234567.",
        "WARN waited_secs=2.0045 caller=0831777001",
        "DEBUG a key came digit=7",
        "TRACE KeyPressed { digit: Digit('#') }",
        "DEBUG Signal=5",
    ] {
        assert_eq!(leaking(planted).len(), 1, "{planted}");
    }
    for harmless in [
        "2026-11-22T02:54:22.706218Z  INFO call call.id=01a2012a-6b44-75b8-8a41-224724458123",
        "caller=+39…06 case=2026-0417 sip.listen=127.0.0.1:5060",
        "DEBUG elapsed=0.000219205",
        "WARN acquired_after_secs=2.004512345 slow_acquire_threshold_secs=2.0",
        "INFO call step=\"key_pressed\" digit=Digit(·) prompt=digit.1",
    ] {
        assert_eq!(leaking(harmless), Vec::<String>::new(), "{harmless}");
    }
}
