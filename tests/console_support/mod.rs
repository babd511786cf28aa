//! A visitor of the console: what a browser says and keeps, without the browser.

#![allow(dead_code, reason = "each test uses its part of the bench")]
#![allow(unreachable_pub, reason = "a bench has no outside")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime};

use polaris::app::phone::{Do, Told};
use totp_rs::{Builder, Secret};

use crate::line_support::person::Person;
use crate::line_support::service::Service;
use crate::line_support::{CITIZENS, Place, errors, soon, tone};

/// The password of everybody here.
pub const PASSWORD: &str = "quattro cavalli verdi";

/// A service with a console: where it is shown.
pub async fn shown(place: &Place) -> (Service, SocketAddr) {
    let window = SocketAddr::new(place.net.service().ip(), 8080);
    let console = format!("[console]\nlisten = \"{window}\"\n");
    if !place.read("polaris.toml").contains("[console]") {
        place.write("polaris.toml", &place.config(&console));
    }
    let service = Service::start(place).await;
    service.says(&["the console is shown"]).await;
    // A database that is slow to begin with has its keys made a little later.
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let made = async {
        while !place.path("schede.key").exists() {
            looks.tick().await;
        }
    };
    soon("there are keys", made).await;
    (service, window)
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Where one is sent.
    pub fn sends_to(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.header("location").unwrap()
    }

    /// Text between two others.
    pub fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.body.split_once(before).unwrap_or_else(|| panic!("{before}: {self:?}")).1;
        rest.split_once(after).unwrap().0
    }
}

/// Somebody with a browser.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub window: SocketAddr,
    pub cookie: Option<String>,
    pub csrf: String,
    /// The second factor, once it is set up.
    pub secret: Option<String>,
}

impl Visitor {
    pub fn new(window: SocketAddr) -> Self {
        Self { window, cookie: None, csrf: String::new(), secret: None }
    }

    /// Somebody of this role who is in.
    pub fn of_role(
        place: &Place,
        window: SocketAddr,
        name: &str,
        role: &str,
        more: &[&str],
    ) -> Self {
        let mut visitor = Self::new(window);
        let address = invited(place, name, role, more);
        visitor.choose_password(&address);
        visitor.come_in(name);
        visitor
    }

    pub fn choose_password(&mut self, address: &str) {
        let chosen = self.post(address, &[("password", PASSWORD), ("ripeti", PASSWORD)]);
        assert_eq!(chosen.sends_to(), "/entra");
    }

    /// Name, password, and the second factor where it is asked for.
    pub fn come_in(&mut self, name: &str) {
        let entered = self.post("/entra", &[("nome", name), ("password", PASSWORD)]);
        let next = entered.sends_to().to_owned();
        if next.starts_with("/entra/codice") {
            let page = self.get(&next);
            if self.secret.is_none() {
                self.secret = Some(page.between("<code>", "</code>").replace(' ', ""));
            }
            let code = self.code(0);
            let done = self.post("/entra/codice", &[("codice", &code)]);
            assert_eq!(done.status, 303, "{done:?}");
        }
        let home = self.get("/");
        let home = self.get(home.sends_to());
        assert_eq!(home.status, 200, "{home:?}");
    }

    /// The code of now, or of some steps later.
    pub fn code(&self, steps: u64) -> String {
        #[expect(clippy::disallowed_methods, reason = "the service reads the machine's clock, too")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let secret = Secret::try_from_base32(self.secret.as_ref().unwrap()).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        totp.generate(now + steps * 30).to_string()
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "", &[])
    }

    /// Sends a form of ours.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.ask("POST", path, &body, &[("Sec-Fetch-Site", "same-origin")])
    }

    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let typed = [headers, &[("Content-Type", "application/x-www-form-urlencoded")]].concat();
        let headers = if method == "POST" { &typed } else { headers };
        let stream = self.send(method, path, body.as_bytes(), headers);
        self.read(stream)
    }

    /// Sends a form of ours with a file.
    pub fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        (name, bytes): (&str, &[u8]),
    ) -> Answer {
        let (line, mut body) = ("polaris-form", Vec::new());
        let csrf = self.csrf.clone();
        for (name, value) in fields.iter().copied().chain([("csrf", csrf.as_str())]) {
            let name = format!("Content-Disposition: form-data; name=\"{name}\"");
            body.extend(format!("--{line}\r\n{name}\r\n\r\n{value}\r\n").bytes());
        }
        let name = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
        body.extend(format!("--{line}\r\n{name}\r\n\r\n").bytes());
        body.extend_from_slice(bytes);
        body.extend(format!("\r\n--{line}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={line}");
        let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", kind.as_str())];
        let stream = self.send("POST", path, &body, &headers);
        self.read(stream)
    }

    /// The bytes of a file.
    pub fn fetch(&self, path: &str) -> Vec<u8> {
        let mut stream = self.send("GET", path, b"", &[]);
        let mut bytes = Vec::new();
        tokio::task::block_in_place(|| stream.read_to_end(&mut bytes)).unwrap();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        bytes.split_off(end + 4)
    }

    fn read(&mut self, mut stream: TcpStream) -> Answer {
        let mut text = String::new();
        tokio::task::block_in_place(|| stream.read_to_string(&mut text)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = match head.contains("transfer-encoding: chunked") {
            true => unchunked(body),
            false => body.to_owned(),
        };
        let answer = Answer { status, head: head.to_owned(), body };
        for line in head.lines() {
            if let Some(cookie) = line.strip_prefix("set-cookie: ") {
                let cookie = cookie.split(';').next().unwrap();
                self.cookie = (!cookie.ends_with('=')).then(|| cookie.to_owned());
            }
        }
        if let Some((_, rest)) = answer.body.split_once("name=\"csrf\" value=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        answer
    }

    fn send(&self, method: &str, path: &str, body: &[u8], headers: &[(&str, &str)]) -> TcpStream {
        let mut stream = TcpStream::connect(self.window).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.window);
        if let Some(cookie) = &self.cookie {
            request += &format!("Cookie: {cookie}\r\n");
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if method == "POST" {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        stream.write_all(format!("{request}\r\n").as_bytes()).unwrap();
        // Who is refused early may not take all of it.
        let _ = stream.write_all(body);
        stream
    }

    /// Watches what happens live.
    pub fn watch(&self) -> Events {
        let stream = self.send("GET", "/adesso/eventi", b"", &[]);
        Events { lines: BufReader::new(stream), seen: String::new() }
    }
}

/// The live events of one visitor.
pub struct Events {
    lines: BufReader<TcpStream>,
    pub seen: String,
}

impl Events {
    /// Reads on until all of these words have been sent since the last time.
    pub fn until(&mut self, words: &[&str]) -> String {
        let mut since = String::new();
        tokio::task::block_in_place(|| {
            while !words.iter().all(|word| since.contains(word)) {
                let mut line = String::new();
                let read = self.lines.read_line(&mut line);
                assert!(read.is_ok_and(|read| read > 0), "{words:?} not in: {since}");
                since += &line;
            }
        });
        self.seen += &since;
        since
    }

    /// Reads on until there is no more.
    pub fn end(mut self) {
        let mut rest = String::new();
        tokio::task::block_in_place(|| self.lines.read_to_string(&mut rest)).unwrap();
    }
}

/// Makes an account; the path of its one-time address.
pub fn invited(place: &Place, name: &str, role: &str, more: &[&str]) -> String {
    let made = place.run(&[&["user", "add", name, "--role", role], more].concat());
    assert!(made.status.success(), "{}", errors(&made));
    let said = String::from_utf8(made.stdout).unwrap();
    let address = said.split_once("/invito/").unwrap().1;
    format!("/invito/{}", address.get(..64).unwrap())
}

fn unchunked(body: &str) -> String {
    let (mut rest, mut whole) = (body, String::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole += after.get(..size).unwrap_or(after);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    whole
}

/// Writes into the database as nobody of ours would.
pub async fn in_database(file: &Path, statements: &[&str]) {
    use sqlx::{Connection as _, Executor as _};
    let url = format!("sqlite:{}", file.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for statement in statements {
        connection.execute(sqlx::AssertSqlSafe((*statement).to_owned())).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// A caller whom nobody can be rung for leaves a message of a second; the number of the case.
pub async fn message_left(place: &Place, service: &Service) -> String {
    let mut caller = Person::at("chi chiama", place.net.caller()).await;
    caller.calls(CITIZENS, place.net.service(), "anonymous");
    caller.told(Told::Answered).await;
    caller.presses("2");
    for _ in 0..2 {
        caller.hears("noanswer.hidden").await;
        caller.presses("#");
    }
    caller.hears("beep").await;
    caller.does(Do::Say(tone(700.0, 16_000)));
    let folder = place.path("data/voicemail");
    soon("the message is on the disk", async {
        while bytes(&folder) < 24_000 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    caller.presses("#");
    caller.hears("voicemail.ok").await;
    caller.told(Told::HungUp).await;
    service.step("ended").await;
    place.only_case()["case"].as_str().unwrap().to_owned()
}

fn bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
}
