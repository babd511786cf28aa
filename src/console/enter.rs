//! Coming in: name and password, the second factor, the one-time address; and leaving.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::Desk;
use super::error::PageError;
use super::form::{Fields, Posted};
use super::frame::{home, show};
use super::gate::{COOKIE, Visitor};
use super::password::{SecondFactor, refuse};
use crate::feed::Token;
use crate::store::{AccountRow, OpenSecretError, SecretOf, open_secret, seal_secret};
use crate::words::Clock as _;

#[derive(Template)]
#[template(path = "console/pages/entra.html", config = ".askama.toml")]
struct Door<'a> {
    title: &'static str,
    name: &'a str,
    then: &'a str,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "console/pages/codice.html", config = ".askama.toml")]
struct Code {
    title: &'static str,
    csrf: String,
    then: String,
    problem: Option<String>,
    /// The picture and the secret, while the second factor is being set up.
    enrolling: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "console/pages/invito.html", config = ".askama.toml")]
struct Choose {
    title: &'static str,
    full_name: String,
    name: String,
    /// What is wrong with the password, and with how it was written again.
    password_wrong: Option<String>,
    again_wrong: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    poi: String,
}

/// `GET /entra`.
pub(super) async fn door(Query(wanted): Query<Wanted>) -> Result<Response, PageError> {
    show(&Door { title: "Entra", name: "", then: within(&wanted.poi), problem: None })
}

/// `POST /entra`: name and password.
pub(super) async fn enter(State(desk): State<Desk>, fields: Fields) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let name = fields.get("nome").to_lowercase();
    let then = within(fields.get("poi"));
    let again = |problem: String| {
        let door = Door { title: "Entra", name: &name, then, problem: Some(problem) };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&door)?).into_response())
    };
    let account = desk.reader.account(&name).await?.filter(|account| account.disabled.is_none());
    if let Some(locked) = account.as_ref().and_then(|account| account.locked).filter(|l| *l > now) {
        let minutes = (locked - now).num_minutes() + 1;
        return again(format!(
            "Troppi tentativi sbagliati: riprovi fra {minutes} min, o chieda un nuovo indirizzo \
             a chi amministra gli accessi."
        ));
    }
    let hash = account.as_ref().and_then(|account| account.password.as_deref());
    let opens = desk.locksmith.opens(fields.get("password"), hash).await?;
    let wrong = "Nome o password sbagliati: riprovi. Maiuscole e minuscole contano.";
    let Some(account) = account.filter(|_| opens) else {
        // A name nobody has is not written: it may be a password typed in the wrong field.
        if desk.reader.account(&name).await?.is_some() {
            desk.clerk.count_failure(&name, "password sbagliata", now).await?;
        }
        return again(wrong.into());
    };
    let token = Token::random();
    let begun = desk.clerk.begin_session(&token.hash(), &account, now).await?;
    // Taken away, or given another password, while this one was checked.
    let Some(role) = begun else { return again(wrong.into()) };
    let cookie = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict", token.reveal());
    let next = match role.needs_second_factor() {
        true => format!("/entra/codice?poi={then}"),
        false => then.to_owned(),
    };
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(&next)).into_response())
}

/// `GET /entra/codice`: the second factor, or setting it up.
pub(super) async fn ask_code(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let secret = match (&visitor.account.totp, secret(&desk, &visitor)) {
        (Some(_), _) => None,
        (None, Ok(Some(secret))) => Some(secret),
        // None yet, or one that nobody can read any more.
        (None, Ok(None) | Err(_)) => {
            let secret = SecondFactor::random();
            let visit = SecretOf::Visit(&visitor.session);
            let kept = seal_secret(&desk.keyring, visit, secret.base32());
            desk.clerk.begin_enrolling(&visitor.session, &kept).await?;
            Some(secret)
        }
    };
    show(&code(&visitor, secret.as_ref(), within(&wanted.poi), None))
}

/// `POST /entra/codice`.
pub(super) async fn take_code(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let then = within(fields.get("poi"));
    let sorry = |secret: Option<&SecondFactor>, problem: &str| {
        let enrolling = secret.filter(|_| visitor.account.totp.is_none());
        let page = code(&visitor, enrolling, then, Some(problem.to_owned()));
        Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
    };
    let secret = match secret(&desk, &visitor) {
        Ok(Some(secret)) => secret,
        Ok(None) => return Ok(Redirect::to("/entra/codice").into_response()),
        Err(error) => {
            tracing::error!(%error, "no code can be checked");
            return sorry(
                None,
                "Il codice non si può controllare: manca il file delle chiavi, o è cambiato. \
                 Avverta chi cura il sistema; le chiamate continuano a ricevere risposta.",
            );
        }
    };
    let again = |problem: &str| sorry(Some(&secret), problem);
    if visitor.account.locked.is_some_and(|locked| locked > now) {
        return again("Troppi tentativi sbagliati: riprovi fra qualche minuto.");
    }
    let name = &visitor.account.name;
    let Some(step) = secret.step(fields.get("codice"), now.timestamp()) else {
        desk.clerk.count_failure(name, "codice sbagliato", now).await?;
        return again(
            "Il codice è sbagliato o scaduto: scriva quello che l'app mostra adesso. Se non va, \
             controlli che l'ora del telefono sia automatica.",
        );
    };
    let enrolled = visitor.account.totp.is_none();
    let enrolled =
        enrolled.then(|| seal_secret(&desk.keyring, SecretOf::Account(name), secret.base32()));
    let enrolled = enrolled.as_deref();
    if !desk.clerk.complete_session(&visitor.session, name, step, enrolled, now).await? {
        return again(
            "Questo codice è già stato usato: aspetti il prossimo, al massimo 30 secondi.",
        );
    }
    let to = if then == "/" { home(&visitor) } else { then };
    Ok(Redirect::to(to).into_response())
}

/// The secret that codes are made with: the account's, or else the one being set up.
fn secret(desk: &Desk, visitor: &Visitor) -> Result<Option<SecondFactor>, OpenSecretError> {
    let account = &visitor.account;
    let kept = match (&account.totp, &visitor.enrolling) {
        (Some(kept), _) => Some((SecretOf::Account(&account.name), kept)),
        (None, Some(kept)) => Some((SecretOf::Visit(&visitor.session), kept)),
        (None, None) => None,
    };
    let opened = kept.map(|(of, kept)| open_secret(&desk.keyring, of, kept)).transpose()?;
    Ok(opened.as_deref().map(SecondFactor::of))
}

/// `GET /invito/TOKEN`: a password is chosen.
pub(super) async fn invited(
    State(desk): State<Desk>,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let token: Token = token.parse().map_err(|_| PageError::NotFound)?;
    let account = desk.reader.invited(&token.hash(), desk.clock.wall()).await?;
    let account = account.ok_or(PageError::NotFound)?;
    show(&choosing(account, None, None))
}

/// `POST /invito/TOKEN`.
pub(super) async fn choose(
    State(desk): State<Desk>,
    Path(token): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    let token: Token = token.parse().map_err(|_| PageError::NotFound)?;
    let now = desk.clock.wall();
    let account = desk.reader.invited(&token.hash(), now).await?.ok_or(PageError::NotFound)?;
    let (password, again) = (fields.get("password"), fields.get("ripeti"));
    let password_wrong = refuse(password, password, &account.name);
    let again_wrong = match &password_wrong {
        Some(_) => None,
        None => refuse(password, again, &account.name),
    };
    if password_wrong.is_some() || again_wrong.is_some() {
        let page = choosing(account, password_wrong, again_wrong);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
    }
    let hash = desk.locksmith.hash(password).await?;
    let taken = desk.clerk.take_password(&token.hash(), &hash, now).await?;
    let name = taken.ok_or(PageError::NotFound)?;
    desk.watchers.cut(|_, account| account == name);
    Ok(Redirect::to("/entra").into_response())
}

fn choosing(
    account: AccountRow,
    password_wrong: Option<String>,
    again_wrong: Option<String>,
) -> Choose {
    let AccountRow { full_name, name, .. } = account;
    Choose { title: "Scelga la password", full_name, name, password_wrong, again_wrong }
}

/// `POST /esci`.
pub(super) async fn leave(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    desk.clerk.end_session(&visitor.session, &visitor.account.name, desk.clock.wall()).await?;
    desk.watchers.cut(|session, _| session == visitor.session);
    let forget = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    // What was typed in other tabs of this browser, too.
    let clear = (header::HeaderName::from_static("clear-site-data"), "\"storage\"".to_owned());
    let headers = AppendHeaders([(header::SET_COOKIE, forget), clear]);
    Ok((headers, Redirect::to("/entra")).into_response())
}

fn code(
    visitor: &Visitor,
    enrolling: Option<&SecondFactor>,
    then: &str,
    problem: Option<String>,
) -> Code {
    let name = &visitor.account.name;
    Code {
        title: "Codice di conferma",
        csrf: visitor.csrf.clone(),
        then: then.to_owned(),
        problem,
        enrolling: enrolling.map(|secret| {
            let groups = secret.base32().as_bytes().chunks(4);
            let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
            (secret.picture(name).unwrap_or_default(), groups.join(" "))
        }),
    }
}

/// Only a page of ours is gone on to.
fn within(wanted: &str) -> &str {
    let ours = wanted.starts_with('/') && !wanted.starts_with("//");
    let plain =
        wanted.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_'));
    if ours && plain { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (wanted, there) in [
            ("/schede/polaris-br4/2026-0417", "/schede/polaris-br4/2026-0417"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a?poi=/b", "/"),
            ("", "/"),
        ] {
            assert_eq!(within(wanted), there);
        }
    }
}
