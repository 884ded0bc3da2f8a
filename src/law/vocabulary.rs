//! The schema of a vocabulary in the OpenAPI document: the codes of the wire, each with the label that people read.

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{ObjectBuilder, RefOr, Type};

/// A text of one of these codes. `about` says what the vocabulary is of; the labels stand in the description and, for
/// programs, in `x-labels`.
#[must_use]
pub fn vocabulary(about: &str, words: &[(&'static str, &'static str)]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(described(about, words)))
        .enum_values(Some(words.iter().map(|(code, _)| *code)))
        .extensions(Some(labels(words)))
        .into()
}

/// What the vocabulary is of, and its codes with their labels.
#[must_use]
pub fn described(about: &str, words: &[(&'static str, &'static str)]) -> String {
    let listed: Vec<String> = words.iter().map(|(code, label)| format!("- `{code}` {label}")).collect();
    format!("{}\n\n{}", about.trim(), listed.join("\n"))
}

/// The labels by their codes.
#[must_use]
pub fn labels(words: &[(&'static str, &'static str)]) -> Extensions {
    let labels: serde_json::Map<_, _> =
        words.iter().map(|(code, label)| ((*code).to_owned(), (*label).into())).collect();
    Extensions::from_iter([("x-labels", serde_json::Value::Object(labels))])
}
