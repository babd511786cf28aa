//! How the fields of rows are described to other programs (`OpenAPI` 3.1).
//!
//! It shapes nothing: what stands here must be what serde writes, and a test of the API
//! holds the two together.

use serde_json::Value;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::case::{AttemptOutcome, Outcome, Stage};
use crate::words::Category;

/// An identifier.
pub(super) fn uuid() -> Object {
    text().format(Some(custom("uuid"))).build()
}

/// The short name of a service.
pub(crate) fn service() -> Object {
    text().examples(["polaris-br4"]).build()
}

/// The number of a case.
pub(super) fn case_number() -> Object {
    text().pattern(Some(r"^\d{4}-\d{4,}$")).build()
}

/// The number of a case, once it has one.
pub(super) fn maybe_case_number() -> Object {
    maybe_text().pattern(Some(r"^\d{4}-\d{4,}$")).build()
}

/// A telephone number.
pub(crate) fn number() -> Object {
    text().description(Some(NUMBER)).build()
}

/// A telephone number, or none; of a caller: null when hidden.
pub(crate) fn maybe_number() -> Object {
    maybe_text().description(Some(NUMBER)).build()
}

/// Telephone numbers.
pub(crate) fn numbers() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(number())
}

/// Why a number is not there, where it is neither known nor hidden; else this is not there.
pub(super) fn number_state() -> Object {
    text().enum_values(Some(["expired", "sealed"])).build()
}

/// A civil time with its offset.
pub(crate) fn instant() -> Object {
    text().format(Some(custom("date-time"))).build()
}

/// A civil time with its offset, once it is known.
pub(super) fn maybe_instant() -> Object {
    maybe_text().format(Some(custom("date-time"))).build()
}

/// Who is in need.
pub(super) fn category() -> Object {
    text().enum_values(Some(Category::ALL.map(Category::word))).build()
}

/// How a call ended.
pub(super) fn outcome() -> Object {
    text().enum_values(Some(Outcome::ALL.map(Outcome::word))).build()
}

/// Where a case stands.
pub(super) fn stage() -> Object {
    text().enum_values(Some(Stage::ALL.map(Stage::word))).build()
}

/// How an attempt ended; null while it rings.
pub(super) fn maybe_attempt_outcome() -> Object {
    let words = AttemptOutcome::ALL.map(AttemptOutcome::word).into_iter().map(Value::from);
    maybe_text().enum_values(Some(words.chain([Value::Null]))).build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

fn maybe_text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

fn custom(word: &str) -> utoipa::openapi::SchemaFormat {
    utoipa::openapi::SchemaFormat::Custom(word.to_owned())
}

const NUMBER: &str = "E.164, or masked (+39…01) for a token that may not see it";
