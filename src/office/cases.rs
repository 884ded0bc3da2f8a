//! Cases: receiving requests and executing commands. Every change is one transaction.

pub mod amendments;
pub mod applicants;
pub mod as_of;
pub mod beside;
pub mod case_file;
pub mod counters;
pub mod exports;
pub(super) mod late_records;
pub mod previews;
pub mod queries;
pub mod redactions;
pub mod repeat_requests;
pub mod tags;

use super::ledger::own_place;
use super::{Answer, Caller, Cases, OfficeError, Once, Thing};
use crate::case::command::{Assign, Link, Merge, ProposeOutcome, Reassign, Receive, Register, Split};
use crate::case::{
    Command, Context, Delivery, Drawn, Event, LinkRelation, NumberKind, ObligationKind, Role, decide, fold,
};
use crate::law::Channel;
use crate::office::cases::applicants::{Applicant, check_applicant};
use crate::office::cases::beside::Beside;
use crate::office::cases::case_file::{
    CaseFile, OrganContext, actor, bytes_of, derive_row, folded, refuse_endless_log, written,
};
use crate::office::cases::queries::{CASE_READERS, Shown};
use crate::office::people::access::{Readmitted, readmit};
use crate::office::people::succession::refuse_ended;
use crate::store::cases::CaseRow;
use crate::store::cases::events::LogEnd;
use crate::store::{
    ApplicantId, CaseId, Db, DepartmentId, OrganId, StoreError, Ts, UserId, calendar,
    cases::{self, applicants as applicant_rows, counters as counter_rows, events, obligations, obligations::Vanished},
    people::{departments, users},
    service::meta,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// An application as it comes in, with the dates that fix the day of receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// 受理机关
    pub organ_id: Uuid,
    /// 申请人
    pub applicant: Applicant,
    /// 标题
    pub title: String,
    /// 所需政府信息的名称、文号或者其他特征性描述
    pub request: String,
    /// 申请方式
    pub channel: Channel,
    /// 寄送至公开工作机构以外的机构或个人
    #[serde(default)]
    pub misdirected: bool,
    /// 提交日期
    pub submitted_on: NaiveDate,
    /// 行政机关签收日期（签收邮件）
    #[serde(default)]
    pub signed_on: Option<NaiveDate>,
    /// 实际到达公开工作机构的日期
    #[serde(default)]
    pub arrived_on: Option<NaiveDate>,
    /// 系统自动确认提交成功的日期
    #[serde(default)]
    pub acknowledged_on: Option<NaiveDate>,
    /// 双方确认日期
    #[serde(default)]
    pub confirmed_on: Option<NaiveDate>,
    /// 提供方式、获取途径
    #[serde(default)]
    pub delivery: Option<Delivery>,
}

/// Obligations that expire on their due date without any action.
const ENDS_BY_ITSELF: [ObligationKind; 3] =
    [ObligationKind::CorrectionNotice, ObligationKind::ThirdPartyOpinion, ObligationKind::OrganOpinion];

/// The key in `meta` for the version of the derivation of rows and duties.
const DERIVED_BY: &str = "cases.derived_by";
/// The derivation version of this program. Change it in a release that derives different rows or duties from an
/// unchanged log; [`Cases::resume_silent`] then recomputes every case once. A migration sets it in a database without
/// cases.
const DERIVATION: &str = "long_stops";

/// Cases read to find out whether one of them stands by a number. Only ledgers hold a number several times.
const MOST_OF_ONE_NUMBER: i64 = 20;

/// Cases rewritten in one transaction: few enough for other writers waiting.
pub(super) const BATCH: usize = 100;

/// A page of up to [`BATCH`] cases in which a suspension or obligation expired before `day`, by id, after `after`.
pub(super) fn ended_by_themselves(
    db: &mut Db,
    day: NaiveDate,
    after: Option<CaseId>,
) -> Result<Vec<CaseId>, OfficeError> {
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let ended: Vec<&str> = ENDS_BY_ITSELF.iter().map(|kind| kind.code()).collect();
    let mut ids = cases::stopped_before(db, day, after, limit)?;
    ids.extend(obligations::past(db, &ended, day, after, limit)?);
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(BATCH);
    Ok(ids)
}

/// The front-desk system and number of a filing made by a machine user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingOrigin {
    /// The front-desk system: the name of its machine user.
    pub source: String,
    /// The case's number in that system.
    pub external_number: String,
}

impl Cases<'_> {
    /// Checks that the caller may file requests at an organ.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller has no role there, [`OfficeError::RoleRequired`] if it is not one that
    /// may file.
    fn admit_filing(&self, db: &mut Db, caller: &Caller, organ: OrganId) -> Result<Readmitted, OfficeError> {
        let filer = readmit(db, caller, Thing::Organ(organ))?;
        self.people().require(&filer.caller, Some(&filer.authority), &[Role::Intake, Role::Clerk, Role::OfficeHead])?;
        Ok(filer)
    }

    /// Receives a request entered by hand, once per idempotency key, and returns the answer built by `show`. The flag
    /// is `true` for a repeated earlier answer.
    ///
    /// # Errors
    /// As [`Cases::receive`] and [`Service::once`], and the errors of `show`. The transaction is then rolled back.
    pub fn file_by_hand(
        &self,
        once: &Once,
        caller: &Caller,
        application: &Application,
        show: impl FnOnce(&Shown) -> Result<Answer, OfficeError>,
    ) -> Result<(Answer, bool), OfficeError> {
        self.service().once(
            once,
            |db| {
                calendar::keep_in_force(db)?;
                self.admit_filing(db, caller, OrganId(application.organ_id))
            },
            |db, filer| {
                let roles = filer.authority.roles.clone();
                let file = self.receive_from(db, filer, application, None)?;
                // A new case has neither tags nor orders.
                show(&self.shown(caller, &roles, file, Vec::new()))
            },
        )
    }

    /// Receives a request, and fixes the day of receipt if the facts suffice.
    ///
    /// # Errors
    /// [`OfficeError::Refused`] by `case::decide`; [`OfficeError::Invalid`] for the applicant's data;
    /// [`OfficeError::NotFound`] or [`OfficeError::RoleRequired`] if the caller may not file at the organ.
    pub fn receive(
        &self,
        db: &mut Db,
        caller: &Caller,
        application: &Application,
        origin: Option<&FilingOrigin>,
    ) -> Result<CaseFile, OfficeError> {
        calendar::keep_in_force(db)?;
        let filer = self.admit_filing(db, caller, OrganId(application.organ_id))?;
        self.receive_from(db, filer, application, origin)
    }

    /// Like [`Cases::receive`], for a filer readmitted in this transaction after the calendar was locked.
    fn receive_from(
        &self,
        db: &mut Db,
        filer: Readmitted,
        application: &Application,
        origin: Option<&FilingOrigin>,
    ) -> Result<CaseFile, OfficeError> {
        let Readmitted { caller, authority, seat } = filer;
        refuse_ended(db, &seat.organ)?;
        let organ = seat.organ.id;
        check_applicant(&application.applicant)?;
        let applicant = self.add_applicant(db, organ, &application.applicant)?;
        let receive = received(application, applicant);
        let row = blank_row(organ, &receive, application.applicant.name.trim(), origin, self.clock().recorded_at());
        let desk = self.desk_of(db, seat)?;
        let person = actor(&caller, &authority.roles);
        let context =
            Context { actor: &person, today: self.clock().today(), calendar: &desk.calendar, rules: &desk.rules };
        let events = decide(None, &Command::Receive(receive), &context, &Drawn::default())?;
        let file = self.start_log(db, row, desk, &events, &caller)?;
        Ok(CaseFile { beside: Some(Beside::of(&application.applicant)), ..file })
    }

    /// Writes the first events of a case and its row.
    fn start_log(
        &self,
        db: &mut Db,
        row: CaseRow,
        desk: OrganContext,
        events: &[Event],
        caller: &Caller,
    ) -> Result<CaseFile, OfficeError> {
        let mut file = self.unwritten(row, desk, events)?;
        let written = written(events)?;
        file.log_bytes = bytes_of(&written);
        file.row.version = i64::try_from(events.len()).unwrap_or(i64::MAX);
        cases::insert(db, &file.row)?;
        let (at, end) = (file.row.created_at, file.log_end);
        file.log_end = events::append_after(db, file.row.id, end, &written, Some(caller.user_id), at)?;
        self.replace_duties(db, &file, &[], Vanished::MetStay)?;
        Ok(file)
    }

    /// The file of a new case whose first events are these. Nothing is written.
    fn unwritten(&self, row: CaseRow, desk: OrganContext, events: &[Event]) -> Result<CaseFile, OfficeError> {
        let case = fold(events).ok_or_else(|| OfficeError::Internal("nothing was received".into()))?;
        let (running, in_force) = (Arc::clone(&desk.calendar), Arc::clone(&desk.calendar));
        let (log_end, beside) = (LogEnd::of_nothing(), Some(Beside::default()));
        let mut file = CaseFile { row, case, desk, running, in_force, log_bytes: 0, log_end, beside };
        derive_row(&mut file, self.clock().today());
        Ok(file)
    }

    /// Executes a command on a case and returns the result of `show` on the new state. `expected` is the version the
    /// caller saw.
    ///
    /// # Errors
    /// As [`Cases::execute`], and the errors of `show`. The transaction is then rolled back.
    pub fn command<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        command: &Command,
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        if let Command::Void(void) = command {
            return self.make_void(caller, id, void, expected, show);
        }
        if let Command::RevokeReply(revoke) = command {
            return self.ask_revocation(caller, id, revoke, expected, show);
        }
        self.store().write(|db| {
            let (file, roles) = self.execute_as(db, caller, id, command, expected)?;
            show(&self.shown_whole(db, caller, &roles, file)?)
        })
    }

    /// Executes a command on a case. `expected` is the version the caller saw.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] if the version differs; [`OfficeError::Refused`] with the article if the law does not
    /// allow the command; [`OfficeError::Invalid`] for a reference outside the organ; [`OfficeError::NotFound`] if the
    /// caller has no access to the case.
    pub fn execute(
        &self,
        db: &mut Db,
        caller: &Caller,
        id: CaseId,
        command: &Command,
        expected: i64,
    ) -> Result<CaseFile, OfficeError> {
        self.execute_as(db, caller, id, command, expected).map(|(file, _)| file)
    }

    /// Like [`Cases::execute`]. Also returns the caller's roles at the case.
    fn execute_as(
        &self,
        db: &mut Db,
        caller: &Caller,
        id: CaseId,
        command: &Command,
        expected: i64,
    ) -> Result<(CaseFile, BTreeSet<Role>), OfficeError> {
        calendar::keep_in_force(db)?;
        let Readmitted { caller, authority, seat } = readmit(db, caller, Thing::Case(id))?;
        if let Command::Merge(merge) = command {
            lock_before(db, CaseId(merge.into_case), id)?;
        }
        let file = self.lock_file_at(db, id, seat)?;
        if !authority.has_any(CASE_READERS) {
            own_filing(&file.row, &caller)?;
        }
        if file.row.version != expected {
            return Err(OfficeError::Stale);
        }
        let file = self.calendars().under_calendar_in_force(db, file)?;
        check_references(db, &file, command)?;
        let drawn = self.draw(db, &file, command)?;
        let person = actor(&caller, &authority.roles);
        let events = decide(Some(&file.case), command, &file.context(&person, self.clock().today()), &drawn)?;
        refuse_endless_log(&file, &events)?;
        let file = self.commit(db, file, &events, Some(caller.user_id))?;
        if let Command::Split(split) = command {
            self.make_parts(db, &caller, &file, split, &drawn)?;
        }
        if let Command::Merge(merge) = command {
            self.link_back(db, &caller, &file, merge)?;
        }
        Ok((file, authority.roles))
    }

    /// Numbers are drawn in the transaction that uses them, so that a refusal leaves no gap.
    fn draw(&self, db: &mut Db, file: &CaseFile, command: &Command) -> Result<Drawn, OfficeError> {
        if let Command::Split(split) = command {
            return Ok(Drawn { number: None, parts: split.parts.iter().map(|_| CaseId::new().0).collect() });
        }
        let (kind, on) = if let Command::Register(register) = command {
            (NumberKind::Registration, register.on)
        } else if let Command::IssueReply(issue) = command {
            (NumberKind::Reply, issue.on)
        } else {
            return Ok(Drawn::default());
        };
        let number = self.draw_number(db, &file.desk, kind, on)?;
        Ok(Drawn { number: Some(number), parts: Vec::new() })
    }

    /// Creates the cases a case was split into, with the same receipt as their parent, registered at once and linked to
    /// it.
    fn make_parts(
        &self,
        db: &mut Db,
        caller: &Caller,
        parent: &CaseFile,
        split: &Split,
        drawn: &Drawn,
    ) -> Result<(), OfficeError> {
        for (part, id) in split.parts.iter().zip(&drawn.parts) {
            let receive =
                Receive { title: part.title.clone(), request: part.request.clone(), ..parent.case.intake.clone() };
            let mut events = vec![Event::Received(receive)];
            if let (Some(receipt), Some(regime)) = (parent.case.receipt, parent.case.regime) {
                events.push(Event::ReceiptFixed { on: receipt.on, rule: receipt.rule, regime, evidence: None });
            }
            let link = Link { on: split.on, other_case: parent.row.id.0, relation: LinkRelation::SplitFrom };
            events.push(Event::Linked(link));
            let register = Command::Register(Register { on: split.on });
            if let Some(number) = self.draw(db, parent, &register)?.number {
                events.push(Event::Registered { on: split.on, number });
            }
            let now = self.clock().recorded_at();
            let row = CaseRow {
                id: CaseId(*id),
                title: part.title.trim().to_owned(),
                source: None,
                external_number: None,
                filed_with: None,
                numbered_by: None,
                is_late: false,
                created_at: now,
                updated_at: now,
                ..parent.row.clone()
            };
            self.start_log(db, row, parent.desk.clone(), &events, caller)?;
        }
        Ok(())
    }

    /// Records in the remaining case which case was merged into it.
    fn link_back(&self, db: &mut Db, caller: &Caller, merged: &CaseFile, merge: &Merge) -> Result<(), OfficeError> {
        let target = self.lock_file(db, CaseId(merge.into_case))?;
        let target = self.calendars().under_calendar_in_force(db, target)?;
        check_merge(db, merged, &target)?;
        let link = Link { on: merge.on, other_case: merged.row.id.0, relation: LinkRelation::MergedFrom };
        self.commit(db, target, &[Event::Linked(link)], Some(caller.user_id))?;
        Ok(())
    }

    /// Recomputes cases in which something expired: a suspension had its last lawful day and the period runs again
    /// (C-6), or a duty can no longer be fulfilled (a correction notice, D1; an opinion not given). Visits each such
    /// case once, by id. Returns how many changed.
    ///
    /// # Errors
    /// An error of the database. Committed batches stay.
    pub fn resume_silent(&self) -> Result<usize, OfficeError> {
        let today = self.clock().today();
        let mut after: Option<CaseId> = None;
        let mut changed = self.derive_again()?;
        loop {
            let ids = self.store().read(|db| ended_by_themselves(db, today, after))?;
            let Some(last) = ids.last() else { return Ok(changed) };
            after = Some(*last);
            changed += self.refresh_files(&ids)?;
        }
    }

    /// Recomputes every case once if an earlier release derived the rows differently. Returns how many changed.
    ///
    /// # Errors
    /// An error of the database. Committed batches stay, and the next call starts over.
    fn derive_again(&self) -> Result<usize, OfficeError> {
        if self.store().read(|db| meta::get(db, DERIVED_BY))?.as_deref() == Some(DERIVATION) {
            return Ok(0);
        }
        let mut after: Option<CaseId> = None;
        let mut changed = 0;
        loop {
            let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
            let page = self.store().read(|db| cases::page_by_id(db, after, limit))?;
            let ids: Vec<CaseId> = page.iter().map(|row| row.id).collect();
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            changed += self.refresh_files(&ids)?;
        }
        self.store().write(|db| meta::set(db, DERIVED_BY, DERIVATION))?;
        Ok(changed)
    }

    /// Recomputes these cases as of today. Returns how many changed. An unreadable case is logged and left unchanged.
    fn refresh_files(&self, ids: &[CaseId]) -> Result<usize, OfficeError> {
        let together = self.store().write(|db| {
            let mut changed = 0;
            for id in ids {
                changed += usize::from(self.refresh_file(db, *id)?);
            }
            Ok::<_, OfficeError>(changed)
        });
        match (together, ids) {
            (Err(OfficeError::Unreadable(reason)), [one]) => {
                tracing::error!(case = %one.0, %reason, "a case cannot be computed again");
                Ok(0)
            }
            // One of them is unreadable: each in its own transaction, so that the others are written.
            (Err(OfficeError::Unreadable(_)), _) => {
                ids.iter().try_fold(0, |changed, id| Ok(changed + self.refresh_files(std::slice::from_ref(id))?))
            }
            (done, _) => done,
        }
    }

    /// Fills `warns_on` in rows of an earlier release that lack it because their last day is not certain. Returns how
    /// many changed. A case whose correction notice was sent in time keeps none.
    ///
    /// # Errors
    /// An error of the database. Committed batches stay.
    pub fn fill_warnings(&self) -> Result<usize, OfficeError> {
        let mut after: Option<CaseId> = None;
        let mut changed = 0;
        loop {
            let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
            let ids = self.store().read(|db| cases::without_warning(db, after, limit))?;
            let Some(last) = ids.last() else { return Ok(changed) };
            after = Some(*last);
            changed += self.refresh_files(&ids)?;
        }
    }

    /// Recomputes row and obligations of a case as of today, without an event because no fact changed. Returns whether
    /// anything differed.
    pub(super) fn refresh_file(&self, db: &mut Db, id: CaseId) -> Result<bool, OfficeError> {
        let file = self.lock_file(db, id)?;
        let mut file = self.calendars().under_calendar_in_force(db, file)?;
        let before = file.row.clone();
        derive_row(&mut file, self.clock().today());
        let is_other = file.row != before;
        if is_other {
            cases::update(db, &file.row, file.row.version)?;
        }
        Ok(self.commit_duties(db, &file, Vanished::MetStay)? > 0 || is_other)
    }
}

/// The row of a new case, before anything is derived from its log.
pub(super) fn blank_row(
    organ: OrganId,
    receive: &Receive,
    applicant_name: &str,
    origin: Option<&FilingOrigin>,
    now: Ts,
) -> CaseRow {
    CaseRow {
        id: CaseId::new(),
        organ_id: organ,
        number: None,
        source: origin.map(|origin| origin.source.clone()),
        external_number: origin.map(|origin| origin.external_number.clone()),
        applicant_id: ApplicantId(receive.applicant_id),
        applicant_name: applicant_name.to_owned(),
        applicant_kind: receive.applicant_kind.code().to_owned(),
        title: receive.title.clone(),
        channel: receive.channel.code().to_owned(),
        regime: None,
        stage: String::new(),
        is_open: true,
        clock_status: String::new(),
        submitted_on: receive.submitted_on,
        received_on: None,
        start_on: None,
        due_on: None,
        resumes_on: None,
        stopped_on: None,
        replied_on: None,
        closed_on: None,
        is_late: false,
        is_extended: false,
        outcome: None,
        department_id: None,
        handler_id: None,
        calendar_version: String::new(),
        warns_on: None,
        latest_on: None,
        filed_with: None,
        numbered_by: None,
        version: 0,
        created_at: now,
        updated_at: now,
    }
}

pub(super) fn received(application: &Application, applicant: ApplicantId) -> Receive {
    Receive {
        applicant_id: applicant.0,
        applicant_kind: application.applicant.kind,
        title: application.title.trim().to_owned(),
        request: application.request.trim().to_owned(),
        channel: application.channel,
        misdirected: application.misdirected,
        submitted_on: application.submitted_on,
        signed_on: application.signed_on,
        arrived_on: application.arrived_on,
        acknowledged_on: application.acknowledged_on,
        confirmed_on: application.confirmed_on,
        delivery: application.delivery,
    }
}

/// Locks the case `other` first if its id is smaller. Two requests that merge the same two cases into each other then
/// lock in the same order and cannot deadlock. A missing case is refused later.
fn lock_before(db: &mut Db, other: CaseId, id: CaseId) -> Result<(), OfficeError> {
    if other >= id {
        return Ok(());
    }
    match cases::lock(db, other) {
        Ok(_) | Err(StoreError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Requires that a machine user filed the case itself.
fn own_filing(row: &CaseRow, caller: &Caller) -> Result<(), OfficeError> {
    if row.source.as_deref() == Some(caller.username.as_str()) { Ok(()) } else { Err(OfficeError::NotFound) }
}

/// Requires that the other case exists in the same organ and is not this one.
fn check_other(db: &mut Db, file: &CaseFile, other: Uuid, pointer: &str) -> Result<(), OfficeError> {
    match cases::find_within(db, CaseId(other), &[file.row.organ_id]) {
        Ok(_) if other != file.row.id.0 => Ok(()),
        Ok(_) | Err(StoreError::NotFound) => Err(OfficeError::invalid(pointer, "not_found", "本机关没有这另一件案件")),
        Err(other) => Err(other.into()),
    }
}

/// Requires that an earlier reply referred to was given, either here or before this service was introduced. For the
/// latter, the number must be unknown here and not belong to a series the service has started.
fn check_earlier_reply(db: &mut Db, file: &CaseFile, proposal: &ProposeOutcome) -> Result<(), OfficeError> {
    let number = proposal.earlier_reply_number.as_deref().map(str::trim).filter(|number| !number.is_empty());
    let Some(number) = number else { return Ok(()) };
    let organ = file.row.organ_id;
    let is_here = stands_here(db, organ, number, file.row.id)?;
    match (is_here, proposal.earlier_reply_before_system) {
        (true, false) => Ok(()),
        (true, true) => Err(OfficeError::invalid(
            "/earlier_reply_before_system",
            "reply_is_here",
            "本机关在本系统中有这一文号的答复，不是系统启用之前作出的，请删去 earlier_reply_before_system",
        )),
        (false, false) => Err(OfficeError::invalid(
            "/earlier_reply_number",
            "not_found",
            "本机关的其他案件没有这一文号的答复，请核对；此前的答复在系统启用之前作出的，请填 earlier_reply_before_system 为 true",
        )),
        (false, true) => not_of_own_series(db, file, number),
    }
}

/// Requires that the reply a repeat is refused on still stands when the refusal goes out: it may have been revoked, or set aside
/// by an order, since the proposal.
///
/// # Errors
/// `earlier_reply_gone`.
fn check_repeat_stands(db: &mut Db, file: &CaseFile) -> Result<(), OfficeError> {
    let Some(proposal) = file.case.proposal.as_ref().map(|proposal| &proposal.proposal) else { return Ok(()) };
    let is_sent = file.case.reply.as_ref().is_some_and(|reply| reply.replied_on.is_some());
    let Some(number) = proposal.earlier_reply_number.as_deref().map(str::trim).filter(|number| !number.is_empty())
    else {
        return Ok(());
    };
    if is_sent || proposal.earlier_reply_before_system || stands_here(db, file.row.organ_id, number, file.row.id)? {
        return Ok(());
    }
    let detail =
        format!("拟办所依据的原答复（{number}）已经撤销，或者被责令重新答复，不能再按重复申请处理；请撤回，重新拟办");
    Err(OfficeError::Refused {
        code: "earlier_reply_gone".into(),
        article: Some(proposal.outcome.article().into()),
        detail,
        errors: Vec::new(),
    })
}

/// Whether another case of the organ has a reply under this number that stands. A log
/// that cannot be read counts as it says.
fn stands_here(db: &mut Db, organ: OrganId, number: &str, but: CaseId) -> Result<bool, OfficeError> {
    for id in events::numbered_replies(db, organ, number, but, MOST_OF_ONE_NUMBER)? {
        match folded(&events::load(db, id)?) {
            Ok(case) if !case.has_reply_numbered(number) => {}
            Ok(_) | Err(OfficeError::Unreadable(_)) => return Ok(true),
            Err(other) => return Err(other),
        }
    }
    Ok(false)
}

/// Refuses a number in the organ's own format from a year that this service numbers: such a reply would be found here.
fn not_of_own_series(db: &mut Db, file: &CaseFile, number: &str) -> Result<(), OfficeError> {
    let Some((year, _)) = own_place(&file.desk.rules.pattern_of(NumberKind::Reply), number) else { return Ok(()) };
    let last = counter_rows::last(db, file.row.organ_id, year, NumberKind::Reply.code())?;
    if last == 0 {
        return Ok(());
    }
    let detail = format!(
        "这一文号是本机关的格式，{year}年的文号由本系统编（已编至第{last}号），而本机关的其他案件没有这一文号的答复，不能作为系统启用之前的\
         答复；请核对文号，确是启用之前的，请先导入台账"
    );
    Err(OfficeError::invalid("/earlier_reply_before_system", "number_of_own_series", detail))
}

/// Requires that the department is one of the organ's that takes cases, and that the handler may sign in, is of the organ, and
/// is of that department or of none.
fn check_assignment(
    db: &mut Db,
    organ: OrganId,
    department: DepartmentId,
    handler: Option<UserId>,
) -> Result<(), OfficeError> {
    let is_ours = match departments::find(db, department) {
        Ok(found) => found.organ_id == organ && found.is_active,
        Err(StoreError::NotFound) => false,
        Err(other) => return Err(other.into()),
    };
    if !is_ours {
        return Err(OfficeError::invalid("/department_id", "not_found", "本机关没有这个科室"));
    }
    let Some(handler) = handler else { return Ok(()) };
    let fault = |code: &'static str, detail: &str| Err(OfficeError::invalid("/handler_id", code, detail));
    match users::member(db, handler, organ)? {
        None => fault("not_found", "本机关没有这个人员"),
        Some((false, _)) => fault("user_disabled", "这个人员已停用，不能承办；请另选承办人"),
        Some((true, Some(own))) if own != department => fault(
            "other_department",
            "这个人员属于其他科室，不能在所选科室承办；请另选承办人，或者由管理员先调整其科室",
        ),
        Some((true, _)) => Ok(()),
    }
}

/// Requires that departments, persons and cases named by a command belong to the same organ.
fn check_references(db: &mut Db, file: &CaseFile, command: &Command) -> Result<(), OfficeError> {
    if let Command::Assign(Assign { department_id, handler_id, .. })
    | Command::Reassign(Reassign { department_id, handler_id, .. }) = command
    {
        check_assignment(db, file.row.organ_id, (*department_id).into(), handler_id.map(UserId::from))?;
    }
    if let Command::Link(link) = command {
        check_other(db, file, link.other_case, "/other_case")?;
    }
    if let Command::ProposeOutcome(proposal) = command {
        check_earlier_reply(db, file, proposal)?;
    }
    if matches!(command, Command::IssueReply(_) | Command::Dispatch(_)) {
        check_repeat_stands(db, file)?;
    }
    if let Command::Merge(merge) = command {
        check_other(db, file, merge.into_case, "/into_case")?;
    }
    Ok(())
}

/// Requires that a case can be merged into `target`.
fn check_merge(db: &mut Db, merged: &CaseFile, target: &CaseFile) -> Result<(), OfficeError> {
    if !target.case.stage.is_open() {
        return Err(OfficeError::invalid("/into_case", "not_open", "并入的案件已办结，不能再并入"));
    }
    if target.case.revoked_reply().is_some() {
        let detail = "并入的案件已经答复过，原答复撤销以后期限不再计算，并入的申请会失去答复期限；请分别办理";
        return Err(OfficeError::invalid("/into_case", "period_was_answered", detail));
    }
    if !same_applicant(db, &merged.row, &target.row)? {
        let detail = "两案申请人不同，应当分别答复，不能并案";
        return Err(OfficeError::invalid("/into_case", "other_applicant", detail));
    }
    Ok(())
}

/// Whether two cases have the same applicant: by identity document if both have one, else by kind and name.
fn same_applicant(db: &mut Db, one: &CaseRow, other: &CaseRow) -> Result<bool, OfficeError> {
    let first = applicant_rows::find(db, one.applicant_id)?;
    let second = applicant_rows::find(db, other.applicant_id)?;
    Ok(match (&first.identity_index, &second.identity_index) {
        (Some(first), Some(second)) => first == second,
        _ => first.kind == second.kind && first.name == second.name,
    })
}
