//! A server that takes what it is sent and answers nothing, behind a machine that acknowledges every packet. No setting
//! of a socket notices that.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use gongkai::store::{DatabaseOptions, Store, StoreError, service::meta};

use crate::support::TestDatabase;

/// Stands between a store and its server.
struct Between {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Connections made before the last freeze carry nothing on.
    freezes: AtomicUsize,
    thawed: AtomicBool,
}

impl Between {
    fn new(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let born = shared.freezes.load(Ordering::SeqCst);
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    std::thread::spawn(move || carry(from, to, born, &shared));
                }
            }
        });
        Self { port, state }
    }

    /// What is connected now stays so and falls silent. What connects later is not touched.
    fn freeze(&self) {
        self.state.thawed.store(false, Ordering::SeqCst);
        self.state.freezes.fetch_add(1, Ordering::SeqCst);
    }

    fn thaw(&self) {
        self.state.thawed.store(true, Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, born: usize, state: &State) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        while state.freezes.load(Ordering::SeqCst) > born && !state.thawed.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// A database, what stands before it, and a store of two connections that goes through there; a statement may take so long.
fn behind_a_proxy(statement_timeout_ms: u64) -> (TestDatabase, Between, Store) {
    let database = TestDatabase::postgres();
    let rest = database.options.url.split_once('@').unwrap();
    let (server, name) = rest.1.split_once('/').unwrap();
    let between = Between::new(server.to_owned());
    let url = format!("{}@127.0.0.1:{}/{name}", rest.0, between.port);
    let options =
        DatabaseOptions { url, pool_size: 2, pool_timeout_ms: 500, statement_timeout_ms, ..database.options.clone() };
    let store = Store::open(&options).unwrap();
    (database, between, store)
}

/// Both connections open and given back.
fn open_both(store: &Store) {
    let both: Result<(), StoreError> = store.read(|_| store.read(|_| Ok(())));
    both.unwrap();
    assert_eq!((store.pool_state().connections, store.pool_state().idle), (2, 2));
}

fn seconds_until_it_reads(store: &Store) -> f64 {
    let begun = Instant::now();
    loop {
        let read = store.read(|db| meta::get(db, "sealing_key_check"));
        if read.is_ok() {
            return begun.elapsed().as_secs_f64();
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not recover: {read:?}");
    }
}

#[test]
fn idle_connections_to_a_server_that_fell_silent_are_left_behind_after_three_seconds() {
    // A statement may take six seconds with its grace: only the ping before a connection is lent is shorter.
    let (_database, between, store) = behind_a_proxy(4_000);
    open_both(&store);
    between.freeze();
    let stuck: Vec<_> = (0..2)
        .map(|_| {
            let store = store.clone();
            std::thread::spawn(move || store.read(|db| meta::get(db, "sealing_key_check")))
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    let recovered = seconds_until_it_reads(&store);
    assert!((2.0..4.5).contains(&recovered), "{recovered}");
    assert_eq!((store.pool_state().switches, store.pool_state().stuck), (1, 2));
    between.thaw();
    for thread in stuck {
        assert!(thread.join().unwrap().unwrap().is_some(), "a late answer is an answer");
    }
    assert_eq!((store.pool_state().switches, store.pool_state().stuck), (1, 0), "and its connection is closed");
}

#[test]
fn a_statement_that_outlasts_its_own_time_limit_frees_the_pool_for_the_others() {
    let (_database, between, store) = behind_a_proxy(1_000);
    open_both(&store);
    let stuck: Vec<_> = (0..2)
        .map(|_| {
            let (store, state) = (store.clone(), Arc::clone(&between.state));
            std::thread::spawn(move || {
                store.write(|db| {
                    while state.freezes.load(Ordering::SeqCst) == 0 {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    meta::set(db, "late", "1")
                })
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    between.freeze();
    let recovered = seconds_until_it_reads(&store);
    assert!((2.5..5.0).contains(&recovered), "statement_timeout and two seconds: {recovered}");
    assert_eq!((store.pool_state().switches, store.pool_state().stuck), (1, 2));
    between.thaw();
    for thread in stuck {
        let _ = thread.join().unwrap();
    }
    assert_eq!(store.pool_state().stuck, 0);
}

#[test]
fn a_long_transaction_of_short_statements_is_not_taken_for_silence() {
    let (_database, _between, store) = behind_a_proxy(1_000);
    let done: Result<(), StoreError> = store.read(|db| {
        for pause in [0, 0, 0, 3_200, 0] {
            diesel::sql_query("SELECT pg_sleep(0.9)").execute(db)?;
            // Whoever holds it may also think for longer than a statement may take: nothing is owed meanwhile.
            std::thread::sleep(Duration::from_millis(pause));
            assert_eq!(store.pool_state().switches, 0);
            let _: Option<String> = store.read(|db| meta::get(db, "sealing_key_check"))?;
        }
        Ok(())
    });
    done.unwrap();
    assert_eq!((store.pool_state().switches, store.pool_state().connections), (0, 2));
}
