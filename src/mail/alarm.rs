//! A mail that was given up is told to the administrators, in the transaction that parks it: one mail a mailbox and day.

use super::render::one_line;
use super::schedule::office_time;
use crate::store::outbox::{self, Claimed, NewMail};
use crate::store::recipients::{self, Recipient};
use crate::store::{self, Db, StoreError, Ts};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use std::time::SystemTime;

const TEXT: &str = include_str!("../../config/templates/mail/parked.txt");
const SUBJECT: &str = "【依申请公开】有邮件发送不出，收件人收不到期限提醒";
/// How the key of such a mail begins: about them no such mail is written.
const KEY: &str = "parked/";

/// Queues what has to be said about a mail that was just parked. Nobody is written to at the mailbox that refused, and
/// nothing is said about a mail of this kind: a dead mailbox of an administrator must not make mail for ever.
///
/// # Errors
/// The database's. A message that cannot be made is logged: parking must not fail over it.
pub fn parked(db: &mut Db, sender: &Mailbox, claim: &Claimed, reply: &str) -> Result<usize, StoreError> {
    if claim.dedupe_key.starts_with(KEY) {
        return Ok(0);
    }
    let at = store::now();
    let mut queued = 0;
    let administrators = recipients::administrators(db, claim.organ_id)?;
    for person in administrators.iter().filter(|person| !person.email.eq_ignore_ascii_case(&claim.to_address)) {
        match mail(sender, person, claim, reply, at) {
            Ok(mail) => queued += usize::from(outbox::enqueue(db, &mail)?),
            Err(cause) => {
                tracing::error!(mail = %claim.id.0, cause, "an administrator cannot be told of a parked mail")
            }
        }
    }
    if queued == 0 {
        tracing::warn!(mail = %claim.id.0, "nobody new was told of a parked mail: see GET /api/v1/mail?state=parked");
    }
    Ok(queued)
}

fn mail(sender: &Mailbox, person: &Recipient, claim: &Claimed, reply: &str, at: Ts) -> Result<NewMail, String> {
    let local = office_time(at);
    let page = minijinja::context! {
        person => one_line(&person.display_name),
        address => one_line(&claim.to_address),
        subject => one_line(&claim.subject),
        reply => one_line(reply),
        at => local.format("%Y年%-m月%-d日 %H:%M").to_string(),
        mail_id => claim.id.0.to_string(),
    };
    let text = minijinja::Environment::new().render_str(TEXT, page).map_err(|cause| cause.to_string())?;
    let message_id = format!("<{}@{}>", uuid::Uuid::now_v7(), sender.email.domain());
    let to = person.email.parse().map_err(|cause: lettre::address::AddressError| cause.to_string())?;
    // RFC 3834: no out-of-office answer to a machine.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .from(sender.clone())
        .to(Mailbox::new(Some(person.display_name.clone()), to))
        .subject(SUBJECT)
        .message_id(Some(message_id.clone()))
        .date(SystemTime::from(at.0))
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|cause| cause.to_string())?;
    let mailbox = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, claim.to_address.to_lowercase().as_bytes());
    let organ = claim.organ_id.map(|organ| organ.0.to_string()).unwrap_or_default();
    let (mailbox, day, to) = (hex::encode(mailbox.as_ref()), local.date_naive(), person.user_id.0);
    Ok(NewMail {
        dedupe_key: format!("{KEY}{organ}/{mailbox}/{day}/{to}"),
        organ_id: claim.organ_id,
        case_id: None,
        recipient_id: Some(person.user_id),
        to_address: person.email.clone(),
        subject: SUBJECT.to_owned(),
        message_id,
        message: message.formatted(),
        not_before: None,
        not_after: None,
    })
}
