//! Organs and their departments.

use super::access::{require_member, standing};
use crate::case::{OrganRules, Role};
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

/// What a new organ is made of.
#[derive(Debug, Clone)]
pub struct OrganDraft {
    /// Short code, unique in the whole house.
    pub code: String,
    /// 机关名称.
    pub name: String,
    /// 主管机关; only the operator's command line makes an organ without one.
    pub parent_id: Option<OrganId>,
    /// The organ it reports to, when not the parent.
    pub reports_to: Option<OrganId>,
    /// Calendar overlay; empty: the national calendar.
    pub region: String,
    /// The organ's rules; an empty object takes every default.
    pub settings: Value,
}

/// What changes of an organ; `None` keeps it.
#[derive(Debug, Clone, Default)]
pub struct OrganChange {
    /// New name.
    pub name: Option<String>,
    /// New reporting line, or none.
    pub reports_to: Option<Option<OrganId>>,
    /// New calendar overlay.
    pub region: Option<String>,
    /// New rules; members that are missing take their default.
    pub settings: Option<Value>,
}

/// What changes of a department; `None` keeps it.
#[derive(Debug, Clone, Default)]
pub struct DepartmentChange {
    /// New name.
    pub name: Option<String>,
    /// New 科室负责人, or none.
    pub head_id: Option<Option<UserId>>,
    /// Whether cases may go to it.
    pub is_active: Option<bool>,
}

/// A database without any organ gets this one with the first start. `gongkai init` gives it its real code and name.
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
    /// The organs in which the caller has any role, held there or above, parents before their children.
    ///
    /// # Errors
    /// What every read may meet.
    pub fn organs(&self, caller: &Caller) -> Result<Vec<OrganRow>, OfficeError> {
        let mut rows = self.store().read::<_, OfficeError>(|db| Ok(organs::all(db)?))?;
        rows.retain(|row| !caller.roles_at(&row.path).is_empty());
        Ok(rows)
    }

    /// The organ of an id, and the organs below it, parents before their children.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub fn organ_tree(&self, id: OrganId) -> Result<Vec<OrganRow>, OfficeError> {
        self.store().read(|db| {
            let ids = organs::subtree(db, id)?;
            Ok(organs::list(db, &ids)?)
        })
    }

    /// The organ of an id.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`]; [`OfficeError::Unreadable`] when its settings are no JSON.
    pub fn organ(&self, id: OrganId) -> Result<OrganRow, OfficeError> {
        let row = self.store().read(|db| Ok::<_, OfficeError>(organs::find(db, id)?))?;
        let settings = crate::store::stored_object::<serde::de::IgnoredAny>(&row.settings);
        settings.map_err(|error| OfficeError::Unreadable(format!("settings of organ {}: {error}", row.code)))?;
        Ok(row)
    }

    /// Adds an organ below one the caller administers.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`], [`OfficeError::Conflict`] when the code is taken, [`OfficeError::RoleRequired`].
    pub fn add_organ(&self, db: &mut Db, caller: &Caller, draft: &OrganDraft) -> Result<OrganRow, OfficeError> {
        self.admit_organ(db, caller, draft.parent_id)?;
        let row = self.insert_organ(db, draft)?;
        self.note(db, caller, Some(row.id), "organ.added", &serde_json::json!({ "organ_id": row.id.0 }))?;
        Ok(row)
    }

    /// The caller must administer the organ below which another is to be.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for a parent that is not there for the caller, [`OfficeError::RoleRequired`].
    pub fn admit_organ(&self, db: &mut Db, caller: &Caller, parent: Option<OrganId>) -> Result<(), OfficeError> {
        let Some(parent) = parent else {
            return Err(OfficeError::invalid("/parent_id", "required", "必须填写主管机关"));
        };
        let standing = standing(db, caller, Thing::Organ(parent)).map_err(|error| match error {
            OfficeError::NotFound => OfficeError::invalid("/parent_id", "not_found", "没有这个行政机关"),
            other => other,
        })?;
        self.require(caller, Some(&standing), &[Role::Admin])
    }

    /// Adds an organ, checked; who may is for the caller of this function to know.
    ///
    /// # Errors
    /// As [`People::add_organ`].
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

    /// Gives the organ that the first start made its real code and name. `None` when it is not alone, was changed, has
    /// cases, or the new organ is to be below another: then it is an organ like any other.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`].
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

    /// Changes an organ seen at `version`.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`], also for settings by which the dates of its cases were computed (`in_use`);
    /// [`OfficeError::Stale`]; [`OfficeError::Unreadable`] for new settings in the place of some that cannot be read, where
    /// there are cases.
    pub fn change_organ(
        &self,
        caller: &Caller,
        id: OrganId,
        version: i64,
        change: &OrganChange,
    ) -> Result<OrganRow, OfficeError> {
        self.store().write(|db| {
            if change.region.is_some() || change.settings.is_some() {
                // Nobody may write dates by what is about to change.
                calendar::change_in_force(db)?;
            }
            let mut row = organs::find(db, id)?;
            if row.version != version {
                return Err(OfficeError::Stale);
            }
            let mut checks = Checks::new();
            if let Some(name) = &change.name {
                row.name = checks.line("/name", name, 100);
            }
            if let Some(reports_to) = change.reports_to {
                check_reports_to(&mut checks, db, reports_to)?;
                row.reports_to = reports_to;
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
            self.note(db, caller, Some(id), "organ.changed", &serde_json::json!({ "version": row.version }))?;
            Ok(row)
        })
    }

    /// The departments of an organ, by code.
    ///
    /// # Errors
    /// What every read may meet.
    pub fn departments(&self, organ: OrganId) -> Result<Vec<DepartmentRow>, OfficeError> {
        self.store().read(|db| Ok(departments::list(db, &[organ])?))
    }

    /// Adds a department.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`], [`OfficeError::Conflict`] when the organ has that code.
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
        let row = departments::insert(db, organ, &code, &name).map_err(|error| taken(error, "科室代码已被使用"))?;
        self.note(db, caller, Some(organ), "department.added", &serde_json::json!({ "department_id": row.id.0 }))?;
        Ok(row)
    }

    /// Changes a department seen at `version`.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] when the organ has no such department, [`OfficeError::Stale`], [`OfficeError::Invalid`].
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
            row.is_active = change.is_active.unwrap_or(row.is_active);
            let row = departments::update(db, &row)?;
            self.note(db, caller, Some(organ), "department.changed", &serde_json::json!({ "department_id": id.0 }))?;
            Ok(row)
        })
    }

    /// Writes who did what; never personal data in `detail`.
    ///
    /// # Errors
    /// What every write may meet.
    pub fn note(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ_id: Option<OrganId>,
        action: &str,
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

/// The settings by which the last day is counted stay what they were when the first case came in: what stands in rows,
/// letters and mails was counted by them.
fn check_clock_settings(checks: &mut Checks, db: &mut Db, row: &OrganRow, settings: &Value) -> Result<(), OfficeError> {
    let Ok(after) = OrganRules::deserialize(settings) else { return Ok(()) }; // told by `check_rules`
    let before = match crate::store::stored_object::<OrganRules>(&row.settings) {
        Ok(before) => before,
        Err(_) if !cases::any_of(db, row.id)? => return Ok(()),
        // The rules its cases were counted by are unknown, so no others may replace them.
        Err(error) => return Err(OfficeError::Unreadable(format!("settings of organ {}: {error}", row.code))),
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
        Ok(_) => {}
        Err(StoreError::NotFound) => checks.fault("/reports_to", "not_found", "没有这个行政机关"),
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

/// A value that must be unique is there already.
pub(in crate::office) fn taken(error: StoreError, detail: &str) -> OfficeError {
    match error {
        StoreError::Conflict => OfficeError::Conflict { code: "already_exists".into(), detail: detail.to_owned() },
        other => other.into(),
    }
}
