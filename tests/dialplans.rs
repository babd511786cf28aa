//! Every mistake of a dialplan has its message, and the shipped plans have none.
//!
//! `tests/dialplans/NAME.kdl` holds the sections with the mistake; those it lacks are
//! taken from `good.kdl`, below it, unless its first line says it is whole
//! (`// intero`). What `polaris check` would print stands in `NAME.txt`;
//! `UPDATE=1 cargo test --test dialplans` rewrites it, to be reviewed as prose.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use polaris::calendar::Closure;
use polaris::dialplan::{
    EnteredClosure, PlanFile, Recordings, Severity, check_together, explain, explain_hours, read,
};
use polaris::words::{Category, Language, PromptId, ServiceId};
use proptest::prelude::*;

/// Spoken to callers, in both languages.
const HEARD: [&str; 28] = [
    "welcome.polaris",
    "welcome.lecce",
    "privacy.short",
    "menu.polaris",
    "menu.lecce",
    "lang",
    "retry",
    "silent",
    "hold.1",
    "hold.2",
    "noanswer",
    "noanswer.hidden",
    "callback.safe",
    "callback.yes",
    "callback.no",
    "inhours",
    "voicemail",
    "voicemail.ok",
    "worker.taken",
    "worker.lost",
    "privacy.full",
    "privacy.full.lecce",
    "hold.music",
    "beep",
    "fallback",
    "dialin",
    "dialin.menu",
    "number",
];

/// Spoken in Italian only.
const TOLD: [&str; 8] = [
    "category.violence.lecce",
    "category.homeless.lecce",
    "category.elderly.lecce",
    "worker.offer",
    "worker.offer.lecce",
    "worker.escalate.1",
    "worker.escalate.2",
    "solo.italiano",
];

fn recordings() -> Recordings {
    let mut recordings = Recordings::default();
    for language in Language::ALL {
        for id in HEARD {
            let text = if id.starts_with("welcome") { "Chiami l'uno, uno, due." } else { "Altro." };
            recordings.add(language, PromptId::new(id), text);
        }
    }
    let categories = Category::ALL.map(|category| format!("category.{category}"));
    for id in TOLD.into_iter().chain(categories.iter().map(String::as_str)) {
        recordings.add(Language::It, PromptId::new(id), "Altro.");
    }
    recordings
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialplans")
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()))
}

/// Compares with what is written beside the tests, or rewrites it.
fn expect(name: &str, found: &str) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, found).expect("the folder can be written");
    }
    let expected = text_of(&path);
    assert_eq!(found, expected, "{name} differs; UPDATE=1 rewrites it, then read it");
}

/// The text of a case, completed from `good.kdl` with the sections it lacks.
fn completed(case: &str) -> String {
    if case.starts_with("// intero") {
        return case.to_owned();
    }
    let begins = |section: &str| {
        let word = section.split([' ', '\n']).next().unwrap_or_default().to_owned();
        case.lines().any(|line| line.split(' ').next() == Some(&word))
    };
    let good = text_of(&folder().join("good.kdl"));
    let mut whole = case.to_owned();
    for section in good.split("\n\n").filter(|section| !begins(section)) {
        whole.push('\n');
        whole.push_str(section.trim_end());
        whole.push('\n');
    }
    whole
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder is there");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "kdl"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_mistake_has_its_message() {
    let recordings = recordings();
    let cases = cases();
    assert!(cases.len() > 60, "{} cases", cases.len());
    for path in cases {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let text = completed(&text_of(&path));
        let (plan, problems) = read(&format!("{name}.kdl"), &text, &recordings);
        let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
        assert_eq!(plan.is_none(), refused, "{name}");
        let mut found: Vec<String> = problems.iter().map(ToString::to_string).collect();
        if found.is_empty() {
            found.push("nessun problema\n".to_owned());
        }
        expect(&format!("{name}.txt"), &found.join("\n"));
    }
}

fn shipped() -> [(&'static str, &'static str); 2] {
    [
        ("dialplans/polaris-br4.kdl", include_str!("../dialplans/polaris-br4.kdl")),
        ("dialplans/pis-lecce.kdl", include_str!("../dialplans/pis-lecce.kdl")),
    ]
}

#[test]
fn the_shipped_plans_have_only_example_numbers_to_warn_of() {
    for (name, text) in shipped() {
        let (plan, problems) = read(name, text, &recordings());
        let shown: String = problems.iter().map(ToString::to_string).collect();
        assert!(plan.is_some(), "{shown}");
        for problem in &problems {
            assert_eq!(problem.severity, Severity::Warning, "{problem}");
            assert!(problem.what.contains("numero d'esempio"), "{problem}");
        }
        assert!(problems.len() >= 5, "every placeholder is named:\n{shown}");
    }
}

#[test]
fn a_closure_that_is_entered_shuts_the_offices_of_its_service_alone() {
    let (name, text) = shipped()[0];
    let plan = read(name, text, &recordings()).0.expect(name);
    let closure = |service: &str, comune: Option<&str>| EnteredClosure {
        service: ServiceId::new(service),
        comune: comune.map(str::to_owned),
        closure: Closure {
            from: NaiveDate::from_ymd_opt(2026, 12, 7).expect("a day"),
            until: NaiveDate::from_ymd_opt(2026, 12, 7).expect("a day"),
            reason: "Ponte dell'Immacolata".to_owned(),
        },
    };
    for (service, comune, told) in [
        (
            "polaris-br4",
            None,
            Some("Tutti gli uffici chiusi il 07/12/2026 (Ponte dell'Immacolata)"),
        ),
        ("polaris-br4", Some("074010"), Some("Mesagne chiuso il 07/12/2026")),
        ("polaris-br4", Some("075035"), None),
        ("pis-lecce", None, None),
    ] {
        let shut = plan.shut(&[closure(service, comune)]);
        let explained = explain_hours(&shut);
        match told {
            Some(told) => assert!(explained.contains(told), "{explained}"),
            None => assert_eq!(explained, explain_hours(&plan)),
        }
    }
}

#[test]
fn the_shipped_plans_are_retold_in_italian() {
    for ((name, text), told) in shipped().into_iter().zip(["polaris-br4", "pis-lecce"]) {
        let plan = read(name, text, &recordings()).0.expect(name);
        expect(&format!("{told}.explained.txt"), &explain(&plan));
    }
}

#[test]
fn the_shipped_plans_serve_who_they_are_for() {
    let plans = shipped().map(|(name, text)| read(name, text, &recordings()).0.expect(name));
    let [polaris, lecce] = plans;
    assert_eq!((polaris.service.as_str(), polaris.comuni.len()), ("polaris-br4", 9));
    assert_eq!((lecce.service.as_str(), lecce.comuni.len()), ("pis-lecce", 10));
    let at = |text: &str| text.parse().expect("a time");
    // A Wednesday morning: the offices of the nine Comuni are open; Lecce always answers.
    assert!(!polaris.hours.is_active(at("2026-12-09T10:00:00")));
    assert!(polaris.hours.is_active(at("2026-12-08T10:00:00")));
    // A Tuesday: the lunch gap is covered.
    assert!(polaris.hours.is_active(at("2026-12-15T14:30:00")));
    assert!(!polaris.hours.is_active(at("2026-12-15T16:00:00")));
    assert!(lecce.hours.is_active(at("2026-12-09T10:00:00")));
    assert_eq!(polaris.label(Category::Elderly), "Anziani soli");
    assert_eq!(lecce.label(Category::Elderly), "Anziani o disabilità");
}

#[test]
fn two_services_never_share_a_name_or_a_number() {
    let [(name, text), (other_name, other_text)] = shipped();
    let plan = read(name, text, &recordings()).0.expect(name);
    let other = read(other_name, other_text, &recordings()).0.expect(other_name);
    let first = PlanFile { name, text, plan: &plan };
    let second = PlanFile { name: other_name, text: other_text, plan: &other };
    assert!(check_together(&[first, second]).is_empty());

    let mixed = other_text
        .replace("pis-lecce\"", "polaris-br4\"")
        .replace("+390832000009", "+390831000009")
        .replace("+390832000002", "+390831000000");
    let mixed_plan = read("copia.kdl", &mixed, &recordings()).0.expect("good by itself");
    let copy = PlanFile { name: "copia.kdl", text: &mixed, plan: &mixed_plan };
    let problems: Vec<String> =
        check_together(&[first, copy]).iter().map(ToString::to_string).collect();
    expect("together.txt", &problems.join("\n"));
}

/// A good plan with random damage: more likely to get far than random text.
fn damaged() -> impl Strategy<Value = String> {
    let good: Vec<char> = text_of(&folder().join("good.kdl")).chars().collect();
    let scraps = prop_oneof![
        Just("{"),
        Just("}"),
        Just("\""),
        Just("#"),
        Just("="),
        Just("/*"),
        Just("/-"),
        Just("\\"),
        Just("\n"),
        Just("("),
        Just("è"),
        Just("99999999999999999999"),
        Just("-1"),
        Just(""),
        Just("\u{feff}"),
        Just(";"),
        Just("\"\"\""),
        Just("#inf"),
        Just("0x"),
    ];
    prop::collection::vec((0..good.len(), 0usize..12, scraps), 1..5).prop_map(move |wounds| {
        let mut text = good.clone();
        for (at, length, scrap) in wounds {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, scrap.chars());
        }
        text.into_iter().collect()
    })
}

fn survives(text: &str) -> Result<(), TestCaseError> {
    let (plan, problems) = read("x.kdl", text, &recordings());
    let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    prop_assert_eq!(plan.is_none(), refused);
    for problem in &problems {
        prop_assert!(problem.to_string().contains('^'));
        prop_assert!(problem.span.end <= text.len());
    }
    if let Some(plan) = plan {
        prop_assert!(!explain(&plan).is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_a_plan_or_has_an_error(text in any::<String>()) {
        survives(&text)?;
    }

    #[test]
    fn any_damage_is_a_plan_or_has_an_error(text in damaged()) {
        survives(&text)?;
    }
}

#[test]
fn a_text_of_brackets_alone_does_not_exhaust_the_stack() {
    for scrap in ["{", "a {", "a {\n", "/*", "a {}", "(", ")", "/-", "a /-{", "[", "\"", "a \\\n"] {
        for times in [8, 100, 2_000] {
            let (plan, problems) = read("x.kdl", &scrap.repeat(times), &recordings());
            assert!(plan.is_none() && !problems.is_empty(), "{scrap}");
        }
    }
    // The most errors a text of the longest size can have.
    let (plan, problems) = read("x.kdl", &")".repeat(64 * 1024), &recordings());
    assert!(plan.is_none() && !problems.is_empty());
}
