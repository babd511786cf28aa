//! The keyboard alone: everything is reached, in order, and one sees where one is.

use serde_json::Value;

use crate::console_support::{PASSWORD, Visitor, invited};
use crate::driver::{Browser, DESKTOP, ENLARGED, Look, TELEPHONE};
use crate::looks::UNFOLD;
use crate::{CALLER, Scene};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
/// Stops on one page.
const STOPS_MAX: usize = 300;

/// What has the focus: its place among all that can have it, its words, and whether one
/// sees it; nothing when the page itself has it. Of a date one part has the focus, day, month
/// or year: the browser itself marks that one, and no style of the field says so. Of buttons
/// of which one is chosen, the chosen one or the first is reached. Nothing else may lie over
/// all of it (WCAG 2.2, 2.4.11): it is looked at in nine points of each line it takes.
const HERE: &str = "
    const here = document.activeElement;
    if (!here || here === document.body) return null;
    const stops = 'a[href], audio[controls], button, input, select, summary, textarea, [tabindex]';
    const reached = part => {
      if (part.type !== 'radio') return true;
      const group = [...part.form.querySelectorAll('[type=radio][name=\"' + part.name + '\"]')];
      return part === (group.find(one => one.checked) || group[0]);
    };
    const all = [...document.querySelectorAll(stops)].filter(part => part.tabIndex >= 0
      && part.type !== 'hidden' && part.checkVisibility() && reached(part));
    const within = (low, high, end, part) => {
      const [from, until] = [Math.max(low, 0), Math.min(high, end)];
      return from + part * (until - from);
    };
    const uncovered = line => [0.1, 0.5, 0.9].some(x => [0.1, 0.5, 0.9].some(y => {
      const top = document.elementFromPoint(within(line.left, line.right, innerWidth, x),
        within(line.top, line.bottom, innerHeight, y));
      return top && (here.contains(top) || top.tagName === 'LABEL' && top.control === here);
    }));
    const style = getComputedStyle(here);
    const box = here.getBoundingClientRect();
    const words = here.getAttribute('aria-label') || here.innerText
      || (here.labels && here.labels[0] && here.labels[0].innerText) || '';
    return { nth: all.indexOf(here), of: all.length, words: words.trim(),
      seen: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
          || ['date', 'datetime-local', 'month'].includes(here.type))
        && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
      uncovered: [...here.getClientRects()].some(uncovered) };";

/// Goes on to the next stop; `None` at the end of the page.
async fn tab(browser: &Browser) -> Option<(u64, u64, String)> {
    browser.press(TAB).await;
    let here = browser.see(HERE).await;
    if here == Value::Null {
        return None;
    }
    let words = here["words"].as_str().unwrap().to_owned();
    assert_eq!(here["seen"], true, "one does not see that «{words}» has the focus: {here}");
    assert_eq!(here["uncovered"], true, "«{words}» has the focus behind something: {here}");
    let nth = here["nth"].as_u64().unwrap_or_else(|| panic!("{here}"));
    Some((nth, here["of"].as_u64().unwrap(), words))
}

/// Goes on until this has the focus.
async fn tab_to(browser: &Browser, wanted: &str) {
    let mut passed = Vec::new();
    for _ in 0..STOPS_MAX {
        let Some((_, _, words)) = tab(browser).await else { continue };
        if words.starts_with(wanted) {
            return;
        }
        passed.push(words);
    }
    panic!("«{wanted}» is not reached: {passed:?}");
}

/// The whole page once around: each stop in the order of the page, none left out.
pub(crate) async fn go_around(browser: &Browser, path: &str) {
    browser.go(path).await;
    around(browser, path).await;
}

/// The same with all that is folded away opened, where there is least room.
async fn go_around_unfolded(browser: &Browser, path: &str) {
    for look in [Look { width: 360, height: 740, ..TELEPHONE }, ENLARGED] {
        browser.look(look).await;
        browser.go(path).await;
        browser.see(UNFOLD).await;
        around(browser, &format!("{path}, {}", look.name)).await;
    }
    browser.look(DESKTOP).await;
}

async fn around(browser: &Browser, path: &str) {
    let mut expected = 0;
    for _ in 0..STOPS_MAX {
        let Some((nth, of, words)) = tab(browser).await else {
            panic!("{path}: the focus is lost after {expected} stops");
        };
        // A date has a stop for each of its parts.
        if nth + 1 == expected {
            continue;
        }
        assert_eq!(nth, expected, "{path}: «{words}» is out of order");
        expected += 1;
        if expected == of {
            return;
        }
    }
    panic!("{path}: more than {STOPS_MAX} stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_keyboard_alone_one_comes_in_searches_and_sees_a_number() {
    let mut scene = Scene::new().await;
    scene.talk("1").await;
    scene.hang_up().await;
    let mut carla = Visitor::new(scene.window);
    let address = invited(&scene.place, "carla", "coordinator", &[]);
    carla.choose_password(&address);
    let browser = Browser::open(scene.window).await;
    browser.go("/entra").await;
    tab_to(&browser, "Nome").await;
    browser.press("carla").await;
    tab_to(&browser, "Password").await;
    browser.press(&format!("{PASSWORD}{ENTER}")).await;
    browser.is_at("/entra/codice").await;
    let secret = browser.see("return document.querySelector('.qr code').innerText").await;
    carla.secret = Some(secret.as_str().unwrap().replace(' ', ""));
    tab_to(&browser, "Codice").await;
    browser.press(&format!("{}{ENTER}", carla.code(0))).await;
    browser.is_at("/adesso").await;
    // The first stop leads past the navigation.
    tab_to(&browser, "Vai al contenuto").await;
    browser.press(ENTER).await;
    browser.until("document.activeElement.id === 'contenuto'").await;
    go_around(&browser, "/adesso").await;
    browser.go("/adesso").await;
    tab_to(&browser, "Chiamate").await;
    browser.press(ENTER).await;
    browser.is_at("/chiamate").await;
    let number = scene.place.only_case()["case"].as_str().unwrap().to_owned();
    tab_to(&browser, "Scheda o telefono").await;
    browser.press(&format!("{number}{ENTER}")).await;
    browser
        .until("location.search.includes('cerca=2') && document.readyState === 'complete'")
        .await;
    tab_to(&browser, &number).await;
    browser.press(ENTER).await;
    browser.is_at(&scene.only_case()).await;
    assert!(!browser.text().await.contains(CALLER), "the number is shown unasked");
    tab_to(&browser, "mostra il numero").await;
    browser.press(ENTER).await;
    browser.until(&format!("document.body.innerText.includes('{CALLER}')")).await;
    tab_to(&browser, "Esci").await;
    browser.press(ENTER).await;
    browser.is_at("/entra").await;
    browser.close().await;
    scene.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_lies_over_what_has_the_focus_however_small_the_screen_and_long_the_form() {
    let mut scene = Scene::new().await;
    scene.talk("1").await;
    scene.hang_up().await;
    let carla = scene.coordinator();
    let browser = Browser::open(scene.window).await;
    browser.be(&carla).await;
    go_around_unfolded(&browser, &scene.only_case()).await;
    browser.close().await;
    scene.service.stop().await;
}
