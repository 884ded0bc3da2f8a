//! The organ's own yearly duty, which belongs to no case: publishing the annual report (D17, D17b).

use super::obligation::ObligationKind;
use super::rules::AnnualReport;
use crate::law::period::{Reporter, annual_report_due};
use chrono::{Datelike, NaiveDate};

/// The duty to publish one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnualDuty {
    /// The year reported on.
    pub year: i32,
    /// What it is among the organ's duties.
    pub key: String,
    /// The last day.
    pub due_on: NaiveDate,
    /// The article.
    pub article: &'static str,
}

/// The key of the duty to report on `year`.
#[must_use]
pub fn annual_report_key(year: i32) -> String {
    format!("{}:{year}", ObligationKind::AnnualReport.code())
}

/// The reports an organ owes or owed on `today`: from 1 January on that of the year before; none whose day had passed
/// when the organ came into the house on `since`.
#[must_use]
pub fn annual_reports(which: AnnualReport, since: NaiveDate, today: NaiveDate) -> Vec<AnnualDuty> {
    let reporter = match which {
        AnnualReport::Department => Reporter::Department,
        AnnualReport::Government => Reporter::Government,
        AnnualReport::None => return Vec::new(),
    };
    (since.year()..=today.year())
        .filter_map(|published_in| {
            let year = published_in.checked_sub(1)?;
            let due = annual_report_due(year, reporter)?;
            Some(AnnualDuty { year, key: annual_report_key(year), due_on: due.on, article: due.article })
        })
        .filter(|duty| duty.due_on >= since)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(which: AnnualReport, since: &str, today: &str) -> Vec<(i32, String)> {
        let duties = annual_reports(which, since.parse().unwrap(), today.parse().unwrap());
        duties.into_iter().map(|duty| (duty.year, duty.due_on.to_string())).collect()
    }

    #[test]
    fn a_department_reports_by_the_end_of_january_and_a_government_by_the_end_of_march() {
        assert_eq!(owed(AnnualReport::Department, "2025-06-01", "2025-12-31"), []);
        assert_eq!(owed(AnnualReport::Department, "2025-06-01", "2026-01-01"), [(2025, "2026-01-31".to_owned())]);
        assert_eq!(owed(AnnualReport::Government, "2025-06-01", "2026-01-01"), [(2025, "2026-03-31".to_owned())]);
        assert_eq!(owed(AnnualReport::None, "2025-06-01", "2026-01-01"), []);
        // Under Order 492 both by the end of March; the report on 2019 is the first by the new law.
        let both = [(2018, "2019-03-31".to_owned()), (2019, "2020-01-31".to_owned())];
        assert_eq!(owed(AnnualReport::Department, "2019-01-01", "2020-01-01"), both);
    }

    #[test]
    fn nothing_is_owed_of_the_time_before_the_organ_came_into_the_house() {
        assert_eq!(owed(AnnualReport::Department, "2026-01-31", "2026-02-01"), [(2025, "2026-01-31".to_owned())]);
        assert_eq!(owed(AnnualReport::Department, "2026-02-01", "2026-11-25"), []);
        assert_eq!(owed(AnnualReport::Government, "2026-02-01", "2026-11-25"), [(2025, "2026-03-31".to_owned())]);
    }
}
