//! The filings of front-desk systems in order of change, for their polling.

use diesel::prelude::*;

use super::cases::CaseRow;
use super::{CaseId, OrganId, StoreError, Ts};
use crate::store::database::db::Db;
use crate::store::database::schema::cases;

/// The last case of a page. The next page starts after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeCursor {
    /// When it last changed.
    pub updated_at: Ts,
    /// Its id.
    pub id: CaseId,
}

impl From<&CaseRow> for ChangeCursor {
    fn from(row: &CaseRow) -> Self {
        Self { updated_at: row.updated_at, id: row.id }
    }
}

/// A page of the cases that `source` filed at these organs and that changed at `since` or later, oldest change first.
pub fn changed(
    db: &mut Db,
    organs: &[OrganId],
    source: &str,
    since: Option<Ts>,
    after: Option<ChangeCursor>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = cases::table
        .filter(cases::organ_id.eq_any(organs))
        .filter(cases::source.eq(source))
        .filter(cases::external_number.is_not_null())
        .into_boxed();
    if let Some(since) = since {
        query = query.filter(cases::updated_at.ge(since));
    }
    if let Some(ChangeCursor { updated_at, id }) = after {
        query =
            query.filter(cases::updated_at.gt(updated_at).or(cases::updated_at.eq(updated_at).and(cases::id.gt(id))));
    }
    Ok(query.order((cases::updated_at, cases::id)).limit(limit).select(CaseRow::as_select()).load(db)?)
}
