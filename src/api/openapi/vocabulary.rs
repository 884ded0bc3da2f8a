//! Labels for the vocabularies whose schemas are derived. The `words!` macro writes those of its own.

use crate::case::{CommandKind, ObligationKind, Role};
use crate::law::{Channel, ConsultationKind, Outcome, ServiceMethod, described, labels};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, RefOr};

/// Code and label.
type Word = (&'static str, &'static str);

/// Code and label of every variant of an enum.
macro_rules! words_of {
    ($kind:ident) => {
        (stringify!($kind), $kind::ALL.iter().map(|word| (word.code(), word.label())).collect())
    };
}

fn vocabularies() -> Vec<(&'static str, Vec<Word>)> {
    vec![
        words_of!(Channel),
        words_of!(CommandKind),
        words_of!(ConsultationKind),
        words_of!(ObligationKind),
        words_of!(Role),
        words_of!(ServiceMethod),
        ("Outcome", Outcome::all().map(|outcome| (outcome.code(), outcome.label())).collect()),
    ]
}

/// Adds the labels to the schemas.
pub(super) fn label(components: &mut Components) {
    for (name, words) in vocabularies() {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(name) {
            let about = object.description.take().unwrap_or_default();
            object.description = Some(described(&about, &words));
            object.extensions = Some(labels(&words));
        }
    }
}
