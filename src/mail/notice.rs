//! Mails about the calendar itself: a change that moved duties, or a missing year. They are queued in the transaction
//! that causes them.

use super::deputies::with_deputies;
use super::duty::DutyWords;
use super::render::{RenderError, Rendered, Templates, one_line};
use crate::case::{MovedDuty, Obligation, Role};
use crate::law::chinese_date;
use crate::store::mail::outbox::{self, NewMail};
use crate::store::reminders::recipients::{self, Recipient};
use crate::store::{self, CaseId, Db, DepartmentId, OrganId, StoreError, Ts, UserId};
use chrono::{Datelike, NaiveDate};
use lettre::Address;
use lettre::message::Mailbox;
use minijinja::{Value, context};
use std::collections::{BTreeMap, BTreeSet};

/// A case whose duties moved with the calendar.
#[derive(Debug, Clone)]
pub struct MovedCase {
    /// The case.
    pub case_id: CaseId,
    /// The log entry that records the move.
    pub seq: i64,
    /// Its organ.
    pub organ_id: OrganId,
    /// The organ's name.
    pub organ_name: String,
    /// 受理编号, once assigned.
    pub number: Option<String>,
    /// The holiday notices that changed the calendar.
    pub notices: Vec<String>,
    /// Each duty after the move, with its dates before and after.
    pub duties: Vec<(Obligation, MovedDuty)>,
}

/// The mail to one person.
struct Letter<'a> {
    person: Recipient,
    reason: String,
    cases: Vec<(&'a MovedCase, Vec<&'a (Obligation, MovedDuty)>)>,
}

impl<'a> Letter<'a> {
    fn add(&mut self, case: &'a MovedCase, duty: &'a (Obligation, MovedDuty)) {
        match self.cases.last_mut().filter(|(last, _)| last.case_id == case.case_id) {
            Some((_, duties)) if duties.iter().any(|known| known.0.key == duty.0.key) => {}
            Some((_, duties)) => duties.push(duty),
            None => self.cases.push((case, vec![duty])),
        }
    }
}

const OWNER: &str = "这些事项由您、您所在的科室或者公开工作机构办理。";
const HEAD: &str = "您是本机关公开工作机构负责人。";

/// Notifies the owners of moved duties and the heads of the disclosure office. All of `moved` must be of one organ.
/// Each person gets one mail for all cases, sent from `post.opens` on; deputies replace persons who are away. Returns
/// how many mails were queued.
///
/// A duty for which no recipient has a mailbox is logged, and so is a mail that cannot be rendered.
///
/// # Errors
/// [`StoreError::Corrupt`] if an organ's path cannot be read; else the [`StoreError`] of a failed statement.
pub fn tell_owners(db: &mut Db, post: &Post<'_>, moved: &[MovedCase]) -> Result<usize, StoreError> {
    let Some(first) = moved.first() else { return Ok(0) };
    let heads = recipients::with_role(db, first.organ_id, Role::OfficeHead)?;
    let heads = with_reasons(db, heads, first.organ_id, post.today, HEAD)?;
    let mut letters: BTreeMap<UserId, Letter<'_>> = BTreeMap::new();
    for case in moved {
        for duty in &case.duties {
            let (owner, department) = (duty.0.owner.map(UserId), duty.0.department.map(DepartmentId));
            let (_, owners) = recipients::handlers(db, case.organ_id, owner, department)?;
            if owners.is_empty() && heads.is_empty() {
                tracing::warn!(case = %case.case_id.0, "a duty moved with the calendar and nobody can be told: no mailbox");
            }
            let owners = with_reasons(db, owners, case.organ_id, post.today, OWNER)?;
            for (person, reason) in owners.into_iter().chain(heads.iter().cloned()) {
                let letter = letters.entry(person.user_id).or_insert(Letter { person, reason, cases: Vec::new() });
                letter.add(case, duty);
            }
        }
    }
    let mut queued = 0;
    for letter in letters.values() {
        queued += usize::from(send(db, post, first, letter)?);
    }
    Ok(queued)
}

/// What all mails outside the reminder pass are made with: templates, sender, day, earliest time.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// The templates.
    pub templates: &'a Templates,
    /// The sender.
    pub from: &'a Mailbox,
    /// Today's date at the office.
    pub today: NaiveDate,
    /// When the mail may go out; `None`: at once.
    pub opens: Option<Ts>,
}

/// Replaces persons who are away by their deputies, and adds to each recipient the reason for the mail.
fn with_reasons(
    db: &mut Db,
    people: Vec<Recipient>,
    organ: OrganId,
    today: NaiveDate,
    reason: &str,
) -> Result<Vec<(Recipient, String)>, StoreError> {
    let people = with_deputies(db, people, organ, today)?.into_iter();
    Ok(people.map(|(person, stands_in)| (person, stands_in.unwrap_or_else(|| reason.to_owned()))).collect())
}

fn send(db: &mut Db, post: &Post<'_>, organ: &MovedCase, letter: &Letter<'_>) -> Result<bool, StoreError> {
    let Some((first, _)) = letter.cases.first() else { return Ok(false) };
    let person = &letter.person;
    if !recipients::still_hears_of(db, person.user_id, organ.organ_id)? {
        return Ok(false);
    }
    let page = moved_page(organ, post.today, letter);
    let rendered = match render(post.templates, post.from, person, "calendar_moved", &page) {
        Ok(rendered) => rendered,
        Err(cause) => return unsendable(&cause),
    };
    let is_one = letter.cases.len() == 1;
    let mail = NewMail {
        // The log entry is unique, so the mail is too.
        dedupe_key: format!("calendar/{}/{}/{}", first.case_id.0, first.seq, person.user_id.0),
        organ_id: Some(organ.organ_id),
        case_id: is_one.then_some(first.case_id),
        recipient_id: Some(person.user_id),
        to_address: person.email.clone(),
        subject: rendered.subject,
        message_id: rendered.message_id,
        message: rendered.bytes,
        not_before: post.opens,
        not_after: None,
    };
    outbox::enqueue(db, &mail)
}

/// Logs and skips a mail with an invalid address, so that it cannot block a calendar update.
fn unsendable(cause: &RenderError) -> Result<bool, StoreError> {
    tracing::error!(%cause, "a mail about the calendar cannot be made");
    Ok(false)
}

fn moved_page(organ: &MovedCase, today: NaiveDate, letter: &Letter<'_>) -> Value {
    let notices: BTreeSet<String> = letter.cases.iter().flat_map(|(case, _)| case.notices.iter().cloned()).collect();
    let line = |(duty, moved): &(Obligation, MovedDuty)| {
        let words = DutyWords::of_kind(duty.kind);
        let day = if words.is_follow_up { format!("（{}）", words.day(false).name()) } else { String::new() };
        context! {
            duty => format!("{}{day}", words.label),
            before => told(moved.due_before, moved.was_provisional),
            after => told(moved.due_after, moved.is_provisional),
            article => duty.article,
        }
    };
    let cases: Vec<Value> = letter
        .cases
        .iter()
        .map(|(case, duties)| {
            let number = case.number.clone().unwrap_or_else(|| "（尚未编号）".to_owned());
            context! { number => number, lines => duties.iter().map(|duty| line(duty)).collect::<Vec<_>>() }
        })
        .collect();
    context! {
        person => letter.person.display_name.as_str(),
        organ => organ.organ_name.as_str(),
        today => chinese_date(today),
        notices => notices.into_iter().collect::<Vec<_>>(),
        cases => cases,
        reason => letter.reason.as_str(),
    }
}

fn told(day: Option<NaiveDate>, is_provisional: bool) -> String {
    match day {
        Some(day) if is_provisional => format!("{}（暂定）", chinese_date(day)),
        Some(day) => chinese_date(day),
        None => "未定".to_owned(),
    }
}

/// A year that open duties need and the calendar lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingYear {
    /// The year.
    pub year: i32,
    /// Cases whose last day is an estimate.
    pub in_gap: i64,
    /// The latest last day of an open duty, or today if that is later.
    pub latest: NaiveDate,
}

/// Reminds the administrators at the top, who may add a year, of a missing one: once per ISO week. Returns how many
/// mails were queued.
///
/// # Errors
/// [`StoreError`] of a failed statement. A mail that cannot be rendered is logged and skipped.
pub fn remind_of_year(db: &mut Db, post: &Post<'_>, missing: MissingYear) -> Result<usize, StoreError> {
    let week = post.today.iso_week();
    let mut queued = 0;
    for person in recipients::administrators(db, None)? {
        let page = missing_page(&person.display_name, missing);
        let rendered = match render(post.templates, post.from, &person, "calendar_missing", &page) {
            Ok(rendered) => rendered,
            Err(cause) => {
                unsendable(&cause)?;
                continue;
            }
        };
        let mail = NewMail {
            dedupe_key: format!(
                "calendar_missing/{}/{}-W{:02}/{}",
                missing.year,
                week.year(),
                week.week(),
                person.user_id.0
            ),
            organ_id: None,
            case_id: None,
            recipient_id: Some(person.user_id),
            to_address: person.email,
            subject: rendered.subject,
            message_id: rendered.message_id,
            message: rendered.bytes,
            not_before: post.opens,
            not_after: None,
        };
        queued += usize::from(outbox::enqueue(db, &mail)?);
    }
    Ok(queued)
}

fn render(
    templates: &Templates,
    from: &Mailbox,
    person: &Recipient,
    name: &str,
    page: &Value,
) -> Result<Rendered, RenderError> {
    let to = Mailbox::new(Some(one_line(&person.display_name)), person.email.parse::<Address>()?);
    templates.mail(name, page, from, to, uuid::Uuid::now_v7(), store::now().0)
}

/// A sample page with everything a mail about moved duties may contain, to test a template.
pub(super) fn sample_moved() -> Value {
    let line =
        context! { duty => "某事", before => "未定", after => told(Some(NaiveDate::MIN), true), article => "某条" };
    context! {
        person => "某某",
        organ => "某机关",
        today => chinese_date(NaiveDate::MIN),
        notices => ["某通知"],
        cases => [context! { number => "（尚未编号）", lines => [line] }],
        reason => OWNER,
    }
}

/// Sample pages of the mail about a missing year.
pub(super) fn sample_missing() -> Vec<Value> {
    let page = |in_gap: i64| missing_page("某某", MissingYear { year: 1, in_gap, latest: NaiveDate::MIN });
    vec![page(0), page(1)]
}

fn missing_page(person: &str, missing: MissingYear) -> Value {
    context! { person => person, year => missing.year, in_gap => missing.in_gap, latest => chinese_date(missing.latest) }
}
