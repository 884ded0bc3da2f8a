//! The day an application counts as received: rules R1 to R4c (Order 711, Art. 31; 国办公开办函〔2015〕207号; 指导案例26号).

use super::regime::Regime;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How an application came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// 当面.
    InPerson,
    /// 签收邮件 (EMS, 挂号).
    RegisteredMail,
    /// 平信: without a signature.
    OrdinaryMail,
    /// 网站、平台.
    Online,
    /// 电子邮箱.
    Email,
    /// 传真.
    Fax,
    /// 口头，由工作人员代填.
    Oral,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 7] =
        [Self::InPerson, Self::RegisteredMail, Self::OrdinaryMail, Self::Online, Self::Email, Self::Fax, Self::Oral];

    /// The code used in rows and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::RegisteredMail => "registered_mail",
            Self::OrdinaryMail => "ordinary_mail",
            Self::Online => "online",
            Self::Email => "email",
            Self::Fax => "fax",
            Self::Oral => "oral",
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::InPerson => "当面",
            Self::RegisteredMail => "签收邮件",
            Self::OrdinaryMail => "平信",
            Self::Online => "网站",
            Self::Email => "电子邮箱",
            Self::Fax => "传真",
            Self::Oral => "口头",
        }
    }

    /// The channel of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }
}

/// What is known of how an application reached the organ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptFacts {
    /// How it came in.
    pub channel: Channel,
    /// It was sent to a unit or person other than the disclosure office (R3).
    pub misdirected: bool,
    /// The applicant handed it in, sent it, or pressed the button.
    pub submitted_on: NaiveDate,
    /// It really reached the disclosure office, its mailbox or its machine.
    pub arrived_on: Option<NaiveDate>,
    /// The system sent its automatic success receipt (C-3).
    pub acknowledged_on: Option<NaiveDate>,
    /// The office and the applicant confirmed receipt with each other.
    pub confirmed_on: Option<NaiveDate>,
    /// The organ, its mail room or gate included, signed for it.
    pub signed_on: Option<NaiveDate>,
}

/// Which rule fixed the date of receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum ReceiptRule {
    /// Handed in, or filled in for the applicant: the day of submission.
    R1,
    /// Registered mail: the day the organ signs.
    R2,
    /// Ordinary mail, or sent to another unit: the day of confirmation.
    R3,
    /// Online, e-mail, fax under Order 711: the day both sides confirm, or of the automatic success receipt (C-3).
    R4,
    /// Online under Order 492: the day the system confirms success.
    #[serde(rename = "R4b")]
    R4b,
    /// Published mailbox under Order 492: the day the mail system receives.
    #[serde(rename = "R4c")]
    R4c,
}

impl ReceiptRule {
    /// Every rule.
    pub const ALL: [Self; 6] = [Self::R1, Self::R2, Self::R3, Self::R4, Self::R4b, Self::R4c];

    /// The code used in rows and JSON: `R1` … `R4c`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::R1 => "R1",
            Self::R2 => "R2",
            Self::R3 => "R3",
            Self::R4 => "R4",
            Self::R4b => "R4b",
            Self::R4c => "R4c",
        }
    }

    /// The rule of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.code() == code)
    }

    /// The rule in one sentence.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::R1 => "当面提交（含口头代填），提交之日为收到申请之日",
            Self::R2 => "以需签收的邮寄方式提交，行政机关签收之日为收到申请之日",
            Self::R3 => "平常信函或寄至其他机构、个人，与申请人确认之日为收到申请之日",
            Self::R4 => "互联网渠道或传真，双方确认之日为收到申请之日；系统自动发出成功回执的，视为确认",
            Self::R4b => "网络系统未作例外说明，系统确认申请提交成功之日为收到申请之日",
            Self::R4c => "公布的电子邮箱，电子邮件系统接收之日为收到申请之日",
        }
    }

    /// The article or document of the rule, for the Order in force.
    #[must_use]
    pub const fn article(self, regime: Regime) -> &'static str {
        match (self, regime) {
            (Self::R1, Regime::Order711) => "《条例》第三十一条第（一）项",
            (Self::R2 | Self::R3, Regime::Order711) => "《条例》第三十一条第（二）项",
            (Self::R4, Regime::Order711) => "《条例》第三十一条第（三）项",
            (Self::R1, Regime::Order492) => "国办公开办函〔2015〕207号第一条第1项",
            (Self::R2 | Self::R3, Regime::Order492) => "国办公开办函〔2015〕207号第一条第2项",
            (Self::R4, Regime::Order492) => "国办公开办函〔2015〕207号第一条第4项、第5项",
            (Self::R4b, Regime::Order492 | Regime::Order711) => "最高人民法院指导案例26号",
            (Self::R4c, Regime::Order492 | Regime::Order711) => "国办公开办函〔2015〕207号第一条第3项",
        }
    }
}

/// A fixed date of receipt. It may be a day of rest: day 0 is never counted (C-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Receipt {
    /// 收到申请之日.
    pub on: NaiveDate,
    /// The rule that fixed it.
    pub rule: ReceiptRule,
    /// The article of the rule.
    pub article: &'static str,
    /// The rule in one sentence.
    pub why: &'static str,
}

/// The date of receipt, or what is missing for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum ReceiptRuling {
    /// The date is fixed.
    Fixed(Receipt),
    /// The office has to act before the period can start.
    AwaitingConfirmation {
        /// The article of the duty.
        article: &'static str,
        /// The day by which the office must be alerted: the day it arrived.
        alert_on: NaiveDate,
        /// The member of [`ReceiptFacts`] that is missing.
        missing: &'static str,
    },
}

/// The day the application counts as received, and by which rule.
///
/// The Order in force on the day of submission gives the rule for the channel. A confirmation dated before the arrival counts from
/// the arrival: what has not come cannot be confirmed.
#[must_use]
pub fn receipt(facts: &ReceiptFacts) -> ReceiptRuling {
    let regime = Regime::for_receipt(facts.submitted_on);
    let (rule, day) = if facts.misdirected { (ReceiptRule::R3, confirmed(facts)) } else { by_channel(facts, regime) };
    let article = rule.article(regime);
    match day {
        Some(on) => ReceiptRuling::Fixed(Receipt { on, rule, article, why: rule.why() }),
        None => {
            let missing = if rule == ReceiptRule::R2 { "signed_on" } else { "confirmed_on" };
            ReceiptRuling::AwaitingConfirmation {
                article,
                alert_on: facts.arrived_on.unwrap_or(facts.submitted_on),
                missing,
            }
        }
    }
}

fn by_channel(facts: &ReceiptFacts, regime: Regime) -> (ReceiptRule, Option<NaiveDate>) {
    match (facts.channel, regime) {
        (Channel::InPerson | Channel::Oral, _) => (ReceiptRule::R1, Some(facts.submitted_on)),
        (Channel::RegisteredMail, _) => (ReceiptRule::R2, facts.signed_on),
        (Channel::OrdinaryMail, _) => (ReceiptRule::R3, confirmed(facts)),
        (Channel::Online, Regime::Order492) => match facts.acknowledged_on {
            Some(day) => (ReceiptRule::R4b, Some(day)),
            None => (ReceiptRule::R4, confirmed(facts)),
        },
        (Channel::Email, Regime::Order492) => {
            (ReceiptRule::R4c, Some(facts.arrived_on.or(facts.acknowledged_on).unwrap_or(facts.submitted_on)))
        }
        (Channel::Online | Channel::Email, Regime::Order711) => {
            (ReceiptRule::R4, earlier(facts.acknowledged_on, confirmed(facts)))
        }
        (Channel::Fax, _) => (ReceiptRule::R4, confirmed(facts)),
    }
}

fn confirmed(facts: &ReceiptFacts) -> Option<NaiveDate> {
    facts.confirmed_on.map(|day| day.max(facts.arrived_on.unwrap_or(facts.submitted_on)))
}

fn earlier(a: Option<NaiveDate>, b: Option<NaiveDate>) -> Option<NaiveDate> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn facts(channel: Channel, submitted: &str) -> ReceiptFacts {
        ReceiptFacts {
            channel,
            misdirected: false,
            submitted_on: d(submitted),
            arrived_on: None,
            acknowledged_on: None,
            confirmed_on: None,
            signed_on: None,
        }
    }

    fn fixed(facts: &ReceiptFacts) -> (NaiveDate, ReceiptRule, &'static str) {
        match receipt(facts) {
            ReceiptRuling::Fixed(Receipt { on, rule, article, .. }) => (on, rule, article),
            ReceiptRuling::AwaitingConfirmation { missing, .. } => panic!("not fixed, {missing} is missing"),
        }
    }

    fn awaiting(facts: &ReceiptFacts) -> (NaiveDate, &'static str, &'static str) {
        match receipt(facts) {
            ReceiptRuling::AwaitingConfirmation { article, alert_on, missing } => (alert_on, missing, article),
            ReceiptRuling::Fixed(receipt) => panic!("fixed on {}", receipt.on),
        }
    }

    #[test]
    fn r1_handed_in_or_told_orally_counts_from_the_day_of_submission() {
        for channel in [Channel::InPerson, Channel::Oral] {
            let expected = (d("2024-03-02"), ReceiptRule::R1, "《条例》第三十一条第（一）项");
            assert_eq!(fixed(&facts(channel, "2024-03-02")), expected, "a Saturday stays the date of receipt (C-2)");
        }
    }

    #[test]
    fn r2_registered_mail_counts_from_the_signature_not_from_arrival_at_the_office() {
        let mut mail = facts(Channel::RegisteredMail, "2024-06-01");
        mail.arrived_on = Some(d("2024-06-27"));
        assert_eq!(awaiting(&mail), (d("2024-06-27"), "signed_on", "《条例》第三十一条第（二）项"));
        mail.signed_on = Some(d("2024-06-06"));
        mail.confirmed_on = Some(d("2024-06-28"));
        assert_eq!(fixed(&mail), (d("2024-06-06"), ReceiptRule::R2, "《条例》第三十一条第（二）项"));
    }

    #[test]
    fn r3_an_ordinary_letter_waits_for_confirmation_and_alerts_on_the_day_it_arrives() {
        let mut letter = facts(Channel::OrdinaryMail, "2024-06-01");
        letter.arrived_on = Some(d("2024-06-05"));
        assert_eq!(awaiting(&letter), (d("2024-06-05"), "confirmed_on", "《条例》第三十一条第（二）项"));
        letter.confirmed_on = Some(d("2024-06-11"));
        assert_eq!(fixed(&letter), (d("2024-06-11"), ReceiptRule::R3, "《条例》第三十一条第（二）项"));
    }

    #[test]
    fn r3_mail_to_another_unit_counts_from_the_confirmation_though_it_was_signed_for() {
        let mut mail = facts(Channel::RegisteredMail, "2024-06-01");
        mail.misdirected = true;
        mail.signed_on = Some(d("2024-06-03"));
        assert_eq!(awaiting(&mail).1, "confirmed_on");
        mail.arrived_on = Some(d("2024-06-07"));
        mail.confirmed_on = Some(d("2024-06-07"));
        assert_eq!(fixed(&mail).0, d("2024-06-07"));
    }

    #[test]
    fn a_confirmation_cannot_precede_the_arrival() {
        let mut letter = facts(Channel::OrdinaryMail, "2024-06-01");
        letter.arrived_on = Some(d("2024-06-05"));
        letter.confirmed_on = Some(d("2024-06-04"));
        assert_eq!(fixed(&letter).0, d("2024-06-05"));
    }

    #[test]
    fn r4_portal_and_mailbox_count_from_the_automatic_receipt_or_the_confirmation_whichever_is_first() {
        for channel in [Channel::Online, Channel::Email] {
            let mut online = facts(channel, "2024-06-01");
            assert_eq!(awaiting(&online), (d("2024-06-01"), "confirmed_on", "《条例》第三十一条第（三）项"));
            online.confirmed_on = Some(d("2024-06-04"));
            assert_eq!(fixed(&online), (d("2024-06-04"), ReceiptRule::R4, "《条例》第三十一条第（三）项"));
            online.acknowledged_on = Some(d("2024-06-01"));
            assert_eq!(fixed(&online).0, d("2024-06-01"));
        }
    }

    #[test]
    fn r4_a_fax_counts_from_the_confirmation_of_both_sides_whatever_the_machine_printed() {
        let mut fax = facts(Channel::Fax, "2024-06-03");
        fax.acknowledged_on = Some(d("2024-06-03"));
        assert_eq!(awaiting(&fax).1, "confirmed_on");
        fax.confirmed_on = Some(d("2024-06-05"));
        assert_eq!(fixed(&fax).0, d("2024-06-05"));
        let old = ReceiptFacts { submitted_on: d("2016-06-03"), confirmed_on: Some(d("2016-06-06")), ..fax };
        assert_eq!(fixed(&old), (d("2016-06-06"), ReceiptRule::R4, "国办公开办函〔2015〕207号第一条第4项、第5项"));
    }

    #[test]
    fn r4b_a_portal_under_order_492_counts_from_the_success_message() {
        let mut portal = facts(Channel::Online, "2011-06-01");
        portal.acknowledged_on = Some(d("2011-06-01"));
        portal.confirmed_on = Some(d("2011-07-28"));
        assert_eq!(fixed(&portal), (d("2011-06-01"), ReceiptRule::R4b, "最高人民法院指导案例26号"));
        portal.acknowledged_on = None;
        assert_eq!(fixed(&portal).1, ReceiptRule::R4);
    }

    #[test]
    fn r4c_a_published_mailbox_under_order_492_counts_from_the_mail_system() {
        let mut email = facts(Channel::Email, "2018-06-01");
        assert_eq!(fixed(&email), (d("2018-06-01"), ReceiptRule::R4c, "国办公开办函〔2015〕207号第一条第3项"));
        email.arrived_on = Some(d("2018-06-02"));
        assert_eq!(fixed(&email).0, d("2018-06-02"));
    }

    #[test]
    fn the_rule_for_a_channel_is_that_of_the_day_of_submission() {
        let mut email = facts(Channel::Email, "2019-05-14");
        assert_eq!(fixed(&email).1, ReceiptRule::R4c);
        email.submitted_on = d("2019-05-15");
        assert_eq!(awaiting(&email).1, "confirmed_on");
    }

    #[test]
    fn codes_name_channels_and_rules_one_to_one() {
        for channel in Channel::ALL {
            assert_eq!(Channel::from_code(channel.code()), Some(channel));
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.code());
        }
        for rule in ReceiptRule::ALL {
            assert_eq!(ReceiptRule::from_code(rule.code()), Some(rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.code());
        }
        assert_eq!(Channel::from_code("pigeon"), None);
    }
}
