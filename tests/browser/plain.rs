//! Without JavaScript everything but what is live works.

use fantoccini::Locator;
use serde_json::json;

use crate::console_support::{PASSWORD, Visitor, invited};
use crate::driver::Browser;
use crate::line_support::soon;
use crate::{CALLER, Scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_javascript_one_comes_in_searches_sees_a_number_and_leaves() {
    let mut scene = Scene::new().await;
    scene.talk("1").await;
    scene.hang_up().await;
    let address = invited(&scene.place, "carla", "coordinator", &[]);
    let browser = Browser::open(scene.window).await;
    browser.browse("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.go(&address).await;
    fill(&browser, &[("#password", PASSWORD), ("#ripeti", PASSWORD)]).await;
    arrives(&browser, "/entra").await;
    fill(&browser, &[("#nome", "carla"), ("#password", PASSWORD)]).await;
    arrives(&browser, "/entra/codice").await;
    let mut carla = Visitor::new(scene.window);
    let secret = browser.client.find(Locator::Css(".qr code")).await.unwrap();
    carla.secret = Some(secret.text().await.unwrap().replace(' ', ""));
    fill(&browser, &[("#codice", &carla.code(0))]).await;
    arrives(&browser, "/adesso").await;
    let said = browser.text().await;
    assert!(said.contains("Senza JavaScript la pagina non si aggiorna"), "{said}");
    assert!(!said.contains("Suona a ogni nuova chiamata"), "a bell that cannot ring: {said}");
    let number = scene.place.only_case()["case"].as_str().unwrap().to_owned();
    browser.go("/chiamate").await;
    fill(&browser, &[("#cerca", &number)]).await;
    // The page before it names the case as well.
    comes(&browser, "location.search !== ''").await;
    follow(&browser, &number).await;
    arrives(&browser, &scene.only_case()).await;
    assert!(!browser.text().await.contains(CALLER), "the number is shown unasked");
    let reveal = Locator::XPath("//button[.='mostra il numero']");
    browser.client.find(reveal).await.unwrap().click().await.unwrap();
    arrives(&browser, &format!("{}/mostra", scene.only_case())).await;
    assert!(browser.text().await.contains(CALLER), "{}", browser.text().await);
    let leave = Locator::XPath("//button[.='Esci']");
    browser.client.find(leave).await.unwrap().click().await.unwrap();
    arrives(&browser, "/entra").await;
    browser.close().await;
    scene.service.stop().await;
}

/// Fills the fields of a form and sends it by its own button.
async fn fill(browser: &Browser, fields: &[(&str, &str)]) {
    for (field, value) in fields {
        let field = browser.client.find(Locator::Css(field)).await.unwrap();
        field.send_keys(value).await.unwrap();
    }
    let button = Locator::XPath("//form[.//input[not(@type='hidden')]]//button");
    browser.client.find(button).await.unwrap().click().await.unwrap();
}

async fn follow(browser: &Browser, words: &str) {
    browser.client.find(Locator::LinkText(words)).await.unwrap().click().await.unwrap();
}

/// The way to this page is over, and the page is whole.
async fn arrives(browser: &Browser, path: &str) {
    comes(browser, &format!("location.pathname === {}", json!(path))).await;
}

/// The page of which this is true is whole.
async fn comes(browser: &Browser, fact: &str) {
    // No timer of the page's runs here: the page is asked again and again.
    let whole = format!("return {fact} && document.readyState === 'complete'");
    let way = async {
        while browser.client.execute(&whole, Vec::new()).await.ok() != Some(json!(true)) {
            tokio::task::yield_now().await;
        }
    };
    soon(fact, way).await;
}
