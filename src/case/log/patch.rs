//! JSON merge patches (RFC 7386) over stored payloads: what an amendment says of an event.

use super::{Unread, decode, encode};
use crate::case::event::Event;
use serde_json::{Map, Value};

/// The event that a patch over its stored payload makes of `event`. Its kind stays the same.
///
/// # Errors
/// [`Unread::Malformed`] if what results is no event of that kind.
pub fn patched(event: &Event, patch: &Value) -> Result<Event, Unread> {
    let mut value = value_of(event)?;
    merge(&mut value, patch);
    decode(event.kind(), &value.to_string())
}

/// The patch that makes `to` of `from`: `None` if they are equal, or if no patch does, because they are of two kinds.
#[must_use]
pub fn difference(from: &Event, to: &Event) -> Option<Value> {
    let patch = between(&value_of(from).ok()?, &value_of(to).ok()?)?;
    patched(from, &patch).is_ok_and(|found| found == *to).then_some(patch)
}

/// Applies a merge patch.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// The smallest patch from one value to another. A member that is null counts as absent, as in the payloads.
fn between(from: &Value, to: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (from, to) else {
        return (from != to).then(|| to.clone());
    };
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        let change = match old.get(name) {
            Some(before) => between(before, value),
            None => Some(value.clone()),
        };
        patch.extend(change.map(|change| (name.clone(), change)));
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

fn value_of(event: &Event) -> Result<Value, Unread> {
    let written = encode(event).map_err(|error| Unread::Malformed(error.to_string()))?;
    serde_json::from_str(&written).map_err(|error| Unread::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{between, merge};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn a_merge_patch_does_what_rfc_7386_says() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut value = target.clone();
            merge(&mut value, &patch);
            assert_eq!(value, result, "{target} {patch}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::from), (0..3).prop_map(Value::from), Just(json!("x"))];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[ab]", inner, 0..3).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_patch_between_two_objects_makes_one_of_the_other(
            from in prop::collection::btree_map("[abc]", values(), 0..4),
            to in prop::collection::btree_map("[abc]", values(), 0..4),
        ) {
            let (from, to) = (Value::from_iter(from), Value::from_iter(to));
            let mut value = from.clone();
            match between(&from, &to) {
                Some(patch) => merge(&mut value, &patch),
                None => prop_assert_eq!(&from, &to),
            }
            prop_assert_eq!(value, to);
        }
    }
}
