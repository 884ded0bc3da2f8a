//! Outgoing mail as shown to administrators and supervisors, and the figures for `/metrics`.

use super::{Caller, OfficeError, OutgoingMail, Thing, authority_at};
use crate::case::{AuditAction, Role};
use crate::office::people::access::OF_ALL_ORGANS;
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::mail::outbox::{
    self, Circuit, MailAnswer, MailCounts, MailFilter, MailPause, MailState, MailView, OutboxFigures,
};
use crate::store::service::tallies;
use crate::store::{Db, OrganId, OutboxId, UserId, people::organs, reminders};
use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use std::time::Duration;

/// The roles that may see the mails of their organ and of those below it.
pub const MAIL_READERS: &[Role] = &[Role::Admin, Role::Supervisor, Role::Auditor];

/// Mails whose bytes are deleted in one transaction.
const EMPTIED_AT_ONCE: i64 = 100;

/// Filter for mails. A `None` field does not restrict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailQuery {
    /// Mails about this organ alone.
    pub organ: Option<OrganId>,
    /// In this state.
    pub state: Option<MailState>,
    /// To this person.
    pub recipient: Option<UserId>,
}

/// The result of releasing a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// The mail is queued again.
    OnItsWay,
    /// The mail was out of date and is withdrawn.
    Outdated,
}

impl Released {
    /// Converts the result to an error, after the withdrawal is committed.
    ///
    /// # Errors
    /// [`OfficeError::Conflict`] `mail_outdated` for an outdated mail.
    pub fn check(self) -> Result<(), OfficeError> {
        match self {
            Self::OnItsWay => Ok(()),
            Self::Outdated => {
                let detail =
                    "这封提醒已经过时，不再重新发送，已撤回；仍然需要提醒的，由下一次提醒按现状另行发出".to_owned();
                Err(OfficeError::Conflict { code: "mail_outdated".into(), detail })
            }
        }
    }
}

/// The figures of mail and reminders for `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFigures {
    /// The outbox.
    pub outbox: OutboxFigures,
    /// The pause of all mail. `None` if mail is sent.
    pub paused: Option<MailPause>,
    /// The open circuit of the relay. `None` if it is closed.
    pub circuit: Option<Circuit>,
    /// The delay of the daily reminder pass. Zero if it is done or its hour has not come.
    pub reminder_lag: Duration,
}

/// The state of mail as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailStatus {
    /// The pause of all mail. `None` if mail is sent.
    pub paused: Option<MailPause>,
    /// The open circuit of the relay. `None` if it is closed.
    pub circuit: Option<Circuit>,
    /// The mails by state.
    pub counts: MailCounts,
}

/// Figures over all history. Reading them costs the same however much that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrownFigures {
    /// Mails accepted by a server.
    pub sent: i64,
    /// Withdrawn mails.
    pub cancelled: i64,
    /// Missed reminder days that a later mail made up for.
    pub missed: i64,
    /// Alarms about frequent reads of personal data.
    pub personal_data_alarms: i64,
}

/// A mail with the results of its attempts.
pub type MailWithAnswers = (MailView, Vec<MailAnswer>);

impl OutgoingMail<'_> {
    /// Mails of the organs visible to the caller, older than `before`, newest first. Includes mails about no single
    /// organ for the roles in [`OF_ALL_ORGANS`]. Masks addresses unless the caller administers the organ.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller may not see the mails of the requested organ.
    pub fn mails(
        &self,
        caller: &Caller,
        query: &MailQuery,
        before: Option<OutboxId>,
        limit: i64,
    ) -> Result<Vec<MailView>, OfficeError> {
        self.store().read(|db| {
            let mut rows = organs::all(db)?;
            rows.retain(|row| caller.roles_at(&row.path).iter().any(|role| MAIL_READERS.contains(role)));
            if let Some(wanted) = query.organ {
                rows.retain(|row| row.id == wanted);
                if rows.is_empty() {
                    return Err(OfficeError::NotFound);
                }
            }
            let administered: Vec<OrganId> =
                rows.iter().filter(|row| caller.roles_at(&row.path).contains(&Role::Admin)).map(|row| row.id).collect();
            let at_top = |roles: &[Role]| {
                let top = rows.iter().filter(|row| row.parent_id.is_none());
                top.flat_map(|row| caller.roles_at(&row.path)).any(|role| roles.contains(&role))
            };
            let with_general = query.organ.is_none() && at_top(OF_ALL_ORGANS);
            let is_general_open = at_top(&[Role::Admin]);
            let organs = Some(rows.iter().map(|row| row.id).collect());
            let filter = MailFilter { organs, with_general, state: query.state, recipient: query.recipient };
            let mails = outbox::list(db, &filter, before, limit)?;
            let is_open =
                |mail: &MailView| mail.organ_id.map_or(is_general_open, |organ| administered.contains(&organ));
            Ok(mails.into_iter().map(|mail| if is_open(&mail) { mail } else { masked(mail) }).collect())
        })
    }

    /// A mail with the results of its attempts, masked as in [`OutgoingMail::mails`].
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the mail does not exist or the caller has no role at its organ.
    pub fn show_mail(&self, caller: &Caller, id: OutboxId) -> Result<MailWithAnswers, OfficeError> {
        self.store().read(|db| self.mail(db, caller, id))
    }

    fn mail(&self, db: &mut Db, caller: &Caller, id: OutboxId) -> Result<MailWithAnswers, OfficeError> {
        let is_open = authority_at(db, caller, Thing::Mail(id))?.has_any(&[Role::Admin]);
        let mail = outbox::find(db, id)?;
        let mut answers = outbox::answers(db, id)?;
        if is_open {
            return Ok((mail, answers));
        }
        for answer in &mut answers {
            answer.reply = without_address(&answer.reply, &mail.to_address);
        }
        Ok((masked(mail), answers))
    }

    /// Queues a parked mail again, to the same address and byte-identical. Withdraws an outdated reminder instead; the
    /// next pass sends what still applies.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] as in [`OutgoingMail::show_mail`]; [`OfficeError::Conflict`] `mail_not_parked` if the mail
    /// is not parked.
    pub fn release_mail(&self, caller: &Caller, id: OutboxId) -> Result<(Released, MailWithAnswers), OfficeError> {
        self.store().write(|db| Ok((self.release(db, caller, id)?, self.mail(db, caller, id)?)))
    }

    fn release(&self, db: &mut Db, caller: &Caller, id: OutboxId) -> Result<Released, OfficeError> {
        let organ = authority_at(db, caller, Thing::Mail(id))?.organ_id;
        let mail = outbox::find(db, id)?;
        let today = self.clock().today();
        let is_outdated = mail.state == MailState::Parked && reminders::is_outdated(db, &mail.dedupe_key, today)?;
        let detail = serde_json::json!({ "mail_id": id.0 });
        if is_outdated && reminders::withdraw(db, &mail.dedupe_key)?.is_some() {
            self.people().note(db, caller, Some(organ), AuditAction::MailWithdrawn, &detail)?;
            return Ok(Released::Outdated);
        }
        if !outbox::release(db, id)? {
            let detail = "只有“待人工处理”的邮件才能重新发送".to_owned();
            return Err(OfficeError::Conflict { code: "mail_not_parked".into(), detail });
        }
        self.people().note(db, caller, Some(organ), AuditAction::MailReleased, &detail)?;
        Ok(Released::OnItsWay)
    }

    /// What an operator asks first about mail.
    pub fn status(&self) -> Result<MailStatus, OfficeError> {
        self.store().read(|db| {
            let (paused, circuit) = outbox::obstacles(db)?;
            Ok(MailStatus { paused, circuit, counts: outbox::counts(db)? })
        })
    }

    /// Ends the pause of all mail, by the command line, and records that. Returns the pause; `None` if there was none.
    pub fn resume(&self) -> Result<Option<MailPause>, OfficeError> {
        let now = self.clock().now();
        self.store().write(|db| {
            let Some(pause) = outbox::resume(db)? else { return Ok(None) };
            let detail = serde_json::json!({ "paused_since": pause.since, "reason": pause.reason }).to_string();
            let entry = NewAudit {
                actor_id: None,
                organ_id: None,
                case_id: None,
                action: AuditAction::MailResumed,
                detail: &detail,
            };
            audit::append(db, entry, now)?;
            Ok(Some(pause))
        })
    }

    /// The figures of mail and reminders for `/metrics`.
    pub fn mail_figures(&self) -> Result<MailFigures, OfficeError> {
        self.store().read_reserved(|db| {
            let outbox = outbox::figures(db)?;
            let (paused, circuit) = outbox::obstacles(db)?;
            let reminder_lag = self.reminder_lag(reminders::pass_done(db)?);
            Ok(MailFigures { outbox, paused, circuit, reminder_lag })
        })
    }

    /// The figures over all history.
    pub fn grown_figures(&self) -> Result<GrownFigures, OfficeError> {
        self.store().read_reserved(|db| {
            let settled = outbox::settled(db)?;
            let missed = reminders::missed_total(db)?;
            let personal_data_alarms = self.people().personal_data_alarms(db)?;
            let (sent, cancelled) = (settled.sent, settled.cancelled);
            Ok(GrownFigures { sent, cancelled, missed, personal_data_alarms })
        })
    }

    /// Sums up the tallies, and deletes the bytes of the mails that are older than `smtp.keep_sent_days`. Returns the
    /// number of those mails.
    ///
    /// # Errors
    /// [`OfficeError::Busy`] if the database cannot be written to now.
    pub fn put_mail_away(&self) -> Result<usize, OfficeError> {
        self.store().write(tallies::sum_up)?;
        let days = self.settings().smtp.keep_sent_days;
        if days == 0 {
            return Ok(0);
        }
        let (age, mut done) = (TimeDelta::days(i64::from(days)), 0);
        loop {
            let emptied = self.store().write(|db| outbox::take_bytes(db, age, EMPTIED_AT_ONCE))?;
            if emptied == 0 {
                return Ok(done);
            }
            done += emptied;
        }
    }

    /// The time since the first missing pass was due. Zero if `serve` runs no schedule.
    fn reminder_lag(&self, done: Option<NaiveDate>) -> Duration {
        if !self.settings().reminders.enabled {
            return Duration::ZERO;
        }
        let today = self.clock().today();
        let missing = done.and_then(|day| day.checked_add_days(Days::new(1))).unwrap_or(today);
        let hour = TimeDelta::hours(i64::from(self.settings().reminders.hour));
        let due = missing.and_time(NaiveTime::MIN) + hour;
        (self.clock().office_time() - due).to_std().unwrap_or_default()
    }
}

/// The mail as shown to a caller who does not administer its organ.
fn masked(mut mail: MailView) -> MailView {
    mail.last_reply = mail.last_reply.map(|reply| without_address(&reply, &mail.to_address));
    mail.to_address = masked_address(&mail.to_address);
    mail
}

/// Masks `zhang@example.cn` as `z***@example.cn`.
fn masked_address(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

/// Masks the address in a server's reply, which often repeats it.
fn without_address(reply: &str, address: &str) -> String {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+' | '@');
    let mut shown = String::with_capacity(reply.len());
    let mut rest = reply;
    while !rest.is_empty() {
        let word_end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word_end);
        let is_named = word.to_lowercase().contains(&local.to_lowercase());
        shown.push_str(&if is_named { masked_address(address) } else { word.to_owned() });
        let skip = tail.find(is_part).unwrap_or(tail.len());
        let (between, next) = tail.split_at(skip);
        shown.push_str(between);
        rest = next;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_first_letter_and_its_server() {
        assert_eq!(masked_address("zhang@example.cn"), "z***@example.cn");
        assert_eq!(masked_address("z@example.cn"), "z***@example.cn");
        assert_eq!(masked_address("张三@例子.中国"), "张***@例子.中国");
    }

    #[test]
    fn a_servers_answer_does_not_tell_the_address() {
        let shown = |reply: &str| without_address(reply, "zhang.san@example.cn");
        assert_eq!(
            shown("550 5.1.1 <Zhang.San@example.cn>: no such user"),
            "550 5.1.1 <z***@example.cn>: no such user"
        );
        assert_eq!(shown("550 zhang.san unknown here"), "550 z***@example.cn unknown here");
        assert_eq!(shown("451 4.3.0 later"), "451 4.3.0 later");
    }
}
