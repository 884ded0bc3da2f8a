//! The single writer of SQLite. A pool of writers would spend its time on SQLITE_BUSY. One connection behind a
//! first-come, first-served queue is as fast and starves no caller.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::r2d2::R2D2Connection;

use super::db::{Db, Manager};
use crate::store::StoreError;

pub(in crate::store) struct Writer {
    manager: Manager,
    timeout: Duration,
    queue: Mutex<Queue>,
    /// Used only by the holder of the turn. `None` after the connection broke; the next holder reopens it.
    connection: Mutex<Option<Db>>,
}

#[derive(Default)]
struct Queue {
    taken: bool,
    waiting: VecDeque<SyncSender<()>>,
}

/// The right to use the connection. On drop, also during a panic, passes to the next in the queue.
struct Turn<'a>(&'a Mutex<Queue>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = lock(self.0);
        while let Some(next) = queue.waiting.pop_front() {
            if next.try_send(()).is_ok() {
                return;
            }
        }
        queue.taken = false;
    }
}

impl Writer {
    pub(in crate::store) fn open(manager: Manager, timeout: Duration) -> Result<Self, StoreError> {
        let connection = Mutex::new(Some(manager.open()?));
        Ok(Self { manager, timeout, queue: Mutex::default(), connection })
    }

    /// Waits for the turn and runs `work` on the connection. The flag passed to `work` is `true` for a newly opened
    /// connection.
    pub(in crate::store) fn with<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Db, bool) -> Result<T, E>,
    ) -> Result<T, E> {
        let _turn = self.turn()?;
        let kept = lock(&self.connection).take();
        let is_new = kept.is_none();
        let mut db = match kept {
            Some(db) => db,
            None => self.manager.open()?,
        };
        let result = work(&mut db, is_new);
        if !db.is_broken() {
            *lock(&self.connection) = Some(db);
        }
        result
    }

    fn turn(&self) -> Result<Turn<'_>, StoreError> {
        let Some(signal) = self.join() else { return Ok(Turn(&self.queue)) };
        match signal.recv_timeout(self.timeout) {
            Ok(()) => Ok(Turn(&self.queue)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                // The turn may have been handed over between the time-out and this line. If so, it is ours.
                let queue = lock(&self.queue);
                let given = signal.try_recv().is_ok();
                drop(signal);
                drop(queue);
                if given { Ok(Turn(&self.queue)) } else { Err(StoreError::Busy) }
            }
        }
    }

    /// Takes a free turn (returns `None`) or queues for one.
    fn join(&self) -> Option<Receiver<()>> {
        let mut queue = lock(&self.queue);
        if !queue.taken {
            queue.taken = true;
            return None;
        }
        let (sender, receiver) = sync_channel(1);
        queue.waiting.push_back(sender);
        Some(receiver)
    }
}

/// Ignores poisoning: the guarded values are never left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
