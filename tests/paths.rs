//! Every path of a plan: the shipped ones lose nobody, and a bad one is caught.

#[allow(dead_code, reason = "each test uses its part of the stage")]
mod calls_support;

use std::sync::Arc;
use std::time::Duration;

use calls_support::script::Script;
use calls_support::{lengths, play, read_plan};
use polaris::dialplan::{Plan, Verb};
use polaris::rehearsal::{Loss, Paths, STATES_MAX, Section, walk, walk_at_most};

fn plan(name: &str) -> Plan {
    read_plan(name).expect("a shipped plan")
}

fn walked(plan: Plan) -> (Arc<Plan>, Paths) {
    let plan = Arc::new(plan);
    let paths = walk(&plan, &lengths());
    (plan, paths)
}

/// The transcript of a loss, and whether playing it again gives the same.
fn reproduced(plan: &Arc<Plan>, paths: &Paths, loss: Loss) -> String {
    let text = paths.losses.get(&loss).unwrap_or_else(|| panic!("{loss:?} was not found"));
    let script = Script::read(text).expect("a transcript that can be read");
    assert_eq!(&play(&script, plan.clone()).expect("a transcript that plays"), text);
    text.clone()
}

#[test]
fn the_shipped_plans_lose_nobody() {
    for name in ["polaris-br4", "pis-lecce"] {
        let (_, paths) = walked(plan(name));
        assert!(paths.losses.is_empty(), "{name}: {:?}", paths.losses);
        assert!(!paths.cut && paths.states < STATES_MAX, "{name}: {} states", paths.states);
        assert!(paths.states > 1_000, "{name}: only {} states", paths.states);
    }
}

/// Without the verbs that promise something.
fn without_promise(verbs: &[Verb]) -> Vec<Verb> {
    let promises = |verb: &&Verb| !matches!(verb, Verb::AskCallBack | Verb::Voicemail { .. });
    verbs.iter().filter(promises).cloned().collect()
}

#[test]
fn a_plan_that_promises_nothing_is_caught_and_its_transcript_plays_again() {
    let mut bad = plan("polaris-br4");
    bad.answer = without_promise(&bad.answer);
    let (bad, paths) = walked(bad);
    let text = reproduced(&bad, &paths, Loss::KeptForEver);
    assert!(text.contains("rings il coordinatore"), "{text}");
    assert!(!text.contains("is over"), "{text}");
}

#[test]
fn a_hidden_caller_to_whom_only_the_call_back_question_is_put_is_caught() {
    let mut bad = plan("polaris-br4");
    bad.answer.retain(|verb| !matches!(verb, Verb::Voicemail { .. }));
    let (bad, paths) = walked(bad);
    let text = reproduced(&bad, &paths, Loss::KeptForEver);
    assert!(text.contains("caller: hidden"), "{text}");
}

#[test]
fn a_walk_that_was_cut_says_so() {
    let plan = Arc::new(plan("polaris-br4"));
    assert!(walk_at_most(&plan, &lengths(), 50).cut);
}

#[test]
fn the_longest_waits_are_those_of_the_plan() {
    let mut simple = plan("polaris-br4");
    simple.answer.retain(|verb| !matches!(verb, Verb::Play(_) | Verb::Menu(_)));
    let (_, paths) = walked(simple);
    let citizens = paths.longest[&Section::Answer];
    // 0.6 s until the store is waited for no more, 2 s until the roster is not.
    assert_eq!(citizens.to_phone, Some(Duration::from_millis(600 + 2_000)));
    let promise = citizens.to_promise.expect("a promise");
    // Two people, two rounds, each rings 25 s, is picked up by a machine and says
    // nothing for 10 s; the coordinator's 40 s and 10 s; then the questions.
    assert!(promise > Duration::from_secs(4 * 35 + 50), "{promise:?}");
    assert!(promise < Duration::from_secs(4 * 35 + 50 + 200), "{promise:?}");
}
