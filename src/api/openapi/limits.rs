//! Writes the limits that [`texts`](super::super::texts) enforces into the schemas of the request bodies.

use crate::api::http::body::FILE;
use crate::api::http::texts;
use std::collections::BTreeSet;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Schema, SchemaType};
use utoipa::openapi::{Components, Object, RefOr, Type};

/// Collects the names of the schemas that the request body of the operation consists of.
pub(super) fn parts_of(operation: &Operation, components: &Components, found: &mut BTreeSet<String>) {
    let Some(RefOr::T(body)) = &operation.request_body else { return };
    for content in body.content.values() {
        if let RefOr::T(content) = content
            && let Some(schema) = &content.schema
        {
            collect(schema, components, found);
        }
    }
}

fn collect(schema: &RefOr<Schema>, components: &Components, found: &mut BTreeSet<String>) {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            if let Some(named) = components.schemas.get(name)
                && found.insert(name.to_owned())
            {
                collect(named, components, found);
            }
        }
        RefOr::T(schema) => inner(schema).into_iter().for_each(|inner| collect(inner, components, found)),
    }
}

/// The schemas directly in a schema.
fn inner(schema: &Schema) -> Vec<&RefOr<Schema>> {
    match schema {
        Schema::Object(object) => {
            let open = object.additional_properties.as_deref().and_then(|additional| match additional {
                AdditionalProperties::RefOr(schema) => Some(schema),
                AdditionalProperties::FreeForm(_) => None,
            });
            object.properties.values().chain(open).collect()
        }
        Schema::Array(array) => match &array.items {
            ArrayItems::RefOrSchema(items) => vec![items],
            ArrayItems::False => Vec::new(),
        },
        Schema::OneOf(one) => one.items.iter().collect(),
        Schema::AllOf(all) => all.items.iter().collect(),
        Schema::AnyOf(any) => any.items.iter().collect(),
        _ => Vec::new(),
    }
}

/// Writes the limits of texts into a schema. `name` is the member that holds it.
pub(super) fn bound(schema: &mut RefOr<Schema>, name: &str) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            if is_text(object) && name != FILE {
                object.max_length.get_or_insert_with(|| texts::longest(name));
                object.pattern.get_or_insert_with(|| texts::pattern_of_member(name).to_owned());
            }
            for (name, member) in &mut object.properties {
                bound(member, name);
            }
            if let Some(AdditionalProperties::RefOr(open)) = object.additional_properties.as_deref_mut() {
                bound(open, name);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound(items, name);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|item| bound(item, name)),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|item| bound(item, name)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|item| bound(item, name)),
        _ => {}
    }
}

/// Whether the schema is free text: not an enum, and without a format such as a date or an id.
fn is_text(object: &Object) -> bool {
    let types = match &object.schema_type {
        SchemaType::Type(one) => std::slice::from_ref(one),
        SchemaType::Array(some) => some.as_slice(),
        SchemaType::AnyValue => &[],
    };
    types.contains(&Type::String) && object.enum_values.is_none() && object.format.is_none()
}
