//! Renders reminders: templates in, the bytes of one message out.
//!
//! A message is rendered once. Every attempt sends the same Message-ID and Date, so that the receiver's server can drop
//! a second copy.

pub(super) mod day_page;
pub(super) mod page;

use super::because::Because;
use crate::case::reminder_policy::DutyTiming;
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

/// The built-in templates, by file name.
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

/// Why a mail could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template is broken.
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
    /// Not a valid e-mail address.
    #[error("address: {0}")]
    Address(#[from] lettre::address::AddressError),
    /// The message cannot be assembled.
    #[error("message: {0}")]
    Message(#[from] lettre::error::Error),
}

/// One of the office's own templates that cannot be used. The built-in one replaces it.
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

/// A step that the reader, or the person who does the work, may take now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextAction {
    /// Its name.
    pub label: &'static str,
    /// The last day on which it is in time.
    pub until: Option<NaiveDate>,
    /// The article it is based on.
    pub article: &'static str,
}

/// What may be done with a case in its present state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// The steps that complete this duty.
    pub steps: Vec<NextAction>,
    /// Names of other lawful steps.
    pub others: Vec<&'static str>,
    /// Whether the reader may take the steps; else the person who works on the case.
    pub is_for_reader: bool,
}

/// One duty as presented in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The organ whose duty it is.
    pub organ: String,
    /// 受理编号, once assigned.
    pub case_number: Option<String>,
    /// The title of the case; `None` for a duty without a case.
    pub case_title: Option<String>,
    /// The applicant, masked for mail.
    pub applicant: Option<String>,
    /// The kind of duty.
    pub kind: String,
    /// The article it is based on.
    pub article: String,
    /// Its date; while the holiday notice is missing, the earliest possible one.
    pub due_on: NaiveDate,
    /// The latest possible date, while the holiday notice is missing.
    pub latest_on: Option<NaiveDate>,
    /// How near or how long past its date is.
    pub standing: DutyTiming,
    /// Whether it is so long overdue that it has the black level.
    pub is_black: bool,
    /// The day that `standing` refers to.
    pub as_of: NaiveDate,
    /// Reminder days that passed without a mail.
    pub missed: Vec<NaiveDate>,
    /// A note on a date that is uncertain because the holiday notice is missing.
    pub estimate: Option<String>,
    /// The first year missing in the calendar, if the working days left are an estimate.
    pub unknown_year: Option<i32>,
    /// Why this person gets the mail.
    pub because: Because,
    /// Whether the date holds only if a late correction notice does not restart the period (C-7b).
    pub is_at_risk: bool,
    /// The name of the person or department that has the case; `None` for a duty without a case.
    pub in_hand: Option<String>,
    /// What may be done; `None` for a duty without a case.
    pub next: Option<Next>,
}

/// The recipient of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressee<'a> {
    /// The name in the salutation.
    pub person: &'a str,
    /// The address.
    pub to: &'a str,
}

/// A parked mail, as reported to administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parked<'a> {
    /// The address it was for.
    pub address: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// The answer of the server.
    pub reply: &'a str,
    /// When it was parked, in the office's local time.
    pub at: NaiveDateTime,
    /// Its id, with which it can be released.
    pub mail_id: &'a str,
}

/// A mail, ready to be stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, decoded.
    pub subject: String,
    /// The Message-ID, in angle brackets.
    pub message_id: String,
    /// The whole message.
    pub bytes: Vec<u8>,
}

/// The parsed templates.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    broken: Vec<BrokenTemplate>,
}

impl Templates {
    /// Parses the built-in templates.
    ///
    /// # Errors
    /// [`RenderError::Template`] if one does not parse (a test covers them).
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

    /// Parses the built-in templates and replaces each by the file of its name in `directory`, if there is one that
    /// works: it must be readable, parse, and render the samples of its name ([`crate::mail::samples::of`]), which
    /// together contain everything a mail may contain. The others are in [`Templates::broken`].
    ///
    /// # Errors
    /// [`RenderError::Template`] if a built-in template does not parse.
    pub fn load(directory: &Path, samples: fn(&str) -> Vec<Value>) -> Result<Self, RenderError> {
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
            let tried = templates
                .environment
                .add_template_owned(*name, own)
                .and_then(|()| templates.try_with(name, &samples(name)));
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

    /// Renders a template with sample pages.
    fn try_with(&self, name: &str, samples: &[Value]) -> Result<(), minijinja::Error> {
        let template = self.environment.get_template(name)?;
        for page in samples {
            template.render(context! { subject => "", ..page.clone() })?;
        }
        Ok(())
    }

    /// Renders the mail about one duty from `from`, with the id `id` and the date `at`.
    ///
    /// # Errors
    /// [`RenderError::Address`] if the recipient's address is invalid (the usual cause).
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

    /// Renders the digest of the day `as_of` with all duties of a person.
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
        self.mail("digest", &day_page::digest(addressee, items, as_of), from, mailbox(addressee)?, id, at)
    }

    /// Renders the mail that reports a parked mail to an administrator.
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

    /// Renders a message from the three templates of `name`: subject, text, HTML.
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
        // RFC 3834: suppresses out-of-office answers.
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
