//! The chains of all cases, checked after a restore or a copy.

use diesel::prelude::*;

use crate::store::cases::events::{first_break, load_many};
use crate::store::database::db::Db;
use crate::store::database::schema::cases;
use crate::store::{CaseId, StoreError};

/// Cases checked at once.
const BATCH: i64 = 500;
/// Broken chains that are listed.
const LISTED: usize = 20;

/// The result of checking all chains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Cases.
    pub cases: u64,
    /// Events.
    pub events: u64,
    /// The number of broken chains.
    pub broken: u64,
    /// The first of the broken chains.
    pub listed: Vec<Broken>,
}

/// A broken chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The case.
    pub case: CaseId,
    /// Its 受理编号.
    pub number: Option<String>,
    /// The first event that does not hold.
    pub seq: i32,
}

/// Checks the chain of every case.
pub(super) fn verify(db: &mut Db) -> Result<Verified, StoreError> {
    let mut found = Verified::default();
    let mut after = None::<CaseId>;
    loop {
        let mut page = cases::table.select((cases::id, cases::number, cases::version)).into_boxed();
        if let Some(after) = after {
            page = page.filter(cases::id.gt(after));
        }
        let page: Vec<(CaseId, Option<String>, i64)> = page.order(cases::id).limit(BATCH).load(db)?;
        let Some((last, ..)) = page.last() else { return Ok(found) };
        after = Some(*last);
        let ids: Vec<CaseId> = page.iter().map(|(id, ..)| *id).collect();
        let logs = load_many(db, &ids)?;
        for (case, number, version) in page {
            let log = logs.get(&case).map_or(&[][..], Vec::as_slice);
            found.cases += 1;
            found.events += u64::try_from(log.len()).unwrap_or_default();
            let Some(seq) = first_break(case, version, log)? else { continue };
            found.broken += 1;
            if found.listed.len() < LISTED {
                found.listed.push(Broken { case, number, seq });
            }
        }
    }
}
