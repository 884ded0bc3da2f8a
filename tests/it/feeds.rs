//! A person's private calendar: what it shows, to whom, and for how long.

use chrono::NaiveDate;
use gongkai::case::Role;
use icalendar::{Calendar, Component, DatePerhapsTime, Event, EventLike};
use serde_json::json;

use crate::support::bureau::Bureau;
use crate::support::service::{Reply, Service};
use crate::support::{day, on_both_databases};

fn read(service: &Service, token: &str) -> Reply {
    service.send("GET", &format!("/api/v1/feeds/{token}.ics"), &[], None)
}

/// The events of a calendar, by a reader that knows RFC 5545.
#[track_caller]
fn events(reply: &Reply) -> Vec<Event> {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), "text/calendar; charset=utf-8");
    reply.text.parse::<Calendar>().unwrap().events().cloned().collect()
}

/// First day, last day (exclusive), summary, colours.
fn brief(event: &Event) -> (NaiveDate, NaiveDate, String, Vec<String>) {
    let date = |found: Option<DatePerhapsTime>| match found {
        Some(DatePerhapsTime::Date(date)) => date,
        other => panic!("not a whole day: {other:?}"),
    };
    let (start, end) = (date(event.get_start()), date(event.get_end()));
    (start, end, event.get_summary().unwrap().to_owned(), event.get_categories().unwrap())
}

fn reply_duty(reply: &Reply) -> Event {
    events(reply).into_iter().find(|event| event.get_summary().unwrap().starts_with("答复申请人")).unwrap()
}

#[test]
fn an_open_duty_is_a_day_in_the_calendar_and_its_chinese_survives() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = bureau.registered("2024-03-01");
        let number = bureau.service.get(&case.path(""), &bureau.clerk).json["number"].as_str().unwrap().to_owned();
        let token = bureau.service.feed(&bureau.head);
        let first = read(&bureau.service, &token);
        let told = brief(&reply_duty(&first));
        let blue = vec!["蓝：已开始计算".to_owned()];
        assert_eq!(told, (day("2024-03-29"), day("2024-03-30"), format!("答复申请人 {number}"), blue));
        let description = reply_duty(&first).get_description().unwrap().to_owned();
        for part in ["zrzy局\n", "期限：2024-03-29", "还剩20个工作日", "第三十三条"] {
            assert!(description.contains(part), "{part} in {description}");
        }
        // RFC 5545: lines end in CRLF and are at most 75 octets, and no letter is cut in two.
        assert!(first.text.lines().any(|line| line.starts_with(' ')), "something was folded");
        for line in first.text.split_terminator("\r\n") {
            assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
        }
        let unfolded = first.text.replace("\r\n ", "");
        assert!(unfolded.contains("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"), "{unfolded}");
        assert_eq!(unfolded.matches("PRODID").count(), 1, "RFC 5545, 3.6: once");
        assert!(unfolded.contains(&format!("SUMMARY:答复申请人 {number}\r\n")), "{unfolded}");
        assert!(unfolded.contains("DTSTART;VALUE=DATE:20240329\r\n"), "{unfolded}");
        for secret in ["王小明", "13800138000", "11010519491231002X", "某市某路1号", "某地块", "征收"] {
            assert!(!unfolded.contains(secret), "{secret} in {unfolded}");
        }
        assert_eq!(read(&bureau.service, &token).text, first.text, "nothing changed, nothing differs");
        // A later day, another colour; an extension, another date of the same event.
        bureau.on("2024-03-29");
        assert_eq!(brief(&reply_duty(&read(&bureau.service, &token))).3, ["橙：今日到期"]);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let body =
            json!({ "days": 10, "reason": "情况复杂", "approved_on": "2024-03-29", "notified_on": "2024-03-29" });
        case.command(&bureau.head, "extensions", body);
        let (before, after) = (reply_duty(&first), reply_duty(&read(&bureau.service, &token)));
        assert_eq!(brief(&after).0, day("2024-04-15"));
        assert_eq!(after.get_uid(), before.get_uid());
        assert!(after.get_sequence() > before.get_sequence(), "{:?} {:?}", after.get_sequence(), before.get_sequence());
        assert!(after.get_timestamp() > before.get_timestamp());
    });
}

#[test]
fn an_estimated_day_says_so_and_a_duty_of_the_organ_has_no_number() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-12-14");
        bureau.registered("2026-12-14");
        bureau.on("2027-01-05");
        bureau.service.office.reminders().mailroom().unwrap().remind(day("2027-01-05"), None).unwrap();
        let shown = read(&bureau.service, &bureau.service.feed(&bureau.head));
        let reply = reply_duty(&shown).get_description().unwrap().to_owned();
        let estimate = "2027年放假安排未公布，届满日估算：最早2027年1月11日、最晚1月14日；按最早提醒";
        assert!(reply.contains(&format!("期限：2027-01-11\n{estimate}\n")), "{reply}");
        let annual = events(&shown).into_iter().find(|event| event.get_summary() == Some("年度报告"));
        let annual = annual.expect("the annual report, without a number").get_description().unwrap().to_owned();
        assert!(annual.contains("期限：2027-01-31\n") && !annual.contains("受理编号"), "{annual}");
    });
}

#[test]
fn everybody_sees_what_they_answer_for_and_a_supervisor_what_is_late() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let service = &bureau.service;
        let below = service.organ("xian", Some(bureau.organ));
        let case = bureau.registered("2024-03-01");
        let feed = |token: &str| service.feed(token);
        let shown = |feed: &str| {
            let found = events(&read(service, feed));
            found.iter().filter(|event| event.get_summary().unwrap().starts_with("答复申请人")).count()
        };
        let (clerk, head) = (feed(&bureau.clerk), feed(&bureau.head));
        let (reviewer, watch) = (feed(&bureau.reviewer), feed(&bureau.supervisor));
        let stranger = feed(&service.user_token("linju", below, &[Role::Clerk, Role::OfficeHead, Role::Supervisor]));
        let all = || [&clerk, &head, &reviewer, &watch, &stranger].map(|feed| shown(feed));
        assert_eq!(all(), [1, 1, 0, 0, 0]);
        bureau.on("2024-03-29");
        assert_eq!(all(), [1, 1, 0, 0, 0], "due today is not late");
        bureau.on("2024-03-30");
        assert_eq!(all(), [1, 1, 0, 1, 0]);
        let late = reply_duty(&read(service, &watch));
        assert_eq!(late.get_categories().unwrap(), ["红：已逾期"]);
        bureau.on("2024-04-01");
        let closed = service.get(&case.path(""), &bureau.clerk);
        let withdrawal = json!({ "on": "2024-04-01", "identity_checked": true });
        let etag = closed.header("etag").to_owned();
        let path = case.path("withdrawal");
        let done = service.call_with("POST", &path, &bureau.clerk, &[("if-match", &etag)], Some(withdrawal));
        assert_eq!(done.status, 200, "{done:?}");
        assert_eq!(all(), [0, 0, 0, 0, 0], "a closed case is silent");
    });
}

#[test]
fn an_address_ends_when_it_is_changed_or_revoked_or_its_owner_leaves() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let service = &bureau.service;
        let first = service.feed(&bureau.clerk);
        assert_eq!((first.len(), read(service, &first).status), (64, 200));
        let second = service.feed(&bureau.clerk);
        assert_ne!(first, second);
        let gone = read(service, &first);
        assert_eq!(gone.problem(), (404, "not_found"));
        assert_eq!(read(service, &"0".repeat(64)).problem_body(), gone.problem_body(), "a guess looks the same");
        assert_eq!(read(service, &second).status, 200);
        assert_eq!(service.call("DELETE", "/api/v1/me/feed", &bureau.clerk, None).status, 204);
        assert_eq!(service.call("DELETE", "/api/v1/me/feed", &bureau.clerk, None).problem(), (404, "not_found"));
        assert_eq!(read(service, &second).problem(), (404, "not_found"));
        // Only the hash is kept.
        let third = service.feed(&bureau.clerk);
        let hash: String = {
            use diesel::prelude::*;
            use gongkai::store::database::schema::feeds;
            feeds::table.select(feeds::token_hash).first(&mut database.raw()).unwrap()
        };
        assert!(hash.len() == 64 && hash != third);
        let admin = service.user_token("guanli", bureau.organ, &[Role::Admin]);
        let path = format!("/api/v1/users/{}", bureau.clerk_id.0);
        let etag = service.get(&path, &admin).header("etag").to_owned();
        let off =
            service.call_with("PATCH", &path, &admin, &[("if-match", &etag)], Some(json!({ "is_active": false })));
        assert_eq!(off.status, 200, "{off:?}");
        assert_eq!(read(service, &third).problem(), (404, "not_found"));
    });
}
