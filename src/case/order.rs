//! 督办单: what a supervisor or an office head asks of those who work, in writing, with a day to answer.
//!
//! It is a record of its own and no event of a case: a department is asked in the same way without any case, and an order
//! outlives the case it is about. Whatever becomes of the case, the order ends by an accepted answer or by its issuer
//! taking it back.

use super::obligation::ObligationStatus;
use super::refusal::{NotAllowed, said};
use crate::case::articles;
use crate::case::vocabulary::{OrderAct, OrderStatus};
use crate::law::Calendar;
use chrono::{Days, NaiveDate};

/// The furthest day to answer, days from today: a later day would urge nothing.
const FURTHEST_DAYS: u64 = 366;
/// The longest text, characters.
const TEXT_MAX_CHARS: usize = 2_000;

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its status.
    pub status: OrderStatus,
    /// The day to answer.
    pub due_on: NaiveDate,
}

/// What is done to an order after it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderCommand {
    /// The organ answers.
    Answer {
        /// What was done, why, what follows.
        text: String,
    },
    /// The issuer is not satisfied.
    Return {
        /// What is missing.
        reason: String,
        /// The new day to answer.
        due_on: NaiveDate,
    },
    /// The issuer accepts the answer.
    Close {
        /// What the issuer adds.
        comment: Option<String>,
    },
    /// The issuer takes the order back.
    Cancel {
        /// Why.
        reason: String,
    },
}

impl OrderCommand {
    /// The step it leaves in the record.
    #[must_use]
    pub const fn act(&self) -> OrderAct {
        match self {
            Self::Answer { .. } => OrderAct::Answer,
            Self::Return { .. } => OrderAct::Return,
            Self::Close { .. } => OrderAct::Close,
            Self::Cancel { .. } => OrderAct::Cancel,
        }
    }

    /// What was written.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Answer { text } => Some(text),
            Self::Return { reason, .. } | Self::Cancel { reason } => Some(reason),
            Self::Close { comment } => comment.as_deref(),
        }
    }
}

impl Order {
    /// An order issued today.
    ///
    /// # Errors
    /// `text_required`, `text_too_long`, `text_invalid`; `due_in_past`, `due_no_working_day`, `due_too_far`.
    pub fn issue(text: &str, due_on: NaiveDate, today: NaiveDate, calendar: &Calendar) -> Result<Self, NotAllowed> {
        written("/text", text, "督办事项和要求")?;
        Ok(Self { status: OrderStatus::Open, due_on: answerable(due_on, today, calendar)? })
    }

    /// The order after `command`.
    ///
    /// # Errors
    /// `order_status` when it is not in the status the step takes; as [`Order::issue`] for texts and the new day.
    pub fn decide(self, command: &OrderCommand, today: NaiveDate, calendar: &Calendar) -> Result<Self, NotAllowed> {
        match (self.status, command) {
            (OrderStatus::Open, OrderCommand::Answer { text }) => {
                written("/text", text, "答复内容")?;
                Ok(Self { status: OrderStatus::Answered, ..self })
            }
            (OrderStatus::Answered, OrderCommand::Return { reason, due_on }) => {
                written("/reason", reason, "退回的理由")?;
                Ok(Self { status: OrderStatus::Open, due_on: answerable(*due_on, today, calendar)? })
            }
            (OrderStatus::Answered, OrderCommand::Close { comment }) => {
                if let Some(comment) = comment {
                    written("/comment", comment, "意见，或者不填")?;
                }
                Ok(Self { status: OrderStatus::Closed, ..self })
            }
            (OrderStatus::Open | OrderStatus::Answered, OrderCommand::Cancel { reason }) => {
                written("/reason", reason, "撤销的理由")?;
                Ok(Self { status: OrderStatus::Cancelled, ..self })
            }
            (status, command) => Err(NotAllowed::new("order_status", wrong_status(status, command.act()))),
        }
    }

    /// The status of the duty to answer.
    #[must_use]
    pub const fn duty(self) -> ObligationStatus {
        match self.status {
            OrderStatus::Open => ObligationStatus::Open,
            OrderStatus::Answered | OrderStatus::Closed => ObligationStatus::Met,
            OrderStatus::Cancelled => ObligationStatus::Cancelled,
        }
    }

    /// On what an order rests: the organ's own working rules, or the supervision of those above it. Neither sets a
    /// period: the day to answer is the issuer's.
    #[must_use]
    pub const fn article(is_from_above: bool) -> &'static str {
        if is_from_above { articles::SUPERVISION_FROM_ABOVE } else { articles::SUPERVISION_WITHIN }
    }
}

fn wrong_status(status: OrderStatus, act: OrderAct) -> String {
    let now = status.label();
    let what = act.label();
    match status {
        OrderStatus::Open => format!("督办单目前“{now}”，还没有答复，不能“{what}”；不再需要答复的，由签发人撤销"),
        OrderStatus::Answered => format!("督办单目前“{now}”，等待签发人办结或者退回，不能再“{what}”"),
        OrderStatus::Closed | OrderStatus::Cancelled => {
            format!("督办单目前“{now}”，不能再“{what}”；需要继续督办的，另行签发")
        }
    }
}

/// A working day: the organ can answer on it.
fn answerable(due_on: NaiveDate, today: NaiveDate, calendar: &Calendar) -> Result<NaiveDate, NotAllowed> {
    let refused = |code, detail: String| Err(NotAllowed::new(code, detail).at("/due_on"));
    if due_on < today {
        return refused("due_in_past", format!("答复日期{due_on}已经过去，应为今天{today}或者以后的工作日"));
    }
    if today.checked_add_days(Days::new(FURTHEST_DAYS)).is_none_or(|furthest| due_on > furthest) {
        return refused("due_too_far", "答复日期超过一年的，系统按笔误处理，请核对".to_owned());
    }
    // A year whose calendar is not published says nothing against a day.
    if calendar.is_working_day(due_on) == Ok(false) {
        let next =
            calendar.add_working_days(due_on, 1).map_or_else(|_| String::new(), |day| format!("，可以改为{day}"));
        return refused("due_no_working_day", format!("答复日期{due_on}不是工作日{next}"));
    }
    Ok(due_on)
}

/// A text that says something, within bounds, in lines.
fn written(pointer: &'static str, text: &str, what: &str) -> Result<(), NotAllowed> {
    said(pointer, text, what)?;
    if text.chars().count() > TEXT_MAX_CHARS {
        return Err(NotAllowed::new("text_too_long", format!("{what}不得超过{TEXT_MAX_CHARS}个字")).at(pointer));
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return Err(NotAllowed::new("text_invalid", format!("{what}不得包含控制字符")).at(pointer));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn issued(due_on: &str, today: &str) -> Result<Order, &'static str> {
        Order::issue("说明逾期原因", day(due_on), day(today), Calendar::national()).map_err(|refusal| refusal.code)
    }

    fn commands() -> [OrderCommand; 4] {
        [
            OrderCommand::Answer { text: "已答复申请人".into() },
            OrderCommand::Return { reason: "没有说明原因".into(), due_on: day("2026-03-27") },
            OrderCommand::Close { comment: None },
            OrderCommand::Cancel { reason: "重复签发".into() },
        ]
    }

    #[test]
    fn what_is_written_and_what_an_order_rests_on_are_named() {
        let texts = commands().map(|command| command.text().map(str::to_owned));
        let written = |text: &str| Some(text.to_owned());
        assert_eq!(texts, [written("已答复申请人"), written("没有说明原因"), None, written("重复签发")]);
        assert_eq!(Order::article(true), articles::SUPERVISION_FROM_ABOVE);
        assert_eq!(Order::article(false), articles::SUPERVISION_WITHIN);
        for (status, said) in [
            (OrderStatus::Open, "还没有答复"),
            (OrderStatus::Answered, "等待签发人办结或者退回"),
            (OrderStatus::Closed, "另行签发"),
            (OrderStatus::Cancelled, "另行签发"),
        ] {
            assert!(wrong_status(status, OrderAct::Close).contains(said), "{status:?}");
        }
    }

    #[test]
    fn the_furthest_day_and_the_longest_text_are_still_taken() {
        // 366 days on, in a year whose calendar is not published.
        assert_eq!(issued("2027-03-21", "2026-03-20").map(|order| order.due_on), Ok(day("2027-03-21")));
        let issue = |length: usize| {
            let text = "督".repeat(length);
            Order::issue(&text, day("2026-03-20"), day("2026-03-20"), Calendar::national()).map_err(|no| no.code)
        };
        assert!(issue(TEXT_MAX_CHARS).is_ok());
        assert_eq!(issue(TEXT_MAX_CHARS + 1), Err("text_too_long"));
    }

    #[test]
    fn the_day_to_answer_is_a_working_day_from_today_on_and_within_a_year() {
        assert_eq!(issued("2026-03-20", "2026-03-20").map(|order| order.due_on), Ok(day("2026-03-20")), "today");
        assert_eq!(issued("2026-03-19", "2026-03-20"), Err("due_in_past"));
        assert_eq!(issued("2026-03-21", "2026-03-20"), Err("due_no_working_day"), "a Saturday");
        assert_eq!(issued("2026-10-01", "2026-03-20"), Err("due_no_working_day"), "National Day");
        assert!(issued("2026-05-09", "2026-03-20").is_ok(), "a Saturday that is worked");
        assert_eq!(issued("2027-03-22", "2026-03-20"), Err("due_too_far"));
        assert!(issued("2027-01-09", "2026-12-01").is_ok(), "nobody knows yet which days of 2027 are worked");
        let refusal = Order::issue("督", day("2026-03-21"), day("2026-03-20"), Calendar::national()).expect_err("no");
        assert!(refusal.detail.contains("2026-03-23"), "the next working day is named: {}", refusal.detail);
    }

    #[test]
    fn each_step_is_possible_in_its_status_only() {
        use OrderStatus::{Answered, Cancelled, Closed, Open};
        let expected = [
            (Open, [Some(Answered), None, None, Some(Cancelled)]),
            (Answered, [None, Some(Open), Some(Closed), Some(Cancelled)]),
            (Closed, [None; 4]),
            (Cancelled, [None; 4]),
        ];
        for (status, expected) in expected {
            let order = Order { status, due_on: day("2026-03-20") };
            let found = commands().map(|command| {
                let next = order.decide(&command, day("2026-03-23"), Calendar::national());
                next.map_err(|refusal| assert_eq!(refusal.code, "order_status")).ok().map(|next| next.status)
            });
            assert_eq!(found, expected, "{status:?}");
        }
    }

    #[test]
    fn only_an_order_without_an_answer_is_a_duty() {
        let duty = |status| Order { status, due_on: day("2026-03-20") }.duty();
        let found: Vec<_> = OrderStatus::ALL.iter().map(|status| duty(*status)).collect();
        use ObligationStatus::{Cancelled, Met, Open};
        assert_eq!(found, [Open, Met, Met, Cancelled]);
    }

    #[test]
    fn a_return_sets_a_new_day_that_must_be_one() {
        let answered = Order { status: OrderStatus::Answered, due_on: day("2026-03-20") };
        let back = |due_on: &str| {
            let command = OrderCommand::Return { reason: "不全".into(), due_on: day(due_on) };
            answered.decide(&command, day("2026-03-23"), Calendar::national()).map_err(|refusal| refusal.code)
        };
        assert_eq!(back("2026-03-25"), Ok(Order { status: OrderStatus::Open, due_on: day("2026-03-25") }));
        assert_eq!(back("2026-03-20"), Err("due_in_past"), "the old day has passed");
    }

    #[test]
    fn a_text_says_something_within_bounds() {
        let code = |text: &str| {
            let order = Order::issue(text, day("2026-03-20"), day("2026-03-20"), Calendar::national());
            order.map_err(|refusal| (refusal.code, refusal.pointer))
        };
        assert!(code("第一行\n第二行").is_ok());
        assert_eq!(code(" \u{3000}\n"), Err(("text_required", Some("/text"))));
        assert_eq!(code("a\u{7}"), Err(("text_invalid", Some("/text"))));
        assert_eq!(code(&"长".repeat(2_001)), Err(("text_too_long", Some("/text"))));
    }
}
