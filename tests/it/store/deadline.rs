//! What is read for a request ends with the request's deadline.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use gongkai::store::cases::{self, CaseFilter};
use gongkai::store::{Db, Store, StoreError};

use crate::support::{add_bureau, add_case, on_both};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    setting: String,
}

/// A statement that takes minutes, as long statements of the store are written on either database.
fn count_for_minutes(db: &mut Db) -> Result<i64, StoreError> {
    let limit = match db {
        Db::Pg(_) => "true",
        Db::Lite(_) => "gongkai_in_time()",
    };
    let counted = diesel::sql_query(format!(
        "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000)
         SELECT count(*) AS count FROM n WHERE {limit}"
    ));
    Ok(counted.get_result::<Count>(db)?.count)
}

fn in_ms(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

#[test]
fn a_statement_that_is_under_way_is_ended_at_the_deadline() {
    on_both(|store| {
        let began = Instant::now();
        let ended = store.until(in_ms(300), || store.read(count_for_minutes));
        assert!(matches!(ended, Err(StoreError::OutOfTime)), "{}: {ended:?}", store.backend());
        assert!((300..5_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
        let next = store.read::<_, StoreError>(|db| Ok(cases::list(db, &CaseFilter::default(), None, 1)?.len()));
        assert_eq!(next.unwrap(), 0, "the connection is as good as before");
    });
}

#[test]
fn no_further_batch_is_read_after_the_deadline() {
    on_both(|store| {
        let case = add_case(store, &add_bureau(store, "A", None), 3).id;
        let read = |until| {
            store.until(until, || {
                store.read(|db| {
                    std::thread::sleep(Duration::from_millis(60));
                    gongkai::store::cases::events::load_many(db, &[case])
                })
            })
        };
        assert!(matches!(read(in_ms(30)), Err(StoreError::OutOfTime)));
        assert_eq!(read(in_ms(60_000)).unwrap().len(), 1);
        let begun = store.until(in_ms(0), || store.read::<_, StoreError>(|_| Ok(())));
        assert!(matches!(begun, Err(StoreError::OutOfTime)), "nothing begins after the deadline");
    });
}

#[test]
fn the_deadline_of_one_piece_of_work_is_not_the_next_ones() {
    on_both(|store| {
        let _ = store.until(in_ms(0), || store.read::<(), StoreError>(|_| Ok(())));
        store.read::<_, StoreError>(|_| Ok(())).unwrap();
        let within = |store: &Store| store.read(statement_timeout).unwrap();
        let usual = within(store);
        assert_eq!(usual, if store.backend() == "postgres" { "10000" } else { "none" });
        if store.backend() == "postgres" {
            let left: u64 = store.until(in_ms(5_000), || within(store)).parse().unwrap();
            assert!((4_000..=5_000).contains(&left), "{left}");
            assert_eq!(within(store), usual, "the limit ends with its transaction");
        }
    });
}

fn statement_timeout(db: &mut Db) -> Result<String, StoreError> {
    match db {
        Db::Pg(_) => {
            let setting = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'";
            Ok(diesel::sql_query(setting).get_result::<Setting>(db)?.setting)
        }
        Db::Lite(_) => Ok("none".into()),
    }
}

/// Keeps `gongkai_in_time` what it says: true as long as there is time.
#[test]
fn a_statement_in_time_sees_every_row() {
    #[derive(QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Bool)]
        answer: bool,
    }
    let database = crate::support::TestDatabase::sqlite();
    let store = database.open();
    let ask = |db: &mut Db| -> Result<bool, StoreError> {
        Ok(diesel::sql_query("SELECT gongkai_in_time() AS answer").get_result::<Answer>(db)?.answer)
    };
    assert!(store.read(ask).unwrap(), "without a deadline");
    assert!(store.until(in_ms(60_000), || store.read(ask)).unwrap(), "before it");
}
