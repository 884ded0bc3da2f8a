//! What every command owes its operator: it makes no database by accident, names the one it used, and no reader that
//! leaves early makes it fail.

use crate::support::{TestDatabase, day};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn gongkai(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(arguments).current_dir(directory).env_clear().env("GONGKAI_BIND", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    gongkai(directory, arguments).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file of working days as `calendar import` takes it.
const YEAR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/calendar/cn-2026.json");
const LEDGER: &str = "收到日期,申请人类型,申请内容\n2026-03-02,自然人,某信息\n";

/// Every command that needs a database somebody made before.
const NEED_A_DATABASE: &[&[&str]] = &[
    &["report", "annual", "--organ", "zr", "--year", "2026"],
    &["supervision", "overview", "--organ", "zr"],
    &["audit", "clocks"],
    &["remind", "--dry-run"],
    &["remind", "--no-send"],
    &["mail", "send"],
    &["mail", "status"],
    &["mail", "resume"],
    &["backup", "b.bak", "--force"],
    &["ledger", "export", "--organ", "zr"],
    &["ledger", "import", "ledger.csv", "--organ", "zr", "--dry-run"],
    &["ledger", "import", "ledger.csv", "--organ", "zr"],
    &["calendar", "import", YEAR],
    &["calendar", "import", YEAR, "--activate"],
    &["user", "add", "--username", "a", "--name", "甲", "--organ", "zr", "--role", "clerk"],
    &["user", "unlock", "--username", "a"],
];

/// Those of them that change nothing.
const READ: &[&[&str]] = &[
    &["report", "annual", "--organ", "zr", "--year", "2026"],
    &["supervision", "overview", "--organ", "zr"],
    &["audit", "clocks"],
    &["mail", "status"],
    &["remind", "--dry-run"],
    &["ledger", "export", "--organ", "zr"],
    &["ledger", "import", "ledger.csv", "--organ", "zr", "--dry-run"],
    &["calendar", "import", YEAR],
];

#[test]
fn no_command_but_those_that_set_up_makes_a_database() {
    for arguments in NEED_A_DATABASE {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ledger.csv"), LEDGER).unwrap();
        let output = run(directory.path(), arguments);
        let shown = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {shown}");
        let place = directory.path().canonicalize().unwrap().join("gongkai.db");
        assert!(shown.contains(&format!("sqlite:{}", place.display())), "{arguments:?} names the place: {shown}");
        assert!(shown.contains("GONGKAI_DATABASE_URL") && shown.contains("gongkai init"), "{arguments:?}: {shown}");
        let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(left, ["ledger.csv"], "{arguments:?}");
    }
}

#[test]
fn a_database_without_tables_is_no_database_on_both() {
    for database in TestDatabase::both_empty() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ledger.csv"), LEDGER).unwrap();
        if let Some(path) = database.options.url.strip_prefix("sqlite:") {
            std::fs::write(path, "").unwrap();
        }
        for arguments in NEED_A_DATABASE {
            let output = on(&database, directory.path(), arguments);
            let shown = errors(&output);
            assert_eq!(output.status.code(), Some(2), "{} {arguments:?}: {shown}", database.name);
            assert!(shown.contains("没有数据库，本命令不新建"), "{} {arguments:?}: {shown}", database.name);
        }
        if let Some(path) = database.options.url.strip_prefix("sqlite:") {
            assert_eq!(std::fs::metadata(path).unwrap().len(), 0, "the empty file stays empty");
        }
        let mut raw = database.raw();
        assert!(!has_tables(&mut raw), "{}", database.name);
    }
}

fn on(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> Output {
    let mut command = gongkai(directory, arguments);
    command.env("GONGKAI_DATABASE_URL", &database.options.url);
    if database.name == "postgres" {
        command
            .env("GONGKAI_SECURITY__SEALING_KEY", "c0a1f3927be4d65810392f7dd1a84be6097c5a3e21f8b46d95e07a3cb2d4186f");
        command
            .env("GONGKAI_SECURITY__TOKEN_SECRET", "6097c5a3e21f8b46d95e07a3cb2d4186fc0a1f3927be4d65810392f7dd1a84be");
    }
    command.output().unwrap()
}

fn has_tables(db: &mut gongkai::store::Db) -> bool {
    use diesel::prelude::*;
    use gongkai::store::Db;
    let statement = "SELECT 1 FROM organs";
    match db {
        Db::Pg(db) => diesel::sql_query(statement).execute(db).is_ok(),
        Db::Lite(db) => diesel::sql_query(statement).execute(db).is_ok(),
    }
}

#[test]
fn an_export_overwrites_no_database_no_key_and_nothing_but_a_table() {
    let directory = tempfile::tempdir().unwrap();
    assert!(run(directory.path(), &["init", "--organ", "zr", "--name", "自然资源局"]).status.success());
    for target in ["gongkai.db", "gongkai.db.key"] {
        let before = std::fs::read(directory.path().join(target)).unwrap();
        for arguments in
            [&["ledger", "export", "--organ", "zr", "-o", target][..], &["ledger", "template", "-o", target]]
        {
            let output = run(directory.path(), arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
            assert!(errors(&output).contains("不覆盖"), "{arguments:?}: {}", errors(&output));
        }
        assert!(std::fs::read(directory.path().join(target)).unwrap() == before, "{target} is as it was");
    }
    for _ in 0..2 {
        let output = run(directory.path(), &["ledger", "template", "-o", "a.xlsx"]);
        assert!(output.status.success(), "a table is replaced: {}", errors(&output));
    }
    let output = run(directory.path(), &["ledger", "import", "a.xlsx", "--organ", "zr"]);
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("台账中没有案件") && !said.contains("此前均已导入"), "{said}");
}

#[test]
fn a_command_that_only_reads_migrates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ledger.csv"), LEDGER).unwrap();
    assert!(run(directory.path(), &["init", "--organ", "zr", "--name", "自然资源局"]).status.success());
    let path = directory.path().join("gongkai.db");
    {
        use diesel::prelude::*;
        let mut db = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let newest = "DELETE FROM __diesel_schema_migrations WHERE version = \
                      (SELECT max(version) FROM __diesel_schema_migrations)";
        assert_eq!(diesel::sql_query(newest).execute(&mut db).unwrap(), 1);
    }
    for arguments in READ {
        let output = run(directory.path(), arguments);
        let shown = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {shown}");
        assert!(shown.contains("请先运行 gongkai migrate"), "{arguments:?}: {shown}");
    }
}

#[test]
fn every_command_names_the_database_it_used_beside_its_answer() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ledger.csv"), LEDGER).unwrap();
    let place = format!("sqlite:{}", directory.path().canonicalize().unwrap().join("gongkai.db").display());
    let set_up: &[&[&str]] = &[&["init", "--organ", "zr", "--name", "自然资源局"], &["migrate"]];
    for arguments in set_up.iter().chain(NEED_A_DATABASE) {
        let output = run(directory.path(), arguments);
        let shown = errors(&output);
        assert!(output.status.success(), "{arguments:?}: {shown}");
        assert!(shown.contains(&format!("数据库 / database: {place}\n")), "{arguments:?}: {shown}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("数据库 / database"), "{arguments:?}");
    }
}

/// A file of another program stays as it is, whichever command is pointed at it: not even its journal is switched.
#[test]
fn a_database_of_another_program_is_refused_before_a_byte_of_it_changes() {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ledger.csv"), LEDGER).unwrap();
    let path = directory.path().join("gongkai.db");
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("CREATE TABLE meta (a TEXT); INSERT INTO meta VALUES ('x')").unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(before[18..20], [1, 1], "a rollback journal");
    let set_up: &[&[&str]] = &[&["init", "--organ", "zr", "--name", "自然资源局"], &["migrate"], &["serve"]];
    for arguments in set_up.iter().chain(NEED_A_DATABASE) {
        let output = run(directory.path(), arguments);
        let shown = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {shown}");
        assert!(shown.contains("其他程序的数据库"), "{arguments:?}: {shown}");
        assert!(std::fs::read(&path).unwrap() == before, "{arguments:?} changed it");
        let mut left: Vec<_> =
            std::fs::read_dir(directory.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["gongkai.db", "ledger.csv"], "{arguments:?}");
    }
}

/// A database that was never checkpointed has its tables in the log beside it, and a copy of one has another journal.
#[test]
fn a_database_of_this_program_is_known_by_its_tables_wherever_they_stand() {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    let directory = tempfile::tempdir().unwrap();
    assert!(run(directory.path(), &["init", "--organ", "zr", "--name", "自然资源局"]).status.success());
    let path = directory.path().join("gongkai.db");
    let copy = directory.path().join("甲 ?#%.db");
    let mut open = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    open.batch_execute(&format!("VACUUM INTO '{}'", copy.display())).unwrap();
    std::fs::copy(directory.path().join("gongkai.db.key"), directory.path().join("甲 ?#%.db.key")).unwrap();
    drop(open);
    let mut command = gongkai(directory.path(), &["audit", "clocks"]);
    let output = command.env("GONGKAI_DATABASE_URL", format!("sqlite:{}", copy.display())).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    // A reader holds the log open: the tables stay in it.
    let fresh = tempfile::tempdir().unwrap();
    let store = gongkai::store::Store::open(&gongkai::store::DatabaseOptions {
        url: format!("sqlite:{}", fresh.path().join("gongkai.db").display()),
        ..Default::default()
    })
    .unwrap();
    let reader: Result<(), gongkai::store::StoreError> = store.read(|_| {
        store.migrate()?;
        let main = std::fs::metadata(fresh.path().join("gongkai.db")).unwrap().len();
        let log = std::fs::metadata(fresh.path().join("gongkai.db-wal")).unwrap().len();
        assert!(main < log, "{main} {log}");
        let output = run(fresh.path(), &["audit", "clocks"]);
        assert!(!errors(&output).contains("其他程序"), "{}", errors(&output));
        Ok(())
    });
    reader.unwrap();
}

#[test]
fn the_address_of_a_server_is_named_as_it_was_given() {
    let database = TestDatabase::postgres();
    let directory = tempfile::tempdir().unwrap();
    let key = database.options.sealing_key.clone().unwrap();
    let mut command = gongkai(directory.path(), &["audit", "clocks"]);
    command.env("GONGKAI_DATABASE_URL", &database.options.url).env("GONGKAI_SECURITY__SEALING_KEY", key);
    command.env("GONGKAI_SECURITY__TOKEN_SECRET", "6097c5a3e21f8b46d95e07a3cb2d4186fc0a1f3927be4d65810392f7dd1a84be");
    let output = command.output().unwrap();
    let shown = errors(&output);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains(&format!("数据库 / database: {}\n", database.options.url)), "{shown}");
    assert!(!shown.contains("tcp_user_timeout"), "{shown}");
}

#[test]
fn a_password_in_the_address_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = gongkai(directory.path(), &["audit", "clocks"]);
    command.env("GONGKAI_SECURITY__SEALING_KEY", "c0a1f3927be4d65810392f7dd1a84be6097c5a3e21f8b46d95e07a3cb2d4186f");
    command.env("GONGKAI_SECURITY__TOKEN_SECRET", "6097c5a3e21f8b46d95e07a3cb2d4186fc0a1f3927be4d65810392f7dd1a84be");
    let output = command.env("GONGKAI_DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!errors(&output).contains("hidden"), "{}", errors(&output));
}

#[test]
fn a_reader_that_has_gone_makes_no_command_fail() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ledger.csv"), LEDGER).unwrap();
    assert!(run(directory.path(), &["init", "--organ", "zr", "--name", "自然资源局"]).status.success());
    let others: &[&[&str]] = &[
        &["init", "--organ", "gh", "--name", "规划局"],
        &["migrate"],
        &["openapi"],
        &["fee", "--by-item", "12"],
        &["ledger", "template"],
        &["report", "check", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tables/anji_dipu_2024.json")],
        &["demo", "--no-serve"],
        &["--help"],
    ];
    for arguments in others.iter().chain(NEED_A_DATABASE) {
        let mut child = gongkai(directory.path(), arguments).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let shown = errors(&output);
        assert!(output.status.code().is_some_and(|code| code < 2), "{arguments:?}: {:?} {shown}", output.status);
        assert!(!shown.contains("panicked") && !shown.contains("Broken pipe"), "{arguments:?}: {shown}");
        let mut child = gongkai(directory.path(), arguments).spawn().unwrap();
        drop(child.stderr.take());
        let output = child.wait_with_output().unwrap();
        assert_ne!(output.status.code(), Some(101), "{arguments:?} without a reader of its errors");
    }
}

#[test]
fn the_organ_of_the_first_start_takes_the_code_and_name_of_init_while_it_is_unused() {
    let directory = tempfile::tempdir().unwrap();
    let mut serving = gongkai(directory.path(), &["serve"]).spawn().unwrap();
    {
        use std::io::{BufRead, BufReader};
        let lines = BufReader::new(serving.stdout.take().unwrap()).lines();
        assert!(lines.map(Result::unwrap).any(|line| line.contains("http://")), "it serves");
    }
    serving.kill().unwrap();
    serving.wait().unwrap();
    let init = |code: &str, name: &str| {
        let output = run(directory.path(), &["init", "--organ", code, "--name", name]);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (done, shown) = init("zr", "自然资源局");
    assert!(done && shown.contains("已改用此代码和名称") && shown.contains("zr 自然资源局"), "{shown}");
    let (done, shown) = init("zr", "自然资源局");
    assert!(done && shown.contains("行政机关已存在"), "{shown}");
    let (done, shown) = init("gh", "规划局");
    assert!(done && shown.contains("已新增行政机关"), "a second one is added: {shown}");
    let missing = run(
        directory.path(),
        &["user", "add", "--username", "a", "--name", "甲", "--organ", "main", "--role", "clerk"],
    );
    assert!(!missing.status.success() && errors(&missing).contains("没有这个机关"), "{}", errors(&missing));
}

#[test]
fn an_organ_that_has_cases_keeps_its_code_even_if_it_is_the_first() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ledger.csv"), LEDGER).unwrap();
    assert!(run(directory.path(), &["init", "--organ", "main", "--name", "本行政机关"]).status.success());
    assert!(run(directory.path(), &["ledger", "import", "ledger.csv", "--organ", "main"]).status.success());
    let output = run(directory.path(), &["init", "--organ", "zr", "--name", "自然资源局"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("已新增行政机关"), "{shown}");
    let kept = run(directory.path(), &["report", "annual", "--organ", "main", "--year", "2026"]);
    assert!(kept.status.success(), "{}", errors(&kept));
}

#[test]
fn a_demonstration_listens_where_gongkai_bind_says_and_its_own_option_goes_before() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let refused = gongkai(directory.path(), &["demo"]).env("GONGKAI_BIND", &taken).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains(&format!("不能监听 / cannot listen on {taken}")), "{}", errors(&refused));
    let own = ["demo", "--bind", "127.0.0.1:0", "--no-serve"];
    let output = gongkai(directory.path(), &own).env("GONGKAI_BIND", &taken).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("http://127.0.0.1:0"), "the option goes before");
}

#[test]
fn the_help_of_deadline_names_every_event_it_takes() {
    let directory = tempfile::tempdir().unwrap();
    let help = String::from_utf8(run(directory.path(), &["deadline", "--help"]).stdout).unwrap();
    let events = [
        r#""consult_sent","id":"a","kind":"third_party""#,
        r#""consult_returned","id":"a""#,
        r#""correction_requested""#,
        r#""correction_received""#,
        r#""fee_notified""#,
        r#""fee_paid""#,
        r#""extension","days":5"#,
        r#""delayed_reply","until":"2024-05-10""#,
        r#""reopened","days":10"#,
        r#""replied""#,
        r#""ended""#,
    ];
    for event in events {
        let name = event.split('"').nth(1).unwrap();
        assert!(help.contains(&format!("\n    {name} ")), "{name} in {help}");
        let line = format!(r#"{{"received":"2024-03-01","events":[{{"date":"2024-03-06","type":{event}}}]}}"#);
        let known = gongkai::cli::deadline::read(line.as_bytes());
        assert!(known.is_ok(), "{line}: {known:?}");
    }
    let listed = help.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     ")).count();
    assert_eq!(listed, events.len(), "no event more than those above: {help}");
    for (line, what) in [
        (r#"{"received":"2024-03-01","events":[{"date":"2024-03-06"}]}"#, "缺少 type"),
        (r#"{"received":"2024-03-01","events":[{"type":"replied"}]}"#, "缺少 date"),
        (r#"{"received":"2024-03-01","events":[{"type":"paid","date":"2024-03-06"}]}"#, "type 不认识：paid"),
    ] {
        let error = gongkai::cli::deadline::read(line.as_bytes()).unwrap_err();
        assert!(error.detail.contains(what) && error.detail.contains("gongkai deadline --help"), "{}", error.detail);
    }
}

#[test]
fn the_bare_address_leads_to_the_documentation() {
    let database = TestDatabase::sqlite();
    let service = crate::support::service::Service::start(&database, day("2026-03-02"));
    let page = service.send("GET", "/", &[], None);
    assert_eq!((page.status, page.header("location")), (307, "/docs/"), "{page:?}");
}
