//! Records the pending statement of each connection, so that an overdue answer is visible from outside.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use diesel::connection::{Connection, InstrumentationEvent};

use super::lock;
use crate::store::database::db::Db;
use crate::store::database::health::Health;

/// One connection as seen from outside. Records nothing on SQLite.
#[derive(Default)]
pub(super) struct Line {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The start and time limit of the pending statement.
    asked: Option<(Instant, Duration)>,
    /// Overrides the time limit of the next statement.
    shortly: Option<Duration>,
    server: Option<String>,
    /// The counter of stuck connections it was added to.
    left: Option<Arc<AtomicU32>>,
}

impl Line {
    /// Records the start of a statement with this time limit.
    pub(super) fn asked(&self, patience: Duration) {
        let mut state = lock(&self.state);
        let patience = state.shortly.unwrap_or(patience);
        state.asked = Some((Instant::now(), patience));
    }

    /// Records that the statement ended, with whatever result.
    pub(super) fn answered(&self) {
        lock(&self.state).asked = None;
    }

    /// How long the pending statement has been running, and its time limit.
    pub(super) fn silence(&self) -> Option<(Duration, Duration)> {
        lock(&self.state).asked.map(|(at, patience)| (at.elapsed(), patience))
    }

    /// Runs `question`, with `patience` as the time limit of its statements.
    pub(super) fn ask_shortly<T>(&self, patience: Duration, question: impl FnOnce() -> T) -> T {
        lock(&self.state).shortly = Some(patience);
        let answer = question();
        lock(&self.state).shortly = None;
        answer
    }

    /// Sets the server it is connected to.
    pub(super) fn is_of(&self, server: String) {
        lock(&self.state).server = Some(server);
    }

    pub(super) fn server(&self) -> Option<String> {
        lock(&self.state).server.clone()
    }

    /// Records every statement of `db` from now on. Keeps reporting results to `health`, which this replaces as
    /// instrumentation.
    pub(super) fn watch(self: &Arc<Self>, db: &mut Db, patience: Duration, health: &Arc<Health>) {
        let (line, health) = (Arc::clone(self), Arc::clone(health));
        db.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            health.heard(&event);
            match event {
                InstrumentationEvent::StartQuery { .. } => line.asked(patience),
                InstrumentationEvent::FinishQuery { .. } => line.answered(),
                // diesel's enum is non-exhaustive. The other events need no record, because transactions send
                // statements as well.
                _ => {}
            }
        });
    }

    /// If a statement is pending, counts the line in `stuck` until it is dropped.
    fn leave(&self, stuck: &Arc<AtomicU32>) -> bool {
        let mut state = lock(&self.state);
        let is_stuck = state.asked.is_some() && state.left.is_none();
        if is_stuck {
            stuck.fetch_add(1, Ordering::Relaxed);
            state.left = Some(Arc::clone(stuck));
        }
        is_stuck
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(stuck) = lock(&self.state).left.take() {
            stuck.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The lines of one generation.
#[derive(Default)]
pub(super) struct Lines {
    all: Mutex<Vec<Weak<Line>>>,
    retired: AtomicBool,
    /// When one of them was last found lost.
    doubted: Mutex<Option<Instant>>,
}

impl Lines {
    pub(super) fn add(&self, line: &Arc<Line>) {
        let mut all = lock(&self.all);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(line));
    }

    pub(super) fn all(&self) -> Vec<Arc<Line>> {
        lock(&self.all).iter().filter_map(Weak::upgrade).collect()
    }

    /// Retires these connections: none is reused after its return. Returns how many have a pending statement.
    pub(super) fn retire(&self, stuck: &Arc<AtomicU32>) -> usize {
        self.retired.store(true, Ordering::Relaxed);
        self.all().iter().filter(|line| line.leave(stuck)).count()
    }

    /// Records that one of these was found lost.
    pub(super) fn doubt(&self) {
        *lock(&self.doubted) = Some(Instant::now());
    }

    /// Whether one of these was found lost at `instant` or later.
    pub(super) fn is_doubted_since(&self, instant: Instant) -> bool {
        lock(&self.doubted).is_some_and(|at| at >= instant)
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }
}
