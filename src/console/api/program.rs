//! Which program asks, and may it?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use super::super::Desk;
use super::Problem;
use crate::access::Scope;
use crate::feed::Token;
use crate::sip::{Bucket, Rate};
use crate::store::{Deed, TokenRow, WriteRecordError};
use crate::words::{Clock as _, Moment};

/// A program that was let in.
#[derive(Debug, Clone)]
pub(super) struct Program(pub(super) TokenRow);

/// How many questions each token has left. It holds no more entries than there are tokens.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Rates(Arc<Mutex<HashMap<i64, Bucket>>>);

impl Rates {
    fn take(&self, token: i64, now: Moment) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.entry(token).or_default().take(now, Rate::per_minute(A_MINUTE))
    }
}

/// Lets a program on whose token has `scope`.
pub(in super::super) async fn admit(
    desk: &Desk,
    mut request: Request,
    next: Next,
    scope: Scope,
) -> Result<Response, Problem> {
    let secret = bearer(request.headers()).ok_or_else(Problem::nobody)?;
    let found = desk.reader.token(&secret.hash(), desk.clock.wall()).await?;
    let token = found.ok_or_else(Problem::nobody)?;
    if !desk.rates.take(token.token, desk.clock.now()) {
        return Err(Problem::hurried());
    }
    if !token.allows(scope) {
        return Err(Problem::scope(scope));
    }
    request.extensions_mut().insert(Program(token));
    Ok(next.run(request).await)
}

impl Program {
    /// Lines in the audit log, under the program's name.
    pub(super) async fn tell(&self, desk: &Desk, deeds: &[Deed]) -> Result<(), WriteRecordError> {
        desk.clerk.note_deeds(&self.0.who(), deeds, desk.clock.wall()).await
    }
}

/// The secret of RFC 6750 §2.1.
fn bearer(headers: &HeaderMap) -> Option<Token> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().parse().ok()).flatten()
}

/// Questions a minute, all of them at once if need be.
const A_MINUTE: u32 = 120;
