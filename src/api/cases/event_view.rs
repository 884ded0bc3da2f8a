//! An event of the log of a case. Personal data is masked.

use crate::case::late_mark;
use crate::office::Word;
use crate::office::cases::queries::LoggedEvent;
use crate::store::database::seal::mask_signatory;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// 不能更正的原因
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotAmendable {
    /// 代码
    pub code: String,
    /// 原因和办法
    pub detail: String,
}

/// 办理过程中的一步
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    /// 序号
    pub seq: i32,
    /// 种类
    pub kind: Word,
    /// 发生日期
    pub on: NaiveDate,
    /// 登记时间
    pub recorded_at: DateTime<Utc>,
    /// 登记人
    pub actor_id: Option<Uuid>,
    /// 内容；`v` 是记录格式的版本
    #[schema(value_type = Object)]
    pub body: Value,
    /// 所属一步第一条的序号，更正时以此指明
    pub step: i32,
    /// 是否有效；更正中作废的为 false
    pub is_effective: bool,
    /// 更正后的内容；没有更正的为空
    #[schema(value_type = Option<Object>)]
    pub now: Option<Value>,
    /// 更正过它的各次更正的编号
    pub amended_by: Vec<u16>,
    /// 本人能否更正这一步
    pub amendable: bool,
    /// 不能更正的原因
    pub not_amendable: Option<NotAmendable>,
    /// 登记比发生晚几个工作日；三个以内的、导入台账的、系统登记的为空
    pub late_by: Option<u32>,
    /// 补录的标记：补录，晚N个工作日
    pub recorded_late: Option<String>,
    /// 本案第几次登记：一次登记的几步同号
    pub entry: i32,
    /// 内容的加盐摘要（SHA-256，十六进制）
    pub digest: String,
    /// 前一步的哈希
    pub prev_hash: String,
    /// 本步的哈希
    pub hash: String,
}

/// What a reader sees of an event that only a newer release can read.
const OF_NEWER_RELEASE: &str = "由较新版本登记，本版本不能显示";

impl From<LoggedEvent> for EventView {
    /// An event of the log. Masks the signatory of a service proof. Without its event the payload is not shown, because this
    /// release does not know what in it is personal data.
    fn from(logged: LoggedEvent) -> Self {
        let LoggedEvent { row, event, step, is_effective, amended_by, amendable, now, late_by } = logged;
        let read = event.as_ref().and_then(|_| serde_json::from_str(&row.body).ok());
        let mut body: Value = read.unwrap_or_else(|| serde_json::json!({}));
        mask_signatories(&mut body);
        let mut now: Option<Value> = now
            .and_then(|event| crate::case::log::encode(&event).ok())
            .and_then(|body| serde_json::from_str(&body).ok());
        now.as_mut().map(mask_signatories).unwrap_or_default();
        Self {
            seq: row.seq,
            kind: event.map_or_else(
                || Word::stored(&row.kind, OF_NEWER_RELEASE),
                |event| Word::of(event.kind(), event.label()),
            ),
            on: row.occurred_on,
            recorded_at: row.recorded_at.0,
            actor_id: row.actor_id.map(|id| id.0),
            body,
            step,
            is_effective,
            now,
            amended_by,
            amendable: amendable.is_ok(),
            not_amendable: amendable.err().map(|why| NotAmendable { code: why.code.to_owned(), detail: why.detail }),
            late_by,
            recorded_late: late_by.map(late_mark),
            entry: row.entry,
            digest: hex::encode(row.digest),
            prev_hash: hex::encode(row.prev_hash),
            hash: hex::encode(row.hash),
        }
    }
}

/// Masks every signatory in a payload, those in amendments too.
fn mask_signatories(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(signatory) if name == "signatory" => *signatory = mask_signatory(signatory),
                    other => mask_signatories(other),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(mask_signatories),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
