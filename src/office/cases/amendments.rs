//! Amending the log of a case, and making a case void. Who may do it is decided here (`rights`), because it depends on who
//! recorded what and when; what a log may become is decided by `case::amendment`.

mod plan;
mod revocation;
mod rights;

use super::{check_other, check_references, same_applicant};
use crate::case::amendment::{AmendedEntry, Amendment, EntryChange, ProposedAmendment, RefusedAmendment, Step};
use crate::case::command::Void;
use crate::case::{
    AmendmentCause, AmendmentKind, AmendmentStatus, Case, CaseAmendment, Command, Drawn, Event, LinkRelation,
    NotAllowed, Role, Stage, decide, fold, moved_duties,
};
use crate::office::cases::applicants::correction::{CORRECTORS, may_correct};
use crate::office::cases::case_file::{CaseFile, actor, read_log, refuse_endless_log, steps_of};
use crate::office::cases::queries::Shown;
use crate::office::people::access::{Authority, Readmitted, Thing, readmit};
use crate::office::people::reason;
use crate::office::{Caller, Cases, FieldError, OfficeError};
use crate::store::cases::events::{self, EventRow};
use crate::store::ledger::imports;
use crate::store::people::organs;
use crate::store::{CaseId, Db, UserId, calendar, cases};
use plan::{Asker, Plan, Replacing, asked, place_of};
pub(in crate::office) use rights::needs_head;
use rights::{can_be_void, may_confirm};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The roles that may ask for an amendment of what they recorded; the head of the office of anything.
pub const AMENDERS: &[Role] = &[Role::Clerk, Role::Handler, Role::Reviewer, Role::OfficeHead, Role::Leader];
/// The roles that decide on an amendment that waits: the leader, and whoever asked for it, who may take it back.
pub const CONFIRMERS: &[Role] = AMENDERS;

/// 更正记录
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    /// 理由，将被记录
    #[schema(max_length = 200)]
    pub reason: String,
    /// 证明材料，例如“EMS 回执”
    #[serde(default)]
    pub evidence: Option<String>,
    /// 逐步更正的内容
    #[schema(min_items = 1)]
    pub entries: Vec<EntryChange>,
}

/// 对提请的更正作出决定
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// 同意；不填为同意。提请人以 false 收回
    #[serde(default = "yes")]
    pub approve: bool,
    /// 意见；不同意的须写明理由
    #[serde(default)]
    pub comment: Option<String>,
}

/// The article that records rest on.
pub const WORKING_RULES: &str = crate::case::WORKING_RULES;

/// What a person may do about what was recorded of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amending {
    /// Amend it: the head of the office. Whoever recorded the last step today may too; the log says so step by step.
    Amend,
    /// Decide on the amendment, void or revocation of this number.
    Confirm(u16, AmendmentKind),
    /// Take back the own one of this number.
    TakeBack(u16, AmendmentKind),
    /// Correct the record of the applicant.
    CorrectApplicant,
}

/// What a caller with these roles may do about what was recorded of a case.
pub(in crate::office) fn amending(caller: &Caller, roles: &BTreeSet<Role>, case: &Case) -> Vec<Amending> {
    let mut list = Vec::new();
    list.extend(roles.contains(&Role::OfficeHead).then_some(Amending::Amend));
    for waits in case.amendments.iter().filter(|known| known.status == AmendmentStatus::Proposed) {
        let is_own = waits.asked_by == caller.user_id.0;
        list.extend(
            (roles.contains(&Role::Leader) && !is_own).then_some(Amending::Confirm(waits.number, waits.kind())),
        );
        list.extend(is_own.then_some(Amending::TakeBack(waits.number, waits.kind())));
    }
    let corrects = CORRECTORS.iter().any(|role| roles.contains(role)) && may_correct(roles, case).is_ok();
    list.extend(corrects.then_some(Amending::CorrectApplicant));
    list
}

impl Confirmation {
    /// The comment, if it says something.
    fn said(&self) -> Option<String> {
        self.comment.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

const fn yes() -> bool {
    true
}

impl Cases<'_> {
    /// Amends the log of a case, or asks the leader to confirm it. `expected` is the version the caller saw.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] if the version differs; [`OfficeError::Invalid`] for a request that is malformed;
    /// [`OfficeError::Refused`] if the caller may not amend a step, or the law does not allow what is asked, or a later step
    /// does not hold then; [`OfficeError::NotFound`] if the caller has no access to the case.
    pub fn amend<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        request: &Amend,
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.changing(caller, id, expected, show, |db, caller, authority, file, log| {
            let plan = self.plan_of(db, caller, authority, file, &steps_of(&log)?, request)?;
            let reason = request.reason.trim();
            if plan.because.is_empty() {
                let amendment = self.amendment(&plan, caller.user_id, None, reason, evidence_of(request));
                return self.commit_amendment(db, caller, plan, amendment);
            }
            let proposed = ProposedAmendment {
                number: next_number(&plan.before),
                on: self.clock().today(),
                reason: reason.to_owned(),
                evidence: evidence_of(request),
                asked_by: caller.user_id.0,
                entries: request.entries.clone(),
                replaced_by: None,
                revoked_on: None,
                because: plan.because.clone(),
            };
            self.propose(db, caller, plan.before, proposed)
        })
    }

    /// Makes a case void, or asks the leader to confirm it.
    ///
    /// # Errors
    /// As [`Cases::amend`].
    pub fn make_void<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        request: &Void,
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.changing(caller, id, expected, show, |db, caller, authority, file, log| {
            let (events, because) = self.void_of(db, caller, authority, &file, &steps_of(&log)?, request)?;
            if because.is_empty() {
                return self.commit_void(db, caller, file, &events);
            }
            let proposed = ProposedAmendment {
                number: next_number(&file),
                on: self.clock().today(),
                reason: request.reason.trim().to_owned(),
                evidence: None,
                asked_by: caller.user_id.0,
                entries: Vec::new(),
                replaced_by: request.replaced_by,
                revoked_on: None,
                because,
            };
            self.propose(db, caller, file, proposed)
        })
    }

    /// The leader's decision on an amendment, or on a void, that waits for it; or its asker takes it back.
    ///
    /// # Errors
    /// As [`Cases::amend`]; [`OfficeError::NotFound`] if no such amendment waits.
    pub fn confirm_amendment<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        (number, decision): (u16, &Confirmation),
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.changing(caller, id, expected, show, |db, caller, authority, file, log| {
            let (proposed, known) = waiting(&file, &log, number)?;
            if !decision.approve {
                return self.refuse_amendment(db, caller, authority, file, (&known, decision));
            }
            may_confirm(caller, authority, &known)?;
            let (asked_by, confirmed_by) = (UserId(known.asked_by), Some(caller.user_id));
            if proposed.entries.is_empty() {
                let amendment = Amendment {
                    number,
                    on: self.clock().today(),
                    reason: proposed.reason.clone(),
                    evidence: proposed.evidence.clone(),
                    asked_by: asked_by.0,
                    confirmed_by: confirmed_by.map(|id| id.0),
                    comment: decision.said(),
                    entries: Vec::new(),
                    moved: Vec::new(),
                };
                if let Some(on) = proposed.revoked_on {
                    return self.commit_revocation(db, caller, authority, file, (on, amendment));
                }
                can_be_void(db, &file)?;
                let void = Void { reason: proposed.reason, replaced_by: proposed.replaced_by };
                replacing(db, &file, &void)?;
                let voided = self.voided(&file, caller, authority, &void)?;
                let events: Vec<Event> = std::iter::once(Event::Amended(amendment)).chain(voided).collect();
                return self.commit_void(db, caller, file, &events);
            }
            let plan = self.plan(file, &steps_of(&log)?, &proposed.entries, None)?;
            self.check_commands(db, &plan, &proposed.entries)?;
            check_place(db, &plan)?;
            let amendment = self.amendment(&plan, asked_by, confirmed_by, &proposed.reason, proposed.evidence);
            let amendment = Amendment { number, comment: decision.said(), ..amendment };
            self.commit_amendment(db, caller, plan, amendment)
        })
    }

    /// What an amendment makes of a case, after everything that can be said against it.
    pub(in crate::office) fn plan_of(
        &self,
        db: &mut Db,
        caller: &Caller,
        authority: &Authority,
        file: CaseFile,
        steps: &[Step],
        request: &Amend,
    ) -> Result<Plan, OfficeError> {
        reason::given("/reason", &request.reason, "更正", "收到日期录错，应为10月21日")?;
        asked(&request.entries)?;
        self.may_amend_all(db, caller, authority, steps, &request.entries)?;
        check_notices(steps, request)?;
        let plan = self.plan(file, steps, &request.entries, Some(Asker::of(caller, authority)))?;
        self.check_commands(db, &plan, &request.entries)?;
        check_place(db, &plan)?;
        if plan.redecided.entries.is_empty() { Err(nothing_changes()) } else { Ok(plan) }
    }

    /// Requires that what the changed steps refer to exists at this organ.
    fn check_commands(&self, db: &mut Db, plan: &Plan, entries: &[EntryChange]) -> Result<(), OfficeError> {
        for (seq, command) in &plan.redecided.commands {
            check_references(db, &plan.before, command).map_err(|error| match error {
                OfficeError::Invalid(faults) => {
                    let place = place_of(*seq, entries);
                    let inside = |fault: FieldError| {
                        FieldError::new(format!("{place}/change{}", fault.pointer), fault.code, fault.detail)
                    };
                    OfficeError::Invalid(faults.into_iter().map(inside).collect())
                }
                other => other,
            })?;
        }
        Ok(())
    }

    /// The events that make a case void, and why the leader has to confirm them.
    pub(in crate::office) fn void_of(
        &self,
        db: &mut Db,
        caller: &Caller,
        authority: &Authority,
        file: &CaseFile,
        steps: &[Step],
        request: &Void,
    ) -> Result<(Vec<Event>, Vec<AmendmentCause>), OfficeError> {
        let reason = reason::given("/reason", &request.reason, "作废", "同一申请重复录入")?.to_owned();
        self.may_make_void(caller, authority, steps)?;
        can_be_void(db, file)?;
        let other = replacing(db, file, request)?;
        let events: Vec<Event> =
            steps.iter().flat_map(|step| step.events.iter().map(|(_, event)| event.clone())).collect();
        let request = Void { reason, replaced_by: request.replaced_by };
        Ok((self.voided(file, caller, authority, &request)?, self.because_void(file, &events, other.as_ref())))
    }

    /// Runs `change` on the locked case at the version that the caller saw, and `show` on the case after it.
    fn changing<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
        change: impl FnOnce(&mut Db, &Caller, &Authority, CaseFile, Vec<EventRow>) -> Result<CaseFile, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.store().write(|db| {
            calendar::keep_in_force(db)?;
            let Readmitted { caller, authority, seat } = readmit(db, caller, Thing::Case(id))?;
            let (file, log) = self.lock_file_with_log(db, id, seat)?;
            if file.row.version != expected {
                return Err(OfficeError::Stale);
            }
            let file = self.calendars().under_calendar_in_force(db, file)?;
            // A change of the calendar may have been recorded just now.
            let log = if file.row.version == expected { log } else { events::load(db, id)? };
            let file = change(db, &caller, &authority, file, log)?;
            let orders = self.supervision().pending_orders(db, file.row.organ_id, id)?;
            show(&self.shown(&caller, &authority.roles, file, orders))
        })
    }

    fn amendment(
        &self,
        plan: &Plan,
        asked_by: UserId,
        confirmed_by: Option<UserId>,
        reason: &str,
        evidence: Option<String>,
    ) -> Amendment {
        let today = self.clock().today();
        Amendment {
            number: next_number(&plan.before),
            on: today,
            reason: reason.to_owned(),
            evidence,
            asked_by: asked_by.0,
            confirmed_by: confirmed_by.map(|id| id.0),
            comment: None,
            entries: plan.redecided.entries.clone(),
            moved: moved_duties(&plan.before.duties(today), &plan.after.duties(today)),
        }
    }

    fn propose(
        &self,
        db: &mut Db,
        caller: &Caller,
        file: CaseFile,
        proposed: ProposedAmendment,
    ) -> Result<CaseFile, OfficeError> {
        if file.case.amendments.iter().any(|known| known.status == AmendmentStatus::Proposed) {
            return Err(OfficeError::Refused {
                code: "amendment_waits".into(),
                article: None,
                detail: "本案已有一次更正在等候机关负责人确认，请先由负责人决定或者收回".into(),
                errors: Vec::new(),
            });
        }
        let events = [Event::AmendmentProposed(proposed)];
        refuse_endless_log(&file, &events)?;
        self.commit(db, file, &events, Some(caller.user_id))
    }

    fn refuse_amendment(
        &self,
        db: &mut Db,
        caller: &Caller,
        authority: &Authority,
        file: CaseFile,
        (known, decision): (&CaseAmendment, &Confirmation),
    ) -> Result<CaseFile, OfficeError> {
        let is_own = known.asked_by == caller.user_id.0;
        if !is_own && !authority.roles.contains(&Role::Leader) {
            return Err(OfficeError::RoleRequired { roles: vec![Role::Leader] });
        }
        let comment = match decision.said() {
            Some(comment) => comment,
            None if is_own => "提请人收回".to_owned(),
            None => return Err(OfficeError::invalid("/comment", "required", "不同意的，请写明理由")),
        };
        let refused = RefusedAmendment { number: known.number, on: self.clock().today(), comment };
        self.commit(db, file, &[Event::AmendmentRefused(refused)], Some(caller.user_id))
    }

    /// Writes an amendment: the event, the row, the duties, and the mails that are withdrawn.
    fn commit_amendment(
        &self,
        db: &mut Db,
        caller: &Caller,
        plan: Plan,
        amendment: Amendment,
    ) -> Result<CaseFile, OfficeError> {
        let Plan { before, after, redecided, .. } = plan;
        let events = [Event::Amended(amendment)];
        refuse_endless_log(&before, &events)?;
        let was_open = before.case.stage.is_open();
        let file = self.commit_anew(db, (after, was_open), &events, Some(caller.user_id))?;
        self.withdraw_mails(db, file.row.id)?;
        self.follow_kind(db, &before, &file)?;
        self.unlink_merged(db, caller, &before, &file, &redecided.entries)?;
        Ok(file)
    }

    fn commit_void(
        &self,
        db: &mut Db,
        caller: &Caller,
        file: CaseFile,
        events: &[Event],
    ) -> Result<CaseFile, OfficeError> {
        let was_open = file.case.stage.is_open();
        let file = self.commit_anew(db, (file, was_open), events, Some(caller.user_id))?;
        imports::give_up(db, &[file.row.id], file.row.updated_at)?;
        self.withdraw_mails(db, file.row.id)?;
        Ok(file)
    }

    fn voided(
        &self,
        file: &CaseFile,
        caller: &Caller,
        authority: &Authority,
        void: &Void,
    ) -> Result<Vec<Event>, OfficeError> {
        // The leader who confirms a void gives no command of the office himself.
        let roles: BTreeSet<Role> = authority.roles.iter().copied().chain([Role::OfficeHead]).collect();
        let person = actor(caller, &roles);
        let context = file.context(&person, self.clock().today());
        Ok(decide(Some(&file.case), &Command::Void(void.clone()), &context, &Drawn::default())?)
    }

    /// The applicant's record carries the kind too.
    fn follow_kind(&self, db: &mut Db, before: &CaseFile, after: &CaseFile) -> Result<(), OfficeError> {
        if before.row.applicant_kind != after.row.applicant_kind {
            if cases::with_applicant(db, after.row.applicant_id)? > 1 {
                return Err(OfficeError::invalid(
                    "/entries/0/change/applicant_kind",
                    "applicant_is_shared",
                    "拆分形成的各案共用同一申请人，不能只更正其中一案的申请人类型",
                ));
            }
            cases::applicants::set_kind(db, after.row.applicant_id, &after.row.applicant_kind)?;
        }
        Ok(())
    }

    /// A merge that never happened: the case it went into loses the tie.
    fn unlink_merged(
        &self,
        db: &mut Db,
        caller: &Caller,
        before: &CaseFile,
        after: &CaseFile,
        entries: &[AmendedEntry],
    ) -> Result<(), OfficeError> {
        if entries.is_empty() || before.case.stage != Stage::Merged || after.case.stage == Stage::Merged {
            return Ok(());
        }
        let tie = before.case.links.iter().find(|link| link.relation == LinkRelation::MergedInto);
        let Some(other) = tie.map(|link| CaseId(link.other_case)) else { return Ok(()) };
        let seat = organs::seat(db, before.row.organ_id)?;
        let (file, log) = self.lock_file_with_log(db, other, seat)?;
        let steps = steps_of(&log)?;
        let is_mirror = |step: &&Step| {
            step.events.iter().any(|(_, event)| match event {
                Event::Linked(link) => link.other_case == before.row.id.0 && link.relation == LinkRelation::MergedFrom,
                _ => false,
            })
        };
        let Some(mirror) = steps.iter().find(is_mirror) else { return Ok(()) };
        let events: Vec<Event> = steps
            .iter()
            .filter(|step| step.seq() != mirror.seq())
            .flat_map(|step| step.events.iter().map(|(_, event)| event.clone()))
            .collect();
        let mut case = fold(&events).ok_or_else(|| OfficeError::Internal("nothing is left".into()))?;
        case.version = file.case.version;
        let amendment = Amendment {
            number: next_number(&file),
            on: self.clock().today(),
            reason: format!("另案（{}）的并案已更正", before.row.number.as_deref().unwrap_or("未编号")),
            evidence: None,
            asked_by: caller.user_id.0,
            confirmed_by: None,
            comment: None,
            entries: vec![AmendedEntry { seqs: mirror.seqs(), is_asked: true, events: Vec::new() }],
            moved: Vec::new(),
        };
        let was_open = file.case.stage.is_open();
        let file = CaseFile { case, ..file };
        self.commit_anew(db, (file, was_open), &[Event::Amended(amendment)], Some(caller.user_id))?;
        Ok(())
    }
}

/// The case that carries the application on, if one is named: another one of the organ that is not void.
///
/// # Errors
/// [`OfficeError::Invalid`] at `/replaced_by`.
fn replacing(db: &mut Db, file: &CaseFile, void: &Void) -> Result<Option<Replacing>, OfficeError> {
    let Some(id) = void.replaced_by else { return Ok(None) };
    check_other(db, file, id, "/replaced_by")?;
    let row = cases::find(db, CaseId(id))?;
    if row.stage == Stage::Void.code() {
        return Err(OfficeError::invalid("/replaced_by", "is_void", "这另一件案件已经作废"));
    }
    let is_same_applicant = same_applicant(db, &file.row, &row)?;
    Ok(Some(Replacing { row, is_same_applicant }))
}

/// A void case comes back only if no other one took its number, or the number of its filing, meanwhile.
///
/// # Errors
/// `number_taken`.
fn check_place(db: &mut Db, plan: &Plan) -> Result<(), OfficeError> {
    let comes_back = plan.before.case.stage == Stage::Void && plan.after.case.stage != Stage::Void;
    if !comes_back {
        return Ok(());
    }
    let Some(other) = cases::in_place_of(db, &plan.before.row)? else { return Ok(()) };
    let number = other.number.or(other.external_number).unwrap_or_default();
    let detail = format!(
        "编号“{number}”现由另一件案件使用（再次导入、再次报送的），本案不能恢复：请先将那一件作废，或者继续办理那一件"
    );
    Err(NotAllowed::new("number_taken", detail).into())
}

fn evidence_of(request: &Amend) -> Option<String> {
    request.evidence.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A notice that the applicant got cannot be made not to have been given, and what it said is proved by the letter.
///
/// # Errors
/// `notice_left_house`, `evidence_required`.
fn check_notices(steps: &[Step], request: &Amend) -> Result<(), OfficeError> {
    let has_evidence = request.evidence.as_deref().is_some_and(|text| !text.trim().is_empty());
    for entry in &request.entries {
        let step = steps.iter().find(|step| step.seq() == entry.seq);
        let served = match step.and_then(|step| step.events.first()).map(|(_, event)| event) {
            Some(Event::CorrectionRequested { notice, .. }) => notice.served_on.is_some(),
            Some(Event::Extended(_)) => false,
            _ => continue,
        };
        if entry.void && served {
            let detail = "这一通知已经送达申请人，不能作废；天数、内容录错的请更正";
            return Err(NotAllowed::new("notice_left_house", detail).into());
        }
        if !has_evidence {
            let detail = "更正补正告知、延期的，请在 evidence 写明所依据的通知；作废的，写明通知没有发出的证明";
            return Err(OfficeError::invalid("/evidence", "evidence_required", detail));
        }
    }
    Ok(())
}

fn next_number(file: &CaseFile) -> u16 {
    file.case.amendments.iter().map(|known| known.number).max().unwrap_or(0).saturating_add(1)
}

/// The amendment of this number that waits for the leader.
fn waiting(file: &CaseFile, log: &[EventRow], number: u16) -> Result<(ProposedAmendment, CaseAmendment), OfficeError> {
    let known = file.case.amendments.iter().find(|known| known.number == number).ok_or(OfficeError::NotFound)?;
    if known.status != AmendmentStatus::Proposed {
        return Err(OfficeError::Conflict {
            code: "amendment_decided".into(),
            detail: "这次更正已经生效或者未获同意，不能再决定".into(),
        });
    }
    let events = read_log(log)?;
    let proposed = events.into_iter().find_map(|event| match event {
        Event::AmendmentProposed(proposed) if proposed.number == number => Some(proposed),
        _ => None,
    });
    Ok((proposed.ok_or(OfficeError::NotFound)?, known.clone()))
}

fn nothing_changes() -> OfficeError {
    OfficeError::Refused {
        code: "nothing_changes".into(),
        article: None,
        detail: "更正后的内容与现在的记录相同，没有需要更正的".into(),
        errors: Vec::new(),
    }
}
