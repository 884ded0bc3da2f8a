//! Strict JSON: an object for a struct, a bare word for a unit variant, each member once.
//!
//! serde's derive also accepts the list of a struct's values for the struct, and `{"clerk": null}` for `"clerk"`. A
//! client that sends such a value by mistake must get an error, not a guess.

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Error, Map, Value};

/// Error text for a member that occurs twice.
pub(in crate::api) const TWICE: &str = "a member is named twice";

/// A document in which no object has a member twice.
pub(in crate::api) struct Unique(pub Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        let mut found = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            found.push(item);
        }
        Ok(Unique(Value::Array(found)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut found = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Unique(value) = members.next_value()?;
            if found.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Unique(Value::Object(found)))
    }
}

/// Deserialises a type from a document, strictly.
#[derive(Clone, Copy)]
pub(in crate::api) struct Strict<'a>(pub &'a Value);

macro_rules! as_it_is {
    ($($name:ident)*) => { $(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> { self.0.$name(visitor) }
    )* };
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Error;

    as_it_is! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier
        deserialize_ignored_any
    }

    forward_to_deserialize_any! { seq tuple tuple_struct map unit_struct }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Strict));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(members) => {
                let mut members =
                    MapDeserializer::new(members.iter().map(|(name, value)| (name.as_str(), Strict(value))));
                let value = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(value)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.0.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.is_object() { self.deserialize_any(visitor) } else { Err(Error::custom("not an object")) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(StrDeserializer::new(word)),
            Value::Object(members) => match members.iter().next() {
                Some((name, value)) if members.len() == 1 => visitor.visit_enum(Choice { name, value: Strict(value) }),
                Some(_) | None => Err(Error::custom("not one choice")),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(Error::custom("not a choice")),
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// An enum variant with content: `{"days": 15}`.
struct Choice<'a> {
    name: &'a str,
    value: Strict<'a>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Error;
    type Variant = Strict<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Strict<'de>), Error> {
        Ok((seed.deserialize(StrDeserializer::<Error>::new(self.name))?, self.value))
    }
}

impl<'de> VariantAccess<'de> for Strict<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(Error::custom("a bare word is expected"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Period {
        Open,
        Days(u32),
        Span { from: u32 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        period: Period,
        #[serde(default)]
        items: Vec<Option<String>>,
    }

    fn read(value: &Value) -> Result<Outer, Error> {
        Outer::deserialize(Strict(value))
    }

    #[test]
    fn what_is_written_as_it_should_be_is_read() {
        let some = vec![Some("甲".to_owned()), None];
        let read = |value: Value| read(&value).unwrap();
        assert_eq!(read(json!({"period": "open", "items": ["甲", null]})), Outer { period: Period::Open, items: some });
        assert_eq!(read(json!({"period": {"days": 15}})).period, Period::Days(15));
        assert_eq!(read(json!({"period": {"span": {"from": 1}}})).period, Period::Span { from: 1 });
    }

    #[test]
    fn a_list_for_an_object_and_an_object_for_a_word_are_refused() {
        for value in [
            json!(["open", []]),
            json!({"period": {"open": null}}),
            json!({"period": {"days": 1, "span": {"from": 1}}}),
            json!({"period": {"span": [1]}}),
            json!({"period": ["open"]}),
            json!({"period": "days"}),
            json!({"period": "open", "other": 1}),
        ] {
            assert!(read(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_member_named_twice_is_refused_at_any_depth() {
        let read = |text: &str| serde_json::from_str::<Unique>(text).map(|Unique(value)| value);
        assert_eq!(
            read(r#"{"a":{"b":[1,-2,0.5,true,null,"x"]}}"#).unwrap(),
            json!({"a":{"b":[1,-2,0.5,true,null,"x"]}})
        );
        assert!(read(r#"{"a":1,"a":1}"#).is_err());
        assert!(read(r#"{"a":[{"b":1,"b":null}]}"#).is_err());
    }
}
