//! What each person has to do: every open duty is in somebody's list, and each list says what settles it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::case::Role;
use gongkai::store::{Db, people::departments};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::house::House;
use crate::support::openapi::Document;
use crate::support::payloads::call_for;
use crate::support::{TestDatabase, on_both_databases};

const MINE: &str = "/api/v1/me/duties";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Organ and id of each open or suspended duty, as the table has it.
fn running(database: &TestDatabase, organs: &[String]) -> BTreeSet<String> {
    let mut raw: Db = database.raw();
    let as_text = if database.name == "postgres" { "::text" } else { "" };
    let sql = format!(
        "SELECT organ_id{as_text} || ' ' || id{as_text} AS line FROM obligations WHERE status IN ('open', 'suspended')"
    );
    let rows: Vec<Line> = diesel::sql_query(sql).load(&mut raw).unwrap();
    let of = |line: &String| organs.iter().any(|organ| line.starts_with(organ.as_str()));
    rows.into_iter().map(|row| row.line).filter(of).map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
}

/// All pages of a list, in order.
#[track_caller]
fn all(bureau: &Bureau, token: &str, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = bureau.service.get(&format!("{path}{mark}limit=7{cursor}"), token);
        assert_eq!(page.status, 200, "{page:?}");
        found.extend(page.json["items"].as_array().unwrap().iter().cloned());
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Kind, group, day and whom it waits for of the duties of one case.
fn of_case(bureau: &Bureau, token: &str, case: &CaseAt<'_>) -> Vec<(String, String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    all(bureau, token, MINE)
        .iter()
        .filter(|item| item["case"]["id"] == case.id.as_str())
        .map(|item| {
            (
                text(&item["kind"]["code"]),
                text(&item["group"]["code"]),
                text(&item["due_on"]),
                text(&item["waits_for"]["code"]),
            )
        })
        .collect()
}

fn line(kind: &str, group: &str, due: &str, whom: &str) -> (String, String, String, String) {
    (kind.into(), group.into(), due.into(), whom.into())
}

/// The commands that settle the one duty of this kind in the case, with their addresses.
fn settling(bureau: &Bureau, token: &str, case: &CaseAt<'_>, kind: &str) -> Vec<(String, String)> {
    let items = all(bureau, token, MINE);
    let mut found = items.iter().filter(|item| item["case"]["id"] == case.id.as_str() && item["kind"]["code"] == kind);
    let one = found.next().unwrap_or_else(|| panic!("no duty {kind}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let settled = one["settled_by"].as_array().unwrap().iter();
    settled.map(|by| (text(&by["command"]["code"]), text(&by["href"]))).collect()
}

fn proposed<'a>(bureau: &'a Bureau, on: &str) -> CaseAt<'a> {
    let mut case = bureau.registered(on);
    let searched =
        json!({ "on": on, "places": ["档案室"], "terms": ["征收批复"], "searched_by": "王科员", "found": true });
    case.clerk("searches", searched);
    let proposal = json!({ "on": on, "outcome": "disclosed.provided", "reasons": "属于应当公开的信息" });
    case.clerk("outcome", proposal);
    case
}

#[test]
fn every_open_duty_is_in_a_list_and_the_lists_together_are_the_open_duties() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        // A case of every kind: each command once, on a case that was made for it.
        for route in gongkai::api::routes::all().filter(|route| route.path.starts_with("/api/v1/cases/{case_id}/")) {
            if route.verb != gongkai::api::http::route::Verb::Get {
                call_for(&house, &document, route).send(&house);
            }
        }
        let bureau = &house.bureau;
        let department: gongkai::store::DepartmentId = bureau.department.parse::<uuid::Uuid>().unwrap().into();
        let handler = bureau.service.user("chengban", bureau.organ, &[Role::Handler]);
        let place = |db: &mut Db| -> Result<usize, gongkai::store::StoreError> {
            use gongkai::store::database::schema::users;
            let theirs = users::table.filter(users::id.eq(handler));
            Ok(diesel::update(theirs).set(users::department_id.eq(Some(department))).execute(db)?)
        };
        bureau.service.office.store().write(place).unwrap();
        let handler = bureau.service.token("chengban");
        let organ = bureau.organ.0.to_string();
        let open = running(database, std::slice::from_ref(&organ));
        assert!(open.len() > 60, "{} duties", open.len());
        let people = [&bureau.clerk, &handler, &bureau.reviewer, &bureau.leader, &bureau.head];
        let mut union = BTreeSet::new();
        for token in people {
            let path = format!("{MINE}?organ={organ}");
            let items = all(bureau, token, &path);
            let listed = ids(&items);
            assert_eq!(listed.len(), items.len(), "no duty twice");
            // The counts are the lengths of the groups, and the groups together are the list.
            let counts = bureau.service.get(&path, token).json["counts"].clone();
            let mut groups = 0;
            for group in ["now", "near", "later", "waiting"] {
                let theirs = all(bureau, token, &format!("{path}&group={group}"));
                assert_eq!(counts[group], theirs.len(), "{group}");
                assert!(theirs.iter().all(|item| item["group"]["code"] == group), "{group}");
                groups += theirs.len();
            }
            assert_eq!(groups, items.len());
            let days: Vec<&str> = items.iter().map(|item| item["due_on"].as_str().unwrap_or("9999")).collect();
            assert!(days.is_sorted(), "{days:?}");
            union.extend(listed);
        }
        assert_eq!(union, open, "the union is the open duties");
        assert_eq!(
            ids(&all(bureau, &bureau.head, &format!("{MINE}?organ={organ}"))),
            open,
            "nothing is hidden from the head"
        );
        // Each open step of a review is somebody's to take, or the list says whom it waits for.
        let kinds: BTreeMap<String, usize> =
            all(bureau, &bureau.leader, MINE).iter().fold(BTreeMap::new(), |mut kinds, item| {
                *kinds.entry(item["kind"]["code"].as_str().unwrap().to_owned()).or_default() += 1;
                kinds
            });
        assert!(kinds.keys().all(|kind| ["approval", "amendment_confirmation"].contains(&kind.as_str())), "{kinds:?}");
    });
}

#[test]
fn a_step_of_the_review_is_the_reviewers_duty_with_the_day_of_the_reply_and_waits_for_another_in_the_clerks_list() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = proposed(&bureau, "2026-11-02");
        let due = "2026-11-30";
        assert_eq!(of_case(&bureau, &bureau.reviewer, &case), [line("review", "later", due, "reviewer")]);
        assert_eq!(of_case(&bureau, &bureau.leader, &case), []);
        assert_eq!(settling(&bureau, &bureau.reviewer, &case, "review"), [("review".to_owned(), case.path("reviews"))]);
        let clerks = of_case(&bureau, &bureau.clerk, &case);
        assert!(clerks.contains(&line("reply", "later", due, "reviewer")), "{clerks:?}");
        let heads = of_case(&bureau, &bureau.head, &case);
        assert!(
            heads.contains(&line("review", "later", due, "reviewer")),
            "a head may take the section head's step: {heads:?}"
        );
        assert_eq!(settling(&bureau, &bureau.head, &case, "review"), [("review".to_owned(), case.path("reviews"))]);
        assert!(clerks.contains(&line("review", "waiting", due, "reviewer")), "{clerks:?}");
        // Another organ of the reviewer's has nothing to do with it.
        let other = bureau.service.organ("xian", Some(bureau.organ));
        let wide = bureau.service.user("liangdi", bureau.organ, &[Role::Reviewer]);
        bureau.service.grant(wide, other, &[Role::Reviewer]);
        let wide = bureau.service.token("liangdi");
        let there = |organ: gongkai::store::OrganId| all(&bureau, &wide, &format!("{MINE}?organ={}", organ.0)).len();
        assert_eq!((there(bureau.organ), there(other)), (1, 0));
        // On the last day it is due for the reviewer as the reply is for the clerk.
        bureau.on("2026-11-27");
        assert_eq!(of_case(&bureau, &bureau.reviewer, &case), [line("review", "near", due, "reviewer")]);
        bureau.on(due);
        assert_eq!(of_case(&bureau, &bureau.reviewer, &case), [line("review", "now", due, "reviewer")]);
        for kind in ["section_head", "secrecy", "legal"] {
            let reviewer = bureau.reviewer.clone();
            case.command(&reviewer, "reviews", json!({ "kind": kind, "on": due, "approve": true }));
        }
        assert_eq!(of_case(&bureau, &bureau.reviewer, &case), []);
        assert_eq!(of_case(&bureau, &bureau.leader, &case), [line("approval", "now", due, "leader")]);
        let leader = bureau.leader.clone();
        let back = json!({ "kind": "leader", "on": due, "approve": false, "comment": "依据不准" });
        case.command(&leader, "reviews", back);
        assert_eq!(of_case(&bureau, &bureau.leader, &case), [], "sent back");
        bureau.verified();
    });
}

#[test]
fn whoever_proposed_or_asked_does_not_have_to_decide_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let both = bureau.service.user_token("duogang", bureau.organ, &[Role::Clerk, Role::Reviewer]);
        let mut case = bureau.registered("2026-11-02");
        let searched = json!({
            "on": "2026-11-02", "places": ["档案室"], "terms": ["批复"], "searched_by": "王科员", "found": true
        });
        case.clerk("searches", searched);
        let proposal = json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "属于应当公开的信息" });
        case.command(&both, "outcome", proposal);
        assert_eq!(of_case(&bureau, &bureau.reviewer, &case).len(), 1);
        let decides = |duty: &&(String, String, String, String)| duty.0 == "review" && duty.1 != "waiting";
        assert_eq!(of_case(&bureau, &both, &case).iter().filter(decides).count(), 0);
        // A second review is another duty: sent back and proposed again on the same day.
        let back = json!({ "kind": "section_head", "on": "2026-11-02", "approve": false, "comment": "依据不准" });
        let reviewer = bureau.reviewer.clone();
        case.command(&reviewer, "reviews", back);
        assert_eq!(of_case(&bureau, &reviewer, &case), []);
        let proposal = json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "属于应当公开的信息" });
        case.clerk("outcome", proposal);
        assert_eq!(
            of_case(&bureau, &both, &case).iter().filter(|duty| duty.0 == "review" && duty.1 != "waiting").count(),
            1
        );
        // The leader confirms what the head asks for, three working days are the organ's own care.
        bureau.on("2026-12-01");
        let head = bureau.head.clone();
        case.command(&head, "void", json!({ "reason": "重复录入", "replaced_by": bureau.registered("2026-12-01").id }));
        let asked = line("amendment_confirmation", "near", "2026-12-04", "leader");
        assert_eq!(of_case(&bureau, &bureau.leader, &case).last(), Some(&asked));
        assert_eq!(
            settling(&bureau, &bureau.leader, &case, "amendment_confirmation"),
            [("confirm_amendment".to_owned(), case.path("amendments/1/confirmation"))]
        );
        let waits = line("amendment_confirmation", "waiting", "2026-12-04", "leader");
        assert!(of_case(&bureau, &head, &case).contains(&waits));
        let watched = "/api/v1/supervision/duties?kind=amendment_confirmation";
        let seen = all(&bureau, &bureau.supervisor, watched);
        assert_eq!((seen.len(), &seen[0]["settled_by"]), (1, &json!([])), "a supervisor confirms nothing");
        let leader = bureau.leader.clone();
        case.command(&leader, "amendments/1/confirmation", json!({}));
        assert_eq!(of_case(&bureau, &bureau.leader, &case), []);
        bureau.verified();
    });
}

#[test]
fn what_waits_for_the_applicant_or_a_third_party_has_no_day_until_its_letter_was_served() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2026-11-02" });
        case.clerk("consultations", third);
        let items = all(&bureau, &bureau.clerk, MINE);
        let of = |kind: &str| items.iter().find(|item| item["kind"]["code"] == kind).unwrap().clone();
        let opinion = of("third_party_opinion");
        assert_eq!(opinion["due_on"], json!(null));
        assert_eq!(opinion["no_day"]["code"], "not_served");
        assert_eq!(opinion["group"]["code"], "waiting");
        assert_eq!(opinion["waits_for"], json!({ "code": "asked", "label": "被征求意见的一方", "name": "某公司" }));
        assert_eq!(opinion["since"], "2026-11-02");
        let reply = of("reply");
        assert_eq!((&reply["no_day"]["code"], &reply["group"]["code"]), (&json!("stopped"), &json!("waiting")));
        assert_eq!(reply["waits_for"], opinion["waits_for"], "a stopped period waits for whom it is stopped for");
        assert_eq!(reply["since"], "2026-11-02");
        assert_eq!(reply["case"]["applicant"], "王**", "a name is masked");
        let asks = of("service_date");
        assert_eq!((&asks["is_follow_up"], &asks["warning"]), (&json!(true), &json!(null)));
        assert_eq!(asks["settled_by"][0]["command"]["code"], "serve_consultation");
    });
}

#[test]
fn supervisors_see_the_duties_below_by_organ_department_and_person() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let other = bureau.service.organ("xian", Some(bureau.organ));
        let add = |db: &mut Db| departments::insert(db, other, "gd", "规划科");
        bureau.service.office.store().write(add).unwrap();
        let mut case = bureau.registered("2026-11-02");
        let task = json!({
            "on": "2026-11-02", "department_id": bureau.department, "handler_id": bureau.clerk_id.0, "days": 3
        });
        case.clerk("tasks", task);
        bureau.registered("2026-11-03");
        let list = |query: &str| bureau.service.get(&format!("/api/v1/supervision/duties{query}"), &bureau.supervisor);
        let kinds = |reply: &crate::support::service::Reply| -> Vec<String> {
            let items = reply.json["items"].as_array().unwrap().iter();
            items.map(|item| item["kind"]["code"].as_str().unwrap().to_owned()).collect()
        };
        bureau.on("2026-11-10");
        let overdue = list("?is_overdue=true");
        assert_eq!(kinds(&overdue), ["department_task"], "{overdue:?}");
        assert_eq!(
            overdue.json["totals"],
            json!([{ "organ": "zrzy局", "department": "耕地保护科", "owner": "jingban某", "open": 1, "overdue": 1 }])
        );
        assert_eq!(overdue.json["items"][0]["due_on"], "2026-11-05");
        let all = list("");
        assert_eq!(all.json["totals"].as_array().unwrap().len(), 2, "{all:?}");
        assert_eq!(all.json["totals"][1]["department"], json!(null), "the office");
        assert_eq!(kinds(&list("?kind=reply")).len(), 2);
        assert_eq!(kinds(&list(&format!("?organ={}", other.0))), Vec::<String>::new());
        assert_eq!(
            kinds(&list(&format!("?department={}", bureau.department))),
            kinds(&list(&format!("?owner={}", bureau.clerk_id.0)))
        );
        // What a department has in hand is the office's business too.
        let clerks = self::all(&bureau, &bureau.clerk, MINE);
        let handlers = clerks.iter().filter(|item| item["kind"]["code"] == "department_task").count();
        assert_eq!(handlers, 1);
        let crooked = |key: &str| format!("?cursor={}", hex::encode(key));
        let id = bureau.clerk_id.0;
        for bad in [crooked(&format!("+99999-01-01 {id}")), crooked(&format!("2026-1-1 {id}"))] {
            assert_eq!(list(&bad).problem(), (400, "invalid_query"), "{bad}");
        }
        for bad in ["?group=soon", "?kind=nothing", "?cursor=00", "?limit=0"] {
            assert_eq!(list(bad).problem(), (400, "invalid_query"), "{bad}");
        }
        let strange = bureau.service.user_token("qianta", bureau.organ, &[Role::Intake]);
        assert_eq!(bureau.service.get("/api/v1/supervision/duties", &strange).status, 403);
        assert_eq!(bureau.service.get(MINE, &strange).status, 403);
    });
}

#[test]
fn a_page_of_duties_costs_the_same_statements_however_many_cases_there_are() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let count = |path: &str, token: &str| {
            let store = bureau.service.office.store();
            bureau.service.get(path, token);
            let before = store.statements();
            assert_eq!(bureau.service.get(path, token).status, 200);
            store.statements() - before
        };
        bureau.registered("2026-11-02");
        let paths = [(MINE, &bureau.head), ("/api/v1/supervision/duties", &bureau.supervisor)];
        let few: Vec<u64> = paths.iter().map(|(path, token)| count(path, token)).collect();
        for _ in 0..6 {
            bureau.registered("2026-11-02");
        }
        let many: Vec<u64> = paths.iter().map(|(path, token)| count(path, token)).collect();
        assert_eq!(few, many);
        assert!(many.iter().all(|count| *count <= 20), "{many:?}");
    });
}

#[test]
fn a_reviewers_calendar_shows_the_steps_that_wait_and_the_proposers_does_not() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        proposed(&bureau, "2026-11-02");
        let calendar = |token: &str| {
            let feed = bureau.service.feed(token);
            bureau.service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None).text
        };
        assert!(calendar(&bureau.reviewer).contains("SUMMARY:审核 "), "{}", calendar(&bureau.reviewer));
        assert!(!calendar(&bureau.clerk).contains("审核") && calendar(&bureau.clerk).contains("SUMMARY:答复申请人"));
    });
}

/// The one duty of this kind in the case.
fn duty_of(bureau: &Bureau, token: &str, case: &CaseAt<'_>, kind: &str) -> Value {
    let items = all(bureau, token, MINE);
    let found = items.into_iter().find(|item| item["case"]["id"] == case.id.as_str() && item["kind"]["code"] == kind);
    found.unwrap_or_else(|| panic!("no duty {kind}"))
}

fn steps_of(duty: &Value) -> Vec<String> {
    let settled = duty["settled_by"].as_array().unwrap().iter();
    settled.map(|by| by["command"]["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_duty_names_its_step_who_has_it_since_when_and_what_settles_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = proposed(&bureau, "2026-11-02");
        bureau.on("2026-11-04");
        assert_eq!(duty_of(&bureau, &bureau.reviewer, &case, "review")["kind"]["label"], "科室复核");
        let reply = duty_of(&bureau, &bureau.clerk, &case, "reply");
        assert_eq!((&reply["waits_for"]["code"], &reply["since"]), (&json!("reviewer"), &json!("2026-11-02")));
        case.now();
        case.approve("2026-11-04");
        let reply = duty_of(&bureau, &bureau.clerk, &case, "reply");
        assert_eq!((&reply["waits_for"]["code"], &reply["since"]), (&json!("office"), &json!("2026-11-04")));
        assert_eq!(steps_of(&reply)[0], "issue_reply");
        // A reply that is handed over counts from the day it was signed for: its last day is that of the reply.
        case.clerk("reply", json!({ "on": "2026-11-04" }));
        case.clerk("dispatches", json!({ "on": "2026-11-04", "method": "direct" }));
        let reply = duty_of(&bureau, &bureau.clerk, &case, "reply");
        assert!(steps_of(&reply).contains(&"prove_service".to_owned()), "{reply}");
        assert_eq!(reply["due_on"], "2026-11-30");
        // A day that has passed forbids nothing and is left out.
        let mut late = bureau.registered("2026-11-02");
        bureau.on("2026-12-02");
        let reply = duty_of(&bureau, &bureau.clerk, &late, "reply");
        assert!(reply["settled_by"].as_array().unwrap().iter().all(|by| by["until"].is_null()), "{reply}");
        let order = json!({ "case_id": late.id, "text": "请说明办理进度", "due_on": "2026-12-07" });
        let order = bureau.service.create("/api/v1/supervision/orders", &bureau.supervisor, order);
        assert_eq!(order.status, 201, "{order:?}");
        let asked = duty_of(&bureau, &bureau.clerk, &late, "supervision_order");
        let href = format!("/api/v1/supervision/orders/{}/answer", order.json["id"].as_str().unwrap());
        assert_eq!((&asked["settled_by"][0]["href"], asked["settled_by"].as_array().unwrap().len()), (&json!(href), 1));
        assert!(steps_of(&duty_of(&bureau, &bureau.head, &late, "supervision_order")) == ["answer_order"]);
        let seen = all(&bureau, &bureau.supervisor, "/api/v1/supervision/duties?kind=supervision_order");
        assert_eq!(seen[0]["settled_by"], json!([]), "a supervisor answers none");
        late.now();
    });
}

#[test]
fn a_last_day_that_is_an_estimate_says_so() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-12-10");
        let case = bureau.registered("2026-12-10");
        let reply = duty_of(&bureau, &bureau.clerk, &case, "reply");
        let says = reply["estimate"].as_str().unwrap();
        assert!(says.contains("2027年放假安排未公布"), "{says}");
        assert!(reply["latest_on"].as_str() > reply["due_on"].as_str(), "{reply}");
    });
}
