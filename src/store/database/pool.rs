//! A connection pool that survives a server that accepts requests but never answers.
//!
//! libpq waits for an answer without a limit of its own. The parameters added to the address ([`super::options`]) end
//! that wait if the other *machine* is gone, but not if its kernel still acknowledges data that the stopped server
//! never reads. Such a connection cannot be closed from outside without `unsafe`, so it is abandoned instead: the pool
//! records when each connection was last used ([`line`]), and if an answer is overdue it starts a new generation of
//! connections. The stuck threads end with their sockets. Their number is bounded ([`STUCK_PER_CONNECTION`]).

mod line;

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool, PooledConnection, R2D2Connection};
use diesel::sql_types::Text;
use scheduled_thread_pool::ScheduledThreadPool;

use super::db::{self, Begin, Db, Manager};
use super::deadline;
use crate::store::StoreError;
use line::{Line, Lines};

/// Time limit for the first statement on a connection: BEGIN, the `SELECT 1` after more than [`FRESH`] idle, or the
/// statement of [`GuardedPool::ask`], which reads by key. A healthy server answers these at once.
const PING: Duration = Duration::from_secs(3);
/// A connection used this recently is lent without a ping.
const FRESH: Duration = Duration::from_secs(30);
/// Time limit for opening: `connect_timeout` for each host, plus the first statements.
const OPENING: Duration = Duration::from_secs(15);
/// Time limit beyond `statement_timeout`, at which the server itself reports the time-out.
const GRACE: Duration = Duration::from_secs(2);
/// A statement running this long is a reason to check whether the address now leads to another server.
const SUSPECT: Duration = Duration::from_secs(2);
/// Minimum time between two such checks.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// Minimum time between two generations.
const SWITCH_PAUSE: Duration = Duration::from_secs(5);
/// At this many stuck connections (and threads) per connection of the pool, no new generation is started. The current
/// one may get stuck too, so the maximum is one more per connection.
const STUCK_PER_CONNECTION: u32 = 4;
/// Threads that open connections, per generation.
const OPENERS: usize = 2;

/// The state of a pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolState {
    /// Open connections.
    pub connections: u32,
    /// Idle connections among these.
    pub idle: u32,
    /// How often the pool started a new generation because its server had stopped answering.
    pub switches: u32,
    /// Abandoned connections that still wait for an answer, each with its thread.
    pub stuck: u32,
}

impl PoolState {
    /// The sum of two pools.
    pub(in crate::store) fn and(self, other: Self) -> Self {
        Self {
            connections: self.connections.saturating_add(other.connections),
            idle: self.idle.saturating_add(other.idle),
            switches: self.switches.saturating_add(other.switches),
            stuck: self.stuck.saturating_add(other.stuck),
        }
    }
}

/// Connections to one address, for one purpose.
pub(in crate::store) struct GuardedPool {
    manager: Manager,
    size: u32,
    timeout: Duration,
    /// The longest wait for one statement. `None` on SQLite, which involves no other machine.
    patience: Option<Duration>,
    current: RwLock<Arc<Generation>>,
    switched_at: Mutex<Option<Instant>>,
    switches: AtomicU32,
    stuck: Arc<AtomicU32>,
}

/// The connections between two switches.
struct Generation {
    pool: Pool<Watched>,
    lines: Arc<Lines>,
    looked_at: Mutex<Option<Instant>>,
}

/// The state of a generation's server, judged by its lines.
enum Verdict {
    Answers,
    /// These servers take longer than usual to answer.
    Slow(Vec<String>),
    /// An answer is overdue.
    Silent,
}

impl GuardedPool {
    /// A pool of at most `size` connections, opened on demand. `timeout` is the longest wait for one.
    /// `statement_timeout` is the limit set on the server, `None` on SQLite.
    pub(in crate::store) fn new(
        manager: Manager,
        size: u32,
        timeout: Duration,
        statement_timeout: Option<Duration>,
    ) -> Self {
        let patience = statement_timeout.map(|limit| limit + GRACE);
        let current = RwLock::new(Arc::new(Generation::new(&manager, size, timeout, patience, None)));
        Self {
            manager,
            size,
            timeout,
            patience,
            current,
            switched_at: Mutex::new(None),
            switches: AtomicU32::new(0),
            stuck: Arc::default(),
        }
    }

    /// Takes a connection that was just pinged or used recently ([`FRESH`]). Its first statement must go through
    /// [`GuardedPool::once_more`].
    ///
    /// # Errors
    /// [`StoreError::Busy`] if all are in use, [`StoreError::Unavailable`] with the cause if none can be opened.
    fn get(&self) -> Result<Held, StoreError> {
        let before = self.looked_after();
        match before.pool.get_timeout(self.timeout) {
            Ok(connection) => Ok(Held(connection)),
            Err(timeout) => {
                let after = self.looked_after();
                if Arc::ptr_eq(&before, &after) {
                    return Err(cause_of(&timeout));
                }
                after.pool.get_timeout(self.timeout).map(Held).map_err(|timeout| cause_of(&timeout))
            }
        }
    }

    /// Takes a connection and begins a transaction on it.
    ///
    /// # Errors
    /// As [`GuardedPool::get`]; [`StoreError::OutOfTime`] if the thread's limit has passed.
    pub(in crate::store) fn begin(&self, begin: Begin) -> Result<Held, StoreError> {
        let is_away = |cause: &StoreError| matches!(cause, StoreError::Unavailable(_));
        let (held, ()) = self.once_more(|held| held.begin(begin), is_away)?;
        Ok(held)
    }

    /// Runs a single read-only statement.
    ///
    /// # Errors
    /// The errors of `work`; [`StoreError::OutOfTime`] if the thread's limit has passed; as [`GuardedPool::get`].
    pub(in crate::store) fn ask<T, E: From<StoreError>>(&self, work: impl Fn(&mut Db) -> Result<T, E>) -> Result<T, E> {
        deadline::check()?;
        let (_, answer) = self.once_more(|held| held.ask(&work), |_| false)?;
        Ok(answer)
    }

    /// Runs the first statement on a connection. If the connection is lost, or `is_away` accepts the error, marks all
    /// idle connections for a ping and retries once on another.
    fn once_more<T, E: From<StoreError>>(
        &self,
        first: impl Fn(&mut Held) -> Result<T, E>,
        is_away: impl Fn(&E) -> bool,
    ) -> Result<(Held, T), E> {
        let mut held = self.get()?;
        let error = match first(&mut held) {
            Ok(value) => return Ok((held, value)),
            Err(error) => error,
        };
        if !held.is_lost() && !is_away(&error) {
            return Err(error);
        }
        held.doubt_all();
        drop(held);
        let mut held = self.get()?;
        let value = first(&mut held)?;
        Ok((held, value))
    }

    /// The state of the pool, for metrics.
    pub(in crate::store) fn state(&self) -> PoolState {
        let state = self.current().pool.state();
        PoolState {
            connections: state.connections,
            idle: state.idle_connections,
            switches: self.switches.load(Ordering::Relaxed),
            stuck: self.stuck.load(Ordering::Relaxed),
        }
    }

    fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current generation, or a new one if its server does not answer.
    fn looked_after(&self) -> Arc<Generation> {
        let now = self.current();
        match now.verdict() {
            Verdict::Answers => now,
            Verdict::Silent => self.switch(now, None),
            Verdict::Slow(servers) => match self.look_elsewhere(&now, &servers) {
                Some(elsewhere) => self.switch(now, Some(elsewhere)),
                None => now,
            },
        }
    }

    /// Connects to a server other than the silent ones, if the address leads to one, as it does after a failover. Only
    /// one caller at a time checks, and only if all connections are in use.
    fn look_elsewhere(&self, now: &Generation, silent: &[String]) -> Option<Lent> {
        let state = now.pool.state();
        if state.idle_connections > 0 || state.connections < self.size {
            return None;
        }
        let mut looked_at = match now.looked_at.try_lock() {
            Ok(free) => free,
            Err(TryLockError::Poisoned(free)) => free.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        if looked_at.is_some_and(|at| at.elapsed() < LOOK_PAUSE) {
            return None;
        }
        let lines = Arc::clone(&now.lines);
        let watched =
            Watched { manager: self.manager.clone(), patience: self.patience, lines, first: Mutex::new(None) };
        let found = watched.connect().ok();
        *looked_at = Some(Instant::now());
        found.filter(|lent| lent.line.server().is_some_and(|server| !silent.contains(&server)))
    }

    /// Replaces the generation `from`. Only the first caller does, within the limits; the others get the current one.
    fn switch(&self, from: Arc<Generation>, first: Option<Lent>) -> Arc<Generation> {
        let mut switched_at = lock(&self.switched_at);
        let now = self.current();
        let is_too_soon = switched_at.is_some_and(|at| at.elapsed() < SWITCH_PAUSE);
        let is_full = self.stuck.load(Ordering::Relaxed) >= self.size.saturating_mul(STUCK_PER_CONNECTION);
        if !Arc::ptr_eq(&now, &from) || is_too_soon || is_full {
            return now;
        }
        *switched_at = Some(Instant::now());
        let next = Arc::new(Generation::new(&self.manager, self.size, self.timeout, self.patience, first));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        self.switches.fetch_add(1, Ordering::Relaxed);
        let left_behind = from.lines.retire(&self.stuck);
        tracing::warn!(left_behind, "the database stopped answering: connections are opened anew");
        next
    }
}

impl Generation {
    fn new(manager: &Manager, size: u32, timeout: Duration, patience: Option<Duration>, first: Option<Lent>) -> Self {
        let lines = Arc::new(Lines::default());
        let watched =
            Watched { manager: manager.clone(), patience, lines: Arc::clone(&lines), first: Mutex::new(first) };
        // Separate threads, because those of the previous generation may be stuck.
        let pool = Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(0))
            .connection_timeout(timeout)
            .thread_pool(Arc::new(ScheduledThreadPool::new(OPENERS)))
            .build_unchecked(watched);
        Self { pool, lines, looked_at: Mutex::new(None) }
    }

    fn verdict(&self) -> Verdict {
        let mut slow = Vec::new();
        for line in self.lines.all() {
            let Some((silent, patience)) = line.silence() else { continue };
            if silent > patience {
                return Verdict::Silent;
            }
            if silent > SUSPECT {
                slow.extend(line.server());
            }
        }
        if slow.is_empty() { Verdict::Answers } else { Verdict::Slow(slow) }
    }
}

/// r2d2 reports a cause if it could not open a connection. Without a cause, all are in use.
fn cause_of(timeout: &impl std::fmt::Display) -> StoreError {
    let text = timeout.to_string();
    text.split_once(": ").map_or(StoreError::Busy, |(_, cause)| StoreError::Unavailable(cause.to_owned()))
}

/// A borrowed connection. Returns to its pool on drop.
pub(in crate::store) struct Held(PooledConnection<Watched>);

impl Held {
    /// Begins a transaction, limited by [`PING`] because a healthy server does so at once.
    fn begin(&mut self, begin: Begin) -> Result<(), StoreError> {
        let lent = &mut *self.0;
        lent.line.ask_shortly(PING, || db::begin(&mut lent.db, begin))
    }

    fn ask<T>(&mut self, work: impl FnOnce(&mut Db) -> T) -> T {
        let lent = &mut *self.0;
        lent.line.ask_shortly(PING, || work(&mut lent.db))
    }

    fn is_lost(&mut self) -> bool {
        self.0.db.is_broken()
    }

    /// Marks every connection that is idle now for a ping before it is lent again.
    fn doubt_all(&self) {
        self.0.lines.doubt();
    }
}

impl Deref for Held {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.0.db
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.0.db
    }
}

/// A connection with the record of its pending statement.
struct Lent {
    db: Db,
    line: Arc<Line>,
    /// The lines of its generation.
    lines: Arc<Lines>,
    /// When it was opened or returned.
    idle_since: Instant,
}

impl Lent {
    fn new(db: Db, line: Arc<Line>, lines: &Arc<Lines>) -> Self {
        Self { db, line, lines: Arc::clone(lines), idle_since: Instant::now() }
    }
}

/// The [`Manager`], with a [`Line`] for each connection.
struct Watched {
    manager: Manager,
    patience: Option<Duration>,
    lines: Arc<Lines>,
    /// An already open connection, for the first caller.
    first: Mutex<Option<Lent>>,
}

impl ManageConnection for Watched {
    type Connection = Lent;
    type Error = StoreError;

    fn connect(&self) -> Result<Lent, StoreError> {
        if let Some(lent) = lock(&self.first).take() {
            self.lines.add(&lent.line);
            return Ok(Lent::new(lent.db, lent.line, &self.lines));
        }
        let line = Arc::new(Line::default());
        let Some(patience) = self.patience else { return Ok(Lent::new(self.manager.open()?, line, &self.lines)) };
        self.lines.add(&line);
        line.asked(OPENING);
        let mut db = self.manager.open()?;
        line.is_of(server_of(&mut db)?);
        line.answered();
        line.watch(&mut db, patience, self.manager.health());
        Ok(Lent::new(db, line, &self.lines))
    }

    fn is_valid(&self, lent: &mut Lent) -> Result<(), StoreError> {
        if lent.idle_since.elapsed() < FRESH && !self.lines.is_doubted_since(lent.idle_since) {
            return Ok(());
        }
        lent.line.ask_shortly(PING, || self.manager.is_valid(&mut lent.db))
    }

    fn has_broken(&self, lent: &mut Lent) -> bool {
        lent.line.answered();
        lent.idle_since = Instant::now();
        self.lines.is_retired() || self.manager.has_broken(&mut lent.db)
    }
}

/// Identifies a server behind an address: its start time, address and port. Empty on SQLite.
fn server_of(db: &mut Db) -> Result<String, StoreError> {
    #[derive(QueryableByName)]
    struct Started {
        #[diesel(sql_type = Text)]
        at: String,
    }
    match db {
        Db::Pg(_) => {
            let started: Started = diesel::sql_query(
                "SELECT concat_ws(' ', pg_postmaster_start_time(), inet_server_addr(), inet_server_port()) AS at",
            )
            .get_result(db)?;
            Ok(started.at)
        }
        Db::Lite(_) => Ok(String::new()),
    }
}

/// Ignores poisoning: the guarded values are never left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
