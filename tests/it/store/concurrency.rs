//! Many at once: numbers without a gap, one winner per version, a fair queue, and no endless waiting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
use std::time::{Duration, Instant};

use gongkai::store::service::idempotency::{self, Answer, RequestKey, Seen};
use gongkai::store::{
    DatabaseOptions, Db, Store, StoreError,
    cases::{self, counters, events},
    now,
    service::meta,
};

use crate::support::{TestDatabase, add_bureau, add_case, an_event, on_both, on_both_databases};

#[test]
fn a_thousand_numbers_from_sixteen_threads_have_no_gap_and_no_duplicate() {
    on_both_databases(|database| {
        let options = DatabaseOptions { pool_size: 16, pool_timeout_ms: 30_000, ..database.options.clone() };
        let options = DatabaseOptions { lock_timeout_ms: 30_000, statement_timeout_ms: 30_000, ..options };
        let store = Store::open(&options).unwrap();
        let organ = add_bureau(&store, "A", None).organ;
        let (started, taken, barrier) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Barrier::new(16));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    barrier.wait();
                    loop {
                        let n = started.fetch_add(1, Ordering::SeqCst);
                        if n >= 1_100 {
                            return;
                        }
                        // Every eleventh is given up after the number was drawn: it must not leave a hole.
                        let drawn: Result<i64, StoreError> = store.write(|db| {
                            let number = counters::next(db, organ, 2026, "case")?;
                            if n % 11 == 10 { Err(StoreError::NotFound) } else { Ok(number) }
                        });
                        match drawn {
                            Ok(number) => taken.lock().unwrap().push(number),
                            Err(StoreError::NotFound) => assert_eq!(n % 11, 10),
                            Err(other) => panic!("{other}"),
                        }
                    }
                });
            }
        });
        let mut taken = taken.into_inner().unwrap();
        taken.sort_unstable();
        assert_eq!(taken, (1..=1000).collect::<Vec<i64>>(), "{}", database.name);
        assert_eq!(store.read(|db| counters::last(db, organ, 2026, "case")).unwrap(), 1000);
    });
}

#[test]
fn series_of_another_organ_year_or_kind_count_for_themselves() {
    on_both(|store| {
        let [a, b] = ["A", "B"].map(|code| add_bureau(store, code, None).organ);
        let draw = |organ, year, kind: &str| store.write(|db| counters::next(db, organ, year, kind)).unwrap();
        assert_eq!([draw(a, 2026, "case"), draw(a, 2026, "case"), draw(a, 2026, "case")], [1, 2, 3]);
        assert_eq!([draw(b, 2026, "case"), draw(a, 2027, "case"), draw(a, 2026, "reply")], [1, 1, 1]);
        store.write(|db| counters::raise_to(db, a, 2026, "case", 40)).unwrap();
        store.write(|db| counters::raise_to(db, a, 2026, "case", 7)).unwrap();
        store.write(|db| counters::raise_to(db, a, 2025, "case", 7)).unwrap();
        assert_eq!([draw(a, 2026, "case"), draw(a, 2025, "case")], [41, 8]);
    });
}

#[test]
fn of_eight_racing_changes_of_one_version_exactly_one_wins() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        for _ in 0..10 {
            let before = add_case(store, &bureau, 1);
            let barrier = Barrier::new(8);
            let results: Vec<Result<(), StoreError>> = std::thread::scope(|scope| {
                let race = |n: usize| {
                    let (before, barrier) = (before.clone(), &barrier);
                    move || {
                        barrier.wait();
                        store.write(|db| {
                            let mut row = cases::find(db, before.id)?;
                            row.version = events::append(db, row.id, before.version, &[an_event(n)], None, now())?;
                            row.title = format!("第{n}次");
                            cases::update(db, &row, before.version)
                        })
                    }
                };
                let racers: Vec<_> = (0..8).map(|n| scope.spawn(race(n))).collect();
                racers.into_iter().map(|racer| racer.join().unwrap()).collect()
            });
            let conflicts = results.iter().filter(|result| matches!(result, Err(StoreError::Conflict))).count();
            assert_eq!((results.iter().filter(|result| result.is_ok()).count(), conflicts), (1, 7), "{results:?}");
            let (after, log) = store
                .read(|db| -> Result<_, StoreError> { Ok((cases::find(db, before.id)?, events::load(db, before.id)?)) })
                .unwrap();
            assert_eq!((after.version, log.len()), (2, 2));
            assert_eq!(store.read(|db| events::verify(db, before.id)).unwrap(), None);
        }
    });
}

#[test]
fn who_waits_for_a_locked_case_sees_what_the_one_before_wrote() {
    on_both(|store| {
        let case = add_case(store, &add_bureau(store, "A", None), 1);
        let (locked, told) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                store
                    .write(|db| -> Result<(), StoreError> {
                        let mut row = cases::lock(db, case.id)?;
                        locked.send(()).unwrap();
                        std::thread::sleep(Duration::from_millis(200));
                        row.version = events::append(db, case.id, 1, &[an_event(2)], None, now())?;
                        cases::update(db, &row, 1)
                    })
                    .unwrap();
            });
            told.recv().unwrap();
            assert_eq!(store.write(|db| cases::lock(db, case.id)).unwrap().version, 2);
        });
    });
}

#[test]
fn writers_of_sqlite_come_in_the_order_in_which_they_asked() {
    let database = TestDatabase::sqlite();
    // Patient: this is about their order, not about how long they wait.
    let store = Store::open(&DatabaseOptions { pool_timeout_ms: 30_000, ..database.options.clone() }).unwrap();
    let order = Mutex::new(Vec::new());
    let (holding, held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let first = &store;
        scope.spawn(move || {
            let hold = |_: &mut Db| -> Result<(), StoreError> {
                holding.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            };
            first.write(hold).unwrap();
        });
        held.recv().unwrap();
        for n in 0..20 {
            let (store, order) = (&store, &order);
            scope.spawn(move || {
                let note = |_: &mut Db| -> Result<(), StoreError> {
                    order.lock().unwrap().push(n);
                    Ok(())
                };
                store.write(note).unwrap();
            });
            std::thread::sleep(Duration::from_millis(100)); // so that they ask one after the other
        }
        release.send(()).unwrap();
    });
    assert_eq!(order.into_inner().unwrap(), (0..20).collect::<Vec<i64>>());
}

#[test]
fn when_everything_is_taken_the_next_is_told_busy_within_two_and_a_half_seconds() {
    on_both_databases(|database| {
        let store = Store::open(&DatabaseOptions { pool_size: 2, ..database.options.clone() }).unwrap();
        let barrier = Barrier::new(3);
        let release = Barrier::new(3);
        let hold = || -> Result<(), StoreError> {
            barrier.wait();
            release.wait();
            Ok(())
        };
        std::thread::scope(|scope| {
            if store.backend() == "sqlite" {
                scope.spawn(|| store.write(|_| hold()).unwrap());
                scope.spawn(|| hold().unwrap());
            } else {
                scope.spawn(|| store.write(|_| hold()).unwrap());
                scope.spawn(|| store.read(|_| hold()).unwrap());
            }
            barrier.wait();
            let asked = Instant::now();
            let refused: Result<(), StoreError> = store.write(|_| Ok(()));
            let waited = asked.elapsed();
            release.wait();
            assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
            assert!((1_900..2_500).contains(&waited.as_millis()), "{} waited {waited:?}", database.name);
        });
        store.write(|_| Ok::<(), StoreError>(())).unwrap();
    });
}

#[test]
fn two_instances_on_one_file_read_then_write_without_losing_a_step() {
    let database = TestDatabase::sqlite();
    let instances = [database.open(), database.open()];
    let patient = Duration::from_micros(300);
    let step = |store: &Store| {
        store.write(|db| -> Result<(), StoreError> {
            let count: i32 = meta::get(db, "count")?.map_or(0, |text| text.parse().unwrap());
            std::thread::sleep(patient); // so that the other is sure to come in between if it can
            meta::set(db, "count", &(count + 1).to_string())
        })
    };
    std::thread::scope(|scope| {
        for n in 0..8 {
            let store = &instances[n % 2];
            scope.spawn(move || (0..25).for_each(|_| step(store).unwrap()));
        }
    });
    assert_eq!(instances[0].read(|db| meta::get(db, "count")).unwrap().as_deref(), Some("200"));
}

#[test]
fn readers_of_sqlite_do_not_wait_for_the_writer() {
    let database = TestDatabase::sqlite();
    let store = database.open();
    let bureau = add_bureau(&store, "A", None);
    let read = store.write(|db| -> Result<_, StoreError> {
        counters::next(db, bureau.organ, 2026, "case")?;
        store.read(|db| counters::last(db, bureau.organ, 2026, "case"))
    });
    assert_eq!(read.unwrap(), 0, "the reader sees what was committed before");
}

#[test]
fn a_snapshot_does_not_change_while_others_write() {
    on_both(|store| {
        let organ = add_bureau(store, "A", None).organ;
        let seen = store.read(|db| -> Result<_, StoreError> {
            let before = counters::last(db, organ, 2026, "case")?;
            store.write(|db| counters::next(db, organ, 2026, "case"))?;
            Ok((before, counters::last(db, organ, 2026, "case")?))
        });
        assert_eq!(seen.unwrap(), (0, 0));
        assert_eq!(store.read(|db| counters::last(db, organ, 2026, "case")).unwrap(), 1);
    });
}

#[test]
fn eight_equal_requests_at_once_are_done_once_and_answered_alike() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let request = RequestKey { user: bureau.user, route: "POST /cases", key: "k-1" };
        let barrier = Barrier::new(8);
        let serve = || {
            barrier.wait();
            store.write(|db| -> Result<Answer, StoreError> {
                match idempotency::begin(db, request, "fingerprint")? {
                    Seen::Before(answer) => Ok(answer),
                    Seen::WithOtherBody => Err(StoreError::Conflict),
                    Seen::Never => {
                        let number = counters::next(db, bureau.organ, 2026, "case")?;
                        let answer = Answer {
                            status: 201,
                            etag: None,
                            location: None,
                            body: format!("{{\"number\":{number}}}"),
                        };
                        idempotency::store(db, request, "fingerprint", &answer, now())?;
                        Ok(answer)
                    }
                }
            })
        };
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..8).map(|_| scope.spawn(serve)).collect();
            clients.into_iter().map(|client| client.join().unwrap().unwrap()).collect()
        });
        assert!(answers.iter().all(|answer| answer.body == r#"{"number":1}"#), "{answers:?}");
        assert_eq!(store.read(|db| counters::last(db, bureau.organ, 2026, "case")).unwrap(), 1);
    });
}
