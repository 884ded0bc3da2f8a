//! Lists of cases over HTTP: their orders, and how many cases are in one.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use gongkai::case::{Role, Stage};
use gongkai::law::WarningLevel;
use gongkai::store::cases::{self, CaseRow};
use gongkai::store::{StoreError, Ts};
use serde_json::{Value, json};

use crate::support::service::Service;
use crate::support::{TestDatabase, add_bureau, case_row, day, on_both_databases};

const TODAY: &str = "2026-11-24";

/// The `n`th of cases of all stages, with days around today, some of them not certain, some missing.
fn mixed(row: &mut CaseRow, n: u32) {
    let stage = Stage::ALL[usize::try_from(n).unwrap() % Stage::ALL.len()];
    let near = day(TODAY) - chrono::Days::new(45) + chrono::Days::new((n * 13 % 90).into());
    let changed = chrono::DateTime::from_timestamp(1_793_000_000 + i64::from(n * 7 % 11), 0).unwrap();
    row.stage = stage.code().into();
    row.is_open = stage.is_open();
    row.number = (!n.is_multiple_of(6)).then(|| format!("依申请〔{}〕{n}号", 2025 + n % 2));
    row.received_on = (!n.is_multiple_of(7)).then(|| day("2026-09-01") + chrono::Days::new((n * 5 % 40).into()));
    row.due_on = (!n.is_multiple_of(5)).then_some(near);
    row.warns_on = row.due_on.filter(|_| row.is_open);
    if row.is_open && n % 4 == 1 {
        (row.due_on, row.warns_on) = (None, Some(near));
        row.latest_on = Some(near + chrono::Days::new(6));
    }
    row.replied_on = (!row.is_open || n % 9 == 2).then(|| day("2026-11-01") + chrono::Days::new((n % 20).into()));
    if n % 9 == 2 {
        row.warns_on = None; // a reply that was revoked
    }
    if row.received_on.is_none() {
        (row.due_on, row.warns_on, row.latest_on) = (None, None, None);
    }
    row.updated_at = Ts(changed);
    row.title = format!("第{n}件");
}

/// Four organs with mixed cases below one: thresholds of their own, and of the last the settings cannot be read.
fn filled(database: &TestDatabase) -> (Service, String) {
    let service = Service::start(database, day(TODAY));
    let store = service.office.store();
    let top = service.organ("shi", None);
    for code in ["A", "B", "C", "D"] {
        let bureau = add_bureau(store, code, Some(top));
        let put = |db: &mut _| -> Result<(), StoreError> {
            for n in 0..60 {
                let mut row = case_row(&bureau);
                mixed(&mut row, n + u32::from(code.as_bytes()[0]));
                row.department_id = (n % 3 == 0).then_some(bureau.department);
                cases::insert(db, &row)?;
            }
            Ok(())
        };
        store.write(put).unwrap();
    }
    let mut raw = database.raw();
    raw.batch_execute("UPDATE organs SET settings = '{\"yellow_days\":9,\"black_days\":12}' WHERE code IN ('B', 'C')")
        .unwrap();
    raw.batch_execute("UPDATE organs SET settings = '{\"yellow_days\":\"九\"}' WHERE code = 'D'").unwrap();
    let token = service.user_token("jiandu", top, &[Role::Supervisor]);
    (service, token)
}

/// All pages of a list.
#[track_caller]
fn walk(service: &Service, token: &str, query: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut path = format!("/api/v1/cases?{query}");
    loop {
        let page = service.get(&path, token);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        seen.extend(page.json["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page.json["next_cursor"].as_str() else { return seen };
        path = format!("/api/v1/cases?{query}&cursor={cursor}");
    }
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    let ids: BTreeSet<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), items.len(), "a case twice");
    ids
}

/// 受理编号 as people count.
fn counted(item: &Value) -> Option<(u32, u32)> {
    let (year, rest) = item["number"].as_str()?.strip_prefix("依申请〔")?.split_once('〕')?;
    Some((year.parse().ok()?, rest.strip_suffix('号')?.parse().ok()?))
}

#[test]
fn cases_come_in_the_order_asked_for_whatever_the_page_and_the_filter() {
    on_both_databases(|database| {
        let (service, token) = filled(database);
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let due = |item: &Value| {
            let earliest = item["due_earliest"].as_str();
            item["due_on"].as_str().or(earliest).map_or_else(|| "none".to_owned(), str::to_owned)
        };
        for filter in ["", "&open=true", "&warning=blue", "&warning=none", "&open=true&warning=yellow&q=%E4%BB%B6"] {
            let whole = ids(&walk(&service, &token, &format!("limit=200{filter}")));
            assert!(whole.len() > 3, "{filter}: {}", whole.len());
            for order in ["received", "number", "due", "changed"] {
                let limit = if whole.len() > 100 { 37 } else { 5 };
                let items = walk(&service, &token, &format!("order={order}&limit={limit}{filter}"));
                assert_eq!(ids(&items), whole, "{order} {filter}");
                let in_order = items.windows(2).all(|two| {
                    let (one, other) = (&two[0], &two[1]);
                    let (id, next) = (text(one, "id"), text(other, "id"));
                    match order {
                        // A missing day is the empty text, which is less than any other.
                        "received" => (text(one, "received_on"), id) > (text(other, "received_on"), next),
                        "changed" => (text(one, "updated_at"), id) > (text(other, "updated_at"), next),
                        "due" => (due(one), id) < (due(other), next),
                        _ => {
                            (counted(one).is_none(), counted(one), id)
                                < (counted(other).is_none(), counted(other), next)
                        }
                    }
                });
                assert!(in_order, "{order} {filter}: {items:#?}");
            }
        }
        let sheet = service.get("/api/v1/cases?order=number&format=csv", &token).text;
        let first = walk(&service, &token, "order=number&limit=1&q=%E4%BB%B6");
        assert!(sheet.lines().nth(1).unwrap().contains(first[0]["number"].as_str().unwrap()), "{sheet}");
    });
}

#[test]
fn a_cursor_goes_on_only_in_its_own_order() {
    on_both_databases(|database| {
        let (service, token) = filled(database);
        let orders = ["", "order=received&", "order=number&", "order=due&", "order=changed&"];
        let ask = |query: &str| service.get(&format!("/api/v1/cases?{query}"), &token);
        for order in orders {
            let cursor = ask(&format!("{order}limit=3")).json["next_cursor"].as_str().unwrap().to_owned();
            for other in orders {
                let next = ask(&format!("{other}limit=3&cursor={cursor}"));
                if order == other {
                    assert_eq!(next.status, 200, "{next:?}");
                } else {
                    assert_eq!(next.problem(), (400, "invalid_query"), "{order} {other}");
                    assert_eq!(next.fields(), [("?cursor", "invalid_value")]);
                }
            }
        }
        assert_eq!(ask("order=added").fields(), [("?order", "invalid_value")]);
    });
}

#[test]
fn the_counts_are_the_lengths_of_the_lists() {
    on_both_databases(|database| {
        let (service, token) = filled(database);
        let organs = service.get("/api/v1/organs?limit=200", &token).json;
        let organ = |code: &str| {
            let all = organs["items"].as_array().unwrap();
            all.iter().find(|organ| organ["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let levels: Vec<(&str, BTreeSet<String>)> = WarningLevel::ALL
            .iter()
            .map(|level| (level.code(), ids(&walk(&service, &token, &format!("limit=200&warning={}", level.code())))))
            .collect();
        assert!(levels.iter().all(|(_, found)| found.len() > 3), "{levels:?}");
        let open = ids(&walk(&service, &token, "limit=200&open=true"));
        let filters = [
            String::new(),
            "open=true".to_owned(),
            "open=false".to_owned(),
            "stage=registered,in_progress,archived".to_owned(),
            "stage=void".to_owned(),
            "due_from=2026-11-20&due_until=2026-12-10".to_owned(),
            "replied_from=2026-11-05&replied_until=2026-11-12".to_owned(),
            "received_until=2026-09-20&clock_status=running".to_owned(),
            "q=%E7%AC%AC7".to_owned(),
            "warning=red".to_owned(),
            "warning=none".to_owned(),
            format!("organ={}", organ("A")),
            format!("organ={}&warning=yellow", organ("D")),
            format!("organ={}&with_subordinates=true", organ("shi")),
        ];
        for filter in filters {
            let counts = service.get(&format!("/api/v1/cases/counts?{filter}"), &token);
            assert_eq!(counts.status, 200, "{filter}: {counts:?}");
            let items = walk(&service, &token, &format!("limit=200&{filter}"));
            let found = ids(&items);
            assert_eq!(counts.json["total"], found.len(), "{filter}");
            assert_eq!(counts.json["open"], found.intersection(&open).count(), "{filter}");
            let by_stage = counts.json["by_stage"].as_array().unwrap();
            assert_eq!(by_stage.len(), Stage::ALL.len());
            for (one, stage) in by_stage.iter().zip(Stage::ALL) {
                assert_eq!((&one["code"], &one["label"]), (&json!(stage.code()), &json!(stage.label())));
                let there = items.iter().filter(|item| item["stage"]["code"] == stage.code()).count();
                assert_eq!(one["count"], there, "{filter}: {one}");
            }
            let by_warning = counts.json["by_warning"].as_array().unwrap();
            assert_eq!(by_warning.len(), levels.len());
            for (one, (level, at_level)) in by_warning.iter().zip(&levels) {
                assert_eq!(one["code"], *level);
                // A void case is in a list only if it is asked for.
                if filter != "stage=void" {
                    assert_eq!(one["count"], found.intersection(at_level).count(), "{filter}: {one}");
                }
                if !filter.contains("warning") {
                    let listed = walk(&service, &token, &format!("limit=200&warning={level}&{filter}"));
                    assert_eq!(one["count"], listed.len(), "{filter}: {one}");
                }
            }
        }
        let stranger = service.organ("waidi", None);
        let other = service.user_token("waidiren", stranger, &[Role::Supervisor]);
        assert_eq!(service.get("/api/v1/cases/counts", &other).json["total"], 0);
        let hidden = service.get(&format!("/api/v1/cases/counts?organ={}", organ("A")), &other);
        assert_eq!(hidden.problem(), (404, "not_found"));
        assert_eq!(service.get("/api/v1/cases/counts?limit=5", &token).problem(), (400, "invalid_query"));
        assert_eq!(service.get("/api/v1/cases/counts?warning=pink", &token).fields(), [("?warning", "invalid_value")]);
    });
}
