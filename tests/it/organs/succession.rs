//! 国办公开办函〔2019〕14号: an organ ends, and another answers for it.

use diesel::connection::SimpleConnection;
use gongkai::case::Role;
use gongkai::store::OrganId;
use serde_json::{Value, json};

use super::{application, audited, findings, open_case, patch, path_of};
use crate::support::service::{Reply, Service};
use crate::support::{day, on_both_databases};

const REASON: &str = "机构改革，职责并入本机关";
const BASIS: &str = "某市机构改革方案";

/// A city with an old bureau that will end, and the new one, each with its people.
struct Reform {
    service: Service,
    top: OrganId,
    old: OrganId,
    new: OrganId,
    admin: String,
    /// Clerks of the two.
    old_clerk: String,
    new_clerk: String,
}

impl Reform {
    fn on(database: &crate::support::TestDatabase) -> Self {
        let service = Service::start(database, day("2024-03-01"));
        let top = service.organ("shi", None);
        let (old, new) = (service.organ("guotu", Some(top)), service.organ("zrzy", Some(top)));
        let admin = service.user_token("zongguan", top, &[Role::Admin]);
        for (name, organ) in [("laoban", old), ("xinban", new)] {
            service.user(name, organ, &[Role::Clerk, Role::OfficeHead, Role::Reviewer, Role::Leader]);
        }
        let (old_clerk, new_clerk) = (service.token("laoban"), service.token("xinban"));
        Self { service, top, old, new, admin, old_clerk, new_clerk }
    }

    fn command(&self, case: &str, token: &str, segment: &str, body: Value) -> Reply {
        let path = format!("/api/v1/cases/{case}");
        let etag = self.service.get(&path, token).header("etag").to_owned();
        self.service.call_with("POST", &format!("{path}/{segment}"), token, &[("if-match", &etag)], Some(body))
    }

    /// A case registered on 2024-03-01.
    fn registered(&self, organ: OrganId, token: &str) -> String {
        let case = open_case(&self.service, &application(), organ, token);
        let done = self.command(&case, token, "registration", json!({ "on": "2024-03-01" }));
        assert_eq!(done.status, 200, "{done:?}");
        case
    }

    fn body(&self, ended: OrganId, on: &str) -> Value {
        json!({ "predecessor_id": ended.0, "ended_on": on, "reason": REASON, "basis": BASIS })
    }

    fn predecessors(&self, of: OrganId) -> String {
        format!("{}/predecessors", path_of(of))
    }

    /// The old bureau ends on 2024-03-04; the people sign in again.
    fn end(&mut self) -> Reply {
        self.service.office.clock().set(day("2024-03-04"));
        let done = self.service.create(&self.predecessors(self.new), &self.admin, self.body(self.old, "2024-03-04"));
        assert_eq!(done.status, 201, "{done:?}");
        self.old_clerk = self.service.token("laoban");
        done
    }

    fn case(&self, id: &str, token: &str) -> Reply {
        self.service.get(&format!("/api/v1/cases/{id}"), token)
    }

    fn remind(&self, on: &str) {
        self.service.office.clock().set(day(on));
        self.service.office.reminders().mailroom().unwrap().remind(day(on), None).unwrap();
    }
}

fn department(service: &Service, organ: OrganId, admin: &str, code: &str, name: &str) -> String {
    let made = service.create(&format!("{}/departments", path_of(organ)), admin, json!({ "code": code, "name": name }));
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_str().unwrap().to_owned()
}

#[test]
fn open_cases_duties_orders_users_and_departments_go_over_and_old_numbers_stay() {
    on_both_databases(|database| {
        let mut reform = Reform::on(database);
        let first = department(&reform.service, reform.old, &reform.admin, "bg", "办公室");
        department(&reform.service, reform.old, &reform.admin, "fg", "法规科");
        department(&reform.service, reform.new, &reform.admin, "bg", "办公室");
        let case = reform.registered(reform.old, &reform.old_clerk);
        let own = reform.registered(reform.new, &reform.new_clerk);
        let handler = reform.service.user("chengban", reform.old, &[Role::Handler]);
        let task = json!({ "on": "2024-03-01", "department_id": first, "handler_id": handler.0, "days": 5 });
        assert_eq!(reform.command(&case, &reform.old_clerk, "tasks", task).status, 200);
        let supervisor = reform.service.user_token("jiandu", reform.top, &[Role::Supervisor]);
        let due = "2024-03-20";
        for target in [json!({ "case_id": case }), json!({ "department_id": first })] {
            let mut order = target;
            order["text"] = json!("请说明办理进度");
            order["due_on"] = json!(due);
            assert_eq!(reform.service.create("/api/v1/supervision/orders", &supervisor, order).status, 201);
        }
        let own_order = json!({ "case_id": case, "text": "请抓紧办理", "due_on": due });
        assert_eq!(reform.service.create("/api/v1/supervision/orders", &reform.old_clerk, own_order).status, 201);
        assert_eq!(reform.case(&case, &reform.new_clerk).status, 404);
        let before = reform.case(&case, &reform.old_clerk).json;

        let done = reform.end();
        assert_eq!(
            (&done.json["cases"], &done.json["departments"], &done.json["users"], &done.json["orders"]),
            (&json!(1), &json!(2), &json!(2), &json!(1))
        );
        let after = reform.case(&case, &reform.new_clerk);
        assert_eq!(after.status, 200, "{after:?}");
        assert_eq!(after.json["organ_id"], json!(reform.new.0));
        for kept in ["number", "clock", "tasks", "handler_id", "department_id", "version", "obligations"] {
            assert_eq!(after.json[kept]["due"], before[kept]["due"], "{kept}");
        }
        assert_eq!(after.json["number"], json!("依申请〔2024〕1号"));
        assert_eq!(reform.case(&own, &reform.new_clerk).json["number"], json!("依申请〔2024〕1号"), "as it was");
        let transfer = &after.json["transfers"][0];
        assert_eq!(
            (&transfer["from_organ"], &transfer["to_organ"], &transfer["on"], &transfer["reason"]),
            (&json!("guotu局"), &json!("zrzy局"), &json!("2024-03-04"), &json!(REASON))
        );
        assert_eq!(after.json["orders"].as_array().unwrap().len(), 2);
        assert_eq!(reform.case(&own, &reform.new_clerk).json["transfers"], json!([]));
        // A department whose code and name were taken there is told apart.
        let list = reform.service.get(&format!("{}/departments", path_of(reform.new)), &reform.new_clerk);
        let rows = list.json["items"].as_array().unwrap();
        let named: Vec<(&str, &str)> =
            rows.iter().map(|row| (row["code"].as_str().unwrap(), row["name"].as_str().unwrap())).collect();
        assert_eq!(named, [("bg", "办公室"), ("fg", "法规科"), ("guotu-bg", "办公室（guotu局）")]);
        // The next number of the successor is none that it has already.
        let next = reform.registered(reform.new, &reform.new_clerk);
        assert_eq!(reform.case(&next, &reform.new_clerk).json["number"], json!("依申请〔2024〕2号"));
        // The handler goes on, and so do the clerks of the old bureau.
        assert_eq!(reform.case(&case, &reform.service.token("chengban")).status, 200);
        assert_eq!(reform.case(&own, &reform.old_clerk).status, 200);
        let entry = audited(&reform.service, "organ.succeeded");
        assert_eq!((&entry["cases"], &entry["reason"], &entry["basis"]), (&json!(1), &json!(REASON), &json!(BASIS)));
        assert_eq!(audited(&reform.service, "case.transferred")["number"], json!("依申请〔2024〕1号"));
        let line = reform.service.get(&reform.predecessors(reform.new), &reform.new_clerk);
        assert_eq!(line.json["items"][0]["organ_id"], json!(reform.old.0), "{line:?}");
        let organ = reform.service.get(&path_of(reform.old), &reform.new_clerk);
        assert_eq!(
            (&organ.json["ended_on"], &organ.json["successor_id"]),
            (&json!("2024-03-04"), &json!(reform.new.0))
        );
        assert_eq!(findings(&reform.service), [""; 0]);
    });
}

#[test]
fn reminders_lists_and_calendars_follow_the_new_organ() {
    on_both_databases(|database| {
        let mut reform = Reform::on(database);
        let case = reform.registered(reform.old, &reform.old_clerk);
        let due = reform.case(&case, &reform.old_clerk).json["clock"]["due"].as_str().unwrap().to_owned();
        assert_eq!(due, "2024-03-29");
        reform.end();
        let feed = reform.service.feed(&reform.new_clerk);
        let shown = reform.service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None);
        assert!(shown.text.contains("依申请〔2024〕1号"), "{}", shown.text);
        reform.remind("2024-03-28");
        let mails = reform.service.get(&format!("/api/v1/mail?organ={}", reform.new.0), &reform.admin);
        let to: Vec<&str> =
            mails.json["items"].as_array().unwrap().iter().filter_map(|mail| mail["to_address"].as_str()).collect();
        assert!(to.contains(&"xinban@example.cn") && to.contains(&"laoban@example.cn"), "{mails:?}");
        reform.service.office.clock().set(day("2024-04-08"));
        let overdue = |organ: OrganId| {
            let list = reform.service.get(&format!("/api/v1/overdue?organ={}", organ.0), &reform.new_clerk);
            list.text.matches(&case).count()
        };
        assert_eq!((overdue(reform.new) > 0, overdue(reform.old)), (true, 0));
        assert_eq!(findings(&reform.service), [""; 0]);
    });
}

/// The applicant withdraws, which closes the case.
fn withdraw(reform: &Reform, case: &str, token: &str, on: &str) {
    let done = reform.command(case, token, "withdrawal", json!({ "on": on, "identity_checked": true }));
    assert_eq!(done.status, 200, "{done:?}");
}

#[test]
fn what_was_closed_stays_with_the_old_organ_and_the_successor_reports_what_went_over() {
    on_both_databases(|database| {
        let mut reform = Reform::on(database);
        let closed = reform.registered(reform.old, &reform.old_clerk);
        withdraw(&reform, &closed, &reform.old_clerk, "2024-03-01");
        let open = reform.registered(reform.old, &reform.old_clerk);
        reform.end();
        assert_eq!(reform.case(&closed, &reform.new_clerk).json["organ_id"], json!(reform.old.0), "and is readable");
        assert_eq!(reform.case(&open, &reform.new_clerk).json["organ_id"], json!(reform.new.0));
        let received = |organ: OrganId| {
            let path = format!("/api/v1/reports/annual?year=2024&organ={}", organ.0);
            let report = reform.service.get(&path, &reform.new_clerk);
            report.json["table3"]["一、本年新收政府信息公开申请数量"]["总计"].as_u64()
        };
        assert_eq!((received(reform.old), received(reform.new)), (Some(1), Some(1)));
        let long_ago = "UPDATE organs SET created_at = '2024-01-01T00:00:00.000000Z'";
        database.raw().batch_execute(long_ago).unwrap();
        // The old bureau owes its last report, and the successor's people hear of it; none of the year after.
        reform.remind("2025-01-24");
        let list = |organ: OrganId| {
            reform.service.get(&format!("{}/annual-reports", path_of(organ)), &reform.new_clerk).json["items"].clone()
        };
        let years = |organ: OrganId| -> Vec<i64> {
            list(organ).as_array().unwrap().iter().map(|line| line["year"].as_i64().unwrap()).collect()
        };
        assert!(years(reform.old).contains(&2024), "{}", list(reform.old));
        reform.remind("2026-01-23");
        assert!(!years(reform.old).contains(&2025) && years(reform.new).contains(&2025), "{}", list(reform.old));
        let body = json!({ "year": 2024, "published_on": "2025-01-24" });
        let published =
            reform.service.create(&format!("{}/annual-reports", path_of(reform.old)), &reform.new_clerk, body);
        assert_eq!(published.status, 201, "{published:?}");
        assert_eq!(findings(&reform.service), [""; 0]);
    });
}

#[test]
fn an_ended_organ_takes_nothing_new_and_names_its_successor() {
    on_both_databases(|database| {
        let mut reform = Reform::on(database);
        let desk = reform.service.user_token("chuangkou", reform.old, &[Role::Intake]);
        let filing = |number: &str, organ: &str| {
            let mut body = application();
            body["submitted_on"] = json!("2024-03-01");
            body["organ"] = json!(organ);
            body["external_number"] = json!(number);
            body
        };
        let filed = reform.service.create("/api/v1/intake/applications", &desk, filing("CK-1", "guotu"));
        assert_eq!(filed.status, 201, "{filed:?}");
        reform.end();
        let desk = reform.service.token("chuangkou");
        let mut again = application();
        again["organ_id"] = json!(reform.old.0);
        let refused = reform.service.create("/api/v1/cases", &reform.new_clerk, again);
        assert_eq!(refused.problem(), (422, "organ_ended"));
        assert!(refused.json["detail"].as_str().unwrap().contains("由zrzy局承继其职权"), "{refused:?}");
        assert_eq!(refused.json["article"], json!("国办公开办函〔2019〕14号"));
        let refused = reform.service.create("/api/v1/intake/applications", &desk, filing("CK-2", "guotu"));
        assert_eq!(refused.problem(), (422, "organ_ended"));
        // What the desk filed before is found as it was filed, and may be filed with the successor under that number.
        let same = reform.service.create("/api/v1/intake/applications", &desk, filing("CK-1", "guotu"));
        assert_eq!((same.status, &same.json["duplicate"]), (200, &json!(true)), "{same:?}");
        let other = reform.service.create("/api/v1/intake/applications", &desk, filing("CK-1", "zrzy"));
        assert_eq!(other.status, 201, "{other:?}");
        let found = reform.service.get("/api/v1/intake/applications/CK-1?organ=guotu", &desk);
        assert_eq!(found.status, 200, "{found:?}");
        let made = |path: &str, body: Value| reform.service.create(path, &reform.admin, body).code().to_owned();
        let users = json!({ "username": "xin", "display_name": "新人", "roles": ["clerk"] });
        assert_eq!(made(&format!("{}/users", path_of(reform.old)), users), "organ_ended");
        let departments = format!("{}/departments", path_of(reform.old));
        assert_eq!(made(&departments, json!({ "code": "k", "name": "科" })), "organ_ended");
        let below = json!({ "code": "x", "name": "下级", "parent_id": reform.old.0 });
        assert_eq!(made("/api/v1/organs", below), "organ_ended");
        let line = patch(&reform.service, &path_of(reform.new), &reform.admin, json!({ "reports_to": reform.old.0 }));
        assert_eq!(line.fields(), [("/reports_to", "organ_ended")]);
        assert_eq!(findings(&reform.service), [""; 0]);
    });
}

#[test]
fn who_may_end_an_organ_and_which() {
    on_both_databases(|database| {
        let mut reform = Reform::on(database);
        let at = reform.predecessors(reform.new);
        let try_with = |token: &str, body: Value| reform.service.create(&at, token, body);
        let faults = |body: Value| {
            let reply = try_with(&reform.admin, body);
            reply.fields().into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect::<Vec<_>>()
        };
        let is = |at: &str, code: &str| vec![(at.to_owned(), code.to_owned())];
        assert_eq!(faults(reform.body(reform.new, "2024-03-01")), is("/predecessor_id", "invalid_value"));
        assert_eq!(faults(reform.body(reform.old, "2024-03-02")), is("/ended_on", "date_in_future"));
        assert_eq!(faults(reform.body(OrganId::new(), "2024-03-01")), is("/predecessor_id", "not_found"));
        let mut vague = reform.body(reform.old, "2024-03-01");
        vague["reason"] = json!("撤");
        assert_eq!(faults(vague), is("/reason", "too_vague"));
        let side = reform.service.user_token("xinguan", reform.new, &[Role::Admin]);
        let refused = try_with(&side, reform.body(reform.old, "2024-03-01"));
        assert_eq!(refused.fields(), [("/predecessor_id", "not_found")]);
        let below = reform.service.organ("xian", Some(reform.old));
        let refused = try_with(&reform.admin, reform.body(reform.old, "2024-03-01"));
        assert_eq!(refused.problem(), (422, "organ_has_subordinates"));
        let moved = json!({ "parent_id": reform.new.0, "reason": REASON });
        assert_eq!(patch(&reform.service, &path_of(below), &reform.admin, moved).status, 200);
        reform.end();
        let again = reform.service.create(&at, &reform.admin, reform.body(reform.old, "2024-03-04"));
        assert_eq!(again.problem(), (422, "organ_ended"));
        let back = reform.predecessors(reform.old);
        let back = reform.service.create(&back, &reform.admin, reform.body(reform.new, "2024-03-04"));
        assert_eq!(back.problem(), (422, "organ_ended"));
    });
}

#[test]
fn a_line_of_successors_leads_to_the_last_and_two_are_merged_into_one() {
    on_both_databases(|database| {
        let mut reform = Reform::on(database);
        let closed = reform.registered(reform.old, &reform.old_clerk);
        withdraw(&reform, &closed, &reform.old_clerk, "2024-03-01");
        let open = reform.registered(reform.old, &reform.old_clerk);
        let third = reform.service.organ("sanju", Some(reform.top));
        let side = reform.service.organ("linye", Some(reform.top));
        let side_clerk = reform.service.user_token("linban", side, &[Role::Clerk]);
        let theirs = reform.registered(side, &side_clerk);
        reform.end();
        for ended in [reform.new, side] {
            let at = reform.predecessors(third);
            let done = reform.service.create(&at, &reform.admin, reform.body(ended, "2024-03-04"));
            assert_eq!(done.status, 201, "{done:?}");
        }
        let token = reform.service.user_token("sanban", third, &[Role::Clerk]);
        for (case, organ) in [(&closed, reform.old), (&open, third), (&theirs, third)] {
            assert_eq!(reform.case(case, &token).json["organ_id"], json!(organ.0));
        }
        let transfers = reform.case(&open, &token).json["transfers"].clone();
        let way: Vec<&str> =
            transfers.as_array().unwrap().iter().map(|one| one["to_organ"].as_str().unwrap()).collect();
        assert_eq!(way, ["zrzy局", "sanju局"]);
        let organ = reform.service.get(&path_of(reform.old), &token);
        assert_eq!(organ.json["successor_id"], json!(third.0), "who answers today");
        // Each has the number it was given: 2 of the old bureau, 1 of the third one beside.
        assert_eq!(reform.case(&open, &token).json["number"], json!("依申请〔2024〕2号"));
        assert_eq!(reform.case(&theirs, &token).json["number"], json!("依申请〔2024〕1号"));
        let next = reform.registered(third, &token);
        assert_eq!(reform.case(&next, &token).json["number"], json!("依申请〔2024〕3号"), "1 and 2 are taken");
        assert_eq!(findings(&reform.service), [""; 0]);
    });
}

#[test]
fn a_case_that_is_reopened_after_its_organ_ended_goes_to_the_successor() {
    on_both_databases(|database| {
        let mut reform = Reform::on(database);
        let case = reform.registered(reform.old, &reform.old_clerk);
        withdraw(&reform, &case, &reform.old_clerk, "2024-03-01");
        reform.end();
        let token = reform.new_clerk.clone();
        let remedy = json!({ "kind": "reconsideration", "received_on": "2024-03-04", "reference": "〔2024〕复1号" });
        let opened = reform.command(&case, &token, "remedies", remedy);
        assert_eq!((opened.status, &opened.json["organ_id"]), (200, &json!(reform.old.0)), "{opened:?}");
        let decision = json!({
            "remedy": 1, "on": "2024-03-04", "result": "corrected", "orders_reply_within": { "days": 20 }
        });
        let ordered = reform.command(&case, &token, "remedy-decisions", decision);
        assert_eq!((ordered.status, &ordered.json["is_open"]), (200, &json!(true)), "{ordered:?}");
        assert_eq!(ordered.json["organ_id"], json!(reform.new.0));
        let transfer = &ordered.json["transfers"][0];
        assert_eq!(
            (&transfer["from_organ"], &transfer["reason"]),
            (&json!("guotu局"), &json!("guotu局撤并后重新办理"))
        );
        assert_eq!(ordered.json["number"], json!("依申请〔2024〕1号"));
        assert_eq!(findings(&reform.service), [""; 0]);
    });
}

#[test]
fn the_calendar_of_the_successors_region_counts_from_then_on() {
    on_both_databases(|database| {
        let service = Service::start(database, day("2020-01-17"));
        let top = service.organ("shi", None);
        let (old, new) = (service.organ("jiu", Some(top)), service.organ("xin", Some(top)));
        let admin = service.user_token("zongguan", top, &[Role::Admin]);
        assert_eq!(patch(&service, &path_of(new), &admin, json!({ "region": "CN-HB" })).status, 200);
        let clerk = service.user_token("laoban", old, &[Role::Clerk]);
        let mut body = application();
        body["submitted_on"] = json!("2020-01-17");
        let case = format!("/api/v1/cases/{}", open_case(&service, &body, old, &clerk));
        assert_eq!(service.get(&case, &clerk).json["clock"]["due"], json!("2020-02-21"));
        let ended = json!({ "predecessor_id": old.0, "ended_on": "2020-01-17", "reason": REASON });
        let done = service.create(&format!("{}/predecessors", path_of(new)), &admin, ended);
        assert_eq!(done.status, 201, "{done:?}");
        let clerk = service.token("laoban");
        assert_eq!(service.get(&case, &clerk).json["clock"]["due"], json!("2020-03-05"));
        assert_eq!(findings(&service), [""; 0]);
    });
}
