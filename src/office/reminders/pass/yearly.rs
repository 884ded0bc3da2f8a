//! The organs' own duties to publish annual reports, kept up before a pass.

use super::Pass;
use crate::case::{AnnualReport, ObligationKind, OrganRules, annual_reports};
use crate::law::civil_day;
use crate::mail::duty::DutyWords;
use crate::office::clock::instant_on;
use crate::office::reminders::schedule::{MailError, Unreachable};
use crate::store;
use crate::store::cases::obligations::{CANCELLED, CurrentDuty as StoredDuty, MET, OPEN, ObligationRow};
use crate::store::people::organs::{self, OrganRow};
use crate::store::reminders::DutyRow;
use crate::store::reports::annual_reports as stored_reports;
use crate::store::{ObligationId, OrganId};
use chrono::{Datelike, NaiveDate};
use std::collections::HashSet;

impl Pass<'_> {
    /// Creates, updates or cancels the organs' own duties to publish annual reports. A preview treats them as if it
    /// had.
    pub(in crate::office::reminders) fn annual_reports(&mut self) -> Result<(), MailError> {
        let kind = ObligationKind::AnnualReport.code();
        let store = self.office.store();
        let all = store.read(organs::all)?;
        let published: HashSet<(OrganId, i32)> = store.read(stored_reports::published)?.into_iter().collect();
        let stored = store.read(|db| stored_reports::duties(db, None, kind))?;
        for organ in &all {
            let rules = match store::stored_object::<OrganRules>(&organ.settings) {
                Ok(rules) => rules,
                // The defaults could create a duty the organ does not have, or cancel one it has.
                Err(cause) => {
                    tracing::error!(organ = organ.code, %cause, "an organ's yearly duties stay as they are: its settings cannot be read");
                    self.report.unreachable.push(Unreachable {
                        case_number: None,
                        duty: DutyWords::of(kind).label,
                        due_on: self.moment.day,
                        person: None,
                        why: format!("{}的设置不能读取，年度报告的期限没有更新", organ.name),
                    });
                    continue;
                }
            };
            let theirs: Vec<&ObligationRow> = stored.iter().filter(|row| row.organ_id == organ.id).collect();
            for duty in changed_duties(organ, rules.annual_report, &theirs, &published, self.moment.day) {
                if self.is_preview {
                    self.preview_duty(organ, &duty)?;
                } else {
                    store.write(|db| stored_reports::put_duty(db, organ.id, &duty, instant_on(self.moment.day)))?;
                }
            }
        }
        Ok(())
    }

    fn preview_duty(&mut self, organ: &OrganRow, duty: &StoredDuty) -> Result<(), MailError> {
        let Some(due_on) = duty.due_on.filter(|_| duty.status == OPEN) else { return Ok(()) };
        self.one(&DutyRow {
            id: ObligationId::new(),
            organ_id: organ.id,
            organ_name: organ.name.clone(),
            region: organ.region.clone(),
            case_id: None,
            case_number: None,
            case_title: None,
            applicant: None,
            case_stage: None,
            kind: duty.kind.clone(),
            due_on,
            latest_on: duty.latest_on,
            owner_id: None,
            department_id: None,
            not_by_id: None,
            article: duty.article.clone(),
            updated_at: instant_on(self.moment.day),
        })
    }
}

/// The annual-report duties of an organ that are stored differently from what is owed on `today`.
fn changed_duties(
    organ: &OrganRow,
    annual_report: AnnualReport,
    stored: &[&ObligationRow],
    published: &HashSet<(OrganId, i32)>,
    today: NaiveDate,
) -> Vec<StoredDuty> {
    let mut owed = annual_reports(annual_report, civil_day(organ.created_at.0), today);
    // The year in which an organ ended is the last it reports on; its successor's people do it.
    owed.retain(|duty| organ.ended_on.is_none_or(|on| duty.year <= on.year()));
    let stored_as = |key: &str| stored.iter().find(|row| row.key == key);
    let mut changed = Vec::new();
    for duty in owed.iter().filter(|duty| !published.contains(&(organ.id, duty.year))) {
        let is_right = |row: &&&ObligationRow| {
            row.status == MET || (row.status == OPEN && row.due_on == Some(duty.due_on) && row.article == duty.article)
        };
        if stored_as(&duty.key).filter(is_right).is_none() {
            changed.push(StoredDuty {
                key: duty.key.clone(),
                kind: ObligationKind::AnnualReport.code().to_owned(),
                due_on: Some(duty.due_on),
                latest_on: None,
                status: OPEN.to_owned(),
                owner_id: None,
                department_id: None,
                not_by_id: None,
                article: duty.article.to_owned(),
            });
        }
    }
    let is_owed = |row: &ObligationRow| owed.iter().any(|duty| duty.key == row.key);
    let is_less = annual_report == AnnualReport::None || organ.ended_on.is_some();
    for row in stored.iter().filter(|row| row.status == OPEN && is_less) {
        if !is_owed(row) {
            changed.push(StoredDuty {
                key: row.key.clone(),
                kind: row.kind.clone(),
                due_on: row.due_on,
                latest_on: None,
                status: CANCELLED.to_owned(),
                owner_id: None,
                department_id: None,
                not_by_id: None,
                article: row.article.clone(),
            });
        }
    }
    changed
}
