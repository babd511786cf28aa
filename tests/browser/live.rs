//! What is live: calls come up by themselves, clocks run, and nobody loses their place.

use polaris::app::phone::Do;
use serde_json::json;

use crate::Scene;
use crate::driver::{Browser, DESKTOP, TELEPHONE};

/// Waits until the state of the only call has these words.
async fn reads(browser: &Browser, words: &str) {
    let state = "document.querySelector('.card .state')?.innerText";
    browser.until(&format!("{state}?.includes('{words}')")).await;
}

/// The clock of the only call shows something else than before, on the same card.
const RUNS: &str = "(() => {
    const card = document.querySelector('.card');
    const text = card.querySelector('.clock time').innerText;
    if (window.seen?.card !== card) window.seen = { card, text };
    return window.seen.text !== text;
  })()";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_comes_up_by_itself_and_its_clock_runs() {
    let mut scene = Scene::new().await;
    let carla = scene.coordinator();
    let browser = Browser::open(scene.window).await;
    browser.be(&carla).await;
    browser.go("/adesso").await;
    // Gone with the page, should it be loaded again.
    browser.see("window.stays = true").await;
    browser.until("document.body.innerText.includes('Nessuna chiamata in corso')").await;
    scene.ring("2").await;
    reads(&browser, "squilla Ada").await;
    browser.until("document.title.startsWith('(1) Adesso')").await;
    // The clock runs between two words of the service.
    browser.until(RUNS).await;
    // Whoever is at a link stays there when the board is drawn anew.
    browser.see("document.querySelector('.card a').focus()").await;
    browser.see("window.old = document.querySelector('.card')").await;
    scene.ada.does(Do::Answer);
    reads(&browser, "Ada Greco ha alzato").await;
    browser.until("document.querySelector('.card') !== window.old").await;
    browser.until("document.activeElement.matches('.card a')").await;
    scene.ada.presses("1");
    reads(&browser, "in conversazione con Ada Greco").await;
    scene.hang_up().await;
    browser.until("document.querySelector('.card.over')").await;
    browser.until("document.title.startsWith('Adesso')").await;
    assert_eq!(browser.see("return window.stays").await, true, "the page was loaded anew");
    browser.close().await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_console_that_is_gone_is_told_and_found_again() {
    let scene = Scene::new().await;
    let carla = scene.coordinator();
    let browser = Browser::open(scene.window).await;
    browser.be(&carla).await;
    browser.go("/adesso").await;
    let told = "document.getElementById('linea').innerText.includes('Collegamento interrotto')";
    let Scene { place, service, .. } = scene;
    service.stop().await;
    browser.until(told).await;
    let (service, _) = crate::shown(&place).await;
    browser.until(&format!("!({told})")).await;
    browser.close().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_well_is_said_once_on_a_telephone_and_one_by_one_on_a_desk() {
    let scene = Scene::new().await;
    let carla = scene.coordinator();
    let browser = Browser::open(scene.window).await;
    browser.be(&carla).await;
    browser.go("/adesso").await;
    let shown = |kind: &str| {
        format!("[...document.querySelectorAll('.{kind}')].some(part => part.checkVisibility())")
    };
    let (once, each) = (shown("narrow-only"), shown("wide-only"));
    browser.until(&format!("document.querySelector('.narrow-only') && {each}")).await;
    for (look, narrow) in [(DESKTOP, false), (TELEPHONE, true)] {
        browser.look(look).await;
        let seen = browser.see(&format!("return [{once}, {each}]")).await;
        assert_eq!(seen, json!([narrow, !narrow]), "{}", look.name);
    }
    browser.close().await;
    scene.service.stop().await;
}
