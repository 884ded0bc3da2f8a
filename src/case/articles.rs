//! The articles the state machine refuses or allows on. Outcomes carry their own articles in `law::outcome`.

use crate::law::{CORRECTION_PAUSE_ARTICLE, ConsultationKind, Regime};

/// What counts as the day of receipt.
pub const RECEIPT: &str = "《条例》第三十一条；国办公开办函〔2015〕207号";
/// What counts as the day of receipt under Order 492.
pub const RECEIPT_492: &str = "《条例》（2007年）第二十四条；国办公开办函〔2015〕207号";
/// Registration, review, handling, reply and filing as working rules.
pub const WORKING_RULES: &str = "《条例》第四十五条";
/// The office's own working rules under Order 492, which says nothing of them.
pub const WORKING_RULES_492: &str = "机关内部工作制度";
/// One single correction notice within seven working days.
pub const CORRECTION: &str = "《条例》第三十条";
/// Under Order 492 asking for a change is a reply.
pub const CORRECTION_492: &str = "《条例》（2007年）第二十一条第（四）项";
/// Third parties.
pub const THIRD_PARTY: &str = "《条例》第三十二条";
/// Third parties under Order 492.
pub const THIRD_PARTY_492: &str = "《条例》（2007年）第二十三条";
/// The reply period, its extension, and the time of consultations.
pub const REPLY_PERIOD: &str = "《条例》第三十三条";
/// The reply period under Order 492.
pub const REPLY_PERIOD_492: &str = "《条例》（2007年）第二十四条";
/// Joint producers.
pub const JOINT_PRODUCER: &str = "《条例》第三十四条";
/// Secrecy review and reference to the secrecy authority.
pub const SECRECY: &str = "《条例》第十七条";
/// Secrecy review under Order 492.
pub const SECRECY_492: &str = "《条例》（2007年）第十四条";
/// Excessive requests.
pub const EXCESSIVE: &str = "《条例》第三十五条";
/// The replies.
pub const REPLIES: &str = "《条例》第三十六条";
/// Information-processing fee.
pub const FEE: &str = "《条例》第四十二条；《政府信息公开信息处理费管理办法》（国办函〔2020〕109号）";
/// Fee notice and payment.
pub const FEE_PAYMENT: &str = "《政府信息公开信息处理费管理办法》（国办函〔2020〕109号）第六条";
/// Service of decisions.
pub const SERVICE: &str = "国办公开办函〔2016〕235号";
/// What proves the service of a letter or of what is handed over.
pub const PROOF: &str = "国办公开办函〔2016〕235号第一条、第四条";
/// What proves that a message arrived.
pub const ELECTRONIC_PROOF: &str = "国办公开办函〔2016〕235号第四条（参照）；《条例》第四十条";
/// Splitting an application of several requests.
pub const SPLIT: &str = "国办发〔2010〕5号（一事一申请）";
/// Reconsideration and litigation.
pub const REMEDY: &str = "《条例》第五十一条";
/// Reconsideration and litigation under Order 492.
pub const REMEDY_492: &str = "《条例》（2007年）第三十三条";
/// Withdrawal: no national rule, the project's reading C-18.
pub const WITHDRAWAL: &str = "撤回无全国性规定，按答复发出前可书面撤回办理";
/// The information already exists: nothing has to be processed.
pub const SEARCH: &str = "《条例》第三十六条第（四）项；指导案例101号";
/// The replies under Order 492.
pub const REPLIES_492: &str = "《条例》（2007年）第二十一条";
/// 督办 inside an organ: part of its own working rules.
pub const SUPERVISION_WITHIN: &str = "《条例》第四十五条（工作制度）";
/// 督办 by an organ above.
pub const SUPERVISION_FROM_ABOVE: &str = "《条例》第四十七条第一款（监督检查）";

/// The article as the Order of the case has it.
#[must_use]
pub fn under(article: &'static str, regime: Option<Regime>) -> &'static str {
    if regime != Some(Regime::Order492) {
        return article;
    }
    match article {
        RECEIPT => RECEIPT_492,
        REPLY_PERIOD => REPLY_PERIOD_492,
        WORKING_RULES => WORKING_RULES_492,
        THIRD_PARTY => THIRD_PARTY_492,
        CORRECTION => CORRECTION_PAUSE_ARTICLE,
        SECRECY => SECRECY_492,
        REMEDY => REMEDY_492,
        REPLIES | SEARCH => REPLIES_492,
        other => other,
    }
}

/// What consulting on an opinion, and waiting for it, rests on.
#[must_use]
pub fn of_consultation(kind: ConsultationKind, regime: Option<Regime>) -> &'static str {
    let article = match kind {
        ConsultationKind::ThirdParty => THIRD_PARTY,
        ConsultationKind::JointProducer if regime == Some(Regime::Order492) => WORKING_RULES,
        ConsultationKind::JointProducer => JOINT_PRODUCER,
        ConsultationKind::OtherOrgan => REPLY_PERIOD,
        ConsultationKind::SecrecyAuthority => SECRECY,
    };
    under(article, regime)
}

/// The first day the Regulations were in force (Order 492).
pub const FIRST_DAY_IN_FORCE: chrono::NaiveDate = match chrono::NaiveDate::from_ymd_opt(2008, 5, 1) {
    Some(day) => day,
    None => chrono::NaiveDate::MIN,
};
