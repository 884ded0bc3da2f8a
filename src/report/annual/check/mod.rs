//! The checker of published tables: every sum the forms promise, the prose against the table, one year against the next.
//!
//! A fault is a contradiction of figures; what is only worth a look (a blank that means nought, a row of another form) is a
//! notice. What the source does not show is not judged.

mod finding;
mod narrative;
mod sums;
mod table4;
#[cfg(test)]
mod tests;
mod years;

pub use finding::{Finding, Rule};

use super::published::Published;
use serde::Serialize;
use utoipa::ToSchema;

/// What came of checking one report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Checked {
    /// 机关
    pub org: String,
    /// 报告年度
    pub year: i32,
    /// 按哪个格式核对
    pub form: super::Form,
    /// 差错；没有差错的为空
    pub findings: Vec<Finding>,
    /// 提示，不算差错
    pub notices: Vec<Finding>,
}

impl Checked {
    fn take(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if finding.rule.is_fault() { self.findings.push(finding) } else { self.notices.push(finding) }
        }
    }
}

/// Checks one report by itself.
#[must_use]
pub fn check(report: &Published) -> Checked {
    let mut checked = Checked {
        org: report.org.clone(),
        year: report.year,
        form: report.form(),
        findings: Vec::new(),
        notices: Vec::new(),
    };
    checked.take(sums::check(report));
    checked.take(table4::check(report));
    checked.take(narrative::check(report));
    checked
}

/// Checks each report by itself and each against that of the same organ on the year before, in the given order.
#[must_use]
pub fn check_years(reports: &[Published]) -> Vec<Checked> {
    reports
        .iter()
        .map(|report| {
            let mut checked = check(report);
            let before = reports.iter().find(|other| other.year + 1 == report.year && other.org == report.org);
            checked.take(before.map(|before| years::check(before, report)).unwrap_or_default());
            checked
        })
        .collect()
}
