//! The front desk: idempotent filing from other systems, and the status reported back to them.

pub mod form;

use super::cases::{Application, FilingOrigin, received};
use super::{Caller, Intake, OfficeError};
use crate::case::command::Receive;
use crate::case::redaction::ERASED;
use crate::case::{Case, Event, ObligationKind, ObligationStatus, Role};
use crate::law::{ClockAnswer, Receipt, ReceiptRuling, Regime, receipt};
use crate::office::cases::applicants::{Applicant, as_filed};
use crate::office::cases::case_file::CaseFile;
use crate::office::cases::queries::duties_of;
use crate::office::service::validation::Checks;
use crate::store::cases::CaseRow;
use crate::store::intake::{self, ChangeCursor};
use crate::store::people::organs::OrganRow;
use crate::store::{
    Db, OrganId, StoreError, Ts,
    cases::{self, applicants},
    people::organs,
};
use chrono::NaiveDate;
use form::FilingForm;
use serde_json::Value;
use uuid::Uuid;

/// A form that passed every check.
#[derive(Debug, Clone)]
pub struct Filing {
    /// The case's number in the front-desk system.
    pub external_number: String,
    /// The request on the form, with its organ.
    pub application: Application,
}

/// The part of a case, besides its row, that the front desk may see.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The day of receipt, or the facts missing for it.
    pub ruling: ReceiptRuling,
    /// The reply period as of today, once it has begun.
    pub clock: Option<ClockAnswer>,
    /// The open duties of the applicant.
    pub to_do: Vec<ToDo>,
}

impl Progress {
    /// Whether the reply is overdue or was late.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.clock.as_ref().is_some_and(|clock| clock.overdue_days.is_some())
    }
}

/// An open duty of the applicant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToDo {
    /// Correction, justification or payment.
    pub kind: ObligationKind,
    /// The last day. `None` until it is certain.
    pub due_on: Option<NaiveDate>,
    /// The article it rests on.
    pub article: &'static str,
    /// The items to correct.
    pub items: Vec<String>,
    /// The amount to pay, in whole yuan.
    pub amount_yuan: Option<u64>,
}

impl Intake<'_> {
    /// Reads a form and reports everything that is wrong with it.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] with every fault.
    pub fn check_filing(&self, caller: &Caller, body: &Value) -> Result<Filing, OfficeError> {
        let mut checks = Checks::new();
        let form = FilingForm::read(&mut checks, body, self.clock().today());
        let organ = match form.organ() {
            Some(named) => self.store().ask(|db| intake_organ(db, caller, named))?,
            None => None,
        };
        if form.organ().is_some() && organ.is_none() {
            checks.fault("/organ", "not_found", "没有这个机关，或者不能向其提交申请");
        }
        checks.done()?;
        let (Some(organ), Some(number)) = (organ, form.external_number().map(str::to_owned)) else {
            return Err(OfficeError::Internal("a form without its organ or number passed the checks".into()));
        };
        Ok(Filing { external_number: number, application: form.into_application(organ.id)? })
    }

    /// Files a request under the caller's name and number. The flag is `true` if the same request was filed before;
    /// nothing is written then.
    ///
    /// # Errors
    /// [`OfficeError::Conflict`] `external_number_reused` if the number was used for another request;
    /// [`OfficeError::Stale`] if an equal filing was committed first (roll back and retry); as [`Cases::receive`].
    pub fn file(&self, db: &mut Db, caller: &Caller, filing: &Filing) -> Result<(CaseFile, bool), OfficeError> {
        let organ = OrganId(filing.application.organ_id);
        match cases::find_by_external(db, organ, &caller.username, &filing.external_number) {
            Ok(row) => {
                let file = self.cases().open_file(db, row.id)?;
                if self.is_same(db, &file, filing)? {
                    return Ok((file, true));
                }
                Err(OfficeError::Conflict {
                    code: "external_number_reused".into(),
                    detail: "该编号已用于内容不同的申请；新申请请用新的编号，已提交的申请不能以重新提交的方式修改"
                        .to_owned(),
                })
            }
            Err(StoreError::NotFound) => {
                let origin =
                    FilingOrigin { source: caller.username.clone(), external_number: filing.external_number.clone() };
                Ok((self.cases().receive(db, caller, &filing.application, Some(&origin))?, false))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Whether a case was created from exactly this filing. Compares its first event and its applicant's record, so
    /// later steps do not matter.
    fn is_same(&self, db: &mut Db, file: &CaseFile, filing: &Filing) -> Result<bool, OfficeError> {
        let mut told: Receive = received(&filing.application, file.row.applicant_id);
        let log = self.cases().log(db, file.row.id)?;
        let Some((_, Some(Event::Received(kept)))) = log.first() else { return Ok(false) };
        // An erased text cannot be compared any more.
        for (told, kept) in [(&mut told.title, &kept.title), (&mut told.request, &kept.request)] {
            if kept == ERASED {
                ERASED.clone_into(told);
            }
        }
        let is_same_request = *kept == told;
        if !is_same_request {
            return Ok(false);
        }
        // A correction of the applicant's record does not make it another filing.
        let row = applicants::find(db, file.row.applicant_id)?;
        let kept = as_filed(db, self.store().sealer(), &row)?;
        let told = &filing.application.applicant;
        let paper = |of: &Applicant| {
            of.identity.as_ref().map(|paper| (paper.kind, applicants::normalised(&paper.number), paper.is_unverified))
        };
        Ok(kept.name == told.name.trim()
            && paper(&kept) == paper(told)
            && kept.contact == told.contact
            && (&kept.agents, &kept.guardian, &kept.co_applicants)
                == (&told.agents, &told.guardian, &told.co_applicants))
    }

    /// The case that the caller filed under its own number.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the filing does not exist, or if another system filed it; [`OfficeError::Invalid`] if the
    /// caller used the number at several organs and names none.
    pub fn filed(&self, caller: &Caller, organ: Option<&str>, number: &str) -> Result<CaseFile, OfficeError> {
        if number.contains(char::is_control) {
            return Err(OfficeError::NotFound); // no such number passes the form, and PostgreSQL takes no U+0000
        }
        self.store().read(|db| {
            let organs = match organ {
                None => caller.organs_as(Role::Intake),
                Some(named) => intake_organ(db, caller, named)?.into_iter().map(|row| row.id).collect(),
            };
            let mut found = Vec::new();
            for organ in organs {
                match cases::find_by_external(db, organ, &caller.username, number) {
                    Ok(row) => found.push(row),
                    Err(StoreError::NotFound) => {}
                    Err(other) => return Err(other.into()),
                }
            }
            match found.as_slice() {
                [] => Err(OfficeError::NotFound),
                [row] => self.cases().open_file(db, row.id),
                [..] => Err(OfficeError::invalid("?organ", "required", "该编号曾向多个机关提交，请以 organ 指明机关")),
            }
        })
    }

    /// A page of the caller's own filings that changed at `since` or later, oldest change first. A filing with an
    /// unreadable log comes without a file, so that the system still learns of the others.
    pub fn filed_since(
        &self,
        caller: &Caller,
        since: Option<Ts>,
        after: Option<ChangeCursor>,
        limit: i64,
    ) -> Result<Vec<(CaseRow, Option<CaseFile>)>, OfficeError> {
        self.store().read(|db| {
            let organs = caller.organs_as(Role::Intake);
            let rows = intake::changed(db, &organs, &caller.username, since, after, limit)?;
            let files = self.cases().files_of(db, rows)?.into_iter().map(|(row, file)| match file {
                Ok(file) => (row, Some(file)),
                Err(error) => {
                    tracing::error!(case = %row.id.0, %error, "a filing is told as a fault: it cannot be read");
                    (row, None)
                }
            });
            Ok(files.collect())
        })
    }

    /// The part of a case that the front desk may see, as of today.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if the reply period cannot be computed from the log.
    pub fn progress(&self, file: &CaseFile) -> Result<Progress, OfficeError> {
        let today = self.clock().today();
        let clock = file
            .case
            .reply_clock(&file.desk.calendar, &file.desk.rules, Some(today))
            .map_err(|error| OfficeError::unreadable(format!("clock of case {}: {error}", file.row.id.0)))?;
        Ok(Progress { ruling: ruling(&file.case), clock, to_do: to_do(file, today) })
    }
}

/// The organ with this code or id, if the caller may file there.
fn intake_organ(db: &mut Db, caller: &Caller, named: &str) -> Result<Option<OrganRow>, OfficeError> {
    let found = organs::find_named(db, named, named.parse::<Uuid>().ok().map(OrganId))?;
    Ok(found.filter(|row| caller.organs_as(Role::Intake).contains(&row.id)))
}

/// How the day of receipt was fixed, or the facts missing for it.
fn ruling(case: &Case) -> ReceiptRuling {
    case.receipt.map_or_else(
        || receipt(&case.intake.receipt_facts()),
        |fixed| {
            let article = fixed.rule.article(Regime::for_receipt(case.intake.submitted_on));
            ReceiptRuling::Fixed(Receipt { on: fixed.on, rule: fixed.rule, article, why: fixed.rule.why() })
        },
    )
}

fn to_do(file: &CaseFile, today: NaiveDate) -> Vec<ToDo> {
    let is_the_applicants = |kind: ObligationKind| {
        matches!(
            kind,
            ObligationKind::CorrectionResponse | ObligationKind::JustificationResponse | ObligationKind::FeePayment
        )
    };
    let correction = file.case.correction.as_ref();
    let fee = file.case.fee.as_ref();
    duties_of(file, today)
        .into_iter()
        .filter(|duty| is_the_applicants(duty.kind) && duty.status == ObligationStatus::Open)
        .map(|duty| ToDo {
            kind: duty.kind,
            // An estimate is internal. The applicant sees a last day only once it is certain.
            due_on: duty.due_on.filter(|_| !duty.is_estimated()),
            article: duty.article,
            items: correction
                .filter(|_| duty.kind == ObligationKind::CorrectionResponse)
                .map(|correction| correction.notice.items.clone())
                .unwrap_or_default(),
            amount_yuan: fee.filter(|_| duty.kind == ObligationKind::FeePayment).map(|fee| fee.amount_yuan),
        })
        .collect()
}
