//! Views of the amendments of a case.

use crate::case::CaseAmendment;
use crate::office::Word;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// 一次更正，或者由机关负责人确认的作废、撤销原答复
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AmendmentView {
    /// 第几次，从1起
    pub number: u16,
    /// 更正、作废、撤销原答复
    pub kind: Word,
    /// 待确认、已生效、未生效
    pub status: Word,
    /// 提请或者生效的日期
    pub on: NaiveDate,
    /// 提请人
    pub asked_by: Uuid,
    /// 理由
    pub reason: String,
    /// 证明材料
    pub evidence: Option<String>,
    /// 更正的各步；作废、撤销原答复的为空
    pub seqs: Vec<i32>,
    /// 撤销原答复的日期
    pub revoked_on: Option<NaiveDate>,
    /// 须由机关负责人确认的原因；不须确认的为空
    pub because: Vec<Word>,
    /// 确认的机关负责人
    pub confirmed_by: Option<Uuid>,
    /// 机关负责人的意见
    pub comment: Option<String>,
}

impl From<&CaseAmendment> for AmendmentView {
    fn from(amendment: &CaseAmendment) -> Self {
        Self {
            number: amendment.number,
            kind: Word::of(amendment.kind().code(), amendment.kind().label()),
            status: Word::of(amendment.status.code(), amendment.status.label()),
            on: amendment.on,
            asked_by: amendment.asked_by,
            reason: amendment.reason.clone(),
            evidence: amendment.evidence.clone(),
            seqs: amendment.seqs.clone(),
            revoked_on: amendment.revoked_on,
            because: amendment.because.iter().map(|cause| Word::of(cause.code(), cause.label())).collect(),
            confirmed_by: amendment.confirmed_by,
            comment: amendment.comment.clone(),
        }
    }
}
