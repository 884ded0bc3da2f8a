use super::*;
use crate::case::ObligationKind;
use mail_parser::MessageParser;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn from() -> Mailbox {
    "信息公开办公室 <office@gov.example>".parse().unwrap()
}

fn due_soon() -> Reminder<'static> {
    Reminder {
        person: "王敏",
        to: "wangmin@gov.example",
        organ: "某市交通运输局",
        case_number: Some("2025-00017"),
        case_title: Some("2024年度农村公路养护资金使用情况"),
        kind: "reply",
        article: "《政府信息公开条例》（国务院令第711号）第三十三条",
        due_on: day("2025-09-19"),
        standing: Standing::Left(3),
        as_of: day("2025-09-16"),
        missed: &[],
        unknown_year: None,
        because: Because::Is(Audience::Handler),
    }
}

fn make(reminder: &Reminder<'_>) -> Rendered {
    let id = "0198f3a0-0000-7000-8000-000000000001".parse().unwrap();
    let at = "2025-09-16T00:00:05Z".parse().unwrap();
    Templates::embedded().unwrap().reminder(reminder, &from(), id, at).unwrap()
}

/// Headers and text of a mail as the reader's program decodes them.
fn read(mail: &Rendered) -> String {
    let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
    let mailbox = |address: Option<&mail_parser::Address<'_>>| {
        let first = address.and_then(|list| list.first()).unwrap();
        format!("{} <{}>", first.name().unwrap_or(""), first.address().unwrap())
    };
    format!(
        "From: {}\nTo: {}\nSubject: {}\nDate: {}\nMessage-ID: <{}>\nAuto-Submitted: {}\n\n{}",
        mailbox(parsed.from()),
        mailbox(parsed.to()),
        parsed.subject().unwrap(),
        parsed.date().unwrap().to_rfc3339(),
        parsed.message_id().unwrap(),
        parsed.header_raw("Auto-Submitted").unwrap().trim(),
        parsed.body_text(0).unwrap().replace("\r\n", "\n")
    )
}

fn html(mail: &Rendered) -> String {
    let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
    parsed.body_html(0).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_duty_due_soon_in_text_and_html() {
    let mail = make(&due_soon());
    insta::assert_snapshot!("due_soon_text", read(&mail));
    insta::assert_snapshot!("due_soon_html", html(&mail));
}

#[test]
fn a_duty_due_today_for_the_office_head() {
    let reminder = Reminder {
        person: "李主任",
        standing: Standing::Today,
        as_of: day("2025-09-19"),
        because: Because::Is(Audience::OfficeHead),
        ..due_soon()
    };
    insta::assert_snapshot!("due_today_office_head", read(&make(&reminder)));
}

#[test]
fn an_overdue_duty_for_the_supervisor() {
    let reminder = Reminder {
        person: "赵监督",
        standing: Standing::Overdue(2),
        as_of: day("2025-09-23"),
        because: Because::Is(Audience::Supervisor),
        ..due_soon()
    };
    let mail = make(&reminder);
    insta::assert_snapshot!("overdue_supervisor", read(&mail));
    insta::assert_snapshot!("overdue_supervisor_html", html(&mail));
}

#[test]
fn a_caught_up_mail_says_so() {
    let missed = [day("2025-09-12"), day("2025-09-16"), day("2025-09-18")];
    let reminder =
        Reminder { standing: Standing::Left(1), as_of: day("2025-09-18"), missed: &missed[..2], ..due_soon() };
    insta::assert_snapshot!("caught_up", read(&make(&reminder)));
    let one = Reminder { missed: &missed[..1], ..reminder };
    assert!(read(&make(&one)).contains("补发说明：按期限推算应于2025年9月12日发出的提醒没有在当日发出"));
}

#[test]
fn an_estimate_beyond_the_calendar_says_so() {
    let reminder = Reminder {
        due_on: day("2027-01-08"),
        standing: Standing::Left(5),
        as_of: day("2026-12-31"),
        unknown_year: Some(2027),
        ..due_soon()
    };
    insta::assert_snapshot!("estimated", read(&make(&reminder)));
}

#[test]
fn a_duty_without_a_case_and_a_case_without_a_number() {
    let report = Reminder {
        case_number: None,
        case_title: None,
        kind: "annual_report",
        article: "《政府信息公开条例》（国务院令第711号）第四十九条",
        due_on: day("2026-01-31"),
        standing: Standing::Left(10),
        as_of: day("2026-01-16"),
        ..due_soon()
    };
    insta::assert_snapshot!("annual_report", read(&make(&report)));
    let unnumbered =
        Reminder { case_number: None, kind: "receipt_confirmation", because: Because::NobodyElse, ..due_soon() };
    insta::assert_snapshot!("unnumbered_nobody_else", read(&make(&unnumbered)));
}

#[test]
fn every_kind_of_duty_has_its_words() {
    let mut page = String::new();
    for kind in ObligationKind::ALL {
        let duty = Duty::of_kind(*kind);
        let (in_time, overdue) = (duty.in_time.join("\n    "), duty.overdue.join("\n    "));
        page.push_str(&format!("{} {}\n  未到期\n    {in_time}\n  逾期\n    {overdue}\n", kind.code(), duty.label));
        for standing in [Standing::Left(1), Standing::Overdue(1)] {
            let mail = make(&Reminder { kind: kind.code(), standing, ..due_soon() });
            assert!(mail.subject.contains(duty.label), "{}", mail.subject);
        }
    }
    insta::assert_snapshot!("duties", page);
    let unknown = make(&Reminder { kind: "new_duty", ..due_soon() });
    assert_eq!(unknown.subject, "【依申请公开】2025-00017 办理期限：还剩3个工作日（期限2025年9月19日）");
}

#[test]
fn the_subject_holds_neither_the_title_nor_a_name() {
    let mail = make(&Reminder { case_title: Some("张三房屋征收补偿档案"), ..due_soon() });
    assert_eq!(mail.subject, "【依申请公开】2025-00017 答复申请人：还剩3个工作日（期限2025年9月19日）");
}

#[test]
fn line_breaks_and_nul_in_any_field_add_no_header_and_no_recipient() {
    for evil in [
        "x\r\nBcc: thief@evil.example",
        "x\nBcc: thief@evil.example",
        "x\rBcc: t@e.example\r\n\r\nbody",
        "x\0y",
        "x\u{2028}y\u{85}z",
    ] {
        let clean = make(&due_soon());
        let names = |mail: &Rendered| -> Vec<String> {
            let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
            parsed.headers().iter().map(|header| header.name().to_owned()).collect()
        };
        for reminder in [
            Reminder { person: evil, ..due_soon() },
            Reminder { organ: evil, ..due_soon() },
            Reminder { case_number: Some(evil), ..due_soon() },
            Reminder { case_title: Some(evil), ..due_soon() },
            Reminder { kind: evil, ..due_soon() },
            Reminder { article: evil, ..due_soon() },
        ] {
            let mail = make(&reminder);
            assert_eq!(names(&mail), names(&clean));
            assert!(!mail.subject.contains(['\r', '\n', '\0', '\u{2028}']), "{:?}", mail.subject);
            let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
            assert!(parsed.bcc().is_none());
            let to: Vec<_> = parsed.to().unwrap().iter().map(|to| to.address().unwrap().to_owned()).collect();
            assert_eq!(to, ["wangmin@gov.example"]);
            let head = String::from_utf8(mail.bytes.clone()).unwrap();
            let head = head.split("\r\n\r\n").next().unwrap();
            assert!(head.is_ascii() && !head.to_ascii_lowercase().contains("\r\nbcc:"), "{head}");
        }
        let address = make_error(&Reminder { to: evil, ..due_soon() });
        assert!(matches!(address, RenderError::Address(_)), "{address}");
    }
}

fn make_error(reminder: &Reminder<'_>) -> RenderError {
    let at = "2025-09-16T00:00:05Z".parse().unwrap();
    Templates::embedded().unwrap().reminder(reminder, &from(), uuid::Uuid::nil(), at).unwrap_err()
}

#[test]
fn html_is_escaped_and_the_text_is_not() {
    let mail = make(&Reminder { case_title: Some("<script>alert(1)</script> & \"引号\""), ..due_soon() });
    assert!(html(&mail).contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp;"), "{}", html(&mail));
    assert!(read(&mail).contains("<script>alert(1)</script> & \"引号\""));
}

#[test]
fn a_long_title_is_cut() {
    let title = "路".repeat(500);
    let mail = make(&Reminder { case_title: Some(&title), ..due_soon() });
    assert!(read(&mail).contains(&format!("{}…\n", "路".repeat(120))));
    assert!(!read(&mail).contains(&"路".repeat(121)));
}
