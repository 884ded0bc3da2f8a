//! One year against the next.

use super::finding::{Finding, Rule};
use super::sums::worth;
use crate::report::annual::form::{CARRIED, Form, PENDING, RECEIVED, TOTAL};
use crate::report::annual::published::Published;

/// More than this many times, or less than one part in as many, is pointed out.
const RATIO: u32 = 5;

pub(super) fn check(before: &Published, report: &Published) -> Vec<Finding> {
    let columns = if report.form() == Form::Sheet2014 { Vec::new() } else { report.form().columns() };
    let mut found: Vec<Finding> = columns
        .into_iter()
        .filter_map(|column| {
            let (pending, carried) = (worth(before, PENDING, column)?, worth(report, CARRIED, column)?);
            (pending != carried).then(|| {
                let detail = format!("{}年结转下年度{pending}件，本年上年结转{carried}件", before.year);
                let finding = Finding::new(Rule::CarryOver, "三", detail).at(CARRIED, Some(column));
                finding.figures(Some(carried.into()), Some(pending.into()))
            })
        })
        .collect();
    let received = worth(before, RECEIVED, TOTAL).zip(worth(report, RECEIVED, TOTAL));
    if let Some((then, now)) = received
        .filter(|(then, now)| *then > 0 && (*now > then.saturating_mul(RATIO) || now.saturating_mul(RATIO) < *then))
    {
        let detail = format!("{}年新收{then}件，本年新收{now}件，请核对", before.year);
        found.push(
            Finding::new(Rule::Ratio, "三", detail)
                .at(RECEIVED, Some(TOTAL))
                .figures(Some(now.into()), Some(then.into())),
        );
    }
    found
}
