//! Turns reminders into the bytes of a mail: templates in, one frozen message out.
//!
//! The message is built once. Its Message-ID and Date stay what they are whenever it is sent again: that is what lets
//! the receiver's server drop a second copy.

mod page;

use super::because::Because;
use crate::case::reminder_policy::Standing;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use minijinja::{AutoEscape, Environment, Value, context};
pub(super) use page::one_line;
use std::path::Path;
use std::time::SystemTime;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../config/templates/mail/", $name)))),*] };
}

/// The templates there are, by the name of their file.
const BUILT_IN: &[(&str, &str)] = built_in![
    "reminder.subject.txt",
    "reminder.txt",
    "reminder.html",
    "digest.subject.txt",
    "digest.txt",
    "digest.html",
    "notice.subject.txt",
    "notice.txt",
    "notice.html",
    "calendar_moved.subject.txt",
    "calendar_moved.txt",
    "calendar_moved.html",
    "calendar_missing.subject.txt",
    "calendar_missing.txt",
    "calendar_missing.html",
    "parked.subject.txt",
    "parked.txt",
    "parked.html",
    "in_the_clear.subject.txt",
    "in_the_clear.txt",
    "in_the_clear.html",
];

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

/// A template of the office's own that cannot be used; the built-in one is used in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenTemplate {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub why: String,
}

impl std::fmt::Display for BrokenTemplate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "邮件模板 {} 不能使用，已改用内置模板 / template not usable, the built-in one is used: {}",
            self.file, self.why
        )
    }
}

/// A step that the reader, or who does the work, may take now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextAction {
    /// What it is called.
    pub label: &'static str,
    /// The last day it can still be done in time.
    pub until: Option<NaiveDate>,
    /// The article.
    pub article: &'static str,
}

/// What may be done with a case in its present state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// The steps by which this duty is done.
    pub steps: Vec<NextAction>,
    /// What else is lawful, by name.
    pub others: Vec<&'static str>,
    /// Whether it is the reader who may; else whoever works on the case.
    pub is_for_reader: bool,
}

/// One duty as a mail speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whose duty it is.
    pub organ: String,
    /// 受理编号, once there is one.
    pub case_number: Option<String>,
    /// What the application is about; `None` for a duty that belongs to no case.
    pub case_title: Option<String>,
    /// The applicant, as far as mail may say.
    pub applicant: Option<String>,
    /// The kind of duty.
    pub kind: String,
    /// Its article.
    pub article: String,
    /// Its date.
    pub due_on: NaiveDate,
    /// While a notice is not out: the latest its date can be; `due_on` is the earliest.
    pub latest_on: Option<NaiveDate>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether it is overdue by so much that it is at the black level.
    pub is_black: bool,
    /// The day the standing is told for.
    pub as_of: NaiveDate,
    /// Reminder days that went by without a mail.
    pub missed: Vec<NaiveDate>,
    /// What is to be said of a date that is not certain for want of a notice.
    pub estimate: Option<String>,
    /// The first year the calendar does not know, where the working days left are an estimate.
    pub unknown_year: Option<i32>,
    /// Why this person.
    pub because: Because,
    /// Whether the date stands only if a correction notice sent too late does not start the period anew (C-7b).
    pub is_at_risk: bool,
    /// In whose hands the case is, by name; `None` for a duty that belongs to no case.
    pub in_hand: Option<String>,
    /// What may be done; `None` for a duty that belongs to no case.
    pub next: Option<Next>,
}

/// Who gets a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressee<'a> {
    /// How the person is addressed.
    pub person: &'a str,
    /// The mailbox.
    pub to: &'a str,
}

/// A mail that was given up, as the administrators are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parked<'a> {
    /// The mailbox it was for.
    pub address: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// What the server said.
    pub reply: &'a str,
    /// When it was given up, by the office's clock.
    pub at: NaiveDateTime,
    /// Its identity, to send it again by.
    pub mail_id: &'a str,
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
    broken: Vec<BrokenTemplate>,
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
        for (name, source) in BUILT_IN {
            environment.add_template(name, source)?;
        }
        Ok(Self { environment, broken: Vec::new() })
    }

    /// The built-in templates, each replaced by the file of its name in `directory` where there is one that works:
    /// it must be readable, parse, and render a sample of everything a mail may say.
    ///
    /// # Errors
    /// As [`Templates::embedded`].
    pub fn load(directory: &Path) -> Result<Self, RenderError> {
        let mut templates = Self::embedded()?;
        for (name, source) in BUILT_IN.iter().filter(|_| !directory.as_os_str().is_empty()) {
            let file = directory.join(name);
            let own = match std::fs::read_to_string(&file) {
                Ok(own) => own,
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound && directory.is_dir() => continue,
                Err(cause) => {
                    templates.report(&file, &cause);
                    continue;
                }
            };
            let tried = templates.environment.add_template_owned(*name, own).and_then(|()| templates.sample(name));
            if let Err(cause) = tried {
                templates.report(&file, &cause);
                templates.environment.add_template(name, source)?;
            }
        }
        Ok(templates)
    }

    /// The office's own templates that cannot be used.
    #[must_use]
    pub fn broken(&self) -> &[BrokenTemplate] {
        &self.broken
    }

    fn report(&mut self, file: &Path, cause: &dyn std::fmt::Display) {
        let why = one_line(&cause.to_string());
        let broken = BrokenTemplate { file: file.display().to_string(), why };
        tracing::error!(file = broken.file, why = broken.why, "mail template not usable, the built-in one is used");
        self.broken.push(broken);
    }

    /// Renders a template over samples that between them hold everything a page may hold.
    fn sample(&self, name: &str) -> Result<(), minijinja::Error> {
        let template = self.environment.get_template(name)?;
        for page in page::sample_pages(name) {
            template.render(context! { subject => "", ..page })?;
        }
        Ok(())
    }

    /// The mail of one duty from `from`, with the identity `id` and the date `at`.
    ///
    /// # Errors
    /// [`RenderError`]; an address that is none is the usual one.
    pub fn reminder(
        &self,
        addressee: Addressee<'_>,
        item: &Item,
        from: &Mailbox,
        id: uuid::Uuid,
        at: DateTime<Utc>,
    ) -> Result<Rendered, RenderError> {
        self.mail("reminder", &page::reminder(addressee, item), from, mailbox(addressee)?, id, at)
    }

    /// The one mail of the day `as_of` with all that a person is owed.
    ///
    /// # Errors
    /// As [`Templates::reminder`].
    pub fn digest(
        &self,
        addressee: Addressee<'_>,
        items: &[Item],
        as_of: NaiveDate,
        from: &Mailbox,
        id: uuid::Uuid,
        at: DateTime<Utc>,
    ) -> Result<Rendered, RenderError> {
        self.mail("digest", &page::digest(addressee, items, as_of), from, mailbox(addressee)?, id, at)
    }

    /// The mail that tells an administrator of a given-up mail.
    ///
    /// # Errors
    /// As [`Templates::reminder`].
    pub fn parked(
        &self,
        addressee: Addressee<'_>,
        parked: &Parked<'_>,
        from: &Mailbox,
        id: uuid::Uuid,
        at: DateTime<Utc>,
    ) -> Result<Rendered, RenderError> {
        self.mail("parked", &page::parked(addressee, parked), from, mailbox(addressee)?, id, at)
    }

    /// One message of the three templates of `name`: subject, text, HTML.
    pub(super) fn mail(
        &self,
        name: &str,
        page: &Value,
        from: &Mailbox,
        to: Mailbox,
        id: uuid::Uuid,
        at: DateTime<Utc>,
    ) -> Result<Rendered, RenderError> {
        let render = |part: &str, page: &Value| -> Result<String, RenderError> {
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

fn mailbox(addressee: Addressee<'_>) -> Result<Mailbox, RenderError> {
    Ok(Mailbox::new(Some(one_line(addressee.person)), addressee.to.parse::<Address>()?))
}

#[cfg(test)]
mod tests;
