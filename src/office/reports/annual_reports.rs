//! 年度报告: due dates, and recording the publication.

use crate::case::{AnnualDuty, AnnualReport, AuditAction, ObligationKind, annual_report_key, annual_reports};
use crate::office::{Caller, OfficeError, Reports};
use crate::store::cases::obligations::{CurrentDuty, MET, OPEN};
use crate::store::reports::{annual_reports as rows, annual_reports::AnnualReportRow};
use crate::store::{Db, OrganId, people::organs};
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeMap;

/// The first year with a report: Order 492 came into force in it.
const FIRST_YEAR: i32 = 2008;

/// The annual report of an organ for one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnualReportLine {
    /// The year the report covers.
    pub year: i32,
    /// The last day. `None` if the organ has no duty to report for the year.
    pub due_on: Option<NaiveDate>,
    /// The article it rests on.
    pub article: Option<String>,
    /// When it was published.
    pub published_on: Option<NaiveDate>,
}

impl Reports<'_> {
    /// The annual reports an organ owes or has published, earliest year first.
    pub fn annual_reports(&self, organ: OrganId) -> Result<Vec<AnnualReportLine>, OfficeError> {
        self.store().read(|db| {
            let mut lines = BTreeMap::new();
            for row in rows::duties(db, Some(organ), ObligationKind::AnnualReport.code())? {
                let year = row.key.rsplit_once(':').and_then(|(_, year)| year.parse().ok());
                let year = year.ok_or_else(|| OfficeError::unreadable(format!("key '{}' of a duty", row.key)))?;
                if row.status == OPEN || row.status == MET {
                    let line =
                        AnnualReportLine { year, due_on: row.due_on, article: Some(row.article), published_on: None };
                    lines.insert(year, line);
                }
            }
            for row in rows::list(db, organ)? {
                let line = lines.entry(row.year).or_insert(AnnualReportLine {
                    year: row.year,
                    due_on: None,
                    article: None,
                    published_on: None,
                });
                line.published_on = Some(row.published_on);
            }
            Ok(lines.into_values().collect())
        })
    }

    /// Records the publication of the report on `year`, stores the report as it is now, and marks the duty as met,
    /// which ends its reminders.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] if the year or the date is out of range, [`OfficeError::Conflict`] if the publication
    /// is already recorded.
    pub fn publish_annual_report(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ: OrganId,
        year: i32,
        published_on: NaiveDate,
    ) -> Result<AnnualReportLine, OfficeError> {
        let today = self.clock().today();
        if !(FIRST_YEAR..today.year()).contains(&year) {
            return Err(OfficeError::invalid("/year", "out_of_range", "应为2008年起、已经结束的年度"));
        }
        if published_on > today {
            return Err(OfficeError::invalid("/published_on", "date_in_future", "公布日期不得晚于今天"));
        }
        if published_on.year() <= year {
            return Err(OfficeError::invalid("/published_on", "before_start", "年度报告在该年度结束以后公布"));
        }
        // Entering figures locks the organ too, so the stored report is never missing figures entered concurrently.
        organs::lock(db, organ)?;
        let desk = self.cases().desk(db, organ)?;
        let row = AnnualReportRow {
            organ_id: organ,
            year,
            published_on,
            recorded_by: Some(caller.user_id),
            recorded_at: self.clock().now(),
        };
        rows::insert(db, &row)
            .map_err(|error| crate::office::people::organs::taken(error, "该年度报告的公布日期已经登记"))?;
        let sha256 = self.keep_report(db, caller, organ, year)?;
        let owed = owed_on(desk.rules.annual_report, year);
        if let Some(owed) = &owed {
            let duty = CurrentDuty {
                key: annual_report_key(year),
                kind: ObligationKind::AnnualReport.code().to_owned(),
                due_on: Some(owed.due_on),
                latest_on: None,
                status: MET.to_owned(),
                owner_id: None,
                department_id: None,
                not_by_id: None,
                article: owed.article.to_owned(),
            };
            rows::put_duty(db, organ, &duty, self.clock().now())?;
        }
        let detail = serde_json::json!({ "year": year, "published_on": published_on, "sha256": sha256 });
        self.people().note(db, caller, Some(organ), AuditAction::AnnualReportPublished, &detail)?;
        Ok(AnnualReportLine {
            year,
            due_on: owed.as_ref().map(|owed| owed.due_on),
            article: owed.map(|owed| owed.article.to_owned()),
            published_on: Some(published_on),
        })
    }
}

/// The duty to report on `year`.
fn owed_on(which: AnnualReport, year: i32) -> Option<AnnualDuty> {
    let first = NaiveDate::from_ymd_opt(year.checked_add(1)?, 1, 1)?;
    annual_reports(which, first, first).into_iter().find(|duty| duty.year == year)
}
