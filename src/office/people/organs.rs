//! Organs and their departments.

use super::access::{authority_at, require_member};
use super::holding::refuse_busy_department;
use super::place::{reason_of, reported};
use super::succession::refuse_ended;
use crate::case::{AuditAction, OrganRules, Role};
use crate::law::Overlay;
use crate::office::calendar::change::look_again;
use crate::office::service::validation::Checks;
use crate::office::{Caller, OfficeError, People, Thing};
use crate::store::evidence::audit::NewAudit;
use crate::store::people::departments::{self, DepartmentRow};
use crate::store::people::organs::{self, NewOrgan, OrganRow};
use crate::store::{Db, DepartmentId, OrganId, StoreError, UserId, calendar, cases};
use serde::Deserialize;
use serde_json::Value;

/// The values of a new organ.
#[derive(Debug, Clone)]
pub struct OrganDraft {
    /// Short code, unique across all organs.
    pub code: String,
    /// 机关名称.
    pub name: String,
    /// 主管机关. Only the command line may create an organ without one.
    pub parent_id: Option<OrganId>,
    /// The organ it reports to, if not the parent.
    pub reports_to: Option<OrganId>,
    /// Calendar overlay. Empty for the national calendar.
    pub region: String,
    /// The organ's rules. An empty object uses every default.
    pub settings: Value,
}

/// Changes of an organ. A `None` field keeps the stored value.
#[derive(Debug, Clone, Default)]
pub struct OrganChange {
    /// New name.
    pub name: Option<String>,
    /// New 主管机关. An organ that has one cannot lose it, only get another.
    pub parent_id: Option<OrganId>,
    /// Why. Required for a new parent. Goes to the audit log.
    pub reason: Option<String>,
    /// New reporting line. `Some(None)` removes it.
    pub reports_to: Option<Option<OrganId>>,
    /// New calendar overlay.
    pub region: Option<String>,
    /// New rules. Missing members use their default.
    pub settings: Option<Value>,
}

/// Changes of a department. A `None` field keeps the stored value.
#[derive(Debug, Clone, Default)]
pub struct DepartmentChange {
    /// New name.
    pub name: Option<String>,
    /// New 科室负责人. `Some(None)` removes it.
    pub head_id: Option<Option<UserId>>,
    /// Whether it accepts new cases.
    pub is_active: Option<bool>,
}

/// The organ created at the first start of an empty database. `gongkai init` sets its real code and name.
pub(in crate::office) fn first_organ() -> OrganDraft {
    OrganDraft {
        code: "main".to_owned(),
        name: "本行政机关".to_owned(),
        parent_id: None,
        reports_to: None,
        region: String::new(),
        settings: serde_json::json!({}),
    }
}

impl People<'_> {
    /// The organs in which the caller has a role, including roles that reach down, parents before their children.
    pub fn organs(&self, caller: &Caller) -> Result<Vec<OrganRow>, OfficeError> {
        let mut rows = self.store().read::<_, OfficeError>(|db| Ok(organs::all(db)?))?;
        rows.retain(|row| !caller.roles_at(&row.path).is_empty());
        Ok(rows)
    }

    /// An organ and the organs below it, parents before their children.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ does not exist.
    pub fn organ_tree(&self, id: OrganId) -> Result<Vec<OrganRow>, OfficeError> {
        self.store().read(|db| {
            let ids = organs::subtree(db, id)?;
            Ok(organs::list(db, &ids)?)
        })
    }

    /// Loads an organ by id.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ does not exist; [`OfficeError::Unreadable`] if its settings are not a
    /// JSON object.
    pub fn organ(&self, id: OrganId) -> Result<OrganRow, OfficeError> {
        let row = self.store().read(|db| Ok::<_, OfficeError>(organs::find(db, id)?))?;
        let settings = crate::store::stored_object::<serde::de::IgnoredAny>(&row.settings);
        settings.map_err(|error| OfficeError::unreadable(format!("settings of organ {}: {error}", row.code)))?;
        Ok(row)
    }

    /// Adds an organ below one that the caller administers.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for invalid values or an unknown parent, [`OfficeError::Conflict`] if the code is
    /// taken, [`OfficeError::RoleRequired`] if the caller does not administer the parent.
    pub fn add_organ(&self, db: &mut Db, caller: &Caller, draft: &OrganDraft) -> Result<OrganRow, OfficeError> {
        self.admit_organ(db, caller, draft.parent_id)?;
        let row = self.insert_organ(db, draft)?;
        self.note(db, caller, Some(row.id), AuditAction::OrganAdded, &serde_json::json!({ "organ_id": row.id.0 }))?;
        Ok(row)
    }

    /// Checks that the caller administers the parent of a new organ.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] if the parent is missing or does not exist for the caller,
    /// [`OfficeError::RoleRequired`] if the caller does not administer it, [`OfficeError::Refused`] if it has ended.
    pub fn admit_organ(&self, db: &mut Db, caller: &Caller, parent: Option<OrganId>) -> Result<(), OfficeError> {
        let Some(parent) = parent else {
            return Err(OfficeError::invalid("/parent_id", "required", "必须填写主管机关"));
        };
        let authority = authority_at(db, caller, Thing::Organ(parent)).map_err(|error| match error {
            OfficeError::NotFound => OfficeError::invalid("/parent_id", "not_found", "没有这个行政机关"),
            other => other,
        })?;
        self.require(caller, Some(&authority), &[Role::Admin])?;
        let row = organs::find(db, parent)?;
        refuse_ended(db, &row)
    }

    /// Validates and adds an organ. The caller of this function must check authorisation.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for invalid values, [`OfficeError::Conflict`] if the code is taken.
    pub fn insert_organ(&self, db: &mut Db, draft: &OrganDraft) -> Result<OrganRow, OfficeError> {
        let mut checks = Checks::new();
        let code = checks.code("/code", &draft.code, 40);
        let name = checks.line("/name", &draft.name, 100);
        check_region(&mut checks, &draft.region);
        check_rules(&mut checks, &draft.settings);
        check_reports_to(&mut checks, db, draft.reports_to)?;
        checks.done()?;
        let settings = draft.settings.to_string();
        let new = NewOrgan {
            code: &code,
            name: &name,
            parent_id: draft.parent_id,
            reports_to: draft.reports_to,
            region: &draft.region,
            settings: &settings,
        };
        organs::insert(db, new, self.clock().now()).map_err(|error| taken(error, "机关代码已被使用"))
    }

    /// Sets the real code and name of the organ created at the first start. Returns `None` if that organ is not the
    /// only one, was changed or has cases, or if the draft has a parent. It is then an organ like any other.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for an invalid code, name or region.
    pub fn name_first_organ(&self, db: &mut Db, draft: &OrganDraft) -> Result<Option<OrganRow>, OfficeError> {
        calendar::change_in_force(db)?;
        let mut rows = organs::all(db)?;
        let (Some(mut row), true) = (rows.pop(), rows.is_empty()) else { return Ok(None) };
        let is_untouched = row.version == 1 && row.code == first_organ().code && draft.parent_id.is_none();
        if !is_untouched || cases::any_of(db, row.id)? {
            return Ok(None);
        }
        let mut checks = Checks::new();
        row.code = checks.code("/code", &draft.code, 40);
        row.name = checks.line("/name", &draft.name, 100);
        check_region(&mut checks, &draft.region);
        checks.done()?;
        if row.region != draft.region {
            look_again(db)?;
        }
        row.region.clone_from(&draft.region);
        Ok(Some(organs::update(db, &row)?))
    }

    /// Changes an organ. `version` is the version the caller saw.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for invalid values, and (`in_use`) for settings by which the dates of existing cases
    /// were computed; [`OfficeError::Stale`] if the version differs; [`OfficeError::Unreadable`] for new settings if
    /// the stored ones cannot be read and the organ has cases. For a new parent or reporting line as [`moved`] and
    /// [`reported`].
    pub fn change_organ(
        &self,
        caller: &Caller,
        id: OrganId,
        version: i64,
        change: &OrganChange,
    ) -> Result<OrganRow, OfficeError> {
        self.store().write(|db| {
            if change.region.is_some() || change.settings.is_some() {
                // Excludes transactions that compute dates with the values about to change.
                calendar::change_in_force(db)?;
            }
            if change.parent_id.is_some() || change.reports_to.is_some() {
                organs::lock_tree(db)?;
            }
            let mut row = organs::find(db, id)?;
            if row.version != version {
                return Err(OfficeError::Stale);
            }
            let mut checks = Checks::new();
            if let Some(name) = &change.name {
                row.name = checks.line("/name", name, 100);
            }
            let reason = reason_of(change, &row)?;
            let before = (row.parent_id, row.reports_to);
            if let Some(parent) = change.parent_id {
                self.moved(db, caller, &mut checks, &mut row, parent)?;
            }
            if let Some(reports_to) = change.reports_to {
                check_reports_to(&mut checks, db, reports_to)?;
                row.reports_to = reports_to;
            }
            if before != (row.parent_id, row.reports_to) {
                reported(&mut checks, db, &row)?;
            }
            if let Some(region) = &change.region {
                check_region(&mut checks, region);
                if row.region != *region {
                    look_again(db)?;
                }
                row.region.clone_from(region);
            }
            if let Some(settings) = &change.settings {
                check_rules(&mut checks, settings);
                check_clock_settings(&mut checks, db, &row, settings)?;
                row.settings = settings.to_string();
            }
            checks.done()?;
            let row = organs::update(db, &row)?;
            let mut detail = serde_json::json!({ "version": row.version });
            let row = self.settle_place(db, before, row, &mut detail)?;
            if let Some(reason) = reason {
                detail["reason"] = reason.into();
            }
            self.note(db, caller, Some(id), AuditAction::OrganChanged, &detail)?;
            Ok(row)
        })
    }

    /// The departments of an organ, by code.
    pub fn departments(&self, organ: OrganId) -> Result<Vec<DepartmentRow>, OfficeError> {
        self.store().read(|db| Ok(departments::list(db, &[organ])?))
    }

    /// Adds a department.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for an invalid code or name, [`OfficeError::Conflict`] if the organ already uses the
    /// code, or the name for another active department.
    pub fn add_department(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ: OrganId,
        code: &str,
        name: &str,
    ) -> Result<DepartmentRow, OfficeError> {
        let mut checks = Checks::new();
        let code = checks.code("/code", code, 40);
        let name = checks.line("/name", name, 100);
        checks.done()?;
        let row = organs::find(db, organ)?;
        refuse_ended(db, &row)?;
        refuse_namesake(db, organ, None, &name)?;
        let row = departments::insert(db, organ, &code, &name).map_err(|error| taken(error, "科室代码已被使用"))?;
        self.note(
            db,
            caller,
            Some(organ),
            AuditAction::DepartmentAdded,
            &serde_json::json!({ "department_id": row.id.0 }),
        )?;
        Ok(row)
    }

    /// Changes a department. `version` is the version the caller saw.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ has no such department, [`OfficeError::Stale`] if the version differs,
    /// [`OfficeError::Invalid`] for an invalid name or head, [`OfficeError::Conflict`] if another active department has
    /// the name, [`OfficeError::Refused`] `department_has_open_tasks` if it is closed with work in hand.
    pub fn change_department(
        &self,
        caller: &Caller,
        organ: OrganId,
        id: DepartmentId,
        version: i64,
        change: &DepartmentChange,
    ) -> Result<DepartmentRow, OfficeError> {
        self.store().write(|db| {
            let mut row = departments::find(db, id)?;
            if row.organ_id != organ {
                return Err(OfficeError::NotFound);
            }
            if row.version != version {
                return Err(OfficeError::Stale);
            }
            let mut checks = Checks::new();
            if let Some(name) = &change.name {
                row.name = checks.line("/name", name, 100);
            }
            checks.done()?;
            if let Some(Some(head)) = change.head_id {
                require_member(db, head, organ, "/head_id")?;
            }
            row.head_id = change.head_id.unwrap_or(row.head_id);
            let was_active = row.is_active;
            row.is_active = change.is_active.unwrap_or(was_active);
            if was_active && !row.is_active {
                refuse_busy_department(db, id)?;
            }
            if row.is_active && (change.name.is_some() || !was_active) {
                refuse_namesake(db, organ, Some(id), &row.name)?;
            }
            let row = departments::update(db, &row)?;
            self.note(
                db,
                caller,
                Some(organ),
                AuditAction::DepartmentChanged,
                &serde_json::json!({ "department_id": id.0 }),
            )?;
            Ok(row)
        })
    }

    /// Writes an audit entry. `detail` must not contain personal data.
    pub fn note(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ_id: Option<OrganId>,
        action: AuditAction,
        detail: &Value,
    ) -> Result<(), OfficeError> {
        let detail = detail.to_string();
        let entry = NewAudit { actor_id: Some(caller.user_id), organ_id, case_id: None, action, detail: &detail };
        self.service().note_from(db, &caller.origin, entry)
    }
}

fn check_region(checks: &mut Checks, region: &str) {
    if !region.is_empty() && Overlay::of_region(region).is_none() {
        checks.fault("/region", "unknown_value", "没有这个地区的工作日历");
    }
}

fn check_rules(checks: &mut Checks, settings: &Value) {
    if !settings.is_object() {
        checks.fault("/settings", "invalid_value", "应为一组设置，例如 {\"task_days\": 7}");
        return;
    }
    let error = match serde_path_to_error::deserialize::<_, OrganRules>(settings) {
        Ok(rules) => {
            for (member, detail) in rules.faults() {
                checks.fault(&format!("/settings/{member}"), "out_of_range", detail);
            }
            return;
        }
        Err(error) => error,
    };
    let member = error.path().to_string().replace('.', "/");
    checks.fault(&format!("/settings/{member}"), "invalid_value", "没有这项设置，或者值不正确");
}

/// Refuses to change the settings that define how periods are counted once the organ has cases: dates in rows, letters
/// and mails were computed with them.
fn check_clock_settings(checks: &mut Checks, db: &mut Db, row: &OrganRow, settings: &Value) -> Result<(), OfficeError> {
    let Ok(after) = OrganRules::deserialize(settings) else { return Ok(()) }; // told by `check_rules`
    let before = match crate::store::stored_object::<OrganRules>(&row.settings) {
        Ok(before) => before,
        Err(_) if !cases::any_of(db, row.id)? => return Ok(()),
        // The rules its cases were computed with are unknown, so they cannot be compared.
        Err(error) => return Err(OfficeError::unreadable(format!("settings of organ {}: {error}", row.code))),
    };
    let (before, after) = (before.clock_options(), after.clock_options());
    if before == after || !cases::any_of(db, row.id)? {
        return Ok(());
    }
    let members = [
        ("count_return_day", before.count_return_day, after.count_return_day),
        ("organ_stops_492", before.organ_stops_492, after.organ_stops_492),
        ("correction_pauses_492", before.correction_pauses_492, after.correction_pauses_492),
    ];
    for (member, before, _) in members.into_iter().filter(|(_, before, after)| before != after) {
        let detail = format!(
            "已有案件，期限的计算方式不能再改，请仍填 {before}（settings 须整组填写，没有填写的项按默认值处理）"
        );
        checks.fault(&format!("/settings/{member}"), "in_use", detail);
    }
    Ok(())
}

fn check_reports_to(checks: &mut Checks, db: &mut Db, organ: Option<OrganId>) -> Result<(), OfficeError> {
    let Some(organ) = organ else { return Ok(()) };
    match organs::find(db, organ) {
        Ok(row) if row.ended_on.is_some() => checks.fault("/reports_to", "organ_ended", "该机关已撤并，请填承继机关"),
        Ok(_) => {}
        Err(StoreError::NotFound) => checks.fault("/reports_to", "not_found", "没有这个行政机关"),
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

/// Refuses a name that another active department of the organ has: nobody could tell the two apart in a list.
fn refuse_namesake(db: &mut Db, organ: OrganId, but: Option<DepartmentId>, name: &str) -> Result<(), OfficeError> {
    // Locked, so that two people cannot give the same name at once.
    organs::lock(db, organ)?;
    let all = departments::list(db, &[organ])?;
    if all.iter().any(|row| row.is_active && Some(row.id) != but && row.name == name) {
        let detail = "本机关已有同名的启用科室：请另取名称，或者先停用、更名原科室";
        return Err(OfficeError::Conflict { code: "already_exists".into(), detail: detail.to_owned() });
    }
    Ok(())
}

/// Maps a conflict on a unique value to `already_exists`.
pub(in crate::office) fn taken(error: StoreError, detail: &str) -> OfficeError {
    match error {
        StoreError::Conflict => OfficeError::Conflict { code: "already_exists".into(), detail: detail.to_owned() },
        other => other.into(),
    }
}
