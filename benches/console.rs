//! How long the console's pages take with many calls on the disk, and how far the live board
//! is behind the record.
//!
//! The service is a process of its own, as it is installed; the calls are put straight into
//! its database. `cargo bench --bench console` has 100,000 calls; `-- 1000000` a million.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use polaris::case::scheda::Terms;
use polaris::case::{Addition, Scheda};
use polaris::store::{Append, Clerk, Deed, Keyring, append_to_case};
use polaris::words::{Clock as _, SystemClock};
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, SqliteConnection};

/// How often each page is asked for.
const PAGES: usize = 200;
/// The calls are spread over five years.
const MINUTES: usize = 5 * 365 * 24 * 60;
/// At most so many cases of the last month have a scheda.
const SCHEDE: usize = 5_000;
/// Open cards on the board, and changes whose delay is measured.
const CARDS: usize = 50;
const CHANGES: usize = 40;
/// People of the roster, and lines of the audit log beside those of the visits.
const PEOPLE: usize = 200;
const DEEDS: usize = 20_000;

/// Who visits.
#[derive(Clone, Copy)]
enum Who {
    Carla,
    Ada,
    Rita,
}

impl Who {
    const ALL: [Self; 3] = [Self::Carla, Self::Ada, Self::Rita];

    /// Name and role.
    fn account(self) -> (&'static str, &'static str) {
        match self {
            Self::Carla => ("carla", "coordinator"),
            Self::Ada => ("ada", "responder"),
            Self::Rita => ("rita", "auditor"),
        }
    }

    fn token(self) -> String {
        format!("{:064x}", 0xa0 + self as u8)
    }
}

fn main() -> anyhow::Result<()> {
    let calls = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let place = tempfile::tempdir()?;
    let window: SocketAddr = "127.0.0.79:8099".parse()?;
    configure(place.path(), window)?;
    for who in Who::ALL {
        let (name, role) = who.account();
        run(place.path(), &["user", "add", name, "--role", role, "--person", "Ada Greco"])?;
    }
    roster(place.path())?;
    let clock = SystemClock::start();
    let began = clock.now();
    let url = format!("sqlite:{}", place.path().join("data/polaris.db").display());
    let number = runtime.block_on(fill(&url, calls))?;
    runtime.block_on(deeds(&url, clock.wall()))?;
    println!("{calls} calls stored in {:.0} s", (clock.now() - began).as_secs_f64());
    let _service = Service::start(place.path(), window)?;
    let began = clock.now();
    runtime.block_on(sealed(&url))?;
    println!("their numbers sealed in {:.0} s", (clock.now() - began).as_secs_f64());
    let schede = runtime.block_on(schede(&url, place.path(), clock.wall()))?;
    println!("{schede} schede of the last month written");
    let (carla, ada, rita) = (Who::Carla, Who::Ada, Who::Rita);
    let day = (clock.wall() - chrono::TimeDelta::days(3)).format("%d/%m/%Y").to_string();
    for (who, name, path) in [
        (carla, "call log, first page", "/chiamate".to_owned()),
        (carla, "call log, old page", format!("/chiamate?dopo=1700000000000_{}", call(calls / 2))),
        (carla, "call log, one outcome", "/chiamate?esito=voicemail".to_owned()),
        (carla, "call log, a rare category", "/chiamate?categoria=homeless".to_owned()),
        (carla, "call log, one number", "/chiamate?cerca=%2B390831000042".to_owned()),
        (carla, "cases", "/schede".to_owned()),
        (carla, "cases, a rare category", "/schede?categoria=homeless".to_owned()),
        (carla, "call log, a rare Comune", "/chiamate?comune=Mesagne".to_owned()),
        (carla, "cases, one number", "/schede?cerca=%2B390831000042".to_owned()),
        (carla, "one case", format!("/schede/polaris-br4/{number}")),
        (carla, "the board", "/adesso".to_owned()),
        (carla, "roster, a month", "/turni?vista=mese".to_owned()),
        (carla, "coverage", "/turni/copertura".to_owned()),
        (carla, "reports, the last month", "/rapporti".to_owned()),
        (carla, "plans", "/piani".to_owned()),
        (carla, "prompts", "/voce".to_owned()),
        (carla, "call log, three days", format!("/chiamate?dal={day}")),
        (carla, "hours and closures", "/orari".to_owned()),
        (ada, "cases of a responder", "/schede".to_owned()),
        (ada, "a responder's own turns", "/turni".to_owned()),
        (rita, "the audit log", "/registro".to_owned()),
    ] {
        let mut times = Vec::with_capacity(PAGES);
        for _ in 0..PAGES {
            let began = clock.now();
            let page = get(window, who, &path)?;
            times.push(clock.now() - began);
            anyhow::ensure!(page.starts_with("HTTP/1.1 200"), "{path}: {}", head(&page));
        }
        told(name, &mut times);
    }
    runtime.block_on(board(&url, window))
}

/// Waits until the service has sealed the numbers that lie in clear.
async fn sealed(url: &str) -> anyhow::Result<()> {
    let mut connection = SqliteConnection::connect(url).await?;
    let left = "select exists (select 1 from calls where caller is not null)";
    let mut look = tokio::time::interval(Duration::from_millis(200));
    while sqlx::query_scalar::<_, bool>(left).fetch_one(&mut connection).await? {
        look.tick().await;
    }
    Ok(())
}

/// Fifty cards, and how long after a commit the visitor has it.
async fn board(url: &str, window: SocketAddr) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let mut connection = SqliteConnection::connect(url).await?;
    for nth in 0..CARDS {
        open_call(&mut connection, nth).await?;
    }
    let mut events = BufReader::new(ask(window, Who::Carla, "/adesso/eventi")?);
    let mut times = Vec::with_capacity(CHANGES);
    for nth in 0..CHANGES {
        let name = format!("Persona Numero{nth}x");
        sqlx::query("update attempts set responder = ? where call = ?")
            .bind(&name)
            .bind(live_call(nth % CARDS))
            .execute(&mut connection)
            .await?;
        let began = clock.now();
        let mut line = String::new();
        while !line.contains(&name) {
            line.clear();
            anyhow::ensure!(events.read_line(&mut line)? > 0, "the events ended");
        }
        times.push(clock.now() - began);
    }
    told("the board behind a commit, 50 cards", &mut times);
    Ok(())
}

fn told(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    println!(
        "{name:<40} p50 {:>7.1} ms  p99 {:>7.1} ms  max {:>7.1} ms",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3,
        times[times.len() - 1].as_secs_f64() * 1e3,
    );
}

fn configure(place: &Path, window: SocketAddr) -> anyhow::Result<()> {
    let ip = window.ip();
    let config = format!(
        "data_dir = \"data\"\n[sip]\nlisten = [\"udp:{ip}:5099\"]\n[rtp]\naddress = \"{ip}\"\n\
         ports = \"24000-24099\"\n[[trunk]]\nname = \"prova\"\nproxy = \"{ip}:5060\"\n\
         accept_from = [\"{ip}\"]\n[store]\nurl = \"sqlite:data/polaris.db\"\n[console]\n\
         listen = \"{window}\"\n[[service]]\ndialplan = \"{}/dialplans/polaris-br4.kdl\"\n",
        env!("CARGO_MANIFEST_DIR")
    );
    Ok(std::fs::write(place.join("polaris.toml"), config)?)
}

fn run(place: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_polaris")).current_dir(place).args(arguments).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A long audit log, its chain whole.
async fn deeds(url: &str, at: DateTime<Utc>) -> anyhow::Result<()> {
    let deed = |nth| Deed::new("scheda letta", "").on(&format!("2026-{nth:04}"));
    let deeds: Vec<Deed> = (0..DEEDS).map(deed).collect();
    let clerk = Clerk::new(url)?;
    clerk.note_deeds("carla", &deeds, at).await?;
    clerk.close().await;
    Ok(())
}

/// Two hundred people in rotations of ten, four steps, for ever.
fn roster(place: &Path) -> anyhow::Result<()> {
    let name = |nth| if nth == 0 { "Ada Greco".to_owned() } else { format!("Persona {nth}") };
    let mut people = "service,person,phones,skills\n".to_owned();
    for nth in 0..PEOPLE {
        people += &format!("polaris-br4,{},+39333{nth:07},\n", name(nth));
    }
    let mut rotations = "service,equipe,step,rotation,people,first,last,handoff,pattern,weekdays,\
                         from,until\n"
        .to_owned();
    for group in 0..PEOPLE / 10 {
        let names: Vec<String> = (0..10).map(|nth| name(group * 10 + nth)).collect();
        let (step, names) = (group % 4 + 1, names.join("|"));
        rotations +=
            &format!("polaris-br4,equipe,{step},g{group},{names},2020-01-01,,20:00,1,,,\n");
    }
    for (file, text) in [("persone.csv", people), ("rotazioni.csv", rotations)] {
        std::fs::write(place.join(file), text)?;
        run(place, &["roster", "import", file])?;
    }
    Ok(())
}

/// The cases of the last calendar month are written up; how many.
async fn schede(url: &str, place: &Path, at: DateTime<Utc>) -> anyhow::Result<usize> {
    let mut connection = SqliteConnection::connect(url).await?;
    let cases: Vec<String> = sqlx::query_scalar(
        "select id from cases where opened >= date('now', 'start of month', '-1 month') \
         and opened < date('now', 'start of month') order by opened limit ?",
    )
    .bind(i64::try_from(SCHEDE)?)
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    let fields = [
        ("segnalante.tipo", "cittadino"),
        ("persona.1.nome", "Ada"),
        ("persona.1.cognome", "Greco"),
        ("persona.1.codice_fiscale", "GRCDAA50A41F152X"),
        ("bisogno.descrizione", "Vive sola, è caduta in casa e non ha nessuno da chiamare."),
    ];
    let pairs = fields.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let read = Scheda::read(&pairs, &Terms::default());
    let scheda = read.map_err(|error| anyhow::anyhow!("{error:?}"))?.scheda;
    let keyring = Keyring::new(&place.join("schede.key"));
    let addition = Addition::Scheda { scheda };
    for case in &cases {
        let case = case.parse()?;
        let append = Append { case, expected: 0, author: "ada", at, addition: &addition };
        append_to_case(url, &keyring, append).await?;
    }
    Ok(cases.len())
}

/// Calls spread over five years, back from now, a case and three entries each, and a
/// coordinator who is in; the number of one case. All but those of 30 days were taken over.
async fn fill(url: &str, calls: usize) -> anyhow::Result<String> {
    let mut connection = SqliteConnection::connect(url).await?;
    sqlx::query(
        "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ?1) \
         insert into calls (call, service, timezone, number_called, caller, arrived, answered, \
         category, outcome, accepted_by, accepted, ended) \
         select printf('00000000-0000-7000-8000-%012x', i), 'polaris-br4', 'Europe/Rome', \
         '+390831000000', printf('+390831%06d', i % 5000), \
         strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-' || (i * ?2) || ' minutes'), \
         strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-' || (i * ?2) || ' minutes'), \
         case when i % 20011 = 7 then 'homeless' when i % 4 = 0 then 'minors' \
         when i % 4 = 1 then 'violence' else 'elderly' end, \
         case when i % 97 = 0 then 'voicemail' else 'accepted' end, 'Ada Greco', \
         strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-' || (i * ?2) || ' minutes', '+40 seconds'), \
         strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-' || (i * ?2) || ' minutes', '+400 seconds') from n",
    )
    .bind(i64::try_from(calls)?)
    .bind(i64::try_from((MINUTES / calls).max(1))?)
    .execute(&mut connection)
    .await?;
    for statement in [
        "insert into cases (id, call, service, year, sequence, opened, category, comune) \
         select '1' || substr(call, 2), call, service, 2026, \
         row_number() over (order by arrived), arrived, category, \
         case when category = 'homeless' then 'Mesagne' end from calls",
        "update cases set stage = 'presa_in_carico', stage_since = opened \
         where opened < date('now', '-30 days')",
        "insert into entries (call, sequence, at, kind, fact, text) select call, 0, arrived, \
         'arrived', '{\"kind\":\"arrived\",\"direct\":false,\"active\":true}', \
         'Chiamata in arrivo.' from calls",
        "insert into entries (call, sequence, at, kind, fact, text) select call, 1, arrived, \
         'call_answered', '{\"kind\":\"call_answered\"}', 'Risposto.' from calls",
        "insert into entries (call, sequence, at, kind, fact, text) select call, 2, ended, \
         'ended', '{\"kind\":\"ended\",\"outcome\":\"accepted\"}', 'Finita.' from calls",
        "insert into attempts (call, attempt, responder, phone, step, round, why, rang, outcome, \
         ended) select call, 1, 'Ada Greco', '+393330000001', 1, 1, 'turno', arrived, 'accepted', \
         ended from calls",
        "update accounts set password = 'x'",
    ] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    for who in Who::ALL {
        let hash = Sha256::digest(who.token().as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        sqlx::query(
            "insert into sessions (token_hash, account, created, seen, complete) values (?, ?, \
             strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now'), \
             strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now'), 1)",
        )
        .bind(hash)
        .bind(who.account().0)
        .execute(&mut connection)
        .await?;
    }
    sqlx::query("analyze").execute(&mut connection).await?;
    connection.close().await?;
    Ok(format!("2026-{:04}", calls / 2))
}

fn call(nth: usize) -> String {
    format!("00000000-0000-7000-8000-{nth:012x}")
}

fn live_call(nth: usize) -> String {
    format!("00000000-0000-7000-9000-{nth:012x}")
}

async fn open_call(connection: &mut SqliteConnection, nth: usize) -> anyhow::Result<()> {
    let call = live_call(nth);
    let now = "strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now')";
    for statement in [
        format!(
            "insert into calls (call, service, timezone, number_called, arrived, answered) \
             values (?1, 'polaris-br4', 'Europe/Rome', '+390831000000', {now}, {now})"
        ),
        format!(
            "insert into cases (id, call, service, year, sequence, opened) values \
             ('1' || substr(?1, 2), ?1, 'polaris-br4', 2027, {}, {now})",
            nth + 1
        ),
        format!(
            "insert into entries (call, sequence, at, kind, fact, text) values (?1, 0, {now}, \
             'arrived', '{{\"kind\":\"arrived\",\"direct\":false,\"active\":true}}', 'Chiamata.')"
        ),
        format!(
            "insert into entries (call, sequence, at, kind, fact, text) values (?1, 1, {now}, \
             'rang', '{{\"kind\":\"call_answered\"}}', 'Squilla.')"
        ),
        format!(
            "insert into attempts (call, attempt, responder, phone, step, round, why, rang) \
             values (?1, 1, 'Ada', '+393330000001', 1, 1, 'turno', {now})"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(&call).execute(&mut *connection).await?;
    }
    Ok(())
}

fn ask(window: SocketAddr, who: Who, path: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(window)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let cookie = format!("Cookie: __Host-polaris={}\r\n", who.token());
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {window}\r\n{cookie}\r\n")?;
    Ok(stream)
}

fn get(window: SocketAddr, who: Who, path: &str) -> anyhow::Result<String> {
    let mut page = String::new();
    ask(window, who, path)?.read_to_string(&mut page)?;
    Ok(page)
}

fn head(page: &str) -> &str {
    page.lines().next().unwrap_or_default()
}

/// The service, ended when dropped.
struct Service(Child);

impl Service {
    fn start(place: &Path, window: SocketAddr) -> anyhow::Result<Self> {
        let child = Command::new(env!("CARGO_BIN_EXE_polaris"))
            .current_dir(place)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut service = Self(child);
        let stderr = service.0.stderr.take().ok_or_else(|| anyhow::anyhow!("no log"))?;
        let mut lines = BufReader::new(stderr);
        let mut line = String::new();
        while !line.contains("the console is shown") {
            line.clear();
            anyhow::ensure!(lines.read_line(&mut line)? > 0, "the service did not start");
        }
        // Its log goes on; nobody may wait for a reader.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        TcpStream::connect(window)?;
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
