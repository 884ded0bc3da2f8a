//! Views of the replies of a case.

use super::view::OutcomeView;
use crate::case::{EarlierReply, Reply};
use crate::office::Word;
use crate::store::database::seal::mask_signatory;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

/// 发出以后不再作数的答复及其处理结果
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EarlierReplyView {
    /// 答复：文号、落款日期、发出和送达
    pub reply: Reply,
    /// 当时的处理结果
    pub outcome: OutcomeView,
    /// 为何不再作数：revoked 本机关自行撤销，ordered 法院、复议机关责令重新答复
    pub set_aside_by: Word,
    /// 撤销的日期，判决、决定的日期
    pub set_aside_on: NaiveDate,
    /// 自行撤销的理由
    pub reason: Option<String>,
}

impl EarlierReplyView {
    /// The view of an earlier reply, the signatory masked.
    #[must_use]
    pub fn new(earlier: &EarlierReply) -> Self {
        let set_aside_by = match earlier.revoked_because {
            Some(_) => Word::of("revoked", "本机关自行撤销"),
            None => Word::of("ordered", "责令重新答复"),
        };
        Self {
            reply: masked_reply(earlier.reply.clone()),
            outcome: OutcomeView::from(earlier.outcome),
            set_aside_by,
            set_aside_on: earlier.set_aside_on,
            reason: earlier.revoked_because.clone(),
        }
    }
}

/// Masks the signatory of the reply, except the relation to the applicant. The `reveal` route shows the name.
#[must_use]
pub fn masked_reply(mut reply: Reply) -> Reply {
    if let Some(proof) = &mut reply.proof {
        proof.signatory = proof.signatory.as_deref().map(mask_signatory);
    }
    reply
}
