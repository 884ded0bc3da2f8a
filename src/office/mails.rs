//! Outgoing mail as administrators and those who watch see it, and the figures of `/metrics`.

use super::{Caller, Office, OfficeError, Thing, standing};
use crate::case::Role;
use crate::store::outbox::{self, Circuit, Figures, MailAnswer, MailFilter, MailState, MailView};
use crate::store::{Db, OrganId, OutboxId, UserId, organs, reminders, tallies};
use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use std::time::Duration;

/// Who may look at the mails of an organ and of those below it.
pub const READERS: &[Role] = &[Role::Admin, Role::Supervisor, Role::Auditor];

/// Who of them, at an organ at the top, may look at the mails about no single organ: a digest over several, a missing year.
pub const OF_ALL_ORGANS: &[Role] = &[Role::Admin, Role::Auditor];

/// Mails whose bytes are deleted in one transaction.
const EMPTIED_AT_ONCE: i64 = 100;

/// Which mails are asked for; what is `None` does not restrict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailQuery {
    /// About this organ alone.
    pub organ: Option<OrganId>,
    /// In this state.
    pub state: Option<MailState>,
    /// To this person.
    pub recipient: Option<UserId>,
}

/// What came of releasing a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// It is sent again.
    OnItsWay,
    /// It was out of date and is withdrawn.
    Outdated,
}

impl Released {
    /// The refusal that a caller is given once the withdrawal is committed.
    ///
    /// # Errors
    /// [`OfficeError::Conflict`] for a mail out of date.
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

/// What `/metrics` says of mail and reminders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFigures {
    /// The outbox.
    pub outbox: Figures,
    /// The relay that cannot be used, if it cannot.
    pub circuit: Option<Circuit>,
    /// By how much the day's reminder pass is late; zero when it is done or its hour has not come.
    pub reminder_lag: Duration,
}

/// Figures over everything there ever was. Reading them costs the same however much that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrownFigures {
    /// Mails that a server accepted.
    pub sent: i64,
    /// Mails that were withdrawn.
    pub cancelled: i64,
    /// Reminder days that went by without a mail and were made good by a later one.
    pub missed: i64,
    /// Alarms about people who read personal data often, ever.
    pub personal_data_alarms: i64,
}

/// A mail with what became of its attempts.
pub type MailWithAnswers = (MailView, Vec<MailAnswer>);

impl Office {
    /// Mails of the organs the caller may look at (with those about no single organ for [`OF_ALL_ORGANS`]), the newest first, older than `before`. Addresses are masked unless
    /// the caller administers the organ.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] for an organ whose mails the caller may not look at.
    pub fn mails(
        &self,
        caller: &Caller,
        query: &MailQuery,
        before: Option<OutboxId>,
        limit: i64,
    ) -> Result<Vec<MailView>, OfficeError> {
        self.store().read(|db| {
            let mut rows = organs::all(db)?;
            rows.retain(|row| caller.roles_at(&row.path).iter().any(|role| READERS.contains(role)));
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

    /// One mail with what became of its attempts, masked as in [`Office::mails`].
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub fn show_mail(&self, caller: &Caller, id: OutboxId) -> Result<MailWithAnswers, OfficeError> {
        self.store().read(|db| self.mail(db, caller, id))
    }

    fn mail(&self, db: &mut Db, caller: &Caller, id: OutboxId) -> Result<MailWithAnswers, OfficeError> {
        let is_open = standing(db, caller, Thing::Mail(id))?.has_any(&[Role::Admin]);
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

    /// Sends a parked mail on its way again, to the same address, byte for byte the same. A reminder that says what is no
    /// longer so is withdrawn instead, and what still holds is told again by the next pass.
    ///
    /// # Errors
    /// [`OfficeError::Conflict`] when it is not parked.
    pub fn release_mail(&self, caller: &Caller, id: OutboxId) -> Result<(Released, MailWithAnswers), OfficeError> {
        self.store().write(|db| Ok((self.release(db, caller, id)?, self.mail(db, caller, id)?)))
    }

    fn release(&self, db: &mut Db, caller: &Caller, id: OutboxId) -> Result<Released, OfficeError> {
        let organ = standing(db, caller, Thing::Mail(id))?.organ_id;
        let mail = outbox::find(db, id)?;
        let today = self.clock().today();
        let is_outdated = mail.state == MailState::Parked && reminders::is_outdated(db, &mail.dedupe_key, today)?;
        let detail = serde_json::json!({ "mail_id": id.0 });
        if is_outdated && reminders::withdraw(db, &mail.dedupe_key)?.is_some() {
            self.note(db, caller, Some(organ), "mail.withdrawn", &detail)?;
            return Ok(Released::Outdated);
        }
        if !outbox::release(db, id)? {
            let detail = "只有“待人工处理”的邮件才能重新发送".to_owned();
            return Err(OfficeError::Conflict { code: "mail_not_parked".into(), detail });
        }
        self.note(db, caller, Some(organ), "mail.released", &detail)?;
        Ok(Released::OnItsWay)
    }

    /// What `/metrics` says of mail and reminders.
    ///
    /// # Errors
    /// What every read may meet.
    pub fn mail_figures(&self) -> Result<MailFigures, OfficeError> {
        self.store().read_reserved(|db| {
            let outbox = outbox::figures(db)?;
            let circuit = outbox::relay_circuit(db)?;
            let reminder_lag = self.reminder_lag(reminders::pass_done(db)?);
            Ok(MailFigures { outbox, circuit, reminder_lag })
        })
    }

    /// The figures over everything there ever was.
    ///
    /// # Errors
    /// As every read.
    pub fn grown_figures(&self) -> Result<GrownFigures, OfficeError> {
        self.store().read_reserved(|db| {
            let settled = outbox::settled(db)?;
            let missed = reminders::missed_total(db)?;
            let personal_data_alarms = self.personal_data_alarms(db)?;
            let (sent, cancelled) = (settled.sent, settled.cancelled);
            Ok(GrownFigures { sent, cancelled, missed, personal_data_alarms })
        })
    }

    /// Sums the figures up, and deletes the bytes of the mails that are older than the settings keep them. Answers how many
    /// mails those were.
    ///
    /// # Errors
    /// What every write may meet.
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

    /// From the first day whose pass is missing, at its hour, until now; where `serve` makes none, somebody else watches.
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

/// The mail as it is shown to whoever does not administer its organ.
fn masked(mut mail: MailView) -> MailView {
    mail.last_reply = mail.last_reply.map(|reply| without_address(&reply, &mail.to_address));
    mail.to_address = masked_address(&mail.to_address);
    mail
}

/// `zhang@example.cn` as `z***@example.cn`.
fn masked_address(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

/// A server repeats the address it refuses.
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
