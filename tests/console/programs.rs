//! What other programs get with a token, and what they do not.

use std::net::SocketAddr;

use polaris::access::Scope;
use polaris::console::{Admits, ROUTES, document};
use serde_json::Value;

use crate::console_support::{Answer, Visitor};
use crate::line_support::{ADA, Place, errors};
use crate::{CALLER, one_call, scene};

/// A program with a token.
struct Program {
    window: SocketAddr,
    token: String,
}

impl Program {
    fn new(place: &Place, window: SocketAddr, name: &str, more: &[&str]) -> Self {
        let made = place.run(&[&["token", "add", name], more].concat());
        assert!(made.status.success(), "{}", errors(&made));
        let said = String::from_utf8(made.stdout).unwrap();
        Self { window, token: said.lines().last().unwrap().to_owned() }
    }

    fn with(place: &Place, window: SocketAddr, scopes: &[Scope]) -> Self {
        let scopes: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope.word()]).collect();
        Self::new(place, window, "prova", &scopes)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        Visitor::new(self.window).ask(method, path, body, &[("Authorization", &bearer)])
    }

    /// What is told at `path`, held against the description.
    fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, "");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        is_as_described(path, "get", "200", &told);
        told
    }
}

fn problem(answer: &Answer, status: u16, kind: &str) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    let schema = &described()["components"]["schemas"]["Problem"];
    assert_eq!(differs(&described(), schema, &told, "problem"), None, "{told}");
    assert_eq!(told["type"], format!("urn:polaris:{kind}"), "{told}");
    assert_eq!(told["status"], status);
    told
}

fn described() -> Value {
    serde_json::to_value(document()).unwrap()
}

/// The route of the description that a path is of.
fn route_of(described: &Value, path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let fits = |route: &str| {
        let (route, path): (Vec<&str>, Vec<&str>) =
            (route.split('/').collect(), path.split('/').collect());
        route.len() == path.len()
            && route.iter().zip(&path).all(|(r, p)| r.starts_with('{') || r == p)
    };
    let routes = described["paths"].as_object().unwrap().keys();
    let mut routes: Vec<&String> = routes.filter(|route| fits(route)).collect();
    // As the router does: what is written out goes before what is left open.
    routes.sort_by_key(|route| route.matches('{').count());
    routes.first().unwrap_or_else(|| panic!("{path} is not described")).to_string()
}

fn is_as_described(path: &str, method: &str, status: &str, told: &Value) {
    let described = described();
    let route = route_of(&described, path);
    let answer = &described["paths"][&route][method]["responses"][status];
    let schema = &answer["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{route} says nothing of {status}");
    assert_eq!(differs(&described, schema, told, "$"), None, "{path}: {told}");
}

/// Where a value is not what its schema says: the part of JSON Schema that the description
/// uses; a keyword it does not know is a difference, too.
fn differs(described: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(named) = schema["$ref"].as_str() {
        let schema = described.pointer(named.strip_prefix('#')?);
        return differs(described, schema.unwrap_or_else(|| panic!("{named}")), value, at);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_of = |name: &str| match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => false,
    };
    if !types.is_empty() && !types.iter().any(|name| is_of(name)) {
        return Some(format!("{at}: {value} is none of {types:?}"));
    }
    for (keyword, said) in schema.as_object()? {
        let wrong = match keyword.as_str() {
            "type" | "description" | "title" | "examples" | "properties" | "items" => None,
            "enum" => (!said.as_array()?.contains(value)).then(|| format!("{value} not in {said}")),
            "required" => said
                .as_array()?
                .iter()
                .find(|name| value.get(name.as_str().unwrap_or_default()).is_none())
                .map(|name| format!("{name} is missing")),
            "minimum" => (value.as_i64()? < said.as_i64()?).then(|| format!("{value} < {said}")),
            "format" => wrong_format(said.as_str()?, value),
            "pattern" => {
                let number = value.as_str().map(str::parse::<polaris::words::CaseNumber>);
                number.is_some_and(|read| read.is_err()).then(|| format!("{value}"))
            }
            other => Some(format!("this check does not know «{other}»")),
        };
        if let Some(wrong) = wrong {
            return Some(format!("{at}: {wrong}"));
        }
    }
    if let Some(fields) = value.as_object().filter(|_| schema["properties"].is_object()) {
        return fields.iter().find_map(|(name, value)| match &schema["properties"][name] {
            Value::Null => Some(format!("{at}.{name} is not described")),
            schema => differs(described, schema, value, &format!("{at}.{name}")),
        });
    }
    let items = value.as_array().filter(|_| schema["items"].is_object())?;
    items.iter().find_map(|item| differs(described, &schema["items"], item, &format!("{at}[]")))
}

fn wrong_format(format: &str, value: &Value) -> Option<String> {
    let text = value.as_str();
    let right = match format {
        "date-time" => text.is_none_or(|t| chrono::DateTime::parse_from_rfc3339(t).is_ok()),
        "uuid" => text.is_none_or(|t| uuid::Uuid::parse_str(t).is_ok()),
        "int32" | "int64" => true,
        _ => false,
    };
    (!right).then(|| format!("{value} is no {format}"))
}

#[test]
fn every_route_of_the_api_is_described_with_its_scope_and_no_other() {
    let described = described();
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1."), "{described}");
    let mut known = 0;
    for (method, path, admits) in ROUTES.iter().filter(|(_, path, _)| path.starts_with("/api/")) {
        let operation = &described["paths"][path][method.to_lowercase()];
        let security = match admits {
            Admits::Program(scope) => serde_json::json!([{ "token": [scope.word()] }]),
            _ => Value::Null,
        };
        assert!(operation.is_object(), "{method} {path} is not described");
        assert_eq!(operation["security"], security, "{method} {path}");
        known += 1;
    }
    let paths = described["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let names: Vec<&str> =
        operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.len(), known, "the description has a route that is not served");
    let apart: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(apart.len(), names.len(), "two operations have one name: {names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_scope_opens_its_routes_and_no_other() {
    let (place, service, window) = scene().await;
    let mut wrong = Vec::new();
    for given in Scope::ALL {
        let program = Program::with(&place, window, &[given]);
        for (method, path, admits) in ROUTES {
            let Admits::Program(scope) = admits else { continue };
            let path = path
                .replace("{service}", "polaris-br4")
                .replace("{number}", "2026-0417")
                .replace("{table}", "shifts");
            let answer = program.ask(method, &path, "");
            let open = matches!(answer.status, 200 | 404 | 422);
            let shut = answer.status == 403 && answer.body.contains("urn:polaris:scope");
            if (open, shut) != (given.allows(*scope), !given.allows(*scope)) {
                wrong.push(format!("{given}: {method} {path}: {}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // No token, none of ours, a page's cookie, a token on a page.
    let mut stranger = Visitor::new(window);
    problem(&stranger.get("/api/v1/calls"), 401, "token");
    let nobody = Program { window, token: "0".repeat(64) };
    let refused = nobody.ask("GET", "/api/v1/calls", "");
    problem(&refused, 401, "token");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    let mut carla = crate::coordinator(&place, window);
    problem(&carla.get("/api/v1/calls"), 401, "token");
    let program = Program::with(&place, window, &Scope::ALL);
    assert!(program.ask("GET", "/chiamate", "").sends_to().starts_with("/entra"));
    problem(&program.ask("GET", "/api/v1/nulla", ""), 404, "nothing");
    problem(&program.ask("POST", "/api/v1/calls", ""), 404, "nothing");
    let document: Value = serde_json::from_str(&stranger.get("/api/v1/openapi.json").body).unwrap();
    assert_eq!(document, described());
    let printed = place.run(&["api"]).stdout;
    assert_eq!(serde_json::from_slice::<Value>(&printed).unwrap(), described());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_and_cases_are_told_as_the_commands_tell_them_numbers_masked() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "2").await;
    let masked = Program::with(&place, window, &[Scope::CallsRead, Scope::CasesRead]);
    let whole = Program::new(
        &place,
        window,
        "cartella",
        &["--scope", "calls:read-personal", "--scope", "cases:read-personal"],
    );
    let case = format!("/api/v1/cases/polaris-br4/{number}");
    assert_eq!(whole.get("/api/v1/calls")["items"][0], place.only_call());
    assert_eq!(whole.get(&case), place.only_case());
    assert_eq!(whole.get("/api/v1/cases")["items"][0], place.only_case());
    for path in ["/api/v1/calls", "/api/v1/cases", &case] {
        let told = masked.get(path).to_string();
        assert!(told.contains("+39…01") && told.contains(&number), "{told}");
        assert!(!told.contains(CALLER) && !told.contains(ADA), "{told}");
    }
    // Somebody else's services.
    let lecce = Program::new(
        &place,
        window,
        "lecce",
        &["--scope", "cases:read", "--scope", "calls:read", "--service", "pis-lecce"],
    );
    assert_eq!(lecce.get("/api/v1/cases")["items"], serde_json::json!([]));
    assert_eq!(lecce.get("/api/v1/calls")["items"], serde_json::json!([]));
    problem(&lecce.ask("GET", &case, ""), 404, "nothing");
    problem(&lecce.ask("GET", "/api/v1/cases?service=polaris-br4", ""), 403, "service");
    let mut auditor = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = auditor.get("/registro");
    for word in
        ["cartella (programma 2)", "scheda letta", "con i numeri", "chiamate lette", &number]
    {
        assert!(audit.body.contains(word), "{word}: {}", audit.body);
    }
    assert!(place.run(&["audit", "verify"]).status.success());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_long_list_is_read_page_by_page_and_a_slip_is_told() {
    let (place, service, window) = scene().await;
    let all = ["calls:read", "cases:read", "coverage:read", "roster:read"];
    let scopes: Vec<&str> = all.iter().flat_map(|scope| ["--scope", scope]).collect();
    let program = Program::new(&place, window, "prova", &scopes);
    for _ in 0..3 {
        crate::abandoned_call(&place, &service).await;
    }
    for list in ["calls", "cases"] {
        let (mut seen, mut path) = (Vec::new(), format!("/api/v1/{list}?limit=1"));
        loop {
            let page = program.get(&path);
            let items = page["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["call"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/api/v1/{list}?limit=1&after={next}");
        }
        let mut known: Vec<String> =
            place.calls().iter().map(|call| call["call"].as_str().unwrap().to_owned()).collect();
        known.reverse();
        assert_eq!(seen, known);
    }
    let none = program.get("/api/v1/calls?until=2020-01-01T00:00:00%2B01:00");
    assert_eq!(none["items"], serde_json::json!([]));
    for (path, word) in [
        ("/api/v1/calls?limit=0", "da 1 a 50"),
        ("/api/v1/calls?limit=dieci", "invalid"),
        ("/api/v1/calls?form=2026-01-01T00:00:00Z", "form"),
        ("/api/v1/calls?from=ieri", "«ieri»"),
        ("/api/v1/cases?after=x", "after"),
        ("/api/v1/coverage?days=4000", "da 1 a 400"),
        ("/api/v1/roster/on-call?at=adesso", "«adesso»"),
    ] {
        let told = problem(&program.ask("GET", path, ""), 400, "question");
        assert!(told["detail"].as_str().unwrap().contains(word), "{path}: {told}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_roster_is_read_and_replaced_with_the_same_checks() {
    let (place, service, window) = scene().await;
    let scopes = ["--scope", "roster:read", "--scope", "roster:write", "--scope", "coverage:read"];
    let program = Program::new(&place, window, "turni", &scopes);
    let on_call = program.get("/api/v1/roster/on-call");
    let said = String::from_utf8(place.run(&["roster", "on-call", "--json"]).stdout).unwrap();
    assert_eq!(on_call["items"][0], serde_json::from_str::<Value>(said.trim()).unwrap());
    let coverage = program.get("/api/v1/coverage?days=7");
    assert_eq!(coverage["items"].as_array().unwrap().last().unwrap()["kind"], "total");
    let shifts = program.ask("GET", "/api/v1/roster/shifts", "");
    assert_eq!(shifts.body, String::from_utf8(place.run(&["roster", "export"]).stdout).unwrap());

    let times = "2020-01-01T00:00,2090-01-01T00:00";
    let bad = format!(
        "service,equipe,step,person,phone,from,until\n\
         polaris-br4,equipe,uno,Bruno Leo,+393330000002,{times}\n"
    );
    let told = problem(&program.ask("POST", "/api/v1/roster", &bad), 422, "refused");
    assert!(told["problems"][0].as_str().unwrap().contains("riga 2"), "{told}");
    let good = bad.replace(",uno,", ",1,");
    let answer = program.ask("POST", "/api/v1/roster", &good);
    assert_eq!(answer.status, 200, "{answer:?}");
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    is_as_described("/api/v1/roster", "post", "200", &told);
    assert_eq!((told["table"].as_str(), told["rows"].as_u64()), (Some("shifts"), Some(1)));
    assert_eq!(program.get("/api/v1/roster/on-call")["items"][0]["person"], "Bruno Leo");
    let changes = String::from_utf8(place.run(&["roster", "changes"]).stdout).unwrap();
    assert!(changes.contains("turni (programma 1)"), "{changes}");
    service.says(&["the roster was read anew"]).await;

    let lecce = Program::new(
        &place,
        window,
        "lecce",
        &[&scopes[2..4], &["--service", "pis-lecce"]].concat(),
    );
    problem(&lecce.ask("POST", "/api/v1/roster", &good), 403, "service");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_ends_is_revoked_and_has_so_many_questions_a_minute() {
    let (place, service, window) = scene().await;
    let program = Program::with(&place, window, &[Scope::CoverageRead]);
    let mut refused = None;
    for _ in 0..200 {
        let answer = program.ask("GET", "/api/v1/coverage?days=1", "");
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("an end of questions");
    problem(&refused, 429, "rate");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Another token is not held up by it.
    let other = Program::new(&place, window, "altro", &["--scope", "roster:read"]);
    other.get("/api/v1/roster/on-call");
    assert!(place.run(&["token", "revoke", "2"]).status.success());
    problem(&other.ask("GET", "/api/v1/roster/on-call", ""), 401, "token");
    let again = place.run(&["token", "revoke", "2"]);
    assert_eq!(again.status.code(), Some(1));
    let list = String::from_utf8(place.run(&["token", "list"]).stdout).unwrap();
    assert!(list.contains("revocato") && list.contains("coverage:read"), "{list}");
    assert!(!list.contains(&program.token), "{list}");
    for wrong in [&["token", "add", "x", "--scope", "calls:write"][..], &["token", "add", "x"]] {
        assert!(!place.run(wrong).status.success());
    }
    assert!(!service.log().contains(&program.token), "a token in the log");
    service.stop().await;
}
