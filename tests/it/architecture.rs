//! The house as design.md draws it: dependencies run one way, the law and the case know no outside world, and SQL stays
//! in one room.

use std::path::{Path, PathBuf};

/// What a room may not name: other rooms above it, and crates or calls that are not its business.
struct Rule {
    room: &'static str,
    rooms: &'static [&'static str],
    words: &'static [&'static str],
}

const PURE: &[&str] = &[
    "diesel",
    "actix_web",
    "actix_web_prom",
    "lettre",
    "r2d2",
    "tokio",
    "reqwest",
    "ureq",
    "Utc::now",
    "Local::now",
    "Instant::now",
    "SystemTime",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "tracing::",
    "println!",
    "eprintln!",
    "rand::",
    "now_v7",
    "new_v4",
];
const NO_SQL: &[&str] = &["diesel", "r2d2", "sql_query", "store::schema", "store::db::"];

const RULES: [Rule; 7] = [
    Rule { room: "law", rooms: &["case", "store", "mail", "office", "api", "cli", "config"], words: PURE },
    Rule { room: "case", rooms: &["store", "mail", "office", "api", "cli", "config"], words: PURE },
    Rule { room: "store", rooms: &["mail", "office", "api", "cli", "config"], words: &["actix_web", "lettre", "clap"] },
    Rule { room: "mail", rooms: &["office", "api", "cli"], words: &["actix_web", "diesel", "r2d2", "sql_query"] },
    Rule {
        room: "office",
        rooms: &["api", "cli"],
        words: &["actix_web", "lettre", "r2d2", "sql_query", "diesel::sql"],
    },
    Rule { room: "api", rooms: &["cli"], words: NO_SQL },
    Rule { room: "cli", rooms: &[], words: NO_SQL },
];

/// What in a file breaks the rule of its room. Comments, and what follows the first `#[cfg(test)]`, are not looked at.
fn violations(rule: &Rule, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, code) in statements(source) {
        let code = spread_groups(&code);
        let paths = used_rooms(&code);
        let rooms = rule.rooms.iter().filter(|room| paths.iter().any(|path| path == *room)).map(ToString::to_string);
        let words = rule.words.iter().filter(|word| names(&code, word)).map(ToString::to_string);
        found.extend(rooms.chain(words).map(|what| format!("line {line}: {what}: {code}")));
    }
    found
}

/// The lines of code with their numbers; a `use` that was broken into several lines is one.
fn statements(source: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut in_use = false;
    for (at, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default().trim();
        if code.starts_with("#[cfg(test)]") {
            break;
        }
        match lines.last_mut().filter(|_| in_use) {
            Some((_, whole)) => whole.push_str(code),
            None => lines.push((at + 1, code.to_owned())),
        }
        in_use = (in_use || code.starts_with("use ") || code.starts_with("pub use ")) && !code.contains(';');
    }
    lines
}

/// `std::{fs, io::Read}` followed by what it stands for: `std::fs std::io::Read`.
fn spread_groups(code: &str) -> String {
    let mut spread = code.to_owned();
    for (start, _) in code.match_indices("::{") {
        let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
        let prefix = code[..start].rsplit(|letter| !is_path(letter)).next().unwrap_or_default();
        for item in code[start + 3..].split(['{', '}', ',', ';']) {
            spread.push_str(&format!(" {prefix}::{}", item.trim()));
        }
    }
    spread
}

/// The rooms a line names: `office` of `crate::office::x`, `gongkai::office` or `super::super::office`.
fn used_rooms(code: &str) -> Vec<String> {
    let after = |prefix: &str| code.match_indices(prefix).map(|(at, it)| first_word(&code[at + it.len()..])).collect();
    let found: [Vec<String>; 3] = ["crate::", "gongkai::", "super::super::"].map(after);
    found.concat()
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Whether `word` stands in the line as a name of its own.
fn names(code: &str, word: &str) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    code.match_indices(word).any(|(start, found)| {
        let end = &code[start + found.len()..];
        let open_ended = !word.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        !is_part(code[..start].chars().next_back()) && (open_ended || !is_part(end.chars().next()))
    })
}

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn dependencies_run_one_way_and_the_law_and_the_case_are_pure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for rule in &RULES {
        let files = sources(&root.join(rule.room));
        assert!(!files.is_empty(), "there is no room {}", rule.room);
        for file in files {
            let source = std::fs::read_to_string(&file).unwrap();
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            found.extend(violations(rule, &source).into_iter().map(|what| format!("{name} {what}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_room_has_a_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let room = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(RULES.iter().any(|rule| rule.room == room), "no rule says what {room} may name");
        }
    }
}

#[test]
fn a_planted_line_is_found() {
    let rule = |room: &str| RULES.iter().find(|rule| rule.room == room).unwrap();
    for (room, line) in [
        ("law", "use crate::case::Stage;"),
        ("law", "use crate::{law::Day, store::Store};"),
        ("law", "    let today = chrono::Local::now();"),
        ("law", "let x = std::env::var(\"X\");"),
        ("case", "use diesel::prelude::*;"),
        ("case", "use super::super::office;"),
        ("case", "fn f() { let id = Uuid::now_v7(); }"),
        ("case", "use std::{fs, io};"),
        ("case", "use crate::{\n    law::Day,\n    store::Store,\n};"),
        ("store", "use crate::office::execute;"),
        ("mail", "pub use crate::api::Problem;"),
        ("office", "fn f() -> actix_web::HttpResponse {}"),
        ("api", "diesel::sql_query(\"SELECT 1\")"),
        ("cli", "use gongkai::store::schema::cases; // crate::store::schema"),
    ] {
        assert_ne!(violations(rule(room), line), Vec::<String>::new(), "{room}: {line}");
    }
    for (room, line) in [
        ("law", "// crate::store does this"),
        ("law", "use crate::law::calendar::Calendar;"),
        ("law", "let store = 1; let diesel_engine = store;"),
        ("case", "use crate::law::outcome;"),
        ("office", "use crate::{case, law, mail, store};"),
        ("api", "use crate::office::Office;"),
    ] {
        assert_eq!(violations(rule(room), line), Vec::<String>::new(), "{room}: {line}");
    }
    let tested = "fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }";
    assert_eq!(violations(rule("law"), tested), Vec::<String>::new());
}
