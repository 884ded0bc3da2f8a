//! Every dated duty beside the reply itself: one function each, with the article.

use super::calendar::{Calendar, Gap};
use super::regime::Regime;
use chrono::{Days, Months, NaiveDate};
use serde::Serialize;

/// A due date and its article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DueOn {
    /// The last day.
    pub on: NaiveDate,
    /// Rule of the decision table: `D1`, `D11`, …
    pub rule: &'static str,
    /// The article it rests on.
    pub article: &'static str,
}

/// Working days for a correction where the organ has set none (D4 leaves the length to it).
pub const DEFAULT_CORRECTION_DAYS: u32 = 10;
/// Working days for a justification where the organ has set none (D9 leaves the length to it).
pub const DEFAULT_JUSTIFICATION_DAYS: u32 = 10;

const CIVIL_PROCEDURE_ROLL_DAYS: u32 = 1;

/// D1: the one correction notice, 7 working days after receipt. Order 492 has no such period (D1b): none.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn correction_notice_due(regime: Regime, received: NaiveDate, calendar: &Calendar) -> Result<Option<DueOn>, Gap> {
    match regime {
        Regime::Order492 => Ok(None),
        Regime::Order711 => working_days(calendar, received, 7, "D1", "《条例》第三十条").map(Some),
    }
}

/// D4: the corrected application, `days` working days after the applicant got the notice; later it counts as abandoned.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn correction_response_due(noticed: NaiveDate, days: u32, calendar: &Calendar) -> Result<DueOn, Gap> {
    working_days(calendar, noticed, days, "D4", "《条例》第三十条")
}

/// D6: the third party's opinion, 15 working days after it received the letter. Silence leaves the decision to the organ.
/// Order 492 sets the third party no period (D6b): none.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn third_party_opinion_due(
    regime: Regime,
    their_receipt: NaiveDate,
    calendar: &Calendar,
) -> Result<Option<DueOn>, Gap> {
    match regime {
        Regime::Order492 => Ok(None),
        Regime::Order711 => working_days(calendar, their_receipt, 15, "D6", "《条例》第三十二条").map(Some),
    }
}

/// D7: the co-producer's opinion, 15 working days after it received the letter. Silence is consent.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn joint_producer_opinion_due(their_receipt: NaiveDate, calendar: &Calendar) -> Result<DueOn, Gap> {
    working_days(calendar, their_receipt, 15, "D7", "《条例》第三十四条")
}

/// D9: the applicant's reasons, `days` working days after the notice, as the organ sets them.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn justification_due(noticed: NaiveDate, days: u32, calendar: &Calendar) -> Result<DueOn, Gap> {
    working_days(calendar, noticed, days, "D9", "《条例》第三十五条")
}

/// D11: payment, 20 working days from the day after the applicant received the notice.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn fee_payment_due(notice_received: NaiveDate, calendar: &Calendar) -> Result<DueOn, Gap> {
    working_days(calendar, notice_received, 20, "D11", "《政府信息公开信息处理费管理办法》第六条")
}

/// D16: publication of what has become proactive, 20 working days after the decision.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn publication_due(decided: NaiveDate, calendar: &Calendar) -> Result<DueOn, Gap> {
    working_days(calendar, decided, 20, "D16", "《条例》第二十六条、第四十四条")
}

/// Who publishes an annual report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reporter {
    /// A department of a government at county level or above.
    Department,
    /// The disclosure authority of a government, for the government.
    Government,
}

/// D17: the annual report on `year`. A fixed date: it does not roll over days of rest.
#[must_use]
pub fn annual_report_due(year: i32, reporter: Reporter) -> Option<DueOn> {
    let (month, day, rule, article) = match (year, reporter) {
        (..=2018, Reporter::Department | Reporter::Government) => (3, 31, "D17b", "《条例》（2007年）第三十一条"),
        (_, Reporter::Department) => (1, 31, "D17", "《条例》第四十九条第一款"),
        (_, Reporter::Government) => (3, 31, "D17", "《条例》第四十九条第二款"),
    };
    let on = NaiveDate::from_ymd_opt(year.checked_add(1)?, month, day)?;
    Some(DueOn { on, rule, article })
}

/// From when a reply, or its absence, can be challenged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeFrom {
    /// The day the reply was served; day 0.
    Service(NaiveDate),
    /// The last day of the reply period, when no reply was given; day 0.
    Silence(NaiveDate),
}

/// The rule and article of the period for reconsideration (D18, D18b). From 2026-07-01 the Implementing Regulations (国令第836号) say
/// from which day it runs; before, the Law alone, and the Regulations of 2007.
#[must_use]
pub fn reconsideration_source(from: ChallengeFrom) -> (&'static str, &'static str) {
    match from {
        ChallengeFrom::Service(day) if is_from(day, (2026, 7, 1)) => {
            ("D18", "《行政复议法》第二十条；《行政复议法实施条例》（国令第836号）第二十三条")
        }
        ChallengeFrom::Service(day) if is_from(day, (2024, 1, 1)) => ("D18", "《行政复议法》第二十条"),
        ChallengeFrom::Service(_) => ("D18", "《行政复议法》（2023年修订前）第九条"),
        ChallengeFrom::Silence(day) if is_from(day, (2026, 7, 1)) => {
            ("D18b", "《行政复议法实施条例》（国令第836号）第二十四条第一款第（一）项")
        }
        ChallengeFrom::Silence(_) => ("D18b", "《行政复议法实施条例》（2007年）第十六条第一款第（一）项"),
    }
}

/// D18, D18b: the application for reconsideration, 60 days after the reply was served, or after the reply period ended without one.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn reconsideration_due(from: ChallengeFrom, calendar: &Calendar) -> Result<DueOn, Gap> {
    let (rule, article) = reconsideration_source(from);
    calendar_days(calendar, from.day(), 60, rule, article)
}

/// The rule and article of the period for a suit (D19, D19b). From 2026-05-01 it runs from knowing the content and who acted
/// (法释〔2026〕3号 第二条).
#[must_use]
pub fn suit_source(from: ChallengeFrom) -> (&'static str, &'static str) {
    match from {
        ChallengeFrom::Service(day) if is_from(day, (2026, 5, 1)) => {
            ("D19", "《行政诉讼法》第四十六条；法释〔2026〕3号第二条")
        }
        ChallengeFrom::Service(day) if suit_months(day) == 6 => ("D19", "《行政诉讼法》第四十六条"),
        ChallengeFrom::Service(_) => ("D19", "《行政诉讼法》（1989年）第三十九条"),
        ChallengeFrom::Silence(day) if is_from(day, (2018, 2, 8)) => {
            ("D19b", "《最高人民法院关于适用〈行政诉讼法〉的解释》（法释〔2018〕1号）第六十六条")
        }
        ChallengeFrom::Silence(day) if suit_months(day) == 6 => ("D19b", "法释〔2015〕9号第四条"),
        ChallengeFrom::Silence(_) => ("D19b", "《行政诉讼法》（1989年）第三十九条"),
    }
}

/// D19, D19b: the suit, 6 months after the reply was served, or after the reply period ended without one; 3 months before 2015-05-01.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn suit_due(from: ChallengeFrom, calendar: &Calendar) -> Result<DueOn, Gap> {
    let (rule, article) = suit_source(from);
    let day = from.day();
    let last = day.checked_add_months(Months::new(suit_months(day))).ok_or(Gap { missing: day })?;
    Ok(DueOn { on: rolled(calendar, last)?, rule, article })
}

impl ChallengeFrom {
    /// Day 0.
    #[must_use]
    pub const fn day(self) -> NaiveDate {
        match self {
            Self::Service(day) | Self::Silence(day) => day,
        }
    }
}

fn is_from(day: NaiveDate, (year, month, of_month): (i32, u32, u32)) -> bool {
    NaiveDate::from_ymd_opt(year, month, of_month).is_some_and(|since| day >= since)
}

/// Months for a suit: 6, or 3 before the Administrative Procedure Law of 2015-05-01.
pub(crate) fn suit_months(known: NaiveDate) -> u32 {
    if is_from(known, (2015, 5, 1)) { 6 } else { 3 }
}

/// D20: the suit after a reconsideration decision, 15 days after receiving it.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn suit_after_reconsideration_due(received: NaiveDate, calendar: &Calendar) -> Result<DueOn, Gap> {
    calendar_days(calendar, received, 15, "D20", "《行政诉讼法》第四十五条；《行政复议法》第三十四条")
}

/// The article of the organ's period as respondent (D21).
#[must_use]
pub const fn reconsideration_response_article(simplified: bool) -> &'static str {
    match simplified {
        true => "《行政复议法》第五十四条、第八十八条",
        false => "《行政复议法》第四十八条、第八十八条",
    }
}

/// The article of the organ's period to answer a court (D22).
pub const COURT_ANSWER_ARTICLE: &str = "《行政诉讼法》第六十七条";

/// D21: the organ's written answer and evidence as respondent, 5 working days in the simplified procedure, 10 in the ordinary.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn reconsideration_response_due(received: NaiveDate, simplified: bool, calendar: &Calendar) -> Result<DueOn, Gap> {
    let days = if simplified { 5 } else { 10 };
    working_days(calendar, received, days, "D21", reconsideration_response_article(simplified))
}

/// D22: the organ's answer and evidence to the court, 15 days after receiving the complaint.
///
/// # Errors
/// [`Gap`] when the calendar does not reach.
pub fn court_answer_due(received: NaiveDate, calendar: &Calendar) -> Result<DueOn, Gap> {
    calendar_days(calendar, received, 15, "D22", COURT_ANSWER_ARTICLE)
}

fn working_days(
    calendar: &Calendar,
    day_0: NaiveDate,
    days: u32,
    rule: &'static str,
    article: &'static str,
) -> Result<DueOn, Gap> {
    Ok(DueOn { on: calendar.add_working_days(day_0, days)?, rule, article })
}

fn calendar_days(
    calendar: &Calendar,
    day_0: NaiveDate,
    days: u64,
    rule: &'static str,
    article: &'static str,
) -> Result<DueOn, Gap> {
    let last = day_0.checked_add_days(Days::new(days)).ok_or(Gap { missing: day_0 })?;
    Ok(DueOn { on: rolled(calendar, last)?, rule, article })
}

/// A last day that is a day of rest moves to the next working day (《民事诉讼法》第八十五条).
fn rolled(calendar: &Calendar, last: NaiveDate) -> Result<NaiveDate, Gap> {
    match calendar.is_working_day(last)? {
        true => Ok(last),
        false => calendar.add_working_days(last, CIVIL_PROCEDURE_ROLL_DAYS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn nation() -> &'static Calendar {
        Calendar::national()
    }

    #[test]
    fn d1_the_correction_notice_is_due_seven_working_days_after_receipt() {
        let due = |received| correction_notice_due(Regime::Order711, d(received), nation()).unwrap().unwrap();
        assert_eq!(due("2019-09-25").on, d("2019-10-10"));
        assert_eq!(due("2026-02-06").on, d("2026-02-24"));
        assert_eq!(due("2024-03-01"), DueOn { on: d("2024-03-12"), rule: "D1", article: "《条例》第三十条" });
        assert_eq!(correction_notice_due(Regime::Order492, d("2018-03-01"), nation()), Ok(None));
    }

    #[test]
    fn d4_the_correction_period_runs_from_the_day_the_applicant_got_the_notice() {
        let due = correction_response_due(d("2024-09-25"), DEFAULT_CORRECTION_DAYS, nation()).unwrap();
        assert_eq!((due.on, due.rule), (d("2024-10-14"), "D4"));
    }

    #[test]
    fn d6_d7_opinions_are_due_fifteen_working_days_after_their_receipt() {
        let third = third_party_opinion_due(Regime::Order711, d("2024-03-13"), nation()).unwrap().unwrap();
        assert_eq!((third.on, third.rule, third.article), (d("2024-04-03"), "D6", "《条例》第三十二条"));
        assert_eq!(third_party_opinion_due(Regime::Order492, d("2018-03-13"), nation()), Ok(None), "D6b");
        let joint = joint_producer_opinion_due(d("2024-03-13"), nation()).unwrap();
        assert_eq!((joint.on, joint.rule, joint.article), (d("2024-04-03"), "D7", "《条例》第三十四条"));
    }

    #[test]
    fn d9_reasons_are_due_in_the_time_the_organ_set() {
        assert_eq!(
            justification_due(d("2024-04-26"), 5, nation()).map(|due| (due.on, due.rule)),
            Ok((d("2024-05-07"), "D9"))
        );
    }

    #[test]
    fn d11_the_fee_is_due_twenty_working_days_after_the_notice_is_received() {
        assert_eq!(
            fee_payment_due(d("2024-03-12"), nation()).map(|due| (due.on, due.rule)),
            Ok((d("2024-04-10"), "D11"))
        );
    }

    #[test]
    fn d16_what_became_proactive_is_published_within_twenty_working_days() {
        let due = publication_due(d("2024-03-01"), nation()).unwrap();
        assert_eq!((due.on, due.rule), (d("2024-03-29"), "D16"));
    }

    #[test]
    fn d17_departments_report_by_the_end_of_january_governments_by_the_end_of_march() {
        let due = |year, reporter| annual_report_due(year, reporter).map(|due| (due.on, due.rule));
        assert_eq!(due(2025, Reporter::Department), Some((d("2026-01-31"), "D17")), "a Saturday: it does not roll");
        assert_eq!(due(2025, Reporter::Government), Some((d("2026-03-31"), "D17")));
        assert_eq!(due(2019, Reporter::Department), Some((d("2020-01-31"), "D17")));
        assert_eq!(due(2018, Reporter::Department), Some((d("2019-03-31"), "D17b")));
        assert_eq!(annual_report_due(i32::MAX, Reporter::Department), None);
    }

    #[test]
    fn d18_sixty_days_roll_over_days_of_rest() {
        let due = |known: &str| reconsideration_due(ChallengeFrom::Service(d(known)), nation()).map(|due| due.on);
        assert_eq!(due("2024-03-01"), Ok(d("2024-04-30")));
        assert_eq!(due("2024-08-04"), Ok(d("2024-10-08")), "2024-10-03 is National Day");
        assert_eq!(due("2024-03-02"), Ok(d("2024-05-06")), "2024-05-01 is Labour Day");
        assert_eq!(due("2024-02-28"), Ok(d("2024-04-28")), "a Sunday that is worked");
        assert_eq!(due("2026-11-15"), Err(Gap { missing: d("2027-01-14") }));
    }

    #[test]
    fn d19_six_months_end_on_the_day_of_the_same_number_or_the_last_of_the_month() {
        let due = |known: &str| suit_due(ChallengeFrom::Service(d(known)), nation()).map(|due| due.on);
        assert_eq!(due("2024-08-31"), Ok(d("2025-02-28")), "no 31 February");
        assert_eq!(due("2023-08-31"), Ok(d("2024-02-29")), "a leap year");
        assert_eq!(due("2024-11-30"), Ok(d("2025-05-30")));
        assert_eq!(due("2024-01-31"), Ok(d("2024-07-31")));
        assert_eq!(due("2024-02-29"), Ok(d("2024-08-29")));
        assert_eq!(due("2023-07-10"), Ok(d("2024-01-10")), "over the year's end");
        assert_eq!(due("2024-04-01"), Ok(d("2024-10-08")), "into National Day");
        assert_eq!(due("2026-09-01"), Err(Gap { missing: d("2027-03-01") }));
    }

    #[test]
    fn d19_before_may_2015_it_was_three_months() {
        let due = |known: &str| suit_due(ChallengeFrom::Service(d(known)), nation()).map(|due| (due.on, due.article));
        assert_eq!(due("2015-04-30"), Ok((d("2015-07-30"), "《行政诉讼法》（1989年）第三十九条")));
        assert_eq!(due("2015-05-01"), Ok((d("2015-11-02"), "《行政诉讼法》第四十六条")), "2015-11-01 is a Sunday");
        assert_eq!(due("2014-11-30").map(|(on, _)| on), Ok(d("2015-02-28")), "a Saturday, worked in exchange");
    }

    #[test]
    fn d18_d19_name_the_rule_of_the_day_of_service_on_both_sides_of_each_change() {
        let reconsideration =
            |day: &str| reconsideration_due(ChallengeFrom::Service(d(day)), nation()).map(|due| (due.on, due.article));
        assert_eq!(reconsideration("2023-12-31"), Ok((d("2024-02-29"), "《行政复议法》（2023年修订前）第九条")));
        assert_eq!(reconsideration("2024-01-01"), Ok((d("2024-03-01"), "《行政复议法》第二十条")));
        assert_eq!(reconsideration("2026-06-30"), Ok((d("2026-08-31"), "《行政复议法》第二十条")));
        let since_july = "《行政复议法》第二十条；《行政复议法实施条例》（国令第836号）第二十三条";
        assert_eq!(reconsideration("2026-07-01"), Ok((d("2026-08-31"), since_july)), "2026-08-30 is a Sunday");
        let suit = |day: &str| suit_due(ChallengeFrom::Service(d(day)), nation()).map(|due| (due.on, due.article));
        assert_eq!(suit("2026-04-30"), Ok((d("2026-10-30"), "《行政诉讼法》第四十六条")));
        let since_may = "《行政诉讼法》第四十六条；法释〔2026〕3号第二条";
        assert_eq!(suit("2026-05-01"), Ok((d("2026-11-02"), since_may)), "2026-11-01 is a Sunday");
    }

    #[test]
    fn d18b_d19b_without_a_reply_run_from_the_end_of_the_reply_period() {
        let silence = |day: &str| ChallengeFrom::Silence(d(day));
        let reconsideration = |day: &str| reconsideration_due(silence(day), nation()).unwrap();
        let (before, after) = (reconsideration("2026-06-30"), reconsideration("2026-07-01"));
        assert_eq!((before.on, before.rule), (d("2026-08-31"), "D18b"));
        assert_eq!(before.article, "《行政复议法实施条例》（2007年）第十六条第一款第（一）项");
        assert_eq!(after.article, "《行政复议法实施条例》（国令第836号）第二十四条第一款第（一）项");
        let suit = suit_due(silence("2026-03-02"), nation()).unwrap();
        assert_eq!((suit.on, suit.rule), (d("2026-09-02"), "D19b"));
        assert!(suit.article.contains("第六十六条"));
        assert_eq!(suit_due(silence("2017-03-02"), nation()).unwrap().article, "法释〔2015〕9号第四条");
    }

    #[test]
    fn d20_d22_fifteen_days_roll_over_days_of_rest() {
        let due = suit_after_reconsideration_due(d("2024-09-20"), nation()).unwrap();
        assert_eq!((due.on, due.rule), (d("2024-10-08"), "D20"));
        let due = court_answer_due(d("2024-09-14"), nation()).unwrap();
        assert_eq!((due.on, due.rule), (d("2024-09-29"), "D22"), "a Sunday that is worked");
    }

    #[test]
    fn d21_the_respondent_answers_in_five_or_ten_working_days() {
        let due = |simplified| reconsideration_response_due(d("2024-09-29"), simplified, nation()).map(|due| due.on);
        assert_eq!(due(true), Ok(d("2024-10-11")));
        assert_eq!(due(false), Ok(d("2024-10-17")));
    }

    #[test]
    fn a_missing_year_is_a_gap_for_every_duty() {
        let late = d("2026-12-28");
        let gap = Gap { missing: d("2027-01-01") };
        assert_eq!(correction_notice_due(Regime::Order711, late, nation()), Err(gap));
        assert_eq!(correction_response_due(late, 10, nation()), Err(gap));
        assert_eq!(fee_payment_due(late, nation()), Err(gap));
        assert_eq!(publication_due(late, nation()), Err(gap));
    }
}
