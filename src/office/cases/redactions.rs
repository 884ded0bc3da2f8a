//! Erasing a text from the log of a case, and from everything that was made of it.
//!
//! The payload loses the text, the chain keeps its digest, and an event records who erased what and why. Rows, lists and
//! exports follow from the log. Copies are followed one by one: mails, and the answers kept for repeated requests.

use crate::case::redaction::{ERASED, RedactionFault, redacted};
use crate::case::{AuditAction, Event, Role};
use crate::office::cases::case_file::{CaseFile, folded};
use crate::office::cases::queries::Shown;
use crate::office::people::access::{Readmitted, readmit};
use crate::office::people::reason;
use crate::office::{Caller, Cases, OfficeError, Unread};
use crate::store::evidence::audit::NewAudit;
use crate::store::mail::outbox;
use crate::store::people::access::Thing;
use crate::store::service::{idempotency, meta};
use crate::store::{CaseId, Db, UserId, cases::events, cases::events::EventRow, reminders};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The roles that may erase a text.
pub const REDACTORS: &[Role] = &[Role::OfficeHead];

/// The key in `meta` that asks for the SQLite file to be written anew, because erased texts may be left in free pages.
const SCRUB_DUE: &str = "evidence.scrub_due";

/// 删除一处文字
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// 在第几步记录中（办理过程的 `seq`）
    #[schema(minimum = 1)]
    pub seq: i32,
    /// 该步 `body` 中的位置，JSON 指针（RFC 6901），例如 `/title`
    #[schema(max_length = 200)]
    pub pointer: String,
    /// 理由，将被记录；不要写入被删除的文字
    #[schema(max_length = 200)]
    pub reason: String,
}

/// What became of the mails and kept answers that held an erased text. Goes into the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Erased {
    /// Mails that waited and are written anew.
    withdrawn_mails: usize,
    /// Mails that are being sent or may have arrived. They cannot be called back.
    mails_left: usize,
    /// Answers kept for repeated requests.
    answers: usize,
}

impl Cases<'_> {
    /// Erases a text of an event. `expected` is the version the caller saw. `show` builds the answer from the case after
    /// it, in the same transaction.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] if the version differs; [`OfficeError::Invalid`] if the event or the text does not exist, is
    /// no free text, or was erased before, and for a missing reason; [`OfficeError::NotFound`] if the caller has no access
    /// to the case; [`OfficeError::Unreadable`] if a newer release wrote the event.
    pub fn redact<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        redaction: &Redaction,
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        let reason = reason::checked("/reason", &redaction.reason, "删除文字", "标题中误录了证件号码")?;
        let shown = self.store().write(|db| {
            let Readmitted { caller, authority, seat } = readmit(db, caller, Thing::Case(id))?;
            if !authority.has_any(REDACTORS) {
                return Err(OfficeError::RoleRequired { roles: REDACTORS.to_vec() });
            }
            let file = self.lock_file_at(db, id, seat)?;
            if file.row.version != expected {
                return Err(OfficeError::Stale);
            }
            let (file, texts) = self.erase(db, caller.user_id, file, redaction, reason)?;
            let erased = self.erase_copies(db, id, &texts)?;
            meta::set(db, SCRUB_DUE, "yes")?;
            let detail = serde_json::json!({ "seq": redaction.seq, "pointer": redaction.pointer, "erased": erased });
            let entry = NewAudit {
                actor_id: Some(caller.user_id),
                organ_id: Some(file.row.organ_id),
                case_id: Some(id),
                action: AuditAction::CaseRedacted,
                detail: &detail.to_string(),
            };
            self.service().note_from(db, &caller.origin, entry)?;
            show(&self.shown_whole(db, &caller, &authority.roles, file)?)
        })?;
        if let Err(error) = self.scrub_if_due() {
            tracing::warn!(%error, "the database file was not written anew after an erasure; the night repeats it");
        }
        Ok(shown)
    }

    /// Replaces the payload and records it. Returns the case after it, and the texts.
    fn erase(
        &self,
        db: &mut Db,
        actor: UserId,
        mut file: CaseFile,
        redaction: &Redaction,
        reason: &str,
    ) -> Result<(CaseFile, Vec<String>), OfficeError> {
        let id = file.row.id;
        let mut log = events::load(db, id)?;
        let place = log.iter_mut().find(|row| row.seq == redaction.seq);
        let row = place.ok_or_else(|| OfficeError::invalid("/seq", "unknown_event", "本案没有这一步记录"))?;
        let done = redacted(&row.kind, &row.body, &redaction.pointer).map_err(|fault| refused(fault, id, row.seq))?;
        if done.texts.iter().any(|text| repeats(reason, text)) {
            let detail = "理由中重复了要删除的文字，而理由会被记录、不能删除：请换一种说法";
            return Err(OfficeError::invalid("/reason", "repeats_text", detail));
        }
        row.body = done.payload;
        let digest = events::overwrite(db, id, row.seq, &row.body)?;
        let event = Event::Redacted {
            on: self.clock().today(),
            seq: redaction.seq,
            pointer: redaction.pointer.clone(),
            reason: reason.to_owned(),
            digest,
        };
        let mut events = vec![event];
        events.extend(self.erase_from_amendments(db, &mut log, redaction.seq, &done.texts, reason)?);
        file.case = folded(&log)?;
        file.row.title.clone_from(&file.case.intake.title);
        Ok((self.commit(db, file, &events, Some(actor))?, done.texts))
    }

    /// Erases the texts from the amendments too: each of them carries on what an earlier one said of a step, and a list as a
    /// whole. Returns an event for each place.
    fn erase_from_amendments(
        &self,
        db: &mut Db,
        log: &mut [EventRow],
        but: i32,
        texts: &[String],
        reason: &str,
    ) -> Result<Vec<Event>, OfficeError> {
        let mut events = Vec::new();
        for row in log.iter_mut().filter(|row| row.seq != but && AMENDMENTS.contains(&row.kind.as_str())) {
            let read: Value = serde_json::from_str(&row.body).map_err(|error| {
                OfficeError::unreadable(format!("event {} of case {}: {error}", row.seq, row.case_id.0))
            })?;
            for pointer in places_of(&read, texts) {
                let Ok(done) = redacted(&row.kind, &row.body, &pointer) else { continue };
                row.body = done.payload;
                let digest = events::overwrite(db, row.case_id, row.seq, &row.body)?;
                let on = self.clock().today();
                events.push(Event::Redacted { on, seq: row.seq, pointer, reason: reason.to_owned(), digest });
            }
        }
        Ok(events)
    }

    fn erase_copies(&self, db: &mut Db, id: CaseId, texts: &[String]) -> Result<Erased, OfficeError> {
        let (withdrawn_mails, mails_left) = self.erase_from_mails(db, id, texts)?;
        let mut answers = 0;
        for text in texts {
            answers += idempotency::replace_text(db, id, text, ERASED)?;
        }
        Ok(Erased { withdrawn_mails, mails_left, answers })
    }

    /// Erases texts from the mails about a case. Those that wait are withdrawn, and the next pass writes them anew.
    /// Returns how many were withdrawn and how many can no longer be.
    fn erase_from_mails(&self, db: &mut Db, id: CaseId, texts: &[String]) -> Result<(usize, usize), OfficeError> {
        let reminders = reminders::mails_about(db, id)?;
        let mails = outbox::about(db, id, &reminders)?;
        let mut withdrawn = 0;
        for key in &reminders {
            withdrawn += usize::from(reminders::withdraw(db, key)?.is_some());
        }
        let left = outbox::erase(db, &mails, texts, ERASED)?;
        let mut stay = 0;
        for key in left {
            if outbox::withdraw(db, &key)? { withdrawn += 1 } else { stay += 1 }
        }
        // Of what was just withdrawn only the digest stays too.
        outbox::erase(db, &mails, texts, ERASED)?;
        if withdrawn > 0 {
            reminders::pass_again(db, self.clock().today())?;
        }
        Ok((withdrawn, stay))
    }

    /// Withdraws the waiting mails about a case. The next pass writes anew those that are still due. Returns how many.
    pub(in crate::office) fn withdraw_mails(&self, db: &mut Db, id: CaseId) -> Result<usize, OfficeError> {
        let mut withdrawn = 0;
        for key in &reminders::mails_about(db, id)? {
            withdrawn += usize::from(reminders::withdraw(db, key)?.is_some());
        }
        if withdrawn > 0 {
            reminders::pass_again(db, self.clock().today())?;
        }
        Ok(withdrawn)
    }

    /// Writes the SQLite file anew if a text was erased since that was last done, so that free pages hold nothing of it.
    /// Does nothing on PostgreSQL, which reuses the space.
    ///
    /// # Errors
    /// [`OfficeError`] of the database: another process holds it, or the disk is full. It stays due.
    pub fn scrub_if_due(&self) -> Result<(), OfficeError> {
        if self.store().read(|db| meta::get(db, SCRUB_DUE))?.is_none() {
            return Ok(());
        }
        self.store().scrub()?;
        Ok(self.store().write(|db| meta::remove(db, SCRUB_DUE))?)
    }
}

/// The kinds of events that repeat what other events say.
const AMENDMENTS: [&str; 2] = ["amended", "amendment_proposed"];

/// The JSON pointers to the strings of a value that are one of these texts.
fn places_of(value: &Value, texts: &[String]) -> Vec<String> {
    match value {
        Value::String(text) if texts.contains(text) => vec![String::new()],
        Value::Object(members) => {
            let inside = |(name, member): (&String, &Value)| {
                let name = name.replace('~', "~0").replace('/', "~1");
                places_of(member, texts).into_iter().map(move |rest| format!("/{name}{rest}"))
            };
            members.iter().flat_map(inside).collect()
        }
        Value::Array(elements) => {
            let inside = |(place, element): (usize, &Value)| {
                places_of(element, texts).into_iter().map(move |rest| format!("/{place}{rest}"))
            };
            elements.iter().enumerate().flat_map(inside).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Characters in a row by which a reason repeats a text: as short as the part of an identity number that tells a person.
const REPEATED_CHARS: usize = 6;

/// Whether the reason repeats a part of the text, or all of a short one.
pub(super) fn repeats(reason: &str, text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    !letters.is_empty()
        && letters
            .windows(REPEATED_CHARS.min(letters.len()))
            .any(|part| reason.contains(&part.iter().collect::<String>()))
}

fn refused(fault: RedactionFault, case: CaseId, seq: i32) -> OfficeError {
    let at_pointer = |code: &'static str, detail: &str| OfficeError::invalid("/pointer", code, detail);
    match fault {
        RedactionFault::NoText => at_pointer(
            "no_text",
            "这个位置没有文字：应为该步 body 中一段文字的 JSON 指针，例如 /title、/request、/proposal/reasons",
        ),
        RedactionFault::NotFreeText => {
            at_pointer("not_free_text", "日期、代码、编号和文号不能删除：期限和统计以它们为准；只能删除自由填写的文字")
        }
        RedactionFault::Erased => at_pointer("already_erased", "这段文字已经删除"),
        RedactionFault::Newer => OfficeError::Unreadable(Unread::Newer { case: case.0, seq }),
        RedactionFault::Malformed => OfficeError::unreadable(format!("event {seq} of case {}", case.0)),
    }
}
