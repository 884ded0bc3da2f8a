//! What the OpenAPI document says of a route: its headers, its query, its body member by member.

use gongkai::api::routes::Route;
use serde_json::Value;

/// The document the service serves.
pub struct Document(Value);

/// What a member of a body may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Text,
    Day,
    Id,
    /// One of a list of codes.
    Choice,
    Number,
    Flag,
    Array,
    Object,
    /// An object that may have any member: its document says so.
    Open,
}

/// A member of a body.
#[derive(Debug, Clone)]
pub struct Member {
    pub pointer: String,
    pub kind: Kind,
    /// May be null or missing.
    pub is_optional: bool,
}

/// A query parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub is_required: bool,
}

/// One operation of the document.
pub struct Operation<'a> {
    document: &'a Value,
    value: &'a Value,
}

impl Document {
    /// Made of the code, as `gongkai openapi` prints it.
    pub fn new() -> Self {
        Self(serde_json::to_value(gongkai::api::openapi::document()).unwrap())
    }

    /// The operation of a route; every route has one.
    #[track_caller]
    pub fn operation(&self, route: &Route) -> Operation<'_> {
        let value = &self.0["paths"][route.path][route.verb.name().to_lowercase()];
        assert!(value.is_object(), "{route:?} is not in the document");
        Operation { document: &self.0, value }
    }
}

impl Operation<'_> {
    fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.value["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(|parameter| parameter["in"] == place).collect()
    }

    /// The headers it wants besides the token.
    pub fn header_names(&self) -> Vec<&str> {
        self.parameters("header").into_iter().map(|parameter| parameter["name"].as_str().unwrap()).collect()
    }

    /// Its query parameters.
    pub fn query(&self) -> Vec<Parameter> {
        let read = |parameter: &Value| Parameter {
            name: parameter["name"].as_str().unwrap().to_owned(),
            kind: kind(self.resolved(&parameter["schema"])),
            is_required: parameter["required"] == true,
        };
        self.parameters("query").into_iter().map(read).collect()
    }

    /// The schema of its body.
    pub fn body(&self) -> Option<&Value> {
        let schema = &self.value["requestBody"]["content"]["application/json"]["schema"];
        schema.is_object().then(|| self.resolved(schema))
    }

    /// Every member of the body, the whole body first; of an array the first entry stands for all.
    pub fn members(&self) -> Vec<Member> {
        let mut found = Vec::new();
        self.collect(self.body().unwrap(), "", true, &mut found);
        found
    }

    fn collect(&self, schema: &Value, pointer: &str, is_required: bool, found: &mut Vec<Member>) {
        let is_nullable = schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == "null"))
            || schema["oneOf"].as_array().is_some_and(|some| some.iter().any(|one| one["type"] == "null"));
        let schema = self.resolved(schema);
        let kind = kind(schema);
        found.push(Member { pointer: pointer.to_owned(), kind, is_optional: is_nullable || !is_required });
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
            self.collect(member, &format!("{pointer}/{name}"), required, found);
        }
        if schema["items"].is_object() {
            self.collect(&schema["items"], &format!("{pointer}/0"), true, found);
        }
    }

    /// The schema itself, behind references and "or null".
    fn resolved<'b>(&'b self, schema: &'b Value) -> &'b Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.resolved(self.document.pointer(reference.trim_start_matches('#')).unwrap());
        }
        let choices = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        match choices.iter().filter(|one| one["type"] != "null").collect::<Vec<_>>()[..] {
            [only] => self.resolved(only),
            _ => schema,
        }
    }
}

fn kind(schema: &Value) -> Kind {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
        _ => Vec::new(),
    };
    match (types.as_slice(), schema["format"].as_str()) {
        (["string"], Some("date")) => Kind::Day,
        (["string"], Some("uuid")) => Kind::Id,
        (["string"], _) if schema["enum"].is_array() => Kind::Choice,
        (["string"], None) => Kind::Text,
        (["integer"], _) => Kind::Number,
        (["boolean"], _) => Kind::Flag,
        (["array"], _) => Kind::Array,
        (["object"], _) if schema["additionalProperties"].is_object() => Kind::Open,
        (["object"], _) => Kind::Object,
        _ => panic!("a schema these tests do not know: {schema}"),
    }
}
