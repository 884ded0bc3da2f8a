//! `gongkai doctor`: broken installations are named with what to do, and the other checks go on.

use std::io::{Seek, SeekFrom, Write};
use std::process::{Command, Stdio};

use chrono::TimeDelta;
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use gongkai::case::{AuditAction, Role};
use gongkai::store::evidence::audit::{NewAudit, append};
use gongkai::store::service::meta;
use gongkai::store::{StoreError, Ts, now};
use serde_json::Value;

use crate::evidence::unguard;
use crate::support::bureau::Bureau;
use crate::support::smtp_sink::Sink;
use crate::support::{SEALING_KEY, TestDatabase, on_both_databases};

/// 64 hexadecimal digits that are not the key of the test databases.
const KEY: &str = "c0a1f3927be4d65810392f7dd1a84be6097c5a3e21f8b46d95e07a3cb2d4186f";

/// What the command said.
struct Said {
    code: i32,
    checks: Vec<Value>,
}

impl Said {
    fn of(&self, topic: &str) -> &Value {
        self.checks.iter().find(|check| check["check"] == topic).unwrap_or_else(|| panic!("no check {topic}"))
    }

    fn faults(&self) -> Vec<&str> {
        let faults = self.checks.iter().filter(|check| check["level"] == "fault");
        faults.map(|check| check["check"].as_str().unwrap()).collect()
    }

    /// Exactly this fault, with these words in what was found and in what to do. The database was examined as well.
    #[track_caller]
    fn names(&self, topic: &str, found: &str, advice: &str) {
        assert_eq!((self.faults(), self.code), (vec![topic], 1), "{:?}", self.checks);
        let check = self.of(topic);
        assert!(check["found"].as_str().unwrap().contains(found), "{found} in {check}");
        assert!(check["advice"].as_str().unwrap().contains(advice), "{advice} in {check}");
        assert_eq!(self.checks.len(), 16, "{:?}", self.checks);
    }

    /// The topics that were not examined because of this one.
    fn skipped(&self, because: &str) -> usize {
        let said = format!("没有检查：先解决“{because}”一项");
        self.checks.iter().filter(|check| check["found"] == said.as_str()).count()
    }
}

fn doctor(settings: &[(&str, &str)], arguments: &[&str]) -> Said {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args([&["doctor", "--json"], arguments].concat()).current_dir(directory.path()).env_clear();
    let done = command.envs(settings.iter().copied()).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is made");
    let checks = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Said { code: done.status.code().unwrap(), checks }
}

/// An installation at work: people, a case, a backup.
struct House<'a> {
    database: &'a TestDatabase,
}

impl<'a> House<'a> {
    fn at(database: &'a TestDatabase) -> Self {
        let bureau = Bureau::open(database, "2026-11-23");
        bureau.service.user("guanli", bureau.organ, &[Role::Admin]);
        bureau.registered("2026-11-23");
        let house = Self { database };
        house.write(|db| meta::set(db, "backup.last", &serde_json::json!({ "at": now() }).to_string()));
        house
    }

    fn write(&self, work: impl FnOnce(&mut gongkai::store::Db) -> Result<(), StoreError>) {
        self.database.open().write(work).unwrap();
    }

    fn settings(&self) -> Vec<(&'a str, &'a str)> {
        vec![
            ("GONGKAI_DATABASE_URL", self.database.options.url.as_str()),
            ("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY),
            ("GONGKAI_SECURITY__TOKEN_SECRET", KEY),
        ]
    }

    fn asked(&self) -> Said {
        doctor(&self.settings(), &[])
    }

    fn with(&self, name: &'a str, value: &'a str) -> Said {
        let mut settings = self.settings();
        settings.retain(|(known, _)| *known != name);
        settings.push((name, value));
        doctor(&settings, &[])
    }

    fn file(&self) -> &'a str {
        self.database.options.url.strip_prefix("sqlite:").unwrap()
    }
}

#[test]
fn a_healthy_installation_has_no_fault_and_each_check_appears_once_in_order() {
    on_both_databases(|database| {
        let house = House::at(database);
        for arguments in [&[][..], &["--full"]] {
            let said = doctor(&house.settings(), arguments);
            assert_eq!((said.faults(), said.code), (vec![], 0), "{:?}", said.checks);
            let topics: Vec<&str> = said.checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
            let expected = [
                "config",
                "network",
                "database",
                "migrations",
                "sealing_key",
                "file_modes",
                "disk",
                "clock",
                "chain",
                "self_check",
                "calendar",
                "mail_server",
                "mail_queue",
                "reminders",
                "backup",
                "people",
            ];
            assert_eq!(topics, expected);
            for topic in ["config", "network", "database", "migrations", "sealing_key", "clock", "chain", "backup"] {
                assert_eq!((&said.of(topic)["level"], &said.of(topic)["advice"]), (&"ok".into(), &Value::Null));
            }
        }
    });
}

#[test]
fn a_database_that_cannot_be_opened_is_named_and_what_is_around_it_is_checked_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}", directory.path().join("gongkai.db").display());
    let foreign = directory.path().join("other.db");
    std::fs::write(&foreign, [b"not a database at all".as_slice(), &[7; 4096]].concat()).unwrap();
    let spoilt = format!("sqlite:{}", foreign.display());
    for (url, found, advice) in [
        (missing.as_str(), "没有数据库", "gongkai restore"),
        ("postgres://u@127.0.0.1:1/d", "not available", "启动数据库服务器"),
        (&spoilt, "file is not a database", "从备份恢复"),
    ] {
        let settings = [
            ("GONGKAI_DATABASE_URL", url),
            ("GONGKAI_SECURITY__SEALING_KEY", KEY),
            ("GONGKAI_SECURITY__TOKEN_SECRET", KEY),
            ("GONGKAI_BIND", "0.0.0.0:8080"),
        ];
        let said = doctor(&settings, &[]);
        let faults: Vec<&str> = said.faults().into_iter().filter(|topic| *topic != "file_modes").collect();
        assert_eq!((faults, said.code), (vec!["database"], 1), "{:?}", said.checks);
        assert!(said.of("database")["found"].as_str().unwrap().contains(found), "{}", said.of("database"));
        assert!(said.of("database")["advice"].as_str().unwrap().contains(advice), "{}", said.of("database"));
        assert_eq!((said.skipped("数据库"), &said.of("network")["level"]), (10, &"notice".into()));
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no database and no key is made");
}

#[test]
fn settings_that_cannot_be_read_are_named_and_those_out_of_range_do_not_hide_the_rest() {
    let unreadable = doctor(&[("GONGKAI_SMTP__HOTS", "x")], &[]);
    unreadable.names("config", "hots", "docs/reference.md");
    assert_eq!(unreadable.skipped("配置"), 15);
    let database = TestDatabase::sqlite();
    let said = House::at(&database).with("GONGKAI_DATABASE__POOL_SIZE", "0");
    said.names("config", "database.pool_size", "docs/reference.md");
    assert_eq!(said.of("chain")["level"], "ok");
}

#[test]
fn a_database_of_another_release_is_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
        database.raw().batch_execute(newer).unwrap();
        house.asked().names("migrations", "99990101000000", "改用更新版本");
        let older = "DELETE FROM __diesel_schema_migrations WHERE version = '99990101000000' OR version =
                     (SELECT max(version) FROM __diesel_schema_migrations WHERE version < '9999')";
        database.raw().batch_execute(older).unwrap();
        house.asked().names("migrations", "缺 1 项迁移", "gongkai migrate");
    });
}

#[test]
fn a_key_that_is_lost_or_another_one_is_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        let said = house.with("GONGKAI_SECURITY__SEALING_KEY", KEY);
        said.names("sealing_key", "another key", "取回另行保存的密钥");
        assert_eq!(said.of("chain")["level"], "ok", "needs no key");
    });
    let database = TestDatabase::sqlite();
    let house = House::at(&database);
    let said = house.with("GONGKAI_SECURITY__SEALING_KEY", "");
    said.names("sealing_key", "is missing", "取回另行保存的密钥");
    assert!(!std::path::Path::new(&format!("{}.key", house.file())).exists(), "no other key is made");
}

#[test]
fn a_damaged_file_is_named() {
    #[derive(diesel::QueryableByName)]
    struct Root {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        page: i64,
    }
    let database = TestDatabase::sqlite();
    let house = House::at(&database);
    database.raw().batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let root = "SELECT rootpage AS page FROM sqlite_schema WHERE name = 'case_events'";
    let found: Root = diesel::sql_query(root).get_result(&mut database.raw()).unwrap();
    let page = u64::try_from(found.page - 1).unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).open(house.file()).unwrap();
    file.seek(SeekFrom::Start(page * 4096)).unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
    drop(file);
    let said = house.asked();
    assert_eq!(said.code, 1);
    assert_eq!(said.of("database")["level"], "fault", "{:?}", said.checks);
    assert!(said.of("database")["advice"].as_str().unwrap().contains("从备份恢复"));
    assert_eq!((said.checks.len(), &said.of("sealing_key")["level"]), (16, &"ok".into()));
}

#[test]
fn files_that_others_may_read_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::sqlite();
    let house = House::at(&database);
    std::fs::set_permissions(house.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    house.asked().names("file_modes", house.file(), "chmod 600");
}

#[test]
fn a_clock_that_went_backwards_is_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        let ahead = Ts(now().0 + TimeDelta::days(1));
        let entry =
            NewAudit { actor_id: None, organ_id: None, case_id: None, action: AuditAction::OrganChanged, detail: "{}" };
        house.write(|db| append(db, entry, ahead).map(drop));
        house.asked().names("clock", "早于最近一条记录的时间", "NTP");
    });
}

#[test]
fn a_log_that_was_changed_is_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        let mut raw = database.raw();
        unguard(&mut raw);
        raw.batch_execute("UPDATE case_events SET occurred_on = '2026-11-20' WHERE seq = 1").unwrap();
        house.asked().names("chain", "自第 1 条起", "gongkai audit verify");
        doctor(&house.settings(), &["--full"]).names("chain", "案件记录被改动", "gongkai audit verify");
    });
}

#[test]
fn what_the_night_found_is_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        let last = |findings: u32| serde_json::json!({ "checked_on": "2026-11-23", "checked_at": now(), "cases": 1, "findings": findings });
        house.write(|db| meta::set(db, "evidence.verified", &last(0).to_string()));
        assert_eq!(house.asked().of("chain")["level"], "ok");
        house.write(|db| meta::set(db, "evidence.verified", &last(2).to_string()));
        house.asked().names("chain", "2026-11-23 夜间全部核对：不符 2 处", "gongkai audit verify");
    });
}

#[test]
fn a_mail_server_that_does_not_answer_is_named_and_one_that_does_gets_no_mail() {
    let database = TestDatabase::sqlite();
    let house = House::at(&database);
    let with_port = |port: u16| {
        let port = port.to_string();
        let mut settings = house.settings();
        settings.extend([("GONGKAI_SMTP__HOST", "127.0.0.1"), ("GONGKAI_SMTP__TLS", "none")]);
        settings.push(("GONGKAI_SMTP__PORT", &port));
        doctor(&settings, &[])
    };
    with_port(1).names("mail_server", "127.0.0.1:1", "smtp.host");
    let (open, port) = std::sync::mpsc::channel();
    let (close, closed) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let sink = Sink::plain().await;
            open.send(sink.port).unwrap();
            closed.await.unwrap();
            (sink.connections(), sink.mails().len())
        })
    });
    let said = with_port(port.recv().unwrap());
    assert_eq!((&said.of("mail_server")["level"], said.code), (&"ok".into(), 0));
    close.send(()).unwrap();
    assert_eq!(server.join().unwrap(), (1, 0));
}

#[test]
fn backups_that_are_missing_or_old_are_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        let made = |days: i64| {
            let at = Ts(now().0 - TimeDelta::days(days));
            house.write(|db| meta::set(db, "backup.last", &serde_json::json!({ "at": at }).to_string()));
            house.asked().of("backup")["level"].clone()
        };
        assert_eq!([made(6), made(7)], ["ok", "notice"]);
        house.write(|db| meta::remove(db, "backup.last"));
        house.asked().names("backup", "从未备份", "gongkai backup");
    });
}

#[test]
fn people_who_are_missing_are_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        let set = |is_active: &str, name: &str| {
            let sql = format!("UPDATE users SET is_active = {is_active} WHERE username = '{name}'");
            database.raw().batch_execute(&sql).unwrap();
        };
        set("FALSE", "fuze");
        house.asked().names("people", "没有公开工作机构负责人的机关", "office_head");
        set("TRUE", "fuze");
        set("FALSE", "guanli");
        house.asked().names("people", "没有一个在用的系统管理员", "gongkai user add");
    });
}

#[test]
fn reminders_that_do_not_run_are_named() {
    on_both_databases(|database| {
        let house = House::at(database);
        house.write(|db| meta::set(db, "reminders.pass_done", "2026-03-01"));
        house.asked().names("reminders", "2026-03-01", "gongkai serve");
    });
}
