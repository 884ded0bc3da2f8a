//! 督办单 against their steps, and their duties against them; the duties of organs.

use super::{Checker, MOST_LISTED, PAGE};
use crate::case::{AnnualReport, Order, OrderAct, OrderStatus, OrganRules, annual_reports};
use crate::law::civil_day;
use crate::office::OfficeError;
use crate::office::calendar::self_check::plain;
use crate::office::evidence::finding::{Finding, FindingKind};
use crate::office::supervision::orders::read_order;
use crate::store::cases::obligations::{self, ObligationRow};
use crate::store::evidence::checks;
use crate::store::people::organs::{self, OrganRow};
use crate::store::reports::annual_reports as published;
use crate::store::supervision::orders::{OrderRow, OrderStepRow};
use crate::store::{CaseId, Db, ObligationId, OrderId, OrganId};
use chrono::NaiveDate;
use std::collections::{BTreeSet, HashMap};

impl Checker<'_> {
    pub(super) fn orders(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let mut after = None;
        loop {
            let page = checks::orders(db, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let ids: Vec<OrderId> = page.iter().map(|row| row.id).collect();
            let mut steps: HashMap<OrderId, Vec<OrderStepRow>> = HashMap::new();
            for step in checks::steps(db, &ids)? {
                steps.entry(step.order_id).or_default().push(step);
            }
            let owned: Vec<ObligationId> = page.iter().map(|row| row.obligation_id).collect();
            let duties = checks::duties(db, &owned)?;
            let duties: HashMap<ObligationId, ObligationRow> = duties.into_iter().map(|row| (row.id, row)).collect();
            for row in &page {
                self.verified.orders += 1;
                self.order(row, steps.get(&row.id).map_or(&[], Vec::as_slice));
                self.order_duty(row, duties.get(&row.obligation_id));
            }
        }
        for duty in checks::duties_without_order(db, MOST_LISTED)? {
            let finding = Finding::new(FindingKind::DutyExtra, "obligations").of(duty.id.0).on(duty.key);
            self.note(finding.says(duty.kind, "-"));
        }
        Ok(())
    }

    fn of_order(&mut self, row: &OrderRow, what: &str, written: String, expected: String) {
        if written != expected {
            let finding = Finding::new(FindingKind::OrderChanged, "supervision_orders").of(row.id.0);
            self.note(finding.numbered(Some(&row.number)).on(what).says(written, expected));
        }
    }

    fn order(&mut self, row: &OrderRow, steps: &[OrderStepRow]) {
        let numbers: Vec<String> = steps.iter().map(|step| step.seq.to_string()).collect();
        let expected: Vec<String> = (1..=row.version).map(|seq| seq.to_string()).collect();
        self.of_order(row, "steps", numbers.join(" "), expected.join(" "));
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return };
        self.of_order(row, "status", row.status.clone(), status_after(steps).to_owned());
        let due_on = steps.iter().rev().find_map(|step| step.due_on);
        self.of_order(row, "due_on", plain(&row.due_on), plain(&due_on));
        self.of_order(row, "text", row.text.clone(), first.text.clone().unwrap_or_default());
        self.of_order(row, "issued_on", row.issued_on.to_string(), first.acted_on.to_string());
        self.of_order(row, "issuer_id", row.issuer_id.0.to_string(), first.actor_id.0.to_string());
        self.of_order(row, "created_at", row.created_at.to_string(), first.recorded_at.to_string());
        self.of_order(row, "updated_at", row.updated_at.to_string(), last.recorded_at.to_string());
        // An order went over with its case: the organ it was issued to may have been the issuing one.
        let was_own = self.is_in_line(row.issuer_organ_id, row.organ_id) && row.article == Order::article(false);
        let article = Order::article(row.issuer_organ_id != row.organ_id && !was_own);
        self.of_order(row, "article", row.article.clone(), article.to_owned());
    }

    fn order_duty(&mut self, row: &OrderRow, duty: Option<&ObligationRow>) {
        let finding = |kind| Finding::new(kind, "obligations").of(row.obligation_id.0).numbered(Some(&row.number));
        let Some(duty) = duty else {
            self.note(finding(FindingKind::DutyMissing).says("-", row.due_on.to_string()));
            return;
        };
        let expected = match read_order(row) {
            Ok(order) => order.duty().code(),
            Err(error) => {
                self.note(finding(FindingKind::DutyChanged).on("status").says(&duty.status, error.to_string()));
                return;
            }
        };
        let says = |organ: OrganId, case: Option<CaseId>, key: &str, due_on: Option<NaiveDate>, status: &str| {
            format!("{} {} {key} {} {status}", organ.0, plain(&case), plain(&due_on))
        };
        let written = says(duty.organ_id, duty.case_id, &duty.key, duty.due_on, &duty.status);
        let key = format!("{}{}", obligations::ORDER, row.id);
        let expected = says(row.organ_id, row.case_id, &key, Some(row.due_on), expected);
        if written != expected {
            self.note(finding(FindingKind::DutyChanged).on(&*duty.key).says(written, expected));
        }
    }

    /// The duties to publish annual reports. One that was not made yet is no finding: the next pass makes it.
    pub(super) fn organ_duties(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let organs: HashMap<OrganId, OrganRow> = organs::all(db)?.into_iter().map(|row| (row.id, row)).collect();
        let published: BTreeSet<(OrganId, i32)> = published::published(db)?.into_iter().collect();
        for duty in checks::organ_duties(db)? {
            self.verified.duties += 1;
            let finding = |kind| Finding::new(kind, "obligations").of(duty.id.0).on(&*duty.key);
            let owed = organs.get(&duty.organ_id).and_then(|organ| self.owed(organ, &duty));
            let Some((year, owed)) = owed else {
                self.note(finding(FindingKind::DutyExtra).says(&duty.kind, "-"));
                continue;
            };
            let written = (duty.due_on, duty.article.as_str());
            if !owed.iter().any(|(due_on, article)| (Some(*due_on), *article) == written) {
                let expected: Vec<String> =
                    owed.iter().map(|(due_on, article)| format!("{due_on} {article}")).collect();
                let written = format!("{} {}", plain(&duty.due_on), duty.article);
                self.note(finding(FindingKind::DutyChanged).says(written, expected.join(" / ")));
            }
            let is_published = published.contains(&(duty.organ_id, year));
            let is_met = duty.status == obligations::MET;
            let is_open = duty.status == obligations::OPEN;
            if (is_met && !is_published) || (is_open && is_published) || duty.status == obligations::SUSPENDED {
                let expected = if is_published { obligations::MET } else { obligations::OPEN };
                self.note(finding(FindingKind::DutyChanged).says(&duty.status, expected));
            }
        }
        Ok(())
    }

    /// The year of a duty to publish a report, and the days and articles that it may have: the kind of report that the
    /// organ owes may have been another when the duty was made.
    fn owed(&self, organ: &OrganRow, duty: &ObligationRow) -> Option<(i32, Vec<(NaiveDate, &'static str)>)> {
        let today = self.office.clock().today();
        let is_readable = crate::store::stored_object::<OrganRules>(&organ.settings).is_ok();
        let kinds = [AnnualReport::Department, AnnualReport::Government];
        let all = kinds.into_iter().filter(|_| is_readable);
        // From the year before the organ was added: a publication may be recorded of an earlier year.
        let since = civil_day(organ.created_at.0).min(duty.due_on.unwrap_or(today));
        let all = all.flat_map(|kind| annual_reports(kind, since, today));
        let owed: Vec<_> = all.filter(|owed| owed.key == duty.key).collect();
        let year = owed.first()?.year;
        Some((year, owed.into_iter().map(|owed| (owed.due_on, owed.article)).collect()))
    }
}

/// The status that the last step gives.
fn status_after(steps: &[OrderStepRow]) -> &'static str {
    let status = steps.last().and_then(|step| OrderAct::from_code(&step.act)).map(|act| match act {
        OrderAct::Issue | OrderAct::Return => OrderStatus::Open,
        OrderAct::Answer => OrderStatus::Answered,
        OrderAct::Close => OrderStatus::Closed,
        OrderAct::Cancel => OrderStatus::Cancelled,
    });
    status.map_or("-", OrderStatus::code)
}
