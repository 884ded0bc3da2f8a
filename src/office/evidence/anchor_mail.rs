//! The mail that takes the anchor of a day out of the house.

use super::anchor::Anchor;
use super::nightly::last_verification;
use crate::case::Role;
use crate::mail::order_notice::Notice;
use crate::mail::smtp;
use crate::office::{Evidence, OfficeError};
use crate::store::mail::outbox::{self, NewMail};
use crate::store::{Db, reminders::recipients};
use uuid::Uuid;

impl Evidence<'_> {
    /// Queues the line of a day for every auditor, once each.
    pub(super) fn mail_anchor(&self, db: &mut Db, anchor: &Anchor, line: &str) -> Result<(), OfficeError> {
        let from = match smtp::sender(&self.settings().smtp) {
            Ok(from) => from,
            // `serve` refuses to start with such a setting. The file is written all the same.
            Err(cause) => {
                tracing::error!(%cause, "the anchor is not mailed: the sender is not a mailbox");
                return Ok(());
            }
        };
        let opens = self.reminders().mail_opens(db, None)?;
        let findings = match last_verification(db)? {
            Some(last) if last.checked_on == anchor.day => format!("{} 处", last.findings),
            _ => "当日未核对".to_owned(),
        };
        let facts = [
            ("日期", anchor.day.to_string()),
            ("有新记录的案件", format!("{} 件", anchor.cases)),
            ("当日核对不符", findings),
        ];
        for person in recipients::everywhere_with_role(db, Role::Auditor)? {
            let notice = Notice {
                person: &person.display_name,
                to: &person.email,
                title: &format!("记录锚定 {}", anchor.day),
                lead: "这是当日全部新增记录的锚定值。请妥善保存本邮件：数据库即使被整体改写，也与这一行不符。",
                facts: &facts,
                quote: Some(("锚定值（原样保存）", line)),
                next_steps: &["需要核对时，将各日的锚定值逐行存为文件，执行 gongkai audit verify --anchors 文件"],
                reason: "您是审计人员",
            };
            let rendered = match self.templates().notice(&notice, &from, Uuid::now_v7(), self.clock().now().0) {
                Ok(rendered) => rendered,
                // An invalid address must not stop the anchor.
                Err(cause) => {
                    tracing::warn!(%cause, "the anchor cannot be mailed to an auditor");
                    continue;
                }
            };
            let mail = NewMail {
                dedupe_key: format!("anchor/{}/{}", anchor.day, person.user_id.0),
                organ_id: None,
                case_id: None,
                recipient_id: Some(person.user_id),
                to_address: person.email.clone(),
                subject: rendered.subject,
                message_id: rendered.message_id,
                message: rendered.bytes,
                not_before: opens,
                not_after: None,
            };
            outbox::enqueue(db, &mail)?;
        }
        Ok(())
    }
}
