//! `gongkai deadline`: timelines in, due dates with their derivation out.

pub use super::lines::LineError;

use super::calendar::CalendarArgs;
use super::lines::{each_line, parse_date, shown, text_of};
use crate::law::{
    Calendar, ClockAnswer, ClockError, ClockOptions, ConsultationKind, Fact, Regime, ReopenedPeriod, Timeline, explain,
    reply_clock,
};
use chrono::NaiveDate;
use serde::Deserialize;
use std::borrow::Cow;
use std::process::ExitCode;

/// What a line may hold, for `--help`. A test reads every event of it.
const FORMAT: &str = "\
每行一个 JSON 对象，每行得到一个 JSON 答复，顺序不变：
  {\"received\":\"2024-03-01\",\"events\":[{\"type\":\"extension\",\"date\":\"2024-03-20\",\"days\":10}],\"today\":\"2024-03-25\"}

  received  收到申请之日，YYYY-MM-DD（必填）
  regime    711 或者 492；不填则按收到之日适用的条例
  today     按哪一天计算已用、剩余；之后的事件视为尚未发生
  opts      {\"count_return_day\",\"organ_stops_492\",\"correction_pauses_492\"}，均默认 false
  events    按任意顺序；每项有 type、date，另有：
    consult_sent          发出征求意见函    id，kind（third_party joint_producer other_organ secrecy_authority，
                                            或者 organ），silent_until 视为无意见之日（可不填）
    consult_returned      收到意见          id
    correction_requested  告知补正
    correction_received   收到补正
    fee_notified          告知缴费
    fee_paid              缴费
    extension             告知延期          days 工作日数，1至20
    delayed_reply         告知延迟答复      until 延迟到的日期
    reopened              被责令重新答复    days 或者 until 之一
    replied               答复
    ended                 其他终结
";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FORMAT)]
pub(super) struct Args {
    /// 用中文写出推算过程，供人核对
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    calendar: CalendarArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let calendar = match args.calendar.load() {
        Ok(calendar) => calendar,
        Err(detail) => return super::lines::refuse(&detail),
    };
    match args.explain {
        true => each_line(|line, lines| lines.text(explained(line, &calendar))),
        false => each_line(|line, lines| lines.answer(answered(line, &calendar))),
    }
}

/// The answer to a line.
///
/// # Errors
/// [`LineError`] for a line that cannot be read, and for facts that contradict each other or the law's limits.
pub fn answered(line: &[u8], calendar: &Calendar) -> Result<ClockAnswer, LineError> {
    let (timeline, today) = read(line)?;
    Ok(reply_clock(&timeline, calendar, today)?)
}

/// The answer to a line in words, with its derivation.
///
/// # Errors
/// As [`answered`].
pub fn explained(line: &[u8], calendar: &Calendar) -> Result<String, LineError> {
    let (timeline, today) = read(line)?;
    let answer = reply_clock(&timeline, calendar, today)?;
    Ok(explain(&timeline, &answer, calendar))
}

impl From<ClockError> for LineError {
    fn from(error: ClockError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// A string taken unchanged from the line. (`Option<Cow<str>>` itself would be copied: serde borrows only through a type of ours.)
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    fn as_str(&self) -> &str {
        &self.0
    }
}

/// One line of input; further keys (`id`, `why`, …) are the caller's own.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    regime: Option<Text<'a>>,
    #[serde(borrow)]
    received: Text<'a>,
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
    #[serde(borrow, default)]
    today: Option<Text<'a>>,
    #[serde(default)]
    opts: Option<Options>,
}

/// An unknown option is refused: a misspelt one would silently be the default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    count_return_day: bool,
    #[serde(default)]
    organ_stops_492: bool,
    #[serde(default)]
    correction_pauses_492: bool,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type", default)]
    kind_of_event: Option<Text<'a>>,
    #[serde(borrow, default)]
    date: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(default)]
    days: Option<u32>,
    #[serde(borrow, default)]
    until: Option<Text<'a>>,
    #[serde(borrow, default)]
    silent_until: Option<Text<'a>>,
}

/// The timeline of a line, and the day it asks about.
///
/// # Errors
/// [`LineError`] for what is no JSON of that form.
pub fn read(line: &[u8]) -> Result<(Timeline, Option<NaiveDate>), LineError> {
    let line: Line<'_> = serde_json::from_str(text_of(line)?)?;
    let received = parse_date("received", line.received.as_str())?;
    let today = line.today.as_ref().map(|text| parse_date("today", text.as_str())).transpose()?;
    let facts = line.events.into_iter().map(Event::into_fact).collect::<Result<Vec<_>, _>>()?;
    let options = line.opts.map_or(ClockOptions::default(), |opts| ClockOptions {
        count_return_day: opts.count_return_day,
        organ_stops_492: opts.organ_stops_492,
        correction_pauses_492: opts.correction_pauses_492,
    });
    let regime = match line.regime.as_ref().map(Text::as_str) {
        Some(code) => Regime::from_code(code).ok_or_else(|| unknown("unknown_regime", "regime", code))?,
        None => Timeline::regime_for(received, &facts, today, options),
    };
    Ok((Timeline { regime, received, facts, options }, today))
}

impl Event<'_> {
    fn into_fact(self) -> Result<Fact, LineError> {
        let kind = required(self.kind_of_event.as_ref(), "type")?;
        let on = parse_date("date", required(self.date.as_ref(), "date")?.as_str())?;
        Ok(match kind.as_str() {
            "consult_sent" => Fact::ConsultationSent {
                kind: self.consultation_kind()?,
                silent_until: self
                    .silent_until
                    .as_ref()
                    .map(|day| parse_date("silent_until", day.as_str()))
                    .transpose()?,
                id: required(self.id, "id")?.0.into_owned(),
                on,
            },
            "consult_returned" => Fact::ConsultationReturned { id: required(self.id, "id")?.0.into_owned(), on },
            "correction_requested" => Fact::CorrectionRequested { on },
            "correction_received" => Fact::CorrectionReceived { on },
            "fee_notified" => Fact::FeeNotified { on },
            "fee_paid" => Fact::FeePaid { on },
            "extension" => Fact::Extension { on, days: required(self.days, "days")? },
            "delayed_reply" => {
                Fact::DelayedReply { on, until: parse_date("until", required(self.until, "until")?.as_str())? }
            }
            "reopened" => Fact::Reopened { on, due: self.reopened_period()? },
            "replied" => Fact::Replied { on },
            "ended" => Fact::Ended { on },
            other => return Err(unknown("unknown_event_type", "type", other)),
        })
    }

    fn consultation_kind(&self) -> Result<ConsultationKind, LineError> {
        let code = required(self.kind.as_ref(), "kind")?.as_str();
        ConsultationKind::from_code(code).ok_or_else(|| unknown("unknown_consultation_kind", "kind", code))
    }

    fn reopened_period(&self) -> Result<ReopenedPeriod, LineError> {
        match (self.days, self.until.as_ref()) {
            (Some(days), None) => Ok(ReopenedPeriod::Days(days)),
            (None, Some(until)) => Ok(ReopenedPeriod::Until(parse_date("until", until.as_str())?)),
            (Some(_), Some(_)) | (None, None) => {
                Err(LineError::new("missing_field", "reopened 须有 days 或 until 之一".to_owned()))
            }
        }
    }
}

fn required<T>(value: Option<T>, field: &'static str) -> Result<T, LineError> {
    value.ok_or_else(|| LineError::new("missing_field", format!("事件缺少 {field}；格式见 gongkai deadline --help")))
}

fn unknown(code: &'static str, field: &'static str, value: &str) -> LineError {
    LineError::new(code, format!("{field} 不认识：{}；格式见 gongkai deadline --help", shown(value)))
}
