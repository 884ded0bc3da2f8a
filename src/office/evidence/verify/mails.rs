//! Mails: the columns against the state and the bytes; and the figures over all history.

use super::{Checker, PAGE};
use crate::office::OfficeError;
use crate::office::calendar::self_check::plain;
use crate::office::evidence::finding::{Finding, FindingKind};
use crate::store::evidence::checks::{self, MailRow};
use crate::store::mail::outbox::MailState;
use crate::store::{Db, OutboxId, Ts};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashSet;

impl Checker<'_> {
    pub(super) fn mails(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let first_answer = checks::first_answer(db)?;
        let mut after = None;
        loop {
            let page = checks::mails(db, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let ids: Vec<OutboxId> = page.iter().map(|row| row.id).collect();
            let accepted: HashSet<OutboxId> = checks::accepted(db, &ids)?.into_iter().collect();
            for row in &page {
                self.verified.mails += 1;
                self.mail_state(row, accepted.contains(&row.id), first_answer);
                self.mail_bytes(row);
            }
        }
        for (name, (stored, counted)) in checks::tallies(db)? {
            if stored != counted {
                let finding = Finding::new(FindingKind::Tally, "tallies").on(name);
                self.note(finding.says(stored.to_string(), counted.to_string()));
            }
        }
        Ok(())
    }

    fn mail_state(&mut self, row: &MailRow, is_accepted: bool, first_answer: Option<Ts>) {
        let mut wrong = |what: &str, written: String, expected: &str| {
            let finding = Finding::new(FindingKind::MailState, "outbox").of(row.id.0).on(what);
            self.note(finding.says(written, expected));
        };
        let Some(state) = MailState::from_code(&row.state) else {
            wrong("state", row.state.clone(), "queued / sending / sent / parked / cancelled");
            return;
        };
        let is_sent = state == MailState::Sent;
        if is_sent != row.sent_at.is_some() {
            let written = row.sent_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            wrong("sent_at", written, if is_sent { "送出的时间" } else { "-" });
        }
        if row.attempts < i32::from(is_sent || state == MailState::Sending) {
            wrong("attempts", row.attempts.to_string(), "至少 1");
        }
        let is_leased = state == MailState::Sending;
        if is_leased != row.lease_owner.is_some() || is_leased != row.lease_until.is_some() {
            let written = format!("{} {}", plain(&row.lease_owner), plain(&row.lease_until.map(|at| at.to_string())));
            wrong("lease_owner", written, if is_leased { "发送者" } else { "-" });
        }
        // Answers are stored since migration 3. A mail sent before has none.
        let has_answers = row.sent_at.is_none_or(|sent| first_answer.is_some_and(|first| first <= sent));
        if is_sent != is_accepted && has_answers {
            let written = if is_accepted { "服务器已接受" } else { "没有服务器接受的答复" };
            wrong("state", format!("{}，{written}", row.state), if is_accepted { "sent" } else { "queued" });
        }
        let is_withdrawn = state == MailState::Cancelled;
        let suffix = format!("/withdrawn/{}", row.id.0);
        if is_withdrawn != row.dedupe_key.ends_with(&suffix) {
            wrong("dedupe_key", row.dedupe_key.clone(), if is_withdrawn { suffix.as_str() } else { "-" });
        }
    }

    fn mail_bytes(&mut self, row: &MailRow) {
        let mut wrong = |what: &str, written: String, expected: &str| {
            let finding = Finding::new(FindingKind::MailBytes, "outbox").of(row.id.0).on(what);
            self.note(finding.says(written, expected));
        };
        let is_settled = [MailState::Sent.code(), MailState::Cancelled.code()].contains(&row.state.as_str());
        match &row.message_sha256 {
            None if row.message.is_empty() => wrong("message", "-".to_owned(), "邮件内容或者其摘要"),
            None => {
                for (what, text) in [("to_address", &row.to_address), ("message_id", &row.message_id)] {
                    let is_plain = text.is_ascii() && !text.is_empty();
                    if is_plain && !row.message.windows(text.len()).any(|part| part == text.as_bytes()) {
                        wrong(what, text.clone(), "邮件内容中的");
                    }
                }
            }
            Some(stored) => {
                let computed = hex::encode(digest(&SHA256, &row.message));
                if !row.message.is_empty() && *stored != computed {
                    wrong("message_sha256", stored.clone(), &computed);
                }
                if !is_settled {
                    wrong("message", "-".to_owned(), "未送出的邮件应有内容");
                }
                if stored.len() != 64 || !stored.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    wrong("message_sha256", stored.clone(), "SHA-256");
                }
            }
        }
    }
}
