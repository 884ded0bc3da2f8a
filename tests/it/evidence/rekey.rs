//! `gongkai rekey`: everything sealed opens with the new key and with no other, also after a run that was killed.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::config::Settings;
use gongkai::office::{Clock, Office};
use gongkai::store::cases::applicant_versions;
use gongkai::store::cases::applicants::{self, ApplicantRow, NewApplicant};
use gongkai::store::database::schema::applicants as table;
use gongkai::store::{DatabaseOptions, OrganId, Store, StoreError, carry, now};

use super::{findings, lines};
use crate::support::{SEALING_KEY, TestDatabase, add_bureau, bureau::Bureau, day, on_both_databases};

/// Another key than that of the test databases, with another first byte of its check value.
const KEY: &str = "c0a1f3927be4d65810392f7dd1a84be6097c5a3e21f8b46d95e07a3cb2d4186f";

fn with_key(database: &TestDatabase, key: Option<&str>) -> DatabaseOptions {
    DatabaseOptions { sealing_key: key.map(str::to_owned), ..database.options.clone() }
}

fn rows(store: &Store) -> Vec<ApplicantRow> {
    let all = |db: &mut _| {
        Ok::<_, StoreError>(table::table.order(table::id).select(ApplicantRow::as_select()).load::<ApplicantRow>(db)?)
    };
    store.read(all).unwrap()
}

/// Identity number and contacts of every applicant.
fn opened(store: &Store) -> Vec<(Option<String>, Option<String>)> {
    let clear = |row: &ApplicantRow| {
        let number = applicants::identity(store.sealer(), row).unwrap().map(|number| number.into_inner());
        (number, applicants::contact(store.sealer(), row).unwrap().map(|text| text.into_inner()))
    };
    rows(store).iter().map(clear).collect()
}

fn refused(options: &DatabaseOptions) -> String {
    match Store::open(options) {
        Err(StoreError::Refused(said)) => said,
        other => panic!("not refused: {other:?}"),
    }
}

fn an_applicant(organ_id: OrganId) -> NewApplicant<'static> {
    let (identity, contact) = (Some(("id_card", "11010519491231002X")), Some("{}"));
    NewApplicant { organ_id, kind: "natural_person", name: "王某", identity, is_unverified: false, contact }
}

#[test]
fn everything_opens_with_the_new_key_only_equal_numbers_are_found_and_the_change_is_on_record() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-23");
        bureau.registered("2026-11-23");
        let case = bureau.registered("2026-11-23");
        let change = serde_json::json!({ "reason": "按身份证更正", "change": { "name": "王晓明" } });
        let headers = [("if-match", &*case.etag())];
        let done = bureau.service.call_with("PATCH", &case.path("applicant"), &bureau.clerk, &headers, Some(change));
        assert_eq!(done.status, 200, "{done:?}");
        let organ = bureau.organ;
        drop(bureau);
        let before = opened(&database.open());
        let done = carry::rekey(&database.options, Some(KEY)).unwrap();
        assert_eq!((done.applicants, done.unopened.len(), done.files), (Some(2), 0, None));
        assert!(refused(&database.options).contains("another key"));
        let store = Store::open(&with_key(database, Some(KEY))).unwrap();
        assert_eq!(opened(&store), before);
        let earlier = store.read(|db| {
            let all: Vec<_> = rows(&store).iter().map(|row| row.id).collect();
            applicant_versions::many(db, &all)
        });
        let [earlier] = &earlier.unwrap()[..] else { panic!("one earlier record") };
        let record = applicant_versions::record(store.sealer(), earlier).unwrap().into_inner();
        assert!(record.contains("王小明"), "it opens with the new key too");
        let number = "11010519491231002x";
        let same = store.read(|db| applicants::find_same(db, store.sealer(), &[organ], "id_card", number)).unwrap();
        assert_eq!(same.len(), 2);
        let settings = Settings::for_tests(&database.options.url).unwrap();
        let office = Office::with_store(store, settings, Clock::fixed(day("2026-11-23"))).unwrap();
        assert_eq!(findings(&office), []);
        let recorded = "SELECT detail AS line FROM audit_log WHERE action = 'sealing_key.changed'";
        let recorded: serde_json::Value = serde_json::from_str(&lines(&mut database.raw(), recorded)[0]).unwrap();
        assert_eq!((&recorded["applicants"], &recorded["from"]), (&2.into(), &"3a6730a3".into()));
        // The settings name the old key still: that is said and changes nothing.
        assert_eq!(carry::rekey(&database.options, Some(KEY)).unwrap().applicants, None);
        assert!(carry::rekey(&with_key(database, Some(KEY)), Some(SEALING_KEY)).is_ok(), "and back");
    });
}

#[test]
fn a_service_that_still_has_the_old_key_seals_nothing_more_and_is_not_ready() {
    on_both_databases(|database| {
        let store = database.open();
        let bureau = add_bureau(&store, "a", None);
        assert_eq!(store.probe().len(), 0);
        carry::rekey(&database.options, Some(KEY)).unwrap();
        let count = rows(&store).len();
        let add = store.write(|db| applicants::insert(db, store.sealer(), an_applicant(bureau.organ), now()));
        let set = store.write(|db| applicants::set_contact(db, store.sealer(), bureau.applicant, "{}"));
        for error in [add.map(drop).unwrap_err(), set.unwrap_err()] {
            assert!(matches!(&error, StoreError::Unavailable(said) if said.contains("restart")), "{error:?}");
        }
        assert_eq!(rows(&store).len(), count);
        assert!(matches!(store.probe().as_slice(), [StoreError::Refused(_)]), "{:?}", store.probe());
    });
}

#[test]
fn a_value_that_the_old_key_does_not_open_is_left_as_it_is_and_named() {
    on_both_databases(|database| {
        let store = database.open();
        let bureau = add_bureau(&store, "a", None);
        let other =
            store.write(|db| applicants::insert(db, store.sealer(), an_applicant(bureau.organ), now())).unwrap();
        let blank = match database.name {
            "sqlite" => "zeroblob(1)",
            _ => "'\\x00'::bytea",
        };
        let mut raw = database.raw();
        super::unguard(&mut raw);
        let spoil = format!("UPDATE applicants SET contact_sealed = {blank} WHERE id = '{}'", other.id.0);
        raw.batch_execute(&spoil).unwrap();
        let done = carry::rekey(&database.options, Some(KEY)).unwrap();
        assert_eq!((done.applicants, done.unopened), (Some(1), vec![other.id]));
    });
}

fn key_files(database: &TestDatabase) -> [PathBuf; 2] {
    let path = database.options.url.strip_prefix("sqlite:").unwrap();
    ["key", "key.next"].map(|suffix| PathBuf::from(format!("{path}.{suffix}")))
}

fn has(file: &Path, bytes: &[u8]) -> bool {
    std::fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes)
}

#[test]
fn the_key_file_is_replaced_and_the_old_one_is_kept_and_no_old_ciphertext_is_left_in_the_file() {
    let database = TestDatabase::empty_sqlite();
    let options = with_key(&database, None);
    let store = Store::open(&options).unwrap();
    store.migrate().unwrap();
    let bureau = add_bureau(&store, "a", None);
    // What was deleted lies in the free space of a page.
    let gone = store.write(|db| applicants::insert(db, store.sealer(), an_applicant(bureau.organ), now())).unwrap();
    database.raw().batch_execute(&format!("DELETE FROM applicants WHERE id = '{}'", gone.id.0)).unwrap();
    let sealed = gone.identity_sealed.unwrap();
    let before = opened(&store);
    drop(store);
    let [key, next] = key_files(&database);
    let old = std::fs::read_to_string(&key).unwrap();
    let file = Path::new(options.url.strip_prefix("sqlite:").unwrap());
    // The pools close their connections in threads of their own. The last one brings the WAL into the file.
    let log = PathBuf::from(format!("{}-wal", file.display()));
    let begun = Instant::now();
    while log.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "a connection stays open");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(has(file, &sealed));
    let done = carry::rekey(&options, None).unwrap();
    assert_eq!((done.applicants, done.is_scrubbed), (Some(1), true));
    let (new_file, old_file) = done.files.unwrap();
    assert_eq!((PathBuf::from(&new_file), std::fs::read_to_string(&old_file).unwrap()), (key.clone(), old.clone()));
    assert_ne!(std::fs::read_to_string(&key).unwrap(), old);
    for file in [&new_file, &old_file] {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert!(!next.exists() && !has(file, &sealed));
    assert_eq!(opened(&Store::open(&options).unwrap()), before);
}

#[test]
fn a_change_that_stopped_before_or_after_its_commit_is_completed_by_the_next_run() {
    let database = TestDatabase::empty_sqlite();
    let options = with_key(&database, None);
    let store = Store::open(&options).unwrap();
    store.migrate().unwrap();
    add_bureau(&store, "a", None);
    let before = opened(&store);
    drop(store);
    let [key, next] = key_files(&database);
    // Before the commit: the new key is written, the database has the old one. The service works on.
    for begun in ["c0a1", &format!("{KEY}\n")] {
        std::fs::write(&next, begun).unwrap();
        assert_eq!(opened(&Store::open(&options).unwrap()), before);
    }
    let done = carry::rekey(&options, None).unwrap();
    assert_eq!((done.applicants, std::fs::read_to_string(&key).unwrap().trim()), (Some(1), KEY));
    // After the commit: the key file is still the old one. The start is refused with what to do.
    let (_, old_file) = done.files.unwrap();
    std::fs::rename(&key, &next).unwrap();
    std::fs::copy(&old_file, &key).unwrap();
    let said = refused(&options);
    assert!(said.contains("更换密钥没有完成") && said.contains("gongkai rekey"), "{said}");
    assert_eq!(carry::rekey(&options, None).unwrap().applicants, None);
    assert_eq!((opened(&Store::open(&options).unwrap()), next.exists()), (before, false));
}

#[test]
fn a_key_that_cannot_be_the_new_one_is_refused_and_changes_nothing() {
    on_both_databases(|database| {
        add_bureau(&database.open(), "a", None);
        for new in [None, Some("short"), Some(SEALING_KEY)] {
            let same = new == Some(SEALING_KEY);
            match carry::rekey(&database.options, new) {
                Ok(done) => assert!(same && done.applicants.is_none(), "{new:?}"),
                Err(StoreError::Refused(_)) => assert!(!same, "{new:?}"),
                Err(other) => panic!("{other:?}"),
            }
            assert_eq!(opened(&database.open()).len(), 1);
        }
        let other = carry::rekey(&with_key(database, Some(&"ab".repeat(32))), Some(KEY));
        assert!(matches!(other, Err(StoreError::Refused(_))), "the old key must be the right one");
    });
}

/// Runs the command and kills it after a while. Returns whether it had ended.
fn killed(options: &DatabaseOptions, new: &str, after: Duration) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("new.key");
    std::fs::write(&file, new).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(["rekey", "--new-key-file"]).arg(&file).current_dir(directory.path()).env_clear();
    command.env("GONGKAI_DATABASE_URL", &options.url).env("GONGKAI_SECURITY__TOKEN_SECRET", KEY);
    command.env("GONGKAI_SECURITY__SEALING_KEY", options.sealing_key.as_deref().unwrap());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < after && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let has_ended = child.try_wait().unwrap().is_some();
    let _ = child.kill();
    let status = child.wait().unwrap();
    assert!(!has_ended || status.success());
    has_ended
}

#[test]
fn a_command_killed_at_any_time_leaves_the_old_key_or_the_new_one_and_the_next_run_completes() {
    on_both_databases(|database| {
        let store = database.open();
        let organ = add_bureau(&store, "a", None).organ;
        let more = |db: &mut _| -> Result<(), StoreError> {
            for _ in 0..3_000 {
                applicants::insert(db, store.sealer(), an_applicant(organ), now())?;
            }
            Ok(())
        };
        store.write(more).unwrap();
        let before = opened(&store);
        drop(store);
        let (mut present, mut next, mut ended) = (SEALING_KEY, KEY, 0);
        for wait_ms in [30, 60, 100, 150, 250, 400, 60_000] {
            if killed(&with_key(database, Some(present)), next, Duration::from_millis(wait_ms)) {
                ended += 1;
            }
            let done = carry::rekey(&with_key(database, Some(present)), Some(next)).unwrap();
            assert!(matches!(done.applicants, None | Some(3_001)), "{done:?}");
            std::mem::swap(&mut present, &mut next);
            assert_eq!(opened(&Store::open(&with_key(database, Some(present))).unwrap()), before, "{wait_ms}");
        }
        assert!((1..7).contains(&ended), "{ended} of 7 had ended");
    });
}
