//! Warning mails. Administrators are notified of a parked mail, in the transaction that parks it: one mail per mailbox
//! and day. Administrators and auditors are notified of a person who reads much personal data: one mail per day and
//! level.

use super::notice::Post;
use super::render::{Addressee, Parked, RenderError, Rendered, one_line};
use super::smtp::Relay;
use crate::case::Role;
use crate::law::{civil_day, civil_time};
use crate::store::mail::outbox::{self, Claimed, NewMail};
use crate::store::reminders::recipients::{self, Recipient};
use crate::store::{self, Db, OrganId, StoreError, Ts, UserId};
use chrono::NaiveDateTime;
use lettre::Address;
use lettre::message::Mailbox;
use minijinja::{Value, context};
use std::collections::BTreeMap;
use std::time::Duration;

/// Key prefix of the mails about parked mails. A parked mail with this prefix causes no further mail.
const KEY: &str = "parked/";

/// Queues a mail to each administrator about a mail that was just parked. Returns how many were queued.
///
/// Skips the address that refused the mail. Never warns about a parked warning: a dead mailbox of an administrator
/// would loop.
///
/// # Errors
/// [`StoreError`] of the database only. A warning that cannot be rendered is logged, so that it cannot block the
/// parking.
pub fn parked(db: &mut Db, relay: &Relay, claim: &Claimed, reply: &str) -> Result<usize, StoreError> {
    if claim.dedupe_key.starts_with(KEY) {
        return Ok(0);
    }
    let at = store::now();
    let wait = relay.wait(db, claim.organ_id, Duration::ZERO);
    let opens = Some(Ts(at.0 + wait)).filter(|_| !wait.is_zero());
    let mut queued = 0;
    let administrators = recipients::administrators(db, claim.organ_id)?;
    for person in administrators.iter().filter(|person| !person.email.eq_ignore_ascii_case(&claim.to_address)) {
        match render(relay, person, claim, reply, at) {
            Ok(rendered) => queued += usize::from(outbox::enqueue(db, &mail(person, claim, rendered, at, opens))?),
            Err(cause) => {
                tracing::error!(mail = %claim.id.0, %cause, "an administrator cannot be told of a parked mail")
            }
        }
    }
    if queued == 0 {
        tracing::warn!(mail = %claim.id.0, "nobody new was told of a parked mail: see GET /api/v1/mail?state=parked");
    }
    Ok(queued)
}

fn render(relay: &Relay, person: &Recipient, claim: &Claimed, reply: &str, at: Ts) -> Result<Rendered, RenderError> {
    let addressee = Addressee { person: &person.display_name, to: &person.email };
    let mail_id = claim.id.0.to_string();
    let (address, subject) = (&claim.to_address, &claim.subject);
    let parked = Parked { address, subject, reply, at: civil_time(at.0), mail_id: &mail_id };
    relay.templates().parked(addressee, &parked, relay.sender(), uuid::Uuid::now_v7(), at.0)
}

fn mail(person: &Recipient, claim: &Claimed, rendered: Rendered, at: Ts, opens: Option<Ts>) -> NewMail {
    let mailbox = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, claim.to_address.to_lowercase().as_bytes());
    let organ = claim.organ_id.map(|organ| organ.0.to_string()).unwrap_or_default();
    let (mailbox, day, to) = (hex::encode(mailbox.as_ref()), civil_day(at.0), person.user_id.0);
    NewMail {
        dedupe_key: format!("{KEY}{organ}/{mailbox}/{day}/{to}"),
        organ_id: claim.organ_id,
        case_id: None,
        recipient_id: Some(person.user_id),
        to_address: person.email.clone(),
        subject: rendered.subject,
        message_id: rendered.message_id,
        message: rendered.bytes,
        not_before: opens,
        not_after: None,
    }
}

/// An alarm: a person has often read personal data in the clear.
#[derive(Debug, Clone, Copy)]
pub struct InTheClear<'a> {
    /// Name of the alarm. There is one mail per recipient, key, person and day.
    pub key: &'a str,
    /// The reader: id, name, login name.
    pub user: (UserId, &'a str, &'a str),
    /// The organ in which the alarm was raised.
    pub organ: OrganId,
    /// What was done, in Chinese.
    pub what: &'a str,
    /// The span of time in which it was done, in Chinese.
    pub span: &'a str,
    /// The setting with the limit.
    pub setting: &'a str,
    /// How often it was done.
    pub count: u32,
    /// The limit.
    pub limit: u32,
    /// When the alarm was raised, in the office's local time.
    pub at: NaiveDateTime,
}

/// Queues a mail to each administrator and auditor of the organ except the reader. Returns how many were queued.
///
/// # Errors
/// [`StoreError`] of the database only. A mail that cannot be rendered is logged, so that it cannot block the reading.
pub fn in_the_clear(db: &mut Db, post: &Post<'_>, alarm: &InTheClear<'_>) -> Result<usize, StoreError> {
    let (user, ..) = alarm.user;
    let mut people = recipients::administrators(db, Some(alarm.organ))?;
    people.extend(recipients::with_role(db, alarm.organ, Role::Auditor)?);
    let people: BTreeMap<UserId, Recipient> = people.into_iter().map(|person| (person.user_id, person)).collect();
    let mut queued = 0;
    for person in people.values().filter(|person| person.user_id != user) {
        let rendered = match render_in_the_clear(post, person, alarm) {
            Ok(rendered) => rendered,
            Err(cause) => {
                tracing::error!(%cause, "an administrator cannot be told who reads personal data");
                continue;
            }
        };
        let (day, to) = (alarm.at.date(), person.user_id.0);
        let mail = NewMail {
            dedupe_key: format!("{}/{}/{day}/{to}", alarm.key, user.0),
            organ_id: Some(alarm.organ),
            case_id: None,
            recipient_id: Some(person.user_id),
            to_address: person.email.clone(),
            subject: rendered.subject,
            message_id: rendered.message_id,
            message: rendered.bytes,
            not_before: post.opens,
            not_after: None,
        };
        queued += usize::from(outbox::enqueue(db, &mail)?);
    }
    if queued == 0 {
        tracing::warn!(user_id = %user.0, "no administrator or auditor was told who reads personal data");
    }
    Ok(queued)
}

fn render_in_the_clear(post: &Post<'_>, person: &Recipient, alarm: &InTheClear<'_>) -> Result<Rendered, RenderError> {
    let to = Mailbox::new(Some(one_line(&person.display_name)), person.email.parse::<Address>()?);
    let page = in_the_clear_page(&person.display_name, alarm);
    post.templates.mail("in_the_clear", &page, post.from, to, uuid::Uuid::now_v7(), store::now().0)
}

fn in_the_clear_page(person: &str, alarm: &InTheClear<'_>) -> Value {
    let (_, name, username) = alarm.user;
    context! {
        person => person,
        user => one_line(name),
        username => username,
        what => alarm.what,
        span => alarm.span,
        setting => alarm.setting,
        count => alarm.count,
        limit => alarm.limit,
        is_at_limit => alarm.count >= alarm.limit,
        at => alarm.at.format("%Y年%-m月%-d日 %H:%M").to_string(),
    }
}

/// Sample pages with everything such a mail may contain, to test a template.
pub(super) fn sample_in_the_clear() -> Vec<Value> {
    let alarm = InTheClear {
        key: "",
        user: (UserId(uuid::Uuid::nil()), "某某", "a"),
        organ: OrganId(uuid::Uuid::nil()),
        what: "某事",
        span: "一日",
        setting: "security.reveals_per_hour",
        count: 1,
        limit: 2,
        at: NaiveDateTime::MIN,
    };
    vec![in_the_clear_page("某某", &alarm), in_the_clear_page("某某", &InTheClear { count: 2, ..alarm })]
}
