//! Three hundred random commands on one case over HTTP: whatever is asked, there is no fault of ours, and the row that
//! lists show says what the log says.

use serde_json::{Value, json};

use gongkai::api::http::route::{Route, Scope, Verb};
use gongkai::api::routes;
use gongkai::case::Role;

use crate::support::bureau::CaseAt;
use crate::support::house::House;
use crate::support::openapi::{Document, Kind, Member};
use crate::support::payloads::case_body;
use crate::support::spoiling::{flaw, probes};
use crate::support::{day, on_both_databases};

/// Commands tried on the case.
const COMMANDS: usize = 300;

/// Numbers that are the same in every run (xorshift64*): a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len());
        &from[at]
    }
}

/// A command with the members of its body.
struct Kit {
    segment: &'static str,
    body: Value,
    members: Vec<Member>,
}

fn kits(house: &House, document: &Document) -> Vec<Kit> {
    let is_command = |route: &&Route| {
        let is_plain = !route.path.ends_with("/preview") && !route.path.contains("{number}");
        route.scope == Scope::Case && route.verb == Verb::Post && is_plain
    };
    let kit = |route: &'static Route| {
        let segment = route.path.strip_prefix("/api/v1/cases/{case_id}/").unwrap();
        Kit { segment, body: case_body(house, segment), members: document.operation(route).members() }
    };
    routes::all().filter(is_command).map(kit).collect()
}

/// What ends a case is drawn seldom: after it there is little left to do.
fn ends(segment: &str) -> bool {
    matches!(segment, "withdrawal" | "closure" | "merge" | "split" | "lapse" | "archive" | "void")
}

/// A body with other days, and sometimes with something else than it should have.
fn thrown(dice: &mut Dice, kit: &Kit, today: chrono::NaiveDate) -> Value {
    let mut body = kit.body.clone();
    let near = today - chrono::Days::new(u64::try_from(dice.below(4)).unwrap());
    for member in &kit.members {
        let is_until = member.pointer.ends_with("/until");
        let target = body.pointer_mut(&member.pointer);
        match (&member.kind, target) {
            (Kind::Day, Some(target)) if is_until => *target = json!((today + chrono::Days::new(60)).to_string()),
            (Kind::Day, Some(target)) => *target = json!(near.to_string()),
            (Kind::Number, Some(target)) if !dice.one_in(4) => *target = json!(1 + dice.below(4)),
            (Kind::Flag, Some(target)) if dice.one_in(2) => *target = json!(dice.one_in(2)),
            (Kind::Array, Some(target)) if member.is_optional && dice.one_in(2) => *target = json!([]),
            _ => {}
        }
    }
    match kit.segment {
        "reviews" => body["kind"] = json!(*dice.pick(&["section_head", "secrecy", "legal", "leader"])),
        "notice-services" => body["notice"] = json!(*dice.pick(&["correction", "justification", "fee"])),
        "dispatches" => body["method"] = json!(*dice.pick(&["post", "direct", "email"])),
        "fee" => body["count"] = json!(68 + dice.below(300)),
        "amendments" => {
            let seq = 1 + dice.below(14);
            let entry = if dice.one_in(2) {
                json!({ "seq": seq, "void": true })
            } else if seq == 1 {
                json!({ "seq": 1, "change": { "submitted_on": near } })
            } else {
                json!({ "seq": seq, "change": { "on": near } })
            };
            body["entries"] = json!([entry]);
        }
        _ => {}
    }
    if dice.one_in(5) {
        let member = dice.pick(&kit.members).clone();
        if let Some(good) = kit.body.pointer(&member.pointer) {
            let probe = dice.pick(&probes(&member, good)).clone();
            if let Some(target) = body.pointer_mut(&member.pointer) {
                *target = probe.value;
            }
        }
    }
    body
}

/// What the row of the case must say, read off the case itself.
fn told(case: &Value) -> Value {
    let reply = if case["void"].is_null() { &case["reply"] } else { &Value::Null };
    json!({
        "id": case["id"], "organ_id": case["organ_id"], "number": case["number"], "title": case["title"],
        "stage": case["stage"], "applicant": case["applicant"]["name"], "applicant_kind": case["applicant"]["kind"]["code"],
        "channel": case["channel"]["code"], "department_id": case["department_id"], "handler_id": case["handler_id"],
        "outcome": case["outcome"]["code"], "replied_on": reply["replied_on"], "version": case["version"],
        "created_at": case["created_at"]
    })
}

/// And what it must say of the period on the day of its last change.
fn timed(case: &Value) -> Value {
    let status = &case["clock"]["status"]["code"];
    let mut told = json!({
        "clock_status": if status.is_null() { json!("none") } else { status.clone() },
        "received_on": case["receipt"]["on"], "due_on": case["clock"]["due"], "resumes_on": case["clock"]["resumes_on"]
    });
    if status == "awaiting_correction" {
        // While a late notice is out the row has the last day of the stop that the risk date rests on (C-7b).
        told.as_object_mut().unwrap().remove("resumes_on");
    }
    told
}

fn same(row: &Value, expected: &Value, what: &str) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name} of the row, {what}");
    }
}

/// The row and the log say what the case says.
fn check(case: &mut CaseAt<'_>, is_fresh: bool, what: &str) {
    let bureau = case.bureau;
    let read = bureau.service.get(&case.path(""), &bureau.clerk);
    assert_eq!(read.status, 200, "{what}: {read:?}");
    // A void case stands in a list only if it is asked for.
    let stages: Vec<&str> = gongkai::case::Stage::ALL.iter().map(|stage| stage.code()).collect();
    let query = format!("/api/v1/cases?q=%E6%B5%8B%E8%AF%95%E6%A1%88%E4%BB%B6&stage={}", stages.join(","));
    let list = bureau.service.get(&query, &bureau.clerk);
    let row = list.json["items"].as_array().unwrap().iter().find(|row| row["id"] == read.json["id"]).unwrap().clone();
    same(&row, &told(&read.json), what);
    if is_fresh {
        same(&row, &timed(&read.json), what);
    }
    let log = bureau.service.get(&case.path("events"), &bureau.clerk);
    assert_eq!(json!(log.json.as_array().unwrap().len()), read.json["version"], "{what}");
    case.last = read;
}

#[test]
fn after_any_of_three_hundred_random_commands_the_row_says_what_the_log_says() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let kits = kits(&house, &document);
        let organ = house.bureau.organ;
        let people = [house.token(organ, &Role::ALL), house.token(organ, &Role::ALL[..8])];
        let mut today = day("2024-03-01");
        house.service().office.clock().set(today);
        let mut application = house.bureau.application("2024-03-01");
        application["title"] = json!("测试案件");
        let mut case = house.bureau.file(application);
        let mut dice = Dice(20_240_301);
        let (mut done, mut refused) = (0, 0);
        let mut kinds = std::collections::BTreeSet::new();
        for step in 0..COMMANDS {
            if dice.one_in(6) {
                today = today + chrono::Days::new(u64::try_from(1 + dice.below(9)).unwrap());
                house.service().office.clock().set(today);
                house.service().office.cases().resume_silent().unwrap();
            }
            let who = dice.pick(&people).clone();
            let mut kit = dice.pick(&kits);
            if !dice.one_in(3) {
                // What is offered: so that the case gets somewhere.
                let offered = house.service().get(&case.path("actions"), &who).json;
                let hrefs: Vec<&str> = offered["allowed"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|action| action["href"].as_str())
                    .collect();
                let on_offer: Vec<&Kit> =
                    kits.iter().filter(|kit| hrefs.iter().any(|href| *href == case.path(kit.segment))).collect();
                if !on_offer.is_empty() {
                    kit = *dice.pick(&on_offer);
                }
            }
            if ends(kit.segment) && !dice.one_in(12) {
                continue;
            }
            let body = thrown(&mut dice, kit, today);
            let what = format!("step {step} on {today}: {} {body:.300}", kit.segment);
            let reply = case.try_command(&who, kit.segment, body);
            if reply.status == 200 {
                done += 1;
                kinds.insert(kit.segment);
            } else {
                refused += 1;
                assert_eq!(flaw(&reply), None, "{what}");
            }
            check(&mut case, reply.status == 200, &what);
        }
        eprintln!("{done} done, {refused} refused; done were {kinds:?}");
        assert!(done >= 60 && refused >= 60 && kinds.len() >= 15, "{done} done, {refused} refused: {kinds:?}");
        let verify = |db: &mut _| gongkai::store::cases::events::verify(db, case.id.parse().unwrap());
        assert_eq!(house.service().office.store().read(verify).unwrap(), None, "the chain holds");
    });
}
