//! Mails about the calendar itself: a change that moved duties, a year that is missing. They are queued in the transaction
//! that makes them necessary.

use super::duty::Duty;
use super::render::{RenderError, Rendered};
use crate::case::{MovedDuty, Obligation, Role};
use crate::store::outbox::{self, NewMail};
use crate::store::recipients::{self, Recipient};
use crate::store::{self, CaseId, Db, DepartmentId, OrganId, StoreError, Ts, UserId};
use chrono::{Datelike, NaiveDate};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use minijinja::{AutoEscape, Environment, Value, context};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::SystemTime;

macro_rules! template {
    ($name:literal) => {
        ($name, include_str!(concat!("../../config/templates/mail/", $name)))
    };
}

/// The embedded templates; a test renders each.
const TEMPLATES: [(&str, &str); 6] = [
    template!("calendar_moved.subject.txt"),
    template!("calendar_moved.txt"),
    template!("calendar_moved.html"),
    template!("calendar_missing.subject.txt"),
    template!("calendar_missing.txt"),
    template!("calendar_missing.html"),
];

/// A template that does not parse is missing here and fails when it is asked for.
static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    pages.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
    for (name, text) in TEMPLATES {
        if let Err(cause) = pages.add_template(name, text) {
            tracing::error!(%cause, name, "a built-in template is broken");
        }
    }
    pages
});

/// A case of which duties moved with the calendar.
#[derive(Debug, Clone)]
pub struct MovedCase {
    /// The case.
    pub case_id: CaseId,
    /// The entry of its log that says so.
    pub seq: i64,
    /// Its organ.
    pub organ_id: OrganId,
    /// The organ's name.
    pub organ_name: String,
    /// 受理编号, once there is one.
    pub number: Option<String>,
    /// The notices that brought the change.
    pub notices: Vec<String>,
    /// Each duty as it now stands, and where it stood.
    pub duties: Vec<(Obligation, MovedDuty)>,
}

/// What one person is told.
struct Letter<'a> {
    person: Recipient,
    reason: &'static str,
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

const OWNER: &str = "您是这些事项的承办人员。";
const HEAD: &str = "您是本机关公开工作机构负责人。";

/// Tells the owners of moved duties and the heads of the disclosure office, one mail a person for all of these cases, which
/// are of one organ, not before `opens`. Answers how many mails were queued; who has no mailbox is logged.
///
/// # Errors
/// As every write.
pub fn tell_owners(
    db: &mut Db,
    from: &Mailbox,
    today: NaiveDate,
    opens: Option<Ts>,
    moved: &[MovedCase],
) -> Result<usize, StoreError> {
    let Some(first) = moved.first() else { return Ok(0) };
    let heads = recipients::with_role(db, first.organ_id, Role::OfficeHead)?;
    let mut letters: BTreeMap<UserId, Letter<'_>> = BTreeMap::new();
    for case in moved {
        for duty in &case.duties {
            let (owner, department) = (duty.0.owner.map(UserId), duty.0.department.map(DepartmentId));
            let owners = recipients::handlers(db, case.organ_id, owner, department)?;
            if owners.is_empty() && heads.is_empty() {
                tracing::warn!(case = %case.case_id.0, "a duty moved with the calendar and nobody can be told: no mailbox");
            }
            let owners = owners.into_iter().map(|person| (person, OWNER));
            for (person, reason) in owners.chain(heads.iter().cloned().map(|person| (person, HEAD))) {
                let letter = letters.entry(person.user_id).or_insert(Letter { person, reason, cases: Vec::new() });
                letter.add(case, duty);
            }
        }
    }
    let mut queued = 0;
    for letter in letters.values() {
        queued += usize::from(send(db, from, today, opens, first, letter)?);
    }
    Ok(queued)
}

fn send(
    db: &mut Db,
    from: &Mailbox,
    today: NaiveDate,
    opens: Option<Ts>,
    organ: &MovedCase,
    letter: &Letter<'_>,
) -> Result<bool, StoreError> {
    let Some((first, _)) = letter.cases.first() else { return Ok(false) };
    let person = &letter.person;
    let rendered = match render(from, person, "calendar_moved", &moved_page(organ, today, letter)) {
        Ok(rendered) => rendered,
        Err(cause) => return unsendable(&cause),
    };
    let is_one = letter.cases.len() == 1;
    let mail = NewMail {
        // The entry of the log happens once, so this mail does.
        dedupe_key: format!("calendar/{}/{}/{}", first.case_id.0, first.seq, person.user_id.0),
        organ_id: Some(organ.organ_id),
        case_id: is_one.then_some(first.case_id),
        recipient_id: Some(person.user_id),
        to_address: person.email.clone(),
        subject: rendered.subject,
        message_id: rendered.message_id,
        message: rendered.bytes,
        not_before: opens,
    };
    outbox::enqueue(db, &mail)
}

/// An address that is none must not stop a case from being brought up to date.
fn unsendable(cause: &RenderError) -> Result<bool, StoreError> {
    tracing::error!(%cause, "a mail about the calendar cannot be made");
    Ok(false)
}

fn moved_page(organ: &MovedCase, today: NaiveDate, letter: &Letter<'_>) -> Value {
    let notices: BTreeSet<String> = letter.cases.iter().flat_map(|(case, _)| case.notices.iter().cloned()).collect();
    let line = |(duty, moved): &(Obligation, MovedDuty)| {
        context! {
            duty => Duty::of_kind(duty.kind).label,
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
        today => long(today),
        notices => notices.into_iter().collect::<Vec<_>>(),
        cases => cases,
        reason => letter.reason,
    }
}

fn told(day: Option<NaiveDate>, is_provisional: bool) -> String {
    match day {
        Some(day) if is_provisional => format!("{}（暂定）", long(day)),
        Some(day) => long(day),
        None => "未定".to_owned(),
    }
}

fn long(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// A year that running duties need and the calendar has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingYear {
    /// The year.
    pub year: i32,
    /// Cases whose last day is an estimate.
    pub in_gap: i64,
    /// The latest last day.
    pub latest: NaiveDate,
}

/// Reminds the administrators at the top, who may take a year in, of one that is missing: once in each week of the calendar. Answers how many mails were queued.
///
/// # Errors
/// As every write.
pub fn remind_of_year(
    db: &mut Db,
    from: &Mailbox,
    today: NaiveDate,
    missing: MissingYear,
) -> Result<usize, StoreError> {
    let week = today.iso_week();
    let mut queued = 0;
    for person in recipients::administrators(db, None)? {
        let page = context! {
            person => person.display_name.as_str(),
            year => missing.year,
            in_gap => missing.in_gap,
            latest => long(missing.latest),
        };
        let rendered = match render(from, &person, "calendar_missing", &page) {
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
            not_before: None,
        };
        queued += usize::from(outbox::enqueue(db, &mail)?);
    }
    Ok(queued)
}

fn render(from: &Mailbox, person: &Recipient, name: &str, page: &Value) -> Result<Rendered, RenderError> {
    let to = Mailbox::new(Some(person.display_name.clone()), person.email.parse::<Address>()?);
    let subject = PAGES.get_template(&format!("{name}.subject.txt"))?.render(page)?.trim().to_owned();
    let page = context! { subject => subject.clone(), ..page.clone() };
    let text = PAGES.get_template(&format!("{name}.txt"))?.render(&page)?;
    let html = PAGES.get_template(&format!("{name}.html"))?.render(&page)?;
    let message_id = format!("<{}@{}>", uuid::Uuid::now_v7(), from.email.domain());
    // RFC 3834: no out-of-office answer to a machine.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(subject.clone())
        .message_id(Some(message_id.clone()))
        .date(SystemTime::from(store::now().0))
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(text, html))?;
    Ok(Rendered { subject, message_id, bytes: message.formatted() })
}
