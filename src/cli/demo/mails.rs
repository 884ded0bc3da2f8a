//! The reminders of the day, sent to the demonstration's own mail server.

use super::sink::Sink;
use crate::config::{Settings, SmtpTls};
use crate::mail::smtp::Relay;
use crate::mail::worker::{self, SendOutcome};
use crate::office::Office;
use crate::office::reminders::{Queued, RemindReport};
use std::collections::BTreeMap;

/// How many of the queued mails are shown one by one.
const SHOWN: usize = 6;

/// What became of the reminders of the day.
pub(super) struct Mails {
    report: RemindReport,
    outcome: SendOutcome,
}

/// Points the settings at the demonstration's mail server.
pub(super) fn use_sink(settings: &mut Settings, sink: &Sink) {
    "127.0.0.1".clone_into(&mut settings.smtp.host);
    settings.smtp.port = sink.port;
    settings.smtp.tls = SmtpTls::None;
    "公开办 <gongkai@demo.example>".clone_into(&mut settings.smtp.from);
    "localhost".clone_into(&mut settings.smtp.hello_name);
}

/// One pass of the reminders as of the office's day, and the delivery of all of it.
///
/// # Errors
/// A text for the operator.
pub(super) fn remind(office: &Office) -> Result<Mails, String> {
    let room = office.reminders().mailroom().map_err(|error| error.to_string())?;
    let report = room.remind(office.clock().today(), None).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let outcome = runtime.block_on(async {
        let relay = Relay::from_settings(&office.settings().smtp).map_err(|error| error.to_string())?;
        let relay = relay.ok_or("no mail server")?;
        let outcome = worker::deliver_ready(office.store(), &relay, "demo").await;
        relay.close().await;
        outcome.map_err(|error| error.to_string())
    })?;
    Ok(Mails { report, outcome })
}

impl Mails {
    /// What is printed of it.
    pub(super) fn text(&self, sink: &Sink) -> String {
        let mut out = format!(
            "临近或已过期限的事项{}项，提醒{}项次，每人每日一封，送出{}封。\n\
             收信的是内置的演示邮件服务器（127.0.0.1:{}），不会发到外面；每封一个文件：{}\n",
            self.report.looked_at,
            self.report.queued.len(),
            self.outcome.sent,
            sink.port,
            sink.folder.display()
        );
        let mut people: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for mail in &self.report.queued {
            *people.entry((&mail.to, &mail.person)).or_default() += 1;
        }
        for ((address, person), count) in people {
            out += &format!("  {count:>3}封  {person} <{address}>\n");
        }
        out += "例如：\n";
        for mail in self.report.queued.iter().rev().take(SHOWN) {
            out += &format!("  {}\n", line(mail));
        }
        out
    }
}

fn line(mail: &Queued) -> String {
    let number = mail.case_number.as_deref().unwrap_or("（未登记）");
    format!("{number}　{}　{}　→ {}（{}）", mail.duty, mail.says(), mail.person, mail.because.text())
}
