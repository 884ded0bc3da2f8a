//! Undoing an import: the cases that nobody has worked on since become void, the others are listed.

use crate::case::{AuditAction, Event, Stage};
use crate::office::cases::case_file::written;
use crate::office::people::reason;
use crate::office::{Caller, Ledgers, OfficeError};
use crate::store::cases::obligations;
use crate::store::cases::{self, CaseRow, events};
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::ledger::imports::{self, ImportRow};
use crate::store::{CaseId, Db, ImportId, OrganId, StoreError, Ts, UserId, reminders};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Cases made void at once.
const PAGE: i64 = 500;
/// The most cases that an answer lists.
const MOST_LISTED: usize = 1_000;

/// 未作废的一件：导入以后已有办理记录
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeptCase {
    /// 案件标识
    pub case_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 标题
    pub title: String,
    /// 环节
    pub stage: String,
}

/// 撤销一次导入的结果
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LedgerUndo {
    /// 导入的标识
    pub import_id: ImportId,
    /// 作废的案件
    pub voided: usize,
    /// 撤回的待发邮件
    pub mails_withdrawn: usize,
    /// 未作废的案件：导入以后已有办理记录，请逐件作废
    pub kept_total: usize,
    /// 其中至多1000件
    pub kept: Vec<KeptCase>,
}

/// What an undo writes with.
struct Undo<'a> {
    reason: &'a str,
    actor: Option<UserId>,
    at: Ts,
}

impl Ledgers<'_> {
    /// Undoes an import: each case of it that has nothing in its log but what the import wrote becomes void, and its row of
    /// the ledger can be imported again. `caller` is `None` for the command line. One transaction.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ has no such import; [`OfficeError::Conflict`] if it was undone before;
    /// [`OfficeError::Invalid`] for the reason; [`OfficeError::Stale`] if a case is worked on at the same time.
    pub fn undo_import(
        &self,
        caller: Option<&Caller>,
        organ: OrganId,
        import: ImportId,
        reason: &str,
    ) -> Result<LedgerUndo, OfficeError> {
        let reason = reason::given("/reason", reason, "撤销导入", "导错机关")?;
        self.store().write(|db| {
            let row = imports::lock(db, organ, import)?;
            not_undone(&row)?;
            let undo = Undo { reason, actor: caller.map(|caller| caller.user_id), at: self.clock().recorded_at() };
            let mut done = LedgerUndo { import_id: import, voided: 0, mails_withdrawn: 0, kept_total: 0, kept: Vec::new() };
            let mut after = None;
            loop {
                let page = imports::cases_of(db, import, after, PAGE)?;
                let Some((last, _)) = page.last() else { break };
                after = Some(last.id);
                self.undo_page(db, organ, page, &undo, &mut done)?;
            }
            if done.voided == 0 {
                let detail = "这次导入的案件都已有办理记录，或者已经作废、移交，没有可以撤销的；误录的请逐件作废";
                return Err(OfficeError::Refused {
                    code: "nothing_to_undo".into(),
                    article: None,
                    detail: detail.into(),
                    errors: Vec::new(),
                });
            }
            imports::undone(db, import, undo.actor, undo.at, reason)?;
            let detail = serde_json::json!({ "import": import.0, "voided": done.voided, "kept": done.kept_total, "reason": reason });
            let entry = NewAudit {
                actor_id: undo.actor,
                organ_id: Some(organ),
                case_id: None,
                action: AuditAction::ImportUndone,
                detail: &detail.to_string(),
            };
            match caller {
                Some(caller) => self.service().note_from(db, &caller.origin, entry)?,
                None => drop(audit::append(db, entry, undo.at)?),
            }
            Ok(done)
        })
    }

    fn undo_page(
        &self,
        db: &mut Db,
        organ: OrganId,
        page: Vec<(CaseRow, Option<i64>)>,
        undo: &Undo<'_>,
        done: &mut LedgerUndo,
    ) -> Result<(), OfficeError> {
        let is_untouched =
            |(row, imported): &(CaseRow, Option<i64>)| row.organ_id == organ && *imported == Some(row.version);
        let (untouched, touched): (Vec<_>, Vec<_>) = page.into_iter().partition(is_untouched);
        for (row, _) in touched.into_iter().filter(|(row, _)| row.stage != Stage::Void.code()) {
            done.kept_total += 1;
            if done.kept.len() < MOST_LISTED {
                let stage = Stage::from_code(&row.stage).map_or("", Stage::label).to_owned();
                done.kept.push(KeptCase { case_id: row.id.0, number: row.number, title: row.title, stage });
            }
        }
        let ids: Vec<CaseId> = untouched.iter().map(|(row, _)| row.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let ends: Vec<(CaseId, i64)> = untouched.iter().map(|(row, _)| (row.id, row.version)).collect();
        let event =
            Event::Voided {
                on: self.clock().today(), reason: format!("撤销导入：{}", undo.reason), replaced_by: None
            };
        let event = written(&[event])?.pop().ok_or_else(|| OfficeError::Internal("nothing to write".into()))?;
        events::append_to_each(db, &ends, &event, undo.actor, undo.at).map_err(|error| match error {
            StoreError::Conflict => OfficeError::Stale,
            other => other.into(),
        })?;
        cases::make_void(db, &ids, undo.at)?;
        obligations::cancel_all(db, &ids, undo.at)?;
        imports::give_up(db, &ids, undo.at)?;
        let mut withdrawn = 0;
        for key in &reminders::mails_about_any(db, &ids)? {
            withdrawn += usize::from(reminders::withdraw(db, key)?.is_some());
        }
        if withdrawn > 0 {
            reminders::pass_again(db, self.clock().today())?;
        }
        done.voided += ids.len();
        done.mails_withdrawn += withdrawn;
        Ok(())
    }
}

fn not_undone(row: &ImportRow) -> Result<(), OfficeError> {
    if row.undone_at.is_none() {
        return Ok(());
    }
    Err(OfficeError::Conflict { code: "already_undone".into(), detail: "这次导入已经撤销".into() })
}
