//! Every migration goes forward, back and forward again, and instances that start at once do not meet in it.

use std::sync::Barrier;

use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::store::{DatabaseOptions, Db, Store, StoreError};

use crate::support::{TestDatabase, add_bureau};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every table, column, index, constraint and trigger of the database, as it describes them itself.
fn schema_dump(db: &mut Db) -> Vec<String> {
    let sql = match db {
        Db::Lite(_) => {
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_schema ORDER BY type, name"
        }
        Db::Pg(_) => {
            "SELECT line FROM (
               SELECT 'column ' || table_name || ' ' || ordinal_position || ' ' || column_name || ' ' || data_type || ' '
                      || is_nullable || ' ' || coalesce(column_default, '') AS line
                 FROM information_schema.columns WHERE table_schema = 'public'
               UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
               UNION ALL SELECT 'constraint ' || conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace
               UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
               UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                 AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
             ) AS everything ORDER BY line"
        }
    };
    let lines: Vec<Line> = diesel::sql_query(sql).load(db).unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

#[test]
fn migrations_up_down_up_give_the_same_schema() {
    for database in TestDatabase::both_empty() {
        let store = database.open();
        let applied = store.migrate().unwrap();
        let first = schema_dump(&mut database.raw());
        assert!(first.len() > 40, "{} shows only {} objects", database.name, first.len());
        let mut reverted = store.revert_all().unwrap();
        reverted.reverse();
        assert_eq!(reverted, applied, "every migration has a way back");
        let left: Vec<String> = schema_dump(&mut database.raw());
        assert!(left.iter().all(|line| line.contains("__diesel_schema_migrations")), "{left:?}");
        assert_eq!(store.pending_migrations().unwrap(), applied);
        assert_eq!(store.migrate().unwrap(), applied);
        assert_eq!(schema_dump(&mut database.raw()), first, "{}", database.name);
    }
}

#[test]
fn a_migrated_copy_has_the_schema_that_migrations_make() {
    let [copy, fresh] = [TestDatabase::postgres(), TestDatabase::empty_postgres()];
    fresh.open().migrate().unwrap();
    assert_eq!(schema_dump(&mut copy.raw()), schema_dump(&mut fresh.raw()));
}

#[test]
fn five_instances_that_start_at_once_migrate_once() {
    for database in TestDatabase::both_empty() {
        for _ in 0..3 {
            let barrier = Barrier::new(5);
            let applied: Vec<usize> = std::thread::scope(|scope| {
                let start = || {
                    barrier.wait();
                    let store = database.open();
                    let applied = store.migrate().unwrap().len();
                    assert_eq!(store.pending_migrations().unwrap(), Vec::<String>::new());
                    applied
                };
                let instances: Vec<_> = (0..5).map(|_| scope.spawn(start)).collect();
                instances.into_iter().map(|instance| instance.join().unwrap()).collect()
            });
            assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{}: {applied:?}", database.name);
            database.open().revert_all().unwrap();
        }
    }
}

#[test]
fn five_instances_on_a_new_file_agree_on_one_sealing_key() {
    let database = TestDatabase::empty_sqlite();
    let options = DatabaseOptions { sealing_key: None, ..database.options.clone() };
    let barrier = Barrier::new(5);
    let indexes: Vec<String> = std::thread::scope(|scope| {
        let start = || {
            barrier.wait();
            let store = Store::open(&options).unwrap();
            store.migrate().unwrap();
            store.sealer().blind_index("id_card", "1")
        };
        let instances: Vec<_> = (0..5).map(|_| scope.spawn(start)).collect();
        instances.into_iter().map(|instance| instance.join().unwrap()).collect()
    });
    assert!(indexes.windows(2).all(|pair| pair[0] == pair[1]), "{indexes:?}");
}

#[test]
fn a_postgres_without_a_sealing_key_or_with_another_one_is_refused() {
    let database = TestDatabase::postgres();
    add_bureau(&database.open(), "A", None);
    for sealing_key in [None, Some("ff".repeat(32)), Some("short".into())] {
        let options = DatabaseOptions { sealing_key, ..database.options.clone() };
        assert!(matches!(Store::open(&options), Err(StoreError::Refused(_))), "{options:?}");
    }
}

#[test]
fn the_schema_the_program_was_compiled_with_is_the_one_the_migrations_make() {
    // One column more or less in schema.rs, or one in another order, and a row would not come back as it went in.
    let declared = include_str!("../../../src/store/database/schema.rs");
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for line in declared.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            tables.push((name.to_owned(), Vec::new()));
        } else if let (Some((column, kind)), Some((_, columns))) = (line.split_once(" -> "), tables.last_mut()) {
            let nullable = kind.starts_with("Nullable<");
            columns.push(format!("{column} {}", if nullable { "null" } else { "not null" }));
        }
    }
    assert_eq!(tables.len(), 37);
    for database in TestDatabase::both() {
        let mut db = database.raw();
        for (table, declared) in &tables {
            let sql = match db {
                Db::Lite(_) => format!(
                    "SELECT name || CASE WHEN \"notnull\" OR pk THEN ' not null' ELSE ' null' END AS line
                     FROM pragma_table_info('{table}') ORDER BY cid"
                ),
                Db::Pg(_) => format!(
                    "SELECT column_name || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE ' null' END AS line
                     FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
                ),
            };
            let lines: Vec<Line> = diesel::sql_query(sql).load(&mut db).unwrap();
            let actual: Vec<String> = lines.into_iter().map(|line| line.line).collect();
            assert_eq!(&actual, declared, "{table} on {}", database.name);
        }
    }
}
