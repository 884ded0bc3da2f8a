//! Turns a reminder into the bytes of a mail: templates in, one frozen message out.
//!
//! The message is built once. Its Message-ID and Date stay what they are whenever it is sent again: that is what lets
//! the receiver's server drop a second copy.

use super::duty::Duty;
use super::policy::{Audience, Standing};
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use minijinja::{AutoEscape, Environment, context};
use std::time::SystemTime;

/// Longest case title in a mail, characters.
const TITLE_MAX_CHARS: usize = 120;

const SUBJECT: &str = include_str!("../../config/templates/mail/reminder.subject.txt");
const TEXT: &str = include_str!("../../config/templates/mail/reminder.txt");
const HTML: &str = include_str!("../../config/templates/mail/reminder.html");
const NOTICE_SUBJECT: &str = include_str!("../../config/templates/mail/notice.subject.txt");
const NOTICE_TEXT: &str = include_str!("../../config/templates/mail/notice.txt");
const NOTICE_HTML: &str = include_str!("../../config/templates/mail/notice.html");

/// Why a mail could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template is broken.
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
    /// An address is none.
    #[error("address: {0}")]
    Address(#[from] lettre::address::AddressError),
    /// The message cannot be put together.
    #[error("message: {0}")]
    Message(#[from] lettre::error::Error),
}

/// Why a person gets a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// Of this part in the case.
    Is(Audience),
    /// Nobody nearer to the work can be reached by mail.
    NobodyElse,
}

impl Because {
    /// What stands over the next steps: the reader's own, or those of the persons to be urged on.
    #[must_use]
    const fn next_title(self) -> &'static str {
        match self {
            Self::Is(Audience::Handler) | Self::NobodyElse => "下一步",
            Self::Is(Audience::OfficeHead | Audience::Supervisor) => "请您督促承办人员",
        }
    }

    /// What the mail says.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Is(Audience::Handler) => "您是这一事项的承办人员。",
            Self::Is(Audience::OfficeHead) => {
                "您是本机关公开工作机构负责人；事项自期限前3个工作日起，直至办结，同时提醒您。"
            }
            Self::Is(Audience::Supervisor) => {
                "您负责监督该机关的政府信息公开工作；事项自逾期后第一个工作日起，直至办结，同时提醒您。"
            }
            Self::NobodyElse => "系统中没有能够收到邮件的承办人员，因此改发给您；请指定承办人员并登记其邮箱。",
        }
    }
}

/// All that a reminder says. There is no room for the applicant's data.
#[derive(Debug, Clone)]
pub struct Reminder<'a> {
    /// Who reads it.
    pub person: &'a str,
    /// The reader's mailbox.
    pub to: &'a str,
    /// Whose duty it is.
    pub organ: &'a str,
    /// 受理编号, once there is one.
    pub case_number: Option<&'a str>,
    /// What the application is about; `None` for a duty that belongs to no case.
    pub case_title: Option<&'a str>,
    /// The kind of duty.
    pub kind: &'a str,
    /// Its article.
    pub article: &'a str,
    /// Its date.
    pub due_on: NaiveDate,
    /// Where it stands.
    pub standing: Standing,
    /// The day the standing is told for.
    pub as_of: NaiveDate,
    /// Reminder days that went by without a mail.
    pub missed: &'a [NaiveDate],
    /// The first year the calendar does not know, where the standing is an estimate.
    pub unknown_year: Option<i32>,
    /// Why this person.
    pub because: Because,
}

/// A mail, ready to be stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, readable.
    pub subject: String,
    /// The Message-ID, in angle brackets.
    pub message_id: String,
    /// The whole message.
    pub bytes: Vec<u8>,
}

/// The templates, parsed.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The built-in templates.
    ///
    /// # Errors
    /// [`RenderError::Template`] when one does not parse (a test reads them).
    pub fn embedded() -> Result<Self, RenderError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(
            |name| {
                if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
            },
        );
        environment.add_template("reminder.subject.txt", SUBJECT)?;
        environment.add_template("reminder.txt", TEXT)?;
        environment.add_template("reminder.html", HTML)?;
        environment.add_template("notice.subject.txt", NOTICE_SUBJECT)?;
        environment.add_template("notice.txt", NOTICE_TEXT)?;
        environment.add_template("notice.html", NOTICE_HTML)?;
        Ok(Self { environment })
    }

    /// The mail of `reminder` from `from`, with the identity `id` and the date `at`.
    ///
    /// # Errors
    /// [`RenderError`]; an address that is none is the usual one.
    pub fn reminder(
        &self,
        reminder: &Reminder<'_>,
        from: &Mailbox,
        id: uuid::Uuid,
        at: DateTime<Utc>,
    ) -> Result<Rendered, RenderError> {
        let to = Mailbox::new(Some(one_line(reminder.person)), reminder.to.parse::<Address>()?);
        self.mail("reminder", &page(reminder), from, to, id, at)
    }

    /// One message of the three templates of `name`: subject, text, HTML.
    pub(super) fn mail(
        &self,
        name: &str,
        page: &minijinja::Value,
        from: &Mailbox,
        to: Mailbox,
        id: uuid::Uuid,
        at: DateTime<Utc>,
    ) -> Result<Rendered, RenderError> {
        let render = |part: &str, page: &minijinja::Value| -> Result<String, RenderError> {
            Ok(self.environment.get_template(&format!("{name}.{part}"))?.render(page)?)
        };
        let subject = one_line(&render("subject.txt", page)?);
        let page = context! { subject => subject.clone(), ..page.clone() };
        let (text, html) = (render("txt", &page)?, render("html", &page)?);
        let message_id = format!("<{id}@{}>", from.email.domain());
        // RFC 3834: no out-of-office answer to a machine.
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let message = Message::builder()
            .from(from.clone())
            .to(to)
            .subject(subject.clone())
            .message_id(Some(message_id.clone()))
            .date(SystemTime::from(at))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(text, html))?;
        Ok(Rendered { subject, message_id, bytes: message.formatted() })
    }
}

fn page(reminder: &Reminder<'_>) -> minijinja::Value {
    let duty = Duty::of(reminder.kind);
    let overdue = reminder.standing.is_overdue();
    let number = match (reminder.case_number, reminder.case_title) {
        (Some(number), _) => one_line(number),
        (None, Some(_)) => "（尚未编号）".to_owned(),
        (None, None) => String::new(),
    };
    context! {
        person => one_line(reminder.person),
        organ => one_line(reminder.organ),
        case_number => number,
        case_title => reminder.case_title.map(|title| cut(&one_line(title))),
        duty => duty.label,
        next_title => reminder.because.next_title(),
        next_steps => if overdue { duty.overdue } else { duty.in_time }.to_vec(),
        article => one_line(reminder.article),
        due_long => long_date(reminder.due_on),
        due_short => short_date(reminder.due_on),
        standing => reminder.standing.label(),
        as_of => short_date(reminder.as_of),
        overdue => overdue,
        missed => missed(reminder.missed),
        approximate => reminder.unknown_year.map(unknown_year),
        reason => reminder.because.text(),
    }
}

fn missed(days: &[NaiveDate]) -> Option<String> {
    let (first, last) = (days.first()?, days.last()?);
    let which = match days.len() {
        1 => format!("按期限推算应于{}发出的提醒", short_date(*first)),
        n => format!("按期限推算应于{}至{}发出的{n}次提醒", short_date(*first), short_date(*last)),
    };
    Some(format!(
        "{which}没有在当日发出（服务未运行，或者事项、期限、承办人员在其后才登记），合并为这一封，不再逐封补发。"
    ))
}

fn unknown_year(year: i32) -> String {
    format!(
        "系统尚未载入{year}年的放假安排，涉及{year}年的期限和工作日暂按周一至周五（不含元旦、劳动节、国庆节法定假日）推算，请以国务院办公厅通知为准，宜提前办理。"
    )
}

/// A date as an officer writes it, with the day of the week.
fn long_date(day: NaiveDate) -> String {
    let weekday = match day.weekday() {
        Weekday::Mon => "一",
        Weekday::Tue => "二",
        Weekday::Wed => "三",
        Weekday::Thu => "四",
        Weekday::Fri => "五",
        Weekday::Sat => "六",
        Weekday::Sun => "日",
    };
    format!("{}（星期{weekday}）", short_date(day))
}

fn short_date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// Nothing that could end a line: neither in a header nor in the layout of the text.
pub(super) fn one_line(text: &str) -> String {
    let flat: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    flat.trim().to_owned()
}

fn cut(title: &str) -> String {
    if title.chars().count() <= TITLE_MAX_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_MAX_CHARS).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests;
