//! Ways to spoil a request: what is sent in place of each kind of member, and what must come back.

use serde_json::{Value, json};

use crate::support::openapi::{Kind, Member};
use crate::support::service::Reply;

/// Stands in every bad value that has room for it: no answer may repeat it.
pub const MARK: &str = "zzqx";

/// Text that a careless program runs, shows or mangles, within the shortest line there is. A clerk may well have to type
/// such a thing in.
pub const RARE: &str = "zzqx';DROP TABLE cases;--<script>alert(1)</script>𠮷😀é%_\\\"{0}";

/// How an answer to a spoilt request may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Refused, whatever the member.
    Refused,
    /// Refused, or taken as it is: then it must be there to be read, letter by letter.
    Kept,
    /// Refused or taken: the value is within what the kind allows.
    Either,
}

/// A value in place of a member.
#[derive(Debug, Clone)]
pub struct Probe {
    pub value: Value,
    pub expect: Expect,
}

fn refused(value: Value) -> Probe {
    Probe { value, expect: Expect::Refused }
}

fn either(value: Value) -> Probe {
    Probe { value, expect: Expect::Either }
}

/// Everything that is tried in place of a member, the refused ones first.
pub fn probes(member: &Member, good: &Value) -> Vec<Probe> {
    let mut found = Vec::new();
    let others = [json!(MARK), json!(7), json!(true), json!([]), json!([[MARK]]), json!({ MARK: { MARK: [1, {}] } })];
    let is_other = |value: &&Value| match member.kind {
        Kind::Text | Kind::Day | Kind::Id | Kind::Choice => !value.is_string(),
        Kind::Number => !value.is_number(),
        Kind::Flag => !value.is_boolean(),
        Kind::Array => !value.is_array(),
        Kind::Object | Kind::Open => true,
    };
    found.extend(others.iter().filter(is_other).cloned().map(refused));
    match member.kind {
        Kind::Text => {
            found.extend(
                ["a\u{7}b", "\u{0}", "x\u{1b}[31m", "1\u{8}\u{8}"].map(|text| refused(json!(format!("{MARK}{text}")))),
            );
            found.push(refused(json!(format!("{MARK}{}", "长".repeat(20_000)))));
            found.push(either(json!("")));
            found.push(either(json!(" \u{3000}\t")));
            found.push(Probe { value: json!(RARE), expect: Expect::Kept });
        }
        Kind::Day => {
            let impossible = [
                MARK,
                "",
                "2024-02-30",
                "2023-02-29",
                "2024-13-01",
                "0000-01-01",
                "-0001-01-01",
                "-262143-01-01",
                "+262142-12-31",
                "+12024-03-20",
                "9999-12-31",
                "2024-03-20T00:00:00Z",
                "20240320",
                "2024年3月20日",
                "1999-01-01",
                "2008-04-30",
            ];
            // A paper of the process and a publication may be older than the Regulations.
            let may_be_old = member.pointer.starts_with("/process/") || member.pointer.starts_with("/publication/");
            let is_old = |day: &str| may_be_old && matches!(day, "1999-01-01" | "2008-04-30");
            found.extend(impossible.map(|day| if is_old(day) { either(json!(day)) } else { refused(json!(day)) }));
            // The last day of a delay, and the day to answer, lie ahead by their nature.
            let lies_ahead = member.pointer.ends_with("/until")
                || member.pointer.ends_with("/due_on")
                || member.pointer == "/absence/from";
            let expect = if lies_ahead { Expect::Either } else { Expect::Refused };
            found.extend(["2024-04-16", "2027-01-01"].map(|day| Probe { value: json!(day), expect }));
        }
        Kind::Id => {
            let nobody = ["", MARK, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
            found.extend(nobody.map(|id| refused(json!(id))));
            found.push(refused(json!(format!("{}{MARK}", good.as_str().unwrap()))));
        }
        Kind::Choice => {
            let upper = good.as_str().unwrap().to_uppercase();
            found.extend(["", MARK, RARE, &upper].map(|code| refused(json!(code))));
            found.push(refused(json!({ good.as_str().unwrap(): null })));
        }
        Kind::Number => {
            found.extend(
                [json!("7"), json!(1.5), json!(-1), json!(1e30), json!(-9_223_372_036_854_775_808_i64)].map(refused),
            );
            found.extend([0, 65_535, 65_536, 4_294_967_295_u64, u64::MAX].map(|number| either(json!(number))));
        }
        Kind::Flag => found.extend(["true", ""].map(|text| refused(json!(text)))),
        Kind::Array => {
            found.push(refused(json!([null])));
            found.push(refused(json!([[[MARK]]])));
            found.push(either(json!([])));
        }
        Kind::Open => found.push(either(json!({}))),
        Kind::Object => {
            // An object as the list of its values: what serde takes for a struct unless it is told not to.
            found.push(refused(Value::Array(good.as_object().unwrap().values().cloned().collect())));
            found.push(either(json!({})));
            let mut more = good.clone();
            more[format!("{MARK}_unknown")] = json!(1);
            found.push(Probe { value: more, expect: Expect::Refused });
        }
    }
    let null = json!(null);
    if member.pointer.is_empty() || !member.is_optional {
        found.insert(0, refused(null));
    } else {
        found.push(either(null));
    }
    found.sort_by_key(|probe| probe.expect != Expect::Refused);
    found
}

/// Bodies that are no body for anything; `good` is one that is.
pub fn broken(good: &str) -> Vec<Vec<u8>> {
    let name = good.split('"').nth(1).unwrap();
    let twice = format!("{{\"{name}\":null,{}", &good[1..]);
    let texts = [
        "",
        " ",
        "{",
        "}",
        "[",
        "nul",
        "\"",
        "{]",
        "{\"a\":}",
        "{'a':1}",
        "// x",
        "NaN",
        "7",
        "-0",
        "\"zzqx\"",
        "true",
        "[{}]",
        "[1,2,3]",
        "\u{feff}{}",
        "{\"zzqx\":1e999}",
        "{\"zzqx\":\"\\ud800\"}",
    ];
    let mut found: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    found.extend(
        [twice, format!("{good}{good}"), format!("{good} zzqx"), good[..good.len() - 1].to_owned()]
            .map(String::into_bytes),
    );
    found.push(b"[".repeat(5_000));
    found.push(b"{\"a\":".repeat(5_000));
    found.push(vec![0xff, 0xfe, 0x00]);
    found.push([good.as_bytes(), &[0xc3, 0x28]].concat());
    found
}

/// What is wrong with the answer to a bad request; nothing, when it is a problem as it should be.
pub fn flaw(reply: &Reply) -> Option<String> {
    let text = |name: &str| reply.json[name].as_str().unwrap_or_default().to_owned();
    let code = text("code");
    let short: String = reply.text.chars().take(300).collect();
    if !(400..500).contains(&reply.status) {
        return Some(format!("{} {short}", reply.status));
    }
    let is_problem = reply.header("content-type") == "application/problem+json"
        && reply.json["status"] == reply.status
        && !code.is_empty()
        && text("type") == format!("urn:gongkai:problem:{code}")
        && !text("title").is_empty();
    if !is_problem {
        return Some(format!("no problem: {} {short}", reply.status));
    }
    // The name of an unknown member is told, its value never.
    let told = reply.text.replace(&format!("/{MARK}"), "").replace(&format!("?{MARK}"), "");
    told.contains(MARK).then(|| format!("repeats what was sent: {short}"))
}
