//! Who is there, and may they?
//!
//! Law: **a route that no line of [`ROUTES`] names is not served**, and one that is not
//! open is served only to a visit that is complete, whose role may do what the line says.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use cookie::Cookie;
use sha2::{Digest as _, Sha256};

use super::Desk;
use super::api::{self, Problem};
use super::door::Peer;
use super::error::PageError;
use crate::access::{Act, Role, Scope, may};
use crate::feed::Token;
use crate::store::AccountRow;
use crate::words::{Clock as _, ServiceId};

/// Somebody who is in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) account: AccountRow,
    /// The hash of the visit's secret.
    pub(super) session: String,
    /// What each form of this visit carries.
    pub(super) csrf: String,
    /// The secret of a second factor that is being set up, as it is kept.
    pub(super) enrolling: Option<String>,
}

impl Visitor {
    pub(super) fn may(&self, act: Act) -> bool {
        may(self.account.role, act)
    }

    /// Whether this service's record is theirs.
    pub(super) fn is_of(&self, service: &ServiceId) -> bool {
        self.account.is_of(service)
    }

    /// Whether only the cases of one's own shifts are shown.
    pub(super) fn sees_own_only(&self) -> bool {
        self.account.role == Role::Responder
    }
}

/// Who is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admits {
    /// Anybody.
    All,
    /// Whoever gave the right password, the second factor still to come.
    Halfway,
    /// A program whose token has this scope.
    Program(Scope),
    /// Whose role may do this.
    Who(Act),
}

/// Every route and who is served there; the whole console on one screen.
pub const ROUTES: &[(&str, &str, Admits)] = &[
    ("GET", "/statico/{file}", Admits::All),
    ("GET", "/calendar/{file}", Admits::All),
    ("GET", "/entra", Admits::All),
    ("POST", "/entra", Admits::All),
    ("GET", "/invito/{token}", Admits::All),
    ("POST", "/invito/{token}", Admits::All),
    ("GET", "/entra/codice", Admits::Halfway),
    ("POST", "/entra/codice", Admits::Halfway),
    ("POST", "/esci", Admits::Halfway),
    ("GET", "/", Admits::Who(Act::Enter)),
    ("GET", "/adesso", Admits::Who(Act::WatchCalls)),
    ("GET", "/adesso/eventi", Admits::Who(Act::WatchCalls)),
    ("GET", "/chiamate", Admits::Who(Act::ReadCalls)),
    ("GET", "/chiamate.csv", Admits::Who(Act::ExportCalls)),
    ("GET", "/schede", Admits::Who(Act::ReadCases)),
    ("GET", "/schede/{service}/{number}", Admits::Who(Act::ReadCases)),
    ("POST", "/schede/{service}/{number}/mostra", Admits::Who(Act::RevealNumber)),
    ("GET", "/schede/{service}/{number}/messaggio", Admits::Who(Act::ReadCases)),
    ("GET", "/turni", Admits::Who(Act::ReadRoster)),
    ("GET", "/turni/copertura", Admits::Who(Act::ReadRoster)),
    ("GET", "/turni/assegna", Admits::Who(Act::EditRoster)),
    ("POST", "/turni/assegna", Admits::Who(Act::EditRoster)),
    ("POST", "/turni/togli", Admits::Who(Act::EditRoster)),
    ("POST", "/turni/non-posso", Admits::Who(Act::AskForSwap)),
    ("POST", "/turni/posso", Admits::Who(Act::AskForSwap)),
    ("GET", "/turni/scambi", Admits::Who(Act::AskForSwap)),
    ("GET", "/turni/scambi/chiedi", Admits::Who(Act::AskForSwap)),
    ("POST", "/turni/scambi/chiedi", Admits::Who(Act::AskForSwap)),
    ("POST", "/turni/scambi/prendi", Admits::Who(Act::AskForSwap)),
    ("POST", "/turni/scambi/ritira", Admits::Who(Act::AskForSwap)),
    ("POST", "/turni/scambi/decidi", Admits::Who(Act::EditRoster)),
    ("GET", "/turni/calendari", Admits::Who(Act::ReadRoster)),
    ("POST", "/turni/calendari", Admits::Who(Act::ReadRoster)),
    ("POST", "/turni/calendari/revoca", Admits::Who(Act::ReadRoster)),
    ("GET", "/orari", Admits::Who(Act::EditRoster)),
    ("POST", "/orari/chiudi", Admits::Who(Act::EditRoster)),
    ("POST", "/orari/togli", Admits::Who(Act::EditRoster)),
    ("GET", "/schede/{service}/{number}/stampa", Admits::Who(Act::ReadCases)),
    ("POST", "/schede/{service}/{number}/scheda", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/bozza", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/bozza/togli", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/fase", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/invio", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/ricevuta", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/richiamo", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/unisci", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/nota", Admits::Who(Act::WriteCases)),
    ("GET", "/rapporti", Admits::Who(Act::ReadReports)),
    ("GET", "/rapporti.csv", Admits::Who(Act::ReadReports)),
    ("GET", "/rapporti/casellario.csv", Admits::Who(Act::ExportCasellario)),
    ("GET", "/voce", Admits::Who(Act::ReadPlans)),
    ("GET", "/voce/{language}/{id}", Admits::Who(Act::ReadPlans)),
    ("GET", "/voce/{language}/{id}/suono", Admits::Who(Act::ReadPlans)),
    ("GET", "/voce/{language}/{id}/prova", Admits::Who(Act::EditPrompts)),
    ("POST", "/voce/{language}/{id}/testo", Admits::Who(Act::EditPrompts)),
    ("POST", "/voce/{language}/{id}/registrazione", Admits::Who(Act::EditPrompts)),
    ("POST", "/voce/{language}/{id}/pubblica", Admits::Who(Act::EditPrompts)),
    ("POST", "/voce/{language}/{id}/butta", Admits::Who(Act::EditPrompts)),
    ("POST", "/voce/{language}/{id}/ritira", Admits::Who(Act::EditPrompts)),
    ("GET", "/piani", Admits::Who(Act::ReadPlans)),
    ("POST", "/schede/{service}/{number}/allegato", Admits::Who(Act::WriteCases)),
    ("POST", "/schede/{service}/{number}/allegato/ritira", Admits::Who(Act::WriteCases)),
    ("GET", "/schede/{service}/{number}/allegato/{entry}", Admits::Who(Act::ReadCases)),
    ("GET", "/accessi", Admits::Who(Act::EditAccounts)),
    ("POST", "/accessi", Admits::Who(Act::EditAccounts)),
    ("GET", "/accessi/{name}", Admits::Who(Act::EditAccounts)),
    ("POST", "/accessi/{name}/cambia", Admits::Who(Act::EditAccounts)),
    ("POST", "/accessi/{name}/invito", Admits::Who(Act::EditAccounts)),
    ("POST", "/accessi/{name}/esci", Admits::Who(Act::EditAccounts)),
    ("POST", "/accessi/{name}/togli", Admits::Who(Act::EditAccounts)),
    ("POST", "/accessi/{name}/restituisci", Admits::Who(Act::EditAccounts)),
    ("GET", "/straordinario", Admits::Who(Act::BreakGlass)),
    ("POST", "/straordinario", Admits::Who(Act::BreakGlass)),
    ("GET", "/straordinario/{service}/{number}", Admits::Who(Act::BreakGlass)),
    ("GET", "/straordinari", Admits::Who(Act::ConfirmGlass)),
    ("POST", "/straordinari", Admits::Who(Act::ConfirmGlass)),
    ("GET", "/registro", Admits::Who(Act::ReadAudit)),
    ("GET", "/registro.csv", Admits::Who(Act::ReadAudit)),
    ("GET", "/api/v1/openapi.json", Admits::All),
    ("GET", "/api/v1/calls", Admits::Program(Scope::CallsRead)),
    ("GET", "/api/v1/cases", Admits::Program(Scope::CasesRead)),
    ("GET", "/api/v1/cases/{service}/{number}", Admits::Program(Scope::CasesRead)),
    ("GET", "/api/v1/coverage", Admits::Program(Scope::CoverageRead)),
    ("POST", "/api/v1/roster", Admits::Program(Scope::RosterWrite)),
    ("GET", "/api/v1/roster/on-call", Admits::Program(Scope::RosterRead)),
    ("GET", "/api/v1/roster/{table}", Admits::Program(Scope::RosterRead)),
];

/// The visit's cookie. The prefix makes browsers refuse it from anywhere but this host,
/// over TLS (RFC 6265bis §4.1.3.2).
pub(super) const COOKIE: &str = "__Host-polaris";

/// A visit is said to go on this often; more would be a write for every page.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Stands in front of every route.
pub(super) async fn admit(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let address = request.uri().clone();
    let_in(&desk, request, next).await.unwrap_or_else(|error| refuse(error, &address))
}

/// What no route is.
pub(super) async fn nothing(address: Uri) -> Response {
    refuse(PageError::NotFound, &address)
}

async fn let_in(desk: &Desk, mut request: Request, next: Next) -> Result<Response, PageError> {
    let path = request.extensions().get::<MatchedPath>().ok_or(PageError::NotFound)?;
    let method = match *request.method() {
        // axum answers HEAD as GET.
        Method::HEAD => "GET",
        _ => request.method().as_str(),
    };
    let admits = admits(method, path.as_str()).ok_or(PageError::NotFound)?;
    if let Admits::Program(scope) = admits {
        // No cookie is looked at there, so no other site can lend one.
        let admitted = api::admit(desk, request, next, scope).await;
        return Ok(admitted.unwrap_or_else(IntoResponse::into_response));
    }
    if method != "GET" && !is_own(request.headers()) {
        return Err(PageError::Foreign);
    }
    if tries(method, path.as_str(), admits) && !may_try(desk, &request) {
        return Err(PageError::Hurried);
    }
    if admits == Admits::All {
        return Ok(next.run(request).await);
    }
    let Some((visitor, complete)) = visitor(desk, request.headers()).await? else {
        return Ok(to_the_door(&request));
    };
    match admits {
        Admits::Who(_) if !complete => {
            return Ok(Redirect::to("/entra/codice").into_response());
        }
        Admits::Who(act) if !visitor.may(act) => return Err(PageError::Forbidden),
        Admits::All | Admits::Halfway | Admits::Program(_) | Admits::Who(_) => {}
    }
    request.extensions_mut().insert(visitor);
    Ok(next.run(request).await)
}

/// Whether somebody who is not in yet tries something there: a password, a code, the secret
/// of an address.
fn tries(method: &str, route: &str, admits: Admits) -> bool {
    let outside = matches!(admits, Admits::All | Admits::Halfway);
    outside && method == "POST" && route != "/esci"
}

fn may_try(desk: &Desk, request: &Request) -> bool {
    let peer = request.extensions().get::<Peer>();
    // Every connection has a peer.
    peer.is_some_and(|peer| desk.door.lets(peer.0, request.headers(), desk.clock.now()))
}

/// A page for people, JSON for programs.
fn refuse(error: PageError, address: &Uri) -> Response {
    if api::is_of_programs(address.path()) {
        Problem::from(error).into_response()
    } else {
        error.into_response()
    }
}

/// Who is served at a route; `None` when nobody.
pub(super) fn admits(method: &str, path: &str) -> Option<Admits> {
    let route = ROUTES.iter().find(|(verb, route, _)| *verb == method && *route == path);
    route.map(|(_, _, admits)| *admits)
}

/// The visit a request belongs to, and whether it is complete.
pub(super) async fn visitor(
    desk: &Desk,
    headers: &HeaderMap,
) -> Result<Option<(Visitor, bool)>, PageError> {
    let Some(token) = token(headers) else { return Ok(None) };
    let now = desk.clock.wall();
    let hash = token.hash();
    let Some(session) = desk.reader.session(&hash, now).await? else { return Ok(None) };
    if now - session.seen > SEEN_EVERY {
        // A visit must not end because the database is busy.
        if let Err(error) = desk.clerk.see(&hash, now).await {
            tracing::warn!(%error, "a visit could not be prolonged");
        }
    }
    let visitor = Visitor {
        account: session.account,
        csrf: csrf(&token),
        session: hash,
        enrolling: session.enrolling,
    };
    Ok(Some((visitor, session.complete)))
}

/// What the forms of a visit carry: made from its secret, and of no use without it.
pub(super) fn csrf(token: &Token) -> String {
    let hash = Sha256::new().chain_update("form").chain_update(token.reveal()).finalize();
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn token(headers: &HeaderMap) -> Option<Token> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == COOKIE)
        .and_then(|cookie| cookie.value().parse().ok())
}

/// Whether a request that changes something comes from a page of ours. Browsers say where
/// they are (Fetch Metadata, and before it Origin); who says neither is no browser of today.
fn is_own(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = said("sec-fetch-site") {
        return site == "same-origin";
    }
    let (Some(origin), Some(host)) = (said("origin"), said("host")) else { return false };
    origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host))
}

/// Whoever is not in comes in, and then goes on to the page they wanted.
fn to_the_door(request: &Request) -> Response {
    let wanted = request.uri().path();
    let page = request.method() == Method::GET && wanted.len() > 1 && !wanted.contains('.');
    let watches = wanted.ends_with("/eventi");
    if watches {
        // An event stream follows no redirection to a page.
        return axum::http::StatusCode::UNAUTHORIZED.into_response();
    }
    if page {
        return Redirect::to(&format!("/entra?poi={wanted}")).into_response();
    }
    Redirect::to("/entra").into_response()
}

/// What every answer says to the browser: nothing from elsewhere, nothing kept, no frame.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/statico/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut say = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(header::CONTENT_SECURITY_POLICY, POLICY);
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::X_FRAME_OPTIONS, "DENY");
    say(header::REFERRER_POLICY, "same-origin");
    say(
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    );
    say(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    say(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    say(header::CACHE_CONTROL, if asset { "public, max-age=3600" } else { "no-store" });
    response
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_changes_anything() {
        let headers = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap())
            });
            pairs.collect::<HeaderMap>()
        };
        for (said, own) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://pis.example")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("host", "pis.example"), ("origin", "https://pis.example")], true),
            (&[("host", "pis.example"), ("origin", "https://evil.example")], false),
            (&[("host", "pis.example"), ("origin", "null")], false),
            (&[("host", "pis.example")], false),
        ] {
            assert_eq!(is_own(&headers(said)), own, "{said:?}");
        }
    }

    #[test]
    fn no_route_stands_twice_in_the_table() {
        for (nth, (method, path, _)) in ROUTES.iter().enumerate() {
            let again = ROUTES.iter().skip(nth + 1).any(|(m, p, _)| m == method && p == path);
            assert!(!again, "{method} {path}");
        }
    }
}
