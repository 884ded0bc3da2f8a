//! The remedies paragraph at the end of a reply: which one, by outcome and by the law of the day (law of 2015, 2019, 2024).

use super::outcome::{Outcome, RemedyText};
use super::period::suit_months;
use chrono::NaiveDate;

/// What the letter calls itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LetterTitle {
    /// 告知书.
    #[default]
    Notice,
    /// 答复书.
    Reply,
    /// 决定书.
    Decision,
}

impl LetterTitle {
    /// Every title.
    pub const ALL: [Self; 3] = [Self::Notice, Self::Reply, Self::Decision];

    /// The word in the letter.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Notice => "告知书",
            Self::Reply => "答复书",
            Self::Decision => "决定书",
        }
    }
}

/// The letter and the bodies named in the paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemedyBodies<'a> {
    /// The letter that holds the paragraph.
    pub letter: LetterTitle,
    /// 本级人民政府.
    pub government: &'a str,
    /// 上一级主管部门: open to reconsideration until 2023-12-31.
    pub superior: &'a str,
    /// The court of the organ's seat.
    pub court: &'a str,
    /// The online way to apply for reconsideration; a reply served online must name it since 2024 (《行政复议法》第二十二条第二款).
    pub online_channel: Option<&'a str>,
}

/// The remedies paragraph of a reply; none where there is nothing to contest.
///
/// `withheld` are the outcomes of the items: a partial disclosure that withholds something under Arts. 14-16 goes to reconsideration
/// first, like a refusal.
#[must_use]
pub fn remedies(
    outcome: Outcome,
    withheld: &[Outcome],
    replied_on: NaiveDate,
    bodies: &RemedyBodies<'_>,
) -> Option<String> {
    if outcome.remedy() == RemedyText::None {
        return None;
    }
    let first = reconsideration_comes_first(outcome, withheld, replied_on);
    Some(if first { reconsideration_first(bodies) } else { choice(replied_on, bodies) })
}

/// The article by which reconsideration comes before a suit.
pub const RECONSIDERATION_FIRST_ARTICLE: &str = "《行政复议法》第二十三条第一款第（四）项";

/// Whether a reply goes to reconsideration before a suit: a refusal under Arts. 14-16, in whole or in part, since 2024.
#[must_use]
pub fn reconsideration_comes_first(outcome: Outcome, withheld: &[Outcome], replied_on: NaiveDate) -> bool {
    let first = match outcome.remedy() {
        RemedyText::ReconsiderationFirst => true,
        RemedyText::OrdinaryUnlessWithheld => {
            withheld.iter().any(|item| item.remedy() == RemedyText::ReconsiderationFirst)
        }
        RemedyText::Ordinary | RemedyText::None => false,
    };
    first && is_since_2024(replied_on)
}

/// The remedies paragraph for a third party whose information will be disclosed.
#[must_use]
pub fn third_party_remedies(told_on: NaiveDate, bodies: &RemedyBodies<'_>) -> String {
    choice(told_on, bodies)
}

/// 《行政复议法》 of 2023, Art. 23(1)(四): reconsideration before suit.
fn reconsideration_first(bodies: &RemedyBodies<'_>) -> String {
    let RemedyBodies { government, court, .. } = bodies;
    let letter = bodies.letter.label();
    format!(
        "如对本决定不服，应当先自收到本{letter}之日起60日内向{government}申请行政复议{}；对行政复议决定不服的，可以自收到行政复议决定书之日起15日内依法向{court}提起行政诉讼。",
        online(bodies)
    )
}

fn choice(on: NaiveDate, bodies: &RemedyBodies<'_>) -> String {
    let RemedyBodies { government, superior, court, .. } = bodies;
    let months = suit_months(on);
    let letter = bodies.letter.label();
    if is_since_2024(on) {
        let online = online(bodies);
        return format!(
            "如对本{letter}不服，可以自收到本{letter}之日起60日内向{government}申请行政复议{online}，或者自收到本{letter}之日起{months}个月内依法向{court}提起行政诉讼。"
        );
    }
    format!(
        "如对本{letter}不服，可以自收到本{letter}之日起60日内向{government}或者{superior}申请行政复议，或者自收到本{letter}之日起{months}个月内依法向{court}提起行政诉讼。"
    )
}

fn online(bodies: &RemedyBodies<'_>) -> String {
    bodies.online_channel.map(|channel| format!("（互联网申请渠道：{channel}）")).unwrap_or_default()
}

/// 《行政复议法》 of 2023 in force.
fn is_since_2024(day: NaiveDate) -> bool {
    NaiveDate::from_ymd_opt(2024, 1, 1).is_some_and(|since| day >= since)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODIES: RemedyBodies<'_> = RemedyBodies {
        letter: LetterTitle::Notice,
        government: "甲县人民政府",
        superior: "乙市自然资源局",
        court: "甲县人民法院",
        online_channel: None,
    };

    fn text(outcome: Outcome, withheld: &[Outcome], replied_on: &str) -> String {
        remedies(outcome, withheld, replied_on.parse().unwrap(), &BODIES).unwrap()
    }

    const FIRST: &str = "如对本决定不服，应当先自收到本告知书之日起60日内向甲县人民政府申请行政复议；对行政复议决定不服的，可以自收到行政复议决定书之日起15日内依法向甲县人民法院提起行政诉讼。";
    const CHOICE_2024: &str = "如对本告知书不服，可以自收到本告知书之日起60日内向甲县人民政府申请行政复议，或者自收到本告知书之日起6个月内依法向甲县人民法院提起行政诉讼。";
    const CHOICE_2019: &str = "如对本告知书不服，可以自收到本告知书之日起60日内向甲县人民政府或者乙市自然资源局申请行政复议，或者自收到本告知书之日起6个月内依法向甲县人民法院提起行政诉讼。";
    const CHOICE_2014: &str = "如对本告知书不服，可以自收到本告知书之日起60日内向甲县人民政府或者乙市自然资源局申请行政复议，或者自收到本告知书之日起3个月内依法向甲县人民法院提起行政诉讼。";

    #[test]
    fn since_2024_a_refusal_under_articles_14_to_16_goes_to_reconsideration_first() {
        assert_eq!(text(Outcome::StateSecret, &[], "2024-01-01"), FIRST);
        assert_eq!(text(Outcome::StateSecret, &[], "2023-12-31"), CHOICE_2019);
        assert_eq!(text(Outcome::EnforcementFile, &[], "2026-05-01"), FIRST);
    }

    #[test]
    fn other_replies_leave_the_choice() {
        for outcome in [Outcome::Provided, Outcome::DoesNotExist, Outcome::Repeat, Outcome::SpecialRegister] {
            assert_eq!(text(outcome, &[], "2024-01-01"), CHOICE_2024, "{}", outcome.code());
        }
    }

    #[test]
    fn a_partial_disclosure_follows_what_was_withheld() {
        let partial = Outcome::PartiallyDisclosed;
        assert_eq!(text(partial, &[Outcome::Provided, Outcome::ThirdPartyRights], "2024-06-01"), FIRST);
        assert_eq!(text(partial, &[Outcome::Provided, Outcome::DoesNotExist], "2024-06-01"), CHOICE_2024);
        assert_eq!(text(partial, &[Outcome::Provided, Outcome::SpecialRegister], "2024-06-01"), CHOICE_2024);
    }

    #[test]
    fn before_may_2015_the_suit_had_three_months() {
        assert_eq!(text(Outcome::O492Disclosed, &[], "2015-04-30"), CHOICE_2014);
        assert_eq!(text(Outcome::O492Disclosed, &[], "2015-05-01"), CHOICE_2019);
    }

    #[test]
    fn nothing_to_contest_has_no_paragraph() {
        let day = "2024-06-01".parse().unwrap();
        assert_eq!(remedies(Outcome::Withdrawn, &[], day, &BODIES), None);
        assert!(remedies(Outcome::CorrectionLapsed, &[], day, &BODIES).is_some());
    }

    #[test]
    fn a_reply_served_online_names_the_online_way_to_reconsideration() {
        let bodies = RemedyBodies { online_channel: Some("https://xzfy.example.gov.cn"), ..BODIES };
        let on = |day: &str| remedies(Outcome::StateSecret, &[], day.parse().unwrap(), &bodies).unwrap();
        assert!(on("2024-06-01").contains("申请行政复议（互联网申请渠道：https://xzfy.example.gov.cn）；"));
        assert!(!on("2023-06-01").contains("互联网"));
        let told = third_party_remedies("2024-06-01".parse().unwrap(), &bodies);
        assert!(told.contains("（互联网申请渠道：https://xzfy.example.gov.cn），或者自收到本告知书之日起6个月内"));
    }

    #[test]
    fn the_word_is_the_letters_own_title() {
        let day = "2026-08-03".parse().unwrap();
        for letter in LetterTitle::ALL {
            let bodies = RemedyBodies { letter, ..BODIES };
            let title = letter.label();
            let said = |outcome: Outcome, expected: &str| {
                let expected = expected.replace("本告知书", &format!("本{title}"));
                assert_eq!(remedies(outcome, &[], day, &bodies), Some(expected));
            };
            said(Outcome::Provided, CHOICE_2024);
            said(Outcome::StateSecret, FIRST);
        }
    }

    #[test]
    fn a_third_party_has_the_choice_whatever_the_applicant_got() {
        assert_eq!(third_party_remedies("2024-06-01".parse().unwrap(), &BODIES), CHOICE_2024);
    }
}
