//! The private calendar feed of a person: its secret token, and the open duties it shows.

use crate::case::reminder_days::Days;
use crate::case::text::is_line_break;
use crate::case::{AuditAction, reminder_policy};
use crate::law::{DueRange, WarningLevel, warning_level_between};
use crate::mail::duty::DutyWords;
use crate::office::cases::case_file::{OrganContext, OrganContexts};
use crate::office::people::auth::digest;
use crate::office::reminders::duties::watch;
use crate::office::supervision::watched::cut;
use crate::office::{Caller, OfficeError, Reminders};
use crate::store::cases::obligations::ObligationRow;
use crate::store::reminders::{duties, feeds};
use crate::store::{CaseId, cases, people::users};
use chrono::{NaiveDate, NaiveTime};
use icalendar::{Calendar, Component, Event, EventLike, Property};
use std::collections::{BTreeSet, HashMap};

/// 2000-01-01T00:00:00Z in Unix seconds.
const YEAR_2000_UNIX_S: i64 = 946_684_800;

/// Maximum number of duties in one calendar, earliest first. If there are more, the calendar says so.
pub const MOST_DUTIES: i64 = 1_000;

/// Refresh interval suggested to clients.
const REFRESH: chrono::TimeDelta = chrono::TimeDelta::hours(1);

impl Reminders<'_> {
    /// Issues a new feed token to the caller and revokes the previous one. The token is returned once and only its hash
    /// is stored.
    pub fn renew_feed(&self, caller: &Caller) -> Result<String, OfficeError> {
        self.store().write(|db| {
            let mut bytes = [0_u8; 32];
            crate::office::random(&mut bytes)?;
            let token = hex::encode(bytes);
            feeds::set(db, caller.user_id, &digest(&token), self.clock().now())?;
            self.people().note(db, caller, None, AuditAction::FeedRenewed, &serde_json::json!({}))?;
            Ok(token)
        })
    }

    /// Revokes the caller's feed token.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller has none.
    pub fn end_feed(&self, caller: &Caller) -> Result<(), OfficeError> {
        self.store().write(|db| {
            if !feeds::remove(db, caller.user_id)? {
                return Err(OfficeError::NotFound);
            }
            self.people().note(db, caller, None, AuditAction::FeedEnded, &serde_json::json!({}))
        })
    }

    /// The calendar (RFC 5545) of a token: the open duties of its owner, by the owner's present roles.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the token is unknown, or if its owner is inactive or no longer holds a role with
    /// duties.
    pub fn feed(&self, token: &str) -> Result<String, OfficeError> {
        self.store().read(|db| {
            let user = feeds::owner(db, &digest(token))?;
            let person = users::find(db, user)?;
            if !person.is_active {
                return Err(OfficeError::NotFound);
            }
            let today = self.clock().today();
            let roles = users::roles(db, user)?;
            let watch = watch(db, user, person.department_id, &roles)?;
            if watch.own_in.is_empty() {
                return Err(OfficeError::NotFound);
            }
            let mut desks = OrganContexts::default();
            // `Calendar::new` would add the library's own PRODID, and RFC 5545 allows only one.
            let mut calendar = Calendar::empty();
            calendar.append_property(Property::new("VERSION", "2.0"));
            calendar.append_property(Property::new("PRODID", "-//gongkai//依申请公开办件系统//ZH"));
            calendar.append_property(Property::new("CALSCALE", "GREGORIAN"));
            calendar.append_property(Property::new("METHOD", "PUBLISH"));
            calendar.name("依申请公开：待办期限").ttl(&REFRESH);
            let (duties, is_whole) = cut(duties::dated(db, &watch, today, MOST_DUTIES + 1)?, MOST_DUTIES);
            let of: BTreeSet<CaseId> = duties.iter().filter_map(|duty| duty.case_id).collect();
            let rows = cases::many(db, &of.into_iter().collect::<Vec<_>>())?;
            let numbers: HashMap<CaseId, Option<String>> = rows.into_iter().map(|row| (row.id, row.number)).collect();
            for duty in duties {
                let desk = desks.of(self, db, duty.organ_id)?.ok();
                let number = duty.case_id.and_then(|case| numbers.get(&case)).and_then(Option::as_deref);
                if let Some(event) = event(&duty, number, desk, today) {
                    calendar.push(event);
                }
            }
            if let Some(notice) = left_out(today).filter(|_| !is_whole) {
                calendar.push(notice);
            }
            Ok(calendar.to_string())
        })
    }
}

/// An event on today's date, for the case that not all duties are shown.
fn left_out(today: NaiveDate) -> Option<Event> {
    let notice = Event::with_uid("more@gongkai")
        .summary(&format!("另有期限未列出：日历只列最早的{MOST_DUTIES}项"))
        .description("待办期限过多，没有全部列出。其余的请登录系统查看。")
        .starts(today)
        .ends(today.succ_opt()?)
        .timestamp(today.and_time(NaiveTime::MIN).and_utc())
        .append_property(Property::new("TRANSP", "TRANSPARENT"))
        .class(icalendar::Class::Private)
        .done();
    Some(notice)
}

/// Replaces line breaks and control characters: stored text of earlier versions could otherwise end a calendar line.
fn one_line(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() || is_line_break(letter), " ")
}

/// A duty as an all-day event. Omits the title of the case, which is the applicant's text. Without a desk (unreadable
/// settings of the organ), shows the stored day and nothing that depends on the settings.
fn event(duty: &ObligationRow, number: Option<&str>, desk: Option<&OrganContext>, today: NaiveDate) -> Option<Event> {
    let due_on = duty.due_on?;
    let words = DutyWords::of(&duty.kind);
    let label = words.label;
    // A duty of the organ itself has no case and thus no number.
    let number = duty.case_id.map(|_| one_line(number.unwrap_or("（尚未编号）")));
    let number_line = number.as_ref().map(|number| format!("受理编号：{number}\n")).unwrap_or_default();
    let range = duty.latest_on.map(|latest| DueRange { earliest: due_on, latest });
    let estimate = desk.and_then(|desk| Some(format!("\n{}", range?.said(desk.calendar.awaited_year()))));
    let level = desk.filter(|_| !words.is_follow_up);
    let level = level.map(|desk| {
        let thresholds = desk.rules.warning_thresholds();
        warning_level_between(due_on, duty.latest_on.unwrap_or(due_on), today, &thresholds, &desk.calendar)
    });
    let standing = desk.map_or_else(
        || "预警级别未知".to_owned(),
        |desk| {
            words.day(false).standing(reminder_policy::standing_between(
                &Days::new(&desk.calendar),
                due_on,
                duty.latest_on,
                today,
            ))
        },
    );
    let description = format!(
        "{organ}\n事项：{label}\n{number_line}{day}：{due_on}{estimate}\n{today}：{standing}\n依据：{article}",
        day = words.day(false).name(),
        organ = desk.map_or_else(|| "机关的设置不能读取".to_owned(), |desk| one_line(&desk.organ.name)),
        estimate = estimate.unwrap_or_default(),
        article = one_line(&duty.article),
    );
    // Seconds between the year 2000 and the last change of the duty: increases with each change and only then.
    let changed = duty.updated_at.0.timestamp().saturating_sub(YEAR_2000_UNIX_S);
    let event = Event::with_uid(&format!("{}@gongkai", duty.id.0))
        .summary(&number.map_or_else(|| label.to_owned(), |number| format!("{label} {number}")))
        .description(&description)
        .categories(level.map(WarningLevel::label))
        .starts(due_on)
        .ends(due_on.succ_opt()?)
        .sequence(u32::try_from(changed).unwrap_or(0))
        .timestamp(duty.updated_at.0)
        .last_modified(duty.updated_at.0)
        .append_property(Property::new("TRANSP", "TRANSPARENT"))
        .class(icalendar::Class::Private)
        .done();
    Some(event)
}
