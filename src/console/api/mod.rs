//! What other programs ask for: JSON under `/api/v1`, with a token that has scopes.
//!
//! It decides nothing about who is rung and gives no scheda away: what people write about a
//! case stays between people. Law: **a program sees what the scopes and the services of its
//! token say, and no case is told before the audit log has it.**

#![allow(unused_qualifications, reason = "utoipa qualifies what the handlers import")]

mod asked;
mod calls;
mod cases;
mod coverage;
mod document;
mod duty;
mod problem;
mod program;
mod roster;

use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;

use super::Desk;
pub use document::document;
pub use duty::{CoverageRow, OnCallRow, coverage_rows, equipes, on_call_rows};
pub(super) use problem::Problem;
pub(super) use program::{Rates, admit};

/// Every route of the API and who answers there.
pub(super) fn routes() -> [(&'static str, MethodRouter<Desk>); 8] {
    [
        ("/api/v1/openapi.json", get(document::show)),
        ("/api/v1/calls", get(calls::list)),
        ("/api/v1/cases", get(cases::list)),
        ("/api/v1/cases/{service}/{number}", get(cases::one)),
        ("/api/v1/coverage", get(coverage::ahead)),
        ("/api/v1/roster", post(roster::import).layer(DefaultBodyLimit::max(roster::FILE_MAX))),
        ("/api/v1/roster/on-call", get(roster::on_call)),
        ("/api/v1/roster/{table}", get(roster::export)),
    ]
}

/// Whether a path is a program's: what goes wrong there is told as JSON.
pub(super) fn is_of_programs(path: &str) -> bool {
    path.starts_with("/api/")
}

fn json(value: &impl Serialize) -> Result<Response, Problem> {
    let text = serde_json::to_vec(value).map_err(|_| Problem::unwell())?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], text).into_response())
}
