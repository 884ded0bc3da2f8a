//! Mails that notify a person of an event, at once and only once. They are not reminders of a date.

use super::render::{RenderError, Rendered, Templates, one_line};
use lettre::Address;
use lettre::message::Mailbox;
use minijinja::{Value, context};

/// The content of a notice.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    /// The reader's name.
    pub person: &'a str,
    /// The reader's address.
    pub to: &'a str,
    /// The subject, without the common prefix.
    pub title: &'a str,
    /// What happened, in one sentence.
    pub lead: &'a str,
    /// The facts, as name and value, one per line.
    pub facts: &'a [(&'static str, String)],
    /// A quoted text, with its heading.
    pub quote: Option<(&'static str, &'a str)>,
    /// The next steps.
    pub next_steps: &'a [&'static str],
    /// Why this person gets the mail.
    pub reason: &'a str,
}

impl Templates {
    /// Renders a notice from `from`, with the id `id` and the date `at`.
    ///
    /// # Errors
    /// [`RenderError::Address`] if the recipient's address is invalid (the usual cause).
    pub fn notice(
        &self,
        notice: &Notice<'_>,
        from: &Mailbox,
        id: uuid::Uuid,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Rendered, RenderError> {
        let to = Mailbox::new(Some(one_line(notice.person)), notice.to.parse::<Address>()?);
        self.mail("notice", &page(notice), from, to, id, at)
    }
}

fn page(notice: &Notice<'_>) -> Value {
    let facts: Vec<(&str, String)> = notice.facts.iter().map(|(name, value)| (*name, one_line(value))).collect();
    context! {
        person => one_line(notice.person),
        title => one_line(notice.title),
        lead => one_line(notice.lead),
        facts => facts,
        quote_title => notice.quote.map(|(title, _)| title),
        quote => notice.quote.map(|(_, text)| text.lines().map(one_line).collect::<Vec<String>>()),
        next_steps => notice.next_steps.to_vec(),
        reason => one_line(notice.reason),
    }
}

/// Sample pages to test a template: one with everything a notice may contain, one without the optional parts.
pub(super) fn sample_pages() -> Vec<Value> {
    let facts = [("某项", "某事".to_owned())];
    let full = Notice {
        person: "某某",
        to: "a@localhost",
        title: "某事",
        lead: "某事。",
        facts: &facts,
        quote: Some(("某项", "某事")),
        next_steps: &["某事。"],
        reason: "某因。",
    };
    let bare = Notice { facts: &[], quote: None, next_steps: &[], ..full.clone() };
    vec![page(&full), page(&bare)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;

    fn made(quote: &str, next_steps: &[&'static str]) -> Rendered {
        let facts = [("督办单", "督办〔2026〕1号".to_owned()), ("答复日期", "2026年3月20日\r\nBcc: x@y".to_owned())];
        let notice = Notice {
            person: "王敏",
            to: "wangmin@gov.example",
            title: "督办〔2026〕1号：请答复",
            lead: "收到一份督办单，请在答复日期前登记书面答复。",
            facts: &facts,
            quote: Some(("督办事项和要求", quote)),
            next_steps,
            reason: "您是督办事项的承办人员。",
        };
        let from = "信息公开办公室 <office@gov.example>".parse().unwrap();
        let id = "0198f3a0-0000-7000-8000-000000000001".parse().unwrap();
        Templates::embedded().unwrap().notice(&notice, &from, id, "2026-03-16T00:00:05Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_notice_in_text_and_html() {
        let mail = made("为什么逾期？\n<b>请说明</b>", &["核实情况，登记答复。"]);
        let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
        assert_eq!(mail.subject, "【依申请公开】督办〔2026〕1号：请答复");
        assert_eq!(parsed.subject(), Some(mail.subject.as_str()));
        insta::assert_snapshot!("notice_text", parsed.body_text(0).unwrap().replace("\r\n", "\n"));
        insta::assert_snapshot!("notice_html", parsed.body_html(0).unwrap().replace("\r\n", "\n"));
    }

    #[test]
    fn without_next_steps_there_is_no_heading_for_them() {
        let mail = made("不再需要", &[]);
        let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
        let text = parsed.body_text(0).unwrap();
        assert!(text.contains("不再需要") && !text.contains("下一步"), "{text}");
    }
}
