//! What the OpenAPI document says of a route: its headers, its query, its body member by member.

use std::sync::LazyLock;

use gongkai::api::http::route::Route;
use gongkai::api::routes;
use serde_json::Value;

use crate::support::schemas::faults;
use crate::support::service::Reply;

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

/// The document, made once.
pub fn document() -> &'static Document {
    static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::new);
    &DOCUMENT
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

    /// The whole of it.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// Fails when the document does not know of such an answer to such a request.
    #[track_caller]
    pub fn expect(&self, verb: &str, path: &str, reply: &Reply) {
        let path = path.split('?').next().unwrap();
        let Some(route) = route_of(verb, path) else { return };
        let shown: String = reply.text.chars().take(300).collect();
        let answers = &self.operation(route).value["responses"];
        let answer = self.behind(&answers[reply.status.to_string()]);
        assert!(answer.is_object(), "{verb} {path}: {} is not in the document: {shown}", reply.status);
        let kind = reply.header("content-type").split(';').next().unwrap();
        if reply.text.is_empty() {
            return; // 204, 304
        }
        let content = &answer["content"][kind];
        assert!(content.is_object(), "{verb} {path}: {} as {kind} is not in the document", reply.status);
        if kind.ends_with("json") && content["schema"].is_object() {
            let faults = faults(&self.0, &content["schema"], &reply.json);
            assert!(
                faults.is_empty(),
                "{verb} {path}: {} is not as the document says: {faults:?}: {shown}",
                reply.status
            );
        }
    }

    fn behind<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value["$ref"].as_str();
        reference.map_or(value, |reference| self.0.pointer(reference.trim_start_matches('#')).unwrap())
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

    /// The examples of its body.
    pub fn examples(&self) -> Vec<&Value> {
        let examples = self.value["requestBody"]["content"]["application/json"]["examples"].as_object();
        examples.into_iter().flatten().map(|(_, example)| &example["value"]).collect()
    }

    /// The schema of its body.
    pub fn body(&self) -> Option<&Value> {
        let schema = &self.value["requestBody"]["content"]["application/json"]["schema"];
        schema.is_object().then(|| self.resolved(schema))
    }

    /// The texts of the body that have a longest length, with it.
    pub fn longest_texts(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        self.collect_longest(self.body().unwrap(), "", &mut found);
        found
    }

    fn collect_longest(&self, schema: &Value, pointer: &str, found: &mut Vec<(String, usize)>) {
        let schema = self.resolved(schema);
        if let Some(most) = schema["maxLength"].as_u64() {
            found.push((pointer.to_owned(), usize::try_from(most).unwrap()));
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if name != "settings" {
                self.collect_longest(member, &format!("{pointer}/{name}"), found);
            }
        }
        if schema["items"].is_object() {
            self.collect_longest(&schema["items"], &format!("{pointer}/0"), found);
        }
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
        if pointer.ends_with("/settings") {
            return; // what settings may say has a test of its own
        }
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
        ([], _) if schema["oneOf"].is_array() => Kind::Object,
        _ => panic!("a schema these tests do not know: {schema}"),
    }
}

/// The route a request goes to: of several templates the one with the fewest parameters.
fn route_of(verb: &str, path: &str) -> Option<&'static Route> {
    let segments: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        let fits = |(part, segment): (&&str, &&str)| match part.split_once('{') {
            None => part == segment,
            Some((before, rest)) => {
                let after = rest.split_once('}').unwrap().1;
                segment.len() > before.len() + after.len() && segment.starts_with(before) && segment.ends_with(after)
            }
        };
        parts.len() == segments.len() && parts.iter().zip(&segments).all(fits)
    };
    let found = routes::all().filter(|route| fits(route.path));
    let best = found.min_by_key(|route| route.path.matches('{').count())?;
    // Another method of the same address is answered 405.
    routes::all().find(|route| route.path == best.path && route.verb.name() == verb)
}

/// Everything in the document with the pointer at which it stands.
fn everything<'a>(value: &'a Value, at: &str, found: &mut Vec<(String, &'a Value)>) {
    found.push((at.to_owned(), value));
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| everything(item, &format!("{at}/{index}"), found));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, item)| everything(item, &format!("{at}/{name}"), found))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_every_answer_its_description() {
    let mut seen = std::collections::BTreeSet::new();
    for route in routes::all() {
        let operation = document().operation(route);
        let id = operation.value["operationId"].as_str().unwrap();
        assert!(seen.insert(id.to_owned()), "{id} twice");
        for (status, answer) in operation.value["responses"].as_object().unwrap() {
            assert!(status.parse::<u16>().is_ok(), "{id}: {status} is no status");
            let described = document().behind(answer);
            assert!(described["description"].as_str().is_some_and(|text| !text.is_empty()), "{id} {status}");
        }
        for refusal in ["400", "500", "503"] {
            assert!(operation.value["responses"][refusal].is_object(), "{id} {refusal}");
        }
    }
}

#[test]
fn no_vocabulary_is_published_under_names_of_the_program() {
    let mut vocabularies = 0;
    let mut all = Vec::new();
    everything(document().json(), "", &mut all);
    for (at, value) in all {
        let Some(codes) = value["enum"].as_array() else { continue };
        vocabularies += 1;
        for code in codes.iter().filter_map(Value::as_str) {
            assert!(!code.contains(char::is_uppercase), "{at}: {code}");
        }
        if let Some(labels) = value["x-labels"].as_object() {
            let listed = value["description"].as_str().unwrap();
            assert_eq!(labels.len(), codes.len(), "{at}");
            for code in codes.iter().map(|code| code.as_str().unwrap()) {
                assert!(listed.contains(&format!("`{code}` {}", labels[code].as_str().unwrap())), "{at}: {code}");
            }
        }
    }
    assert!(vocabularies >= 30, "{vocabularies}");
}

/// A vocabulary publishes the codes that it reads, and reads no name of the program.
fn publishes_what_it_reads<
    T: utoipa::PartialSchema + serde::de::DeserializeOwned + serde::Serialize + std::fmt::Debug,
>() {
    let schema = serde_json::to_value(T::schema()).unwrap();
    let codes = schema["enum"].as_array().unwrap();
    assert!(codes.len() >= 2, "{schema}");
    for code in codes {
        let read: T = serde_json::from_value(code.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), *code);
        let name = Value::from(format!("{read:?}"));
        assert!(serde_json::from_value::<T>(name.clone()).is_err(), "{name} is read");
    }
}

#[test]
fn a_vocabulary_publishes_the_codes_that_it_reads() {
    use gongkai::{case, law};
    publishes_what_it_reads::<case::ApplicantKind>();
    publishes_what_it_reads::<case::ContactResult>();
    publishes_what_it_reads::<case::DeliveryForm>();
    publishes_what_it_reads::<case::DeliveryWay>();
    publishes_what_it_reads::<case::FeeBasis>();
    publishes_what_it_reads::<case::IdentityKind>();
    publishes_what_it_reads::<case::LinkRelation>();
    publishes_what_it_reads::<case::Notice>();
    publishes_what_it_reads::<case::Opinion>();
    publishes_what_it_reads::<case::OrderAct>();
    publishes_what_it_reads::<case::OrderStatus>();
    publishes_what_it_reads::<case::RemedyKind>();
    publishes_what_it_reads::<case::RemedyResult>();
    publishes_what_it_reads::<case::ReviewKind>();
    publishes_what_it_reads::<case::ServiceResult>();
    publishes_what_it_reads::<case::Stage>();
    publishes_what_it_reads::<case::Standing>();
    publishes_what_it_reads::<case::Role>();
    publishes_what_it_reads::<law::Channel>();
    publishes_what_it_reads::<law::ConsultationKind>();
    publishes_what_it_reads::<law::Outcome>();
    publishes_what_it_reads::<law::ServiceMethod>();
}

/// The names under which the types of a source file are published.
fn published(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("ToSchema)]") {
        let rest = source[at..].lines().skip(1);
        let head: Vec<&str> = rest.take_while(|line| line.trim().starts_with("#[")).collect();
        let item = source[at..].lines().nth(head.len() + 1).unwrap_or_default();
        let renamed = head.iter().find_map(|line| line.split_once("schema(as = ")?.1.split([')', ',']).next());
        let mut words = item.split_whitespace().skip_while(|word| !matches!(*word, "struct" | "enum")).skip(1);
        let name = words.next().unwrap_or_default().split(['<', '(', ';']).next().unwrap();
        if !name.is_empty() && !name.starts_with('$') {
            found.push(renamed.unwrap_or(name).to_owned());
        }
    }
    found
}

#[test]
fn no_two_types_are_published_under_one_name() {
    let mut names = std::collections::BTreeMap::<String, Vec<String>>::new();
    let mut open = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                for name in published(&std::fs::read_to_string(&entry).unwrap()) {
                    names.entry(name).or_default().push(entry.display().to_string());
                }
            }
        }
    }
    assert!(names.len() >= 150, "{}", names.len());
    names.retain(|_, places| places.len() > 1);
    assert!(names.is_empty(), "{names:#?}");
}
