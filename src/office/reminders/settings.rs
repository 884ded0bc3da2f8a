//! The reminder settings of organs and the mail preferences of persons.

use super::organ_settings::{Effective, OrganReminders};
use crate::case::{AuditAction, Role};
use crate::office::people::leaving::organs_of;
use crate::office::service::validation::Checks;
use crate::office::{Caller, OfficeError, Reminders};
use crate::store::people::access::{self, OrganPlace};
use crate::store::reminders::preferences::{self, PreferenceRow};
use crate::store::{
    Db, OrganId, UserId,
    people::{organs, users},
    reminders::{recipients, settings},
};
use chrono::{NaiveDate, TimeDelta};

/// How far from today an absence may begin or end.
const FARTHEST: TimeDelta = TimeDelta::days(366);

/// An organ's own settings, and the effective ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReminderSettings {
    /// Its own settings.
    pub own: OrganReminders,
    /// The effective settings.
    pub effective: Effective,
}

/// An absence, both days included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    /// The deputy. Without one, the office head is notified.
    pub deputy: Option<UserId>,
}

/// A person's mail preferences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailChoice {
    /// One digest a day instead of single mails.
    pub is_digest: bool,
    /// The last recorded absence.
    pub absence: Option<Absence>,
}

impl From<PreferenceRow> for MailChoice {
    fn from(row: PreferenceRow) -> Self {
        let days = row.absent_from.zip(row.absent_until);
        let absence = days.map(|(from, until)| Absence { from, until, deputy: row.deputy_id });
        Self { is_digest: row.is_digest, absence }
    }
}

impl Reminders<'_> {
    /// The reminder settings of an organ.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if the stored settings do not parse.
    pub fn reminder_settings(&self, organ: OrganId) -> Result<ReminderSettings, OfficeError> {
        self.store().read(|db| self.stored_settings(db, organ))
    }

    pub(in crate::office) fn stored_settings(
        &self,
        db: &mut Db,
        organ: OrganId,
    ) -> Result<ReminderSettings, OfficeError> {
        let own: OrganReminders = match settings::find(db, organ)? {
            None => OrganReminders::default(),
            Some(content) => crate::store::stored_object(&content)
                .map_err(|error| OfficeError::unreadable(format!("reminder settings of organ {}: {error}", organ.0)))?,
        };
        let effective = own.over(&self.settings().reminders);
        Ok(ReminderSettings { own, effective })
    }

    /// Replaces the reminder settings of an organ, if `is_as_seen` accepts the stored ones.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for invalid settings, [`OfficeError::Stale`] if `is_as_seen` rejects the stored ones,
    /// [`OfficeError::NotFound`] if the organ does not exist.
    pub fn set_reminder_settings(
        &self,
        caller: &Caller,
        organ: OrganId,
        own: &OrganReminders,
        is_as_seen: impl FnOnce(&OrganReminders) -> bool,
    ) -> Result<ReminderSettings, OfficeError> {
        let mut checks = Checks::new();
        for (pointer, detail) in own.faults(&self.settings().reminders) {
            checks.fault(&pointer, "out_of_range", detail);
        }
        checks.done()?;
        let content = serde_json::to_string(own).map_err(|error| OfficeError::Internal(error.to_string()))?;
        self.store().write(|db| {
            organs::lock(db, organ)?;
            if !is_as_seen(&self.stored_settings(db, organ)?.own) {
                return Err(OfficeError::Stale);
            }
            settings::put(db, organ, &content)?;
            self.people().note(
                db,
                caller,
                Some(organ),
                AuditAction::RemindersSet,
                &serde_json::json!({ "settings": own }),
            )?;
            self.stored_settings(db, organ)
        })
    }

    /// A person's mail preferences.
    pub fn mail_choice(&self, user: UserId) -> Result<MailChoice, OfficeError> {
        self.store().read(|db| self.stored_choice(db, user))
    }

    fn stored_choice(&self, db: &mut Db, user: UserId) -> Result<MailChoice, OfficeError> {
        let of_house = MailChoice { is_digest: self.settings().reminders.digest, absence: None };
        Ok(preferences::find(db, user)?.map_or(of_house, MailChoice::from))
    }

    /// Replaces a person's mail preferences, if `is_as_seen` accepts the stored ones. They apply in every organ of the
    /// person, so only the person may change them, or an office head or administrator of all these organs.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for an invalid absence; [`OfficeError::Stale`] if `is_as_seen` rejects the stored ones;
    /// [`OfficeError::NotFound`] if the caller manages none of the person's organs; [`OfficeError::Refused`] if the
    /// caller manages only some of them.
    pub fn set_mail_choice(
        &self,
        caller: &Caller,
        user: UserId,
        choice: MailChoice,
        is_as_seen: impl FnOnce(&MailChoice) -> bool,
    ) -> Result<MailChoice, OfficeError> {
        self.store().write(|db| {
            users::lock(db, user)?;
            may_settle_for(db, caller, user)?;
            if !is_as_seen(&self.stored_choice(db, user)?) {
                return Err(OfficeError::Stale);
            }
            if let Some(absence) = &choice.absence {
                self.check_absence(db, user, absence)?;
            }
            let row = PreferenceRow {
                user_id: user,
                is_digest: choice.is_digest,
                absent_from: choice.absence.map(|absence| absence.from),
                absent_until: choice.absence.map(|absence| absence.until),
                deputy_id: choice.absence.and_then(|absence| absence.deputy),
            };
            preferences::put(db, &row)?;
            let detail = serde_json::json!({
                "user_id": user.0, "is_digest": row.is_digest, "absent_from": row.absent_from,
                "absent_until": row.absent_until, "deputy_id": row.deputy_id.map(|id| id.0),
            });
            self.people().note(db, caller, None, AuditAction::MailChoiceSet, &detail)?;
            Ok(row.into())
        })
    }

    /// Checks that the days are close to today, and that the deputy is a reachable member of one of the person's
    /// organs.
    fn check_absence(&self, db: &mut Db, user: UserId, absence: &Absence) -> Result<(), OfficeError> {
        let today = self.clock().today();
        let mut checks = Checks::new();
        for (pointer, day) in [("/absence/from", absence.from), ("/absence/until", absence.until)] {
            if day.signed_duration_since(today).abs() > FARTHEST {
                checks.fault(pointer, "out_of_range", "离岗起止日期应在今天前后一年以内");
            }
        }
        if absence.until < absence.from {
            checks.fault("/absence/until", "before_start", "离岗结束日期不得早于开始日期");
        }
        if let Some(deputy) = absence.deputy {
            let (theirs, own) = (organs_of(db, deputy)?, organs_of(db, user)?);
            if !theirs.iter().any(|organ| own.contains(organ)) {
                checks.fault("/absence/deputy_id", "not_found", "本人任职的机关没有这个人员");
            } else if deputy == user {
                checks.fault("/absence/deputy_id", "invalid_value", "代理人不能是本人");
            } else if recipients::person(db, deputy)?.is_none() {
                checks.fault("/absence/deputy_id", "invalid_value", "代理人的账号已停用，或者没有登记电子邮箱");
            }
        }
        checks.done()
    }
}

/// Checks that the caller is the person, or manages every organ in which the person holds a role: one organ must not
/// redirect the mail of another.
fn may_settle_for(db: &mut Db, caller: &Caller, user: UserId) -> Result<(), OfficeError> {
    if caller.user_id == user {
        return Ok(());
    }
    let settles = |place: &OrganPlace| {
        caller.roles_at(&place.path).iter().any(|role| matches!(role, Role::OfficeHead | Role::Admin))
    };
    let places = access::of_user(db, user)?;
    if !places.iter().any(settles) {
        return Err(OfficeError::NotFound);
    }
    if places.iter().all(settles) {
        return Ok(());
    }
    let detail = "此人还在其他机关任职，离岗和代理人对其全部任职机关的提醒都起作用：\
                  请由本人登记，或者由能够管理其全部任职机关的管理员、负责人登记";
    Err(OfficeError::Refused {
        code: "member_of_other_organs".into(),
        article: None,
        detail: detail.to_owned(),
        errors: Vec::new(),
    })
}
