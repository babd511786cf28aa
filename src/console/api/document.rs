//! The description of the API, generated from its code (`OpenAPI` 3.1).

use axum::response::Response;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{Problem, json};

/// What the API is, for programs and for those who write them.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "POLARIS",
        description = "The telephone line of a Pronto Intervento Sociale, for other programs. \
                       Instants are RFC 3339 with an offset. Sentences are in Italian. 120 \
                       questions a minute for each token.",
    ),
    paths(
        super::calls::list,
        super::cases::list,
        super::cases::one,
        super::coverage::ahead,
        show,
        super::roster::export,
        super::roster::import,
        super::roster::on_call,
    ),
    modifiers(&Bearer),
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("polaris token add NAME --scope SCOPE"))
            .build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The description of the API.
pub fn document() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// This description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "describe",
    tag = "api",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
)]
pub(super) async fn show() -> Result<Response, Problem> {
    json(&document())
}
