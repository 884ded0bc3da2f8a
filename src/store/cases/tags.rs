//! Subject tags of cases.

use crate::store::database::verbatim::{Verbatim, verbatim};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use crate::store::database::db::Db;
use crate::store::database::schema::case_tags;
use crate::store::{CaseId, StoreError, Ts, UserId};

/// Cases queried per statement.
const BATCH: usize = 500;

/// A subquery next to a row of another table: the tags of the case selected by `condition`, one per line. `t` is the
/// table of tags.
pub(in crate::store) fn beside(condition: &str) -> Verbatim<Nullable<Text>> {
    verbatim(format!("(SELECT string_agg(t.tag, '\n') FROM case_tags t WHERE {condition})"))
}

/// Splits and sorts the result of [`beside`]. Sorted here, because the databases sort Chinese differently.
pub(in crate::store) fn of_lines(lines: Option<String>) -> Vec<String> {
    let mut tags: Vec<String> = lines.iter().flat_map(|lines| lines.lines()).map(str::to_owned).collect();
    tags.sort_unstable();
    tags
}

/// The tags of a case, sorted.
pub fn of_case(db: &mut Db, case: CaseId) -> Result<Vec<String>, StoreError> {
    let mut tags: Vec<String> = case_tags::table.filter(case_tags::case_id.eq(case)).select(case_tags::tag).load(db)?;
    // Sorted here, because the databases sort Chinese differently.
    tags.sort_unstable();
    Ok(tags)
}

/// The tags of several cases, each with its case.
pub fn of_cases(db: &mut Db, cases: &[CaseId]) -> Result<Vec<(CaseId, String)>, StoreError> {
    let mut found = Vec::new();
    for batch in cases.chunks(BATCH) {
        let theirs = case_tags::table.filter(case_tags::case_id.eq_any(batch));
        let rows: Vec<(CaseId, String)> = theirs.select((case_tags::case_id, case_tags::tag)).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Removes tags from a case and adds others.
///
/// # Errors
/// [`StoreError::Dangling`] if the case or the person does not exist, [`StoreError::Conflict`] if the case already has
/// one of the added tags.
pub fn change(db: &mut Db, case: CaseId, off: &[String], on: &[String], by: UserId, at: Ts) -> Result<(), StoreError> {
    let gone = case_tags::table.filter(case_tags::case_id.eq(case)).filter(case_tags::tag.eq_any(off));
    diesel::delete(gone).execute(db)?;
    for tag in on {
        let row = (
            case_tags::case_id.eq(case),
            case_tags::tag.eq(tag),
            case_tags::tagged_by.eq(by),
            case_tags::tagged_at.eq(at),
        );
        diesel::insert_into(case_tags::table).values(row).execute(db)?;
    }
    Ok(())
}
