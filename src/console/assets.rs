//! Style sheet, scripts and mark: in the program, from nowhere else.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// `GET /statico/FILE`.
pub(super) async fn show(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "copies.js" => ("text/javascript; charset=utf-8", include_str!("pages/copies.js")),
        "polaris.css" => ("text/css; charset=utf-8", include_str!("pages/polaris.css")),
        "polaris.js" => ("text/javascript; charset=utf-8", include_str!("pages/polaris.js")),
        "polaris.svg" => ("image/svg+xml", include_str!("pages/polaris.svg")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
