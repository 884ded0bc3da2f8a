//! A mail that was given up is told to the administrators, in the transaction that parks it: one mail a mailbox and day.

use super::render::{Addressee, Parked, RenderError, Rendered};
use super::schedule::on_the_wall;
use super::smtp::Relay;
use crate::store::outbox::{self, Claimed, NewMail};
use crate::store::recipients::{self, Recipient};
use crate::store::{self, Db, StoreError, Ts};
use std::time::Duration;

/// How the key of such a mail begins: about them no such mail is written.
const KEY: &str = "parked/";

/// Queues what has to be said about a mail that was just parked. Nobody is written to at the mailbox that refused, and
/// nothing is said about a mail of this kind: a dead mailbox of an administrator must not make mail for ever.
///
/// # Errors
/// The database's. A message that cannot be made is logged: parking must not fail over it.
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
    let parked = Parked { address, subject, reply, at: on_the_wall(at).naive_local(), mail_id: &mail_id };
    relay.templates().parked(addressee, &parked, relay.sender(), uuid::Uuid::now_v7(), at.0)
}

fn mail(person: &Recipient, claim: &Claimed, rendered: Rendered, at: Ts, opens: Option<Ts>) -> NewMail {
    let mailbox = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, claim.to_address.to_lowercase().as_bytes());
    let organ = claim.organ_id.map(|organ| organ.0.to_string()).unwrap_or_default();
    let (mailbox, day, to) = (hex::encode(mailbox.as_ref()), on_the_wall(at).date_naive(), person.user_id.0);
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
