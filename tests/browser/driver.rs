//! Debian's Chromium, steered through its own chromedriver: what somebody sees and does.
//!
//! Nothing here waits for time to pass: the page itself says when a fact is there.

#![allow(unreachable_pub, reason = "a bench has no outside")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::console_support::Visitor;
use crate::line_support::{PATIENCE, soon};

/// One browser at a time: two of them on a small machine keep each other waiting.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How often it is started before it is given up.
const STARTS: usize = 5;

/// A chromedriver of our own; it and its browsers end with it.
struct Driver {
    child: Child,
    address: SocketAddr,
}

impl Driver {
    /// Tries more than once: it wants one port for IPv4 and IPv6, and ends when the one it
    /// found for the first is somebody's of the second.
    fn start() -> Self {
        let mut said = Vec::new();
        for _ in 0..STARTS {
            match Self::try_to_start() {
                Ok(driver) => return driver,
                Err(lines) => said.extend(lines),
            }
        }
        panic!("chromedriver does not start: {said:#?}");
    }

    /// Or all it said before it ended.
    fn try_to_start() -> Result<Self, Vec<String>> {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env("LANGUAGE", "it")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed by tests/setup");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let port = lines.find_map(|line| {
            let port: Option<u16> = line
                .split_once("started successfully on port ")
                .and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
            said.push(line);
            port
        });
        let Some(port) = port else {
            // It closed its output: it is ending, or has ended already.
            let _ = child.kill();
            let _ = child.wait();
            return Err(said);
        };
        // It must be able to go on talking.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address: (Ipv4Addr::LOCALHOST, port).into() })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked to go, it ends its browsers first, also those of a test that failed.
        if let Ok(mut line) = TcpStream::connect(self.address) {
            let _ = line.set_read_timeout(Some(Duration::from_secs(10)));
            let host = self.address;
            let _ = write!(line, "GET /shutdown HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let _ = line.read(&mut [0; 64]);
            let _ = line.read_to_end(&mut Vec::new());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How somebody looks at a page.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub name: &'static str,
    /// In CSS pixels.
    pub width: u32,
    pub height: u32,
    /// Pixels of the screen for each of them: 2 when the page is enlarged to 200 %.
    pub scale: u32,
    pub scheme: &'static str,
}

const fn look(name: &'static str, width: u32, height: u32, scheme: &'static str) -> Look {
    Look { name, width, height, scale: 1, scheme }
}

pub const DESKTOP: Look = look("desktop", 1280, 800, "light");
pub const DARK: Look = look("dark", 1280, 800, "dark");
pub const TELEPHONE: Look = look("telephone", 390, 844, "light");
pub const NARROW: Look = look("320 px", 320, 640, "light");
pub const ENLARGED: Look = Look { scale: 2, ..look("200 %", 640, 400, "light") };

/// A window of the browser on one console.
pub struct Browser {
    pub client: Client,
    pub window: SocketAddr,
    // Dropped in this order: the driver goes before somebody else's comes.
    _driver: Driver,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Browser {
    pub async fn open(window: SocketAddr) -> Self {
        let turn = TURN.lock().await;
        let driver = tokio::task::block_in_place(Driver::start);
        let wanted = json!({
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--lang=it",
                "--no-first-run", "--hide-scrollbars", "--disable-background-networking", "--disable-dev-shm-usage",
            ] },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": PATIENCE.as_millis() as u64 },
        });
        let Value::Object(wanted) = wanted else { unreachable!() };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let at = format!("http://{}", driver.address);
        let builder = builder.capabilities(wanted);
        let client = soon("the browser starts", builder.connect(&at)).await.unwrap();
        let browser = Self { client, window, _driver: driver, _turn: turn };
        browser.look(DESKTOP).await;
        browser
    }

    pub async fn go(&self, path: &str) {
        let to = format!("http://{}{path}", self.window);
        soon(&to, self.client.goto(&to)).await.unwrap();
    }

    /// Is now this visitor, who came in elsewhere.
    pub async fn be(&self, visitor: &Visitor) {
        self.browse("Network.clearBrowserCookies", json!({})).await;
        let Some((name, value)) = visitor.cookie.as_ref().and_then(|c| c.split_once('=')) else {
            return;
        };
        let cookie = json!({
            "name": name, "value": value, "url": format!("http://{}/", self.window), "path": "/",
            "secure": true, "httpOnly": true, "sameSite": "Strict",
        });
        let kept = self.browse("Network.setCookie", cookie).await;
        assert_eq!(kept["success"], true, "{kept}");
    }

    pub async fn look(&self, look: Look) {
        let Look { width, height, scale, scheme, .. } = look;
        let measures = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false,
        });
        self.browse("Emulation.setDeviceMetricsOverride", measures).await;
        // Colours that still change would be judged half way.
        let wishes = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.browse("Emulation.setEmulatedMedia", wishes).await;
    }

    /// A command of the `DevTools` protocol.
    pub async fn browse(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let sent = self.client.issue_cmd(Own { end: "goog/cdp/execute", body });
        soon(command, sent).await.unwrap()
    }

    /// What the browser wrote down since the last time: `browser` or `performance`.
    pub async fn log(&self, kind: &str) -> Vec<Value> {
        let sent = self.client.issue_cmd(Own { end: "se/log", body: json!({ "type": kind }) });
        let Value::Array(lines) = soon(kind, sent).await.unwrap() else { return Vec::new() };
        lines
    }

    /// What a script of ours returns on this page.
    pub async fn see(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What a script of ours comes to with `done(…)`.
    pub async fn work_out(&self, script: &str, more: Vec<Value>) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        soon(&script, self.client.execute_async(&script, more)).await.unwrap()
    }

    /// Waits until this holds on the page, whichever page that is by then.
    pub async fn until(&self, fact: &str) {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             const look = () => {{ if ({fact}) done(true); else setTimeout(look, 20); }}; look();"
        );
        let holds = async {
            // A page that is left while it is asked does not answer; the next one does.
            while self.client.execute_async(&script, Vec::new()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, holds).await.is_err() {
            let page = self.client.source().await.unwrap_or_default();
            panic!("not within {PATIENCE:?}: {fact}\n{page}");
        }
    }

    /// Waits until the page at this address is there.
    pub async fn is_at(&self, path: &str) {
        let there = json!(path);
        self.until(&format!("location.pathname === {there} && document.readyState === 'complete'"))
            .await;
    }

    /// Presses keys one after another.
    pub async fn press(&self, keys: &str) {
        let mut pressed = KeyActions::new("keyboard".to_owned());
        for value in keys.chars() {
            pressed = pressed.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        soon("keys are pressed", self.client.perform_actions(pressed)).await.unwrap();
    }

    pub async fn text(&self) -> String {
        self.see("return document.body.innerText").await.as_str().unwrap().to_owned()
    }

    pub async fn close(self) {
        soon("the browser ends", self.client.close()).await.unwrap();
    }
}

/// A command that only chromedriver has.
#[derive(Debug)]
struct Own {
    end: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.end))
    }

    fn method_and_body(&self, _: &url::Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(self.body.to_string()))
    }
}
