//! What is looked for on a page, in every look.

#![allow(unreachable_pub, reason = "a bench has no outside")]

use std::path::Path;

use serde_json::{Value, json};

use crate::driver::{Browser, DARK, DESKTOP, ENLARGED, Look, NARROW, TELEPHONE};
use crate::pictures;

/// The looks axe-core judges; in the enlarged one only the width of the page is.
const LOOKS: [Look; 4] = [DESKTOP, DARK, TELEPHONE, NARROW];
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const JUDGE: &str = "
    axe.run({ runOnly: { type: 'tag', values: arguments[0] }, resultTypes: ['violations'] })
      .then(found => done(found.violations.flatMap(rule => rule.nodes.map(node =>
        [rule.id, rule.help, node.target.join(' '), node.failureSummary].join(': ')))),
      error => done(['axe-core: ' + error]))";
const TOO_WIDE: &str = "
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')]
      .filter(part => part.getBoundingClientRect().right > width + 1 && !part.closest('.wide'))
      .map(part => 'scrolls sideways: ' + part.outerHTML.slice(0, 120))";
/// Cut in two: words that were broken within a button or a link of the navigation.
const BROKEN: &str = "
    return [...document.querySelectorAll('button, nav a')].filter(part => {
      const range = document.createRange();
      range.selectNodeContents(part);
      const lines = new Set([...range.getClientRects()].map(line => Math.round(line.top)));
      return part.checkVisibility() && lines.size > part.innerText.trim().split(/\\s+/).length;
    }).map(part => 'a word is broken: ' + part.outerHTML.slice(0, 120))";

/// Opens what is folded away; how much that was.
pub const UNFOLD: &str = "
    const folded = [...document.querySelectorAll('details:not([open])')];
    folded.forEach(part => { part.open = true; });
    return folded.length";

/// What is wrong with the page that is open, looked at in every look; then once more with all
/// that is folded away opened, which axe-core does not judge.
pub async fn judge(browser: &Browser, page: &str) -> Vec<String> {
    let mut wrong = looked_at(browser, page).await;
    if browser.see(UNFOLD).await != 0 {
        wrong.extend(looked_at(browser, &format!("{page}, unfolded")).await);
    }
    wrong
}

async fn looked_at(browser: &Browser, page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let rules = std::fs::read_to_string(Path::new("target/axe/axe.min.js"));
    let rules = rules.expect("axe-core is installed by tests/setup");
    browser.see(&format!("{rules}; window.axe = axe;")).await;
    for look in LOOKS.into_iter().chain([ENLARGED]) {
        browser.look(look).await;
        let mut found = list(browser.see(TOO_WIDE).await);
        found.extend(list(browser.see(BROKEN).await));
        if look.scale == 1 {
            found.extend(list(browser.work_out(JUDGE, vec![json!(RULES)]).await));
        }
        wrong.extend(found.into_iter().map(|what| format!("{page}, {}: {what}", look.name)));
        pictures::take(browser, page, look).await;
    }
    browser.look(DESKTOP).await;
    wrong
}

/// What the browser complained of or fetched from elsewhere since the last time; `status`
/// is what the page itself was answered with.
pub async fn complaints(browser: &Browser, page: &str, status: u16) -> Vec<String> {
    let own = format!("http://{}/", browser.window);
    let mut wrong = Vec::new();
    for line in browser.log("browser").await {
        let text = line["message"].as_str().unwrap_or_default();
        let answered = status >= 400 && text.contains(&format!("with a status of {status}"));
        if line["level"] != "DEBUG" && line["level"] != "INFO" && !answered {
            wrong.push(format!("{page}: the browser says {text}"));
        }
    }
    let mut asked = 0;
    for line in browser.log("performance").await {
        let event: Value = serde_json::from_str(line["message"].as_str().unwrap()).unwrap();
        if event["message"]["method"] != "Network.requestWillBeSent" {
            continue;
        }
        let url = event["message"]["params"]["request"]["url"].as_str().unwrap();
        asked += 1;
        // The browser's own signs, of a date field say, are written out as data.
        if !url.starts_with(&own) && !url.starts_with("data:") {
            wrong.push(format!("{page}: asked elsewhere for {url}"));
        }
    }
    assert!(asked > 0, "{page}: what is fetched is not seen");
    wrong
}

fn list(found: Value) -> Vec<String> {
    let Value::Array(found) = found else { panic!("{found}") };
    found.iter().map(|what| what.as_str().unwrap().to_owned()).collect()
}
