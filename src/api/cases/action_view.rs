//! What a caller may do in a case, and what is blocked, each with its reason.

use crate::case::{Action, AmendmentKind};
use crate::office::Word;
use crate::office::cases::amendments::{Amending, WORKING_RULES};
use crate::office::cases::applicants::correction::ARTICLE as CORRECTION_ARTICLE;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// 本人接下来可以办理的事
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActionView {
    /// 操作
    pub command: Word,
    /// 应在哪一日前办理
    pub until: Option<NaiveDate>,
    /// 依据
    pub article: String,
    /// 提交的地址
    pub href: String,
}

impl ActionView {
    fn of_amending(case_id: Uuid, amending: Amending) -> Self {
        let confirmation = |number: u16| format!("amendments/{number}/confirmation");
        let (code, label, segment) = match amending {
            Amending::CorrectApplicant => ("correct_applicant", "更正申请人信息", "applicant".to_owned()),
            Amending::Amend => ("amend", "更正记录", "amendments".to_owned()),
            Amending::Confirm(number, kind) => ("confirm_amendment", to_confirm(kind), confirmation(number)),
            Amending::TakeBack(number, kind) => ("take_back_amendment", to_take_back(kind), confirmation(number)),
        };
        Self {
            command: Word::of(code, label),
            until: None,
            article: if amending == Amending::CorrectApplicant { CORRECTION_ARTICLE } else { WORKING_RULES }.to_owned(),
            href: format!("/api/v1/cases/{case_id}/{segment}"),
        }
    }
}

/// What the leader does about one that waits.
const fn to_confirm(kind: AmendmentKind) -> &'static str {
    match kind {
        AmendmentKind::Amendment => "确认更正",
        AmendmentKind::Void => "确认作废",
        AmendmentKind::Revocation => "确认撤销原答复",
    }
}

/// What its asker may do about one that waits.
const fn to_take_back(kind: AmendmentKind) -> &'static str {
    match kind {
        AmendmentKind::Amendment => "收回提请的更正",
        AmendmentKind::Void => "收回提请的作废",
        AmendmentKind::Revocation => "收回提请的撤销原答复",
    }
}

/// 目前不能办理的事及原因
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BlockedView {
    /// 操作
    pub command: Word,
    /// 原因代码
    pub code: String,
    /// 依据
    pub article: Option<String>,
    /// 原因
    pub detail: String,
}

/// 可以与不能办理的事
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActionsView {
    /// 可以办理
    pub allowed: Vec<ActionView>,
    /// 目前不能办理
    pub blocked: Vec<BlockedView>,
}

impl ActionsView {
    /// The actions of a case, each with its path.
    #[must_use]
    pub fn new(case_id: Uuid, actions: Vec<Action>, amending: &[Amending]) -> Self {
        let mut view = Self { allowed: Vec::new(), blocked: Vec::new() };
        view.allowed.extend(amending.iter().map(|amending| ActionView::of_amending(case_id, *amending)));
        for action in actions {
            let command = Word::of(action.command.code(), action.command.label());
            match action.permit {
                Ok(permit) => view.allowed.push(ActionView {
                    command,
                    until: permit.until,
                    article: permit.article.to_owned(),
                    href: crate::api::cases::commands::href(case_id, action.command),
                }),
                Err(refusal) => view.blocked.push(BlockedView {
                    command,
                    code: refusal.code.to_owned(),
                    article: refusal.article.map(str::to_owned),
                    detail: refusal.detail,
                }),
            }
        }
        view
    }
}
