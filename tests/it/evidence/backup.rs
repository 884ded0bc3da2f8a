//! `gongkai backup` and `gongkai restore`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::store::carry::{Backup, Kind, Restored, backup, copy, restore};
use gongkai::store::mail::outbox::paused;
use gongkai::store::service::meta;
use gongkai::store::{DatabaseOptions, Db, Store, StoreError};
use serde_json::Value;

use super::whole::{count, dump, full, names_in, path_of, schema, tables, wait_until_nobody_is_connected};
use crate::support::bureau::Bureau;
use crate::support::{TestDatabase, add_bureau, add_case, on_both_databases};

/// An empty database of the same kind.
fn empty_like(database: &TestDatabase) -> TestDatabase {
    if database.name == "sqlite" { TestDatabase::empty_sqlite() } else { TestDatabase::empty_postgres() }
}

/// A backup in a directory of its own.
struct Kept {
    directory: tempfile::TempDir,
    file: PathBuf,
    made: Backup,
}

fn kept(database: &TestDatabase) -> Kept {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("b.bak");
    let made = backup(&database.options, &file, false).unwrap();
    Kept { directory, file, made }
}

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Refused(said)) => said,
        other => panic!("not refused: {other:?}"),
    }
}

/// Nothing was left at the place of a database.
#[track_caller]
fn assert_untouched(target: &TestDatabase) {
    match target.name {
        "sqlite" => assert_eq!(names_in(path_of(target).parent().unwrap()), Vec::<String>::new()),
        _ => assert_eq!(tables(&mut target.raw()), Vec::<String>::new()),
    }
}

/// Ends the writer.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_backup_taken_while_cases_are_filed_is_restored_with_every_chain_whole() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (filed, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
        let (before, kept) = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let mut case = bureau.file(bureau.application("2026-03-02"));
                    case.clerk("registration", serde_json::json!({ "on": "2026-03-02" }));
                    filed.fetch_add(1, Ordering::Relaxed);
                }
            });
            // Also when the backup fails: the scope waits for the writer.
            let _over = Over(&is_over);
            while filed.load(Ordering::Relaxed) < 10 {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let before = filed.load(Ordering::Relaxed);
            (before, kept(database))
        });
        let after = filed.load(Ordering::Relaxed) + 1;
        let held = &kept.made.contents;
        assert!((before..=after).contains(&held.cases), "{before} {} {after}", held.cases);
        let target = empty_like(database);
        let restored = restore(&target.options, &kept.file).unwrap();
        assert_eq!(&restored.contents, held);
        assert_eq!((restored.verified.cases, restored.verified.events), (held.cases, held.events));
        assert_eq!(restored.verified.broken, 0);
        assert_eq!(restored.migrated, Vec::<String>::new());
    });
}

#[test]
fn a_restored_database_is_equal_and_its_mail_is_paused() {
    on_both_databases(|database| {
        full(database);
        let kept = kept(database);
        let target = empty_like(database);
        restore(&target.options, &kept.file).unwrap();
        let mut before = dump(database);
        // The record of the backup is written after it.
        before.get_mut("meta").unwrap().retain(|row| !row.contains("backup.last"));
        assert_eq!(dump(&target), before);
        assert_eq!(schema(&target), schema(database));
        let pause = target.open().read(paused).unwrap().unwrap();
        assert_eq!(pause.reason, "本数据库由备份 b.bak 恢复");
        if target.name == "sqlite" {
            let mode = std::fs::metadata(path_of(&target)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    });
}

#[test]
fn a_backup_says_what_is_in_it_and_the_database_remembers_it() {
    on_both_databases(|database| {
        let bureau = add_bureau(&database.open(), "zr", None);
        add_case(&database.open(), &bureau, 3);
        let kept = kept(database);
        let held = &kept.made.contents;
        let kind = if database.name == "sqlite" { Kind::Sqlite } else { Kind::Postgres };
        assert_eq!((held.kind, held.cases, held.events), (kind, 1, 3));
        let applied = database.open().pending_migrations().unwrap();
        assert_eq!(applied, Vec::<String>::new());
        assert_eq!(held.migrations.first().map(String::as_str), Some("00000000000001"));
        let file = std::fs::metadata(&kept.file).unwrap();
        assert_eq!((file.len(), file.permissions().mode() & 0o777), (held.size_bytes, 0o600));
        let last = database.open().read(|db| meta::get(db, "backup.last")).unwrap().unwrap();
        let last: Value = serde_json::from_str(&last).unwrap();
        assert_eq!(last["sha256"], held.sha256);
        assert_eq!(last["file"], "b.bak");
        assert_eq!(last["at"], serde_json::to_value(kept.made.at).unwrap());
        assert_eq!(names_in(kept.directory.path()), ["b.bak"]);
    });
}

#[test]
fn a_backup_replaces_an_earlier_one_on_request_and_nothing_else_ever() {
    on_both_databases(|database| {
        let kept = kept(database);
        let again = refused(backup(&database.options, &kept.file, false));
        assert!(again.contains("--force"), "{again}");
        backup(&database.options, &kept.file, true).unwrap();
        let other = kept.directory.path().join("x.key");
        std::fs::write(&other, "00ff").unwrap();
        for file in [other.as_path(), kept.directory.path()] {
            assert!(refused(backup(&database.options, file, true)).contains("不覆盖"), "{}", file.display());
        }
        assert_eq!(std::fs::read(&other).unwrap(), b"00ff");
        if database.name == "sqlite" {
            let path = path_of(database);
            assert!(refused(backup(&database.options, &path, true)).contains("不覆盖"));
            let link = kept.directory.path().join("link.bak");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            assert!(refused(backup(&database.options, &link, true)).contains("不覆盖"));
        }
    });
}

#[test]
fn half_a_backup_is_refused_and_leaves_nothing() {
    on_both_databases(|database| {
        full(database);
        let kept = kept(database);
        let whole = std::fs::read(&kept.file).unwrap();
        let half = kept.directory.path().join("half.bak");
        for share in [2, 3, 10, whole.len() / 8000] {
            std::fs::write(&half, &whole[..whole.len() - whole.len() / share]).unwrap();
            let target = empty_like(database);
            let said = refused(restore(&target.options, &half));
            assert!(said.contains("damaged_backup") && said.contains("half.bak"), "{said}");
            assert_untouched(&target);
        }
    });
}

#[test]
fn a_file_of_another_program_is_refused_and_leaves_nothing() {
    on_both_databases(|database| {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("other");
        let target = empty_like(database);
        std::fs::write(&file, "not a database at all").unwrap();
        assert!(refused(restore(&target.options, &file)).contains("not_a_backup"));
        std::fs::write(&file, "").unwrap();
        assert!(refused(restore(&target.options, &file)).contains("not_a_backup"));
        assert!(refused(restore(&target.options, &directory.path().join("none"))).contains("none"));
        std::fs::remove_file(&file).unwrap();
        let other = empty_like(database);
        if database.name == "sqlite" {
            let mut raw = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
            raw.batch_execute("CREATE TABLE meta (key, value); CREATE TABLE case_events (a)").unwrap();
        } else {
            other.raw().batch_execute("CREATE TABLE meta (key text, value text)").unwrap();
            let mut dump = Command::new("pg_dump");
            dump.args(["--format=custom", "--file"]).arg(&file).arg(&other.options.url);
            assert!(dump.status().unwrap().success());
        }
        assert!(refused(restore(&target.options, &file)).contains("not_a_backup"));
        assert_untouched(&target);
    });
}

#[test]
fn a_backup_of_the_other_kind_is_refused_with_the_way_round() {
    on_both_databases(|database| {
        let kept = kept(database);
        let target =
            if database.name == "sqlite" { TestDatabase::empty_postgres() } else { TestDatabase::empty_sqlite() };
        let said = refused(restore(&target.options, &kept.file));
        assert!(said.contains("wrong_kind") && said.contains("gongkai copy"), "{said}");
        assert_untouched(&target);
    });
}

#[test]
fn a_place_with_data_is_refused_and_stays_as_it_is() {
    on_both_databases(|database| {
        let kept = kept(database);
        let before = dump(database);
        assert!(refused(restore(&database.options, &kept.file)).contains("not_empty"));
        assert_eq!(dump(database), before);
        if database.name == "sqlite" {
            let target = empty_like(database);
            let log = PathBuf::from(format!("{}-wal", path_of(&target).display()));
            std::fs::write(&log, "the log of a database that was moved away").unwrap();
            assert!(refused(restore(&target.options, &kept.file)).contains("not_empty"), "SQLite would replay it");
            std::fs::remove_file(log).unwrap();
            std::fs::write(path_of(&target), "").unwrap();
            restore(&target.options, &kept.file).unwrap();
            assert_eq!(names_in(path_of(&target).parent().unwrap()), ["gongkai.db"]);
        }
    });
}

#[test]
fn a_backup_of_a_newer_release_and_one_of_another_key_are_refused() {
    on_both_databases(|database| {
        let old = kept(database);
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')";
        database.raw().batch_execute(newer).unwrap();
        let new = kept(database);
        let target = empty_like(database);
        let said = refused(restore(&target.options, &new.file));
        assert!(said.contains("newer_release") && said.contains("99999999999999"), "{said}");
        let options =
            |key: Option<&str>| DatabaseOptions { sealing_key: key.map(str::to_owned), ..target.options.clone() };
        let other = "ff".repeat(32);
        let said = refused(restore(&options(Some(&other)), &old.file));
        assert!(said.contains("sealing_key_differs"), "{said}");
        let said = refused(restore(&options(None), &old.file));
        assert!(said.contains("sealing_key_missing"), "{said}");
        assert_untouched(&target);
        assert_eq!(restore(&target.options, &old.file).unwrap().verified.broken, 0);
    });
}

/// The newest migration, undone, is run again by the restore.
#[test]
fn a_backup_of_an_older_release_is_migrated() {
    on_both_databases(|database| {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database.name);
        let newest = names_in(&directory).pop().unwrap();
        let down = std::fs::read_to_string(directory.join(&newest).join("down.sql")).unwrap();
        let version = newest.split('_').next().unwrap().to_owned();
        let mut raw = database.raw();
        raw.batch_execute(&down).unwrap();
        raw.batch_execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'")).unwrap();
        drop(raw);
        let kept = kept(database);
        let target = empty_like(database);
        let Restored { migrated, .. } = restore(&target.options, &kept.file).unwrap();
        assert_eq!(migrated, [version]);
        assert_eq!(schema(&target).len(), schema(&TestDatabase::both()[usize::from(database.name != "sqlite")]).len());
    });
}

#[test]
fn a_chain_that_was_broken_before_the_backup_is_named_after_the_restore() {
    on_both_databases(|database| {
        let store = database.open();
        let bureau = add_bureau(&store, "zr", None);
        let case = add_case(&store, &bureau, 5).id;
        add_case(&store, &bureau, 2);
        let mut raw = database.raw();
        match &mut raw {
            Db::Pg(raw) => raw.batch_execute("ALTER TABLE case_events DISABLE TRIGGER USER").unwrap(),
            Db::Lite(raw) => raw.batch_execute("DROP TRIGGER case_events_no_update").unwrap(),
        }
        let tamper = format!("UPDATE case_events SET body = '{{}}' WHERE case_id = '{}' AND seq = 4", case.0);
        raw.batch_execute(&tamper).unwrap();
        let kept = kept(database);
        let verified = restore(&empty_like(database).options, &kept.file).unwrap().verified;
        assert_eq!((verified.cases, verified.events, verified.broken), (2, 7, 1));
        assert_eq!((verified.listed[0].case, verified.listed[0].seq), (case, 4));
    });
}

/// `pg_restore` is done and the process was killed: the mail of that database is not paused yet.
#[test]
fn a_postgresql_database_whose_restore_did_not_finish_is_refused_by_every_command() {
    let database = TestDatabase::postgres();
    let kept = kept(&database);
    let mark = "CREATE TABLE gongkai_unfinished_restore (since timestamptz)";
    database.raw().batch_execute(mark).unwrap();
    assert!(refused(Store::open(&database.options)).contains("恢复没有完成"));
    assert!(refused(backup(&database.options, &kept.directory.path().join("c.bak"), false)).contains("恢复没有完成"));
    assert!(refused(restore(&database.options, &kept.file)).contains("恢复没有完成"));
    // Killed before anything was there, the restore is simply run again; a copy does not know of the killed one's rest.
    let target = TestDatabase::empty_postgres();
    target.raw().batch_execute(mark).unwrap();
    let key = Some(crate::support::SEALING_KEY);
    assert!(refused(copy(&database.options.url, &target.options.url, key)).contains("恢复没有完成"));
    let source = TestDatabase::sqlite();
    assert!(refused(copy(&source.options.url, &target.options.url, key)).contains("恢复没有完成"));
    restore(&target.options, &kept.file).unwrap();
    assert!(!tables(&mut target.raw()).iter().any(|table| table.contains("unfinished")));
}

/// Killed at any moment a restore leaves a place that is empty, or refused, or complete with its mail paused.
#[test]
fn a_restore_that_is_killed_leaves_no_database_that_would_send_mail() {
    on_both_databases(|database| {
        full(database);
        let kept = kept(database);
        for pause_ms in [20, 120, 300, 700, 1_100, 1_600] {
            let target = empty_like(database);
            let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
            command.arg("restore").arg(&kept.file).env("GONGKAI_DATABASE_URL", &target.options.url);
            command.env("GONGKAI_SECURITY__SEALING_KEY", crate::support::SEALING_KEY);
            command.env("GONGKAI_SECURITY__TOKEN_SECRET", "a secret of the tests, longer than thirty-two bytes");
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            let mut running = command.spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(pause_ms));
            running.kill().unwrap();
            running.wait().unwrap();
            wait_until_nobody_is_connected(&target);
            let has_cases = match target.name {
                "sqlite" => path_of(&target).exists(),
                _ => tables(&mut target.raw()).iter().any(|table| table == "cases"),
            };
            let opened = Some(()).filter(|()| has_cases).map(|()| Store::open(&target.options));
            eprintln!("{} after {pause_ms} ms: {opened:?}", target.name);
            match opened {
                None => match restore(&target.options, &kept.file) {
                    Ok(restored) => assert_eq!(restored.verified.broken, 0),
                    // The `pg_restore` of the killed process was not connected yet, and came in between.
                    Err(_) => assert!(refused(Store::open(&target.options)).contains("恢复没有完成")),
                },
                Some(Err(cause)) => assert!(cause.to_string().contains("恢复没有完成"), "{cause}"),
                Some(Ok(store)) => assert!(store.read(paused).unwrap().is_some()),
            }
        }
    });
}

#[test]
fn a_password_is_given_to_the_programs_of_postgresql_but_not_in_their_arguments() {
    let database = TestDatabase::postgres();
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let script = directory.path().join("pg_dump");
    let major = count(&mut database.raw(), "generate_series(1, current_setting('server_version_num')::int / 10000)");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'pg_dump (PostgreSQL) {major}.0'; exit; fi\n\
         echo \"arguments $*; password $PGPASSWORD\" >> {}; echo refused >&2; exit 1\n",
        log.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let url = database.options.url.replace("postgres@", "postgres:ge%40heim@");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    command.arg("backup").arg(directory.path().join("b.bak")).env("PATH", path).current_dir(directory.path());
    command.env("GONGKAI_DATABASE_URL", url).env("GONGKAI_SECURITY__SEALING_KEY", crate::support::SEALING_KEY);
    command.env("GONGKAI_SECURITY__TOKEN_SECRET", "a secret of the tests, longer than thirty-two bytes");
    let output = command.output().unwrap();
    let logged = std::fs::read_to_string(&log).unwrap_or_else(|_| panic!("{output:?}"));
    assert!(logged.contains("password ge@heim") && logged.contains("--dbname=postgres://postgres@"), "{logged}");
    assert_eq!(logged.matches("heim").count(), logged.matches("password ge@heim").count(), "{logged}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("heim"));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("heim"), "{output:?}");
    // The next program that fits was tried after the one that failed.
    assert!(output.status.success(), "{output:?}");
}

fn gongkai(directory: &Path, database: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(arguments).current_dir(directory).env_clear();
    command.env("GONGKAI_DATABASE_URL", format!("sqlite:{database}"));
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The runbook: back up, restore beside a copy of the key, look at the mail, resume it.
#[test]
fn the_commands_say_what_was_done_and_what_is_to_be_done() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let run = |database: &str, arguments: &[&str], code: i32| {
        let output = gongkai(at, database, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        said(&output)
    };
    let says =
        |text: &str, words: &[&str]| words.iter().for_each(|word| assert!(text.contains(word), "{word}: {text}"));
    run("a.db", &["init", "--organ", "zr", "--name", "自然资源局"], 0);
    says(&run("none.db", &["backup", "b.bak"], 2), &["没有数据库"]);
    let text = run("a.db", &["backup", "b.bak"], 0);
    says(&text, &["备份已完成", "案件 0 件", "SHA-256", "密钥不在备份中", "a.db.key"]);
    says(&run("a.db", &["backup", "b.bak"], 2), &["已经存在", "--force"]);
    run("a.db", &["backup", "b.bak", "--force"], 0);
    says(&run("r.db", &["restore", "b.bak"], 2), &["sealing_key_missing", "r.db.key"]);
    std::fs::copy(at.join("a.db.key"), at.join("r.db.key")).unwrap();
    says(&run("r.db", &["restore", "b.bak"], 0), &["已从备份恢复", "记录链完整", "邮件已暂停发送", "mail resume"]);
    says(&run("r.db", &["restore", "b.bak"], 2), &["not_empty"]);
    std::fs::copy(at.join("a.db.key"), at.join("c.db.key")).unwrap();
    let text = run("any.db", &["copy", "--from", "sqlite:a.db", "--to", "sqlite:c.db"], 0);
    says(&text, &["已复制", "逐行核对一致", "记录链完整", "邮件已暂停发送"]);
    assert!(!at.join("any.db").exists());
    says(&run("r.db", &["mail", "status"], 0), &["起暂停发送：本数据库由备份 b.bak 恢复", "待发 0 封"]);
    says(&run("r.db", &["mail", "resume"], 0), &["邮件恢复发送"]);
    says(&run("r.db", &["mail", "resume"], 0), &["邮件没有暂停"]);
    says(&run("r.db", &["mail", "status"], 0), &["邮件没有暂停"]);
    let names = names_in(at);
    assert!(names.iter().all(|name| !name.contains("unfinished")), "{names:?}");
}
