//! Who wishes it hears a new call, and is told while the browser would keep it silent.

use serde_json::json;

use crate::Scene;
use crate::driver::Browser;

/// A bell that counts, and that sounds in a new page only once somebody pressed something.
const BELL: &str = "
    window.rung = 0;
    window.AudioContext = class {
      state = 'suspended';
      currentTime = 0;
      resume() { this.state = 'running'; this.onstatechange?.(); return Promise.resolve(); }
      createGain() { return { gain: {}, connect: (next) => next }; }
      createOscillator() {
        return { frequency: {}, connect: (next) => next, start: () => { window.rung += 1; }, stop() {} };
      }
    };";
/// What comes from the service is said by the test.
const FEED: &str = "
    window.EventSource = class {
      constructor() { window.feed = this; }
      addEventListener(part, heard) { this[part] = heard; }
    };";
const MUTE: &str = "document.getElementById('muto').checkVisibility()";

async fn before_every_page(browser: &Browser, script: &str) {
    browser.browse("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_call_rings_and_is_counted_and_a_silent_browser_is_told() {
    let mut scene = Scene::new().await;
    let carla = scene.coordinator();
    let browser = Browser::open(scene.window).await;
    browser.be(&carla).await;
    before_every_page(&browser, BELL).await;
    browser.go("/adesso").await;
    assert_eq!(browser.see(&format!("return {MUTE}")).await, false, "nobody wished for sound");
    browser.see("document.getElementById('suono').click()").await;
    browser.until(&format!("!({MUTE})")).await;
    // The wish is remembered; the browser's leave to sound is not.
    browser.go("/adesso").await;
    browser.until(MUTE).await;
    assert!(browser.text().await.contains("Premi per attivare il suono"));
    browser.see("document.querySelector('#muto button').click()").await;
    browser.until(&format!("!({MUTE})")).await;
    assert_eq!(browser.see("return window.rung").await, 0);
    scene.ring("2").await;
    browser.until("window.rung === 2").await;
    browser.until("document.title.startsWith('(1) Adesso')").await;
    scene.hang_up().await;
    browser.until("document.title.startsWith('Adesso')").await;
    assert_eq!(browser.see("return window.rung").await, 2, "what ends rings");
    browser.close().await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_that_comes_as_another_ends_rings_and_none_rings_twice() {
    let scene = Scene::new().await;
    let carla = scene.coordinator();
    let browser = Browser::open(scene.window).await;
    browser.be(&carla).await;
    before_every_page(&browser, BELL).await;
    before_every_page(&browser, FEED).await;
    browser.go("/adesso").await;
    browser.see("document.getElementById('suono').click()").await;
    let card = |call: &str, more: &str| format!("<li class=\"card {more}\" data-call=\"{call}\">");
    for (board, rung) in [
        (card("a", ""), 2),
        (card("a", "over") + &card("b", ""), 4),
        // Drawn anew, and unreadable for a while: nothing is new.
        (card("b", ""), 4),
        ("<p>La banca dati non risponde</p>".to_owned(), 4),
        (card("b", ""), 4),
    ] {
        let heard = json!({ "data": board });
        let counted = browser.see(&format!("feed.board({heard}); return window.rung")).await;
        assert_eq!(counted, rung, "{board}");
    }
    browser.close().await;
    scene.service.stop().await;
}
