use super::*;
use crate::case::ObligationKind;
use crate::case::reminder_policy::{Audience, Onset, When};
use crate::mail::duty::DutyWords;
use mail_parser::MessageParser;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn from() -> Mailbox {
    "信息公开办公室 <office@gov.example>".parse().unwrap()
}

const READER: Addressee<'static> = Addressee { person: "王敏", to: "wangmin@gov.example" };

fn is(audience: Audience) -> Because {
    let onset = match audience {
        Audience::Handler => Onset { when: When::Before, days: 60 },
        Audience::SectionHead => Onset { when: When::Before, days: 5 },
        Audience::OfficeHead => Onset { when: When::Before, days: 3 },
        Audience::Leader => Onset { when: When::Before, days: 0 },
        Audience::Supervisor => Onset { when: When::After, days: 1 },
    };
    Because::Is(audience, Some(onset))
}

fn due_soon() -> Item {
    let step = |label, until: Option<&str>, article| NextAction { label, until: until.map(day), article };
    Item {
        organ: "某市交通运输局".into(),
        case_number: Some("2025-00017".into()),
        case_title: Some("2024年度农村公路养护资金使用情况".into()),
        applicant: Some("李**".into()),
        kind: "reply".into(),
        article: "《政府信息公开条例》（国务院令第711号）第三十三条".into(),
        due_on: day("2025-09-19"),
        latest_on: None,
        standing: DutyTiming::Left(3),
        is_black: false,
        as_of: day("2025-09-16"),
        missed: vec![],
        estimate: None,
        unknown_year: None,
        because: is(Audience::Handler),
        is_at_risk: false,
        in_hand: Some("养护科　王敏".into()),
        next: Some(Next {
            steps: vec![
                step("拟办", Some("2025-09-19"), "《条例》第三十六条"),
                step("征求意见", None, "《条例》第三十三条"),
            ],
            others: vec!["记录联系", "关联案件"],
            is_for_reader: true,
        }),
    }
}

fn make(item: &Item) -> Rendered {
    make_for(READER, item)
}

fn make_for(reader: Addressee<'_>, item: &Item) -> Rendered {
    let id = "0198f3a0-0000-7000-8000-000000000001".parse().unwrap();
    let at = "2025-09-16T00:00:05Z".parse().unwrap();
    Templates::embedded().unwrap().reminder(reader, item, &from(), id, at).unwrap()
}

/// Headers and text of a mail, as the reader's mail program decodes them.
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
    let reader = Addressee { person: "李主任", ..READER };
    let item =
        Item { standing: DutyTiming::Today, as_of: day("2025-09-19"), because: is(Audience::OfficeHead), ..due_soon() };
    insta::assert_snapshot!("due_today_office_head", read(&make_for(reader, &item)));
}

#[test]
fn an_overdue_duty_for_the_supervisor() {
    let reader = Addressee { person: "赵监督", ..READER };
    let next = Next { is_for_reader: false, ..due_soon().next.unwrap() };
    let item = Item {
        standing: DutyTiming::Overdue(2),
        as_of: day("2025-09-23"),
        because: is(Audience::Supervisor),
        next: Some(next),
        ..due_soon()
    };
    let mail = make_for(reader, &item);
    insta::assert_snapshot!("overdue_supervisor", read(&mail));
    insta::assert_snapshot!("overdue_supervisor_html", html(&mail));
}

#[test]
fn the_black_level_speaks_to_those_above_in_other_words() {
    let item = |audience| Item {
        standing: DutyTiming::Overdue(19),
        is_black: true,
        as_of: day("2025-10-20"),
        because: is(audience),
        next: None,
        ..due_soon()
    };
    insta::assert_snapshot!("black_leader", read(&make(&item(Audience::Leader))));
    let told = |audience| read(&make(&item(audience)));
    assert!(told(Audience::Supervisor).contains("请您督办：责令承办人员立即办理，并查明逾期原因"));
    assert!(told(Audience::OfficeHead).contains("请您立即督促承办人员并报告逾期原因"));
    assert!(told(Audience::Handler).contains("下一步："));
}

#[test]
fn every_reason_is_told() {
    let until = day("2025-09-30");
    let away = |audience| Because::StandsIn(audience, "王敏".into(), until);
    let mut reasons: Vec<String> = Audience::ALL.into_iter().map(|audience| is(audience).text()).collect();
    reasons.extend(Audience::ALL.into_iter().map(|audience| away(audience).text()));
    reasons.extend([Because::HandlerAway("王敏".into(), until).text(), Because::NobodyElse.text()]);
    let until = day("2025-09-19");
    let others = [
        Because::OfDepartment("养护科".into()),
        Because::OfOffice,
        Because::Decides,
        Because::NobodyDecides,
        Because::DecidesFor("李审".into(), until),
    ];
    reasons.extend(others.map(|because| because.text()));
    reasons.push(Because::ForDepartment("养护科".into()).text());
    insta::assert_snapshot!("reasons", reasons.join("\n"));
}

#[test]
fn the_mail_of_the_day_says_all_that_is_owed_the_latest_first() {
    let next = due_soon().next.map(|next| Next {
        steps: next.steps.into_iter().map(|step| NextAction { until: None, ..step }).collect(),
        ..next
    });
    let late = Item {
        next,
        case_number: Some("2025-00009".into()),
        due_on: day("2025-09-12"),
        standing: DutyTiming::Overdue(2),
        missed: vec![day("2025-09-15")],
        because: is(Audience::OfficeHead),
        ..due_soon()
    };
    let report = Item {
        case_number: None,
        case_title: None,
        applicant: None,
        in_hand: None,
        kind: "annual_report".into(),
        article: "《条例》第四十九条第一款".into(),
        next: None,
        due_on: day("2025-09-16"),
        standing: DutyTiming::Today,
        ..due_soon()
    };
    let id = "0198f3a0-0000-7000-8000-000000000001".parse().unwrap();
    let at = "2025-09-16T00:00:05Z".parse().unwrap();
    let items = [due_soon(), late, report];
    let mail = Templates::embedded().unwrap().digest(READER, &items, day("2025-09-16"), &from(), id, at).unwrap();
    insta::assert_snapshot!("digest", read(&mail));
    insta::assert_snapshot!("digest_html", html(&mail));
}

#[test]
fn an_administrator_is_told_of_a_mail_that_was_given_up() {
    let parked = Parked {
        address: "lihua@gov.example",
        subject: "【依申请公开】2025-00017 答复申请人：还剩3个工作日",
        reply: "permanent error (550): 5.1.1 <lihua@gov.example> no such user",
        at: "2025-09-16T08:00:05".parse().unwrap(),
        mail_id: "0198f3a0-0000-7000-8000-000000000002",
    };
    let id = "0198f3a0-0000-7000-8000-000000000001".parse().unwrap();
    let at = "2025-09-16T00:00:05Z".parse().unwrap();
    let mail = Templates::embedded().unwrap().parked(READER, &parked, &from(), id, at).unwrap();
    insta::assert_snapshot!("parked", read(&mail));
    insta::assert_snapshot!("parked_html", html(&mail));
}

#[test]
fn an_office_replaces_a_template_and_a_broken_one_is_reported_and_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("reminder.txt", "{{ person }}：{{ duty }}，{{ standing }}。");
    write("reminder.html", "<p>{% if %}</p>");
    write("digest.txt", "{{ no_such_word }}");
    write("calendar_moved.txt", "{{ person }}：{% for case in cases %}{{ case.number }}{% endfor %}");
    write("calendar_missing.txt", "{% if in_gap %}{{ no_such_word }}{% endif %}");
    write("notice.html", "{% if quote %}{{ quote_of }}{% endif %}");
    write(
        "digest.html",
        "{% for item in items %}{% if item.black %}{{ item.nothing_of_the_kind }}{% endif %}{% endfor %}",
    );
    std::fs::write(directory.path().join("digest.subject.txt"), [0xff, 0xfe]).unwrap();
    let templates = Templates::load(directory.path(), crate::mail::samples::of).unwrap();
    let broken: Vec<String> =
        templates.broken().iter().map(|one| one.file.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(
        broken,
        ["reminder.html", "digest.subject.txt", "digest.txt", "digest.html", "notice.html", "calendar_missing.txt"]
    );
    assert!(templates.broken()[0].to_string().contains("已改用内置模板"), "{}", templates.broken()[0]);
    let at = "2025-09-16T00:00:05Z".parse().unwrap();
    let mail = templates.reminder(READER, &due_soon(), &from(), uuid::Uuid::nil(), at).unwrap();
    assert!(read(&mail).ends_with("王敏：答复申请人，还剩3个工作日。"), "{}", read(&mail));
    assert_eq!(html(&mail), html(&make(&due_soon())), "the built-in one in its place");
    // A missing directory is a mistake; an empty name means that no directory is set.
    assert_eq!(Templates::load(Path::new("/no/such/directory"), crate::mail::samples::of).unwrap().broken().len(), 21);
    assert_eq!(Templates::load(Path::new(""), crate::mail::samples::of).unwrap().broken(), []);
}

#[test]
fn a_caught_up_mail_says_so() {
    let missed = vec![day("2025-09-12"), day("2025-09-16")];
    let item = Item { standing: DutyTiming::Left(1), as_of: day("2025-09-18"), missed, ..due_soon() };
    insta::assert_snapshot!("caught_up", read(&make(&item)));
    let one = Item { missed: vec![day("2025-09-12")], ..item };
    assert!(read(&make(&one)).contains("补发说明：按期限推算应于2025年9月12日发出的提醒没有在当日发出"));
}

#[test]
fn an_estimate_beyond_the_calendar_says_so() {
    let item = Item {
        due_on: day("2027-01-08"),
        latest_on: Some(day("2027-01-13")),
        standing: DutyTiming::Left(5),
        as_of: day("2026-12-31"),
        estimate: Some("2027年放假安排未公布，届满日估算：最早2027年1月8日、最晚1月13日；按最早提醒".to_owned()),
        unknown_year: Some(2027),
        ..due_soon()
    };
    insta::assert_snapshot!("estimated", read(&make(&item)));
}

#[test]
fn a_duty_without_a_case_and_a_case_without_a_number() {
    let report = Item {
        case_number: None,
        case_title: None,
        applicant: None,
        in_hand: None,
        next: None,
        kind: "annual_report".into(),
        article: "《政府信息公开条例》（国务院令第711号）第四十九条".into(),
        due_on: day("2026-01-31"),
        standing: DutyTiming::Left(10),
        as_of: day("2026-01-16"),
        ..due_soon()
    };
    insta::assert_snapshot!("annual_report", read(&make(&report)));
    let unnumbered =
        Item { case_number: None, kind: "receipt_confirmation".into(), because: Because::NobodyElse, ..due_soon() };
    insta::assert_snapshot!("unnumbered_nobody_else", read(&make(&unnumbered)));
}

#[test]
fn every_kind_of_duty_has_its_words() {
    let mut page = String::new();
    for kind in ObligationKind::ALL {
        let duty = DutyWords::of_kind(*kind);
        let (in_time, overdue) = (duty.in_time.join("\n    "), duty.overdue.join("\n    "));
        page.push_str(&format!("{} {}\n  未到期\n    {in_time}\n  逾期\n    {overdue}\n", kind.code(), duty.label));
        for standing in [DutyTiming::Left(1), DutyTiming::Overdue(1)] {
            let mail = make(&Item { kind: kind.code().into(), standing, ..due_soon() });
            assert!(mail.subject.contains(duty.label), "{}", mail.subject);
        }
    }
    insta::assert_snapshot!("duties", page);
    let unknown = make(&Item { kind: "new_duty".into(), ..due_soon() });
    assert_eq!(unknown.subject, "【依申请公开】2025-00017 办理期限：还剩3个工作日（期限2025年9月19日）");
}

#[test]
fn a_day_that_stands_only_if_a_late_notice_fails_says_so() {
    let told = read(&make(&Item { is_at_risk: true, ..due_soon() }));
    assert!(told.contains("期限说明：告知补正超过了七个工作日"), "{told}");
    // Until the correction is received no reply can be proposed, so the mail neither demands one nor calls the case
    // overdue.
    let late = make(&Item { is_at_risk: true, standing: DutyTiming::Overdue(15), is_black: true, ..due_soon() });
    assert_eq!(
        late.subject,
        "【依申请公开】【黑色预警】2025-00017 答复申请人：风险日已过15个工作日（风险日2025年9月19日）"
    );
    let page = read(&late);
    assert!(page.contains("收到补正后随即登记") && page.contains("风 险 日：2025年9月19日"), "{page}");
    for wrong in ["立即作出并发出答复", "逾期15", "期限已经过去"] {
        assert!(!page.contains(wrong), "{wrong}: {page}");
    }
    assert!(!read(&make(&due_soon())).contains("期限说明"));
}

#[test]
fn what_has_no_last_day_is_spoken_of_without_one() {
    let mut page = String::new();
    let article = "《条例》第四十五条";
    for (kind, standing) in [
        (ObligationKind::ServiceDate, DutyTiming::Left(3)),
        (ObligationKind::OpinionFollowUp, DutyTiming::Overdue(4)),
        (ObligationKind::Redelivery, DutyTiming::Today),
        (ObligationKind::ServiceProof, DutyTiming::Overdue(0)),
    ] {
        let item = Item { kind: kind.code().into(), standing, article: article.into(), next: None, ..due_soon() };
        let told = read(&make(&item));
        let html = html(&make(&item));
        for word in ["（期限", "期　　限", "逾期", "到期", "还剩"] {
            assert!(!told.contains(word), "{word} in {told}");
            assert!(!html.contains(word), "{word} in {html}");
        }
        assert!(!html.contains("<th align=\"left\">期限</th>"), "{html}");
        page.push_str(&told);
    }
    insta::assert_snapshot!("follow_ups", page);
    let late = Item {
        kind: "service_date".into(),
        standing: DutyTiming::Overdue(9),
        because: is(Audience::OfficeHead),
        ..due_soon()
    };
    let (id, at) = (uuid::Uuid::nil(), "2025-09-16T00:00:05Z".parse().unwrap());
    let items = [late, due_soon()];
    let mail = Templates::embedded().unwrap().digest(READER, &items, day("2025-09-16"), &from(), id, at).unwrap();
    assert_eq!(mail.subject, "【依申请公开】2025年9月16日期限提醒：共2项", "nothing of it is late");
}

#[test]
fn the_subject_holds_neither_the_title_nor_a_name() {
    let mail = make(&Item { case_title: Some("张三房屋征收补偿档案".into()), ..due_soon() });
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
        let named = Addressee { person: evil, ..READER };
        for (reader, item) in [
            (named, due_soon()),
            (READER, Item { organ: evil.into(), ..due_soon() }),
            (READER, Item { case_number: Some(evil.into()), ..due_soon() }),
            (READER, Item { case_title: Some(evil.into()), ..due_soon() }),
            (READER, Item { applicant: Some(evil.into()), ..due_soon() }),
            (READER, Item { kind: evil.into(), ..due_soon() }),
            (READER, Item { article: evil.into(), ..due_soon() }),
            (READER, Item { because: Because::HandlerAway(evil.into(), day("2025-09-16")), ..due_soon() }),
        ] {
            let mail = make_for(reader, &item);
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
        let address = make_error(Addressee { to: evil, ..READER });
        assert!(matches!(address, RenderError::Address(_)), "{address}");
    }
}

fn make_error(reader: Addressee<'_>) -> RenderError {
    let at = "2025-09-16T00:00:05Z".parse().unwrap();
    Templates::embedded().unwrap().reminder(reader, &due_soon(), &from(), uuid::Uuid::nil(), at).unwrap_err()
}

#[test]
fn html_is_escaped_and_the_text_is_not() {
    let mail = make(&Item { case_title: Some("<script>alert(1)</script> & \"引号\"".into()), ..due_soon() });
    assert!(html(&mail).contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp;"), "{}", html(&mail));
    assert!(read(&mail).contains("<script>alert(1)</script> & \"引号\""));
}

#[test]
fn a_long_title_is_cut() {
    let title = "路".repeat(500);
    let mail = make(&Item { case_title: Some(title), ..due_soon() });
    assert!(read(&mail).contains(&format!("{}…\n", "路".repeat(120))));
    assert!(!read(&mail).contains(&"路".repeat(121)));
}

#[test]
fn the_mail_of_the_day_lists_forty_rows_and_counts_the_rest_by_group() {
    let item = |n: u32, standing| Item { case_number: Some(format!("2025-{n:05}")), standing, ..due_soon() };
    let items: Vec<Item> = (0..38)
        .map(|n| item(n, DutyTiming::Today))
        .chain((38..41).map(|n| item(n, DutyTiming::Left(3))))
        .chain((41..46).map(|n| item(n, DutyTiming::Left(4))))
        .collect();
    let (id, at) = (uuid::Uuid::nil(), "2025-09-16T00:00:05Z".parse().unwrap());
    let mail = Templates::embedded().unwrap().digest(READER, &items, day("2025-09-16"), &from(), id, at).unwrap();
    let page = read(&mail);
    assert_eq!(page.matches("· 2025-").count(), 40);
    assert!(page.contains("另有6项没有列出（三个工作日内1项，以后5项），请登录系统查看"), "{page}");
    assert!(!page.contains("【以后】"), "{page}");
    assert!(page.contains("以下46项需要提醒您，今天到期38项。"), "{page}");
    assert_eq!(html(&mail).matches("<tr valign=\"top\">").count(), 40);
}

#[test]
fn what_is_due_today_is_listed_before_what_is_overdue_for_years() {
    let item = |n: u32, standing| Item { case_number: Some(format!("2025-{n:05}")), standing, ..due_soon() };
    let mut items: Vec<Item> = (0..50).map(|n| item(n, DutyTiming::Overdue(100 - n))).collect();
    items.push(item(98, DutyTiming::Left(2)));
    items.push(Item { kind: "correction_notice".into(), ..item(99, DutyTiming::Today) });
    let (id, at) = (uuid::Uuid::nil(), "2025-09-16T00:00:05Z".parse().unwrap());
    let page =
        read(&Templates::embedded().unwrap().digest(READER, &items, day("2025-09-16"), &from(), id, at).unwrap());
    let first = page.find("· 2025-00099").unwrap();
    assert!(first < page.find("· 2025-00000").unwrap() && page.contains("· 2025-00098"), "{page}");
    assert!(page.contains("另有12项没有列出（今天到期及逾期12项）"), "{page}");
}

#[test]
fn each_row_names_its_article_and_what_to_do_is_said_once_but_for_the_black_level() {
    let old = Item { article: "《条例》（2007年）第二十四条".into(), ..due_soon() };
    let black = Item { standing: DutyTiming::Overdue(40), is_black: true, because: is(Audience::Leader), ..due_soon() };
    let red = Item { standing: DutyTiming::Overdue(2), because: is(Audience::Leader), ..due_soon() };
    let items = [due_soon(), due_soon(), old, black, red];
    let (id, at) = (uuid::Uuid::nil(), "2025-09-16T00:00:05Z".parse().unwrap());
    let mail = Templates::embedded().unwrap().digest(READER, &items, day("2025-09-16"), &from(), id, at).unwrap();
    let page = read(&mail);
    let (rows, advice) = page.split_once("怎么办").unwrap();
    assert_eq!(rows.matches("依据：《条例》（2007年）第二十四条").count(), 1, "{page}");
    assert_eq!(rows.matches("依据：《政府信息公开条例》（国务院令第711号）第三十三条").count(), 4, "{page}");
    let headings: Vec<&str> = advice.lines().filter(|line| line.starts_with("· 答复申请人")).collect();
    assert_eq!(
        headings,
        [
            "· 答复申请人：",
            "· 答复申请人（已过期限，黑色预警）：逾期已达黑色预警，请您督办：责令承办人员立即办理，并查明逾期原因。",
            "· 答复申请人（已过期限）：请您督促承办人员。"
        ]
    );
    assert_eq!(html(&mail).matches("<small>《条例》（2007年）第二十四条</small>").count(), 1);
}
