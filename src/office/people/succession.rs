//! 机构撤并: an organ ends, and another one answers for it (国办公开办函〔2019〕14号).
//!
//! Open cases with their duties, 督办单 and waiting mails go over, as do roles and departments, in one transaction. What
//! is closed stays where it was: in the reports of the organ that closed it. The successor's people read it and finish
//! what is left of it ([`crate::store::people::effective`]).

use super::access::authority_at;
use super::reason;
use crate::case::{AuditAction, FIRST_DAY_IN_FORCE, Role};
use crate::office::service::validation::Checks;
use crate::office::{Caller, OfficeError, People, Thing};
use crate::store::cases::transfers::{self, HandOver};
use crate::store::evidence::audit::NewAudit;
use crate::store::people::organs::{self, OrganRow};
use crate::store::people::successions::{self, SuccessionRow};
use crate::store::{CaseId, Db, OrganId, calendar, reminders};
use chrono::NaiveDate;

/// The rule.
pub(in crate::office) const ARTICLE: &str = "国办公开办函〔2019〕14号";
/// A good reason.
const REFORM: &str = "机构改革，职责并入本机关";
/// Open cases looked up at once.
const BATCH: i64 = 200;

/// An organ that ends.
#[derive(Debug, Clone)]
pub struct NewSuccession {
    /// The organ.
    pub predecessor: OrganId,
    /// The day from which the successor answers.
    pub ended_on: NaiveDate,
    /// Why.
    pub reason: String,
    /// The decision it rests on.
    pub basis: Option<String>,
}

/// What went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WentOver {
    /// Open cases.
    pub cases: usize,
    /// Departments.
    pub departments: usize,
    /// Users.
    pub users: usize,
    /// 督办单 to departments.
    pub orders: usize,
}

/// Refuses what an organ that ended does no more, and names its successor.
///
/// # Errors
/// [`OfficeError::Refused`] `organ_ended`.
pub(in crate::office) fn refuse_ended(db: &mut Db, organ: &OrganRow) -> Result<(), OfficeError> {
    let (Some(on), Some(successor)) = (organ.ended_on, organ.successor_id) else { return Ok(()) };
    let successor = organs::find(db, successor)?;
    let detail = format!(
        "{}已于{on}撤并，由{}承继其职权：请向{}办理（机关代码 {}）",
        organ.name, successor.name, successor.name, successor.code
    );
    Err(OfficeError::Refused { code: "organ_ended".into(), article: Some(ARTICLE.into()), detail, errors: Vec::new() })
}

impl People<'_> {
    /// The organs whose place an organ took, by the day, with their names.
    pub fn predecessors(&self, organ: OrganId) -> Result<Vec<(SuccessionRow, String)>, OfficeError> {
        self.store().read(|db| Ok(successions::of_successor(db, organ)?))
    }

    /// Ends an organ; `successor` takes its place. The caller must administer both.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] if the organ does not exist for the caller, or for the day, the reason or the basis;
    /// [`OfficeError::RoleRequired`] if the caller administers only the successor; [`OfficeError::Refused`]
    /// `organ_ended` if either of the two has ended, `organ_has_subordinates` if organs below it exist;
    /// [`OfficeError::Unreadable`] if one of its open cases cannot be read.
    pub fn succeed(
        &self,
        db: &mut Db,
        caller: &Caller,
        successor: OrganId,
        new: &NewSuccession,
    ) -> Result<(SuccessionRow, String, WentOver), OfficeError> {
        // Waits for everybody who files or decides, and keeps them out until the end.
        calendar::change_in_force(db)?;
        organs::lock_tree(db)?;
        self.admit_succession(db, caller, new.predecessor)?;
        let (from, to) = (organs::find(db, new.predecessor)?, organs::find(db, successor)?);
        refuse_ended(db, &from)?;
        refuse_ended(db, &to)?;
        let row = self.checked(caller, &from, &to, new)?;
        if successions::has_subordinates(db, from.id)? {
            let detail = "该机关还有下级机关：请先把下级机关划归新的主管机关（修改机关的主管机关），再撤并";
            return Err(OfficeError::Refused {
                code: "organ_has_subordinates".into(),
                article: None,
                detail: detail.to_owned(),
                errors: Vec::new(),
            });
        }
        let went = self.go_over(db, &from, &to, &row)?;
        successions::insert(db, &row)?;
        reminders::pass_again(db, self.clock().today())?;
        let detail = serde_json::json!({
            "organ_id": from.id.0, "successor_id": to.id.0, "ended_on": row.ended_on, "reason": row.reason,
            "basis": row.basis, "cases": went.cases, "departments": went.departments, "users": went.users,
            "orders": went.orders,
        });
        for organ in [from.id, to.id] {
            self.note(db, caller, Some(organ), AuditAction::OrganSucceeded, &detail)?;
        }
        Ok((row, from.name, went))
    }

    fn admit_succession(&self, db: &mut Db, caller: &Caller, predecessor: OrganId) -> Result<(), OfficeError> {
        let authority = authority_at(db, caller, Thing::Organ(predecessor)).map_err(|error| match error {
            OfficeError::NotFound => OfficeError::invalid("/predecessor_id", "not_found", "没有这个行政机关"),
            other => other,
        })?;
        self.require(caller, Some(&authority), &[Role::Admin])
    }

    fn checked(
        &self,
        caller: &Caller,
        from: &OrganRow,
        to: &OrganRow,
        new: &NewSuccession,
    ) -> Result<SuccessionRow, OfficeError> {
        let reason = reason::checked("/reason", &new.reason, "撤并机关", REFORM)?;
        let mut checks = Checks::new();
        let basis = checks.optional_line("/basis", new.basis.as_deref(), 200);
        if new.ended_on < FIRST_DAY_IN_FORCE {
            let detail = format!("早于《政府信息公开条例》施行之日（{FIRST_DAY_IN_FORCE}），请核对");
            checks.fault("/ended_on", "date_before_the_law", &detail);
        }
        if new.ended_on > self.clock().today() {
            checks.fault("/ended_on", "date_in_future", "撤并日期不得晚于今天：请在撤并当日或者以后登记");
        }
        if from.id == to.id {
            checks.fault("/predecessor_id", "invalid_value", "机关不能承继自己，请填写被撤并的机关");
        }
        checks.done()?;
        Ok(SuccessionRow {
            organ_id: from.id,
            successor_id: to.id,
            ended_on: new.ended_on,
            reason: reason.to_owned(),
            basis,
            recorded_by: caller.user_id,
            recorded_at: self.clock().now(),
        })
    }

    fn go_over(
        &self,
        db: &mut Db,
        from: &OrganRow,
        to: &OrganRow,
        row: &SuccessionRow,
    ) -> Result<WentOver, OfficeError> {
        let departments = successions::move_departments(db, from, to.id)?;
        let users = successions::move_roles(db, from.id, to.id)?.len();
        let orders = successions::move_orders(db, from.id, to.id)?;
        successions::move_mails(db, from.id, to.id)?;
        successions::move_reporting(db, from.id, to.id)?;
        successions::lengthen_lines(db, from.id, to.id)?;
        let now = organs::find(db, from.id)?;
        organs::update(db, &OrganRow { ended_on: Some(row.ended_on), successor_id: Some(to.id), ..now })?;
        let why =
            HandOver { on: row.ended_on, reason: row.reason.clone(), by: Some(row.recorded_by), at: row.recorded_at };
        let mut cases = 0;
        let mut after: Option<CaseId> = None;
        loop {
            let ids = transfers::to_move(db, from.id, after, BATCH)?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            for id in &ids {
                self.cases().hand_over(db, *id, to.id, &why)?;
            }
            cases += ids.len();
        }
        Ok(WentOver { cases, departments, users, orders })
    }
}

impl crate::office::Cases<'_> {
    /// Gives a case to another organ: its duties, 督办单 and waiting mails go along, and its dates are those of the
    /// organ's region and settings from then on.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if the case cannot be read.
    pub(in crate::office) fn hand_over(
        &self,
        db: &mut Db,
        id: CaseId,
        to: OrganId,
        why: &HandOver,
    ) -> Result<(), OfficeError> {
        let row = crate::store::cases::lock(db, id)?;
        transfers::hand_over(db, &row, to, why)?;
        self.refresh_file(db, id)?;
        let detail = serde_json::json!({ "from": row.organ_id.0, "to": to.0, "number": row.number }).to_string();
        let entry = NewAudit {
            actor_id: why.by,
            organ_id: Some(to),
            case_id: Some(id),
            action: AuditAction::CaseTransferred,
            detail: &detail,
        };
        crate::store::evidence::audit::append(db, entry, why.at)?;
        Ok(())
    }
}
