//! Limits on expensive work: reads of many cases (overviews, past days, topics, reports, exports) and uploaded files.
//! Each person gets only a share of the places, so that connections and cores stay free for others.

use crate::api::http::problem::Problem;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Number of files read at once.
const FILES_AT_A_TIME: usize = 2;
/// Upper limit of expensive reads per person; a narrow lane allows fewer.
const MOST_OF_ONE: usize = 2;

/// A limited number of places for one kind of expensive work.
#[derive(Debug)]
pub(in crate::api) struct Lane {
    places: Arc<Semaphore>,
    of_one: usize,
    patience: Duration,
    /// Detail of the problem when no place came free.
    detail: &'static str,
    /// The places of each person who holds one or waits for one.
    people: Mutex<HashMap<Uuid, Arc<Semaphore>>>,
}

/// A place in the lane. It moves into the work: a caller that disconnects frees it only when the work has ended.
#[derive(Debug)]
pub(in crate::api) struct LanePlace {
    _own: OwnPlace,
    _shared: OwnedSemaphorePermit,
}

/// A person's own place. Dropping the last one removes the person from the map.
#[derive(Debug)]
struct OwnPlace {
    lane: Arc<Lane>,
    person: Uuid,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for OwnPlace {
    fn drop(&mut self) {
        let mut people = lock(&self.lane.people);
        self.permit = None;
        if let Entry::Occupied(known) = people.entry(self.person)
            && Arc::strong_count(known.get()) == 1
        {
            known.remove();
        }
    }
}

impl Lane {
    /// A lane for database reads with a third of `connections` as places, at least one. A person may hold half of them,
    /// at most [`MOST_OF_ONE`]. A caller waits at most `patience` for a place.
    pub(in crate::api) fn of(connections: u32, patience: Duration) -> Arc<Self> {
        let places = usize::try_from(connections / 3).unwrap_or(usize::MAX).max(1);
        let of_one = (places / 2).clamp(1, MOST_OF_ONE);
        Self::new(places, of_one, patience, "查询、统计和导出同时进行的过多，请稍后再试；同一人员同时只能进行一两项")
    }

    /// A lane for reading files, each of which may take tens of megabytes. A person may hold one place.
    pub(in crate::api) fn of_files(patience: Duration) -> Arc<Self> {
        Self::new(FILES_AT_A_TIME, 1, patience, "同时读取的文件过多，请稍后再试；同一人员同时只能读取一份")
    }

    fn new(places: usize, of_one: usize, patience: Duration, detail: &'static str) -> Arc<Self> {
        let shared = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { places: shared, of_one, patience, detail, people: Mutex::default() })
    }

    /// Takes a place for this person, waiting if necessary.
    ///
    /// # Errors
    /// `busy` (503 with Retry-After) if no place came free in time.
    pub(in crate::api) async fn enter(self: &Arc<Self>, person: Uuid) -> Result<LanePlace, Problem> {
        let place = tokio::time::timeout(self.patience, self.place_of(person)).await;
        place.unwrap_or(None).ok_or_else(|| Problem::busy().detail(self.detail))
    }

    async fn place_of(self: &Arc<Self>, person: Uuid) -> Option<LanePlace> {
        let mut own = OwnPlace { lane: Arc::clone(self), person, permit: None };
        let places = {
            let mut people = lock(&self.people);
            Arc::clone(people.entry(person).or_insert_with(|| Arc::new(Semaphore::new(self.of_one))))
        };
        own.permit = Some(places.acquire_owned().await.ok()?);
        let shared = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some(LanePlace { _own: own, _shared: shared })
    }
}

/// Locks and ignores poisoning: a panic elsewhere cannot leave the map half-updated.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;

    const SOON: Duration = Duration::from_millis(30);

    fn person(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[tokio::test]
    async fn a_third_of_the_connections_and_half_of_that_for_one_person() {
        for (connections, places, of_one) in [(1, 1, 1), (2, 1, 1), (8, 2, 1), (12, 4, 2), (30, 10, 2), (200, 66, 2)] {
            let lane = Lane::of(connections, SOON);
            assert_eq!((lane.places.available_permits(), lane.of_one), (places, of_one), "{connections}");
        }
    }

    #[tokio::test]
    async fn one_person_cannot_fill_the_lane_and_others_get_in() {
        let lane = Lane::of(8, SOON);
        let first = lane.enter(person(1)).await.unwrap();
        let refused = lane.enter(person(1)).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (503, "busy"));
        assert!(refused.error_response().headers().contains_key("retry-after"));
        let second = lane.enter(person(2)).await.unwrap();
        assert!(lane.enter(person(3)).await.is_err(), "both places are taken");
        drop(first);
        drop(lane.enter(person(3)).await.unwrap());
        drop(second);
        assert!(lock(&lane.people).is_empty(), "the lane remembers only who is in it");
        assert_eq!(lane.places.available_permits(), 2);
    }

    #[tokio::test]
    async fn who_waits_gets_the_place_that_comes_free() {
        let lane = Lane::of(3, Duration::from_secs(60));
        let first = lane.enter(person(1)).await.unwrap();
        let waiting = tokio::spawn({
            let lane = Arc::clone(&lane);
            async move { lane.enter(person(1)).await.map(drop) }
        });
        tokio::time::sleep(SOON).await;
        assert!(!waiting.is_finished());
        drop(first);
        assert!(waiting.await.unwrap().is_ok());
        assert!(lock(&lane.people).is_empty());
    }
}
