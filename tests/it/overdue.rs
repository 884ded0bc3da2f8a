//! The three lists of a supervisor: boundaries, days gone by, who sees what, counts that add up.

use gongkai::case::Role;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;
use crate::support::service::{PASSWORD, Reply};

const LISTS: [&str; 3] = ["due_soon", "overdue_open", "replied_late"];

impl Bureau {
    /// The lists as the supervisor sees them.
    #[track_caller]
    fn overdue(&self, query: &str) -> Value {
        let reply = self.service.get(&format!("/api/v1/overdue{query}"), &self.supervisor);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json
    }

    /// As of a day gone by, from the logs, and on that day itself, from the rows: they must not differ.
    #[track_caller]
    fn overdue_on(&self, day: &str) -> Value {
        let later = self.service.office.clock().today().max(day.parse().unwrap()) + chrono::Days::new(1);
        self.on(day);
        let on_the_day = self.overdue("");
        self.service.office.clock().set(later);
        let as_known_then = self.overdue(&format!("?as_of={day}&known_on={day}"));
        assert_eq!(on_the_day, as_known_then, "{day}: what was shown that day and what was known then");
        let mut looking_back = self.overdue(&format!("?as_of={day}"));
        looking_back["known_on"] = json!(day);
        assert_eq!(on_the_day, looking_back, "{day}: what was shown that day and what is shown of it later");
        on_the_day
    }
}

/// Name of the list with exactly one case in it, and the case; nothing when all are empty.
#[track_caller]
fn only(report: &Value) -> Option<(&'static str, Value)> {
    let found: Vec<_> = LISTS
        .into_iter()
        .flat_map(|list| report[list]["items"].as_array().unwrap().iter().map(move |row| (list, row.clone())))
        .collect();
    assert!(found.len() <= 1, "{found:?}");
    found.into_iter().next()
}

/// List, warning level, working days and days of the only case.
#[track_caller]
fn level(report: &Value) -> Option<(&'static str, String, u64, u64)> {
    only(report).map(|(list, row)| {
        let side = if list == "due_soon" { "remaining" } else { "overdue" };
        let number = |name: String| row[name].as_u64().unwrap();
        let days = (number(format!("{side}_working_days")), number(format!("{side}_days")));
        (list, row["warning"]["code"].as_str().unwrap().to_owned(), days.0, days.1)
    })
}

fn reply_on(case: &mut CaseAt<'_>, on: &str) {
    case.clerk("outcome", json!({ "on": on, "outcome": "disclosed.provided", "reasons": "可以公开" })).approve(on);
    case.clerk("reply", json!({ "on": on }));
    case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }));
}

#[test]
fn each_level_begins_on_its_day_and_not_a_day_earlier_or_later() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let case = bureau.registered("2025-02-20");
        let at =
            |day| level(&bureau.overdue_on(day)).map(|(list, level, working, days)| (list, level, (working, days)));
        let is = |list, level: &str, days| Some((list, level.to_owned(), days));
        assert_eq!(at("2025-02-20"), None, "six or more working days left: nobody is warned");
        assert_eq!(at("2025-03-12"), None, "six left");
        assert_eq!(at("2025-03-13"), is("due_soon", "yellow", (5, 7)));
        assert_eq!(at("2025-03-19"), is("due_soon", "yellow", (1, 1)));
        assert_eq!(at("2025-03-20"), is("due_soon", "orange", (0, 0)), "the last day is valid until it ends");
        assert_eq!(at("2025-03-21"), is("overdue_open", "red", (1, 1)));
        assert_eq!(at("2025-03-22"), is("overdue_open", "red", (1, 2)), "a Saturday");
        assert_eq!(at("2025-04-18"), is("overdue_open", "red", (20, 29)));
        assert_eq!(at("2025-04-19"), is("overdue_open", "black", (20, 30)));
        assert_eq!(at("2025-04-20"), is("overdue_open", "black", (20, 31)));

        let (_, row) = only(&bureau.overdue("?as_of=2025-03-21")).unwrap();
        assert_eq!(row["case_id"], case.id.as_str());
        assert_eq!(row["number"], "依申请〔2025〕1号");
        assert_eq!((row["organ_code"].as_str(), row["organ_name"].as_str()), (Some("zrzy"), Some("zrzy局")));
        assert_eq!((row["received_on"].as_str(), row["due_on"].as_str()), (Some("2025-02-20"), Some("2025-03-20")));
        assert_eq!(row["warning"], json!({ "code": "red", "label": "红：已逾期" }));
        assert_eq!(row["clock_status"]["code"], "running");
        assert_eq!((&row["department"], &row["is_provisional"]), (&Value::Null, &json!(false)));
    });
}

#[test]
fn a_late_reply_is_open_until_its_day_and_late_for_a_year_after_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        bureau.on("2025-03-25");
        reply_on(&mut case, "2025-03-25");
        let at = |day| level(&bureau.overdue(&format!("?as_of={day}")));
        bureau.on("2026-10-01");
        assert_eq!(at("2025-03-24"), Some(("overdue_open", "red".into(), 2, 4)), "replied later: open on that day");
        assert_eq!(at("2025-03-25"), Some(("replied_late", "red".into(), 3, 5)));
        assert_eq!(at("2026-03-25"), Some(("replied_late", "red".into(), 3, 5)), "365 days later");
        assert_eq!(at("2026-03-26"), None);
        assert_eq!(level(&bureau.overdue("")), None);
        assert!(level(&bureau.overdue("?late_from=2025-01-01")).is_some());
        let (_, row) = only(&bureau.overdue("?as_of=2025-03-25")).unwrap();
        assert_eq!(
            (row["replied_on"].as_str(), row["outcome"]["code"].as_str()),
            (Some("2025-03-25"), Some("disclosed.provided"))
        );
        assert_eq!(row["clock_status"]["code"], "met_late");
    });
}

#[test]
fn a_reply_on_the_last_day_is_never_late() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        bureau.on("2025-03-20");
        reply_on(&mut case, "2025-03-20");
        for day in ["2025-03-20", "2025-03-21", "2025-05-20"] {
            assert_eq!(only(&bureau.overdue_on(day)), None, "{day}");
        }
        let (list, _) = only(&bureau.overdue("?as_of=2025-03-19")).unwrap();
        assert_eq!(list, "due_soon");
    });
}

#[test]
fn a_period_that_stands_still_is_in_no_list_and_one_that_runs_again_is_without_anybody_touching_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        bureau.on("2025-03-17");
        let letter = json!({ "kind": "third_party", "party": "某公司", "subject": "合同", "sent_on": "2025-03-17" });
        case.clerk("consultations", letter);
        assert_eq!(only(&bureau.overdue_on("2025-03-18")), None, "suspended since the day after the letter");
        assert_eq!(only(&bureau.overdue_on("2025-06-30")), None, "however long: nobody knows yet when they got it");
        case.clerk("consultation-services", json!({ "consultation": 1, "on": "2025-03-18" }));
        // Fifteen working days from 2025-03-18 end on 2025-04-09; three of the twenty days are left then.
        let at = |day: &str| level(&bureau.overdue(&format!("?as_of={day}")));
        assert_eq!(at("2025-04-09"), None, "the last day of the third party");
        assert_eq!(at("2025-04-10"), Some(("due_soon", "yellow".into(), 2, 4)));
        assert_eq!(at("2025-04-14"), Some(("due_soon", "orange".into(), 0, 0)));
        assert_eq!(at("2025-04-15"), Some(("overdue_open", "red".into(), 1, 1)));
    });
}

#[test]
fn a_case_waiting_for_the_applicant_is_in_no_list() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        bureau.on("2025-02-27");
        case.clerk("corrections", json!({ "on": "2025-02-27", "items": ["文号"], "respond_days": 10 }));
        for day in ["2025-02-27", "2025-03-20", "2025-03-21", "2025-05-01"] {
            assert_eq!(only(&bureau.overdue_on(day)), None, "{day}");
        }
    });
}

#[test]
fn a_case_whose_correction_was_asked_for_too_late_is_listed_by_the_day_that_may_hold() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        bureau.on("2025-03-10");
        case.clerk("corrections", json!({ "on": "2025-03-10", "items": ["文号"], "respond_days": 10 }));
        assert_eq!(level(&bureau.overdue_on("2025-03-10")), None);
        assert_eq!(level(&bureau.overdue_on("2025-03-20")), Some(("due_soon", "orange".into(), 0, 0)));
        let report = bureau.overdue_on("2025-03-21");
        assert_eq!(level(&report), Some(("overdue_open", "red".into(), 1, 1)));
        assert_eq!(only(&report).unwrap().1["is_at_risk"], true, "the list says that the day may not hold");
        let sheet = bureau.service.get("/api/v1/overdue?format=csv", &bureau.supervisor).text;
        assert!(sheet.contains("2025-03-20,否,,告知补正超过了七个工作日"), "{sheet}");
        case.clerk("corrected-application", json!({ "on": "2025-03-21", "request": "某地块征收土地批复，文号为准" }));
        let view = bureau.service.get(&case.path(""), &bureau.clerk).json;
        let clock = bureau.service.get(&case.path("clock"), &bureau.clerk).json;
        assert_eq!(
            (view["clock"]["risk_due"].as_str(), clock["risk_due"].as_str()),
            (Some("2025-03-20"), Some("2025-03-20"))
        );
        assert_eq!((view["clock"]["due"].as_str(), clock["due"].as_str()), (Some("2025-04-21"), Some("2025-04-21")));
        assert!(clock["explanation"].as_str().unwrap().contains("2025-03-20"), "{clock}");
    });
}

#[test]
fn an_ordered_new_reply_has_its_own_period_and_the_days_before_the_order_stay_as_they_were() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        bureau.on("2025-03-25");
        reply_on(&mut case, "2025-03-25");
        bureau.on("2025-06-03");
        case.clerk(
            "remedies",
            json!({ "kind": "reconsideration", "received_on": "2025-04-28", "reference": "〔2025〕1号" }),
        );
        let decision =
            json!({ "remedy": 1, "on": "2025-06-03", "result": "corrected", "orders_reply_within": { "days": 20 } });
        case.clerk("remedy-decisions", decision);
        bureau.on("2025-12-01");
        let at = |day: &str| level(&bureau.overdue(&format!("?as_of={day}")));
        assert_eq!(at("2025-06-02"), Some(("replied_late", "red".into(), 3, 5)));
        assert_eq!(at("2025-06-03"), None, "the late reply is set aside, twenty working days to come");
        assert_eq!(at("2025-07-01"), Some(("due_soon", "orange".into(), 0, 0)));
        assert_eq!(at("2025-07-02"), Some(("overdue_open", "red".into(), 1, 1)));
    });
}

#[test]
fn the_parts_of_a_split_application_were_one_before_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        bureau.on("2025-03-18");
        let part = |name: &str| json!({ "title": name, "request": name });
        case.clerk("split", json!({ "on": "2025-03-18", "parts": [part("其一"), part("其二")] }));
        bureau.on("2025-03-19");
        let titles = |day: &str| -> Vec<String> {
            let report = bureau.overdue(&format!("?as_of={day}"));
            let rows = report["due_soon"]["items"].as_array().unwrap().clone();
            let mut titles: Vec<String> = rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect();
            titles.sort();
            titles
        };
        assert_eq!(titles("2025-03-17"), ["某地块征收土地批复"]);
        assert_eq!(titles("2025-03-18"), ["其一", "其二"]);
        assert_eq!(titles("2025-03-19"), ["其一", "其二"]);
    });
}

#[test]
fn beyond_the_calendar_the_provisional_date_warns_and_says_that_it_is_one() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-12-04");
        bureau.registered("2026-12-04");
        assert_eq!(only(&bureau.overdue_on("2026-12-23")), None, "six working days left");
        let (list, row) = only(&bureau.overdue_on("2026-12-28")).unwrap();
        assert_eq!((list, row["is_provisional"].as_bool()), ("due_soon", Some(true)));
        assert_eq!((row["due_on"].as_str(), row["clock_status"]["code"].as_str()), (Some("2026-12-31"), Some("gap")));
        assert_eq!(row["remaining_working_days"], 3);
        assert_eq!(row["latest_on"], "2027-01-06");
        assert_eq!(
            row["estimate"],
            "2027年放假安排未公布，届满日估算：最早2026年12月31日、最晚2027年1月6日；按最早提醒"
        );
        bureau.on("2027-01-06");
        let (list, row) = only(&bureau.overdue("")).unwrap();
        assert_eq!((list, row["warning"]["code"].as_str()), ("due_soon", Some("orange")), "it may still be in time");
        assert_eq!((row.get("remaining_working_days"), row.get("overdue_days")), (None, None));
        bureau.on("2027-01-07");
        let (list, row) = only(&bureau.overdue("")).unwrap();
        assert_eq!(
            (list, row["overdue_days"].as_u64(), row["overdue_working_days"].as_u64()),
            ("overdue_open", Some(1), Some(1)),
            "no silence because of a missing notice: it is overdue by any notice"
        );
    });
}

/// The cases of an answer, by id, each with the level it is shown at.
fn levels(items: &Value, id: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items.as_array().unwrap().iter().map(|row| (text(&row[id]), text(&row["warning"]["code"]))).collect()
}

#[test]
fn list_filter_overdue_list_and_overview_place_an_estimated_case_alike_on_every_day() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-27");
        for received in ["2026-11-27", "2026-12-01", "2026-12-03", "2026-12-04", "2026-12-08", "2026-12-10"] {
            bureau.registered(received);
        }
        let first: chrono::NaiveDate = "2026-12-17".parse().unwrap();
        let mut seen = BTreeSet::new();
        for day in first.iter_days().take(32).chain([first + chrono::Days::new(50)]) {
            bureau.on(&day.to_string());
            let get = |path: &str| bureau.service.get(path, &bureau.supervisor).json;
            let all = get("/api/v1/cases?limit=50");
            let listed = levels(&all["items"], "id");
            assert_eq!(listed.len(), 6);
            let report = bureau.overdue("");
            let mut of_report = BTreeMap::new();
            for (list, levels_of) in [("due_soon", ["yellow", "orange"]), ("overdue_open", ["red", "black"])] {
                let rows = levels(&report[list]["items"], "case_id");
                assert!(rows.values().all(|level| levels_of.contains(&level.as_str())), "{day} {list}: {rows:?}");
                of_report.extend(rows);
            }
            let urgent = |level: &String| level != "blue" && level != "none";
            let expected: BTreeMap<_, _> = listed.clone().into_iter().filter(|(_, level)| urgent(level)).collect();
            assert_eq!(of_report, expected, "{day}: /overdue and /cases");
            for level in ["blue", "yellow", "orange", "red", "black"] {
                let found = levels(&get(&format!("/api/v1/cases?limit=50&warning={level}"))["items"], "id");
                let expected: BTreeMap<_, _> = listed.clone().into_iter().filter(|(_, at)| at == level).collect();
                assert_eq!(found, expected, "{day}: ?warning={level}");
                if !expected.is_empty() {
                    seen.insert(level);
                }
            }
            let overview = get("/api/v1/supervision/overview");
            let counted = |level: &str| listed.values().filter(|at| *at == level).count();
            for (figure, level) in
                [("due_soon", "yellow"), ("due_today", "orange"), ("overdue_red", "red"), ("overdue_black", "black")]
            {
                assert_eq!(overview["total"][figure], counted(level), "{day}: overview, {figure}");
            }
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["black", "blue", "orange", "red", "yellow"]);
    });
}

#[test]
fn a_line_of_the_list_says_between_which_days_a_case_may_end_and_is_found_by_them() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-12-04");
        bureau.registered("2026-12-04");
        let get = |path: &str| bureau.service.get(path, &bureau.supervisor);
        let line = get("/api/v1/cases").json["items"][0].clone();
        assert_eq!((line["due_on"].as_str(), line["due_earliest"].as_str()), (None, Some("2026-12-31")));
        assert_eq!(line["due_latest"], "2027-01-06");
        let said = "2027年放假安排未公布，届满日估算：最早2026年12月31日、最晚2027年1月6日；按最早提醒";
        assert_eq!(line["estimate"], said);
        let sheet = get("/api/v1/cases?format=csv").text;
        assert!(sheet.contains(&format!("2026-12-31,2027-01-06,{said}")), "{sheet}");
        for (query, found) in [
            ("due_from=2027-01-06", 1),
            ("due_from=2027-01-07", 0),
            ("due_until=2026-12-31", 1),
            ("due_until=2026-12-30", 0),
            ("due_from=2027-01-01&due_until=2027-01-02", 1),
        ] {
            let items = get(&format!("/api/v1/cases?{query}")).json["items"].clone();
            assert_eq!(items.as_array().unwrap().len(), found, "{query}");
        }
    });
}

#[test]
fn counts_add_up_to_the_lists_by_organ_and_department_whatever_is_shown() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut assigned = bureau.registered("2025-02-20");
        assigned.clerk(
            "tasks",
            json!({ "on": "2025-02-20", "department_id": bureau.department, "handler_id": bureau.clerk_id.0 }),
        );
        bureau.registered("2025-02-21");
        bureau.registered("2025-02-26");
        bureau.on("2025-03-24");
        let report = bureau.overdue("");
        assert_eq!(report["totals"], json!({ "due_soon": 1, "overdue_open": 2, "replied_late": 0, "stopped_long": 0 }));
        assert_eq!(report["is_complete"], true);
        let sum = |groups: &str, list: &str| -> u64 {
            report[groups].as_array().unwrap().iter().map(|group| group[list].as_u64().unwrap()).sum()
        };
        for list in LISTS {
            let total = report["totals"][list].as_u64().unwrap();
            assert_eq!((sum("organs", list), sum("departments", list)), (total, total), "{list}");
            assert_eq!(report[list]["total"].as_u64(), Some(total), "{list}");
        }
        assert_eq!(report["departments"].as_array().unwrap().len(), 2, "one department, and what is not assigned yet");
        let first = &report["overdue_open"]["items"][0];
        assert_eq!((first["due_on"].as_str(), first["department"].as_str()), (Some("2025-03-20"), Some("耕地保护科")));
        assert_eq!(first["handler"], "jingban某");

        let of_department = bureau.overdue(&format!("?department={}", bureau.department));
        assert_eq!(
            of_department["totals"],
            json!({ "due_soon": 0, "overdue_open": 1, "replied_late": 0, "stopped_long": 0 })
        );
        let capped = bureau.overdue("?limit=1");
        let list = &capped["overdue_open"];
        assert_eq!((list["total"].as_u64(), list["is_capped"].as_bool()), (Some(2), Some(true)));
        assert_eq!(list["items"][0]["due_on"], "2025-03-20", "the most urgent is kept");
        assert_eq!(capped["totals"], report["totals"], "what is not shown is counted");
        assert_eq!(capped["due_soon"]["is_capped"], false);
    });
}

#[test]
fn a_stop_that_nothing_ends_is_listed_from_fifteen_working_days_on_with_whom_it_waits_for() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut case = bureau.registered("2025-02-20");
        let asked = json!({ "kind": "other_organ", "party": "某市规划局", "subject": "批复", "sent_on": "2025-02-21" });
        bureau.on("2025-02-21");
        case.clerk("consultations", asked);
        let listed = |report: &Value| -> Vec<Value> { report["stopped_long"]["items"].as_array().unwrap().clone() };
        // The fourteenth and the fifteenth working day after the letter.
        assert_eq!(listed(&bureau.overdue_on("2025-03-13")), Vec::<Value>::new());
        let report = bureau.overdue_on("2025-03-14");
        let [row] = listed(&report).try_into().unwrap();
        assert_eq!((&row["party"], &row["party_kind"]["code"]), (&json!("某市规划局"), &json!("other_organ")));
        assert_eq!((&row["since"], &row["working_days"]), (&json!("2025-02-21"), &json!(15)));
        assert_eq!(row["case_id"], case.id.as_str());
        assert_eq!(report["totals"], json!({ "due_soon": 0, "overdue_open": 0, "replied_late": 0, "stopped_long": 1 }));
        assert_eq!(report["organs"][0]["stopped_long"], 1);
        assert_eq!(report["departments"][0]["stopped_long"], 1);
        // With the answer the period runs again.
        bureau.on("2025-03-17");
        case.now();
        case.clerk("consultation-returns", json!({ "consultation": 1, "on": "2025-03-17", "opinion": "objects_with_reason", "reasons": "涉及商业秘密" }));
        assert_eq!(listed(&bureau.overdue_on("2025-03-17")), Vec::<Value>::new());
        assert_eq!(listed(&bureau.overdue("?as_of=2025-03-14")).len(), 1, "it stood still on that day");
        bureau.verified();
    });
}

#[test]
fn a_third_party_whose_letter_is_not_known_to_have_arrived_stops_a_case_without_end_and_one_that_got_it_does_not() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let asked = |served: Option<&str>| {
            json!({
                "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2025-02-20", "served_on": served
            })
        };
        let mut unknown = bureau.registered("2025-02-20");
        unknown.clerk("consultations", asked(None));
        let mut served = bureau.registered("2025-02-20");
        served.clerk("consultations", asked(Some("2025-02-20")));
        let report = bureau.overdue_on("2025-03-13");
        let items = report["stopped_long"]["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{report}");
        assert_eq!((&items[0]["case_id"], &items[0]["is_served"]), (&json!(unknown.id), &json!(false)));
        let csv = bureau.service.download("/api/v1/overdue?format=csv", &bureau.supervisor, "");
        let text = String::from_utf8(csv.1).unwrap();
        assert!(
            text.lines().next().unwrap().ends_with("等待哪一方的意见,发出征求意见日期,送达日期已登记,已停止工作日数"),
            "{text}"
        );
        assert!(text.contains("停止计算已久") && text.contains("某公司,2025-02-20,"), "{text}");
    });
}

#[test]
fn supervisors_and_auditors_see_below_the_others_their_own_organ_and_strangers_nothing() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let service = &bureau.service;
        bureau.registered("2025-02-20");
        let below = service.organ("below", Some(bureau.organ));
        let own = service.user_token("below-clerk", below, &[Role::Clerk]);
        let mut application = bureau.application("2025-02-20");
        application["organ_id"] = json!(below.0);
        assert_eq!(service.create("/api/v1/cases", &own, application).status, 201);
        let stranger = service.organ("stranger", None);
        bureau.on("2025-03-21");
        let ask = |token: &str, query: &str| service.get(&format!("/api/v1/overdue{query}"), token);
        let count = |reply: &Reply| reply.json["totals"]["overdue_open"].as_u64();
        let with = |name: &str, organ, role| service.user_token(name, organ, &[role]);
        let auditor = with("auditor", bureau.organ, Role::Auditor);
        for token in [&bureau.supervisor, &auditor] {
            assert_eq!(count(&ask(token, "")), Some(2));
            assert_eq!(count(&ask(token, &format!("?organ={}", bureau.organ.0))), Some(1));
            let with_below = format!("?organ={}&with_subordinates=true", bureau.organ.0);
            assert_eq!(count(&ask(token, &with_below)), Some(2));
            assert_eq!(count(&ask(token, &format!("?organ={}", below.0))), Some(1));
        }
        for token in [&bureau.clerk, &bureau.head, &bureau.leader] {
            assert_eq!(count(&ask(token, "")), Some(1));
            assert_eq!(ask(token, &format!("?organ={}", below.0)).problem(), (404, "not_found"));
        }
        assert_eq!(count(&ask(&own, "")), Some(1));
        let elsewhere = with("elsewhere", stranger, Role::Supervisor);
        assert_eq!(count(&ask(&elsewhere, "")), Some(0));
        assert_eq!(ask(&elsewhere, &format!("?organ={}", bureau.organ.0)).problem(), (404, "not_found"));
        assert_eq!(ask(&elsewhere, &format!("?department={}", bureau.department)).problem(), (404, "not_found"));
        for (name, role) in [("h", Role::Handler), ("r", Role::Reviewer), ("i", Role::Intake), ("a", Role::Admin)] {
            assert_eq!(ask(&with(name, bureau.organ, role), "").problem(), (403, "role_required"), "{role:?}");
        }
        assert_eq!(service.sign_in("jiandu", PASSWORD).status, 200);
    });
}

#[test]
fn a_day_to_come_and_senseless_bounds_are_refused() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-03-20");
        let ask = |query: &str| bureau.service.get(&format!("/api/v1/overdue{query}"), &bureau.supervisor);
        let ahead = ask("?as_of=2025-03-21");
        assert_eq!((ahead.status, ahead.fields()), (422, vec![("?as_of", "in_the_future")]));
        for query in ["?limit=0", "?limit=1001", "?limit=-1", "?as_of=2025-02-30", "?colour=red", "?organ=x"] {
            assert_eq!(ask(query).problem(), (400, "invalid_query"), "{query}");
        }
        assert_eq!(ask("?as_of=2007-01-01").json["totals"]["overdue_open"], 0);
        assert_eq!(ask(&format!("?department={}", uuid::Uuid::nil())).problem(), (404, "not_found"));
    });
}
