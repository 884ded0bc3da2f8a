//! A pool that outlives a server which takes requests and answers none.
//!
//! libpq waits for an answer without a limit of its own. The parameters of the address ([`super::options`]) end that wait
//! when the other *machine* is gone. They do not when its kernel still acknowledges what the stopped server never reads.
//! Such a connection cannot be cut from outside without `unsafe`, so it is left behind instead: the pool notes when each
//! connection was asked something ([`line`]), and when an answer is overdue it starts again with a new set of connections.
//! The stuck threads end with their sockets; how many there may be is bounded ([`STUCK_PER_CONNECTION`]).

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

/// What is asked first of a connection may take so long: BEGIN, the `SELECT 1` of a connection that was idle for longer than
/// [`FRESH`], and the one statement of [`GuardedPool::ask`], which reads by keys. A server that works answers them at once.
const PING: Duration = Duration::from_secs(3);
/// A connection that was in use so recently is lent as it is.
const FRESH: Duration = Duration::from_secs(30);
/// Opening: `connect_timeout` for each host, and the first statements.
const OPENING: Duration = Duration::from_secs(15);
/// What a statement may take beyond its `statement_timeout`, at which the server answers that it gave up.
const GRACE: Duration = Duration::from_secs(2);
/// From here on a statement is a reason to look whether the address leads to another server by now.
const SUSPECT: Duration = Duration::from_secs(2);
/// Between two looks at where the address leads.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// Between two new sets of connections.
const SWITCH_PAUSE: Duration = Duration::from_secs(5);
/// With so many stuck connections (and threads) for each connection of the pool there is no new set; the current set may get
/// stuck as well, so that the most is one more for each.
const STUCK_PER_CONNECTION: u32 = 4;
/// Threads that open connections, for each set.
const OPENERS: usize = 2;

/// How a pool stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolState {
    /// Connections that are open.
    pub connections: u32,
    /// Of these, idle connections.
    pub idle: u32,
    /// How often the pool started again because its server had stopped answering.
    pub switches: u32,
    /// Connections left behind that still wait for an answer, each with its thread.
    pub stuck: u32,
}

impl PoolState {
    /// Both pools as one.
    pub(in crate::store) fn and(self, other: Self) -> Self {
        Self {
            connections: self.connections.saturating_add(other.connections),
            idle: self.idle.saturating_add(other.idle),
            switches: self.switches.saturating_add(other.switches),
            stuck: self.stuck.saturating_add(other.stuck),
        }
    }
}

/// Connections to one address for one purpose.
pub(in crate::store) struct GuardedPool {
    manager: Manager,
    size: u32,
    timeout: Duration,
    /// How long one statement may stay without an answer. None on SQLite, which waits for no other machine.
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

/// What the lines of a generation say about its server.
enum Verdict {
    Answers,
    /// These servers owe an answer for longer than is usual.
    Slow(Vec<String>),
    /// An answer is overdue.
    Silent,
}

impl GuardedPool {
    /// A pool of at most `size` connections, opened when they are needed; `timeout` is the longest wait for one.
    /// `statement_timeout` is the limit set on the server, or `None` on SQLite.
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

    /// A connection: pinged just now, or in use a short while ago ([`FRESH`]). What is asked of it first goes through
    /// [`GuardedPool::once_more`].
    ///
    /// # Errors
    /// [`StoreError::Busy`] when all are in use, [`StoreError::Unavailable`] with the cause when none can be opened.
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

    /// A connection with a transaction on it.
    ///
    /// # Errors
    /// As [`GuardedPool::get`].
    pub(in crate::store) fn begin(&self, begin: Begin) -> Result<Held, StoreError> {
        let is_away = |cause: &StoreError| matches!(cause, StoreError::Unavailable(_));
        let (held, ()) = self.once_more(|held| held.begin(begin), is_away)?;
        Ok(held)
    }

    /// Runs one statement that only reads.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::OutOfTime`] after the limit of the thread; as [`GuardedPool::get`].
    pub(in crate::store) fn ask<T, E: From<StoreError>>(&self, work: impl Fn(&mut Db) -> Result<T, E>) -> Result<T, E> {
        deadline::check()?;
        let (_, answer) = self.once_more(|held| held.ask(&work), |_| false)?;
        Ok(answer)
    }

    /// Does what is asked first of a connection. One that turns out to be lost, or whose error `is_away` says so, is replaced once,
    /// and the others that were idle with it are pinged before they are lent again.
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

    /// For metrics.
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

    /// The generation to use, which is a new one when the server of the old one does not answer.
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

    /// A connection to another server than those that owe an answer, if the address leads to one: after a promotion it
    /// does. One caller at a time looks, and only when all are in use.
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

    /// Leaves `from` behind. The first caller does it, within the bounds; the others go on with what is there.
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
        // Threads of their own: those of the generation before may be stuck as well.
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

/// r2d2 names the cause when it could not open a connection; without a cause all are in use.
fn cause_of(timeout: &impl std::fmt::Display) -> StoreError {
    let text = timeout.to_string();
    text.split_once(": ").map_or(StoreError::Busy, |(_, cause)| StoreError::Unavailable(cause.to_owned()))
}

/// A connection in use; it goes back to its pool when dropped.
pub(in crate::store) struct Held(PooledConnection<Watched>);

impl Held {
    /// Begins a transaction. A server that works does that at once.
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

    /// Every connection of the pool that was given back before now is looked at before it is lent again.
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

/// A connection with the record of what it was asked.
struct Lent {
    db: Db,
    line: Arc<Line>,
    /// The line among the others of its generation.
    lines: Arc<Lines>,
    /// When it was opened or given back.
    idle_since: Instant,
}

impl Lent {
    fn new(db: Db, line: Arc<Line>, lines: &Arc<Lines>) -> Self {
        Self { db, line, lines: Arc::clone(lines), idle_since: Instant::now() }
    }
}

/// The manager, with each connection on record.
struct Watched {
    manager: Manager,
    patience: Option<Duration>,
    lines: Arc<Lines>,
    /// A connection that is open already, for the first caller.
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

/// What tells one server from another behind the same address: the instant it started.
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

/// A panic elsewhere leaves nothing half done in what these locks guard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
