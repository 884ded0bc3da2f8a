//! What is stated as a last day, in mails, lists, calendars and the case: one on which the service itself acts the day after,
//! for random histories on both databases. And what has no last day is stated without one.

use super::scenes::text_of;
use super::*;
use crate::support::bureau::{Bureau as Desk, CaseAt};
use crate::support::on_both_databases;
use crate::support::service::Reply;
use gongkai::store::database::schema::obligations as duties;
use gongkai::store::service::meta;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A small generator: the same histories on both databases and in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Something that may happen in a case on a day; much of it is refused, as it is when a clerk errs.
fn step(desk: &Desk, case: &mut CaseAt<'_>, on: NaiveDate, dice: &mut Dice, first: Option<&str>) {
    let served = dice.below(3) > 0;
    let served_on = if served { json!(on) } else { Value::Null };
    let party = dice.pick(&["third_party", "joint_producer", "other_organ", "secrecy_authority"]);
    let way = dice.pick(&["post", "electronic", "direct"]);
    let came = dice.pick(&["returned", "signed", "returned", "electronic_receipt"]);
    let (clerk, head) = (desk.clerk.clone(), desk.head.clone());
    let number = 1 + dice.below(2);
    let body = |more: Value| {
        let mut body = json!({ "on": on });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let all: Vec<(&str, Value, &str)> = vec![
        ("registration", body(json!({})), &clerk),
        ("confirmation", body(json!({ "evidence": "电话记录" })), &clerk),
        ("tasks", body(json!({ "department_id": desk.department, "days": 3 + dice.below(5) })), &clerk),
        ("task-answers", body(json!({ "task": 1, "opinion": "可以公开" })), &clerk),
        (
            "corrections",
            body(json!({ "items": ["文号"], "respond_days": 5 + dice.below(8), "served_on": served_on })),
            &clerk,
        ),
        (
            "justifications",
            body(json!({ "facts": "当月六十件", "respond_days": 5 + dice.below(8), "served_on": served_on })),
            &clerk,
        ),
        ("fee", body(json!({ "basis": "by_page", "count": 68, "served_on": served_on })), &clerk),
        ("notice-services", body(json!({ "notice": "correction" })), &clerk),
        ("notice-services", body(json!({ "notice": "fee" })), &clerk),
        ("notice-services", body(json!({ "notice": "justification" })), &clerk),
        ("corrected-application", body(json!({ "request": "补正后的内容" })), &clerk),
        ("fee-payment", body(json!({})), &clerk),
        ("justification-answers", body(json!({ "reasonable": true, "reasons": "确有需要" })), &clerk),
        (
            "consultations",
            json!({ "kind": party, "party": "某单位", "subject": "文本", "sent_on": on, "served_on": served_on }),
            &clerk,
        ),
        ("consultation-services", body(json!({ "consultation": number })), &clerk),
        ("consultation-returns", body(json!({ "consultation": number, "opinion": "consents" })), &clerk),
        ("extensions", json!({ "days": 10, "reason": "情况复杂", "approved_on": on, "notified_on": on }), &head),
        ("lapse", body(json!({ "reason": "无正当理由" })), &clerk),
        ("remedies", json!({ "kind": "reconsideration", "received_on": on, "reference": "〔2024〕1号" }), &clerk),
    ];
    // Half of the time the case goes on to its reply, which is sent in one way or another and may come back.
    if let Some(first) = first {
        let (segment, body, token) = all.iter().find(|(segment, ..)| *segment == first).unwrap().clone();
        return tried(case, token, segment, body);
    }
    if dice.below(3) == 0 {
        let outcome = body(json!({ "outcome": "disclosed.provided", "reasons": "依法公开" }));
        tried(case, &clerk, "outcome", outcome);
        for kind in ["section_head", "secrecy", "legal", "leader"] {
            let token = if kind == "leader" { &desk.leader } else { &desk.reviewer };
            tried(case, token, "reviews", body(json!({ "kind": kind, "approve": true })));
        }
        tried(case, &clerk, "reply", body(json!({})));
        let carrier = if way == "post" { json!("EMS") } else { Value::Null };
        tried(case, &clerk, "dispatches", body(json!({ "method": way, "carrier": carrier })));
        tried(case, &clerk, "service-proofs", body(json!({ "result": came })));
        return;
    }
    let (segment, body, token) = all[dice.below(all.len())].clone();
    tried(case, token, segment, body);
}

fn tried(case: &mut CaseAt<'_>, token: &str, segment: &str, body: Value) {
    let reply = case.try_command(token, segment, body);
    if reply.status == 200 {
        case.last = reply;
    }
}

fn dates(value: &Value) -> Option<NaiveDate> {
    value.as_str().and_then(|text| text.parse().ok())
}

/// What the service says of the case on a day, in the words of its own refusals: the code that blocks a command, or none.
fn blocks(desk: &Desk, case: &CaseAt<'_>, on: NaiveDate) -> BTreeMap<String, String> {
    desk.on(&on.to_string());
    let actions = desk.service.get(&case.path("actions"), &desk.clerk);
    assert_eq!(actions.status, 200, "{actions:?}");
    let blocked = actions.json["blocked"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    blocked.iter().map(|one| (text(&one["command"]["code"]), text(&one["code"]))).collect()
}

/// Whether the period of a duty is over on a day, asked of the service; `None`: nothing depends on it but the day itself.
fn is_over(desk: &Desk, case: &CaseAt<'_>, kind: &str, on: NaiveDate) -> Option<bool> {
    let is_blocked = |command: &str, code: &str| {
        let blocks = blocks(desk, case, on);
        blocks.get(command).map(String::as_str) == Some(code)
    };
    match kind {
        "correction_response" | "fee_payment" => Some(!is_blocked("lapse", "period_still_running")),
        "justification_response" => Some(!is_blocked("propose_outcome", "period_still_running")),
        "reply" => {
            desk.on(&on.to_string());
            let clock = desk.service.get(&case.path(&format!("clock?as_of={on}")), &desk.clerk).json;
            (clock["status"]["code"] == "running").then_some(clock["overdue_working_days"].is_u64())
        }
        _ => None,
    }
}

/// What is stated of the case on a day: its last days, and the days to look after what has none.
#[derive(Debug, Default)]
struct Stated {
    last: BTreeMap<NaiveDate, BTreeSet<String>>,
    looked_after: BTreeSet<NaiveDate>,
    provisional: BTreeSet<NaiveDate>,
}

fn stated(view: &Value) -> Stated {
    let mut stated = Stated::default();
    for duty in view["obligations"].as_array().unwrap().iter().filter(|duty| duty["status"] == "open") {
        let kind = duty["kind"]["code"].as_str().unwrap().to_owned();
        assert!(duty["due_on"].is_null() || duty["follow_up_on"].is_null(), "{duty}");
        if let Some(on) = dates(&duty["due_on"]) {
            stated.last.entry(on).or_default().insert(kind.clone());
            if duty["is_provisional"] == true {
                stated.provisional.insert(on);
            }
            assert!(base_is_known(view, duty), "a last day without its base: {duty}");
        }
        stated.looked_after.extend(dates(&duty["follow_up_on"]));
    }
    stated
}

/// Whether the day from which the period runs is on record.
fn base_is_known(view: &Value, duty: &Value) -> bool {
    let number = duty["key"].as_str().unwrap().rsplit(':').next().and_then(|number| number.parse::<u64>().ok());
    let consultation = || view["consultations"].as_array()?.iter().find(|one| one["number"].as_u64() == number);
    match duty["kind"]["code"].as_str().unwrap() {
        "correction_response" => view["correction"]["notice"]["served_on"].is_string(),
        "justification_response" => view["justification"]["request"]["served_on"].is_string(),
        "fee_payment" => view["fee"]["notice"]["served_on"].is_string(),
        "third_party_opinion" | "organ_opinion" => {
            let one = consultation().unwrap();
            let is_limited = matches!(one["opened"]["kind"].as_str(), Some("third_party" | "joint_producer"));
            one["opened"]["served_on"].is_string() && is_limited
        }
        _ => true,
    }
}

/// The dates that follow a word in a text, `2026年9月23日` or `2026-09-23`.
fn dates_after(text: &str, word: &str) -> Vec<NaiveDate> {
    let read = |rest: &str| {
        let end = rest.find(['日', '（', '\n', ' ', '）', '，', '；']).unwrap_or(rest.len());
        let plain = rest[..end].replace(['年', '月'], "-");
        NaiveDate::parse_from_str(plain.trim(), "%Y-%m-%d").ok()
    };
    text.match_indices(word).filter_map(|(at, _)| read(&text[at + word.len()..])).collect()
}

/// A mail, a line of a calendar: each last day it names is one of the case's, and so is each day to look after something.
fn check_text(text: &str, stated: &Stated, untils: &BTreeSet<NaiveDate>, of: &Reply) {
    for (words, known) in [
        (["期　　限：", "（期限", "期限："], &stated.last.keys().copied().collect::<BTreeSet<_>>()),
        (["核 查 日：", "（核查日", "核查日："], &stated.looked_after),
    ] {
        for on in words.iter().flat_map(|word| dates_after(text, word)) {
            assert!(known.contains(&on), "{on} is none of {known:?} in {text}\n{}", of.text);
        }
    }
    for on in dates_after(text, "最迟") {
        assert!(untils.contains(&on), "最迟{on} in {text}\n{}", of.text);
    }
    if text.contains("核 查 日：") {
        assert!(!text.contains("逾期") || text.contains("核查日"), "{text}");
        assert!(!text.contains("已逾期") && !text.contains("期　　限："), "{text}");
    }
}

/// One random history, looked at on several days.
fn history(desk: &Desk, seed: u64, first: &str, asked: &mut BTreeMap<String, usize>) {
    let mut dice = Dice(seed);
    let mut on = day("2024-01-02") + TimeDelta::days(i64::try_from(dice.below(700)).unwrap());
    desk.on(&on.to_string());
    let mut application = desk.application(&on.to_string());
    if dice.below(4) == 0 {
        application["channel"] = json!("ordinary_mail");
    }
    let mut case = desk.file(application);
    tried(&mut case, &desk.clerk, "registration", json!({ "on": on }));
    let room = desk.service.office.reminders().mailroom().unwrap();
    let feed = desk.service.feed(&desk.head);
    // Something asked of others comes first, then few or many other things.
    step(desk, &mut case, on, &mut dice, Some(first));
    for _ in 0..dice.below(8) {
        on += TimeDelta::days(i64::try_from(dice.below(5)).unwrap());
        desk.on(&on.to_string());
        step(desk, &mut case, on, &mut dice, None);
    }
    for _ in 0..3 {
        on += TimeDelta::days(i64::try_from(1 + dice.below(7)).unwrap());
        desk.on(&on.to_string());
        room.settle();
        let view = desk.service.get(&case.path(""), &desk.clerk);
        let stated = stated(&view.json);
        let before: BTreeSet<String> = mails(room.store()).into_iter().map(|row| row.dedupe_key).collect();
        remind(&room, on);
        let actions: BTreeSet<NaiveDate> = [&desk.clerk, &desk.head, &desk.leader, &desk.reviewer, &desk.supervisor]
            .iter()
            .flat_map(|token| {
                let reply = desk.service.get(&case.path("actions"), token);
                let allowed = reply.json["allowed"].as_array().unwrap().clone();
                allowed.iter().filter_map(|one| dates(&one["until"])).collect::<Vec<_>>()
            })
            .collect();
        let id = case.id.parse::<uuid::Uuid>().unwrap();
        for mail in mails(room.store()) {
            if mail.case_id.is_some_and(|of| of.0 == id) && !before.contains(&mail.dedupe_key) {
                let text = format!("{}\n{}", mail.subject, text_of(room.store(), &mail.dedupe_key));
                check_text(&text, &stated, &actions, &view);
                *asked.entry("mails".into()).or_default() += 1;
            }
        }
        let shown = desk.service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None);
        let shown = shown.text.replace("\r\n ", "").replace("\\n", "\n");
        // Each event bears the id of its duty.
        let own = room.store().read(|db| obligations::of_case(db, CaseId(id))).unwrap();
        let is_own = |event: &&str| own.iter().any(|duty| event.contains(&format!("UID:{}@gongkai", duty.id.0)));
        for event in shown.split("BEGIN:VEVENT").filter(is_own) {
            check_text(event, &stated, &actions, &view);
            *asked.entry("feed".into()).or_default() += 1;
        }
        for (last, kinds) in stated.last.iter().filter(|(last, _)| !stated.provisional.contains(last) && **last >= on) {
            for kind in kinds {
                for (then, expected) in [(*last, false), (*last + TimeDelta::days(1), true)] {
                    if let Some(over) = is_over(desk, &case, kind, then) {
                        assert_eq!(over, expected, "{kind} due {last}, on {then}: {}", view.text);
                        *asked.entry(kind.clone()).or_default() += 1;
                    }
                }
            }
        }
        desk.on(&on.to_string());
    }
}

#[test]
fn every_last_day_in_mail_list_and_calendar_is_one_on_which_the_service_acts_the_day_after() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2024-01-02");
        let mut asked = BTreeMap::new();
        let firsts = ["corrections", "justifications", "fee", "justifications", "consultations", "remedies"];
        for (seed, first) in (1..=36_u64).zip(firsts.into_iter().cycle()) {
            history(&desk, seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), first, &mut asked);
        }
        // What was never met would pass unseen.
        for kind in ["mails", "feed", "reply", "correction_response", "fee_payment", "justification_response"] {
            assert!(asked.get(kind).is_some_and(|count| *count >= 2), "{kind} in {asked:?}");
        }
    });
}

/// A registered case of 2026-09-10 and what a pass of a day says of it, mail by mail.
fn told(desk: &Desk, on: &str) -> Vec<(String, String)> {
    desk.on(on);
    let room = desk.service.office.reminders().mailroom().unwrap();
    room.settle();
    remind(&room, day(on));
    let rows = mails(room.store());
    rows.iter()
        .map(|row| (row.to_address.clone(), format!("{}\n{}", row.subject, text_of(room.store(), &row.dedupe_key))))
        .collect()
}

#[test]
fn a_letter_without_a_service_date_is_mailed_as_the_recording_of_that_date() {
    let consulted = |kind: &str| json!({ "kind": kind, "party": "某单位", "subject": "文本", "sent_on": "2026-09-10" });
    for (segment, body) in [
        ("consultations", consulted("third_party")),
        ("consultations", consulted("joint_producer")),
        ("corrections", json!({ "on": "2026-09-10", "items": ["文号"], "respond_days": 10 })),
    ] {
        on_both_databases(|database| {
            let desk = Desk::open(database, "2026-09-10");
            let mut case = desk.registered("2026-09-10");
            case.clerk(segment, body.clone());
            let mails = told(&desk, "2026-11-27");
            assert!(!mails.is_empty());
            for (to, text) in &mails {
                assert!(text.contains("登记送达日期") && text.contains("核 查 日：2026年9月23日"), "{to}: {text}");
                for false_word in ["逾期", "期　　限", "依　　据：《条例》第三十", "登记为视为放弃"]
                {
                    assert!(!text.contains(false_word), "{false_word} to {to}: {text}");
                }
            }
        });
    }
}

#[test]
fn an_opinion_without_a_period_is_mailed_without_one() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2026-09-10");
        let mut case = desk.registered("2026-09-10");
        let other = json!({ "kind": "other_organ", "party": "某局", "subject": "批复", "sent_on": "2026-09-10" });
        case.clerk("consultations", other);
        let mails = told(&desk, "2026-11-27");
        assert!(!mails.is_empty());
        for (to, text) in &mails {
            assert!(
                text.contains("跟进征求意见") && text.contains("《条例》没有规定这类征求意见的期限"),
                "{to}: {text}"
            );
            assert!(text.contains("依　　据：《条例》第四十五条"), "Article 33 sets none: {text}");
            for false_word in ["逾期", "期　　限"] {
                assert!(!text.contains(false_word), "{false_word} to {to}: {text}");
            }
        }
    });
}

#[test]
fn each_is_told_what_he_is_and_those_above_in_whose_hands_the_case_lies() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2026-09-10");
        let mut case = desk.registered("2026-09-10");
        // The department has nobody who can be written to: the office's clerk stands in, and is told so.
        case.clerk("tasks", json!({ "on": "2026-09-10", "department_id": desk.department, "days": 3 }));
        let mails = told(&desk, "2026-09-28");
        let task = |who: &str| {
            let mut found =
                mails.iter().filter(|(to, text)| to.starts_with(who) && text.contains("事　　项：科室反馈"));
            found.next().unwrap_or_else(|| panic!("none to {who}: {mails:?}")).1.clone()
        };
        let clerk = task("jingban");
        assert!(clerk.contains("您是本机关公开工作机构的经办人员；这一事项由耕地保护科承办"), "{clerk}");
        assert!(clerk.contains("请您转告并督促承办科室：") && !clerk.contains("您是这一事项的承办人员"), "{clerk}");
        for above in ["fuze", "lingdao"] {
            let text = task(above);
            assert!(text.contains("承　　办：耕地保护科（未指定承办人员）"), "{text}");
        }
        // Unassigned, it is the office's own.
        let other = desk.registered("2026-09-10");
        let number = other.last.json["number"].as_str().unwrap().to_owned();
        let mails = told(&desk, "2026-10-15");
        let of_other: Vec<_> = mails.iter().filter(|(_, text)| text.contains(&number)).collect();
        let to = |who: &str| &of_other.iter().find(|(to, _)| to.starts_with(who)).unwrap().1;
        assert!(to("jingban").contains("您是本机关公开工作机构的经办人员。"), "{}", to("jingban"));
        assert!(to("jiandu").contains("承　　办：公开工作机构"), "{}", to("jiandu"));
    });
}

#[test]
fn duties_written_by_an_earlier_release_are_written_anew_before_anybody_is_reminded() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2026-09-10");
        let mut case = desk.registered("2026-09-10");
        let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2026-09-10" });
        case.clerk("consultations", third);
        let store = desk.service.office.store();
        let as_it_was = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            diesel::delete(duties::table.filter(duties::key.eq("service_date:consultation:1"))).execute(db)?;
            let opinion = duties::table.filter(duties::key.eq("third_party_opinion:1"));
            diesel::update(opinion).set(duties::due_on.eq(Some(day("2026-09-23")))).execute(db)?;
            meta::set(db, "cases.derived_by", "")
        };
        store.write(as_it_was).unwrap();
        let mails = told(&desk, "2026-09-24");
        assert!(mails.iter().all(|(_, text)| !text.contains("第三方意见")), "{mails:?}");
        assert!(mails.iter().any(|(_, text)| text.contains("登记送达日期")), "{mails:?}");
    });
}

#[test]
fn a_step_of_the_review_is_mailed_to_the_reviewer_and_not_to_who_proposed() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2026-09-10");
        let proposer = desk.service.user_token("duogang", desk.organ, &[Role::Clerk, Role::Reviewer]);
        let mut case = desk.registered("2026-09-10");
        case.clerk(
            "searches",
            json!({
                "on": "2026-09-10", "places": ["档案室"], "terms": ["批复"], "searched_by": "王科员", "found": true
            }),
        );
        let proposal = json!({ "on": "2026-09-10", "outcome": "disclosed.provided", "reasons": "属于应当公开的信息" });
        case.command(&proposer, "outcome", proposal);
        let due = case.last.json["clock"]["due"].as_str().unwrap().to_owned();
        let mails = told(&desk, &due);
        let to = |name: &str| -> String {
            mails.iter().filter(|(to, _)| to.starts_with(name)).map(|(_, text)| text.as_str()).collect()
        };
        let reviewers = to("shenhe");
        assert!(reviewers.contains("审核") && reviewers.contains("审核、签批没有单独的期限"), "{reviewers}");
        assert!(reviewers.contains("这一事项由您审核、签批或者确认。"), "{reviewers}");
        for other in ["duogang", "lingdao"] {
            assert!(!to(other).contains("这一事项由您审核"), "{other}: {mails:?}");
        }
    });
}

#[test]
fn an_approved_reply_is_mailed_to_the_office_too_which_alone_can_issue_it() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2026-09-10");
        let handler = desk.service.user("chengban", desk.organ, &[Role::Handler]);
        let mut case = desk.registered("2026-09-10");
        let task = json!({ "on": "2026-09-10", "department_id": desk.department, "handler_id": handler.0, "days": 3 });
        case.clerk("tasks", task);
        case.clerk("task-answers", json!({ "task": 1, "on": "2026-09-10", "opinion": "可以公开" }));
        case.clerk(
            "searches",
            json!({
                "on": "2026-09-10", "places": ["档案室"], "terms": ["批复"], "searched_by": "王科员", "found": true
            }),
        );
        case.clerk("outcome", json!({ "on": "2026-09-10", "outcome": "disclosed.provided", "reasons": "依法公开" }));
        let due = case.last.json["clock"]["due"].as_str().unwrap().to_owned();
        let of_reply = |mails: &[(String, String)], name: &str| {
            mails.iter().filter(|(to, text)| to.starts_with(name) && text.contains("答复申请人")).count()
        };
        let before = told(&desk, "2026-10-08");
        assert_eq!((of_reply(&before, "chengban"), of_reply(&before, "jingban")), (1, 0), "{before:?}");
        case.approve("2026-09-10");
        let after = told(&desk, &due);
        let told_then = (of_reply(&after, "chengban"), of_reply(&after, "jingban"));
        assert!(told_then.0 > 1 && told_then.1 == 1, "{told_then:?} {after:?}");
    });
}
