//! What a connection was asked and when, so that an answer that is overdue is seen from outside.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use diesel::connection::{Connection, InstrumentationEvent};

use super::lock;
use crate::store::database::db::Db;
use crate::store::database::health::Health;

/// One connection, seen from outside. On SQLite nothing is noted.
#[derive(Default)]
pub(super) struct Line {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When it was asked what is not answered yet, and how long that may take.
    asked: Option<(Instant, Duration)>,
    /// How long the next question may take, instead of what a statement may.
    shortly: Option<Duration>,
    server: Option<String>,
    /// Where it counts among those left behind.
    left: Option<Arc<AtomicU32>>,
}

impl Line {
    /// Something is asked now that may take so long.
    pub(super) fn asked(&self, patience: Duration) {
        let mut state = lock(&self.state);
        let patience = state.shortly.unwrap_or(patience);
        state.asked = Some((Instant::now(), patience));
    }

    /// The answer is there, whatever it says.
    pub(super) fn answered(&self) {
        lock(&self.state).asked = None;
    }

    /// For how long an answer has been owed, and how long it may be.
    pub(super) fn silence(&self) -> Option<(Duration, Duration)> {
        lock(&self.state).asked.map(|(at, patience)| (at.elapsed(), patience))
    }

    /// Runs `question`, whose statements may take no longer than `patience`.
    pub(super) fn ask_shortly<T>(&self, patience: Duration, question: impl FnOnce() -> T) -> T {
        lock(&self.state).shortly = Some(patience);
        let answer = question();
        lock(&self.state).shortly = None;
        answer
    }

    /// The server at its other end.
    pub(super) fn is_of(&self, server: String) {
        lock(&self.state).server = Some(server);
    }

    pub(super) fn server(&self) -> Option<String> {
        lock(&self.state).server.clone()
    }

    /// Notes every statement of `db` from now on, and goes on telling `health` how they end.
    pub(super) fn watch(self: &Arc<Self>, db: &mut Db, patience: Duration, health: &Arc<Health>) {
        let (line, health) = (Arc::clone(self), Arc::clone(health));
        db.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            health.heard(&event);
            match event {
                InstrumentationEvent::StartQuery { .. } => line.asked(patience),
                InstrumentationEvent::FinishQuery { .. } => line.answered(),
                // The events are diesel's and there may be more of them; transactions send statements as well.
                _ => {}
            }
        });
    }

    /// Counts the line in `stuck` until it is dropped, if it owes an answer.
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

/// The connections of one generation.
#[derive(Default)]
pub(super) struct Lines {
    all: Mutex<Vec<Weak<Line>>>,
    retired: AtomicBool,
    /// When one of them was last found to be lost.
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

    /// No connection of these is used again once it is given back. Returns how many owe an answer.
    pub(super) fn retire(&self, stuck: &Arc<AtomicU32>) -> usize {
        self.retired.store(true, Ordering::Relaxed);
        self.all().iter().filter(|line| line.leave(stuck)).count()
    }

    /// One of these was found to be lost.
    pub(super) fn doubt(&self) {
        *lock(&self.doubted) = Some(Instant::now());
    }

    /// Whether one of these was found to be lost at `instant` or later.
    pub(super) fn is_doubted_since(&self, instant: Instant) -> bool {
        lock(&self.doubted).is_some_and(|at| at >= instant)
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }
}
