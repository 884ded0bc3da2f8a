//! The house as docs/architecture.md draws it: dependencies run one way, the law and the case know no outside world, and SQL stays
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
const NO_SQL: &[&str] = &["diesel", "r2d2", "sql_query", "store::database::schema", "store::database::db::"];

const NO_SQL_NO_TRANSACTION: &[&str] = &[
    "diesel",
    "r2d2",
    "sql_query",
    "store::database::schema",
    "store::database::db::",
    "store().read",
    "store().write",
    "store().ask",
];

const RULES: [Rule; 10] = [
    Rule { room: "config.rs", rooms: &["mail", "report", "office", "api", "cli"], words: &["diesel", "actix_web"] },
    Rule { room: "config", rooms: &["mail", "report", "office", "api", "cli"], words: &["diesel", "actix_web"] },
    Rule { room: "law", rooms: &["case", "store", "mail", "report", "office", "api", "cli", "config"], words: PURE },
    Rule { room: "case", rooms: &["store", "mail", "report", "office", "api", "cli", "config"], words: PURE },
    Rule {
        room: "store",
        rooms: &["mail", "report", "office", "api", "cli", "config"],
        words: &["actix_web", "lettre", "clap"],
    },
    Rule {
        room: "mail",
        rooms: &["report", "office", "api", "cli"],
        words: &["actix_web", "diesel", "r2d2", "sql_query"],
    },
    Rule { room: "report", rooms: &["store", "mail", "office", "api", "cli", "config"], words: PURE },
    Rule {
        room: "office",
        rooms: &["api", "cli"],
        words: &["actix_web", "lettre", "r2d2", "sql_query", "diesel::sql"],
    },
    // The office opens the transactions.
    Rule { room: "api", rooms: &["cli"], words: NO_SQL_NO_TRANSACTION },
    Rule { room: "cli", rooms: &[], words: NO_SQL },
];

/// What in a file breaks the rule of its room. Comments, and what stands under `#[cfg(test)]`, are not looked at.
fn violations(rule: &Rule, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, code) in statements(source) {
        let code = spread_groups(&code);
        let paths = used_rooms(&code);
        let rooms = rule.rooms.iter().filter(|room| paths.iter().any(|path| path == *room)).map(ToString::to_string);
        // A cursor over bytes in memory, and what a caller hands over to be read or written, reach nothing outside.
        const INSIDE: [&str; 7] = [
            "std::io::Cursor",
            "std::io::Read",
            "std::io::BufReader",
            "std::io::Seek",
            "std::io::Write",
            "std::io::Result",
            "std::io::Error",
        ];
        let outside = INSIDE.iter().fold(code.clone(), |code, word| code.replace(word, ""));
        let words = rule.words.iter().filter(|word| names(&outside, word)).map(ToString::to_string);
        found.extend(rooms.chain(words).map(|what| format!("line {line}: {what}: {code}")));
    }
    found
}

/// The lines of code with their numbers; a `use` that was broken into several lines is one.
fn statements(source: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut in_use = false;
    for (number, line) in without_tests(source) {
        let code = line.split("//").next().unwrap_or_default().trim();
        match lines.last_mut().filter(|_| in_use) {
            Some((_, whole)) => whole.push_str(code),
            None => lines.push((number, code.to_owned())),
        }
        in_use = (in_use || code.starts_with("use ") || code.starts_with("pub use ")) && !code.contains(';');
    }
    lines
}

/// The lines that are compiled into the program, with their numbers.
pub fn without_tests(source: &str) -> Vec<(usize, &str)> {
    enum Place {
        Program,
        /// Behind `#[cfg(test)]`: the item begins in the next line that is no attribute.
        BeforeTest,
        /// In an item of several lines, which ends with this one.
        InTest(String),
    }
    let mut place = Place::Program;
    let mut kept = Vec::new();
    for (at, line) in source.lines().enumerate() {
        let code = line.trim();
        place = match place {
            Place::Program if code.starts_with("#[cfg(test)]") => Place::BeforeTest,
            Place::Program => {
                kept.push((at + 1, line));
                Place::Program
            }
            Place::BeforeTest if code.starts_with("#[") || code.starts_with("//") => Place::BeforeTest,
            Place::BeforeTest if code.ends_with([';', '}']) => Place::Program,
            Place::BeforeTest => Place::InTest(format!("{}}}", &line[..line.len() - line.trim_start().len()])),
            Place::InTest(end) if line == end => Place::Program,
            Place::InTest(end) => Place::InTest(end),
        };
    }
    kept
}

/// The files that are compiled for tests only: `#[cfg(test)] mod name;` in the file above them.
pub fn test_files(file: &Path, source: &str) -> Vec<PathBuf> {
    let is_root = file.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs");
    let room = if is_root { file.parent().unwrap().to_owned() } else { file.with_extension("") };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let names = declared.filter_map(|pair| pair[1].split_once("mod ")?.1.strip_suffix(';'));
    names.flat_map(|name| [room.join(format!("{name}.rs")), room.join(name).join("mod.rs")]).collect()
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

pub fn sources(under: &Path) -> Vec<PathBuf> {
    if under.is_file() {
        return vec![under.to_owned()];
    }
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
        let read = |file: &PathBuf| std::fs::read_to_string(file).unwrap();
        let tests: Vec<PathBuf> = files.iter().flat_map(|file| test_files(file, &read(file))).collect();
        for file in files.iter().filter(|file| !tests.contains(file)) {
            let source = read(file);
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
        ("config.rs", "use crate::mail::smtp::sender;"),
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
        ("mail", "use crate::office::Office;"),
        ("report", "use crate::office::overview::Overview;"),
        ("report", "std::fs::write(path, bytes)"),
        ("office", "fn f() -> actix_web::HttpResponse {}"),
        ("api", "diesel::sql_query(\"SELECT 1\")"),
        ("cli", "use gongkai::store::database::schema::cases; // crate::store::schema"),
    ] {
        assert_ne!(violations(rule(room), line), Vec::<String>::new(), "{room}: {line}");
    }
    for (room, line) in [
        ("law", "// crate::store does this"),
        ("law", "use crate::law::calendar::Calendar;"),
        ("law", "let store = 1; let diesel_engine = store;"),
        ("case", "use crate::law::outcome;"),
        ("config.rs", "use crate::case::reminder_policy::Policies;"),
        ("office", "use crate::{case, law, mail, store};"),
        ("api", "use crate::office::Office;"),
    ] {
        assert_eq!(violations(rule(room), line), Vec::<String>::new(), "{room}: {line}");
    }
    for tested in [
        "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
        "#[cfg(test)]\nmod naive;\nfn f() {}\n",
        "#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests {\n    fn g() { std::fs::read(1); }\n    use diesel;\n}\n",
    ] {
        assert_eq!(violations(rule("law"), tested), Vec::<String>::new(), "{tested}");
        let behind = format!("{tested}use std::fs;\n");
        assert_eq!(violations(rule("law"), &behind).len(), 1, "what follows a test is looked at: {behind}");
    }
    let above = Path::new("src/law/clock.rs");
    let found = test_files(above, "mod a;\n#[cfg(test)]\npub(in crate::law) mod naive;\nmod b;");
    assert_eq!(found, ["src/law/clock/naive.rs", "src/law/clock/naive/mod.rs"].map(PathBuf::from));
}
