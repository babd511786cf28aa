//! What is typed outlives a lost connection, an ended visit and a page that says no; it is
//! found again by who typed it, and by nobody else.

use fantoccini::Locator;
use serde_json::{Value, json};

use crate::console_support::{PASSWORD, Visitor, in_database};
use crate::driver::Browser;
use crate::{Scene, line_support::soon};

const STORY: &str = "[name=\"bisogno.descrizione\"]";
const NOTE: &str = "#m-nota-testo";
const FOUND: &str = "Ritrovato ciò che non era stato salvato";
/// A sign of kin, out of several; and one choice.
const TICK: &str = "document.querySelector('#modulo input[type=checkbox]')";
const CHOICE: &str = "document.querySelector('#modulo select')";

/// A case of Ada's that is over, and Ada before it.
async fn case_of_ada() -> (Scene, Visitor, Browser, String) {
    let mut scene = Scene::new().await;
    scene.talk("1").await;
    scene.hang_up().await;
    let ada = scene.responder();
    let browser = Browser::open(scene.window).await;
    browser.be(&ada).await;
    let case = scene.only_case();
    browser.go(&case).await;
    (scene, ada, browser, case)
}

/// Types into a field as somebody would, after what stands there.
async fn types(browser: &Browser, field: &str, text: &str) {
    browser.see(&format!("const f = document.querySelector({}); \
        for (let d = f.closest('details'); d; d = d.parentElement.closest('details')) d.open = true;",
        json!(field))).await;
    let found = browser.client.find(Locator::Css(field)).await.unwrap();
    soon("a field is typed in", found.send_keys(text)).await.unwrap();
}

/// Takes the connection away, or gives it back.
async fn connected(browser: &Browser, there: bool) {
    let way = json!({
        "offline": !there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    browser.browse("Network.emulateNetworkConditions", way).await;
}

/// Sends the form a field is in, whatever comes of it.
async fn sends(browser: &Browser, field: &str) {
    let send = format!("document.querySelector({}).form.requestSubmit()", json!(field));
    let _ = browser.client.execute(&send, Vec::new()).await;
}

async fn holds(browser: &Browser, field: &str, text: &str) {
    let (field, text) = (json!(field), json!(text));
    browser.until(&format!("document.querySelector({field})?.value === {text}")).await;
}

async fn says(browser: &Browser, words: &str) {
    browser.until(&format!("document.body?.innerText.includes({})", json!(words))).await;
}

/// Copies that this browser keeps.
async fn copies(browser: &Browser) -> Value {
    browser.see("return Object.keys(sessionStorage).filter(key => key.startsWith('copi'))").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_typed_without_a_connection_is_saved_once_it_is_back() {
    let (scene, mut ada, browser, case) = case_of_ada().await;
    connected(&browser, false).await;
    types(&browser, STORY, "Dorme in stazione.").await;
    says(&browser, "Senza collegamento: ciò che scrive resta in questo browser").await;
    assert!(!ada.get(&case).body.contains("Dorme in stazione."), "it was connected");
    connected(&browser, true).await;
    says(&browser, "Bozza salvata alle").await;
    let page = ada.get(&case).body;
    assert!(page.contains(">Dorme in stazione.</textarea>") && page.contains("Ripresa la bozza"));
    assert_eq!(copies(&browser).await, json!([]), "what the server has is kept here, too");
    browser.close().await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_typed_after_the_visit_ended_is_there_when_its_writer_comes_in_again() {
    let (scene, ada, browser, case) = case_of_ada().await;
    let mut carla = scene.coordinator();
    types(&browser, STORY, "Prima.").await;
    says(&browser, "Bozza salvata alle").await;
    let file = scene.place.path("data/polaris.db");
    in_database(&file, &["delete from sessions where account = 'ada.greco'"]).await;
    types(&browser, STORY, " Poi.").await;
    browser.see(&format!("{TICK}.click()")).await;
    let choose = format!(
        "const choice = {CHOICE}; choice.selectedIndex = 1; \
        choice.dispatchEvent(new Event('input', {{ bubbles: true }}))"
    );
    browser.see(&choose).await;
    says(&browser, "forse perché la visita è finita").await;
    // Somebody else writes elsewhere in the scheda meanwhile.
    let page = carla.get(&case);
    let base = page.between("name=\"base\" value=\"", "\"").to_owned();
    let place = [("intervento.luogo", "La stazione"), ("base", &base)];
    assert_eq!(carla.post(&format!("{case}/scheda"), &place).status, 303);
    browser.be(&Visitor::new(scene.window)).await;
    browser.go(&case).await;
    browser.is_at("/entra").await;
    ada_comes_in(&browser).await;
    browser.is_at(&case).await;
    says(&browser, FOUND).await;
    holds(&browser, STORY, "Prima. Poi.").await;
    let ticked = format!("return {TICK}.checked && {CHOICE}.selectedIndex === 1");
    assert_eq!(browser.see(&ticked).await, true, "a tick or a choice is gone");
    // Now the server has it, and what the other wrote stays.
    sends(&browser, STORY).await;
    browser.until("location.hash === '#scheda' && document.readyState === 'complete'").await;
    holds(&browser, STORY, "Prima. Poi.").await;
    holds(&browser, "[name=\"intervento.luogo\"]", "La stazione").await;
    assert!(!browser.text().await.contains(FOUND), "what was saved is found again");
    assert_eq!(copies(&browser).await, json!([]));
    drop(ada);
    browser.close().await;
    scene.service.stop().await;
}

/// Ada comes in at the door that the browser shows.
async fn ada_comes_in(browser: &Browser) {
    types(browser, "#nome", "ada.greco").await;
    types(browser, "#password", PASSWORD).await;
    sends(browser, "#password").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_door_names_no_page_and_leads_its_writer_alone_back_to_it() {
    let (scene, _, browser, case) = case_of_ada().await;
    let carla = scene.coordinator();
    let file = scene.place.path("data/polaris.db");
    let end = "delete from sessions where account = 'ada.greco'";
    types(&browser, NOTE, "Va risentita domani.").await;
    in_database(&file, &[end]).await;
    sends(&browser, NOTE).await;
    browser.is_at("/entra").await;
    says(&browser, "Ciò che ha scritto non è perso").await;
    let named = "return [document.querySelector('[name=poi]').value, \
        document.querySelectorAll('main a').length]";
    assert_eq!(browser.see(named).await, json!(["/", 0]), "anybody reads where she wrote");
    ada_comes_in(&browser).await;
    browser.is_at(&case).await;
    says(&browser, FOUND).await;
    holds(&browser, NOTE, "Va risentita domani.").await;
    // Whoever else comes in finds nothing, and leaves nothing of it there.
    in_database(&file, &[end]).await;
    sends(&browser, NOTE).await;
    browser.is_at("/entra").await;
    browser.be(&carla).await;
    browser.go("/schede").await;
    browser.is_at("/schede").await;
    assert_eq!(copies(&browser).await, json!([]), "another's words");
    browser.go(&case).await;
    holds(&browser, NOTE, "").await;
    assert!(!browser.text().await.contains(FOUND));
    browser.close().await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_draft_that_is_thrown_away_does_not_come_back() {
    let (scene, _, browser, case) = case_of_ada().await;
    types(&browser, STORY, "Prima.").await;
    says(&browser, "Bozza salvata alle").await;
    browser.go(&case).await;
    says(&browser, "Ripresa la bozza").await;
    types(&browser, STORY, " Poi.").await;
    sends(&browser, "form[action$=\"/bozza/togli\"] [name=csrf]").await;
    let gone = "!document.body?.innerText.includes('Ripresa la bozza') \
        && document.readyState === 'complete'";
    browser.until(gone).await;
    holds(&browser, STORY, "").await;
    assert!(!browser.text().await.contains(FOUND), "what was thrown away is found again");
    assert_eq!(copies(&browser).await, json!([]));
    browser.close().await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_note_whose_sending_fails_is_back_in_its_field_until_it_is_taken() {
    let (scene, mut ada, browser, case) = case_of_ada().await;
    types(&browser, NOTE, "Ha chiamato la sorella.").await;
    connected(&browser, false).await;
    sends(&browser, NOTE).await;
    browser.until("location.protocol === 'chrome-error:'").await;
    connected(&browser, true).await;
    browser.go(&case).await;
    holds(&browser, NOTE, "Ha chiamato la sorella.").await;
    says(&browser, FOUND).await;
    assert_eq!(browser.see("return document.getElementById('m-nota').open").await, true);
    sends(&browser, NOTE).await;
    browser.until("location.hash === '#storia' && document.readyState === 'complete'").await;
    holds(&browser, NOTE, "").await;
    assert_eq!(copies(&browser).await, json!([]));
    assert_eq!(ada.get(&case).body.matches("Ha chiamato la sorella.").count(), 1);
    browser.close().await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_says_no_takes_no_words_away_and_leaving_takes_them_all() {
    let (scene, _, browser, case) = case_of_ada().await;
    let file = scene.place.path("data/polaris.db");
    // 403: the form is of another visit.
    types(&browser, NOTE, "Va risentita domani.").await;
    browser.see("document.querySelector('#m-nota [name=csrf]').value = '0'").await;
    sends(&browser, NOTE).await;
    says(&browser, "Il modulo è scaduto").await;
    returns(&browser, &case, "Va risentita domani.").await;
    // 503: nothing can be read.
    in_database(&file, &["alter table sessions rename to away"]).await;
    sends(&browser, NOTE).await;
    says(&browser, "La banca dati non risponde").await;
    in_database(&file, &["alter table away rename to sessions"]).await;
    returns(&browser, &case, "Va risentita domani.").await;
    // 422: it comes back by itself, and is found from elsewhere, too.
    types(&browser, "#m-unisci-numero", "2020-0009").await;
    sends(&browser, "#m-unisci-numero").await;
    says(&browser, "Fra le sue schede di questo servizio").await;
    holds(&browser, "#m-unisci-numero", "2020-0009").await;
    holds(&browser, NOTE, "Va risentita domani.").await;
    browser.go("/schede").await;
    browser.go(&case).await;
    holds(&browser, "#m-unisci-numero", "2020-0009").await;
    // What one does not want is thrown away, the other stays.
    let throw =
        "document.querySelector('[aria-label=\"butta: Unisci una scheda doppia\"]').click()";
    browser.see(throw).await;
    holds(&browser, "#m-unisci-numero", "").await;
    holds(&browser, NOTE, "Va risentita domani.").await;
    browser.go(&case).await;
    holds(&browser, "#m-unisci-numero", "").await;
    holds(&browser, NOTE, "Va risentita domani.").await;
    types(&browser, NOTE, " Subito.").await;
    browser.see("localStorage.suono = '1'").await;
    let leave = Locator::XPath("//button[.='Esci']");
    browser.client.find(leave).await.unwrap().click().await.unwrap();
    browser.is_at("/entra").await;
    assert_eq!(copies(&browser).await, json!([]), "who leaves leaves words behind");
    // What this desk is set to is nobody's word.
    assert_eq!(browser.see("return localStorage.suono").await, "1");
    browser.close().await;
    scene.service.stop().await;
}

/// Follows the way back that the page of an error shows; the note is in its field.
async fn returns(browser: &Browser, case: &str, note: &str) {
    says(browser, "Ciò che ha scritto non è perso").await;
    let way = Locator::LinkText("nella pagina da cui l'ha mandato");
    browser.client.find(way).await.unwrap().click().await.unwrap();
    browser.is_at(case).await;
    holds(browser, NOTE, note).await;
    says(browser, FOUND).await;
}
