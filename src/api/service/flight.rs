//! Shares one database query among concurrent callers. One caller runs the query, the others wait for the same answer,
//! and all reuse it while it is fresh. A database that hangs is asked only once.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::rt;
use tokio::sync::Notify;

/// A query with its last answer.
#[derive(Debug)]
pub(in crate::api) struct Flight<T> {
    /// Minimum time for which an answer is fresh.
    fresh: Duration,
    /// How long a caller waits for an answer.
    patience: Duration,
    state: Mutex<State<T>>,
    landed: Notify,
}

#[derive(Debug)]
struct State<T> {
    last: Option<SharedAnswer<T>>,
    /// Start of the running query, if one is running.
    asking: Option<Instant>,
}

#[derive(Debug)]
struct SharedAnswer<T> {
    value: Arc<T>,
    at: Instant,
    fresh_until: Instant,
}

/// Result for one caller.
#[derive(Debug)]
pub(in crate::api) struct Seen<T> {
    /// The last answer and its age; `None` before the first answer.
    pub(in crate::api) last: Option<(Arc<T>, Duration)>,
    /// How long the running query has been unanswered, if that is longer than a caller waits.
    pub(in crate::api) silent: Option<Duration>,
}

impl<T: 'static> Flight<T> {
    pub(in crate::api) fn new(fresh: Duration, patience: Duration) -> Arc<Self> {
        let state = Mutex::new(State { last: None, asking: None });
        Arc::new(Self { fresh, patience, state, landed: Notify::new() })
    }

    /// Returns a fresh answer, or waits for a new one. After `patience`, returns the last known answer.
    pub(in crate::api) async fn ask<F>(self: &Arc<Self>, question: impl FnOnce() -> F) -> Seen<T>
    where
        F: Future<Output = T> + 'static,
    {
        // Registered before the state is read, so that an answer in between is not missed.
        let mut landed = std::pin::pin!(self.landed.notified());
        landed.as_mut().enable();
        let begun = match self.begin() {
            Begin::Fresh => return self.seen(),
            Begin::Asked(since) => since,
            Begin::Ask(now) => {
                let (landing, answer) = (Landing(Arc::clone(self)), question());
                // A separate task: the query must finish even if this caller disconnects.
                rt::spawn(async move {
                    let value = answer.await;
                    landing.0.land(value);
                    drop(landing);
                });
                now
            }
        };
        let left = self.patience.saturating_sub(begun.elapsed());
        // `seen` shows whether the answer came in time.
        let _ = tokio::time::timeout(left, landed).await;
        self.seen()
    }

    fn begin(&self) -> Begin {
        let mut state = lock(&self.state);
        let now = Instant::now();
        match (&state.last, state.asking) {
            (_, Some(since)) => Begin::Asked(since),
            (Some(answer), None) if now < answer.fresh_until => Begin::Fresh,
            (_, None) => {
                state.asking = Some(now);
                Begin::Ask(now)
            }
        }
    }

    fn land(&self, value: T) {
        let at = Instant::now();
        lock(&self.state).last = Some(SharedAnswer { value: Arc::new(value), at, fresh_until: at + self.fresh });
    }

    fn seen(&self) -> Seen<T> {
        let state = lock(&self.state);
        let last = state.last.as_ref().map(|answer| (Arc::clone(&answer.value), answer.at.elapsed()));
        let silent = state.asking.map(|since| since.elapsed()).filter(|since| *since >= self.patience);
        Seen { last, silent }
    }
}

enum Begin {
    /// The last answer is still fresh.
    Fresh,
    /// A query has been running since this instant.
    Asked(Instant),
    /// The caller must run the query.
    Ask(Instant),
}

/// Marks the query as ended when dropped, also if its task was dropped before the answer came.
struct Landing<T>(Arc<Flight<T>>);

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        lock(&self.0.state).asking = None;
        self.0.landed.notify_waiters();
    }
}

/// Locks and ignores poisoning: a panic elsewhere cannot leave the state half-updated.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const SHORT: Duration = Duration::from_millis(60);

    #[actix_web::test]
    async fn many_callers_ask_once_and_a_fresh_answer_is_not_asked_for_again() {
        let flight = Flight::new(SHORT, Duration::from_secs(5));
        let asked = Arc::new(AtomicU32::new(0));
        let ask = || {
            let (flight, asked) = (Arc::clone(&flight), Arc::clone(&asked));
            async move {
                let seen = flight.ask(|| async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    asked.fetch_add(1, Ordering::SeqCst)
                });
                let seen = seen.await;
                (*seen.last.unwrap().0, seen.silent)
            }
        };
        let callers: Vec<_> = (0..20).map(|_| rt::spawn(ask())).collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap(), (0, None));
        }
        assert_eq!(ask().await, (0, None));
        tokio::time::sleep(SHORT).await;
        assert_eq!(ask().await, (1, None), "asked again when it is old");
    }

    #[actix_web::test]
    async fn what_hangs_is_asked_once_and_the_last_answer_is_given_with_its_age() {
        const PATIENCE: Duration = Duration::from_millis(400);
        let flight = Flight::new(Duration::ZERO, PATIENCE);
        assert_eq!(*flight.ask(|| async { 7 }).await.last.unwrap().0, 7);
        for round in 0..3 {
            let begun = Instant::now();
            let seen = flight.ask(|| async move {
                assert_eq!(round, 0, "a second question while the first hangs");
                std::future::pending().await
            });
            let seen = seen.await;
            assert_eq!(*seen.last.unwrap().0, 7);
            assert!(seen.silent.unwrap() >= PATIENCE);
            assert_eq!(
                begun.elapsed() > PATIENCE / 2,
                round == 0,
                "only the first caller waits: {:?}",
                begun.elapsed()
            );
        }
    }
}
